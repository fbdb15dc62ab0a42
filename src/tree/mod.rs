//! The trees: key ranges, their digests, and where two trees disagree.
//!
//! Both sides have the same [`Boundaries`]; every range gets the digest (count, sum of row digests modulo 2^128) of each
//! side; the ranges are joined into a Merkle tree. Nothing that is reported depends on the order of rows, parts or workers.
//!
//! - Keys of one integer: the digests are summed while the rows are read ([`NumberSums`]), and none has to be kept.
//! - Other keys are sampled while they are read ([`KeySample`]), to choose boundaries that fit them; then the digests are
//!   summed in parallel in one pass over two columns of the snapshots.

mod gathered;
mod leaves;
mod merkle;
mod numbers;
mod order;
mod repeated;
mod sample;
mod store;

use std::path::Path;
use std::sync::Arc;

pub use gathered::Gathered;
pub use leaves::leaves;
pub use merkle::Tree;
pub use numbers::{NumberSums, Numbers};
pub use repeated::repeated_keys;
pub use sample::KeySample;
pub use store::write_trees;

use crate::error::{Error, Result};
use crate::model::{Boundaries, Extent, Pair, Side, SnapshotRows};

/// The trees of both sides over the same ranges.
#[derive(Debug, Clone)]
pub struct Trees {
    /// The ranges.
    pub boundaries: Arc<Boundaries>,
    /// A tree for each side.
    pub sides: Pair<Tree>,
    /// Whether the order of the rows proves that no key occurs twice on a side. `false` proves nothing.
    pub keys_unique: Pair<bool>,
    /// For each part of a side, which ranges its rows lie in, batch for batch.
    pub extents: Pair<Arc<Vec<Vec<Extent>>>>,
    /// Which integers the ranges hold, where the key is one.
    pub numbers: Option<Numbers>,
}

impl Trees {
    /// Builds both trees from what was gathered while the sides were read.
    pub fn build(sides: Pair<&dyn SnapshotRows>, gathered: Pair<Gathered>) -> Result<Self> {
        let trees = match (gathered.source, gathered.target) {
            (Gathered::Sums(source), Gathered::Sums(target)) => Self::of_sums(Pair::new(source, target)),
            (Gathered::Sample(source), Gathered::Sample(target)) => Self::of_samples(sides, Pair::new(source, target))?,
            _ => return Err(Error::compare("the sides were not read for the same ranges")),
        };
        for side in Side::BOTH {
            let rows = *sides.get(side);
            let counted: u64 = trees.sides.get(side).leaves().iter().map(|leaf| leaf.rows).sum();
            let expected: u64 = (0..rows.parts()).map(|part| rows.part_rows(part)).sum();
            if counted != expected {
                return Err(Error::compare(format!("the {side}'s tree holds {counted} rows of {expected}"))
                    .hint("the snapshot changed while it was read: take it again"));
            }
        }
        Ok(trees)
    }

    fn of_sums(sums: Pair<NumberSums>) -> Self {
        let ranges = NumberSums::ranges(sums);
        Self {
            boundaries: Arc::new(ranges.boundaries),
            sides: ranges.leaves.map(Tree::new),
            keys_unique: ranges.keys_unique,
            extents: ranges.extents.map(Arc::new),
            numbers: Some(ranges.numbers),
        }
    }

    fn of_samples(sides: Pair<&dyn SnapshotRows>, samples: Pair<KeySample>) -> Result<Self> {
        let keys_unique = samples.as_ref().map(KeySample::keys_unique);
        let boundaries = sample::boundaries(samples);
        // Both at once: a side may consist of one part.
        let (source, target) = rayon::join(|| leaves(sides.source, &boundaries), || leaves(sides.target, &boundaries));
        let ((source, source_extents), (target, target_extents)) = (source?, target?);
        Ok(Self {
            boundaries: Arc::new(boundaries),
            sides: Pair::new(Tree::new(source), Tree::new(target)),
            keys_unique,
            extents: Pair::new(Arc::new(source_extents), Arc::new(target_extents)),
            numbers: None,
        })
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
