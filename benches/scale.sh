#!/usr/bin/env bash
# Compares two generated tables of ROWS rows (default 10,000,000; bigint key, 8 columns, about 100 bytes a row) in one
# throw-away PostgreSQL cluster, with 100 known differences (40 corrupt, 30 missing, 30 unexpected), checks that exactly
# these are found, and prints wall time, rows/s and peak memory. Needs PostgreSQL's server programs (ci/test installs
# them) and GNU time. Usage: benches/scale.sh [ROWS] [further options of `tieout diff`]
set -euo pipefail
cd "$(dirname "$0")/.."
rows=${1:-10000000}
[ $# -gt 0 ] && shift

cargo build --release --quiet --locked
tieout=$PWD/target/release/tieout
bin=$(dirname "$(ls /usr/lib/postgresql/*/bin/initdb | tail -n 1)")
work=$(mktemp -d)
chmod 755 "$work"
port=$((20000 + RANDOM % 20000))
as=()
if [ "$(id -u)" = 0 ]; then
    as=(runuser -u postgres --)
    mkdir "$work/pg" && chown postgres "$work/pg"
fi
trap '"${as[@]}" "$bin/pg_ctl" -D "$work/pg/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
mkdir -p "$work/pg"
"${as[@]}" "$bin/initdb" -D "$work/pg/data" -U bench -A trust >/dev/null
"${as[@]}" "$bin/pg_ctl" -w -D "$work/pg/data" -l "$work/pg/log" -o "-p $port -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories=$work/pg -c fsync=off -c shared_buffers=1GB -c max_wal_size=4GB" start >/dev/null
sql() { psql -qtAX -h 127.0.0.1 -p "$port" -U bench "$@"; }

sql -d postgres -c "CREATE DATABASE source"
sql -d source <<SQL
CREATE TABLE orders (id bigint PRIMARY KEY, customer int, items int, total numeric(12,2), status varchar(12),
    reference varchar(24), note text, ordered_at timestamp(6));
INSERT INTO orders SELECT i, i % 99991, i % 17, (i * 37 % 1000003) / 100.0,
    (ARRAY['new','paid','packed','shipped','returned'])[1 + i % 5], 'R-' || lpad(i::text, 12, '0'),
    'note ' || md5(i::text), timestamp '2020-01-01' + i * interval '1.000003 s'
    FROM generate_series(1, $rows) i;
VACUUM ANALYZE orders;
SQL
sql -d postgres -c "CREATE DATABASE target TEMPLATE source"
# Differences are spread over the whole table: step divides the keys into 100 stretches.
step=$((rows / 100))
sql -d target <<SQL
UPDATE orders SET note = note || '!' WHERE id % $step = 7 AND id / $step < 40;
DELETE FROM orders WHERE id % $step = 11 AND id / $step >= 40 AND id / $step < 70;
INSERT INTO orders SELECT $rows + g * 1000, 1, 1, 1, 'new', 'x', 'extra', now() FROM generate_series(1, 30) g;
SQL

set +e
/usr/bin/time -f "%e %M" -o "$work/time" "$tieout" diff "postgres://bench@127.0.0.1:$port/source" \
    "postgres://bench@127.0.0.1:$port/target" --out "$work/reports" "$@"
code=$?
set -e
[ "$code" = 1 ] || { echo "scale: exit code $code, 1 was owed" >&2; exit 1; }
found=$(tail -n +2 "$work/reports/latest/tables/orders/differences.csv" | cut -d, -f1 | sort | uniq -c | tr -s ' \n' ' ')
[ "$found" = " 40 corrupt 30 missing 30 unexpected " ] || { echo "scale: found$found" >&2; exit 1; }
read -r seconds kilobytes < <(tail -n 1 "$work/time")
awk -v r="$rows" -v s="$seconds" -v k="$kilobytes" 'BEGIN {
    printf "scale: %d rows on each side, exactly the 100 known differences, %.1f s wall, %.2f million row reads/s, peak memory %.0f MiB\n",
        r, s, 2 * r / s / 1e6, k / 1024 }'
du -sh "$work/reports/latest/snapshots" | awk '{print "scale: snapshots take " $1}'
