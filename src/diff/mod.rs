//! The diff: opens the ranges whose digests disagree, and names every key and cell that differs.
//!
//! Beside `expression` this is the only room that knows DataFusion. It runs the statements in `queries/` over the snapshots' digests and rows,
//! pruned to the disagreeing ranges, with a memory limit and spilling: `engine` sets that up, `pruned` finds the rows of
//! the ranges, `input` feeds them in. What remains is a walk over both sides' rows of the changed keys in key order: `cursor` reads them, `classify`
//! turns each key's rows into a [`crate::model::Change`].

mod age;
mod classify;
mod cursor;
mod engine;
mod identities;
mod input;
mod neighbours;
mod pruned;

use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use tokio::task::spawn_blocking;

use crate::error::{Error, Result};
use crate::model::{Boundaries, Change, ChangeSink, Class, Counts, Extent, Pair, Side, SnapshotRows, TablePlan};
use classify::Classifier;
use cursor::Cursor;
use engine::{Changes, Engine};
use identities::Kept;
use input::{Input, Selected};
use neighbours::Neighbourhood;
use pruned::Pruned;

const CHANGED_KEYS: &str = include_str!("../../queries/changed_keys.sql");
const ROWS_OF_CHANGED_KEYS: &str = include_str!("../../queries/rows_of_changed_keys.sql");
const REPEATED_KEYS: &str = include_str!("../../queries/repeated_keys.sql");

/// Rows of both sides whose identities are compared at a time.
const ROWS_PER_BLOCK_MAX: u64 = 1 << 19;

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
    /// Keys whose rows differ only within the tolerances: no changes.
    pub within_tolerance: u64,
    /// For each column of the plan, the cells that differ within its tolerance, in whatever row.
    pub tolerated: Vec<u64>,
    /// Keys that differ, but of which a row of either side is younger than the plan's least age: no changes.
    pub too_young: u64,
}

/// Where the diff looks: the rows of both sides, and the ranges that disagree.
#[derive(Clone)]
pub struct Disagreement {
    /// The rows of each side.
    pub rows: Pair<Arc<dyn SnapshotRows>>,
    /// The ranges.
    pub boundaries: Arc<Boundaries>,
    /// Which ranges the rows of each part lie in, batch for batch.
    pub extents: Pair<Arc<Vec<Vec<Extent>>>>,
    /// The ranges that disagree, in key order, and how many rows each side has in them.
    pub mismatched: Vec<(usize, Pair<u64>)>,
    /// Whether the rows are all there are in these ranges. Else it is not known what lies between two of them.
    pub whole: bool,
}

/// Compares the rows of the ranges that disagree and hands every change to `sink` in key order.
pub async fn diff(
    plan: &TablePlan,
    disagreement: &Disagreement,
    limits: &Limits,
    sink: &mut (dyn ChangeSink + Send),
) -> Result<Counted> {
    let none = vec![0; plan.columns.len()];
    let mut counted = Counted { corrupt: none.clone(), tolerated: none, ..Default::default() };
    if disagreement.mismatched.is_empty() {
        return Ok(counted);
    }
    let place = |e: Error| e.at(format!("table {}", plan.name));
    let engine = Engine::new(limits).map_err(place)?;
    let mut neighbourhood = Neighbourhood::default();
    for block in disagreement.blocks() {
        let selected = Pair {
            source: disagreement.select(Side::Source, &block).await.map_err(place)?,
            target: disagreement.select(Side::Target, &block).await.map_err(place)?,
        };
        let changes = changed_keys(&engine, &selected).await.map_err(place)?;
        neighbourhood.enter(disagreement, &block, &selected, changes.in_memory().filter(|_| disagreement.whole));
        if changes.count() > 0 {
            let boundaries = &disagreement.boundaries;
            let found = Found { selected, changes, boundaries, neighbourhood: &mut neighbourhood };
            diff_block(plan, &engine, found, &mut counted, sink).await.map_err(place)?;
        }
    }
    Ok(counted)
}

/// The changed keys of a block of ranges.
struct Found<'a> {
    selected: Pair<Selected>,
    changes: Changes,
    boundaries: &'a Boundaries,
    neighbourhood: &'a mut Neighbourhood,
}

async fn changed_keys(engine: &Engine, selected: &Pair<Selected>) -> Result<Changes> {
    engine.changed_keys(CHANGED_KEYS, selected.as_ref().map(|side| Input::digests(side.clone()))).await
}

async fn diff_block(
    plan: &TablePlan,
    engine: &Engine,
    found: Found<'_>,
    counted: &mut Counted,
    sink: &mut (dyn ChangeSink + Send),
) -> Result<()> {
    let Found { selected, changes, boundaries, neighbourhood } = found;
    let mut cursors = Vec::new();
    for side in Side::BOTH {
        let selected = changes.narrow(selected.get(side))?;
        let input = Input::rows(selected, &plan.tables.get(side).columns);
        let stream = engine.rows_of(ROWS_OF_CHANGED_KEYS, input, &changes).await?;
        cursors.push(Cursor::new(stream, plan, side)?);
    }
    let (Some(target), Some(source)) = (cursors.pop(), cursors.pop()) else {
        return Err(Error::compare("a side is missing from the diff"));
    };
    let mut classifier = Classifier::new(plan, Pair::new(source, target));
    let before = counted.counts.total();
    let mut range = None;
    while let Some(mut change) = classifier.next().await? {
        let lies_in = boundaries.range_of(classifier.key(), range.unwrap_or_default());
        if range != Some(lies_in) {
            range = Some(lies_in);
            sink.range(lies_in);
        }
        neighbourhood.tell(&mut change);
        count(counted, &change);
        sink.key(classifier.key());
        sink.change(&change)?;
    }
    counted.within_tolerance += classifier.within_tolerance();
    counted.too_young += classifier.too_young();
    for (sum, more) in counted.tolerated.iter_mut().zip(classifier.tolerated()) {
        *sum += more;
    }
    let found = counted.counts.total() - before + classifier.within_tolerance() + classifier.too_young();
    if found != changes.count() {
        return Err(Error::compare(format!(
            "{} keys differ by their digests, but only {found} were found among the rows",
            changes.count(),
        ))
        .hint("the snapshot changed while it was compared: take it again"));
    }
    Ok(())
}

impl Disagreement {
    /// The disagreeing ranges in key order, in blocks of so few rows that their identities fit in memory. Where the rows
    /// come in no order, so that each block would have to read most of them again, all ranges are one block.
    fn blocks(&self) -> Vec<Vec<usize>> {
        let mut blocks: Vec<Vec<usize>> = Vec::new();
        let mut rows_of_block = u64::MAX;
        for (range, rows) in &self.mismatched {
            let more = rows.source + rows.target;
            if rows_of_block.saturating_add(more) > ROWS_PER_BLOCK_MAX {
                blocks.push(Vec::new());
                rows_of_block = 0;
            }
            rows_of_block += more;
            if let Some(block) = blocks.last_mut() {
                block.push(*range);
            }
        }
        let once: u64 = Side::BOTH.iter().map(|side| self.prune(*side, &self.ranges()).rows_to_read()).sum();
        let in_blocks: u64 =
            blocks.iter().flat_map(|block| Side::BOTH.map(|side| self.prune(side, block).rows_to_read())).sum();
        if in_blocks > 3 * once { vec![self.ranges()] } else { blocks }
    }

    fn ranges(&self) -> Vec<usize> {
        self.mismatched.iter().map(|(range, _)| *range).collect()
    }

    fn prune(&self, side: Side, ranges: &[usize]) -> Pruned {
        Pruned::new(self.boundaries.clone(), ranges, self.extents.get(side).clone())
    }

    /// One side's rows in a block of ranges; their identities are kept where they fit.
    async fn select(&self, side: Side, ranges: &[usize]) -> Result<Selected> {
        let (rows, pruned) = (self.rows.get(side).clone(), Arc::new(self.prune(side, ranges)));
        let in_block = |range: &usize| ranges.binary_search(range).is_ok();
        let expected: u64 =
            self.mismatched.iter().filter(|(range, _)| in_block(range)).map(|(_, rows)| rows.get(side)).sum();
        let kept = if expected <= ROWS_PER_BLOCK_MAX {
            let (rows, pruned) = (rows.clone(), pruned.clone());
            let keep = move || -> Result<Option<Vec<Kept>>> {
                (0..rows.parts()).into_par_iter().map(|part| pruned.keep(rows.as_ref(), part)).collect()
            };
            spawn_blocking(keep).await.map_err(|e| Error::compare("the ranges could not be opened").because(e))??
        } else {
            None
        };
        Ok(Selected { rows, pruned, kept: kept.map(Arc::new) })
    }
}

/// The keys of one side's rows in the ranges that disagree, as often as they occur; `None` where they are too large to be
/// held in memory.
pub async fn keys_of(disagreement: &Disagreement, side: Side) -> Result<Option<Vec<Box<[u8]>>>> {
    let selected = disagreement.select(side, &disagreement.ranges()).await?;
    Ok(selected.kept.map(|parts| parts.iter().flat_map(Kept::keys).collect()))
}

/// How many keys occur more than once on one side, over all of its rows.
pub async fn repeated_keys(rows: Arc<dyn SnapshotRows>, limits: &Limits) -> Result<u64> {
    let engine = Engine::new(limits)?;
    let selected = Selected { rows, pruned: Arc::new(Pruned::everything()), kept: None };
    engine.repeated_keys(REPEATED_KEYS, Input::digests(selected)).await
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
