//! Gathers where in the key space the changes lie, for the map of `report.html`. Memory is bounded by the cells of the map.

use super::words::shorten;
use crate::model::{Change, Counts, KEY_MAP_CELLS_MAX, KeyMap, KeyMapCell, Pair};

/// Columns kept of a key, and characters of each.
const KEY_COLUMNS_MAX: usize = 4;
const KEY_CHARS_MAX: usize = 60;

/// Draws a [`KeyMap`] while changes come in key order.
#[derive(Debug, Default)]
pub struct KeyMapper {
    map: KeyMap,
    /// The rows of each side in each cell.
    rows: Vec<Pair<u64>>,
    cell: usize,
    last: Vec<Option<String>>,
}

impl KeyMapper {
    /// Over so many ranges; `rows` tells how many rows each side has in a range.
    pub fn new(ranges: usize, rows: impl Fn(usize) -> Pair<u64>) -> Self {
        let cells = ranges.clamp(1, KEY_MAP_CELLS_MAX);
        let mut of_cells = vec![Pair::default(); cells];
        for range in 0..ranges {
            let (cell, rows): (&mut Pair<u64>, _) = (&mut of_cells[KeyMap::cell_of(ranges, range)], rows(range));
            cell.source += rows.source;
            cell.target += rows.target;
        }
        Self { map: KeyMap { ranges, cells, damaged: vec![] }, rows: of_cells, ..Self::default() }
    }

    /// Says in which range the changes that follow lie.
    pub fn range(&mut self, range: usize) {
        self.cell = KeyMap::cell_of(self.map.ranges, range);
    }

    /// Takes the next change.
    pub fn change(&mut self, change: &Change) {
        let Some(rows) = self.rows.get(self.cell).copied() else { return };
        if self.map.damaged.last().is_none_or(|last| last.cell != self.cell) {
            self.close();
            let (counts, first) = (Counts::default(), clipped(&change.key));
            self.map.damaged.push(KeyMapCell { cell: self.cell, rows, counts, first, last: vec![] });
        }
        if let Some(cell) = self.map.damaged.last_mut() {
            cell.counts.add(change.class);
        }
        self.last.clone_from(&change.key);
    }

    /// The map.
    pub fn finish(mut self) -> KeyMap {
        self.close();
        self.map
    }

    fn close(&mut self) {
        if let Some(cell) = self.map.damaged.last_mut() {
            cell.last = clipped(&self.last);
        }
    }
}

fn clipped(key: &[Option<String>]) -> Vec<Option<String>> {
    let part = |part: &Option<String>| part.as_deref().map(|text| shorten(text, KEY_CHARS_MAX).into_owned());
    key.iter().take(KEY_COLUMNS_MAX).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Class;

    fn map(ranges: usize, changes: &[(usize, u64)]) -> KeyMap {
        let mut mapper = KeyMapper::new(ranges, |_| Pair::new(500, 400));
        for (range, id) in changes {
            let key = vec![Some(id.to_string())];
            mapper.range(*range);
            mapper.change(&Change {
                class: Class::Missing,
                key,
                copies: Pair::new(1, 0),
                cells: vec![],
                neighbours: None,
            });
        }
        mapper.finish()
    }

    #[test]
    fn each_change_is_counted_in_the_cell_of_its_range() {
        let map = map(3, &[(0, 1), (0, 2), (2, 900)]);
        let cells: Vec<_> =
            map.damaged.iter().map(|c| (c.cell, c.counts.missing, c.keys(), c.first.clone(), c.last.clone())).collect();
        let key = |id: &str| vec![Some(id.to_owned())];
        assert_eq!(cells, [(0, 2, 500, key("1"), key("2")), (2, 1, 500, key("900"), key("900"))]);
        assert_eq!((map.ranges, map.cells), (3, 3));
    }

    #[test]
    fn many_ranges_make_a_bounded_map_in_which_no_row_is_lost() {
        let ranges = 10_007;
        let changes: Vec<_> = (0..ranges).map(|range| (range, range as u64)).collect();
        let map = map(ranges, &changes);
        assert_eq!(map.damaged.len(), KEY_MAP_CELLS_MAX);
        assert_eq!(map.damaged.iter().map(|cell| cell.rows.source).sum::<u64>(), 500 * ranges as u64);
        assert_eq!(map.damaged.iter().map(|cell| cell.counts.missing).sum::<u64>(), ranges as u64);
    }

    #[test]
    fn a_table_of_one_range_has_one_cell() {
        assert_eq!(map(1, &[(0, 5)]).damaged.len(), 1);
    }
}
