//! Whole tables: one run of `tieout diff` for each case and pair of stores.

use std::path::Path;

use super::cases::{Body, Bytes, Content, Files, Kind, Kit, Situation};
use super::{Job, Outcome, pairs, parquet};
use crate::binary::{Outcome as Ended, Tieout};
use crate::servers::{MariaDb, Postgres};

/// A job for each case and pair of stores.
pub fn jobs(kit: &Kit) -> Vec<Job<'_>> {
    let mut jobs: Vec<Job<'_>> = Vec::new();
    for (at, case) in kit.cases.iter().enumerate() {
        let Body::Situation(situation) = &case.body else { continue };
        for pair in pairs(case) {
            jobs.push(Box::new(move || vec![Outcome { case: at, pair, given: run(situation, pair) }]));
        }
    }
    jobs
}

fn run(situation: &Situation, pair: [Kind; 2]) -> String {
    let tieout = Tieout::new();
    let source = place(&tieout, "source", pair[0], &situation.source);
    let target = place(&tieout, "target", pair[1], &situation.target);
    let more: Vec<&str> = situation.args.iter().map(String::as_str).collect();
    let ended = tieout.diff(source, target, &more);
    let mut given = verdict(&tieout, &ended);
    let summary = std::fs::read_to_string(tieout.latest().join("summary.json")).unwrap_or_default();
    for text in &situation.says {
        if !summary.contains(text) && !ended.stderr.contains(text) {
            given.push_str(&format!("; without saying {text:?}"));
        }
    }
    given
}

/// The exit code, the classes and the state of the columns in one line.
fn verdict(tieout: &Tieout, ended: &Ended) -> String {
    assert!(!ended.stderr.contains("panicked"), "a panic\n{ended}");
    let report = match ended.code {
        Some(2) => return "ERROR".to_owned(),
        Some(0 | 1 | 3) if tieout.latest().join("summary.json").exists() => ended.report(),
        Some(3) => return "ERROR".to_owned(),
        _ => panic!("{ended}"),
    };
    let tables: Vec<String> = report.tables().into_iter().map(str::to_owned).collect();
    let mut counts = [0; 4];
    let mut incomparable = false;
    for table in &tables {
        for (sum, count) in counts.iter_mut().zip(report.counts(table)) {
            *sum += count;
        }
        let columns = report.table(table)["columns"].as_array().cloned().unwrap_or_default();
        incomparable |= columns.iter().any(|column| column["status"] == "incomparable");
    }
    let classes = ["MISSING", "UNEXPECTED", "DUP", "CORRUPT"].into_iter().zip(counts).filter(|(_, count)| *count > 0);
    let found: Vec<String> = classes.map(|(class, count)| format!("{class} {count}")).collect();
    match ended.code {
        Some(0) => "EQUAL".to_owned(),
        Some(1) if found.is_empty() => "SCHEMA".to_owned(),
        Some(1) => found.join(", "),
        _ if incomparable => "INCOMPARABLE".to_owned(),
        _ => "ERROR".to_owned(),
    }
}

fn place(tieout: &Tieout, side: &str, kind: Kind, content: &Content) -> String {
    let script = || content.script(kind).expect("a script");
    match kind {
        Kind::Postgres => {
            let postgres = Postgres::shared();
            postgres.url(&postgres.database("kit", script()))
        }
        Kind::MariaDb => {
            let mariadb = MariaDb::shared();
            mariadb.url(&mariadb.database("kit", &format!("SET NAMES utf8mb4; {}", script())))
        }
        Kind::Sqlite => {
            crate::sqlite::database(tieout.folder.path(), &format!("{side}.db"), script());
            format!("{side}.db")
        }
        Kind::Csv => match content.csv.as_ref().expect("files") {
            Files::One(text) => file(tieout, side, "t.csv", text.as_bytes()),
            Files::Several(files) => {
                let single = files.len() == 1;
                for (name, bytes) in files {
                    let written = match bytes {
                        Bytes::Text(text) => file(tieout, side, name, text.as_bytes()),
                        Bytes::Hex { hex } => file(tieout, side, name, &hex::decode(hex).expect("hex")),
                    };
                    if single {
                        return written;
                    }
                }
                side.to_owned()
            }
        },
        Kind::Parquet => file(tieout, side, "t.parquet", &parquet::table(content.parquet.as_ref().expect("a table"))),
    }
}

fn file(tieout: &Tieout, side: &str, name: &str, content: &[u8]) -> String {
    let path = Path::new(side).join(name).display().to_string();
    tieout.write(&path, content);
    path
}
