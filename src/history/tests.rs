//! The history keeps what it was given, and nothing is ever changed in it.

use super::*;
use crate::model::{Allowance, Counts, Coverage, NO_LIMIT, Pair, Verdict};

fn record(id: &str) -> RunRecord {
    let table = TableRecord {
        name: "orders".into(),
        source: Some("public.orders".into()),
        target: Some("Orders".into()),
        verdict: Verdict::Differ,
        reason: Some("limit broken".into()),
        counts: Counts { missing: 3, ..Counts::default() },
        waived: Counts { missing: 1, ..Counts::default() },
        waived_until: Some("2026-12-31".into()),
        rows: Pair::new(Some(10), None),
        compared: vec!["id".into()],
        existing: vec!["id".into(), "note".into()],
        seconds: 1.25,
    };
    RunRecord {
        sequence: 0,
        start: RunStart {
            id: id.into(),
            started: "2026-11-25T02:00:00.000Z".into(),
            version: "0.1.0".into(),
            stores: Pair::new("a.db".into(), "b.db".into()),
            config: "c0ffee".into(),
            allowances: vec![Allowance::new(Some("orders"), "number of missing keys allowed", NO_LIMIT)],
            mode: "full".into(),
            sample: None,
        },
        end: Some(RunEnd {
            finished: "2026-11-25T02:10:00.000Z".into(),
            verdict: Verdict::Differ,
            reason: None,
            coverage: Coverage::default(),
            tables: vec![table],
        }),
    }
}

#[test]
fn what_was_recorded_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/history.db");
    assert_eq!(read(&path).unwrap(), []);
    let history = History::open(&path).unwrap();
    let unfinished = RunRecord { end: None, ..record("b") };
    for one in [&record("a"), &unfinished] {
        history.append(one).unwrap();
    }
    assert_eq!(
        read(&path).unwrap(),
        [RunRecord { sequence: 1, ..record("a") }, RunRecord { sequence: 2, ..unfinished }]
    );
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "one file, which can be copied as it is");
}

#[test]
fn an_end_that_is_not_committed_has_never_been_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let started = History::open(&path).unwrap().begin(|| record("a").start).unwrap();
    let end = record("a").end.unwrap();
    drop(started.end(&end).unwrap());
    assert_eq!(read(&path).unwrap()[0].end, None);
    started.end(&end).unwrap().commit().unwrap();
    assert_eq!(read(&path).unwrap()[0].end, Some(end.clone()));
    assert!(started.end(&end).is_err(), "a run ends once");
}

#[test]
fn nothing_can_be_changed_or_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    History::open(&path).unwrap().append(&record("a")).unwrap();
    let connection = Connection::open(&path).unwrap();
    for statement in ["DELETE FROM runs", "UPDATE ends SET verdict = 'match'", "UPDATE tables SET verdict = 'match'"] {
        let error = connection.execute(statement, []).unwrap_err().to_string();
        assert!(error.contains("append-only"), "{statement}: {error}");
    }
    assert_eq!(read(&path).unwrap().len(), 1);
}

#[test]
fn a_file_whose_creator_broke_off_is_an_empty_history() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    std::fs::write(&path, "").unwrap();
    assert_eq!(read(&path).unwrap(), []);
    History::open(&path).unwrap().append(&record("a")).unwrap();
    assert_eq!(read(&path).unwrap().len(), 1);
}

#[test]
fn another_file_is_never_taken_for_a_history() {
    let folder = tempfile::tempdir().unwrap();
    let (text, database) = (folder.path().join("notes.txt"), folder.path().join("shop.db"));
    std::fs::write(&text, "not a database at all, but long enough to be looked at as one ".repeat(20)).unwrap();
    Connection::open(&database).unwrap().execute_batch("CREATE TABLE orders (id INTEGER)").unwrap();
    for path in [text, database] {
        let before = std::fs::read(&path).unwrap();
        assert!(History::open(&path).is_err() && read(&path).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}
