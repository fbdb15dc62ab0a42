//! The run: the only room that knows the order of the stages.
//!
//! [`run`] reads like the pipeline: prepare (connect, describe, map, compare the schemas) → read (snapshots of both sides) → compare (tree,
//! diff, verdict) → report. A failure in one table leaves that table undecided and the others compared.

mod choose;
mod compare;
mod directory;
mod prepare;
mod reading;
mod repeat;
mod schema;
mod second_reading;
mod sieve;
mod standalone;
mod time;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::RunPlan;
use crate::error::{Error, Result};
use crate::model::{
    Pair, Progress, RunInfo, SUMMARY_FORMAT, Silent, StoreIdentity, StoreResult, Summary, TableOutcome, TableResult,
};
use crate::report::{self, TableSample};
use crate::store::Store;
use crate::verdict;

use directory::RunDirectory;
pub use directory::check_output;
pub use schema::{SchemaDone, schema};
pub use standalone::{SnapshotDone, snapshot};

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
    let directory = RunDirectory::create(&plan.options.out)?;
    let stores = prepare::connect(plan, progress.as_ref()).await?;
    run_in(directory, plan, stores, progress).await
}

/// As [`run`], over stores that are open already: for programs that bring a store of their own. The plan's URLs are not
/// looked at.
pub async fn run_on(plan: &RunPlan, stores: Pair<Arc<dyn Store>>, progress: Arc<dyn Progress>) -> Result<Finished> {
    run_in(RunDirectory::create(&plan.options.out)?, plan, stores, progress).await
}

async fn run_in(
    directory: RunDirectory,
    plan: &RunPlan,
    stores: Pair<Arc<dyn Store>>,
    progress: Arc<dyn Progress>,
) -> Result<Finished> {
    let started = time::now();
    let prepared = prepare::prepare(plan, stores, progress.as_ref()).await?;
    let identities = prepared.identities();
    let readers = reading::open(&prepared, plan).await?;
    let consistency = readers.as_ref().map(|reader| Some(reader.consistency()));

    let mut tables = Vec::new();
    let mut samples = BTreeMap::new();
    let mut failures = Vec::new();
    let choices = choose::choose(&prepared.tables, &readers, &plan.options).await;
    let mut waiting = reading::start(&prepared.tables, &choices, &readers, &directory, &plan.options, progress.clone());
    for outcome in &prepared.tables {
        match outcome {
            TableOutcome::Settled(result) => tables.push((**result).clone()),
            TableOutcome::Compare(table) => {
                let read = waiting.next_table().await;
                let mut compared = compare::compare(table, read, &readers, plan, &directory, progress.as_ref()).await;
                if plan.options.sampling.as_ref().is_some_and(|sampling| sampling.escalate)
                    && compared.sample_differs()
                    && directory.forget(&table.name).is_ok()
                {
                    let one = std::slice::from_ref(outcome);
                    let mut full = reading::start(one, &[None], &readers, &directory, &plan.options, progress.clone());
                    let read = full.next_table().await;
                    let sampled = compared.result;
                    compared = compare::compare(table, read, &readers, plan, &directory, progress.as_ref()).await;
                    compared.escalated_from(sampled);
                }
                // The report shows samples of some tables in full; the rest is in their own files.
                if samples.len() < SAMPLES_MAX && compared.result.counts.total() > 0 {
                    samples.extend(compared.sample.map(|sample| (table.name.clone(), sample)));
                }
                failures.extend(compared.failures);
                tables.push(compared.result);
            }
        }
    }
    failures.extend(prepared.failures);
    let repeat = repeat::repeat_command(plan, &identities);
    let summary = summarise(plan, &directory, started, identities, consistency, tables);
    write_reports(&summary, &samples, &repeat, &directory)?;
    Ok(Finished { summary, directory: directory.finish()?, failures })
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
    tables: Vec<TableResult>,
) -> Summary {
    let (verdict, reason) = match (verdict::decide_run(&tables), &plan.tables) {
        ((verdict, Some(_)), Some(asked)) if asked.is_empty() => (verdict, Some("no table was asked for".into())),
        (decided, _) => decided,
    };
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
        },
        source: store(identities.source, consistency.source),
        target: store(identities.target, consistency.target),
        verdict,
        exit_code: verdict.exit_code(),
        reason,
        causes: report::run_causes(&tables),
        tables,
    }
}

fn write_reports(
    summary: &Summary,
    samples: &BTreeMap<String, TableSample>,
    repeat: &str,
    directory: &RunDirectory,
) -> Result<()> {
    directory.write("report.html", &report::report_html(summary, samples, repeat)?)?;
    directory.write("junit.xml", &report::junit_xml(summary)?)?;
    // Last: a run directory without a summary is not finished.
    directory.write("summary.json", &report::summary_json(summary)?)
}
