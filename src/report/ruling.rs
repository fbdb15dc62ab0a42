//! `tieout gate`: why it may not go ahead, in one table, and the answer.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};

use super::terminal::STYLE;
use super::visible::plain;
use super::words::{plural, shorten};
use crate::model::{Phase, Reason, Ruling, Verdict};

/// Reasons that are listed.
const REASONS_MAX: usize = 60;
/// Tables named in a line.
const TABLES_MAX: usize = 4;
/// Characters of a reason.
const WHAT_CHARS_MAX: usize = 600;

/// The ruling for a terminal of `width` columns, or of any width.
pub fn ruling_table(ruling: &Ruling, colour: bool, width: Option<u16>) -> String {
    let mut text = String::new();
    if !ruling.reasons.is_empty() {
        for line in reasons(&ruling.reasons, width).lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        if ruling.reasons.len() > REASONS_MAX {
            let more = plural((ruling.reasons.len() - REASONS_MAX) as u64, "more reason");
            text.push_str(&format!("… and {more}: see --json\n"));
        }
        text.push('\n');
    }
    let code = match ruling.verdict {
        Verdict::Match => 32,
        Verdict::Undecided => 33,
        Verdict::Differ => 31,
    };
    let headline = headline(ruling);
    text.push_str(&if colour { format!("\u{1b}[1;{code}m{headline}\u{1b}[0m") } else { headline });
    text.push_str(&format!(". {}\n", explanation(ruling)));
    text
}

fn reasons(reasons: &[Reason], width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).force_no_tty().set_header(["verdict", "table", "when", "run", "reason"]);
    match width {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.max(60)),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    for reason in reasons.iter().take(REASONS_MAX) {
        let mut names = reason.tables.iter().take(TABLES_MAX).cloned().collect::<Vec<_>>().join(", ");
        if reason.tables.len() > TABLES_MAX {
            names.push_str(&format!(" and {} more", reason.tables.len() - TABLES_MAX));
        }
        let dash = |text: Option<&str>| {
            text.filter(|text| !text.is_empty()).map_or("–".into(), |text| plain(text).into_owned())
        };
        table.add_row([
            reason.verdict.name().into(),
            dash(Some(&names)),
            dash(reason.at.as_deref()),
            dash(reason.run.as_deref()),
            plain(&shorten(&reason.what, WHAT_CHARS_MAX)).into_owned(),
        ]);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
        if matches!(column.index, 0 | 2 | 3) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        } else if column.index == 4 {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(20)));
        }
    }
    table
}

fn headline(ruling: &Ruling) -> String {
    let what = match ruling.phase {
        Some(Phase::Backfill) => "The backfill",
        Some(Phase::DualWrite) => "The dual-write phase",
        Some(Phase::Cutover) => "The cutover",
        Some(Phase::Cleanup) => "The cleanup",
        None => "This",
    };
    match (ruling.verdict, ruling.phase) {
        (Verdict::Match, Some(Phase::Backfill | Phase::DualWrite)) => format!("{what} has done its work"),
        (Verdict::Match, _) => format!("{what} may go ahead"),
        (_, Some(Phase::Backfill | Phase::DualWrite)) => format!("{what} has NOT done its work"),
        _ => format!("{what} may NOT go ahead"),
    }
}

fn explanation(ruling: &Ruling) -> String {
    let periods = ruling.tables.iter().map(|table| table.periods).max().unwrap_or(0);
    let tables = plural(ruling.tables.len() as u64, "table");
    let hours = ruling.every_seconds as f64 / 3600.0;
    let window = format!("the window from {} to {}", ruling.from, ruling.to);
    match ruling.verdict {
        Verdict::Match => {
            format!("{tables} proven to match in each of {} of {hours} hours in {window}.", plural(periods, "period"))
        }
        Verdict::Differ => {
            format!("{} in {window}: differences were proven.", plural(ruling.reasons.len() as u64, "reason"))
        }
        Verdict::Undecided => {
            format!(
                "{} in {window}: it has not been shown that the stores match.",
                plural(ruling.reasons.len() as u64, "reason")
            )
        }
    }
}
