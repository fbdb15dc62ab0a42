#!/usr/bin/env bash
# tieout on two Parquet files with 100 differences (W3) against decoding both with parquet-rs, a thread for each file,
# and doing nothing with the rows.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/servers.sh"
. "$here/data.sh"
. "$here/measure.sh"

begin postgres
for table in source w1; do file_table "$table" "$rows" parquet; done
source=$(url_in parquet source "$rows") target=$(url_in parquet w1 "$rows")
for ((run = 0; run < runs; run++)); do
    measured decode 0 "$TIEOUT_PROGRAMS/decode_parquet" "$source" "$target"
    compared tieout w1 "$rows" "$source" "$target" --key id
done
echo "Parquet to Parquet, W3, $rows rows, median of $runs"
line_of decode "parquet-rs decodes both files, 2 threads"
line_of tieout "tieout"
at_most "against decoding both files" tieout decode 1.5
memory_at_most "peak memory" tieout 256
