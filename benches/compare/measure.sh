#!/usr/bin/env bash
# Runs programs in turn, keeps their wall times and peak memory, checks tieout's findings line by line, and prints
# medians, ratios and targets. Needs servers.sh and data.sh.
#   ROWS (10,000,000) rows a side     RUNS (5) runs of each program
#   TIEOUT_PROGRAMS   folder with tieout, decode_parquet and read_sqlite; without it they are built for release here
# shellcheck disable=SC2154,SC2034 # bench and here are set by servers.sh and by the script, runs is used there

runs=${RUNS:-5}
rows=${ROWS:-10000000}

programs_up() {
    measures=$bench/measures.$$
    rm -rf "$measures"
    mkdir -p "$measures"
    if [ -z "${TIEOUT_PROGRAMS:-}" ]; then
        (cd "$here/../.." && cargo build --release --quiet --locked --bin tieout --example decode_parquet --example read_sqlite)
        TIEOUT_PROGRAMS=$bench/programs
        mkdir -p "$TIEOUT_PROGRAMS"
        local built=${CARGO_TARGET_DIR:-$here/../../target}/release
        cp "$built/tieout" "$built/examples/decode_parquet" "$built/examples/read_sqlite" "$TIEOUT_PROGRAMS/"
    fi
    tieout=$TIEOUT_PROGRAMS/tieout
}

# Runs a program once and notes its wall time and peak memory under a name: measured NAME EXIT_CODE COMMAND...
# Its standard output is left in $output. Writes that earlier runs left to the disk are waited for first.
measured() {
    local name=$1 owed=$2 code=0 begun ended
    shift 2
    output=$measures/output
    sync
    begun=${EPOCHREALTIME/[.,]/}
    /usr/bin/time -f %M -o "$measures/memory" "$@" >"$output" 2>"$measures/errors" || code=$?
    ended=${EPOCHREALTIME/[.,]/}
    if [ "$code" != "$owed" ]; then
        tail -n 20 "$measures/errors" >&2
        echo "$name: exit code $code, $owed was owed" >&2
        exit 1
    fi
    echo "$((ended - begun)) $(tail -n 1 "$measures/memory")" >>"$measures/$name"
}

# Two commands at once with their output dropped, as one program: at_once NAME COMMAND COMMAND
at_once() { measured "$1" 0 bash -c "($2) >/dev/null & ($3) >/dev/null & wait -n && wait -n"; }

# One comparison by tieout, and the check that it finds what it should: compared NAME WORKLOAD ROWS SOURCE TARGET [OPTION...]
compared() {
    local name=$1 workload=$2 rows=$3 source=$4 target=$5 owed=1 known
    shift 5
    known=$(expected "$workload" "$rows")
    [ -s "$known" ] || owed=0
    rm -rf "$bench/reports"
    measured "$name" "$owed" "$tieout" diff "$source" "$target" --table orders --quiet --out "$bench/reports" "$@"
    # Class and key of every line; a key of several columns is a quoted JSON array. A corrupt row has one differing cell here.
    tail -n +2 "$bench/reports/latest/tables/orders/differences.csv" |
        awk 'match($0, /^[a-z]+,("([^"]|"")*"|[^,]*)/) { print substr($0, 1, RLENGTH) }' >"$measures/found"
    exact "$name" "$workload" "$rows"
    rm -rf "$bench/reports"
}

# Fails unless the lines `class,key` in $measures/found are just the known differences.
exact() {
    local known
    known=$(expected "$2" "$3")
    ! LC_ALL=C sort "$measures/found" | diff - "$known" >"$measures/inexact" || return 0
    echo "$1: the findings are not exact: $(cut -d, -f1 "$measures/found" | sort | uniq -c | tr -s ' \n' ' ')" >&2
    echo "found (<) against known (>):" >&2
    grep '^[<>]' "$measures/inexact" | head -n 5 >&2
    exit 1
}

# The known differences of a workload, sorted: a file, made by the formulas of data.sh.
expected() {
    local file=$bench/expected/$1_$2
    mkdir -p "$bench/expected"
    if [ ! -e "$file" ]; then
        expected_lines "$1" "$2" | LC_ALL=C sort >"$file.part"
        mv "$file.part" "$file"
    fi
    echo "$file"
}

expected_lines() {
    local class="CASE WHEN k % 10 < 4 THEN 'corrupt' WHEN k % 10 < 7 THEN 'missing' ELSE 'unexpected' END"
    case $1 in
        w1) awk -v step="$(step_of "$2")" 'BEGIN { for (k = 0; k < 100; k++) { i = k * step + 7; d = k % 10
                print d < 4 ? "corrupt," 2 * i : d < 7 ? "missing," 2 * i : "unexpected," 2 * i + 1 } }' ;;
        w4) awk -v rows="$2" 'BEGIN { for (i = 3; i <= rows; i += 10) print "corrupt," 2 * i }' ;;
        w5) ;;
        w6) pg -d postgres -c "SELECT $class || ',\"[\"\"' || country || '\"\",\"\"' || uuid || '\"\"]\"' FROM
                (SELECT k, $(text_key_sql "i || CASE WHEN k % 10 >= 7 THEN ' again' ELSE '' END")
                FROM (SELECT k, k * $(step_of "$2") + 7 AS i FROM generate_series(0, 99::bigint) k) n) known" ;;
    esac
}

# What another tool printed as lines `+ key` and `- key` (+ in the target, - in the source), as classes.
signs_to_classes() {
    awk '{ keys[$2] = 1; seen[$1 $2] = 1 }
        END { for (key in keys) print (seen["-" key] ? seen["+" key] ? "corrupt" : "missing" : "unexpected") "," key }'
}

# Medians: seconds and MiB; the spread of the seconds.
seconds() { cut -d' ' -f1 "$measures/$1" | sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2e6 }'; }
spread() { cut -d' ' -f1 "$measures/$1" | sort -n | awk 'NR == 1 { low = $1 } END { printf "%.2f–%.2f", low / 1e6, $1 / 1e6 }'; }
# The largest, not the median: a bound on memory holds in every run.
mebibytes() { cut -d' ' -f2 "$measures/$1" | sort -n | tail -n 1 | awk '{ print $1 / 1024 }'; }
quotient() { awk -v a="$1" -v b="$2" 'BEGIN { print a / b }'; }

line_of() { # NAME TITLE
    printf '  %-44s %8.2f s (%s), peak %.0f MiB\n' "$2" "$(seconds "$1")" "$(spread "$1")" "$(mebibytes "$1")"
}

judge() { # WHAT ≤|≥ TARGET REACHED [UNIT]
    awk -v what="$1" -v sign="$2" -v target="$3" -v reached="$4" -v unit="${5:-}" 'BEGIN {
        met = sign == "≤" ? reached <= target : reached >= target
        number = unit == " ×" ? "%.2f" : "%.0f"
        if (number == "%.2f" && target < 0.2) number = "%.3f"
        printf "  %s: target %s " number "%s, reached " number "%s: %s\n", what, sign, target, unit, reached, unit, met ? "met" : "missed" }'
}
at_most() { judge "$1" ≤ "$4" "$(quotient "$(seconds "$2")" "$(seconds "$3")")" " ×"; }         # WHAT NAME OTHER LIMIT: wall of NAME over wall of OTHER
faster_than() { judge "$1" ≥ "$4" "$(quotient "$(seconds "$3")" "$(seconds "$2")")" " ×"; }     # WHAT NAME OTHER FACTOR: wall of OTHER over wall of NAME
memory_at_most() { judge "$1" ≤ "$3" "$(mebibytes "$2")" " MiB"; }                              # WHAT NAME MIB

# The forms of the snapshot that this build has; one that is not built yet is said and left out.
snapshot_forms() {
    local empty=$measures/empty form code
    for form in full lean; do
        mkdir -p "$empty"
        printf 'id\n1\n' >"$empty/orders.csv"
        code=0
        "$tieout" diff "$empty/orders.csv" "$empty/orders.csv" --key id --snapshot "$form" --quiet --out "$empty/out" >/dev/null 2>&1 || code=$?
        if [ "$code" = 0 ]; then echo "$form"; else echo "  --snapshot $form: not in this build, left out" >&2; fi
    done
}

# Opens everything a comparison needs, in order; further arguments are servers: begin postgres mariadb
begin() {
    bench_open
    programs_up
    trap 'rm -rf "$measures"; bench_close' EXIT
    local server
    for server in "$@"; do "${server}_up"; done
}
