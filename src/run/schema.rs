//! The schemas alone: connect, describe, map, compare what the catalogues say. No row is read, no directory written.

use std::sync::Arc;

use super::prepare;
use super::retry::Retry;
use crate::config::RunPlan;
use crate::error::{Error, Result};
use crate::model::{
    Pair, Progress, SCHEMA_FORMAT, SchemaReport, SchemaTable, Severity, SeverityCounts, TableOutcome, TableResult,
};

/// What was found, and what kept tables from being described.
#[derive(Debug)]
pub struct SchemaDone {
    /// What `tieout schema --json` prints.
    pub report: SchemaReport,
    /// The failures; the report gives the same reasons.
    pub failures: Vec<Error>,
}

/// Compares the schemas of two stores. Findings of severity `limit` and above make the exit code 1.
pub async fn schema(plan: &RunPlan, limit: Severity, progress: Arc<dyn Progress>) -> Result<SchemaDone> {
    let retry = Retry::new(&plan.options, progress.clone());
    let stores = prepare::connect(plan, &retry, progress.as_ref()).await?;
    let prepared = prepare::prepare(plan, stores, &retry, progress.as_ref()).await?;
    let identities = prepared.identities();
    let tables: Vec<SchemaTable> = prepared.tables.iter().map(table).collect();
    let findings = || tables.iter().flat_map(|table| &table.findings);
    let undecided = tables.is_empty() || !prepared.failures.is_empty() || tables.iter().any(|t| t.failure.is_some());
    let exit_code = match () {
        () if findings().any(|finding| finding.reaches(limit)) => 1,
        () if undecided => 3,
        () => 0,
    };
    let report = SchemaReport {
        format: SCHEMA_FORMAT.into(),
        version: env!("CARGO_PKG_VERSION").into(),
        source: identities.source,
        target: identities.target,
        limit,
        exit_code,
        counts: SeverityCounts::of(findings()),
        tables,
    };
    Ok(SchemaDone { report, failures: prepared.failures })
}

fn table(outcome: &TableOutcome) -> SchemaTable {
    let (result, described): (TableResult, bool) = match outcome {
        TableOutcome::Compare(plan) => (plan.result(), true),
        // Columns are known of every table that could be described.
        TableOutcome::Settled(result) => ((**result).clone(), !result.columns.is_empty() || !result.schema.is_empty()),
    };
    SchemaTable {
        name: result.name,
        tables: Pair::new(result.source, result.target),
        failure: if described { None } else { result.reason },
        findings: result.schema,
    }
}
