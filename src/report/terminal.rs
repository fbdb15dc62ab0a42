//! The result on the terminal: a line for each table, what ails those that do not match, the verdict last.

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width,
};

use super::moving;
use super::proof;
use super::visible::plain;
use super::words::{self, number, number_or_dash, plural, shorten};
use crate::model::{Cause, CauseExample, Class, ColumnStatus, INEXACT_NAME, Summary, TableResult, Verdict};

/// Tables that get a line of their own.
const TABLES_LISTED_MAX: usize = 40;
/// Causes told of the run.
const CAUSES_TOLD_MAX: usize = 12;
/// Characters of a value of an example.
const EXAMPLE_CHARS_MAX: usize = 48;
/// Tables whose troubles are told.
const TABLES_TOLD_MAX: usize = 12;
/// Corrupt columns named of a table.
const COLUMNS_TOLD_MAX: usize = 5;
/// Findings told of a table.
const FINDINGS_TOLD_MAX: usize = 5;
/// Lines about limits and waivers.
const GATE_LINES_MAX: usize = 12;
/// Characters of a name.
const NAME_CHARS_MAX: usize = 60;
/// Width of a name before it is broken.
const NAME_WIDTH_MIN: u16 = 16;
/// Characters of a reason or finding.
const NOTE_CHARS_MAX: usize = 300;
/// A line under the header and no other line: it copies well and reads well in a log.
pub(super) const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// The summary for a terminal of `width` columns, or of any width; `colour` allows styling.
pub fn summary_table(summary: &Summary, colour: bool, width: Option<u16>) -> String {
    let listed = listed(&summary.tables);
    let mut text = causes(summary);
    if !listed.is_empty() {
        for line in table(&listed, colour, width).lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    if let Some(line) = unlisted(&summary.tables, &listed) {
        text.push_str(&format!("{line}\n"));
    }
    let notes = notes(&listed);
    if !notes.is_empty() {
        text.push('\n');
        text.push_str(&notes);
    }
    if let Some(line) = inexact_names(&summary.tables) {
        text.push_str(&format!("{line}\n"));
    }
    if let Some(line) = super::schema::one_line(&summary.tables) {
        text.push_str(&format!("{line}\n"));
    }
    text.push_str(&load(summary));
    text.push_str(&gate(summary));
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&verdict(summary, colour));
    text
}

/// What went wrong, each cause with the rows it explains, where, an example and the rule that would accept it.
fn causes(summary: &Summary) -> String {
    if summary.causes.is_empty() {
        return String::new();
    }
    let all: usize = summary.tables.iter().map(|table| table.causes.len()).sum();
    let told = &summary.causes[..summary.causes.len().min(CAUSES_TOLD_MAX)];
    let rows: Vec<String> = told.iter().map(rows_explained).collect();
    let places: Vec<String> = told.iter().map(place).collect();
    let rows_width = rows.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let place_width = places.iter().map(|text| text.chars().count()).max().unwrap_or(0).min(NAME_CHARS_MAX / 2);
    let mut text = format!("{}, {}\n", plural(all as u64, "cause"), plural(words::explained(summary), "difference"));
    for ((cause, rows), place) in told.iter().zip(rows).zip(places) {
        let sentence = plain(&shorten(&cause.sentence, NOTE_CHARS_MAX)).into_owned();
        text.push_str(&format!("  {rows:>rows_width$}  {place:place_width$}  {sentence}\n"));
        let indent = " ".repeat(rows_width + place_width + 6);
        if let Some(example) = example(&cause.example, cause.column.is_some()) {
            text.push_str(&format!("{indent}{example}\n"));
        }
        if let Some(rule) = &cause.rule {
            text.push_str(&format!("{indent}would be accepted by: {}\n", plain(&shorten(rule, NOTE_CHARS_MAX))));
        }
    }
    if all > told.len() {
        text.push_str(&format!("  … and {}: see report.html\n", plural((all - told.len()) as u64, "more cause")));
    }
    text.push('\n');
    text
}

fn rows_explained(cause: &Cause) -> String {
    let noun = if cause.column.is_some() { "row" } else { "key" };
    format!("{}{}", if cause.exact { "" } else { "at least " }, plural(cause.rows, noun))
}

fn place(cause: &Cause) -> String {
    let table = shorten(&cause.table, NAME_CHARS_MAX / 2);
    match &cause.column {
        Some(column) => plain(&format!("{table}.{}", shorten(column, NAME_CHARS_MAX / 2))).into_owned(),
        None => plain(&table).into_owned(),
    }
}

/// The values of the first row, where the cause is one of a column: sentences about keys name theirs.
fn example(example: &CauseExample, has_values: bool) -> Option<String> {
    if !has_values {
        return None;
    }
    let value = |value: &Option<String>| match value.as_deref() {
        None => "NULL".to_owned(),
        Some("") => "''".to_owned(),
        Some(text) => plain(&shorten(text, EXAMPLE_CHARS_MAX)).into_owned(),
    };
    let key = example.key.iter().map(&value).collect::<Vec<_>>().join(", ");
    Some(format!("such as {key}: {} → {}", value(&example.source), value(&example.target)))
}

/// The tables that get a line: all that do not match, then those that do, as many as there is room for, in their order.
fn listed(tables: &[TableResult]) -> Vec<&TableResult> {
    let mut order: Vec<usize> = (0..tables.len()).collect();
    order.sort_by_key(|i| (std::cmp::Reverse(tables[*i].verdict), *i));
    order.truncate(TABLES_LISTED_MAX);
    order.sort_unstable();
    order.into_iter().map(|i| &tables[i]).collect()
}

fn unlisted(tables: &[TableResult], listed: &[&TableResult]) -> Option<String> {
    let left_out = |verdict| {
        let count = |all: usize, shown: usize| (all - shown) as u64;
        count(
            tables.iter().filter(|t| t.verdict == verdict).count(),
            listed.iter().filter(|t| t.verdict == verdict).count(),
        )
    };
    let parts: Vec<_> = [Verdict::Differ, Verdict::Undecided, Verdict::Match]
        .into_iter()
        .filter(|verdict| left_out(*verdict) > 0)
        .map(|verdict| format!("{} {}", number(left_out(verdict)), verdict.name()))
        .collect();
    let total = (tables.len() - listed.len()) as u64;
    (total > 0).then(|| format!("… and {}: {}", plural(total, "more table"), parts.join(", ")))
}

fn table(listed: &[&TableResult], colour: bool, width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic);
    if colour {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    match width {
        Some(width) => table.set_width(width.max(40)),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    let right = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
    let mut header = vec![Cell::new("table"), right("rows\nsource"), right("rows\ntarget")];
    header.extend(Class::ALL.map(|class| right(class.name())));
    header.push(Cell::new("verdict"));
    table.set_header(header);
    for result in listed {
        let mut row = vec![
            Cell::new(plain(&shorten(&result.name, NAME_CHARS_MAX))),
            right(&number_or_dash(result.rows.source)),
            right(&number_or_dash(result.rows.target)),
        ];
        row.extend(Class::ALL.map(|class| {
            let count = result.counts.of(class);
            let cell = right(&number_or_dash(words::known_count(result, class)));
            if count > 0 { cell.add_attribute(Attribute::Bold) } else { cell }
        }));
        row.push(Cell::new(result.verdict.name()).fg(shade(result.verdict)));
        table.add_row(row);
    }
    let name_width = table.column_max_content_widths().first().copied().unwrap_or(0).min(NAME_WIDTH_MIN);
    for column in table.column_iter_mut() {
        // Numbers are never broken; a long name is.
        let constraint = match column.index {
            0 => ColumnConstraint::LowerBoundary(Width::Fixed(name_width)),
            _ => ColumnConstraint::ContentWidth,
        };
        column.set_padding((0, 1)).set_constraint(constraint);
    }
    table
}

/// What ails the listed tables, and what else the user should know about them.
fn notes(listed: &[&TableResult]) -> String {
    let mut noted: Vec<(&TableResult, Vec<String>)> =
        listed.iter().map(|t| (*t, notes_of(t))).filter(|(_, notes)| !notes.is_empty()).collect();
    let all = noted.len();
    // Those that do not match go first when there is not room for all.
    noted.sort_by_key(|(table, _)| std::cmp::Reverse(table.verdict));
    noted.truncate(TABLES_TOLD_MAX);
    let mut text = String::new();
    for (table, notes) in &noted {
        text.push_str(&format!("{}\n", plain(&shorten(&table.name, NAME_CHARS_MAX))));
        notes.iter().for_each(|note| text.push_str(&format!("  {}\n", plain(&shorten(note, NOTE_CHARS_MAX)))));
    }
    if all > noted.len() {
        text.push_str(&format!("… {} with notes: see report.html\n", plural((all - noted.len()) as u64, "more table")));
    }
    text
}

fn notes_of(table: &TableResult) -> Vec<String> {
    let mut notes: Vec<String> =
        table.reason.iter().cloned().chain(proof::of_table(table)).chain(moving::of_table(table)).collect();
    let columns = words::corrupt_columns(table);
    if !columns.is_empty() {
        let name = |(name, corrupt): &(&str, u64)| format!("{} ({})", shorten(name, NAME_CHARS_MAX), number(*corrupt));
        let mut text = columns.iter().take(COLUMNS_TOLD_MAX).map(name).collect::<Vec<_>>().join(", ");
        if columns.len() > COLUMNS_TOLD_MAX {
            text.push_str(&format!(" and {}", plural((columns.len() - COLUMNS_TOLD_MAX) as u64, "more column")));
        }
        notes.push(format!("corrupt in {text}"));
    }
    for status in [ColumnStatus::Incomparable, ColumnStatus::MissingInTarget] {
        let told = |name: &str| table.reason.as_ref().is_some_and(|reason| reason.contains(name));
        let untold = table.columns.iter().filter(|c| c.status == status && !told(&c.name));
        let names: Vec<_> = untold.map(|c| shorten(&c.name, NAME_CHARS_MAX)).collect();
        if !names.is_empty() {
            let more = names.len().saturating_sub(COLUMNS_TOLD_MAX);
            let more = if more > 0 { format!(" and {}", plural(more as u64, "more column")) } else { String::new() };
            notes.push(format!(
                "{}: {}{more}",
                words::status(status),
                names[..names.len().min(COLUMNS_TOLD_MAX)].join(", ")
            ));
        }
    }
    let of_columns = table.columns.iter().flat_map(|c| {
        c.findings
            .iter()
            .filter(|finding| !is_of_name(finding))
            .map(|finding| format!("{}: {finding}", shorten(&c.name, NAME_CHARS_MAX)))
    });
    let findings: Vec<_> =
        table.findings.iter().filter(|finding| !is_of_name(finding)).cloned().chain(of_columns).collect();
    let more = findings.len().saturating_sub(FINDINGS_TOLD_MAX);
    notes.extend(findings.into_iter().take(FINDINGS_TOLD_MAX));
    if more > 0 {
        notes.push(format!("and {}", plural(more as u64, "more finding")));
    }
    notes
}

/// Names that are not exactly alike are told in one line for all: every column of a table may have one.
fn is_of_name(finding: &str) -> bool {
    finding.starts_with(INEXACT_NAME)
}

fn inexact_names(tables: &[TableResult]) -> Option<String> {
    let of_columns = tables.iter().flat_map(|t| &t.columns).flat_map(|c| &c.findings);
    let all = tables.iter().flat_map(|t| &t.findings).chain(of_columns).filter(|finding| is_of_name(finding)).count();
    (all > 0).then(|| {
        let met = if all == 1 {
            "1 name met its counterpart".into()
        } else {
            format!("{} names met their counterparts", number(all as u64))
        };
        format!("{met} without regard to case or underscores: see report.html")
    })
}

/// What the load on a store did to the run.
fn load(summary: &Summary) -> String {
    let mut text = String::new();
    for (role, store) in [("source", &summary.source), ("target", &summary.target)] {
        for finding in store.load.iter().take(FINDINGS_TOLD_MAX) {
            text.push_str(&format!("load of the {role}: {}\n", plain(&shorten(finding, NOTE_CHARS_MAX))));
        }
        if store.load.len() > FINDINGS_TOLD_MAX {
            let more = plural((store.load.len() - FINDINGS_TOLD_MAX) as u64, "more finding");
            text.push_str(&format!("load of the {role}: and {more}: see summary.json\n"));
        }
    }
    text
}

/// What the gate has to say.
fn gate(summary: &Summary) -> String {
    // The broken limits of a table are among its notes.
    let lines = words::gate_lines(summary, false);
    let mut text = String::new();
    lines
        .iter()
        .take(GATE_LINES_MAX)
        .for_each(|line| text.push_str(&format!("{}\n", plain(&shorten(line, NOTE_CHARS_MAX)))));
    if lines.len() > GATE_LINES_MAX {
        let more = plural((lines.len() - GATE_LINES_MAX) as u64, "more limit or waiver");
        text.push_str(&format!("… and {more}: see summary.json\n"));
    }
    text
}

fn verdict(summary: &Summary, colour: bool) -> String {
    let explanation = words::explanation(summary);
    let explanation = plain(&explanation);
    let headline = words::headline(summary);
    let space = if explanation.is_empty() { "" } else { ". " };
    if !colour {
        return format!("{headline}{space}{explanation}\n");
    }
    let code = match summary.verdict {
        Verdict::Match => 32,
        Verdict::Undecided => 33,
        Verdict::Differ => 31,
    };
    format!("\u{1b}[1;{code}m{headline}\u{1b}[0m{space}{explanation}\n")
}

fn shade(verdict: Verdict) -> Color {
    match verdict {
        Verdict::Match => Color::DarkGreen,
        Verdict::Undecided => Color::DarkYellow,
        Verdict::Differ => Color::DarkRed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn a_matching_run_is_a_table_and_a_sentence() {
        let text = summary_table(&example::matching(), false, None);
        assert_eq!(
            text,
            "table      rows    rows  missing  unexpected  duplicate  corrupt  verdict\n\
             \x20        source  target\n\
             ──────────────────────────────────────────────────────────────────────────\n\
             albums   10,000  10,000        0           0          0        0  match\n\
             artists  10,000  10,000        0           0          0        0  match\n\
             \n\
             The two stores hold the same data. 2 tables with 20,000 rows compared, no difference found.\n"
        );
    }

    #[test]
    fn what_ails_a_table_is_said_in_words() {
        let text = summary_table(&example::summary(), false, Some(120));
        for part in [
            "3,000,000",
            "corrupt in created_at (1,236,801), note (118)",
            "created_at: lossy: timestamp(6) against datetime(0)",
            "incomparable: outline",
            "only in the source",
            "name: albums meets Albums without regard to case",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(text.lines().last().unwrap().starts_with("The two stores do NOT hold the same data. 1,237,124 keys"));
    }

    #[test]
    fn what_the_load_on_a_store_did_is_said_of_that_store() {
        let mut summary = example::matching();
        summary.source.load = (1..=7).map(|n| format!("signal {n} was over its limit")).collect();
        let text = summary_table(&summary, false, None);
        assert!(text.contains("\nload of the source: signal 5 was over its limit\n"), "{text}");
        assert!(text.contains("\nload of the source: and 2 more findings: see summary.json\n"), "{text}");
        assert!(!text.contains("signal 6") && !text.contains("load of the target"), "{text}");
    }

    #[test]
    fn no_escape_sequence_of_the_data_reaches_the_terminal() {
        let mut summary = example::summary();
        summary.source.load = vec!["threads\u{1b}[2J".into()];
        for table in &mut summary.tables {
            table.name = "a\u{1b}]0;evil\u{7}\r\n\u{202e}b".into();
            table.reason = Some("x\u{1b}[2Jy\u{9b}1m".into());
            table.findings = vec!["\u{1b}[31mred".into()];
        }
        summary.reason = Some("\u{1b}[0m\u{8}".into());
        let text = summary_table(&summary, false, Some(100));
        let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!text.contains(steers), "{text:?}");
        // With colour, only the codes of this room remain.
        let coloured = summary_table(&summary, true, Some(100));
        assert!(coloured.contains("\u{1b}[") && !coloured.contains("\u{1b}]") && !coloured.contains("[2J\u{1b}"));
    }

    #[test]
    fn ten_thousand_tables_fit_a_screen() {
        let mut summary = example::matching();
        summary.tables = (0..10_000).map(|i| example::table(&format!("t{i:05}"))).collect();
        summary.tables[9_999].verdict = Verdict::Differ;
        summary.tables[9_999].counts.missing = 1;
        summary.verdict = Verdict::Differ;
        let text = summary_table(&summary, false, Some(100));
        assert!(text.lines().count() < 50 && text.contains("t09999"), "{text}");
        assert!(text.contains("… and 9,960 more tables: 9,960 match"), "{text}");

        summary.tables.iter_mut().for_each(|t| t.verdict = Verdict::Undecided);
        summary.tables.iter_mut().for_each(|t| t.reason = Some("the store failed".repeat(1000)));
        assert!(summary_table(&summary, false, Some(100)).len() < 20_000);
    }

    #[test]
    fn nothing_compared_is_not_proven() {
        let mut summary = example::matching();
        summary.tables.clear();
        (summary.verdict, summary.reason) = (Verdict::Undecided, Some("no table matched".into()));
        let text = summary_table(&summary, false, None);
        assert!(text.starts_with("NOT PROVEN that the two stores hold the same data. No table matched."), "{text}");
    }
}
