//! What went wrong is named, by itself: one cause for what happened once, with the exact number of rows, an example and
//! the rule that would accept it.

mod keys;
mod values;

use serde_json::Value;

use crate::result::Report;

/// Kind, column and rows of the causes of a table, in their order.
fn causes(report: &Report, table: &str) -> Vec<(String, String, u64)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let causes = report.table(table)["causes"].as_array().expect("causes").iter();
    let causes: Vec<_> =
        causes.map(|c| (text(&c["kind"]), text(&c["column"]), c["rows"].as_u64().expect("rows"))).collect();
    assert_add_up(report, table);
    causes
}

/// Fails unless the causes of each column explain its corrupt rows, and those of keys the other classes.
#[track_caller]
fn assert_add_up(report: &Report, table: &str) {
    let table = report.table(table);
    let causes = table["causes"].as_array().expect("causes");
    let sum = |wanted: &dyn Fn(&Value) -> bool| -> u64 {
        causes.iter().filter(|cause| wanted(cause)).map(|cause| cause["rows"].as_u64().expect("rows")).sum()
    };
    for column in table["columns"].as_array().expect("columns") {
        let explained = sum(&|cause| cause["column"] == column["name"]);
        assert_eq!(explained, column["corrupt"].as_u64().expect("a count"), "{column:#}\n{causes:#?}");
    }
    for class in ["missing", "unexpected", "duplicate"] {
        let of_class = |cause: &Value| cause["kind"].as_str().is_some_and(|kind| kind.starts_with(class));
        assert_eq!(sum(&of_class), table[class].as_u64().expect("a count"), "{class}\n{causes:#?}");
    }
}

/// The cause of a column.
#[track_caller]
fn cause<'a>(report: &'a Report, table: &str, column: &str) -> &'a Value {
    let causes = report.table(table)["causes"].as_array().expect("causes");
    let found: Vec<_> = causes.iter().filter(|cause| cause["column"] == column).collect();
    assert_eq!(found.len(), 1, "one cause of {column}: {found:#?}");
    found[0]
}
