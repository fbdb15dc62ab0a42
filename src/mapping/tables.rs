//! Which tables meet.

use std::collections::HashMap;

use super::names::{Matches, Nearness, match_names};
use crate::error::{Error, Result};
use crate::model::{Pair, Side, TableName, TableRequest, TableResult, fits, is_pattern};

/// A table of the report: its names on both sides and what was asked of it.
#[derive(Debug, Clone)]
pub struct TableMatch {
    /// The name in reports, unique within the run.
    pub name: String,
    /// The names in the stores; `None` where a side has no such table.
    pub names: Pair<Option<TableName>>,
    /// The names of further tables of a side, whose rows are read as if they were in the first.
    pub more: Pair<Vec<TableName>>,
    /// What was asked of it.
    pub request: TableRequest,
    /// Whether it was asked for by name (then its columns must exist in it, not just in some table).
    pub by_name: bool,
    /// What is to be told about the match.
    pub findings: Vec<String>,
}

impl TableMatch {
    /// The result of this table before anything is known but its names.
    pub fn result(&self) -> TableResult {
        let tables = Pair::from_fn(|side| {
            let all: Vec<String> =
                self.names.get(side).iter().chain(self.more.get(side)).map(ToString::to_string).collect();
            (!all.is_empty()).then(|| all.join(" + "))
        });
        TableResult::open(self.name.clone(), tables, self.findings.clone())
    }
}

/// All tables of both stores, each with its counterpart where it has one, in name order.
pub fn match_tables(tables: Pair<&[TableName]>, request: &TableRequest) -> Result<Vec<TableMatch>> {
    let one =
        |name: String, source: Option<&TableName>, target: Option<&TableName>, finding: Option<String>| TableMatch {
            name,
            names: Pair::new(source.cloned(), target.cloned()),
            more: Pair::default(),
            request: request.clone(),
            by_name: false,
            findings: finding.into_iter().collect(),
        };
    // Whole names first: a name that stands in two schemas on one side still meets itself.
    let (same, source): (Vec<&TableName>, Vec<&TableName>) =
        tables.source.iter().partition(|name| name.schema.is_some() && tables.target.contains(name));
    let target: Vec<&TableName> = tables.target.iter().filter(|name| !same.contains(name)).collect();
    let all = Pair::new(short_names(tables.source), short_names(tables.target));
    let short_of = |side: Side, name: &TableName| -> String {
        let at = tables.get(side).iter().position(|other| other == name);
        at.map_or_else(|| name.to_string(), |at| all.get(side)[at].clone())
    };
    let mut matches: Vec<TableMatch> =
        same.iter().map(|name| one(short_of(Side::Source, name), Some(name), Some(name), None)).collect();

    let short = Pair::new(&source, &target).map(|names| {
        let names: Vec<TableName> = names.iter().map(|name| (*name).clone()).collect();
        short_names(&names)
    });
    let refs = short.as_ref().map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
    let Matches { counterparts, left_over } = match_names(&refs.source, &refs.target).map_err(|found| {
        Error::usage(format!(
            "tables meet ambiguously: source {} against target {}",
            found.source.join(", "),
            found.target.join(", ")
        ))
        .hint("name the pair with --table SOURCE_TABLE=TARGET_TABLE")
    })?;
    for (name, counterpart) in source.iter().zip(&counterparts) {
        let met = counterpart.map(|(other, near)| (target[other], near));
        let finding = met.and_then(|(other, near)| near.finding(&other.name));
        matches.push(one(short_of(Side::Source, name), Some(name), met.map(|(other, _)| other), finding));
    }
    for at in left_over {
        matches.push(one(short_of(Side::Target, target[at]), None, Some(target[at]), None));
    }
    make_unique(&mut matches);
    Ok(matches)
}

/// The tables that were asked for by name.
pub fn request_tables(tables: Pair<&[TableName]>, requests: &[TableRequest]) -> Result<Vec<TableMatch>> {
    let mut matches = Vec::new();
    for request in requests {
        let mut findings = Vec::new();
        let mut names = Pair::default();
        let mut more = Pair::<Vec<TableName>>::default();
        for side in Side::BOTH {
            let wanted = std::iter::once(request.names.get(side)).chain(request.more.get(side));
            let is_list = !request.more.get(side).is_empty() || is_pattern(request.names.get(side));
            for wanted in wanted {
                let found = find_all(tables.get(side), wanted, side)?;
                if found.is_empty() && is_list {
                    return Err(Error::usage(format!(
                        "the {side} has no table {wanted}, which is to be read with others"
                    ))
                    .hint("take it out of the list, or write its name as the store does"));
                }
                for (name, near) in found {
                    if near != Nearness::Exact {
                        findings.push(format!("asked for as {wanted}, matched the {side}'s {name}"));
                    }
                    match names.get(side) {
                        None => *names.get_mut(side) = Some(name),
                        Some(first) if *first == name || more.get(side).contains(&name) => {}
                        Some(_) => more.get_mut(side).push(name),
                    }
                }
            }
            if !more.get(side).is_empty() {
                findings.push(format!("{} tables of the {side} are read as one", more.get(side).len() + 1));
            }
        }
        if let (Some(source), Some(target)) = (&names.source, &names.target)
            && source.name != target.name
        {
            findings.push(format!("named {target} in the target"));
        }
        let name = match (&names.source, &names.target) {
            // The name of the whole rather than that of its first part.
            (Some(_), Some(whole)) if !more.source.is_empty() && more.target.is_empty() => whole.name.clone(),
            (Some(found), _) | (None, Some(found)) => found.name.clone(),
            (None, None) => request.names.source.clone(),
        };
        matches.push(TableMatch { name, names, more, request: request.clone(), by_name: true, findings });
    }
    make_unique(&mut matches);
    Ok(matches)
}

/// As [`request_tables`], and then all other tables of both stores.
pub fn request_and_match_tables(
    tables: Pair<&[TableName]>,
    requests: &[TableRequest],
    others: &TableRequest,
) -> Result<Vec<TableMatch>> {
    let mut matches = request_tables(tables, requests)?;
    let taken = |side: Side, name: &TableName| {
        let is = |one: &TableMatch| one.names.get(side).as_ref() == Some(name) || one.more.get(side).contains(name);
        matches.iter().any(is)
    };
    let rest = Pair::from_fn(|side| {
        tables.get(side).iter().filter(|name| !taken(side, name)).cloned().collect::<Vec<TableName>>()
    });
    let others = match_tables(rest.as_ref().map(Vec::as_slice), others)?;
    matches.extend(others);
    make_unique(&mut matches);
    Ok(matches)
}

/// The tables that `wanted` names: one by its name, or all that fit a pattern, in name order.
fn find_all(tables: &[TableName], wanted: &str, side: Side) -> Result<Vec<(TableName, Nearness)>> {
    if !is_pattern(wanted) {
        return Ok(find(tables, wanted, side)?.into_iter().collect());
    }
    let mut fitting: Vec<TableName> =
        tables.iter().filter(|name| fits(wanted, &name.name) || fits(wanted, &name.to_string())).cloned().collect();
    fitting.sort();
    Ok(fitting.into_iter().map(|name| (name, Nearness::Exact)).collect())
}

/// The table that `wanted` names: written whole, or without its schema, or with the schema of the other store.
fn find(tables: &[TableName], wanted: &str, side: Side) -> Result<Option<(TableName, Nearness)>> {
    let bare: Vec<String> = tables.iter().map(|t| t.name.clone()).collect();
    let whole: Vec<String> = tables.iter().map(ToString::to_string).collect();
    let without_schema = wanted.rsplit_once('.').map(|(_, name)| name);
    if let Some(at) = whole.iter().position(|name| name == wanted) {
        return Ok(Some((tables[at].clone(), Nearness::Exact)));
    }
    for (names, wanted, schema_dropped) in
        [(&bare, Some(wanted), false), (&whole, Some(wanted), false), (&bare, without_schema, true)]
    {
        let Some(wanted) = wanted else { continue };
        for nearness in Nearness::ALL {
            let folded = nearness.fold(wanted);
            // A schema may be left out, and means nothing to a store without schemas; a wrong one is a wrong name.
            let fits =
                |i: &usize| nearness.fold(&names[*i]) == folded && !(schema_dropped && tables[*i].schema.is_some());
            let found: Vec<usize> = (0..names.len()).filter(fits).collect();
            match found.as_slice() {
                [] => {}
                [one] => return Ok(Some((tables[*one].clone(), nearness))),
                several => {
                    let all: Vec<&str> = several.iter().map(|i| whole[*i].as_str()).collect();
                    let all = all.join(" or ");
                    return Err(Error::usage(format!("table {wanted} is ambiguous in the {side}: it may be {all}"))
                        .hint("write the name exactly, with its schema"));
                }
            }
        }
    }
    Ok(None)
}

/// Bare names where they are unique in the store, else with their schema.
fn short_names(tables: &[TableName]) -> Vec<String> {
    let mut count: HashMap<&str, usize> = HashMap::new();
    for table in tables {
        *count.entry(table.name.as_str()).or_default() += 1;
    }
    tables.iter().map(|t| if count[t.name.as_str()] == 1 { t.name.clone() } else { t.to_string() }).collect()
}

/// Orders by name and numbers those that would share a folder.
fn make_unique(matches: &mut [TableMatch]) {
    matches.sort_by(|one, other| one.name.cmp(&other.name));
    // Folders on some file systems do not know upper from lower case.
    let mut seen: HashMap<String, usize> = HashMap::new();
    for one in matches {
        let count = seen.entry(one.name.to_lowercase()).or_default();
        *count += 1;
        if *count > 1 {
            one.name = format!("{} ({count})", one.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Vec<TableName> {
        all.iter()
            .map(|n| match n.split_once('.') {
                Some((schema, name)) => TableName::in_schema(schema, name),
                None => TableName::bare(*n),
            })
            .collect()
    }

    #[test]
    fn a_schema_may_be_left_out_where_the_name_stays_unique() {
        let (source, target) = (names(&["public.album", "audit.log"]), names(&["Album"]));
        let matches = match_tables(Pair::new(&source, &target), &TableRequest::default()).unwrap();
        assert_eq!(matches[0].name, "album");
        assert_eq!(matches[0].names.target, Some(TableName::bare("Album")));
        assert_eq!(matches[1].names.target, None);
    }

    #[test]
    fn a_bare_name_in_two_schemas_is_ambiguous() {
        let source = names(&["public.t", "audit.t"]);
        let request = TableRequest { names: Pair::new("t".into(), "t".into()), ..Default::default() };
        let error = request_tables(Pair::new(&source, &source), &[request]).unwrap_err().to_string();
        assert!(error.contains("public.t or audit.t"), "{error}");
    }

    #[test]
    fn a_name_in_two_schemas_of_one_side_still_meets_itself() {
        let (source, target) = (names(&["public.orders"]), names(&["public.orders", "audit.orders"]));
        let matches = match_tables(Pair::new(&source, &target), &TableRequest::default()).unwrap();
        let both = matches.iter().filter(|m| m.names.source.is_some() && m.names.target.is_some()).count();
        assert_eq!((matches.len(), both), (2, 1));
    }

    #[test]
    fn a_wrong_schema_is_a_wrong_name() {
        let request = TableRequest { names: Pair::new("audit.t".into(), "audit.t".into()), ..Default::default() };
        let (source, target) = (names(&["public.t"]), names(&["t"]));
        let matches = request_tables(Pair::new(&source, &target), &[request]).unwrap();
        assert_eq!(matches[0].names, Pair::new(None, Some(TableName::bare("t"))));
    }

    #[test]
    fn a_table_that_only_the_target_has_is_listed() {
        let (source, target) = (names(&["a"]), names(&["a", "b"]));
        let matches = match_tables(Pair::new(&source, &target), &TableRequest::default()).unwrap();
        assert_eq!(matches[1].name, "b");
        assert_eq!(matches[1].names.source, None);
    }
}
