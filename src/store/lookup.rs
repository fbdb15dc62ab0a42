//! The part of a table that consists of the rows with given keys, as an SQL condition.

use super::Part;
use crate::canonical::KeyValue;

/// The rows whose `columns` (quoted already) have the values of one of `keys`; `None` where a value has no literal.
pub(super) fn by_keys(
    columns: &[String],
    keys: &[Vec<KeyValue>],
    literal: impl Fn(&KeyValue) -> Option<String>,
) -> Option<Part> {
    let mut tuples = Vec::with_capacity(keys.len());
    for key in keys {
        let literals: Vec<String> = key.iter().map(&literal).collect::<Option<_>>()?;
        tuples.push(if literals.len() == 1 { literals[0].clone() } else { format!("({})", literals.join(", ")) });
    }
    let columns = match columns {
        [one] => one.clone(),
        several => format!("({})", several.join(", ")),
    };
    (!tuples.is_empty()).then(|| Part::Where(format!("{columns} IN ({})", tuples.join(", "))))
}

/// The rows whose `column` (quoted already) lies in one of `ranges`, both ends included.
pub(super) fn by_ranges(
    column: &str,
    ranges: &[(KeyValue, KeyValue)],
    literal: impl Fn(&KeyValue) -> Option<String>,
) -> Option<Part> {
    let condition = |(lowest, highest): &(KeyValue, KeyValue)| {
        Some(format!("{column} BETWEEN {} AND {}", literal(lowest)?, literal(highest)?))
    };
    let conditions: Vec<String> = ranges.iter().map(condition).collect::<Option<_>>()?;
    (!conditions.is_empty()).then(|| Part::Where(conditions.join(" OR ")))
}

/// Text between quotes, each quote in it doubled.
pub(super) fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(value: &KeyValue) -> Option<String> {
        match value {
            KeyValue::Number(number) => Some(number.clone()),
            KeyValue::Text(text) => Some(quoted_text(text)),
            _ => None,
        }
    }

    #[test]
    fn one_column_is_compared_with_values_and_several_with_rows() {
        let (number, text) = (KeyValue::Number("1".into()), KeyValue::Text("o'clock".into()));
        let single = by_keys(&["id".into()], &[vec![number.clone()], vec![text.clone()]], literal);
        assert_eq!(single, Some(Part::Where("id IN (1, 'o''clock')".into())));
        let pair = by_keys(&["a".into(), "b".into()], &[vec![number, text]], literal);
        assert_eq!(pair, Some(Part::Where("(a, b) IN ((1, 'o''clock'))".into())));
        assert_eq!(by_keys(&["id".into()], &[vec![KeyValue::Boolean(true)]], literal), None);
        assert_eq!(by_keys(&["id".into()], &[], literal), None);
    }

    #[test]
    fn ranges_include_both_ends() {
        let number = |text: &str| KeyValue::Number(text.into());
        let ranges = [(number("1"), number("5")), (number("8"), number("9"))];
        let part = Part::Where("id BETWEEN 1 AND 5 OR id BETWEEN 8 AND 9".into());
        assert_eq!(by_ranges("id", &ranges, literal), Some(part));
        assert_eq!(by_ranges("id", &[], literal), None);
    }
}
