//! What the user asks of a table, before it is known whether the stores can answer.

use std::time::Duration;

use chrono_tz::Tz;

use super::Pair;
use super::naming::{covers, is_pattern};
use crate::canonical::{Rules, Tolerance};

/// A table pair that was asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableRequest {
    /// The names as asked for; matched like all names where they are not exact.
    pub names: Pair<String>,
    /// The names of further tables of a side, whose rows are read as if they were in the first.
    pub more: Pair<Vec<String>>,
    /// The key columns (source names); `None` takes the declared key.
    pub key: Option<Vec<String>>,
    /// Columns to leave out: source or target names, or patterns.
    pub ignore: Vec<String>,
    /// Conditions on the rows, in each store's SQL.
    pub filters: Pair<Option<String>>,
    /// Columns that need to be told something; what comes first goes first.
    pub columns: Vec<ColumnRequest>,
    /// Rows that were changed last within this time are left out.
    pub min_age: Option<Duration>,
    /// The column (source name) that says when a row was changed last.
    pub updated_at: Option<String>,
}

/// What the user says about a column pair.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ColumnRequest {
    /// The column's name in the source, or a pattern for the names of either side.
    pub source: String,
    /// Its name in the target, where it is not the same.
    pub target: Option<String>,
    /// Whether it was asked of this very table: then the column must exist, and every rule must make sense for it.
    pub strict: bool,
    /// The zone of its times without a zone.
    pub time_zone: Option<Tz>,
    /// Why it is left out, where it is.
    pub ignore: Option<String>,
    /// What is asked of its values beyond their type.
    pub rules: Rules,
    /// How far apart its values may be.
    pub tolerance: Option<Tolerance>,
    /// SQL expressions that stand in place of a side's column.
    pub expressions: Pair<Option<String>>,
    /// Where it was written, for errors.
    pub place: Place,
}

/// Where a request was written. It is no part of what the request says: two requests are equal wherever they stand.
#[derive(Debug, Clone, Default)]
pub struct Place(pub String);

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What is asked of every table whose name fits one of some patterns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PatternRequest {
    /// Names or patterns; a table fits by its name on either side, with or without its schema.
    pub tables: Vec<String>,
    /// What is asked; its `names` mean nothing.
    pub request: TableRequest,
}

impl TableRequest {
    /// Takes from `lower` what is not asked here.
    pub fn under(&mut self, lower: &TableRequest) {
        if self.key.is_none() {
            self.key.clone_from(&lower.key);
        }
        for (own, lower) in
            [(&mut self.filters.source, &lower.filters.source), (&mut self.filters.target, &lower.filters.target)]
        {
            if own.is_none() {
                own.clone_from(lower);
            }
        }
        self.min_age = self.min_age.or(lower.min_age);
        if self.updated_at.is_none() {
            self.updated_at.clone_from(&lower.updated_at);
        }
        for name in &lower.ignore {
            if !self.ignore.contains(name) {
                self.ignore.push(name.clone());
            }
        }
        // Of two requests for the same column the first goes first, setting by setting.
        self.columns.extend(lower.columns.iter().cloned());
    }
}

impl PatternRequest {
    /// Whether a table of this name is meant.
    pub fn fits(&self, name: &super::TableName) -> bool {
        self.tables.iter().any(|one| fits(one, &name.name) || fits(one, &name.to_string()))
    }
}

/// Whether `name` is what `pattern` says: the same but for the case of ASCII letters, or fitting its `*` and `?`.
pub fn fits(pattern: &str, name: &str) -> bool {
    if is_pattern(pattern) { covers(pattern, name) } else { pattern.eq_ignore_ascii_case(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TableName;

    #[test]
    fn a_pattern_fits_with_and_without_the_schema_and_whatever_the_case() {
        let group = |text: &str| PatternRequest { tables: vec![text.into()], ..Default::default() };
        let name = TableName::in_schema("public", "Audit_2024");
        for fitting in ["audit_*", "public.audit_????", "AUDIT_2024", "*"] {
            assert!(group(fitting).fits(&name), "{fitting}");
        }
        for other in ["audit", "audit_?", "private.*"] {
            assert!(!group(other).fits(&name), "{other}");
        }
    }

    #[test]
    fn what_is_asked_goes_before_what_is_asked_of_all() {
        let mut own = TableRequest { ignore: vec!["a".into()], key: Some(vec!["id".into()]), ..Default::default() };
        let lower = TableRequest {
            key: Some(vec!["other".into()]),
            ignore: vec!["a".into(), "b".into()],
            filters: Pair::new(Some("x".into()), None),
            ..Default::default()
        };
        own.under(&lower);
        assert_eq!(own.key, Some(vec!["id".into()]));
        assert_eq!(own.ignore, ["a", "b"]);
        assert_eq!(own.filters, Pair::new(Some("x".into()), None));
    }
}
