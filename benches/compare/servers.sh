#!/usr/bin/env bash
# Throw-away PostgreSQL and MariaDB servers for the comparisons, on free loopback ports. Everything lives in one folder:
# TIEOUT_BENCH_DIR, whose data are kept and used again, or a temporary one that is removed at the end. A server that
# already runs in that folder is used and left running.
#   sourced:  bench_open; postgres_up; mariadb_up        servers started here are stopped when the script ends
#   run:      TIEOUT_BENCH_DIR=... servers.sh up|down    starts both to stay, or stops them
set -euo pipefail

bench_started=()

bench_open() {
    if [ -n "${TIEOUT_BENCH_DIR:-}" ]; then
        bench_kept=yes
        bench=$TIEOUT_BENCH_DIR
        mkdir -p "$bench"
    else
        bench_kept=no
        bench=$(mktemp -d "${TMPDIR:-/tmp}/tieout-bench.XXXXXX")
    fi
    bench=$(cd "$bench" && pwd)
    chmod 755 "$bench" # the servers run as users of their own
    trap bench_close EXIT
    trap 'exit 1' INT TERM HUP
}

bench_close() {
    trap - EXIT
    local server
    for server in "${bench_started[@]}"; do "${server}_down"; done
    [ "$bench_kept" = yes ] || rm -rf "$bench"
}

# Keeps a server that this shell started running after the shell's end.
bench_leave_running() { bench_started=(); }

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# As a server's own user when we are root: both servers refuse to run as root.
as_user() {
    local user=$1
    shift
    if [ "$(id -u)" = 0 ]; then setpriv --reuid="$user" --regid="$user" --clear-groups -- "$@"; else "$@"; fi
}

own_folder() {
    mkdir -p "$2"
    [ "$(id -u)" != 0 ] || chown "$1" "$2"
}

# shellcheck disable=SC2012 # version folders have plain names
postgres_programs() { dirname "$(ls /usr/lib/postgresql/*/bin/initdb | tail -n 1)"; }
postgres_url() { echo "postgres://bench@127.0.0.1:$(cat "$bench/postgres.port")/$1"; }
pg() { PGOPTIONS="-c client_min_messages=warning" psql -qtAX -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$(cat "$bench/postgres.port")" -U bench "$@"; }

postgres_up() {
    if [ -f "$bench/postgres.port" ] && pg -d postgres -c 'SELECT 1' >/dev/null 2>&1; then return; fi
    local programs port folder=$bench/postgres
    programs=$(postgres_programs)
    port=$(free_port)
    own_folder postgres "$folder"
    if [ ! -f "$folder/initialised" ]; then
        rm -rf "$folder/data"
        as_user postgres "$programs/initdb" --pgdata="$folder/data" --username=bench --auth=trust --encoding=UTF8 \
            --locale=C.UTF-8 --no-sync >/dev/null
        touch "$folder/initialised"
    fi
    # What is tuned spares the disk (nobody needs these data after a crash); the planner is left as installed.
    as_user postgres "$programs/pg_ctl" start --wait --pgdata="$folder/data" --log="$folder/log" -o "-p $port \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c shared_buffers=1GB -c fsync=off \
        -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=4GB \
        -c autovacuum=off" >/dev/null 2>&1 </dev/null || { tail "$folder/log" >&2; return 1; }
    echo "$port" >"$bench/postgres.port"
    bench_started+=(postgres)
}

# Orderly: the data are used again.
postgres_down() {
    as_user postgres "$(postgres_programs)/pg_ctl" stop --pgdata="$bench/postgres/data" --mode=fast >/dev/null 2>&1 || true
    rm -f "$bench/postgres.port"
}

mariadb_url() { echo "mysql://bench@127.0.0.1:$(cat "$bench/mariadb.port")/$1"; }
my() { mariadb --no-defaults -h 127.0.0.1 -P "$(cat "$bench/mariadb.port")" -u bench "$@"; }

mariadb_up() {
    if [ -f "$bench/mariadb.port" ] && my -e 'SELECT 1' >/dev/null 2>&1; then return; fi
    local port pid tries=0 folder=$bench/mariadb options=(--no-defaults)
    port=$(free_port)
    own_folder mysql "$folder"
    [ "$(id -u)" != 0 ] || options+=(--user=mysql)
    if [ ! -f "$folder/initialised" ]; then
        rm -rf "$folder/data"
        mariadb-install-db "${options[@]}" --datadir="$folder/data" --auth-root-authentication-method=normal --skip-test-db \
            >"$folder/install.log" 2>&1 || { cat "$folder/install.log" >&2; return 1; }
    fi
    PATH=$PATH:/usr/sbin setsid nohup mariadbd "${options[@]}" --datadir="$folder/data" --socket="$folder/socket" \
        --pid-file="$folder/pid" --bind-address=127.0.0.1 --port="$port" --character-set-server=utf8mb4 \
        --innodb-buffer-pool-size=1G --innodb-log-file-size=1G --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 \
        --innodb-flush-method=nosync --skip-name-resolve --local-infile=1 </dev/null >"$folder/log" 2>&1 &
    pid=$!
    until mariadb --no-defaults --socket="$folder/socket" -u root -e 'SELECT 1' >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 600 ] || ! kill -0 "$pid" 2>/dev/null; then tail "$folder/log" >&2; return 1; fi
        sleep 0.1
    done
    mariadb --no-defaults --socket="$folder/socket" -u root -e "CREATE USER IF NOT EXISTS bench@'127.0.0.1';
        GRANT ALL PRIVILEGES ON *.* TO bench@'127.0.0.1'"
    touch "$folder/initialised"
    echo "$port" >"$bench/mariadb.port"
    bench_started+=(mariadb)
}

mariadb_down() {
    local pid
    mariadb-admin --no-defaults --socket="$bench/mariadb/socket" -u root shutdown >/dev/null 2>&1 || true
    pid=$(cat "$bench/mariadb/pid" 2>/dev/null || true)
    while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    rm -f "$bench/mariadb.port"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    : "${TIEOUT_BENCH_DIR:?names the folder of the servers}"
    bench_open
    case ${1:-} in # one command a line: `set -e` is off within `&&`
        up)
            postgres_up
            mariadb_up
            bench_leave_running
            postgres_url postgres
            mariadb_url mysql
            ;;
        down)
            postgres_down
            mariadb_down
            ;;
        *)
            echo "usage: servers.sh up|down" >&2
            exit 2
            ;;
    esac
fi
