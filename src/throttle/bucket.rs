//! A token bucket that lets those wait who took too much, in the order in which they took.

use std::time::{Duration, Instant};

/// What idleness saves up, in seconds of the rate.
const BURST_SECONDS: f64 = 0.2;

/// How much has been taken and how much was granted, of rows or of bytes.
#[derive(Debug)]
pub(super) struct Bucket {
    /// A second; `None` grants everything.
    rate: Option<f64>,
    granted: f64,
    taken: f64,
    at: Instant,
}

impl Bucket {
    /// An empty bucket.
    pub fn new(rate: Option<f64>, now: Instant) -> Self {
        Self { rate, granted: 0.0, taken: 0.0, at: now }
    }

    /// What is granted from now on; those who wait already wait at the new rate.
    pub fn set_rate(&mut self, rate: Option<f64>, now: Instant) {
        self.refill(now);
        self.rate = rate;
    }

    /// Takes so much; the ticket says when that is granted.
    pub fn take(&mut self, amount: f64, now: Instant) -> f64 {
        self.refill(now);
        self.taken += amount;
        self.taken
    }

    /// How long the holder of a ticket still has to wait at today's rate; `None` once it is granted.
    pub fn wait(&mut self, ticket: f64, now: Instant) -> Option<Duration> {
        self.refill(now);
        let rate = self.rate?;
        (ticket > self.granted)
            .then(|| Duration::try_from_secs_f64((ticket - self.granted) / rate).unwrap_or(Duration::MAX))
    }

    fn refill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.granted = match self.rate {
            Some(rate) => (self.granted + rate * seconds).min(self.taken + rate * BURST_SECONDS),
            None => self.taken,
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rate_that_is_lifted_lets_everybody_pass_and_one_that_is_set_starts_empty() {
        let now = Instant::now();
        let mut bucket = Bucket::new(Some(10.0), now);
        let ticket = bucket.take(100.0, now);
        assert_eq!(bucket.wait(ticket, now), Some(Duration::from_secs(10)));
        bucket.set_rate(Some(100.0), now + Duration::from_secs(5));
        assert_eq!(bucket.wait(ticket, now + Duration::from_secs(5)), Some(Duration::from_millis(500)));
        bucket.set_rate(None, now + Duration::from_secs(5));
        assert_eq!(bucket.wait(ticket, now + Duration::from_secs(5)), None);
        bucket.set_rate(Some(1.0), now + Duration::from_secs(6));
        let ticket = bucket.take(1.0, now + Duration::from_secs(6));
        assert_eq!(bucket.wait(ticket, now + Duration::from_secs(6)), Some(Duration::from_secs(1)));
    }

    proptest! {
        /// Whoever takes what and whenever: by no moment more has passed than the rate allows, and a burst.
        #[test]
        fn never_more_passes_than_the_rate_allows(
            rate in 1.0f64..1e6,
            takers in prop::collection::vec((0.0f64..2.0, 1.0f64..20_000.0), 1..40),
        ) {
            let begun = Instant::now();
            let mut bucket = Bucket::new(Some(rate), begun);
            let (mut now, mut passed) = (begun, 0.0);
            for (pause, amount) in takers {
                now += Duration::from_secs_f64(pause);
                let ticket = bucket.take(amount, now);
                now += bucket.wait(ticket, now).unwrap_or_default();
                passed += amount;
                let allowed = rate * (now.duration_since(begun).as_secs_f64() + BURST_SECONDS);
                prop_assert!(passed <= allowed * 1.000_001 + 1.0, "{passed} of {allowed}");
            }
        }
    }
}
