//! Keys and indexes, known by what they cover and never by their names.

use std::collections::BTreeSet;

use super::expression::normal;
use super::{Meeting, listed};
use crate::model::{Aspect, ForeignKey, Index, IndexPart, Pair, SchemaFinding, SchemaObject, Severity, TableSchema};

/// An index of either side in the target's names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cover {
    /// What it covers, in its order. A condition is a part of its own: with it, the index covers less.
    parts: Vec<String>,
    condition: Option<String>,
    method: Option<String>,
    unique: bool,
    primary: bool,
    /// As its own side writes it.
    shown: String,
}

impl Cover {
    /// What must not repeat.
    fn set(&self) -> BTreeSet<&str> {
        self.parts.iter().chain(&self.condition).map(String::as_str).collect()
    }

    /// Whether a search by the other's columns can go through this one.
    fn serves(&self, other: &Cover) -> bool {
        let condition = self.condition.is_none() || self.condition == other.condition;
        condition && self.method == other.method && self.parts.starts_with(&other.parts)
    }
}

/// The findings on keys and indexes.
pub(super) fn compare(meeting: &Meeting<'_>, schemas: Pair<&TableSchema>) -> Vec<SchemaFinding> {
    let (Some(source), Some(target)) = (&schemas.source.indexes, &schemas.target.indexes) else { return Vec::new() };
    let source: Vec<Cover> = source.iter().filter_map(|index| cover(index, Some(meeting))).collect();
    let target: Vec<Cover> = target.iter().filter_map(|index| cover(index, None)).collect();
    let mut findings: Vec<SchemaFinding> = primary_key(&source, &target).into_iter().collect();
    findings.extend(unique_keys(&source, &target));
    findings.extend(indexes(&source, &target, foreign_key_columns(meeting, schemas)));
    findings
}

/// An index in the target's names; `None` where a column has no counterpart, which is a finding of its own.
fn cover(index: &Index, names: Option<&Meeting<'_>>) -> Option<Cover> {
    let name = |column: &String| match names {
        Some(meeting) => meeting.names.get(column.as_str()).map(|name| (*name).to_owned()),
        None => Some(column.clone()),
    };
    let condition = |sql: &String| format!("where {:?}", normal(sql));
    let mut parts = Vec::new();
    let mut shown = Vec::new();
    for part in &index.parts {
        parts.push(match part {
            IndexPart::Column(column) => name(column)?,
            // The beginning of a text serves a search as well, but is not as unique as the whole.
            IndexPart::Prefix(column, length) if index.unique => format!("{}({length})", name(column)?),
            IndexPart::Prefix(column, _) => name(column)?,
            IndexPart::Expression(sql) => format!("{:?}", normal(sql)),
        });
        shown.push(match part {
            IndexPart::Column(column) => column.clone(),
            IndexPart::Prefix(column, length) => format!("{column}({length})"),
            IndexPart::Expression(sql) => sql.clone(),
        });
    }
    let mut shown = listed(&shown);
    if let Some(condition) = &index.condition {
        shown.push_str(&format!(" where {condition}"));
    }
    if let Some(method) = &index.method {
        shown.push_str(&format!(" using {method}"));
    }
    Some(Cover {
        parts,
        condition: index.condition.as_ref().map(condition),
        method: index.method.clone(),
        unique: index.unique,
        primary: index.primary,
        shown,
    })
}

fn finding(
    severity: Severity,
    object: SchemaObject,
    aspect: Aspect,
    covers: Pair<Option<&Cover>>,
    text: &str,
) -> SchemaFinding {
    let says = covers.map(|cover| cover.map(|cover| cover.shown.clone()));
    let name = says.source.clone().or_else(|| says.target.clone()).unwrap_or_default();
    SchemaFinding { severity, object, name, aspect, source: says.source, target: says.target, text: text.to_owned() }
}

fn primary_key(source: &[Cover], target: &[Cover]) -> Option<SchemaFinding> {
    let primary = |covers: &'_ [Cover]| covers.iter().position(|cover| cover.primary);
    let one = primary(source).map(|at| &source[at]);
    let other = primary(target).map(|at| &target[at]);
    let say =
        |severity, aspect, text| Some(finding(severity, SchemaObject::PrimaryKey, aspect, Pair::new(one, other), text));
    let unique = |covers: &[Cover], key: &Cover| covers.iter().any(|cover| cover.unique && cover.set() == key.set());
    match (one, other) {
        (None, None) => None,
        (Some(key), Some(same)) if key.parts == same.parts => None,
        (Some(key), Some(same)) if key.set() == same.set() => {
            say(Severity::Note, Aspect::Columns, "the primary keys have the same columns in another order")
        }
        (Some(key), None) if unique(target, key) => {
            say(Severity::Note, Aspect::Missing, "the source's primary key is a unique key in the target")
        }
        (None, Some(key)) if unique(source, key) => {
            say(Severity::Note, Aspect::Extra, "the target's primary key is a unique key in the source")
        }
        (Some(_), None) => {
            say(Severity::Different, Aspect::Missing, "the target has no primary key: rows may repeat there")
        }
        (None, Some(_)) => {
            say(Severity::Stricter, Aspect::Extra, "the target has a primary key and refuses rows that repeat it")
        }
        (Some(_), Some(key)) if implied(key, source) => say(
            Severity::Different,
            Aspect::Columns,
            "the target's primary key has more columns: rows may repeat the source's key there",
        ),
        (Some(_), Some(_)) => say(
            Severity::Stricter,
            Aspect::Columns,
            "the primary keys have other columns, and the target refuses rows that repeat its own",
        ),
    }
}

/// Whether a key of these forbids already what this one forbids.
fn implied(key: &Cover, by: &[Cover]) -> bool {
    by.iter().any(|other| other.unique && other.set().is_subset(&key.set()))
}

fn unique_keys(source: &[Cover], target: &[Cover]) -> Vec<SchemaFinding> {
    let lost = source.iter().filter(|key| key.unique && !key.primary && !implied(key, target)).map(|key| {
        finding(
            Severity::Different,
            SchemaObject::UniqueKey,
            Aspect::Missing,
            Pair::new(Some(key), None),
            "the target has no such unique key: values may repeat there",
        )
    });
    let added = target.iter().filter(|key| key.unique && !key.primary && !implied(key, source)).map(|key| {
        finding(
            Severity::Stricter,
            SchemaObject::UniqueKey,
            Aspect::Extra,
            Pair::new(None, Some(key)),
            "only the target has this unique key, and it refuses values that repeat",
        )
    });
    lost.chain(added).collect()
}

fn indexes(source: &[Cover], target: &[Cover], of_foreign_keys: Vec<Vec<String>>) -> Vec<SchemaFinding> {
    let mut findings = Vec::new();
    let mut seen: Vec<&Cover> = Vec::new();
    let mut new = |cover| {
        let is_new = !seen.iter().any(|other: &&Cover| other.serves(cover) && cover.serves(other));
        seen.push(cover);
        is_new
    };
    for index in source.iter().filter(|index| !index.unique) {
        if target.iter().any(|other| other.serves(index)) || !new(index) {
            continue;
        }
        let alike = target.iter().find(|other| other.set() == index.set());
        let (severity, aspect, text) = match alike {
            Some(_) => (Severity::Note, Aspect::Type, "the target indexes the same columns in another way"),
            None => (Severity::Different, Aspect::Missing, "the target has no such index: searches may be slow there"),
        };
        findings.push(finding(severity, SchemaObject::Index, aspect, Pair::new(Some(index), alike), text));
    }
    for index in target.iter().filter(|index| !index.unique) {
        // MySQL and MariaDB make an index for every foreign key.
        let made = index.condition.is_none() && of_foreign_keys.contains(&index.parts);
        // A longer index in the place of a shorter one is its counterpart.
        let meets =
            |other: &Cover| other.serves(index) || other.set() == index.set() || (!other.unique && index.serves(other));
        let known = source.iter().any(meets);
        if !made && !known && new(index) {
            let covers = Pair::new(None, Some(index));
            let text = "only the target has this index";
            findings.push(finding(Severity::Note, SchemaObject::Index, Aspect::Extra, covers, text));
        }
    }
    findings
}

/// The columns of both sides' foreign keys, in the target's names.
fn foreign_key_columns(meeting: &Meeting<'_>, schemas: Pair<&TableSchema>) -> Vec<Vec<String>> {
    let keys = |schema: &TableSchema| schema.foreign_keys.clone().unwrap_or_default();
    let source = keys(schemas.source).into_iter().filter_map(|key: ForeignKey| meeting.in_target(&key.columns));
    source.chain(keys(schemas.target).into_iter().map(|key| key.columns)).collect()
}
