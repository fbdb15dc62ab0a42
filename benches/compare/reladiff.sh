#!/usr/bin/env bash
# tieout against reladiff's hashdiff (4 threads, results unsorted: its default sorting fails on NULL), PostgreSQL to
# PostgreSQL, 100 differences (W1), none (W5), every tenth row (W4). reladiff exits 0 whatever it finds, so its findings
# are judged by its lines: what it prints is checked as tieout's is, but noted and not fatal.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/servers.sh"
. "$here/data.sh"
. "$here/measure.sh"
rows=${ROWS:-1000000}

reladiff_once() { # NAME WORKLOAD
    local port
    port=$(cat "$bench/postgres.port")
    # A wide terminal, or it breaks its lines.
    COLUMNS=1000 measured "$1" 0 "$bench/venv/bin/reladiff" "postgresql://bench@127.0.0.1:$port/source_$rows" orders \
        "postgresql://bench@127.0.0.1:$port/$2_$rows" orders -k id -c % --algorithm hashdiff -j 4 --skip-sort-results
    awk '/^[-+] / { print $1, $2 + 0 }' "$output" | signs_to_classes >"$measures/found"
    if (exact "$1" "$2" "$rows") 2>/dev/null; then exact_runs=$((exact_runs + 1)); else echo "  reladiff is not exact: $(wc -l <"$measures/found") findings"; fi
}

begin postgres
python_with reladiff
for workload in w1 w5 w4; do postgres_table "$workload" "$rows"; done
for case in "w1 10" "w5 4" "w4 50"; do
    read -r workload factor <<<"$case"
    echo "PostgreSQL to PostgreSQL, ${workload^^}, $rows rows, median of $runs"
    exact_runs=0
    for ((run = 0; run < runs; run++)); do
        reladiff_once "$workload.reladiff" "$workload"
        compared "$workload.tieout" "$workload" "$rows" "$(postgres_url "source_$rows")" "$(postgres_url "${workload}_$rows")"
    done
    line_of "$workload.reladiff" "reladiff $reladiff_version (exact in $exact_runs of $runs, exit 0)"
    line_of "$workload.tieout" "tieout"
    faster_than "faster than reladiff" "$workload.tieout" "$workload.reladiff" "$factor"
done
