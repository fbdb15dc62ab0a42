//! What the gate demands of the history, and how it rules.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Verdict;

/// The stages of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The data was copied for the first time.
    Backfill,
    /// Both stores are written to.
    DualWrite,
    /// The target is about to become the truth.
    Cutover,
    /// The source is about to be dropped: the end of the rollback window.
    Cleanup,
}

/// How many of the rows must have been compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// All.
    All,
    /// As many as the config asks for.
    AsAsked,
    /// A sample will do.
    Sample,
}

/// What is demanded of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demands {
    /// The stage they are made for.
    pub phase: Option<Phase>,
    /// How far back it looks.
    pub window: Duration,
    /// The length of a period: in each, every table must have been compared. The window is a whole number of them.
    pub every: Duration,
    /// How many rows.
    pub rows: Rows,
    /// Whether every verdict of the window must be `match`, or only the last one of each table.
    pub every_verdict: bool,
    /// Whether within the window no config may become laxer and no coverage shrink.
    pub steady: bool,
    /// Whether differences within limits are differences all the same, unless they are waived.
    pub exact: bool,
}

/// The gate's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ruling {
    /// [`RULING_FORMAT`].
    pub format: String,
    /// `match`: it may go ahead.
    pub verdict: Verdict,
    /// The exit code.
    pub exit_code: u8,
    /// The stage that was asked about.
    pub phase: Option<Phase>,
    /// The window's begin, RFC 3339 in UTC.
    pub from: String,
    /// The window's end: the moment of the ruling.
    pub to: String,
    /// The length of a period in seconds.
    pub every_seconds: u64,
    /// The SHA-256 of what the config means.
    pub config: String,
    /// The tables of the config.
    pub tables: Vec<RuledTable>,
    /// Why it may not go ahead; empty where it may.
    pub reasons: Vec<Reason>,
}

/// A table in a ruling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuledTable {
    /// The name, as the config has it.
    pub name: String,
    /// How often it was compared within the window.
    pub comparisons: u64,
    /// The periods in which a comparison counts as proof.
    pub periods_proven: u64,
    /// All periods.
    pub periods: u64,
    /// When it was compared last.
    pub last: Option<String>,
}

/// Why it may not go ahead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// `differ` or `undecided`.
    pub verdict: Verdict,
    /// The tables; empty where it is about none in particular.
    pub tables: Vec<String>,
    /// The run's id.
    pub run: Option<String>,
    /// The moment, or the begin of the time, that it is about.
    pub at: Option<String>,
    /// What is wrong.
    pub what: String,
}

/// The format of [`Ruling`].
pub const RULING_FORMAT: &str = "tieout-gate/1";

impl Phase {
    /// The word of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Backfill => "backfill",
            Phase::DualWrite => "dual-write",
            Phase::Cutover => "cutover",
            Phase::Cleanup => "cleanup",
        }
    }
}

impl Demands {
    /// What is demanded where no stage is named.
    pub const PLAIN: Demands = Demands {
        phase: None,
        window: days(7),
        every: days(1),
        rows: Rows::AsAsked,
        every_verdict: true,
        steady: true,
        exact: false,
    };

    /// What a stage demands; docs/gate.md says why.
    pub fn of(phase: Phase) -> Self {
        let plain = Self { phase: Some(phase), ..Self::PLAIN };
        match phase {
            Phase::Backfill => Self { window: days(1), rows: Rows::All, every_verdict: false, steady: false, ..plain },
            Phase::DualWrite => Self { rows: Rows::Sample, ..plain },
            Phase::Cutover => Self { rows: Rows::All, ..plain },
            Phase::Cleanup => Self { window: days(14), rows: Rows::All, exact: true, ..plain },
        }
    }
}

const fn days(days: u64) -> Duration {
    Duration::from_secs(days * 24 * 60 * 60)
}
