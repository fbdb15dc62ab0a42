//! Missing, unexpected and duplicate keys by stretches.

use super::causes;
use crate::binary::Tieout;

/// A CSV table whose ids are multiples of ten, without those that `lost` says.
fn table(rows: u64, lost: impl Fn(u64) -> bool) -> String {
    let lines = (1..=rows).filter(|at| !lost(*at)).map(|at| format!("{},row {at}\n", at * 10));
    format!("id,name\n{}", lines.collect::<String>())
}

#[test]
fn a_block_of_keys_is_a_block_whatever_the_step_of_the_keys() {
    let tieout = Tieout::new();
    tieout.write("source/t.csv", table(40_000, |_| false));
    let lost = |at: u64| (20_001..=30_000).contains(&at) || [5, 7, 35_000].contains(&at) || at > 39_900;
    tieout.write("target/t.csv", table(40_000, lost));
    let outcome = tieout.diff("source", "target", &["--key", "id"]).exits(1);
    let report = outcome.report();
    let none = String::new;
    assert_eq!(
        causes(&report, "t"),
        [
            ("missing_block".into(), none(), 10_000),
            ("missing_tail".into(), none(), 100),
            ("missing_scattered".into(), none(), 3)
        ]
    );
    let block = &report.table("t")["causes"][0];
    assert_eq!(block["sentence"], "One block of 10,000 keys from 200010 to 300000, missing in the target.");
    assert_eq!(block["example"]["last_key"][0], "300000");
    assert_eq!(block["share"], 0.25);
}

#[test]
fn neither_workers_nor_the_kind_of_snapshot_change_a_cause() {
    let tieout = Tieout::new();
    tieout.write("source/t.csv", table(30_000, |at| at % 9_000 == 17 || at == 12));
    tieout.write("target/t.csv", table(30_000, |at| (4_000..6_000).contains(&at) || at % 9_001 == 0));
    let found = [["--workers", "1"], ["--workers", "4"], ["--snapshot", "lean"]].map(|more| {
        let report = tieout.diff("source", "target", &[&["--key", "id"][..], &more].concat()).exits(1).report();
        causes(&report, "t");
        report.summary["causes"].to_string()
    });
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0], found[2]);
}

#[test]
fn a_block_is_broken_by_a_key_that_is_there() {
    let tieout = Tieout::new();
    tieout.write("source/t.csv", table(3_000, |_| false));
    // One key within the block arrived, another arrived damaged.
    let target = table(3_000, |at| (1_000..2_000).contains(&at) && at != 1_500 && at != 1_700);
    tieout.write("target/t.csv", target.replace("row 1700\n", "Row 1700\n"));
    let report = tieout.diff("source", "target", &["--key", "id"]).exits(1).report();
    let kinds: Vec<_> = causes(&report, "t").into_iter().map(|(kind, _, rows)| (kind, rows)).collect();
    let block = |rows| ("missing_block".to_owned(), rows);
    assert_eq!(kinds, [block(500), block(299), block(199), ("case".to_owned(), 1)]);
}

#[test]
fn an_empty_target_and_a_batch_that_came_twice_are_one_cause_each() {
    let tieout = Tieout::new();
    let rows = |from: u64, to: u64| (from..=to).map(|at| format!("{at},row {at}\n")).collect::<String>();
    tieout.write("source/a.csv", format!("id,name\n{}", rows(1, 50)));
    tieout.write("target/a.csv", "id,name\n");
    tieout.write("source/b.csv", format!("id,name\n{}", rows(1, 5_000)));
    tieout.write("target/b.csv", format!("id,name\n{}{}", rows(1, 5_000), rows(2_001, 3_000)));
    let report = tieout.diff("source", "target", &["--key", "id"]).exits(1).report();
    assert_eq!(causes(&report, "a"), [("missing_all".into(), String::new(), 50)]);
    assert_eq!(causes(&report, "b"), [("duplicate_block".into(), String::new(), 1_000)]);
    let sentence = "One block of 1,000 keys from 2001 to 3000, twice in the target, as a batch that was written twice.";
    assert_eq!(report.table("b")["causes"][0]["sentence"], sentence);
    assert_eq!(report.summary["causes"][0]["table"], "b", "the largest comes first");
}

#[test]
fn keys_that_are_only_spelled_differently_are_a_finding() {
    let tieout = Tieout::new();
    tieout.write("source/t.csv", "code,name\nABC,one\nDEF,two\n");
    tieout.write("target/t.csv", "code,name\nabc,one\nDEF,two\n");
    let report = tieout.diff("source", "target", &["--key", "code"]).exits(1).report();
    assert!(report.findings("t").contains("1 missing key has an unexpected counterpart"), "{}", report.findings("t"));
}
