//! Limits and waivers over made tables.

use super::*;
use crate::model::{CellChange, Change, ColumnResult, Limits, Pair, TableLimits};
use crate::verdict::{decide_run, decide_table};

const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 25).unwrap();

/// A table of 1,000 rows with the columns `id` and `note`.
fn table(name: &str) -> TableResult {
    let column = |name: &str| ColumnResult {
        name: name.into(),
        target: Some(name.into()),
        status: ColumnStatus::Compared,
        compared_as: None,
        corrupt: 0,
        findings: vec![],
    };
    let mut table = TableResult::open(name.into(), Pair::new(Some(name.into()), Some(name.into())), vec![]);
    table.rows = Pair::new(Some(1_000), Some(1_000));
    table.columns = vec![column("id"), column("note"), column("amount")];
    table
}

fn change(class: Class, key: &str, columns: &[usize]) -> Change {
    let cells =
        columns.iter().map(|column| CellChange { column: *column, name: String::new(), values: Pair::default() });
    Change { class, key: vec![Some(key.into())], copies: Pair::new(1, 1), cells: cells.collect(), neighbours: None }
}

/// The table with these changes, judged by the gate.
fn judged(gate: &GatePlan, changes: &[Change]) -> (TableResult, Gated) {
    let mut table = table("orders");
    let mut tally = Tally::new(gate, &table, TODAY);
    for change in changes {
        tally.change(change, |change| Ok(change.key[0].clone().unwrap())).unwrap();
        table.counts.add(change.class);
    }
    decide_table(&mut table, None);
    let mut tables = [table];
    let gated = apply(gate, TODAY, &Coverage::default(), &mut tables, &[Some(tally)]);
    let [table] = tables;
    (table, gated)
}

fn missing(count: usize) -> Vec<Change> {
    (0..count).map(|key| change(Class::Missing, &key.to_string(), &[])).collect()
}

fn limits(class: Class, count: Option<u64>, share: Option<&str>) -> Limits {
    let mut limits = Limits::default();
    limits.classes[class as usize] = Some(Allowed { count, share: share.and_then(Share::parse) });
    limits
}

fn waiver(until: (i32, u32, u32)) -> Waiver {
    Waiver {
        owner: "jo".into(),
        reason: "ticket 12".into(),
        until: NaiveDate::from_ymd_opt(until.0, until.1, until.2).unwrap(),
        table: Some("orders".into()),
        column: None,
        cause: None,
        keys: None,
    }
}

fn waivers(waivers: Vec<Waiver>) -> GatePlan {
    GatePlan { waivers, ..GatePlan::default() }
}

#[test]
fn a_limit_breaks_at_the_first_key_beyond_it_and_says_by_how_much() {
    for (limits, most) in [
        (limits(Class::Missing, Some(3), None), 3),
        (limits(Class::Missing, None, Some("0.5%")), 5),
        (limits(Class::Missing, Some(2), Some("0.5%")), 2),
    ] {
        let gate = GatePlan { limits, ..GatePlan::default() };
        let (table, gated) = judged(&gate, &missing(most));
        assert_eq!((table.verdict, gated.limits[0].broken), (Verdict::Match, false));
        let (table, gated) = judged(&gate, &missing(most + 2));
        assert_eq!((table.verdict, gated.limits[0].over), (Verdict::Differ, 2));
        assert!(table.reason.unwrap().contains(": 2 over"));
    }
}

#[test]
fn what_has_no_limit_may_not_differ() {
    let gate = GatePlan { limits: limits(Class::Missing, Some(3), None), ..GatePlan::default() };
    let (table, gated) = judged(&gate, &[change(Class::Unexpected, "1", &[])]);
    assert_eq!(table.verdict, Verdict::Differ);
    let broken: Vec<&str> = gated.limits.iter().filter(|one| one.broken).map(|one| one.limit.as_str()).collect();
    assert_eq!(broken, ["unexpected"]);
}

#[test]
fn the_limit_of_a_table_goes_before_that_of_the_run_also_where_it_is_stricter() {
    let of_table = |count| TableLimits {
        table: "orders".into(),
        limits: limits(Class::Missing, Some(count), None),
        columns: vec![],
    };
    let with = |count| GatePlan {
        limits: limits(Class::Missing, Some(3), None),
        tables: vec![of_table(count)],
        ..GatePlan::default()
    };
    assert_eq!(judged(&with(1), &missing(2)).0.verdict, Verdict::Differ);
    assert_eq!(judged(&with(9), &missing(8)).0.verdict, Verdict::Match);
}

#[test]
fn the_limit_of_the_run_is_for_all_tables_together() {
    let gate = GatePlan { limits: limits(Class::Missing, Some(3), None), ..GatePlan::default() };
    let mut tables = [table("a"), table("b"), table("c")];
    let mut tallies = Vec::new();
    for (table, count) in tables.iter_mut().zip([2, 2, 0]) {
        let mut tally = Tally::new(&gate, table, TODAY);
        for change in missing(count) {
            tally.change(&change, |_| Ok(String::new())).unwrap();
            table.counts.add(change.class);
        }
        decide_table(table, None);
        tallies.push(Some(tally));
    }
    apply(&gate, TODAY, &Coverage::default(), &mut tables, &tallies);
    let verdicts: Vec<Verdict> = tables.iter().map(|table| table.verdict).collect();
    assert_eq!(verdicts, [Verdict::Differ, Verdict::Differ, Verdict::Match]);
    assert_eq!(decide_run(&tables).0, Verdict::Differ);
}

#[test]
fn a_row_counts_against_a_columns_own_limit_and_only_otherwise_against_the_tables() {
    let gate = GatePlan {
        tables: vec![TableLimits {
            table: "orders".into(),
            limits: Limits::default(),
            columns: vec![("note".into(), Allowed { count: Some(2), share: None })],
        }],
        ..GatePlan::default()
    };
    let in_note = |keys: usize| (0..keys).map(|key| change(Class::Corrupt, &key.to_string(), &[1])).collect::<Vec<_>>();
    assert_eq!(judged(&gate, &in_note(2)).0.verdict, Verdict::Match);
    let (table, gated) = judged(&gate, &in_note(3));
    assert_eq!(table.verdict, Verdict::Differ);
    assert_eq!(gated.limits[0].column.as_deref(), Some("note"));
    assert_eq!(judged(&gate, &[change(Class::Corrupt, "1", &[1, 2])]).0.verdict, Verdict::Differ);
}

#[test]
fn a_waiver_holds_to_the_end_of_its_last_day_and_then_its_differences_count_again() {
    let changes = missing(4);
    let (table, gated) = judged(&waivers(vec![waiver((2026, 11, 25))]), &changes);
    assert_eq!(table.verdict, Verdict::Match);
    let waived = table.waived.unwrap();
    assert_eq!((waived.counts.missing, table.counts.missing), (4, 4), "waived differences stay in the counts");
    assert!(waived.by[0].contains("jo: ticket 12"));
    assert_eq!((gated.waivers[0].differences, gated.waivers[0].expired), (4, false));

    let (table, gated) = judged(&waivers(vec![waiver((2026, 11, 24))]), &changes);
    assert_eq!((table.verdict, &table.waived), (Verdict::Differ, &None));
    assert!(gated.waivers[0].lapse().unwrap().contains("expired after 2026-11-24: 4 differences count again"));
}

#[test]
fn a_waiver_covers_what_it_names_and_nothing_else() {
    let until = (2027, 1, 1);
    let note = Waiver { column: Some("note".into()), ..waiver(until) };
    let keys = Waiver { keys: Some(vec!["1".into(), "2".into()]), ..waiver(until) };
    let both = Waiver { column: Some("note".into()), keys: Some(vec!["1".into()]), ..waiver(until) };
    let elsewhere = Waiver { table: Some("customers".into()), ..waiver(until) };
    let cause = Waiver { cause: Some("trailing_blanks".into()), ..waiver(until) };
    for (waiver, change, covered) in [
        (&note, change(Class::Corrupt, "9", &[1]), true),
        (&note, change(Class::Corrupt, "9", &[1, 2]), false),
        (&note, change(Class::Corrupt, "9", &[]), false),
        (&note, change(Class::Missing, "9", &[]), false),
        (&keys, change(Class::Missing, "1", &[]), true),
        (&keys, change(Class::Corrupt, "2", &[2]), true),
        (&keys, change(Class::Missing, "3", &[]), false),
        (&both, change(Class::Corrupt, "1", &[1]), true),
        (&both, change(Class::Corrupt, "2", &[1]), false),
        (&both, change(Class::Missing, "1", &[]), false),
        (&elsewhere, change(Class::Missing, "1", &[]), false),
        (&cause, change(Class::Corrupt, "1", &[1]), false),
    ] {
        let (table, _) = judged(&waivers(vec![waiver.clone()]), std::slice::from_ref(&change));
        assert_eq!(table.verdict == Verdict::Match, covered, "{waiver:?} {change:?}");
    }
    let amount = Waiver { column: Some("amount".into()), ..waiver(until) };
    let (table, gated) = judged(&waivers(vec![note, amount]), &[change(Class::Corrupt, "9", &[1, 2])]);
    assert_eq!(table.verdict, Verdict::Match, "two waivers may cover a row together");
    assert_eq!([gated.waivers[0].differences, gated.waivers[1].differences], [1, 1]);
}

#[test]
fn what_was_not_compared_is_never_forgiven() {
    let gate = waivers(vec![waiver((2027, 1, 1))]);
    let mut broken_off = table("orders");
    broken_off.counts.missing = 1;
    decide_table(&mut broken_off, Some("server gone".into()));
    let mut tables = [broken_off];
    apply(&gate, TODAY, &Coverage::default(), &mut tables, &[None]);
    assert_eq!(tables[0].verdict, Verdict::Differ);

    let mut incomparable = table("orders");
    incomparable.columns[1].status = ColumnStatus::Incomparable;
    incomparable.counts.missing = 1;
    let mut tally = Tally::new(&gate, &incomparable, TODAY);
    tally.change(&change(Class::Missing, "1", &[]), |_| Ok("1".into())).unwrap();
    decide_table(&mut incomparable, None);
    let mut tables = [incomparable];
    apply(&gate, TODAY, &Coverage::default(), &mut tables, &[Some(tally)]);
    assert_eq!(tables[0].verdict, Verdict::Undecided);
}

#[test]
fn a_lost_column_and_a_lost_table_can_be_waived() {
    let column = Waiver { column: Some("note".into()), ..waiver((2027, 1, 1)) };
    for (waiver, verdict) in [(column, Verdict::Match), (waiver((2026, 1, 1)), Verdict::Differ)] {
        let gate = waivers(vec![waiver]);
        let mut lost = table("orders");
        lost.columns[1].status = ColumnStatus::MissingInTarget;
        let tally = Tally::new(&gate, &lost, TODAY);
        decide_table(&mut lost, None);
        let mut tables = [lost];
        apply(&gate, TODAY, &Coverage::default(), &mut tables, &[Some(tally)]);
        assert_eq!(tables[0].verdict, verdict);
    }
    let gate = waivers(vec![waiver((2027, 1, 1))]);
    let mut absent = table("orders");
    (absent.target, absent.verdict) = (None, Verdict::Differ);
    let mut tables = [absent];
    apply(&gate, TODAY, &Coverage::default(), &mut tables, &[None]);
    assert_eq!(tables[0].verdict, Verdict::Match);
    assert!(tables[0].waived.is_some());
}

#[test]
fn too_little_coverage_is_undecided_and_lossy_findings_break_the_limit_for_schemas() {
    let limits = Limits { coverage_columns: Share::parse("100%"), ..Limits::default() };
    let gate = GatePlan { limits, ..GatePlan::default() };
    let coverage = Coverage { columns: Covered { compared: 2, existing: 3 }, ..Coverage::default() };
    let gated = apply(&gate, TODAY, &coverage, &mut [table("orders")], &[None]);
    assert!(gated.undecided.unwrap().contains("2 of 3 columns compared"));

    let limits = Limits { schema: Some(Severity::Lossy), ..Limits::default() };
    let gate = GatePlan { limits, ..GatePlan::default() };
    let mut lossy = table("orders");
    lossy.columns[1].findings.push("lossy: timestamp(6) against datetime(0)".into());
    let tally = Tally::new(&gate, &lossy, TODAY);
    decide_table(&mut lossy, None);
    let mut tables = [lossy];
    apply(&gate, TODAY, &Coverage::default(), &mut tables, &[Some(tally)]);
    assert_eq!(tables[0].verdict, Verdict::Differ);
}
