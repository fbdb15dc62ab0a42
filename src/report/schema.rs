//! What `tieout schema` prints: JSON for programs, lines for people.

use super::visible::plain;
use super::words::{plural, severities, shorten};
use crate::error::{Error, Result};
use crate::model::{Pair, SchemaFinding, SchemaReport, SchemaTable, Severity, SeverityCounts, TableResult};

/// Characters of a name or of what a side says.
const WORDS_CHARS_MAX: usize = 120;

/// The report as indented JSON with a line end.
pub fn schema_json(report: &SchemaReport) -> Result<Vec<u8>> {
    let mut bytes =
        serde_json::to_vec_pretty(report).map_err(|e| Error::output("cannot write the findings as JSON").because(e))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The report for a terminal: the findings from `least` on, a line each under its table, and the sum of all.
pub fn schema_table(report: &SchemaReport, least: Severity, colour: bool) -> String {
    let mut text = String::new();
    for table in &report.tables {
        let shown: Vec<&SchemaFinding> = table.findings.iter().filter(|finding| finding.reaches(least)).collect();
        if shown.is_empty() && table.failure.is_none() {
            continue;
        }
        text.push_str(&format!("{}\n", plain(&heading(table))));
        if let Some(failure) = &table.failure {
            text.push_str(&format!("  not compared: {}\n", plain(failure)));
        }
        shown.iter().for_each(|finding| text.push_str(&line(finding, colour)));
        text.push('\n');
    }
    text.push_str(&sum(report, least));
    text
}

/// One line for all tables of a run; `None` where their schemas do not differ.
pub(super) fn one_line(tables: &[TableResult]) -> Option<String> {
    let counts = SeverityCounts::of(tables.iter().flat_map(|table| &table.schema));
    let with = tables.iter().filter(|table| !table.schema.is_empty()).count() as u64;
    (with > 0).then(|| format!("schemas: {} in {}: see report.html", severities(&counts), plural(with, "table")))
}

fn heading(table: &SchemaTable) -> String {
    match (&table.tables.source, &table.tables.target) {
        (Some(source), Some(target)) if source == target => source.clone(),
        (Some(source), Some(target)) => format!("{source} → {target}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => table.name.clone(),
    }
}

fn line(finding: &SchemaFinding, colour: bool) -> String {
    let word = format!("{:<9}", finding.severity.name());
    let word = match finding.severity {
        Severity::Lossy if colour => format!("\u{1b}[31m{word}\u{1b}[0m"),
        Severity::Stricter if colour => format!("\u{1b}[33m{word}\u{1b}[0m"),
        _ => word,
    };
    let short = |text: &str| plain(&shorten(text, WORDS_CHARS_MAX)).into_owned();
    // A table or key that one side lacks is named already.
    let name = short(&finding.name);
    let says = match Pair::new(&finding.source, &finding.target).map(|says| says.as_deref().map(short)) {
        Pair { source: Some(source), target: Some(target) } => format!(" [{source} → {target}]"),
        Pair { source: Some(one), target: None } | Pair { source: None, target: Some(one) } if one != name => {
            format!(" [{one}]")
        }
        _ => String::new(),
    };
    format!("  {word}  {} {name}: {}{says}\n", finding.object.name(), plain(&finding.text))
}

fn sum(report: &SchemaReport, least: Severity) -> String {
    let compared = report.tables.iter().filter(|table| table.failure.is_none()).count() as u64;
    let failed = report.tables.len() as u64 - compared;
    let all = report.counts;
    let total: u64 = Severity::ALL.map(|severity| all.get(severity)).iter().sum();
    let mut text = match (compared, total) {
        (0, _) => "No schemas were compared.".to_owned(),
        (n, 0) => format!("The schemas of {} say the same.", plural(n, "table")),
        (n, _) => format!("{} compared: {}.", plural(n, "table"), severities(&all)),
    };
    if failed > 0 {
        text.push_str(&format!(" {} could not be compared.", plural(failed, "table")));
    }
    if least > Severity::Note && all.note > 0 {
        text.push_str(" Notes are shown with -v.");
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Aspect, SCHEMA_FORMAT, SchemaObject, StoreIdentity, StoreKind};

    fn report() -> SchemaReport {
        let finding = |severity, text: &str| SchemaFinding {
            severity,
            object: SchemaObject::Column,
            name: "no\u{1b}[2Jte".into(),
            aspect: Aspect::Length,
            source: Some("varchar(100)".into()),
            target: Some("varchar(50)".into()),
            text: text.into(),
        };
        let findings = vec![finding(Severity::Lossy, "too short"), finding(Severity::Note, "longer")];
        let store = StoreIdentity { kind: StoreKind::Sqlite, url: "a.db".into() };
        SchemaReport {
            format: SCHEMA_FORMAT.into(),
            version: "0".into(),
            source: store.clone(),
            target: store,
            limit: Severity::Stricter,
            exit_code: 1,
            counts: SeverityCounts::of(&findings),
            tables: vec![SchemaTable {
                name: "t".into(),
                tables: Pair::new(Some("t".into()), Some("T".into())),
                failure: None,
                findings,
            }],
        }
    }

    #[test]
    fn people_get_a_line_for_each_finding_and_notes_where_they_ask() {
        let text = schema_table(&report(), Severity::Different, false);
        assert!(text.starts_with("t → T\n  lossy      column no"), "{text}");
        assert!(text.contains(": too short [varchar(100) → varchar(50)]\n") && !text.contains("longer"), "{text}");
        assert!(text.ends_with("1 table compared: 1 lossy, 1 note. Notes are shown with -v.\n"), "{text}");
        assert!(!text.contains('\u{1b}'), "a name cannot steer the terminal: {text:?}");
        assert!(schema_table(&report(), Severity::Note, false).contains("longer"));
    }

    #[test]
    fn programs_get_every_finding() {
        let value: serde_json::Value = serde_json::from_slice(&schema_json(&report()).unwrap()).unwrap();
        assert_eq!(value["format"], "tieout-schema/1");
        let finding = &value["tables"][0]["findings"][0];
        let fields = ["severity", "object", "name", "aspect", "source", "target", "text"];
        assert_eq!(finding.as_object().unwrap().keys().collect::<Vec<_>>(), fields);
        assert_eq!((&finding["severity"], &finding["aspect"]), (&"lossy".into(), &"length".into()));
        assert_eq!(value["tables"][0]["target"], "T");
    }
}
