//! The finder over many changes: exact counts, bounded memory, and an oracle that remembers every cell.

use proptest::prelude::*;

use super::time::Family as TimeFamily;
use super::*;
use crate::model::{Rounding, Spread};
use CauseKind as K;

type Texts<'a> = (Option<&'a str>, Option<&'a str>);

fn corrupt(key: u64, cells: &[(usize, Texts<'_>)]) -> Change {
    let cell = |(column, (source, target)): &(usize, Texts<'_>)| CellChange {
        column: *column,
        name: format!("c{column:03}"),
        values: Pair::new(source.map(str::to_owned), target.map(str::to_owned)),
    };
    Change {
        class: Class::Corrupt,
        key: vec![Some(key.to_string())],
        copies: Pair::new(1, 1),
        cells: cells.iter().map(cell).collect(),
        neighbours: None,
    }
}

fn finder(families: &[Family]) -> CauseFinder {
    CauseFinder::of_families(families.to_vec())
}

/// Kind and keys of the causes of one column over these cells.
fn found(family: Family, cells: impl IntoIterator<Item = (String, String)>) -> Vec<(K, u64)> {
    let mut finder = finder(&[family]);
    for ((source, target), key) in cells.into_iter().zip(0..) {
        finder.change(&corrupt(key, &[(0, (Some(&source), Some(&target)))])).unwrap();
    }
    let causes = finder.finish(Pair::default()).causes;
    assert!(causes.iter().all(|cause| cause.is_exact));
    causes.into_iter().map(|cause| (cause.kind, cause.keys)).collect()
}

fn pairs<'a>(cells: &'a [(&'a str, &'a str)]) -> impl Iterator<Item = (String, String)> + 'a {
    cells.iter().map(|(source, target)| ((*source).to_owned(), (*target).to_owned()))
}

#[test]
fn one_way_of_rounding_explains_what_all_cells_have_in_common() {
    let scale = |rounding| K::Scale { scale: 2, rounding };
    let up = [("1.005", "1.01"), ("1.015", "1.02"), ("1.239", "1.24"), ("1.231", "1.23"), ("2.998", "3.00")];
    assert_eq!(found(Family::Number, pairs(&up)), [(scale(Rounding::HalfUp), 5)]);
    let even = [("1.005", "1"), ("1.015", "1.02"), ("1.239", "1.24"), ("1.231", "1.23")];
    assert_eq!(found(Family::Number, pairs(&even)), [(scale(Rounding::HalfEven), 4)]);
    let cut = [("1.005", "1"), ("1.015", "1.01"), ("1.239", "1.23"), ("1.231", "1.23")];
    assert_eq!(found(Family::Number, pairs(&cut)), [(scale(Rounding::Truncate), 4)]);
}

#[test]
fn a_value_that_stands_for_many_is_a_default_and_a_single_change_is_none() {
    let statuses = ["paid", "sent", "back", "lost"];
    let all = (0..100).map(|at| (statuses[at % 4].to_owned(), "new".to_owned()));
    assert!(matches!(found(Family::Text, all)[..], [(K::Constant(_), 100)]));
    // The same source value each time, or values that go this way and that.
    assert_eq!(found(Family::Text, pairs(&[("paid", "new"), ("paid", "new")])), [(K::Other, 2)]);
    let mixed = [("paid", "new"), ("new", "sent"), ("sent", "paid"), ("paid", "back"), ("back", "lost")];
    assert_eq!(found(Family::Text, pairs(&mixed)), [(K::Other, 5)]);
}

#[test]
fn a_plainer_cause_is_preferred_to_one_value_for_all() {
    let mut finder = finder(&[Family::Text]);
    for key in 0..100 {
        finder.change(&corrupt(key, &[(0, (None, Some("")))])).unwrap();
    }
    finder.change(&corrupt(100, &[(0, (Some("x"), Some("")))])).unwrap();
    let causes = finder.finish(Pair::default()).causes;
    assert_eq!(causes.iter().map(|c| (c.kind, c.keys)).collect::<Vec<_>>(), [(K::NullToEmpty, 100), (K::Other, 1)]);
    assert_eq!(causes[0].example.key, [Some("0".to_owned())]);
}

#[test]
fn zero_for_every_number_is_one_cause_although_some_look_truncated() {
    let cells = (1..1000).map(|at| (format!("{}.{:02}", at / 100, at % 100), "0".to_owned()));
    assert!(matches!(found(Family::Number, cells)[..], [(K::Constant(_), 999)]));
}

#[test]
fn a_constant_difference_must_hold_for_most() {
    let shifted = (0..50).map(|at| (at.to_string(), (at + 7).to_string()));
    assert_eq!(found(Family::Number, shifted), [(K::Difference { unscaled: 7, scale: 0 }, 50)]);
    let scattered = (0..50).map(|at| ((at * 31).to_string(), (at * 47 + 5).to_string()));
    assert_eq!(found(Family::Number, scattered), [(K::Other, 50)]);
}

#[test]
fn a_summer_has_another_offset_than_a_winter() {
    let family = Family::Time(TimeFamily::Moment(Pair::default()));
    let cells = (1..=12).map(|month| {
        let hours = if (4..=9).contains(&month) { 2 } else { 1 };
        (format!("2024-{month:02}-10 10:00:07"), format!("2024-{month:02}-10 {}:00:07", 10 + hours))
    });
    assert_eq!(found(family, cells), [(K::TimeZone { minutes: 60 }, 6), (K::TimeZone { minutes: 120 }, 6)]);
}

#[test]
fn swapped_columns_are_seen_in_the_row() {
    let mut finder = finder(&[Family::Text, Family::Text, Family::Boolean]);
    for key in 0..10 {
        let (one, other) = (format!("a{key}"), format!("b{key}"));
        let cells =
            [(0, (Some(&*one), Some(&*other))), (1, (Some(&*other), Some(&*one))), (2, (Some("true"), Some("false")))];
        finder.change(&corrupt(key, &cells)).unwrap();
    }
    // Only one direction is no swap.
    finder.change(&corrupt(10, &[(0, (Some("x"), Some("y"))), (1, (Some("y"), Some("z")))])).unwrap();
    let causes = finder.finish(Pair::default()).causes;
    let causes: Vec<_> = causes.iter().map(|c| (c.column, c.kind, c.keys)).collect();
    assert_eq!(
        causes,
        [
            (Some(0), K::Swapped(1), 10),
            (Some(1), K::Swapped(0), 10),
            (Some(2), K::Inverted, 10),
            (Some(0), K::Other, 1),
            (Some(1), K::Other, 1)
        ]
    );
}

#[test]
fn of_a_repeated_key_only_what_holds_for_all_its_cells_counts() {
    let mut finder = finder(&[Family::Text]);
    finder.change(&corrupt(1, &[(0, (Some("a "), Some("a"))), (0, (Some("b "), Some("b")))])).unwrap();
    finder.change(&corrupt(2, &[(0, (Some("a "), Some("a"))), (0, (Some("b"), Some("B")))])).unwrap();
    let causes = finder.finish(Pair::default()).causes;
    let causes: Vec<_> = causes.iter().map(|c| (c.kind, c.keys, c.cells)).collect();
    assert_eq!(causes, [(K::TrailingBlanks, 1, 2), (K::Other, 1, 2)]);
}

#[test]
fn three_hundred_thousand_rows_are_counted_exactly_in_little_memory() {
    let mut finder = finder(&[Family::Number, Family::Text, Family::Number]);
    for key in 0..300_000u64 {
        let (number, noise) = (format!("{key}.5"), (key * 2_654_435_761 % 1_000_003).to_string());
        let (up, text) = (format!("{}", key + 1), format!("text {key}"));
        let cells =
            [(0, (Some(&*number), Some(&*up))), (1, (Some(&*text), None)), (2, (Some(&*number), Some(&*noise)))];
        finder.change(&corrupt(key, &cells)).unwrap();
    }
    for tally in finder.tallies.iter().flatten() {
        assert!(tally.entries.len() < 200, "{}", tally.entries.len());
    }
    let causes = finder.finish(Pair::default()).causes;
    let of = |column: usize| -> Vec<_> {
        causes.iter().filter(|c| c.column == Some(column)).map(|c| (c.kind, c.keys, c.is_exact)).collect()
    };
    assert_eq!(of(0), [(K::Scale { scale: 0, rounding: Rounding::HalfUp }, 300_000, true)]);
    assert_eq!(of(1), [(K::BecameNull, 300_000, true)]);
    assert_eq!(of(2).iter().map(|(_, keys, _)| keys).sum::<u64>(), 300_000);
}

#[test]
fn what_could_not_be_followed_from_the_beginning_says_so() {
    let run = |noise: u64| {
        let mut finder = finder(&[Family::Number]);
        for key in 0..100_000u64 {
            let target = if key < noise { key * 7_919 % 100_003 } else { key + 12 };
            if target != key {
                finder.change(&corrupt(key, &[(0, (Some(&key.to_string()), Some(&target.to_string())))])).unwrap();
            }
        }
        finder.finish(Pair::default()).causes
    };
    let difference = K::Difference { unscaled: 12, scale: 0 };
    let exact = &run(1_000)[0];
    assert_eq!((exact.kind, exact.keys, exact.is_exact), (difference, 99_000, true));
    // So much noise that the difference may have been forgotten before.
    let least = &run(45_000)[0];
    assert_eq!((least.kind, least.keys), (difference, 55_000));
    assert!(!least.is_exact || least.keys == 55_000);
}

#[test]
fn keys_that_are_only_spelled_differently_are_noted() {
    let mut finder = finder(&[]);
    for (class, key) in [
        (Class::Missing, "Straße 1 "),
        (Class::Missing, "alone"),
        (Class::Unexpected, "STRAßE 1"),
        (Class::Unexpected, "other"),
    ] {
        let copies = if class == Class::Missing { Pair::new(1, 0) } else { Pair::new(0, 1) };
        let change = Change { class, key: vec![Some(key.into())], copies, cells: vec![], neighbours: None };
        finder.change(&change).unwrap();
    }
    let found = finder.finish(Pair::default());
    assert_eq!(found.findings.len(), 1);
    assert!(found.findings[0].starts_with("1 missing key has"), "{:?}", found.findings);
    let kinds: Vec<_> = found.causes.iter().map(|cause| (cause.kind, cause.keys)).collect();
    assert_eq!(kinds, [(K::Missing(Spread::Scattered), 2), (K::Unexpected(Spread::Scattered), 2)]);
}

/// The causes of a column by remembering every cell: the same rule, nothing bounded.
fn oracle(family: Family, cells: &[Texts<'_>]) -> Vec<(K, u64)> {
    let mut rest: Vec<(Vec<K>, Option<&str>)> = cells
        .iter()
        .map(|(source, target)| {
            let mut kinds = Vec::new();
            let values = Pair::new(source.map(str::to_owned), target.map(str::to_owned));
            cell::kinds(&CellChange { column: 0, name: "c".into(), values }, family, &mut kinds);
            (kinds, *source)
        })
        .collect();
    let all = rest.clone();
    let mut causes = Vec::new();
    loop {
        let mut best: Option<(u64, K)> = None;
        let mut kinds: Vec<K> = rest.iter().flat_map(|(kinds, _)| kinds.iter().copied()).collect();
        kinds.sort();
        kinds.dedup();
        for kind in kinds {
            let keys = rest.iter().filter(|(kinds, _)| kinds.contains(&kind)).count() as u64;
            let free = matches!(kind, K::TimeOffset { .. } | K::Difference { .. } | K::Filled(_) | K::Constant(_));
            let weight = if free || matches!(kind, K::Cut | K::BecameNull) { 1 } else { 2 };
            let sources: Vec<_> = all.iter().filter(|(kinds, _)| kinds.contains(&kind)).map(|(_, s)| *s).collect();
            let several = sources.iter().any(|source| *source != sources[0]);
            let from_null = matches!(kind, K::Filled(_));
            let holds = !free || (2 * keys >= rest.len() as u64 && (from_null || (keys >= 2 && several)));
            if holds && best.is_none_or(|(score, _)| keys * weight > score) {
                best = Some((keys * weight, kind));
            }
        }
        let Some((_, kind)) = best else { break };
        let before = rest.len();
        rest.retain(|(kinds, _)| !kinds.contains(&kind));
        causes.push((kind, (before - rest.len()) as u64));
    }
    if !rest.is_empty() {
        causes.push((K::Other, rest.len() as u64));
    }
    causes.sort();
    causes
}

proptest! {
    #[test]
    fn the_counts_are_those_of_remembering_every_cell(
        numbers in prop::collection::vec((prop::option::of("-?[0-3]{1,2}(\\.[05]{1,2})?"), prop::option::of("-?[0-3](\\.5)?")), 1..40),
        texts in prop::collection::vec((prop::option::of("[abA é]{0,3}"), prop::option::of("[abA é]{0,2}")), 1..40),
    ) {
        for (family, cells) in [(Family::Number, &numbers), (Family::Text, &texts)] {
            // As many different values as are followed at most.
            let mut targets: Vec<_> = cells.iter().map(|(_, target)| target.clone()).collect();
            targets.sort();
            targets.dedup();
            let cells: Vec<Texts<'_>> = cells
                .iter()
                .filter(|(source, target)| source != target && targets.iter().position(|t| t == target) < Some(4))
                .map(|(source, target)| (source.as_deref(), target.as_deref()))
                .take(8)
                .collect();
            let mut finder = finder(&[family]);
            for ((source, target), key) in cells.iter().zip(0..) {
                finder.change(&corrupt(key, &[(0, (*source, *target))])).unwrap();
            }
            let mut causes: Vec<_> =
                finder.finish(Pair::default()).causes.into_iter().map(|cause| (cause.kind, cause.keys)).collect();
            causes.sort();
            prop_assert_eq!(causes.iter().map(|(_, keys)| keys).sum::<u64>(), cells.len() as u64);
            prop_assert_eq!(causes, oracle(family, &cells));
        }
    }
}
