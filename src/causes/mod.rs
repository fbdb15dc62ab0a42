//! Causes: what went wrong behind the changes, so that a report says "1 cause, 4,812,330 rows" instead of listing them.
//!
//! [`CauseFinder`] watches every change as the diff finds it, in key order and in bounded memory, and no sample of them:
//! - `cell` lists the hypotheses that hold for a differing cell (`number`, `time`, `text`, `charset` know them);
//! - `tally` counts the cells of a column by the set of hypotheses that hold for them;
//! - `choose` decides at the end, over all cells of the column, which hypotheses are causes. Each differing row of a
//!   column belongs to exactly one cause, so the numbers add up to those of the column;
//! - `stretches` groups missing, unexpected and duplicate keys by stretches of neighbouring keys;
//! - `spelling` notices keys that only are spelled differently.
//!
//! Where memory did not allow to follow a hypothesis from the first row on, its count is the least there can be, and the
//! cause says so. The same changes give the same causes.

mod attribution;
mod cell;
mod charset;
mod choose;
mod decimal;
mod number;
mod rounding;
mod spelling;
mod stretches;
mod tally;
#[cfg(test)]
mod tests;
mod text;
mod time;

use std::cmp::Reverse;

use crate::error::Result;
use crate::model::{CauseKind, CellChange, Change, ChangeSink, Class, FoundCause, FoundExample, Pair, TablePlan};
pub use attribution::Hypotheses;
use cell::Family;
use spelling::Spellings;
use stretches::Stretches;
use tally::Tally;

/// Sets of hypotheses that are followed in a table, over all its columns, and at least in each of them.
const ENTRIES_MAX: usize = 16_384;
const ENTRIES_OF_COLUMN_MIN: usize = 16;
/// Rows in which more cells differ are not searched for columns that were swapped.
const SWAPPED_CELLS_MAX: usize = 32;
/// Bytes kept of a value of an example.
const EXAMPLE_BYTES_MAX: usize = 1_024;

/// Finds the causes of a table's changes.
pub struct CauseFinder {
    families: Vec<Family>,
    tallies: Vec<Option<Tally>>,
    entries_max: usize,
    missing: Stretches,
    unexpected: Stretches,
    duplicate: Stretches,
    spellings: Spellings,
    place: u64,
    kinds: Vec<CauseKind>,
    more_kinds: Vec<CauseKind>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundCauses {
    /// The causes, those that explain most first.
    pub causes: Vec<FoundCause>,
    /// What else there is to say of the table.
    pub findings: Vec<String>,
}

impl CauseFinder {
    /// Of a table that is compared as planned.
    pub fn new(plan: &TablePlan) -> Self {
        Self::of_families((0..plan.columns.len()).map(|column| Family::of(plan, column)).collect())
    }

    fn of_families(families: Vec<Family>) -> Self {
        let columns = families.len();
        Self {
            families,
            tallies: (0..columns).map(|_| None).collect(),
            entries_max: (ENTRIES_MAX / columns.max(1)).clamp(ENTRIES_OF_COLUMN_MIN, 1_024),
            missing: Stretches::default(),
            unexpected: Stretches::default(),
            duplicate: Stretches::default(),
            spellings: Spellings::default(),
            place: 0,
            kinds: Vec::new(),
            more_kinds: Vec::new(),
        }
    }

    /// The causes of all changes that were seen. `rows` are those of both sides.
    pub fn finish(self, rows: Pair<Option<u64>>) -> FoundCauses {
        let mut causes = self.missing.finish(CauseKind::Missing, rows.source);
        causes.extend(self.unexpected.finish(CauseKind::Unexpected, rows.target));
        causes.extend(self.duplicate.finish(CauseKind::Duplicate, None));
        for (column, tally) in self.tallies.into_iter().enumerate() {
            causes.extend(tally.into_iter().flat_map(|tally| choose::choose(column, tally)));
        }
        causes.sort_by_key(|cause| (Reverse(cause.keys), cause.kind == CauseKind::Other, cause.column, cause.kind));
        FoundCauses { causes, findings: self.spellings.finding().into_iter().collect() }
    }

    fn corrupt(&mut self, change: &Change) {
        let cells = &change.cells;
        let mut at = 0;
        while at < cells.len() {
            let column = cells[at].column;
            let of_column = cells[at..].iter().take_while(|cell| cell.column == column).count();
            // With a repeated key a change may have several cells of a column: a cause is what holds for all of them.
            self.hypotheses(&cells[at], at, cells);
            for more in at + 1..at + of_column {
                let first = std::mem::take(&mut self.kinds);
                self.hypotheses(&cells[more], more, cells);
                std::mem::swap(&mut self.kinds, &mut self.more_kinds);
                self.kinds = first;
                self.kinds.retain(|kind| self.more_kinds.binary_search(kind).is_ok());
            }
            self.count(change, &cells[at], of_column as u64);
            at += of_column;
        }
    }

    fn hypotheses(&mut self, cell: &CellChange, at: usize, cells: &[CellChange]) {
        self.kinds.clear();
        if cells.len() > 1 && cells.len() <= SWAPPED_CELLS_MAX {
            let values = &cell.values;
            let swapped = |other: &&CellChange| {
                other.column != cell.column
                    && other.values.source == values.target
                    && other.values.target == values.source
            };
            self.kinds.extend(cells.iter().filter(swapped).map(|other| CauseKind::Swapped(other.column)));
        }
        debug_assert_eq!(cells[at], *cell);
        let family = self.families.get(cell.column).copied().unwrap_or(Family::Any);
        cell::kinds(cell, family, &mut self.kinds);
    }

    fn count(&mut self, change: &Change, cell: &CellChange, cells: u64) {
        let Some(tally) = self.tallies.get_mut(cell.column) else { return };
        let tally = tally.get_or_insert_with(|| Tally::new(self.entries_max));
        let chars = || cell.values.target.as_ref().map_or(0, |text| text.chars().count() as u64);
        let example = || FoundExample {
            key: change.key.clone(),
            values: cell.values.as_ref().map(|value| value.as_deref().map(clipped)),
            copies: change.copies,
        };
        tally.add(&self.kinds, cells, self.place, cell.values.source.as_deref(), chars, example);
    }
}

impl ChangeSink for CauseFinder {
    fn change(&mut self, change: &Change) -> Result<()> {
        match change.class {
            Class::Missing => self.missing.add(change, self.place),
            Class::Unexpected => self.unexpected.add(change, self.place),
            Class::Duplicate => self.duplicate.add(change, self.place),
            Class::Corrupt => self.corrupt(change),
        }
        if matches!(change.class, Class::Missing | Class::Unexpected) {
            self.spellings.add(change);
        }
        self.place += 1;
        Ok(())
    }
}

/// The beginning of a value that is too long to be kept.
fn clipped(text: &str) -> String {
    let mut end = EXAMPLE_BYTES_MAX.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if end < text.len() { format!("{}…", &text[..end]) } else { text.to_owned() }
}
