#!/usr/bin/env bash
# tieout against DuckDB's full outer join with IS DISTINCT FROM, on two threads: two Parquet files, and two CSV files
# whose types DuckDB is told, 100 differences (W3).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/servers.sh"
. "$here/data.sh"
. "$here/measure.sh"

differences_sql() { # SOURCE TARGET, as DuckDB reads them
    cat <<SQL
SELECT CASE WHEN target.id IS NULL THEN 'missing' WHEN source.id IS NULL THEN 'unexpected' ELSE 'corrupt' END AS class,
    coalesce(source.id, target.id) AS key, source.*, target.* FROM $1 source FULL OUTER JOIN $2 target ON source.id = target.id
    WHERE source.id IS NULL OR target.id IS NULL OR source.customer IS DISTINCT FROM target.customer
        OR source.status IS DISTINCT FROM target.status OR source.total IS DISTINCT FROM target.total
        OR source.note IS DISTINCT FROM target.note OR source.ordered_at IS DISTINCT FROM target.ordered_at
        OR source.shipped_at IS DISTINCT FROM target.shipped_at
SQL
}

against_duckdb() { # KIND SQL
    local kind=$1 run
    for ((run = 0; run < runs; run++)); do
        measured "$kind.duckdb" 0 "$bench/venv/bin/python" "$here/duckdb_sql.py" "$2"
        awk '{ print $1 "," $2 }' "$output" >"$measures/found"
        exact "$kind.duckdb" w1 "$rows"
        compared "$kind.tieout" w1 "$rows" "$(url_in "$kind" source "$rows")" "$(url_in "$kind" w1 "$rows")" --key id
    done
    echo "$kind to $kind, W3, $rows rows, median of $runs"
    line_of "$kind.duckdb" "DuckDB $duckdb_version, full outer join"
    line_of "$kind.tieout" "tieout"
}

begin postgres
python_with duckdb
for table in source w1; do
    file_table "$table" "$rows" parquet
    file_table "$table" "$rows" csv
done
source=$(url_in parquet source "$rows") target=$(url_in parquet w1 "$rows")
against_duckdb parquet "$(differences_sql "'$source'" "'$target'")"
faster_than "faster than DuckDB on Parquet" parquet.tieout parquet.duckdb 2
judge "of DuckDB's memory on Parquet" ≤ 0.125 "$(quotient "$(mebibytes parquet.tieout)" "$(mebibytes parquet.duckdb)")" " ×"
source=$(url_in csv source "$rows") target=$(url_in csv w1 "$rows")
against_duckdb csv "$(differences_sql "$(duckdb_csv "$source")" "$(duckdb_csv "$target")")"
faster_than "faster than DuckDB on CSV" csv.tieout csv.duckdb 1.5
memory_at_most "peak memory, CSV" csv.tieout 256
