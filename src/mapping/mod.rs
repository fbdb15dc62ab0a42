//! The mapping: which table and column meets which, as what type each pair is compared, and what the key is. Decided
//! before a row is read, shown in the report.
//!
//! - [`names`]: how a name finds its counterpart.
//! - [`pairs`]: the table of type pairs.
//! - [`tables`]: which tables meet; [`columns`]: which columns; [`keys`]: what the key is.
//! - [`mod@layout`]: which columns the row digests cover, and in which order.

pub mod columns;
pub mod keys;
pub mod layout;
pub mod names;
pub mod pairs;
pub mod tables;

use chrono_tz::Tz;

use crate::error::Result;
use crate::model::{ColumnStatus, Pair, Side, Table, TableOutcome, TablePlan, TableResult, Verdict};

pub use layout::{layout, own_layout};
pub use tables::{TableMatch, match_tables, request_tables};

/// A table that was asked for, with what the stores say of it.
#[derive(Debug, Clone)]
pub struct Described {
    /// Names and request.
    pub asked: TableMatch,
    /// The tables; `None` where a side has none.
    pub tables: Pair<Option<Table>>,
}

/// Decides for every table what will be compared. `zones` are the zones of the stores' times without a zone.
///
/// Fails on requests that make no sense: an unknown column, an ambiguous name.
pub fn plan_tables(described: Vec<Described>, zones: Pair<Option<Tz>>) -> Result<Vec<TableOutcome>> {
    columns::check_ignored(&described)?;
    described.into_iter().map(|one| plan_table(one, zones)).collect()
}

fn plan_table(described: Described, zones: Pair<Option<Tz>>) -> Result<TableOutcome> {
    let Described { asked, tables } = described;
    let (source, target) = match (tables.source, tables.target) {
        (Some(source), Some(target)) => (source, target),
        (source, target) => {
            let there = if source.is_some() { Side::Source } else { Side::Target };
            let result = one_sided(&asked, source.or(target), there);
            return Ok(TableOutcome::Settled(Box::new(result)));
        }
    };
    let tables = Pair::new(source, target);
    let columns = columns::map_columns(&asked, tables.as_ref(), zones)?;
    let mut plan = TablePlan {
        name: asked.name.clone(),
        tables,
        filters: asked.request.filters.clone(),
        columns,
        key: Vec::new(),
        key_enforced: Pair::default(),
        findings: asked.findings.clone(),
        schema: Vec::new(),
    };
    match keys::choose_key(&plan, asked.request.key.as_deref())? {
        Ok(key) => {
            plan.key_enforced = keys::enforced(&plan, &key);
            plan.key = key;
        }
        Err(why) => return Ok(settled(plan, why)),
    }
    if plan.compared().next().is_none() {
        return Ok(settled(plan, "no column of the two tables can be compared".into()));
    }
    Ok(TableOutcome::Compare(Box::new(plan)))
}

/// A table that cannot be compared: it differs where the source has a column that the target lacks, else it is open.
fn settled(plan: TablePlan, why: String) -> TableOutcome {
    let mut result = plan.result();
    let lost = plan.columns.iter().any(|c| c.status == ColumnStatus::MissingInTarget);
    result.verdict = if lost { Verdict::Differ } else { Verdict::Undecided };
    result.reason = Some(why);
    TableOutcome::Settled(Box::new(result))
}

fn one_sided(asked: &TableMatch, table: Option<Table>, there: Side) -> TableResult {
    let mut result = asked.result();
    match table {
        Some(table) => {
            result.verdict = Verdict::Differ;
            result.reason =
                Some(format!("only the {there} has this table; the {} has none of this name", there.other()));
            result.columns = columns::of_one_side(&table, there);
        }
        None => result.reason = Some("neither store has a table of this name".into()),
    }
    result
}
