//! How long the batches of a table take, against its first minutes.

use std::time::{Duration, Instant};

/// How long it is learnt what is usual …
const LEARNING: Duration = Duration::from_secs(120);
/// … or how many batches, whichever comes first; …
const LEARNT_MAX: usize = 500;
/// … but so many at least.
const LEARNT_MIN: usize = 10;
/// A batch of fewer rows says nothing.
const ROWS_MIN: u64 = 10;
/// How much the newest batch counts in what is measured now.
const NEWEST: f64 = 0.2;
/// What nobody has read for so long says nothing of now.
const STALE: Duration = Duration::from_secs(30);

/// Seconds a row, as usual and now.
#[derive(Debug, Default)]
pub(super) struct Latency {
    begun: Option<Instant>,
    learnt: Vec<f64>,
    usual: Option<f64>,
    now: Option<(f64, Instant)>,
}

impl Latency {
    /// Learns that a batch of so many rows took so long.
    pub fn learn(&mut self, rows: u64, seconds: f64, now: Instant) {
        // The few rows at the end of a part take as long as their statement, not as they do.
        if rows < ROWS_MIN {
            return;
        }
        let each = seconds / rows as f64;
        let smooth = self.now.map_or(each, |(before, _)| before + NEWEST * (each - before));
        self.now = Some((smooth, now));
        if self.usual.is_some() {
            return;
        }
        self.learnt.push(each);
        let begun = *self.begun.get_or_insert(now);
        let enough = self.learnt.len() >= LEARNT_MAX || now.saturating_duration_since(begun) >= LEARNING;
        if enough && self.learnt.len() >= LEARNT_MIN {
            self.learnt.sort_by(f64::total_cmp);
            self.usual = Some(self.learnt[self.learnt.len() / 2]);
            self.learnt = Vec::new();
        }
    }

    /// How many times as long a row takes as is usual; `None` while that is not known, or nothing was read of late.
    pub fn factor(&self, now: Instant) -> Option<f64> {
        let (each, at) = self.now?;
        let usual = self.usual.filter(|usual| *usual > 0.0)?;
        (now.saturating_duration_since(at) < STALE).then_some(each / usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_its_first_minutes_a_table_that_gets_slower_is_noticed_and_so_is_its_recovery() {
        let (mut latency, begun) = (Latency::default(), Instant::now());
        let at = |second: u64| begun + Duration::from_secs(second);
        for second in 0..=120 {
            assert_eq!(latency.factor(at(second)), None);
            latency.learn(1000, 0.1, at(second));
        }
        assert!((latency.factor(at(121)).unwrap() - 1.0).abs() < 1e-9);
        (121..140).for_each(|second| latency.learn(1000, 0.5, at(second)));
        assert!(latency.factor(at(140)).unwrap() > 4.0);
        (140..160).for_each(|second| latency.learn(1000, 0.1, at(second)));
        assert!(latency.factor(at(160)).unwrap() < 1.2);
        assert_eq!(latency.factor(at(200)), None, "nothing was read of late");
    }

    #[test]
    fn a_few_batches_are_not_enough_to_know_what_is_usual() {
        let (mut latency, begun) = (Latency::default(), Instant::now());
        (0..9).for_each(|at| latency.learn(1000, 0.1, begun + Duration::from_secs(at * 60)));
        assert_eq!(latency.factor(begun + Duration::from_secs(9 * 60)), None);
    }
}
