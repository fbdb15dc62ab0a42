//! A table pair in the drafted config, and what is to be said about its columns.

use super::{comments, list, literal};
use crate::model::{ColumnPlan, ColumnStatus, Pair, TableOutcome, TablePlan, TableResult};

/// The lines of a pair that exists on both sides, also where it cannot be compared as it stands: leaving it out would
/// turn what is undecided into a match.
pub fn pair(outcome: &TableOutcome) -> Option<Vec<String>> {
    match outcome {
        TableOutcome::Compare(plan) => Some(compared(plan)),
        TableOutcome::Settled(result) => settled(result),
    }
}

/// The lines of a table that exists on one side only, all of them comments.
pub fn one_sided(outcome: &TableOutcome) -> Option<Vec<String>> {
    let TableOutcome::Settled(result) = outcome else { return None };
    let name = match (&result.source, &result.target) {
        (Some(name), None) | (None, Some(name)) => name,
        _ => return None,
    };
    let reason = result.reason.as_deref().unwrap_or("the other side has no such table");
    let mut lines = comments(&[String::new(), reason.to_owned(), "[[tables]]".into()]);
    lines.extend(commented(format!("source = {}", literal(name))));
    Some(lines)
}

fn compared(plan: &TablePlan) -> Vec<String> {
    let names = plan.tables.as_ref().map(|table| table.name.to_string());
    let mut lines = header(&names);
    let keys: Vec<&str> = plan.key.iter().map(|&at| plan.columns[at].name.as_str()).collect();
    match keys.as_slice() {
        [] => lines.extend(comments(&[
            "no key: compared as a multiset of whole rows; with a key the report can tell corrupt rows from lost ones",
            "key = [\"…\"]",
        ])),
        _ => lines.push(format!("key = {}", list(keys))),
    }
    lines.extend(comments(&plan.findings));
    let unmet: Vec<&str> = plan.columns.iter().filter(|c| is_unmet(c.status)).map(|c| c.name.as_str()).collect();
    if !unmet.is_empty() {
        lines.extend(comments(&["to leave out what cannot be compared:"]));
        lines.extend(commented(format!("ignore = {}", list(unmet))));
    }
    lines.extend(columns(plan));
    lines.extend(plan.columns.iter().filter_map(rule).flatten());
    lines
}

/// A rule that accepts what one side of a column cannot hold, as a comment.
fn rule(column: &ColumnPlan) -> Option<Vec<String>> {
    use crate::canonical::Encoding as E;
    let compared = column.compared.as_ref()?;
    column.findings.iter().find(|finding| finding.starts_with("lossy"))?;
    let rule = match compared.comparison.encoding() {
        E::Number => "scale = 2 # the digits that both sides keep; round = \"half_up\", \"half_even\" or \"truncate\"",
        E::Time | E::Timestamp | E::Instant => {
            "precision = \"s\" # ms, us; round = \"half_up\", \"half_even\" or \"truncate\""
        }
        E::Float32 | E::Float64 => "tolerance = { rel = 1e-7 } # abs, rel or ulp",
        _ => return None,
    };
    let mut lines = comments(&["where the loss was meant:", "[[tables.columns]]"]);
    lines.extend(commented(format!("source = {}\n{rule}", literal(&column.name))));
    Some(lines)
}

fn settled(result: &TableResult) -> Option<Vec<String>> {
    let names = Pair::new(result.source.clone()?, result.target.clone()?);
    let mut lines = header(&names);
    if let Some(reason) = &result.reason {
        lines.extend(comments(&[format!("cannot be compared as it stands: {reason}")]));
    }
    lines.extend(comments(&result.findings));
    for column in &result.columns {
        let note = match column.findings.as_slice() {
            [] => String::new(),
            findings => format!(": {}", findings.join("; ")),
        };
        lines.extend(comments(&[format!("  {} {}{note}", column.name, column.status.name())]));
    }
    Some(lines)
}

fn header(names: &Pair<String>) -> Vec<String> {
    let mut lines = vec!["[[tables]]".to_owned(), format!("source = {}", literal(&names.source))];
    if names.target != names.source {
        lines.push(format!("target = {}", literal(&names.target)));
    }
    lines
}

fn columns(plan: &TablePlan) -> Vec<String> {
    let names: Vec<String> = plan.columns.iter().map(name).collect();
    let types: Vec<String> = plan.columns.iter().map(|column| types(plan, column)).collect();
    let width = |texts: &[String]| texts.iter().map(|text| text.chars().count()).max().unwrap_or_default().min(40);
    let (names_width, types_width) = (width(&names), width(&types));
    let described = plan
        .columns
        .iter()
        .zip(names.iter().zip(&types))
        .map(|(column, (name, types))| format!("  {name:names_width$}  {types:types_width$}  {}", fate(column)));
    comments(&described.collect::<Vec<_>>())
}

fn name(column: &ColumnPlan) -> String {
    match &column.target {
        Some(target) if *target != column.name => format!("{} = {target}", column.name),
        _ => column.name.clone(),
    }
}

/// The types in the stores' own words.
fn types(plan: &TablePlan, column: &ColumnPlan) -> String {
    let native = |table: &crate::model::Table, name: &str| {
        table.position(name).map(|at| table.columns[at].native.clone()).filter(|native| !native.is_empty())
    };
    let in_source =
        (column.status != ColumnStatus::MissingInSource).then(|| native(&plan.tables.source, &column.name)).flatten();
    let in_target = match column.status {
        ColumnStatus::MissingInSource => native(&plan.tables.target, column.target.as_ref().unwrap_or(&column.name)),
        _ => column.target.as_ref().and_then(|name| native(&plan.tables.target, name)),
    };
    match (in_source, in_target) {
        (Some(source), Some(target)) if source == target => source,
        (Some(source), Some(target)) => format!("{source} / {target}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => String::new(),
    }
}

fn fate(column: &ColumnPlan) -> String {
    let mut said = match (&column.compared, column.status) {
        (Some(compared), _) => format!("as {}", compared.label()),
        (None, ColumnStatus::MissingInTarget) => "MISSING IN TARGET: the table differs".into(),
        (None, ColumnStatus::MissingInSource) => "only in the target: listed, changes no verdict".into(),
        (None, ColumnStatus::Incomparable) => "INCOMPARABLE: at best undecided".into(),
        (None, status) => status.name().to_owned(),
    };
    for finding in &column.findings {
        said = format!("{said}; {finding}");
    }
    said
}

fn is_unmet(status: ColumnStatus) -> bool {
    matches!(status, ColumnStatus::Incomparable | ColumnStatus::MissingInTarget)
}

/// A line of TOML as a comment. A string over several lines becomes several comments, good TOML once uncommented.
fn commented(toml: String) -> Vec<String> {
    toml.lines().map(|line| format!("# {line}")).collect()
}
