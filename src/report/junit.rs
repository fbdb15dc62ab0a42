//! `junit.xml`: the result for CI. One suite for the run, one case for each table: `differ` is a failure, `undecided` an
//! error, so that a CI server tells what was proven from what was not.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::moving;
use super::proof;
use super::visible::plain;
use super::words;
use crate::error::{Error, Result};
use crate::model::{Summary, TableResult, Verdict};

/// Columns named in a failure; the others are in `summary.json`.
const COLUMNS_MAX: usize = 50;

/// The run as JUnit XML.
pub fn junit_xml(summary: &Summary) -> Result<Vec<u8>> {
    let mut suite =
        TestSuite::new(&*plain(&format!("{} → {}", summary.source.identity.url, summary.target.identity.url)));
    let told: Vec<String> = proof::of_run(summary).into_iter().chain(moving::of_run(summary)).collect();
    if !told.is_empty() {
        suite.set_system_out(&*plain(&told.join(" ")));
    }
    suite.add_test_cases(summary.tables.iter().map(case));
    // A verdict that no table explains is a case of its own: an empty or all-green suite must not pass.
    if summary.tables.iter().all(|t| t.verdict == Verdict::Match) && summary.verdict != Verdict::Match {
        let reason = summary.reason.as_deref().unwrap_or("nothing was compared");
        suite.add_test_case(TestCase::new("the whole run", non_success(summary.verdict, reason)));
    }
    let of_run: Vec<_> = summary.limits.iter().filter(|one| one.broken && one.table.is_none()).collect();
    if !of_run.is_empty() {
        let words = of_run.iter().map(|limit| limit.described()).collect::<Vec<_>>().join("; ");
        let mut case = TestCase::new("the limits of the run", non_success(summary.verdict, &words));
        case.set_classname("tieout");
        suite.add_test_case(case);
    }
    let total = summary.tables.iter().map(time).fold(Duration::ZERO, Duration::saturating_add);
    suite.set_time(total);
    let mut report = Report::new("tieout");
    report.set_time(total).add_test_suite(suite);
    let mut xml = Vec::new();
    report.serialize(&mut xml).map_err(|e| Error::output("cannot write the result as JUnit XML").because(e))?;
    Ok(xml)
}

fn case(table: &TableResult) -> TestCase {
    let status = match table.verdict {
        Verdict::Match => match &table.waived {
            // Nothing differs but what somebody vouches for.
            Some(waived) if waived.counts.total() == table.counts.total() => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(&*plain(&words::waived_words(waived)));
                status
            }
            _ => TestCaseStatus::success(),
        },
        verdict => {
            let message = match (words::counts(&table.counts), &table.reason) {
                (Some(counts), Some(reason)) => format!("{counts}; {reason}"),
                (Some(text), None) => text,
                (None, Some(reason)) => reason.clone(),
                (None, None) => verdict.name().to_owned(),
            };
            let mut status = non_success(verdict, &message);
            status.set_description(description(table, &message));
            status
        }
    };
    let mut case = TestCase::new(&*plain(&table.name), status);
    case.set_classname("tieout").set_time(time(table));
    let told: Vec<String> = proof::of_table(table).into_iter().chain(moving::of_table(table)).collect();
    if !told.is_empty() {
        case.set_system_out(&*plain(&told.join("; ")));
    }
    case
}

fn non_success(verdict: Verdict, message: &str) -> TestCaseStatus {
    let kind = if verdict == Verdict::Differ { NonSuccessKind::Failure } else { NonSuccessKind::Error };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(verdict.name()).set_message(&*plain(message));
    status
}

fn description(table: &TableResult, message: &str) -> String {
    let mut lines = vec![
        plain(message).into_owned(),
        format!(
            "rows: {} in the source, {} in the target",
            words::number_or_dash(table.rows.source),
            words::number_or_dash(table.rows.target)
        ),
    ];
    let columns = words::corrupt_columns(table);
    let line = |(name, corrupt): &(&str, u64)| format!("{}: {} corrupt", plain(name), words::number(*corrupt));
    lines.extend(columns.iter().take(COLUMNS_MAX).map(line));
    if columns.len() > COLUMNS_MAX {
        lines.push(format!("and {} more", words::plural((columns.len() - COLUMNS_MAX) as u64, "column")));
    }
    lines.join("\n")
}

fn time(table: &TableResult) -> Duration {
    let seconds = table.seconds.snapshot + table.seconds.tree + table.seconds.diff;
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    fn xml(summary: &Summary) -> String {
        String::from_utf8(junit_xml(summary).unwrap()).unwrap()
    }

    #[test]
    fn a_difference_is_a_failure_and_the_undecided_an_error() {
        let xml = xml(&example::summary());
        assert!(xml.contains(r#"<testsuites name="tieout" tests="7" skipped="0" failures="3" errors="2""#), "{xml}");
        assert!(xml.contains(r#"message="152 missing, 23 unexpected, 2 duplicate, 1,236,944 corrupt" type="differ""#));
        assert!(xml.contains(r#"type="undecided""#) && xml.contains("connection reset by peer"));
        assert!(!xml.contains("timestamp="));
    }

    #[test]
    fn a_run_that_compared_nothing_is_an_error() {
        let mut summary = example::matching();
        summary.tables.clear();
        summary.verdict = Verdict::Undecided;
        summary.reason = Some("no table matched".into());
        let xml = xml(&summary);
        assert!(xml.contains(r#"errors="1""#) && xml.contains("no table matched"), "{xml}");
    }

    #[test]
    fn names_cannot_break_out_of_the_xml() {
        let mut summary = example::summary();
        summary.tables[4].name = "a\u{1b}[1m\"<b>\u{0}\u{ffff}".into();
        let xml = xml(&summary);
        assert!(xml.contains(r#"name="a&lt;ESC&gt;[1m&quot;&lt;b&gt;&lt;NUL&gt;&lt;U+FFFF&gt;""#), "{xml}");
        assert!(!xml.contains("<img") && xml.contains("&lt;img src=x onerror=alert(1)&gt;"));
    }

    #[test]
    fn the_same_summary_gives_the_same_bytes() {
        assert_eq!(xml(&example::summary()), xml(&example::summary()));
    }
}
