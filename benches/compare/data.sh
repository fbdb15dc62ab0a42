#!/usr/bin/env bash
# The tables of the comparisons, made by formula so that everybody compares the same rows; each is built once in the
# bench folder and found again. Needs servers.sh.
#   source  `orders`: bigint key (even numbers, so that there are gaps), about 120 bytes a row
#   w1      100 differences spread over the keys, the classes mixed: 40 corrupt, 30 missing, 30 unexpected
#   w4      every tenth row corrupt          w5   no difference
#   w6_source, w6_target                     composite text key (country, uuid), rows in no key order and in another
#                                            order on each side, the same 100 differences
# Run alone with TIEOUT_BENCH_DIR set, `data.sh ROWS` builds source and w1 in every store and prints where they are.

# shellcheck disable=SC2154 # bench is set by servers.sh
# Builds something that is not there yet: once NAME COMMAND...
once() {
    local name=$1
    shift
    mkdir -p "$bench/built"
    [ ! -e "$bench/built/$name" ] || return 0
    echo "building $name" >&2
    "$@"
    touch "$bench/built/$name"
}

columns="customer int, status varchar(12), total numeric(12,2), note text, ordered_at timestamp(6), shipped_at timestamp(6)"

# All columns but the key, of row i.
row_sql() {
    cat <<'SQL'
    (i * 7919 % 99991)::int AS customer, (ARRAY['new','paid','packed','shipped','returned'])[1 + i % 5] AS status,
    (i * 37 % 1000003) / 100.0 AS total, 'note for ' || md5(i::text) AS note,
    timestamp '2020-01-01' + i * interval '1.000003 s' AS ordered_at,
    CASE WHEN i % 10 <> 0 THEN timestamp '2020-01-03' + i * interval '1.000007 s' END AS shipped_at
SQL
}

# The row numbers of w1's differences of one class, and its corruption: of a time (which is lost), a short text, a number or a text.
step_of() { echo $(($1 / 100)); }
numbers_sql() { # ROWS FIRST LAST: stretches k with k % 10 in FIRST..LAST, a row of each
    echo "SELECT k * $(step_of "$1") + 7 FROM generate_series(0, 99::bigint) k WHERE k % 10 BETWEEN $2 AND $3"
}
corrupt_sql() { # the row number, as an expression
    cat <<SQL
    shipped_at = CASE WHEN $1 / step % 10 <> 0 THEN shipped_at END,
    status = CASE WHEN $1 / step % 10 = 1 THEN 'lost' ELSE status END,
    total = total + CASE WHEN $1 / step % 10 = 2 THEN 0.01 ELSE 0 END,
    note = note || CASE WHEN $1 / step % 10 = 3 THEN '!' ELSE '' END
SQL
}

create_database() {
    pg -d postgres -c "DROP DATABASE IF EXISTS $1" -c "CREATE DATABASE $1 ${2:+TEMPLATE $2}"
}

build_source() {
    local rows=$1
    create_database "source_$rows"
    pg -d "source_$rows" <<SQL
CREATE TABLE orders (id bigint, $columns);
INSERT INTO orders SELECT 2 * i, $(row_sql) FROM generate_series(1, $rows::bigint) i;
ALTER TABLE orders ADD PRIMARY KEY (id);
VACUUM (FREEZE, ANALYZE) orders;
SQL
}

build_w1() {
    local rows=$1
    create_database "w1_$rows" "source_$rows"
    pg -d "w1_$rows" <<SQL
WITH known(step) AS (VALUES ($(step_of "$rows")))
    UPDATE orders SET $(corrupt_sql 'id / 2') FROM known WHERE id IN (SELECT 2 * i FROM ($(numbers_sql "$rows" 0 3)) n(i));
DELETE FROM orders WHERE id IN (SELECT 2 * i FROM ($(numbers_sql "$rows" 4 6)) n(i));
INSERT INTO orders SELECT 2 * i + 1, $(row_sql) FROM ($(numbers_sql "$rows" 7 9)) n(i);
VACUUM (FREEZE, ANALYZE) orders;
SQL
}

build_w4() {
    local rows=$1
    create_database "w4_$rows"
    pg -d "w4_$rows" <<SQL
CREATE TABLE orders (id bigint, $columns);
INSERT INTO orders SELECT id, customer, status, total, note || CASE WHEN id / 2 % 10 = 3 THEN '!' ELSE '' END, ordered_at, shipped_at
    FROM (SELECT 2 * i AS id, $(row_sql) FROM generate_series(1, $rows::bigint) i) made;
ALTER TABLE orders ADD PRIMARY KEY (id);
VACUUM (FREEZE, ANALYZE) orders;
SQL
}

build_w5() { create_database "w5_$1" "source_$1"; }

text_key_sql() { echo "(ARRAY['at','be','ch','de','dk','es','fi','fr','it','nl','no','pl','pt','se'])[1 + i % 14] AS country, md5('order ' || $1)::uuid::text AS uuid"; }

build_w6_source() { build_text_keys "w6_source_$1" "generate_series(1, $1::bigint)"; }
build_w6_target() {
    local rows=$1
    build_text_keys "w6_target_$rows" "generate_series($rows::bigint, 1, -1)"
    pg -d "w6_target_$rows" <<SQL
WITH known(step) AS (VALUES ($(step_of "$rows")::bigint))
    UPDATE orders SET $(corrupt_sql i) FROM known, (SELECT i, $(text_key_sql i) FROM ($(numbers_sql "$rows" 0 3)) n(i)) bad
    WHERE orders.country = bad.country AND orders.uuid = bad.uuid;
DELETE FROM orders USING (SELECT i, $(text_key_sql i) FROM ($(numbers_sql "$rows" 4 6)) n(i)) gone
    WHERE orders.country = gone.country AND orders.uuid = gone.uuid;
INSERT INTO orders SELECT $(text_key_sql "i || ' again'"), $(row_sql) FROM ($(numbers_sql "$rows" 7 9)) n(i);
VACUUM (FREEZE, ANALYZE) orders;
SQL
}

build_text_keys() { # DATABASE ROWS_SQL
    create_database "$1"
    pg -d "$1" <<SQL
CREATE TABLE orders (country text, uuid text, $columns);
INSERT INTO orders SELECT $(text_key_sql i), $(row_sql) FROM $2 i;
ALTER TABLE orders ADD PRIMARY KEY (country, uuid);
VACUUM (FREEZE, ANALYZE) orders;
SQL
}

# One table of PostgreSQL, by its name above: postgres_table w1 1000000
postgres_table() {
    case $1 in w1 | w5) once "postgres-source_$2" build_source "$2" ;; esac
    once "postgres-$1_$2" "build_$1" "$2"
}

# The same rows in MariaDB: mariadb_table w1 1000000
mariadb_table() {
    postgres_table "$1" "$2"
    once "mariadb-$1_$2" copy_to_mariadb "$1_$2"
}

copy_to_mariadb() {
    local key="id bigint, PRIMARY KEY (id)" order=1
    case $1 in w6_*) key="country varchar(2), uuid varchar(36), PRIMARY KEY (country, uuid)" order="1, 2" ;; esac
    my -e "DROP DATABASE IF EXISTS $1; CREATE DATABASE $1"
    my "$1" -e "CREATE TABLE orders ($key)"
    my "$1" -e "ALTER TABLE orders ADD (customer int, status varchar(12), total decimal(12,2), note text, ordered_at datetime(6),
        shipped_at datetime(6))"
    # In the order of the key, in which InnoDB keeps the rows anyway: the load is far faster so.
    pg -d "$1" -c "COPY (SELECT * FROM orders ORDER BY $order) TO STDOUT" |
        my --local-infile=1 "$1" -e "SET unique_checks = 0; LOAD DATA LOCAL INFILE '/dev/stdin' INTO TABLE orders CHARACTER SET utf8mb4"
    my "$1" -e "ANALYZE TABLE orders" >/dev/null
}

# The same rows in a file, csv, parquet or sqlite: file_table w1 1000000 csv; it is $bench/files/w1_1000000/orders.csv.
file_table() {
    case $3 in
        csv) postgres_table "$1" "$2" ;;
        *) file_table "$1" "$2" csv ;;
    esac
    mkdir -p "$bench/files/$1_$2"
    once "$3-$1_$2" "copy_to_$3" "$1_$2"
}

copy_to_csv() {
    local rows_of="SELECT * FROM orders ORDER BY id"
    case $1 in w6_*) rows_of="SELECT * FROM orders" ;; esac
    pg -d "$1" -c "COPY ($rows_of) TO STDOUT (FORMAT csv, HEADER)" >"$bench/files/$1/orders.csv"
}

copy_to_parquet() {
    python_with duckdb
    "$bench/venv/bin/python" "$here/duckdb_sql.py" "COPY (SELECT * FROM $(duckdb_csv "$bench/files/$1/orders.csv"))
        TO '$bench/files/$1/orders.parquet' (FORMAT parquet, COMPRESSION zstd)" >/dev/null
}

copy_to_sqlite() {
    rm -f "$bench/files/$1/orders.sqlite"
    python3 "$here/csv_to_sqlite.py" "$bench/files/$1/orders.csv" "$bench/files/$1/orders.sqlite"
}

# A CSV file as DuckDB reads it when it is told the types.
duckdb_csv() {
    local key="'id': 'BIGINT'"
    case $1 in */w6_*) key="'country': 'VARCHAR', 'uuid': 'VARCHAR'" ;; esac
    echo "read_csv('$1', header = true, columns = {$key, 'customer': 'INTEGER', 'status': 'VARCHAR', 'total': 'DECIMAL(12,2)',
        'note': 'VARCHAR', 'ordered_at': 'TIMESTAMP', 'shipped_at': 'TIMESTAMP'})"
}

# Any of these tables, built where it is missing, and where it is then: table_in mariadb w1 1000000; url_in mariadb w1 1000000
table_in() {
    case $1 in
        postgres | mariadb) "${1}_table" "$2" "$3" ;;
        *) file_table "$2" "$3" "$1" ;;
    esac
}
url_in() {
    case $1 in
        postgres | mariadb) "${1}_url" "$2_$3" ;;
        *) echo "$bench/files/$2_$3/orders.$1" ;;
    esac
}
# The two tables of a workload.
source_of() { if [ "$1" = w6 ]; then echo w6_source; else echo source; fi; }
target_of() { if [ "$1" = w6 ]; then echo w6_target; else echo "$1"; fi; }

# A virtual environment in the bench folder with one of the tools: python_with duckdb
python_with() {
    [ -x "$bench/venv/bin/python" ] || python3 -m venv "$bench/venv"
    case $1 in
        duckdb) once "venv-duckdb-$duckdb_version" "$bench/venv/bin/pip" install --quiet --disable-pip-version-check "duckdb==$duckdb_version" ;;
        reladiff) once "venv-reladiff-$reladiff_version" "$bench/venv/bin/pip" install --quiet --disable-pip-version-check \
            "reladiff[postgresql]==$reladiff_version" ;;
    esac
}
duckdb_version=2.0.1
reladiff_version=0.6.0

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    set -euo pipefail
    here=$(cd "$(dirname "$0")" && pwd)
    . "$here/servers.sh"
    : "${TIEOUT_BENCH_DIR:?names the folder of the data}"
    rows=${1:?ROWS}
    bench_open
    postgres_up
    mariadb_up
    bench_leave_running
    for kind in postgres mariadb csv parquet sqlite; do
        for table in source w1; do
            [ "$kind $table" != "mariadb source" ] || continue # every comparison starts from PostgreSQL or a file
            table_in "$kind" "$table" "$rows"
            echo "$kind $table: $(url_in "$kind" "$table" "$rows")"
        done
    done
fi
