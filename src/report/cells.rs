//! Values as cells of `differences.csv`: NULL, what a spreadsheet would run, and keys of several columns.
//!
//! Every rule can be undone, so that no two values share a cell:
//! - NULL is `\N`. A text of backslashes followed by a single `N` gets one backslash more: the text `\N` is `\\N`.
//! - A text that a spreadsheet would run as a formula gets a `'` in front; so does a text that is such a formula after
//!   leading `'`s. To undo: take one `'` away where a formula follows the `'`s.
//! - A key of several columns is a JSON array of strings and `null`.

use std::borrow::Cow;

use crate::error::{Error, Result};

const NULL: &str = "\\N";

/// A value as a cell; `None` is NULL.
pub fn cell(value: Option<&str>) -> Cow<'_, str> {
    let Some(text) = value else {
        return Cow::Borrowed(NULL);
    };
    if text.starts_with('\\') && text.trim_start_matches('\\') == "N" {
        return Cow::Owned(format!("\\{text}"));
    }
    if is_formula(text.trim_start_matches('\'')) {
        return Cow::Owned(format!("'{text}"));
    }
    Cow::Borrowed(text)
}

/// A key as one text: `None` where it is one column that is NULL. Not neutralised yet.
pub fn key_text(key: &[Option<String>]) -> Result<Option<Cow<'_, str>>> {
    match key {
        [single] => Ok(single.as_deref().map(Cow::Borrowed)),
        several => {
            let array = serde_json::to_string(several).map_err(|e| Error::output("cannot write a key").because(e))?;
            Ok(Some(Cow::Owned(array)))
        }
    }
}

/// Whether a spreadsheet would run the text. Numbers and dates with a sign are harmless and stay as they are.
fn is_formula(text: &str) -> bool {
    match text.chars().next() {
        Some('+' | '-') => !is_number(&text[1..]) && !is_timestamp(&text[1..]),
        Some('=' | '@' | '\t' | '\r' | '\n') => true,
        // Spreadsheets of East Asian locales read the full-width signs alike.
        Some('＝' | '＋' | '－' | '＠') => true,
        _ => false,
    }
}

/// `5`, `1.5`, `.5`, `5.`, `1e3`, `1E-3`.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let mantissa_ok = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, "")) => digits(whole),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(mantissa),
    };
    mantissa_ok && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

/// A year of four or more digits, a month and a day, and perhaps a time: `-0044-03-15 12:00:00+01`.
fn is_timestamp(text: &str) -> bool {
    let (date, time) = text.split_at(text.find(['T', ' ']).unwrap_or(text.len()));
    let mut parts = date.split('-');
    let mut number = |digits_min: usize, digits_max: usize| {
        parts.next().is_some_and(|part| {
            (digits_min..=digits_max).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
        })
    };
    let date_ok = number(4, 9) && number(2, 2) && number(2, 2);
    let time_ok = match time.get(1..) {
        None => true,
        Some(time) => {
            time.starts_with(|c: char| c.is_ascii_digit())
                && time.bytes().all(|b| b.is_ascii_digit() || b":.+-Z".contains(&b))
        }
    };
    date_ok && parts.next().is_none() && time_ok
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn null_the_empty_string_and_a_literal_backslash_n_are_three_cells() {
        assert_eq!(cell(None), "\\N");
        assert_eq!(cell(Some("")), "");
        assert_eq!(cell(Some("\\N")), "\\\\N");
        assert_eq!(cell(Some("\\\\N")), "\\\\\\N");
        assert_eq!(cell(Some("\\n")), "\\n");
        assert_eq!(cell(Some("N")), "N");
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_neutralised() {
        for formula in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-", "+", "-Infinity", "＝1"]
        {
            assert_eq!(cell(Some(formula)), format!("'{formula}"));
        }
        assert_eq!(cell(Some("'=1")), "''=1");
    }

    #[test]
    fn numbers_and_timestamps_stay() {
        for text in
            ["-5", "+1.5", "-1e3", "-.5", "-5.", "+1E-10", "-0044-03-15", "-0044-03-15 12:00:00.5", "2024-01-01"]
        {
            assert_eq!(cell(Some(text)), text);
        }
        for text in ["-5-3", "-1e", "-1.2.3", "-0044-03-15 A1", "-e3", "+."] {
            assert_eq!(cell(Some(text)), format!("'{text}"));
        }
        for text in ["'", "'quoted'", "a=b", "O'Neill"] {
            assert_eq!(cell(Some(text)), text);
        }
    }

    #[test]
    fn a_key_of_several_columns_is_a_json_array() {
        let key = |values: &[Option<&str>]| {
            let key: Vec<_> = values.iter().map(|v| v.map(str::to_owned)).collect();
            key_text(&key).unwrap().map(Cow::into_owned)
        };
        assert_eq!(key(&[Some("7")]).as_deref(), Some("7"));
        assert_eq!(key(&[None]), None);
        assert_eq!(key(&[Some("a\"b"), None, Some("")]).as_deref(), Some(r#"["a\"b",null,""]"#));
    }

    #[test]
    fn no_two_short_values_share_a_cell() {
        let alphabet = ["\\", "N", "'", "=", "-", "1", "\t"];
        let mut texts = vec![String::new()];
        for length in 0..4 {
            let longer: Vec<_> = texts.iter().filter(|t| t.len() == length).cloned().collect();
            texts.extend(longer.iter().flat_map(|t| alphabet.iter().map(move |c| format!("{t}{c}"))));
        }
        let mut seen: HashMap<String, Option<&str>> = HashMap::new();
        for value in texts.iter().map(|t| Some(t.as_str())).chain([None]) {
            assert_eq!(seen.insert(cell(value).into_owned(), value), None, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn no_cell_is_run(text in "[=+@'\t\r\n-]{0,3}\\PC{0,8}") {
            let cell = cell(Some(&text));
            prop_assert!(!is_formula(&cell), "{cell:?}");
        }
    }
}
