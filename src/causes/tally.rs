//! The differing cells of one column, counted by the hypotheses that hold for them.
//!
//! Cells for which the very same hypotheses hold are one entry: a count and the first example. Hypotheses with a value of
//! their own (a constant difference, a constant time, one value for all) could be as many as there are cells; of each
//! sort only the [`FREE_MAX`] that hold most often are followed, and the others are forgotten, which forgets no cell.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::model::{CauseKind, FoundExample};

/// Values followed of each sort.
const FREE_MAX: usize = 16;
/// Bits that remember which values were forgotten.
const FORGOTTEN_BITS: usize = 1 << 17;
/// Sorts of hypotheses with a value of their own.
const FREE_SORTS: usize = 4;

/// Cells with the same hypotheses.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub keys: u64,
    pub cells: u64,
    /// The place of the first change among all changes.
    pub first: u64,
    pub example: FoundExample,
    /// The shortest and the longest target, where the hypotheses include a cut.
    pub lengths: (u64, u64),
}

/// What is known of a hypothesis with a value of its own.
#[derive(Debug, Clone)]
pub(super) struct Free {
    keys: u64,
    first_source: Option<u64>,
    /// Whether it holds for more than one source value.
    pub several: bool,
    /// Whether no cell for which it holds was counted without it.
    pub is_exact: bool,
}

/// The hypotheses of one column.
#[derive(Debug)]
pub(super) struct Tally {
    pub entries: HashMap<Box<[CauseKind]>, Entry>,
    free: [HashMap<CauseKind, Free>; FREE_SORTS],
    forgotten: [Option<Box<[u64]>>; FREE_SORTS],
    entries_max: usize,
    /// Whether whole entries had to be counted as unexplained.
    pub was_cut: bool,
}

impl Tally {
    /// Follows at most `entries_max` sets of hypotheses.
    pub fn new(entries_max: usize) -> Self {
        Self {
            entries: HashMap::new(),
            free: Default::default(),
            forgotten: Default::default(),
            entries_max,
            was_cut: false,
        }
    }

    /// Counts the cells that one change has in this column. `kinds` are the hypotheses that hold for all of them, in order;
    /// `source` is the value of the first; `chars` the length of its target; `example` is asked for once for each entry.
    pub fn add(
        &mut self,
        kinds: &[CauseKind],
        cells: u64,
        place: u64,
        source: Option<&str>,
        chars: impl Fn() -> u64,
        example: impl Fn() -> FoundExample,
    ) {
        let free: Vec<CauseKind> = kinds.iter().copied().filter(|kind| sort(*kind).is_some()).collect();
        for kind in free {
            self.follow(kind, source);
        }
        let chars = if kinds.contains(&CauseKind::Cut) { chars() } else { 0 };
        if let Some(entry) = self.entries.get_mut(kinds) {
            entry.keys += 1;
            entry.cells += cells;
            entry.lengths = (entry.lengths.0.min(chars), entry.lengths.1.max(chars));
            return;
        }
        let entry = Entry { keys: 1, cells, first: place, example: example(), lengths: (chars, chars) };
        self.entries.insert(kinds.into(), entry);
        if self.entries.len() > self.entries_max {
            self.cut();
        }
    }

    /// What is known of a hypothesis with a value of its own; `None` for the others.
    pub fn free(&self, kind: CauseKind) -> Option<&Free> {
        self.free[sort(kind)?].get(&kind)
    }

    fn follow(&mut self, kind: CauseKind, source: Option<&str>) {
        let Some(of) = sort(kind) else { return };
        if !self.free[of].contains_key(&kind) && self.free[of].len() >= FREE_MAX {
            self.forget(of);
        }
        let is_exact = self.forgotten[of].as_ref().is_none_or(|bits| !bit(bits, kind));
        let source = source.map(|text| xxh3_64(text.as_bytes()));
        let free =
            self.free[of].entry(kind).or_insert(Free { keys: 0, first_source: source, several: false, is_exact });
        free.keys += 1;
        free.several |= source != free.first_source;
    }

    /// Forgets the half of a sort that holds least often; of equals those that came last by their value.
    fn forget(&mut self, of: usize) {
        let mut followed: Vec<(u64, CauseKind)> = self.free[of].iter().map(|(kind, free)| (free.keys, *kind)).collect();
        followed.sort_unstable();
        followed.truncate(FREE_MAX / 2);
        let bits = self.forgotten[of].get_or_insert_with(|| vec![0; FORGOTTEN_BITS / 64].into());
        for (_, kind) in &followed {
            set_bit(bits, *kind);
            self.free[of].remove(kind);
        }
        let gone = |kind: &CauseKind| followed.iter().any(|(_, other)| other == kind);
        let changed: Vec<Box<[CauseKind]>> = self.entries.keys().filter(|key| key.iter().any(gone)).cloned().collect();
        for key in changed {
            if let Some(entry) = self.entries.remove(&key) {
                self.merge(key.iter().copied().filter(|kind| !gone(kind)).collect(), entry);
            }
        }
    }

    /// Counts the rarer half of the entries as unexplained.
    fn cut(&mut self) {
        self.was_cut = true;
        let mut order: Vec<(u64, u64, Box<[CauseKind]>)> =
            self.entries.iter().map(|(key, entry)| (entry.keys, u64::MAX - entry.first, key.clone())).collect();
        order.sort_unstable();
        order.truncate(self.entries_max / 2);
        for (_, _, key) in order {
            if let Some(entry) = self.entries.remove(&key) {
                self.merge(Box::default(), entry);
            }
        }
    }

    fn merge(&mut self, key: Box<[CauseKind]>, entry: Entry) {
        match self.entries.get_mut(&key) {
            Some(other) => other.absorb(entry),
            None => {
                self.entries.insert(key, entry);
            }
        }
    }
}

impl Entry {
    /// Takes in another entry's cells.
    pub fn absorb(&mut self, other: Entry) {
        self.keys += other.keys;
        self.cells += other.cells;
        self.lengths = (self.lengths.0.min(other.lengths.0), self.lengths.1.max(other.lengths.1));
        if other.first < self.first {
            self.first = other.first;
            self.example = other.example;
        }
    }
}

/// Which sort of hypotheses with a value of their own it is.
fn sort(kind: CauseKind) -> Option<usize> {
    match kind {
        CauseKind::TimeOffset { .. } => Some(0),
        CauseKind::Difference { .. } => Some(1),
        CauseKind::Constant(_) => Some(2),
        CauseKind::Filled(_) => Some(3),
        _ => None,
    }
}

fn place(kind: CauseKind) -> usize {
    let value = match kind {
        CauseKind::TimeOffset { nanoseconds } => xxh3_64(&nanoseconds.to_le_bytes()),
        CauseKind::Difference { unscaled, scale } => xxh3_64(&unscaled.to_le_bytes()).wrapping_add(scale.into()),
        CauseKind::Constant(hash) | CauseKind::Filled(hash) => hash,
        _ => 0,
    };
    value as usize % FORGOTTEN_BITS
}

fn bit(bits: &[u64], kind: CauseKind) -> bool {
    let at = place(kind);
    bits[at / 64] >> (at % 64) & 1 == 1
}

fn set_bit(bits: &mut [u64], kind: CauseKind) {
    let at = place(kind);
    bits[at / 64] |= 1 << (at % 64);
}
