//! What the cases through the binary (tests/gate) cannot place to the second.

use chrono::TimeZone;

use super::*;
use crate::model::{Counts, Coverage, RunStart};

fn at(hour: u32, minute: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 25, hour, minute, 0).unwrap()
}

fn run(started: DateTime<Utc>, tables: &[&str]) -> RunRecord {
    let table = |name: &&str| TableRecord {
        name: (*name).into(),
        source: Some(format!("public.{name}")),
        target: None,
        verdict: Verdict::Match,
        reason: None,
        counts: Counts::default(),
        waived: Counts::default(),
        waived_until: None,
        rows: Pair::default(),
        compared: vec![],
        existing: vec![],
        seconds: 0.0,
    };
    RunRecord {
        sequence: 0,
        start: RunStart {
            id: moment(started),
            started: moment(started),
            version: String::new(),
            stores: Pair::new("a".into(), "b".into()),
            config: String::new(),
            allowances: vec![],
            mode: "full".into(),
            sample: None,
        },
        end: Some(RunEnd {
            finished: moment(started),
            verdict: Verdict::Match,
            reason: None,
            coverage: Coverage::default(),
            tables: tables.iter().map(table).collect(),
        }),
    }
}

fn ruled(history: &[RunRecord], tables: Option<&[&str]>) -> Ruling {
    let hours = |hours: u64| std::time::Duration::from_secs(hours * 3600);
    let demands = Demands { window: hours(4), every: hours(2), ..Demands::PLAIN };
    let asked = Asked {
        stores: Pair::new("a".into(), "b".into()),
        tables: tables.map(|all| all.iter().map(|name| ((*name).into(), vec![(*name).into()])).collect()),
        allowances: vec![],
        config: String::new(),
    };
    rule(&asked, &demands, history, at(12, 0))
}

#[test]
fn a_run_belongs_to_the_period_in_which_it_starts() {
    let proven = |times: &[(u32, u32)]| {
        let history: Vec<RunRecord> = times.iter().map(|(hour, minute)| run(at(*hour, *minute), &["t"])).collect();
        ruled(&history, Some(&["t"])).tables[0].periods_proven
    };
    assert_eq!(proven(&[(8, 0), (10, 0)]), 2, "a period begins with its first moment");
    assert_eq!(proven(&[(9, 59), (12, 0)]), 2, "the last one ends with now");
    assert_eq!(proven(&[(8, 0), (9, 59)]), 1);
    assert_eq!(proven(&[(7, 59), (10, 0)]), 1, "what starts before the window is not in it");
}

#[test]
fn a_table_is_known_by_the_names_of_either_side_and_all_its_conditions_must_match() {
    let mut twice = run(at(9, 0), &["orders", "orders (2)"]);
    let tables = &mut twice.end.as_mut().unwrap().tables;
    tables[1].source = Some("public.orders".into());
    tables[1].verdict = Verdict::Differ;
    let history = [twice, run(at(11, 0), &["orders"])];
    let ruling = ruled(&history, Some(&["public.orders"]));
    assert_eq!((ruling.verdict, ruling.tables[0].comparisons), (Verdict::Differ, 2));
}

#[test]
fn the_same_reason_is_told_once_for_all_tables() {
    let ruling = ruled(&[run(at(11, 0), &["a", "b"])], None);
    assert_eq!(ruling.reasons.len(), 1, "{:#?}", ruling.reasons);
    assert_eq!(ruling.reasons[0].tables, ["a", "b"]);
    assert_eq!(ruling.exit_code, 3);
}

#[test]
fn a_time_that_cannot_be_read_is_named() {
    let mut broken = run(at(9, 0), &["t"]);
    broken.start.started = "yesterday".into();
    let ruling = ruled(&[broken, run(at(9, 0), &["t"]), run(at(11, 0), &["t"])], Some(&["t"]));
    assert_eq!(ruling.verdict, Verdict::Undecided);
    assert!(ruling.reasons[0].what.contains("cannot be read as a time"));
}
