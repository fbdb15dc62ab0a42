//! The gate over the history: whether a cutover, or the end of a rollback window, may go ahead.
//!
//! It may only if every table of the config has been compared in every period of the window, and nothing speaks against
//! it. What cannot be shown counts as not shown: a run that broke off, whose time cannot be believed, or whose config allowed
//! more than today's, proves nothing. docs/gate.md has the demands of each stage.

mod clock;
mod table;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::model::naming::fit;
use crate::model::{Allowance, Demands, Pair, RULING_FORMAT, Reason, Ruling, RunEnd, RunRecord, TableRecord, Verdict};
use table::{AskedTable, rule_table};

/// What the config of today asks for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The stores, without passwords, as the runs have recorded them.
    pub stores: Pair<String>,
    /// For each table pair its name and all names it goes by; `None` where every table was asked for.
    pub tables: Option<Vec<(String, Vec<String>)>>,
    /// What the config allows.
    pub allowances: Vec<Allowance>,
    /// The SHA-256 of what it means.
    pub config: String,
}

/// A run within the window.
struct Run<'a> {
    record: &'a RunRecord,
    end: Option<&'a RunEnd>,
    started: DateTime<Utc>,
}

/// The stretch of time that is looked at.
struct Window {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    every: TimeDelta,
}

/// Rules on the runs of a history, in the order in which they were started.
pub fn rule(asked: &Asked, demands: &Demands, history: &[RunRecord], now: DateTime<Utc>) -> Ruling {
    let length = |duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
    let from = now.checked_sub_signed(length(demands.window)).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let window = Window { from, to: now, every: length(demands.every) };
    let mut reasons = clock::troubles(history, &window);
    let runs: Vec<Run<'_>> = history.iter().filter_map(|record| window.run(record, &asked.stores)).collect();
    if history.is_empty() {
        reasons.push(undecided("the history holds no run at all"));
    } else if runs.is_empty() {
        reasons.push(undecided("the history holds no run of these two stores within the window"));
    }
    reasons.extend(runs.iter().filter_map(trouble_of_run));
    let mut tables = Vec::new();
    let asked_tables = asked_tables(asked, &runs);
    if asked_tables.is_empty() && !runs.is_empty() {
        reasons.push(undecided("no table has ever been compared"));
    }
    for table in &asked_tables {
        let (ruled, more) = rule_table(table, asked, demands, &window, &runs);
        tables.push(ruled);
        for reason in more {
            add(&mut reasons, reason);
        }
    }
    if demands.steady {
        reasons.extend(forgotten_tables(&asked_tables, &runs));
    }
    // The gravest first; within that in the order in which they were found.
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.verdict));
    let verdict = reasons.iter().map(|reason| reason.verdict).max().unwrap_or(Verdict::Match);
    Ruling {
        format: RULING_FORMAT.into(),
        verdict,
        exit_code: verdict.exit_code(),
        phase: demands.phase,
        from: moment(window.from),
        to: moment(window.to),
        every_seconds: demands.every.as_secs(),
        config: asked.config.clone(),
        tables,
        reasons,
    }
}

impl Window {
    /// The run, where it is one of these stores and was started within the window.
    fn run<'a>(&self, record: &'a RunRecord, stores: &Pair<String>) -> Option<Run<'a>> {
        let started = time(&record.start.started)?;
        let is_within = started >= self.from && started <= self.to && record.start.stores == *stores;
        is_within.then_some(Run { record, end: record.end.as_ref(), started })
    }

    /// The begins of the periods. The last one ends with the window.
    fn periods(&self) -> Vec<DateTime<Utc>> {
        let mut begins = Vec::new();
        let mut begin = self.from;
        while begin < self.to && self.every > TimeDelta::zero() {
            begins.push(begin);
            let Some(next) = begin.checked_add_signed(self.every) else { break };
            begin = next;
        }
        begins
    }
}

/// The tables that must have been compared: those of the config, or where it asks for all, every one that ever was.
fn asked_tables(asked: &Asked, runs: &[Run<'_>]) -> Vec<AskedTable> {
    if let Some(tables) = &asked.tables {
        return tables.iter().map(|(name, names)| AskedTable { name: name.clone(), names: names.clone() }).collect();
    }
    let mut tables: Vec<AskedTable> = Vec::new();
    for record in records(runs) {
        if !tables.iter().any(|table| table.is(record)) {
            let names = names_of(record).into_iter().map(Into::into).collect();
            tables.push(AskedTable { name: record.name.clone(), names });
        }
    }
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    tables
}

/// Tables that were compared within the window, but that the config does not ask for any more.
fn forgotten_tables(tables: &[AskedTable], runs: &[Run<'_>]) -> Vec<Reason> {
    let mut forgotten: Vec<Reason> = Vec::new();
    for run in runs {
        for record in run.end.iter().flat_map(|end| &end.tables) {
            let names = vec![record.name.clone()];
            if !tables.iter().any(|table| table.is(record)) && !forgotten.iter().any(|reason| reason.tables == names) {
                let what = "the config was made laxer: it does not ask for this table any more".into();
                forgotten.push(Reason { tables: names, ..about(run, Verdict::Undecided, what) });
            }
        }
    }
    forgotten
}

/// A run as a whole may be worse than its tables: too little of the stores was compared.
fn trouble_of_run(run: &Run<'_>) -> Option<Reason> {
    let end = run.end?;
    let explained = end.tables.iter().map(|table| table.verdict).max().unwrap_or(Verdict::Match);
    (end.verdict > explained).then(|| {
        let why = end.reason.clone().unwrap_or_else(|| "no table says why".into());
        about(run, end.verdict, format!("the verdict of the run is {}: {why}", end.verdict.name()))
    })
}

/// What is the same for several tables is told once.
fn add(reasons: &mut Vec<Reason>, reason: Reason) {
    let alike = |one: &&mut Reason| one.what == reason.what && one.run == reason.run && one.at == reason.at;
    match reasons.iter_mut().find(alike).filter(|one| !one.tables.is_empty()) {
        Some(one) => one.tables.extend(reason.tables),
        None => reasons.push(reason),
    }
}

fn records<'a>(runs: &'a [Run<'_>]) -> impl Iterator<Item = &'a TableRecord> {
    runs.iter().filter_map(|run| run.end).flat_map(|end| &end.tables)
}

fn names_of(record: &TableRecord) -> Vec<&str> {
    crate::model::naming::names_of_table(&record.name, record.source.as_deref(), record.target.as_deref())
}

impl AskedTable {
    /// Whether a recorded table is this one.
    fn is(&self, record: &TableRecord) -> bool {
        let names = names_of(record);
        self.names.iter().any(|name| fit(name, names.iter().copied()).is_some())
    }
}

fn about(run: &Run<'_>, verdict: Verdict, what: String) -> Reason {
    let start = &run.record.start;
    Reason { verdict, tables: vec![], run: Some(start.id.clone()), at: Some(start.started.clone()), what }
}

fn undecided(what: &str) -> Reason {
    Reason { verdict: Verdict::Undecided, tables: vec![], run: None, at: None, what: what.into() }
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

fn moment(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests;
