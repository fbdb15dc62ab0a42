//! Waivers: owner, reason and end; what they cover stays in the reports, marked.

use super::{run, shop};
use crate::binary::Tieout;

fn waiver(rest: &str, until: &str) -> String {
    format!("[[waivers]]\nowner = \"jo@example.com\"\nreason = \"ticket 12\"\nuntil = {until}\n{rest}\n")
}

fn junit(tieout: &Tieout) -> String {
    std::fs::read_to_string(tieout.latest().join("junit.xml")).expect("junit.xml")
}

#[test]
fn waived_differences_stay_in_the_reports_and_are_marked() {
    let tieout = Tieout::new();
    let target = shop("DELETE FROM orders WHERE id IN (5, 6); UPDATE orders SET note = 'x' WHERE id = 9;");
    let config = waiver("table = \"orders\"\nkeys = [5, \"6\"]", "2999-12-31")
        + &waiver("table = \"Orders\"\ncolumn = \"note\"", "\"2999-12-31\"");
    let outcome = run(&tieout, &shop(""), &target, &config).exits(0);
    let report = outcome.report();
    assert_eq!((report.verdict(), report.counts("orders")), ("match", [2, 0, 0, 1]));
    assert_eq!(report.lines("orders").len(), 3);
    let waived = &report.table("orders")["waived"];
    assert_eq!((&waived["missing"], &waived["corrupt"]), (&2.into(), &1.into()));
    assert_eq!(report.summary["waivers"][0]["differences"], 2);
    assert!(outcome.stdout.contains("waived by jo@example.com: ticket 12 (until 2999-12-31)"), "{outcome}");
    assert!(outcome.stdout.contains("somebody vouches for"), "{outcome}");
    let junit = junit(&tieout);
    assert!(junit.contains("skipped=\"1\"") && junit.contains("ticket 12") && !junit.contains("<failure"), "{junit}");
    let html = std::fs::read_to_string(tieout.latest().join("report.html")).expect("a report");
    assert!(html.contains("ticket 12"));
}

#[test]
fn an_expired_waiver_covers_nothing_and_the_run_says_so() {
    let tieout = Tieout::new();
    let config = waiver("table = \"orders\"", "2020-01-31");
    let outcome = run(&tieout, &shop(""), &shop("DELETE FROM orders WHERE id IN (5, 6);"), &config).exits(1);
    let said = "the waiver of jo@example.com for orders expired after 2020-01-31: 2 differences count again";
    assert!(outcome.stdout.contains(said), "{outcome}");
    let summary = outcome.report().summary;
    assert_eq!((&summary["waivers"][0]["expired"], &summary["waivers"][0]["differences"]), (&true.into(), &2.into()));
    assert!(junit(&tieout).contains("<failure"));
}

#[test]
fn what_a_waiver_does_not_name_still_differs() {
    let tieout = Tieout::new();
    let target = shop("DELETE FROM orders WHERE id IN (5, 6);");
    let config = waiver("table = \"orders\"\nkeys = [5]", "2999-12-31");
    let report = run(&tieout, &shop(""), &target, &config).exits(1).report();
    assert_eq!(report.table("orders")["waived"]["missing"], 1);
    // That is not their cause.
    let config = waiver("cause = \"trailing_blanks\"", "2999-12-31");
    run(&tieout, &shop(""), &target, &config).exits(1);
}

#[test]
fn a_key_of_several_columns_is_written_as_in_the_differences() {
    let tieout = Tieout::new();
    let of = |rows: &str| {
        format!("CREATE TABLE t (a TEXT, b INTEGER, c TEXT, PRIMARY KEY (a, b)); INSERT INTO t VALUES {rows};")
    };
    let (source, target) = (of("('x', 1, 'c'), ('=y', 2, 'c')"), of("('x', 1, 'd'), ('=y', 2, 'd')"));
    let keys = |keys: &str| waiver(&format!("table = \"t\"\nkeys = [{keys}]"), "2999-12-31");
    run(&tieout, &source, &target, &keys("'[\"x\",\"1\"]', '[\"=y\",\"2\"]'")).exits(0);
    run(&tieout, &source, &target, &keys("'[\"x\",\"1\"]'")).exits(1);
}

#[test]
fn a_table_and_a_column_without_a_counterpart_can_be_waived() {
    let tieout = Tieout::new();
    let target = shop("DROP TABLE customers; ALTER TABLE orders DROP COLUMN note;");
    run(&tieout, &shop(""), &target, "").exits(1);
    let config =
        waiver("table = \"customers\"", "2999-12-31") + &waiver("table = \"orders\"\ncolumn = \"note\"", "2999-12-31");
    let report = run(&tieout, &shop(""), &target, &config).exits(0).report();
    assert_eq!(report.table("orders")["waived"]["columns"], serde_json::json!(["note"]));
    assert!(junit(&tieout).contains("skipped=\"2\""));
    run(&tieout, &shop(""), &target, &waiver("table = \"customers\"", "2999-12-31")).exits(1);
}

#[test]
fn a_waiver_without_owner_reason_end_or_subject_is_refused() {
    let tieout = Tieout::new();
    for (config, said) in [
        ("reason = \"r\"\nuntil = 2999-01-01\ntable = \"orders\"", "owner"),
        ("owner = \"o\"\nuntil = 2999-01-01\ntable = \"orders\"", "reason"),
        ("owner = \"o\"\nreason = \"r\"\ntable = \"orders\"", "until"),
        ("owner = \" \"\nreason = \"r\"\nuntil = 2999-01-01\ntable = \"orders\"", "\"owner\" is empty"),
        ("owner = \"o\"\nreason = \"r\"\nuntil = \"soon\"\ntable = \"orders\"", "must be a day"),
        ("owner = \"o\"\nreason = \"r\"\nuntil = 2999-01-01", "what it is about"),
        ("owner = \"o\"\nreason = \"r\"\nuntil = 2999-01-01\ntable = \"orders\"\nkeys = []", "empty"),
        ("owner = \"o\"\nreason = \"r\"\nuntil = 2999-01-01\ntable = \"order\"", "did you mean orders?"),
    ] {
        run(&tieout, &shop(""), &shop(""), &format!("[[waivers]]\n{config}\n")).exits(2).saying(&[said]);
    }
}

#[test]
fn what_a_cause_explains_is_waived_and_nothing_else() {
    let tieout = Tieout::new();
    let blanks = "UPDATE orders SET note = note || '  ' WHERE id % 2 = 0;";
    let config = waiver("cause = \"trailing_blanks\"", "2999-12-31");
    let report = run(&tieout, &shop(""), &shop(blanks), &config).exits(0).report();
    assert!(report.counts("orders")[3] > 1, "they are still counted");
    assert_eq!(report.table("orders")["waived"]["corrupt"], report.counts("orders")[3]);
    run(&tieout, &shop(""), &shop(&format!("{blanks} UPDATE orders SET note = 'other' WHERE id = 3;")), &config)
        .exits(1);
    // A row that has the cause in one column and another one in the next is not vouched for.
    let config = waiver("cause = \"trailing_blanks\"\ncolumn = \"amount\"", "2999-12-31");
    run(&tieout, &shop(""), &shop(blanks), &config).exits(1);
}
