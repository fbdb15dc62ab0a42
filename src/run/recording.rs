//! What a run adds to the history: that it starts, and how it ends.

use std::collections::{BTreeMap, HashSet};

use crate::config::{RunPlan, meaning};
use crate::error::Result;
use crate::history::{self, Ending, History, Started};
use crate::model::{
    ColumnResult, ColumnStatus, Counts, RunEnd, RunRecord, RunStart, Summary, TableRecord, TableResult,
};
use crate::report::TrendPoint;

/// Runs that a trend shows.
const TREND_RUNS_MAX: usize = 60;

use super::time;

/// Records that the run starts, where the plan names a history.
pub(super) fn begin(plan: &RunPlan, id: &str) -> Result<Option<Started>> {
    let Some(path) = &plan.options.history else { return Ok(None) };
    let start = || RunStart {
        id: id.into(),
        started: time::now(),
        version: env!("CARGO_PKG_VERSION").into(),
        stores: meaning::stores(plan),
        config: meaning::hash(plan),
        allowances: meaning::allowances(plan),
        mode: if plan.options.sampling.is_some() { "sample" } else { "full" }.into(),
        sample: plan.options.sampling.as_ref().map(|sampling| sampling.size.written().to_owned()),
    };
    History::open(path)?.begin(start).map(Some)
}

/// The record of a run that is taken up, which gets its one end; where it has one, or none is on record, another one is begun.
pub(super) fn begin_again(plan: &RunPlan, id: &str, sequence: Option<i64>) -> Result<Option<Started>> {
    let Some(path) = &plan.options.history else { return Ok(None) };
    let history = History::open(path)?;
    let begun = sequence.map(|sequence| history.begun(sequence, id)).transpose()?.flatten();
    match begun {
        Some((started, false)) => Ok(Some(started)),
        _ => begin(plan, id),
    }
}

/// Whether the end of this run is on record.
pub(super) fn has_ended(plan: &RunPlan, id: &str, sequence: Option<i64>) -> Result<bool> {
    let (Some(path), Some(sequence)) = (&plan.options.history, sequence) else { return Ok(false) };
    Ok(path.exists() && History::open(path)?.begun(sequence, id)?.is_some_and(|(_, ended)| ended))
}

/// Writes how the run ended, to be committed once its reports are written. Tables that an earlier record of the run has are left to
/// it: they were compared then.
pub(super) fn end(started: Option<&Started>, summary: &Summary, elsewhere: &HashSet<String>) -> Result<Option<Ending>> {
    let end = || RunEnd {
        finished: summary.run.finished.clone(),
        verdict: summary.verdict,
        reason: summary.reason.clone(),
        coverage: summary.coverage,
        tables: summary.tables.iter().filter(|table| !elsewhere.contains(&table.name)).map(record).collect(),
    };
    started.map(|started| started.end(&end())).transpose()
}

/// How each table did in the runs between the same stores that the history holds, and in this one, oldest first.
pub(super) fn trends(plan: &RunPlan, summary: &Summary) -> Result<BTreeMap<String, Vec<TrendPoint>>> {
    let Some(path) = &plan.options.history else { return Ok(BTreeMap::new()) };
    let stores = meaning::stores(plan);
    let mut trends: BTreeMap<String, Vec<TrendPoint>> = BTreeMap::new();
    let mut add = |started: &str, table: &TableRecord| {
        let point = TrendPoint {
            started: started.to_owned(),
            differences: table.counts.total(),
            seconds: table.seconds,
            verdict: table.verdict,
        };
        trends.entry(table.name.clone()).or_default().push(point);
    };
    for RunRecord { start, end, .. } in &history::read(path)? {
        if start.stores == stores {
            end.iter().flat_map(|end| &end.tables).for_each(|table| add(&start.started, table));
        }
    }
    summary.tables.iter().for_each(|table| add(&summary.run.started, &record(table)));
    trends.values_mut().for_each(|points| drop(points.drain(..points.len().saturating_sub(TREND_RUNS_MAX))));
    Ok(trends)
}

fn record(table: &TableResult) -> TableRecord {
    let read = table.rows.source.is_some() && table.rows.target.is_some();
    let names = |test: &dyn Fn(&ColumnResult) -> bool| {
        table.columns.iter().filter(|column| test(column)).map(|column| column.name.clone()).collect()
    };
    let waived = table.waived.as_ref();
    TableRecord {
        name: table.name.clone(),
        source: table.source.clone(),
        target: table.target.clone(),
        verdict: table.verdict,
        reason: table.reason.clone(),
        counts: table.counts,
        waived: waived.map_or_else(Counts::default, |waived| waived.counts),
        waived_until: waived.map(|waived| waived.until.clone()),
        rows: table.rows,
        compared: names(&|column| read && column.status == ColumnStatus::Compared),
        existing: names(&|_| true),
        seconds: table.seconds.snapshot + table.seconds.tree + table.seconds.diff,
    }
}
