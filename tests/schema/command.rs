//! The command: exit codes, options, output; and what `diff` makes of the same findings.

use std::fmt::Write;
use std::time::Instant;

use super::{findings, mariadb, postgres, schema};
use crate::binary::Tieout;

const WIDE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, n VARCHAR(9) NOT NULL); INSERT INTO t VALUES (1, 'a');";

fn databases(tieout: &Tieout, source: &str, target: &str) {
    for (name, script) in [("source.db", source), ("target.db", target)] {
        crate::sqlite::database(tieout.folder.path(), name, script);
    }
}

#[test]
fn the_exit_code_follows_the_severity_that_was_asked_for() {
    let tieout = Tieout::new();
    databases(&tieout, WIDE, "CREATE TABLE t (id INTEGER PRIMARY KEY, n VARCHAR(9)); INSERT INTO t VALUES (1, 'a');");
    let run = |more: &[&str]| schema(&tieout, "source.db", "target.db", more);
    let outcome = run(&[]).exits(0);
    assert!(outcome.stdout.contains("different") && outcome.stdout.contains("allows NULL"), "{outcome}");
    run(&["--severity", "different"]).exits(1);
    run(&["--severity", "lossy"]).exits(0);
    run(&["--severity", "grave"]).exits(2).saying(&["lossy", "note"]);
    let stricter = schema(&tieout, "target.db", "source.db", &[]).exits(1);
    assert!(stricter.stdout.contains("stricter") && stricter.stdout.contains("refuses NULL"), "{stricter}");
    assert!(!tieout.path("reports").exists(), "no run directory is written");
}

#[test]
fn what_was_not_compared_is_undecided() {
    let tieout = Tieout::new();
    databases(&tieout, WIDE, WIDE);
    schema(&tieout, "source.db", "target.db", &["--table", "nope"]).fails(3).saying(&["nope"]);
    schema(&tieout, "source.db", "absent.db", &[]).fails(3).saying(&["absent.db"]);
    schema(&tieout, "source.db", "target.db", &["--table", "t"]).exits(0);
    tieout.run(["schema", "source.db"]).exits(2).saying(&["TARGET"]);
    tieout.run(["schema"]).exits(2);
}

#[test]
fn a_config_names_stores_and_tables() {
    let tieout = Tieout::new();
    databases(&tieout, WIDE, "CREATE TABLE other (id INTEGER PRIMARY KEY, n VARCHAR(9) NOT NULL)");
    let config = "[source]\nurl = \"source.db\"\n[target]\nurl = \"target.db\"\n[[tables]]\nsource = \"t\"\ntarget = \"other\"\n";
    tieout.write("tieout.toml", config);
    let outcome = tieout.run(["schema", "--config", "tieout.toml", "--json"]).exits(0);
    assert_eq!(findings(&outcome), [""; 0]);
    tieout.run(["schema", "source.db", "target.db", "--config", "tieout.toml"]).exits(2);
}

#[test]
fn diff_lists_the_findings_and_keeps_its_verdict() {
    let tieout = Tieout::new();
    let source =
        postgres("CREATE TABLE t (id int PRIMARY KEY, n varchar(100) NOT NULL); INSERT INTO t VALUES (1, 'a')");
    let target = postgres("CREATE TABLE t (id int PRIMARY KEY, n varchar(50)); INSERT INTO t VALUES (1, 'a')");
    let outcome = tieout.diff(&source, &target, &[]).exits(0);
    assert!(outcome.stdout.contains("schemas: 1 lossy, 1 different in 1 table"), "{outcome}");
    let report = outcome.report();
    let findings = report.table("t")["schema"].as_array().expect("an array").clone();
    assert_eq!(findings.len(), 2, "{findings:#?}");
    assert_eq!((&findings[0]["severity"], &findings[0]["name"]), (&"lossy".into(), &"n".into()));
    let html = std::fs::read_to_string(tieout.latest().join("report.html")).expect("a report");
    assert!(html.contains("at most 50 characters"), "the report shows them");
    // A snapshot keeps what the catalogue said.
    tieout.run(["snapshot", &source, "--out", "kept"]).exits(0);
    let kept = schema(&tieout, "kept", &target, &["--json"]).exits(1);
    assert_eq!(super::findings(&kept), ["t: lossy column n length", "t: different column n null"]);
}

#[test]
fn a_thousand_tables_take_seconds() {
    let tieout = Tieout::new();
    let tables = || {
        let mut script = String::new();
        for number in 0..1000 {
            let _ = write!(
                script,
                "CREATE TABLE t{number} (id int PRIMARY KEY, name varchar(50) NOT NULL, amount decimal(10,2) DEFAULT 0);"
            );
        }
        script
    };
    let (source, target) = (postgres(&tables()), mariadb(&tables()));
    let begin = Instant::now();
    let outcome = schema(&tieout, &source, &target, &["--json"]).exits(0);
    println!("1000 tables, PostgreSQL to MariaDB: {:.1} s", begin.elapsed().as_secs_f64());
    assert_eq!(findings(&outcome), [""; 0]);
    assert_eq!(outcome.stdout.matches("\"failure\": null").count(), 1000);
}
