//! The trees: key ranges, their digests, and where two trees disagree.
//!
//! Keys of both sides are sampled while they are read ([`KeySample`]) to choose the same [`Boundaries`] for both; every
//! range gets the digest (count, sum of row digests modulo 2^128) of each side; the ranges are joined into a Merkle tree.
//! The digests are summed in parallel in one pass over two columns of the snapshots, and nothing that is reported depends
//! on the order of rows, parts or workers.

mod leaves;
mod merkle;
mod order;
mod repeated;
mod sample;
mod store;

use std::path::Path;
use std::sync::Arc;

pub use leaves::leaves;
pub use merkle::Tree;
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
}

impl Trees {
    /// Builds both trees. `samples` are those that were gathered while the sides were read.
    pub fn build(sides: Pair<&dyn SnapshotRows>, samples: Pair<KeySample>) -> Result<Self> {
        let keys_unique = samples.as_ref().map(KeySample::keys_unique);
        let boundaries = sample::boundaries(samples);
        let tree = |side: Side| -> Result<(Tree, Arc<Vec<Vec<Extent>>>)> {
            let rows = *sides.get(side);
            let (leaves, extents) = leaves(rows, &boundaries)?;
            let counted: u64 = leaves.iter().map(|leaf| leaf.rows).sum();
            let expected: u64 = (0..rows.parts()).map(|part| rows.part_rows(part)).sum();
            if counted != expected {
                return Err(Error::compare(format!("the {side}'s tree holds {counted} rows of {expected}"))
                    .hint("the snapshot changed while it was read: take it again"));
            }
            Ok((Tree::new(leaves), Arc::new(extents)))
        };
        // Both at once: a side may consist of one part.
        let (source, target) = rayon::join(|| tree(Side::Source), || tree(Side::Target));
        let ((source, source_extents), (target, target_extents)) = (source?, target?);
        Ok(Self {
            boundaries: Arc::new(boundaries),
            sides: Pair::new(source, target),
            keys_unique,
            extents: Pair::new(source_extents, target_extents),
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
