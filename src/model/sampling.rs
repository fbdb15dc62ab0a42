//! Samples: what is asked for, and what a sample of a table proves.

use serde::{Deserialize, Serialize};

use super::Pair;

/// The sample that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// How much of each table.
    pub size: SampleSize,
    /// What the choice follows from: the same seed over the same keys gives the same choice.
    pub seed: u64,
    /// Whether a table whose sample differs is compared in full.
    pub escalate: bool,
}

/// How much of a table is sampled.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleSize {
    /// A share of it, above 0 and at most 1, and how it was written.
    Share(f64, String),
    /// As much as proves, where nothing differs, that no more than a share differs.
    Proof {
        /// The share that is not to be exceeded, above 0 and below 1.
        bound: f64,
        /// With what confidence, above 0 and below 1.
        confidence: f64,
        /// How it was written.
        written: String,
    },
}

impl SampleSize {
    /// As it was written.
    pub fn written(&self) -> &str {
        match self {
            SampleSize::Share(_, written) | SampleSize::Proof { written, .. } => written,
        }
    }
}

/// Numbers from one up to below another; open where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRange {
    /// The lowest number.
    pub from: Option<i128>,
    /// The first number above.
    pub to: Option<i128>,
}

/// What was chosen at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleUnit {
    /// Ranges of the key, read through its index.
    Ranges,
    /// Rows, by the hash of their key; all are read.
    Rows,
}

impl SampleUnit {
    /// `range` or `row`.
    pub fn noun(self) -> &'static str {
        match self {
            SampleUnit::Ranges => "range",
            SampleUnit::Rows => "row",
        }
    }
}

/// What the sample of a table proves of the whole table. Shares lie between 0 and 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleResult {
    /// What was chosen.
    pub unit: SampleUnit,
    /// How many of them.
    pub chosen: u64,
    /// Of how many; for rows those of the side that has more.
    pub total: u64,
    /// Chosen ones that differ; for rows, keys.
    pub differing: u64,
    /// The share of all that differ is at most this, with 95 % confidence.
    pub upper_95: f64,
    /// The same with 99 % confidence.
    pub upper_99: f64,
    /// The share of all that differ, as estimated.
    pub estimate: f64,
    /// Where that share lies with 95 % confidence.
    pub interval: [f64; 2],
    /// Rows that were read of each side.
    pub rows_read: Pair<u64>,
    /// Whether the sample differed and the table was compared in full after it: everything but this is of the full comparison.
    #[serde(default)]
    pub escalated: bool,
}
