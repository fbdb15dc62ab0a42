//! `--snapshot lean` finds the very differences that `full` finds, whatever way the rows are read again.

use crate::binary::Tieout;
use crate::servers::{MariaDb, Postgres};

/// Compares in both ways; the differences must be the same bytes. Returns them.
#[track_caller]
fn both_ways(tieout: &Tieout, source: &str, target: &str, more: &[&str]) -> String {
    let found = ["full", "lean"].map(|kind| {
        let options = [more, &["--snapshot", kind]].concat();
        let report = tieout.diff(source, target, &options).exits(1).report();
        (report.counts("t"), report.csv("t"))
    });
    assert_eq!(found[0], found[1]);
    let kept = tieout.latest().join("snapshots/t");
    let manifest = std::fs::read_to_string(kept.join("source/manifest.json")).expect("a manifest of digests");
    assert!(manifest.contains("tieout-digests/2"), "{manifest}");
    assert!(!kept.join("source/part-00000.parquet").exists(), "no rows are kept but those that disagree");
    assert!(kept.join("source/disagreeing/manifest.json").is_file());
    found[1].1.clone()
}

#[test]
fn rows_with_an_integer_key_are_read_again_by_ranges() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let made = "CREATE TABLE t (id bigint PRIMARY KEY, name text);
        INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, 60000) i;";
    let source = postgres.database("lean_source", made);
    let mariadb = MariaDb::shared();
    let target = mariadb.database(
        "lean_target",
        "CREATE TABLE t (id bigint PRIMARY KEY, name varchar(40));
        INSERT INTO t SELECT seq, CONCAT('row ', seq) FROM seq_1_to_60000;
        UPDATE t SET name = 'changed' WHERE id = 777;
        DELETE FROM t WHERE id = 30000;
        INSERT INTO t VALUES (-5, 'more');",
    );
    let csv = both_ways(&tieout, &postgres.url(&source), &mariadb.url(&target), &[]);
    assert_eq!(csv.lines().count(), 4, "{csv}");
}

#[test]
fn rows_with_a_composite_text_key_are_read_again_by_their_keys() {
    let tieout = Tieout::new();
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let source = postgres.database(
        "lean_text",
        r"CREATE TABLE t (country text, code text, name text, PRIMARY KEY (country, code));
        INSERT INTO t SELECT 'c' || i % 7, 'it''s \ ' || i, 'row ' || i FROM generate_series(1, 40000) i;",
    );
    let target = mariadb.database(
        "lean_text",
        r"CREATE TABLE t (country varchar(9), code varchar(40), name varchar(40), PRIMARY KEY (country, code))
            DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci;
        INSERT INTO t SELECT CONCAT('c', seq % 7), CONCAT('it''s \\ ', seq), CONCAT('row ', seq) FROM seq_1_to_40000;
        UPDATE t SET name = 'changed' WHERE code IN ('it''s \\ 12', 'it''s \\ 39999');",
    );
    let csv = both_ways(&tieout, &postgres.url(&source), &mariadb.url(&target), &[]);
    assert_eq!(csv.lines().count(), 3, "{csv}");
}

#[test]
fn rows_without_an_index_and_tables_that_differ_everywhere_are_read_whole_again() {
    let tieout = Tieout::new();
    let rows = |name: &str| (1..3000).map(|i| format!("{i},{name} {i}\n")).collect::<String>();
    tieout.write("source/t.csv", format!("id,name\n{}", rows("one")));
    tieout.write("target/t.csv", format!("id,name\n{}", rows("other")));
    let csv = both_ways(&tieout, "source", "target", &["--key", "id"]);
    assert_eq!(csv.lines().count(), 3000, "the header and 2999 rows");
}

#[test]
fn equal_tables_match_and_keep_no_rows() {
    let tieout = Tieout::new();
    let script = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, NULL);";
    super::compare(&tieout, script, script, &["--snapshot", "lean"]).exits(0).report().assert_match("t");
    assert!(!tieout.latest().join("snapshots/t/source/disagreeing").exists());
}

#[test]
fn a_lean_snapshot_is_no_store() {
    let tieout = Tieout::new();
    let script = "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);";
    super::compare(&tieout, script, script, &["--snapshot", "lean"]).exits(0);
    tieout.diff("reports/latest/snapshots/t/source", "target.db", &[]).exits(3).saying(&["lean", "--snapshot full"]);
}
