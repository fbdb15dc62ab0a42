//! Where in the key space the changes of a table lie.

use serde::{Deserialize, Serialize};

use super::{Counts, Pair};

/// The most cells that a map has.
pub const KEY_MAP_CELLS_MAX: usize = 200;

/// The ranges of a table's keys, put together to cells in key order, and which of them have changes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeyMap {
    /// The ranges.
    pub ranges: usize,
    /// The cells: a cell holds one range or as many neighbouring ones as the next, give or take one.
    pub cells: usize,
    /// The cells with changes, in key order.
    pub damaged: Vec<KeyMapCell>,
}

/// A cell with changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyMapCell {
    /// Its place, from 0.
    pub cell: usize,
    /// The rows of each side in it.
    pub rows: Pair<u64>,
    /// Its changes.
    #[serde(flatten)]
    pub counts: Counts,
    /// The first key that changed; long values are cut.
    pub first: Vec<Option<String>>,
    /// The last key that changed.
    pub last: Vec<Option<String>>,
}

impl KeyMap {
    /// The cell of a range.
    pub fn cell_of(ranges: usize, range: usize) -> usize {
        let cells = ranges.clamp(1, KEY_MAP_CELLS_MAX);
        // In 128 bits no product overflows.
        ((range as u128 * cells as u128) / ranges.max(1) as u128) as usize
    }
}

impl KeyMapCell {
    /// The keys in it, on either side.
    pub fn keys(&self) -> u64 {
        (self.rows.source + self.counts.unexpected).max(self.rows.target).max(self.counts.total())
    }
}
