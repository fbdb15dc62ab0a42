//! What the section of one table shows: its trouble, its columns, a sample of what differs.

use serde::Serialize;

use super::HtmlReport;
use super::causes::{CauseView, of_table};
use super::differences::{Differences, differences};
use super::map::{MapView, map_view};
use super::page::{command as command_lines, line, name};
use super::schema::{SchemaView, schema_view};
use super::trend::{TrendView, trend_view};
use crate::model::{Class, ColumnResult, ColumnStatus, TableResult, Verdict};
use crate::report::moving;
use crate::report::proof;
use crate::report::words::{self, number, plural, shell};

/// Findings shown of a table or a column.
const FINDINGS_MAX: usize = 20;

/// How much of a table its section shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detail {
    pub(super) changes_per_class: usize,
    pub(super) cells: usize,
    columns: usize,
    causes: usize,
    /// Whether map and trend are drawn, and how many cells of the map tell what is in them.
    map: Option<usize>,
}

impl Detail {
    /// From everything the sample holds down to [`Self::LEAST`].
    pub const LEVELS: [Detail; 5] = [
        Detail { changes_per_class: usize::MAX, cells: usize::MAX, columns: 400, causes: 200, map: Some(400) },
        Detail { changes_per_class: 20, cells: 200, columns: 100, causes: 50, map: Some(200) },
        Detail { changes_per_class: 5, cells: 20, columns: 30, causes: 20, map: Some(40) },
        Detail { changes_per_class: 1, cells: 3, columns: 20, causes: 10, map: Some(0) },
        Detail::LEAST,
    ];
    /// The least a table is shown with.
    pub const LEAST: Detail = Detail { changes_per_class: 0, cells: 0, columns: 10, causes: 5, map: None };
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
    classes: Vec<ClassView>,
    worst: Vec<WorstColumn>,
    worst_left_out: Option<String>,
    map: Option<MapView>,
    differences: Option<Differences>,
    trend: Option<TrendView>,
    repeat: Option<String>,
    /// Whether all columns are shown without being asked for.
    columns_open: bool,
}

/// How many keys of a class there are.
#[derive(Debug, Serialize)]
struct ClassView {
    name: &'static str,
    count: String,
    any: bool,
    meaning: &'static str,
}

/// A column that differs.
#[derive(Debug, Serialize)]
struct WorstColumn {
    name: String,
    rows: String,
    /// Of the table's rows.
    share: Option<Share>,
    /// Of the worst column's rows, in per cent: the length of its bar.
    length: String,
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

/// Whether a reader must look at the table: it does not match, or it matches only within limits.
pub fn needs_attention(table: &TableResult) -> bool {
    table.verdict != Verdict::Match || table.counts.total() > 0 || table.waived.is_some()
}

impl Section {
    /// The section of the table at `index` of a report, as detailed as `detail` says.
    pub fn new(report: &HtmlReport<'_>, index: usize, detail: Detail) -> Self {
        let table = &report.summary.tables[index];
        let sample = report.samples.get(&table.name);
        let (columns, columns_left_out) = columns(table, detail.columns);
        let (causes, causes_left_out) = of_table(table, detail.causes);
        let (worst, worst_left_out) = worst(table, detail.columns);
        let counted = table.counts.total() > 0;
        let classes = Class::ALL.into_iter().filter(|_| counted).map(|class| ClassView {
            name: class.name(),
            count: number(table.counts.of(class)),
            any: table.counts.of(class) > 0,
            meaning: words::meaning(class),
        });
        Self {
            anchor: index,
            name: name(&table.name),
            verdict: table.verdict.name(),
            attention: needs_attention(table),
            source: table.source.as_deref().map(name),
            target: table.target.as_deref().map(name),
            reason: table.reason.as_deref().map(|reason| line(&words::sentence(reason))),
            key_columns: table.key.iter().map(|column| name(column)).collect(),
            facts: facts(table),
            findings: findings(&table.findings),
            causes,
            causes_left_out,
            columns_open: table.columns.iter().any(|c| c.status != ColumnStatus::Compared || !c.findings.is_empty()),
            columns,
            columns_left_out,
            schema: schema_view(&table.schema, detail.columns),
            folder: counted.then(|| format!("tables/{}", path_segment(&table.name))),
            classes: classes.collect(),
            worst,
            worst_left_out,
            map: sample.zip(detail.map).and_then(|(sample, told)| map_view(&sample.map, told)),
            differences: sample.and_then(|sample| differences(table, sample, detail)),
            trend: report
                .kept
                .trends
                .get(&table.name)
                .filter(|_| detail.map.is_some())
                .and_then(|points| trend_view(points)),
            repeat: needs_attention(table).then(|| repeat(&report.kept.repeat, table)).flatten(),
        }
    }
}

/// The columns that differ, the worst first.
fn worst(table: &TableResult, max: usize) -> (Vec<WorstColumn>, Option<String>) {
    let all = words::corrupt_columns(table);
    let rows = rows_of(table);
    let view = |(column, corrupt): &(&str, u64)| WorstColumn {
        name: name(column),
        rows: number(*corrupt),
        share: share(*corrupt, rows),
        length: format!("{:.1}", *corrupt as f64 / all[0].1 as f64 * 100.0),
    };
    let left_out = all.len().saturating_sub(max) as u64;
    (all.iter().take(max).map(view).collect(), (left_out > 0).then(|| plural(left_out, "more column")))
}

/// The command that compares this table alone.
fn repeat(command: &str, table: &TableResult) -> Option<String> {
    let (source, target) = (table.source.as_deref()?, table.target.as_deref()?);
    let pair = if source == target { shell(source) } else { shell(&format!("{source}={target}")) };
    let has_tables = command.split(' ').any(|word| word == "--table");
    match command.split(' ').take(2).collect::<Vec<_>>()[..] {
        ["tieout", "diff"] if !has_tables => Some(command_lines(&format!("{command} --table {pair}"))),
        ["tieout", "run"] => Some(command_lines(&format!("tieout run CONFIG --table {pair}"))),
        _ => None,
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
    if let Some(text) = moving::of_table(table) {
        facts.push(Fact { label: "Moving data", text: line(&words::sentence(&text)) });
    }
    if table.ranges.total > 0 {
        let text = format!("{} of {}", number(table.ranges.mismatched), number(table.ranges.total));
        facts.push(Fact { label: "Ranges that disagree", text });
    }
    if let Some(waived) = &table.waived {
        facts.push(Fact { label: "Waived", text: line(&words::waived_words(waived)) });
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
    let rows = rows_of(table);
    let views = kept.into_iter().map(|i| column_view(&table.columns[i], rows)).collect();
    (views, (left_out > 0).then(|| plural(left_out, "more column")))
}

/// The rows that shares of a table are of: those of the smaller side.
fn rows_of(table: &TableResult) -> u64 {
    match (table.rows.source, table.rows.target) {
        (Some(source), Some(target)) => source.min(target),
        (source, target) => source.or(target).unwrap_or(0),
    }
}

fn share(corrupt: u64, rows: u64) -> Option<Share> {
    (corrupt > 0 && rows > 0).then(|| {
        let percent = (corrupt as f64 / rows as f64 * 100.0).min(100.0);
        let text = match percent {
            p if p < 0.01 => "< 0.01 %".to_owned(),
            p if p < 10.0 => format!("{p:.2} %"),
            p => format!("{p:.1} %"),
        };
        Share { text, percent: format!("{percent:.2}") }
    })
}

fn column_view(column: &ColumnResult, rows: u64) -> ColumnView {
    ColumnView {
        name: name(&column.name),
        target: column.target.as_ref().filter(|target| **target != column.name).map(|target| name(target)),
        status: column.status.name(),
        status_word: words::status(column.status),
        compared_as: column.compared_as.as_deref().map(name),
        corrupt: number(column.corrupt),
        share: share(column.corrupt, rows),
        findings: findings(&column.findings),
    }
}

pub(super) fn findings(all: &[String]) -> Vec<String> {
    let mut shown: Vec<_> = all.iter().take(FINDINGS_MAX).map(|finding| line(finding)).collect();
    if all.len() > FINDINGS_MAX {
        shown.push(format!("and {}", plural((all.len() - FINDINGS_MAX) as u64, "more finding")));
    }
    shown
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
    fn the_command_of_one_table_says_which() {
        let mut table = crate::report::example::table("orders");
        assert_eq!(
            repeat("tieout diff a.db b.db", &table).as_deref(),
            Some("tieout diff a.db b.db --table public.orders=orders")
        );
        table.target = Some("my orders".into());
        assert_eq!(
            repeat("tieout run (with the same config file)", &table).as_deref(),
            Some("tieout run CONFIG --table 'public.orders=my orders'")
        );
        assert_eq!(repeat("tieout diff a.db b.db --table x", &table), None);
        table.target = None;
        assert_eq!(repeat("tieout diff a.db b.db", &table), None);
    }
}
