//! Collects the keys that differ at the first reading, within a bound of memory.

use crate::error::Result;
use crate::model::{Change, ChangeSink, TableValues};
use crate::recheck::Watch;
use crate::report::cells::{cell, key_text};

/// A sink of changes that keeps their keys.
pub(in crate::run) struct Collector<'a> {
    values: &'a TableValues,
    next: Box<[u8]>,
    keys: Vec<(Box<[u8]>, Box<str>)>,
    bytes: u64,
    bytes_max: u64,
    is_over: bool,
}

/// The keys that differ.
pub(in crate::run) enum Collected {
    /// All of them, and how much memory they take, in bytes.
    Keys(Vec<(Box<[u8]>, Box<str>)>, u64),
    /// More than are read again.
    TooMany,
}

impl<'a> Collector<'a> {
    /// Keeps as many keys as `bytes_max` holds.
    pub fn new(values: &'a TableValues, bytes_max: u64) -> Self {
        Self { values, next: Box::default(), keys: Vec::new(), bytes: 0, bytes_max, is_over: false }
    }

    /// What was collected.
    pub fn finish(self) -> Collected {
        if self.is_over { Collected::TooMany } else { Collected::Keys(self.keys, self.bytes) }
    }
}

impl ChangeSink for Collector<'_> {
    fn key(&mut self, key: &[u8]) {
        if !self.is_over {
            self.next = key.into();
        }
    }

    fn change(&mut self, change: &Change) -> Result<()> {
        if self.is_over {
            return Ok(());
        }
        let shown = self.values.shown_key(&change.key);
        let text: Box<str> = cell(key_text(&shown)?.as_deref()).into();
        self.bytes += Watch::bytes_of(&self.next, &text);
        self.keys.push((std::mem::take(&mut self.next), text));
        if self.bytes > self.bytes_max {
            (self.keys, self.bytes, self.is_over) = (Vec::new(), 0, true);
        }
        Ok(())
    }
}
