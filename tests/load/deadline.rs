//! What is not done by the deadline, or before a snapshot is too old, is undecided and named; time-outs are set.

use std::io::{BufRead, BufReader, Write};

use super::{config, in_postgres, sqlite};
use crate::binary::Tieout;
use crate::servers::Postgres;

fn with_small(script: &str) -> String {
    format!("{script} CREATE TABLE small (id int PRIMARY KEY); INSERT INTO small VALUES (1), (2);")
}

#[test]
fn what_is_not_done_by_the_deadline_is_undecided_and_named() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let database = postgres.database("late", &with_small(&in_postgres(60_000)));
    sqlite(&tieout, "target.db", 60_000);
    crate::sqlite::run(
        &tieout.path("target.db"),
        "CREATE TABLE small (id INTEGER PRIMARY KEY); INSERT INTO small VALUES (1), (2)",
    );
    // At this rate the large table would take ten minutes.
    config(&tieout, &postgres.url(&database), "target.db", "deadline = \"10s\"", "rows_per_second = 100");
    let outcome = tieout.run(["run", "-v"]).exits(3);
    let report = outcome.report();
    assert_eq!(report.verdict(), "undecided");
    let table = report.table("big");
    assert_eq!(table["verdict"], "undecided");
    assert!(table["reason"].as_str().expect("a reason").contains("the deadline (10s) passed"), "{table}");
    assert!(outcome.stderr.contains("the deadline (10s) passed"), "{outcome}");
    let ours =
        format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND application_name = 'tieout'");
    assert_eq!(postgres.run("postgres", &ours).trim(), "0");
    // The command line goes before the file.
    let outcome = tieout.run(["run", "--deadline", "1s", "--table", "big"]).exits(3);
    // Where it passes before the tables are known, no table can be named.
    assert!(outcome.stderr.contains("the deadline (1s) passed"), "{outcome}");
    let outcome = tieout.run(["run", "--deadline", "4h", "--table", "small"]).exits(0);
    outcome.report().assert_match("small");
}

#[test]
fn a_deadline_while_the_store_does_not_answer() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let database = postgres.database("silent", &in_postgres(10));
    sqlite(&tieout, "target.db", 10);
    let session = locked(postgres, &database);
    let outcome = tieout.diff(postgres.url(&database), "target.db", &["--deadline", "2s"]).exits(3);
    assert!(outcome.stderr.contains("the deadline (2s) passed"), "{outcome}");
    outcome.assert_nothing_looks_equal();
    drop(session);
}

#[test]
fn a_snapshot_that_is_too_old_is_given_up() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let database = postgres.database("aged", &in_postgres(60_000));
    sqlite(&tieout, "target.db", 60_000);
    config(&tieout, &postgres.url(&database), "target.db", "", "rows_per_second = 100\nsnapshot_age_max = \"2s\"");
    let outcome = tieout.run(["run"]).exits(3);
    let reason = outcome.report().table("big")["reason"].as_str().expect("a reason").to_owned();
    assert!(reason.contains("the snapshot of the source was given up at the age of 2s"), "{reason}");
}

#[test]
fn a_lock_is_not_waited_for_longer_than_the_config_says() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let database = postgres.database("held", &in_postgres(10));
    sqlite(&tieout, "target.db", 10);
    config(&tieout, &postgres.url(&database), "target.db", "", "lock_timeout = \"1s\"");
    let session = locked(postgres, &database);
    let outcome = tieout.run(["run"]).exits(3);
    assert!(outcome.stderr.contains("lock timeout") && outcome.stderr.contains("lock_timeout in [load]"), "{outcome}");
    drop(session);
    tieout.run(["run"]).exits(0).report().assert_match("big");
}

#[test]
fn a_statement_does_not_take_longer_than_the_config_says() {
    let tieout = Tieout::new();
    let (postgres, mariadb) = (Postgres::shared(), crate::servers::MariaDb::shared());
    // More than fits between a server and a reader: what has left the server no longer counts.
    let in_pg = postgres.url(&postgres.database("slow", &super::wide_in_postgres(500_000)));
    let in_my = mariadb.url(&mariadb.database("slow", &super::wide_in_mariadb(500_000)));
    sqlite(&tieout, "target.db", 10);
    for url in [in_pg, in_my] {
        config(&tieout, &url, "target.db", "", "rows_per_second = 50000\nstatement_timeout = \"1s\"");
        let outcome = tieout.run(["run"]).exits(3);
        assert!(outcome.stderr.contains("statement_timeout in [load]"), "{outcome}");
        assert_eq!(outcome.report().table("big")["verdict"], "undecided");
    }
}

/// A session that holds a lock on the table no reader gets past, until it is dropped.
fn locked(postgres: &Postgres, database: &str) -> Session {
    let mut session = postgres.psql(database).spawn().expect("psql starts");
    let statements = "BEGIN; LOCK TABLE big IN ACCESS EXCLUSIVE MODE; SELECT 'locked';\n";
    session.stdin.as_mut().expect("a pipe").write_all(statements.as_bytes()).expect("psql reads");
    let mut answer = String::new();
    BufReader::new(session.stdout.take().expect("a pipe")).read_line(&mut answer).expect("psql answers");
    assert_eq!(answer, "locked\n");
    Session(session)
}

struct Session(std::process::Child);

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
