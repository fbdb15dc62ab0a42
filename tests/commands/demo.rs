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
fn the_cells_of_the_demo_are_those_of_its_damage() {
    let (_tieout, report) = demo();
    let mut kinds = BTreeSet::new();
    for table in report.tables() {
        for line in report.lines(table).into_iter().filter(|line| line.class == "corrupt") {
            let (source, target) = (line.source.as_str(), line.target.as_str());
            kinds.insert(match (source, target) {
                ("\\N", "") => "a NULL that became ''",
                _ if source.len() == 19 && source.len() == target.len() && source.as_bytes()[4] == b'-' => {
                    "a shifted time"
                }
                _ if source.parse::<f64>().is_ok() && target.parse::<f64>().is_ok() => "a rounding",
                _ if source.starts_with(target) => "a cut text",
                _ => panic!("no damage of the demo explains {table} {line:?}"),
            });
        }
    }
    assert_eq!(kinds.len(), 4, "{kinds:?}");
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
