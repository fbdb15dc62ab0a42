//! Reads both sides of all tables at once, each side by its own workers, into snapshots.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rayon::prelude::*;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};

use super::choose::Choice;
use super::directory::RunDirectory;
use super::guard;
use super::load::Keeper;
use super::sieve::Sieve;
use super::time;
use crate::config::{Keep, Options};
use crate::error::{Error, ErrorKind, Result};
use crate::mapping;
use crate::model::{
    self, DIGESTS_FORMAT, DigestLayout, Manifest, ManifestFile, ManifestPart, Pair, Progress, RowObserver,
    SNAPSHOT_FORMAT, Side, SnapshotRows, StoreIdentity, Table, TableOutcome, TablePlan, TableRead,
};
use crate::sampling::KeyChoice;
use crate::snapshot::{Kept, PartWriter, RowsKept, Snapshot, SnapshotWriter, Written, row_encoder};
use crate::store::{BatchSink, Part, Store, StoreSnapshot};
use crate::throttle::{LoadPlan, Pace};
use crate::tree::Gathered;

/// Parts for each worker: more than one, so that a slow part does not leave the others idle.
const PARTS_PER_WORKER: usize = 2;
/// Batches that may wait between a reader and its writer.
const BATCHES_WAITING_MAX: usize = 2;
/// Tables of one side that may be open at the same time.
const TABLES_OPEN_MAX: usize = 4;

/// Chosen ranges that one statement asks for.
const RANGES_PER_PART_MAX: usize = 16;

/// One side's open snapshot and its workers.
#[derive(Clone)]
pub(super) struct Reader {
    identity: StoreIdentity,
    snapshot: Arc<dyn StoreSnapshot>,
    workers: Arc<Semaphore>,
    tables: Arc<Semaphore>,
    workers_max: usize,
    /// The pace of all its workers together, and who sets it.
    pace: Arc<Pace>,
    keeper: Arc<Keeper>,
    /// What the user should know of how tables were read.
    findings: Arc<Mutex<BTreeMap<String, Vec<String>>>>,
}

/// What one side of one table is read into.
pub(super) struct Job {
    pub side: Side,
    /// The table's name in reports.
    pub name: String,
    /// What is read of the store's table, or of several whose rows are taken for those of one. The first stands for all.
    pub reads: Vec<TableRead>,
    pub layout: DigestLayout,
    /// Whether rows that lie in Parquet files already are copied all the same.
    pub copy_all: bool,
    /// Whether the rows are kept, or only their digests.
    pub keep: Keep,
    /// Whether digests of an earlier snapshot are computed again all the same.
    pub digest_again: bool,
    /// About how many rows a range will have.
    pub rows_per_range: u64,
    /// Whether the key is one integer: then the digests of ranges are summed as the rows pass.
    pub by_number: bool,
    /// Whether the digests of single rows may be wanted after that, to count keys that repeat.
    pub keys_may_repeat: bool,
    /// What is read and kept; `None` for everything.
    pub choice: Option<Arc<Choice>>,
}

/// A table that has been read, and what was gathered for its tree.
pub(super) struct Taken {
    pub snapshot: Snapshot,
    pub gathered: Gathered,
    /// How many rows were read, kept or not.
    pub rows_read: u64,
    /// By which choice; `None` where everything was read and kept.
    pub choice: Option<Arc<Choice>>,
}

impl Job {
    /// One side of a planned table.
    pub fn of(plan: &TablePlan, side: Side, options: &Options, choice: Option<Arc<Choice>>) -> Self {
        Self {
            side,
            name: plan.name.clone(),
            reads: std::iter::once(plan.tables.get(side))
                .chain(plan.more.get(side))
                .map(|table| TableRead { table: table.clone(), filter: plan.filters.get(side).clone() })
                .collect(),
            layout: mapping::layout(plan, side),
            copy_all: false,
            keep: options.keep,
            digest_again: false,
            rows_per_range: options.rows_per_range,
            by_number: plan.has_number_key(),
            keys_may_repeat: !plan.key_enforced.get(side),
            choice,
        }
    }

    /// The keys that are kept of all that are read; `None` where all are.
    pub fn keys(&self) -> Option<KeyChoice> {
        match self.choice.as_deref() {
            Some(Choice::Keys(keys)) => Some(keys.clone()),
            _ => None,
        }
    }

    /// Whether only some ranges of the key are read.
    pub fn is_sample_of_ranges(&self) -> bool {
        matches!(self.choice.as_deref(), Some(Choice::Ranges(_)))
    }

    /// The table whose columns all rows have.
    pub fn table(&self) -> &Table {
        &self.reads[0].table
    }

    /// The condition on the rows.
    pub fn filter(&self) -> Option<&String> {
        self.reads[0].filter.as_ref()
    }
}

impl Reader {
    /// What is read from.
    pub fn snapshot(&self) -> &dyn StoreSnapshot {
        self.snapshot.as_ref()
    }

    /// A place among the workers, for as long as it is held.
    pub async fn worker(&self) -> Result<SemaphorePermit<'_>> {
        self.workers.acquire().await.map_err(|_| Error::interrupted())
    }

    /// Into how many parts a table is best divided.
    pub fn parts_wanted(&self) -> usize {
        self.workers_max * PARTS_PER_WORKER
    }

    /// Opens the snapshot of a store, to be read by so many workers as gently as planned.
    pub async fn open(
        store: &dyn Store,
        workers: usize,
        load: &LoadPlan,
        side: Side,
        progress: Arc<dyn Progress>,
    ) -> Result<Self> {
        let snapshot = store.open(workers).await?;
        let workers_max = snapshot.workers_max().clamp(1, workers.max(1));
        let pace = Pace::new(load);
        let probe = if load.signals.is_empty() { None } else { store.probe(load.ask_every) };
        let keeper = Keeper::begin(load, probe, snapshot.clone(), pace.clone(), side, progress).await;
        Ok(Self {
            pace,
            keeper: Arc::new(keeper),
            findings: Arc::default(),
            identity: store.identity().clone(),
            snapshot,
            workers: Arc::new(Semaphore::new(workers_max)),
            tables: Arc::new(Semaphore::new(TABLES_OPEN_MAX)),
            workers_max,
        })
    }

    /// Opens one side's snapshot as planned.
    pub async fn of(
        stores: &Pair<Arc<dyn Store>>,
        side: Side,
        options: &Options,
        progress: &Arc<dyn Progress>,
    ) -> Result<Self> {
        Self::open(stores.get(side).as_ref(), options.workers, options.load.get(side), side, progress.clone()).await
    }

    /// What the user should know of the load on the store.
    pub fn load_findings(&self) -> Vec<String> {
        self.keeper.findings()
    }

    /// Notes what the user should know of how a table is read, once.
    pub fn note(&self, table: &str, finding: String) {
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        let of_table = findings.entry(table.to_owned()).or_default();
        if !of_table.contains(&finding) {
            of_table.push(finding);
        }
    }

    /// What was noted of a table.
    pub fn noted(&self, table: &str) -> Vec<String> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner).remove(table).unwrap_or_default()
    }

    /// Stops all that is being read, with a reason.
    pub fn stop(&self, what: String, hint: &str) {
        self.pace.stop(what, hint);
    }

    /// The outcome of some reading, unless it is stopped. What fails because it was stopped fails with the reason for that.
    async fn unless_stopped<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            stopped = self.pace.until_stopped() => Err(stopped),
            outcome = work => outcome.map_err(|e| self.pace.stopped().unwrap_or(e)),
        }
    }

    pub fn consistency(&self) -> String {
        self.snapshot.consistency()
    }

    /// Reads one table into the snapshot `directory`.
    pub async fn read(&self, job: Job, directory: &Path, progress: Arc<dyn Progress>) -> Result<Taken> {
        let advice = match job.filter() {
            Some(_) => "check the condition that was given with --where against the store's own words above",
            None => "the store's own words are above; mend it and run again: nothing of this table counts as compared",
        };
        let place = |e: Error| e.at(format!("{}, table {}", self.identity.url, job.table().name)).hint(advice);
        let opening = async { self.tables.acquire().await.map_err(|_| Error::interrupted()) };
        let _open = self.unless_stopped(opening).await.map_err(place)?;
        let estimate: Option<u64> = job.reads.iter().map(|read| read.table.rows_estimate).sum();
        let estimate = match job.choice.as_deref() {
            Some(Choice::Ranges(choice)) => estimate.map(|rows| {
                let (chosen, total) = choice.counts();
                (rows as f64 * chosen as f64 / total as f64) as u64
            }),
            _ => estimate,
        };
        progress.table_started(job.side, &job.name, estimate);
        let snapshot = self.unless_stopped(self.read_table(&job, directory, progress.clone())).await.map_err(place);
        progress.table_finished(job.side, &job.name);
        snapshot
    }

    async fn read_table(&self, job: &Job, directory: &Path, progress: Arc<dyn Progress>) -> Result<Taken> {
        let started = time::now();
        let parts = self.parts(job).await?;
        let counted = self.counted(job, &parts);
        let writer = Arc::new(SnapshotWriter::create(directory)?);
        let encoder = Arc::new(row_encoder(job.table(), &job.layout)?);
        let (by_number, rows_per_range) = (job.by_number, job.rows_per_range);
        let gathered = Arc::new(Mutex::new(None));
        // Dropping the set stops its readers: a failed part ends the others, and so does the end of the run.
        let mut readers: JoinSet<Result<(usize, PartRead)>> = JoinSet::new();
        let mut digested = Vec::new();
        for (ordinal, (read, part)) in parts.into_iter().enumerate() {
            if let Some(written) = self.digested_before(job, &read, &part) {
                progress.rows(job.side, &job.name, written.part.rows);
                digested.push(ordinal);
                let rows_read = written.part.rows;
                readers.spawn(async move { Ok((ordinal, PartRead { written, rows_read, sent: None })) });
                continue;
            }
            let kept = self.kept(job, &read, &part)?;
            let (reader, progress) = (self.clone(), progress.clone());
            let (writer, encoder, gathered) = (writer.clone(), encoder.clone(), gathered.clone());
            let (side, name) = (job.side, job.name.clone());
            let sieve = job.keys().map(|keys| Sieve::new(encoder.clone(), Some(keys)));
            readers.spawn(async move {
                // Files are opened once a worker is free: a table may have thousands of parts.
                let _worker = reader.worker().await?;
                let observer = Gathered::new(by_number, ordinal, rows_per_range);
                let part_writer = writer.part(ordinal, &read.table, encoder, &kept, observer)?;
                drop(writer);
                let count = move |rows| progress.rows(side, &name, rows);
                let (part_read, observed) = reader.read_part(&read, &part, part_writer, sieve, count).await?;
                add(&mut gathered.lock().unwrap_or_else(PoisonError::into_inner), observed);
                Ok((ordinal, part_read))
            });
        }
        let mut written = Vec::new();
        let (mut all_sent, mut rows_read) = (true, 0);
        while let Some(part) = readers.join_next().await {
            let (ordinal, part) = part.map_err(|e| Error::store("a reader stopped").because(e))??;
            if let Some(sent) = part.sent {
                check_count(sent, part.rows_read)?;
            }
            rows_read += part.rows_read;
            all_sent &= part.sent.is_some();
            written.push((ordinal, part.written));
        }
        if !all_sent && let Some(counted) = self.count(&counted).await? {
            check_count(counted, rows_read)?;
        }
        let writer = Arc::into_inner(writer).ok_or_else(|| Error::snapshot("a part is still being written"))?;
        let snapshot = writer.finish(self.manifest(job, written, started))?;
        let gone = || Error::snapshot("a part is still being read");
        let mut gathered =
            Arc::into_inner(gathered).ok_or_else(gone)?.into_inner().unwrap_or_else(PoisonError::into_inner);
        if !digested.is_empty() {
            let earlier = snapshot.clone();
            let again = spawn_blocking(move || gather_again(&earlier, &digested, by_number, rows_per_range)).await;
            let again = again.map_err(|e| Error::snapshot("the digests could not be read").because(e))??;
            again.into_iter().for_each(|part| add(&mut gathered, part));
        }
        let gathered = gathered.unwrap_or_else(|| Gathered::new(by_number, 0, rows_per_range));
        Ok(Taken { snapshot, gathered, rows_read, choice: job.choice.clone() })
    }

    /// The parts of all tables of a job, each with the table it is a part of.
    pub async fn parts(&self, job: &Job) -> Result<Vec<(TableRead, Part)>> {
        let mut all = Vec::new();
        if let Some(Choice::Ranges(choice)) = job.choice.as_deref() {
            let (ranges, column) = (choice.ranges(), &job.layout.key[0].name);
            let per_part = ranges.len().div_ceil(self.parts_wanted()).clamp(1, RANGES_PER_PART_MAX);
            let part = |some| self.snapshot.rows_in(column, some);
            let parts: Option<Vec<Part>> = ranges.chunks(per_part).map(part).collect();
            let parts = parts.ok_or_else(|| Error::store("ranges of the key cannot be asked for"))?;
            for read in &job.reads {
                let parts = match guard::scanning(self.snapshot(), read, &parts).await? {
                    false => parts.clone(),
                    true => {
                        self.note(&job.name, guard::read_in_one(job.side, "ranges of the sample"));
                        let whole = ranges.len() <= guard::RANGES_IN_ONE_MAX;
                        vec![whole.then(|| part(&ranges)).flatten().ok_or_else(|| guard::refused(&ranges))?]
                    }
                };
                all.extend(parts.into_iter().map(|part| (read.clone(), part)));
            }
            return Ok(all);
        }
        for read in &job.reads {
            let mut parts = self.snapshot.parts(read, self.parts_wanted().div_ceil(job.reads.len())).await?;
            if parts.len() > 1 && guard::scanning(self.snapshot(), read, guard::some_of(&parts)).await? {
                self.note(&job.name, guard::read_in_one(job.side, "parts for its workers"));
                parts = vec![Part::Whole];
            }
            all.extend(parts.into_iter().map(|part| (read.clone(), part)));
        }
        Ok(all)
    }

    /// What the store is to count, so that it is known whether all was read.
    fn counted(&self, job: &Job, parts: &[(TableRead, Part)]) -> Vec<TableRead> {
        if !job.is_sample_of_ranges() {
            return job.reads.clone();
        }
        let within = |(read, part): &(TableRead, Part)| {
            let Part::Where(ranges) = part else { return read.clone() };
            // The line break ends a comment at the end of the user's condition.
            let filter = read.filter.as_ref().map_or(ranges.clone(), |filter| format!("({ranges}) AND ({filter}\n)"));
            TableRead { filter: Some(filter), ..read.clone() }
        };
        parts.iter().map(within).collect()
    }

    /// The store's own count of rows; `None` where it has none for one of the tables.
    pub async fn count(&self, reads: &[TableRead]) -> Result<Option<u64>> {
        let mut sum = 0;
        for read in reads {
            let Some(rows) = self.snapshot.count(read).await? else { return Ok(None) };
            sum += rows;
        }
        Ok(Some(sum))
    }

    /// The digests of an earlier snapshot, where they hold under the mapping of this run.
    fn digested_before(&self, job: &Job, read: &TableRead, part: &Part) -> Option<Written> {
        let files = self.snapshot.files_of(&read.table.name, part)?;
        // Rows outside of the snapshot have no hash in its manifest: they may have changed since they were digested.
        let file = files.part.file.as_ref().filter(|file| file.sha256.is_some())?;
        let fits = files.layout.as_ref() == Some(&job.layout);
        if !fits || job.copy_all || job.digest_again || job.choice.is_some() {
            return None;
        }
        let digests = files.part.digests.as_ref()?;
        let part = ManifestPart {
            file: Some(absolute(&files.directory, file)),
            digests: Some(absolute(&files.directory, digests)),
            ..files.part
        };
        Some(Written { part, bounds: files.bounds })
    }

    fn kept(&self, job: &Job, read: &TableRead, part: &Part) -> Result<Kept> {
        let rows = self.rows_kept(job, read, part)?;
        // Rows that lie in place are as cheap to read again as a copy of their digests would be to write.
        let again = matches!(rows, RowsKept::InPlace { .. });
        Ok(Kept { rows, digests: !job.by_number || (job.keys_may_repeat && !again) })
    }

    fn rows_kept(&self, job: &Job, read: &TableRead, part: &Part) -> Result<RowsKept> {
        let elsewhere = if job.keep == Keep::Lean { RowsKept::Left } else { RowsKept::Copied };
        if job.copy_all || read.filter.is_some() || job.choice.is_some() {
            return Ok(elsewhere);
        }
        if let Some(files) = self.snapshot.files_of(&read.table.name, part) {
            let file = files.part.file.ok_or_else(|| Error::snapshot("a lean snapshot holds no rows"))?;
            let file = absolute(&files.directory, &file);
            return Ok(RowsKept::InPlace { file, row_groups: files.part.row_groups });
        }
        let Part::RowGroups { file, first, end } = part else { return Ok(elsewhere) };
        let cannot = |e| Error::store("cannot read a file").at(file.display()).because(e);
        let path = file.canonicalize().map_err(cannot)?;
        let bytes = path.metadata().map_err(cannot)?.len();
        let file = ManifestFile { path: path.to_string_lossy().into_owned(), bytes, sha256: None };
        Ok(RowsKept::InPlace { file, row_groups: Some((*first, *end)) })
    }

    /// Reads one part: the store's reader on one task, encoding and writing on a thread beside it.
    pub async fn read_part<O: RowObserver + 'static>(
        &self,
        read: &TableRead,
        part: &Part,
        mut writer: PartWriter<O>,
        mut sieve: Option<Sieve>,
        progress: impl Fn(u64) + Send + 'static,
    ) -> Result<(PartRead, O)> {
        let is_sifted = sieve.is_some();
        let (sink, mut batches) = BatchSink::channel(BATCHES_WAITING_MAX);
        let writing = spawn_blocking(move || -> Result<(PartWriter<O>, u64)> {
            let mut rows_read = 0;
            while let Some(batch) = batches.blocking_recv() {
                progress(batch.num_rows() as u64);
                rows_read += batch.num_rows() as u64;
                match &mut sieve {
                    None => writer.write(&batch)?,
                    Some(sieve) => writer.write(&sieve.sift(&batch)?)?,
                }
            }
            Ok((writer, rows_read))
        });
        // What is picked by key is slower than what is read in a row, and no sign of trouble.
        let kind = if is_sifted { " (picked)" } else { "" };
        let sink = sink.paced(self.pace.stream(&format!("{}{kind}", read.table.name)));
        let outcome = self.unless_stopped(self.snapshot.read(read, part, &sink)).await;
        drop(sink);
        let writer = writing.await.map_err(|e| Error::snapshot("a writer stopped").because(e))?;
        match (outcome, writer) {
            (Ok(sent), Ok((writer, rows_read))) => {
                let finished = spawn_blocking(move || writer.finish());
                let (written, observed) =
                    finished.await.map_err(|e| Error::snapshot("a writer stopped").because(e))??;
                Ok((PartRead { written, rows_read, sent }, observed))
            }
            // A reader whose writer gave up only knows that nobody listens: the writer knows why.
            (Err(reader), Err(writer)) if reader.kind() == ErrorKind::Interrupted => Err(writer),
            (Err(reader), _) => Err(reader),
            (Ok(_), Err(writer)) => Err(writer),
        }
    }

    pub fn manifest(&self, job: &Job, mut written: Vec<(usize, Written)>, started: String) -> Manifest {
        written.sort_by_key(|(ordinal, _)| *ordinal);
        let whole = written.iter().all(|(_, one)| one.part.file.is_some());
        let bounds = written.iter().filter_map(|(_, one)| one.bounds.clone()).reduce(|one, other| {
            // Hex keeps the order of the bytes.
            (one.0.min(other.0), one.1.max(other.1))
        });
        Manifest {
            format: if whole { SNAPSHOT_FORMAT } else { DIGESTS_FORMAT }.into(),
            created_by: concat!("tieout ", env!("CARGO_PKG_VERSION")).into(),
            store: self.identity.clone(),
            table: job.table().clone(),
            filter: match (job.choice.as_deref(), job.filter()) {
                (None, filter) => filter.cloned(),
                (Some(choice), None) => Some(choice.described()),
                (Some(choice), Some(filter)) => Some(format!("{}, of {filter}", choice.described())),
            },
            taken: model::Taken { started, finished: time::now() },
            coordinates: self.snapshot.coordinates().into_iter().collect(),
            consistency: self.consistency(),
            rows: written.iter().map(|(_, one)| one.part.rows).sum(),
            bounds,
            digest: job.layout.clone(),
            parts: written.into_iter().map(|(_, one)| one.part).collect(),
        }
    }
}

/// A part that has been read.
pub(super) struct PartRead {
    pub written: Written,
    /// How many rows arrived, kept or not.
    pub rows_read: u64,
    /// How many rows the store says it sent.
    pub sent: Option<u64>,
}

pub(super) fn check_count(counted: u64, rows: u64) -> Result<()> {
    if counted == rows {
        return Ok(());
    }
    Err(Error::store(format!("the store counts {counted} rows, but handed over {rows}"))
        .hint("a stream ended early or a range was not read: run again; nothing of this table counts as compared"))
}

fn add(all: &mut Option<Gathered>, part: Gathered) {
    match all {
        Some(all) => all.merge(part),
        None => *all = Some(part),
    }
}

/// Gathers of parts that were digested earlier, and so were not read now.
fn gather_again(snapshot: &Snapshot, parts: &[usize], by_number: bool, rows_per_range: u64) -> Result<Vec<Gathered>> {
    let gather = |part: &usize| {
        let mut gathered = Gathered::new(by_number, *part, rows_per_range);
        for batch in snapshot.digests(*part, None)? {
            let batch = batch?;
            gathered.observe(&batch.keys, &batch.digests);
        }
        Ok(gathered)
    };
    parts.par_iter().map(gather).collect()
}

fn absolute(directory: &Path, file: &ManifestFile) -> ManifestFile {
    let path = directory.join(&file.path);
    let path = path.canonicalize().unwrap_or(path);
    ManifestFile { path: path.to_string_lossy().into_owned(), ..file.clone() }
}

/// Both sides of a table once they have been read, or why not.
pub(super) struct Read {
    pub taken: Pair<Result<Taken>>,
    pub seconds: f64,
}

/// The tables that are being read, in the order of the plan.
pub(super) struct Waiting(VecDeque<Pair<Handle>>);

type Handle = AbortOnDrop<(Result<Taken>, f64)>;

impl Waiting {
    /// Waits for the next table of the plan.
    pub async fn next_table(&mut self) -> Read {
        let gone = || Err(Error::store("the reader of this table stopped"));
        let Some(mut handles) = self.0.pop_front() else {
            return Read { taken: Pair::new(gone(), gone()), seconds: 0.0 };
        };
        let (source, source_seconds) = handles.source.wait().await.unwrap_or_else(|e| (Err(e), 0.0));
        let (target, target_seconds) = handles.target.wait().await.unwrap_or_else(|e| (Err(e), 0.0));
        Read { taken: Pair::new(source, target), seconds: source_seconds.max(target_seconds) }
    }
}

/// Starts to read all tables of the plan.
pub(super) fn start(
    tables: &[TableOutcome],
    choices: &[Option<Arc<Choice>>],
    readers: &Pair<Reader>,
    directory: &RunDirectory,
    options: &Options,
    progress: Arc<dyn Progress>,
) -> Waiting {
    let mut waiting = VecDeque::new();
    for (outcome, choice) in tables.iter().zip(choices) {
        let TableOutcome::Compare(plan) = outcome else { continue };
        waiting.push_back(Pair::from_fn(|side| {
            let job = Job::of(plan, side, options, choice.clone());
            let (reader, progress) = (readers.get(side).clone(), progress.clone());
            let directory = directory.snapshot(&plan.name, side);
            AbortOnDrop(tokio::spawn(async move {
                let begun = Instant::now();
                let taken = reader.read(job, &directory, progress).await;
                (taken, begun.elapsed().as_secs_f64())
            }))
        }));
    }
    Waiting(waiting)
}

/// A task that ends with its handle, so that a run that is dropped reads no further.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> AbortOnDrop<T> {
    async fn wait(&mut self) -> Result<T> {
        (&mut self.0).await.map_err(|e| Error::store("the reader of this table stopped").because(e))
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
