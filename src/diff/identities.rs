//! The identities of rows: which row it is, by its key and the halves of its digest, and where in its part it stands.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder, BooleanArray, RecordBatch, UInt64Builder};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::error::{Error, Result};
use crate::model::{DigestBatch, PartReader, RowRuns};

/// Rows of one part: where they stand, and their identities in the same order.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub runs: RowRuns,
    /// `key`, `high`, `low`.
    pub identities: RecordBatch,
}

impl Kept {
    /// Batches of one part, in order, as one.
    pub fn joined(batches: Vec<Kept>) -> Result<Kept> {
        let mut runs = RowRuns::default();
        batches.iter().flat_map(|batch| batch.runs.iter()).for_each(|run| runs.push(run));
        let identities = concat_batches(&identity_schema(), batches.iter().map(|batch| &batch.identities));
        Ok(Kept { runs, identities: identities.map_err(unfit)? })
    }

    /// The keys of the rows.
    pub fn keys(&self) -> impl Iterator<Item = Box<[u8]>> + '_ {
        self.identities.column(0).as_binary::<i32>().iter().flatten().map(Box::from)
    }

    /// Only the rows with these keys.
    pub fn with_keys(&self, keys: &HashSet<&[u8]>) -> Result<Kept> {
        let of_rows = self.identities.column(0).as_binary::<i32>();
        let selected: Vec<bool> = (0..of_rows.len()).map(|row| keys.contains(of_rows.value(row))).collect();
        let mut runs = RowRuns::default();
        for (place, _) in self.runs.iter().flatten().zip(&selected).filter(|(_, selected)| **selected) {
            runs.push(place..place + 1);
        }
        let identities = filter_record_batch(&self.identities, &BooleanArray::from(selected)).map_err(unfit)?;
        Ok(Kept { runs, identities })
    }
}

/// Collects identities.
#[derive(Default)]
pub(super) struct IdentityBuilder {
    runs: RowRuns,
    keys: BinaryBuilder,
    high: UInt64Builder,
    low: UInt64Builder,
}

impl IdentityBuilder {
    /// Adds a row of a batch that stands at `place` in its part.
    pub fn push(&mut self, batch: &DigestBatch, row: usize, place: usize) {
        self.runs.push(place..place + 1);
        self.keys.append_value(batch.keys.value(row));
        self.high.append_value(batch.digests.high.value(row));
        self.low.append_value(batch.digests.low.value(row));
    }

    pub fn finish(mut self) -> Result<Kept> {
        let columns: Vec<ArrayRef> =
            vec![Arc::new(self.keys.finish()), Arc::new(self.high.finish()), Arc::new(self.low.finish())];
        let identities = RecordBatch::try_new(identity_schema(), columns).map_err(unfit)?;
        Ok(Kept { runs: self.runs, identities })
    }
}

/// Hands out identities in portions of any size.
pub(super) struct Identities {
    batches: PartReader<RecordBatch>,
    current: Option<RecordBatch>,
}

impl Identities {
    pub fn new(batches: PartReader<RecordBatch>) -> Self {
        Self { batches, current: None }
    }

    /// The columns of the next `rows` identities.
    pub fn take(&mut self, rows: usize) -> Result<Vec<ArrayRef>> {
        let mut pieces = Vec::new();
        let mut wanted = rows;
        while wanted > 0 {
            let Some(batch) = self.current.take().map_or_else(|| self.batches.next().transpose(), |b| Ok(Some(b)))?
            else {
                return Err(Error::snapshot("a part holds more rows than digests").hint("take the snapshot again"));
            };
            let length = batch.num_rows().min(wanted);
            if length < batch.num_rows() {
                self.current = Some(batch.slice(length, batch.num_rows() - length));
            }
            pieces.push(batch.slice(0, length));
            wanted -= length;
        }
        let joined = match pieces.as_slice() {
            [one] => one.clone(),
            several => concat_batches(&identity_schema(), several).map_err(unfit)?,
        };
        Ok(joined.columns().to_vec())
    }
}

/// The columns of an identity.
pub(super) fn identity_fields() -> Vec<Field> {
    vec![
        Field::new("key", DataType::Binary, false),
        Field::new("high", DataType::UInt64, false),
        Field::new("low", DataType::UInt64, false),
    ]
}

fn identity_schema() -> SchemaRef {
    Arc::new(Schema::new(identity_fields()))
}

fn unfit(cause: arrow::error::ArrowError) -> Error {
    Error::compare("rows and digests do not fit").because(cause)
}
