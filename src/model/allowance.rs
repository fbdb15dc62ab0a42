//! What a config allows that a stricter one would not: two runs are held against each other by these.

use serde::{Deserialize, Serialize};

use super::naming::{best_fit, fit};

/// One thing that a config allows, and how much of it. What is not listed is not allowed: its amount is 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Allowance {
    /// The table that it is about, by name or pattern; `null` for the whole run and for tables without an entry of their own.
    pub table: Option<String>,
    /// What is allowed.
    pub what: String,
    /// How much of it; more is laxer.
    pub amount: f64,
}

impl Allowance {
    /// An allowance.
    pub fn new(table: Option<&str>, what: impl Into<String>, amount: f64) -> Self {
        Self { table: table.map(Into::into), what: what.into(), amount }
    }
}

/// The amount that stands for "as much as there is".
pub const NO_LIMIT: f64 = 1e300;

/// The allowance for rows that a sample leaves out.
pub const NOT_SAMPLED: &str = "share of rows left out of the sample";

/// What `later` allows for the table with these names (without names: for the run) that `earlier` does not, in words.
pub fn laxer(earlier: &[Allowance], later: &[Allowance], names: &[&str]) -> Vec<String> {
    let concerns =
        |one: &&Allowance| one.table.as_ref().is_none_or(|table| fit(table, names.iter().copied()).is_some());
    let mut all: Vec<&str> = earlier.iter().chain(later).filter(concerns).map(|one| one.what.as_str()).collect();
    all.sort_unstable();
    all.dedup();
    let words = all.into_iter().filter_map(|what| {
        let (before, after) = (amount(earlier, what, names), amount(later, what, names));
        is_more(after, before).then(|| format!("{what} ({} after {})", shown(after), shown(before)))
    });
    words.collect()
}

/// How much of something is allowed: the nearest entry says it.
fn amount(allowances: &[Allowance], what: &str, names: &[&str]) -> f64 {
    let alike: Vec<&Allowance> = allowances.iter().filter(|one| one.what == what).collect();
    let own: Vec<&Allowance> = alike.iter().filter(|one| one.table.is_some()).copied().collect();
    let written = own.iter().filter_map(|one| one.table.as_deref());
    match best_fit(written, names) {
        Some(at) => own[at].amount,
        None => alike.iter().find(|one| one.table.is_none()).map_or(0.0, |one| one.amount),
    }
}

/// An amount that was written and read again may be off by the last digit.
fn is_more(after: f64, before: f64) -> bool {
    after > before * (1.0 + 1e-12)
}

fn shown(amount: f64) -> String {
    if amount >= NO_LIMIT / 2.0 { "no limit".into() } else { amount.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(table: Option<&str>, what: &str, amount: f64) -> Allowance {
        Allowance::new(table, what, amount)
    }

    #[test]
    fn more_of_anything_is_laxer_and_less_is_not() {
        let strict = [of(None, "missing", 1.0)];
        let lax = [of(None, "missing", 2.0), of(Some("orders"), "ignored note", 1.0)];
        assert_eq!(laxer(&strict, &lax, &["orders"]), ["ignored note (1 after 0)", "missing (2 after 1)"]);
        assert_eq!(laxer(&strict, &lax, &["customers"]), ["missing (2 after 1)"]);
        assert!(laxer(&lax, &strict, &["orders"]).is_empty());
    }

    #[test]
    fn a_stricter_limit_of_a_table_that_is_gone_is_laxer() {
        let strict = [of(None, "missing", 10.0), of(Some("orders"), "missing", 0.0)];
        let lax = [of(None, "missing", 10.0)];
        assert_eq!(laxer(&strict, &lax, &["orders"]), ["missing (10 after 0)"]);
        assert!(laxer(&strict, &lax, &["customers"]).is_empty());
    }
}
