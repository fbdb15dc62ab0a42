#!/usr/bin/env bash
# tieout, which compares two databases, against what SQL can do when both tables happen to be in one: a full join inside
# the server, 100 differences (W1). The target holds for lean snapshots; full ones are shown beside them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/servers.sh"
. "$here/data.sh"
. "$here/measure.sh"

# Both tables in one database, as source.orders and target.orders.
build_joined() {
    create_database "joined_$rows"
    local table
    for table in source w1; do
        pg -d "joined_$rows" -c "CREATE SCHEMA $table" -c "CREATE TABLE $table.orders (id bigint, $columns)"
        pg -d "${table}_$rows" -c "COPY orders TO STDOUT (FORMAT binary)" |
            pg -d "joined_$rows" -c "COPY $table.orders FROM STDIN (FORMAT binary)"
        pg -d "joined_$rows" -c "ALTER TABLE $table.orders ADD PRIMARY KEY (id)" -c "VACUUM (FREEZE, ANALYZE) $table.orders"
    done
}

join="SELECT CASE WHEN target.id IS NULL THEN 'missing' WHEN source.id IS NULL THEN 'unexpected' ELSE 'corrupt' END AS class,
    coalesce(source.id, target.id) AS key, source.*, target.* FROM source.orders source FULL JOIN w1.orders target ON source.id = target.id
    WHERE source.id IS NULL OR target.id IS NULL OR
        (source.customer, source.status, source.total, source.note, source.ordered_at, source.shipped_at) IS DISTINCT FROM
        (target.customer, target.status, target.total, target.note, target.ordered_at, target.shipped_at)"

begin postgres
postgres_table w1 "$rows"
once "postgres-joined_$rows" build_joined
forms=$(snapshot_forms)
for ((run = 0; run < runs; run++)); do
    measured join 0 psql -qtAX -F , -h 127.0.0.1 -p "$(cat "$bench/postgres.port")" -U bench -d "joined_$rows" -c "$join"
    cut -d, -f1,2 "$output" >"$measures/found"
    exact join w1 "$rows"
    for form in $forms; do
        compared "tieout.$form" w1 "$rows" "$(postgres_url "source_$rows")" "$(postgres_url "w1_$rows")" --snapshot "$form"
    done
done
echo "PostgreSQL to PostgreSQL, W1, $rows rows, median of $runs"
line_of join "FULL JOIN … IS DISTINCT FROM (client only)"
for form in $forms; do
    line_of "tieout.$form" "tieout --snapshot $form"
    if [ "$form" = lean ]; then at_most "lean against the full join" "tieout.$form" join 1; fi
done
