//! The words and numbers that terminal, JUnit and HTML share, so that a run reads the same everywhere.

use std::borrow::Cow;

use super::marking::first_chars;
use super::moving;
use super::proof;
use crate::model::{
    Class, ColumnStatus, Counts, Severity, SeverityCounts, Summary, TableResult, Verdict, Waived, WaiverResult,
};

/// The verdict in words for a person who has never seen tieout.
pub fn headline(summary: &Summary) -> &'static str {
    let sampled = summary.run.mode == "sample";
    let any = summary.tables.iter().any(|t| t.counts.total() > 0 || t.waived.is_some());
    let only_waived =
        summary.tables.iter().all(|t| t.waived.as_ref().map_or(0, |w| w.counts.total()) == t.counts.total());
    match (summary.verdict, sampled, any) {
        (Verdict::Differ, ..) => "The two stores do NOT hold the same data",
        (Verdict::Undecided, ..) => "NOT PROVEN that the two stores hold the same data",
        (Verdict::Match, _, true) if only_waived => {
            "The two stores agree but for differences that somebody vouches for"
        }
        (Verdict::Match, _, true) => "The two stores agree within the limits that were set",
        (Verdict::Match, true, _) => "The sampled rows are the same in both stores",
        (Verdict::Match, false, _) => "The two stores hold the same data",
    }
}

/// What stands behind the verdict, in a sentence or two.
pub fn explanation(summary: &Summary) -> String {
    let tables = summary.tables.len() as u64;
    let total: u64 = summary.tables.iter().map(proven).sum();
    let with_keys = count(summary, |t| proven(t) > 0);
    let otherwise = count(summary, |t| t.verdict == Verdict::Differ && t.counts.total() == 0);
    let undecided = count(summary, |t| t.verdict == Verdict::Undecided);
    let waived: u64 = summary.tables.iter().filter_map(|t| t.waived.as_ref()).map(|w| w.counts.total()).sum();
    let mut sentences = Vec::new();
    if total > 0 {
        let of = if tables == 1 {
            String::new()
        } else {
            format!(" in {} of {}", number(with_keys), plural(tables, "table"))
        };
        sentences.push(format!("{} {}{of}.", plural(total, "key"), if total == 1 { "differs" } else { "differ" }));
    }
    if waived > 0 {
        sentences.push(format!("{} of them {} waived.", number(waived), if waived == 1 { "is" } else { "are" }));
    }
    if otherwise > 0 {
        let verb = if otherwise == 1 {
            "exists on one side only or has a column"
        } else {
            "exist on one side only or have columns"
        };
        sentences.push(format!("{} {verb} without a counterpart.", plural(otherwise, "table")));
    }
    if undecided > 0 {
        let all = if undecided == tables { "" } else { &format!(" of {}", number(tables)) };
        let verb = if tables == 1 || (undecided == 1 && all.is_empty()) { "table" } else { "tables" };
        sentences.push(format!("{}{all} {verb} could not be compared completely.", number(undecided)));
    }
    if let Some(reason) = &summary.reason {
        sentences.push(sentence(reason));
    }
    if sentences.is_empty() && summary.verdict == Verdict::Match {
        let rows: u64 = summary.tables.iter().filter_map(|t| t.rows.source).sum();
        sentences.push(format!(
            "{} with {} compared, no difference found.",
            plural(tables, "table"),
            plural(rows, if summary.run.mode == "sample" { "sampled row" } else { "row" })
        ));
    }
    if summary.verdict == Verdict::Undecided && total == 0 {
        sentences.push("What was not compared may be equal or not.".to_owned());
    }
    sentences.extend(proof::of_run(summary));
    sentences.extend(moving::of_run(summary));
    sentences.join(" ")
}

/// The keys of a table that are known to differ: where its data move, those that were not read again are not.
fn proven(table: &TableResult) -> u64 {
    let unproven = table.moving.as_ref().is_some_and(|moving| moving.not_rechecked > 0);
    if unproven { 0 } else { table.counts.total() }
}

/// What the gate has to say: limits that are broken, waivers that have expired or cover something. One line each.
pub fn gate_lines(summary: &Summary, limits_of_tables: bool) -> Vec<String> {
    let broken = summary.limits.iter().filter(|limit| limit.broken && (limits_of_tables || limit.table.is_none()));
    let mut lines: Vec<String> = broken.map(|limit| format!("limit broken: {}", limit.described())).collect();
    lines.extend(summary.waivers.iter().filter_map(WaiverResult::lapse));
    let waived = summary.tables.iter().filter_map(|table| Some((table, table.waived.as_ref()?)));
    lines.extend(waived.map(|(table, waived)| format!("{}: {}", table.name, waived_words(waived))));
    lines
}

/// What is waived of a table, and by whom.
pub fn waived_words(waived: &Waived) -> String {
    let mut parts: Vec<String> = counts(&waived.counts).into_iter().collect();
    parts.extend((!waived.columns.is_empty()).then(|| format!("no counterpart of {}", waived.columns.join(", "))));
    let what = if parts.is_empty() { "the whole table".to_owned() } else { parts.join(", ") };
    format!("{what} waived by {}", waived.by.join("; "))
}

/// The keys that differ by class, for example `3 missing, 1 corrupt`; `None` where there are none.
pub fn counts(counts: &Counts) -> Option<String> {
    let parts: Vec<_> = Class::ALL
        .into_iter()
        .filter(|class| counts.of(*class) > 0)
        .map(|class| format!("{} {}", number(counts.of(class)), class.name()))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Whether the rows of a table were compared: both sides were read to their end.
pub fn was_compared(table: &TableResult) -> bool {
    table.rows.source.is_some() && table.rows.target.is_some()
}

/// The count of a class; `None` where nothing was compared, so that no zero claims what nobody looked at.
pub fn known_count(table: &TableResult, class: Class) -> Option<u64> {
    let count = table.counts.of(class);
    (count > 0 || was_compared(table)).then_some(count)
}

/// The differences that the causes of a run explain: changed keys, a corrupt one once for each column that differs.
pub fn explained(summary: &Summary) -> u64 {
    summary.tables.iter().flat_map(|table| &table.causes).map(|cause| cause.rows).sum()
}

/// The columns of a table that differ, the worst first, then in the table's order.
pub fn corrupt_columns(table: &TableResult) -> Vec<(&str, u64)> {
    let mut columns: Vec<_> =
        table.columns.iter().filter(|c| c.corrupt > 0).map(|c| (c.name.as_str(), c.corrupt)).collect();
    columns.sort_by_key(|(_, corrupt)| std::cmp::Reverse(*corrupt));
    columns
}

/// What became of a column.
pub fn status(status: ColumnStatus) -> &'static str {
    match status {
        ColumnStatus::Compared => "compared",
        ColumnStatus::Ignored => "ignored",
        ColumnStatus::Incomparable => "incomparable",
        ColumnStatus::MissingInTarget => "missing in the target",
        ColumnStatus::MissingInSource => "only in the target",
    }
}

/// What a class means.
pub fn meaning(class: Class) -> &'static str {
    match class {
        Class::Missing => "The key is in the source, not in the target.",
        Class::Unexpected => "The key is in the target, not in the source.",
        Class::Duplicate => "The key is on both sides, but a different number of times.",
        Class::Corrupt => "The key is on both sides the same number of times, but the rows differ.",
    }
}

/// How many findings there are of each severity, for example `1 lossy, 2 notes`.
pub fn severities(counts: &SeverityCounts) -> String {
    let part = |severity: Severity| match (severity, counts.get(severity)) {
        (_, 0) => None,
        (Severity::Note, n) => Some(plural(n, "note")),
        (severity, n) => Some(format!("{} {}", number(n), severity.name())),
    };
    Severity::ALL.into_iter().filter_map(part).collect::<Vec<_>>().join(", ")
}

/// A number with thousands separators.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number that may be unknown.
pub fn number_or_dash(n: Option<u64>) -> String {
    n.map_or_else(|| "–".to_owned(), number)
}

/// `1 row`, `2 rows`.
pub fn plural(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", number(n), if n == 1 { "" } else { "s" })
}

/// Seconds with a sensible number of digits.
pub fn seconds(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() || s < 0.0 => "–".to_owned(),
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 99.5 => format!("{s:.0} s"),
        s => format!("{} min {:02} s", (s.round() as u64) / 60, (s.round() as u64) % 60),
    }
}

/// At most `chars_max` characters of a text, an ellipsis where it was cut.
pub fn shorten(text: &str, chars_max: usize) -> Cow<'_, str> {
    match first_chars(text, chars_max) {
        (_, 0) => Cow::Borrowed(text),
        (start, _) => Cow::Owned(format!("{start}…")),
    }
}

/// A reason as a sentence.
pub fn sentence(reason: &str) -> String {
    let mut characters = reason.trim().chars();
    let first = characters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let rest = characters.as_str().trim_end_matches('.');
    format!("{first}{rest}.")
}

/// An argument as a shell takes it.
pub fn shell(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:.@_-=+,%".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

fn count(summary: &Summary, test: impl Fn(&TableResult) -> bool) -> u64 {
    summary.tables.iter().filter(|t| test(t)).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let numbers = [0, 999, 1000, 12_345_678, u64::MAX].map(number);
        assert_eq!(numbers, ["0", "999", "1,000", "12,345,678", "18,446,744,073,709,551,615"]);
    }

    #[test]
    fn seconds_are_short() {
        let texts = [0.04, 1.26, 12.4, 75.0, 125.0, f64::NAN].map(seconds);
        assert_eq!(texts, ["0.0 s", "1.3 s", "12 s", "75 s", "2 min 05 s", "–"]);
    }

    #[test]
    fn a_sample_never_claims_that_the_stores_are_equal() {
        let mut summary = example::matching();
        assert_eq!(headline(&summary), "The two stores hold the same data");
        summary.run.mode = "sample".into();
        assert_eq!(headline(&summary), "The sampled rows are the same in both stores");
        assert!(explanation(&summary).ends_with("what was not chosen was not compared."));
    }

    #[test]
    fn differences_within_the_limits_are_not_called_the_same_data() {
        let mut summary = example::matching();
        summary.tables[0].counts.missing = 1;
        assert_eq!(headline(&summary), "The two stores agree within the limits that were set");
        assert_eq!(explanation(&summary), "1 key differs in 1 of 2 tables.");
    }

    #[test]
    fn the_explanation_counts_keys_and_tables() {
        let text = explanation(&example::summary());
        assert_eq!(
            text,
            "1,237,124 keys differ in 2 of 7 tables. 1 table exists on one side only or has a column without a \
             counterpart. 2 of 7 tables could not be compared completely."
        );
    }
}
