//! The changes of a table that `report.html` shows: the first of each class in key order, and of each column enough
//! cells to see what ails it. The same changes give the same sample.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::marking::{Excerpt, mark};
use crate::model::{Attributed, CellChange, Change, Class, Counts, KeyMap, Pair};

/// Changes kept of each class.
pub const CHANGES_PER_CLASS: u64 = 50;
/// Differing cells kept of each column, however late in the table they are.
pub const CELLS_PER_COLUMN: u64 = 10;
/// Cells kept of one row, beside those that are kept for the sake of their column.
const CELLS_PER_ROW: usize = 30;
/// Columns shown of a key; a whole row as a key can have hundreds.
const KEY_COLUMNS: usize = 12;
/// Text kept of one class; four classes make the bound of a table.
const BYTES_PER_CLASS_MAX: usize = 256 << 10;

/// A bounded sample of a table's changes, in key order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TableSample {
    /// The names of the key columns that are shown.
    pub key_names: Vec<String>,
    /// How many changes of each class there were in all.
    pub seen: Counts,
    /// The changes that were kept.
    pub changes: Vec<SampledChange>,
    /// Where in the key space the changes lie: all of them, not only those that were kept.
    #[serde(default)]
    pub map: KeyMap,
}

/// A change, its texts shortened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampledChange {
    /// How the key differs.
    pub class: Class,
    /// The key's values; `None` is NULL.
    pub key: Vec<Option<Excerpt>>,
    /// Columns of the key that are not shown.
    pub key_columns_left_out: usize,
    /// How often each side has the key.
    pub copies: Pair<u64>,
    /// Differing cells of a corrupt row.
    pub cells: Vec<SampledCell>,
    /// Differing cells of the row that are not shown.
    pub cells_left_out: usize,
    /// The cause of a whole key, by its place in the table's causes.
    pub cause: Option<usize>,
}

/// A differing cell, shown around what differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampledCell {
    /// The column's name in the source.
    pub name: String,
    /// The values; `None` is NULL.
    pub values: Pair<Option<Excerpt>>,
    /// The cause, by its place in the table's causes.
    pub cause: Option<usize>,
    /// The cell's place among those of its change.
    #[serde(skip)]
    pub at: usize,
}

/// Collects a [`TableSample`].
pub struct Sampler {
    sample: TableSample,
    bytes: [usize; Class::ALL.len()],
    cells_by_column: HashMap<usize, u64>,
}

impl Sampler {
    /// An empty sample of a table with these key columns.
    pub fn new(key_names: &[String]) -> Self {
        let key_names = key_names.iter().take(KEY_COLUMNS).cloned().collect();
        Self {
            sample: TableSample { key_names, ..TableSample::default() },
            bytes: [0; Class::ALL.len()],
            cells_by_column: HashMap::new(),
        }
    }

    /// Takes the next change in key order; gives it back where it was kept.
    pub fn change(&mut self, change: &Change) -> Option<&SampledChange> {
        self.sample.seen.add(change.class);
        let among_first = self.sample.seen.of(change.class) <= CHANGES_PER_CLASS;
        let wanted: Vec<(usize, &CellChange)> = self.wanted_cells(change, among_first);
        if self.bytes[change.class as usize] >= BYTES_PER_CLASS_MAX || (wanted.is_empty() && !among_first) {
            return None;
        }
        wanted.iter().for_each(|(_, cell)| *self.cells_by_column.entry(cell.column).or_default() += 1);
        let sampled = SampledChange {
            class: change.class,
            key: change.key.iter().take(KEY_COLUMNS).map(|v| v.as_deref().map(Excerpt::plain)).collect(),
            key_columns_left_out: change.key.len().saturating_sub(KEY_COLUMNS),
            copies: change.copies,
            cells_left_out: change.cells.len() - wanted.len(),
            cells: wanted.into_iter().map(sampled_cell).collect(),
            cause: None,
        };
        self.bytes[change.class as usize] += sampled.bytes();
        self.sample.changes.push(sampled);
        self.sample.changes.last()
    }

    /// The sample.
    pub fn finish(self) -> TableSample {
        self.sample
    }

    fn wanted_cells<'a>(&self, change: &'a Change, among_first: bool) -> Vec<(usize, &'a CellChange)> {
        let wanted = |(position, cell): &(usize, &CellChange)| {
            let of_column = self.cells_by_column.get(&cell.column).copied().unwrap_or(0);
            (among_first && *position < CELLS_PER_ROW) || of_column < CELLS_PER_COLUMN
        };
        change.cells.iter().enumerate().filter(wanted).collect()
    }
}

impl TableSample {
    /// Says which causes the changes belong to, in their order.
    pub fn attribute(&mut self, attributed: &[Attributed]) {
        for (change, causes) in self.changes.iter_mut().zip(attributed) {
            change.cause = causes.key;
            change.cells.iter_mut().zip(&causes.cells).for_each(|(cell, cause)| cell.cause = *cause);
        }
    }
}

impl SampledChange {
    fn bytes(&self) -> usize {
        let text = |excerpt: &Option<Excerpt>| excerpt.as_ref().map_or(0, Excerpt::bytes);
        let cells = |cell: &SampledCell| cell.name.len() + text(&cell.values.source) + text(&cell.values.target);
        self.key.iter().map(text).sum::<usize>() + self.cells.iter().map(cells).sum::<usize>()
    }
}

fn sampled_cell((at, cell): (usize, &CellChange)) -> SampledCell {
    let values = match (&cell.values.source, &cell.values.target) {
        (Some(source), Some(target)) => mark(Pair::new(source, target)).map(|m| Some(Excerpt::around(m))),
        _ => cell.values.as_ref().map(|value| value.as_deref().map(Excerpt::differing)),
    };
    SampledCell { name: cell.name.clone(), values, cause: None, at }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(class: Class, id: u64, cells: impl IntoIterator<Item = usize>) -> Change {
        let values = || Pair::new(Some("old".to_owned()), Some("new".to_owned()));
        let cell = |column| CellChange { column, name: format!("c{column}"), values: values() };
        let cells = cells.into_iter().map(cell).collect();
        Change { class, key: vec![Some(id.to_string())], copies: Pair::new(1, 1), cells, neighbours: None }
    }

    #[test]
    fn the_first_of_each_class_are_kept() {
        let mut sampler = Sampler::new(&["id".to_owned()]);
        for id in 0..400 {
            let class = Class::ALL[id as usize % 4];
            sampler.change(&change(class, id, (class == Class::Corrupt).then_some(0)));
        }
        let sample = sampler.finish();
        assert_eq!((sample.changes.len(), sample.seen.total()), (200, 400));
        assert_eq!(sample.changes.last().unwrap().key[0].as_ref().unwrap().prefix, "199");
    }

    #[test]
    fn a_column_that_differs_late_is_still_seen() {
        let mut sampler = Sampler::new(&[]);
        (0..1000).for_each(|id| {
            assert_eq!(sampler.change(&change(Class::Corrupt, id, [0])).is_some(), id < CHANGES_PER_CLASS)
        });
        for id in 1000..1100 {
            sampler.change(&change(Class::Corrupt, id, [0, 1]));
        }
        let sample = sampler.finish();
        let late: Vec<_> = sample.changes.iter().skip(50).collect();
        assert_eq!(late.len(), 10);
        assert!(late.iter().all(|c| c.cells.len() == 1 && c.cells[0].name == "c1" && c.cells_left_out == 1));
    }

    #[test]
    fn a_million_changes_make_a_small_sample() {
        let mut sampler = Sampler::new(&[]);
        let mut one = change(Class::Corrupt, 0, 0..5);
        for id in 0..1_000_000u64 {
            one.key[0] = Some(id.to_string());
            sampler.change(&one);
        }
        let sample = sampler.finish();
        assert_eq!((sample.changes.len(), sample.seen.corrupt), (50, 1_000_000));
    }

    #[test]
    fn wide_rows_and_long_values_stay_bounded() {
        let mut sampler = Sampler::new(&[]);
        for id in 0..200 {
            let mut one = change(Class::Corrupt, id, 0..1500);
            one.key = vec![Some("k".repeat(5000)); 1500];
            for cell in &mut one.cells {
                cell.values = Pair::new(Some("x".repeat(1000)), None);
            }
            sampler.change(&one);
        }
        let sample = sampler.finish();
        let bytes: usize = sample.changes.iter().map(SampledChange::bytes).sum();
        assert!(bytes < 2 * BYTES_PER_CLASS_MAX, "{bytes}");
        assert_eq!(sample.changes[0].key_columns_left_out, 1488);
    }
}
