#!/usr/bin/env bash
# Runs every comparison and keeps what it printed in recorded/, with the machine it ran on. Takes hours at full size.
# Further arguments name scripts, to run only these: all.sh duckdb startup
# The servers, the data and the programs are shared by all of them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/servers.sh"
. "$here/data.sh"
. "$here/measure.sh"
recorded=${RECORDED:-$here/recorded}
mkdir -p "$recorded"

machine() {
    echo "date      $(date -u +%Y-%m-%d)"
    echo "machine   $(nproc) cores, $(awk '/^model name/ { sub(/.*: /, ""); print; exit }' /proc/cpuinfo), $(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)"
    echo "system    $(. /etc/os-release && echo "$PRETTY_NAME"), Linux $(uname -r | cut -d- -f1)"
    echo "servers   $(psql --version | awk '{ print $2, $3 }'), $(mariadb --version | grep -oE '[0-9.]+-MariaDB' | head -n 1)"
    echo "tieout    $built, $(rustc --version | cut -d' ' -f1,2)"
    echo
}

[ $# -gt 0 ] || set -- startup raw_exports ordered_copy full_join duckdb parquet_decode sqlite_read workloads reladiff scaling
# Programs that were given may be older or newer than the checkout.
built="commit $(git -C "$here" describe --always --dirty)"
[ -z "${TIEOUT_PROGRAMS:-}" ] || built="given programs, beside a checkout of $built"
begin postgres mariadb
export TIEOUT_BENCH_DIR=$bench TIEOUT_PROGRAMS
for script in "$@"; do
    echo "== $script"
    { machine && "$here/$script.sh"; } 2>&1 | grep -v '^building ' | tee "$recorded/$script.txt.part"
    mv "$recorded/$script.txt.part" "$recorded/$script.txt"
done
