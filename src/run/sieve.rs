//! Lets through the rows that a sample or a second reading is after, and no others.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;

use crate::canonical::{RowEncoder, RowScratch};
use crate::error::{Error, Result};
use crate::model::Boundaries;
use crate::sampling::KeyChoice;

/// What a row must be to get through.
pub(super) struct Sieve {
    encoder: Arc<RowEncoder>,
    scratch: RowScratch,
    /// The ranges that are let through, in order.
    open: Option<(Arc<Boundaries>, Arc<Vec<usize>>)>,
    /// The keys that were chosen for a sample.
    chosen: Option<KeyChoice>,
    /// Where a part asks for keys, only these: others ask for the rest.
    keys: Option<Arc<HashSet<Box<[u8]>>>>,
    /// Keys in order, and the places of those that are let through, in order.
    among: Option<Among>,
}

/// Keys in order, and the places of those that are let through, in order.
#[derive(Clone)]
struct Among {
    keys: Arc<Vec<Box<[u8]>>>,
    places: Arc<Vec<usize>>,
}

impl Among {
    fn contains(&self, key: &[u8]) -> bool {
        let found = self.keys.binary_search_by(|one| (**one).cmp(key));
        found.is_ok_and(|at| self.places.binary_search(&at).is_ok())
    }
}

impl Sieve {
    /// Lets through rows with the keys that were chosen for a sample; all where none was.
    pub fn new(encoder: Arc<RowEncoder>, chosen: Option<KeyChoice>) -> Self {
        Self { encoder, scratch: RowScratch::default(), open: None, chosen, keys: None, among: None }
    }

    /// Of these only rows in the ranges `open`, which are in order, and of these only those with the given keys.
    pub fn within(self, boundaries: Arc<Boundaries>, open: Arc<Vec<usize>>, keys: Option<HashSet<Box<[u8]>>>) -> Self {
        Self { open: Some((boundaries, open)), keys: keys.map(Arc::new), ..self }
    }

    /// The same sieve for another reading.
    pub fn again(&self) -> Self {
        let Self { encoder, scratch: _, open, chosen, keys, among } = self;
        Self {
            encoder: encoder.clone(),
            scratch: RowScratch::default(),
            open: open.clone(),
            chosen: chosen.clone(),
            keys: keys.clone(),
            among: among.clone(),
        }
    }

    /// Of these only rows with one of `keys`, which are in order, that stands at one of `places`, which are so, too.
    pub fn among(self, keys: Arc<Vec<Box<[u8]>>>, places: Arc<Vec<usize>>) -> Self {
        Self { among: Some(Among { keys, places }), ..self }
    }

    /// The rows of a batch that get through.
    pub fn sift(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let keys = self.encoder.encode(batch, &mut self.scratch)?.keys;
        let mut range = 0;
        let let_through = (0..keys.len()).map(|row| {
            let key = keys.value(row);
            let is_open = self.open.as_ref().is_none_or(|(boundaries, open)| {
                range = boundaries.range_of(key, range);
                open.binary_search(&range).is_ok()
            });
            is_open
                && self.chosen.as_ref().is_none_or(|chosen| chosen.contains(key))
                && self.keys.as_ref().is_none_or(|keys| keys.contains(key))
                && self.among.as_ref().is_none_or(|among| among.contains(key))
        });
        let let_through = BooleanArray::from(let_through.collect::<Vec<bool>>());
        filter_record_batch(batch, &let_through).map_err(|e| Error::compare("rows cannot be picked").because(e))
    }
}
