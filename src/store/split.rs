//! Splits a table by the values of an integer column, as SQL conditions.

use super::Part;
use crate::model::KeyRange;

/// Tables of fewer rows are read in one part: opening another costs more than it saves.
pub(super) const ROWS_TO_SPLIT_MIN: u64 = 20_000;

/// About `wanted` parts of even width between `min` and `max`, half-open, the first open below and the last open above:
/// whatever the column holds, each row belongs to exactly one part. NULL belongs to none, so the column must have none.
pub(super) fn by_integer(column: &str, min: i128, max: i128, wanted: usize) -> Vec<Part> {
    let span = max.saturating_sub(min).saturating_add(1);
    let parts = i128::try_from(wanted).unwrap_or(i128::MAX).clamp(1, 1 << 16).min(span.max(1));
    if parts < 2 {
        return vec![Part::Whole];
    }
    let bounds: Vec<i128> = (1..parts).map(|i| min + span * i / parts).collect();
    let mut conditions = vec![format!("{column} < {}", bounds[0])];
    conditions.extend(bounds.windows(2).map(|pair| format!("{column} >= {} AND {column} < {}", pair[0], pair[1])));
    conditions.push(format!("{column} >= {}", bounds[bounds.len() - 1]));
    conditions.into_iter().map(Part::Where).collect()
}

/// The rows whose `column` (quoted already) lies in one of `ranges`. Bounds above `largest`, which no value of the column exceeds, are
/// left out: a larger literal has another type, and an index would not serve. `None` without ranges.
pub(super) fn in_ranges(column: &str, ranges: &[KeyRange], largest: i128) -> Option<Part> {
    let condition = |range: &KeyRange| {
        if range.from.is_some_and(|from| from > largest) {
            return "1 = 0".to_owned();
        }
        let from = range.from.map(|from| format!("{column} >= {from}"));
        let to = range.to.filter(|to| *to <= largest).map(|to| format!("{column} < {to}"));
        match (from, to) {
            (None, None) => "1 = 1".to_owned(),
            (from, to) => from.into_iter().chain(to).collect::<Vec<_>>().join(" AND "),
        }
    };
    let conditions: Vec<String> = ranges.iter().map(condition).map(|one| format!("({one})")).collect();
    (!conditions.is_empty()).then(|| Part::Where(conditions.join(" OR ")))
}

/// The `WHERE` clause for a part of a table and the user's condition, with a leading blank; empty where all rows count.
pub(super) fn where_clause(part: &Part, filter: Option<&str>) -> String {
    let range = match part {
        Part::Where(condition) => Some(condition.as_str()),
        _ => None,
    };
    // The line break ends a comment at the end of the user's condition.
    let conditions: Vec<String> = [range, filter].into_iter().flatten().map(|c| format!("({c}\n)")).collect();
    if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(parts: &[Part]) -> Vec<&str> {
        let text = |part: &'_ Part| match part {
            Part::Where(condition) => Some(condition.clone()),
            _ => None,
        };
        parts.iter().filter_map(text).map(|c| &*Box::leak(c.into_boxed_str())).collect()
    }

    #[test]
    fn the_parts_touch_and_are_open_at_both_ends() {
        let parts = by_integer("id", 1, 30, 3);
        assert_eq!(conditions(&parts), ["id < 11", "id >= 11 AND id < 21", "id >= 21"]);
    }

    #[test]
    fn the_whole_range_of_64_bit_integers_does_not_overflow() {
        let parts = by_integer("id", i64::MIN.into(), u64::MAX.into(), 2);
        assert_eq!(conditions(&parts), ["id < 4611686018427387904", "id >= 4611686018427387904"]);
    }

    #[test]
    fn ranges_are_half_open_and_never_ask_beyond_what_the_column_holds() {
        let range = |from, to| KeyRange { from, to };
        let ranges =
            [range(None, Some(-5)), range(Some(7), Some(9)), range(Some(100), None), range(Some(3), Some(101))];
        let part = in_ranges("id", &ranges, 100).unwrap();
        assert_eq!(part, Part::Where("(id < -5) OR (id >= 7 AND id < 9) OR (id >= 100) OR (id >= 3)".into()));
        assert_eq!(in_ranges("id", &[range(Some(101), None)], 100), Some(Part::Where("(1 = 0)".into())));
        assert_eq!(in_ranges("id", &[range(None, None)], 100), Some(Part::Where("(1 = 1)".into())));
    }

    #[test]
    fn there_are_no_more_parts_than_values() {
        assert_eq!(by_integer("id", 5, 5, 8), [Part::Whole]);
        assert_eq!(conditions(&by_integer("id", 5, 6, 8)), ["id < 6", "id >= 6"]);
        assert_eq!(by_integer("id", 1, 100, 1), [Part::Whole]);
    }

    #[test]
    fn part_and_condition_both_hold_whatever_the_condition_says() {
        assert_eq!(where_clause(&Part::Whole, None), "");
        let part = Part::Where("id < 3".into());
        assert_eq!(where_clause(&part, Some("a OR b -- note")), " WHERE (id < 3\n) AND (a OR b -- note\n)");
    }
}
