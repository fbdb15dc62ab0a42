//! Runs that cannot be taken up: refused with the reason, exit code 2, and nothing changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::kept::{Hold, Stores};
use super::{config, findings, only_run};
use crate::binary::{Tieout, files_beneath};

/// The bytes of all files of a run.
fn everything(run: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    files_beneath(run).into_iter().map(|file| (file.clone(), std::fs::read(&file).expect("a file"))).collect()
}

/// Fails unless taking `run` up is refused for `reason`, and everything stays as it was.
#[track_caller]
fn refused(tieout: &Tieout, run: &Path, arguments: &[&str], reason: &str) {
    let before = everything(run);
    let mut all = vec!["run", "-q", "--resume", run.to_str().expect("UTF-8")];
    all.extend(arguments);
    tieout.run(all).fails(2).saying(&[reason]);
    assert_eq!(everything(run), before, "{reason}: nothing was changed");
}

/// Changes what a run has written down of itself, and seals it anew.
fn state(run: &Path, change: impl FnOnce(&mut Value)) {
    let path = run.join(".resume/run.json");
    let text = std::fs::read_to_string(&path).expect("run.json");
    let mut state: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    change(&mut state);
    let json = serde_json::to_string(&state).expect("JSON");
    let hash = hex::encode(Sha256::digest(&json));
    std::fs::write(path, format!("{json}\n{hash}\n")).expect("run.json");
}

#[test]
fn a_run_of_another_comparison_is_refused() {
    let stores = Stores::new("");
    let (tieout, run) = (&stores.tieout, stores.killed());
    for arguments in [
        &["--ignore", "name"][..],
        &["--where", "id < 5"],
        &["--key", "name"],
        &["--time-zone", "UTC"],
        &["--values", "mask"],
        &["--snapshot", "lean"],
        &["--keep-snapshots", "never"],
        &["--mode", "sample", "--sample", "10%"],
    ] {
        refused(tieout, &run, arguments, "meant another comparison");
    }
    // What changes no finding may be another.
    let others = ["--workers", "1", "--memory", "100MiB", "--retries", "1", "--json"];
    let mut all = vec!["run", "-q", "--resume", run.to_str().expect("UTF-8")];
    all.extend(others);
    tieout.run(all).exits(1);
    assert_eq!(findings(&run), stores.expected);
}

#[test]
fn a_run_that_is_finished_unknown_or_was_never_written_down_is_refused() {
    let tieout = Tieout::new();
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);";
    crate::sqlite::database(tieout.folder.path(), "a.db", table);
    config(&tieout, "a.db", "a.db", "");
    tieout.run(["run", "-q"]).exits(0);
    let run = only_run(&tieout);
    let resume = |name: &str| tieout.run(["run", "-q", "--resume", name]).exits(2).stderr;
    assert!(resume("latest").contains("no run of this config that could be taken up"));
    assert!(resume(run.to_str().expect("UTF-8")).contains("it is finished"));
    assert!(resume(run.file_name().expect("a name").to_str().expect("UTF-8")).contains("it is finished"));
    assert!(resume("20260101T000000Z-0000").contains("there is no such run"));
    std::fs::create_dir(tieout.path("reports/20260101T000000Z-0001")).expect("a folder");
    assert!(resume("20260101T000000Z-0001").contains("nothing was written down"));
    std::fs::create_dir(tieout.path("reports/20260101T000000Z-0001/.resume")).expect("a folder");
    assert!(resume("20260101T000000Z-0001").contains("before it had written down"));
}

#[test]
fn a_run_whose_record_is_damaged_of_another_version_or_renamed_is_refused() {
    let stores = Stores::new("");
    let (tieout, run) = (&stores.tieout, stores.killed());
    let path = run.join(".resume/run.json");
    let whole = std::fs::read(&path).expect("run.json");
    for at in [0, whole.len() / 2, whole.len() - 3] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x02;
        std::fs::write(&path, bytes).expect("run.json");
        refused(tieout, &run, &[], "is damaged");
    }
    std::fs::write(&path, &whole).expect("run.json");
    state(&run, |state| state["version"] = "0.0.1".into());
    refused(tieout, &run, &[], "begun by tieout 0.0.1");
    state(&run, |state| {
        state["version"] = env!("CARGO_PKG_VERSION").into();
        state["run"] = "another".into();
    });
    refused(tieout, &run, &[], "its directory was renamed");
    std::fs::write(&path, &whole).expect("run.json");
    tieout.run(["run", "-q", "--resume", "latest"]).exits(1);
    assert_eq!(findings(&run), stores.expected);
}

#[test]
fn a_store_that_is_another_or_has_gone_back_is_refused() {
    let stores = Stores::new("");
    let (tieout, run) = (&stores.tieout, stores.killed());
    let whole = std::fs::read(run.join(".resume/run.json")).expect("run.json");
    let known = |name: &str| {
        let text = String::from_utf8_lossy(&whole).into_owned();
        let state: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
        assert!(state["stores"]["target"][name].is_string(), "{name} is known: {state}");
    };
    for name in ["system_identifier", "database", "timeline"] {
        known(name);
        state(&run, |state| state["stores"]["target"][name] = "4711".into());
        refused(tieout, &run, &[], "the target: it is another store");
        std::fs::write(run.join(".resume/run.json"), &whole).expect("run.json");
    }
    known("lsn");
    state(&run, |state| state["stores"]["target"]["lsn"] = "FFFF/0".into());
    refused(tieout, &run, &[], "the target: it has gone back");
    std::fs::write(run.join(".resume/run.json"), &whole).expect("run.json");
    // The source is put back from a copy of an earlier day.
    let source = tieout.path("source.db");
    std::fs::copy(&source, tieout.path("backup.db")).expect("a copy");
    let later = rusqlite::Connection::open(&source).expect("the source");
    later.execute_batch("UPDATE beta SET name = 'later' WHERE id = 1").expect("an update");
    drop(later);
    let mut hold = Hold::readers(stores.postgres, &stores.database);
    let again = tieout.start(tieout.command(["run", "-q", "--resume", "latest"]));
    hold.wait_until_somebody_waits();
    again.signal("KILL");
    again.end();
    hold.release();
    std::fs::copy(tieout.path("backup.db"), &source).expect("the backup");
    refused(tieout, &run, &[], "the source: it has gone back");
}

#[test]
fn a_waiver_that_ran_out_in_between_is_a_reason_to_start_anew() {
    let today = chrono::Utc::now().date_naive();
    let until = today - chrono::Days::new(1);
    let waiver = format!("[[waivers]]\nowner = \"o\"\nreason = \"r\"\ntable = \"alpha\"\nuntil = {until}\n");
    let stores = Stores::new(&waiver);
    let run = stores.killed();
    let begun = (today - chrono::Days::new(3)).to_string();
    state(&run, |state| state["today"] = begun.into());
    refused(&stores.tieout, &run, &[], "a waiver has run out since");
}

#[test]
fn two_processes_never_work_on_one_run() {
    let stores = Stores::new("");
    stores.caught(|hold, run| {
        let directory = only_run(&stores.tieout);
        // It lives: nobody else may take it up.
        for name in ["latest", directory.to_str().expect("UTF-8")] {
            let outcome = stores.tieout.run(["run", "-q", "--resume", name]).exits(2);
            assert!(outcome.stderr.contains("another process works on this run"), "{outcome}");
        }
        hold.release();
        run.end().exits(1);
        assert_eq!(findings(&directory), stores.expected);
    });
    // Of many who take up a killed run at once, one does.
    std::fs::remove_dir_all(stores.tieout.path("reports")).expect("removed");
    let directory = stores.killed();
    let runs: Vec<_> = (0..4)
        .map(|_| {
            stores.tieout.start(stores.tieout.command(["run", "-q", "--resume", directory.to_str().expect("UTF-8")]))
        })
        .collect();
    let codes: Vec<Option<i32>> = runs.into_iter().map(|run| run.end().code).collect();
    assert_eq!(codes.iter().filter(|code| **code == Some(1)).count(), 1, "{codes:?}");
    assert!(codes.iter().all(|code| matches!(code, Some(1 | 2))), "{codes:?}");
    assert_eq!(findings(&directory), stores.expected);
}
