//! Runs that are caught in their middle: servers that die or fall silent, streams that end early, Ctrl-C.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::binary::{Running, Tieout};
use crate::servers::{MariaDb, Postgres};
use crate::valve::{Then, Valve};

/// Bytes of the big table that pass before the valve closes: some of it, and far from all.
const SOME_BYTES: u64 = 3 << 20;

const BIG_IN_POSTGRES: &str = "CREATE TABLE big (id bigint PRIMARY KEY, name text);
    INSERT INTO big SELECT i, 'a name that takes its place ' || i FROM generate_series(1, 300000) i;";

const BIG_IN_MARIADB: &str = "CREATE TABLE big (id bigint PRIMARY KEY, name varchar(60));
    INSERT INTO big SELECT seq, CONCAT('a name that takes its place ', seq) FROM seq_1_to_300000;";

/// A target that holds the same rows, so that only the trouble can be found.
fn target(tieout: &Tieout) {
    let script = "CREATE TABLE big (id INTEGER PRIMARY KEY, name TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
        INSERT INTO big SELECT i, 'a name that takes its place ' || i FROM n;";
    crate::sqlite::database(tieout.folder.path(), "target.db", script);
}

#[track_caller]
fn nothing_was_proven(tieout: &Tieout, run: Running<'_>) {
    run.end().fails(3);
    let of_target: Vec<_> =
        tieout.files("reports").into_iter().filter(|file| file.ends_with("target/manifest.json")).collect();
    // The run itself has a manifest, too: it says that nothing was proven.
    for file in
        tieout.files("reports").iter().filter(|file| file.components().any(|part| part.as_os_str() == "snapshots"))
    {
        assert!(!file.ends_with("manifest.json") || of_target.contains(file), "{} looks finished", file.display());
    }
}

#[test]
fn the_tables_of_these_tests_match_when_nobody_disturbs() {
    let tieout = Tieout::new();
    target(&tieout);
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    for url in [
        postgres.url(&postgres.database("calm", BIG_IN_POSTGRES)),
        mariadb.url(&mariadb.database("calm", BIG_IN_MARIADB)),
    ] {
        tieout.diff(url, "target.db", &[]).exits(0).report().assert_match("big");
    }
}

#[test]
fn a_postgres_server_killed_in_the_middle() {
    let tieout = Tieout::new();
    target(&tieout);
    let postgres = Postgres::start();
    let database = postgres.database("killed", BIG_IN_POSTGRES);
    let valve = Valve::before(postgres.server.port, SOME_BYTES, Then::Stall);
    let run =
        tieout.start(tieout.command(["diff", &postgres.url_at(valve.port, &database), "target.db", "--retries", "0"]));
    valve.wait_until_shut();
    postgres.server.kill();
    drop(valve);
    nothing_was_proven(&tieout, run);
}

#[test]
fn a_mariadb_server_killed_in_the_middle() {
    let tieout = Tieout::new();
    target(&tieout);
    let mariadb = MariaDb::start();
    let database = mariadb.database("killed", BIG_IN_MARIADB);
    let valve = Valve::before(mariadb.server.port, SOME_BYTES, Then::Stall);
    let run = tieout.start(tieout.command([
        "diff",
        &mariadb.url_as("app", valve.port, &database),
        "target.db",
        "--retries",
        "0",
    ]));
    valve.wait_until_shut();
    mariadb.server.kill();
    drop(valve);
    nothing_was_proven(&tieout, run);
}

#[test]
fn a_stream_that_ends_early_in_good_order() {
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let in_postgres = postgres.database("ends_early", BIG_IN_POSTGRES);
    let in_mariadb = mariadb.database("ends_early", BIG_IN_MARIADB);
    for of_postgres in [true, false] {
        let tieout = Tieout::new();
        target(&tieout);
        let server = if of_postgres { postgres.server.port } else { mariadb.server.port };
        let valve = Valve::before(server, SOME_BYTES, Then::End);
        let url = match of_postgres {
            true => postgres.url_at(valve.port, &in_postgres),
            false => mariadb.url_as("app", valve.port, &in_mariadb),
        };
        nothing_was_proven(&tieout, tieout.start(tieout.command(["diff", &url, "target.db", "--retries", "0"])));
    }
}

#[test]
fn a_backend_that_an_administrator_ends() {
    let tieout = Tieout::new();
    target(&tieout);
    let postgres = Postgres::shared();
    let database = postgres.database("ended", BIG_IN_POSTGRES);
    let valve = Valve::before(postgres.server.port, SOME_BYTES, Then::Stall);
    let run =
        tieout.start(tieout.command(["diff", &postgres.url_at(valve.port, &database), "target.db", "--retries", "0"]));
    valve.wait_until_shut();
    let end = format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{database}'");
    postgres.run("postgres", &end);
    drop(valve);
    nothing_was_proven(&tieout, run);
}

#[test]
fn ctrl_c_while_a_table_is_being_read() {
    let tieout = Tieout::new();
    target(&tieout);
    let postgres = Postgres::shared();
    let database = postgres.database("interrupted", BIG_IN_POSTGRES);
    let valve = Valve::before(postgres.server.port, SOME_BYTES, Then::Stall);
    let run =
        tieout.start(tieout.command(["diff", &postgres.url_at(valve.port, &database), "target.db", "--retries", "0"]));
    valve.wait_until_shut();
    ends_soon_after_ctrl_c(run);
    let left = tieout.files("reports");
    assert!(!left.iter().any(|file| file.ends_with("source/manifest.json")), "{left:#?}");
}

#[test]
fn ctrl_c_while_a_snapshot_is_taken() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let database = postgres.database("interrupted", BIG_IN_POSTGRES);
    let valve = Valve::before(postgres.server.port, SOME_BYTES, Then::Stall);
    let url = postgres.url_at(valve.port, &database);
    let run = tieout.start(tieout.command(["snapshot", &url, "--out", "snap"]));
    valve.wait_until_shut();
    ends_soon_after_ctrl_c(run);
    super::assert_no_manifest(&tieout.path("snap"), &[]);
}

#[test]
fn ctrl_c_while_a_run_waits_for_a_lock() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let script = "CREATE TABLE first (id int PRIMARY KEY); INSERT INTO first VALUES (1);
        CREATE TABLE second (id int PRIMARY KEY); INSERT INTO second VALUES (1);";
    let database = postgres.database("locked", script);
    let lock = Lock::on(postgres, &database, "second");
    let url = postgres.url(&database);
    let run = tieout.start(tieout.command(["diff", &url, &url]));
    lock.wait_until_somebody_waits();
    ends_soon_after_ctrl_c(run);
    super::assert_no_manifest(&tieout.path("reports"), &["first"]);
    drop(lock);
    tieout.diff(&url, &url, &[]).exits(0);
}

#[test]
fn the_process_title_of_a_run_does_not_show_the_password() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let database = postgres.database("titled", "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);");
    let lock = Lock::on(postgres, &database, "t");
    let url = postgres.url(&database);
    let mut run = tieout.start(tieout.command(["diff", &url, &url]));
    lock.wait_until_somebody_waits();
    let title = run.title();
    assert!(run.is_running());
    drop(lock);
    run.end().exits(0);
    assert!(!title.contains(crate::servers::PASSWORD_IN_URL), "{title}");
}

#[track_caller]
fn ends_soon_after_ctrl_c(run: Running<'_>) {
    run.signal("INT");
    let begin = Instant::now();
    // No error of tieout's: the message says so without the word.
    let outcome = run.end().exits(3).saying(&["interrupted", "hint:"]);
    outcome.assert_nothing_looks_equal();
    for word in ["interrupted", "hint:"] {
        assert_eq!(outcome.stderr.matches(word).count(), 1, "one message and one hint\n{outcome}");
    }
    assert!(begin.elapsed() < Duration::from_secs(20), "it took {:?} to stop", begin.elapsed());
}

/// A session that holds a lock no reader gets past.
struct Lock<'a> {
    postgres: &'a Postgres,
    database: String,
    session: Child,
}

impl<'a> Lock<'a> {
    fn on(postgres: &'a Postgres, database: &str, table: &str) -> Self {
        let mut command: Command = postgres.psql(database);
        let mut session = command.spawn().expect("psql starts");
        let statements = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT 'locked';\n");
        session.stdin.as_mut().expect("a pipe").write_all(statements.as_bytes()).expect("psql reads");
        let mut answer = String::new();
        BufReader::new(session.stdout.take().expect("a pipe")).read_line(&mut answer).expect("psql answers");
        assert_eq!(answer, "locked\n");
        Self { postgres, database: database.to_owned(), session }
    }

    fn wait_until_somebody_waits(&self) {
        let begin = Instant::now();
        let query = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND wait_event_type = 'Lock'",
            self.database
        );
        while self.postgres.run("postgres", &query).trim() == "0" {
            assert!(begin.elapsed() < Duration::from_secs(60), "the run never came to the locked table");
        }
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        drop(self.session.stdin.take());
        let _ = self.session.wait();
    }
}
