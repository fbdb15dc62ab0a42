//! The files of a snapshot directory, read: the manifest, the rows, the digests. Their format is documented in
//! [`crate::snapshot`].

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::datatypes::{DataType, UInt64Type};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::file::metadata::PageIndexPolicy;

use super::{read_row_groups, sha256_of};
use crate::canonical::{Digests, ROWS_PER_BATCH, batch_schema};
use crate::error::{Error, Result};
use crate::model::{
    DIGESTS_FORMAT, DigestBatch, MANIFEST_FILE, Manifest, ManifestFile, ManifestPart, PartReader, RUN_FORMAT, RowRuns,
    SNAPSHOT_FORMAT, SNAPSHOT_FORMAT_1, SNAPSHOT_FORMAT_2, SNAPSHOT_FORMAT_3, Table,
};

const DAMAGED: &str = "the snapshot is damaged: take it again, or restore the directory from a copy";

/// Reads the manifest of the snapshot in `directory`.
pub fn read_manifest(directory: &Path) -> Result<Manifest> {
    let path = directory.join(MANIFEST_FILE);
    let text = std::fs::read(&path)
        .map_err(|e| Error::snapshot("cannot read a manifest").at(path.display()).because(e).hint(DAMAGED))?;
    let wrong = |e: serde_json::Error| {
        Error::snapshot("a manifest is not well formed").at(path.display()).because(e).hint(DAMAGED)
    };
    // The version first: another version may have other fields.
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(wrong)?;
    match value.get("format").and_then(|f| f.as_str()) {
        Some(SNAPSHOT_FORMAT | SNAPSHOT_FORMAT_3 | SNAPSHOT_FORMAT_2 | SNAPSHOT_FORMAT_1) => {
            serde_json::from_value(value).map_err(wrong)
        }
        Some(format) if is_lean(format) => Err(Error::snapshot("a lean snapshot, which holds digests but no rows")
            .at(path.display())
            .hint("compare a snapshot that was taken with --snapshot full")),
        Some(RUN_FORMAT) => Err(Error::snapshot("this is a run directory, not a snapshot")
            .at(directory.display())
            .hint("name the snapshot of one side, for example snapshots/orders/source within it")),
        other => Err(Error::snapshot(format!("a snapshot of the unknown format {}", other.unwrap_or("(none)")))
            .at(path.display())
            .hint(format!("this version of tieout reads {SNAPSHOT_FORMAT}: use the version that wrote it"))),
    }
}

/// Whether a format is that of a snapshot whose rows were left in the store, of any version.
fn is_lean(format: &str) -> bool {
    format.split_once('/').map(|(name, _)| name) == DIGESTS_FORMAT.split_once('/').map(|(name, _)| name)
}

/// Checks size and SHA-256 of every file that belongs to the snapshot.
pub fn verify_snapshot(directory: &Path, manifest: &Manifest) -> Result<()> {
    for file in manifest.parts.iter().flat_map(ManifestPart::files) {
        let path = directory.join(&file.path);
        let changed = || {
            Error::snapshot("a file of the snapshot is not the one its manifest describes")
                .at(path.display())
                .hint(DAMAGED)
        };
        let bytes = std::fs::metadata(&path)
            .map_err(|e| {
                Error::snapshot("a file of the snapshot is missing").at(path.display()).because(e).hint(DAMAGED)
            })?
            .len();
        if bytes != file.bytes {
            return Err(changed());
        }
        let Some(expected) = &file.sha256 else { continue };
        let found = sha256_of(&path).map_err(|e| e.hint(DAMAGED))?;
        if found != *expected {
            return Err(changed());
        }
    }
    Ok(())
}

/// Where a file of a snapshot lies: in its directory, or elsewhere if its path is absolute.
pub fn path_of(directory: &Path, file: &ManifestFile) -> PathBuf {
    directory.join(&file.path)
}

/// The rows of a part as canonical batches: all, or those selected.
pub fn read_part_rows(
    directory: &Path,
    table: &Table,
    part: &ManifestPart,
    selected: Option<&RowRuns>,
) -> Result<PartReader<RecordBatch>> {
    let Some(file) = &part.file else {
        return Err(Error::snapshot("the rows of a lean snapshot were left in the store").at(directory.display()));
    };
    let path = path_of(directory, file);
    let selection = selected.map(|selected| selection(selected, part.rows));
    match part.row_groups {
        Some((first, end)) => read_row_groups(&path, first, end, table, selection),
        None => {
            let schema = batch_schema(table.columns.iter().map(|c| (c.name.as_str(), &c.canonical)));
            let expected = selected.map_or(part.rows, |selected| selected.rows() as u64);
            let reader = open(&path, selection)?.map(move |batch| {
                // Arrow's reader may name nullability and metadata otherwise; the columns must be ours.
                RecordBatch::try_new(schema.clone(), batch?.columns().to_vec()).map_err(|e| {
                    Error::snapshot("a snapshot's columns are not those of its manifest").because(e).hint(DAMAGED)
                })
            });
            Ok(Box::new(Whole {
                inner: reader,
                path,
                expected,
                read: 0,
                rows: |batch: &RecordBatch| batch.num_rows(),
                done: false,
            }))
        }
    }
}

/// Keys and digests as they were kept of a part, in the order of its rows: of all, or of those selected.
pub fn read_part_digests(
    directory: &Path,
    part: &ManifestPart,
    digests: &ManifestFile,
    selected: Option<&RowRuns>,
) -> Result<PartReader<DigestBatch>> {
    let path = path_of(directory, digests);
    let expected = selected.map_or(part.rows, |selected| selected.rows() as u64);
    let reader = open(&path, selected.map(|selected| selection(selected, part.rows)))?.map(|batch| {
        let batch = batch?;
        match batch.columns() {
            [keys, high, low] => keys_and_digests(keys, |_| {
                let half = |array: &ArrayRef| array.as_primitive_opt::<UInt64Type>().cloned();
                Some(Digests { high: half(high)?, low: half(low)? })
            }),
            // Format 1.
            [keys, digests] => keys_and_digests(keys, |rows| {
                let digests = digests.as_fixed_size_binary_opt()?;
                (0..rows).map(|row| digests.value(row).try_into().map(u128::from_be_bytes).ok()).collect()
            }),
            _ => keys_and_digests(&new_null_array(&DataType::Null, 0), |_| None),
        }
    });
    let rows = |batch: &DigestBatch| arrow::array::Array::len(&batch.keys);
    Ok(Box::new(Whole { inner: reader, path, expected, read: 0, rows, done: false }))
}

fn keys_and_digests(keys: &ArrayRef, digests: impl Fn(usize) -> Option<Digests>) -> Result<DigestBatch> {
    let keys = keys.as_binary_opt::<i32>().cloned();
    keys.and_then(|keys| digests(keys.len()).map(|digests| DigestBatch { keys, digests }))
        .ok_or_else(|| Error::snapshot("a digest file does not hold keys and digests").hint(DAMAGED))
}

fn selection(selected: &RowRuns, rows: u64) -> RowSelection {
    RowSelection::from_consecutive_ranges(selected.iter(), rows as usize)
}

fn open(
    path: &Path,
    selection: Option<RowSelection>,
) -> Result<impl Iterator<Item = Result<RecordBatch>> + Send + use<>> {
    let damaged = |e: parquet::errors::ParquetError, path: &Path| {
        Error::snapshot("cannot read a file of the snapshot").at(path.display()).because(e).hint(DAMAGED)
    };
    let file = File::open(path).map_err(|e| {
        Error::snapshot("cannot open a file of the snapshot").at(path.display()).because(e).hint(DAMAGED)
    })?;
    // The offset index lets a selection skip pages without decoding them.
    let options = ArrowReaderOptions::new().with_page_index_policy(if selection.is_some() {
        PageIndexPolicy::Optional
    } else {
        PageIndexPolicy::Skip
    });
    let metadata = ArrowReaderMetadata::load(&file, options).map_err(|e| damaged(e, path))?;
    let groups = metadata.metadata().row_groups();
    let rows: i64 = groups.iter().map(|group| group.num_rows()).sum();
    let bytes: i64 = groups.iter().map(|group| group.total_byte_size()).sum();
    // Wide rows come in smaller batches, so that a batch stays within some megabytes.
    let batch_rows = ((4 << 20) / (bytes / rows.max(1)).max(1)).clamp(1, ROWS_PER_BATCH as i64) as usize;
    let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata).with_batch_size(batch_rows);
    if let Some(selection) = selection {
        builder = builder.with_row_selection(selection);
    }
    let reader = builder.build().map_err(|e| damaged(e, path))?;
    let path = path.to_owned();
    Ok(reader.map(move |batch| {
        batch.map_err(|e| {
            Error::snapshot("cannot decode a file of the snapshot").at(path.display()).because(e).hint(DAMAGED)
        })
    }))
}

/// Checks that a file yields exactly the rows that the manifest promises.
struct Whole<I, F> {
    inner: I,
    path: PathBuf,
    expected: u64,
    read: u64,
    rows: F,
    done: bool,
}

impl<T, I: Iterator<Item = Result<T>>, F: Fn(&T) -> usize> Iterator for Whole<I, F> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        match self.inner.next() {
            Some(Ok(item)) => {
                self.read += (self.rows)(&item) as u64;
                Some(Ok(item))
            }
            Some(Err(error)) => {
                self.done = true;
                Some(Err(error))
            }
            None => {
                self.done = true;
                (self.read != self.expected).then(|| {
                    Err(Error::snapshot(format!("{} rows where the manifest promises {}", self.read, self.expected))
                        .at(self.path.display())
                        .hint(DAMAGED))
                })
            }
        }
    }
}
