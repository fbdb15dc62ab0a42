#!/usr/bin/env bash
# What a write load feels of tieout: its latency without tieout, beside an untamed run and beside one with a throttle, on
# PostgreSQL (pgbench) and on MariaDB (writer.rs), all in one run. The load comes at a fixed rate, so that a server that is
# slow makes transactions late instead of fewer.
#   ROWS (2,000,000)      rows of the table that tieout reads over and over while the load runs
#   SECONDS_EACH (60)     how long each of the three phases is measured
#   RATE (300)            transactions a second           CLIENTS (8)   connections of the load
#   LIMIT (20000)         rows a second that the throttle lets through       BUSY (4)   sessions of others above which it slows down
#   TIEOUT, WRITER        programs to measure; without them they are built for release here
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../compare/servers.sh"
. "$here/../compare/data.sh"

rows=${ROWS:-2000000}
seconds=${SECONDS_EACH:-60}
rate=${RATE:-300}
clients=${CLIENTS:-8}
limit=${LIMIT:-20000}
busy=${BUSY:-4}

if [ -z "${TIEOUT:-}" ] || [ -z "${WRITER:-}" ]; then
    (cd "$here/../.." && cargo build --release --quiet --locked --bin tieout --example load_writer)
    built=${CARGO_TARGET_DIR:-$here/../../target}/release
    TIEOUT=${TIEOUT:-$built/tieout}
    WRITER=${WRITER:-$built/examples/load_writer}
fi

# The 50th, 95th and 99th percentile of numbers, one a line, in microseconds; as milliseconds.
percentiles() {
    sort -n | awk '{ all[NR] = $1 } END {
        if (NR == 0) { print "none"; exit }
        printf "%d transactions, p50 %.2f ms, p95 %.2f ms, p99 %.2f ms\n", NR, all[int((NR - 1) * 0.5) + 1] / 1000,
            all[int((NR - 1) * 0.95) + 1] / 1000, all[int((NR - 1) * 0.99) + 1] / 1000 }'
}

# Latencies of the write load, one a line, in microseconds, the time that a transaction waited for its turn included.
postgres_load() {
    local programs logs=$work/pgbench
    programs=$(postgres_programs)
    rm -rf "$logs"
    mkdir -p "$logs"
    (cd "$logs" && "$programs/pgbench" -h 127.0.0.1 -p "$(cat "$bench/postgres.port")" -U bench -n -N -c "$clients" -j 2 \
        -R "$rate" -T "$seconds" -l "source_$rows" >/dev/null 2>pgbench.err) || { tail "$logs/pgbench.err" >&2; return 1; }
    cat "$logs"/pgbench_log.* | awk '{ print $3 }'
}
mariadb_load() { "$WRITER" "$(mariadb_url "load_$rows")" "$clients" "$rate" "$seconds"; }

# Runs tieout over and over until it is stopped: a reading of the whole table each time.
readings() { # CONFIG
    echo 0 >"$work/finished"
    while :; do
        "$TIEOUT" run "$1" --quiet --out "$work/reports" >/dev/null 2>>"$work/tieout.err" &
        echo $! >"$work/tieout.pid"
        wait $! || return 1
        echo $(($(cat "$work/finished") + 1)) >"$work/finished"
        rm -rf "$work/reports"
    done
}

config() { # FILE URL LOAD
    printf '%b\n[source]\nurl = "%s"\n[target]\nurl = "%s"\n[[tables]]\nsource = "orders"\n' "$3" "$2" "$work/copy" >"$1"
}

phase() { # STORE NAME [CONFIG]
    local reader="" said
    if [ -n "${3:-}" ]; then
        readings "$3" &
        reader=$!
        sleep 2
    fi
    "${1}_load" >"$work/latencies"
    said=""
    if [ -n "$reader" ]; then
        kill -0 "$reader" 2>/dev/null || { tail "$work/tieout.err" >&2; echo "tieout stopped" >&2; exit 1; }
        # The loop first, then the run that it has begun.
        kill "$reader"
        wait "$reader" 2>/dev/null || true
        kill "$(cat "$work/tieout.pid")" 2>/dev/null || true
        sleep 1
        said="; $(cat "$work/finished") readings of $rows rows finished"
        rm -rf "$work/reports"
    fi
    echo "$1, $2: $(percentiles <"$work/latencies")$said"
}

measure() { # STORE URL SIGNAL
    rm -rf "$work/copy"
    "$TIEOUT" snapshot "$2" --table orders --out "$work/copy" --quiet
    config "$work/untamed.toml" "$2" ""
    config "$work/throttled.toml" "$2" "workers = 2\n[load]\nrows_per_second = $limit\n$3_max = $busy\nbatch_latency_max = 3"
    "${1}_load" >/dev/null # warms up
    phase "$1" "without tieout"
    phase "$1" "beside tieout, untamed" "$work/untamed.toml"
    phase "$1" "beside tieout, at most $limit rows/s, slower while $3 > $busy" "$work/throttled.toml"
}

bench_open
work=$bench/load.$$
mkdir -p "$work"
trap 'rm -rf "$work"; bench_close' EXIT
echo "$("$TIEOUT" --version), $(nproc) cores shared by the servers, the load and tieout; $rate transactions/s over $clients connections, $seconds s a phase"

postgres_up
once "postgres-source_$rows" build_source "$rows"
"$(postgres_programs)/pgbench" -h 127.0.0.1 -p "$(cat "$bench/postgres.port")" -U bench -i -q -s 10 "source_$rows" >/dev/null 2>&1
pg -d "source_$rows" -c 'VACUUM ANALYZE' >/dev/null
measure postgres "$(postgres_url "source_$rows")" active_backends

mariadb_up
my -e "DROP DATABASE IF EXISTS load_$rows; CREATE DATABASE load_$rows"
my "load_$rows" >/dev/null <<SQL
CREATE TABLE orders (id bigint PRIMARY KEY, customer int, status varchar(12), total decimal(12,2), note varchar(60),
    ordered_at datetime(6), shipped_at datetime(6));
INSERT INTO orders SELECT 2 * seq, seq * 7919 % 99991, ELT(1 + seq % 5, 'new', 'paid', 'packed', 'shipped', 'returned'),
    (seq * 37 % 1000003) / 100.0, CONCAT('note for ', MD5(seq)), '2020-01-01' + INTERVAL seq SECOND,
    IF(seq % 10 = 0, NULL, '2020-01-03' + INTERVAL seq SECOND) FROM seq_1_to_$rows;
CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL, filler char(84) NOT NULL);
INSERT INTO accounts SELECT seq, 0, '' FROM seq_1_to_1000000;
CREATE TABLE history (id bigint AUTO_INCREMENT PRIMARY KEY, account int, delta int, at datetime(6));
ANALYZE TABLE orders, accounts;
SQL
measure mariadb "$(mariadb_url "load_$rows")" threads_running
