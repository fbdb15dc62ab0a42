#!/usr/bin/env bash
# Wall time and peak memory over the number of rows, PostgreSQL to PostgreSQL, 100 differences (W1): the first has to be a
# straight line, the second a flat one. Prints a table and draws scaling.svg from it.
#   SIZES    numbers of rows (100000 1000000 10000000 30000000)     CHART   the file to draw (scaling.svg beside this script)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/servers.sh"
. "$here/data.sh"
. "$here/measure.sh"
sizes=${SIZES:-100000 1000000 10000000 30000000}

begin postgres
for rows in $sizes; do postgres_table w1 "$rows"; done
for ((run = 0; run < runs; run++)); do
    for rows in $sizes; do
        compared "full.$rows" w1 "$rows" "$(postgres_url "source_$rows")" "$(postgres_url "w1_$rows")"
    done
done
echo "PostgreSQL to PostgreSQL, W1, median of $runs"
for rows in $sizes; do line_of "full.$rows" "$rows rows"; done
for rows in $sizes; do memory_at_most "peak memory, $rows rows" "full.$rows" 256; done
for rows in $sizes; do echo "$rows $(seconds "full.$rows") $(mebibytes "full.$rows")"; done |
    python3 "$here/chart.py" >"${CHART:-$here/scaling.svg}"
