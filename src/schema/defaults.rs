//! What a default fills in, whichever engine writes it: `'x'::text` is `'x'`, `now()` is `CURRENT_TIMESTAMP`, `true` is 1.

use super::expression::{Token, normal};
use crate::model::Capacity;

/// What is filled in where a row does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filled {
    /// NULL, or a refusal.
    Nothing,
    /// A value.
    Value(String),
    /// What an expression gives.
    Computed(Vec<Token>),
}

/// What a default fills into a column that holds this.
pub(super) fn filled(default: Option<&str>, holds: &Capacity) -> Filled {
    let Some(default) = default else { return Filled::Nothing };
    let tokens = normal(default);
    match &tokens[..] {
        [] => Filled::Nothing,
        [Token::Word(word)] if word == "null" => Filled::Nothing,
        [Token::Text(text)] => Filled::Value(value(text, holds)),
        [Token::Number(number)] => Filled::Value(value(number, holds)),
        [Token::Sign(sign), Token::Number(number)] if sign == "-" => Filled::Value(value(&format!("-{number}"), holds)),
        [Token::Sign(sign), Token::Number(number)] if sign == "+" => Filled::Value(value(number, holds)),
        _ => Filled::Computed(tokens),
    }
}

/// A value by what it means, not by how it is written.
fn value(text: &str, holds: &Capacity) -> String {
    use Capacity as C;
    match holds {
        C::Boolean | C::Flag => match text.to_ascii_lowercase().as_str() {
            "t" | "true" | "yes" | "on" => "1".into(),
            "f" | "false" | "no" | "off" => "0".into(),
            other => number(other),
        },
        C::Integer { .. } | C::Decimal { .. } | C::Numeric | C::Float { .. } | C::Anything => number(text),
        C::Timestamp { .. } | C::Instant { .. } => moment(text),
        C::Uuid => text.to_ascii_lowercase(),
        _ => text.to_owned(),
    }
}

/// A plain decimal without zeros that say nothing; any other text as it is.
fn number(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    if digits.is_empty() || !plain(whole) || !plain(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return text.to_owned();
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    match fraction {
        "" if whole == "0" => "0".into(),
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

/// A time without decimals and a time of day that say nothing.
fn moment(text: &str) -> String {
    let text = text.strip_suffix("+00").unwrap_or(text);
    let text = match text.split_once('.') {
        Some((before, decimals)) if decimals.chars().all(|c| c == '0') => before,
        _ => text,
    };
    text.strip_suffix(" 00:00:00").unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, of: &Capacity, other: &str, in_it: &Capacity) -> bool {
        filled(Some(one), of) == filled(Some(other), in_it)
    }

    #[test]
    fn the_same_value_is_written_in_many_ways() {
        use crate::model::Limit::Unstated;
        let text = Capacity::Text { limit: Unstated, padded: false };
        let decimal = Capacity::Decimal { integral: 8, scale: 2 };
        let moment = Capacity::Timestamp { fraction: Some(6) };
        assert!(same("'x'::text", &text, "'x'", &text));
        assert!(same("true", &Capacity::Boolean, "1", &Capacity::Flag));
        assert!(same("'0'::numeric", &decimal, "0.00", &decimal));
        assert!(same("'-1'::integer", &decimal, "-1", &decimal));
        assert!(same("(-1)", &decimal, "'-1.0'", &decimal));
        assert!(same("now()", &moment, "current_timestamp(6)", &moment));
        assert!(same("'2000-01-01 00:00:00'::timestamp without time zone", &moment, "'2000-01-01'", &moment));
        assert!(same("NULL::character varying", &text, "NULL", &text));
        assert!(same("b'1'", &Capacity::Boolean, "1", &Capacity::Flag));
    }

    #[test]
    fn other_values_are_other_values() {
        use crate::model::Limit::Unstated;
        let text = Capacity::Text { limit: Unstated, padded: false };
        assert!(!same("'0'", &text, "'0.00'", &text));
        assert!(!same("'x'", &text, "'X'", &text));
        assert!(!same("''", &text, "NULL", &text));
        assert!(!same("1", &Capacity::Numeric, "-1", &Capacity::Numeric));
    }
}
