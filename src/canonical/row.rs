//! Whole rows: the bytes of the key, and a 128-bit digest that is bound to it.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, RecordBatch, UInt64Array};
use arrow::buffer::OffsetBuffer;
use xxhash_rust::xxh3::xxh3_128;

use super::row_column::RowColumn;
use super::rules::Rules;
use super::{CanonicalType, EncodedColumn, Misfits, Reading, ruled};
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
    /// What is asked of its values beyond their type.
    pub rules: Option<Box<Rules>>,
    /// What computes its values from the batch, in place of the column at `position`.
    pub computed: Option<Arc<dyn Computed>>,
}

/// Computes a column from the others of its batch.
pub trait Computed: std::fmt::Debug + Send + Sync {
    /// The values for the rows of a canonical batch, in the Arrow type of the field's canonical type, and the misfits
    /// among them, filed under the field's name.
    fn compute(&self, batch: &RecordBatch, misfits: &Misfits) -> Result<(ArrayRef, Misfits)>;
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
        let computed = |fields: &[RowField]| -> Result<Vec<Option<(ArrayRef, Misfits)>>> {
            let compute =
                |field: &RowField| field.computed.as_ref().map(|one| one.compute(batch, &misfits)).transpose();
            fields.iter().map(compute).collect()
        };
        let (computed_key, computed_values) = (computed(&self.key)?, computed(&self.values)?);
        let (key, values) = (
            columns(&self.key, batch, &misfits, &computed_key)?,
            columns(&self.values, batch, &misfits, &computed_values)?,
        );
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

/// The columns of some fields: those of the batch, and those that were computed from it.
fn columns<'a>(
    fields: &[RowField],
    batch: &'a RecordBatch,
    misfits: &Misfits,
    computed: &'a [Option<(ArrayRef, Misfits)>],
) -> Result<Vec<RowColumn<'a>>> {
    let column = |(field, computed): (&RowField, &'a Option<(ArrayRef, Misfits)>)| match computed {
        Some((array, misfits)) => RowColumn::new(field, array, misfits),
        None => RowColumn::new(field, batch.column(field.position), misfits),
    };
    fields.iter().zip(computed).map(column).collect()
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

/// The encodings of one field, whose values are `array`.
pub fn encode_field(field: &RowField, array: &ArrayRef, misfits: &Misfits) -> Result<EncodedColumn> {
    ruled::encode(array, &field.canonical, field.reading, field.rules.as_deref(), &field.name, misfits)
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray,
        TimestampMicrosecondArray,
    };
    use proptest::prelude::*;

    use super::*;
    use crate::canonical::{Encoding, LooseBuilder, LooseValue, Precision};

    /// Key and digest of each row, value for value by [`crate::canonical::encode_column`], which defines the encoding.
    fn by_definition(encoder: &RowEncoder, batch: &RecordBatch) -> Vec<(Vec<u8>, u128)> {
        let misfits = Misfits::of(batch).unwrap();
        let columns = |fields: &[RowField]| -> Vec<EncodedColumn> {
            fields.iter().map(|field| encode_field(field, batch.column(field.position), &misfits).unwrap()).collect()
        };
        let (key, values) = (columns(&encoder.key), columns(&encoder.values));
        let bytes = |columns: &[EncodedColumn], row: usize| -> Vec<u8> {
            columns.iter().flat_map(|column| column.value(row).to_vec()).collect()
        };
        (0..batch.num_rows())
            .map(|row| {
                let key = bytes(&key, row);
                let digest = xxh3_128(&[key.clone(), bytes(&values, row)].concat());
                (key, digest)
            })
            .collect()
    }

    type Row = (
        Option<i64>,
        (Option<i64>, Option<f64>, Option<bool>),
        (Option<String>, Option<Vec<u8>>),
        (Option<i32>, Option<i64>),
    );

    fn row() -> impl Strategy<Value = Row> {
        use prop::option::of;
        (
            of(any::<i64>()),
            (of(any::<i64>()), of(any::<f64>()), of(any::<bool>())),
            (of("[a\u{0}é]{0,4}"), of(prop::collection::vec(any::<u8>(), 0..4))),
            (of(-1_000_000i32..1_000_000), of(any::<i64>())),
        )
    }

    proptest! {
        #[test]
        fn rows_written_column_by_column_are_those_of_the_definition(
            rows in prop::collection::vec(row(), 0..30),
            scale in 0i8..12,
            from in 0usize..5,
        ) {
            let decimal = CanonicalType::Decimal { precision: 38, scale };
            let decimals = rows.iter().map(|row| row.1.0.map(i128::from)).collect::<Decimal128Array>();
            let columns: Vec<(CanonicalType, Encoding, ArrayRef)> = vec![
                (CanonicalType::Int64, Encoding::Number, Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>())),
                (decimal.clone(), Encoding::Number, Arc::new(decimals.with_data_type(decimal.arrow()))),
                (CanonicalType::Float64, Encoding::Float64, Arc::new(rows.iter().map(|row| row.1.1).collect::<Float64Array>())),
                (CanonicalType::Boolean, Encoding::Boolean, Arc::new(rows.iter().map(|row| row.1.2).collect::<BooleanArray>())),
                (CanonicalType::Text, Encoding::Text, Arc::new(rows.iter().map(|row| row.2.0.clone()).collect::<StringArray>())),
                (CanonicalType::Binary, Encoding::Binary, Arc::new(rows.iter().map(|row| row.2.1.clone()).collect::<BinaryArray>())),
                (CanonicalType::Date, Encoding::Date, Arc::new(rows.iter().map(|row| row.3.0).collect::<Date32Array>())),
                (
                    CanonicalType::Timestamp(Precision::Micro),
                    Encoding::Timestamp,
                    Arc::new(rows.iter().map(|row| row.3.1).collect::<TimestampMicrosecondArray>()),
                ),
            ];
            let field = |(position, (canonical, encoding, _)): (usize, &(CanonicalType, Encoding, ArrayRef))| RowField {
                position,
                name: format!("c{position}"),
                canonical: canonical.clone(),
                reading: Reading::plain(*encoding),
                rules: None,
                computed: None,
            };
            let fields: Vec<RowField> = columns.iter().enumerate().map(field).collect();
            let arrays = columns.iter().enumerate().map(|(at, (.., array))| (format!("c{at}"), array.clone(), true));
            let batch = RecordBatch::try_from_iter_with_nullable(arrays).unwrap();
            // A slice, whose buffers hold more than its rows.
            let batch = batch.slice(from.min(rows.len()), rows.len() - from.min(rows.len()));
            for key in [0..1, 4..6, 0..8] {
                let (inside, outside) = (0..8).partition::<Vec<usize>, _>(|at| key.contains(at));
                let pick = |places: Vec<usize>| places.into_iter().map(|at| fields[at].clone()).collect();
                let encoder = RowEncoder::new(pick(inside), pick(outside));
                let encoded = encoder.encode(&batch, &mut RowScratch::default()).unwrap();
                let found: Vec<_> = (0..batch.num_rows())
                    .map(|row| (encoded.keys.value(row).to_vec(), encoded.digests.value(row)))
                    .collect();
                prop_assert_eq!(found, by_definition(&encoder, &batch));
            }
        }

        #[test]
        fn sqlite_values_written_column_by_column_are_those_of_the_definition(
            classes in prop::collection::vec(0usize..5, 1..4),
            rows in prop::collection::vec((0usize..6, any::<i64>(), -1_000_000i64..1_000_000, "[a\u{0}é7]{0,4}"), 0..20),
            encoding in prop::sample::select(vec![
                Encoding::Loose, Encoding::Number, Encoding::Float64, Encoding::Text, Encoding::Binary, Encoding::Boolean,
            ]),
        ) {
            // Columns of one class and NULL, of several classes, and of NULL alone.
            let column = |at: usize| {
                let mut builder = LooseBuilder::default();
                for (choice, integer, cents, text) in &rows {
                    let chosen = classes[(at + choice) % classes.len()];
                    builder.append(match chosen {
                        _ if *choice == 5 => None,
                        0 => Some(LooseValue::Integer(*integer)),
                        1 => Some(LooseValue::Real(*cents as f64 / 100.0)),
                        2 => Some(LooseValue::Text(text)),
                        3 => Some(LooseValue::Blob(text.as_bytes())),
                        _ => None,
                    });
                }
                Arc::new(builder.finish().unwrap()) as ArrayRef
            };
            let field = |position: usize| RowField {
                position,
                name: format!("c{position}"),
                canonical: CanonicalType::Loose(crate::canonical::LooseHint::Text),
                reading: Reading::plain(encoding),
                rules: None,
                computed: None,
            };
            let columns = (0..3).map(|at| (format!("c{at}"), column(at), true));
            let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
            let encoder = RowEncoder::new(vec![field(0)], vec![field(1), field(2)]);
            let encoded = encoder.encode(&batch, &mut RowScratch::default()).unwrap();
            let found: Vec<_> = (0..batch.num_rows())
                .map(|row| (encoded.keys.value(row).to_vec(), encoded.digests.value(row)))
                .collect();
            prop_assert_eq!(found, by_definition(&encoder, &batch));
        }
    }
}
