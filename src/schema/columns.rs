//! Columns: those that meet, property by property; those that do not.

use super::defaults::{Filled, filled};
use super::expression::same_expression;
use super::{Meeting, listed, types};
use crate::model::{
    Aspect, Column, ColumnRules, ColumnSchema, Pair, Reach, SchemaFinding, SchemaObject, Severity, Table, TableSchema,
};

/// A pair of columns and what the catalogues say of them.
struct ColumnPair<'a> {
    columns: Pair<&'a Column>,
    schemas: Pair<&'a ColumnSchema>,
    tables: Pair<&'a TableSchema>,
    /// Whether both primary keys have it.
    in_keys: bool,
}

/// The findings on all columns.
pub(super) fn compare(meeting: &Meeting<'_>) -> Vec<SchemaFinding> {
    let mut findings = alone(meeting);
    let Some(tables) = meeting.schemas() else { return findings };
    let mut collations = Collations::default();
    for at in &meeting.pairs {
        let columns = Pair::new(&meeting.tables.source.columns[at.source], &meeting.tables.target.columns[at.target]);
        let (Some(source), Some(target)) = (tables.source.columns.get(at.source), tables.target.columns.get(at.target))
        else {
            continue;
        };
        let in_key =
            |table: &Table, name: &String| table.keys.iter().any(|key| key.primary && key.columns.contains(name));
        let in_keys =
            in_key(meeting.tables.source, &columns.source.name) && in_key(meeting.tables.target, &columns.target.name);
        let pair = ColumnPair { columns, schemas: Pair::new(source, target), tables, in_keys };
        findings.extend(pair.holds());
        if let Some((severity, names, text)) = pair.characters() {
            collations.group(severity, Aspect::Characters, names, text, columns.source);
        }
        findings.extend(pair.null());
        if let (Some(source), Some(target)) = (&source.rules, &target.rules) {
            findings.extend(pair.rules(Pair::new(source, target)));
        }
        collations.add(&pair, meeting);
    }
    findings.extend(collations.findings());
    findings
}

fn alone(meeting: &Meeting<'_>) -> Vec<SchemaFinding> {
    let missing = meeting.alone.source.iter().map(|at| {
        let column = &meeting.tables.source.columns[*at];
        SchemaFinding {
            severity: Severity::Lossy,
            object: SchemaObject::Column,
            name: column.name.clone(),
            aspect: Aspect::Missing,
            source: Some(column.native.clone()),
            target: None,
            text: "the target has no such column".into(),
        }
    });
    let extra = meeting.alone.target.iter().map(|at| {
        let column = &meeting.tables.target.columns[*at];
        let schema = meeting.tables.target.schema.as_ref().and_then(|schema| schema.columns.get(*at));
        let demanded = schema.is_some_and(|schema| {
            let rules = schema.rules.as_ref();
            let filled = |r: &ColumnRules| r.default.is_some() || r.numbered != Some(false) || r.generated.is_some();
            schema.nullable == Some(false) && rules.is_some_and(|rules| !filled(rules))
        });
        let (severity, text) = if demanded {
            (Severity::Stricter, "only the target has this column, and it refuses rows that do not fill it")
        } else {
            (Severity::Different, "only the target has this column")
        };
        SchemaFinding {
            severity,
            object: SchemaObject::Column,
            name: column.name.clone(),
            aspect: Aspect::Extra,
            source: None,
            target: Some(column.native.clone()),
            text: text.into(),
        }
    });
    missing.chain(extra).collect()
}

impl ColumnPair<'_> {
    fn finding(
        &self,
        severity: Severity,
        aspect: Aspect,
        says: Pair<Option<String>>,
        text: impl Into<String>,
    ) -> SchemaFinding {
        SchemaFinding {
            severity,
            object: SchemaObject::Column,
            name: self.columns.source.name.clone(),
            aspect,
            source: says.source,
            target: says.target,
            text: text.into(),
        }
    }

    fn holds(&self) -> Option<SchemaFinding> {
        let (severity, aspect, text) = types::compare(self.schemas)?;
        Some(self.finding(severity, aspect, self.columns.map(|column| Some(column.native.clone())), text))
    }

    fn characters(&self) -> Option<(Severity, Pair<String>, &'static str)> {
        let (source, target) = (self.schemas.source.characters.as_ref()?, self.schemas.target.characters.as_ref()?);
        let (severity, text) = match (source.reach, target.reach) {
            (Reach::Unicode, Reach::ThreeBytes) => {
                (Severity::Lossy, "the target's character set lacks emoji and whatever else takes four bytes in UTF-8")
            }
            (Reach::Unicode | Reach::ThreeBytes, Reach::Smaller) => {
                (Severity::Lossy, "the target's character set has only a part of Unicode")
            }
            (Reach::Smaller, Reach::Smaller) if !source.name.eq_ignore_ascii_case(&target.name) => {
                (Severity::Different, "the character sets differ, and each may lack characters of the other")
            }
            _ => return None,
        };
        Some((severity, Pair::new(source.name.clone(), target.name.clone()), text))
    }

    fn null(&self) -> Option<SchemaFinding> {
        let (source, target) = (self.schemas.source.nullable?, self.schemas.target.nullable?);
        let word = |nullable: bool| Some(if nullable { "NULL" } else { "NOT NULL" }.to_owned());
        let (severity, text) = match (source, target) {
            // SQLite lets NULL into primary keys by an old mistake, which nobody relies on.
            (false, true) if self.in_keys => (Severity::Note, "the target allows NULL in its primary key"),
            (false, true) => (Severity::Different, "the target allows NULL, which the source refuses"),
            (true, false) if self.in_keys => (Severity::Note, "the target refuses NULL in its primary key"),
            (true, false) => (Severity::Stricter, "the target refuses NULL, which the source allows"),
            _ => return None,
        };
        Some(self.finding(severity, Aspect::Null, Pair::new(word(source), word(target)), text))
    }

    fn rules(&self, rules: Pair<&ColumnRules>) -> Vec<SchemaFinding> {
        let mut findings = Vec::new();
        let same_engine = self.tables.source.engine == self.tables.target.engine;
        let shown = |rules: &ColumnRules| match &rules.generated {
            Some(expression) if expression.is_empty() => Some("generated".to_owned()),
            Some(expression) => Some(format!("generated as {expression}")),
            None => None,
        };
        match (&rules.source.generated, &rules.target.generated) {
            (Some(_), None) => findings.push(self.finding(
                Severity::Different,
                Aspect::Generated,
                rules.map(shown),
                "the source computes this column, the target stores what it is given",
            )),
            (None, Some(_)) => findings.push(self.finding(
                Severity::Stricter,
                Aspect::Generated,
                rules.map(shown),
                "the target computes this column and refuses values of its own",
            )),
            (Some(one), Some(other)) if !one.is_empty() && !other.is_empty() && !same_expression(one, other) => {
                let (severity, text) = if same_engine {
                    (Severity::Different, "the two compute this column differently")
                } else {
                    (Severity::Note, "the two write the computation of this column differently: compare them by eye")
                };
                findings.push(self.finding(severity, Aspect::Generated, rules.map(shown), text));
            }
            _ => {}
        }
        if let (Some(source), Some(target)) = (rules.source.numbered, rules.target.numbered)
            && source != target
        {
            let text = if source {
                "the source numbers new rows by itself, the target does not"
            } else {
                "the target numbers new rows by itself, the source does not"
            };
            let word = |numbered: bool| Some(if numbered { "numbered" } else { "not numbered" }.to_owned());
            findings.push(self.finding(
                Severity::Different,
                Aspect::Numbering,
                Pair::new(word(source), word(target)),
                text,
            ));
        }
        if rules.source.touched_by_update != rules.target.touched_by_update {
            let (who, other) = if rules.source.touched_by_update { ("source", "target") } else { ("target", "source") };
            let word = |rules: &ColumnRules| rules.touched_by_update.then(|| "on update current_timestamp".to_owned());
            let text = format!("the {who} sets this column to the present with every update, the {other} does not");
            findings.push(self.finding(Severity::Different, Aspect::Update, rules.map(word), text));
        }
        findings.extend(self.default(rules, same_engine));
        findings
    }

    fn default(&self, rules: Pair<&ColumnRules>, same_engine: bool) -> Option<SchemaFinding> {
        let numbered = |rules: &ColumnRules| rules.numbered == Some(true) || rules.generated.is_some();
        if numbered(rules.source) || numbered(rules.target) {
            return None;
        }
        let says = rules.map(|rules| rules.default.clone());
        let defaults = Pair::new(
            filled(rules.source.default.as_deref(), &self.schemas.source.holds),
            filled(rules.target.default.as_deref(), &self.schemas.target.holds),
        );
        let (severity, text) = match (&defaults.source, &defaults.target) {
            (one, other) if one == other => return None,
            (_, Filled::Nothing) => (Severity::Different, "the target has lost the default".to_owned()),
            (Filled::Nothing, _) => (Severity::Different, "only the target has a default".to_owned()),
            (Filled::Computed(_), Filled::Computed(_)) if !same_engine => {
                (Severity::Note, "the two write their defaults differently: compare them by eye".to_owned())
            }
            _ => (Severity::Different, "the defaults differ".to_owned()),
        };
        Some(self.finding(severity, Aspect::Default, says, text))
    }
}

/// Character sets and collations: one finding for all columns of a table that differ in the same way, because a whole
/// database usually does; one for each column of a key, which a collation makes stricter.
#[derive(Default)]
struct Collations {
    groups: Vec<SchemaFinding>,
    of_keys: Vec<SchemaFinding>,
}

impl Collations {
    fn add(&mut self, pair: &ColumnPair<'_>, meeting: &Meeting<'_>) {
        let (Some(source), Some(target)) = (&pair.schemas.source.collation, &pair.schemas.target.collation) else {
            return;
        };
        let same_engine = pair.tables.source.engine == pair.tables.target.engine;
        let names = Pair::new(source.name.clone(), target.name.clone());
        let in_key = |table: &Table, column: &String| table.keys.iter().any(|key| key.columns.contains(column));
        let (severity, text) = match (source.ignores_case, target.ignores_case) {
            (false, true) if in_key(meeting.tables.target, &pair.columns.target.name) => {
                let text = "the target takes 'a' and 'A' for the same in a key, so that it refuses the second of them";
                self.of_keys.push(pair.finding(Severity::Stricter, Aspect::Collation, names.map(Some), text));
                return;
            }
            (false, true) => (Severity::Different, "the target compares without regard to case, the source does not"),
            (true, false) => (Severity::Different, "the source compares without regard to case, the target does not"),
            _ if same_engine && !source.name.eq_ignore_ascii_case(&target.name) => {
                (Severity::Note, "the two sort texts by different rules")
            }
            _ => return,
        };
        self.group(severity, Aspect::Collation, names, text, pair.columns.source);
    }

    fn group(&mut self, severity: Severity, aspect: Aspect, names: Pair<String>, text: &str, column: &Column) {
        let names = names.map(Some);
        let same = |known: &&mut SchemaFinding| {
            known.aspect == aspect
                && known.text == text
                && (&known.source, &known.target) == (&names.source, &names.target)
        };
        match self.groups.iter_mut().find(same) {
            Some(known) => known.name = listed(&[std::mem::take(&mut known.name), column.name.clone()]),
            None => self.groups.push(SchemaFinding {
                severity,
                object: SchemaObject::Column,
                name: column.name.clone(),
                aspect,
                source: names.source,
                target: names.target,
                text: text.to_owned(),
            }),
        }
    }

    fn findings(self) -> Vec<SchemaFinding> {
        self.of_keys.into_iter().chain(self.groups).collect()
    }
}
