//! The keys of one table that are read again, and what is concluded of each. No I/O, no clock.

use std::sync::Arc;

use super::ROUNDS_FACTOR;
use crate::model::{Pair, RangeDigest};

/// What a key is remembered by beside its bytes and its text.
const BYTES_PER_KEY: u64 = 160;

/// The keys of one table that differed, while they are read again.
#[derive(Debug)]
pub struct Watch {
    keys: Arc<Vec<Box<[u8]>>>,
    texts: Vec<Box<str>>,
    seen: Vec<Seen>,
    times: u32,
    rounds: u32,
}

/// What has been seen of a key.
#[derive(Debug, Clone, Copy)]
struct Seen {
    states: Pair<RangeDigest>,
    /// How many readings in a row have shown these states again.
    still: u32,
    /// How often the states have changed.
    changes: u32,
    fate: Fate,
}

/// What is known of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing yet.
    Open,
    /// Both sides were seen to agree.
    Resolved,
    /// It stood still and differed all the time.
    Stable,
    /// It kept changing.
    Hot,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Wait, and read the open keys again: the source, then the target.
    Again,
    /// Read the open keys for the last time: the target, then the source.
    Confirm,
    /// No key is open any more.
    Done,
}

/// A key that kept changing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hot<'a> {
    /// The key as reports show it.
    pub key: &'a str,
    /// How often its rows on either side were found changed.
    pub changes: u32,
}

impl Watch {
    /// Watches these keys, each with its text in reports, until each was found unchanged `times` times.
    pub fn new(mut keys: Vec<(Box<[u8]>, Box<str>)>, times: u32) -> Self {
        keys.sort_unstable();
        keys.dedup_by(|one, other| one.0 == other.0);
        let nothing = Seen { states: Pair::default(), still: 0, changes: 0, fate: Fate::Open };
        let seen = vec![nothing; keys.len()];
        let (keys, texts): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
        Self { keys: Arc::new(keys), texts, seen, times: times.max(1), rounds: 0 }
    }

    /// How much memory a key takes, in bytes.
    pub fn bytes_of(key: &[u8], text: &str) -> u64 {
        BYTES_PER_KEY + (key.len() + text.len()) as u64
    }

    /// All keys in order; a state in [`Self::observe`] stands at the place of its key.
    pub fn keys(&self) -> &Arc<Vec<Box<[u8]>>> {
        &self.keys
    }

    /// The places of the keys with this fate, in order.
    pub fn places(&self, fate: Fate) -> impl Iterator<Item = usize> + '_ {
        self.seen.iter().enumerate().filter(move |(_, seen)| seen.fate == fate).map(|(at, _)| at)
    }

    /// How many keys have this fate.
    pub fn count(&self, fate: Fate) -> u64 {
        self.places(fate).count() as u64
    }

    /// How often the keys have been read again.
    pub fn rounds(&self) -> u32 {
        self.rounds
    }

    /// The keys that kept changing, in order.
    pub fn hot(&self) -> impl Iterator<Item = Hot<'_>> {
        self.places(Fate::Hot).map(|at| Hot { key: &self.texts[at], changes: self.seen[at].changes })
    }

    /// What is to be done next.
    pub fn step(&self) -> Step {
        let mut open = self.seen.iter().filter(|seen| seen.fate == Fate::Open).peekable();
        if open.peek().is_none() {
            return Step::Done;
        }
        let all_still = open.all(|seen| seen.still >= self.times);
        if all_still || self.rounds > self.rounds_max() { Step::Confirm } else { Step::Again }
    }

    /// Takes a reading: the source first, then the target. States of keys that are not open mean nothing.
    pub fn observe(&mut self, states: Pair<&[RangeDigest]>) {
        self.rounds += 1;
        let is_first = self.rounds == 1;
        for (at, seen) in self.seen.iter_mut().enumerate().filter(|(_, seen)| seen.fate == Fate::Open) {
            seen.take(states.map(|side| side[at]), is_first);
        }
    }

    /// Takes the last reading: the target first, then the source. Where a key has changed since and there are rounds left, all go on
    /// being watched, so that what is stable is known by one reading for all.
    pub fn confirm(&mut self, states: Pair<&[RangeDigest]>) {
        self.rounds += 1;
        for (at, seen) in self.seen.iter_mut().enumerate().filter(|(_, seen)| seen.fate == Fate::Open) {
            seen.take(states.map(|side| side[at]), false);
        }
        // A key that stood still before has done so once more.
        let stood_still = |seen: &Seen| seen.still > self.times;
        let open = || self.seen.iter().filter(|seen| seen.fate == Fate::Open);
        if !open().all(stood_still) && self.rounds <= self.rounds_max() {
            return;
        }
        let times = self.times;
        for seen in self.seen.iter_mut().filter(|seen| seen.fate == Fate::Open) {
            seen.fate = if seen.still > times { Fate::Stable } else { Fate::Hot };
        }
    }

    fn rounds_max(&self) -> u32 {
        self.times.saturating_mul(ROUNDS_FACTOR)
    }
}

impl Seen {
    fn take(&mut self, states: Pair<RangeDigest>, is_first: bool) {
        if states.source == states.target {
            self.fate = Fate::Resolved;
        } else if states == self.states && !is_first {
            self.still += 1;
        } else {
            self.still = 0;
            self.changes += u32::from(!is_first);
        }
        self.states = states;
    }
}

#[cfg(test)]
mod tests;
