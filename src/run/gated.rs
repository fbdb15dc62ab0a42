//! The stream of a table's changes on its way to the reports: the gate's tally sees each of them.

use crate::error::Result;
use crate::model::{Change, ChangeSink};
use crate::report::cells::{cell, key_text};
use crate::verdict::Tally;

/// Counts each change for the gate and hands it on.
pub(super) struct Gated<'a, S> {
    pub sink: &'a mut S,
    pub tally: &'a mut Tally,
}

impl<S: ChangeSink> ChangeSink for Gated<'_, S> {
    fn change(&mut self, change: &Change) -> Result<()> {
        self.tally.change(change, |change| Ok(cell(key_text(&change.key)?.as_deref()).into_owned()))?;
        self.sink.change(change)
    }
}
