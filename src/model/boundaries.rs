//! The boundaries of the key ranges, shared by tree and diff.

use std::cmp::Ordering;

/// Key ranges in canonical byte order: half-open, and open at both ends. `n` boundaries make `n + 1` ranges; a boundary
/// is the first key of the range above it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Boundaries {
    keys: Vec<Box<[u8]>>,
    /// How many bytes all boundaries begin with alike.
    shared: usize,
    /// The sixteen bytes that follow: rows in no order find their range among these, which lie close together.
    heads: Vec<u128>,
}

impl Boundaries {
    /// Ranges divided at these keys; they are put in order and repeated ones are dropped.
    pub fn new(mut keys: Vec<Box<[u8]>>) -> Self {
        keys.sort_unstable();
        keys.dedup();
        let shared = match (keys.first(), keys.last()) {
            (Some(first), Some(last)) => first.iter().zip(last.iter()).take_while(|(one, other)| one == other).count(),
            _ => 0,
        };
        let heads = keys.iter().map(|key| head(&key[shared..])).collect();
        Self { keys, shared, heads }
    }

    /// The number of ranges: at least one.
    pub fn ranges(&self) -> usize {
        self.keys.len() + 1
    }

    /// The range that `key` lies in. `hint` is the range of the key before it, which is nearly always near.
    pub fn range_of(&self, key: &[u8], hint: usize) -> usize {
        let above_lower = hint == 0 || self.keys.get(hint - 1).is_some_and(|lower| &**lower <= key);
        if above_lower {
            match self.keys.get(hint) {
                None if hint <= self.keys.len() => return hint,
                Some(upper) if key < &**upper => return hint,
                Some(_) if self.keys.get(hint + 1).is_none_or(|upper| key < &**upper) => return hint + 1,
                _ => {}
            }
        }
        self.search(key)
    }

    fn search(&self, key: &[u8]) -> usize {
        let Some(first) = self.keys.first() else { return 0 };
        let (shared, rest) = key.split_at(self.shared.min(key.len()));
        match shared.cmp(&first[..self.shared]) {
            Ordering::Less => 0,
            Ordering::Greater => self.keys.len(),
            Ordering::Equal => {
                let head = head(rest);
                let from = self.heads.partition_point(|boundary| *boundary < head);
                if self.heads.get(from) != Some(&head) {
                    return from;
                }
                let alike = self.heads[from..].partition_point(|boundary| *boundary == head);
                from + self.keys[from..from + alike].partition_point(|boundary| &**boundary <= key)
            }
        }
    }

    /// The first key of a range; `None` for the lowest, which is open below.
    pub fn lower(&self, range: usize) -> Option<&[u8]> {
        range.checked_sub(1).and_then(|at| self.keys.get(at)).map(|key| &**key)
    }
}

/// The first sixteen bytes as a number, in the order of the bytes; what is missing counts as zero.
fn head(bytes: &[u8]) -> u128 {
    match bytes.first_chunk() {
        Some(head) => u128::from_be_bytes(*head),
        None => {
            let mut head = [0; 16];
            head[..bytes.len()].copy_from_slice(bytes);
            u128::from_be_bytes(head)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_key_lies_in_exactly_one_range_whatever_the_hint(
            keys in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3), 0..8),
            key in prop::collection::vec(any::<u8>(), 0..3),
            hint in 0usize..10,
        ) {
            let boundaries = Boundaries::new(keys.into_iter().map(Vec::into_boxed_slice).collect());
            let range = boundaries.range_of(&key, hint);
            prop_assert!(range < boundaries.ranges());
            prop_assert!(boundaries.lower(range).is_none_or(|lower| lower <= key.as_slice()));
            prop_assert!(boundaries.lower(range + 1).is_none_or(|upper| key.as_slice() < upper));
        }

        #[test]
        fn long_keys_that_begin_alike_find_their_range(
            keys in prop::collection::vec("common prefix [ab]{0,24}", 0..40),
            key in "common prefix [ab]{0,24}|[a-d]{0,3}",
        ) {
            let boundaries = Boundaries::new(keys.iter().map(|key| key.as_bytes().into()).collect());
            let below = boundaries.keys.iter().filter(|boundary| &***boundary <= key.as_bytes()).count();
            prop_assert_eq!(boundaries.search(key.as_bytes()), below);
        }
    }
}
