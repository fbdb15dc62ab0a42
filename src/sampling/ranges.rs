//! The choice of ranges of an integer key.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Bounds, seed_of, strata};
use crate::model::{KeyRange, SampleSize};

/// The most ranges a table is divided into.
const RANGES_MAX: u64 = 1 << 24;

/// Which ranges of a key's numbers are chosen. The first is open below and the last above; both are always chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeChoice {
    min: i128,
    width: i128,
    total: u64,
    /// How many were drawn at random among those between the first and the last.
    drawn: u64,
    /// The chosen ones, in order.
    chosen: Vec<u64>,
}

impl RangeChoice {
    /// The choice among the numbers of `span`, both ends included, that some `rows` have; without an estimate every number is taken to
    /// be used.
    pub fn new(
        table: &str,
        span: (i128, i128),
        rows: Option<u64>,
        rows_per_range: u64,
        size: &SampleSize,
        seed: u64,
    ) -> Self {
        let (min, width) = (span.0, (span.1 - span.0).max(0) + 1);
        let numbers = u64::try_from(width).unwrap_or(u64::MAX);
        let wanted = rows.unwrap_or(u64::MAX).min(numbers).div_ceil(rows_per_range.max(1));
        let total = wanted.clamp(1, RANGES_MAX.min(numbers));
        let between = total.saturating_sub(2);
        let drawn = match size {
            SampleSize::Share(share, _) => ((between as f64 * share).ceil() as u64).clamp(between.min(1), between),
            SampleSize::Proof { bound, confidence, .. } => enough(total, between, *bound, 1.0 - confidence),
        };
        Self { min, width, total, drawn, chosen: choose(total, drawn, seed_of(table, seed)) }
    }

    /// How many ranges were chosen, and of how many.
    pub fn counts(&self) -> (u64, u64) {
        (self.chosen.len() as u64, self.total)
    }

    /// The chosen ranges in order; neighbours are one.
    pub fn ranges(&self) -> Vec<KeyRange> {
        let neighbours = self.chosen.chunk_by(|one, next| one + 1 == *next);
        let range = |some: &[u64]| KeyRange {
            from: (some[0] > 0).then(|| self.bound(some[0])),
            to: (some[some.len() - 1] + 1 < self.total).then(|| self.bound(some[some.len() - 1] + 1)),
        };
        neighbours.map(range).collect()
    }

    /// The range a number lies in.
    pub fn range_of(&self, number: i128) -> u64 {
        let offset = (number - self.min).clamp(0, self.width - 1);
        let mut range = (offset * i128::from(self.total) / self.width) as u64;
        while range + 1 < self.total && self.bound(range + 1) <= self.min + offset {
            range += 1;
        }
        range
    }

    /// What it proves that these of the chosen ranges differ.
    pub fn bounds(&self, differing: impl IntoIterator<Item = u64>) -> Bounds {
        let is_certain = |range: &u64| *range == 0 || *range + 1 == self.total;
        let (certain, seen): (Vec<u64>, Vec<u64>) = differing.into_iter().partition(is_certain);
        let (certain, seen) = (certain.len() as u64, seen.len() as u64);
        let between = self.total.saturating_sub(2);
        let estimate = if self.drawn == 0 { 0.0 } else { seen as f64 * between as f64 / self.drawn as f64 };
        Bounds::of(
            certain as f64 + estimate,
            |alpha| certain + strata::upper(between, self.drawn, seen, alpha),
            |alpha| certain + strata::lower(between, self.drawn, seen, alpha),
        )
    }

    /// The first number of a range.
    fn bound(&self, range: u64) -> i128 {
        self.min + self.width * i128::from(range) / i128::from(self.total)
    }
}

/// The first, the last, and one in each of `drawn` strata between them.
fn choose(total: u64, drawn: u64, seed: u64) -> Vec<u64> {
    let between = total.saturating_sub(2);
    let start = |stratum: u64| (u128::from(between) * u128::from(stratum) / u128::from(drawn)) as u64;
    let random = |stratum: u64| {
        let size = start(stratum + 1) - start(stratum);
        let draw = u128::from(xxh3_64_with_seed(&stratum.to_le_bytes(), seed));
        1 + start(stratum) + ((draw * u128::from(size)) >> 64) as u64
    };
    let mut chosen = vec![0];
    chosen.extend((0..drawn).map(random));
    if total > 1 {
        chosen.push(total - 1);
    }
    chosen
}

/// The fewest draws that prove, where nothing differs, that at most the share `bound` does.
fn enough(total: u64, between: u64, bound: f64, alpha: f64) -> u64 {
    let allowed = (total as f64 * bound).floor() as u64;
    let proves = |drawn: u64| strata::upper(between, drawn, 0, alpha) <= allowed;
    let (mut low, mut high) = (between.min(1), between);
    while low < high {
        let middle = low + (high - low) / 2;
        if proves(middle) { high = middle } else { low = middle + 1 }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(share: f64) -> SampleSize {
        SampleSize::Share(share, String::new())
    }

    #[test]
    fn every_number_lies_in_the_range_that_is_read_for_it() {
        let choice = RangeChoice::new("t", (-37, 1000), Some(1038), 100, &share(0.3), 1);
        assert_eq!(choice.counts(), (5, 11));
        let ranges = choice.ranges();
        assert!(ranges[0].from.is_none() && ranges[ranges.len() - 1].to.is_none());
        for number in -200..1200 {
            let read =
                ranges.iter().any(|r| r.from.is_none_or(|from| from <= number) && r.to.is_none_or(|to| number < to));
            assert_eq!(read, choice.chosen.contains(&choice.range_of(number)), "{number}");
        }
    }

    #[test]
    fn the_widest_key_space_and_the_smallest_are_divided() {
        let wide = RangeChoice::new("t", (i64::MIN.into(), u64::MAX.into()), Some(1 << 40), 512, &share(0.00001), 1);
        assert_eq!(wide.counts().1, RANGES_MAX);
        assert!(wide.ranges().windows(2).all(|pair| pair[0].to.unwrap() < pair[1].from.unwrap()));
        let one = RangeChoice::new("t", (5, 5), Some(1), 512, &share(0.01), 1);
        assert_eq!(one.ranges(), [KeyRange { from: None, to: None }]);
        assert_eq!(one.bounds([]).upper_99, 0);
        assert_eq!(one.bounds([0]).interval, (1, 1));
    }

    #[test]
    fn the_same_seed_chooses_the_same_and_another_seed_something_else() {
        let of = |seed| RangeChoice::new("t", (0, 1 << 30), Some(1 << 20), 512, &share(0.05), seed);
        assert_eq!(of(4), of(4));
        assert_ne!(of(4).chosen, of(5).chosen);
        assert_eq!(of(4).counts(), (103 + 2, 2048));
    }

    #[test]
    fn a_wanted_proof_is_given_and_with_no_more_than_it_takes() {
        let size = SampleSize::Proof { bound: 0.01, confidence: 0.95, written: String::new() };
        let choice = RangeChoice::new("t", (0, 1 << 30), Some(10_000 * 512), 512, &size, 4);
        assert!(choice.bounds([]).upper_95 <= 100);
        let drawn = choice.drawn;
        assert!((290..310).contains(&drawn), "{drawn}");
        assert!(strata::upper(9998, drawn - 1, 0, 0.05) > 100);
    }

    /// How many of 4,000 seeds break the bounds, at 95 %, at 99 % and for the interval.
    fn broken(total: u64, damaged: &[u64], size: &SampleSize) -> [u32; 3] {
        let (mut broken, mut known) = ([0; 3], std::collections::HashMap::new());
        for seed in 0..4000 {
            let choice = RangeChoice::new("t", (0, i128::from(total) - 1), Some(total), 1, size, seed);
            let seen: Vec<u64> = damaged.iter().copied().filter(|r| choice.chosen.binary_search(r).is_ok()).collect();
            let certain = seen.iter().filter(|range| **range == 0 || **range + 1 == total).count();
            // The bounds depend on the counts alone.
            let bounds = *known.entry((certain, seen.len())).or_insert_with(|| choice.bounds(seen));
            let truth = damaged.len() as u64;
            broken[0] += u32::from(bounds.upper_95 < truth);
            broken[1] += u32::from(bounds.upper_99 < truth);
            broken[2] += u32::from(truth < bounds.interval.0 || truth > bounds.interval.1);
        }
        broken
    }

    #[test]
    fn the_bounds_hold_as_often_as_they_claim_over_thousands_of_seeds() {
        for (total, part) in [(1000, 0.05), (999, 0.1), (300, 0.01), (50, 0.5), (20_000, 0.01)] {
            for damaged in [1, total / 100, total / 17, total / 4, total / 2].map(|n: u64| n.max(1)) {
                let clustered: Vec<u64> = (total / 3..total / 3 + damaged).collect();
                let scattered: Vec<u64> = (0..damaged).map(|i| i * total / damaged).collect();
                let at_the_end: Vec<u64> = (total - damaged..total).collect();
                for ranges in [clustered, scattered, at_the_end] {
                    let [at_95, at_99, outside] = broken(total, &ranges, &share(part));
                    // 5 % and 1 % of 4,000, and three standard deviations of what chance adds.
                    assert!(at_95 <= 200 + 42 && outside <= 200 + 42, "{damaged} of {total}: {at_95}, {outside}");
                    assert!(at_99 <= 40 + 19, "{damaged} of {total}: {at_99}");
                }
            }
        }
    }
}
