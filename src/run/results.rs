//! What came of the tables of a run, in the order of the plan, while it goes on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::compare::{self, Compared, Context, Pending};
use super::directory::RunDirectory;
use super::evidence::TableProof;
use super::prepare::{self, Prepared};
use super::reading::Reader;
use super::recheck::{self, Rechecked};
use super::resume::{Journal, Kept};
use super::{moments, render};
use crate::config::RunPlan;
use crate::error::{Error, Result};
use crate::model::{
    Consistency, FenceResult, Pair, Progress, StoreKind, TableOutcome, TablePlan, TableResult, Verdict,
};
use crate::recheck::Watch;
use crate::report::TableSample;
use crate::store::Store;
use crate::verdict::Tally;

/// Tables whose differences are sampled for the report; each sample takes about a mebibyte at most.
pub(super) const SAMPLES_MAX: usize = 64;

/// Everything that becomes of the tables.
#[derive(Default)]
pub(super) struct Results {
    /// How the stores were read; `None` of one that was not opened.
    pub consistency: Pair<Option<String>>,
    pub coordinates: Pair<BTreeMap<String, String>>,
    pub fence: Option<FenceResult>,
    /// What the user should know of the load on each store.
    pub loads: Pair<Vec<String>>,
    /// What is written down in the course of the run so that it can be taken up again.
    pub journal: Option<Journal>,
    /// Whether the run was taken up.
    pub resumes: bool,
    /// Finished tables that are taken over.
    pub kept: HashMap<String, Kept>,
    /// Whether those are on record in the history already; and their names.
    pub on_record: bool,
    pub elsewhere: HashSet<String>,
    /// Whether the run takes it that its data move.
    pub may_move: bool,
    /// When both snapshots were taken, by each store's own clock.
    pub moments: Pair<Option<DateTime<Utc>>>,
    pub tables: Vec<TableResult>,
    pub tallies: Vec<Option<Tally>>,
    pub proofs: BTreeMap<String, TableProof>,
    pub samples: BTreeMap<String, TableSample>,
    pub failures: Vec<Error>,
}

/// A table whose keys are to be read again.
pub(super) struct Wait<'a> {
    /// Its place.
    pub at: usize,
    pub table: &'a TablePlan,
    pub compared: Compared,
    pub pending: Pending,
}

impl Results {
    /// Of stores that are open.
    pub fn of(readers: &Pair<Reader>, fence: Option<FenceResult>, plan: &RunPlan) -> Self {
        Self {
            may_move: plan.options.consistency != Consistency::Snapshot,
            consistency: readers.as_ref().map(|reader| Some(reader.consistency())),
            moments: readers.as_ref().map(|reader| reader.snapshot().taken_at()),
            fence,
            ..Self::default()
        }
    }

    /// Takes over what an earlier process has finished of this run, and cleans up the rest that it left.
    pub fn take_up(
        &mut self,
        journal: &mut Journal,
        prepared: &Prepared,
        kinds: Pair<StoreKind>,
        coordinates: &Pair<BTreeMap<String, String>>,
        (directory, progress): (&RunDirectory, &dyn Progress),
    ) -> Result<()> {
        let plans: Vec<&TablePlan> = prepared.tables.iter().filter_map(prepare::planned).collect();
        let (kept, notes) = journal.kept(&plans, kinds, coordinates);
        notes.iter().for_each(|note| progress.note(note));
        let (taken, all) = (kept.len(), plans.len());
        progress.note(&format!("{taken} of {all} tables are taken over from the run before it broke off"));
        journal
            .clean(&kept, &plans)
            .map_err(|e| Error::output("cannot clean up what a run left").at(directory.path().display()).because(e))?;
        self.kept = kept;
        Ok(())
    }

    /// Takes a table over that was finished before. Whether it was.
    pub fn keep(&mut self, table: &TablePlan, directory: &RunDirectory) -> Result<bool> {
        let Some(Kept { result, tally, roots, snapshots }) = self.kept.remove(&table.name) else { return Ok(false) };
        if self.samples.len() < SAMPLES_MAX && result.counts.total() > 0 {
            let sample = render::read_sample(&directory.table(&table.name))?;
            self.samples.extend(sample.map(|sample| (table.name.clone(), sample)));
        }
        self.proofs.insert(table.name.clone(), TableProof { roots, snapshots });
        if self.on_record {
            self.elsewhere.insert(table.name.clone());
        }
        self.tables.push(result);
        self.tallies.push(tally);
        Ok(true)
    }

    /// Notes what is known of the stores once they have been read: the coordinates of files are, only then.
    pub fn close(&mut self, readers: &Pair<Reader>) {
        self.coordinates = readers.as_ref().map(|reader| reader.snapshot().coordinates().into_iter().collect());
        self.loads = readers.as_ref().map(Reader::load_findings);
    }

    /// Of tables none of which was read, for this reason.
    pub fn unread(tables: &[TableOutcome], why: Error) -> Self {
        let mut results = Self::default();
        for outcome in tables {
            results.settle(match outcome {
                TableOutcome::Settled(result) => (**result).clone(),
                TableOutcome::Compare(plan) => {
                    TableResult { verdict: Verdict::Undecided, reason: Some(why.to_string()), ..plan.result() }
                }
            });
        }
        results.failures.push(why);
        results
    }

    /// Leaves the tables undecided whose keys were still to be read again when there was no more time.
    pub fn late(&mut self, waiting: &[(usize, &TablePlan)], late: Error) {
        for (at, table) in waiting.iter().filter(|(_, table)| !self.proofs.contains_key(&table.name)) {
            let reason = format!("keys that differ were not read again: {late}");
            self.tables[*at] = TableResult { verdict: Verdict::Undecided, reason: Some(reason), ..table.result() };
        }
        self.failures.push(late);
    }

    /// Takes a table of which no more is known for now. Its place.
    pub fn settle(&mut self, result: TableResult) -> usize {
        self.tables.push(result);
        self.tallies.push(None);
        self.tables.len() - 1
    }

    /// Takes what came of the table at a place.
    pub fn put(
        &mut self,
        at: usize,
        table: &TablePlan,
        mut compared: Compared,
        directory: &RunDirectory,
    ) -> Result<()> {
        let snapshots = directory.settle_snapshots(&table.name, compared.result.verdict)?;
        if compared.failures.is_empty() && (self.may_move || compared.result.moving.is_some()) {
            moments::verify(&mut compared.result, &self.moments);
        }
        if let Some(journal) = &mut self.journal {
            journal.finished(table, &compared, snapshots)?;
        }
        if self.resumes {
            compared.result.moments = compared.moments.take();
        }
        // The report shows samples of some tables in full; the rest is in their own files.
        if self.samples.len() < SAMPLES_MAX && compared.result.counts.total() > 0 {
            self.samples.extend(compared.sample.map(|sample| (table.name.clone(), sample)));
        }
        self.proofs.insert(table.name.clone(), TableProof { roots: compared.roots, snapshots });
        self.failures.extend(compared.failures);
        self.tables[at] = compared.result;
        self.tallies[at] = compared.tally;
        Ok(())
    }
}

/// Reads the keys of all tables again that wait for it, and ends their comparison.
pub(super) async fn read_again(
    waits: Vec<Wait<'_>>,
    stores: &Pair<Arc<dyn Store>>,
    context: Context<'_>,
    results: &mut Results,
) -> Result<()> {
    let options = &context.plan.options;
    let (mut left, mut rechecked) = (Vec::new(), Vec::new());
    for mut wait in waits {
        let watch = Watch::new(std::mem::take(&mut wait.pending.keys), options.recheck.times);
        rechecked.push(Rechecked { table: wait.table, watch, ways: wait.pending.ways, outcome: Ok(None) });
        left.push(wait);
    }
    recheck::settle(&mut rechecked, stores, options, context.directory, context.progress).await;
    for (Wait { at, table, mut compared, pending }, rechecked) in left.into_iter().zip(rechecked) {
        compare::finish(table, &mut compared, pending, rechecked, context).await;
        results.put(at, table, compared, context.directory)?;
    }
    Ok(())
}
