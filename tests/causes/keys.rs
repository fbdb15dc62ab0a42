//! Missing, unexpected and duplicate keys by stretches.

use super::causes;
use crate::binary::Tieout;

/// A table whose ids are multiples of ten, without those that `lost` says.
fn table(rows: u64, lost: impl Fn(u64) -> bool) -> String {
    let lines = (1..=rows).filter(|at| !lost(*at)).map(|at| format!("({},'row {at}')", at * 10));
    rows_of("t", "id INTEGER PRIMARY KEY", lines)
}

fn rows_of(table: &str, id: &str, rows: impl Iterator<Item = String>) -> String {
    let rows: Vec<String> = rows.collect();
    let insert = rows.chunks(5_000).map(|rows| format!("INSERT INTO {table} VALUES {};", rows.join(",")));
    format!("CREATE TABLE {table} ({id}, name TEXT); BEGIN; {} COMMIT;", insert.collect::<String>())
}

fn stores(tieout: &Tieout, source: &str, target: &str) {
    crate::sqlite::database(tieout.folder.path(), "source.db", source);
    crate::sqlite::database(tieout.folder.path(), "target.db", target);
}

#[test]
fn a_block_of_keys_is_a_block_whatever_the_step_of_the_keys() {
    let tieout = Tieout::new();
    let lost = |at: u64| (20_001..=30_000).contains(&at) || [5, 7, 35_000].contains(&at) || at > 39_900;
    stores(&tieout, &table(40_000, |_| false), &table(40_000, lost));
    let report = tieout.diff("source.db", "target.db", &[]).exits(1).report();
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
    let source = table(30_000, |at| at % 9_000 == 17 || at == 12);
    stores(&tieout, &source, &table(30_000, |at| (4_000..6_000).contains(&at) || at % 9_001 == 0));
    let found = [["--workers", "1"], ["--workers", "4"], ["--snapshot", "lean"]].map(|more| {
        let report = tieout.diff("source.db", "target.db", &more).exits(1).report();
        causes(&report, "t");
        report.summary["causes"].to_string()
    });
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0], found[2]);
}

#[test]
fn a_block_is_broken_by_a_key_that_is_there() {
    let tieout = Tieout::new();
    // One key within the block arrived, another arrived damaged.
    let target = table(3_000, |at| (1_000..2_000).contains(&at) && at != 1_500 && at != 1_700);
    stores(&tieout, &table(3_000, |_| false), &target.replace("'row 1700'", "'Row 1700'"));
    let report = tieout.diff("source.db", "target.db", &[]).exits(1).report();
    let kinds: Vec<_> = causes(&report, "t").into_iter().map(|(kind, _, rows)| (kind, rows)).collect();
    let block = |rows| ("missing_block".to_owned(), rows);
    assert_eq!(kinds, [block(500), block(299), block(199), ("case".to_owned(), 1)]);
}

#[test]
fn an_empty_target_and_a_batch_that_came_twice_are_one_cause_each() {
    let tieout = Tieout::new();
    let rows = |table: &str, rows: &mut dyn Iterator<Item = u64>| {
        rows_of(table, "id INTEGER", rows.map(|at| format!("({at},'row {at}')")))
    };
    let source = rows("a", &mut (1..=50)) + &rows("b", &mut (1..=5_000));
    let target = rows("a", &mut std::iter::empty()) + &rows("b", &mut (1..=5_000).chain(2_001..=3_000));
    stores(&tieout, &source, &target);
    let report = tieout.diff("source.db", "target.db", &["--key", "id"]).exits(1).report();
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
