//! Unbroken by faults: whatever happens to connections, servers, the process, the disk and the clock, a run either ends with the very
//! findings of an undisturbed one, or says that something was not compared. docs/faults.md names these tests.

mod altered;
mod clock;
mod extremes;
mod idle;
mod kept;
mod kills;
mod network;
mod refused;
mod servers;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::binary::{Outcome, Tieout, files_beneath};

/// A config of two stores; `rest` are further lines before them.
fn config(tieout: &Tieout, source: &str, target: &str, rest: &str) {
    let url = |url: &str| serde_json::to_string(url).expect("a string");
    let text = format!("{rest}\n[source]\nurl = {}\n[target]\nurl = {}\n", url(source), url(target));
    tieout.write("tieout.toml", text);
}

/// Quick retries, so that the tests are.
const QUICK: &str = "retry = { times = 4, first_wait = \"50ms\", wait_max = \"200ms\" }";

/// What a run found, apart from when: the differences of all tables to the byte, and of the summary all that is found.
#[derive(Debug, PartialEq)]
struct Findings {
    files: BTreeMap<String, Vec<u8>>,
    summary: Value,
}

/// The findings of the run in a directory.
#[track_caller]
fn findings(run: &Path) -> Findings {
    let text = std::fs::read_to_string(run.join("summary.json")).expect("a finished run");
    let summary: Value = serde_json::from_str(&text).expect("a summary is JSON");
    let tables = summary["tables"].as_array().expect("tables").iter().cloned().map(|mut table| {
        let table_of = table.as_object_mut().expect("an object");
        for of_time in ["seconds", "moments", "retries"] {
            table_of.remove(of_time);
        }
        table
    });
    let tables: Vec<Value> = tables.collect();
    let part = |name: &str| summary[name].clone();
    let found = json!({
        "verdict": part("verdict"), "exit_code": part("exit_code"), "reason": part("reason"), "causes": part("causes"),
        "coverage": part("coverage"), "limits": part("limits"), "waivers": part("waivers"), "tables": tables,
    });
    let folder = run.join("tables");
    let files = files_beneath(&folder).into_iter().map(|file| {
        let name = file.strip_prefix(&folder).expect("beneath it").display().to_string();
        (name, std::fs::read(&file).expect("a file"))
    });
    Findings { files: files.collect(), summary: found }
}

/// The only directory of a run in `reports`.
#[track_caller]
fn only_run(tieout: &Tieout) -> std::path::PathBuf {
    let entries = std::fs::read_dir(tieout.path("reports")).expect("reports").flatten().map(|entry| entry.path());
    let runs: Vec<_> = entries.filter(|path| path.is_dir() && !path.is_symlink()).collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs.into_iter().next().expect("a run")
}

/// How often it was tried again to read something, all tables of a report together.
fn retries(outcome: &Outcome) -> u64 {
    let report = outcome.report();
    let tables = report.summary["tables"].as_array().expect("tables");
    tables.iter().map(|table| table["retries"].as_u64().unwrap_or(0)).sum()
}

/// Copies a folder and all beneath it.
fn copy_folder(from: &Path, to: &Path) {
    for file in files_beneath(from) {
        let path = to.join(file.strip_prefix(from).expect("beneath it"));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::copy(&file, path).expect("a copy");
    }
}
