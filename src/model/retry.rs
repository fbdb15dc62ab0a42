//! How often, and after which waits, what failed for the moment is tried again.

use std::time::Duration;

/// The plan of retries. The waits double from `first_wait` up to `wait_max`; each is shortened by chance, by up to a half, so that
/// many who were thrown out at once do not all come back at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPlan {
    /// Retries after the first attempt; 0 for none.
    pub times: u32,
    /// The wait before the first retry.
    pub first_wait: Duration,
    /// The longest wait.
    pub wait_max: Duration,
    /// A store that sends nothing for so long is taken for lost, although its connection looks open.
    pub silence_max: Duration,
    /// Whether it is also tried again to reach a store at the very beginning, where a wrong address is as likely as a server that
    /// starts.
    pub first_contact: bool,
}

impl Default for RetryPlan {
    fn default() -> Self {
        Self {
            times: 5,
            first_wait: Duration::from_secs(1),
            wait_max: Duration::from_secs(60),
            silence_max: Duration::from_secs(30 * 60),
            first_contact: false,
        }
    }
}

impl RetryPlan {
    /// The wait before the retry of this number, which counts from 0; `None` where it was the last. `chance` lies from 0 to 1.
    pub fn wait(&self, retry: u32, chance: f64) -> Option<Duration> {
        if retry >= self.times {
            return None;
        }
        let doubled = self.first_wait.checked_mul(1_u32.checked_shl(retry).unwrap_or(u32::MAX));
        let whole = doubled.unwrap_or(self.wait_max).min(self.wait_max);
        Some(whole.mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(times: u32) -> RetryPlan {
        RetryPlan { times, wait_max: Duration::from_secs(10), ..RetryPlan::default() }
    }

    #[test]
    fn waits_double_up_to_the_longest_and_end_after_the_last_retry() {
        let waits: Vec<_> = (0..7).map(|retry| plan(6).wait(retry, 0.0).map(|wait| wait.as_secs())).collect();
        assert_eq!(waits, [Some(1), Some(2), Some(4), Some(8), Some(10), Some(10), None]);
        assert_eq!(plan(0).wait(0, 0.0), None);
        assert_eq!(plan(u32::MAX).wait(200, 0.0), Some(Duration::from_secs(10)));
    }

    #[test]
    fn chance_shortens_a_wait_by_no_more_than_a_half() {
        for chance in [0.0, 0.25, 0.5, 1.0] {
            let wait = plan(3).wait(2, chance).unwrap().as_secs_f64();
            assert!((2.0..=4.0).contains(&wait), "{wait}");
        }
        assert_eq!(plan(3).wait(2, 1.0), Some(Duration::from_secs(2)));
    }
}
