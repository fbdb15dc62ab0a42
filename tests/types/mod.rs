//! Every native type meets those it shares a type with: the same value is equal, another is corrupt in its row and column,
//! as a value and as a key, whether the rows were kept or read a second time. What shares no type is incomparable.

mod documented;
mod files;
mod incomparable;
mod parquet;
mod servers;

use std::fmt::Debug;

use crate::binary::Tieout;
use crate::result::Report;

/// A column: its name; type and value in the source; type, equal value and other value in the target; as what it is
/// compared.
type Case = (&'static str, [&'static str; 2], [&'static str; 3], &'static str);

/// A script that creates a side: `things`, whose row 0 is equal on both sides, and in whose row n + 1 only the target's
/// value of case n is another.
fn things(cases: &[Case], target: bool) -> String {
    let columns: Vec<String> =
        cases.iter().map(|case| format!("c_{} {}", case.0, if target { case.2[0] } else { case.1[0] })).collect();
    let row = |id: usize| {
        let values = cases.iter().enumerate().map(|(at, case)| match target {
            false => case.1[1],
            true if at + 1 == id => case.2[2],
            true => case.2[1],
        });
        format!("({id}, {})", values.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = (0..=cases.len()).map(row).collect();
    let columns = columns.join(", ");
    format!("CREATE TABLE things (id INTEGER PRIMARY KEY, {columns}); INSERT INTO things VALUES {};", rows.join(",\n"))
}

/// A script that creates a side: a table for each case with the value as key, and in the target the other value, too.
fn keys(cases: &[Case], target: bool) -> String {
    let table = |case: &Case| {
        let (name, native) = (case.0, if target { case.2[0] } else { case.1[0] });
        let made = format!("CREATE TABLE k_{name} (k {native}, v INTEGER); INSERT INTO k_{name} VALUES");
        match target {
            false => format!("{made} ({}, 1);", case.1[1]),
            true => format!("{made} ({}, 1), ({}, 1);", case.2[1], case.2[2]),
        }
    };
    cases.iter().filter(|case| case.2[2] != "NULL").map(table).collect::<Vec<_>>().join("\n")
}

/// Compares two stores that [`things`] filled, keeping rows and reading them again.
#[track_caller]
fn assert_values(tieout: &Tieout, source: &str, target: &str, cases: &[Case]) {
    for kind in ["full", "lean"] {
        let report = tieout.diff(source, target, &["--key", "id", "--snapshot", kind]).exits(1).report();
        let names: Vec<(&str, &str)> = cases.iter().map(|case| (case.0, case.3)).collect();
        assert_each_changed_cell(&report, &names, cases);
    }
}

/// Fails unless each column is compared as it should be, and corrupt in its own row and no other.
#[track_caller]
fn assert_each_changed_cell(report: &Report, columns: &[(&str, &str)], cases: &[impl Debug]) {
    let lines = report.lines("things");
    let mut trouble = Vec::new();
    for (at, ((name, compared_as), case)) in columns.iter().zip(cases).enumerate() {
        let column = format!("c_{name}");
        let entry = report.column("things", &column);
        let of_column: Vec<_> = lines.iter().filter(|line| line.column == column).collect();
        let rows: Vec<&str> = of_column.iter().map(|line| line.key[0].as_str()).collect();
        if entry["compared_as"] != *compared_as || rows != [(at + 1).to_string()] {
            trouble.push(format!("{case:?}: {entry}, corrupt in rows {rows:?}, e.g. {:?}", of_column.first()));
        }
    }
    assert!(trouble.is_empty(), "{} pairs are not compared as they should be:\n{}", trouble.len(), trouble.join("\n"));
    assert_eq!(report.counts("things"), [0, 0, 0, columns.len() as u64]);
}

/// Compares two stores that [`keys`] filled.
#[track_caller]
fn assert_keys(tieout: &Tieout, source: &str, target: &str, cases: &[Case]) {
    for kind in ["full", "lean"] {
        let report = tieout.diff(source, target, &["--key", "k", "--snapshot", kind]).exits(1).report();
        for case in cases.iter().filter(|case| case.2[2] != "NULL") {
            let found = report.counts(&format!("k_{}", case.0));
            assert_eq!(found, [0, 1, 0, 0], "{kind}, as a key: {case:?}\n{:#}", report.table(&format!("k_{}", case.0)));
        }
    }
}
