//! The oracle: a sorted merge in memory that knows nothing of encodings, digests, ranges or queries.

use std::collections::BTreeMap;

use tieout::model::Side;

use super::pipeline::Line;
use super::tables::{Case, Row, Value};

/// The differences as lines of `differences.parquet`, sorted.
pub fn differences(case: &Case) -> Vec<Line> {
    let key_columns = if case.key == 0 { case.types.len() } else { case.key };
    // Rows by key; within a key as a multiset.
    let group = |side: Side| {
        let mut groups: BTreeMap<Vec<String>, Vec<&Row>> = BTreeMap::new();
        for row in case.rows(side) {
            groups.entry(row[..key_columns].iter().map(identity).collect()).or_default().push(row);
        }
        groups
    };
    let (source, target) = (group(Side::Source), group(Side::Target));
    let mut lines = Vec::new();
    let keys: std::collections::BTreeSet<&Vec<String>> = source.keys().chain(target.keys()).collect();
    for key in keys {
        let (ours, theirs) = (source.get(key), target.get(key));
        // Both sides may write one key in two ways (0.0 and -0.0): the source's is shown, its first row in digest order,
        // which the oracle does not know; so keys are compared by what they are.
        let line = |class: &str, column: Option<String>, values: (Option<String>, Option<String>)| Line {
            class: class.into(),
            key: key.clone(),
            column,
            source: values.0,
            target: values.1,
        };
        match (ours, theirs) {
            (Some(_), None) => lines.push(line("missing", None, (None, None))),
            (None, Some(_)) => lines.push(line("unexpected", None, (None, None))),
            (Some(ours), Some(theirs)) if ours.len() != theirs.len() => {
                let copies = (Some(ours.len().to_string()), Some(theirs.len().to_string()));
                lines.push(line("duplicate", None, copies));
            }
            (Some(ours), Some(theirs)) if ours.len() == 1 => {
                for column in key_columns..case.types.len() {
                    let (one, other) = (&ours[0][column], &theirs[0][column]);
                    if identity(one) != identity(other) {
                        lines.push(line("corrupt", Some(format!("c{column}")), (text(one), text(other))));
                    }
                }
            }
            (Some(ours), Some(theirs)) => {
                let sorted = |rows: &[&Row]| {
                    let mut all: Vec<Vec<String>> = rows.iter().map(|r| r.iter().map(identity).collect()).collect();
                    all.sort();
                    all
                };
                if sorted(ours) != sorted(theirs) {
                    // Which row of a repeated key became which is anybody's guess: only the key is owed.
                    lines.push(line("corrupt", None, (None, None)));
                }
            }
            (None, None) => {}
        }
    }
    lines.sort();
    lines
}

/// Two values have the same identity exactly when they are equal.
pub fn identity(value: &Option<Value>) -> String {
    match value {
        None => "null".into(),
        Some(Value::Float(f)) if f.is_nan() => "float nan".into(),
        Some(Value::Float(f)) => format!("float {:x}", (if *f == 0.0 { 0.0 } else { *f }).to_bits()),
        Some(other) => format!("{other:?}"),
    }
}

/// What a report shows.
pub fn text(value: &Option<Value>) -> Option<String> {
    value.as_ref().map(|value| match value {
        Value::Int(v) => v.to_string(),
        Value::Text(v) => v.clone(),
        Value::Float(v) => format!("{v:?}"),
        Value::Bool(v) => v.to_string(),
        Value::Decimal(v) => {
            let sign = if *v < 0 { "-" } else { "" };
            format!("{sign}{}.{:02}", v.unsigned_abs() / 100, v.unsigned_abs() % 100)
        }
        Value::Timestamp(v) => {
            tieout::canonical::time::format_timestamp(tieout::canonical::time::Moment::from_micros(*v))
        }
        Value::Bytes(v) => format!("\\x{}", v.iter().map(|b| format!("{b:02x}")).collect::<String>()),
    })
}
