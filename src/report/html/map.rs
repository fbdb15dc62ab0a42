//! The map of a table's key space: a lane for each class with changes, in which every cell is some ranges of keys, coloured
//! by the share of its keys that differ. A lost block, a damaged tail and scattered corruption look different, and are told
//! in words for those who do not see it.

use serde::Serialize;

use super::page::name;
use crate::model::{Class, KeyMap, KeyMapCell};
use crate::report::words::{number, plural};

/// The width of a cell in the drawing, of which one is the gap.
const STEP: usize = 6;
const HEIGHT: usize = 22;

/// The map.
#[derive(Debug, Serialize)]
pub struct MapView {
    width: usize,
    height: usize,
    /// The width of a cell in per cent of the whole.
    step: String,
    caption: String,
    lanes: Vec<Lane>,
}

#[derive(Debug, Serialize)]
struct Lane {
    class: &'static str,
    /// What is seen, in words.
    words: String,
    cells: Vec<CellView>,
}

#[derive(Debug, Serialize)]
struct CellView {
    x: usize,
    width: usize,
    /// 1 to 5.
    shade: u8,
    title: Option<String>,
}

/// The map; `None` where there is nothing to draw. At most `told_left` cells tell what is in them when pointed at; the text
/// tells of the others, too.
pub fn map_view(map: &KeyMap, mut told_left: usize) -> Option<MapView> {
    if map.cells < 2 || map.damaged.is_empty() {
        return None;
    }
    let mut lanes = Vec::new();
    for class in Class::ALL {
        let cells: Vec<&KeyMapCell> = map.damaged.iter().filter(|cell| cell.counts.of(class) > 0).collect();
        if !cells.is_empty() {
            let words = words(map, class, &cells);
            let cells = cells.into_iter().map(|cell| view(map, class, cell, &mut told_left)).collect();
            lanes.push(Lane { class: class.name(), words, cells });
        }
    }
    let of = if map.cells == map.ranges {
        "one range each".to_owned()
    } else {
        format!("{} ranges in all", number(map.ranges as u64))
    };
    Some(MapView {
        width: map.cells * STEP,
        height: HEIGHT,
        step: format!("{:.6}", 100.0 / map.cells as f64),
        caption: format!("All keys from the first to the last, in {} cells, {of}", number(map.cells as u64)),
        lanes,
    })
}

fn view(map: &KeyMap, class: Class, cell: &KeyMapCell, told_left: &mut usize) -> CellView {
    let count = cell.counts.of(class);
    let title = told_left.checked_sub(1).map(|left| {
        *told_left = left;
        let keys = if cell.first == cell.last {
            format!("key {}", key(&cell.first))
        } else {
            format!("keys {} to {}", key(&cell.first), key(&cell.last))
        };
        format!(
            "Cell {} of {}: {} of {} {} ({}), {keys}",
            cell.cell + 1,
            map.cells,
            number(count),
            plural(cell.keys(), "key"),
            class.name(),
            percent(count as f64 / cell.keys().max(1) as f64)
        )
    });
    CellView { x: cell.cell * STEP, width: STEP - 1, shade: shade(count, cell.keys()), title }
}

/// How dark a cell is: a single damaged key must be seen, and a lost range be told from a damaged one.
fn shade(count: u64, keys: u64) -> u8 {
    match count as f64 / keys.max(1) as f64 {
        share if share >= 0.95 => 5,
        share if share >= 0.5 => 4,
        share if share >= 0.1 => 3,
        share if share >= 0.01 => 2,
        _ => 1,
    }
}

/// What the lane shows: how many stretches, where, how dense.
fn words(map: &KeyMap, class: Class, cells: &[&KeyMapCell]) -> String {
    let (count, keys) =
        cells.iter().fold((0, 0), |(count, keys), cell| (count + cell.counts.of(class), keys + cell.keys()));
    let dense = percent(count as f64 / keys.max(1) as f64);
    let place = |cell: usize| format!("{:.0} %", cell as f64 / map.cells as f64 * 100.0);
    let (first, last) = match cells {
        [first, .., last] => (first.cell, last.cell),
        [only] => (only.cell, only.cell),
        [] => return String::new(),
    };
    let is_tail = last + 1 == map.cells;
    let in_one = last - first + 1 == cells.len();
    let whole = cells.len() == map.cells;
    let place = match (in_one, is_tail) {
        _ if whole => "all over the key space".to_owned(),
        (true, true) => format!("only at the end, from {} of the key space on", place(first)),
        (true, false) if first == 0 => format!("only at the beginning, up to {} of the key space", place(last + 1)),
        (true, false) => format!("in one stretch, from {} to {} of the key space", place(first), place(last + 1)),
        (false, _) => {
            format!("scattered over {} of {} cells", number(cells.len() as u64), number(map.cells as u64))
        }
    };
    format!("{}, {place}; {dense} of the keys there", plural(count, "key"))
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent < 0.1 => "< 0.1 %".to_owned(),
        percent if percent < 10.0 => format!("{percent:.1} %"),
        percent => format!("{percent:.0} %"),
    }
}

fn key(key: &[Option<String>]) -> String {
    let part = |part: &Option<String>| part.as_deref().map_or_else(|| "NULL".to_owned(), name);
    match key {
        [one] => part(one),
        several => format!("({})", several.iter().map(part).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Counts, Pair};

    fn map(damaged: &[(usize, u64)]) -> KeyMap {
        let cell = |(cell, corrupt): &(usize, u64)| KeyMapCell {
            cell: *cell,
            rows: Pair::new(500, 500),
            counts: Counts { corrupt: *corrupt, ..Counts::default() },
            first: vec![Some("a".into())],
            last: vec![Some("b".into()), None],
        };
        KeyMap { ranges: 1_000, cells: 100, damaged: damaged.iter().map(cell).collect() }
    }

    fn said(damaged: &[(usize, u64)]) -> String {
        map_view(&map(damaged), 9).unwrap().lanes[0].words.clone()
    }

    #[test]
    fn a_block_a_tail_and_scattered_damage_are_told_apart_in_words() {
        assert_eq!(
            said(&[(20, 500), (21, 500)]),
            "1,000 keys, in one stretch, from 20 % to 22 % of the key space; 100 % of the keys there"
        );
        assert_eq!(
            said(&[(98, 1), (99, 1)]),
            "2 keys, only at the end, from 98 % of the key space on; 0.2 % of the keys there"
        );
        assert_eq!(said(&[(3, 1), (50, 1)]), "2 keys, scattered over 2 of 100 cells; 0.2 % of the keys there");
        let everywhere: Vec<_> = (0..100).map(|cell| (cell, 1)).collect();
        assert!(said(&everywhere).contains("all over the key space"));
    }

    #[test]
    fn a_single_damaged_key_is_seen_and_a_lost_range_is_darkest() {
        let view = map_view(&map(&[(0, 1), (1, 500)]), 9).unwrap();
        assert_eq!(view.lanes[0].cells.iter().map(|cell| cell.shade).collect::<Vec<_>>(), [1, 5]);
        assert_eq!(
            view.lanes[0].cells[0].title.as_deref(),
            Some("Cell 1 of 100: 1 of 500 keys corrupt (0.2 %), keys a to (b, NULL)")
        );
    }

    #[test]
    fn nothing_is_drawn_where_there_is_nothing_to_see() {
        assert!(map_view(&KeyMap::default(), 9).is_none());
        assert!(map_view(&map(&[]), 9).is_none());
    }
}
