//! What the order of the keys proves: strictly ascending parts that do not overlap hold no key twice.
//!
//! Any total order of bytes proves it. Two are watched: byte for byte, in which numbers, times and most texts come; and
//! the shorter first, in which numbers come that are written as text, as in a CSV file (`9`, `10`, `11`).

use std::cmp::Ordering;

use arrow::array::{Array, BinaryArray};

/// The order of the keys of some parts.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyOrder {
    disordered: Orders,
    /// The first and last key of each part; the last entry is the part being observed.
    bounds: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Which orders the keys do not keep.
#[derive(Debug, Clone, Copy, Default)]
struct Orders {
    bytes: bool,
    shorter_first: bool,
}

impl KeyOrder {
    /// Adds the next keys of the one part that is observed.
    pub fn observe(&mut self, keys: &BinaryArray) {
        if self.disordered.bytes && self.disordered.shorter_first || keys.is_empty() {
            return;
        }
        let first = keys.value(0);
        if let Some((_, last)) = self.bounds.last() {
            self.disordered.follow(last, first);
        }
        (1..keys.len()).for_each(|row| self.disordered.follow(keys.value(row - 1), keys.value(row)));
        let last = keys.value(keys.len() - 1);
        match self.bounds.last_mut() {
            Some((_, end)) => {
                end.clear();
                end.extend_from_slice(last);
            }
            None => self.bounds.push((first.to_vec(), last.to_vec())),
        }
    }

    /// Adds other parts.
    pub fn merge(&mut self, other: KeyOrder) {
        self.disordered.bytes |= other.disordered.bytes;
        self.disordered.shorter_first |= other.disordered.shorter_first;
        self.bounds.extend(other.bounds);
    }

    /// Whether every part ascends and no two overlap.
    pub fn proves_unique(&self) -> bool {
        let apart = |order: fn(&[u8], &[u8]) -> Ordering| {
            let mut bounds: Vec<_> = self.bounds.iter().collect();
            bounds.sort_by(|one, other| order(&one.0, &other.0));
            bounds.windows(2).all(|pair| order(&pair[0].1, &pair[1].0).is_lt())
        };
        !self.disordered.bytes && apart(|one, other| one.cmp(other))
            || !self.disordered.shorter_first && apart(shorter_first)
    }
}

impl Orders {
    /// Notes in which orders `next` does not come after `key`.
    fn follow(&mut self, key: &[u8], next: &[u8]) {
        let ascends = key < next;
        self.bytes |= !ascends;
        self.shorter_first |= if key.len() == next.len() { !ascends } else { key.len() > next.len() };
    }
}

fn shorter_first(one: &[u8], other: &[u8]) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(batches: &[&[&str]]) -> KeyOrder {
        let mut order = KeyOrder::default();
        batches.iter().for_each(|batch| order.observe(&BinaryArray::from_iter_values(batch.iter())));
        order
    }

    #[test]
    fn ascending_parts_that_do_not_overlap_hold_no_key_twice() {
        let mut both = order(&[&["d", "e"], &[], &["f"]]);
        assert!(both.proves_unique());
        both.merge(order(&[&["a", "c"]]));
        assert!(both.proves_unique());
        both.merge(order(&[&["b", "ba"]]));
        assert!(!both.proves_unique());
    }

    #[test]
    fn a_key_that_repeats_or_descends_proves_nothing() {
        assert!(!order(&[&["a", "a"]]).proves_unique());
        assert!(!order(&[&["a"], &["a"]]).proves_unique());
        assert!(!order(&[&["b", "a"]]).proves_unique());
        assert!(order(&[]).proves_unique());
    }

    #[test]
    fn numbers_in_order_hold_no_key_twice_when_they_are_written_as_text_either() {
        let mut both = order(&[&["8", "9", "10"], &["11"]]);
        assert!(both.proves_unique());
        both.merge(order(&[&["99", "100"]]));
        assert!(both.proves_unique());
        both.merge(order(&[&["12", "98"]]));
        assert!(both.proves_unique());
        both.merge(order(&[&["97", "101"]]));
        assert!(!both.proves_unique());
    }

    #[test]
    fn parts_in_different_orders_prove_nothing() {
        let mut both = order(&[&["9", "10"]]);
        both.merge(order(&[&["200", "21"]]));
        assert!(!both.proves_unique());
    }
}
