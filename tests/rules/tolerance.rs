//! A tolerance breaks no digest: rows that differ are compared cell by cell, and near cells are no differences.

use proptest::prelude::*;

use super::{of_v, run_sqlite, start, table};
use crate::binary::Tieout;
use crate::result::Line;

#[test]
fn near_values_are_no_difference_and_are_counted() {
    let tieout = Tieout::new();
    let source = table("REAL", &["1.10", "2.0", "3.0", "NULL", "5", "-7.5"]);
    let target = table("REAL", &["1.11", "2.0", "3.02", "NULL", "5.005", "-7.5"]);
    let report = run_sqlite(&tieout, &source, &target, &of_v("tolerance = { abs = 0.01 }"), 1);
    report.assert_lines("t", &[Line::cell(&["3"], "v", "3.0", "3.02")]);
    assert_eq!(report.table("t")["within_tolerance"], 2);
    assert!(report.findings("t").contains("2 cells differ within the tolerance"), "{}", report.findings("t"));
    assert_eq!(report.column("t", "v")["compared_as"], "sqlite value (tolerance abs 0.01)");
    let report = run_sqlite(&tieout, &source, &target, &of_v("tolerance = { abs = 0.02 }"), 0);
    report.assert_match("t");
    assert_eq!(report.table("t")["ranges"]["mismatched"], 1, "the digests differ all the same");
    assert_eq!(report.table("t")["within_tolerance"], 3);
}

#[test]
fn the_bounds_are_absolute_relative_and_in_floats() {
    let tieout = Tieout::new();
    for (rule, equal, corrupt) in [
        ("{ rel = 1e-12 }", ["0.30000000000000004", "0.3"], ["0.3001", "0.3"]),
        ("{ rel = 0.1 }", ["-100", "-110"], ["100", "112"]),
        ("{ ulp = 1 }", ["0.30000000000000004", "0.3"], ["0.3000000000000001", "0.3"]),
        ("{ abs = \"0.1\" }", ["0.1", "0"], ["0.1", "-0.1"]),
        ("{ abs = 1, ulp = 1 }", ["1", "2"], ["1", "NULL"]),
        ("{ abs = 1e300 }", ["1e299", "-1e299"], ["9e999", "1"]),
    ] {
        let rule = of_v(&format!("tolerance = {rule}"));
        let of = |side: usize, pair: [&str; 2]| table("REAL", &[pair[side]]);
        run_sqlite(&tieout, &of(0, equal), &of(1, equal), &rule, 0).assert_match("t");
        let report = run_sqlite(&tieout, &of(0, corrupt), &of(1, corrupt), &rule, 1);
        assert_eq!(report.counts("t"), [0, 0, 0, 1], "{rule}");
        assert!(report.table("t").get("within_tolerance").is_none());
    }
}

#[test]
fn times_may_be_some_seconds_apart() {
    let tieout = Tieout::new();
    let rule = of_v("precision = \"us\"\ntolerance = { abs = 1.5 }");
    let source = table("DATETIME", &["'2024-12-31 23:59:59'"]);
    run_sqlite(&tieout, &source, &table("DATETIME", &["'2025-01-01 00:00:00.5'"]), &rule, 0).assert_match("t");
    let report = run_sqlite(&tieout, &source, &table("DATETIME", &["'2025-01-01 00:00:01'"]), &rule, 1);
    assert_eq!(report.counts("t"), [0, 0, 0, 1]);
}

#[test]
fn a_row_that_differs_elsewhere_is_corrupt_in_that_cell_alone() {
    let tieout = Tieout::new();
    let of = |a: f64, b: &str| {
        format!("CREATE TABLE t (id INTEGER PRIMARY KEY, v REAL, w TEXT); INSERT INTO t VALUES (1, {a}, '{b}');")
    };
    let report = run_sqlite(&tieout, &of(1.0, "a"), &of(1.001, "b"), &of_v("tolerance = { abs = 0.01 }"), 1);
    report.assert_lines("t", &[Line::cell(&["1"], "w", "a", "b")]);
    assert!(report.findings("t").contains("1 cell differs within the tolerance"));
}

#[test]
fn a_key_column_and_a_text_can_have_no_tolerance() {
    let tieout = Tieout::new();
    let script = table("TEXT", &["'a'"]);
    for name in ["source.db", "target.db"] {
        crate::sqlite::database(tieout.folder.path(), name, &script);
    }
    let key = of_v("tolerance = { abs = 1 }").replace("source = \"v\"", "source = \"id\"");
    let outcome = start(&tieout, "source.db", "target.db", &key, &[]).fails(2);
    outcome.saying(&["id", "key", "tolerance", "tieout.toml:"]);
    assert!(!tieout.path("reports").join("latest").exists(), "nothing was compared");
}

#[test]
fn rows_of_a_repeated_key_are_paired_by_what_is_exact_and_then_by_nearness() {
    let tieout = Tieout::new();
    let of = |rows: &str| format!("CREATE TABLE t (k INTEGER, v REAL, w TEXT); INSERT INTO t VALUES {rows};");
    let config =
        "[[tables]]\nsource = \"t\"\nkey = [\"k\"]\n[[tables.columns]]\nsource = \"v\"\ntolerance = { abs = 0.1 }\n";
    let source = of("(1, 1.0, 'x'), (1, 1.01, 'y'), (1, 5.0, 'z')");
    let report = run_sqlite(&tieout, &source, &of("(1, 1.02, 'y'), (1, 1.03, 'x'), (1, 5.05, 'z')"), config, 0);
    assert_eq!(report.table("t")["within_tolerance"], 1);
    let report = run_sqlite(&tieout, &source, &of("(1, 1.02, 'y'), (1, 1.03, 'x'), (1, 6.0, 'z')"), config, 1);
    assert_eq!(report.lines("t").len(), 1, "{}", report.csv("t"));
}

/// What a tolerance means, told naively: in whole thousandths, without a decimal library.
fn near(one: i64, other: i64, abs: i64, rel_percent: i64) -> bool {
    let distance = (one - other).abs();
    distance <= abs || distance * 100 <= rel_percent * one.abs().max(other.abs())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_diff_tolerates_what_a_naive_oracle_tolerates(
        rows in prop::collection::vec((-5000i64..5000, prop_oneof![Just(0i64), -60i64..60, -900i64..900]), 1..60),
        abs in 0i64..50,
        rel in 0i64..8,
    ) {
        let tieout = Tieout::new();
        let decimal = |thousandths: i64| {
            let sign = if thousandths < 0 { "-" } else { "" };
            format!("{sign}{}.{:03}", thousandths.abs() / 1000, thousandths.abs() % 1000)
        };
        let of = |side: usize| -> String {
            let value = |(one, more): &(i64, i64)| decimal(one + if side == 1 { *more } else { 0 });
            let lines = rows.iter().enumerate().map(|(at, row)| format!("{at},{}\n", value(row)));
            format!("id,v\n{}", lines.collect::<String>())
        };
        tieout.write("source/t.csv", of(0));
        tieout.write("target/t.csv", of(1));
        let rule = format!("tolerance = {{ abs = {}, rel = 0.{rel:02} }}", decimal(abs));
        let corrupt = rows.iter().filter(|(one, more)| *more != 0 && !near(*one, one + more, abs, rel)).count();
        let tolerated = rows.iter().filter(|(one, more)| *more != 0 && near(*one, one + more, abs, rel)).count();
        let report = start(&tieout, "source", "target", &of_v(&rule), &[]).exits(i32::from(corrupt > 0)).report();
        prop_assert_eq!(report.counts("t"), [0, 0, 0, corrupt as u64]);
        prop_assert_eq!(report.table("t")["within_tolerance"].as_u64().unwrap_or(0), tolerated as u64);
    }
}
