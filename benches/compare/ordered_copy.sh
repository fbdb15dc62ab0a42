#!/usr/bin/env bash
# tieout against the comparison by hand: both tables exported in key order, at once, into diff(1). PostgreSQL to
# PostgreSQL, 100 differences (W1).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/servers.sh"
. "$here/data.sh"
. "$here/measure.sh"

ordered() { echo "psql -qX -h 127.0.0.1 -p $(cat "$bench/postgres.port") -U bench -d $1 -c 'COPY (SELECT * FROM orders ORDER BY id) TO STDOUT'"; }

begin postgres
postgres_table w1 "$rows"
forms=$(snapshot_forms)
for ((run = 0; run < runs; run++)); do
    measured diff 1 bash -c "diff <($(ordered "source_$rows")) <($(ordered "w1_$rows"))"
    awk '/^[<>] / { print ($1 == "<" ? "-" : "+"), $2 }' "$output" | signs_to_classes >"$measures/found"
    exact diff w1 "$rows"
    for form in $forms; do
        compared "tieout.$form" w1 "$rows" "$(postgres_url "source_$rows")" "$(postgres_url "w1_$rows")" --snapshot "$form"
    done
done
echo "PostgreSQL to PostgreSQL, W1, $rows rows, median of $runs"
line_of diff "COPY … ORDER BY id, both at once, and diff"
for form in $forms; do
    line_of "tieout.$form" "tieout --snapshot $form"
    faster_than "$form against COPY … ORDER BY and diff" "tieout.$form" diff 2
done
