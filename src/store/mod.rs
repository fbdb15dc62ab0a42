//! Stores: connect, describe, read. One room or file for each kind of store, all behind two traits.
//!
//! [`Store`] answers what is there; [`StoreSnapshot`] reads it as of one moment. A snapshot divides a table into
//! [`Part`]s that together cover every row exactly once, and any number of workers may read parts at the same time.

pub mod connect;
pub mod csv;
pub mod directory;
mod keep_alive;
mod lookup;
pub mod mysql;
pub mod parquet;
mod pool;
pub mod postgres;
pub mod replication;
pub mod snapshot_dir;
mod split;
pub mod sqlite;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use self::replication::{Coordinates, Mark};
use crate::canonical::{KeyValue, ROWS_PER_BATCH};
use crate::error::{Error, Result};
use crate::model::{DigestLayout, KeyRange, ManifestPart, StoreIdentity, Table, TableName, TableRead};
use crate::throttle::{SignalKind, Stream};

/// A place that holds tables.
#[async_trait]
pub trait Store: Send + Sync {
    /// Kind and URL, without a password.
    fn identity(&self) -> &StoreIdentity;

    /// The tables of the store in name order: no views, no partitions of a table, no system tables.
    async fn tables(&self) -> Result<Vec<TableName>>;

    /// Columns and keys of one table.
    async fn describe(&self, name: &TableName) -> Result<Table>;

    /// The same of many tables, in their order. Each fails for itself. Stores with a catalogue ask it about all at once.
    async fn describe_all(&self, names: &[TableName]) -> Vec<Result<Table>> {
        describe_rest(self, names, HashMap::new()).await
    }

    /// What this target would be known by to have all that a snapshot of the source with these coordinates shows; or why there is
    /// nothing it could be known by.
    async fn mark(&self, _source: &Coordinates) -> Result<std::result::Result<Mark, String>> {
        Ok(Err("this kind of store does not replicate".into()))
    }

    /// Whether this target has passed the mark, as far as it knows itself.
    async fn passed(&self, _mark: &Mark) -> Result<bool> {
        Ok(false)
    }

    /// Whether this source agrees that the mark has been passed; `None` where it knows nothing of such a target.
    async fn confirmed(&self, _mark: &Mark) -> Result<Option<bool>> {
        Ok(Some(true))
    }

    /// The one value that a question of the user's gives, as text, in a transaction that only reads. `{source}` in it stands
    /// for the given value.
    async fn answer(&self, _question: &str, _source: Option<&str>) -> Result<Option<String>> {
        Err(Error::usage("this kind of store cannot be asked by SQL").at(&self.identity().url))
    }

    /// A text that is another one after anything has been committed to the store; `None` where it has none.
    async fn position(&self) -> Result<Option<String>> {
        Ok(None)
    }

    /// What tells one shape of each table from another, as short sentences in a fixed order: its columns, and what changes when its
    /// rows are exchanged as a whole. As of now, whatever snapshots are open, and cheap. Tables without an entry cannot be altered
    /// without notice.
    async fn shapes(&self, _names: &[TableName]) -> Result<HashMap<TableName, Vec<String>>> {
        Ok(HashMap::new())
    }

    /// Opens one consistent snapshot for up to `workers` parallel readers.
    async fn open(&self, workers: usize) -> Result<Arc<dyn StoreSnapshot>>;

    /// Somebody who asks the store how it is, over a connection of its own, and lets the store give up a question after a while, so
    /// that those that nobody waits for any more do not pile up there. `None` for files.
    fn probe(&self, _patience: Duration) -> Option<Box<dyn Probe>> {
        None
    }
}

/// Asks a store how it is.
#[async_trait]
pub trait Probe: Send {
    /// The number that a signal stands for. What is dropped while it waits is asked anew over another connection.
    ///
    /// # Errors
    /// Where the store does not say, or the user may not know: that is never taken for a low number.
    async fn ask(&mut self, signal: &SignalKind) -> Result<f64>;
}

/// How a store would find the rows of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Without reading the others; or the table is so small that reading all of it is nothing.
    Direct,
    /// By reading the whole of a large table.
    WholeTable,
}

/// A store as of one moment. Dropping it ends the snapshot.
#[async_trait]
pub trait StoreSnapshot: Send + Sync {
    /// Where in the store's own history the snapshot stands (LSN, GTID, file hash, …), as name and value.
    fn coordinates(&self) -> Vec<(String, String)>;

    /// A moment by the store's own clock by which everything that had been committed is in the snapshot; `None` where the store has no
    /// clock of its own (files).
    fn taken_at(&self) -> Option<DateTime<Utc>> {
        None
    }

    /// [`Store::position`] when the snapshot was taken, or before.
    fn position(&self) -> Option<String> {
        None
    }

    /// Why the snapshot is not one moment for as many workers as were asked for; `None` where it is.
    fn weakness(&self) -> Option<String> {
        None
    }

    /// How the workers' views were brought to one moment, in words for the report.
    fn consistency(&self) -> String;

    /// How many parts may be read at the same time; the caller opens no more.
    fn workers_max(&self) -> usize;

    /// Divides the rows to be read into about `wanted` parts that cover each row exactly once; never empty.
    async fn parts(&self, read: &TableRead, wanted: usize) -> Result<Vec<Part>>;

    /// The store's own count of the rows to be read, as of this snapshot; what the readers deliver must equal it. Asked
    /// for only where [`Self::read`] gave no count of its own. `None` where the store has no count apart from reading (a
    /// CSV file).
    async fn count(&self, read: &TableRead) -> Result<Option<u64>>;

    /// Reads one part to its proven end and sends it as canonical batches (see
    /// [`crate::canonical::batch_schema`]). An end that cannot be told from a broken stream is an error. Returns how many
    /// rows the store itself says it sent, where it says so without counting them again.
    async fn read(&self, read: &TableRead, part: &Part, sink: &BatchSink) -> Result<Option<u64>>;

    /// Whether the moment is still there to be read, after something went wrong. Where the store can hand its moment on to new
    /// connections, those that were lost are replaced first.
    async fn holds(&self) -> bool {
        true
    }

    /// The part that consists of the rows whose `columns` have the values of one of `keys`, for a store that finds them
    /// without reading all others. It may hold other rows as well (where a collation takes more for equal), and lack rows
    /// whose values are spelled otherwise; whoever asks checks. `None` where the store cannot say.
    fn rows_with_keys(&self, _columns: &[String], _keys: &[Vec<KeyValue>]) -> Option<Part> {
        None
    }

    /// As [`Self::rows_with_keys`], for the rows whose numbers in `column` lie in one of `ranges`, both ends included.
    fn rows_between(&self, _column: &str, _ranges: &[(KeyValue, KeyValue)]) -> Option<Part> {
        None
    }

    /// The smallest and the largest number in an integer column that an index begins with. Conditions on the rows do not count.
    async fn key_span(&self, _read: &TableRead, _column: &str) -> Result<KeySpan> {
        Ok(KeySpan::Unknown)
    }

    /// The part that consists of the rows whose numbers in `column` lie in one of `ranges`; every row lies in one where these
    /// cover all numbers. `None` where the store cannot say.
    fn rows_in(&self, _column: &str, _ranges: &[KeyRange]) -> Option<Part> {
        None
    }

    /// How the rows of a part would be found, by the store's own plan of the query that reads it.
    async fn route(&self, _read: &TableRead, _part: &Part) -> Result<Route> {
        Ok(Route::Direct)
    }

    /// Ends the snapshot before it is dropped, so that it holds nothing back any more. Nothing can be read afterwards.
    async fn end(&self) {}

    /// The files behind a [`Part::OfSnapshot`]; `None` for all other parts.
    fn files_of(&self, _table: &TableName, _part: &Part) -> Option<PartFiles> {
        None
    }
}

/// The tables in the order of `names`; those not in `known` are described one by one, so that each has its own failure.
async fn describe_rest<S: Store + ?Sized>(
    store: &S,
    names: &[TableName],
    mut known: HashMap<TableName, Table>,
) -> Vec<Result<Table>> {
    let mut tables = Vec::with_capacity(names.len());
    for name in names {
        tables.push(match known.remove(name) {
            Some(table) => Ok(table),
            None => store.describe(name).await,
        });
    }
    tables
}

/// Between which numbers the values of a column lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySpan {
    /// The store cannot say without reading everything, or there are values other than numbers.
    Unknown,
    /// There are no rows.
    Empty,
    /// Between these, both included.
    Between(i128, i128),
}

/// The files behind a part of a finished snapshot.
#[derive(Debug, Clone)]
pub struct PartFiles {
    /// The snapshot's directory.
    pub directory: PathBuf,
    /// Under which mapping its digests hold; `None` where they are of an earlier format.
    pub layout: Option<DigestLayout>,
    /// The part's line in its manifest.
    pub part: ManifestPart,
    /// The smallest and largest key bytes of the whole snapshot, in hex.
    pub bounds: Option<(String, String)>,
}

/// A share of a table's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Every row.
    Whole,
    /// The rows for which a condition in the store's SQL holds.
    Where(String),
    /// Some row groups of a Parquet file, which is read where it lies and not copied.
    RowGroups {
        /// The file.
        file: PathBuf,
        /// The first row group.
        first: usize,
        /// One past the last row group.
        end: usize,
    },
    /// One file, read from beginning to end.
    File(PathBuf),
    /// A part of a finished snapshot, by its number; its rows are read where they lie and not copied.
    OfSnapshot(usize),
}

/// Where a reader sends its batches. Bounded: a slow receiver slows the reader, and so does a [`Stream`] that waits for its turn.
#[derive(Clone)]
pub struct BatchSink {
    batches: mpsc::Sender<RecordBatch>,
    stream: Option<Arc<Stream>>,
    stopped: Arc<AtomicBool>,
    /// Whether a batch waits for its turn.
    paced: Arc<AtomicBool>,
}

/// Says that a batch waits for its turn, for as long as it does.
struct Paced<'a>(&'a AtomicBool);

impl<'a> Paced<'a> {
    fn begin(paced: &'a AtomicBool) -> Self {
        paced.store(true, Ordering::SeqCst);
        Self(paced)
    }
}

impl Drop for Paced<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl BatchSink {
    /// A sink and the receiver of its batches; at most `batches_max` wait in between.
    pub fn channel(batches_max: usize) -> (Self, mpsc::Receiver<RecordBatch>) {
        let (batches, receiver) = mpsc::channel(batches_max);
        (Self { batches, stream: None, stopped: Arc::default(), paced: Arc::default() }, receiver)
    }

    /// The same at the pace of a stream.
    pub fn paced(self, stream: Stream) -> Self {
        Self { stream: Some(Arc::new(stream)), ..self }
    }

    /// How many rows the next batch should have.
    pub fn batch_rows(&self) -> usize {
        self.stream.as_ref().map_or(ROWS_PER_BATCH, |stream| stream.batch_rows())
    }

    /// Sends a batch; waits for its turn, and while the channel is full. Fails once the receiver has given up.
    pub async fn send(&self, batch: RecordBatch) -> Result<()> {
        for piece in self.pieces(batch) {
            if let Some(stream) = &self.stream {
                let _paced = Paced::begin(&self.paced);
                stream.pass(piece.num_rows() as u64, || bytes_of(&piece), || self.is_closed()).await?;
            }
            self.batches.send(piece).await.map_err(|_| receiver_gone())?;
            self.next_batch();
        }
        Ok(())
    }

    /// Tells whoever sends that nobody waits any more.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    /// Whether the receiver has given up.
    pub fn is_closed(&self) -> bool {
        self.batches.is_closed() || self.stopped.load(Ordering::SeqCst)
    }

    /// Whether it is not the store that one waits for: as many batches wait as may, or one waits for its turn.
    pub fn is_held_up(&self) -> bool {
        self.batches.capacity() == 0 || self.paced.load(Ordering::SeqCst)
    }

    /// As [`Self::send`], from a thread that may block (SQLite, files).
    pub fn send_blocking(&self, batch: RecordBatch) -> Result<()> {
        if self.is_closed() {
            return Err(receiver_gone());
        }
        for piece in self.pieces(batch) {
            if let Some(stream) = &self.stream {
                let _paced = Paced::begin(&self.paced);
                stream.pass_blocking(piece.num_rows() as u64, || bytes_of(&piece), || self.is_closed())?;
            }
            self.batches.blocking_send(piece).map_err(|_| receiver_gone())?;
            self.next_batch();
        }
        Ok(())
    }

    /// Readers of files hand over batches as large as the file has them: under a cap these would pass in leaps.
    fn pieces(&self, batch: RecordBatch) -> impl Iterator<Item = RecordBatch> {
        let (rows, most) = (batch.num_rows(), self.stream.as_ref().and_then(|stream| stream.piece_rows()));
        let most = most.unwrap_or(rows).max(1);
        (0..rows.div_ceil(most).max(1)).map(move |at| match rows <= most {
            true => batch.clone(),
            false => batch.slice(at * most, most.min(rows - at * most)),
        })
    }

    fn next_batch(&self) {
        if let Some(stream) = &self.stream {
            stream.next_batch();
        }
    }
}

/// The bytes of a batch's values.
fn bytes_of(batch: &RecordBatch) -> u64 {
    let bytes = batch.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or_default());
    bytes.sum::<usize>() as u64
}

fn receiver_gone() -> Error {
    Error::interrupted()
}
