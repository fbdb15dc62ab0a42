//! `consistency = "strong"`: the target's snapshot is taken once it has passed the source's coordinate.

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use crate::binary::{Outcome, Tieout};
use crate::result::Line;
use crate::servers::{MariaDb, PASSWORD, PASSWORD_IN_URL, Postgres};

const MADE: &str =
    "CREATE TABLE t (id bigint PRIMARY KEY, n bigint); INSERT INTO t SELECT i, 0 FROM generate_series(1, 1000) i;";

fn run(tieout: &Tieout, source: &str, target: &str, more: &str) -> Outcome {
    let config = format!(
        "consistency = \"strong\"\nrecheck = {{ times = 2, after = \"200ms\" }}\n[source]\nurl = \"{source}\"\n[target]\nurl = \"{target}\"\n{more}\n"
    );
    tieout.write("tieout.toml", config);
    tieout.run(["run", "tieout.toml", "--workers", "2", "--table", "t"])
}

fn timeout(time: &str) -> String {
    format!("[fence]\ntimeout = \"{time}\"\n[[tables]]\nsource = \"t\"")
}

/// A cluster that nobody else writes to.
fn quiet() -> &'static Postgres {
    static QUIET: OnceLock<Postgres> = OnceLock::new();
    QUIET.get_or_init(Postgres::start)
}

#[test]
fn a_standby_is_waited_for_until_it_has_replayed_what_the_primary_had_written() {
    let primary = Postgres::start();
    let database = primary.database("fence", MADE);
    let standby = Postgres::standby_of(&primary);
    let (source, target) = (primary.url(&database), standby.url(&database));
    let tieout = Tieout::new();
    let report = run(&tieout, &source, &target, &timeout("60s")).exits(0).report();
    report.assert_match("t");
    let fence = &report.summary["fence"];
    assert!(fence["how"].as_str().is_some_and(|how| how.contains("standby has replayed")), "{fence:#}");
    assert_eq!(fence["source_moved"], false, "{fence:#}");

    let replay = |what: &str| drop(standby.run_as("postgres", "postgres", &format!("SELECT pg_wal_replay_{what}()")));
    replay("pause");
    primary.run(&database, "UPDATE t SET n = 1 WHERE id = 5");
    let outcome = run(&tieout, &source, &target, &timeout("1s")).exits(3);
    let table = outcome.report().table("t").clone();
    assert_eq!((&table["verdict"], &table["rows"]["source"]), (&"undecided".into(), &serde_json::Value::Null));
    assert!(
        table["reason"].as_str().is_some_and(|why| why.contains("has not passed the source's coordinate")),
        "{table:#}"
    );

    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_secs(2));
            replay("resume");
        });
        let report = run(&tieout, &source, &target, &timeout("60s")).exits(0).report();
        report.assert_match("t");
        assert!(
            report.summary["fence"]["seconds"].as_f64().is_some_and(|seconds| seconds > 0.5),
            "{:#}",
            report.summary["fence"]
        );
    });
}

#[test]
fn a_subscriber_is_waited_for_until_it_has_confirmed_what_the_publisher_had_written() {
    let (publisher, subscriber) = (Postgres::start(), Postgres::start());
    let from = publisher.database("fence", MADE);
    let to = subscriber.database("fence", "CREATE TABLE t (id bigint PRIMARY KEY, n bigint);");
    publisher.run_as("postgres", &from, "CREATE PUBLICATION p FOR ALL TABLES");
    let connection =
        format!("host=127.0.0.1 port={} dbname={from} user=postgres password={PASSWORD}", publisher.server.port);
    subscriber.run_as("postgres", &to, &format!("CREATE SUBSCRIPTION s CONNECTION '{connection}' PUBLICATION p"));
    let (source, target) = (publisher.url(&from), subscriber.url(&to));
    let tieout = Tieout::new();
    // The first copy of the table is under way: that, too, is waited for.
    let report = run(&tieout, &source, &target, &timeout("60s")).exits(0).report();
    report.assert_match("t");
    assert!(report.summary["fence"]["how"].as_str().is_some_and(|how| how.contains("replication slot s")));
    assert!(report.summary["fence"]["passed"].as_str().is_some_and(|lsn| lsn.contains('/')));

    // A lock keeps the subscriber from applying what comes.
    let mut lock = subscriber.psql(&to).spawn().expect("psql starts");
    let mut statements = lock.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut statements, b"BEGIN; LOCK TABLE t IN EXCLUSIVE MODE;\n").expect("psql reads");
    thread::sleep(Duration::from_millis(500));
    publisher.run(&from, "UPDATE t SET n = 1 WHERE id = 5; DELETE FROM t WHERE id = 6;");
    let outcome = run(&tieout, &source, &target, &timeout("2s")).exits(3);
    assert!(outcome.stdout.contains("has not passed the source's coordinate"), "{outcome}");
    thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_secs(2));
            drop(statements);
        });
        run(&tieout, &source, &target, &timeout("60s")).exits(0).report().assert_match("t");
    });
    lock.wait().expect("psql ends");

    // What the replication has lost is a difference.
    subscriber.run(&to, "UPDATE t SET n = 9 WHERE id = 7");
    let report = run(&tieout, &source, &target, &timeout("60s")).exits(1).report();
    report.assert_lines("t", &[Line::cell(&["7"], "n", "0", "9")]);
    subscriber.run_as("postgres", &to, "DROP SUBSCRIPTION s");
}

#[test]
fn a_replica_of_mariadb_is_waited_for_by_gtid() {
    let (primary, replica) = (MariaDb::with_binary_log(1), MariaDb::with_binary_log(2));
    let position = primary.run("mysql", "SELECT @@GLOBAL.gtid_binlog_pos;");
    replica.run(
        "mysql",
        &format!(
            "RESET MASTER; SET GLOBAL gtid_slave_pos = '{}';
             CHANGE MASTER TO master_host = '127.0.0.1', master_port = {}, master_user = 'app', master_password = '{PASSWORD}',
                master_use_gtid = slave_pos;
             START SLAVE;",
            position.trim(),
            primary.server.port
        ),
    );
    let made = "CREATE TABLE t (id bigint PRIMARY KEY, n bigint); INSERT INTO t SELECT seq, 0 FROM seq_1_to_1000;";
    let database = primary.database("fence", made);
    let (source, target) = (primary.url(&database), replica.url(&database));
    while replica
        .run("mysql", &format!("SHOW DATABASES LIKE '{database}'; SHOW TABLES FROM mysql LIKE 'nothing';"))
        .is_empty()
    {
        thread::sleep(Duration::from_millis(50));
    }
    thread::sleep(Duration::from_secs(1));
    let tieout = Tieout::new();
    replica.run("mysql", "STOP SLAVE SQL_THREAD;");
    primary.run(&database, "UPDATE t SET n = 1 WHERE id = 5;");
    let outcome = run(&tieout, &source, &target, &timeout("1s")).exits(3);
    assert!(outcome.stdout.contains("has not passed the source's coordinate"), "{outcome}");
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_secs(2));
            replica.run("mysql", "START SLAVE SQL_THREAD;");
        });
        let report = run(&tieout, &source, &target, &timeout("60s")).exits(0).report();
        report.assert_match("t");
        let fence = &report.summary["fence"];
        assert!(fence["how"].as_str().is_some_and(|how| how.contains("GTID")), "{fence:#}");
        assert_eq!(fence["source_moved"], false, "{fence:#}");
    });
}

#[test]
fn a_question_of_the_users_own_is_asked_until_the_target_says_yes() {
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let from = postgres
        .database("fence", &format!("{MADE} CREATE TABLE beat (at text); INSERT INTO beat VALUES ('it''s \\ 7');"));
    let made = "CREATE TABLE t (id bigint PRIMARY KEY, n bigint); INSERT INTO t SELECT seq, 0 FROM seq_1_to_1000;
        CREATE TABLE beat (at varchar(20)); INSERT INTO beat VALUES ('');";
    let to = mariadb.database("fence", made);
    let (source, target) = (postgres.url(&from), mariadb.url(&to));
    let fence = |time: &str| {
        format!(
            "[fence]\nsource = \"SELECT max(at) FROM beat;\"\ntarget = \"SELECT max(at) = {{source}} FROM beat\"\ntimeout = \"{time}\"\n[[tables]]\nsource = \"t\""
        )
    };
    let tieout = Tieout::new();
    let outcome = run(&tieout, &source, &target, &fence("1s")).exits(3);
    assert!(outcome.stdout.contains("has not passed the source's coordinate it's"), "{outcome}");
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_secs(1));
            mariadb.run(&to, r"UPDATE beat SET at = 'it''s \\ 7';");
        });
        let report = run(&tieout, &source, &target, &fence("60s")).exits(0).report();
        report.assert_match("t");
        assert_eq!(report.summary["fence"]["passed"], r"it's \ 7");
    });
    let wrong = fence("1s").replace("SELECT max(at) FROM beat", "SELECT nothing FROM nowhere");
    run(&tieout, &source, &target, &wrong).exits(3).saying(&["the fence's question was refused"]);
    let writing = fence("1s").replace("SELECT max(at) FROM beat", "DELETE FROM beat RETURNING at");
    run(&tieout, &source, &target, &writing).exits(3).saying(&["the fence's question was refused"]);
    assert_eq!(postgres.run(&from, "SELECT count(*) FROM beat").trim(), "1", "a question writes nothing");
}

#[test]
fn without_replication_there_is_no_fence_and_the_report_says_so() {
    let postgres = quiet();
    let source = postgres.database("fence_none", MADE);
    let target = postgres.copy(&source, "fence_none");
    postgres.run(&target, "UPDATE t SET n = 9 WHERE id = 7");
    let tieout = Tieout::new();
    let outcome = run(&tieout, &postgres.url(&source), &postgres.url(&target), "").exits(1);
    let report = outcome.report();
    report.assert_lines("t", &[Line::cell(&["7"], "n", "0", "9")]);
    let fence = &report.summary["fence"];
    assert_eq!((&fence["passed"], &fence["source_moved"]), (&serde_json::Value::Null, &false.into()), "{fence:#}");
    assert!(outcome.stdout.contains("No fence: the target is neither a standby nor a subscriber"), "{outcome}");
    assert!(report.table("t").get("moving").is_none(), "a source that stands still need not be read again");
}

#[test]
fn a_store_that_gives_no_moment_for_all_workers_is_an_error_under_strong_only() {
    let mariadb = MariaDb::shared();
    let made = "CREATE TABLE t (id bigint PRIMARY KEY, n bigint); INSERT INTO t SELECT seq, 0 FROM seq_1_to_1000;";
    let (source, target) = (mariadb.database("weak", made), mariadb.database("weak", made));
    let reader = |database: &str| mariadb.url_as("reader", mariadb.server.port, database);
    let tieout = Tieout::new();
    run(&tieout, &reader(&source), &mariadb.url(&target), "")
        .fails(3)
        .saying(&["the source gave no snapshot of one moment for all workers", "--workers 1"]);
    assert!(reader(&source).contains(PASSWORD_IN_URL));
    tieout.diff(reader(&source), mariadb.url(&target), &["--workers", "2"]).exits(0);
    tieout.diff(reader(&source), mariadb.url(&target), &["--workers", "1", "--consistency", "strong"]).exits(0);
}
