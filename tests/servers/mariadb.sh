# Supervises one throw-away MariaDB server: prints `ready PID`, waits for the end of its input, then removes it all.
# Arguments: mariadb-install-db, mariadbd, mariadb, openssl (empty: no TLS), more options of the
# server, the port. The password is in
# TIEOUT_TEST_PASSWORD.
set -eu
install=$1
server=$2
client=$3
openssl=$4
options=$5
port=$6
dir=$(mktemp -d "${TMPDIR:-/tmp}/tieout-mariadb.XXXXXX")
pid=""
stop() {
    trap - EXIT
    [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true # its data are thrown away: no need for an orderly end
    rm -rf "$dir"
}
trap stop EXIT
trap 'exit 1' INT TERM HUP

as="" user=""
if [ "$(id -u)" = 0 ]; then # MariaDB refuses to run as root
    chown mysql "$dir"
    as="setpriv --reuid=mysql --regid=mysql --clear-groups --" user="--user=mysql"
fi
"$install" --no-defaults $user --datadir="$dir/data" --auth-root-authentication-method=normal --skip-test-db \
    >"$dir/install.log" 2>&1 || { cat "$dir/install.log" >&2; exit 1; }
tls="--skip-ssl"
if [ -n "$openssl" ]; then
    "$openssl" req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -keyout "$dir/key.pem" -out "$dir/cert.pem" \
        >"$dir/openssl.log" 2>&1 || { cat "$dir/openssl.log" >&2; exit 1; }
    [ -z "$as" ] || chown mysql "$dir/key.pem" "$dir/cert.pem"
    tls="--ssl-cert=$dir/cert.pem --ssl-key=$dir/key.pem"
fi
$as "$server" --no-defaults $tls --datadir="$dir/data" --socket="$dir/socket" --pid-file="$dir/pid" \
    --bind-address=127.0.0.1 --port="$port" --character-set-server=utf8mb4 \
    --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 --innodb-buffer-pool-size=64M --max-connections=200 --max-allowed-packet=64M \
    --innodb-flush-method=nosync --skip-name-resolve $options </dev/null >"$dir/log" 2>&1 &
pid=$!
tries=0
until "$client" --no-defaults --socket="$dir/socket" -uroot -e 'SELECT 1' >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 600 ] || ! kill -0 "$pid" 2>/dev/null; then cat "$dir/log" >&2; exit 1; fi
    sleep 0.1
done
# `app` may do everything; `reader` may only read, as a careful administrator would have it.
"$client" --no-defaults --socket="$dir/socket" -uroot >&2 <<SQL
CREATE USER app@'127.0.0.1' IDENTIFIED BY '$TIEOUT_TEST_PASSWORD';
GRANT ALL PRIVILEGES ON *.* TO app@'127.0.0.1';
CREATE USER reader@'127.0.0.1' IDENTIFIED BY '$TIEOUT_TEST_PASSWORD';
GRANT SELECT ON *.* TO reader@'127.0.0.1';
SQL
echo "ready $pid"
while read -r _; do :; done
