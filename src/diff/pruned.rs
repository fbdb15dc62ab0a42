//! Which rows of one side lie in the ranges that are opened, found without reading the batches that have none of them.

use std::sync::Arc;

use arrow::array::Array;

use super::identities::{IdentityBuilder, Kept};
use crate::error::Result;
use crate::model::{Boundaries, Extent, PartReader, RowRuns, SnapshotRows};

/// Identities that take more than this are not kept in memory but read again.
const KEPT_BYTES_MAX: usize = 32 << 20;

/// The ranges that are opened, and where one side's rows lie.
pub(super) struct Pruned {
    boundaries: Arc<Boundaries>,
    /// How many of the ranges below a range are open: a range is open if the count grows behind it.
    open_below: Vec<u32>,
    /// For each part, which ranges its batches lie in. Empty where that is not known.
    extents: Arc<Vec<Vec<Extent>>>,
}

impl Pruned {
    /// Only these ranges.
    pub fn new(boundaries: Arc<Boundaries>, ranges: &[usize], extents: Arc<Vec<Vec<Extent>>>) -> Self {
        let mut open_below = vec![0; boundaries.ranges() + 1];
        for range in ranges {
            open_below[range + 1] = 1;
        }
        let mut sum = 0;
        for count in &mut open_below {
            sum += *count;
            *count = sum;
        }
        Self { boundaries, open_below, extents }
    }

    /// Every row.
    pub fn everything() -> Self {
        Self { boundaries: Arc::new(Boundaries::default()), open_below: vec![0, 1], extents: Arc::default() }
    }

    fn is_open(&self, range: usize) -> bool {
        self.open_below[range] < self.open_below[range + 1]
    }

    /// The rows of those batches of a part that have any row in an open range; `None` where all have to be read.
    fn candidates(&self, part: usize) -> Option<RowRuns> {
        let extents = self.extents.get(part)?;
        let (mut runs, mut start) = (RowRuns::default(), 0);
        for extent in extents {
            let end = start + extent.rows as usize;
            if extent.lowest <= extent.highest && self.open_below[extent.lowest] < self.open_below[extent.highest + 1] {
                runs.push(start..end);
            }
            start = end;
        }
        Some(runs)
    }

    /// How many rows have to be read to find those in open ranges.
    pub fn rows_to_read(&self) -> u64 {
        (0..self.extents.len()).filter_map(|part| self.candidates(part)).map(|runs| runs.rows() as u64).sum()
    }

    /// The rows of a part that lie in open ranges, batch by batch.
    pub fn scan(self: &Arc<Self>, rows: &dyn SnapshotRows, part: usize) -> Result<PartReader<Kept>> {
        let candidates = self.candidates(part);
        if candidates.as_ref().is_some_and(RowRuns::is_empty) {
            return Ok(Box::new(std::iter::empty()));
        }
        let batches = rows.digests(part, candidates.as_ref())?;
        let whole = 0..rows.part_rows(part) as usize;
        let candidates = candidates.unwrap_or_else(|| {
            let mut runs = RowRuns::default();
            runs.push(whole);
            runs
        });
        let mut places = candidates.into_iter().flatten();
        let (pruned, mut range) = (self.clone(), 0);
        Ok(Box::new(batches.map(move |batch| {
            let batch = batch?;
            let mut kept = IdentityBuilder::default();
            for (row, place) in (0..batch.keys.len()).zip(&mut places) {
                range = pruned.boundaries.range_of(batch.keys.value(row), range);
                if pruned.is_open(range) {
                    kept.push(&batch, row, place);
                }
            }
            kept.finish()
        })))
    }

    /// The identities of all rows of a part in open ranges; `None` where they are too large to be kept.
    pub fn keep(self: &Arc<Self>, rows: &dyn SnapshotRows, part: usize) -> Result<Option<Kept>> {
        let mut all = Vec::new();
        let mut bytes = 0;
        for batch in self.scan(rows, part)? {
            let batch = batch?;
            bytes += batch.identities.get_array_memory_size();
            if bytes > KEPT_BYTES_MAX {
                return Ok(None);
            }
            all.push(batch);
        }
        Kept::joined(all).map(Some)
    }
}
