//! Check constraints, known by their conditions.

use super::expression::normal;
use crate::model::{Aspect, Pair, SchemaFinding, SchemaObject, Severity, TableSchema};

/// The findings on check constraints. Engines write the same condition differently; where both sides have conditions
/// that are not alike, two engines may still mean the same, and a person has to look.
pub(super) fn compare(schemas: Pair<&TableSchema>) -> Vec<SchemaFinding> {
    let (Some(source), Some(target)) = (&schemas.source.checks, &schemas.target.checks) else { return Vec::new() };
    let same_engine = schemas.source.engine == schemas.target.engine;
    let mut extra: Vec<&String> = target.iter().collect();
    let mut missing: Vec<&String> = Vec::new();
    for check in source {
        match extra.iter().position(|other| normal(other) == normal(check)) {
            Some(at) => drop(extra.remove(at)),
            None => missing.push(check),
        }
    }
    let mut findings = Vec::new();
    while !same_engine && !missing.is_empty() && !extra.is_empty() {
        let (one, other) = (missing.remove(0), extra.remove(0));
        let text = "the two write their conditions differently: compare them by eye";
        findings.push(finding(Severity::Note, Aspect::Condition, Pair::new(Some(one), Some(other)), text));
    }
    for check in missing {
        let text = "the target does not check this condition";
        findings.push(finding(Severity::Different, Aspect::Missing, Pair::new(Some(check), None), text));
    }
    for check in extra {
        let text = "only the target checks this condition, and it refuses rows that fail it";
        findings.push(finding(Severity::Stricter, Aspect::Extra, Pair::new(None, Some(check)), text));
    }
    findings
}

fn finding(severity: Severity, aspect: Aspect, checks: Pair<Option<&String>>, text: &str) -> SchemaFinding {
    SchemaFinding {
        severity,
        object: SchemaObject::Check,
        name: checks.source.or(checks.target).cloned().unwrap_or_default(),
        aspect,
        source: checks.source.cloned(),
        target: checks.target.cloned(),
        text: text.to_owned(),
    }
}
