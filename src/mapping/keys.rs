//! What the key of a table pair is.

use super::columns::unknown_column;
use crate::error::{Error, Result};
use crate::model::{ColumnStatus, Key, Pair, Side, TablePlan};

/// Chooses the key: the columns asked for, else the best declared key whose columns can all be compared (primary before
/// unique, without nullable columns before with, the source's before the target's). Returns positions in
/// `plan.columns`; none where neither table declares a key. The inner error says why the table cannot be compared.
pub fn choose_key(plan: &TablePlan, asked: Option<&[String]>) -> Result<std::result::Result<Vec<usize>, String>> {
    if let Some(asked) = asked {
        return asked_key(plan, asked);
    }
    let mut declared: Vec<(Side, &Key)> =
        Side::BOTH.into_iter().flat_map(|side| plan.tables.get(side).keys.iter().map(move |key| (side, key))).collect();
    if declared.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    // Stable: the source's keys stay before the target's.
    declared.sort_by_key(|(_, key)| (!key.primary, !key.enforced));
    let mut first_problem = None;
    for (side, key) in declared {
        let positions: Option<Vec<usize>> = key.columns.iter().map(|name| position(plan, side, name)).collect();
        match positions.map(|positions| usable(plan, &positions).map(|()| positions)) {
            Some(Ok(positions)) => return Ok(Ok(positions)),
            Some(Err(why)) => first_problem = first_problem.or(Some(why)),
            None => {}
        }
    }
    let why = first_problem.unwrap_or_else(|| "its columns have no counterpart".into());
    Ok(Err(format!("no declared key can be compared ({why}); choose one with --key")))
}

/// For each side, whether its store forbids two rows with the same key.
pub fn enforced(plan: &TablePlan, key: &[usize]) -> Pair<bool> {
    // Two keys that a store takes for different may be one under a rule.
    let plain = key.iter().all(|at| {
        let compared = plan.columns[*at].compared.as_ref();
        compared.is_some_and(|c| c.rules.is_none() && c.expressions.source.is_none() && c.expressions.target.is_none())
    });
    Pair::from_fn(|side| {
        !key.is_empty()
            && plain
            && plan.more.get(side).is_empty()
            && plan.tables.get(side).keys.iter().filter(|k| k.enforced).any(|declared| {
                declared.columns.iter().all(|name| position(plan, side, name).is_some_and(|at| key.contains(&at)))
            })
    })
}

fn asked_key(plan: &TablePlan, asked: &[String]) -> Result<std::result::Result<Vec<usize>, String>> {
    let mut positions = Vec::new();
    for name in asked {
        let found = position(plan, Side::Source, name)
            .or_else(|| position(plan, Side::Target, name))
            .or_else(|| {
                let mut near = (0..plan.columns.len()).filter(|i| plan.columns[*i].name.eq_ignore_ascii_case(name));
                near.next().filter(|_| near.next().is_none())
            })
            .ok_or_else(|| {
                unknown_column(name, "in the key", &plan.name, plan.columns.iter().map(|c| c.name.as_str()))
            })?;
        if plan.columns[found].status == ColumnStatus::Ignored {
            return Err(Error::usage(format!("column {name} is both a key column and ignored"))
                .at(format!("table {}", plan.name))
                .hint("take it out of one of the two lists"));
        }
        if !positions.contains(&found) {
            positions.push(found);
        }
    }
    Ok(usable(plan, &positions).map(|()| positions))
}

fn position(plan: &TablePlan, side: Side, name: &str) -> Option<usize> {
    plan.columns.iter().position(|column| match side {
        Side::Source => column.name == name && column.status != ColumnStatus::MissingInSource,
        Side::Target => column.target.as_deref() == Some(name),
    })
}

fn usable(plan: &TablePlan, positions: &[usize]) -> std::result::Result<(), String> {
    for at in positions {
        let column = &plan.columns[*at];
        if column.status != ColumnStatus::Compared {
            let detail = column.findings.last().map(|f| format!(": {f}")).unwrap_or_default();
            return Err(format!("key column {} is {}{detail}", column.name, column.status.name().replace('_', " ")));
        }
    }
    Ok(())
}
