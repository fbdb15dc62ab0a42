//! The plan of what is asked for by key or range is looked at before it is run: a whole table is read once, not once a range.

use super::{in_mariadb, sqlite};
use crate::binary::Tieout;
use crate::servers::{MariaDb, Postgres};

const ROWS: u64 = 120_000;
const READ_ONCE: &str = "it was read once from beginning to end instead";

/// A table of some 20 MiB in a database whose planner may use no index.
fn without_index_scans(postgres: &Postgres, what: &str) -> String {
    let script = format!(
        "CREATE TABLE big (id bigint PRIMARY KEY, name text);
         INSERT INTO big SELECT i, repeat('n', 100) || i FROM generate_series(1, {ROWS}) i; ANALYZE big;"
    );
    let database = postgres.database(what, &script);
    let off = ["enable_indexscan", "enable_bitmapscan", "enable_indexonlyscan"];
    off.iter().for_each(|name| drop(postgres.run(&database, &format!("ALTER DATABASE {database} SET {name} = off"))));
    database
}

fn scans(postgres: &Postgres, database: &str) -> u64 {
    let sql = "SELECT pg_stat_force_next_flush(); SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'big'";
    postgres.run(database, sql).trim().parse().expect("a number")
}

#[test]
fn ranges_of_a_sample_that_no_index_serves_are_read_in_one_go() {
    let tieout = Tieout::new();
    let postgres = Postgres::start();
    let database = without_index_scans(&postgres, "sampled");
    let url = postgres.url(&database);
    let sample = ["--mode", "sample", "--sample", "30%", "--seed", "3"];
    let before = scans(&postgres, &database);
    let report = tieout.diff(&url, &url, &sample).exits(0).report();
    let added = scans(&postgres, &database) - before;
    assert!(report.findings("big").contains(READ_ONCE), "{}", report.findings("big"));
    assert_eq!(report.table("big")["sample"]["unit"], "ranges");
    // On each side: the least and the greatest key, the rows, and their count.
    assert!(added <= 8, "{added} scans");
    // The same sample through the index finds the same rows.
    let rows = report.rows("big");
    for name in ["enable_indexscan", "enable_bitmapscan", "enable_indexonlyscan"] {
        postgres.run(&database, &format!("ALTER DATABASE {database} RESET {name}"));
    }
    let report = tieout.diff(&url, &url, &[&sample[..], &["--workers", "1"]].concat()).exits(0).report();
    assert_eq!(report.rows("big"), rows);
}

#[test]
fn keys_of_a_second_reading_that_no_index_serves_are_read_in_one_go() {
    let tieout = Tieout::new();
    let postgres = Postgres::start();
    let database = without_index_scans(&postgres, "again");
    let other = postgres.copy(&database, "other");
    postgres.run(&other, "UPDATE big SET name = 'x' WHERE id IN (5, 60000, 119999)");
    let (source, target) = (postgres.url(&database), postgres.url(&other));
    let before = scans(&postgres, &database);
    let report = tieout.diff(&source, &target, &["--snapshot", "lean"]).exits(1).report();
    assert_eq!(report.counts("big"), [0, 0, 0, 3]);
    assert!(report.findings("big").contains("the source would read the whole table"), "{}", report.findings("big"));
    // The first reading goes by addresses; the copy is under the default planner, and is asked by key.
    assert!(!report.findings("big").contains("the target would read"), "{}", report.findings("big"));
    assert!(scans(&postgres, &database) - before <= 2);
}

#[test]
fn what_an_index_serves_is_asked_for_by_key_and_nobody_says_otherwise() {
    let tieout = Tieout::new();
    let mariadb = MariaDb::shared();
    let source = mariadb.database("keyed", &in_mariadb(ROWS));
    sqlite(&tieout, "target.db", ROWS);
    crate::sqlite::run(&tieout.path("target.db"), "UPDATE big SET name = 'x' WHERE id = 60000");
    let texts = "CREATE TABLE texts (id TEXT PRIMARY KEY NOT NULL, name TEXT);
        INSERT INTO texts SELECT 'k' || id, name FROM big WHERE id <= 60000";
    crate::sqlite::run(&tieout.path("target.db"), texts);
    let texts = "CREATE TABLE texts (id varchar(20) PRIMARY KEY, name varchar(60));
        INSERT INTO texts SELECT CONCAT('k', id), name FROM big WHERE id <= 60000; ANALYZE TABLE texts;";
    mariadb.run(&source, texts);
    let report = tieout.diff(mariadb.url(&source), "target.db", &["--snapshot", "lean"]).exits(1).report();
    assert_eq!((report.counts("big"), report.counts("texts")), ([0, 0, 0, 1], [0, 0, 0, 1]));
    for table in ["big", "texts"] {
        assert!(!report.findings(table).contains(READ_ONCE), "{}", report.findings(table));
    }
}
