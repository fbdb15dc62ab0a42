//! `tieout schema`: what the catalogues of real stores say, compared; one table for each kind of finding.

mod command;
mod engines;
mod same;

use crate::binary::{Outcome, Tieout};
use crate::servers::{MariaDb, Postgres};

fn postgres(script: &str) -> String {
    let postgres = Postgres::shared();
    postgres.url(&postgres.database("schema", script))
}

fn mariadb(script: &str) -> String {
    let mariadb = MariaDb::shared();
    let script = format!("ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n{script}");
    mariadb.url(&mariadb.database("schema", &script))
}

fn schema(tieout: &Tieout, source: &str, target: &str, more: &[&str]) -> Outcome {
    tieout.run(["schema", source, target].into_iter().chain(more.iter().copied()))
}

/// Every finding as `table: severity object name aspect`, in the order of the report.
fn findings(outcome: &Outcome) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("{e}\n{outcome}"));
    assert_eq!(report["format"], "tieout-schema/1");
    assert_eq!(report["exit_code"].as_i64(), outcome.code.map(i64::from), "{outcome}");
    let mut lines = Vec::new();
    for table in report["tables"].as_array().expect("tables") {
        for finding in table["findings"].as_array().expect("findings") {
            let word =
                |field: &str| finding[field].as_str().unwrap_or_else(|| panic!("{field} of {finding:#}")).to_owned();
            assert!(
                !word("text").is_empty() && (finding["source"].is_string() || finding["target"].is_string()),
                "{finding:#}"
            );
            let name = table["name"].as_str().expect("a name");
            lines.push(format!("{name}: {} {} {} {}", word("severity"), word("object"), word("name"), word("aspect")));
        }
    }
    lines
}

/// Compares two stores and expects exactly these findings, in any order.
#[track_caller]
fn assert_findings(source: &str, target: &str, expected: &[&str]) {
    let tieout = Tieout::new();
    let outcome = schema(&tieout, source, target, &["--json"]);
    let mut found = findings(&outcome);
    let mut expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
    found.sort();
    expected.sort();
    let unexpected: Vec<_> = found.iter().filter(|line| !expected.contains(line)).collect();
    let absent: Vec<_> = expected.iter().filter(|line| !found.contains(line)).collect();
    assert!(unexpected.is_empty() && absent.is_empty(), "unexpected {unexpected:#?}\nabsent {absent:#?}\n{outcome}");
}
