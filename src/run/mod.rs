//! The run: the only room that knows the order of the stages.
//!
//! [`run`] reads like the pipeline: prepare (connect, describe, map, compare the schemas) → read (snapshots of both sides) → compare (tree,
//! diff, verdict) → gate → report → history. A failure in one table leaves that table undecided and the others compared.

mod choose;
mod compare;
mod course;
mod directory;
mod evidence;
mod fence;
mod gate;
mod guard;
mod job;
mod load;
mod moments;
mod names;
mod prepare;
mod reading;
mod recheck;
mod recording;
mod render;
mod renewal;
mod repeat;
mod results;
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
mod waiting;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{Options, RunPlan};
use crate::error::{Error, Result};
use crate::history::Started;
use crate::model::{
    Consistency, Coverage, Covered, FenceResult, Pair, Progress, RunInfo, SUMMARY_FORMAT, Silent, StoreIdentity,
    StoreResult, Summary, TableOutcome, TableResult, Verdict,
};
use crate::report::{self, HtmlReport, KEPT_FILE, TableSample};
use crate::store::Store;
use crate::verdict::{self, Gated};

use compare::Context;
use course::compare_all;
use directory::RunDirectory;
pub use directory::check_output;
use evidence::RunProof;
use fence::Opening;
pub use gate::{gate, runs};
use load::Due;
pub use render::{Rendered, render};
use results::Results;
use resume::{Journal, TakenUp};
use retry::Retry;
pub use schema::{SchemaDone, schema};
use signature::SigningKey;
pub use standalone::{SnapshotDone, snapshot};
pub use verify::{Finding, Signed, Verified, VerifyOptions, verify};

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
    let retry = Retry::new(&plan.options, progress.clone());
    let stores = begun.due.before(prepare::connect(plan, &retry, progress.as_ref())).await??;
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
    due: Due,
    /// What an earlier process left of this run.
    left: Option<(Journal, TakenUp)>,
}

impl Begun {
    fn new(plan: &RunPlan) -> Result<Self> {
        let Options { out, keep_snapshots, resumable, .. } = &plan.options;
        let key = plan.options.sign.as_deref().map(SigningKey::read).transpose()?;
        let directory = RunDirectory::create(out, *keep_snapshots, *resumable)?;
        Ok(Self { key, directory, due: Due::of(plan), left: None })
    }

    /// The same for a run that is taken up; the plan gets the seed that its sample was drawn with.
    fn again(plan: &mut RunPlan, run: &str) -> Result<Self> {
        let key = plan.options.sign.as_deref().map(SigningKey::read).transpose()?;
        if plan.options.consistency == Consistency::Strong {
            return Err(Error::usage("a run under consistency = \"strong\" cannot be taken up")
                .because("it promises one moment for all tables, and that moment is gone")
                .hint("nothing was changed; start a new run without --resume"));
        }
        let path = resume::find(run, &plan.options.out, &resume::plan_hash(plan))?;
        let directory = RunDirectory::open(&path, plan.options.keep_snapshots)?;
        let (journal, taken_up) = Journal::take_up(&directory, plan)?;
        if let (Some(sampling), Some(seed)) = (&mut plan.options.sampling, taken_up.seed) {
            sampling.seed = seed;
        }
        Ok(Self { key, directory, due: Due::of(plan), left: Some((journal, taken_up)) })
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
    let Begun { key, mut directory, due, left } = begun;
    // A run that is taken up is on record already; before it is known that it may be, nothing is changed.
    let mut recorded = if left.is_none() { recording::begin(plan, directory.id())? } else { None };
    let started = match (&recorded, &left) {
        (Some(recorded), _) => recorded.started.clone(),
        (None, Some((_, taken_up))) => taken_up.started.clone(),
        (None, None) => time::now(),
    };
    let retry = Retry::new(&plan.options, progress.clone());
    let mut journal = match &left {
        None if plan.options.resumable => {
            Some(Journal::begin(&directory, plan, &started, recorded.as_ref().map(Started::sequence))?)
        }
        _ => None,
    };
    let mut prepared = due.before(prepare::prepare(plan, stores, &retry, progress.as_ref())).await??;
    moments::check(&prepared, plan)?;
    let identities = prepared.identities();
    let mut today = time::today();
    let results = match due.before(fence::open(&prepared, plan, &retry, &progress)).await?? {
        Opening::Open(readers, fence) => {
            let readers = *readers;
            let coordinates = readers.as_ref().map(|reader| reader.snapshot().coordinates().into_iter().collect());
            let mut results = Results::of(&readers, fence, plan);
            let resumes = left.is_some();
            if let Some((mut left, taken_up)) = left {
                left.check_stores(&coordinates)?;
                directory.begin_again()?;
                recorded = recording::begin_again(plan, directory.id(), taken_up.sequence)?;
                let kinds = identities.as_ref().map(|identity| identity.kind);
                results.take_up(&mut left, &prepared, kinds, &coordinates, (&directory, progress.as_ref()))?;
                results.on_record = taken_up.ended;
                journal = Some(left);
            }
            if let Some(journal) = &mut journal {
                journal.opened(coordinates, resumes, recorded.as_ref().map(Started::sequence))?;
                // One day for the whole run: a waiver that ends at midnight does not end in the middle of it.
                today = journal.today();
            }
            (results.journal, results.resumes) = (journal, resumes);
            let context = Context { plan, directory: &directory, today, progress: progress.as_ref(), rechecks: false };
            compare_all(&mut prepared, readers, results, context, &retry, progress.clone(), &due).await?
        }
        // What was finished before stays finished, and the run can be taken up later.
        Opening::Missed(error) if left.is_some() => return Err(error),
        Opening::Missed(error) => Results { journal, ..Results::unread(&prepared.tables, error) },
    };
    let Results {
        mut tables,
        tallies,
        proofs,
        samples,
        mut failures,
        consistency,
        coordinates,
        fence,
        loads,
        mut journal,
        elsewhere,
        ..
    } = results;
    failures.extend(prepared.failures);
    let repeat = repeat::repeat_command(plan, &identities);
    let coverage = coverage(&tables, prepared.tables_existing);
    let gated = verdict::apply(&plan.options.gate, today, &coverage, &mut tables, &tallies);
    let mut summary = summarise(plan, &directory, started, identities, consistency, fence, (tables, coverage, gated));
    (summary.source.load, summary.target.load) = (loads.source, loads.target);
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
    fence: Option<FenceResult>,
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
    let store = |identity, consistency| StoreResult { identity, consistency, load: Vec::new() };
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
            consistency: plan.options.consistency,
            resumed: Vec::new(),
        },
        source: store(identities.source, consistency.source),
        target: store(identities.target, consistency.target),
        verdict,
        exit_code: verdict.exit_code(),
        reason,
        causes: report::run_causes(&tables),
        verified_until: moments::of_run(&tables),
        fence,
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
