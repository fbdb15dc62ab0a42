//! Range digests that are summed while the rows pass, for keys of one integer: nothing has to be read a second time.
//!
//! The ranges are 2^k integers wide and aligned to their width, so that no sample has to be known beforehand. They begin
//! narrow. Where the keys are sparse and the ranges become too many, each two neighbours become one, which is a sum of two
//! digests; how wide they are in the end depends on nothing but the keys, whatever the order, the parts and the workers.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use arrow::array::{Array, BinaryArray};

use super::order::KeyOrder;
use crate::canonical::Digests;
use crate::canonical::number::{self, Floor};
use crate::model::{Boundaries, Extent, Pair, RangeDigest, RowObserver, Side};

/// Ranges that are kept in memory for a side: beyond it they grow wider instead.
const RANGES_MAX: usize = 1 << 16;
/// Rows of a part of which it is known in which ranges they lie: about a page of a snapshot's file.
const ROWS_PER_EXTENT: usize = 4096;

/// The digests of the ranges of one side. Parts are summed apart and merged.
#[derive(Debug, Clone)]
pub struct NumberSums {
    rows_per_range: u64,
    /// Ranges are 2^shift integers wide.
    shift: u32,
    /// By the number of the range: the integers in it, shifted.
    ranges: HashMap<i64, RangeDigest, ahash::RandomState>,
    /// The range of the last row, whose sum has not reached `ranges` yet: rows often come in order.
    last: (i64, RangeDigest),
    /// Rows whose keys are below or above all integers of 64 bits, or no numbers at all.
    outside: [RangeDigest; 2],
    order: KeyOrder,
    parts: Vec<(usize, Vec<NumberExtent>)>,
}

/// In which ranges some consecutive rows of a part lie.
#[derive(Debug, Clone, Copy)]
struct NumberExtent {
    rows: u64,
    /// The smallest and largest integers; the first is larger than the second where there are none.
    span: (i64, i64),
    below: bool,
    above: bool,
}

/// What both sides' sums come to.
pub(super) struct Ranges {
    pub boundaries: Boundaries,
    pub leaves: Pair<Vec<RangeDigest>>,
    pub extents: Pair<Vec<Vec<Extent>>>,
    pub keys_unique: Pair<bool>,
    pub numbers: Numbers,
}

/// Which integers the ranges hold.
#[derive(Debug, Clone)]
pub struct Numbers {
    shift: u32,
    /// The number of each range, in order.
    ranges: Vec<i64>,
    /// The smallest and largest integer of each side.
    spans: Pair<(i64, i64)>,
}

impl Numbers {
    /// The integers of a range that a side may have; `None` where it can have none.
    pub fn of(&self, range: usize, side: Side) -> Option<RangeInclusive<i64>> {
        let first = self.ranges.get(range)? << self.shift;
        let last = first | ((1u64 << self.shift) - 1) as i64;
        let (least, most) = *self.spans.get(side);
        let (first, last) = (first.max(least), last.min(most));
        (first <= last).then_some(first..=last)
    }
}

impl NumberSums {
    /// No rows yet of the part `ordinal`. Ranges will have about `rows_per_range` rows.
    pub fn new(ordinal: usize, rows_per_range: u64) -> Self {
        let rows_per_range = rows_per_range.max(1);
        Self {
            rows_per_range,
            shift: rows_per_range.ilog2(),
            ranges: HashMap::default(),
            last: (0, RangeDigest::default()),
            outside: [RangeDigest::default(); 2],
            order: KeyOrder::default(),
            parts: vec![(ordinal, Vec::new())],
        }
    }

    /// Adds other parts of the same side.
    pub fn merge(&mut self, mut other: Self) {
        other.settle();
        self.settle();
        self.widen_to(other.shift);
        other.widen_to(self.shift);
        for (range, digest) in other.ranges {
            self.ranges.entry(range).or_default().merge(digest);
        }
        for (own, other) in self.outside.iter_mut().zip(other.outside) {
            own.merge(other);
        }
        self.bound();
        self.order.merge(other.order);
        self.parts.extend(other.parts);
    }

    /// The ranges of both sides: as narrow as both allow, and with about as many rows as was asked for.
    pub(super) fn ranges(mut sides: Pair<Self>) -> Ranges {
        sides.source.settle();
        sides.target.settle();
        let rows = sides.as_ref().map(Self::rows);
        let enough = 2 * rows.source.max(rows.target) / sides.source.rows_per_range;
        sides.source.widen_to(sides.target.shift);
        sides.target.widen_to(sides.source.shift);
        let mut ranges = union(&sides);
        while ranges.len() > 1 && ranges.len() as u64 > enough && sides.source.shift < i64::BITS - 1 {
            let wider = sides.source.shift + 1;
            sides.source.widen_to(wider);
            sides.target.widen_to(wider);
            ranges = union(&sides);
        }
        let shift = sides.source.shift;
        let first_of = |range: &i64| Box::from(number::integer(range << shift));
        let keys_unique = sides.as_ref().map(|side| side.order.proves_unique());
        let spans = sides.as_ref().map(Self::span);
        let leaves = sides.as_ref().map(|side| side.leaves(&ranges));
        let extents = sides.map(|side| side.extents(&ranges));
        Ranges {
            boundaries: Boundaries::new(ranges.iter().skip(1).map(first_of).collect()),
            leaves,
            extents,
            keys_unique,
            numbers: Numbers { shift, ranges, spans },
        }
    }

    fn rows(&self) -> u64 {
        self.ranges.values().chain(&self.outside).map(|digest| digest.rows).sum()
    }

    fn span(&self) -> (i64, i64) {
        let extents = self.parts.iter().flat_map(|(_, extents)| extents);
        extents.fold(NOWHERE, |(least, most), extent| (least.min(extent.span.0), most.max(extent.span.1)))
    }

    /// In the order of `ranges`; what lies outside belongs to the ends, which are open.
    fn leaves(&self, ranges: &[i64]) -> Vec<RangeDigest> {
        let mut leaves: Vec<RangeDigest> =
            ranges.iter().map(|range| self.ranges.get(range).copied().unwrap_or_default()).collect();
        if leaves.is_empty() {
            leaves.push(RangeDigest::default());
        }
        let [below, above] = self.outside;
        leaves[0].merge(below);
        if let Some(last) = leaves.last_mut() {
            last.merge(above);
        }
        leaves
    }

    fn extents(self, ranges: &[i64]) -> Vec<Vec<Extent>> {
        let highest_of_all = ranges.len().saturating_sub(1);
        let place = |number: i64| ranges.partition_point(|range| *range <= number >> self.shift).saturating_sub(1);
        let extent = |extent: NumberExtent| {
            let numbers = extent.span.0 <= extent.span.1;
            let lowest = if numbers { place(extent.span.0) } else { highest_of_all };
            let highest = if numbers { place(extent.span.1) } else { 0 };
            Extent {
                rows: extent.rows,
                lowest: if extent.below { 0 } else { lowest },
                highest: if extent.above { highest_of_all } else { highest },
            }
        };
        let mut parts = self.parts;
        parts.sort_by_key(|(ordinal, _)| *ordinal);
        parts.into_iter().map(|(_, extents)| extents.into_iter().map(extent).collect()).collect()
    }

    fn add(&mut self, range: i64, digest: u128) {
        if range != self.last.0 {
            self.settle();
            self.last.0 = range;
        }
        self.last.1.add(digest);
    }

    fn settle(&mut self) {
        let (range, digest) = (self.last.0, std::mem::take(&mut self.last.1));
        if digest.rows > 0 {
            self.ranges.entry(range).or_default().merge(digest);
        }
    }

    fn bound(&mut self) {
        while self.ranges.len() > RANGES_MAX {
            self.widen_to(self.shift + 1);
        }
    }

    fn widen_to(&mut self, shift: u32) {
        let by = shift.saturating_sub(self.shift);
        if by == 0 {
            return;
        }
        for (range, digest) in std::mem::take(&mut self.ranges) {
            self.ranges.entry(range >> by).or_default().merge(digest);
        }
        self.shift = shift;
    }
}

/// The span of no integers.
const NOWHERE: (i64, i64) = (i64::MAX, i64::MIN);

impl RowObserver for NumberSums {
    fn observe(&mut self, keys: &BinaryArray, digests: &Digests) {
        for from in (0..keys.len()).step_by(ROWS_PER_EXTENT) {
            let end = keys.len().min(from + ROWS_PER_EXTENT);
            let mut extent = NumberExtent { rows: (end - from) as u64, span: NOWHERE, below: false, above: false };
            for row in from..end {
                let digest = digests.value(row);
                match number::floor(keys.value(row)) {
                    Floor::Within(number) => {
                        extent.span = (extent.span.0.min(number), extent.span.1.max(number));
                        self.add(number >> self.shift, digest);
                    }
                    Floor::Below => {
                        extent.below = true;
                        self.outside[0].add(digest);
                    }
                    Floor::Above => {
                        extent.above = true;
                        self.outside[1].add(digest);
                    }
                }
            }
            if let Some((_, extents)) = self.parts.last_mut() {
                extents.push(extent);
            }
            self.settle();
            self.bound();
        }
        self.order.observe(keys);
    }
}

fn union(sides: &Pair<NumberSums>) -> Vec<i64> {
    let mut ranges: Vec<i64> = sides.source.ranges.keys().chain(sides.target.ranges.keys()).copied().collect();
    ranges.sort_unstable();
    ranges.dedup();
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(number: Option<i64>) -> Vec<u8> {
        number.map_or_else(|| vec![0], |number| number::integer(number).to_vec())
    }

    fn sums(numbers: &[Option<i64>], parts: usize, rows_per_range: u64) -> NumberSums {
        let per_part = numbers.len().div_ceil(parts).max(1);
        let part = |(ordinal, numbers): (usize, &[Option<i64>])| {
            let mut sums = NumberSums::new(ordinal, rows_per_range);
            for batch in numbers.chunks(7) {
                let digests = batch.iter().map(|number| number.map_or(5, |n| (u128::MAX / 3) ^ n as u128)).collect();
                sums.observe(&BinaryArray::from_iter_values(batch.iter().map(|number| key(*number))), &digests);
            }
            sums
        };
        let all = numbers.chunks(per_part).enumerate().map(part);
        all.reduce(|mut one, other| {
            one.merge(other);
            one
        })
        .unwrap_or_else(|| NumberSums::new(0, rows_per_range))
    }

    fn keys() -> impl Strategy<Value = Vec<Option<i64>>> {
        let number = prop_oneof![-20i64..20, any::<i64>(), Just(i64::MIN), Just(i64::MAX)];
        prop::collection::vec(prop::option::weighted(0.9, number), 0..200)
    }

    proptest! {
        #[test]
        fn ranges_and_digests_do_not_depend_on_order_or_parts(mut source in keys(), target in keys(), parts in 1usize..5) {
            let once = NumberSums::ranges(Pair::new(sums(&source, 1, 4), sums(&target, 1, 4)));
            source.reverse();
            let again = NumberSums::ranges(Pair::new(sums(&source, parts, 4), sums(&target, parts, 4)));
            prop_assert_eq!(once.boundaries, again.boundaries);
            prop_assert_eq!(once.leaves, again.leaves);
        }

        #[test]
        fn every_row_is_summed_in_the_range_of_its_key_and_found_by_its_extent(numbers in keys(), parts in 1usize..5) {
            let ranges = NumberSums::ranges(Pair::new(sums(&numbers, parts, 4), sums(&[], 1, 4)));
            let mut expected = vec![0; ranges.boundaries.ranges()];
            numbers.iter().for_each(|number| expected[ranges.boundaries.range_of(&key(*number), 0)] += 1);
            let rows: Vec<u64> = ranges.leaves.source.iter().map(|leaf| leaf.rows).collect();
            prop_assert_eq!(rows, expected);
            let extents: Vec<Extent> = ranges.extents.source.into_iter().flatten().collect();
            let mut rest = numbers.as_slice();
            for extent in extents {
                let (rows, after) = rest.split_at(extent.rows as usize);
                for number in rows {
                    let range = ranges.boundaries.range_of(&key(*number), 0);
                    prop_assert!((extent.lowest..=extent.highest).contains(&range));
                }
                rest = after;
            }
            prop_assert!(rest.is_empty());
            for number in numbers.into_iter().flatten() {
                let range = ranges.boundaries.range_of(&key(Some(number)), 0);
                prop_assert!(ranges.numbers.of(range, Side::Source).is_some_and(|numbers| numbers.contains(&number)));
            }
        }
    }

    #[test]
    fn sparse_keys_make_wider_ranges_not_more_of_them() {
        let numbers: Vec<Option<i64>> = (0..200_000).map(|n| Some(n * 1_000_003)).collect();
        let ranges = NumberSums::ranges(Pair::new(sums(&numbers, 3, 512), sums(&numbers, 2, 512)));
        let count = ranges.boundaries.ranges();
        assert!((200..=2 * 200_000 / 512).contains(&count), "{count}");
        assert_eq!(ranges.leaves.source, ranges.leaves.target);
    }

    #[test]
    fn without_rows_there_is_one_range() {
        let ranges = NumberSums::ranges(Pair::new(sums(&[], 1, 512), sums(&[], 1, 512)));
        assert_eq!((ranges.boundaries.ranges(), ranges.leaves.source.len()), (1, 1));
    }
}
