//! Whole rows: the bytes of the key, and a 128-bit digest that is bound to it.

use arrow::array::{BinaryArray, RecordBatch, UInt64Array};
use arrow::buffer::OffsetBuffer;
use xxhash_rust::xxh3::xxh3_128;

use super::row_column::RowColumn;
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
    /// The digest of each row.
    pub digests: Digests,
}

/// 128-bit digests as their two halves: Parquet and DataFusion know no wider integers.
#[derive(Debug, Clone)]
pub struct Digests {
    /// The upper 64 bits.
    pub high: UInt64Array,
    /// The lower 64 bits.
    pub low: UInt64Array,
}

impl Digests {
    /// The digest of a row.
    pub fn value(&self, row: usize) -> u128 {
        u128::from(self.high.value(row)) << 64 | u128::from(self.low.value(row))
    }
}

impl FromIterator<u128> for Digests {
    fn from_iter<I: IntoIterator<Item = u128>>(digests: I) -> Self {
        let (high, low): (Vec<u64>, Vec<u64>) =
            digests.into_iter().map(|digest| ((digest >> 64) as u64, digest as u64)).unzip();
        Self { high: high.into(), low: low.into() }
    }
}

impl RowEncoder {
    /// An encoder for rows whose key consists of `key` and whose other compared columns are `values`. Both sides of a
    /// comparison must list their columns in the same order.
    pub fn new(key: Vec<RowField>, values: Vec<RowField>) -> Self {
        Self { key, values }
    }

    /// Encodes a batch. `scratch` is memory that is used again for the next one.
    pub fn encode(&self, batch: &RecordBatch, scratch: &mut RowScratch) -> Result<EncodedRows> {
        let misfits = Misfits::of(batch)?;
        let columns = |fields: &[RowField]| -> Result<Vec<RowColumn<'_>>> {
            fields.iter().map(|field| RowColumn::new(field, batch.column(field.position), &misfits)).collect()
        };
        let (key, values) = (columns(&self.key)?, columns(&self.values)?);
        let rows = batch.num_rows();
        let RowScratch { bytes, lengths, places } = scratch;

        lengths.clear();
        lengths.resize(rows, 0);
        key.iter().for_each(|column| column.add_lengths(lengths));
        let key_ends = key_offsets(lengths)?;
        let mut keys = vec![0; key_ends.last().map_or(0, |end| *end as usize)];
        places.clear();
        places.extend(key_ends[..rows].iter().map(|start| *start as usize));
        key.iter().for_each(|column| column.write(&mut keys, places));

        values.iter().for_each(|column| column.add_lengths(lengths));
        let total = lengths.iter().sum();
        if bytes.len() < total {
            bytes.resize(total, 0);
        }
        let mut start = 0;
        for (row, place) in places.iter_mut().enumerate() {
            let key = &keys[key_ends[row] as usize..key_ends[row + 1] as usize];
            bytes[start..start + key.len()].copy_from_slice(key);
            *place = start + key.len();
            start += lengths[row];
        }
        values.iter().for_each(|column| column.write(bytes, places));

        let mut start = 0;
        let digest = |length: &usize| {
            start += length;
            xxh3_128(&bytes[start - length..start])
        };
        let digests = lengths.iter().map(digest).collect();
        // One row of a gibibyte must not keep its memory until the last row of the table.
        if bytes.len() > SCRATCH_BYTES_MAX {
            *bytes = Vec::new();
        }
        let keys = BinaryArray::try_new(OffsetBuffer::new(key_ends.into()), keys.into(), None)
            .map_err(|e| Error::compare("the keys of a batch do not fit").because(e))?;
        Ok(EncodedRows { keys, digests })
    }
}

/// Memory for the encodings of the rows of a batch.
#[derive(Debug, Default)]
pub struct RowScratch {
    bytes: Vec<u8>,
    lengths: Vec<usize>,
    places: Vec<usize>,
}

/// More than this is given back after each batch.
const SCRATCH_BYTES_MAX: usize = 16 << 20;

/// Where each key begins, and the last one ends, given the keys' lengths.
fn key_offsets(lengths: &[usize]) -> Result<Vec<i32>> {
    let mut ends = Vec::with_capacity(lengths.len() + 1);
    let mut end = 0usize;
    ends.push(0);
    for length in lengths {
        end += length;
        ends.push(i32::try_from(end).map_err(|_| {
            Error::compare("the keys of a batch take more than 2 GiB").hint("choose a narrower key with --key")
        })?);
    }
    Ok(ends)
}

/// The encodings of one field of a batch.
pub fn encode_field(field: &RowField, batch: &RecordBatch, misfits: &Misfits) -> Result<EncodedColumn> {
    encode_column(batch.column(field.position), &field.canonical, field.reading, &field.name, misfits)
}
