//! Gentle on production: caps, signals, windows, the deadline, the guard before reading, and how a DBA finds and stops us.
//!
//! What takes time is measured as a lower bound only: a run under a cap takes at least what the cap says, and a quarter less is
//! allowed for what passes at the beginning and for clocks. No test says how fast anything has to be.

mod caps;
mod deadline;
mod guard;
mod seen;
mod signals;

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::binary::{Outcome, Tieout};

/// Runs, and fails where it took less than the time that so many rows take at a rate.
#[track_caller]
fn at_least(rows: f64, per_second: f64, run: impl FnOnce() -> Outcome) -> Outcome {
    let (begun, least) = (Instant::now(), Duration::from_secs_f64(rows / per_second * 0.8));
    let outcome = run();
    assert!(begun.elapsed() >= least, "{rows} rows in {:?}, at {per_second} a second\n{outcome}", begun.elapsed());
    outcome
}

/// A config of two stores, and what is said of the load.
fn config(tieout: &Tieout, source: &str, target: &str, load: &str, of_source: &str) {
    let text =
        format!("{load}\n[source]\nurl = \"{source}\"\n[source.load]\n{of_source}\n[target]\nurl = \"{target}\"\n");
    tieout.write("tieout.toml", text);
}

/// What the summary says of the load on the source, one a line.
fn said_of_source(outcome: &Outcome) -> String {
    let findings = outcome.report().summary["source"]["load"].clone();
    let texts =
        findings.as_array().map(|all| all.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>());
    texts.unwrap_or_default().join("\n")
}

/// The same rows as SQLite has them, in a file of the folder.
fn sqlite(tieout: &Tieout, name: &str, rows: u64) {
    let script = format!(
        "CREATE TABLE big (id INTEGER PRIMARY KEY, name TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO big SELECT i, 'a name that takes its place ' || i FROM n;"
    );
    crate::sqlite::database(tieout.folder.path(), name, &script);
}

fn in_postgres(rows: u64) -> String {
    format!(
        "CREATE TABLE big (id bigint PRIMARY KEY, name text);
         INSERT INTO big SELECT i, 'a name that takes its place ' || i FROM generate_series(1, {rows}) i; ANALYZE big;"
    )
}

/// Rows so wide that they do not fit between a server and a reader: what has left the server cannot be stopped.
fn wide_in_postgres(rows: u64) -> String {
    in_postgres(rows).replace("|| i FROM", "|| i || repeat('.', 240) FROM")
}

fn wide_in_mariadb(rows: u64) -> String {
    in_mariadb(rows).replace("varchar(60)", "varchar(300)").replace("', seq) FROM", "', seq, REPEAT('.', 240)) FROM")
}

fn in_mariadb(rows: u64) -> String {
    format!(
        "CREATE TABLE big (id bigint PRIMARY KEY, name varchar(60));
         INSERT INTO big SELECT seq, CONCAT('a name that takes its place ', seq) FROM seq_1_to_{rows}; ANALYZE TABLE big;"
    )
}
