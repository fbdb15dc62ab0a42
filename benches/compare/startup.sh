#!/usr/bin/env bash
# How long tieout takes for two empty tables in files: what starting up costs a CI job. Needs no server.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/servers.sh"
. "$here/data.sh"
. "$here/measure.sh"
runs=${RUNS:-21}

# shellcheck disable=SC2119 # no server
begin
python_with duckdb
folder=$measures/empty
mkdir -p "$folder"
echo "id,customer,status,total,note,ordered_at,shipped_at" >"$folder/orders.csv"
"$bench/venv/bin/python" "$here/duckdb_sql.py" "COPY (SELECT * FROM $(duckdb_csv "$folder/orders.csv")) TO '$folder/orders.parquet'" >/dev/null
for ((run = 0; run < runs; run++)); do
    for kind in csv parquet; do
        compared "$kind" w5 0 "$folder/orders.$kind" "$folder/orders.$kind" --key id
    done
done
echo "Two empty tables in files, median of $runs"
for kind in csv parquet; do
    judge "$kind" ≤ 50 "$(awk -v s="$(seconds "$kind")" 'BEGIN { print s * 1000 }')" " ms"
done
