//! Which changed keys are neighbours: missing, unexpected or duplicate keys between which their side has no other key.
//!
//! The identities of all rows in the open ranges are at hand anyway, those of keys that did not change among them. Ranges
//! that were not opened hold rows that agree.

use std::collections::VecDeque;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::UInt64Type;

use super::Disagreement;
use super::identities::Kept;
use super::input::Selected;
use crate::model::{Change, Class, Neighbours, Pair, Side};

const CLASSES: [(Class, Side); 3] =
    [(Class::Missing, Side::Source), (Class::Unexpected, Side::Target), (Class::Duplicate, Side::Source)];

/// Knows the neighbours of the changed keys of one block of ranges after the other.
#[derive(Default)]
pub(super) struct Neighbourhood {
    /// For each class what is known of the keys of the current block, in key order; `None` where nothing is known.
    known: [Option<VecDeque<Neighbours>>; 3],
    /// For each class the range of the last key so far, where no other key of its side has come since.
    open: [Option<usize>; 3],
}

impl Neighbourhood {
    /// Looks at the next block: `changes` are its changed keys with their copies, where they are in memory.
    pub fn enter(
        &mut self,
        disagreement: &Disagreement,
        ranges: &[usize],
        selected: &Pair<Selected>,
        changes: Option<&[RecordBatch]>,
    ) {
        for (at, (class, side)) in CLASSES.into_iter().enumerate() {
            let (Some(kept), Some(changes)) = (&selected.get(side).kept, changes) else {
                (self.known[at], self.open[at]) = (None, None);
                continue;
            };
            let mut keys: Vec<&[u8]> = changes.iter().flat_map(|batch| keys_of(batch, class)).collect();
            if keys.is_empty() {
                if kept.iter().any(|part| part.identities.num_rows() > 0) {
                    self.open[at] = None;
                }
                self.known[at] = Some(VecDeque::new());
                continue;
            }
            keys.sort_unstable();
            let between = others_between(&keys, kept);
            let mut hint = 0;
            let places: Vec<usize> = keys
                .iter()
                .map(|key| {
                    hint = disagreement.boundaries.range_of(key, hint);
                    hint
                })
                .collect();
            let mut known: VecDeque<Neighbours> = (0..keys.len())
                .map(|key| {
                    let before = if key == 0 { self.open[at] } else { Some(places[key - 1]) };
                    let follows = before.is_some_and(|range| disagreement.all_open(range, places[key]));
                    Neighbours { follows: follows && !between[key], is_last: false }
                })
                .collect();
            let last_range = ranges.last().copied().unwrap_or_default();
            let reaches =
                !between[keys.len()] && places.last().is_some_and(|range| disagreement.all_open(*range, last_range));
            self.open[at] = reaches.then_some(last_range);
            if let Some(last) = known.back_mut() {
                last.is_last = reaches && last_range + 1 == disagreement.boundaries.ranges();
            }
            self.known[at] = Some(known);
        }
    }

    /// Says what is known of a change; the changes of a block come in key order.
    pub fn tell(&mut self, change: &mut Change) {
        let class = CLASSES.iter().position(|(class, _)| *class == change.class);
        change.neighbours = class.and_then(|at| self.known[at].as_mut()?.pop_front());
    }
}

impl Disagreement {
    /// Whether every range strictly between the two is opened.
    fn all_open(&self, from: usize, to: usize) -> bool {
        let place = |range: usize| self.mismatched.partition_point(|(other, _)| *other < range);
        to <= from + 1 || place(to) - place(from + 1) == to - from - 1
    }
}

/// For each place before, between and behind the sorted keys, whether other keys lie there.
fn others_between(keys: &[&[u8]], kept: &[Kept]) -> Vec<bool> {
    let mut between = vec![false; keys.len() + 1];
    let mut at = 0;
    for part in kept {
        let rows = part.identities.column(0).as_binary::<i32>();
        for row in 0..rows.len() {
            let key = rows.value(row);
            // Rows mostly come in key order: the place is that of the row before, or the next one.
            let fits = |at: usize| (at == 0 || keys[at - 1] < key) && (at == keys.len() || key <= keys[at]);
            if !fits(at) {
                at = if at < keys.len() && fits(at + 1) { at + 1 } else { keys.partition_point(|other| *other < key) };
            }
            if at == keys.len() || keys[at] != key {
                between[at] = true;
            }
        }
    }
    between
}

/// The keys of a class among changed keys with their copies.
fn keys_of(changes: &RecordBatch, class: Class) -> impl Iterator<Item = &[u8]> {
    let keys = changes.column(0).as_binary::<i32>();
    let copies = Pair::new(1, 2).map(|at| changes.column(at).as_primitive::<UInt64Type>());
    (0..keys.len())
        .filter(move |row| of_copies(copies.map(|side| side.value(*row))) == class)
        .map(|row| keys.value(row))
}

fn of_copies(copies: Pair<u64>) -> Class {
    match (copies.source, copies.target) {
        (_, 0) => Class::Missing,
        (0, _) => Class::Unexpected,
        (source, target) if source != target => Class::Duplicate,
        _ => Class::Corrupt,
    }
}
