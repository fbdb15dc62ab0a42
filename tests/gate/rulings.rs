//! `tieout gate` over made histories: each with the exit code it owes, and the reason it gives.

use tieout::config::meaning;
use tieout::model::{RunRecord, Verdict};

use super::made::{CONFIG, Made, days_before_now, hours_before_now, with_orders};

/// Rules over seven nights with one thing changed.
#[track_caller]
fn owes(code: i32, said: &str, change: impl FnMut(i64, RunRecord) -> Option<RunRecord>) {
    let made = Made::seven_nights(CONFIG, change);
    let outcome = made.gate(&["--window", "7d"]).exits(code);
    assert!(outcome.stdout.contains(said), "`{said}` is not said\n{outcome}");
}

fn differs(record: RunRecord) -> RunRecord {
    with_orders(record, |orders| {
        orders.verdict = Verdict::Differ;
        orders.counts.missing = 3;
    })
}

#[test]
fn seven_matching_nights_may_go_ahead() {
    owes(0, "may go ahead. 2 tables proven to match in each of 7 periods of 24 hours", |_, run| Some(run));
}

#[test]
fn a_gap_is_not_shown() {
    owes(3, "a gap: not compared in the 24 hours until", |nights, run| (nights != 3).then_some(run));
    owes(3, "a gap: not compared in the 48 hours until", |nights, run| (nights != 3 && nights != 4).then_some(run));
}

#[test]
fn a_late_run_leaves_a_gap_before_it() {
    // The run of the third-last night came 13 hours late, in the next period.
    owes(3, "a gap", |nights, mut run| {
        if nights == 2 {
            run.start.started = hours_before_now(12.0 + 24.0 * 2.0 - 13.0);
            run.end.as_mut().expect("an end").finished = run.start.started.clone();
        }
        Some(run)
    });
    // Two hours late is the same period still.
    owes(0, "may go ahead", |nights, mut run| {
        if nights == 2 {
            run.start.started = hours_before_now(12.0 + 24.0 * 2.0 - 2.0);
            run.end.as_mut().expect("an end").finished = run.start.started.clone();
        }
        Some(run)
    });
}

#[test]
fn one_differ_among_seven_is_a_difference() {
    owes(1, "the verdict is differ: 3 keys differ", |nights, run| Some(if nights == 4 { differs(run) } else { run }));
    // It outweighs a gap.
    owes(1, "a gap", |nights, run| match nights {
        2 => None,
        4 => Some(differs(run)),
        _ => Some(run),
    });
}

#[test]
fn an_undecided_night_is_not_shown_even_if_it_was_repeated() {
    let undecided = |record| with_orders(record, |orders| orders.verdict = Verdict::Undecided);
    owes(3, "the verdict is undecided", |nights, run| Some(if nights == 1 { undecided(run) } else { run }));
    let made = Made::seven_nights(CONFIG, |nights, run| Some(if nights == 0 { undecided(run) } else { run }));
    made.add(&made.run(1.0));
    made.gate(&[]).exits(3);
}

#[test]
fn a_shrunken_coverage_is_not_shown() {
    owes(3, "the coverage shrank: note not compared any more (1 of 2 columns are)", |nights, run| {
        Some(match nights {
            0..=3 => with_orders(run, |orders| orders.compared = vec!["id".into()]),
            _ => run,
        })
    });
    // A column that is gone from both stores is no loss.
    owes(0, "may go ahead", |nights, run| {
        Some(match nights {
            0..=3 => with_orders(run, |orders| {
                orders.compared = vec!["id".into()];
                orders.existing = vec!["id".into()];
            }),
            _ => run,
        })
    });
}

#[test]
fn a_waiver_that_has_expired_since_the_last_run_leaves_a_difference() {
    let waived = |until: String| {
        move |_: i64, run| {
            Some(with_orders(run, |orders| {
                (orders.counts.missing, orders.waived.missing) = (3, 3);
                orders.waived_until = Some(until.clone());
            }))
        }
    };
    owes(1, "the waiver has expired", waived(days_before_now(1)));
    owes(0, "may go ahead", waived(days_before_now(-1)));
}

#[test]
fn a_clock_that_was_changed_is_named() {
    let at = |record: &mut RunRecord, hours_ago: f64| {
        record.start.started = hours_before_now(hours_ago);
        record.end.as_mut().expect("an end").finished = hours_before_now(hours_ago - 0.1);
    };
    // Every period has its run, but two of them were recorded in the wrong order.
    owes(3, "the clock went backwards: this run starts before its predecessor", |nights, mut run| {
        match nights {
            4 => at(&mut run, 12.0 + 24.0 * 3.0),
            3 => at(&mut run, 12.0 + 24.0 * 4.0),
            _ => {}
        }
        Some(run)
    });
    let made = Made::seven_nights(CONFIG, |_, run| Some(run));
    let mut future = made.run(0.0);
    at(&mut future, -48.0);
    made.add(&future);
    let outcome = made.gate(&[]).exits(3);
    assert!(outcome.stdout.contains("starts in the future"), "{outcome}");
    owes(3, "ends before it starts", |nights, mut run| {
        if nights == 5 {
            run.end.as_mut().expect("an end").finished = hours_before_now(12.0 + 24.0 * 5.0 + 1.0);
        }
        Some(run)
    });
}

#[test]
fn what_lies_before_the_window_does_not_matter() {
    let made = Made::new(CONFIG);
    let mut long_ago = made.run(24.0 * 30.0);
    long_ago = differs(long_ago);
    made.add(&long_ago);
    made.add(&made.run(24.0 * 31.0));
    for nights in (0..7).rev() {
        made.add(&made.run(12.0 + 24.0 * f64::from(nights)));
    }
    made.gate(&["--window", "7d"]).exits(0);
    made.gate(&["--window", "60d"]).exits(1);
}

#[test]
fn runs_of_another_config_prove_nothing() {
    // The same tables, but of other stores.
    let made = Made::seven_nights(CONFIG, |_, mut run| {
        run.start.stores.target = "another.db".into();
        Some(run)
    });
    let outcome = made.gate(&[]).exits(3);
    assert!(outcome.stdout.contains("no run of these two stores"), "{outcome}");
    // Two configs that share a history do not get into each other's way.
    let made = Made::seven_nights(CONFIG, |_, run| Some(run));
    let mut other = differs(made.run(1.0));
    other.start.stores.target = "another.db".into();
    made.add(&other);
    made.gate(&[]).exits(0);
}

#[test]
fn a_config_made_laxer_in_between_is_not_shown() {
    for lax in [
        format!("{CONFIG}[limits]\nmissing = 5\n"),
        format!("{CONFIG}[limits.tables.orders.columns.note]\ncorrupt = 1\n"),
        format!("{CONFIG}ignore = [\"note\"]\n"),
        format!("{CONFIG}where = \"id > 5\"\n"),
        format!("{CONFIG}[[waivers]]\nowner = \"o\"\nreason = \"r\"\nuntil = 2999-01-01\ntable = \"orders\"\n"),
    ] {
        let made = Made::seven_nights(CONFIG, |nights, run| (nights > 2).then_some(run));
        super::write_config(&made.tieout, &lax);
        for nights in (0..=2).rev() {
            made.add(&made.run(12.0 + 24.0 * f64::from(nights)));
        }
        let outcome = made.gate(&[]).exits(3);
        assert!(outcome.stdout.contains("the config was made laxer"), "{lax}\n{outcome}");
        // Once the window holds runs of that config only, it is the config that is asked about.
        made.gate(&["--window", "3d"]).exits(0);
    }
    let made = Made::seven_nights(CONFIG, |_, run| Some(run));
    super::write_config(&made.tieout, "[[tables]]\nsource = \"orders\"\n");
    let outcome = made.gate(&[]).exits(3);
    assert!(outcome.stdout.contains("does not ask for this table any more"), "{outcome}");
}

#[test]
fn a_run_that_allowed_more_than_the_config_does_proves_nothing() {
    let lax = format!("{CONFIG}ignore = [\"note\"]\n");
    let made = Made::new(&lax);
    let allowances = meaning::allowances(&made.plan());
    super::write_config(&made.tieout, CONFIG);
    for nights in (0..7).rev() {
        let mut run = made.run(12.0 + 24.0 * f64::from(nights));
        if nights == 3 {
            run.start.allowances = allowances.clone();
        }
        made.add(&run);
    }
    let outcome = made.gate(&[]).exits(3);
    assert!(outcome.stdout.contains("column note ignored (1 after 0)"), "{outcome}");
    // A config that became stricter since is fine where strict runs fill every period.
    made.gate(&["--window", "3d"]).exits(0);
}

#[test]
fn a_table_that_was_never_compared_is_not_shown() {
    let without = |name: &'static str| {
        move |_: i64, mut run: RunRecord| {
            run.end.as_mut().expect("an end").tables.retain(|table| table.name != name);
            Some(run)
        }
    };
    owes(3, "never compared within the window", without("customers"));
    owes(3, "customers", without("customers"));
    // Without a list of tables every table that ever was compared must be compared in every period.
    let made = Made::seven_nights("", |nights, run| if nights == 2 { without("customers")(2, run) } else { Some(run) });
    made.gate(&[]).exits(3);
    let made = Made::seven_nights("", |_, run| Some(run));
    made.gate(&[]).exits(0);
}

#[test]
fn an_empty_history_shows_nothing() {
    let made = Made::new(CONFIG);
    let outcome = made.gate(&[]).exits(3);
    assert!(outcome.stdout.contains("the history holds no run at all"), "{outcome}");
}

#[test]
fn a_run_that_broke_off_proves_nothing() {
    owes(3, "a gap", |nights, run| Some(if nights == 3 { RunRecord { end: None, ..run } } else { run }));
}

#[test]
fn a_run_that_compared_too_little_is_not_shown() {
    owes(3, "too little was compared", |nights, mut run| {
        if nights == 3 {
            let end = run.end.as_mut().expect("an end");
            (end.verdict, end.reason) = (Verdict::Undecided, Some("too little was compared".into()));
        }
        Some(run)
    });
}

#[test]
fn each_phase_makes_its_own_demands() {
    let sampled = |mut run: RunRecord| {
        (run.start.mode, run.start.sample) = ("sample".into(), Some("1%".into()));
        run
    };
    // Differences before the last run: the backfill is done once the last one matches.
    let made = Made::seven_nights(CONFIG, |nights, run| Some(if nights == 1 { differs(run) } else { run }));
    made.gate(&["--phase", "backfill"]).exits(0);
    made.gate(&["--phase", "cutover"]).exits(1);
    let made = Made::seven_nights(CONFIG, |nights, run| Some(if nights == 0 { differs(run) } else { run }));
    made.gate(&["--phase", "backfill"]).exits(1);
    // Samples are enough while both stores are written to, and never later.
    let made = Made::seven_nights(CONFIG, |_, run| Some(sampled(run)));
    made.gate(&["--phase", "dual-write"]).exits(0);
    made.gate(&["--phase", "cutover"]).exits(3);
    made.gate(&["--phase", "backfill"]).exits(3);
    // The cleanup looks back two weeks, and knows no limits.
    let made = Made::seven_nights(CONFIG, |_, run| Some(run));
    made.gate(&["--phase", "cutover"]).exits(0);
    made.gate(&["--phase", "cleanup"]).exits(3);
    made.gate(&["--phase", "cleanup", "--window", "7d"]).exits(0);
    let limited = format!("{CONFIG}[limits]\nmissing = 5\n");
    let made = Made::seven_nights(&limited, |_, run| Some(with_orders(run, |orders| orders.counts.missing = 3)));
    made.gate(&["--phase", "cutover"]).exits(0);
    let outcome = made.gate(&["--phase", "cleanup", "--window", "7d"]).exits(1);
    assert!(outcome.stdout.contains("3 keys differ within the limits"), "{outcome}");
}

#[test]
fn shorter_periods_are_demanded_on_demand() {
    let made = Made::new(CONFIG);
    for hours in (0..6).rev() {
        made.add(&made.run(f64::from(hours) + 0.5));
    }
    made.gate(&["--window", "6h", "--every", "1h"]).exits(0);
    made.gate(&["--window", "7h", "--every", "1h"]).exits(3);
}

#[test]
fn json_has_the_ruling_table_by_table() {
    let made = Made::seven_nights(CONFIG, |nights, run| (nights != 3).then_some(run));
    let outcome = made.gate(&["--phase", "cutover", "--json"]).exits(3);
    let ruling: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!((&ruling["format"], &ruling["verdict"]), (&"tieout-gate/1".into(), &"undecided".into()));
    assert_eq!((&ruling["phase"], &ruling["exit_code"]), (&"cutover".into(), &3.into()));
    assert_eq!((&ruling["tables"][0]["periods_proven"], &ruling["tables"][0]["periods"]), (&6.into(), &7.into()));
    let reasons = ruling["reasons"].as_array().expect("reasons");
    assert_eq!(reasons.len(), 1, "the same gap of two tables is told once: {reasons:#?}");
    assert_eq!(reasons[0]["tables"], serde_json::json!(["orders", "customers"]));
}

#[test]
fn wrong_usage_is_refused() {
    let made = Made::new(CONFIG);
    for arguments in [
        &["--window", "7d", "--every", "5d"][..],
        &["--window", "0s"],
        &["--config", "nowhere.toml"],
        &["--window", "3650d", "--every", "1h"],
    ] {
        made.gate(arguments).exits(2);
    }
    made.gate(&["--phase", "lunch"]).exits(2).saying(&["cutover"]);
    made.gate(&["--window", "soon"]).exits(2);
}

#[test]
fn no_password_is_needed_to_rule() {
    let made = Made::new("");
    made.tieout.write(
        "tieout.toml",
        "[source]\nurl = \"postgres://app:${NOT_SET_ANYWHERE}@db1/shop\"\n[target]\nurl = \"b.db\"\n",
    );
    made.add(&made.run(1.0));
    made.gate(&["--window", "24h"]).exits(0);
}
