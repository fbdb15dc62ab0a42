//! What the user asks of a table, before it is known whether the stores can answer.

use chrono_tz::Tz;

use super::Pair;

/// A table pair that was asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableRequest {
    /// The names as asked for; matched like all names where they are not exact.
    pub names: Pair<String>,
    /// The key columns (source names); `None` takes the declared key.
    pub key: Option<Vec<String>>,
    /// Columns to leave out (source or target names).
    pub ignore: Vec<String>,
    /// Conditions on the rows, in each store's SQL.
    pub filters: Pair<Option<String>>,
    /// Columns that need to be told something.
    pub columns: Vec<ColumnRequest>,
}

/// What the user says about a column pair.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnRequest {
    /// The column's name in the source.
    pub source: String,
    /// Its name in the target, where it is not the same.
    pub target: Option<String>,
    /// The zone of its times without a zone.
    pub time_zone: Option<Tz>,
}
