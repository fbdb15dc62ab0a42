//! Which columns meet, and as what they are compared.

use chrono_tz::Tz;

use super::Described;
use super::names::{Nearness, match_names, nearest};
use super::pairs::{Shared, shared_type};
use super::tables::TableMatch;
use crate::error::{Error, Result};
use crate::model::{ColumnPlan, ColumnRequest, ColumnResult, ColumnStatus, ComparedColumn, Pair, Side, Table};

/// Maps every column of both tables: the source's in their order, then those only the target has.
pub fn map_columns(asked: &TableMatch, tables: Pair<&Table>, zones: Pair<Option<Tz>>) -> Result<Vec<ColumnPlan>> {
    let told = told_pairs(asked, tables)?;
    let open = |side: Side| -> Vec<usize> {
        (0..tables.get(side).columns.len()).filter(|at| !told.iter().any(|(pair, _)| pair.get(side) == at)).collect()
    };
    let (sources, targets) = (open(Side::Source), open(Side::Target));
    let names = |side: Side, at: &[usize]| -> Vec<&str> {
        at.iter().map(|i| tables.get(side).columns[*i].name.as_str()).collect()
    };
    let matches = match_names(&names(Side::Source, &sources), &names(Side::Target, &targets)).map_err(|found| {
        Error::usage(format!(
            "columns of table {} meet ambiguously: source {} against target {}",
            asked.name,
            found.source.join(", "),
            found.target.join(", ")
        ))
        .hint("name the pair under [[tables.columns]] in a config file, or leave the others out with --ignore")
    })?;

    let ignored = |name: &str| is_listed(&asked.request.ignore, name);
    let mut plans = Vec::new();
    for (at, column) in tables.source.columns.iter().enumerate() {
        let met = match told.iter().find(|(pair, _)| pair.source == at) {
            Some((pair, request)) => Some((pair.target, Nearness::Exact, Some(*request))),
            None => sources
                .iter()
                .position(|open| *open == at)
                .and_then(|open| matches.counterparts[open])
                .map(|(other, near)| (targets[other], near, None)),
        };
        let mut plan = ColumnPlan {
            name: column.name.clone(),
            target: met.map(|(other, ..)| tables.target.columns[other].name.clone()),
            status: ColumnStatus::MissingInTarget,
            compared: None,
            findings: Vec::new(),
        };
        if ignored(&column.name) || plan.target.as_deref().is_some_and(ignored) {
            plan.status = ColumnStatus::Ignored;
        } else if let Some((other, near, request)) = met {
            let counterpart = &tables.target.columns[other];
            plan.findings.extend(near.finding(&counterpart.name));
            let zone = request.and_then(|r: &ColumnRequest| r.time_zone);
            let zones = zones.map(|store| zone.or(store));
            match shared_type(Pair::new(column, counterpart), zones) {
                Shared::Type(comparison, findings) => {
                    plan.status = ColumnStatus::Compared;
                    plan.compared = Some(ComparedColumn { positions: Pair::new(at, other), comparison });
                    plan.findings.extend(findings);
                }
                Shared::Nothing(why) => {
                    plan.status = ColumnStatus::Incomparable;
                    plan.findings.push(why);
                }
            }
        }
        plans.push(plan);
    }
    for at in matches.left_over {
        let name = tables.target.columns[targets[at]].name.clone();
        let status = if ignored(&name) { ColumnStatus::Ignored } else { ColumnStatus::MissingInSource };
        plans.push(ColumnPlan { target: Some(name.clone()), name, status, compared: None, findings: Vec::new() });
    }
    Ok(plans)
}

/// The lines of a table that has no counterpart.
pub fn of_one_side(table: &Table, side: Side) -> Vec<ColumnResult> {
    let status = match side {
        Side::Source => ColumnStatus::MissingInTarget,
        Side::Target => ColumnStatus::MissingInSource,
    };
    table
        .columns
        .iter()
        .map(|column| ColumnResult {
            name: column.name.clone(),
            target: (side == Side::Target).then(|| column.name.clone()),
            status,
            compared_as: None,
            corrupt: 0,
            findings: Vec::new(),
        })
        .collect()
}

/// Every column that is to be left out must exist: in its table if the table was asked for by name, else in some table.
pub fn check_ignored(described: &[Described]) -> Result<()> {
    let has = |one: &Described, name: &String| {
        Side::BOTH.iter().any(|side| {
            one.tables
                .get(*side)
                .iter()
                .flat_map(|t| &t.columns)
                .any(|c| is_listed(std::slice::from_ref(name), &c.name))
        })
    };
    for one in described {
        for name in &one.asked.request.ignore {
            let known = if one.asked.by_name { has(one, name) } else { described.iter().any(|other| has(other, name)) };
            if !known && Side::BOTH.iter().any(|side| one.tables.get(*side).is_some()) {
                let all = described.iter().flat_map(|d| [&d.tables.source, &d.tables.target]).flatten();
                let names = all.flat_map(|t| &t.columns).map(|c| c.name.as_str());
                return Err(unknown_column(name, "to be ignored", &one.asked.name, names));
            }
        }
    }
    Ok(())
}

/// The error for a column that was named but does not exist.
pub fn unknown_column<'a>(name: &str, purpose: &str, table: &str, known: impl IntoIterator<Item = &'a str>) -> Error {
    let known: Vec<&str> = known.into_iter().collect();
    let error = Error::usage(format!("unknown column {name} {purpose}")).at(format!("table {table}"));
    match nearest(name, known.iter().copied()) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => {
            let mut listed = known;
            listed.sort_unstable();
            listed.dedup();
            listed.truncate(20);
            error.hint(format!("known columns: {}", listed.join(", ")))
        }
    }
}

fn told_pairs<'a>(asked: &'a TableMatch, tables: Pair<&Table>) -> Result<Vec<(Pair<usize>, &'a ColumnRequest)>> {
    let mut told = Vec::new();
    for request in &asked.request.columns {
        let find = |side: Side, name: &str| {
            let columns = &tables.get(side).columns;
            columns.iter().position(|c| c.name == name).or_else(|| {
                let mut near = (0..columns.len()).filter(|i| columns[*i].name.eq_ignore_ascii_case(name));
                near.next().filter(|_| near.next().is_none())
            })
        };
        let names = |side: Side| tables.get(side).columns.iter().map(|c| c.name.as_str());
        let Some(source) = find(Side::Source, &request.source) else {
            return Err(unknown_column(&request.source, "in the source", &asked.name, names(Side::Source)));
        };
        let target = match &request.target {
            Some(target) => find(Side::Target, target)
                .ok_or_else(|| unknown_column(target, "in the target", &asked.name, names(Side::Target)))?,
            // A request without a target name only tells the zone: the name still has to find its counterpart.
            None => {
                let all: Vec<&str> = names(Side::Target).collect();
                let near = match_names(&[request.source.as_str()], &all).ok().and_then(|m| m.counterparts[0]);
                match near {
                    Some((target, _)) => target,
                    None => continue,
                }
            }
        };
        told.push((Pair::new(source, target), request));
    }
    Ok(told)
}

fn is_listed(list: &[String], name: &str) -> bool {
    list.iter().any(|one| one == name || one.eq_ignore_ascii_case(name))
}
