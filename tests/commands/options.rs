//! The options of `diff`, and what goes to stdout and what to stderr.

use super::compare;
use crate::binary::Tieout;

const ONE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b');";
const OTHER: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'c');";

#[test]
fn json_prints_exactly_the_summary() {
    let tieout = Tieout::new();
    let outcome = compare(&tieout, ONE, OTHER, &["--json"]).exits(1);
    let summary = std::fs::read_to_string(tieout.latest().join("summary.json")).expect("a summary");
    assert_eq!(outcome.stdout, summary);
    assert!(summary.ends_with("}\n"), "a text file ends with a line end");
}

#[test]
fn json_prints_the_summary_also_when_nothing_could_be_compared() {
    let tieout = Tieout::new();
    let outcome = compare(&tieout, ONE, OTHER, &["--json", "--table", "nope"]).exits(3);
    let summary: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("stdout is JSON");
    assert_eq!(summary["verdict"], "undecided");
}

#[test]
fn quiet_says_nothing_beyond_the_result() {
    let tieout = Tieout::new();
    let outcome = compare(&tieout, ONE, ONE, &["-q"]).exits(0);
    assert_eq!(outcome.stderr, "", "{outcome}");
    let loud = compare(&tieout, ONE, ONE, &[]).exits(0);
    assert!(outcome.stdout.len() <= loud.stdout.len(), "{outcome}\n{loud}");
}

#[test]
fn quiet_still_says_errors() {
    let tieout = Tieout::new();
    compare(&tieout, ONE, ONE, &["-q", "--key", "nope"]).fails(2).saying(&["nope"]);
}

#[test]
fn help_names_every_command_and_option() {
    let tieout = Tieout::new();
    let help = tieout.run(["--help"]).exits(0).stdout;
    for command in ["diff", "run", "init", "demo", "verify", "snapshot", "gate", "history", "schema"] {
        assert!(help.contains(command), "{command} is not in\n{help}");
        tieout.run([command, "--help"]).exits(0);
    }
    let shared = "--table --key --ignore --where --time-zone --mode --sample --sample-for --escalate --seed --snapshot --workers --memory --out \
        --history --json -q -v --values --key-values --keep-snapshots --sign --markdown --progress";
    for command in ["diff", "run"] {
        let help = tieout.run([command, "--help"]).exits(0).stdout;
        for option in shared.split(' ') {
            assert!(help.contains(option), "{command} does not know {option}:\n{help}");
        }
    }
}

#[test]
fn version_prints_the_version() {
    let tieout = Tieout::new();
    let outcome = tieout.run(["--version"]).exits(0);
    assert!(outcome.stdout.contains(env!("CARGO_PKG_VERSION")), "{outcome}");
}

#[test]
fn where_limits_the_rows_of_both_sides() {
    let tieout = Tieout::new();
    let report = compare(&tieout, ONE, OTHER, &["--where", "id < 2"]).exits(0).report();
    assert_eq!(report.rows("t"), [Some(1), Some(1)]);
    assert_eq!(compare(&tieout, ONE, OTHER, &["--where", "id >= 2"]).exits(1).report().rows("t"), [Some(1), Some(1)]);
}

#[test]
fn out_says_where_the_reports_go() {
    let tieout = Tieout::new();
    compare(&tieout, ONE, ONE, &["--out", "some/where"]).exits(0);
    assert!(tieout.path("some/where/latest/summary.json").is_file());
    assert!(!tieout.path("reports").exists());
}

#[test]
fn the_number_of_workers_changes_no_byte() {
    let big = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, at DATETIME);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
        INSERT INTO t SELECT i * 7 % 60013, 'name ' || i, datetime(1700000000 + i, 'unixepoch') FROM n;";
    let damaged = format!(
        "{big} DELETE FROM t WHERE id % 997 = 5; UPDATE t SET name = name || ' ', at = NULL WHERE id % 1009 = 7;
        UPDATE t SET id = -id WHERE id % 1201 = 9;"
    );
    let mut seen = Vec::new();
    for more in
        [&["--workers", "1"][..], &["--workers", "4"], &["--workers", "4"], &["--workers", "3", "--memory", "64MiB"]]
    {
        let tieout = Tieout::new();
        let report = compare(&tieout, big, &damaged, more).exits(1).report();
        assert_eq!(report.rows("t")[0], Some(60000));
        seen.push(report.csv("t"));
    }
    assert!(seen[0].lines().count() > 100);
    assert!(seen.iter().all(|csv| *csv == seen[0]), "two runs over the same data gave different bytes");
}

#[test]
fn the_number_of_workers_changes_no_byte_across_servers() {
    let rows = "INSERT INTO t SELECT i, 'name ' || i, i * 1.5 FROM generate_series(1, 30000) i;";
    let script = format!("CREATE TABLE t (id int PRIMARY KEY, name text, amount numeric(12,2)); {rows}");
    let damage = "DELETE FROM t WHERE id % 501 = 5; UPDATE t SET amount = amount + 0.01 WHERE id % 701 = 7;";
    let postgres = crate::servers::Postgres::shared();
    let [source, target] =
        [script.clone(), script + damage].map(|script| postgres.url(&postgres.database("workers", &script)));
    let runs = ["1", "4"].map(|workers| {
        let tieout = Tieout::new();
        tieout.diff(&source, &target, &["--workers", workers]).exits(1).report().csv("t")
    });
    assert!(runs[0].lines().count() > 50);
    assert_eq!(runs[0], runs[1]);
}

#[test]
fn half_of_a_sample_is_refused_and_not_ignored() {
    let tieout = Tieout::new();
    compare(&tieout, ONE, ONE, &["--mode", "sample"]).fails(2).saying(&["how much", "--sample-for"]);
    compare(&tieout, ONE, ONE, &["--sample", "1%"]).fails(2).saying(&["--mode sample"]);
    let lean = compare(&tieout, ONE, OTHER, &["--snapshot", "lean"]);
    assert!(matches!(lean.code, Some(1 | 2)), "lean finds the same, or is refused\n{lean}");
}
