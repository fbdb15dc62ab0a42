//! Reads both sides of all tables at once, each side by its own workers, into snapshots.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};

use super::directory::RunDirectory;
use super::prepare::Prepared;
use super::time;
use crate::config::RunPlan;
use crate::error::{Error, ErrorKind, Result};
use crate::mapping;
use crate::model::{
    DigestLayout, Manifest, ManifestFile, ManifestPart, Pair, Progress, SNAPSHOT_FORMAT, Side, StoreIdentity,
    TableOutcome, TableRead, Taken,
};
use crate::snapshot::{PartWriter, RowsKept, Snapshot, SnapshotWriter, Written, row_encoder};
use crate::store::{BatchSink, Part, Store, StoreSnapshot};

/// Parts for each worker: more than one, so that a slow part does not leave the others idle.
const PARTS_PER_WORKER: usize = 2;
/// Batches that may wait between a reader and its writer.
const BATCHES_WAITING_MAX: usize = 2;
/// Tables of one side that may be open at the same time.
const TABLES_OPEN_MAX: usize = 4;

/// One side's open snapshot and its workers.
#[derive(Clone)]
pub(super) struct Reader {
    identity: StoreIdentity,
    snapshot: Arc<dyn StoreSnapshot>,
    workers: Arc<Semaphore>,
    tables: Arc<Semaphore>,
    workers_max: usize,
}

/// What one side of one table is read into.
pub(super) struct Job {
    pub side: Side,
    /// The table's name in reports.
    pub name: String,
    pub read: TableRead,
    pub layout: DigestLayout,
    /// Whether rows that lie in Parquet files already are copied all the same.
    pub copy_all: bool,
}

impl Reader {
    pub async fn open(store: &dyn Store, workers: usize) -> Result<Self> {
        let snapshot = store.open(workers).await?;
        let workers_max = snapshot.workers_max().clamp(1, workers.max(1));
        Ok(Self {
            identity: store.identity().clone(),
            snapshot,
            workers: Arc::new(Semaphore::new(workers_max)),
            tables: Arc::new(Semaphore::new(TABLES_OPEN_MAX)),
            workers_max,
        })
    }

    pub fn consistency(&self) -> String {
        self.snapshot.consistency()
    }

    /// Reads one table into the snapshot `directory`.
    pub async fn read(&self, job: Job, directory: &Path, progress: Arc<dyn Progress>) -> Result<Snapshot> {
        let advice = match &job.read.filter {
            Some(_) => "check the condition that was given with --where against the store's own words above",
            None => "the store's own words are above; mend it and run again: nothing of this table counts as compared",
        };
        let place = |e: Error| e.at(format!("{}, table {}", self.identity.url, job.read.table.name)).hint(advice);
        let _open = self.tables.acquire().await.map_err(|_| Error::interrupted())?;
        progress.table_started(job.side, &job.name, job.read.table.rows_estimate);
        let snapshot = self.read_table(&job, directory, progress.clone()).await.map_err(place);
        progress.table_finished(job.side, &job.name);
        snapshot
    }

    async fn read_table(&self, job: &Job, directory: &Path, progress: Arc<dyn Progress>) -> Result<Snapshot> {
        let started = time::now();
        let parts = self.snapshot.parts(&job.read, self.workers_max * PARTS_PER_WORKER).await?;
        let writer = Arc::new(SnapshotWriter::create(directory)?);
        let encoder = Arc::new(row_encoder(&job.read.table, &job.layout)?);
        // Dropping the set stops its readers: a failed part ends the others, and so does the end of the run.
        let mut readers: JoinSet<Result<(usize, Written, Option<u64>)>> = JoinSet::new();
        for (ordinal, part) in parts.into_iter().enumerate() {
            if let Some(written) = self.digested_before(job, &part) {
                progress.rows(job.side, &job.name, written.part.rows);
                readers.spawn(async move { Ok((ordinal, written, None)) });
                continue;
            }
            let kept = self.kept(job, &part)?;
            let (reader, read, progress) = (self.clone(), job.read.clone(), progress.clone());
            let (writer, encoder) = (writer.clone(), encoder.clone());
            let (side, name) = (job.side, job.name.clone());
            readers.spawn(async move {
                // Files are opened once a worker is free: a table may have thousands of parts.
                let _worker = reader.workers.acquire().await.map_err(|_| Error::interrupted())?;
                let part_writer = writer.part(ordinal, &read.table, encoder, &kept)?;
                drop(writer);
                let written = reader.read_part(&read, &part, part_writer, move |rows| progress.rows(side, &name, rows));
                let (written, sent) = written.await?;
                Ok((ordinal, written, sent))
            });
        }
        let mut written = Vec::new();
        let mut all_counted = true;
        while let Some(part) = readers.join_next().await {
            let (ordinal, part, sent) = part.map_err(|e| Error::store("a reader stopped").because(e))??;
            match sent {
                Some(sent) => proven(sent, part.part.rows)?,
                None => all_counted = false,
            }
            written.push((ordinal, part));
        }
        if !all_counted && let Some(counted) = self.snapshot.count(&job.read).await? {
            proven(counted, written.iter().map(|(_, one)| one.part.rows).sum())?;
        }
        let writer = Arc::into_inner(writer).ok_or_else(|| Error::snapshot("a part is still being written"))?;
        writer.finish(self.manifest(job, written, started))
    }

    /// The digests of an earlier snapshot, where they hold under the mapping of this run.
    fn digested_before(&self, job: &Job, part: &Part) -> Option<Written> {
        let files = self.snapshot.files_of(&job.read.table.name, part)?;
        // Rows outside of the snapshot have no hash in its manifest: they may have changed since they were digested.
        if files.layout != job.layout || job.copy_all || files.part.file.sha256.is_none() {
            return None;
        }
        let part = ManifestPart {
            file: absolute(&files.directory, &files.part.file),
            digests: absolute(&files.directory, &files.part.digests),
            ..files.part
        };
        Some(Written { part, bounds: files.bounds })
    }

    fn kept(&self, job: &Job, part: &Part) -> Result<RowsKept> {
        if job.copy_all || job.read.filter.is_some() {
            return Ok(RowsKept::Copied);
        }
        if let Some(files) = self.snapshot.files_of(&job.read.table.name, part) {
            let file = absolute(&files.directory, &files.part.file);
            return Ok(RowsKept::InPlace { file, row_groups: files.part.row_groups });
        }
        let Part::RowGroups { file, first, end } = part else { return Ok(RowsKept::Copied) };
        let cannot = |e| Error::store("cannot read a file").at(file.display()).because(e);
        let path = file.canonicalize().map_err(cannot)?;
        let bytes = path.metadata().map_err(cannot)?.len();
        let file = ManifestFile { path: path.to_string_lossy().into_owned(), bytes, sha256: None };
        Ok(RowsKept::InPlace { file, row_groups: Some((*first, *end)) })
    }

    /// Reads one part: the store's reader on one task, encoding and writing on a thread beside it.
    async fn read_part(
        &self,
        read: &TableRead,
        part: &Part,
        mut writer: PartWriter,
        progress: impl Fn(u64) + Send + 'static,
    ) -> Result<(Written, Option<u64>)> {
        let (sink, mut batches) = BatchSink::channel(BATCHES_WAITING_MAX);
        let writing = spawn_blocking(move || -> Result<PartWriter> {
            while let Some(batch) = batches.blocking_recv() {
                writer.write(&batch)?;
                progress(batch.num_rows() as u64);
            }
            Ok(writer)
        });
        let outcome = self.snapshot.read(read, part, &sink).await;
        drop(sink);
        let writer = writing.await.map_err(|e| Error::snapshot("a writer stopped").because(e))?;
        match (outcome, writer) {
            (Ok(sent), Ok(writer)) => {
                let written = spawn_blocking(move || writer.finish()).await;
                Ok((written.map_err(|e| Error::snapshot("a writer stopped").because(e))??, sent))
            }
            // A reader whose writer gave up only knows that nobody listens: the writer knows why.
            (Err(reader), Err(writer)) if reader.kind() == ErrorKind::Interrupted => Err(writer),
            (Err(reader), _) => Err(reader),
            (Ok(_), Err(writer)) => Err(writer),
        }
    }

    fn manifest(&self, job: &Job, mut written: Vec<(usize, Written)>, started: String) -> Manifest {
        written.sort_by_key(|(ordinal, _)| *ordinal);
        let bounds = written.iter().filter_map(|(_, one)| one.bounds.clone()).reduce(|one, other| {
            // Hex keeps the order of the bytes.
            (one.0.min(other.0), one.1.max(other.1))
        });
        Manifest {
            format: SNAPSHOT_FORMAT.into(),
            created_by: concat!("tieout ", env!("CARGO_PKG_VERSION")).into(),
            store: self.identity.clone(),
            table: job.read.table.clone(),
            filter: job.read.filter.clone(),
            taken: Taken { started, finished: time::now() },
            coordinates: self.snapshot.coordinates().into_iter().collect(),
            consistency: self.consistency(),
            rows: written.iter().map(|(_, one)| one.part.rows).sum(),
            bounds,
            digest: job.layout.clone(),
            parts: written.into_iter().map(|(_, one)| one.part).collect(),
        }
    }
}

/// Compares what the store counts with what was read.
fn proven(counted: u64, rows: u64) -> Result<()> {
    if counted == rows {
        return Ok(());
    }
    Err(Error::store(format!("the store counts {counted} rows, but handed over {rows}"))
        .hint("a stream ended early or a range was not read: run again; nothing of this table counts as compared"))
}

fn absolute(directory: &Path, file: &ManifestFile) -> ManifestFile {
    let path = directory.join(&file.path);
    let path = path.canonicalize().unwrap_or(path);
    ManifestFile { path: path.to_string_lossy().into_owned(), ..file.clone() }
}

/// Opens both stores' snapshots, one right after the other.
pub(super) async fn open(prepared: &Prepared, plan: &RunPlan) -> Result<Pair<Reader>> {
    let workers = plan.options.workers;
    Ok(Pair {
        source: Reader::open(prepared.stores.source.as_ref(), workers).await?,
        target: Reader::open(prepared.stores.target.as_ref(), workers).await?,
    })
}

/// Both sides of a table once they have been read, or why not.
pub(super) struct Read {
    pub snapshots: Pair<Result<Snapshot>>,
    pub seconds: f64,
}

/// The tables that are being read, in the order of the plan.
pub(super) struct Waiting(VecDeque<Pair<Handle>>);

type Handle = AbortOnDrop<(Result<Snapshot>, f64)>;

impl Waiting {
    /// Waits for the next table of the plan.
    pub async fn next_table(&mut self) -> Read {
        let gone = || Err(Error::store("the reader of this table stopped"));
        let Some(mut handles) = self.0.pop_front() else {
            return Read { snapshots: Pair::new(gone(), gone()), seconds: 0.0 };
        };
        let (source, source_seconds) = handles.source.wait().await.unwrap_or_else(|e| (Err(e), 0.0));
        let (target, target_seconds) = handles.target.wait().await.unwrap_or_else(|e| (Err(e), 0.0));
        Read { snapshots: Pair::new(source, target), seconds: source_seconds.max(target_seconds) }
    }
}

/// Starts to read all tables of the plan.
pub(super) fn start(
    tables: &[TableOutcome],
    readers: &Pair<Reader>,
    directory: &RunDirectory,
    progress: Arc<dyn Progress>,
) -> Waiting {
    let mut waiting = VecDeque::new();
    for outcome in tables {
        let TableOutcome::Compare(plan) = outcome else { continue };
        waiting.push_back(Pair::from_fn(|side| {
            let job = Job {
                side,
                name: plan.name.clone(),
                read: TableRead { table: plan.tables.get(side).clone(), filter: plan.filters.get(side).clone() },
                layout: mapping::layout(plan, side),
                copy_all: false,
            };
            let (reader, progress) = (readers.get(side).clone(), progress.clone());
            let directory = directory.snapshot(&plan.name, side);
            AbortOnDrop(tokio::spawn(async move {
                let begun = Instant::now();
                let snapshot = reader.read(job, &directory, progress).await;
                (snapshot, begun.elapsed().as_secs_f64())
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
