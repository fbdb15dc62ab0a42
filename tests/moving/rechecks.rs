//! Single situations of keys that are read again.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::binary::{Outcome, Tieout};
use crate::result::Line;
use crate::servers::{MariaDb, Postgres};

/// `consistency = "eventual"` over the table `t` of two stores.
fn config(source: &str, target: &str, head: &str, table: &str) -> String {
    format!(
        "consistency = \"eventual\"\nrecheck = {{ times = 3, after = \"200ms\" }}\n{head}\n[source]\nurl = \"{source}\"\n\
         [target]\nurl = \"{target}\"\n[[tables]]\nsource = \"t\"\n{table}\n"
    )
}

fn run(tieout: &Tieout, config: &str) -> Outcome {
    tieout.write("tieout.toml", config);
    tieout.run(["run", "tieout.toml"])
}

/// Gives the row 42 of both sides another number all the time, each side one of its own, so that they never agree.
struct Restless {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Restless {
    fn between(source: &str, target: &str) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let stopped = stop.clone();
        let mut sessions = [source, target].map(|one| Postgres::shared().psql(one).spawn().expect("psql starts"));
        let thread = std::thread::spawn(move || {
            let mut pipes = sessions.each_mut().map(|one| one.stdin.take().expect("a pipe"));
            let mut n = 0;
            while !stopped.load(Ordering::SeqCst) {
                for pipe in &mut pipes {
                    n += 1;
                    writeln!(pipe, "UPDATE t SET n = {n} WHERE id = 42;").expect("psql reads");
                }
                std::thread::sleep(Duration::from_millis(30));
            }
            drop(pipes);
            for session in &mut sessions {
                session.wait().expect("psql ends");
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Restless {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[test]
fn keys_of_several_columns_of_text_and_repeated_ones_are_read_again_and_shown_as_they_stand() {
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let source = postgres.database(
        "recheck_text",
        r"CREATE TABLE t (country text, code text, name text, PRIMARY KEY (country, code));
        INSERT INTO t SELECT 'c' || i % 7, 'it''s \ ' || i, 'row ' || i FROM generate_series(1, 3000) i;",
    );
    let target = mariadb.database(
        "recheck_text",
        r"CREATE TABLE t (country varchar(9), code varchar(40), name varchar(40), PRIMARY KEY (country, code))
            DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci;
        INSERT INTO t SELECT CONCAT('c', seq % 7), CONCAT('it''s \\ ', seq), CONCAT('row ', seq) FROM seq_1_to_3000;
        UPDATE t SET name = 'changed' WHERE code = 'it''s \\ 12';
        DELETE FROM t WHERE code = 'it''s \\ 13';
        INSERT INTO t VALUES ('C1', 'more', 'more');",
    );
    let tieout = Tieout::new();
    let report = run(&tieout, &config(&postgres.url(&source), &mariadb.url(&target), "", "")).exits(1).report();
    report.assert_lines(
        "t",
        &[
            Line::cell(&["c5", r"it's \ 12"], "name", "row 12", "changed"),
            Line::missing(&["c6", r"it's \ 13"]),
            Line::unexpected(&["C1", "more"]),
        ],
    );
    assert_eq!(report.table("t")["moving"]["stable"], 3);
    assert!(tieout.latest().join("snapshots/t/source/rechecked/manifest.json").is_file());
}

#[test]
fn repeated_keys_null_keys_and_tables_without_a_key_are_read_again_as_a_whole() {
    let postgres = Postgres::shared();
    let made =
        "CREATE TABLE t (id bigint, name text); INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, 500) i;
        INSERT INTO t VALUES (7, 'row 7'), (NULL, 'nothing'), (NULL, 'nothing');";
    let source = postgres.database("recheck_repeated", made);
    let target = postgres.copy(&source, "recheck_repeated");
    postgres.run(
        &target,
        "INSERT INTO t VALUES (8, 'row 8'); DELETE FROM t WHERE id IS NULL; INSERT INTO t VALUES (NULL, 'nothing');
         UPDATE t SET name = 'other' WHERE id = 9;",
    );
    let tieout = Tieout::new();
    let (source, target) = (postgres.url(&source), postgres.url(&target));
    let report = run(&tieout, &config(&source, &target, "", "key = [\"id\"]")).exits(1).report();
    assert_eq!(report.counts("t"), [0, 0, 2, 1], "{:#}", report.table("t"));
    let report = run(&tieout, &config(&source, &target, "", "key = []")).exits(1).report();
    assert_eq!(report.counts("t"), [1, 1, 2, 0], "{:#}", report.table("t"));
    assert_eq!(report.table("t")["moving"]["stable"], 4);
}

#[test]
fn a_key_that_keeps_changing_is_hot_which_is_undecided_and_named() {
    let postgres = Postgres::shared();
    let made =
        "CREATE TABLE t (id bigint PRIMARY KEY, n bigint); INSERT INTO t SELECT i, 0 FROM generate_series(1, 1000) i;";
    let source = postgres.database("recheck_hot", made);
    let target = postgres.copy(&source, "recheck_hot");
    postgres.run(&target, "UPDATE t SET n = -1 WHERE id = 42");
    let writing = Restless::between(&source, &target);
    let tieout = Tieout::new();
    let outcome = run(&tieout, &config(&postgres.url(&source), &postgres.url(&target), "", "")).exits(3);
    drop(writing);
    let report = outcome.report();
    let table = report.table("t");
    assert_eq!(table["verdict"], "undecided", "{table:#}");
    assert_eq!((&table["moving"]["hot"], &table["moving"]["hot_keys"]), (&1.into(), &serde_json::json!(["42"])));
    assert_eq!(report.counts("t"), [0; 4]);
    let hot = std::fs::read_to_string(tieout.latest().join("tables/t/hot.csv")).expect("hot.csv");
    assert!(hot.starts_with("key,changes\n42,"), "{hot}");
    assert!(outcome.stdout.contains("1 key kept changing") && outcome.stdout.contains("1 hot"), "{outcome}");
    tieout.run(["verify", "reports/latest"]).exits(0);
}

#[test]
fn a_hot_key_beside_a_lost_one_does_not_hide_it() {
    let postgres = Postgres::shared();
    let made =
        "CREATE TABLE t (id bigint PRIMARY KEY, n bigint); INSERT INTO t SELECT i, 0 FROM generate_series(1, 1000) i;";
    let source = postgres.database("recheck_hot_lost", made);
    let target = postgres.copy(&source, "recheck_hot_lost");
    postgres.run(&target, "UPDATE t SET n = -1 WHERE id = 42; DELETE FROM t WHERE id = 7");
    let writing = Restless::between(&source, &target);
    let tieout = Tieout::new();
    let report = run(&tieout, &config(&postgres.url(&source), &postgres.url(&target), "", "")).exits(1).report();
    drop(writing);
    report.assert_lines("t", &[Line::missing(&["7"])]);
    assert_eq!(report.table("t")["moving"]["hot"], 1);
}

#[test]
fn what_arrives_late_is_no_difference() {
    let postgres = Postgres::shared();
    let made =
        "CREATE TABLE t (id bigint PRIMARY KEY, n bigint); INSERT INTO t SELECT i, 0 FROM generate_series(1, 1000) i;";
    let source = postgres.database("recheck_late", made);
    let target = postgres.copy(&source, "recheck_late");
    postgres
        .run(&source, "UPDATE t SET n = 1 WHERE id <= 5; DELETE FROM t WHERE id = 6; INSERT INTO t VALUES (2000, 1)");
    let of_thread = target.clone();
    let arriving = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(4));
        Postgres::shared().run(
            &of_thread,
            "UPDATE t SET n = 1 WHERE id <= 5; DELETE FROM t WHERE id = 6; INSERT INTO t VALUES (2000, 1)",
        );
    });
    let tieout = Tieout::new();
    let config = config(&postgres.url(&source), &postgres.url(&target), "", "");
    let report = run(&tieout, &config.replace("200ms", "2s")).exits(0).report();
    arriving.join().expect("the changes arrived");
    report.assert_match("t");
    let moving = &report.table("t")["moving"];
    assert_eq!((&moving["differed"], &moving["resolved"]), (&7.into(), &7.into()), "{moving:#}");
    assert!(report.table("t")["verified_until"]["target"].as_str().is_some_and(|at| at.ends_with('Z')));
}

#[test]
fn a_lean_run_and_values_that_are_hidden_come_to_the_same() {
    let postgres = Postgres::shared();
    let made = "CREATE TABLE t (id bigint PRIMARY KEY, n text); INSERT INTO t SELECT i, 'secret ' || i FROM generate_series(1, 40000) i;";
    let source = postgres.database("recheck_lean", made);
    let target = postgres.copy(&source, "recheck_lean");
    postgres.run(&target, "UPDATE t SET n = 'secret x' WHERE id = 777; DELETE FROM t WHERE id = 30000;");
    let tieout = Tieout::new();
    let head = "snapshot = \"lean\"\n[values]\ndefault = \"hide\"";
    let config = config(&postgres.url(&source), &postgres.url(&target), head, "");
    let report = run(&tieout, &config).exits(1).report();
    assert_eq!(report.counts("t"), [1, 0, 0, 1]);
    assert!(!report.csv("t").contains("secret"), "{}", report.csv("t"));
    assert!(!tieout.latest().join("snapshots").exists(), "hidden values keep no snapshots, those read again neither");
}

#[test]
fn tolerances_hold_for_what_is_read_again() {
    let postgres = Postgres::shared();
    let made = "CREATE TABLE t (id bigint PRIMARY KEY, n numeric(12,2)); INSERT INTO t SELECT i, i FROM generate_series(1, 100) i;";
    let source = postgres.database("recheck_tolerance", made);
    let target = postgres.copy(&source, "recheck_tolerance");
    postgres.run(&target, "UPDATE t SET n = n + 0.01 WHERE id = 5; UPDATE t SET n = n + 1 WHERE id = 6;");
    let tieout = Tieout::new();
    let table = "[[tables.columns]]\nsource = \"n\"\ntolerance = { abs = 0.05 }";
    let report = run(&tieout, &config(&postgres.url(&source), &postgres.url(&target), "", table)).exits(1).report();
    report.assert_lines("t", &[Line::cell(&["6"], "n", "6.00", "7.00")]);
    assert_eq!(report.table("t")["within_tolerance"], 1);
}

#[test]
fn more_keys_than_fit_in_memory_are_undecided_and_shown() {
    let postgres = Postgres::shared();
    let made = "CREATE TABLE t (id text PRIMARY KEY); INSERT INTO t SELECT repeat('k', 40) || i FROM generate_series(1, 120000) i;";
    let source = postgres.database("recheck_many", made);
    let target = postgres.database("recheck_many", "CREATE TABLE t (id text PRIMARY KEY);");
    let tieout = Tieout::new();
    let head = "memory = \"64MiB\"";
    let config = config(&postgres.url(&source), &postgres.url(&target), head, "");
    let outcome = run(&tieout, &config).exits(3);
    let report = outcome.report();
    assert_eq!(report.counts("t"), [120_000, 0, 0, 0]);
    assert_eq!(report.table("t")["verdict"], "undecided");
    assert_eq!(report.table("t")["moving"]["not_rechecked"], 120_000);
    assert!(report.table("t").get("verified_until").is_none());
    assert!(outcome.stdout.contains("not read again"), "{outcome}");
}

#[test]
fn files_do_not_move_and_are_refused_by_name() {
    let tieout = Tieout::new();
    tieout.write("source/t.csv", "id,n\n1,1\n");
    tieout.write("target/t.csv", "id,n\n1,2\n");
    for consistency in ["eventual", "strong"] {
        tieout
            .diff("source", "target", &["--key", "id", "--consistency", consistency])
            .fails(2)
            .saying(&["the source holds files", consistency]);
    }
}

#[test]
fn sqlite_is_read_again_like_a_server() {
    let tieout = Tieout::new();
    for (name, n) in [("source.db", 1), ("target.db", 2)] {
        let store = rusqlite::Connection::open(tieout.path(name)).expect("SQLite");
        store
            .execute_batch(&format!(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (1, {n}), (2, 2);"
            ))
            .expect("a table");
    }
    let report = run(&tieout, &config("source.db", "target.db", "", "")).exits(1).report();
    report.assert_lines("t", &[Line::cell(&["1"], "n", "1", "2")]);
    assert_eq!(report.table("t")["moving"]["stable"], 1);
}
