//! How a table did in the runs of the history.

use serde::{Deserialize, Serialize};

use crate::model::Verdict;

/// One run of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrendPoint {
    /// When the run started: RFC 3339 in UTC.
    pub started: String,
    /// The keys that differed, of all classes.
    pub differences: u64,
    /// How long the table took.
    pub seconds: f64,
    /// The verdict on the table.
    pub verdict: Verdict,
}
