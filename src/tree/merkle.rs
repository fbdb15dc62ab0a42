//! A Merkle tree over the digests of ranges.

use xxhash_rust::xxh3::xxh3_128;

use crate::model::RangeDigest;

/// Children of a node.
const FANOUT: usize = 16;

/// The digests of all ranges, and above them nodes that each stand for 16 below, up to one root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    leaves: Vec<RangeDigest>,
    /// Levels of nodes from the one above the leaves to the root.
    levels: Vec<Vec<u128>>,
}

impl Tree {
    /// The tree over the ranges in key order.
    pub fn new(leaves: Vec<RangeDigest>) -> Self {
        let mut levels: Vec<Vec<u128>> = vec![leaves.chunks(FANOUT).map(hash_leaves).collect()];
        while levels.last().is_some_and(|top| top.len() > 1) {
            let next = levels[levels.len() - 1].chunks(FANOUT).map(hash_nodes).collect();
            levels.push(next);
        }
        Self { leaves, levels }
    }

    /// The digest of the whole table.
    pub fn root(&self) -> u128 {
        self.levels.last().and_then(|top| top.first()).copied().unwrap_or_default()
    }

    /// The digests of the ranges in key order.
    pub fn leaves(&self) -> &[RangeDigest] {
        &self.leaves
    }

    /// The ranges in which this tree disagrees with another over the same ranges: goes down only where nodes differ.
    pub fn mismatched(&self, other: &Tree) -> Vec<usize> {
        let mut open: Vec<usize> = if self.root() == other.root() { Vec::new() } else { vec![0] };
        for level in (0..self.levels.len().saturating_sub(1)).rev() {
            open = children(&open, self.levels[level].len())
                .filter(|node| self.levels[level][*node] != other.levels[level][*node])
                .collect();
        }
        children(&open, self.leaves.len()).filter(|leaf| self.leaves[*leaf] != other.leaves[*leaf]).collect()
    }
}

fn children(nodes: &[usize], below: usize) -> impl Iterator<Item = usize> + '_ {
    nodes.iter().flat_map(move |node| node * FANOUT..((node + 1) * FANOUT).min(below))
}

fn hash_leaves(leaves: &[RangeDigest]) -> u128 {
    let mut bytes = Vec::with_capacity(leaves.len() * 24);
    for leaf in leaves {
        bytes.extend_from_slice(&leaf.rows.to_be_bytes());
        bytes.extend_from_slice(&leaf.sum.to_be_bytes());
    }
    xxh3_128(&bytes)
}

fn hash_nodes(nodes: &[u128]) -> u128 {
    let bytes: Vec<u8> = nodes.iter().flat_map(|node| node.to_be_bytes()).collect();
    xxh3_128(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn exactly_the_changed_leaves_are_found(
            sums in prop::collection::vec(any::<u128>(), 1..600),
            changes in prop::collection::btree_set(0usize..600, 0..20),
        ) {
            let leaves: Vec<RangeDigest> = sums.iter().map(|sum| RangeDigest { rows: 1, sum: *sum }).collect();
            let mut changed = leaves.clone();
            let expected: Vec<usize> = changes.into_iter().filter(|at| *at < leaves.len()).collect();
            for at in &expected {
                changed[*at].sum = changed[*at].sum.wrapping_add(1);
            }
            prop_assert_eq!(Tree::new(leaves).mismatched(&Tree::new(changed)), expected);
        }
    }

    #[test]
    fn a_row_that_moved_to_another_range_changes_the_root() {
        let (one, other) = (RangeDigest { rows: 1, sum: 7 }, RangeDigest { rows: 0, sum: 0 });
        assert_ne!(Tree::new(vec![one, other]).root(), Tree::new(vec![other, one]).root());
    }
}
