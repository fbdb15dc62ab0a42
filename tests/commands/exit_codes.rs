//! The exit code is the verdict, and `differ` outweighs `undecided`.

use super::compare;
use crate::binary::Tieout;

const ONE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a');";
const OTHER: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'b');";

#[test]
fn equal_stores_exit_with_0() {
    let tieout = Tieout::new();
    let outcome = compare(&tieout, ONE, ONE, &[]).exits(0);
    let report = outcome.report();
    assert_eq!((report.verdict(), &report.summary["exit_code"]), ("match", &0.into()));
    assert!(outcome.stdout.contains("match"), "{outcome}");
}

#[test]
fn different_stores_exit_with_1() {
    let tieout = Tieout::new();
    let outcome = compare(&tieout, ONE, OTHER, &[]).exits(1);
    let report = outcome.report();
    assert_eq!((report.verdict(), &report.summary["exit_code"]), ("differ", &1.into()));
    assert!(outcome.stdout.contains("differ"), "{outcome}");
    assert!(!outcome.stderr.contains("error:"), "a difference is no error\n{outcome}");
}

#[test]
fn two_empty_tables_match() {
    let tieout = Tieout::new();
    let empty = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);";
    let report = compare(&tieout, empty, empty, &[]).exits(0).report();
    assert_eq!(report.rows("t"), [Some(0), Some(0)]);
}

#[test]
fn an_empty_source_against_one_row_differs() {
    let tieout = Tieout::new();
    let empty = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);";
    assert_eq!(compare(&tieout, empty, ONE, &[]).exits(1).report().counts("t"), [0, 1, 0, 0]);
    assert_eq!(compare(&tieout, ONE, empty, &[]).exits(1).report().counts("t"), [1, 0, 0, 0]);
}

#[test]
fn a_source_column_without_a_counterpart_differs() {
    let tieout = Tieout::new();
    let wide = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, more TEXT); INSERT INTO t VALUES (1, 'a', 'x');";
    let report = compare(&tieout, wide, ONE, &[]).exits(1).report();
    assert_eq!(report.table("t")["verdict"], "differ");
    assert_eq!(report.column("t", "more")["status"], "missing_in_target");
    assert_eq!(report.counts("t"), [0; 4]);
    let report = compare(&tieout, wide, ONE, &["--ignore", "more"]).exits(0).report();
    assert_eq!(report.column("t", "more")["status"], "ignored");
}

#[test]
fn a_column_that_only_the_target_has_is_listed_and_changes_no_verdict() {
    let tieout = Tieout::new();
    let wide = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, more TEXT); INSERT INTO t VALUES (1, 'a', 'x');";
    let report = compare(&tieout, ONE, wide, &[]).exits(0).report();
    assert_eq!(report.column("t", "more")["status"], "missing_in_source");
}

#[test]
fn an_ignored_column_is_not_compared() {
    let tieout = Tieout::new();
    let report = compare(&tieout, ONE, OTHER, &["--ignore", "name"]).exits(0).report();
    assert_eq!(report.column("t", "name")["status"], "ignored");
}

#[test]
fn differ_outweighs_undecided() {
    let tieout = Tieout::new();
    let outcome = compare(&tieout, ONE, OTHER, &["--table", "t", "--table", "nope"]).exits(1);
    assert_eq!(outcome.report().verdict(), "differ");
}

#[test]
fn a_damaged_table_leaves_the_others_their_verdict() {
    let tieout = Tieout::new();
    for side in ["source", "target"] {
        tieout.write(&format!("{side}/good.csv"), "id,name\n1,a\n");
        tieout.write(&format!("{side}/bad.csv"), "id,name\n1,a\n");
    }
    tieout.write("target/bad.csv", "id,name\n1\n");
    let report = tieout.diff("source", "target", &["--key", "id"]).exits(3).saying(&["bad.csv"]).report();
    assert_eq!(report.verdict(), "undecided");
    report.assert_match("good");
    let bad = report.table("bad");
    assert_eq!(bad["verdict"], "undecided");
    assert!(bad["reason"].as_str().is_some_and(|reason| reason.contains("bad.csv")), "{bad:#}");
    tieout.write("target/good.csv", "id,name\n1,b\n");
    assert_eq!(tieout.diff("source", "target", &["--key", "id"]).exits(1).report().verdict(), "differ");
}
