//! `tieout demo`: two stores of a shop, the damage of a botched migration, and the report that names it.

use std::collections::BTreeSet;

use crate::binary::Tieout;
use crate::result::Report;

fn demo() -> (Tieout, Report) {
    let tieout = Tieout::new();
    let outcome = tieout.run(["demo", "--rows", "20000"]).exits(1);
    let report = outcome.report();
    assert!(outcome.stdout.contains("report.html"), "the path of the report is printed\n{outcome}");
    (tieout, report)
}

#[test]
fn the_demo_finds_every_sort_of_damage() {
    let (_tieout, report) = demo();
    assert_eq!(report.verdict(), "differ");
    assert_eq!(report.tables().len(), 4, "{:?}", report.tables());
    let all: Vec<[u64; 4]> = report.tables().into_iter().map(|table| report.counts(table)).collect();
    let [missing, _, duplicate, corrupt] =
        [0, 1, 2, 3].map(|class| all.iter().map(|counts| counts[class]).sum::<u64>());
    assert!(missing > 0, "a lost batch: {all:?}");
    assert!(duplicate > 0, "a doubled batch: {all:?}");
    assert!(corrupt > 0, "shifted times, cut text, rounding, NULL that became '': {all:?}");
    let composite =
        report.tables().into_iter().filter(|table| report.table(table)["key"].as_array().expect("a key").len() > 1);
    assert_eq!(composite.count(), 1, "the order lines have a composite key");
}

#[test]
fn the_demo_finds_its_own_damage_and_nothing_else() {
    let (tieout, report) = demo();
    let damage = std::fs::read_to_string(tieout.path("tieout-demo/damage.json")).expect("damage.json");
    let damage: serde_json::Value = serde_json::from_str(&damage).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut known = BTreeSet::new();
    for mishap in damage["mishaps"].as_array().expect("mishaps") {
        let keys = mishap["keys"].as_array().expect("keys");
        assert!(!keys.is_empty() && mishap["count"] == keys.len(), "{mishap:#}");
        for key in keys {
            known.insert([text(&mishap["table"]), text(&mishap["class"]), text(&mishap["column"]), text(key)]);
        }
    }
    let mut found = BTreeSet::new();
    for table in report.tables() {
        for line in report.lines(table) {
            let key = match &line.key[..] {
                [single] => single.clone(),
                several => serde_json::to_string(several).expect("JSON"),
            };
            found.insert([table.to_owned(), line.class, line.column, key]);
        }
    }
    let (missed, too_many): (Vec<_>, Vec<_>) = (known.difference(&found).collect(), found.difference(&known).collect());
    assert!(missed.is_empty() && too_many.is_empty(), "not found: {missed:#?}\nfound in vain: {too_many:#?}");
}

#[test]
fn two_demos_find_the_same() {
    let (first, second) = (demo(), demo());
    for table in first.1.tables() {
        assert_eq!(first.1.csv(table), second.1.csv(table), "{table}");
    }
}

#[test]
fn the_demo_has_the_rows_it_was_asked_for() {
    let (_tieout, report) = demo();
    let rows: u64 = report.tables().into_iter().map(|table| report.rows(table)[0].expect("rows")).sum();
    assert!((18_000..=22_000).contains(&rows), "{rows} rows");
}
