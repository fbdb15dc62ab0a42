//! What is gathered of the rows of one side while they are written, so that the tree can be built.

use arrow::array::BinaryArray;

use super::numbers::NumberSums;
use super::sample::KeySample;
use crate::canonical::Digests;
use crate::model::RowObserver;

/// A sample of the keys, from which ranges are chosen once both sides are read; or, for keys of one integer, the digests
/// of the ranges themselves. Both sides of a table gather the same.
#[derive(Debug, Clone)]
pub enum Gathered {
    /// Of keys of any sort.
    Sample(KeySample),
    /// Of keys of one integer.
    Sums(NumberSums),
}

impl Gathered {
    /// Nothing yet of the part `ordinal`. Ranges will have about `rows_per_range` rows.
    pub fn new(by_number: bool, ordinal: usize, rows_per_range: u64) -> Self {
        if by_number {
            Gathered::Sums(NumberSums::new(ordinal, rows_per_range))
        } else {
            Gathered::Sample(KeySample::new(rows_per_range))
        }
    }

    /// Adds what was gathered of another part of the same side.
    pub fn merge(&mut self, other: Gathered) {
        match (self, other) {
            (Gathered::Sample(one), Gathered::Sample(other)) => one.merge(other),
            (Gathered::Sums(one), Gathered::Sums(other)) => one.merge(other),
            // Not to be: what is missing shows when the rows of the tree are counted.
            _ => {}
        }
    }
}

impl RowObserver for Gathered {
    fn observe(&mut self, keys: &BinaryArray, digests: &Digests) {
        match self {
            Gathered::Sample(sample) => sample.observe(keys, digests),
            Gathered::Sums(sums) => sums.observe(keys, digests),
        }
    }
}
