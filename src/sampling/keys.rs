//! The choice of keys by their hash.
//!
//! Each key is chosen on its own, with the same chance, so the number of differing keys that are chosen is binomial whatever else the table
//! holds, and however often keys repeat: the bounds need no count of the keys. (Given how many keys were chosen of how many, the chances
//! are the hypergeometric ones of the finite table; these bounds are no lower.)

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Bounds, binomial, seed_of};
use crate::model::SampleSize;

/// Which keys are chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyChoice {
    seed: u64,
    /// Hashes below it are chosen; `None` chooses all.
    below: Option<u64>,
}

impl KeyChoice {
    /// The choice of `table`'s keys; about `rows` of them, where that is known.
    pub fn new(table: &str, rows: Option<u64>, size: &SampleSize, seed: u64) -> Self {
        let share = match size {
            SampleSize::Share(share, _) => *share,
            SampleSize::Proof { bound, confidence, .. } => {
                // The estimate may be high: a tenth less makes the sample a little larger. Where there is none, all.
                let allowed = rows.map_or(0.0, |rows| (rows as f64 * 0.9 * bound).floor());
                1.0 - (1.0 - confidence).powf(1.0 / (allowed + 1.0))
            }
        };
        let below = (rows.is_some() || matches!(size, SampleSize::Share(..))).then_some(share).filter(|s| *s < 1.0);
        Self { seed: seed_of(table, seed), below: below.map(|share| (share * 2.0_f64.powi(64)) as u64) }
    }

    /// Whether a key is chosen, by its bytes.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.below.is_none_or(|below| xxh3_64_with_seed(key, self.seed) < below)
    }

    /// What it proves that `differing` of the chosen keys differ.
    pub fn bounds(&self, differing: u64) -> Bounds {
        let Some(below) = self.below else {
            return Bounds::of(differing as f64, |_| differing, |_| differing);
        };
        let share = below as f64 / 2.0_f64.powi(64);
        // The most and the fewest differing keys of which so few, or so many, would be chosen.
        let upper = |alpha| last(differing, |all| binomial::at_most(differing, all, share) > alpha);
        let lower = |alpha| match differing {
            0 => 0,
            _ => last(differing - 1, |all| binomial::at_least(differing, all, share) <= alpha) + 1,
        };
        Bounds::of(differing as f64 / share, upper, lower)
    }
}

/// The largest number from `least` on for which `holds`; it holds for `least`, and not again once it has ended.
fn last(least: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut step) = (least, 1_u64);
    while step < 1 << 52 && holds(low + step) {
        low += step;
        step *= 2;
    }
    let mut high = low + step;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle) { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(share: f64) -> SampleSize {
        SampleSize::Share(share, String::new())
    }

    /// How many of 4,000 seeds break the bounds, at 95 %, at 99 % and for the interval.
    fn broken(damaged: &[u64], size: &SampleSize) -> [u32; 3] {
        let (mut broken, mut known) = ([0; 3], std::collections::HashMap::new());
        for seed in 0..4000 {
            let choice = KeyChoice::new("t", Some(100_000), size, seed);
            let seen = damaged.iter().filter(|key| choice.contains(&key.to_be_bytes())).count() as u64;
            let truth = damaged.len() as u64;
            let bounds: Bounds = *known.entry(seen).or_insert_with(|| choice.bounds(seen));
            broken[0] += u32::from(bounds.upper_95 < truth);
            broken[1] += u32::from(bounds.upper_99 < truth);
            broken[2] += u32::from(truth < bounds.interval.0 || truth > bounds.interval.1);
        }
        broken
    }

    #[test]
    fn the_bounds_hold_as_often_as_they_claim_over_thousands_of_seeds() {
        for damaged in [1, 20, 299, 300, 1500] {
            let clustered: Vec<u64> = (50_000..50_000 + damaged).collect();
            let scattered: Vec<u64> = (0..damaged).map(|i| i * 100_000 / damaged).collect();
            for keys in [clustered, scattered] {
                let [at_95, at_99, outside] = broken(&keys, &share(0.01));
                // 5 % and 1 % of 4,000, and three standard deviations of what chance adds.
                assert!(at_95 <= 200 + 42 && outside <= 200 + 42, "{damaged}: {at_95}, {outside}");
                assert!(at_99 <= 40 + 19, "{damaged}: {at_99}");
            }
        }
    }

    #[test]
    fn the_size_that_proves_a_bound_is_as_small_as_it_can_be() {
        let size = SampleSize::Proof { bound: 0.001, confidence: 0.95, written: String::new() };
        let choice = KeyChoice::new("t", Some(1_000_000), &size, 7);
        let proven = choice.bounds(0).upper_95;
        assert!((880..=1000).contains(&proven), "{proven}");
        assert_eq!(KeyChoice::new("t", None, &size, 7).bounds(0).upper_99, 0, "without an estimate all are chosen");
    }

    #[test]
    fn about_the_share_is_chosen_and_all_of_it_where_all_is_asked() {
        let choice = KeyChoice::new("t", None, &share(0.01), 3);
        let chosen = (0..100_000_u64).filter(|key| choice.contains(&key.to_be_bytes())).count();
        assert!((900..1100).contains(&chosen), "{chosen}");
        let all = KeyChoice::new("t", None, &share(1.0), 3);
        assert!((0..1000_u64).all(|key| all.contains(&key.to_be_bytes())));
        assert_eq!(all.bounds(4).interval, (4, 4));
    }
}
