//! Data that move while they are compared: what is asked, and what came of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{DigestColumn, Pair};

/// How much the moments may differ at which the two stores are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Consistency {
    /// One snapshot a store, one right after the other; what differs between them is a difference.
    #[default]
    Snapshot,
    /// As `snapshot`, and what differs is read again until it agrees, stands still or keeps changing.
    Eventual,
    /// As `snapshot`, but of both stores or not at all, and the target's only once it has passed the source's coordinate.
    Strong,
}

impl Consistency {
    /// All, in the order of their explanation.
    pub const ALL: [Consistency; 3] = [Consistency::Snapshot, Consistency::Eventual, Consistency::Strong];

    /// The word in configs and reports.
    pub fn name(self) -> &'static str {
        match self {
            Consistency::Snapshot => "snapshot",
            Consistency::Eventual => "eventual",
            Consistency::Strong => "strong",
        }
    }
}

/// How often keys that differ are read again, and how long to wait before each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recheck {
    /// How often a key must be found as it was before it counts as standing still; at least 1.
    pub times: u32,
    /// The shortest time between two readings of a key.
    pub after: Duration,
}

impl Default for Recheck {
    fn default() -> Self {
        Self { times: 5, after: Duration::from_secs(2) }
    }
}

impl Recheck {
    /// A change that takes longer than this to arrive is taken for one that is lost.
    pub fn lag_max(&self) -> Duration {
        self.after.saturating_mul(self.times)
    }
}

/// How long to wait until the target has passed the source's coordinate, and by which questions that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FencePlan {
    /// The user's own questions: what the source is asked once, and what the target is asked until it says yes. `None`
    /// asks the stores how the one replicates from the other.
    pub questions: Option<Pair<String>>,
    /// The longest time to wait.
    pub timeout: Duration,
}

impl Default for FencePlan {
    fn default() -> Self {
        Self { questions: None, timeout: Duration::from_secs(300) }
    }
}

/// Which rows of a table are too young to be compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgePlan {
    /// The least age in seconds.
    pub seconds: u64,
    /// The column of each side that says when a row was changed last, read as an instant. What is no instant is old.
    pub columns: Pair<DigestColumn>,
    /// For each side, the instant after which a row is too young: RFC 3339, by the store's own clock. Set once the
    /// snapshots are open.
    #[serde(default)]
    pub cut_offs: Option<Pair<String>>,
}

/// What became of the keys that differed when they were first read; in `summary.json` of a table whose data may move.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moving {
    /// Keys that differed at the first reading: the sum of those below.
    pub differed: u64,
    /// Keys that agreed when they were read again, or differed within their tolerance only: they were in flight.
    pub resolved: u64,
    /// Keys that stood still on both sides and differed all the time: the differences of the table.
    pub stable: u64,
    /// Keys that kept changing and never agreed: undecided.
    pub hot: u64,
    /// Keys that could not be read again: undecided. The counts and the files of differences show them as they were first read.
    pub not_rechecked: u64,
    /// Why they could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Keys left out because a row of either side is younger than `min_age`.
    pub too_young: u64,
    /// How often they were read again.
    pub rounds: u32,
    /// The first of the hot keys, as in `hot.csv`, which has them all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hot_keys: Vec<String>,
    /// The instants after which rows are too young, by each store's own clock; left out without `min_age`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_offs: Option<Pair<String>>,
}

impl Moving {
    /// How many keys are neither known to agree nor known to differ.
    pub fn undecided(&self) -> u64 {
        self.hot + self.not_rechecked
    }
}

/// How it was made sure that the target has all that the source's snapshot shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FenceResult {
    /// By what the target was known to have passed the source's coordinate; or why there was nothing to wait for.
    pub how: String,
    /// The coordinate of the source that the target has passed; `null` where there was none to wait for.
    pub passed: Option<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Whether the source went on while the target's snapshot was waited for; what differs is then read again.
    pub source_moved: bool,
}
