//! The digest of every range of one side, and where its rows lie.

use arrow::array::Array;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::model::{Boundaries, Extent, RangeDigest, SnapshotRows};

/// The digests of the ranges in key order, and for each part the extents of its batches.
pub fn leaves(rows: &dyn SnapshotRows, boundaries: &Boundaries) -> Result<(Vec<RangeDigest>, Vec<Vec<Extent>>)> {
    let empty = || vec![RangeDigest::default(); boundaries.ranges()];
    let (leaves, mut extents) = (0..rows.parts())
        .into_par_iter()
        // Folded: a worker keeps one list of leaves, however many parts it sums.
        .try_fold(
            || (empty(), Vec::new()),
            |(mut leaves, mut extents), part| {
                extents.push((part, sum(rows, part, boundaries, &mut leaves)?));
                Ok::<_, Error>((leaves, extents))
            },
        )
        .try_reduce(
            || (empty(), Vec::new()),
            |(mut leaves, mut extents), (others, more)| {
                for (total, digest) in leaves.iter_mut().zip(others) {
                    total.merge(digest);
                }
                extents.extend(more);
                Ok((leaves, extents))
            },
        )?;
    extents.sort_by_key(|(part, _)| *part);
    Ok((leaves, extents.into_iter().map(|(_, extents)| extents).collect()))
}

fn sum(rows: &dyn SnapshotRows, part: usize, ranges: &Boundaries, leaves: &mut [RangeDigest]) -> Result<Vec<Extent>> {
    let mut extents = Vec::new();
    let mut range = 0;
    for batch in rows.digests(part, None)? {
        let batch = batch?;
        let mut extent = Extent { rows: batch.keys.len() as u64, lowest: usize::MAX, highest: 0 };
        for row in 0..batch.keys.len() {
            range = ranges.range_of(batch.keys.value(row), range);
            leaves[range].add(batch.digests.value(row));
            extent.lowest = extent.lowest.min(range);
            extent.highest = extent.highest.max(range);
        }
        extents.push(extent);
    }
    Ok(extents)
}
