#!/usr/bin/env bash
# Twenty runs of `consistency = "eventual"` against an application that writes all the time: benches/moving/README.md.
# Needs what the tests need (ci/test installs it): PostgreSQL and MariaDB. Takes about eight minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=benches/moving/recorded/20-of-20.txt
cargo test --test main -- --ignored --exact --nocapture \
    moving::dual_writes::twenty_runs_of_twenty_find_exactly_the_lost_writes 2>&1 |
    grep -E '^(PostgreSQL ->|run |[ 0-9]+ +20/20|20 of 20|test result|thread|assertion)' | tee "$out"
grep -q '^20 of 20 runs' "$out"
