//! Chooses the boundaries of the ranges from a sample of both sides' keys.
//!
//! A key is sampled if the hash of its bytes says so, which depends on nothing but the key: both sides sample the same
//! keys, whatever the order, the parts and the workers, and a key is not sampled more often because it repeats.

use std::collections::BTreeSet;

use arrow::array::{Array, BinaryArray};
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::Result;
use crate::model::{Boundaries, Pair, SnapshotRows};

/// Sampled keys for each boundary: the more, the more even the ranges.
const KEYS_PER_BOUNDARY: u64 = 16;
/// The most keys kept in memory for one side; beyond it ranges grow instead.
const KEYS_MAX: usize = 1 << 19;
/// The most bytes of sampled keys kept in memory for one side.
const KEY_BYTES_MAX: usize = 64 << 20;

/// A sample of the keys of one side.
#[derive(Debug, Default)]
pub(super) struct Sample {
    keys: BTreeSet<Box<[u8]>>,
    bytes: usize,
    /// One key in 2^shift is sampled.
    shift: u32,
    per_boundary: usize,
    pub keys_unique: bool,
}

/// What the order of the keys of a part proves.
struct Ordered {
    ascending: bool,
    bounds: Option<(Vec<u8>, Vec<u8>)>,
}

/// Samples one side.
pub(super) fn sample(rows: &dyn SnapshotRows, rows_per_range: u64) -> Result<Sample> {
    let per_boundary = rows_per_range.clamp(1, KEYS_PER_BOUNDARY);
    let shift = (rows_per_range / per_boundary).max(1).ilog2();
    let empty = || Sample { shift, per_boundary: per_boundary as usize, ..Default::default() };
    // Folded, not collected: the bound holds for the side, however many parts it has.
    let (mut whole, ordered) = (0..rows.parts())
        .into_par_iter()
        .try_fold(
            || (empty(), Vec::new()),
            |(mut sample, mut all), part| {
                let mut ordered = Ordered { ascending: true, bounds: None };
                for batch in rows.digests(part)? {
                    let keys = batch?.keys;
                    sample.add(&keys);
                    ordered.add(&keys);
                }
                all.push(ordered);
                Ok((sample, all))
            },
        )
        .try_reduce(
            || (empty(), Vec::new()),
            |(mut sample, mut all), (other, more)| {
                sample.merge(other);
                all.extend(more);
                Ok::<_, crate::error::Error>((sample, all))
            },
        )?;
    whole.keys_unique = disjoint(ordered);
    Ok(whole)
}

/// The boundaries that both sides share.
pub(super) fn boundaries(mut samples: Pair<Sample>) -> Boundaries {
    let per_boundary = samples.source.per_boundary.max(1);
    samples.source.merge(samples.target);
    let keys = samples.source.keys.into_iter();
    Boundaries::new(keys.skip(per_boundary / 2).step_by(per_boundary).collect())
}

impl Sample {
    fn add(&mut self, keys: &BinaryArray) {
        for row in 0..keys.len() {
            let key = keys.value(row);
            if is_sampled(key, self.shift) && self.keys.insert(key.into()) {
                self.bytes += key.len();
            }
        }
        self.shrink();
    }

    fn merge(&mut self, other: Sample) {
        self.shift = self.shift.max(other.shift);
        self.keys.extend(other.keys);
        let shift = self.shift;
        self.keys.retain(|key| is_sampled(key, shift));
        self.bytes = self.keys.iter().map(|key| key.len()).sum();
        self.shrink();
    }

    /// Halves the share of sampled keys until they fit.
    fn shrink(&mut self) {
        while self.keys.len() > 1 && (self.keys.len() > KEYS_MAX || self.bytes > KEY_BYTES_MAX) {
            self.shift += 1;
            let shift = self.shift;
            self.keys.retain(|key| is_sampled(key, shift));
            self.bytes = self.keys.iter().map(|key| key.len()).sum();
        }
    }
}

fn is_sampled(key: &[u8], shift: u32) -> bool {
    // The high bits: the low ones stay free for choices of other stages.
    xxh3_64(key).leading_zeros() >= shift
}

impl Ordered {
    fn add(&mut self, keys: &BinaryArray) {
        for row in 0..keys.len() {
            let key = keys.value(row);
            if !self.ascending {
                return;
            }
            match &mut self.bounds {
                None => self.bounds = Some((key.to_vec(), key.to_vec())),
                Some((_, last)) if last.as_slice() < key => {
                    last.clear();
                    last.extend_from_slice(key);
                }
                Some(_) => self.ascending = false,
            }
        }
    }
}

/// Whether every part is strictly ascending and no two parts overlap: then no key occurs twice.
fn disjoint(parts: Vec<Ordered>) -> bool {
    if !parts.iter().all(|part| part.ascending) {
        return false;
    }
    let mut bounds: Vec<_> = parts.into_iter().filter_map(|part| part.bounds).collect();
    bounds.sort();
    bounds.windows(2).all(|pair| pair[0].1 < pair[1].0)
}
