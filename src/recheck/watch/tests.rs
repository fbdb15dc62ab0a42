//! Single cases, and simulated histories against what is known to have happened.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A state: no rows, or one row of this content.
fn state(content: Option<u64>) -> RangeDigest {
    let mut state = RangeDigest::default();
    if let Some(content) = content {
        state.add(u128::from(content) + 1);
    }
    state
}

fn watch(times: u32) -> Watch {
    Watch::new(vec![(b"k".to_vec().into(), "k".into())], times)
}

/// Feeds the states of one key, round by round, as the watch asks for them; the last pair is repeated.
fn fed(times: u32, states: &[(Option<u64>, Option<u64>)]) -> (Fate, u32) {
    let mut watch = watch(times);
    let mut at = 0;
    loop {
        let (source, target) = states[at.min(states.len() - 1)];
        let (source, target) = (vec![state(source)], vec![state(target)]);
        let pair = Pair::new(source.as_slice(), target.as_slice());
        match watch.step() {
            Step::Again => watch.observe(pair),
            Step::Confirm => watch.confirm(pair),
            Step::Done => return (watch.seen[0].fate, watch.rounds()),
        }
        at += 1;
    }
}

#[test]
fn a_key_that_stands_still_and_differs_is_stable_after_so_many_readings() {
    assert_eq!(fed(5, &[(Some(1), Some(2))]), (Fate::Stable, 7), "six readings and the confirmation");
    assert_eq!(fed(1, &[(None, Some(2))]), (Fate::Stable, 3));
}

#[test]
fn a_key_that_agrees_once_is_resolved_at_once() {
    assert_eq!(fed(5, &[(Some(1), Some(1))]), (Fate::Resolved, 1));
    assert_eq!(fed(5, &[(Some(1), None), (Some(1), Some(1)), (Some(2), Some(1))]), (Fate::Resolved, 2));
    assert_eq!(fed(5, &[(Some(1), None), (None, None)]), (Fate::Resolved, 2), "gone on both sides");
}

#[test]
fn a_key_that_changes_on_either_side_begins_anew() {
    let mut states = vec![(Some(1), Some(2)); 5];
    states.push((Some(3), Some(2)));
    assert_eq!(fed(5, &states), (Fate::Stable, 12));
    let mut states = vec![(Some(1), Some(2)); 5];
    states.push((Some(1), Some(3)));
    assert_eq!(fed(5, &states), (Fate::Stable, 12));
}

#[test]
fn a_key_that_changes_at_the_last_reading_is_not_stable() {
    let mut states = vec![(Some(1), Some(2)); 6];
    states.push((Some(3), Some(2)));
    states.push((Some(3), Some(3)));
    assert_eq!(fed(5, &states), (Fate::Resolved, 8));
}

#[test]
fn a_key_that_keeps_changing_is_hot_and_not_for_ever() {
    let states: Vec<_> = (0..1000).map(|at| (Some(at), Some(at + 5000))).collect();
    let (fate, rounds) = fed(3, &states);
    assert_eq!(fate, Fate::Hot);
    assert!(rounds <= 3 * ROUNDS_FACTOR + 2, "{rounds}");
}

#[test]
fn repeated_keys_and_rows_that_come_and_go_are_states_like_others() {
    let twice = |content: u64| {
        let mut twice = state(Some(content));
        twice.merge(state(Some(content)));
        twice
    };
    let mut watch = watch(1);
    for _ in 0..2 {
        watch.observe(Pair::new(&[twice(1)], &[state(Some(1))]));
    }
    assert_eq!(watch.step(), Step::Confirm);
    watch.confirm(Pair::new(&[twice(1)], &[state(Some(1))]));
    assert_eq!((watch.count(Fate::Stable), watch.step()), (1, Step::Done));
}

#[test]
fn keys_are_watched_once_and_in_order() {
    let keys = ["b", "a", "b"].map(|key| (key.as_bytes().to_vec().into_boxed_slice(), key.into()));
    let watch = Watch::new(keys.into(), 1);
    assert_eq!(watch.keys().iter().map(|key| &**key).collect::<Vec<_>>(), [b"a", b"b"]);
    assert_eq!(watch.count(Fate::Open), 2);
}

/// A write of one key: when, what, to which store first, how much later to the other, and whether that never happens.
#[derive(Debug, Clone)]
struct Write {
    at: u64,
    key: usize,
    content: Option<u64>,
    target_first: bool,
    lag: u64,
    lost: bool,
}

const KEYS: usize = 12;
const AFTER: u64 = 20;
const TIMES: u32 = 5;
/// A change arrives sooner than `TIMES * AFTER`.
const LAG_MAX: u64 = 99;

type Effects = BTreeMap<u64, (u64, Option<u64>)>;

/// What each store holds at each moment: for each key the writes in the order in which they take effect. As with versions that are
/// compared before they are written, the newest write wins on each side, whatever the order in which writes arrive.
struct History {
    effects: Pair<Vec<Effects>>,
}

impl History {
    fn of(writes: &[Write]) -> Self {
        let mut effects = Pair::from_fn(|_| vec![BTreeMap::new(); KEYS]);
        let mut ordered: Vec<&Write> = writes.iter().collect();
        ordered.sort_by_key(|write| write.at);
        for (version, write) in ordered.into_iter().enumerate() {
            let (first, second) = (write.at, (!write.lost).then_some(write.at + write.lag));
            let (source, target) = if write.target_first { (second, Some(first)) } else { (Some(first), second) };
            let put = |side: &mut Vec<BTreeMap<u64, (u64, Option<u64>)>>, at: Option<u64>| {
                let Some(at) = at else { return };
                let newer = side[write.key].get(&at).is_some_and(|(other, _)| *other > version as u64);
                if !newer {
                    side[write.key].insert(at, (version as u64, write.content));
                }
            };
            put(&mut effects.source, source);
            put(&mut effects.target, target);
        }
        Self { effects }
    }

    fn states(&self, target: bool, now: u64) -> Vec<RangeDigest> {
        let side = if target { &self.effects.target } else { &self.effects.source };
        let newest = |key: &BTreeMap<u64, (u64, Option<u64>)>| {
            key.range(..=now).map(|(_, effect)| *effect).max_by_key(|(version, _)| *version)
        };
        side.iter().map(|key| state(newest(key).and_then(|(_, content)| content))).collect()
    }

    /// Whether a side of the key comes back to a state that it had before: between two readings that is not seen.
    fn comes_back(&self, key: usize) -> bool {
        [false, true].into_iter().any(|target| {
            let side = if target { &self.effects.target } else { &self.effects.source };
            let mut states = vec![RangeDigest::default()];
            states.extend(side[key].keys().map(|at| self.states(target, *at)[key]));
            states.dedup();
            (0..states.len()).any(|at| states[..at].contains(&states[at]))
        })
    }

    /// The moments at which the key changes on either side, from `from` on.
    fn moves(&self, key: usize, from: u64) -> usize {
        [&self.effects.source, &self.effects.target].iter().map(|side| side[key].range(from..).count()).sum()
    }
}

fn write() -> impl Strategy<Value = Write> {
    (
        0u64..700,
        0..KEYS,
        prop::option::weighted(0.85, 0u64..1_000_000),
        any::<bool>(),
        0..=LAG_MAX,
        prop::bool::weighted(0.1),
    )
        .prop_map(|(at, key, content, target_first, lag, lost)| Write {
            at,
            key,
            content,
            target_first,
            lag,
            lost,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Random writes with random lags and losses. The oracle knows which key stands still on both sides from the first
    /// snapshot on: it must come out as what it is. Of keys that move it knows that those which lost nothing, and do not come back
    /// to an earlier state, are never stable.
    #[test]
    fn exactly_what_is_lost_and_stands_still_is_stable(
        writes in prop::collection::vec(write(), 0..80),
        snapshots in (300u64..400, 0u64..40),
        steps in prop::collection::vec((0u64..8, 0u64..8, 0u64..6), 64),
    ) {
        let history = History::of(&writes);
        let (source_at, target_at) = (snapshots.0, snapshots.0 + snapshots.1);
        let (source, target) = (history.states(false, source_at), history.states(true, target_at));
        let differing: Vec<usize> = (0..KEYS).filter(|key| source[*key] != target[*key]).collect();
        let keys = differing.iter().map(|key| (vec![*key as u8].into_boxed_slice(), key.to_string().into_boxed_str()));
        let mut watch = Watch::new(keys.collect(), TIMES);
        let pick = |states: Vec<RangeDigest>| differing.iter().map(|key| states[*key]).collect::<Vec<_>>();
        let mut now = target_at + 1;
        let mut steps = steps.into_iter().cycle();
        loop {
            let (between, jitter, pause) = steps.next().unwrap();
            match watch.step() {
                Step::Done => break,
                Step::Again => {
                    now += if watch.rounds() == 0 { pause } else { AFTER + jitter };
                    let source = pick(history.states(false, now));
                    now += between;
                    let target = pick(history.states(true, now));
                    watch.observe(Pair::new(&source, &target));
                }
                Step::Confirm => {
                    now += pause;
                    let target = pick(history.states(true, now));
                    now += between;
                    let source = pick(history.states(false, now));
                    watch.confirm(Pair::new(&source, &target));
                }
            }
        }
        for (place, key) in differing.iter().copied().enumerate() {
            let fate = watch.seen[place].fate;
            let is_lossless = writes.iter().filter(|write| write.key == key).all(|write| !write.lost);
            prop_assert_ne!(fate, Fate::Open);
            if fate == Fate::Stable && !history.comes_back(key) {
                prop_assert!(!is_lossless, "a change in flight was called a difference: key {}", key);
            }
            if history.moves(key, source_at) == 0 {
                // Nobody touches it any more: it is lost, and must be found.
                prop_assert_eq!(fate, Fate::Stable, "a loss was overlooked: key {}", key);
            }
            if is_lossless && history.moves(key, target_at + 1) <= 1 {
                prop_assert_eq!(fate, Fate::Resolved, "a change that arrived was not seen to: key {}", key);
            }
        }
    }
}
