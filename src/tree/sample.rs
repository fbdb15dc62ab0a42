//! A sample of the keys of one side, gathered while its rows are read, and the boundaries that both sides choose from it.
//!
//! A key is sampled if the hash of its bytes says so, which depends on nothing but the key: both sides sample the same
//! keys, whatever the order, the parts and the workers, and a key is not sampled more often because it repeats.

use arrow::array::{Array, BinaryArray};
use rayon::slice::ParallelSliceMut;
use xxhash_rust::xxh3::xxh3_64;

use super::order::KeyOrder;
use crate::canonical::Digests;
use crate::model::{Boundaries, Pair, RowObserver};

/// Sampled keys for each boundary: the more, the more even the ranges.
const KEYS_PER_BOUNDARY: u64 = 16;
/// The most keys kept in memory for one sample; beyond it ranges grow instead.
const KEYS_MAX: usize = 1 << 19;
/// The most bytes of sampled keys kept in memory for one sample.
const KEY_BYTES_MAX: usize = 16 << 20;

/// A sample of keys. Parts are sampled apart and merged.
#[derive(Debug, Clone)]
pub struct KeySample {
    keys: KeyList,
    /// One key in 2^shift is sampled.
    shift: u32,
    per_boundary: usize,
    order: KeyOrder,
}

/// Keys one behind the other, without an allocation for each.
#[derive(Debug, Clone, Default)]
struct KeyList {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl KeySample {
    /// An empty sample for ranges of about `rows_per_range` rows, which is a power of two.
    pub fn new(rows_per_range: u64) -> Self {
        let per_boundary = rows_per_range.clamp(1, KEYS_PER_BOUNDARY);
        Self {
            keys: KeyList::default(),
            shift: (rows_per_range / per_boundary).max(1).ilog2(),
            per_boundary: per_boundary as usize,
            order: KeyOrder::default(),
        }
    }

    /// Adds the sample of another part of the same side, or of the other side.
    pub fn merge(&mut self, other: KeySample) {
        if other.shift > self.shift {
            self.shift = other.shift;
            self.keys.retain(self.shift);
        }
        for key in other.keys.iter().filter(|key| is_sampled(key, self.shift)) {
            self.keys.push(key);
        }
        self.order.merge(other.order);
        self.shrink();
    }

    /// Whether the order of the keys proves that none occurs twice. `false` proves nothing.
    pub fn keys_unique(&self) -> bool {
        self.order.proves_unique()
    }

    /// Drops repeated keys, then halves the share of sampled keys, until they fit.
    fn shrink(&mut self) {
        while self.keys.ends.len() > 1 && (self.keys.ends.len() > KEYS_MAX || self.keys.bytes.len() > KEY_BYTES_MAX) {
            let before = self.keys.ends.len();
            self.keys = KeyList::of(self.keys.sorted());
            if self.keys.ends.len() > before / 2 {
                self.shift += 1;
                self.keys.retain(self.shift);
            }
        }
    }
}

impl RowObserver for KeySample {
    fn observe(&mut self, keys: &BinaryArray, _: &Digests) {
        for row in 0..keys.len() {
            let key = keys.value(row);
            if is_sampled(key, self.shift) {
                self.keys.push(key);
            }
        }
        self.order.observe(keys);
        self.shrink();
    }
}

/// The boundaries that both sides share.
pub(super) fn boundaries(samples: Pair<KeySample>) -> Boundaries {
    let per_boundary = samples.source.per_boundary.max(1);
    let mut both = samples.source;
    both.merge(samples.target);
    let keys = both.keys.sorted().into_iter();
    Boundaries::new(keys.skip(per_boundary / 2).step_by(per_boundary).map(Box::from).collect())
}

fn is_sampled(key: &[u8], shift: u32) -> bool {
    // The high bits: the low ones stay free for choices of other stages.
    xxh3_64(key).leading_zeros() >= shift
}

impl KeyList {
    fn of(keys: Vec<&[u8]>) -> Self {
        let mut list = Self::default();
        keys.into_iter().for_each(|key| list.push(key));
        list
    }

    fn push(&mut self, key: &[u8]) {
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }

    /// Each key once, in order. Stable, because a sort that looks for runs has little to do where rows come in order.
    fn sorted(&self) -> Vec<&[u8]> {
        let mut keys: Vec<&[u8]> = self.iter().collect();
        keys.par_sort();
        keys.dedup();
        keys
    }

    fn retain(&mut self, shift: u32) {
        *self = Self::of(self.iter().filter(|key| is_sampled(key, shift)).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn no_digests() -> Digests {
        std::iter::empty().collect()
    }

    fn sample(keys: &[Vec<u8>], rows_per_range: u64) -> KeySample {
        let mut sample = KeySample::new(rows_per_range);
        for part in keys.chunks(7) {
            let mut one = KeySample::new(rows_per_range);
            one.observe(&BinaryArray::from_iter_values(part), &no_digests());
            sample.merge(one);
        }
        sample
    }

    proptest! {
        #[test]
        fn the_boundaries_do_not_depend_on_order_parts_or_copies(
            mut keys in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3), 0..200),
        ) {
            let empty = || KeySample::new(2);
            let one = boundaries(Pair::new(sample(&keys, 2), empty()));
            keys.reverse();
            keys.extend(keys.clone());
            prop_assert_eq!(boundaries(Pair::new(empty(), sample(&keys, 2))), one);
        }
    }

    #[test]
    fn a_key_that_fills_the_table_fills_one_place_of_the_sample() {
        let mut sample = KeySample::new(1);
        let keys = BinaryArray::from_iter_values(std::iter::repeat_n(b"one", 10_000));
        for _ in 0..=KEYS_MAX / 10_000 {
            sample.observe(&keys, &no_digests());
        }
        assert!(sample.keys.ends.len() <= 10_001, "{}", sample.keys.ends.len());
        assert_eq!(sample.shift, 0);
        assert_eq!(boundaries(Pair::new(sample, KeySample::new(1))).ranges(), 2);
    }

    #[test]
    fn a_sample_that_grows_too_large_keeps_fewer_keys() {
        let mut sample = KeySample::new(1);
        for batch in 0..=(KEYS_MAX as u64 / 8192) {
            let keys: Vec<[u8; 8]> = (batch * 8192..(batch + 1) * 8192).map(u64::to_be_bytes).collect();
            sample.observe(&BinaryArray::from_iter_values(keys), &no_digests());
        }
        assert_eq!(sample.shift, 1);
        assert!(sample.keys.ends.len() > KEYS_MAX / 3 && sample.keys.ends.len() < KEYS_MAX * 2 / 3);
    }
}
