//! Two stores that an application writes to all the time, with some of its writes lost: exactly these are found.

use std::collections::{BTreeSet, HashSet};
use std::time::{Duration, Instant};

use super::writer::{Load, Random, Writer, table};
use crate::binary::Tieout;
use crate::servers::{MariaDb, Postgres};

/// Rows of the table.
const ROWS: u64 = 60_000;
/// Writes lost of each run: so many keys are missing, unexpected, corrupt.
const LOST: [usize; 3] = [7, 6, 7];

/// A pair of stores that hold the table.
struct Stores {
    source: String,
    target: String,
    run_in_source: Box<dyn Fn(&str)>,
    run_in_target: Box<dyn Fn(&str)>,
}

impl Stores {
    fn postgres_to_mariadb() -> Self {
        let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
        let source = postgres.database("moving", &table(ROWS, false));
        let target = mariadb.database("moving", &table(ROWS, true));
        Self {
            source: postgres.url(&source),
            target: mariadb.url(&target),
            run_in_source: Box::new(move |sql| drop(Postgres::shared().run(&source, sql))),
            run_in_target: Box::new(move |sql| drop(MariaDb::shared().run(&target, sql))),
        }
    }

    fn postgres_to_postgres() -> Self {
        let postgres = Postgres::shared();
        let source = postgres.database("moving", &table(ROWS, false));
        let target = postgres.copy(&source, "moving_copy");
        Self {
            source: postgres.url(&source),
            target: postgres.url(&target),
            run_in_source: Box::new(move |sql| drop(Postgres::shared().run(&source, sql))),
            run_in_target: Box::new(move |sql| drop(Postgres::shared().run(&target, sql))),
        }
    }
}

/// What a run came to.
struct Shown {
    seconds: f64,
    rate: f64,
    late: Duration,
    differed: u64,
    resolved: u64,
}

/// Writes all the time, loses 20 writes, compares: exactly the 20 are found.
#[track_caller]
fn exactly_the_lost_are_found(stores: &Stores, lag_max: Duration, seed: u64) -> Shown {
    let mut random = Random(seed);
    let mut lost: Vec<u64> = Vec::new();
    while lost.len() < LOST.iter().sum() {
        let id = 1 + random.below(ROWS);
        if !lost.contains(&id) {
            lost.push(id);
        }
    }
    let (missing, rest) = lost.split_at(LOST[0]);
    let (unexpected, corrupt) = rest.split_at(LOST[1]);
    let spared: HashSet<u64> = lost.iter().copied().collect();
    let load = Load { rows_per_second: 1000, rows: ROWS, lag_max, seed };
    let writer = Writer::start(stores.source.clone(), stores.target.clone(), load, spared);
    // Until as much is on its way as ever will be.
    std::thread::sleep(lag_max + Duration::from_millis(500));
    let ids = |ids: &[u64]| ids.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    // Writes of the last moment: at the first reading they look as if they were on their way.
    (stores.run_in_source)(&format!(
        "DELETE FROM t WHERE id IN ({}); UPDATE t SET amount = amount + 0.01, version = version + 1 WHERE id IN ({});",
        ids(unexpected),
        ids(corrupt)
    ));
    (stores.run_in_target)(&format!("DELETE FROM t WHERE id IN ({});", ids(missing)));
    let tieout = Tieout::new();
    // Two and a half times the lag in all: on a busy machine the writer may be late.
    let after = lag_max.as_millis() / 2;
    tieout.write(
        "tieout.toml",
        format!(
            "consistency = \"eventual\"\nrecheck = {{ times = 5, after = \"{after}ms\" }}\n[source]\nurl = \"{}\"\n\
             [target]\nurl = \"{}\"\n[[tables]]\nsource = \"t\"\n",
            stores.source, stores.target
        ),
    );
    let begun = Instant::now();
    let outcome = tieout.run(["run", "tieout.toml", "--workers", "2"]).exits(1);
    let seconds = begun.elapsed().as_secs_f64();
    let (rate, late) = (writer.rate(), writer.late());
    drop(writer);
    let report = outcome.report();
    let moving = &report.table("t")["moving"];
    let found: BTreeSet<(String, u64)> =
        report.lines("t").into_iter().map(|line| (line.class, line.key[0].parse().expect("an id"))).collect();
    let class = |class: &str, ids: &[u64]| ids.iter().map(|id| (class.to_owned(), *id)).collect::<Vec<_>>();
    let planted: BTreeSet<(String, u64)> =
        [class("missing", missing), class("unexpected", unexpected), class("corrupt", corrupt)]
            .concat()
            .into_iter()
            .collect();
    assert_eq!(found, planted, "seed {seed}: {moving:#}\n{}", outcome.stdout);
    assert_eq!(report.counts("t"), [LOST[0] as u64, LOST[1] as u64, 0, LOST[2] as u64]);
    let count = |what: &str| moving[what].as_u64().expect("a count");
    assert_eq!((count("stable"), count("hot"), count("not_rechecked")), (20, 0, 0), "{moving:#}");
    assert_eq!(count("differed"), count("stable") + count("resolved"));
    assert!(count("resolved") > 0, "nothing was in flight: the run shows nothing");
    assert!(report.summary["verified_until"]["source"].is_string(), "{:#}", report.summary["verified_until"]);
    Shown { seconds, rate, late, differed: count("differed"), resolved: count("resolved") }
}

#[test]
fn exactly_the_lost_writes_are_found_between_postgresql_and_mariadb() {
    let shown = exactly_the_lost_are_found(&Stores::postgres_to_mariadb(), Duration::from_secs(3), 1);
    assert!(shown.rate > 500.0, "the writer came to {} rows a second only", shown.rate);
}

#[test]
fn exactly_the_lost_writes_are_found_between_two_postgresql_databases() {
    exactly_the_lost_are_found(&Stores::postgres_to_postgres(), Duration::from_millis(1500), 2);
}

/// The record of `benches/moving/recorded/`: `benches/moving/twenty.sh` runs it.
#[test]
#[ignore = "takes minutes; benches/moving/twenty.sh runs and records it"]
fn twenty_runs_of_twenty_find_exactly_the_lost_writes() {
    let stores = Stores::postgres_to_mariadb();
    println!(
        "PostgreSQL -> MariaDB, {ROWS} rows, 1000 rows/s written to both sides with 0 to 3 s between them, 20 writes lost"
    );
    println!("run  found  others  in flight at first  rows/s  latest write  seconds");
    for run in 1..=20 {
        let shown = exactly_the_lost_are_found(&stores, Duration::from_secs(3), 100 + run);
        println!(
            "{run:>3}  20/20       0  {:>18}  {:>6.0}  {:>9} ms  {:>7.1}",
            shown.resolved,
            shown.rate,
            shown.late.as_millis(),
            shown.seconds
        );
        assert_eq!(shown.differed, shown.resolved + 20);
        // What was lost is repaired for the next run.
        (stores.run_in_source)(
            "TRUNCATE t; INSERT INTO t SELECT i, i / 4.0, 'row ' || i, 0, '2026-01-01 00:00:00+00' FROM generate_series(1, 60000) i;",
        );
        (stores.run_in_target)(
            "SET time_zone = '+00:00'; TRUNCATE t; INSERT INTO t SELECT seq, seq / 4, CONCAT('row ', seq), 0, '2026-01-01 00:00:00' FROM seq_1_to_60000;",
        );
    }
    println!("20 of 20 runs found exactly the 20 lost writes, and nothing else.");
}
