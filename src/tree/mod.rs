//! The trees: key ranges, their digests, and where two trees disagree.
//!
//! Keys of both sides are sampled to choose the same [`Boundaries`] for both; every range gets the digest (count, sum of
//! row digests modulo 2^128) of each side; the ranges are joined into a Merkle tree. Everything is built in parallel from
//! two columns of the snapshots, and nothing that is reported depends on the order of rows, parts or workers.

mod merkle;
mod sample;
mod store;

use std::path::Path;
use std::sync::Arc;

use arrow::array::Array;
use rayon::prelude::*;

pub use merkle::Tree;
pub use store::write_trees;

use crate::canonical::row::digest_at;
use crate::error::{Error, Result};
use crate::model::{Boundaries, Pair, RangeDigest, Side, SnapshotRows};

/// The trees of both sides over the same ranges.
#[derive(Debug, Clone)]
pub struct Trees {
    /// The ranges.
    pub boundaries: Arc<Boundaries>,
    /// A tree for each side.
    pub sides: Pair<Tree>,
    /// Whether the order of the rows proves that no key occurs twice on a side. `false` proves nothing.
    pub keys_unique: Pair<bool>,
}

impl Trees {
    /// Builds both trees. `rows_per_range` is a power of two.
    pub fn build(sides: Pair<&dyn SnapshotRows>, rows_per_range: u64) -> Result<Self> {
        let samples = Pair {
            source: sample::sample(sides.source, rows_per_range)?,
            target: sample::sample(sides.target, rows_per_range)?,
        };
        let keys_unique = samples.as_ref().map(|s| s.keys_unique);
        let boundaries = sample::boundaries(samples);
        let tree = |side: Side| -> Result<Tree> {
            let rows = *sides.get(side);
            let leaves = leaves(rows, &boundaries)?;
            let counted: u64 = leaves.iter().map(|leaf| leaf.rows).sum();
            let expected: u64 = (0..rows.parts()).map(|part| rows.part_rows(part)).sum();
            if counted != expected {
                return Err(Error::compare(format!("the {side}'s tree holds {counted} rows of {expected}"))
                    .hint("the snapshot changed while it was read: take it again"));
            }
            Ok(Tree::new(leaves))
        };
        let sides = Pair::new(tree(Side::Source)?, tree(Side::Target)?);
        Ok(Self { boundaries: Arc::new(boundaries), sides, keys_unique })
    }

    /// The ranges whose digests disagree, in key order.
    pub fn mismatched(&self) -> Vec<usize> {
        self.sides.source.mismatched(&self.sides.target)
    }

    /// Writes both trees to a Parquet file.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_trees(self, path)
    }
}

/// The digest of every range of one side.
fn leaves(rows: &dyn SnapshotRows, boundaries: &Boundaries) -> Result<Vec<RangeDigest>> {
    (0..rows.parts())
        .into_par_iter()
        .map(|part| {
            let mut leaves = vec![RangeDigest::default(); boundaries.ranges()];
            let mut range = 0;
            for batch in rows.digests(part)? {
                let batch = batch?;
                for row in 0..batch.keys.len() {
                    range = boundaries.range_of(batch.keys.value(row), range);
                    leaves[range].add(digest_at(&batch.digests, row));
                }
            }
            Ok(leaves)
        })
        .try_reduce(
            || vec![RangeDigest::default(); boundaries.ranges()],
            |mut sum, part| {
                for (total, digest) in sum.iter_mut().zip(part) {
                    total.merge(digest);
                }
                Ok(sum)
            },
        )
}
