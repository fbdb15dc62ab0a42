//! Reads both sides of all tables at once, each side by its own workers, into snapshots.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::SemaphorePermit;
use tokio::task::{JoinSet, spawn_blocking};

use super::choose::Choice;
use super::guard;
use super::job::Job;
use super::load::{Gently, Keeper};
use super::prepare::Prepared;
use super::renewal::{Renewal, View};
use super::resume;
use super::retry::{Retry, silent};
use super::sieve::Sieve;
use super::time;
use crate::config::{Keep, Options};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    self, Consistency, DIGESTS_FORMAT, MANIFEST_FILE, Manifest, ManifestFile, ManifestPart, Progress, RowObserver,
    SNAPSHOT_FORMAT, Side, SnapshotRows, StoreIdentity, Table, TableName, TableRead,
};
use crate::snapshot::{Kept, PartWriter, RowsKept, Snapshot, SnapshotWriter, Written, row_encoder};
use crate::store::{BatchSink, Part, Store, StoreSnapshot};
use crate::throttle::Pace;
use crate::tree::Gathered;

/// Parts for each worker: more than one, so that a slow part does not leave the others idle.
const PARTS_PER_WORKER: usize = 2;
/// Batches that may wait between a reader and its writer.
const BATCHES_WAITING_MAX: usize = 2;
/// Chosen ranges that one statement asks for.
const RANGES_PER_PART_MAX: usize = 16;

/// One side's open snapshot and its workers.
#[derive(Clone)]
pub(super) struct Reader {
    identity: StoreIdentity,
    view: View,
    /// What opens the next snapshot when this one is lost; `None` where it is read or not.
    renewal: Option<Arc<Renewal>>,
    retry: Retry,
    /// The pace of all its workers together, and who sets it.
    pace: Arc<Pace>,
    keeper: Arc<Keeper>,
    /// What the user should know of how tables were read.
    findings: Arc<Mutex<BTreeMap<String, Vec<String>>>>,
}

/// A table that has been read, and what was gathered for its tree.
pub(super) struct Taken {
    /// Reads the very snapshot of the store that this was read from.
    pub reader: Reader,
    pub snapshot: Snapshot,
    pub gathered: Gathered,
    /// How many rows were read, kept or not.
    pub rows_read: u64,
    /// By which choice; `None` where everything was read and kept.
    pub choice: Option<Arc<Choice>>,
}

impl Reader {
    /// Opens a snapshot of a store that is read once: without retries.
    pub async fn open(store: &dyn Store, workers: usize, gently: Gently) -> Result<Self> {
        let view = View::open(store, workers, 0).await?;
        Ok(Self::over(store, view, None, Retry::never(), gently).await)
    }

    /// Opens the first snapshot of a store that is asked again where it fails for the moment. `shapes` are those of the tables
    /// before they were described.
    pub async fn open_to_renew(
        store: Arc<dyn Store>,
        workers: usize,
        shapes: HashMap<TableName, Vec<String>>,
        retry: Retry,
        gently: Gently,
    ) -> Result<Self> {
        let (renewal, view) = Renewal::begin(store.clone(), workers, shapes, &retry).await?;
        Ok(Self::over(store.as_ref(), view, Some(Arc::new(renewal)), retry, gently).await)
    }

    /// Opens one side's snapshot as planned.
    pub async fn of(
        prepared: &Prepared,
        side: Side,
        options: &Options,
        retry: &Retry,
        progress: &Arc<dyn Progress>,
    ) -> Result<Self> {
        let (store, shapes) = (prepared.stores.get(side).clone(), prepared.shapes.get(side).clone());
        let gently = Gently { load: options.load.get(side).clone(), side, progress: progress.clone() };
        let reader = Self::open_to_renew(store, options.workers, shapes, retry.clone(), gently).await?;
        if options.consistency == Consistency::Strong
            && let Some(renewal) = &reader.renewal
        {
            // What was promised holds for this snapshot and no other.
            renewal.give_up();
        }
        Ok(reader)
    }

    async fn over(store: &dyn Store, view: View, renewal: Option<Arc<Renewal>>, retry: Retry, gently: Gently) -> Self {
        let Gently { load, side, progress } = gently;
        let pace = Pace::new(&load);
        let probe = if load.signals.is_empty() { None } else { store.probe(load.ask_every) };
        let keeper = Keeper::begin(&load, probe, view.snapshot.clone(), pace.clone(), side, progress).await;
        let identity = store.identity().clone();
        Self { identity, view, renewal, retry, pace, keeper: Arc::new(keeper), findings: Arc::default() }
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

    /// What is read from.
    pub fn snapshot(&self) -> &dyn StoreSnapshot {
        self.view.snapshot.as_ref()
    }

    /// 0 for the first snapshot of the store, more for those that were opened after one was lost.
    pub fn generation(&self) -> u64 {
        self.view.generation
    }

    /// The same store as of its newest snapshot.
    pub async fn newest(&self) -> Self {
        match &self.renewal {
            Some(renewal) => Self { view: renewal.newest().await, ..self.clone() },
            None => self.clone(),
        }
    }

    /// A place among the workers, for as long as it is held.
    pub async fn worker(&self) -> Result<SemaphorePermit<'_>> {
        self.view.workers.acquire().await.map_err(|_| Error::interrupted())
    }

    /// Into how many parts a table is best divided.
    pub fn parts_wanted(&self) -> usize {
        self.view.workers_max * PARTS_PER_WORKER
    }

    pub fn consistency(&self) -> String {
        self.snapshot().consistency()
    }

    /// Reads one table into the snapshot `directory`: in the newest snapshot of the store, and where that is lost, again from the
    /// beginning in the next.
    pub async fn read(&self, job: &Job, directory: &Path, progress: Arc<dyn Progress>) -> Result<Taken> {
        let place = |e: Error| self.at(job, e);
        let (mut reader, mut restarts) = (self.newest().await, 0);
        loop {
            let tables = reader.view.tables.clone();
            let opening = async { tables.acquire_owned().await.map_err(|_| Error::interrupted()) };
            let _open = self.unless_stopped(opening).await.map_err(place)?;
            // While this table waited, the snapshot may have been lost.
            let newest = self.newest().await;
            if newest.generation() > reader.generation() {
                reader = newest;
                continue;
            }
            let error = match reader.read_in_one_snapshot(job, directory, progress.clone()).await {
                Ok(taken) => return Ok(taken),
                Err(error) => error,
            };
            let Some(renewal) = self.renewal.as_ref().filter(|_| error.is_transient()) else { return Err(error) };
            if renewal.is_given_up() {
                return Err(error);
            }
            let waiting = async { Ok(self.retry.again(&reader.what(job), restarts, &error).await) };
            if !self.unless_stopped(waiting).await.map_err(place)? {
                return Err(error);
            }
            restarts += 1;
            job.retries.fetch_add(1, Ordering::Relaxed);
            let opening = async { Ok(renewal.after(reader.generation(), &self.retry).await) };
            // Where the store is not there any more, the first failure says better why than the last.
            let Ok(view) = self.unless_stopped(opening).await.map_err(place)? else { return Err(error) };
            reader.view = view;
        }
    }

    async fn read_in_one_snapshot(&self, job: &Job, directory: &Path, progress: Arc<dyn Progress>) -> Result<Taken> {
        let advice = match job.filter() {
            Some(_) => "check the condition that was given with --where against the store's own words above",
            None => "the store's own words are above; mend it and run again: nothing of this table counts as compared",
        };
        let place = |e: Error| self.at(job, e).hint(advice);
        let estimate: Option<u64> = job.reads.iter().map(|read| read.table.rows_estimate).sum();
        let estimate = match job.choice.as_deref() {
            Some(Choice::Ranges(choice)) => estimate.map(|rows| {
                let (chosen, total) = choice.counts();
                (rows as f64 * chosen as f64 / total as f64) as u64
            }),
            _ => estimate,
        };
        progress.table_started(job.side, &job.name, estimate);
        let snapshot = self.unless_stopped(self.read_table(job, directory, progress.clone())).await.map_err(place);
        progress.table_finished(job.side, &job.name);
        snapshot
    }

    fn at(&self, job: &Job, error: Error) -> Error {
        error.at(format!("{}, table {}", self.identity.url, job.table().name))
    }

    /// What is read, for notes.
    fn what(&self, job: &Job) -> String {
        format!("{} of the {}", job.name, job.side)
    }

    async fn read_table(&self, job: &Job, directory: &Path, progress: Arc<dyn Progress>) -> Result<Taken> {
        let started = time::now();
        if directory.exists() {
            if let Some(taken) = self.read_before(job, directory).await {
                progress.rows(job.side, &job.name, taken.rows_read);
                return Ok(taken);
            }
            fs::remove_dir_all(directory)
                .map_err(|e| Error::snapshot("cannot begin a snapshot anew").at(directory.display()).because(e))?;
        }
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
            let (keys, tried, what) = (job.keys(), Tried::new(job), self.what(job));
            readers.spawn(async move {
                // Files are opened once a worker is free: a table may have thousands of parts.
                let _worker = reader.worker().await?;
                let begin = || {
                    let observer = Gathered::new(by_number, ordinal, rows_per_range);
                    let part_writer = writer.part(ordinal, &read.table, encoder.clone(), &kept, observer)?;
                    Ok((part_writer, keys.clone().map(|keys| Sieve::new(encoder.clone(), Some(keys)))))
                };
                let forget = || writer.forget_part(ordinal);
                let count = move |rows| progress.rows(side, &name, rows);
                let (part_read, observed) =
                    reader.read_part_again(&what, &read, &part, (begin, forget), count, &tried).await?;
                Gathered::add(&mut gathered.lock().unwrap_or_else(PoisonError::into_inner), observed);
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
        if let Some(renewal) = &self.renewal {
            renewal.check_shapes(&job.reads, &self.retry).await?;
        }
        let writer = Arc::into_inner(writer).ok_or_else(|| Error::snapshot("a part is still being written"))?;
        let snapshot = writer.finish(self.manifest(job, written, started))?;
        if let Some(seal) = job.seal.as_deref().filter(|_| self.can_stand_later(job)) {
            resume::seal(seal, &directory.join(MANIFEST_FILE))?;
        }
        let gone = || Error::snapshot("a part is still being read");
        let mut gathered =
            Arc::into_inner(gathered).ok_or_else(gone)?.into_inner().unwrap_or_else(PoisonError::into_inner);
        if !digested.is_empty() {
            Gathered::add(&mut gathered, gather_again(&snapshot, digested, job).await?);
        }
        let gathered = gathered.unwrap_or_else(|| Gathered::new(by_number, 0, rows_per_range));
        Ok(Taken { reader: self.clone(), snapshot, gathered, rows_read, choice: job.choice.clone() })
    }

    /// What a run that broke off had read of this side to its end, where it is whole and the store shows that nothing was written
    /// to it since.
    async fn read_before(&self, job: &Job, directory: &Path) -> Option<Taken> {
        let seal = job.seal.as_deref().filter(|_| self.can_stand_later(job))?;
        if !resume::is_sealed(seal, &directory.join(MANIFEST_FILE)) {
            return None;
        }
        let directory = directory.to_owned();
        let opened = spawn_blocking(move || Snapshot::open(&directory).ok()).await.ok()??;
        let (then, now) = (opened.manifest(), self.manifest(job, Vec::new(), time::now()));
        let table = Table { rows_estimate: now.table.rows_estimate, ..then.table.clone() };
        let same = (&then.format, &then.store, &table, &then.filter, &then.digest, &then.created_by)
            == (&now.format, &now.store, &now.table, &now.filter, &now.digest, &now.created_by);
        if !same || !resume::still_stands(self.identity.kind, &then.coordinates, &now.coordinates) {
            return None;
        }
        let rows_read = opened.manifest().rows;
        let gathered = gather_again(&opened, (0..opened.parts()).collect(), job).await.ok()?;
        Some(Taken { reader: self.clone(), snapshot: opened, gathered, rows_read, choice: None })
    }

    /// Whether a side that was read whole may serve a run that is taken up.
    fn can_stand_later(&self, job: &Job) -> bool {
        let is_whole = job.choice.is_none() && job.keep == Keep::Full && job.reads.len() == 1;
        is_whole && resume::may_stand(self.identity.kind)
    }

    /// The parts of all tables of a job, each with the table it is a part of.
    pub async fn parts(&self, job: &Job) -> Result<Vec<(TableRead, Part)>> {
        let mut all = Vec::new();
        if let Some(Choice::Ranges(choice)) = job.choice.as_deref() {
            let (ranges, column) = (choice.ranges(), &job.layout.key[0].name);
            let per_part = ranges.len().div_ceil(self.parts_wanted()).clamp(1, RANGES_PER_PART_MAX);
            let part = |some| self.snapshot().rows_in(column, some);
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
            let wanted = self.parts_wanted().div_ceil(job.reads.len());
            let mut parts = self.retry.in_time(self.snapshot().parts(read, wanted)).await?;
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
            let Some(rows) = self.retry.in_time(self.snapshot().count(read)).await? else { return Ok(None) };
            sum += rows;
        }
        Ok(Some(sum))
    }

    /// The digests of an earlier snapshot, where they hold under the mapping of this run.
    fn digested_before(&self, job: &Job, read: &TableRead, part: &Part) -> Option<Written> {
        let files = self.snapshot().files_of(&read.table.name, part)?;
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
        if let Some(files) = self.snapshot().files_of(&read.table.name, part) {
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

    /// Reads one part. Where that fails for the moment and the store still has its snapshot, begins the part again: `begin` makes
    /// its writer, `forget` removes what was written.
    pub async fn read_part_again<O: RowObserver + 'static>(
        &self,
        what: &str,
        read: &TableRead,
        part: &Part,
        (begin, forget): (impl Fn() -> Result<(PartWriter<O>, Option<Sieve>)>, impl Fn() -> Result<()>),
        progress: impl Fn(u64) + Clone + Send + 'static,
        tried: &Tried,
    ) -> Result<(PartRead, O)> {
        for retry in 0.. {
            let (writer, sieve) = begin()?;
            let error = match self.read_part(read, part, writer, sieve, progress.clone()).await {
                Err(error) if error.is_transient() => error,
                outcome => return outcome,
            };
            // The server goes on, so it was not stopped: somebody stopped us.
            if error.is_ended_by_hand() && self.snapshot().holds().await {
                return Err(error.transient(false));
            }
            // Asked again after the wait, by when a connection that was given up has been let go, so that it is replaced.
            let holds = || self.snapshot().holds();
            if !holds().await || !self.retry.again(what, retry, &error).await || !holds().await {
                return Err(error);
            }
            tried.again();
            forget()?;
        }
        Err(Error::store("a part was tried again too often"))
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
        let heard = Arc::new(AtomicU64::new(0));
        let hears = heard.clone();
        let writing = spawn_blocking(move || -> Result<(PartWriter<O>, u64)> {
            let mut rows_read = 0;
            while let Some(batch) = batches.blocking_recv() {
                hears.fetch_add(1, Ordering::Relaxed);
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
        let outcome = tokio::select! {
            biased;
            outcome = self.unless_stopped(self.snapshot().read(read, part, &sink)) => outcome,
            limit = silence(&sink, &heard, self.retry.silence_max()) => {
                // Whoever still waits for the store ends by itself; the writer ends with it, and what it wrote is forgotten.
                sink.stop();
                return Err(silent(limit));
            }
        };
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
            coordinates: self.snapshot().coordinates().into_iter().collect(),
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

/// Counts how often something of a table was tried again.
#[derive(Clone)]
pub(super) struct Tried(Arc<AtomicU64>);

impl Tried {
    pub fn new(job: &Job) -> Self {
        Self(job.retries.clone())
    }

    fn again(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Waits until no batch has come for `limit` although the writer would have taken one.
async fn silence(sink: &BatchSink, heard: &AtomicU64, limit: Duration) -> Duration {
    let (mut last, mut since) = (0, Instant::now());
    loop {
        tokio::time::sleep((limit / 4).min(Duration::from_secs(5))).await;
        let now = heard.load(Ordering::Relaxed);
        if now != last || sink.is_held_up() {
            (last, since) = (now, Instant::now());
        } else if since.elapsed() >= limit {
            return limit;
        }
    }
}

pub(super) fn check_count(counted: u64, rows: u64) -> Result<()> {
    if counted == rows {
        return Ok(());
    }
    Err(Error::store(format!("the store counts {counted} rows, but handed over {rows}"))
        .hint("a stream ended early or a range was not read: run again; nothing of this table counts as compared"))
}

/// Gathers of parts that were digested earlier, and so were not read now.
async fn gather_again(snapshot: &Snapshot, parts: Vec<usize>, job: &Job) -> Result<Gathered> {
    let (snapshot, by_number, rows_per_range) = (snapshot.clone(), job.by_number, job.rows_per_range);
    let gather = move || Gathered::of(&snapshot, &parts, by_number, rows_per_range);
    spawn_blocking(gather).await.map_err(|e| Error::snapshot("the digests could not be read").because(e))?
}

fn absolute(directory: &Path, file: &ManifestFile) -> ManifestFile {
    let path = directory.join(&file.path);
    let path = path.canonicalize().unwrap_or(path);
    ManifestFile { path: path.to_string_lossy().into_owned(), ..file.clone() }
}
