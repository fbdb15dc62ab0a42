//! Whole rows: the bytes of the key, and a 128-bit digest that is bound to it.

use arrow::array::{BinaryArray, BinaryBuilder, FixedSizeBinaryArray, FixedSizeBinaryBuilder, RecordBatch};
use xxhash_rust::xxh3::xxh3_128;

use super::{CanonicalType, EncodedColumn, Misfits, Reading, encode_column};
use crate::error::{Error, Result};

/// A column that takes part in the digest.
#[derive(Debug, Clone)]
pub struct RowField {
    /// Its position in the batch.
    pub position: usize,
    /// Its name in the batch.
    pub name: String,
    /// Its canonical type.
    pub canonical: CanonicalType,
    /// How it is read.
    pub reading: Reading,
}

/// Encodes the rows of canonical batches of one table and side.
///
/// The key bytes are the encodings of the key columns in key order, one after the other. The digest is xxh3-128 over the
/// key bytes followed by the encodings of the other compared columns: every encoding ends itself, so that no two rows
/// that differ share their bytes.
#[derive(Debug, Clone)]
pub struct RowEncoder {
    key: Vec<RowField>,
    values: Vec<RowField>,
}

/// Key bytes and digests of the rows of a batch.
#[derive(Debug)]
pub struct EncodedRows {
    /// The key bytes of each row.
    pub keys: BinaryArray,
    /// The digest of each row, 16 bytes big-endian.
    pub digests: FixedSizeBinaryArray,
}

impl RowEncoder {
    /// An encoder for rows whose key consists of `key` and whose other compared columns are `values`. Both sides of a
    /// comparison must list their columns in the same order.
    pub fn new(key: Vec<RowField>, values: Vec<RowField>) -> Self {
        Self { key, values }
    }

    /// Encodes a batch.
    pub fn encode(&self, batch: &RecordBatch) -> Result<EncodedRows> {
        let misfits = Misfits::of(batch)?;
        let columns = |fields: &[RowField]| -> Result<Vec<EncodedColumn>> {
            fields.iter().map(|field| encode_field(field, batch, &misfits)).collect()
        };
        let (key, values) = (columns(&self.key)?, columns(&self.values)?);
        let rows = batch.num_rows();
        let mut keys = BinaryBuilder::with_capacity(rows, rows * 12);
        let mut digests = FixedSizeBinaryBuilder::with_capacity(rows, 16);
        let mut scratch = Vec::with_capacity(256);
        for row in 0..rows {
            scratch.clear();
            for column in &key {
                scratch.extend_from_slice(column.value(row));
            }
            keys.append_value(&scratch);
            for column in &values {
                scratch.extend_from_slice(column.value(row));
            }
            digests
                .append_value(xxh3_128(&scratch).to_be_bytes())
                .map_err(|e| Error::compare("cannot store a digest").because(e))?;
        }
        Ok(EncodedRows { keys: keys.finish(), digests: digests.finish() })
    }
}

/// The encodings of one field of a batch.
pub fn encode_field(field: &RowField, batch: &RecordBatch, misfits: &Misfits) -> Result<EncodedColumn> {
    encode_column(batch.column(field.position), &field.canonical, field.reading, &field.name, misfits)
}

/// The digest in an array of [`EncodedRows::digests`].
pub fn digest_at(digests: &FixedSizeBinaryArray, row: usize) -> u128 {
    digests.value(row).try_into().map_or(0, u128::from_be_bytes)
}
