//! What the whole report shows: the verdict, the stores, the coverage, the list of tables.

use chrono::DateTime;
use serde::Serialize;

use super::table::findings;
use crate::model::{Class, ColumnStatus, StoreResult, Summary, TableResult, Verdict};
use crate::report::proof;
use crate::report::visible::plain;
use crate::report::words::{self, number, number_or_dash, plural, shorten};

/// Characters of a name in a list.
const NAME_CHARS_MAX: usize = 120;
/// Characters of a URL, a reason or a finding.
const TEXT_CHARS_MAX: usize = 2_000;
/// Lines about limits and waivers; summary.json has all.
const GATE_LINES_MAX: usize = 20;
/// Characters of a command.
const COMMAND_CHARS_MAX: usize = 8_000;

/// The page around the tables.
#[derive(Debug, Serialize)]
pub struct Page {
    verdict: &'static str,
    /// What it means for the cutover.
    cutover: &'static str,
    headline: &'static str,
    explanation: String,
    gate: Vec<String>,
    run: String,
    version: String,
    started: String,
    finished: String,
    took: Option<String>,
    mode: String,
    stores: [Store; 2],
    figures: Vec<Figure>,
    classes: Vec<Meaning>,
    repeat: String,
    table_count: usize,
}

/// A store: which it is, and how it was read.
#[derive(Debug, Serialize)]
struct Store {
    role: &'static str,
    kind: &'static str,
    url: String,
    consistency: Option<String>,
    /// What the load on it did to the run.
    load: Vec<String>,
}

/// A number that tells how much was compared.
#[derive(Debug, Serialize)]
struct Figure {
    label: &'static str,
    value: String,
    of: Option<String>,
    note: String,
}

/// A word and what it means.
#[derive(Debug, Serialize)]
struct Meaning {
    word: &'static str,
    meaning: &'static str,
}

/// A line of the list of tables.
#[derive(Debug, Serialize)]
pub struct Row {
    anchor: Option<usize>,
    name: String,
    verdict: &'static str,
    source: String,
    target: String,
    counts: Vec<Count>,
    ranges: String,
    seconds: String,
}

/// The keys of one class.
#[derive(Debug, Serialize)]
struct Count {
    any: bool,
    number: String,
}

impl Page {
    /// The page of a run.
    pub fn new(summary: &Summary, repeat_command: &str) -> Self {
        let run = &summary.run;
        let moments = [&run.started, &run.finished].map(|text| DateTime::parse_from_rfc3339(text).ok());
        let moment = |text: &str| {
            let parsed = DateTime::parse_from_rfc3339(text).ok();
            parsed.map_or_else(|| line(text), |m| m.to_utc().format("%Y-%m-%d %H:%M:%S UTC").to_string())
        };
        let took = match moments {
            [Some(started), Some(finished)] => (finished - started).to_std().ok(),
            _ => None,
        };
        Self {
            verdict: summary.verdict.name(),
            cutover: cutover(summary),
            headline: words::headline(summary),
            explanation: line(&words::explanation(summary)),
            gate: gate(summary),
            run: line(&run.id),
            version: line(&run.version),
            started: moment(&run.started),
            finished: moment(&run.finished),
            took: took.map(|took| words::seconds(took.as_secs_f64())),
            mode: mode(summary),
            stores: [Store::new("Source", &summary.source), Store::new("Target", &summary.target)],
            figures: figures(summary),
            classes: Class::ALL.map(|c| Meaning { word: c.name(), meaning: words::meaning(c) }).into(),
            repeat: command(repeat_command),
            table_count: summary.tables.len(),
        }
    }
}

impl Store {
    fn new(role: &'static str, store: &StoreResult) -> Self {
        let identity = &store.identity;
        let consistency = store.consistency.as_deref().map(line);
        let load = findings(&store.load);
        Self { role, kind: identity.kind.name(), url: line(&identity.url), consistency, load }
    }
}

impl Row {
    /// The line of the table at `index`; with a link where the table has a section.
    pub fn new(table: &TableResult, index: usize, linked: bool) -> Self {
        let seconds = table.seconds.snapshot + table.seconds.tree + table.seconds.diff;
        Self {
            anchor: linked.then_some(index),
            name: name(&table.name),
            verdict: table.verdict.name(),
            source: number_or_dash(table.rows.source),
            target: number_or_dash(table.rows.target),
            counts: Class::ALL
                .map(|class| words::known_count(table, class))
                .map(|count| Count { any: count > Some(0), number: number_or_dash(count) })
                .into(),
            ranges: match table.ranges.total {
                0 => "–".to_owned(),
                total => format!("{} / {}", number(table.ranges.mismatched), number(total)),
            },
            seconds: if seconds > 0.0 { words::seconds(seconds) } else { "–".to_owned() },
        }
    }
}

/// How many tables are left out, by verdict; `None` where none are.
pub fn left_out<'a>(tables: impl Iterator<Item = &'a TableResult> + Clone) -> Option<String> {
    let total = tables.clone().count() as u64;
    let parts: Vec<_> = [Verdict::Differ, Verdict::Undecided, Verdict::Match]
        .into_iter()
        .map(|verdict| (verdict, tables.clone().filter(|t| t.verdict == verdict).count() as u64))
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{} {}", number(count), verdict.name()))
        .collect();
    (total > 0).then(|| format!("{} ({})", plural(total, "table"), parts.join(", ")))
}

/// A name for a heading or a list.
pub fn name(text: &str) -> String {
    plain(&shorten(text, NAME_CHARS_MAX)).into_owned()
}

/// A longer text on one line.
pub fn line(text: &str) -> String {
    plain(&shorten(text, TEXT_CHARS_MAX)).into_owned()
}

/// A command as it can be copied: its lines and blanks stay.
pub fn command(text: &str) -> String {
    let words = |line: &str| line.split(' ').map(|word| plain(word).into_owned()).collect::<Vec<_>>().join(" ");
    shorten(text, COMMAND_CHARS_MAX).lines().map(words).collect::<Vec<_>>().join("\n")
}

/// What the gate has to say.
fn gate(summary: &Summary) -> Vec<String> {
    let all = words::gate_lines(summary, true);
    let mut lines: Vec<String> = all.iter().take(GATE_LINES_MAX).map(|text| line(text)).collect();
    if all.len() > lines.len() {
        let more = plural((all.len() - lines.len()) as u64, "more limit or waiver");
        lines.push(format!("and {more}: see summary.json"));
    }
    lines
}

/// What a person has to decide, in a sentence.
fn cutover(summary: &Summary) -> &'static str {
    let any = summary.tables.iter().any(|table| table.counts.total() > 0);
    match (summary.verdict, summary.run.mode == "sample") {
        (Verdict::Differ, _) => "The cutover must NOT go ahead",
        (Verdict::Undecided, _) => "NOT PROVEN: the cutover must not go ahead yet",
        (Verdict::Match, true) => "The cutover may go ahead, as far as the sample shows",
        (Verdict::Match, false) if any => "The cutover may go ahead, within the limits that were set",
        (Verdict::Match, false) => "The cutover may go ahead",
    }
}

fn mode(summary: &Summary) -> String {
    proof::of_run(summary).map_or_else(|| "Full: every row, no sample.".to_owned(), |text| line(&text))
}

fn figures(summary: &Summary) -> Vec<Figure> {
    let tables = &summary.tables;
    let read = tables.iter().filter(|t| words::was_compared(t)).count();
    let verdicts = [Verdict::Match, Verdict::Differ, Verdict::Undecided]
        .map(|verdict| (verdict, tables.iter().filter(|t| t.verdict == verdict).count() as u64));
    let columns: Vec<ColumnStatus> = tables.iter().flat_map(|t| &t.columns).map(|c| c.status).collect();
    let of_status = |status| columns.iter().filter(|s| **s == status).count() as u64;
    let others: Vec<_> = [
        ColumnStatus::Ignored,
        ColumnStatus::Incomparable,
        ColumnStatus::MissingInTarget,
        ColumnStatus::MissingInSource,
    ]
    .into_iter()
    .filter(|status| of_status(*status) > 0)
    .map(|status| format!("{} {}", number(of_status(status)), words::status(status)))
    .collect();
    let rows = |side: fn(&TableResult) -> Option<u64>| number(tables.iter().filter_map(side).sum());
    let both = |table: &TableResult| table.rows.source.unwrap_or(0) + table.rows.target.unwrap_or(0);
    let known: u64 = tables.iter().map(both).sum();
    let compared: u64 = tables.iter().filter(|t| words::was_compared(t)).map(both).sum();
    let unknown = tables.len() - read;
    let unknown = match unknown {
        0 => String::new(),
        n => format!("; the rows of {} are not all known", plural(n as u64, "table")),
    };
    let nonzero = verdicts.iter().filter(|(_, count)| *count > 0);
    vec![
        Figure {
            label: "Tables compared",
            value: number(read as u64),
            of: Some(number(tables.len() as u64)),
            note: nonzero.map(|(v, count)| format!("{} {}", number(*count), v.name())).collect::<Vec<_>>().join(", "),
        },
        Figure {
            label: "Rows compared, both sides",
            value: number(compared),
            of: Some(number(known)),
            note: format!(
                "{} in the source, {} in the target{unknown}",
                rows(|t| t.rows.source),
                rows(|t| t.rows.target)
            ),
        },
        Figure {
            label: "Columns compared",
            value: number(of_status(ColumnStatus::Compared)),
            of: Some(number(columns.len() as u64)),
            note: others.join(", "),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn coverage_counts_what_exists_and_what_was_compared() {
        let figures: Vec<_> = figures(&example::summary())
            .into_iter()
            .map(|f| format!("{} of {}: {}", f.value, f.of.unwrap_or_default(), f.note))
            .collect();
        assert_eq!(
            figures,
            [
                "5 of 7: 2 match, 3 differ, 2 undecided",
                "22,306,780 of 22,787,011: 11,153,456 in the source, 11,633,555 in the target; the rows of 2 tables are not \
                 all known",
                "16 of 19: 1 ignored, 1 incomparable, 1 only in the target"
            ]
        );
    }

    #[test]
    fn a_command_can_be_copied_but_steers_nothing() {
        assert_eq!(command("tieout diff a  b \\\n  --key 'x\u{1b}'"), "tieout diff a  b \\\n  --key 'x<ESC>'");
    }

    #[test]
    fn a_sample_states_its_share() {
        let mut summary = example::matching();
        summary.run.mode = "sample".into();
        summary.run.sample = Some("1%".into());
        summary.run.seed = Some(7);
        assert!(mode(&summary).starts_with("A sample of 1% of each table was compared (seed 7)"));
    }
}
