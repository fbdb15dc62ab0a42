//! The diff: opens the ranges whose digests disagree, and names every key and cell that differs.
//!
//! This is the only room that knows DataFusion. It runs the statements in `queries/` over the snapshots' digests and rows,
//! pruned to the disagreeing ranges, with a memory limit and spilling: `engine` sets that up, `input` feeds the ranges
//! in. What remains is a walk over both sides' rows of the changed keys in key order: `cursor` reads them, `classify`
//! turns each key's rows into a [`crate::model::Change`].

mod classify;
mod cursor;
mod engine;
mod input;

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::model::{Boundaries, Change, ChangeSink, Class, Counts, Pair, Side, SnapshotRows, TablePlan};
use classify::Classifier;
use cursor::Cursor;
use engine::Engine;
use input::{Input, Pruned};

const CHANGED_KEYS: &str = include_str!("../../queries/changed_keys.sql");
const ROWS_OF_CHANGED_KEYS: &str = include_str!("../../queries/rows_of_changed_keys.sql");
const REPEATED_KEYS: &str = include_str!("../../queries/repeated_keys.sql");

/// What the diff may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Memory in bytes before it spills.
    pub memory_bytes_max: u64,
    /// Where it spills to.
    pub directory: PathBuf,
    /// How many threads work on it.
    pub workers: usize,
}

/// What the diff counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Keys by class.
    pub counts: Counts,
    /// For each column of the plan, the corrupt rows in which it differs.
    pub corrupt: Vec<u64>,
}

/// Compares the rows of the `mismatched` ranges and hands every change to `sink` in key order.
pub async fn diff(
    plan: &TablePlan,
    rows: Pair<Arc<dyn SnapshotRows>>,
    boundaries: Arc<Boundaries>,
    mismatched: &[usize],
    limits: &Limits,
    sink: &mut (dyn ChangeSink + Send),
) -> Result<Counted> {
    let mut counted = Counted { corrupt: vec![0; plan.columns.len()], ..Default::default() };
    if mismatched.is_empty() {
        return Ok(counted);
    }
    let place = |e: Error| e.at(format!("table {}", plan.name));
    let pruned = Arc::new(Pruned::new(boundaries, mismatched));
    let engine = Engine::new(limits).map_err(place)?;

    let digests = rows.as_ref().map(|side| Input::digests(side.clone(), pruned.clone()));
    let changes = engine.changed_keys(CHANGED_KEYS, digests).await.map_err(place)?;
    if changes.count() == 0 {
        return Ok(counted);
    }
    let mut cursors = Vec::new();
    for side in Side::BOTH {
        let input = Input::rows(rows.get(side).clone(), pruned.clone(), &plan.tables.get(side).columns);
        let stream = engine.rows_of(ROWS_OF_CHANGED_KEYS, input, &changes).await.map_err(place)?;
        cursors.push(Cursor::new(stream, plan, side));
    }
    let (Some(target), Some(source)) = (cursors.pop(), cursors.pop()) else {
        return Err(Error::compare("a side is missing from the diff"));
    };
    let mut classifier = Classifier::new(plan, Pair::new(source, target));
    while let Some(change) = classifier.next().await.map_err(place)? {
        count(&mut counted, &change);
        sink.change(&change)?;
    }
    if counted.counts.total() != changes.count() {
        return Err(place(
            Error::compare(format!(
                "{} keys differ by their digests, but only {} were found among the rows",
                changes.count(),
                counted.counts.total()
            ))
            .hint("the snapshot changed while it was compared: take it again"),
        ));
    }
    Ok(counted)
}

/// How many keys occur more than once on one side, over all of its rows.
pub async fn repeated_keys(rows: Arc<dyn SnapshotRows>, limits: &Limits) -> Result<u64> {
    let engine = Engine::new(limits)?;
    engine.repeated_keys(REPEATED_KEYS, Input::digests(rows, Arc::new(Pruned::everything()))).await
}

fn count(counted: &mut Counted, change: &Change) {
    counted.counts.add(change.class);
    if change.class == Class::Corrupt {
        // With a repeated key one change may name the same column for several rows: it is one corrupt key all the same.
        let mut columns: Vec<usize> = change.cells.iter().map(|cell| cell.column).collect();
        columns.sort_unstable();
        columns.dedup();
        for column in columns {
            counted.corrupt[column] += 1;
        }
    }
}
