//! Servers that cannot be reached, passwords that are wrong, tables that are not there.

use super::two_stores;
use crate::binary::Tieout;
use crate::servers::{MariaDb, PASSWORD_IN_URL, Postgres, free_port};

const TABLE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(10)); INSERT INTO t VALUES (1, 'a');";

#[test]
fn an_unreachable_host_is_undecided() {
    let tieout = Tieout::new();
    two_stores(&tieout);
    for scheme in ["postgres", "mysql"] {
        let port = free_port();
        let url = format!("{scheme}://app:{PASSWORD_IN_URL}@127.0.0.1:{port}/shop");
        let place = format!("127.0.0.1:{port}");
        tieout.diff(&url, "source.db", &[]).fails(3).saying(&[&place]);
        tieout.diff("source.db", &url, &[]).fails(3).saying(&[&place]);
        tieout.run(["snapshot", &url, "--out", "snap"]).fails(3).saying(&[&place]);
        super::assert_no_manifest(&tieout.path("snap"), &[]);
    }
}

#[test]
fn a_host_that_does_not_exist_is_undecided() {
    let tieout = Tieout::new();
    two_stores(&tieout);
    tieout
        .diff("postgres://app@no-such-host.invalid/shop", "source.db", &[])
        .fails(3)
        .saying(&["no-such-host.invalid"]);
}

#[test]
fn a_wrong_password_is_undecided() {
    let tieout = Tieout::new();
    two_stores(&tieout);
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let right = [postgres.url(&postgres.database("pw", TABLE)), mariadb.url(&mariadb.database("pw", TABLE))];
    for url in right {
        tieout.diff(&url, &url, &[]).exits(0);
        std::fs::remove_dir_all(tieout.path("reports")).expect("reports");
        let wrong = url.replace(PASSWORD_IN_URL, "wr0ng-secret");
        assert_ne!(url, wrong);
        for outcome in [tieout.diff(&wrong, "source.db", &[]), tieout.diff("source.db", &wrong, &[])] {
            let outcome = outcome.fails(3).saying(&["127.0.0.1"]);
            assert!(!format!("{outcome}").contains("wr0ng-secret"), "{outcome}");
        }
    }
}

#[test]
fn a_database_that_does_not_exist_is_undecided() {
    let tieout = Tieout::new();
    two_stores(&tieout);
    for url in [Postgres::shared().url("no_such_database"), MariaDb::shared().url("no_such_database")] {
        tieout.diff(&url, "source.db", &[]).fails(3).saying(&["no_such_database"]);
    }
    tieout.diff("no_such_file.db", "source.db", &[]).fails(3).saying(&["no_such_file.db"]);
    assert!(!tieout.path("no_such_file.db").exists(), "SQLite must not create the file");
}

#[test]
fn a_table_on_neither_side_is_undecided() {
    let tieout = Tieout::new();
    two_stores(&tieout);
    let outcome = tieout.diff("source.db", "target.db", &["--table", "nope"]).fails(3).saying(&["nope"]);
    assert_eq!(outcome.report().verdict(), "undecided");
}

#[test]
fn a_table_on_neither_side_is_undecided_also_when_another_matches() {
    let tieout = Tieout::new();
    two_stores(&tieout);
    let outcome =
        tieout.diff("source.db", "target.db", &["--table", "t", "--table", "nope"]).exits(3).saying(&["nope"]);
    let report = outcome.report();
    assert_eq!(report.verdict(), "undecided");
    report.assert_match("t");
}

#[test]
fn a_table_on_one_side_only_differs() {
    let tieout = Tieout::new();
    two_stores(&tieout);
    crate::sqlite::run(&tieout.path("source.db"), "CREATE TABLE extra (id INTEGER PRIMARY KEY)");
    for (source, target, side) in [("source.db", "target.db", "source"), ("target.db", "source.db", "target")] {
        for more in [&[][..], &["--table", "extra"], &["--table", "extra", "--table", "t"]] {
            let report = tieout.diff(source, target, more).exits(1).report();
            assert_eq!(report.verdict(), "differ");
            let table = report.table("extra");
            assert_eq!(table["verdict"], "differ");
            assert!(table["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{table:#}");
            assert_eq!(table[side], "extra", "{table:#}");
            assert!(table[if side == "source" { "target" } else { "source" }].is_null(), "{table:#}");
        }
    }
}

#[test]
fn stores_without_any_table_in_common_are_no_match() {
    let tieout = Tieout::new();
    crate::sqlite::database(tieout.folder.path(), "source.db", "CREATE TABLE a (id INTEGER PRIMARY KEY)");
    crate::sqlite::database(tieout.folder.path(), "target.db", "CREATE TABLE b (id INTEGER PRIMARY KEY)");
    let report = tieout.diff("source.db", "target.db", &[]).exits(1).report();
    assert_eq!(report.tables(), ["a", "b"]);
}

#[test]
fn stores_without_any_table_are_undecided() {
    let tieout = Tieout::new();
    for name in ["source.db", "target.db"] {
        crate::sqlite::database(tieout.folder.path(), name, "CREATE TABLE t (id INTEGER PRIMARY KEY); DROP TABLE t");
    }
    let report = tieout.diff("source.db", "target.db", &[]).exits(3).report();
    assert_eq!(report.verdict(), "undecided");
    assert!(report.summary["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{:#}", report.summary);
}

#[test]
fn a_file_that_is_no_database_is_undecided() {
    let tieout = Tieout::new();
    two_stores(&tieout);
    tieout.write("noise.db", [0x5a; 9000]);
    tieout.diff("sqlite://noise.db", "target.db", &[]).fails(3).saying(&["noise.db"]);
    // By its path alone nobody can tell which kind of store it was meant to be.
    tieout.diff("noise.db", "target.db", &[]).fails(2).saying(&["noise.db"]);
}

#[test]
fn a_damaged_database_is_undecided() {
    let tieout = Tieout::new();
    let script = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO t SELECT i, 'some text that takes its place ' || i FROM n;";
    for name in ["source.db", "target.db"] {
        crate::sqlite::database(tieout.folder.path(), name, script);
    }
    let mut bytes = std::fs::read(tieout.path("target.db")).expect("a database");
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xff);
    tieout.write("target.db", bytes);
    tieout.diff("source.db", "target.db", &[]).fails(3).saying(&["target.db"]);
}

#[test]
fn a_condition_that_the_store_refuses_is_undecided() {
    let tieout = Tieout::new();
    two_stores(&tieout);
    let outcome = tieout.diff("source.db", "target.db", &["--where", "no_such_column > 1"]).fails(3);
    outcome.saying(&["no_such_column"]);
}
