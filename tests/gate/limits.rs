//! `tieout run` exits by the limits of its config, and says which one was broken by how much.

use super::{run, shop};
use crate::binary::Tieout;

#[test]
fn differences_within_the_limits_exit_with_0_and_are_still_reported() {
    let tieout = Tieout::new();
    let target = shop("DELETE FROM orders WHERE id IN (5, 6); UPDATE orders SET note = 'x' WHERE id = 9;");
    let config = "[limits.tables.orders]\nmissing_share = \"0.2%\"\ncorrupt = 1\n";
    let outcome = run(&tieout, &shop(""), &target, config).exits(0);
    let report = outcome.report();
    assert_eq!((report.verdict(), report.counts("orders")), ("match", [2, 0, 0, 1]));
    assert_eq!(report.lines("orders").len(), 3);
    assert!(outcome.stdout.contains("agree within the limits"), "{outcome}");
    let limits = report.summary["limits"].as_array().expect("limits");
    assert!(limits.iter().all(|limit| limit["broken"] == false) && limits.len() == 2, "{limits:#?}");
}

#[test]
fn a_broken_limit_is_named_in_every_report_with_its_excess() {
    let tieout = Tieout::new();
    let target = shop("DELETE FROM orders WHERE id < 8; UPDATE orders SET note = 'x' WHERE id BETWEEN 20 AND 25;");
    let config = "[limits]\nmissing = 4\n[limits.tables.orders.columns.note]\ncorrupt_share = \"0.5%\"\n";
    let outcome = run(&tieout, &shop(""), &target, config).exits(1);
    let missing = "the run: 7 missing, the limit is 4: 3 over";
    let column = "orders.note: 6 corrupt, the limit is 0.5% of 1000: 1 over";
    for words in [missing, column] {
        assert!(outcome.stdout.contains(&format!("limit broken: {words}")), "{outcome}");
        for file in ["junit.xml", "report.html"] {
            let text = std::fs::read_to_string(tieout.latest().join(file)).expect("a report");
            assert!(text.contains(words), "{words} is not in {file}");
        }
    }
    let summary = outcome.report().summary;
    let broken: Vec<_> = summary["limits"].as_array().expect("limits").iter().filter(|l| l["broken"] == true).collect();
    assert_eq!(broken.len(), 2, "{broken:#?}");
    assert_eq!(
        (&broken[0]["limit"], &broken[0]["found"], &broken[0]["over"]),
        (&"missing".into(), &7.into(), &3.into())
    );
    assert_eq!(broken[1]["column"], "note");
}

#[test]
fn everything_that_is_not_mentioned_is_zero() {
    let tieout = Tieout::new();
    let outcome =
        run(&tieout, &shop(""), &shop("DELETE FROM customers WHERE id = 1;"), "[limits]\ncorrupt = 5\n").exits(1);
    assert!(outcome.stdout.contains("the run: 1 missing, the limit is 0: 1 over"), "{outcome}");
    let orders_only = "[limits.tables.orders]\nmissing = 9\n";
    run(&tieout, &shop(""), &shop("DELETE FROM customers WHERE id = 1;"), orders_only).exits(1);
}

#[test]
fn too_little_coverage_is_undecided() {
    let tieout = Tieout::new();
    let tables = "[[tables]]\nsource = \"orders\"\nignore = [\"note\"]\n";
    run(&tieout, &shop(""), &shop(""), tables).exits(0);
    let outcome =
        run(&tieout, &shop(""), &shop(""), &format!("{tables}[limits]\ncoverage_columns = \"90%\"\n")).exits(3);
    assert!(outcome.stdout.contains("2 of 3 columns compared, the limit is 90% of 3: 1 too few"), "{outcome}");
    let outcome =
        run(&tieout, &shop(""), &shop(""), &format!("{tables}[limits]\ncoverage_tables = \"100%\"\n")).exits(3);
    assert!(outcome.stdout.contains("1 of 2 tables compared"), "{outcome}");
    assert_eq!(outcome.report().summary["coverage"]["tables"], serde_json::json!({"compared": 1, "existing": 2}));
    run(&tieout, &shop(""), &shop(""), &format!("{tables}[limits]\ncoverage_tables = \"50%\"\n")).exits(0);
}

#[test]
fn slips_in_limits_are_refused_before_a_row_is_read() {
    let tieout = Tieout::new();
    for (config, said) in [
        ("[limits]\nmising = 1\n", "\"missing\""),
        ("[limits]\nmissing_share = \"lots\"\n", "\"lots\" is no share"),
        ("[limits]\nmissing = \"1%\"\n", "\"missing\" must be a whole number"),
        ("[limits]\nschema = \"lossi\"\n", "\"lossy\""),
        ("[limits.tables.ordrs]\nmissing = 1\n", "orders"),
        ("[limits.tables.orders.columns.nota]\ncorrupt = 1\n", "note"),
        ("[limits.tables.orders.columns.note]\n", "say nothing"),
        ("[[tables]]\nsource = \"orders\"\n[limits.tables.customers]\nmissing = 1\n", "[[tables]] does not list"),
    ] {
        run(&tieout, &shop(""), &shop(""), config).exits(2).saying(&[said]);
    }
}

#[test]
fn findings_of_the_schemas_break_a_limit_for_their_severity() {
    let tieout = Tieout::new();
    let target = shop("").replacen("note TEXT", "note TEXT NOT NULL", 1);
    assert_ne!(target, shop(""));
    run(&tieout, &shop(""), &target, "").exits(0);
    run(&tieout, &shop(""), &target, "[limits]\nschema = \"lossy\"\n").exits(0);
    let outcome = run(&tieout, &shop(""), &target, "[limits]\nschema = \"stricter\"\n").exits(1);
    assert!(outcome.stdout.contains("schema findings"), "{outcome}");
}
