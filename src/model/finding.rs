//! A difference between two schemas, as a result of its own: it does not touch the verdict on the data.

use serde::{Deserialize, Serialize};

use super::{Pair, StoreIdentity};

/// How much a difference matters, from the least to the most: the order of the variants, which a limit may compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know: another type that holds everything, another name of a rule.
    Note,
    /// The two behave differently, but each holds what the other holds.
    Different,
    /// The target refuses what the source allows.
    Stricter,
    /// The target can hold less: values may be lost.
    Lossy,
}

impl Severity {
    /// From the most to the least.
    pub const ALL: [Severity; 4] = [Severity::Lossy, Severity::Stricter, Severity::Different, Severity::Note];

    /// The word of reports.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Different => "different",
            Severity::Stricter => "stricter",
            Severity::Lossy => "lossy",
        }
    }
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemaObject {
    /// A whole table.
    Table,
    /// A column.
    Column,
    /// The primary key.
    PrimaryKey,
    /// A unique key.
    UniqueKey,
    /// A foreign key.
    ForeignKey,
    /// An index.
    Index,
    /// A check constraint.
    Check,
}

impl SchemaObject {
    /// The word of reports.
    pub fn name(self) -> &'static str {
        match self {
            SchemaObject::Table => "table",
            SchemaObject::Column => "column",
            SchemaObject::PrimaryKey => "primary key",
            SchemaObject::UniqueKey => "unique key",
            SchemaObject::ForeignKey => "foreign key",
            SchemaObject::Index => "index",
            SchemaObject::Check => "check",
        }
    }
}

/// In what the two sides of the object differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// The target lacks it.
    Missing,
    /// Only the target has it.
    Extra,
    /// Type.
    Type,
    /// Length.
    Length,
    /// How large numbers or moments may be.
    Range,
    /// Digits, decimals of a second.
    Precision,
    /// Character set.
    Characters,
    /// NOT NULL.
    Null,
    /// Default.
    Default,
    /// Numbering of new rows.
    Numbering,
    /// Generated column.
    Generated,
    /// What an update fills in.
    Update,
    /// Collation.
    Collation,
    /// The columns of a key, or their order.
    Columns,
    /// What a foreign key refers to.
    Reference,
    /// What happens on deletion of the referenced row.
    OnDelete,
    /// What happens on change of the referenced key.
    OnUpdate,
    /// How a condition is written.
    Condition,
}

/// One difference between the schemas of a table pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaFinding {
    /// How much it matters.
    pub severity: Severity,
    /// What it is about.
    pub object: SchemaObject,
    /// Which one: a table or column by its name in the source (in the target where only that has it), a key or index by
    /// its columns, a check by its condition.
    pub name: String,
    /// In what the sides differ.
    pub aspect: Aspect,
    /// What the source says; `null` where it says nothing.
    pub source: Option<String>,
    /// What the target says.
    pub target: Option<String>,
    /// One sentence in plain words, without a full stop.
    pub text: String,
}

impl SchemaFinding {
    /// Whether a limit of this severity is reached.
    pub fn reaches(&self, limit: Severity) -> bool {
        self.severity >= limit
    }
}

/// What `tieout schema` found: its JSON is this, to the letter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SchemaReport {
    /// [`SCHEMA_FORMAT`].
    pub format: String,
    /// tieout's version.
    pub version: String,
    /// The source.
    pub source: StoreIdentity,
    /// The target.
    pub target: StoreIdentity,
    /// Findings of this severity and above make the exit code 1.
    pub limit: Severity,
    /// The exit code.
    pub exit_code: u8,
    /// How many findings there are of each severity.
    pub counts: SeverityCounts,
    /// The tables, in name order.
    pub tables: Vec<SchemaTable>,
}

/// How many findings there are of each severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeverityCounts {
    /// Findings `lossy`.
    pub lossy: u64,
    /// Findings `stricter`.
    pub stricter: u64,
    /// Findings `different`.
    pub different: u64,
    /// Findings `note`.
    pub note: u64,
}

impl SeverityCounts {
    /// Counts findings.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a SchemaFinding>) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            match finding.severity {
                Severity::Lossy => counts.lossy += 1,
                Severity::Stricter => counts.stricter += 1,
                Severity::Different => counts.different += 1,
                Severity::Note => counts.note += 1,
            }
        }
        counts
    }

    /// The count of one severity.
    pub fn get(&self, severity: Severity) -> u64 {
        match severity {
            Severity::Lossy => self.lossy,
            Severity::Stricter => self.stricter,
            Severity::Different => self.different,
            Severity::Note => self.note,
        }
    }
}

/// A table of a [`SchemaReport`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SchemaTable {
    /// The name in reports.
    pub name: String,
    /// The names in the stores; `null` where a side has no such table.
    #[serde(flatten)]
    pub tables: Pair<Option<String>>,
    /// Why its schemas could not be compared; `null` where they were.
    pub failure: Option<String>,
    /// The findings, the gravest first.
    pub findings: Vec<SchemaFinding>,
}

/// The format of [`SchemaReport`].
pub const SCHEMA_FORMAT: &str = "tieout-schema/1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_ordered_by_what_may_be_lost() {
        assert!(Severity::Lossy > Severity::Stricter && Severity::Stricter > Severity::Different);
        assert!(Severity::Different > Severity::Note);
        assert!(Severity::ALL.windows(2).all(|pair| pair[0] > pair[1]));
    }
}
