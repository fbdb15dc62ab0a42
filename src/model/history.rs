//! What the history keeps of a run.

use serde::{Deserialize, Serialize};

use super::{Allowance, Counts, Pair, Verdict};

/// A run in the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The place in the order in which runs were started.
    pub sequence: i64,
    /// What was known when it was started.
    pub start: RunStart,
    /// How it ended; `null` while it goes on, and for ever where it broke off.
    pub end: Option<RunEnd>,
}

/// A run that is started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunStart {
    /// The run's id.
    pub id: String,
    /// RFC 3339 in UTC.
    pub started: String,
    /// tieout's version.
    pub version: String,
    /// The stores as the config has them, without passwords.
    pub stores: Pair<String>,
    /// The SHA-256 of what the config means.
    pub config: String,
    /// What makes the config laxer than the strictest one.
    pub allowances: Vec<Allowance>,
    /// `full` or `sample`.
    pub mode: String,
    /// The share that is sampled.
    pub sample: Option<String>,
}

/// A run that came to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEnd {
    /// RFC 3339 in UTC.
    pub finished: String,
    /// The verdict on everything.
    pub verdict: Verdict,
    /// Why, where no table says it.
    pub reason: Option<String>,
    /// How much was compared.
    pub coverage: Coverage,
    /// The tables, in name order.
    pub tables: Vec<TableRecord>,
}

/// How much of what exists was compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Tables of both stores.
    pub tables: Covered,
    /// Columns of the tables that were asked for.
    pub columns: Covered,
}

/// How many of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// Compared.
    pub compared: u64,
    /// Existing on either side.
    pub existing: u64,
}

/// A table of a run in the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableRecord {
    /// The name in reports.
    pub name: String,
    /// The source's table.
    pub source: Option<String>,
    /// The target's table.
    pub target: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<String>,
    /// Keys by class, the waived ones among them.
    #[serde(flatten)]
    pub counts: Counts,
    /// The waived ones.
    pub waived: Counts,
    /// The first of the days until which they are waived, `YYYY-MM-DD`; `null` where nothing is.
    pub waived_until: Option<String>,
    /// Rows read on each side.
    pub rows: Pair<Option<u64>>,
    /// The columns that were compared.
    pub compared: Vec<String>,
    /// The columns that exist on either side.
    pub existing: Vec<String>,
    /// The seconds it took.
    pub seconds: f64,
}
