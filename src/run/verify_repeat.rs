//! Repeats the comparison of a finished run from its snapshots: digests are computed again from the rows, the trees built
//! and compared anew, the disagreeing ranges opened. The same roots, counts and bytes of `differences.csv` must come out.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::compare::{self, Compared, Context};
use super::directory::RunDirectory;
use super::evidence::{PLAN_FILE, SUMMARY_FILE};
use super::job::Job;
use super::load::Gently;
use super::reading::Reader;
use super::recheck::RECHECKED;
use super::time;
use super::verify::{Finding, VerifyOptions};
use super::waiting::Read;
use crate::config::{KeepSnapshots, Options, RunPlan, StorePlan};
use crate::error::{Error, Result};
use crate::files;
use crate::model::{
    Pair, RunManifest, RunTable, Side, Silent, StoreKind, Summary, TablePlan, TableRequest, TableResult, Verdict,
};
use crate::store::connect;
use crate::throttle::LoadPlan;

/// What a repetition came to.
#[derive(Default)]
pub(super) struct Repeated {
    /// The tables with the same result.
    pub same: Vec<String>,
    /// What came out otherwise.
    pub findings: Vec<Finding>,
    /// The tables that could not be compared again, and why.
    pub failures: Vec<Error>,
}

/// Compares every table again whose comparison the run had finished.
pub(super) async fn repeat(run: &Path, manifest: &RunManifest, options: &VerifyOptions) -> Result<Repeated> {
    let plan = plan(manifest, options)?;
    let path = run.join(SUMMARY_FILE);
    let damaged = |e: Box<dyn std::error::Error + Send + Sync>| {
        Error::snapshot("cannot read the summary of a run").at(path.display()).because(e)
    };
    let summary = fs::read(&path).map_err(|e| damaged(e.into()))?;
    let summary: Summary = serde_json::from_slice(&summary).map_err(|e| damaged(e.into()))?;
    // Intermediate results hold values: they go with this folder, whatever happens.
    let scratch = tempfile::tempdir().map_err(|e| {
        Error::output("cannot create a folder for intermediate results")
            .because(e)
            .hint("set TMPDIR to a place with room")
    })?;
    let mut repeated = Repeated::default();
    for (table, result) in manifest.tables.iter().zip(&summary.tables) {
        match (&table.roots, table.snapshots) {
            (Some(_), true) => {}
            // A table on one side only, or one that was never read: there is nothing that could be repeated.
            (None, _) if table.verdict != Verdict::Match => continue,
            _ => {
                repeated.failures.push(
                    Error::snapshot(format!(
                        "table {} cannot be compared again: its snapshots were not kept",
                        table.name
                    ))
                    .at(run.display())
                    .hint("keep them with --keep-snapshots always"),
                );
                continue;
            }
        }
        let moved = result.moving.clone().unwrap_or_default();
        if moved.not_rechecked > 0 && moved.because.is_none() {
            // Its comparison came to no end.
            continue;
        }
        // What was read again was compared as it was last read; that other keys had agreed by then cannot be repeated.
        let part = (moved.rounds > 0).then_some(RECHECKED);
        let kept = run.join("snapshots").join(&table.folder).join(Side::Source.name()).join(RECHECKED);
        if part.is_some() && result.counts.total() == 0 && !kept.exists() {
            repeated.same.push(table.name.clone());
            continue;
        }
        match compare_again(run, table, part, &plan, scratch.path()).await {
            Ok((compared, directory)) if compared.failures.is_empty() => {
                let found = differences(manifest, table, result, part, &compared, &directory)?;
                if found.is_empty() {
                    repeated.same.push(table.name.clone());
                }
                repeated.findings.extend(found);
            }
            Ok((compared, _)) => repeated.failures.extend(compared.failures),
            Err(error) => repeated.failures.push(error),
        }
    }
    Ok(repeated)
}

/// The plan of the repetition: the policy of the run, nothing of its stores.
fn plan(manifest: &RunManifest, options: &VerifyOptions) -> Result<RunPlan> {
    let mut values = manifest.values.clone();
    values.hash_key = options.hash_key.clone();
    let given = options.hash_key.as_ref().map(|key| key.fingerprint());
    match &manifest.hash_key {
        Some(key) if given.as_ref() != Some(key) => {
            return Err(Error::usage(
                "the comparison can be repeated only with the key that its values were hashed with",
            )
            .hint("set the environment variable TIEOUT_HASH_KEY to the hash_key of the run's config"));
        }
        // Without a key, hidden keys were hashed plainly.
        None => values.hash_key = None,
        Some(_) => {}
    }
    let store = || StorePlan { url: String::new(), time_zone: None };
    Ok(RunPlan {
        stores: Pair::from_fn(|_| store()),
        tables: None,
        defaults: TableRequest::default(),
        options: Options {
            workers: options.workers,
            memory_bytes_max: options.memory_bytes_max,
            keep_snapshots: KeepSnapshots::Never,
            values,
            ..Options::default()
        },
    })
}

async fn compare_again(
    run: &Path,
    table: &RunTable,
    part: Option<&str>,
    plan: &RunPlan,
    scratch: &Path,
) -> Result<(Compared, RunDirectory)> {
    let folder = run.join("snapshots").join(&table.folder);
    let path = folder.join(PLAN_FILE);
    let damaged = |e: Box<dyn std::error::Error + Send + Sync>| {
        Error::snapshot("cannot read the plan of a table").at(path.display()).because(e)
    };
    let text = fs::read(&path).map_err(|e| damaged(e.into()))?;
    let table: TablePlan = serde_json::from_slice(&text).map_err(|e| damaged(e.into()))?;
    let directory = RunDirectory::create(scratch, KeepSnapshots::Never, false)?;
    let gently = |side| Gently { load: LoadPlan::default(), side, progress: Arc::new(Silent) };
    let mut taken = Vec::new();
    for side in Side::BOTH {
        let snapshot = folder.join(side.name());
        let snapshot = part.map_or(snapshot.clone(), |part| snapshot.join(part));
        let store = connect::connect(&snapshot.display().to_string()).await?;
        if store.identity().kind != StoreKind::Snapshot {
            return Err(Error::snapshot("no snapshot of a table").at(snapshot.display()));
        }
        let reader = Reader::open(store.as_ref(), plan.options.workers, gently(side)).await?;
        let mut job = Job { digest_again: true, ..Job::of(&table, side, &plan.options, None) };
        // The snapshot holds what the condition has let through, of all tables that were read as one.
        job.reads.truncate(1);
        job.reads.iter_mut().for_each(|read| read.filter = None);
        taken.push(reader.read(&job, &directory.snapshot(&table.name, side), Arc::new(Silent)).await);
    }
    let (Some(target), Some(source)) = (taken.pop(), taken.pop()) else {
        return Err(Error::snapshot("a side is missing").at(folder.display()));
    };
    let read = Read { taken: Pair::new(source, target), seconds: 0.0, retries: 0 };
    let context = Context { plan, directory: &directory, today: time::today(), progress: &Silent, rechecks: false };
    let compared = compare::compare(&table, read, context, &mut 0).await;
    Ok((compared, directory))
}

/// In what the repetition differs from the run.
fn differences(
    manifest: &RunManifest,
    table: &RunTable,
    result: &TableResult,
    part: Option<&str>,
    compared: &Compared,
    directory: &RunDirectory,
) -> Result<Vec<Finding>> {
    let csv = format!("tables/{}/differences.csv", table.folder);
    let mut found = Vec::new();
    let mut say = |path: &str, what: String| found.push(Finding { path: path.to_owned(), what });
    let again = &compared.result;
    if (part.is_none() && again.rows != table.rows) || again.counts != table.counts {
        let counts = |counts: crate::model::Counts| {
            format!(
                "{} missing, {} unexpected, {} duplicate, {} corrupt",
                counts.missing, counts.unexpected, counts.duplicate, counts.corrupt
            )
        };
        let what =
            format!("has {} of table {}; compared again: {}", counts(table.counts), table.name, counts(again.counts));
        say(SUMMARY_FILE, what);
    }
    for (column, new) in result.columns.iter().zip(&again.columns) {
        if column.corrupt != new.corrupt {
            let name = &column.name;
            say(SUMMARY_FILE, format!("has {} corrupt in {name}; compared again: {}", column.corrupt, new.corrupt));
        }
    }
    // Another version may choose other ranges, which have other digests.
    let same_ranges = manifest.version == env!("CARGO_PKG_VERSION") && again.ranges.total == result.ranges.total;
    if same_ranges && part.is_none() && compared.roots != table.roots {
        say("manifest.json", format!("has other roots of the trees of table {} than its snapshots give", table.name));
    }
    let listed = manifest.files.iter().find(|file| file.path == csv);
    let new = files::sha256_of(&directory.table(&table.name).join("differences.csv"))?;
    if listed.is_none_or(|file| file.sha256 != new) {
        say(&csv, "does not have the bytes that comparing the snapshots again gives".into());
    }
    Ok(found)
}
