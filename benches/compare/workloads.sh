#!/usr/bin/env bash
# What the shape of the data costs tieout: many differences (W4) against none (W5), and a composite text key with rows in
# no order (W6) against a bigint key (W1). PAIRS names the stores, among postgres, mariadb (from PostgreSQL), parquet, csv, sqlite.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/servers.sh"
. "$here/data.sh"
. "$here/measure.sh"
pairs=${PAIRS:-postgres}

begin postgres
case " $pairs " in *" mariadb "*) mariadb_up ;; esac
forms=$(snapshot_forms)
for kind in $pairs; do
    source_kind=$kind
    [ "$kind" != mariadb ] || source_kind=postgres
    for workload in w1 w4 w5 w6; do
        table_in "$source_kind" "$(source_of "$workload")" "$rows"
        table_in "$kind" "$(target_of "$workload")" "$rows"
    done
    for ((run = 0; run < runs; run++)); do
        for form in $forms; do
            for workload in w1 w4 w5 w6; do
                key=id
                [ "$workload" != w6 ] || key=country,uuid
                compared "$kind.$form.$workload" "$workload" "$rows" "$(url_in "$source_kind" "$(source_of "$workload")" "$rows")" \
                    "$(url_in "$kind" "$(target_of "$workload")" "$rows")" --key "$key" --snapshot "$form"
            done
        done
    done
    for form in $forms; do
        echo "$source_kind to $kind, --snapshot $form, $rows rows, median of $runs"
        line_of "$kind.$form.w1" "W1: 100 differences"
        line_of "$kind.$form.w4" "W4: every tenth row corrupt"
        line_of "$kind.$form.w5" "W5: no difference"
        line_of "$kind.$form.w6" "W6: text key, no order, 100 differences"
        at_most "W4 against W5" "$kind.$form.w4" "$kind.$form.w5" 2
        at_most "W6 against W1" "$kind.$form.w6" "$kind.$form.w1" 1.5
        for workload in w1 w4 w5 w6; do memory_at_most "peak memory, ${workload^^}" "$kind.$form.$workload" 256; done
    done
done
