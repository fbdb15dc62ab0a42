//! Missing, unexpected and duplicate keys by stretches of neighbouring keys.

use crate::model::{CauseKind, Change, FoundCause, FoundExample, Spread};

/// A stretch of at least so many keys is a cause of its own.
const BLOCK_KEYS_MIN: u64 = 3;
/// Stretches that become causes of their own; the others are told together.
const BLOCKS_MAX: usize = 10;
/// Stretches that are kept while more are coming.
const KEPT_MAX: usize = 512;

/// The stretches of one class.
#[derive(Debug, Default)]
pub(super) struct Stretches {
    open: Option<Stretch>,
    kept: Vec<Stretch>,
    scattered: Scattered,
    /// Keys, and their copies on the side that has them.
    keys: u64,
    copies: u64,
}

#[derive(Debug, Clone)]
struct Stretch {
    keys: u64,
    place: u64,
    first: FoundExample,
    last: Vec<Option<String>>,
    is_tail: bool,
}

/// Keys of stretches that are no causes of their own.
#[derive(Debug, Default)]
struct Scattered {
    keys: u64,
    stretches: u64,
    first: Option<(u64, FoundExample)>,
    last: Option<(u64, Vec<Option<String>>)>,
}

impl Stretches {
    /// Takes the next change of the class in key order; `place` is its place among all changes.
    pub fn add(&mut self, change: &Change, place: u64) {
        self.keys += 1;
        self.copies += change.copies.source.max(change.copies.target);
        let is_tail = change.neighbours.is_some_and(|known| known.is_last);
        if let Some(open) = &mut self.open {
            let follows = match change.neighbours {
                Some(known) => known.follows,
                // Where it is not known which keys lie between, a number that is one more has none.
                None => is_successor(&open.last, &change.key),
            };
            // Doubled and tripled keys are two things.
            if follows && (change.copies == open.first.copies || change.copies.source == 0 || change.copies.target == 0)
            {
                open.keys += 1;
                open.last.clone_from(&change.key);
                open.is_tail = is_tail;
                return;
            }
        }
        self.close();
        let first = FoundExample { key: change.key.clone(), copies: change.copies, ..FoundExample::default() };
        self.open = Some(Stretch { keys: 1, place, first, last: change.key.clone(), is_tail });
    }

    /// The causes; `rows` are those of the side that has the keys.
    pub fn finish(mut self, of: fn(Spread) -> CauseKind, rows: Option<u64>) -> Vec<FoundCause> {
        self.close();
        let is_all = self.keys > 1 && rows == Some(self.copies);
        self.kept.sort_by_key(|stretch| (std::cmp::Reverse(stretch.keys), stretch.place));
        let blocks = self.kept.iter().take(BLOCKS_MAX).take_while(|s| s.keys >= BLOCK_KEYS_MIN).count();
        let blocks = if is_all { 0 } else { blocks };
        let others = self.kept.split_off(blocks);
        others.into_iter().for_each(|stretch| self.scattered.add(stretch));
        let mut causes: Vec<FoundCause> = self
            .kept
            .into_iter()
            .map(|s| cause(of(if s.is_tail { Spread::Tail } else { Spread::Block }), s.keys, 1, s.first, Some(s.last)))
            .collect();
        if let Some((_, first)) = self.scattered.first {
            let spread = if is_all { Spread::All } else { Spread::Scattered };
            let last = self.scattered.last.map(|(_, key)| key).filter(|_| self.scattered.keys > 1);
            causes.push(cause(of(spread), self.scattered.keys, self.scattered.stretches, first, last));
        }
        causes
    }

    fn close(&mut self) {
        self.kept.extend(self.open.take());
        if self.kept.len() > KEPT_MAX {
            self.kept.sort_by_key(|stretch| (std::cmp::Reverse(stretch.keys), stretch.place));
            self.kept.split_off(KEPT_MAX / 2).into_iter().for_each(|stretch| self.scattered.add(stretch));
        }
    }
}

impl Scattered {
    fn add(&mut self, stretch: Stretch) {
        self.keys += stretch.keys;
        self.stretches += 1;
        if self.first.as_ref().is_none_or(|(place, _)| stretch.place < *place) {
            self.first = Some((stretch.place, stretch.first));
        }
        if self.last.as_ref().is_none_or(|(place, _)| stretch.place > *place) {
            self.last = Some((stretch.place, stretch.last));
        }
    }
}

fn cause(
    kind: CauseKind,
    keys: u64,
    stretches: u64,
    example: FoundExample,
    last_key: Option<Vec<Option<String>>>,
) -> FoundCause {
    FoundCause { kind, column: None, keys, cells: 0, is_exact: true, example, last_key, lengths: None, stretches }
}

/// Whether the last column of the key is the next integer, and the others are the same.
fn is_successor(before: &[Option<String>], after: &[Option<String>]) -> bool {
    let (Some((one, before)), Some((other, after))) = (before.split_last(), after.split_last()) else { return false };
    let number = |text: &Option<String>| text.as_ref()?.parse::<i128>().ok();
    before == after && number(one).zip(number(other)).is_some_and(|(one, other)| one.checked_add(1) == Some(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Class, Neighbours, Pair};

    fn missing(key: u64, neighbours: Option<Neighbours>) -> Change {
        Change {
            class: Class::Missing,
            key: vec![Some(key.to_string())],
            copies: Pair::new(1, 0),
            cells: vec![],
            neighbours,
        }
    }

    fn found(changes: impl IntoIterator<Item = Change>, rows: u64) -> Vec<(CauseKind, u64, String, Option<String>)> {
        let mut stretches = Stretches::default();
        changes.into_iter().zip(0..).for_each(|(change, place)| stretches.add(&change, place));
        let causes = stretches.finish(CauseKind::Missing, Some(rows));
        let key = |key: &[Option<String>]| key[0].clone().unwrap();
        causes.iter().map(|c| (c.kind, c.keys, key(&c.example.key), c.last_key.as_deref().map(key))).collect()
    }

    #[test]
    fn numbers_that_follow_each_other_are_a_block() {
        let keys = (480_001..=490_000).chain([7_000_000, 7_000_002]);
        assert_eq!(
            found(keys.map(|key| missing(key, None)), 20_000),
            [
                (CauseKind::Missing(Spread::Block), 10_000, "480001".into(), Some("490000".into())),
                (CauseKind::Missing(Spread::Scattered), 2, "7000000".into(), Some("7000002".into())),
            ]
        );
    }

    #[test]
    fn what_is_known_of_neighbours_outweighs_arithmetic() {
        let step = |follows, is_last| Some(Neighbours { follows, is_last });
        let strided = (1..=5).map(|at| missing(at * 10, step(at > 1, at == 5)));
        assert_eq!(found(strided, 99), [(CauseKind::Missing(Spread::Tail), 5, "10".into(), Some("50".into()))]);
        let separate = (1..=5).map(|at| missing(at, step(false, false)));
        assert_eq!(found(separate, 99), [(CauseKind::Missing(Spread::Scattered), 5, "1".into(), Some("5".into()))]);
    }

    #[test]
    fn all_rows_of_a_side_are_one_cause_and_a_single_key_is_no_block() {
        assert_eq!(found((1..=9).map(|key| missing(key * 3, None)), 9)[0].0, CauseKind::Missing(Spread::All));
        assert_eq!(found([missing(5, None)], 9), [(CauseKind::Missing(Spread::Scattered), 1, "5".into(), None)]);
    }

    #[test]
    fn however_many_stretches_there_are_no_key_is_lost() {
        let keys = (0..300_000u64).filter(|key| key % 3 != 0).chain(1_000_000..1_000_500);
        let causes = found(keys.map(|key| missing(key, None)), 999_999);
        assert_eq!(causes.iter().map(|cause| cause.1).sum::<u64>(), 200_500);
        assert_eq!(causes[0], (CauseKind::Missing(Spread::Block), 500, "1000000".into(), Some("1000499".into())));
        assert_eq!(causes.len(), 2);
    }
}
