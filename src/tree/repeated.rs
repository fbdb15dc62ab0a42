//! Counts the keys that occur more than once on one side, in bounded memory and without sorting.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::error::Result;
use crate::model::SnapshotRows;

/// Bits of the map in which hashes of keys are marked: 32 MiB.
const BITS_LOG2_MAX: u32 = 28;
/// Keys that one round may mark, so that few meet a bit that another key has set.
const KEYS_PER_ROUND_LOG2: u32 = 24;
/// Each round reads all keys twice.
const ROUNDS_MAX: u64 = 8;
/// Suspected hashes that are kept in memory in one round.
const SUSPECTS_MAX: usize = 1 << 20;

/// How many keys occur more than once; `None` where that takes more memory or readings than are allowed here.
///
/// The first reading marks the hash of every key in a map of bits. A key whose bit is set already is suspected: it may be
/// the same key or another one. The second reading compares the suspected keys with each other, by 128 bits.
pub fn repeated_keys(rows: &dyn SnapshotRows) -> Result<Option<u64>> {
    let keys: u64 = (0..rows.parts()).map(|part| rows.part_rows(part)).sum();
    let rounds = keys.div_ceil(1 << KEYS_PER_ROUND_LOG2);
    if rounds > ROUNDS_MAX {
        return Ok(None);
    }
    let mut map = BitMap::new((16 * keys.max(64)).next_power_of_two().ilog2().min(BITS_LOG2_MAX));
    let mut repeated = 0;
    for round in 0..rounds {
        // The low bits choose the round, the high ones the place in the map.
        let of_round = move |hash: &u64| hash % rounds == round;
        map.clear();
        let Some(suspects) = suspected(rows, &map, of_round)? else { return Ok(None) };
        if suspects.is_empty() {
            continue;
        }
        map.clear();
        for hash in &suspects {
            map.mark(*hash);
        }
        match repeated_among(rows, &map, &suspects)? {
            Some(found) => repeated += found,
            None => return Ok(None),
        }
    }
    Ok(Some(repeated))
}

/// The hashes that met a bit which was set already, in order; `None` if they are too many.
fn suspected(
    rows: &dyn SnapshotRows,
    map: &BitMap,
    of_round: impl Fn(&u64) -> bool + Sync,
) -> Result<Option<Vec<u64>>> {
    let suspects = in_parts(rows, |key, suspects| {
        let hash = xxh3_64(key);
        if of_round(&hash) && map.mark(hash) {
            suspects.push(hash);
        }
    })?;
    Ok(suspects.map(|mut suspects| {
        suspects.sort_unstable();
        suspects.dedup();
        suspects
    }))
}

/// How many keys with a suspected hash occur more than once; `None` if too many have one.
fn repeated_among(rows: &dyn SnapshotRows, map: &BitMap, suspects: &[u64]) -> Result<Option<u64>> {
    let found = in_parts(rows, |key, found| {
        let hash = xxh3_64(key);
        if map.is_marked(hash) && suspects.binary_search(&hash).is_ok() {
            found.push(xxh3_128(key));
        }
    })?;
    Ok(found.map(|mut found| {
        found.sort_unstable();
        found.chunk_by(|one, other| one == other).filter(|copies| copies.len() > 1).count() as u64
    }))
}

/// What `take` collects over the keys of all parts; `None` once it is too much.
fn in_parts<T: Send>(rows: &dyn SnapshotRows, take: impl Fn(&[u8], &mut Vec<T>) + Sync) -> Result<Option<Vec<T>>> {
    let fits = |taken: &Vec<T>| taken.len() <= 2 * SUSPECTS_MAX;
    (0..rows.parts())
        .into_par_iter()
        .map(|part| {
            let mut taken = Vec::new();
            for batch in rows.digests(part, None)? {
                let keys = batch?.keys;
                keys.iter().flatten().for_each(|key| take(key, &mut taken));
                if !fits(&taken) {
                    return Ok(None);
                }
            }
            Ok(Some(taken))
        })
        .try_reduce(
            || Some(Vec::new()),
            |one, other| {
                Ok(one.zip(other).and_then(|(mut one, mut other)| {
                    one.append(&mut other);
                    fits(&one).then_some(one)
                }))
            },
        )
}

/// A map of bits that many threads mark at once.
struct BitMap {
    words: Vec<AtomicU64>,
    bits_log2: u32,
}

impl BitMap {
    fn new(bits_log2: u32) -> Self {
        Self { words: (0..1usize << (bits_log2 - 6)).map(|_| AtomicU64::new(0)).collect(), bits_log2 }
    }

    fn clear(&mut self) {
        self.words.iter_mut().for_each(|word| *word.get_mut() = 0);
    }

    /// Marks a hash; whether its bit was set before. Of two that share a bit, one is told so, whatever their order.
    fn mark(&self, hash: u64) -> bool {
        let (word, bit) = self.place(hash);
        word.fetch_or(bit, Ordering::Relaxed) & bit != 0
    }

    fn is_marked(&self, hash: u64) -> bool {
        let (word, bit) = self.place(hash);
        word.load(Ordering::Relaxed) & bit != 0
    }

    fn place(&self, hash: u64) -> (&AtomicU64, u64) {
        let bit = hash >> (64 - self.bits_log2);
        (&self.words[(bit / 64) as usize], 1 << (bit % 64))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use arrow::array::{BinaryArray, UInt64Array};
    use proptest::prelude::*;

    use super::*;
    use crate::canonical::Digests;
    use crate::error::Error;
    use crate::model::{DigestBatch, PartReader, RowRuns};

    /// Parts of keys, without rows.
    struct Keys(Vec<Vec<Vec<u8>>>);

    impl SnapshotRows for Keys {
        fn parts(&self) -> usize {
            self.0.len()
        }

        fn part_rows(&self, part: usize) -> u64 {
            self.0[part].len() as u64
        }

        fn digests(&self, part: usize, _: Option<&RowRuns>) -> Result<PartReader<DigestBatch>> {
            let zeros = || UInt64Array::from(vec![0; self.0[part].len()]);
            let digests = Digests { high: zeros(), low: zeros() };
            let batch = DigestBatch { keys: BinaryArray::from_iter_values(&self.0[part]), digests };
            Ok(Box::new(std::iter::once(Ok(batch))))
        }

        fn rows(&self, _: usize, _: &RowRuns) -> Result<PartReader<arrow::array::RecordBatch>> {
            Err(Error::snapshot("there are no rows"))
        }
    }

    proptest! {
        #[test]
        fn as_many_keys_repeat_as_a_map_counts(
            parts in prop::collection::vec(prop::collection::vec(prop::collection::vec(0u8..8, 0..4), 0..200), 0..4),
        ) {
            let mut copies: HashMap<&[u8], u64> = HashMap::new();
            parts.iter().flatten().for_each(|key| *copies.entry(key).or_default() += 1);
            let expected = copies.values().filter(|copies| **copies > 1).count() as u64;
            prop_assert_eq!(repeated_keys(&Keys(parts.clone())).unwrap(), Some(expected));
        }
    }

    #[test]
    fn keys_that_only_share_a_bit_are_no_repetition() {
        // So many keys that by chance thousands share a bit.
        let key = |number: u32| number.to_be_bytes().to_vec();
        let mut parts = vec![(0..150_000).map(key).collect(), (150_000..300_000).map(key).collect::<Vec<_>>()];
        assert_eq!(repeated_keys(&Keys(parts.clone())).unwrap(), Some(0));
        parts[1].push(key(7));
        assert_eq!(repeated_keys(&Keys(parts)).unwrap(), Some(1));
    }

    #[test]
    fn too_many_repetitions_are_left_to_somebody_who_can_spill() {
        let all: Vec<Vec<u8>> = (0..=2 * SUSPECTS_MAX as u32).map(|number| number.to_be_bytes().to_vec()).collect();
        assert_eq!(repeated_keys(&Keys(vec![all.clone(), all])).unwrap(), None);
    }
}
