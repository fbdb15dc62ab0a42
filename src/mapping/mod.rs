//! The mapping: which table and column meets which, as what type each pair is compared, and what the key is. Decided
//! before a row is read, shown in the report.
//!
//! - [`names`]: how a name finds its counterpart.
//! - [`pairs`]: the table of type pairs.
//! - [`tables`]: which tables meet; [`columns`]: which columns; [`keys`]: what the key is.
//! - `age`: which column says when a row was changed last, where that matters.
//! - [`mod@layout`]: which columns the row digests cover, and in which order.

mod age;
pub mod columns;
pub mod keys;
pub mod layout;
pub mod names;
pub mod pairs;
mod rules;
pub mod tables;

use chrono_tz::Tz;

use crate::error::{Error, Result};
use crate::model::{
    ColumnRequest, ColumnStatus, Pair, Side, Table, TableOutcome, TablePlan, TableResult, Verdict, fits,
};

pub use layout::{layout, own_layout};
pub use tables::{TableMatch, match_tables, request_and_match_tables, request_tables};

/// A table that was asked for, with what the stores say of it.
#[derive(Debug, Clone)]
pub struct Described {
    /// Names and request.
    pub asked: TableMatch,
    /// The tables; `None` where a side has none.
    pub tables: Pair<Option<Table>>,
    /// The further tables of a side whose rows are spread over several.
    pub more: Pair<Vec<Table>>,
}

/// Decides for every table what will be compared. `zones` are the zones of the stores' times without a zone.
///
/// Fails on requests that make no sense: an unknown column, an ambiguous name.
pub fn plan_tables(described: Vec<Described>, zones: Pair<Option<Tz>>) -> Result<Vec<TableOutcome>> {
    columns::check_ignored(&described)?;
    described.into_iter().map(|one| plan_table(one, zones)).collect()
}

fn plan_table(described: Described, zones: Pair<Option<Tz>>) -> Result<TableOutcome> {
    let Described { asked, tables, more } = described;
    let (source, target) = match (tables.source, tables.target) {
        (Some(source), Some(target)) => (source, target),
        (source, target) => {
            let there = if source.is_some() { Side::Source } else { Side::Target };
            let result = one_sided(&asked, source.or(target), there);
            return Ok(TableOutcome::Settled(Box::new(result)));
        }
    };
    let tables = Pair::new(source, target);
    check_more(&asked, &tables, &more)?;
    let columns = columns::map_columns(&asked, tables.as_ref(), zones)?;
    let mut plan = TablePlan {
        name: asked.name.clone(),
        tables,
        more: more.clone(),
        filters: asked.request.filters.clone(),
        columns,
        key: Vec::new(),
        key_enforced: Pair::default(),
        age: None,
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
    tolerances_outside_of_the_key(&mut plan, &asked)?;
    match age::age(&plan, &asked, zones)? {
        Ok(age) => plan.age = age,
        Err(why) => plan.findings.push(why),
    }
    if plan.compared().next().is_none() {
        return Ok(settled(plan, "no column of the two tables can be compared".into()));
    }
    Ok(TableOutcome::Compare(Box::new(plan)))
}

/// Tables that are read as one must have the same columns.
fn check_more(asked: &TableMatch, tables: &Pair<Table>, more: &Pair<Vec<Table>>) -> Result<()> {
    for side in Side::BOTH {
        let first = tables.get(side);
        for other in more.get(side) {
            let named =
                |table: &Table| table.columns.iter().map(|c| (c.name.clone(), c.canonical.clone())).collect::<Vec<_>>();
            let (one, two) = (named(first), named(other));
            let unmet = one.iter().find(|c| !two.contains(c)).or(two.iter().find(|c| !one.contains(c)));
            if let Some((name, canonical)) = unmet {
                let what = format!("{} and {} cannot be read as one table", first.name, other.name);
                return Err(Error::usage(format!(
                    "{what}: only one of them has column {name} as {}",
                    canonical.label()
                ))
                .at(format!("{side}, table {}", asked.name))
                .hint("tables of a list must have the same columns with the same types"));
            }
            if one != two {
                return Err(Error::usage(format!(
                    "{} and {} have their columns in different orders",
                    first.name, other.name
                ))
                .at(format!("{side}, table {}", asked.name))
                .hint("compare them one by one, or through a view that puts the columns in one order"));
            }
        }
    }
    Ok(())
}

/// Rows meet by equal keys: a key column can have no tolerance.
fn tolerances_outside_of_the_key(plan: &mut TablePlan, asked: &TableMatch) -> Result<()> {
    for at in plan.key_columns() {
        let column = &mut plan.columns[at];
        let Some(compared) = column.compared.as_mut().filter(|compared| compared.tolerance.is_some()) else { continue };
        let is_meant = |request: &&ColumnRequest| request.strict && request.tolerance.is_some();
        let strict = asked.request.columns.iter().filter(is_meant).find(|request| fits(&request.source, &column.name));
        if let Some(request) = strict {
            let error = Error::usage(format!("column {} is part of the key, which can have no tolerance", column.name));
            return Err(error
                .at(&request.place.0)
                .hint("choose a key without it with key = […], or round it with scale"));
        }
        if let Some(tolerance) = compared.tolerance.take() {
            column.findings.retain(|finding| !finding.starts_with("tolerance: "));
            column
                .findings
                .push(format!("a key column has no tolerance: {} does not hold here", tolerance.described()));
        }
    }
    Ok(())
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
