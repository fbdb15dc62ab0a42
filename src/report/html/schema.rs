//! What the section of a table shows of its schemas.

use serde::Serialize;

use super::page::{line, name};
use crate::model::{SchemaFinding, Severity, SeverityCounts};
use crate::report::words::{plural, severities};

/// The schema findings of a table.
#[derive(Debug, Serialize)]
pub struct SchemaView {
    counts: String,
    /// Whether they are shown without being asked for.
    grave: bool,
    findings: Vec<FindingView>,
    left_out: Option<String>,
}

#[derive(Debug, Serialize)]
struct FindingView {
    severity: &'static str,
    object: &'static str,
    name: String,
    source: Option<String>,
    target: Option<String>,
    text: String,
}

/// At most `max` findings, the gravest first.
pub fn schema_view(findings: &[SchemaFinding], max: usize) -> SchemaView {
    let view = |finding: &SchemaFinding| FindingView {
        severity: finding.severity.name(),
        object: finding.object.name(),
        name: name(&finding.name),
        source: finding.source.as_deref().map(name),
        target: finding.target.as_deref().map(name),
        text: line(&finding.text),
    };
    let left_out = findings.len().saturating_sub(max) as u64;
    SchemaView {
        counts: severities(&SeverityCounts::of(findings)),
        grave: findings.iter().any(|finding| finding.reaches(Severity::Stricter)),
        findings: findings.iter().take(max).map(view).collect(),
        left_out: (left_out > 0).then(|| plural(left_out, "more finding")),
    }
}
