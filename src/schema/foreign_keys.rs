//! Foreign keys, known by their columns.

use std::collections::HashMap;

use super::{Meeting, folded, listed};
use crate::model::{Aspect, ForeignKey, Pair, SchemaFinding, SchemaObject, Severity, TableName, TableSchema};

/// The findings on foreign keys. `counterparts` are all tables of the source that meet one.
pub(super) fn compare(
    meeting: &Meeting<'_>,
    schemas: Pair<&TableSchema>,
    counterparts: &HashMap<&TableName, &Meeting<'_>>,
) -> Vec<SchemaFinding> {
    let (Some(source), Some(target)) = (&schemas.source.foreign_keys, &schemas.target.foreign_keys) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let mut met = vec![false; target.len()];
    for key in source {
        // A column that has no counterpart is a finding of its own.
        let Some(columns) = meeting.in_target(&key.columns) else { continue };
        let same = |other: &ForeignKey| sorted(&other.columns) == sorted(&columns);
        let candidates: Vec<usize> = (0..target.len()).filter(|at| !met[*at] && same(&target[*at])).collect();
        // Two foreign keys may share their columns.
        let refers = |at: &usize| refers_to_the_same(key, &target[*at], counterparts);
        let Some(at) = candidates.iter().copied().find(refers).or(candidates.first().copied()) else {
            let text = "the target has no such foreign key: rows may refer to rows that are not there";
            findings.push(finding(Severity::Different, Aspect::Missing, Pair::new(Some(key), None), text));
            continue;
        };
        met[at] = true;
        let other = &target[at];
        let both = Pair::new(Some(key), Some(other));
        if !refers_to_the_same(key, other, counterparts) {
            let text = "the foreign keys refer to other tables or columns";
            findings.push(finding(Severity::Different, Aspect::Reference, both, text));
            continue;
        }
        for (aspect, event, one, another) in [
            (Aspect::OnDelete, "deleted", key.on_delete, other.on_delete),
            (Aspect::OnUpdate, "given another key", key.on_update, other.on_update),
        ] {
            if one != another {
                let text = format!("the two do not do the same where the row referred to is {event}");
                let mut one_finding = finding(Severity::Different, aspect, both, &text);
                let word = if aspect == Aspect::OnDelete { "ON DELETE" } else { "ON UPDATE" };
                one_finding.source = Some(format!("{word} {}", one.name()));
                one_finding.target = Some(format!("{word} {}", another.name()));
                findings.push(one_finding);
            }
        }
    }
    for (key, _) in target.iter().zip(&met).filter(|(_, met)| !**met) {
        let text = "only the target has this foreign key, and it refuses rows that refer to no row";
        findings.push(finding(Severity::Stricter, Aspect::Extra, Pair::new(None, Some(key)), text));
    }
    findings
}

fn refers_to_the_same(
    source: &ForeignKey,
    target: &ForeignKey,
    counterparts: &HashMap<&TableName, &Meeting<'_>>,
) -> bool {
    let meeting = counterparts.get(&source.table);
    let table = match meeting {
        Some(meeting) => {
            meeting.tables.target.name == target.table || meeting.tables.target.name.name == target.table.name
        }
        // The table is not among those that are compared.
        None => folded(&source.table.name) == folded(&target.table.name),
    };
    // SQLite may leave out the columns of a primary key.
    let unstated = source.referenced.is_empty() || target.referenced.is_empty();
    let pairs = |key: &ForeignKey| {
        let mut pairs: Vec<(String, String)> =
            key.columns.iter().zip(&key.referenced).map(|(column, other)| (folded(column), folded(other))).collect();
        pairs.sort();
        pairs
    };
    let referenced = match meeting.map(|meeting| meeting.in_target(&source.referenced)) {
        Some(Some(names)) => sorted(&names) == sorted(&target.referenced),
        _ => pairs(source) == pairs(target),
    };
    table && (unstated || referenced)
}

fn finding(severity: Severity, aspect: Aspect, keys: Pair<Option<&ForeignKey>>, text: &str) -> SchemaFinding {
    let shown = |key: Option<&ForeignKey>| {
        key.map(|key| {
            let mut text = format!("({}) → {}", listed(&key.columns), key.table);
            if !key.referenced.is_empty() {
                text.push_str(&format!(" ({})", listed(&key.referenced)));
            }
            text
        })
    };
    SchemaFinding {
        severity,
        object: SchemaObject::ForeignKey,
        name: keys.source.or(keys.target).map(|key| listed(&key.columns)).unwrap_or_default(),
        aspect,
        source: shown(keys.source),
        target: shown(keys.target),
        text: text.to_owned(),
    }
}

fn sorted(names: &[String]) -> Vec<&String> {
    let mut names: Vec<&String> = names.iter().collect();
    names.sort();
    names
}
