//! A DBA can see who is reading, and stop it; what was stopped is undecided.

use std::thread;
use std::time::{Duration, Instant};

use super::{sqlite, wide_in_mariadb, wide_in_postgres};
use crate::binary::Tieout;
use crate::servers::{MariaDb, Postgres};

/// More than fits between a server and a reader, so that the server still has some to send when it is stopped; …
const ROWS: u64 = 500_000;
/// … and slow enough to be seen.
const RATE: &str = "50000";

/// Asks until there is an answer.
#[track_caller]
fn answer(ask: impl Fn() -> String) -> String {
    let begun = Instant::now();
    loop {
        let answer = ask().trim().to_owned();
        if !answer.is_empty() && answer != "0" {
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody was seen");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_reader_of_postgres_is_known_by_its_name_and_can_be_ended() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let database = postgres.database("seen", &wide_in_postgres(ROWS));
    sqlite(&tieout, "target.db", 10);
    let url = postgres.url(&database);
    let run = tieout.start(tieout.command(["diff", &url, "target.db", "--rows-per-second", RATE, "--retries", "0"]));
    let reading = format!(
        "FROM pg_stat_activity WHERE application_name = 'tieout' AND query LIKE 'COPY%' AND state = 'active' AND datname = '{database}'"
    );
    answer(|| postgres.run("postgres", &format!("SELECT count(*) {reading}")));
    postgres.run("postgres", &format!("SELECT count(pg_terminate_backend(pid)) {reading}"));
    let outcome = run.end().fails(3).saying(&["administrator"]);
    let table = outcome.report().table("big").clone();
    assert_eq!(table["verdict"], "undecided");
    assert!(table["reason"].as_str().expect("a reason").contains("cannot read table"), "{table}");
}

#[test]
fn a_reader_of_mariadb_is_known_by_its_statements_and_can_be_ended() {
    let tieout = Tieout::new();
    let mariadb = MariaDb::shared();
    let database = mariadb.database("seen", &wide_in_mariadb(ROWS));
    sqlite(&tieout, "target.db", 10);
    let url = mariadb.url(&database);
    let run = tieout.start(tieout.command(["diff", &url, "target.db", "--rows-per-second", RATE, "--retries", "0"]));
    let reading = format!(
        "SELECT MIN(ID) FROM information_schema.PROCESSLIST WHERE INFO LIKE '%/* tieout */%' AND ID <> CONNECTION_ID() AND DB = '{database}'"
    );
    let id = answer(|| mariadb.run(&database, &reading).replace("NULL", ""));
    mariadb.run(&database, &format!("KILL {id}"));
    let outcome = run.end().fails(3);
    assert_eq!(outcome.report().table("big")["verdict"], "undecided");
}
