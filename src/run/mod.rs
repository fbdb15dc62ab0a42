//! The run: the only room that knows the order of the stages.
//!
//! [`run`] reads like the pipeline: prepare (connect, describe, map, compare the schemas) → read (snapshots of both sides) → compare (tree,
//! diff, verdict) → gate → report → history. A failure in one table leaves that table undecided and the others compared.

mod choose;
mod compare;
mod directory;
mod evidence;
mod fence;
mod gate;
mod guard;
mod load;
mod moments;
mod names;
mod prepare;
mod reading;
mod recheck;
mod recording;
mod render;
mod repeat;
mod results;
mod schema;
mod second_reading;
mod sieve;
mod signature;
mod standalone;
mod time;
mod verify;
mod verify_repeat;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{KeepSnapshots, RunPlan};
use crate::error::{Error, Result};
use crate::model::{
    Consistency, Coverage, Covered, FenceResult, Pair, Progress, RunInfo, SUMMARY_FORMAT, Silent, StoreIdentity,
    StoreResult, Summary, TableOutcome, TablePlan, TableResult, Verdict,
};
use crate::report::{self, HtmlReport, KEPT_FILE, Kept, TableSample};
use crate::store::Store;
use crate::verdict::{self, Gated};

use compare::{Compared, Context};
use directory::RunDirectory;
pub use directory::check_output;
use evidence::RunProof;
use fence::Opening;
pub use gate::{gate, runs};
use load::Due;
use prepare::Prepared;
use reading::Reader;
pub use render::{Rendered, render};
use results::{Results, Wait};
pub use schema::{SchemaDone, schema};
use signature::SigningKey;
pub use standalone::{SnapshotDone, snapshot};
pub use verify::{Finding, Signed, Verified, VerifyOptions, verify};

/// Keys that wait to be read again take at most one part in this many of the run's memory.
const KEYS_SHARE_OF_MEMORY: u64 = 4;

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
    let stores = begun.due.before(prepare::connect(plan, progress.as_ref())).await??;
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
}

impl Begun {
    fn new(plan: &RunPlan) -> Result<Self> {
        let key = plan.options.sign.as_deref().map(SigningKey::read).transpose()?;
        let directory = RunDirectory::create(&plan.options.out, plan.options.keep_snapshots)?;
        Ok(Self { key, directory, due: Due::of(plan) })
    }
}

async fn run_in(
    begun: Begun,
    plan: &RunPlan,
    stores: Pair<Arc<dyn Store>>,
    progress: Arc<dyn Progress>,
) -> Result<Finished> {
    let Begun { key, directory, due } = begun;
    let recorded = recording::begin(plan, directory.id())?;
    let started = recorded.as_ref().map_or_else(time::now, |recorded| recorded.started.clone());
    // One day for the whole run: a waiver that ends at midnight does not end in the middle of it.
    let today = time::today();
    let mut prepared = due.before(prepare::prepare(plan, stores, progress.as_ref())).await??;
    moments::check(&prepared, plan)?;
    let identities = prepared.identities();
    let results = match due.before(fence::open(&prepared, plan, &progress)).await?? {
        Opening::Open(readers, fence) => {
            let context = Context { plan, directory: &directory, today, progress: progress.as_ref(), rechecks: false };
            compare_all(&mut prepared, readers, fence, context, progress.clone(), &due).await?
        }
        Opening::Missed(error) => Results::unread(&prepared.tables, error),
    };
    let Results { mut tables, tallies, proofs, samples, mut failures, consistency, coordinates, fence, loads, .. } = results;
    failures.extend(prepared.failures);
    let repeat = repeat::repeat_command(plan, &identities);
    let coverage = coverage(&tables, prepared.tables_existing);
    let gated = verdict::apply(&plan.options.gate, today, &coverage, &mut tables, &tallies);
    let mut summary = summarise(plan, &directory, started, identities, consistency, fence, (tables, coverage, gated));
    (summary.source.load, summary.target.load) = (loads.source, loads.target);
    let kept = Kept { repeat: repeat.clone(), trends: recording::trends(plan, &summary)? };
    let ending = recording::end(recorded.as_ref(), &summary)?;
    write_reports(&summary, &samples, &kept, &directory)?;
    directory.remove_scratch()?;
    let proof = RunProof { options: &plan.options, repeat, coordinates, tables: proofs };
    evidence::finish(&summary, proof, key.as_ref(), &directory)?;
    // Last, and only with its evidence in place: a history that could not be written makes no finished run.
    ending.map_or(Ok(()), |ending| ending.commit())?;
    Ok(Finished { summary, directory: directory.finish()?, failures })
}

/// Reads and compares all tables, and reads again what has to be.
async fn compare_all(
    prepared: &mut Prepared,
    readers: Pair<Reader>,
    fence: Option<FenceResult>,
    context: Context<'_>,
    progress: Arc<dyn Progress>,
    due: &Due,
) -> Result<Results> {
    let _stopper = due.stops(&readers, progress.clone());
    let Context { plan, directory, .. } = context;
    let rechecks = match plan.options.consistency {
        Consistency::Snapshot => false,
        Consistency::Eventual => true,
        Consistency::Strong => fence.as_ref().is_none_or(|fence| fence.source_moved),
    };
    let context = Context { rechecks, ..context };
    let mut results = Results::of(&readers, fence, plan.options.consistency != Consistency::Snapshot);
    moments::cut_off(prepared, &results.moments)?;
    match plan.options.keep_snapshots {
        KeepSnapshots::Always => {}
        KeepSnapshots::Differ => progress.note("of tables that do not differ no snapshots are kept"),
        KeepSnapshots::Never => progress.note("no snapshots are kept (--keep-snapshots): the run cannot be repeated"),
    }
    let mut key_bytes_left = plan.options.memory_bytes_max / KEYS_SHARE_OF_MEMORY;
    let mut waits = Vec::new();
    let choices = due.before(choose::choose(&prepared.tables, &readers, &plan.options)).await;
    // Without a choice nothing is read any more, either: every table says so.
    let choices = choices.unwrap_or_else(|_| vec![None; prepared.tables.len()]);
    let mut waiting = reading::start(&prepared.tables, &choices, &readers, directory, &plan.options, progress.clone());
    for outcome in &prepared.tables {
        match outcome {
            TableOutcome::Settled(result) => drop(results.settle((**result).clone())),
            TableOutcome::Compare(table) => {
                let read = waiting.next_table().await;
                let comparing = compare::compare(table, read, &readers, context, &mut key_bytes_left);
                let mut compared = match due.before(comparing).await {
                    Ok(compared) => compared,
                    Err(late) => Compared::failed(table, late, plan),
                };
                if plan.options.sampling.as_ref().is_some_and(|sampling| sampling.escalate)
                    && compared.sample_differs()
                    && directory.forget(&table.name).is_ok()
                {
                    let one = std::slice::from_ref(outcome);
                    let mut full = reading::start(one, &[None], &readers, directory, &plan.options, progress.clone());
                    let read = full.next_table().await;
                    let sampled = compared.result;
                    compared = compare::compare(table, read, &readers, context, &mut key_bytes_left).await;
                    compared.escalated_from(sampled);
                }
                let at = results.settle(table.result());
                match compared.pending.take() {
                    Some(pending) => waits.push(Wait { at, table, compared, pending: *pending }),
                    None => results.put(at, table, compared, directory)?,
                }
            }
        }
    }
    drop(waiting);
    results.loads = readers.as_ref().map(Reader::load_findings);
    // What is read again is read in other transactions: these need not be held any longer.
    drop(readers);
    let waiting: Vec<(usize, &TablePlan)> = waits.iter().map(|wait| (wait.at, wait.table)).collect();
    match due.before(results::read_again(waits, &prepared.stores, context, &mut results)).await {
        Ok(read) => read?,
        Err(late) => results.late(&waiting, late),
    }
    Ok(results)
}

/// What will be compared, without reading a row: connects, describes and maps.
pub async fn draft(plan: &RunPlan) -> Result<(Pair<StoreIdentity>, Vec<TableOutcome>)> {
    let stores = prepare::connect(plan, &Silent).await?;
    let mut prepared = prepare::prepare(plan, stores, &Silent).await?;
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
    kept: &Kept,
    directory: &RunDirectory,
) -> Result<()> {
    directory.write(KEPT_FILE, &report::kept_json(kept)?)?;
    directory.write("report.html", &report::report_html(&HtmlReport { summary, samples, kept })?)?;
    directory.write("junit.xml", &report::junit_xml(summary)?)
}
