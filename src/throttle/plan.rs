//! How gently one store is to be read, as meant.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::Windows;

/// How gently one store is read. The default limits nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadPlan {
    /// The most that is read, outside of the peak windows where there are any.
    pub caps: Caps,
    /// Windows with caps of their own.
    pub peak: Option<Peak>,
    /// The most rows of a batch.
    pub batch_rows_max: u64,
    /// How long the reading of a batch should take; its rows follow from it.
    pub batch_seconds: f64,
    /// What is still read, in rows a second, while a signal is over its limit.
    pub floor_rows_per_second: u64,
    /// What makes the run slow down.
    pub signals: Vec<Signal>,
    /// How often the signals are asked, and how long each may take to answer.
    pub ask_every: Duration,
    /// After this age a snapshot is given up, so that it no longer holds back vacuum or purge.
    pub snapshot_age_max: Option<Duration>,
    /// What the sessions ask of the server.
    pub sessions: SessionLimits,
}

/// The most that is read of one store, by all workers together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Caps {
    /// Rows a second; `None` for no limit.
    pub rows_per_second: Option<f64>,
    /// Bytes of values a second, as they lie in memory once decoded; `None` for no limit.
    pub bytes_per_second: Option<f64>,
}

/// Windows of the week in which other caps hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Peak {
    /// When.
    pub windows: Windows,
    /// By which clock.
    pub zone: Tz,
    /// The caps that hold then.
    pub caps: Caps,
}

/// What the sessions of a store ask of the server. `None`: the server waits for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// The most that one statement may take, the waiting of a paused reader included.
    pub statement: Option<Duration>,
    /// The most that a statement waits for a lock.
    pub lock: Option<Duration>,
}

/// A number that must not pass its limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// What is asked.
    pub kind: SignalKind,
    /// Above this the run slows down.
    pub max: f64,
}

/// What is asked of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignalKind {
    /// PostgreSQL: sessions of others that execute a statement.
    ActiveBackends,
    /// MySQL, MariaDB: threads of others that execute a statement.
    ThreadsRunning,
    /// Seconds by which replicas are behind, or this replica is.
    ReplicaLag,
    /// MySQL, MariaDB: the length of InnoDB's history list, which our snapshot keeps from being purged.
    HistoryLength,
    /// How many times as long the batches of a table take as in its first minutes. Not asked of the store.
    BatchLatency,
    /// A query of the user's that returns one number.
    Sql {
        /// What it is called.
        name: String,
        /// The query.
        sql: String,
    },
}

impl SignalKind {
    /// The name in the config and in reports.
    pub fn name(&self) -> &str {
        match self {
            Self::ActiveBackends => "active_backends",
            Self::ThreadsRunning => "threads_running",
            Self::ReplicaLag => "replica_lag",
            Self::HistoryLength => "history_length",
            Self::BatchLatency => "batch_latency",
            Self::Sql { name, .. } => name,
        }
    }
}

impl LoadPlan {
    /// The caps that hold at a moment.
    pub fn caps_at(&self, now: DateTime<Utc>) -> Caps {
        match &self.peak {
            Some(peak) if peak.windows.contain(&now.with_timezone(&peak.zone).naive_local()) => peak.caps,
            _ => self.caps,
        }
    }

    /// Whether somebody must look at clock or signals while the run goes on.
    pub fn is_watched(&self) -> bool {
        self.peak.is_some() || !self.signals.is_empty() || self.snapshot_age_max.is_some()
    }
}

impl Caps {
    /// The stricter one of each.
    pub fn min(self, other: Self) -> Self {
        let least = |one: Option<f64>, other: Option<f64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self {
            rows_per_second: least(self.rows_per_second, other.rows_per_second),
            bytes_per_second: least(self.bytes_per_second, other.bytes_per_second),
        }
    }
}

impl Default for SessionLimits {
    /// A statement that takes a day is lost; a lock that is held for a minute will be held for longer.
    fn default() -> Self {
        Self { statement: Some(Duration::from_secs(24 * 3600)), lock: Some(Duration::from_secs(60)) }
    }
}

impl Default for LoadPlan {
    fn default() -> Self {
        Self {
            caps: Caps::default(),
            peak: None,
            batch_rows_max: 10_000,
            batch_seconds: 0.5,
            floor_rows_per_second: 1000,
            signals: Vec::new(),
            ask_every: Duration::from_secs(2),
            snapshot_age_max: None,
            sessions: SessionLimits::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caps_of_the_peak_hold_in_its_windows_by_the_clock_of_its_zone() {
        let caps = |rows| Caps { rows_per_second: Some(rows), bytes_per_second: None };
        let windows = Windows::parse(["Mon-Fri 08:00-20:00"]).unwrap();
        let peak = Peak { windows, zone: Tz::Europe__Berlin, caps: caps(10.0) };
        let plan = LoadPlan { caps: caps(100.0), peak: Some(peak), ..LoadPlan::default() };
        let at = |text: &str| plan.caps_at(text.parse().unwrap()).rows_per_second.unwrap();
        // In summer Berlin is two hours ahead, in winter one.
        assert_eq!(at("2026-07-01T06:00:00Z"), 10.0);
        assert_eq!(at("2026-07-01T05:59:59Z"), 100.0);
        assert_eq!(at("2026-12-01T06:30:00Z"), 100.0);
        assert_eq!(at("2026-12-01T07:00:00Z"), 10.0);
        assert_eq!(at("2026-12-05T12:00:00Z"), 100.0, "a Saturday");
    }
}
