//! The gate of a run: which differences are within limits, and which ones somebody vouches for.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::naming::{best_fit, fit};
use super::{Class, Counts, Severity, Share, TableResult};

/// What a config says about the gate. The default forgives nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GatePlan {
    /// The limits of the whole run.
    pub limits: Limits,
    /// The limits of tables, which go before those of the run.
    pub tables: Vec<TableLimits>,
    /// Who vouches for what.
    pub waivers: Vec<Waiver>,
}

/// What is allowed. What is not mentioned is not allowed at all; coverage and schema that are not mentioned are not judged.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// For each class, in the order of [`Class::ALL`].
    pub classes: [Option<Allowed>; 4],
    /// The least share of the existing tables that must be compared (only for the whole run).
    pub coverage_tables: Option<Share>,
    /// The least share of the existing columns that must be compared.
    pub coverage_columns: Option<Share>,
    /// From which severity on schema findings are differences.
    pub schema: Option<Severity>,
}

/// How many keys may differ. Where both are given, both must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// As a number.
    pub count: Option<u64>,
    /// As a share of the rows: the source's, for unexpected keys the target's.
    pub share: Option<Share>,
}

/// The limits of the tables that a name or pattern means.
#[derive(Debug, Clone, PartialEq)]
pub struct TableLimits {
    /// A table's name on either side, or a pattern.
    pub table: String,
    /// What is allowed there.
    pub limits: Limits,
    /// In how many rows a column (a name or a pattern) may differ.
    pub columns: Vec<(String, Allowed)>,
}

/// Somebody vouches for differences until a day. All that is given must hold of a difference for it to be covered.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiver {
    /// Who.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day, in UTC.
    pub until: NaiveDate,
    /// The table, by name or pattern; `None` for all.
    pub table: Option<String>,
    /// The column, by name or pattern.
    pub column: Option<String>,
    /// The cause, by its word.
    pub cause: Option<String>,
    /// The keys, written as in `differences.csv`.
    pub keys: Option<Vec<String>>,
}

/// What became of a limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitResult {
    /// The table whose limit it is; `null` for the whole run.
    pub table: Option<String>,
    /// The column whose limit it is.
    pub column: Option<String>,
    /// A class, `coverage_tables`, `coverage_columns` or `schema`.
    pub limit: String,
    /// The most (for coverage: the least) that is allowed, as a number.
    pub allowed: Option<u64>,
    /// The same as a share.
    pub allowed_share: Option<Share>,
    /// What was found: keys, findings, or what was compared.
    pub found: u64,
    /// Out of how many.
    pub of: u64,
    /// By how much the limit is broken; 0 where it holds.
    pub over: u64,
    /// Whether it is broken.
    pub broken: bool,
}

/// What became of a waiver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaiverResult {
    /// Who vouches.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day, `YYYY-MM-DD`.
    pub until: String,
    /// Whether that day has passed: then it covers nothing any more.
    pub expired: bool,
    /// The table; `null` for all.
    pub table: Option<String>,
    /// The column.
    pub column: Option<String>,
    /// The cause.
    pub cause: Option<String>,
    /// How many keys it names.
    pub keys: Option<u64>,
    /// How many differences it covers; where it has expired, how many count again.
    pub differences: u64,
}

/// What of a table's differences is waived.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Waived {
    /// Keys by class. They are part of the table's counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// Columns without a counterpart that are waived.
    pub columns: Vec<String>,
    /// Who vouches, why and until when.
    pub by: Vec<String>,
    /// The first of the days until which.
    pub until: String,
}

impl GatePlan {
    /// Whether it forgives and demands nothing, as without a config.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// The limits of the table with these names, as far as `has` finds in them what it looks for: the nearest entry that has it.
    pub fn of_table<'a, T>(&'a self, names: &[&str], has: impl Fn(&'a TableLimits) -> Option<T>) -> Option<T> {
        let having: Vec<(&TableLimits, T)> = self.tables.iter().filter_map(|one| Some((one, has(one)?))).collect();
        let at = best_fit(having.iter().map(|(one, _)| one.table.as_str()), names)?;
        having.into_iter().nth(at).map(|(_, found)| found)
    }

    /// In how many rows a column of the table with these names may differ, where it has a limit of its own.
    pub fn of_column(&self, names: &[&str], column: &[&str]) -> Option<Allowed> {
        self.of_table(names, |one| {
            let at = best_fit(one.columns.iter().map(|(name, _)| name.as_str()), column)?;
            Some(one.columns[at].1)
        })
    }
}

impl Allowed {
    /// The most keys out of `rows` that are within both bounds.
    pub fn most(&self, rows: u64) -> u64 {
        let of_share = self.share.map_or(u64::MAX, |share| share.most(rows));
        self.count.unwrap_or(u64::MAX).min(of_share)
    }
}

impl Limits {
    /// The limit of a class.
    pub fn of(&self, class: Class) -> Option<Allowed> {
        self.classes[class as usize]
    }
}

impl Waiver {
    /// Whether it has ended before `today`.
    pub fn is_expired(&self, today: NaiveDate) -> bool {
        today > self.until
    }

    /// Whether it is about the table with these names.
    pub fn is_about(&self, names: &[&str]) -> bool {
        self.table.as_ref().is_none_or(|table| fit(table, names.iter().copied()).is_some())
    }

    /// Whether it covers the column with these names as a whole: not only some keys or a cause of it.
    pub fn covers_column(&self, column: &[&str]) -> bool {
        let fits = self.column.as_ref().is_none_or(|written| fit(written, column.iter().copied()).is_some());
        fits && self.covers_all_keys()
    }

    /// Whether it covers everything about its tables.
    pub fn covers_table(&self) -> bool {
        self.column.is_none() && self.covers_all_keys()
    }

    /// Who vouches, why and until when.
    pub fn described(&self) -> String {
        format!("{}: {} (until {})", self.owner, self.reason, self.until)
    }

    fn covers_all_keys(&self) -> bool {
        self.keys.is_none() && self.cause.is_none()
    }
}

impl LimitResult {
    /// Which limit, what was found and by how much it is broken, in a sentence without a full stop.
    pub fn described(&self) -> String {
        let subject = match (&self.table, &self.column) {
            (Some(table), Some(column)) => format!("{table}.{column}"),
            (Some(table), None) => table.clone(),
            (None, _) => "the run".to_owned(),
        };
        let Self { found, of, over, .. } = self;
        let mut bounds: Vec<String> = self.allowed.iter().map(u64::to_string).collect();
        bounds.extend(self.allowed_share.map(|share| format!("{share} of {of}")));
        let bounds = if bounds.is_empty() { "0".to_owned() } else { bounds.join(" and ") };
        match self.limit.as_str() {
            "coverage_tables" | "coverage_columns" => {
                let what = self.limit.trim_start_matches("coverage_");
                format!("{subject}: {found} of {of} {what} compared, the limit is {bounds}: {over} too few")
            }
            "schema" => format!("{subject}: {found} schema findings, the limit is {bounds}: {over} over"),
            class => format!("{subject}: {found} {class}, the limit is {bounds}: {over} over"),
        }
    }
}

impl WaiverResult {
    /// That it has expired and what that means, for people.
    pub fn lapse(&self) -> Option<String> {
        let subject = self.table.as_deref().unwrap_or("all tables");
        let subject = self.column.as_ref().map_or(subject.to_owned(), |column| format!("{subject}.{column}"));
        self.expired.then(|| {
            format!(
                "the waiver of {} for {subject} expired after {}: {} differences count again",
                self.owner, self.until, self.differences
            )
        })
    }
}

impl TableResult {
    /// All names this table goes by.
    pub fn names(&self) -> Vec<&str> {
        super::naming::names_of_table(&self.name, self.source.as_deref(), self.target.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_limit_that_says_something_is_taken() {
        let count = |count| Some(Allowed { count: Some(count), share: None });
        let of = |table: &str, missing, corrupt| TableLimits {
            table: table.into(),
            limits: Limits { classes: [missing, None, None, corrupt], ..Limits::default() },
            columns: vec![],
        };
        let gate =
            GatePlan { tables: vec![of("*", count(1), count(2)), of("orders", count(3), None)], ..GatePlan::default() };
        let most = |class| gate.of_table(&["orders"], |one| one.limits.of(class)).map(|allowed| allowed.most(100));
        assert_eq!(most(Class::Missing), Some(3));
        assert_eq!(most(Class::Corrupt), Some(2), "what the nearest leaves open, the pattern says");
        assert_eq!(most(Class::Duplicate), None);
    }

    #[test]
    fn a_count_and_a_share_must_both_hold() {
        let allowed = Allowed { count: Some(10), share: Share::parse("0.1%") };
        assert_eq!((allowed.most(1_000), allowed.most(1_000_000)), (1, 10));
    }
}
