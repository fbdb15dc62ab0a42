//! Limits and waivers name tables and columns: one that is nowhere is a slip, and found before a row is read.

use crate::config::RunPlan;
use crate::error::{Error, Result};
use crate::mapping::names::nearest;
use crate::model::naming::{fit, is_pattern};
use crate::model::{TableOutcome, TableResult};

/// Fails on a limit or waiver for a table or a column that no compared table has.
pub(super) fn check_gate(plan: &RunPlan, outcomes: &[TableOutcome]) -> Result<()> {
    let gate = &plan.options.gate;
    let tables: Vec<TableResult> = outcomes.iter().map(result).collect();
    let limits = gate.tables.iter().flat_map(|one| {
        let columns = one.columns.iter().map(|(column, _)| (Some(one.table.as_str()), Some(column.as_str())));
        std::iter::once((Some(one.table.as_str()), None)).chain(columns)
    });
    let waivers = gate.waivers.iter().map(|one| (one.table.as_deref(), one.column.as_deref()));
    for (table, column) in limits.chain(waivers) {
        let meant = |one: &&TableResult| table.is_none_or(|table| fit(table, one.names()).is_some());
        let meant: Vec<&TableResult> = tables.iter().filter(meant).collect();
        if meant.is_empty() {
            // Named tables were checked with the config; of them, `--table` may have chosen others.
            let all = plan.tables.is_none() && !tables.is_empty();
            if let Some(table) = table.filter(|table| all && !is_pattern(table)) {
                let near = nearest(table, tables.iter().map(|one| one.name.as_str()));
                return Err(slip(
                    format!("a limit or waiver is for the table {table:?}, which neither store has"),
                    near,
                ));
            }
            continue;
        }
        let Some(column) = column.filter(|column| !is_pattern(column)) else { continue };
        let mut known = meant.iter().flat_map(|one| &one.columns).peekable();
        if known.peek().is_some() && !known.clone().any(|one| fit(column, one.names()).is_some()) {
            let near = nearest(column, known.map(|one| one.name.as_str()));
            let table = table.unwrap_or("any table");
            return Err(slip(
                format!("a limit or waiver is for the column {column:?}, which {table} does not have"),
                near,
            ));
        }
    }
    Ok(())
}

fn slip(what: String, near: Option<&str>) -> Error {
    let hint = near
        .map_or_else(|| "see [limits] and [[waivers]] in the config".into(), |near| format!("did you mean {near}?"));
    Error::usage(what).hint(hint)
}

fn result(outcome: &TableOutcome) -> TableResult {
    match outcome {
        TableOutcome::Compare(plan) => plan.result(),
        TableOutcome::Settled(result) => (**result).clone(),
    }
}
