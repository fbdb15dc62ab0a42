//! A finished snapshot: its manifest, and its rows for the stages that come after.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;

use crate::canonical::{EncodedRows, RowEncoder, RowField, RowScratch};
use crate::error::Result;
use crate::expression;
use crate::files;
use crate::model::{DigestBatch, DigestColumn, DigestLayout, Manifest, PartReader, RowRuns, SnapshotRows, Table};

/// A snapshot that has been written whole.
#[derive(Debug, Clone)]
pub struct Snapshot {
    directory: PathBuf,
    manifest: Manifest,
}

impl Snapshot {
    pub(super) fn new(directory: PathBuf, manifest: Manifest) -> Self {
        Self { directory, manifest }
    }

    /// Opens the snapshot in `directory` and checks every file against the manifest.
    pub fn open(directory: &Path) -> Result<Self> {
        let manifest = files::read_manifest(directory)?;
        files::verify_snapshot(directory, &manifest)?;
        Ok(Self { directory: directory.to_owned(), manifest })
    }

    /// What is here.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether it holds rows, or only their digests.
    pub fn has_rows(&self) -> bool {
        self.manifest.parts.iter().all(|part| part.file.is_some())
    }

    /// Where it lies.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

impl SnapshotRows for Snapshot {
    fn parts(&self) -> usize {
        self.manifest.parts.len()
    }

    fn part_rows(&self, part: usize) -> u64 {
        self.manifest.parts[part].rows
    }

    fn digests(&self, part: usize, selected: Option<&RowRuns>) -> Result<PartReader<DigestBatch>> {
        let one = &self.manifest.parts[part];
        if let Some(digests) = &one.digests {
            return files::read_part_digests(&self.directory, one, digests, selected);
        }
        let encoder = row_encoder(&self.manifest.table, &self.manifest.digest)?;
        let mut scratch = RowScratch::default();
        let rows = files::read_part_rows(&self.directory, &self.manifest.table, one, selected)?;
        Ok(Box::new(rows.map(move |batch| {
            let EncodedRows { keys, digests } = encoder.encode(&batch?, &mut scratch)?;
            Ok(DigestBatch { keys, digests })
        })))
    }

    fn rows(&self, part: usize, selected: &RowRuns) -> Result<PartReader<RecordBatch>> {
        files::read_part_rows(&self.directory, &self.manifest.table, &self.manifest.parts[part], Some(selected))
    }
}

/// The encoder for a digest layout over the batches of `table`.
pub fn row_encoder(table: &Table, layout: &DigestLayout) -> Result<RowEncoder> {
    let fields = |columns: &[DigestColumn]| -> Result<Vec<RowField>> {
        columns.iter().map(|column| expression::row_field(table, column)).collect()
    };
    Ok(RowEncoder::new(fields(&layout.key)?, fields(&layout.values)?))
}
