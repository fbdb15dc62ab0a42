//! The run: the only room that knows the order of the stages.
//!
//! [`run`] reads like the pipeline: prepare (connect, describe, map, compare the schemas) → read (snapshots of both sides) → compare (tree,
//! diff, verdict) → gate → report → history. A failure in one table leaves that table undecided and the others compared.

mod choose;
mod compare;
mod directory;
mod evidence;
mod gate;
mod names;
mod prepare;
mod reading;
mod recording;
mod render;
mod renewal;
mod repeat;
mod resume;
mod retry;
mod schema;
mod second_reading;
mod sieve;
mod signature;
mod standalone;
mod time;
mod verify;
mod verify_repeat;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{KeepSnapshots, Options, RunPlan};
use crate::error::{Error, Result};
use crate::history::Started;
use crate::model::{
    Coverage, Covered, Pair, Progress, RunInfo, SUMMARY_FORMAT, Silent, StoreIdentity, StoreResult, Summary,
    TableOutcome, TablePlan, TableResult, Verdict,
};
use crate::report::{self, HtmlReport, KEPT_FILE, TableSample};
use crate::store::Store;
use crate::verdict::{self, Gated};

use directory::RunDirectory;
pub use directory::check_output;
use evidence::{RunProof, TableProof};
pub use gate::{gate, runs};
pub use render::{Rendered, render};
use resume::{Journal, Kept, TakenUp};
use retry::Retry;
pub use schema::{SchemaDone, schema};
use signature::SigningKey;
pub use standalone::{SnapshotDone, snapshot};
pub use verify::{Finding, Signed, Verified, VerifyOptions, verify};

/// Tables whose differences are sampled for the report; each sample takes about a mebibyte at most.
const SAMPLES_MAX: usize = 64;

/// A run that has come to its end, whatever its verdict.
#[derive(Debug)]
pub struct Finished {
    /// What `summary.json` says.
    pub summary: Summary,
    /// The run directory.
    pub directory: PathBuf,
    /// What kept tables from being compared; the summary gives the same reasons.
    pub failures: Vec<Error>,
}

/// Compares two stores as planned and writes the run directory. Dropping the future stops the run; what it leaves then
/// does not look finished.
pub async fn run(plan: &RunPlan, progress: Arc<dyn Progress>) -> Result<Finished> {
    let begun = Begun::new(plan)?;
    connect_and_run(begun, plan, progress).await
}

/// Takes a run of the same plan up again that was killed, or ended with tables that could not be read: `run` is its directory, its id,
/// or `latest`. Tables that were compared to their end are taken over; the others are read anew. Refuses as wrong usage where that
/// would be unsound, and then changes nothing.
pub async fn resume(plan: &RunPlan, run: &str, progress: Arc<dyn Progress>) -> Result<Finished> {
    let mut plan = plan.clone();
    let begun = Begun::again(&mut plan, run)?;
    // Without its summary, which a power cut may have taken, it has to be put together again.
    if begun.is_all_but_finished(&plan)?
        && let Ok(summary) = render::read_summary(begun.directory.path())
    {
        begun.directory.remove_resume()?;
        return Ok(Finished { summary, directory: begun.directory.finish()?, failures: Vec::new() });
    }
    connect_and_run(begun, &plan, progress).await
}

async fn connect_and_run(begun: Begun, plan: &RunPlan, progress: Arc<dyn Progress>) -> Result<Finished> {
    let stores = prepare::connect(plan, &Retry::new(&plan.options, progress.clone()), progress.as_ref()).await?;
    run_in(begun, plan, stores, progress).await.map_err(|e| plan.options.values.error(e))
}

/// As [`run`], over stores that are open already: for programs that bring a store of their own. The plan's URLs are not
/// looked at.
pub async fn run_on(plan: &RunPlan, stores: Pair<Arc<dyn Store>>, progress: Arc<dyn Progress>) -> Result<Finished> {
    run_in(Begun::new(plan)?, plan, stores, progress).await.map_err(|e| plan.options.values.error(e))
}

/// What must be there before a store is asked: a key to sign with, a place to write to.
struct Begun {
    key: Option<SigningKey>,
    directory: RunDirectory,
    /// What an earlier process left of this run.
    left: Option<(Journal, TakenUp)>,
}

impl Begun {
    fn new(plan: &RunPlan) -> Result<Self> {
        let Options { out, keep_snapshots, resumable, .. } = &plan.options;
        let key = plan.options.sign.as_deref().map(SigningKey::read).transpose()?;
        Ok(Self { key, directory: RunDirectory::create(out, *keep_snapshots, *resumable)?, left: None })
    }

    /// The same for a run that is taken up; the plan gets the seed that its sample was drawn with.
    fn again(plan: &mut RunPlan, run: &str) -> Result<Self> {
        let key = plan.options.sign.as_deref().map(SigningKey::read).transpose()?;
        let path = resume::find(run, &plan.options.out, &resume::plan_hash(plan))?;
        let directory = RunDirectory::open(&path, plan.options.keep_snapshots)?;
        let (journal, taken_up) = Journal::take_up(&directory, plan)?;
        if let (Some(sampling), Some(seed)) = (&mut plan.options.sampling, taken_up.seed) {
            sampling.seed = seed;
        }
        Ok(Self { key, directory, left: Some((journal, taken_up)) })
    }

    /// Whether the run has its end on record, and only what is not needed any more was still to be removed.
    fn is_all_but_finished(&self, plan: &RunPlan) -> Result<bool> {
        let Some((_, taken_up)) = &self.left else { return Ok(false) };
        Ok(!taken_up.ended && recording::has_ended(plan, self.directory.id(), taken_up.sequence)?)
    }
}

async fn run_in(
    begun: Begun,
    plan: &RunPlan,
    stores: Pair<Arc<dyn Store>>,
    progress: Arc<dyn Progress>,
) -> Result<Finished> {
    let Begun { key, mut directory, left } = begun;
    // A run that is taken up is on record already; before it is known that it may be, nothing is changed.
    let mut recorded = if left.is_none() { recording::begin(plan, directory.id())? } else { None };
    let started = match (&recorded, &left) {
        (Some(recorded), _) => recorded.started.clone(),
        (None, Some((_, taken_up))) => taken_up.started.clone(),
        (None, None) => time::now(),
    };
    let retry = Retry::new(&plan.options, progress.clone());
    let resumes = left.is_some();
    let elsewhere_on_record = left.as_ref().is_some_and(|(_, taken_up)| taken_up.ended);
    let mut journal = match &left {
        None if plan.options.resumable => {
            Some(Journal::begin(&directory, plan, &started, recorded.as_ref().map(Started::sequence))?)
        }
        _ => None,
    };
    let prepared = prepare::prepare(plan, stores, &retry, progress.as_ref()).await?;
    let identities = prepared.identities();
    let readers = reading::open(&prepared, plan, &retry).await?;
    let consistency = readers.as_ref().map(|reader| Some(reader.consistency()));
    let coordinates = readers.as_ref().map(|reader| reader.snapshot().coordinates().into_iter().collect());
    let mut kept = HashMap::new();
    if let Some((mut left, taken_up)) = left {
        left.check_stores(&coordinates)?;
        directory.begin_again()?;
        recorded = recording::begin_again(plan, directory.id(), taken_up.sequence)?;
        let plans: Vec<&TablePlan> = prepared.tables.iter().filter_map(prepare::planned).collect();
        let notes;
        (kept, notes) = left.kept(&plans, identities.as_ref().map(|identity| identity.kind), &coordinates);
        notes.iter().for_each(|note| progress.note(note));
        progress.note(&format!(
            "{} of {} tables are taken over from the run before it broke off",
            kept.len(),
            plans.len()
        ));
        left.clean(&kept, &plans)
            .map_err(|e| Error::output("cannot clean up what a run left").at(directory.path().display()).because(e))?;
        journal = Some(left);
    }
    if let Some(journal) = &mut journal {
        journal.opened(coordinates.clone(), resumes, recorded.as_ref().map(Started::sequence))?;
    }
    // One day for the whole run: a waiver that ends at midnight does not end in the middle of it.
    let today = journal.as_ref().map_or_else(time::today, Journal::today);
    let mut elsewhere = HashSet::new();

    match plan.options.keep_snapshots {
        KeepSnapshots::Always => {}
        KeepSnapshots::Differ => progress.note("of tables that do not differ no snapshots are kept"),
        KeepSnapshots::Never => progress.note("no snapshots are kept (--keep-snapshots): the run cannot be repeated"),
    }
    let (mut tables, mut tallies) = (Vec::new(), Vec::new());
    let mut proofs = BTreeMap::new();
    let mut samples = BTreeMap::new();
    let mut failures = Vec::new();
    let is_open = |outcome: &&TableOutcome| prepare::planned(outcome).is_none_or(|plan| !kept.contains_key(&plan.name));
    let open: Cow<'_, [TableOutcome]> = match kept.is_empty() {
        true => Cow::Borrowed(&prepared.tables),
        false => Cow::Owned(prepared.tables.iter().filter(is_open).cloned().collect()),
    };
    let choices = choose::choose(&open, &readers, &plan.options).await;
    let mut waiting = reading::start(&open, &choices, &readers, &directory, &plan.options, progress.clone());
    for outcome in &prepared.tables {
        match outcome {
            TableOutcome::Settled(result) => {
                tables.push((**result).clone());
                tallies.push(None);
            }
            TableOutcome::Compare(table) if kept.contains_key(&table.name) => {
                let Some(Kept { result, tally, roots, snapshots }) = kept.remove(&table.name) else { continue };
                if samples.len() < SAMPLES_MAX && result.counts.total() > 0 {
                    samples.extend(
                        render::read_sample(&directory.table(&table.name))?.map(|sample| (table.name.clone(), sample)),
                    );
                }
                proofs.insert(table.name.clone(), TableProof { roots, snapshots });
                if elsewhere_on_record {
                    elsewhere.insert(table.name.clone());
                }
                tables.push(result);
                tallies.push(tally);
            }
            TableOutcome::Compare(table) => {
                let again = || {
                    let one = std::slice::from_ref(outcome);
                    reading::start(one, &[None], &readers, &directory, &plan.options, progress.clone())
                };
                let read = waiting.next_table().await;
                let mut compared = compare::compare(table, read, plan, &directory, today, progress.as_ref()).await;
                // A second reading that lost the snapshot of the first: the table begins again in the next one.
                let mut restarts = 0;
                while let Some(error) = compared.lost_after_reading()
                    && plan.options.sampling.is_none()
                    && retry.again(&table.name, restarts, error).await
                    && directory.forget(&table.name).is_ok()
                {
                    restarts += 1;
                    let retries = compared.result.retries + 1;
                    let read = again().next_table().await;
                    compared = compare::compare(table, read, plan, &directory, today, progress.as_ref()).await;
                    compared.result.retries += retries;
                }
                if plan.options.sampling.as_ref().is_some_and(|sampling| sampling.escalate)
                    && compared.sample_differs()
                    && directory.forget(&table.name).is_ok()
                {
                    let read = again().next_table().await;
                    let sampled = compared.result;
                    compared = compare::compare(table, read, plan, &directory, today, progress.as_ref()).await;
                    compared.escalated_from(sampled);
                }
                let snapshots = directory.settle_snapshots(&table.name, compared.result.verdict)?;
                if let Some(journal) = &mut journal {
                    journal.finished(table, &compared, snapshots)?;
                }
                if resumes {
                    compared.result.moments = compared.moments.take();
                }
                // The report shows samples of some tables in full; the rest is in their own files.
                if samples.len() < SAMPLES_MAX && compared.result.counts.total() > 0 {
                    samples.extend(compared.sample.map(|sample| (table.name.clone(), sample)));
                }
                proofs.insert(table.name.clone(), TableProof { roots: compared.roots, snapshots });
                failures.extend(compared.failures);
                tables.push(compared.result);
                tallies.push(compared.tally);
            }
        }
    }
    failures.extend(prepared.failures);
    let repeat = repeat::repeat_command(plan, &identities);
    let coverage = coverage(&tables, prepared.tables_existing);
    let gated = verdict::apply(&plan.options.gate, today, &coverage, &mut tables, &tallies);
    let mut summary = summarise(plan, &directory, started, identities, consistency, (tables, coverage, gated));
    summary.run.resumed = journal.as_ref().map_or_else(Vec::new, |journal| journal.resumed().to_vec());
    let shown = report::Kept { repeat: repeat.clone(), trends: recording::trends(plan, &summary)? };
    let ending = recording::end(recorded.as_ref(), &summary, &elsewhere)?;
    write_reports(&summary, &samples, &shown, &directory)?;
    directory.remove_scratch()?;
    // What could not be read may be read later: then the run is taken up again.
    let is_whole = failures.is_empty();
    if let (Some(journal), false) = (&mut journal, is_whole) {
        journal.ended()?;
    }
    // The coordinates of files are known once they have been read.
    let coordinates = readers.map(|reader| reader.snapshot().coordinates().into_iter().collect());
    let proof = RunProof {
        options: &plan.options,
        repeat,
        coordinates,
        tables: proofs,
        hashed: journal.as_ref().map_or(&[], Journal::hashed),
        left_out: is_whole.then_some(resume::FOLDER),
    };
    evidence::finish(&summary, proof, key.as_ref(), &directory)?;
    // Last, and only with its evidence in place: a history that could not be written makes no finished run.
    ending.map_or(Ok(()), |ending| ending.commit())?;
    if is_whole {
        directory.remove_resume()?;
    }
    Ok(Finished { summary, directory: directory.finish()?, failures })
}

/// What will be compared, without reading a row: connects, describes and maps.
pub async fn draft(plan: &RunPlan) -> Result<(Pair<StoreIdentity>, Vec<TableOutcome>)> {
    let retry = Retry::new(&plan.options, Arc::new(Silent));
    let stores = prepare::connect(plan, &retry, &Silent).await?;
    let mut prepared = prepare::prepare(plan, stores, &retry, &Silent).await?;
    if !prepared.failures.is_empty() {
        return Err(prepared.failures.remove(0));
    }
    Ok((prepared.identities(), prepared.tables))
}

fn summarise(
    plan: &RunPlan,
    directory: &RunDirectory,
    started: String,
    identities: Pair<StoreIdentity>,
    consistency: Pair<Option<String>>,
    (tables, coverage, gated): (Vec<TableResult>, Coverage, Gated),
) -> Summary {
    let (mut verdict, mut reason) = match (verdict::decide_run(&tables), &plan.tables) {
        ((verdict, Some(_)), Some(asked)) if asked.is_empty() => (verdict, Some("no table was asked for".into())),
        (decided, _) => decided,
    };
    if let Some(too_little) = gated.undecided {
        verdict = verdict.max(Verdict::Undecided);
        reason = Some(reason.map_or(too_little.clone(), |reason| format!("{reason}; {too_little}")));
    }
    let store = |identity, consistency| StoreResult { identity, consistency };
    Summary {
        format: SUMMARY_FORMAT.into(),
        run: RunInfo {
            id: directory.id().to_owned(),
            started,
            finished: time::now(),
            version: env!("CARGO_PKG_VERSION").into(),
            mode: if plan.options.sampling.is_some() { "sample" } else { "full" }.into(),
            sample: plan.options.sampling.as_ref().map(|sampling| sampling.size.written().to_owned()),
            seed: plan.options.sampling.as_ref().map(|sampling| sampling.seed),
            resumed: Vec::new(),
        },
        source: store(identities.source, consistency.source),
        target: store(identities.target, consistency.target),
        verdict,
        exit_code: verdict.exit_code(),
        reason,
        causes: report::run_causes(&tables),
        coverage,
        limits: gated.limits,
        waivers: gated.waivers,
        tables,
    }
}

/// How much of what exists was compared.
fn coverage(tables: &[TableResult], tables_existing: u64) -> Coverage {
    let mut coverage = Coverage { tables: Covered { compared: 0, existing: tables_existing }, ..Coverage::default() };
    for table in tables {
        let columns = verdict::columns_covered(table);
        coverage.tables.compared += u64::from(columns.compared > 0);
        coverage.columns.compared += columns.compared;
        coverage.columns.existing += columns.existing;
    }
    coverage
}

fn write_reports(
    summary: &Summary,
    samples: &BTreeMap<String, TableSample>,
    kept: &report::Kept,
    directory: &RunDirectory,
) -> Result<()> {
    directory.write(KEPT_FILE, &report::kept_json(kept)?)?;
    directory.write("report.html", &report::report_html(&HtmlReport { summary, samples, kept })?)?;
    directory.write("junit.xml", &report::junit_xml(summary)?)
}
