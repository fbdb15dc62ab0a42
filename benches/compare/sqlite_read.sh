#!/usr/bin/env bash
# tieout on two SQLite files with 100 differences (W3) against stepping through every row of both, a thread for each
# file, and touching every value.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/servers.sh"
. "$here/data.sh"
. "$here/measure.sh"

begin postgres
for table in source w1; do file_table "$table" "$rows" sqlite; done
source=$(url_in sqlite source "$rows") target=$(url_in sqlite w1 "$rows")
for ((run = 0; run < runs; run++)); do
    measured read 0 "$TIEOUT_PROGRAMS/read_sqlite" "$source" "$target"
    compared tieout w1 "$rows" "$source" "$target"
done
echo "SQLite to SQLite, W3, $rows rows, median of $runs"
line_of read "SQLite reads both files, 2 threads"
line_of tieout "tieout"
at_most "against reading both files" tieout read 1.5
memory_at_most "peak memory" tieout 256
