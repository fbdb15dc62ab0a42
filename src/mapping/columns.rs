//! Which columns meet, and as what they are compared.

use chrono_tz::Tz;

use super::Described;
use super::names::{Nearness, match_names, nearest};
use super::rules::ColumnRules;
use super::tables::TableMatch;
use crate::error::{Error, Result};
use crate::model::{ColumnPlan, ColumnRequest, ColumnResult, ColumnStatus, Pair, Side, Table, fits, is_pattern};

/// Maps every column of both tables: the source's in their order, those that are computed, then those only the target has.
pub fn map_columns(asked: &TableMatch, tables: Pair<&Table>, zones: Pair<Option<Tz>>) -> Result<Vec<ColumnPlan>> {
    let told = told_pairs(asked, tables)?;
    let open = |side: Side| -> Vec<usize> {
        (0..tables.get(side).columns.len())
            .filter(|at| !told.iter().any(|one| *one.at.get(side) == Some(*at)))
            .collect()
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

    let request = &asked.request;
    let mut plans = Vec::new();
    let mut read = Pair::new(Vec::new(), Vec::new());
    for (at, column) in tables.source.columns.iter().enumerate() {
        let told_here = told.iter().find(|one| one.at.source == Some(at));
        let met = match told_here {
            Some(one) => Some((one.at.target, Nearness::Exact)),
            None => sources
                .iter()
                .position(|open| *open == at)
                .and_then(|open| matches.counterparts[open])
                .map(|(other, near)| (Some(targets[other]), near)),
        };
        let target = met.and_then(|(other, _)| other).map(|other| tables.target.columns[other].name.clone());
        let rules = ColumnRules::of(request, told_here.map(|one| one.request), &column.name, target.as_deref());
        let mut plan = ColumnPlan {
            name: column.name.clone(),
            target,
            status: ColumnStatus::MissingInTarget,
            compared: None,
            findings: Vec::new(),
        };
        if let Some(reason) = rules.ignored(request, &plan) {
            plan.status = ColumnStatus::Ignored;
            plan.findings.extend(reason);
        } else if let Some((other, near)) = met {
            plan.findings.extend(plan.target.as_ref().and_then(|target| near.finding(target)));
            rules.compare(&mut plan, Pair::new(Some(at), other), tables, zones, &mut read)?;
        }
        plans.push(plan);
    }
    for one in told.iter().filter(|one| one.at.source.is_none()) {
        let target = one.at.target.map(|at| tables.target.columns[at].name.clone());
        let name = one.request.source.clone();
        let rules = ColumnRules::of(request, Some(one.request), &name, target.as_deref());
        let mut plan =
            ColumnPlan { name, target, status: ColumnStatus::Compared, compared: None, findings: Vec::new() };
        if let Some(reason) = rules.ignored(request, &plan) {
            plan.status = ColumnStatus::Ignored;
            plan.findings.extend(reason);
        } else {
            rules.compare(&mut plan, one.at, tables, zones, &mut read)?;
        }
        plans.push(plan);
    }
    for plan in plans.iter_mut().filter(|plan| plan.status == ColumnStatus::MissingInTarget) {
        if let Some((_, by)) = read.source.iter().find(|(name, _)| *name == plan.name) {
            plan.status = ColumnStatus::Ignored;
            plan.findings.push(format!("compared within {by}, whose expression reads it"));
        }
    }
    for at in matches.left_over {
        let name = tables.target.columns[targets[at]].name.clone();
        let mut plan = ColumnPlan {
            target: Some(name.clone()),
            status: ColumnStatus::MissingInSource,
            compared: None,
            findings: Vec::new(),
            name,
        };
        let rules = ColumnRules::of(request, None, &plan.name, None);
        if let Some(reason) = rules.ignored(request, &plan) {
            plan.status = ColumnStatus::Ignored;
            plan.findings.extend(reason);
        } else if let Some((_, by)) = read.target.iter().find(|(name, _)| *name == plan.name) {
            plan.status = ColumnStatus::Ignored;
            plan.findings.push(format!("compared within {by}, whose expression reads it"));
        }
        plans.push(plan);
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
        for name in one.asked.request.ignore.iter().filter(|name| !is_pattern(name)) {
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

/// A pair of columns that was named.
struct Told<'a> {
    /// The places of the columns; `None` where a side has an expression and no column of the name.
    at: Pair<Option<usize>>,
    request: &'a ColumnRequest,
}

fn told_pairs<'a>(asked: &'a TableMatch, tables: Pair<&Table>) -> Result<Vec<Told<'a>>> {
    let mut told: Vec<Told<'a>> = Vec::new();
    let requests = asked.request.columns.iter().filter(|request| !is_pattern(&request.source));
    for request in requests {
        let find = |side: Side, name: &str| {
            let columns = &tables.get(side).columns;
            columns.iter().position(|c| c.name == name).or_else(|| {
                let mut near = (0..columns.len()).filter(|i| columns[*i].name.eq_ignore_ascii_case(name));
                near.next().filter(|_| near.next().is_none())
            })
        };
        let names = |side: Side| tables.get(side).columns.iter().map(|c| c.name.as_str());
        let source = find(Side::Source, &request.source);
        let target_name = request.target.as_ref();
        let target = match target_name {
            Some(target) => find(Side::Target, target),
            // A request without a target name only tells what is to be known: the name still has to find its counterpart.
            None => {
                let all: Vec<&str> = names(Side::Target).collect();
                match_names(&[request.source.as_str()], &all).ok().and_then(|m| m.counterparts[0]).map(|(at, _)| at)
            }
        };
        let lacks = |side: Side, found: Option<usize>| found.is_none() && request.expressions.get(side).is_none();
        if request.strict && lacks(Side::Source, source) {
            // What only the target has may still be left out, or be read by an expression.
            if target_name.is_none() && target.is_some() && request.ignore.is_some() {
                continue;
            }
            let error = unknown_column(&request.source, "in the source", &asked.name, names(Side::Source));
            return Err(error);
        }
        if let Some(name) = target_name.filter(|_| request.strict && lacks(Side::Target, target)) {
            return Err(unknown_column(name, "in the target", &asked.name, names(Side::Target)));
        }
        let known =
            told.iter().any(|one| source.is_some() && one.at.source == source || one.request.source == request.source);
        if lacks(Side::Source, source) || lacks(Side::Target, target) || known {
            continue;
        }
        told.push(Told { at: Pair::new(source, target), request });
    }
    Ok(told)
}

pub(super) fn is_listed(list: &[String], name: &str) -> bool {
    list.iter().any(|one| fits(one, name))
}
