//! What two columns can hold: whether the target holds everything that the source does.

use crate::model::{Aspect, Capacity, ColumnSchema, Limit, Pair, Severity};

/// Bytes of a character in UTF-8, at most.
const BYTES_PER_CHARACTER: u64 = 4;
/// Digits that SQLite keeps of a number that is no integer.
const SQLITE_DIGITS: u32 = 15;

type Verdict = Option<(Severity, Aspect, String)>;

/// How the target's type differs, if it does in a way that matters.
pub(super) fn compare(schemas: Pair<&ColumnSchema>) -> Verdict {
    let (source, target) = (&schemas.source.holds, &schemas.target.holds);
    if !schemas.target.enforced {
        // A side that enforces nothing does not state how many digits it keeps, either.
        return in_loose_column(source, target)
            .filter(|(severity, ..)| schemas.source.enforced || *severity < Severity::Lossy);
    }
    use Capacity as C;
    if source.loses_precision_in(target) {
        return lossy(Aspect::Precision, precision(source, target));
    }
    match (source, target) {
        (one, other) if one == other => None,
        (C::Anything, _) | (_, C::Anything) => None,
        (C::Boolean, C::Flag | C::Integer { .. }) | (C::Flag, C::Integer { .. }) => None,
        (C::Integer { bits: None, .. }, C::Flag) => lossy(Aspect::Range, "the target holds only small numbers"),
        (C::Flag, C::Boolean) => note("the target holds only true and false, the source small numbers as well"),
        (C::Integer { .. }, C::Boolean) => lossy(Aspect::Range, "the target holds only true and false"),
        (C::Integer { bits, signed }, C::Flag) => integers((*bits, *signed), (Some(8), true)),
        (C::Integer { bits: a, signed: b }, C::Integer { bits: c, signed: d }) => integers((*a, *b), (*c, *d)),
        (
            C::Integer { .. } | C::Flag | C::Boolean | C::Decimal { .. } | C::Numeric,
            C::Decimal { .. } | C::Integer { .. },
        ) => exact(source, target),
        (C::Integer { .. } | C::Flag | C::Boolean | C::Decimal { .. }, C::Numeric) => wider(),
        (C::Float { .. }, C::Float { .. }) => wider(),
        (C::Integer { .. } | C::Decimal { .. } | C::Flag | C::Boolean, C::Float { .. }) => {
            different("the target computes with approximate numbers, the source with exact ones")
        }
        (C::Text { limit: a, padded: b }, C::Text { limit: c, padded: d }) => limits(*a, *c).or_else(|| {
            (b != d).then_some(())?;
            note("one side pads texts with blanks, the other does not")
        }),
        (C::Bytes { limit: one }, C::Bytes { limit: other }) => limits(*one, *other),
        (C::Text { .. }, C::Bytes { .. }) | (C::Bytes { .. }, C::Text { .. }) => {
            different("one side holds text, the other bytes")
        }
        (C::Labels(one), C::Labels(other)) => labels(one, other),
        (C::Labels(labels), C::Text { limit, .. }) => {
            let longest = labels.iter().map(|label| label.chars().count() as u64).max().unwrap_or(0);
            limits(Limit::Characters(longest), *limit)
                .filter(|(severity, ..)| *severity == Severity::Lossy)
                .or_else(|| different("the target takes any text, the source only its labels"))
        }
        (C::Text { .. }, C::Labels(_)) => stricter("the target takes only its labels, the source any text"),
        (C::Date, C::Timestamp { .. } | C::Instant { .. }) => note("the target adds a time of day"),
        (C::Time { .. }, C::Time { .. }) | (C::Timestamp { .. }, C::Timestamp { .. }) => finer(source, target),
        (C::Instant { clock_32_bits: one, .. }, C::Instant { clock_32_bits: other, .. }) => {
            if !one && *other {
                clock()
            } else {
                finer(source, target)
            }
        }
        (C::Timestamp { .. }, C::Instant { clock_32_bits: true, .. }) => clock(),
        (C::Timestamp { .. }, C::Instant { .. }) => {
            different("the target holds moments, the source times without a zone")
        }
        (C::Instant { .. }, C::Timestamp { .. }) => {
            different("the target holds times without a zone, the source moments")
        }
        (C::Uuid, C::Text { limit, .. }) => fits(36, *limit, "the target keeps UUIDs as text"),
        (C::Uuid, C::Bytes { limit }) => match limit {
            Limit::Bytes(bytes) if *bytes < 16 => lossy(Aspect::Length, "the target has no room for a UUID"),
            _ => note("the target keeps UUIDs as bytes"),
        },
        (C::Text { .. } | C::Bytes { .. }, C::Uuid) => stricter("the target takes only UUIDs"),
        (C::Json, C::Text { limit, .. }) => limits(Limit::Unlimited, *limit)
            .or_else(|| note("the target keeps JSON as plain text, which nothing checks")),
        (C::Text { .. }, C::Json) => stricter("the target takes only JSON"),
        (C::Other(one), C::Other(other)) if one.eq_ignore_ascii_case(other) => None,
        (C::Text { .. } | C::Bytes { .. } | C::Labels(_) | C::Json, _) if is_value(target) => {
            stricter("the target takes only values of its type, the source any text")
        }
        _ => different("the types are not the same, and tieout does not know which holds more"),
    }
}

/// SQLite keeps what it is given, except that it has no exact numbers besides integers of 64 bits.
fn in_loose_column(source: &Capacity, target: &Capacity) -> Verdict {
    use Capacity as C;
    let kept_as_text = matches!(target, C::Text { .. } | C::Bytes { .. });
    match source {
        C::Decimal { integral, scale } if !kept_as_text && integral + scale > SQLITE_DIGITS => lossy(
            Aspect::Precision,
            format!("SQLite keeps {SQLITE_DIGITS} digits of such numbers, the source {}", integral + scale),
        ),
        C::Numeric if !kept_as_text => {
            lossy(Aspect::Precision, format!("SQLite keeps {SQLITE_DIGITS} digits of such numbers, the source all"))
        }
        C::Integer { bits: Some(64), signed: false } if !kept_as_text => {
            lossy(Aspect::Range, "SQLite's integers end at 9223372036854775807")
        }
        C::Integer { .. } | C::Decimal { .. } | C::Numeric | C::Float { .. } if kept_as_text => {
            different("the target keeps numbers as text")
        }
        _ => None,
    }
}

fn is_value(target: &Capacity) -> bool {
    use Capacity as C;
    !matches!(target, C::Text { .. } | C::Bytes { .. } | C::Other(_) | C::Anything | C::Json)
}

fn precision(source: &Capacity, target: &Capacity) -> String {
    use Capacity as C;
    let digits = |n: &u32| if *n == 1 { "1 digit".to_owned() } else { format!("{n} digits") };
    match (source, target) {
        (_, C::Float { .. }) => "the target keeps approximate numbers, not every digit".into(),
        (C::Decimal { scale: from, .. }, C::Decimal { scale: to, .. }) => {
            format!("the target keeps {} after the point, the source {from}", digits(to))
        }
        (C::Numeric, C::Decimal { scale, .. }) => {
            format!("the target keeps {} after the point, the source all", digits(scale))
        }
        (_, C::Integer { .. }) => "the target keeps whole numbers only".into(),
        (C::Float { .. }, _) => "the target rounds floating-point numbers to decimals".into(),
        (_, C::Date) => "the target keeps the day only, not the time".into(),
        _ => match (fraction(source), fraction(target)) {
            (Some(from), Some(0)) => {
                format!("the target keeps whole seconds, the source {} of a second", decimals(from))
            }
            (Some(from), Some(to)) => format!("the target keeps {} of a second, the source {from}", decimals(to)),
            _ => "the target keeps less precise values".into(),
        },
    }
}

fn decimals(digits: u32) -> String {
    if digits == 1 { "1 decimal".into() } else { format!("{digits} decimals") }
}

fn fraction(capacity: &Capacity) -> Option<u32> {
    match capacity {
        Capacity::Time { fraction } | Capacity::Timestamp { fraction } | Capacity::Instant { fraction, .. } => {
            *fraction
        }
        _ => None,
    }
}

fn finer(source: &Capacity, target: &Capacity) -> Verdict {
    match (fraction(source), fraction(target)) {
        (Some(from), Some(to)) if from < to => {
            note(format!("the target keeps {} of a second, the source {from}", decimals(to)))
        }
        _ => None,
    }
}

/// Whole numbers; an unknown width is taken for the usual 32 bits.
fn integers(source: (Option<u8>, bool), target: (Option<u8>, bool)) -> Verdict {
    let (Some(bits), Some(other)) = (source.0.or(Some(32)), target.0) else { return None };
    let (signed, other_signed) = (source.1, target.1);
    let holds = match (signed, other_signed) {
        (true, true) | (false, false) => other >= bits,
        (false, true) => other > bits,
        (true, false) => false,
    };
    if !holds {
        let (lowest, highest) = span(other, other_signed);
        return lossy(Aspect::Range, format!("the target holds whole numbers from {lowest} to {highest} only"));
    }
    if source.0.is_none() || (bits, signed) == (other, other_signed) { None } else { wider() }
}

fn span(bits: u8, signed: bool) -> (i128, i128) {
    if signed { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) }
}

/// Whole and decimal numbers whose digits after the point fit.
fn exact(source: &Capacity, target: &Capacity) -> Verdict {
    use Capacity as C;
    // Digits that a whole number of so many bits may need, and that it surely holds.
    let needed = |bits: u8| span(bits, false).1.to_string().len() as u32;
    let needs = match source {
        C::Integer { bits, .. } => needed(bits.unwrap_or(32)),
        C::Flag => 3,
        C::Boolean => 1,
        C::Decimal { integral, .. } => *integral,
        _ => u32::MAX,
    };
    let room = match target {
        C::Integer { bits, signed } => span(bits.unwrap_or(64), *signed).1.to_string().len() as u32 - 1,
        C::Decimal { integral, .. } => *integral,
        _ => return None,
    };
    if needs > room {
        let digits = if room == 1 { "1 digit".to_owned() } else { format!("{room} digits") };
        return lossy(Aspect::Range, format!("the target holds {digits} before the point, the source {needs}"));
    }
    wider()
}

fn limits(source: Limit, target: Limit) -> Verdict {
    let short = |limit: &str| lossy(Aspect::Length, format!("the target holds {limit}"));
    let longer = || Some((Severity::Note, Aspect::Length, "the target holds longer values".to_owned()));
    match (source, target) {
        (Limit::Unstated, _) | (_, Limit::Unstated) | (Limit::Unlimited, Limit::Unlimited) => None,
        (_, Limit::Unlimited) => longer(),
        (Limit::Unlimited, Limit::Characters(n)) => short(&format!("at most {n} characters, the source any number")),
        (Limit::Unlimited, Limit::Bytes(n)) => short(&format!("at most {n} bytes, the source any number")),
        (Limit::Characters(from), Limit::Characters(to)) | (Limit::Bytes(from), Limit::Bytes(to)) => {
            let unit = if matches!(source, Limit::Bytes(_)) { "bytes" } else { "characters" };
            match from.cmp(&to) {
                std::cmp::Ordering::Equal => None,
                std::cmp::Ordering::Less => longer(),
                std::cmp::Ordering::Greater => short(&format!("at most {to} {unit}, the source {from}")),
            }
        }
        (Limit::Characters(from), Limit::Bytes(to)) => {
            if from.saturating_mul(BYTES_PER_CHARACTER) > to {
                short(&format!("at most {to} bytes, the source {from} characters of up to {BYTES_PER_CHARACTER} bytes"))
            } else {
                longer()
            }
        }
        (Limit::Bytes(from), Limit::Characters(to)) => {
            if from > to {
                short(&format!("at most {to} characters, the source {from} bytes"))
            } else {
                longer()
            }
        }
    }
}

/// Whether text of so many characters fits.
fn fits(characters: u64, limit: Limit, otherwise: &str) -> Verdict {
    limits(Limit::Characters(characters), limit)
        .filter(|(severity, ..)| *severity == Severity::Lossy)
        .or_else(|| note(otherwise))
}

fn labels(source: &[String], target: &[String]) -> Verdict {
    let lacking: Vec<&str> = source.iter().filter(|label| !target.contains(label)).map(String::as_str).collect();
    if !lacking.is_empty() {
        let few = lacking.iter().take(5).map(|label| format!("'{label}'")).collect::<Vec<_>>().join(", ");
        let more = if lacking.len() > 5 { format!(" and {} more", lacking.len() - 5) } else { String::new() };
        return lossy(Aspect::Type, format!("the target lacks the labels {few}{more}"));
    }
    if target.len() > source.len() {
        return note("the target has labels that the source lacks");
    }
    (source != target).then(|| (Severity::Note, Aspect::Type, "the labels are in another order".to_owned()))
}

fn clock() -> Verdict {
    lossy(
        Aspect::Range,
        "the target holds only moments since 1970 that a 32-bit clock counts, up to 2038 in most versions",
    )
}

fn wider() -> Verdict {
    note("the target's type is wider")
}

fn lossy(aspect: Aspect, text: impl Into<String>) -> Verdict {
    Some((Severity::Lossy, aspect, text.into()))
}

fn stricter(text: &str) -> Verdict {
    Some((Severity::Stricter, Aspect::Type, text.to_owned()))
}

fn different(text: &str) -> Verdict {
    Some((Severity::Different, Aspect::Type, text.to_owned()))
}

fn note(text: impl Into<String>) -> Verdict {
    Some((Severity::Note, Aspect::Type, text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(source: Capacity, target: Capacity, enforced: bool) -> Option<(Severity, Aspect)> {
        let schema = |holds, enforced| ColumnSchema {
            holds,
            enforced,
            nullable: None,
            characters: None,
            collation: None,
            rules: None,
        };
        let (source, target) = (schema(source, true), schema(target, enforced));
        compare(Pair::new(&source, &target)).map(|(severity, aspect, _)| (severity, aspect))
    }

    fn integer(bits: u8, signed: bool) -> Capacity {
        Capacity::Integer { bits: Some(bits), signed }
    }

    fn text(limit: Limit) -> Capacity {
        Capacity::Text { limit, padded: false }
    }

    const RANGE: Option<(Severity, Aspect)> = Some((Severity::Lossy, Aspect::Range));
    const LENGTH: Option<(Severity, Aspect)> = Some((Severity::Lossy, Aspect::Length));
    const PRECISION: Option<(Severity, Aspect)> = Some((Severity::Lossy, Aspect::Precision));
    const WIDER: Option<(Severity, Aspect)> = Some((Severity::Note, Aspect::Type));

    #[test]
    fn whole_numbers_need_bits_and_a_sign() {
        assert_eq!(verdict(integer(32, true), integer(32, true), true), None);
        assert_eq!(verdict(integer(64, true), integer(32, true), true), RANGE);
        assert_eq!(verdict(integer(32, false), integer(32, true), true), RANGE);
        assert_eq!(verdict(integer(32, false), integer(64, true), true), WIDER);
        assert_eq!(verdict(integer(8, true), integer(64, false), true), RANGE);
        assert_eq!(verdict(integer(64, true), Capacity::Decimal { integral: 18, scale: 0 }, true), RANGE);
        assert_eq!(verdict(integer(32, true), Capacity::Decimal { integral: 10, scale: 0 }, true), WIDER);
        assert_eq!(verdict(Capacity::Decimal { integral: 9, scale: 0 }, integer(32, true), true), WIDER);
        assert_eq!(verdict(Capacity::Decimal { integral: 10, scale: 0 }, integer(32, true), true), RANGE);
    }

    #[test]
    fn decimals_need_digits_on_both_sides_of_the_point() {
        let decimal = |integral, scale| Capacity::Decimal { integral, scale };
        assert_eq!(verdict(decimal(8, 2), decimal(8, 2), true), None);
        assert_eq!(verdict(decimal(8, 3), decimal(9, 2), true), PRECISION);
        assert_eq!(verdict(decimal(8, 2), decimal(6, 4), true), RANGE);
        assert_eq!(verdict(Capacity::Numeric, decimal(35, 30), true), PRECISION);
        assert_eq!(verdict(decimal(8, 2), Capacity::Numeric, true), WIDER);
    }

    #[test]
    fn a_length_in_characters_may_not_fit_into_bytes() {
        assert_eq!(
            verdict(text(Limit::Characters(50)), text(Limit::Bytes(200)), true),
            Some((Severity::Note, Aspect::Length))
        );
        assert_eq!(verdict(text(Limit::Characters(51)), text(Limit::Bytes(200)), true), LENGTH);
        assert_eq!(verdict(text(Limit::Unlimited), text(Limit::Bytes(65_535)), true), LENGTH);
        assert_eq!(verdict(text(Limit::Bytes(65_535)), text(Limit::Characters(255)), true), LENGTH);
        assert_eq!(verdict(text(Limit::Unstated), text(Limit::Characters(1)), true), None);
    }

    #[test]
    fn sqlite_keeps_everything_but_long_decimals() {
        assert_eq!(verdict(text(Limit::Unlimited), text(Limit::Characters(1)), false), None);
        let decimal = Capacity::Decimal { integral: 14, scale: 2 };
        assert_eq!(verdict(decimal.clone(), decimal.clone(), false), PRECISION);
        assert_eq!(verdict(Capacity::Decimal { integral: 8, scale: 2 }, decimal, false), None);
    }

    #[test]
    fn a_boolean_is_a_small_integer_where_there_are_no_booleans() {
        assert_eq!(verdict(Capacity::Boolean, Capacity::Flag, true), None);
        assert_eq!(verdict(Capacity::Flag, Capacity::Boolean, true), WIDER);
        assert_eq!(verdict(integer(32, true), Capacity::Boolean, true), RANGE);
        assert_eq!(verdict(integer(32, true), Capacity::Flag, true), RANGE);
    }

    #[test]
    fn a_label_that_the_target_lacks_is_lost() {
        let labels = |all: &[&str]| Capacity::Labels(all.iter().map(|label| (*label).to_owned()).collect());
        assert_eq!(verdict(labels(&["a", "b"]), labels(&["a"]), true), Some((Severity::Lossy, Aspect::Type)));
        assert_eq!(verdict(labels(&["a"]), labels(&["a", "b"]), true), WIDER);
        assert_eq!(
            verdict(labels(&["a"]), text(Limit::Characters(9)), true),
            Some((Severity::Different, Aspect::Type))
        );
        assert_eq!(verdict(text(Limit::Characters(9)), labels(&["a"]), true), Some((Severity::Stricter, Aspect::Type)));
    }
}
