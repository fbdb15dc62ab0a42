//! What is gathered of the rows of one side while they are written, so that the tree can be built.

use arrow::array::BinaryArray;
use rayon::prelude::*;

use super::numbers::NumberSums;
use super::sample::KeySample;
use crate::canonical::Digests;
use crate::error::Result;
use crate::model::{RowObserver, SnapshotRows};

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

    /// Gathers of the `parts` of a side whose digests are there, in parallel.
    pub fn of(rows: &dyn SnapshotRows, parts: &[usize], by_number: bool, rows_per_range: u64) -> Result<Self> {
        let gather = |part: &usize| {
            let mut gathered = Self::new(by_number, *part, rows_per_range);
            for batch in rows.digests(*part, None)? {
                let batch = batch?;
                gathered.observe(&batch.keys, &batch.digests);
            }
            Ok(gathered)
        };
        let merge = |mut one: Self, other| {
            one.merge(other);
            Ok(one)
        };
        let all = parts.par_iter().map(gather).try_reduce_with(merge);
        all.unwrap_or_else(|| Ok(Self::new(by_number, 0, rows_per_range)))
    }

    /// Adds what was gathered of a part to what there is, if there is anything.
    pub fn add(all: &mut Option<Self>, part: Self) {
        match all {
            Some(all) => all.merge(part),
            None => *all = Some(part),
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
