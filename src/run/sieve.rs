//! Lets through the rows that a second reading is after, and no others.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;

use crate::canonical::{RowEncoder, RowScratch};
use crate::error::{Error, Result};
use crate::model::Boundaries;

/// What a row must be to get through.
pub(super) struct Sieve {
    encoder: Arc<RowEncoder>,
    scratch: RowScratch,
    boundaries: Arc<Boundaries>,
    /// The ranges that are let through, in order.
    open: Arc<Vec<usize>>,
    /// Where a part asks for keys, only these: others ask for the rest.
    keys: Option<HashSet<Box<[u8]>>>,
}

impl Sieve {
    /// Lets through rows in the ranges `open`, which are in order, and of these only those with the given keys.
    pub fn new(
        encoder: Arc<RowEncoder>,
        boundaries: Arc<Boundaries>,
        open: Arc<Vec<usize>>,
        keys: Option<HashSet<Box<[u8]>>>,
    ) -> Self {
        Self { encoder, scratch: RowScratch::default(), boundaries, open, keys }
    }

    /// The rows of a batch that get through.
    pub fn sift(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let keys = self.encoder.encode(batch, &mut self.scratch)?.keys;
        let mut range = 0;
        let chosen = (0..keys.len()).map(|row| {
            let key = keys.value(row);
            range = self.boundaries.range_of(key, range);
            self.open.binary_search(&range).is_ok() && self.keys.as_ref().is_none_or(|keys| keys.contains(key))
        });
        let chosen = BooleanArray::from(chosen.collect::<Vec<bool>>());
        filter_record_batch(batch, &chosen).map_err(|e| Error::compare("rows cannot be picked").because(e))
    }
}
