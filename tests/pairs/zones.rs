//! Times without a zone against moments: they need to be told the zone.

use crate::binary::Tieout;
use crate::servers::{MariaDb, Postgres};

const NAIVE: &str = "CREATE TABLE t (id int PRIMARY KEY, at timestamp); INSERT INTO t VALUES
    (1, '2024-07-01 12:00:00'), (2, '2024-01-01 12:00:00.25'), (3, NULL);";
const MOMENTS: &str = "CREATE TABLE t (id int PRIMARY KEY, at timestamptz); INSERT INTO t VALUES
    (1, '2024-07-01 10:00:00Z'), (2, '2024-01-01 11:00:00.25Z'), (3, NULL);";

fn postgres(script: &str) -> String {
    let postgres = Postgres::shared();
    postgres.url(&postgres.database("zones", script))
}

#[test]
fn without_a_zone_they_are_incomparable() {
    let tieout = Tieout::new();
    let (naive, moments) = (postgres(NAIVE), postgres(MOMENTS));
    for (source, target) in [(&naive, &moments), (&moments, &naive)] {
        let report = tieout.diff(source, target, &[]).exits(3).report();
        assert_eq!(report.verdict(), "undecided");
        assert_eq!(report.column("t", "at")["status"], "incomparable");
    }
}

#[test]
fn with_the_right_zone_they_match_in_summer_and_winter() {
    let tieout = Tieout::new();
    let (naive, moments) = (postgres(NAIVE), postgres(MOMENTS));
    for (source, target) in [(&naive, &moments), (&moments, &naive)] {
        tieout.diff(source, target, &["--time-zone", "Europe/Vienna"]).exits(0).report().assert_match("t");
    }
}

#[test]
fn with_a_wrong_zone_they_differ() {
    let tieout = Tieout::new();
    let report = tieout.diff(postgres(NAIVE), postgres(MOMENTS), &["--time-zone", "UTC"]).exits(1).report();
    assert_eq!(report.counts("t"), [0, 0, 0, 2]);
}

#[test]
fn a_local_time_that_happens_twice_or_never_is_no_match() {
    let tieout = Tieout::new();
    let naive = "CREATE TABLE t (id int PRIMARY KEY, at timestamp);
        INSERT INTO t VALUES (1, '2023-11-05 01:30:00'), (2, '2023-03-12 02:30:00'), (3, '2023-06-01 00:00:00');";
    let moments = "CREATE TABLE t (id int PRIMARY KEY, at timestamptz);
        INSERT INTO t VALUES (1, '2023-11-05 05:30:00Z'), (2, '2023-03-12 07:30:00Z'), (3, '2023-06-01 04:00:00Z');";
    let outcome = tieout.diff(postgres(naive), postgres(moments), &["--time-zone", "America/New_York"]);
    assert!(matches!(outcome.code, Some(1 | 3)), "{outcome}");
    let report = outcome.report();
    assert!(
        report.lines("t").iter().all(|line| line.key[0] != "3"),
        "the plain one is equal: {:#?}",
        report.lines("t")
    );
}

#[test]
fn the_zone_of_a_session_or_a_client_changes_nothing() {
    let mariadb = MariaDb::shared();
    let script = "SET time_zone = '+00:00'; CREATE TABLE t (id INT PRIMARY KEY, at TIMESTAMP NULL);
        INSERT INTO t VALUES (1, '2024-07-01 10:00:00'), (2, '2024-01-01 11:00:00'), (3, NULL);";
    let target = mariadb.url(&mariadb.database("zones", script));
    let source = MOMENTS.replace(".25", "")
        + "DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Kolkata''', current_database());
        EXECUTE format('ALTER DATABASE %I SET datestyle = ''SQL, DMY''', current_database());
        EXECUTE format('ALTER DATABASE %I SET extra_float_digits = 0', current_database());
        EXECUTE format('ALTER DATABASE %I SET bytea_output = ''escape''', current_database());
        END $$;";
    let source = postgres(&source);
    let runs = ["UTC", "Asia/Kolkata", "America/New_York"].map(|zone| {
        let tieout = Tieout::new();
        let mut command = tieout.command(["diff", &source, &target]);
        command.env("TZ", zone).env("PGTZ", zone);
        tieout.start(command).end().exits(0).report().assert_match("t");
        let mut command = tieout.command(["diff", &source, &target, "--where", "id > 1"]);
        command.env("TZ", zone).env("PGTZ", zone);
        tieout.start(command).end().exits(0).report().rows("t")
    });
    assert_eq!(runs, [[Some(2), Some(2)]; 3]);
}
