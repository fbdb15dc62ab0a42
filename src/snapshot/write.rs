//! Writes a snapshot: parts in parallel, the manifest last, then the name.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::hashing::{HashedFile, cannot_write};
use super::read::Snapshot;
use crate::canonical::{Digests, RowEncoder, RowScratch, batch_schema};
use crate::error::{Error, Result};
use crate::model::{MANIFEST_FILE, Manifest, ManifestFile, ManifestPart, ROWS_MARK, RowObserver, Table};

/// A row group is closed once it holds this many bytes in memory …
const ROW_GROUP_BYTES_MAX: usize = 8 << 20;
/// … or this many rows.
const ROW_GROUP_ROWS_MAX: usize = 1 << 17;
/// Small pages, so that single rows can be read again cheaply.
const PAGE_ROWS_MAX: usize = 4096;

/// A snapshot directory under construction. Dropped before [`SnapshotWriter::finish`], it removes what it wrote.
pub struct SnapshotWriter {
    partial: PathBuf,
    whole: PathBuf,
    finished: bool,
}

/// Where the rows of a part are kept.
#[derive(Debug, Clone, PartialEq)]
pub enum RowsKept {
    /// They are written to the snapshot.
    Copied,
    /// They stay in a Parquet file outside of the snapshot, which is read where it lies.
    InPlace {
        /// The file, by its absolute path.
        file: ManifestFile,
        /// The row groups (first, and one past the last) of a user's file; `None` for the rows of another snapshot.
        row_groups: Option<(usize, usize)>,
    },
    /// They stay in the store.
    Left,
}

/// What of a part is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Where its rows are.
    pub rows: RowsKept,
    /// Whether keys and digests are written.
    pub digests: bool,
}

/// What a part holds once it is written.
#[derive(Debug, Clone)]
pub struct Written {
    /// The part's line in the manifest.
    pub part: ManifestPart,
    /// The smallest and largest key bytes, in hex.
    pub bounds: Option<(String, String)>,
}

impl SnapshotWriter {
    /// Begins the snapshot `whole`, which must not exist yet; a partial one of a killed run is removed.
    pub fn create(whole: &Path) -> Result<Self> {
        let name = whole.file_name().unwrap_or_default().to_string_lossy();
        let partial = whole.with_file_name(format!(".{name}.partial"));
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(|e| cannot_write(&partial, e))?;
        }
        fs::create_dir_all(&partial).map_err(|e| cannot_write(&partial, e))?;
        Ok(Self { partial, whole: whole.to_owned(), finished: false })
    }

    /// Begins a part; parts may be written at the same time.
    pub fn part<O: RowObserver>(
        &self,
        ordinal: usize,
        table: &Table,
        encoder: Arc<RowEncoder>,
        kept: &Kept,
        observer: O,
    ) -> Result<PartWriter<O>> {
        let schema = batch_schema(table.columns.iter().map(|c| (c.name.as_str(), &c.canonical)));
        let mark = Some(vec![KeyValue::new(ROWS_MARK.to_owned(), "1".to_owned())]);
        let rows = match &kept.rows {
            RowsKept::Copied => {
                let file = HashedFile::create(self.partial.join(format!("part-{ordinal:05}.parquet")))?;
                Some(ParquetPart::new(file, schema, mark)?)
            }
            RowsKept::InPlace { .. } | RowsKept::Left => None,
        };
        let digests = if kept.digests {
            let file = HashedFile::create(self.partial.join(format!("digests-{ordinal:05}.parquet")))?;
            Some(ParquetPart::new(file, digest_schema(), None)?)
        } else {
            None
        };
        Ok(PartWriter {
            rows,
            digests,
            kept: kept.rows.clone(),
            encoder,
            scratch: RowScratch::default(),
            observer,
            count: 0,
            bounds: None,
        })
    }

    /// Removes what was written of a part, so that it can begin again.
    pub fn forget_part(&self, ordinal: usize) -> Result<()> {
        for file in ["part", "digests"].map(|kind| self.partial.join(format!("{kind}-{ordinal:05}.parquet"))) {
            match fs::remove_file(&file) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(cannot_write(&file, e)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes the manifest and gives the directory its name: from here on it is a snapshot.
    pub fn finish(mut self, manifest: Manifest) -> Result<Snapshot> {
        let path = self.partial.join(MANIFEST_FILE);
        let text = serde_json::to_vec_pretty(&manifest).map_err(|e| cannot_write(&path, e))?;
        let mut file = HashedFile::create(path.clone())?;
        std::io::Write::write_all(&mut file, &text).map_err(|e| cannot_write(&path, e))?;
        file.finish()?;
        fs::rename(&self.partial, &self.whole).map_err(|e| cannot_write(&self.whole, e))?;
        self.finished = true;
        Ok(Snapshot::new(self.whole.clone(), manifest))
    }
}

impl Drop for SnapshotWriter {
    fn drop(&mut self) {
        if !self.finished {
            // Nobody can be told of a failure here, and a partial directory is never taken for a snapshot.
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

/// Writes the rows and digests of one part, and shows keys and digests to an observer.
pub struct PartWriter<O> {
    rows: Option<ParquetPart>,
    digests: Option<ParquetPart>,
    kept: RowsKept,
    encoder: Arc<RowEncoder>,
    scratch: RowScratch,
    observer: O,
    count: u64,
    bounds: Option<(Vec<u8>, Vec<u8>)>,
}

impl<O: RowObserver> PartWriter<O> {
    /// Adds a canonical batch.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let encoded = self.encoder.encode(batch, &mut self.scratch)?;
        widen(&mut self.bounds, &encoded.keys);
        self.observer.observe(&encoded.keys, &encoded.digests);
        if let Some(rows) = &mut self.rows {
            rows.write(batch)?;
        }
        if let Some(file) = &mut self.digests {
            let Digests { high, low } = encoded.digests;
            let columns: Vec<ArrayRef> = vec![Arc::new(encoded.keys), Arc::new(high), Arc::new(low)];
            let digests = RecordBatch::try_new(digest_schema(), columns).map_err(|e| cannot_write(file.path(), e))?;
            file.write(&digests)?;
        }
        self.count += batch.num_rows() as u64;
        Ok(())
    }

    /// The number of rows so far.
    pub fn rows(&self) -> u64 {
        self.count
    }

    /// Closes the part's files and gives the observer back. Call it only once the reader has proven that it reached the
    /// end.
    pub fn finish(self) -> Result<(Written, O)> {
        let (file, row_groups) = match (self.rows, self.kept) {
            (Some(rows), _) => (Some(rows.finish()?), None),
            (None, RowsKept::InPlace { file, row_groups }) => (Some(file), row_groups),
            (None, RowsKept::Left) => (None, None),
            (None, RowsKept::Copied) => return Err(Error::snapshot("a part of copied rows has no file for them")),
        };
        let digests = self.digests.map(ParquetPart::finish).transpose()?;
        let part = ManifestPart { rows: self.count, file, row_groups, digests };
        let bounds = self.bounds.map(|(lowest, highest)| (hex::encode(lowest), hex::encode(highest)));
        Ok((Written { part, bounds }, self.observer))
    }
}

fn widen(bounds: &mut Option<(Vec<u8>, Vec<u8>)>, keys: &BinaryArray) {
    if keys.is_empty() {
        return;
    }
    let (mut lowest, mut highest) = (keys.value(0), keys.value(0));
    for row in 1..keys.len() {
        let key = keys.value(row);
        if key > highest {
            highest = key;
        } else if key < lowest {
            lowest = key;
        }
    }
    match bounds {
        None => *bounds = Some((lowest.to_vec(), highest.to_vec())),
        Some((least, greatest)) => {
            if lowest < least.as_slice() {
                *least = lowest.to_vec();
            }
            if highest > greatest.as_slice() {
                *greatest = highest.to_vec();
            }
        }
    }
}

/// The columns of a digest file.
pub(super) fn digest_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("key", DataType::Binary, false),
        Field::new("high", DataType::UInt64, false),
        Field::new("low", DataType::UInt64, false),
    ]))
}

/// A Parquet file of a snapshot.
///
/// Its layout was chosen by measurement (ARCHITECTURE.md has the figures): writing is the dearest step of a run, reading
/// back is rare. Numbers and times are packed as deltas, which is cheaper than to compress them; text and keys are
/// compressed by LZ4, which takes half the time of zstd; digests are random and stay as they are. There are no
/// dictionaries and no statistics: nothing here prunes by values.
struct ParquetPart {
    writer: ArrowWriter<HashedFile>,
    path: PathBuf,
}

impl ParquetPart {
    fn new(file: HashedFile, schema: SchemaRef, metadata: Option<Vec<KeyValue>>) -> Result<Self> {
        let path = file.path().to_owned();
        let mut properties = WriterProperties::builder()
            .set_created_by(concat!("tieout ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::LZ4_RAW)
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS_MAX))
            .set_data_page_row_count_limit(PAGE_ROWS_MAX)
            .set_key_value_metadata(metadata);
        for (column, field) in leaves(&schema) {
            // The halves of a digest cannot be NULL, and nothing that is random can be packed.
            if is_packed(field.data_type()) && field.is_nullable() {
                properties = properties.set_column_encoding(column.clone(), Encoding::DELTA_BINARY_PACKED);
            }
            if is_packed(field.data_type()) {
                properties = properties.set_column_compression(column, Compression::UNCOMPRESSED);
            }
        }
        let writer =
            ArrowWriter::try_new(file, schema, Some(properties.build())).map_err(|e| cannot_write(&path, e))?;
        Ok(Self { writer, path })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.writer.write(batch).map_err(|e| cannot_write(&self.path, e))?;
        if self.writer.in_progress_size() > ROW_GROUP_BYTES_MAX {
            self.writer.flush().map_err(|e| cannot_write(&self.path, e))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<ManifestFile> {
        self.writer.into_inner().map_err(|e| cannot_write(&self.path, e))?.finish()
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

/// The columns that Parquet has for a schema: those of SQLite are structs, with an array for each class of values.
fn leaves(schema: &Schema) -> Vec<(ColumnPath, &Field)> {
    let path = |names: &[&String]| ColumnPath::new(names.iter().map(|name| (*name).clone()).collect());
    let mut leaves = Vec::new();
    for field in schema.fields() {
        match field.data_type() {
            DataType::Struct(classes) => {
                let leaf = |class| (path(&[field.name(), Field::name(class)]), class);
                leaves.extend(classes.iter().map(|class| leaf(class.as_ref())));
            }
            _ => leaves.push((path(&[field.name()]), field.as_ref())),
        }
    }
    leaves
}

/// Whether Parquet keeps values of this type as integers of 32 or 64 bits.
fn is_packed(data_type: &DataType) -> bool {
    match data_type {
        DataType::Decimal128(precision, _) => *precision <= 18,
        DataType::Int64 | DataType::UInt64 | DataType::Date32 | DataType::Time64(_) | DataType::Timestamp(..) => true,
        _ => false,
    }
}
