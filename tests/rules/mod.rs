//! The rules of a config: each makes equal what it is meant for, in full and in lean runs, and nothing else.

mod config;
mod expressions;
mod files;
mod servers;
mod several;
mod sqlite;
mod tolerance;

use crate::binary::{Outcome, Tieout};
use crate::result::Report;

/// Compares two SQLite databases under a config: the stores are added, and the run is done in full and lean. Both must
/// find the same. Returns the full one.
#[track_caller]
pub fn run_sqlite(tieout: &Tieout, source: &str, target: &str, config: &str, code: i32) -> Report {
    for (name, script) in [("source.db", source), ("target.db", target)] {
        let _ = std::fs::remove_file(tieout.path(name));
        crate::sqlite::database(tieout.folder.path(), name, script);
    }
    run(tieout, "source.db", "target.db", config, code)
}

/// As [`run_sqlite`], over any two stores.
#[track_caller]
pub fn run(tieout: &Tieout, source: &str, target: &str, config: &str, code: i32) -> Report {
    let lean = start(tieout, source, target, config, &["--snapshot", "lean"]).exits(code).report();
    let full = start(tieout, source, target, config, &[]).exits(code).report();
    for table in full.tables() {
        assert_eq!(full.counts(table), lean.counts(table), "{table}: full and lean");
        assert_eq!(full.table(table)["within_tolerance"], lean.table(table)["within_tolerance"], "{table}");
        assert_eq!(full.table(table)["columns"], lean.table(table)["columns"], "{table}");
        if full.counts(table) != [0; 4] {
            assert_eq!(full.csv(table), lean.csv(table), "{table}: full and lean");
        }
    }
    full
}

/// `tieout run` with a config over these stores.
#[track_caller]
pub fn start(tieout: &Tieout, source: &str, target: &str, config: &str, more: &[&str]) -> Outcome {
    let top: String =
        config.lines().take_while(|line| !line.starts_with('[')).map(|line| format!("{line}\n")).collect();
    let rest = &config[top.len().min(config.len())..];
    tieout.write("tieout.toml", format!("{top}[source]\nurl = {source:?}\n[target]\nurl = {target:?}\n{rest}"));
    tieout.run(["run"].iter().chain(more))
}

/// One column `v` of one type each, with the values of rows 1, 2, ….
pub fn table(declared: &str, values: &[&str]) -> String {
    let mut script = format!("CREATE TABLE t (id INTEGER PRIMARY KEY, v {declared});\n");
    for (at, value) in values.iter().enumerate() {
        script.push_str(&format!("INSERT INTO t VALUES ({}, {value});\n", at + 1));
    }
    script
}

/// A config with rules for the column `v` of `t`.
pub fn of_v(rules: &str) -> String {
    format!("[[tables]]\nsource = \"t\"\nkey = [\"id\"]\n[[tables.columns]]\nsource = \"v\"\n{rules}\n")
}
