//! How many rows a batch has: as many as arrive in the time that a batch should take.

/// Rows of the first batch of a stream.
pub const BATCH_ROWS_START: u64 = 1000;
/// Fewer rows than this make no batch, however slowly they come.
const BATCH_ROWS_MIN: u64 = 50;

/// The rows of the next batch of a stream.
#[derive(Debug)]
pub(super) struct BatchSize {
    rows: u64,
    max: u64,
    aim_seconds: f64,
}

impl BatchSize {
    /// Batches of at most `max` rows that take about `aim_seconds` each.
    pub fn new(max: u64, aim_seconds: f64) -> Self {
        Self { rows: BATCH_ROWS_START.min(max), max, aim_seconds }
    }

    /// The rows of the next batch.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Learns that a batch of so many rows took so long, while at most `rate` rows a second may pass. It at most doubles or halves.
    pub fn learn(&mut self, rows: u64, seconds: f64, rate: Option<f64>) {
        let fits = if seconds > 0.0 { rows as f64 * self.aim_seconds / seconds } else { f64::MAX };
        let mut next = (fits as u64).clamp(self.rows / 2, self.rows * 2);
        // A batch that was cut by its bytes, or by the end of the rows, says nothing about larger ones.
        if rows < self.rows {
            next = next.min(self.rows);
        }
        let at_rate = rate.map_or(self.max, |rate| (rate * self.aim_seconds) as u64);
        self.rows = next.min(at_rate).min(self.max).max(BATCH_ROWS_MIN.min(self.max));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(times: &[f64], rate: Option<f64>) -> Vec<u64> {
        let mut size = BatchSize::new(10_000, 0.5);
        let mut learn = |seconds: &f64| {
            let rows = size.rows();
            size.learn(rows, *seconds, rate);
            size.rows()
        };
        times.iter().map(&mut learn).collect()
    }

    #[test]
    fn a_fast_store_comes_to_full_batches_within_four() {
        assert_eq!(after(&[0.01; 5], None), [2000, 4000, 8000, 10_000, 10_000]);
    }

    #[test]
    fn a_slow_store_comes_to_batches_of_half_a_second() {
        let mut size = BatchSize::new(10_000, 0.5);
        for _ in 0..10 {
            let rows = size.rows();
            size.learn(rows, rows as f64 / 300.0, None);
        }
        assert_eq!(size.rows(), 150);
    }

    #[test]
    fn under_a_cap_a_batch_is_what_may_pass_in_its_time() {
        assert_eq!(after(&[0.01], Some(1000.0)), [500]);
        assert_eq!(after(&[0.01], Some(1.0)), [50]);
    }

    #[test]
    fn a_batch_that_was_cut_by_its_bytes_does_not_make_the_next_one_larger() {
        let mut size = BatchSize::new(10_000, 0.5);
        size.learn(3, 0.0001, None);
        assert_eq!(size.rows(), 1000);
        size.learn(3, 10.0, None);
        assert_eq!(size.rows(), 500);
    }

    proptest! {
        #[test]
        fn a_batch_has_at_least_a_row_and_never_more_than_its_most(
            max in 1u64..20_000, learnt in prop::collection::vec((1u64..20_000, 0.0f64..100.0, prop::option::of(0.1f64..1e7)), 0..20),
        ) {
            let mut size = BatchSize::new(max, 0.5);
            for (rows, seconds, rate) in learnt {
                size.learn(rows, seconds, rate);
                prop_assert!((1..=max).contains(&size.rows()));
            }
        }
    }
}
