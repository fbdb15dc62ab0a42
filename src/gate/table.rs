//! Rules on one table: its comparisons within the window, period by period.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{Asked, Run, Window, about, moment, undecided};
use crate::model::{Allowance, Demands, NOT_SAMPLED, Reason, Rows, RuledTable, TableRecord, Verdict, laxer};

/// A table that must have been compared.
pub(super) struct AskedTable {
    pub name: String,
    /// All names it goes by.
    pub names: Vec<String>,
}

/// One comparison of the table.
struct Comparison<'a> {
    run: &'a Run<'a>,
    /// Where a config asks for a pair more than once, under several conditions, it is recorded more than once.
    records: Vec<&'a TableRecord>,
    verdict: Verdict,
    /// Why it proves nothing although it matches.
    unfit: Option<String>,
}

/// What is to be said of a table.
pub(super) fn rule_table(
    table: &AskedTable,
    asked: &Asked,
    demands: &Demands,
    window: &Window,
    runs: &[Run<'_>],
) -> (RuledTable, Vec<Reason>) {
    let names: Vec<&str> = table.names.iter().map(String::as_str).collect();
    let comparisons: Vec<Comparison<'_>> =
        runs.iter().filter_map(|run| compared(table, &names, asked, demands, run)).collect();
    let mut reasons = verdicts(&comparisons, demands);
    let (periods, proven, gaps) = periods(&comparisons, window);
    reasons.extend(gaps);
    reasons.extend(comparisons.last().into_iter().flat_map(|last| of_the_last(last, demands, window.to)));
    if demands.steady {
        reasons.extend(shrunken_coverage(&comparisons));
        reasons.extend(laxer_config(&comparisons, &names, asked, demands));
    }
    for reason in &mut reasons {
        reason.tables = vec![table.name.clone()];
    }
    let ruled = RuledTable {
        name: table.name.clone(),
        comparisons: comparisons.len() as u64,
        periods_proven: proven,
        periods,
        last: comparisons.last().map(|last| last.run.record.start.started.clone()),
    };
    (ruled, reasons)
}

fn compared<'a>(
    table: &AskedTable,
    names: &[&str],
    asked: &Asked,
    demands: &Demands,
    run: &'a Run<'a>,
) -> Option<Comparison<'a>> {
    let end = run.end?;
    let records: Vec<&TableRecord> = end.tables.iter().filter(|record| table.is(record)).collect();
    let verdict = records.iter().map(|record| record.verdict).max()?;
    let start = &run.record.start;
    let is_sample = start.mode != "full";
    let mut lax =
        laxer(&without_samples(&asked.allowances, demands), &without_samples(&start.allowances, demands), names);
    if is_sample && demands.rows == Rows::All {
        lax.insert(0, "only a sample was compared".into());
    }
    let unfit = (!lax.is_empty()).then(|| format!("it allowed more than the config of today: {}", lax.join(", ")));
    Some(Comparison { run, records, verdict, unfit })
}

/// Where a sample will do, or where all rows are demanded anyhow, the config's own wish does not matter.
fn without_samples(allowances: &[Allowance], demands: &Demands) -> Vec<Allowance> {
    let matters = |one: &&Allowance| one.what != NOT_SAMPLED || demands.rows == Rows::AsAsked;
    allowances.iter().filter(matters).cloned().collect()
}

fn verdicts(comparisons: &[Comparison<'_>], demands: &Demands) -> Vec<Reason> {
    let looked_at =
        if demands.every_verdict { comparisons } else { &comparisons[comparisons.len().saturating_sub(1)..] };
    let bad = looked_at.iter().filter(|one| one.verdict != Verdict::Match);
    bad.map(|one| {
        let why: Vec<&str> = one.records.iter().filter_map(|record| record.reason.as_deref()).collect();
        let keys: u64 = one.records.iter().map(|record| record.counts.total()).sum();
        let mut what = format!("the verdict is {}", one.verdict.name());
        if keys > 0 {
            what.push_str(&format!(": {keys} keys differ"));
        }
        if !why.is_empty() {
            what.push_str(&format!("; {}", why.join("; ")));
        }
        about(one.run, one.verdict, what)
    })
    .collect()
}

/// A stretch of time in which nothing proves anything.
struct Gap {
    begin: DateTime<Utc>,
    end: DateTime<Utc>,
    /// The comparison that was made all the same, and why it proves nothing.
    unfit: Option<String>,
}

/// The number of periods, in how many of them the table is proven to match, and where nothing proves anything.
fn periods(comparisons: &[Comparison<'_>], window: &Window) -> (u64, u64, Vec<Reason>) {
    let begins = window.periods();
    let mut proven = 0;
    let mut gaps: Vec<Gap> = Vec::new();
    for (at, begin) in begins.iter().copied().enumerate() {
        let next = begins.get(at + 1).copied();
        let end = next.unwrap_or(window.to);
        // The last period has its end in it.
        let is_within =
            |one: &&Comparison<'_>| one.run.started >= begin && next.is_none_or(|next| one.run.started < next);
        let within: Vec<&Comparison<'_>> = comparisons.iter().filter(is_within).collect();
        if within.iter().any(|one| one.verdict == Verdict::Match && one.unfit.is_none()) {
            proven += 1;
        } else if within.iter().all(|one| one.verdict == Verdict::Match) {
            let unfit = within.iter().find_map(|one| {
                one.unfit.as_ref().map(|why| format!("the run {} does not count: {why}", one.run.record.start.id))
            });
            match gaps.last_mut() {
                // Neighbouring periods without any comparison are one gap.
                Some(gap) if gap.end == begin && gap.unfit.is_none() && unfit.is_none() => gap.end = end,
                _ => gaps.push(Gap { begin, end, unfit }),
            }
        }
        // Else the verdict that is no match is a reason already.
    }
    (begins.len() as u64, proven, gaps.into_iter().map(|gap| gap.reason(window)).collect())
}

impl Gap {
    fn reason(self, window: &Window) -> Reason {
        let Self { begin, end, unfit } = self;
        let hours = (end - begin).num_minutes() as f64 / TimeDelta::hours(1).num_minutes() as f64;
        let what = match unfit {
            Some(why) => why,
            None if begin == window.from && end == window.to => "never compared within the window".into(),
            None => format!("a gap: not compared in the {hours} hours until {}", moment(end)),
        };
        Reason { at: Some(moment(begin)), ..undecided(&what) }
    }
}

/// What the newest comparison says of today: what it waived or let pass may not be so any more.
fn of_the_last(last: &Comparison<'_>, demands: &Demands, now: DateTime<Utc>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for record in &last.records {
        let until = record.waived_until.as_deref().and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok());
        if until.is_some_and(|until| now.date_naive() > until) {
            let day = record.waived_until.as_deref().unwrap_or_default();
            let what = format!("what differs was waived until {day}: the waiver has expired");
            reasons.push(about(last.run, Verdict::Differ, what));
        }
        let within_limits = record.counts.total().saturating_sub(record.waived.total());
        if demands.exact && last.verdict == Verdict::Match && within_limits > 0 {
            let what = format!(
                "{within_limits} keys differ within the limits, and this phase knows no limits: waive or mend them"
            );
            reasons.push(about(last.run, Verdict::Differ, what));
        }
    }
    reasons
}

/// A column that was compared, that still exists, and is not compared any more; told once, where it begins.
fn shrunken_coverage(comparisons: &[Comparison<'_>]) -> Vec<Reason> {
    let mut compared: Vec<&String> = Vec::new();
    let mut told: Vec<&String> = Vec::new();
    let mut reasons = Vec::new();
    for one in comparisons {
        for record in &one.records {
            let lost: Vec<&String> = record
                .existing
                .iter()
                .filter(|column| {
                    compared.contains(column) && !record.compared.contains(column) && !told.contains(column)
                })
                .collect();
            if !lost.is_empty() {
                let names = lost.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
                let what = format!(
                    "the coverage shrank: {names} not compared any more ({} of {} columns are)",
                    record.compared.len(),
                    record.existing.len()
                );
                reasons.push(about(one.run, Verdict::Undecided, what));
                told.extend(lost);
            }
            compared.extend(&record.compared);
        }
    }
    reasons
}

/// Whether the config of today allows more than an earlier run of the window did; told once.
fn laxer_config(comparisons: &[Comparison<'_>], names: &[&str], asked: &Asked, demands: &Demands) -> Option<Reason> {
    let today = without_samples(&asked.allowances, demands);
    comparisons.iter().find_map(|one| {
        let lax = laxer(&without_samples(&one.run.record.start.allowances, demands), &today, names);
        (!lax.is_empty()).then(|| {
            about(one.run, Verdict::Undecided, format!("the config was made laxer after this run: {}", lax.join(", ")))
        })
    })
}
