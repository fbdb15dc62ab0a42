//! Compares the two snapshots of a table: tree, diff, verdict.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use chrono::NaiveDate;
use tokio::task::spawn_blocking;

use super::choose::Choice;
use super::directory::RunDirectory;
use super::evidence;
use super::job::Job;
use super::reading;
use super::recheck::{Collected, Collector, Rechecked, Way};
use super::second_reading::{self, DISAGREEING, SecondReading};
use super::waiting::Read;
use crate::causes::{CauseFinder, FoundCauses, Hypotheses};
use crate::config::RunPlan;
use crate::diff::{self, Counted, Disagreement, Limits};
use crate::error::{Error, Result};
use crate::model::{
    Boundaries, Change, ChangeSink, Manifest, Moment, Moving, Pair, Progress, Ranges, SampleResult, SampleUnit, Side,
    SnapshotRows, TablePlan, TableResult, TableValues, Taken, Verdict,
};
use crate::recheck::Fate;
use crate::report::cells::{cell, key_text};
use crate::report::{self, KeyMapper, TableChanges, TableSample};
use crate::sampling::{Bounds, RangeChoice};
use crate::snapshot::Snapshot;
use crate::tree::{self, Trees};
use crate::verdict::{self, Tally};

/// Hot keys that the summary names; a file has them all.
const HOT_KEYS_SHOWN_MAX: usize = 10;

/// A table's result, and what kept it from being compared.
pub(super) struct Compared {
    pub result: TableResult,
    pub sample: Option<TableSample>,
    /// What the gate counts, where the comparison came to its end.
    pub tally: Option<Tally>,
    /// The roots of both trees, once they are built.
    pub roots: Option<Pair<String>>,
    /// When and as of which moments both sides were read, once they are.
    pub moments: Option<Pair<Moment>>,
    pub failures: Vec<Error>,
    /// Where keys that differ are to be read again before anything is said of them; see [`finish`].
    pub pending: Option<Box<Pending>>,
}

/// A table of which it is known which keys differed when they were first read, and no more.
pub(super) struct Pending {
    /// The keys, and how to ask for them.
    pub keys: Vec<(Box<[u8]>, Box<str>)>,
    pub ways: Pair<Way>,
    opened: Opened,
    first: Counted,
}

/// What is known of a table once its trees are compared.
struct Opened {
    values: TableValues,
    disagreement: Disagreement,
    map: KeyMapper,
    choice: Option<Arc<Choice>>,
    rows_read: Pair<u64>,
}

/// What holds for the comparison of every table.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub plan: &'a RunPlan,
    pub directory: &'a RunDirectory,
    pub today: NaiveDate,
    pub progress: &'a dyn Progress,
    /// Whether keys that differ are read again before they count.
    pub rechecks: bool,
}

impl Compared {
    /// A table that was not compared, and why.
    pub fn failed(table: &TablePlan, error: Error, plan: &RunPlan) -> Self {
        let error = plan.options.values.error(error);
        let mut result = table.result();
        verdict::decide_table(&mut result, Some(error.to_string()));
        Self { failures: vec![error], ..Self::open(result) }
    }

    /// A table of which nothing is known yet.
    fn open(result: TableResult) -> Self {
        Self { result, sample: None, tally: None, roots: None, moments: None, failures: Vec::new(), pending: None }
    }

    /// Whether a sample of the rows was compared and is not the same on both sides.
    pub fn sample_differs(&self) -> bool {
        self.result.sample.is_some() && self.result.counts.total() > 0
    }

    /// The failure for the moment that broke the comparison off although both sides had been read.
    pub fn lost_after_reading(&self) -> Option<&Error> {
        self.moments.as_ref().and_then(|_| self.failures.iter().find(|error| error.is_transient()))
    }

    /// Notes that this is the full comparison after a sample that differed.
    pub fn escalated_from(&mut self, sampled: TableResult) {
        self.result.sample = sampled.sample.map(|sample| SampleResult { escalated: true, ..sample });
        self.result.seconds.snapshot += sampled.seconds.snapshot;
        self.result.seconds.tree += sampled.seconds.tree;
        self.result.seconds.diff += sampled.seconds.diff;
        // What was proven stays proven, also where the full comparison broke off.
        if self.result.verdict == Verdict::Undecided {
            self.result.verdict = Verdict::Differ;
        }
    }
}

/// Compares one table, or the sample of it that was chosen. Never fails: what goes wrong makes the table undecided. Of the
/// memory for keys that are read again, it takes what it needs.
pub(super) async fn compare(table: &TablePlan, read: Read, context: Context<'_>, key_bytes_left: &mut u64) -> Compared {
    let Context { plan, today, .. } = context;
    let mut result = table.result();
    result.seconds.snapshot = read.seconds;
    result.retries = read.retries;
    if context.rechecks || table.age.is_some() {
        let cut_offs = table.age.as_ref().and_then(|age| age.cut_offs.clone());
        result.moving = Some(Moving { cut_offs, ..Moving::default() });
    }
    let tally = Some(Tally::new(&plan.options.gate, &result, today));
    let mut compared = Compared { tally, ..Compared::open(result) };
    let readers = read.taken.as_ref().map(|taken| taken.as_ref().ok().map(|taken| taken.reader.clone()));
    let outcome = match (read.taken.source, read.taken.target) {
        (Ok(source), Ok(target)) => {
            let taken = Pair::new(source, target);
            compare_snapshots(table, taken, context, key_bytes_left, &mut compared).await
        }
        (source, target) => {
            for (side, one) in [(Side::Source, source), (Side::Target, target)] {
                match one {
                    Ok(taken) => *compared.result.rows.get_mut(side) = Some(taken.snapshot.manifest().rows),
                    Err(error) => compared.failures.push(error),
                }
            }
            Ok(())
        }
    };
    for reader in [readers.source, readers.target].into_iter().flatten() {
        compared.result.findings.extend(reader.noted(&table.name));
    }
    compared.failures.extend(outcome.err());
    if compared.pending.is_none() {
        compared.decide(plan);
    }
    compared
}

impl Compared {
    fn decide(&mut self, plan: &RunPlan) {
        let unproven = self.result.moving.as_ref().is_some_and(|moving| moving.not_rechecked > 0);
        if !self.failures.is_empty() || unproven {
            self.tally = None;
        }
        let failures = std::mem::take(&mut self.failures);
        self.failures = failures.into_iter().map(|e| plan.options.values.error(e)).collect();
        let failure = self.failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        verdict::decide_table(&mut self.result, if failure.is_empty() { None } else { Some(failure) });
    }
}

/// Ends the comparison of a table whose keys have been read again: what stood still and differs are its differences.
pub(super) async fn finish(
    table: &TablePlan,
    compared: &mut Compared,
    pending: Pending,
    rechecked: Rechecked<'_>,
    context: Context<'_>,
) {
    let outcome = finish_rechecked(table, compared, pending, rechecked, context).await;
    compared.failures.extend(outcome.err());
    compared.decide(context.plan);
}

async fn finish_rechecked(
    table: &TablePlan,
    compared: &mut Compared,
    pending: Pending,
    rechecked: Rechecked<'_>,
    context: Context<'_>,
) -> Result<()> {
    let Pending { ways: _, keys: _, mut opened, first } = pending;
    let watch = rechecked.watch;
    let hot: Vec<String> = watch.hot().take(HOT_KEYS_SHOWN_MAX).map(|hot| hot.key.to_owned()).collect();
    let counts = [Fate::Resolved, Fate::Hot].map(|fate| watch.count(fate));
    let all = watch.keys().len() as u64;
    if let Some(moving) = &mut compared.result.moving {
        moving.differed = all + first.too_young;
        moving.rounds = watch.rounds();
    }
    let stable = match rechecked.outcome {
        Ok(stable) => stable,
        Err(error) => {
            if let Some(moving) = &mut compared.result.moving {
                (moving.not_rechecked, moving.too_young) = (all, first.too_young);
            }
            return Err(error);
        }
    };
    report::write_hot(&context.directory.table(&table.name), watch.hot().map(|hot| (hot.key, hot.changes)))?;
    opened.disagreement.mismatched.clear();
    if let Some(stable) = stable {
        opened.disagreement = disagreement_of(stable, opened.disagreement.boundaries).await?;
    }
    let last = report_differences(table, opened, &first, context, compared).await?;
    let result = &mut compared.result;
    if let Some(moving) = &mut result.moving {
        [moving.resolved, moving.hot] = counts;
        moving.resolved += last.within_tolerance;
        moving.stable = last.counts.total();
        moving.too_young = first.too_young + last.too_young;
        moving.hot_keys = hot;
    }
    Ok(())
}

/// Where two small snapshots disagree, by the ranges of the first reading.
async fn disagreement_of(stable: Pair<Snapshot>, boundaries: Arc<Boundaries>) -> Result<Disagreement> {
    let (rows, of_tree) = (stable.clone(), boundaries.clone());
    let leaves = spawn_blocking(move || rows.try_map(|side| tree::leaves(&side, &of_tree)))
        .await
        .map_err(|e| Error::compare("the keys that differ could not be summed up").because(e))??;
    let Pair { source: (source, source_extents), target: (target, target_extents) } = leaves;
    let both = source.iter().zip(&target).enumerate();
    let mismatched = both
        .filter(|(_, (source, target))| source != target)
        .map(|(range, (source, target))| (range, Pair::new(source.rows, target.rows)))
        .collect();
    Ok(Disagreement {
        rows: stable.map(|side| Arc::new(side) as Arc<dyn SnapshotRows>),
        boundaries,
        extents: Pair::new(Arc::new(source_extents), Arc::new(target_extents)),
        mismatched,
        whole: false,
    })
}

async fn compare_snapshots(
    table: &TablePlan,
    taken: Pair<reading::Taken>,
    context: Context<'_>,
    key_bytes_left: &mut u64,
    compared: &mut Compared,
) -> Result<()> {
    let Context { plan, directory, progress, .. } = context;
    let values = TableValues::new(&plan.options.values, table)?;
    let result = &mut compared.result;
    result.rows = taken.as_ref().map(|taken| Some(taken.snapshot.manifest().rows));
    // Both sides were read by the same choice.
    let choice = taken.source.choice.clone();
    let rows_read = taken.as_ref().map(|taken| taken.rows_read);
    let lean = taken.as_ref().map(|taken| !taken.snapshot.has_rows());
    let readers = taken.as_ref().map(|taken| taken.reader.clone());
    let moments = taken.as_ref().map(|taken| moment(taken.snapshot.manifest()));
    if readers.source.generation() + readers.target.generation() > 0 {
        result.moments = Some(moments.clone());
    }
    compared.moments = Some(moments);
    let Pair { source, target } = taken;
    let gathered = Pair::new(source.gathered, target.gathered);
    let rows = Pair::new(source.snapshot, target.snapshot).map(|side| Arc::new(side) as Arc<dyn SnapshotRows>);

    progress.stage(&table.name, "tree");
    let begun = Instant::now();
    let for_tree = rows.clone();
    let path = directory.snapshots(&table.name).join("tree.parquet");
    let trees = spawn_blocking(move || {
        let trees = Trees::build(for_tree.as_ref().map(|side| side.as_ref()), gathered)?;
        trees.write(&path)?;
        Ok::<_, Error>(trees)
    })
    .await
    .map_err(|e| Error::compare("the trees could not be built").because(e))??;
    compared.roots = Some(trees.sides.as_ref().map(|tree| format!("{:032x}", tree.root())));
    evidence::write_plan(table, &directory.snapshots(&table.name))?;
    let rows_in = |range: usize| trees.sides.as_ref().map(|tree| tree.leaves()[range].rows);
    let mut disagreement = Disagreement {
        rows: rows.clone(),
        boundaries: trees.boundaries.clone(),
        extents: trees.extents.clone(),
        mismatched: trees.mismatched().into_iter().map(|range| (range, rows_in(range))).collect(),
        whole: true,
    };
    let mismatched = disagreement.mismatched.len() as u64;
    result.ranges = Ranges { total: trees.boundaries.ranges() as u64, mismatched };
    result.seconds.tree = begun.elapsed().as_secs_f64();

    progress.stage(&table.name, "diff");
    let begun = Instant::now();
    let limits = limits(context);
    note_repeated_keys(table, &rows, &trees, &limits, &mut result.findings).await?;
    let map = KeyMapper::new(trees.boundaries.ranges(), rows_in);
    for side in Side::BOTH.into_iter().filter(|side| *lean.get(*side)) {
        let job = Job::of(table, side, &plan.options, choice.clone());
        let retries = job.retries.clone();
        let leaves = trees.sides.get(side).leaves();
        let again = SecondReading { reader: readers.get(side), job: &job, leaves, numbers: trees.numbers.as_ref() };
        let directory = directory.snapshot(&table.name, side).join(DISAGREEING);
        let read = second_reading::read(again, &mut disagreement, &directory).await;
        result.retries += retries.load(Ordering::Relaxed);
        read?;
    }
    let opened = Opened { values, disagreement, map, choice, rows_read };
    if context.rechecks && mismatched > 0 {
        let mut collector = Collector::new(&opened.values, *key_bytes_left);
        let first = diff::diff(table, &opened.disagreement, &limits, &mut collector).await?;
        let why = match collector.finish() {
            Collected::Keys(keys, _) if keys.is_empty() => None,
            Collected::Keys(keys, bytes) => match Way::of(table, &keys, rows_read) {
                Ok(ways) => {
                    *key_bytes_left -= bytes.min(*key_bytes_left);
                    result.seconds.diff = begun.elapsed().as_secs_f64();
                    compared.pending = Some(Box::new(Pending { keys, ways, opened, first }));
                    return Ok(());
                }
                Err(why) => Some(why),
            },
            Collected::TooMany => Some("they are more than fit in a quarter of --memory".to_owned()),
        };
        if let (Some(why), Some(moving)) = (why, &mut result.moving) {
            moving.not_rechecked = first.counts.total();
            moving.because = Some(why);
        }
    }
    let counted = report_differences(table, opened, &Counted::default(), context, compared).await?;
    if let Some(moving) = &mut compared.result.moving {
        moving.differed = counted.counts.total() + counted.too_young;
        moving.stable = moving.differed - counted.too_young - moving.not_rechecked;
        moving.too_young = counted.too_young;
    }
    Ok(())
}

fn limits(context: Context<'_>) -> Limits {
    Limits {
        memory_bytes_max: context.plan.options.memory_bytes_max,
        directory: context.directory.scratch(),
        workers: context.plan.options.workers,
    }
}

/// Writes and counts the differences of a table. `before` is what has been counted of keys that do not come again.
async fn report_differences(
    table: &TablePlan,
    opened: Opened,
    before: &Counted,
    context: Context<'_>,
    compared: &mut Compared,
) -> Result<Counted> {
    let Opened { values, disagreement, map, choice, rows_read } = opened;
    let Context { directory, .. } = context;
    let begun = Instant::now();
    let limits = limits(context);
    let result = &compared.result;
    let key_names: Vec<String> = table.key_columns().iter().map(|at| table.columns[*at].name.clone()).collect();
    let mut changes = TableChanges::create(&directory.table(&table.name), &key_names, map)?;
    let ranges = match choice.as_deref() {
        Some(Choice::Ranges(ranges)) => Some(ranges),
        _ => None,
    };
    let mut tally = compared.tally.take().unwrap_or_default();
    let mut observed = Observed {
        values: &values,
        changes: &mut changes,
        tally: &mut tally,
        causes: CauseFinder::new(table),
        sampled: Vec::new(),
        ranges,
        differing: BTreeSet::new(),
    };
    let counted = diff::diff(table, &disagreement, &limits, &mut observed).await?;
    let differing = std::mem::take(&mut observed.differing);
    let found = observed.causes.finish(result.rows);
    let attributed = found.attribute(&observed.sampled);
    let FoundCauses { causes, findings } = found;
    let mut sample = changes.finish()?;
    sample.attribute(&attributed);
    if counted.counts.total() > 0 {
        directory.write_sample(&table.name, &sample)?;
    }
    compared.sample = Some(sample);
    compared.tally = Some(tally);
    let result = &mut compared.result;
    result.causes = report::causes(table, &causes, result.rows, &values);
    result.findings.extend(findings);
    result.counts = counted.counts;
    result.within_tolerance = before.within_tolerance + counted.within_tolerance;
    if let Some(choice) = choice.as_deref() {
        result.sample = Some(proven(choice, result, rows_read, differing));
        if matches!(choice, Choice::Keys(_)) {
            result.findings.push(
                "sampled by the hash of the key, because no index on integers serves on both sides: all rows were read"
                    .into(),
            );
        }
    }
    for (at, column) in result.columns.iter_mut().enumerate() {
        column.corrupt = counted.corrupt[at];
        let tolerated = counted.tolerated[at] + before.tolerated.get(at).copied().unwrap_or_default();
        if tolerated > 0 {
            let cells = if tolerated == 1 { "1 cell differs".to_owned() } else { format!("{tolerated} cells differ") };
            column.findings.push(format!("{cells} within the tolerance"));
        }
    }
    result.seconds.diff += begun.elapsed().as_secs_f64();
    Ok(counted)
}

fn moment(manifest: &Manifest) -> Moment {
    let Taken { started, finished } = manifest.taken.clone();
    Moment { started, finished, coordinates: manifest.coordinates.clone() }
}

/// What the sample proves of the table.
fn proven(choice: &Choice, result: &TableResult, rows_read: Pair<u64>, ranges: BTreeSet<u64>) -> SampleResult {
    let (unit, chosen, total, differing, bounds) = match choice {
        Choice::Ranges(choice) => {
            let (chosen, total) = choice.counts();
            (SampleUnit::Ranges, chosen, total, ranges.len() as u64, choice.bounds(ranges))
        }
        Choice::Keys(choice) => {
            let chosen = result.rows.source.max(result.rows.target).unwrap_or(0);
            let total = rows_read.source.max(rows_read.target);
            let differing = result.counts.total();
            (SampleUnit::Rows, chosen, total, differing, choice.bounds(differing))
        }
    };
    SampleResult {
        unit,
        chosen,
        total,
        differing,
        upper_95: Bounds::share(bounds.upper_95 as f64, total),
        upper_99: Bounds::share(bounds.upper_99 as f64, total),
        estimate: Bounds::share(bounds.estimate, total),
        interval: [
            Bounds::share_at_least(bounds.interval.0 as f64, total),
            Bounds::share(bounds.interval.1 as f64, total),
        ],
        rows_read,
        escalated: false,
    }
}

/// The number that a key begins with, as it was chosen by; what is no number lies above all of them, as in SQLite.
fn number_of(change: &Change) -> i128 {
    let text = change.key.first().and_then(Option::as_deref).unwrap_or_default();
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    match whole.parse::<i128>() {
        // A fraction below zero lies under its whole part.
        Ok(number) if whole.len() < text.len() && text.starts_with('-') => number - 1,
        Ok(number) => number,
        Err(_) => i128::MAX / 2,
    }
}

/// Every change goes to the gate's tally and to whoever looks for causes, as it is; and to the reports, as it may be seen.
struct Observed<'a> {
    values: &'a TableValues,
    changes: &'a mut TableChanges,
    tally: &'a mut Tally,
    causes: CauseFinder,
    /// What might have happened to the changes that the reports show one by one.
    sampled: Vec<Hypotheses>,
    /// The ranges a sample was chosen from, and those of them that differ.
    ranges: Option<&'a RangeChoice>,
    differing: BTreeSet<u64>,
}

impl ChangeSink for Observed<'_> {
    fn range(&mut self, range: usize) {
        self.changes.range(range);
    }

    fn change(&mut self, change: &Change) -> Result<()> {
        self.tally.change(change, |change| Ok(cell(key_text(&change.key)?.as_deref()).into_owned()))?;
        self.differing.extend(self.ranges.map(|ranges| ranges.range_of(number_of(change))));
        self.causes.change(change)?;
        if let Some(sampled) = self.changes.take(&self.values.seen(change))? {
            self.sampled.push(self.causes.hypotheses_of(change, sampled.cells.iter().map(|cell| cell.at)));
        }
        Ok(())
    }
}

/// Where neither a store nor the order of the rows rules out repeated keys, counts them: a key that repeats equally on
/// both sides is no difference, but the user should know that it is no key.
async fn note_repeated_keys(
    table: &TablePlan,
    rows: &Pair<Arc<dyn SnapshotRows>>,
    trees: &Trees,
    limits: &Limits,
    findings: &mut Vec<String>,
) -> Result<()> {
    if table.key.is_empty() {
        findings.push(
            "no key: compared as a multiset of whole rows; choose a key with --key to see which cells differ".into(),
        );
        return Ok(());
    }
    for side in Side::BOTH {
        if *table.key_enforced.get(side) || *trees.keys_unique.get(side) {
            continue;
        }
        let repeated = repeated_keys(rows.get(side), limits).await?;
        if repeated > 0 {
            let keys = if repeated == 1 { "1 key occurs".to_owned() } else { format!("{repeated} keys occur") };
            findings.push(format!("{keys} more than once in the {side}"));
        }
    }
    Ok(())
}

/// How many keys occur more than once on one side: by two light readings of the keys, or where they repeat too often for
/// that, by a query that can spill.
async fn repeated_keys(rows: &Arc<dyn SnapshotRows>, limits: &Limits) -> Result<u64> {
    let for_count = rows.clone();
    let counted = spawn_blocking(move || tree::repeated_keys(for_count.as_ref())).await;
    match counted.map_err(|e| Error::compare("the repeated keys could not be counted").because(e))?? {
        Some(repeated) => Ok(repeated),
        None => diff::repeated_keys(rows.clone(), limits).await,
    }
}
