//! What the order of the keys proves: strictly ascending parts that do not overlap hold no key twice.

use arrow::array::{Array, BinaryArray};

/// The order of the keys of some parts.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyOrder {
    disordered: bool,
    /// The first and last key of each part; the last entry is the part being observed.
    bounds: Vec<(Vec<u8>, Vec<u8>)>,
}

impl KeyOrder {
    /// Adds the next keys of the one part that is observed.
    pub fn observe(&mut self, keys: &BinaryArray) {
        if self.disordered || keys.is_empty() {
            return;
        }
        let first = keys.value(0);
        self.disordered = self.bounds.last().is_some_and(|(_, last)| last.as_slice() >= first)
            || (1..keys.len()).any(|row| keys.value(row - 1) >= keys.value(row));
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
        self.disordered |= other.disordered;
        self.bounds.extend(other.bounds);
    }

    /// Whether every part ascends and no two overlap.
    pub fn proves_unique(&self) -> bool {
        let mut bounds: Vec<_> = self.bounds.iter().collect();
        bounds.sort();
        !self.disordered && bounds.windows(2).all(|pair| pair[0].1 < pair[1].0)
    }
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
}
