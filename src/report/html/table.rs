//! What the section of one table shows: its trouble, its columns, a sample of what differs.

use serde::Serialize;

use super::causes::{CauseView, of_table};
use super::page::{line, name};
use super::schema::{SchemaView, schema_view};
use super::value::{Shown, code_points_of};
use crate::model::{Class, ColumnResult, ColumnStatus, Counts, TableResult, Verdict};
use crate::report::proof;
use crate::report::sample::{SampledCell, SampledChange, TableSample};
use crate::report::words::{self, number, plural};

/// Findings shown of a table or a column.
const FINDINGS_MAX: usize = 20;

/// How much of a table its section shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detail {
    changes_per_class: usize,
    cells: usize,
    columns: usize,
    causes: usize,
}

impl Detail {
    /// From everything the sample holds down to [`Self::LEAST`].
    pub const LEVELS: [Detail; 4] = [
        Detail { changes_per_class: usize::MAX, cells: usize::MAX, columns: 400, causes: 200 },
        Detail { changes_per_class: 20, cells: 200, columns: 100, causes: 50 },
        Detail { changes_per_class: 5, cells: 20, columns: 30, causes: 20 },
        Detail::LEAST,
    ];
    /// The least a table is shown with.
    pub const LEAST: Detail = Detail { changes_per_class: 0, cells: 0, columns: 10, causes: 5 };
}

/// The section of a table.
#[derive(Debug, Serialize)]
pub struct Section {
    anchor: usize,
    name: String,
    verdict: &'static str,
    attention: bool,
    source: Option<String>,
    target: Option<String>,
    counts: Option<String>,
    reason: Option<String>,
    key_columns: Vec<String>,
    facts: Vec<Fact>,
    findings: Vec<String>,
    causes: Vec<CauseView>,
    causes_left_out: Option<String>,
    columns: Vec<ColumnView>,
    columns_left_out: Option<String>,
    schema: SchemaView,
    /// The folder of the table's files, as the path of a link.
    folder: Option<String>,
    key_lists: Vec<KeyList>,
    duplicates: Option<Duplicates>,
    corrupt: Option<Corrupt>,
}

#[derive(Debug, Serialize)]
struct Fact {
    label: &'static str,
    text: String,
}

#[derive(Debug, Serialize)]
struct ColumnView {
    name: String,
    target: Option<String>,
    status: &'static str,
    status_word: &'static str,
    compared_as: Option<String>,
    corrupt: String,
    share: Option<Share>,
    findings: Vec<String>,
}

/// The share of rows in which a column differs.
#[derive(Debug, Serialize)]
struct Share {
    text: String,
    percent: String,
}

/// The keys of class missing or unexpected.
#[derive(Debug, Serialize)]
struct KeyList {
    class: &'static str,
    meaning: &'static str,
    note: String,
    keys: Vec<Key>,
}

#[derive(Debug, Serialize)]
struct Duplicates {
    note: String,
    rows: Vec<DuplicateRow>,
}

#[derive(Debug, Serialize)]
struct DuplicateRow {
    key: Key,
    source: String,
    target: String,
}

#[derive(Debug, Serialize)]
struct Corrupt {
    note: String,
    rows: Vec<CorruptRow>,
}

#[derive(Debug, Serialize)]
struct CorruptRow {
    key: Key,
    cells: Vec<CellView>,
    left_out: Option<String>,
    lines: usize,
}

#[derive(Debug, Serialize)]
struct CellView {
    column: String,
    source: Shown,
    target: Shown,
    code_points: Option<String>,
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

/// Whether a reader must look at the table: it does not match, or it matches only within limits.
pub fn needs_attention(table: &TableResult) -> bool {
    table.verdict != Verdict::Match || table.counts.total() > 0
}

impl Section {
    /// The section of the table at `index`, as detailed as `detail` says.
    pub fn new(table: &TableResult, index: usize, sample: Option<&TableSample>, detail: Detail) -> Self {
        let (columns, columns_left_out) = columns(table, detail.columns);
        let (causes, causes_left_out) = of_table(table, detail.causes);
        let mut section = Self {
            anchor: index,
            name: name(&table.name),
            verdict: table.verdict.name(),
            attention: needs_attention(table),
            source: table.source.as_deref().map(name),
            target: table.target.as_deref().map(name),
            counts: words::counts(&table.counts),
            reason: table.reason.as_deref().map(|reason| line(&words::sentence(reason))),
            key_columns: table.key.iter().map(|column| name(column)).collect(),
            facts: facts(table),
            findings: findings(&table.findings),
            causes,
            causes_left_out,
            columns,
            columns_left_out,
            schema: schema_view(&table.schema, detail.columns),
            folder: (table.counts.total() > 0).then(|| format!("tables/{}", path_segment(&table.name))),
            key_lists: vec![],
            duplicates: None,
            corrupt: None,
        };
        if let Some(sample) = sample.filter(|_| detail.changes_per_class > 0) {
            section.show(&table.counts, sample, detail);
        }
        section
    }

    fn show(&mut self, counts: &Counts, sample: &TableSample, detail: Detail) {
        let of = |class| {
            let changes = sample.changes.iter().filter(move |c: &&SampledChange| c.class == class);
            changes.take(detail.changes_per_class)
        };
        for class in [Class::Missing, Class::Unexpected] {
            let keys: Vec<_> = of(class).map(|change| Key::new(change, sample)).collect();
            if !keys.is_empty() {
                let note = note(keys.len(), counts.of(class), "key");
                self.key_lists.push(KeyList { class: class.name(), meaning: words::meaning(class), note, keys });
            }
        }
        let rows: Vec<_> = of(Class::Duplicate)
            .map(|change| DuplicateRow {
                key: Key::new(change, sample),
                source: number(change.copies.source),
                target: number(change.copies.target),
            })
            .collect();
        if !rows.is_empty() {
            self.duplicates = Some(Duplicates { note: note(rows.len(), counts.duplicate, "key"), rows });
        }
        let mut cells_left = detail.cells;
        let rows: Vec<_> = of(Class::Corrupt)
            .map_while(|change| (cells_left > 0).then(|| corrupt_row(change, sample, &mut cells_left)))
            .collect();
        if !rows.is_empty() {
            self.corrupt = Some(Corrupt { note: note(rows.len(), counts.corrupt, "row"), rows });
        }
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

fn corrupt_row(change: &SampledChange, sample: &TableSample, cells_left: &mut usize) -> CorruptRow {
    let cells: Vec<_> = change.cells.iter().take(*cells_left).map(cell_view).collect();
    *cells_left -= cells.len();
    let left_out = (change.cells_left_out + change.cells.len() - cells.len()) as u64;
    let left_out = match (left_out, cells.is_empty()) {
        (0, false) => None,
        (0, true) => Some("the rows differ; no single cell was named".to_owned()),
        (n, _) => Some(format!("and {} of this row", plural(n, "more differing cell"))),
    };
    CorruptRow { key: Key::new(change, sample), lines: cells.len() + usize::from(left_out.is_some()), cells, left_out }
}

fn cell_view(cell: &SampledCell) -> CellView {
    CellView {
        column: name(&cell.name),
        source: Shown::marked(cell.values.source.as_ref()),
        target: Shown::marked(cell.values.target.as_ref()),
        code_points: code_points_of(cell.values.as_ref().map(Option::as_ref)),
    }
}

/// Rows, ranges and time, as far as there are any.
fn facts(table: &TableResult) -> Vec<Fact> {
    let mut facts = Vec::new();
    if table.rows.source.is_some() || table.rows.target.is_some() {
        let rows = |rows: Option<u64>| rows.map_or_else(|| "not read to the end".to_owned(), number);
        let text = format!("{} in the source, {} in the target", rows(table.rows.source), rows(table.rows.target));
        facts.push(Fact { label: "Rows", text });
    }
    if let Some(text) = proof::of_table(table) {
        facts.push(Fact { label: "Sample", text: line(&words::sentence(&text)) });
    }
    if table.ranges.total > 0 {
        let text = format!("{} of {}", number(table.ranges.mismatched), number(table.ranges.total));
        facts.push(Fact { label: "Ranges that disagree", text });
    }
    let parts = [("snapshot", table.seconds.snapshot), ("tree", table.seconds.tree), ("diff", table.seconds.diff)];
    let parts = parts.iter().filter(|(_, seconds)| *seconds > 0.0);
    let text =
        parts.map(|(stage, seconds)| format!("{} {stage}", words::seconds(*seconds))).collect::<Vec<_>>().join(", ");
    if !text.is_empty() {
        facts.push(Fact { label: "Time", text });
    }
    facts
}

/// The columns in their order; where they are too many, those with something to tell are kept first.
fn columns(table: &TableResult, max: usize) -> (Vec<ColumnView>, Option<String>) {
    let quiet = |c: &ColumnResult| c.status == ColumnStatus::Compared && c.corrupt == 0 && c.findings.is_empty();
    let mut kept: Vec<usize> = (0..table.columns.len()).collect();
    kept.sort_by_key(|i| (quiet(&table.columns[*i]), std::cmp::Reverse(table.columns[*i].corrupt), *i));
    kept.truncate(max);
    kept.sort_unstable();
    let left_out = (table.columns.len() - kept.len()) as u64;
    let rows = match (table.rows.source, table.rows.target) {
        (Some(source), Some(target)) => source.min(target),
        (source, target) => source.or(target).unwrap_or(0),
    };
    let views = kept.into_iter().map(|i| column_view(&table.columns[i], rows)).collect();
    (views, (left_out > 0).then(|| plural(left_out, "more column")))
}

fn column_view(column: &ColumnResult, rows: u64) -> ColumnView {
    let share = (column.corrupt > 0 && rows > 0).then(|| {
        let percent = (column.corrupt as f64 / rows as f64 * 100.0).min(100.0);
        let text = match percent {
            p if p < 0.01 => "< 0.01 %".to_owned(),
            p if p < 10.0 => format!("{p:.2} %"),
            p => format!("{p:.1} %"),
        };
        Share { text, percent: format!("{percent:.2}") }
    });
    ColumnView {
        name: name(&column.name),
        target: column.target.as_ref().filter(|target| **target != column.name).map(|target| name(target)),
        status: column.status.name(),
        status_word: words::status(column.status),
        compared_as: column.compared_as.as_deref().map(name),
        corrupt: number(column.corrupt),
        share,
        findings: findings(&column.findings),
    }
}

fn findings(all: &[String]) -> Vec<String> {
    let mut shown: Vec<_> = all.iter().take(FINDINGS_MAX).map(|finding| line(finding)).collect();
    if all.len() > FINDINGS_MAX {
        shown.push(format!("and {}", plural((all.len() - FINDINGS_MAX) as u64, "more finding")));
    }
    shown
}

/// How many of how many are shown.
fn note(shown: usize, all: u64, noun: &str) -> String {
    if shown as u64 >= all { plural(all, noun) } else { format!("{}, {shown} of them shown", plural(all, noun)) }
}

/// A name as one segment of a relative URL.
fn path_segment(name: &str) -> String {
    let mut segment = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => segment.push(char::from(byte)),
            _ => segment.push_str(&format!("%{byte:02X}")),
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder_or_its_link() {
        assert_eq!(path_segment("order items"), "order%20items");
        assert_eq!(path_segment("a/../\"<b>#?%"), "a%2F..%2F%22%3Cb%3E%23%3F%25");
    }

    #[test]
    fn what_is_left_out_is_said() {
        assert_eq!(note(50, 1_234_567, "row"), "1,234,567 rows, 50 of them shown");
        assert_eq!(note(1, 1, "key"), "1 key");
    }
}
