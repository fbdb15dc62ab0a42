//! The history: each run is recorded, whatever happens to the process that records it.

use std::process::{Command, Stdio};
use std::time::Duration;

use tieout::history;
use tieout::model::{RunRecord, Verdict};

use super::made::{CONFIG, Made};
use super::{run, shop};
use crate::binary::Tieout;

fn recorded(tieout: &Tieout) -> Vec<RunRecord> {
    history::read(&tieout.path("reports/history.db")).expect("a history")
}

#[test]
fn each_run_is_recorded_with_its_verdict_and_a_diff_only_where_it_is_asked_for() {
    let tieout = Tieout::new();
    run(&tieout, &shop(""), &shop(""), "").exits(0);
    let outcome = run(&tieout, &shop(""), &shop("DELETE FROM orders WHERE id < 4;"), "").exits(1);
    let runs = recorded(&tieout);
    assert_eq!(runs.len(), 2);
    let summary = outcome.report().summary;
    let end = runs[1].end.as_ref().expect("an end");
    assert_eq!(
        (&runs[1].start.id, end.verdict),
        (&summary["run"]["id"].as_str().expect("an id").to_owned(), Verdict::Differ)
    );
    assert_eq!(runs[1].start.started, summary["run"]["started"].as_str().expect("a time"));
    let orders = &end.tables[1];
    assert_eq!((orders.name.as_str(), orders.counts.missing, orders.compared.len()), ("orders", 3, 3));
    assert_eq!((end.coverage.tables.compared, end.coverage.tables.existing), (2, 2));
    assert_eq!(runs[0].start.config, runs[1].start.config);

    tieout.diff("source.db", "target.db", &[]).exits(1);
    assert_eq!(recorded(&tieout).len(), 2, "a diff is not recorded");
    tieout.diff("source.db", "target.db", &["--history", "other/history.db"]).exits(1);
    assert_eq!(history::read(&tieout.path("other/history.db")).expect("a history").len(), 1);
    tieout.write(
        "tieout.toml",
        "history = \"elsewhere.db\"\n[source]\nurl = \"source.db\"\n[target]\nurl = \"target.db\"\n",
    );
    tieout.run(["run"]).exits(1);
    assert_eq!(history::read(&tieout.path("elsewhere.db")).expect("a history").len(), 1);
    assert_eq!(recorded(&tieout).len(), 2);
}

#[test]
fn a_real_run_satisfies_the_gate_and_a_damaged_target_does_not() {
    let tieout = Tieout::new();
    run(&tieout, &shop(""), &shop(""), CONFIG).exits(0);
    tieout.run(["gate", "--phase", "backfill"]).exits(0);
    tieout.run(["gate", "--phase", "cutover"]).exits(3);
    run(&tieout, &shop(""), &shop("DELETE FROM orders WHERE id < 4;"), CONFIG).exits(1);
    tieout.run(["gate", "--phase", "backfill"]).exits(1);
    // A run of one table says nothing of the others.
    run(&tieout, &shop(""), &shop(""), CONFIG).exits(0);
    tieout.run(["run", "--table", "orders"]).exits(0);
    tieout.run(["gate", "--phase", "backfill"]).exits(0);
}

#[test]
fn history_lists_the_runs() {
    let made =
        Made::seven_nights(CONFIG, |nights, run| Some(if nights == 3 { RunRecord { end: None, ..run } } else { run }));
    let outcome = made.tieout.run(["history"]).exits(0);
    assert!(outcome.stdout.contains("7 runs: 6 match, 0 differ, 0 undecided, 1 without an end"), "{outcome}");
    assert!(outcome.stdout.contains("night-84") && outcome.stdout.contains("broke off"), "{outcome}");
    let json = made.tieout.run(["history", "--json"]).exits(0).stdout;
    let runs: Vec<RunRecord> = serde_json::from_str(&json).expect("JSON");
    assert_eq!(runs, recorded(&made.tieout));
    Tieout::new().run(["history"]).fails(2).saying(&["there is no history"]);
}

#[test]
fn a_history_that_cannot_be_written_stops_the_run_before_it_reads() {
    let tieout = Tieout::new();
    tieout.write("notes.db", "these are notes, and no history ".repeat(200));
    run(&tieout, &shop(""), &shop(""), "").exits(0);
    tieout.run(["run", "--history", "notes.db"]).exits(2).saying(&["history", "notes.db"]);
    tieout.run(["run", "--history", "source.db"]).exits(2).saying(&["no history of tieout"]);
    tieout.run(["gate", "--history", "notes.db"]).exits(3);
    assert!(std::fs::read_to_string(tieout.path("notes.db")).expect("notes").starts_with("these are notes"));
}

/// Not a test of its own: the process that the next tests start, stop and kill. It adds runs until it is stopped.
#[test]
#[ignore = "a helper of other tests"]
fn appends_in_a_loop() {
    let Some(folder) = std::env::var_os("TIEOUT_TEST_HISTORY") else { return };
    let count: u32 = std::env::var("TIEOUT_TEST_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(u32::MAX);
    let history = history::History::open(std::path::Path::new(&folder)).expect("a history");
    let made = Made::new(CONFIG);
    for turn in 0..count {
        let mut record = made.run(1.0);
        record.start.id = format!("{}-{turn}", std::process::id());
        history.append(&record).expect("a record");
    }
}

fn appender(history: &std::path::Path, runs: Option<u32>) -> std::process::Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "gate::history::appends_in_a_loop", "--ignored", "--nocapture"]);
    command.env("TIEOUT_TEST_HISTORY", history).stdout(Stdio::null()).stderr(Stdio::null());
    command.envs(runs.map(|runs| ("TIEOUT_TEST_RUNS", runs.to_string())));
    command.spawn().expect("a process")
}

/// Every record has all of its parts, and SQLite finds nothing wrong.
fn assert_whole(path: &std::path::Path) -> Vec<RunRecord> {
    let runs = history::read(path).expect("a history");
    for (at, run) in runs.iter().enumerate() {
        assert_eq!(run.sequence, at as i64 + 1, "no place is left out");
        // Of each process, only the record that it was killed over may lack its end.
        assert!(run.end.as_ref().is_none_or(|end| end.tables.len() == 2), "{run:?}");
    }
    let connection = rusqlite::Connection::open(path).expect("a database");
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
    assert_eq!(check, "ok");
    runs
}

#[test]
fn a_process_that_is_killed_while_it_records_leaves_a_whole_history() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history.db");
    let (mut before, mut kills) = (0, 0);
    while kills < 12 {
        let mut child = appender(&path, None);
        // At other moments each time.
        std::thread::sleep(Duration::from_millis(150 + 37 * kills));
        child.kill().expect("kill -9");
        child.wait().expect("an end");
        kills += 1;
        if path.exists() {
            let runs = assert_whole(&path);
            assert!(runs.len() >= before, "nothing that was recorded is lost");
            let unfinished = runs.iter().filter(|run| run.end.is_none()).count() as u64;
            assert!(unfinished <= kills, "{unfinished} without an end after {kills} kills");
            before = runs.len();
        }
    }
    assert!(before > 0, "the processes did record something");
}

#[test]
fn two_processes_that_record_at_once_lose_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history.db");
    let mut children: Vec<_> = (0..3).map(|_| appender(&path, Some(25))).collect();
    for child in &mut children {
        assert!(child.wait().expect("an end").success());
    }
    let runs = assert_whole(&path);
    assert_eq!(runs.len(), 75);
    assert!(runs.iter().all(|run| run.end.is_some()));
    let mut ids: Vec<&str> = runs.iter().map(|run| run.start.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 75);
}

#[test]
fn runs_at_the_same_time_are_all_recorded() {
    let tieout = Tieout::new();
    run(&tieout, &shop(""), &shop(""), CONFIG).exits(0);
    let running: Vec<_> = (0..3).map(|_| tieout.start(tieout.command(["run", "-q"]))).collect();
    for one in running {
        one.end().exits(0);
    }
    let runs = recorded(&tieout);
    assert_eq!(runs.len(), 4);
    assert!(
        runs.windows(2).all(|pair| pair[0].start.started <= pair[1].start.started),
        "the order is that of the starts"
    );
    tieout.run(["gate", "--phase", "backfill"]).exits(0);
}
