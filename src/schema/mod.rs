//! The schemas, compared: what the target lacks, refuses or does otherwise. No row is read for it, and no verdict on the
//! data depends on it.
//!
//! - `columns`: columns that meet, property by property; `types`: what they can hold; `defaults`, `expression`:
//!   when two engines' SQL says the same.
//! - `keys`: keys and indexes, known by their columns; `foreign_keys`, `checks`.
//!
//! What a side has no way to state (a CSV file has no defaults, a Parquet file no keys) gives no finding.

mod checks;
mod columns;
mod defaults;
mod expression;
mod foreign_keys;
mod keys;
mod types;

use std::collections::HashMap;

use crate::model::{
    Aspect, ColumnResult, ColumnStatus, Pair, SchemaFinding, SchemaObject, Severity, Table, TableName, TableSchema,
};

/// A table of the report, as the mapping has it.
pub struct Subject<'a> {
    /// The name in reports.
    pub name: &'a str,
    /// The tables; `None` where a side has none.
    pub tables: Pair<Option<&'a Table>>,
    /// Which columns meet.
    pub columns: &'a [ColumnResult],
}

/// Compares the schemas of every table; gives the findings of each, the gravest first.
pub fn compare(subjects: &[Subject<'_>]) -> Vec<Vec<SchemaFinding>> {
    let meetings: Vec<Option<Meeting<'_>>> = subjects.iter().map(Meeting::of).collect();
    let counterparts: HashMap<&TableName, &Meeting<'_>> =
        meetings.iter().flatten().map(|meeting| (&meeting.tables.source.name, meeting)).collect();
    subjects
        .iter()
        .zip(&meetings)
        .map(|(subject, meeting)| {
            let mut findings = match meeting {
                Some(meeting) => of_pair(meeting, &counterparts),
                None => of_one_side(subject).into_iter().collect(),
            };
            findings.sort_by(|one, other| {
                (other.severity, one.object)
                    .cmp(&(one.severity, other.object))
                    .then_with(|| one.aspect.cmp(&other.aspect))
            });
            findings
        })
        .collect()
}

fn of_pair(meeting: &Meeting<'_>, counterparts: &HashMap<&TableName, &Meeting<'_>>) -> Vec<SchemaFinding> {
    let mut findings = columns::compare(meeting);
    if let Some(schemas) = meeting.schemas() {
        findings.extend(keys::compare(meeting, schemas));
        findings.extend(foreign_keys::compare(meeting, schemas, counterparts));
        findings.extend(checks::compare(schemas));
    }
    findings
}

fn of_one_side(subject: &Subject<'_>) -> Option<SchemaFinding> {
    let finding = |severity, aspect, text: &str| SchemaFinding {
        severity,
        object: SchemaObject::Table,
        name: subject.name.to_owned(),
        aspect,
        source: subject.tables.source.map(|table| table.name.to_string()),
        target: subject.tables.target.map(|table| table.name.to_string()),
        text: text.to_owned(),
    };
    match (subject.tables.source, subject.tables.target) {
        (Some(_), None) => Some(finding(Severity::Lossy, Aspect::Missing, "the target has no such table")),
        (None, Some(_)) => Some(finding(Severity::Different, Aspect::Extra, "only the target has this table")),
        _ => None,
    }
}

/// Two tables that meet, and which of their columns do.
struct Meeting<'a> {
    tables: Pair<&'a Table>,
    /// Positions of the columns that meet, but for those that are ignored.
    pairs: Vec<Pair<usize>>,
    /// Positions of columns that have no counterpart.
    alone: Pair<Vec<usize>>,
    /// The target's name of each source column that has one, ignored or not.
    names: HashMap<&'a str, &'a str>,
}

impl<'a> Meeting<'a> {
    fn of(subject: &Subject<'a>) -> Option<Self> {
        let tables = Pair::new(subject.tables.source?, subject.tables.target?);
        let (mut pairs, mut alone, mut names) = (Vec::new(), Pair::<Vec<usize>>::default(), HashMap::new());
        for column in subject.columns {
            let source = tables.source.position(&column.name);
            let target = column.target.as_deref().and_then(|name| tables.target.position(name));
            match (column.status, source, target) {
                (ColumnStatus::MissingInSource, _, Some(target)) => alone.target.push(target),
                (ColumnStatus::MissingInTarget, Some(source), _) => alone.source.push(source),
                (status, Some(source), Some(target)) => {
                    if status != ColumnStatus::Ignored {
                        pairs.push(Pair::new(source, target));
                    }
                    names.insert(
                        tables.source.columns[source].name.as_str(),
                        tables.target.columns[target].name.as_str(),
                    );
                }
                _ => {}
            }
        }
        Some(Self { tables, pairs, alone, names })
    }

    /// What both catalogues say.
    fn schemas(&self) -> Option<Pair<&'a TableSchema>> {
        Some(Pair::new(self.tables.source.schema.as_deref()?, self.tables.target.schema.as_deref()?))
    }

    /// The target's names of source columns; `None` where one has no counterpart.
    fn in_target(&self, columns: &[String]) -> Option<Vec<String>> {
        columns.iter().map(|name| self.names.get(name.as_str()).map(|name| (*name).to_owned())).collect()
    }
}

/// A name without what names that meet may differ in.
fn folded(name: &str) -> String {
    name.to_lowercase().replace('_', "")
}

/// Columns as one text.
fn listed(columns: &[String]) -> String {
    columns.join(", ")
}
