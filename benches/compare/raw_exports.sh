#!/usr/bin/env bash
# tieout against the raw exports of both tables, run at once with the bytes dropped: nobody can be faster than that who
# ships all rows. PostgreSQL to PostgreSQL and to MariaDB, with 100 differences (W1) and with none (W5).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/servers.sh"
. "$here/data.sh"
. "$here/measure.sh"

declare -A titles=([postgres]=PostgreSQL [mariadb]=MariaDB)
copy() { echo "psql -qX -h 127.0.0.1 -p $(cat "$bench/postgres.port") -U bench -d $1 -c 'COPY orders TO STDOUT (FORMAT binary)'"; }
dump() { echo "mariadb --no-defaults -h 127.0.0.1 -P $(cat "$bench/mariadb.port") -u bench --quick --skip-column-names $1 -e 'SELECT * FROM orders'"; }

against_exports() { # WORKLOAD STORE TARGET_EXPORT
    local workload=$1 store=$2 name=$1_$2 run form limit
    for ((run = 0; run < runs; run++)); do
        at_once "$name.exports" "$(copy "source_$rows")" "$3"
        for form in $forms; do
            compared "$name.$form" "$workload" "$rows" "$(postgres_url "source_$rows")" "$("${store}_url" "${workload}_$rows")" --snapshot "$form"
        done
    done
    echo "PostgreSQL to ${titles[$store]}, ${workload^^}, $rows rows, median of $runs"
    line_of "$name.exports" "both raw exports at once"
    for form in $forms; do
        line_of "$name.$form" "tieout --snapshot $form"
        limit=1.7
        [ "$form" = full ] || limit=1.25
        at_most "$form against the exports" "$name.$form" "$name.exports" "$limit"
        memory_at_most "$form, peak memory" "$name.$form" 256
    done
}

begin postgres mariadb
forms=$(snapshot_forms)
for workload in w1 w5; do
    postgres_table "$workload" "$rows"
    mariadb_table "$workload" "$rows"
done
for workload in w1 w5; do
    against_exports "$workload" postgres "$(copy "${workload}_$rows")"
    against_exports "$workload" mariadb "$(dump "${workload}_$rows")"
done
