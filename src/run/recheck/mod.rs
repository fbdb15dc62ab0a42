//! Reads the keys that differ again until it is known what becomes of them: [`crate::recheck`] says by which reasoning.
//!
//! All tables are rechecked together, after the last of them has been compared and the snapshots of the run are closed, so that the waits
//! count once and no old transaction holds back the stores. Each reading is a transaction of its own on one connection to
//! each store. What is concluded to be a difference is written, as it was last read, to two small snapshots, which go
//! through the same diff as any other.

mod collect;
mod lookup;
mod reading;

pub(super) use collect::{Collected, Collector};
pub(super) use lookup::Way;

use std::sync::Arc;
use std::time::Duration;

use reading::{KeyReading, only};

use super::directory::RunDirectory;
use super::job::Job;
use super::load::Gently;
use super::reading::Reader;
use super::retry::drawn;
use crate::config::Options;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Pair, Progress, RangeDigest, Side, Silent, TablePlan};
use crate::recheck::{Fate, Step, Watch};
use crate::snapshot::{RowsKept, Snapshot};
use crate::store::Store;

/// The snapshot of the rows that stood still and differ, within that of the first reading.
pub(super) const RECHECKED: &str = "rechecked";

/// A table whose keys are to be read again.
pub(super) struct Rechecked<'a> {
    pub table: &'a TablePlan,
    pub watch: Watch,
    /// How each side is asked for its keys.
    pub ways: Pair<Way>,
    /// The rows of the keys that are stable, each side's; `None` where there are none. An error where the keys could not be read again.
    pub outcome: Result<Option<Pair<Snapshot>>>,
}

/// Reads the keys of all tables again until none is open, or could not be read.
pub(super) async fn settle(
    tables: &mut [Rechecked<'_>],
    stores: &Pair<Arc<dyn Store>>,
    options: &Options,
    directory: &RunDirectory,
    progress: &dyn Progress,
) {
    for one in tables.iter() {
        progress.stage(&one.table.name, "recheck");
    }
    let recheck = Rechecks { stores, options, directory };
    loop {
        let open: u64 = tables.iter().filter(|one| one.is_open()).map(|one| one.watch.count(Fate::Open)).sum();
        if open == 0 {
            return;
        }
        let rounds = tables.iter().map(|one| one.watch.rounds()).max().unwrap_or_default();
        progress.note(&format!("recheck: keys still open after being read again {rounds} times: {open}"));
        recheck.confirm(tables).await;
        if tables.iter().any(|one| one.is_open() && one.watch.rounds() > 0) {
            tokio::time::sleep(options.recheck.after + jitter(options.recheck.after)).await;
        }
        recheck.observe(tables).await;
    }
}

impl Rechecked<'_> {
    fn is_open(&self) -> bool {
        self.outcome.is_ok() && self.watch.step() != Step::Done
    }

    fn is_at(&self, step: Step) -> bool {
        self.outcome.is_ok() && self.watch.step() == step
    }
}

struct Rechecks<'a> {
    stores: &'a Pair<Arc<dyn Store>>,
    options: &'a Options,
    directory: &'a RunDirectory,
}

/// What the keys of a table were found to be, and the rows behind it where they are kept.
type Found = (Vec<RangeDigest>, Snapshot);

impl Rechecks<'_> {
    /// The source, then the target.
    async fn observe(&self, tables: &mut [Rechecked<'_>]) {
        let source = self.read(tables, Step::Again, Side::Source, RowsKept::Left).await;
        let target = self.read(tables, Step::Again, Side::Target, RowsKept::Left).await;
        for ((one, source), target) in tables.iter_mut().zip(source).zip(target) {
            let (Some((source, _)), Some((target, _))) = (source, target) else { continue };
            one.watch.observe(Pair::new(&source, &target));
        }
    }

    /// The target, then the source; the rows are kept.
    async fn confirm(&self, tables: &mut [Rechecked<'_>]) {
        if !tables.iter().any(|one| one.is_at(Step::Confirm)) {
            return;
        }
        let target = self.read(tables, Step::Confirm, Side::Target, RowsKept::Copied).await;
        let source = self.read(tables, Step::Confirm, Side::Source, RowsKept::Copied).await;
        for ((one, source), target) in tables.iter_mut().zip(source).zip(target) {
            let (Some((source, source_rows)), Some((target, target_rows))) = (source, target) else { continue };
            one.watch.confirm(Pair::new(&source, &target));
            if one.watch.step() == Step::Done {
                let stable: Arc<Vec<usize>> = Arc::new(one.watch.places(Fate::Stable).collect());
                if let Err(error) = self.keep(one, stable, Pair::new(source_rows, target_rows)) {
                    one.outcome = Err(error);
                }
            }
        }
    }

    /// Keeps the rows of the keys that have been found stable just now.
    fn keep(&self, one: &mut Rechecked<'_>, stable: Arc<Vec<usize>>, rows: Pair<Snapshot>) -> Result<()> {
        if stable.is_empty() {
            return Ok(());
        }
        let mut kept = Vec::new();
        for side in Side::BOTH {
            let job = Job::of(one.table, side, self.options, None);
            let directory = self.directory.snapshot(&one.table.name, side).join(RECHECKED);
            kept.push(only(rows.get(side), &job, one.watch.keys(), stable.clone(), &directory)?);
        }
        if let (Some(target), Some(source)) = (kept.pop(), kept.pop()) {
            one.outcome = Ok(Some(Pair::new(source, target)));
        }
        Ok(())
    }

    /// The open keys of the tables that are at `step`, read in one fresh transaction of a side. A table that cannot be read
    /// gets its error and leaves the others to go on.
    async fn read(&self, tables: &mut [Rechecked<'_>], step: Step, side: Side, rows: RowsKept) -> Vec<Option<Found>> {
        let mut all = Vec::with_capacity(tables.len());
        let mut reader = None;
        for one in tables.iter_mut() {
            if !one.is_at(step) {
                all.push(None);
                continue;
            }
            if reader.is_none() {
                let load = self.options.load.get(side).clone();
                let gently = Gently { load, side, progress: Arc::new(Silent) };
                reader = Some(Reader::open(self.stores.get(side).as_ref(), 1, gently).await);
            }
            let found = match &reader {
                Some(Ok(reader)) => self.read_table(one, reader, side, rows.clone()).await,
                Some(Err(error)) => Err(error.restated(ErrorKind::Store)),
                None => Err(Error::interrupted()),
            };
            all.push(match found {
                Ok(found) => Some(found),
                Err(error) => {
                    let place = format!("{}, table {}", self.stores.get(side).identity().url, one.table.name);
                    one.outcome = Err(Error::store("the keys that differ could not be read again")
                        .at(place)
                        .because(error.to_string())
                        .hint("their differences are not proven: run again"));
                    None
                }
            });
        }
        all
    }

    async fn read_table(&self, one: &Rechecked<'_>, reader: &Reader, side: Side, rows: RowsKept) -> Result<Found> {
        let job = Job::of(one.table, side, self.options, None);
        let places: Vec<usize> = one.watch.places(Fate::Open).collect();
        let directory = self.directory.scratch_of(&one.table.name).join(side.name());
        let reading =
            KeyReading { reader, job: &job, keys: one.watch.keys(), places: &places, way: *one.ways.get(side), rows };
        reading.read(&directory).await
    }
}

/// Up to a quarter of a wait, at random.
fn jitter(after: Duration) -> Duration {
    after.mul_f64(drawn() / 4.0)
}
