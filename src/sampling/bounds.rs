//! What a sample proves of the whole, in units and as shares.

/// What a sample proves. Counts are of units of the whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// At most so many differ, with 95 % confidence.
    pub upper_95: u64,
    /// The same with 99 % confidence.
    pub upper_99: u64,
    /// About so many differ.
    pub estimate: f64,
    /// So many differ, with 95 % confidence.
    pub interval: (u64, u64),
}

impl Bounds {
    /// The counts from a limit for each level: `upper` and `lower` are told how improbable it may be that they do not hold.
    pub(super) fn of(estimate: f64, upper: impl Fn(f64) -> u64, lower: impl Fn(f64) -> u64) -> Self {
        Self { upper_95: upper(0.05), upper_99: upper(0.01), estimate, interval: (lower(0.025), upper(0.025)) }
    }

    /// A count as a share of `total`, rounded up to nine digits; nothing of nothing is nothing.
    pub fn share(count: f64, total: u64) -> f64 {
        if total == 0 { 0.0 } else { ((count / total as f64).min(1.0) * 1e9).ceil() / 1e9 }
    }

    /// The same, rounded down.
    pub fn share_at_least(count: f64, total: u64) -> f64 {
        if total == 0 { 0.0 } else { ((count / total as f64).min(1.0) * 1e9).floor() / 1e9 }
    }
}
