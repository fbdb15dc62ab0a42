//! The sample of a table's differences, side by side: one line a key or a differing cell, in key order.

use serde::Serialize;

use super::page::name;
use super::table::Detail;
use super::value::{Shown, code_points_of};
use crate::model::{Cause, Class, Counts, TableResult};
use crate::report::sample::{SampledCell, SampledChange, TableSample};
use crate::report::words::{number, plural, shorten};

/// Characters of a cause among the filters.
const CAUSE_CHARS_MAX: usize = 90;

/// The sample.
#[derive(Debug, Serialize)]
pub struct Differences {
    note: String,
    /// What the lines can be filtered by: the numbers that the lines bear, and their names.
    classes: Vec<Choice>,
    columns: Vec<Choice>,
    causes: Vec<Choice>,
    lines: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Choice {
    value: usize,
    name: String,
}

#[derive(Debug, Serialize)]
struct Line {
    key: Key,
    class: &'static str,
    class_at: usize,
    column: Option<String>,
    column_at: Option<usize>,
    /// From 1, as the causes are numbered.
    cause: Option<usize>,
    sides: Sides,
}

/// What the two sides have.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Sides {
    Values { source: Shown, target: Shown, code_points: Option<String> },
    Copies { source: String, target: String },
    Note(String),
}

/// A key: each of its columns with its name where there are several.
#[derive(Debug, Serialize)]
struct Key {
    parts: Vec<KeyPart>,
    left_out: Option<String>,
}

#[derive(Debug, Serialize)]
struct KeyPart {
    name: Option<String>,
    value: Shown,
}

/// The sample, as detailed as asked; `None` where nothing of it is shown.
pub fn differences(table: &TableResult, sample: &TableSample, detail: Detail) -> Option<Differences> {
    let mut columns: Vec<&str> = Vec::new();
    let mut lines = Vec::new();
    let mut shown = Counts::default();
    let mut cells_left = detail.cells;
    for change in &sample.changes {
        let is_full = change.class == Class::Corrupt && cells_left == 0;
        if is_full || shown.of(change.class) >= detail.changes_per_class as u64 {
            continue;
        }
        shown.add(change.class);
        let cells = change.cells.iter().take(cells_left);
        cells_left -= cells.len();
        let left_out = change.cells_left_out + change.cells.len() - cells.len();
        for cell in cells {
            let at = columns.iter().position(|column| *column == cell.name).unwrap_or_else(|| {
                columns.push(&cell.name);
                columns.len() - 1
            });
            lines.push(Line {
                column: Some(name(&cell.name)),
                column_at: Some(at),
                cause: cell.cause.map(|at| at + 1),
                ..Line::new(change, sample, values(cell))
            });
        }
        if change.class != Class::Corrupt {
            let rows = |copies: u64| if copies == 0 { "no row".to_owned() } else { plural(copies, "row") };
            let copies = change.copies.map(rows);
            lines.push(Line::new(change, sample, Sides::Copies { source: copies.source, target: copies.target }));
        } else if left_out > 0 {
            let note = format!("and {} of this row", plural(left_out as u64, "more differing cell"));
            lines.push(Line::new(change, sample, Sides::Note(note)));
        } else if change.cells.is_empty() {
            let note = "the rows differ; no single cell was named".to_owned();
            lines.push(Line::new(change, sample, Sides::Note(note)));
        }
    }
    if lines.is_empty() {
        return None;
    }
    let mut choices: Vec<Choice> =
        columns.iter().enumerate().map(|(value, column)| Choice { value, name: name(column) }).collect();
    choices.sort_by(|one, other| one.name.cmp(&other.name));
    let classes = Class::ALL.into_iter().filter(|class| shown.of(*class) > 0);
    let mut causes: Vec<usize> = lines.iter().filter_map(|line| line.cause).collect();
    causes.sort_unstable();
    causes.dedup();
    Some(Differences {
        note: note(&shown, &table.counts),
        classes: classes.map(|class| Choice { value: class as usize, name: class.name().to_owned() }).collect(),
        columns: choices,
        causes: causes.into_iter().filter_map(|at| Some(cause_choice(at, table.causes.get(at - 1)?))).collect(),
        lines,
    })
}

impl Line {
    fn new(change: &SampledChange, sample: &TableSample, sides: Sides) -> Self {
        let (class, class_at) = (change.class.name(), change.class as usize);
        let cause = change.cause.map(|at| at + 1);
        Self { key: Key::new(change, sample), class, class_at, column: None, column_at: None, cause, sides }
    }
}

impl Key {
    fn new(change: &SampledChange, sample: &TableSample) -> Self {
        let several = change.key.len() > 1;
        let part = |(position, value): (usize, &Option<_>)| KeyPart {
            name: sample.key_names.get(position).filter(|_| several).map(|column| name(column)),
            value: Shown::plain(value.as_ref()),
        };
        let left_out = change.key_columns_left_out as u64;
        Self {
            parts: change.key.iter().enumerate().map(part).collect(),
            left_out: (left_out > 0).then(|| plural(left_out, "more column")),
        }
    }
}

fn values(cell: &SampledCell) -> Sides {
    Sides::Values {
        source: Shown::marked(cell.values.source.as_ref()),
        target: Shown::marked(cell.values.target.as_ref()),
        code_points: code_points_of(cell.values.as_ref().map(Option::as_ref)),
    }
}

fn cause_choice(value: usize, cause: &Cause) -> Choice {
    let place = cause.column.as_ref().map_or_else(String::new, |column| format!("{column}: "));
    Choice { value, name: name(&shorten(&format!("{value}. {place}{}", cause.sentence), CAUSE_CHARS_MAX)) }
}

/// How many of how many are shown.
fn note(shown: &Counts, all: &Counts) -> String {
    let part = |class: &Class| match (shown.of(*class), all.of(*class)) {
        (_, 0) => None,
        (shown, all) if shown >= all => Some(format!("{} {}", number(all), class.name())),
        (shown, all) => Some(format!("{} of {} {}", number(shown), number(all), class.name())),
    };
    let parts: Vec<_> = Class::ALL.iter().filter_map(part).collect();
    let are_all = Class::ALL.iter().all(|class| shown.of(*class) >= all.of(*class));
    format!(
        "{}: {}",
        if are_all { "All keys that differ" } else { "A sample of the keys that differ" },
        parts.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_said() {
        let all = Counts { corrupt: 1_234_567, missing: 1, ..Counts::default() };
        let shown = Counts { corrupt: 50, missing: 1, ..Counts::default() };
        assert_eq!(note(&shown, &all), "A sample of the keys that differ: 1 missing, 50 of 1,234,567 corrupt");
        assert_eq!(note(&all, &all), "All keys that differ: 1 missing, 1,234,567 corrupt");
    }
}
