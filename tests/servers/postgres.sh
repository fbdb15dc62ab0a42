# Supervises one throw-away PostgreSQL cluster: prints `ready PID`, waits for the end of its input, then removes it all.
# Arguments: the folder of the programs, the port of the primary (empty: no standby), the port. The password is in TIEOUT_TEST_PASSWORD.
set -eu
bin=$1
primary=$2
port=$3
dir=$(mktemp -d "${TMPDIR:-/tmp}/tieout-postgres.XXXXXX")
as=""
stop() {
    trap - EXIT
    $as "$bin/pg_ctl" stop --pgdata="$dir/data" --mode=immediate --silent >/dev/null 2>&1 || true
    rm -rf "$dir"
}
trap stop EXIT
trap 'exit 1' INT TERM HUP

if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
    chown postgres "$dir"
    as="runuser -u postgres --"
fi
printf '%s' "$TIEOUT_TEST_PASSWORD" >"$dir/password"
chmod 644 "$dir/password"
if [ -n "$primary" ]; then
    export PGPASSWORD="$TIEOUT_TEST_PASSWORD"
    $as "$bin/pg_basebackup" -h 127.0.0.1 -p "$primary" -U postgres -D "$dir/data" -R -X stream --checkpoint=fast --no-sync \
        >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
else
    $as "$bin/initdb" --pgdata="$dir/data" --username=postgres --pwfile="$dir/password" --auth=scram-sha-256 \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
fi
cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$dir'
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
shared_buffers = 64MB
max_connections = 200
wal_level = logical
wal_receiver_status_interval = 1s
CONF
$as "$bin/pg_ctl" start --pgdata="$dir/data" --log="$dir/log" --wait --silent >/dev/null 2>&1 </dev/null ||
    { cat "$dir/log" >&2; exit 1; }
[ -n "$primary" ] || PGPASSWORD=$TIEOUT_TEST_PASSWORD "$bin/psql" -h 127.0.0.1 -p "$port" -U postgres -d postgres -qX -v ON_ERROR_STOP=1 \
    -c "CREATE ROLE app LOGIN CREATEDB PASSWORD '$TIEOUT_TEST_PASSWORD'" >&2
echo "ready $(head -n 1 "$dir/data/postmaster.pid")"
while read -r _; do :; done
