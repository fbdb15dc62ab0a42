//! Applies the rules of a column: to its texts and misfits before they are read, and to what was read, in its encoding.
//!
//! Rules that bear on numbers and times work on encodings, whose families are few, rather than on the many types a value
//! may come in: a number is rounded alike whether it came as a decimal, a float or a text.

use std::borrow::Cow;
use std::str::FromStr;

use arrow::array::ArrayRef;
use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive};
use unicode_normalization::UnicodeNormalization;

use super::encode::{EncodedColumn, Encoding, NULL, Reading, encode_plainly};
use super::rules::{Epoch, Fineness, ReadAs, Round, Rules, Sentinel, Trim, UnicodeForm};
use super::time::{self, Moment};
use super::types::CanonicalType;
use super::{Misfits, number, truth};
use crate::error::Result;

/// Encodes a column as [`super::encode_column`] does, under `rules`.
pub(super) fn encode(
    array: &ArrayRef,
    canonical: &CanonicalType,
    reading: Reading,
    rules: Option<&Rules>,
    name: &str,
    misfits: &Misfits,
) -> Result<EncodedColumn> {
    let column = encode_plainly(array, canonical, reading, rules, name, misfits)?;
    let Some(rules) = rules.filter(|rules| changes_what_was_read(rules)) else { return Ok(column) };
    let sentinels = sentinels(rules, reading)?;
    Ok(column.map(|out, value| {
        let start = out.len();
        coarsen(out, value, rules);
        if sentinels.iter().any(|sentinel| *sentinel == out[start..]) {
            out.truncate(start);
            out.push(NULL);
        }
    }))
}

fn changes_what_was_read(rules: &Rules) -> bool {
    !rules.null_is.is_empty()
        || rules.scale.is_some()
        || rules.precision.is_some()
        || rules.infinity.as_deref() == Some(MAX)
}

/// The encodings of the values that stand for NULL, each as a value of the column would be encoded.
fn sentinels(rules: &Rules, reading: Reading) -> Result<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    for sentinel in &rules.null_is {
        let (Sentinel::Text(text) | Sentinel::Number(text)) = sentinel;
        let number = matches!(sentinel, Sentinel::Number(_)) && reading.encoding == Encoding::Loose;
        let mut plain = Vec::new();
        if !number || !number::push_text(&mut plain, text) {
            let array: ArrayRef = std::sync::Arc::new(arrow::array::StringArray::from(vec![text.as_str()]));
            let one =
                encode_plainly(&array, &CanonicalType::Text, reading, Some(rules), "null_is", &Misfits::default())?;
            plain = one.value(0).to_vec();
        }
        let mut coarse = Vec::new();
        coarsen(&mut coarse, &plain, rules);
        all.push(coarse);
    }
    Ok(all)
}

/// Appends an encoding, rounded as the rules ask. What is no number and no time is left as it is.
fn coarsen(out: &mut Vec<u8>, value: &[u8], rules: &Rules) {
    let round = rules.round.unwrap_or_default();
    let changed = match value.first() {
        Some(0x10..=0x12) => rules.scale.and_then(|scale| rounded_number(value, scale, round)),
        Some(0x31) => rules.precision.and_then(|precision| rounded_time(value, precision, round)),
        Some(0x32 | 0x33) => coarser_moment(value, rules, round),
        _ => None,
    };
    out.extend_from_slice(changed.as_deref().unwrap_or(value));
}

fn rounded_number(value: &[u8], scale: u16, round: Round) -> Option<Vec<u8>> {
    // An integer within 64 bits has nothing to be rounded.
    if value.len() == number::INTEGER_BYTES && value[0] == 0x11 {
        return None;
    }
    let (text, _) = number::decode(value)?;
    let mode = match round {
        Round::HalfUp => RoundingMode::HalfUp,
        Round::HalfEven => RoundingMode::HalfEven,
        Round::Truncate => RoundingMode::Down,
    };
    let rounded = BigDecimal::from_str(&text).ok()?.with_scale_round(i64::from(scale), mode);
    let mut out = Vec::new();
    number::push_text(&mut out, &rounded.to_plain_string()).then_some(out)
}

fn rounded_time(value: &[u8], precision: Fineness, round: Round) -> Option<Vec<u8>> {
    let nanos = i64::try_from(rounded(i128::from(time::decode_time(value)?), precision, round)).ok()?;
    let mut out = Vec::new();
    time::push_time(&mut out, nanos);
    Some(out)
}

fn coarser_moment(value: &[u8], rules: &Rules, round: Round) -> Option<Vec<u8>> {
    let (tag, moment) = time::decode_moment(value)?;
    let mut nanos = moment.nanos_since_epoch();
    if rules.infinity.as_deref() == Some(MAX) && moment.seconds == LAST_SECOND {
        nanos = last_moment().nanos_since_epoch();
    }
    if let Some(precision) = rules.precision {
        nanos = rounded(nanos, precision, round);
    }
    let mut out = Vec::new();
    time::push_moment(&mut out, tag, Moment::from_nanos_since_epoch(nanos)?);
    Some(out)
}

fn rounded(nanos: i128, precision: Fineness, round: Round) -> i128 {
    let unit = match precision {
        Fineness::S => 1_000_000_000,
        Fineness::Ms => 1_000_000,
        Fineness::Us => 1_000,
    };
    let (below, rest) = (nanos.div_euclid(unit), nanos.rem_euclid(unit));
    let up = match round {
        Round::Truncate => false,
        Round::HalfUp => rest * 2 >= unit,
        Round::HalfEven => rest * 2 > unit || (rest * 2 == unit && below % 2 != 0),
    };
    (below + i128::from(up)) * unit
}

/// The word for the last moment that engines without an infinite time have.
pub(super) const MAX: &str = "max";
/// 9999-12-31 23:59:59.
const LAST_SECOND: i64 = 253_402_300_799;

/// Whatever an engine keeps of its fraction, the last second of the year 9999 is one moment under `infinity = "max"`.
fn last_moment() -> Moment {
    Moment { seconds: LAST_SECOND, nanos: 999_999_000 }
}

/// What a misfit stands for.
pub(super) enum StandsFor {
    Null,
    Moment(Moment),
}

/// What the rules say a misfit stands for: a zero date, or an infinite one.
pub(super) fn stands_for(rules: &Rules, encoding: Encoding, text: &str) -> Option<StandsFor> {
    if !matches!(encoding, Encoding::Date | Encoding::Timestamp | Encoding::Instant) {
        return None;
    }
    if is_zero_date(text) {
        return match rules.zero_date.as_deref()? {
            NULL_WORD => Some(StandsFor::Null),
            date => moment_of(encoding, date).map(StandsFor::Moment),
        };
    }
    if text.eq_ignore_ascii_case("infinity") {
        return match rules.infinity.as_deref()? {
            MAX => Some(StandsFor::Moment(last_moment())),
            date => moment_of(encoding, date).map(StandsFor::Moment),
        };
    }
    None
}

/// The word for NULL in `zero_date`.
pub(super) const NULL_WORD: &str = "null";

/// A date or time in a rule; `None` where it is none of the kind that the encoding takes.
pub(super) fn moment_of(encoding: Encoding, text: &str) -> Option<Moment> {
    if encoding == Encoding::Date {
        return time::parse_date(text).map(Moment::from_days);
    }
    let read = time::parse_timestamp(text)?;
    // A rule names a moment, not what some clock shows: without an offset it is in UTC.
    Some(Moment { seconds: read.local.seconds - i64::from(read.offset.unwrap_or(0)), ..read.local })
}

/// `0000-00-00`, with or without a time of midnight behind it.
fn is_zero_date(text: &str) -> bool {
    text.strip_prefix("0000-00-00")
        .is_some_and(|rest| rest.bytes().all(|byte| matches!(byte, b'0' | b' ' | b'T' | b':' | b'.' | b'Z')))
}

/// The instant that a number counts up to, whole or with decimals.
pub(super) fn moment_since(epoch: Epoch, text: &str) -> Option<Moment> {
    let digits = match epoch {
        Epoch::S => 9,
        Epoch::Ms => 6,
        Epoch::Us => 3,
        Epoch::Ns => 0,
    };
    if text.len() > 60 {
        return None;
    }
    let nanos = BigDecimal::from_str(text).ok()? * BigDecimal::new(1.into(), -digits);
    // What is finer than a nanosecond is no instant that any store has.
    let whole = nanos.is_integer().then(|| nanos.to_i128())??;
    Moment::from_nanos_since_epoch(whole)
}

/// A text as it is compared.
pub(super) fn text<'a>(rules: &Rules, encoding: Encoding, text: &'a str) -> Cow<'a, str> {
    let is_ascii = |c: char| c.is_ascii_whitespace() || c == '\u{b}';
    let mut text = Cow::Borrowed(match rules.trim {
        None => text,
        Some(Trim::Both) => text.trim_matches(is_ascii),
        Some(Trim::Left) => text.trim_start_matches(is_ascii),
        Some(Trim::Right) => text.trim_end_matches(is_ascii),
        Some(Trim::Unicode) => text.trim(),
    });
    if !matches!(encoding, Encoding::Text | Encoding::Loose) {
        return text;
    }
    if rules.eol.is_some() && text.contains('\r') {
        text = Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    text = normal(rules, text);
    if rules.case.is_some() {
        text = normal(rules, Cow::Owned(caseless::default_case_fold_str(&text)));
    }
    if let Some(ReadAs::Set(between)) = &rules.reading {
        let mut members: Vec<&str> = text.split(between.as_str()).collect();
        members.sort_unstable();
        members.dedup();
        let joined = members.join(between);
        text = Cow::Owned(joined);
    }
    text
}

/// A text in the form that the rules ask for.
fn normal<'a>(rules: &Rules, text: Cow<'a, str>) -> Cow<'a, str> {
    match rules.unicode {
        Some(_) if text.is_ascii() => text,
        Some(UnicodeForm::Nfc) => Cow::Owned(text.nfc().collect()),
        Some(UnicodeForm::Nfkc) => Cow::Owned(text.nfkc().collect()),
        None => text,
    }
}

/// Base64 with or without the signs that fill it up.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes that a text stands for, where a rule says that it does: hexadecimal digits (with `\x` or `0x` before them),
/// or base64, whose lines may be broken.
pub(super) fn bytes(rules: &Rules, text: &str) -> Option<Vec<u8>> {
    match rules.reading.as_ref()? {
        ReadAs::Hex => {
            let digits = ["\\x", "0x", "0X"].iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
            hex::decode(digits).ok()
        }
        ReadAs::Base64 => {
            let plain: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
            BASE64.decode(plain).ok()
        }
        _ => None,
    }
}

/// The truth value that a text stands for, where a rule names it.
pub(super) fn truth_of(rules: &Rules, text: &str) -> Option<bool> {
    let ReadAs::Bool(words) = rules.reading.as_ref()? else { return None };
    let is_listed = |words: &[String]| match rules.case {
        Some(_) => words.iter().any(|word| caseless::default_caseless_match_str(word, text)),
        None => words.iter().any(|word| word == text),
    };
    match (is_listed(&words.yes), is_listed(&words.no)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        // The words that are known anyway; in an SQLite column they count as text only where a rule reads text.
        _ => truth::parse(text),
    }
}

/// The bytes of a UUID in the order of its text, where a rule says that its time fields are swapped: MySQL puts
/// `time_hi`, `time_mid`, `time_low` where the text has `time_low`, `time_mid`, `time_hi`.
pub(super) fn unswapped(rules: &Rules, bytes: &[u8]) -> Option<[u8; 16]> {
    let (Some(ReadAs::UuidSwapped), Ok(swapped)) = (&rules.reading, <[u8; 16]>::try_from(bytes)) else { return None };
    let mut plain = swapped;
    plain[..4].copy_from_slice(&swapped[4..8]);
    plain[4..6].copy_from_slice(&swapped[2..4]);
    plain[6..8].copy_from_slice(&swapped[..2]);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The number that `text` is under a scale, as text.
    fn scaled(text: &str, scale: u16, round: Round) -> String {
        let (mut plain, mut out) = (Vec::new(), Vec::new());
        assert!(number::push_text(&mut plain, text), "{text}");
        let rules = Rules { scale: Some(scale), round: Some(round), ..Rules::default() };
        coarsen(&mut out, &plain, &rules);
        number::decode(&out).unwrap().0
    }

    #[test]
    fn numbers_of_any_length_are_rounded_exactly() {
        for (text, scale, round, expected) in [
            ("0.5", 0, Round::HalfUp, "1"),
            ("-0.5", 0, Round::HalfUp, "-1"),
            ("0.5", 0, Round::HalfEven, "0"),
            ("1.5", 0, Round::HalfEven, "2"),
            ("-0.9", 0, Round::Truncate, "0"),
            ("1.005", 2, Round::HalfUp, "1.01"),
            ("999.995", 2, Round::HalfUp, "1000"),
            ("123456789012345678901234567890.123456789", 5, Round::HalfUp, "123456789012345678901234567890.12346"),
            ("9223372036854775807.5", 0, Round::HalfUp, "9223372036854775808"),
            ("1e-30", 20, Round::HalfUp, "0"),
            ("7", 2, Round::Truncate, "7"),
        ] {
            assert_eq!(scaled(text, scale, round), expected, "{text} to {scale} {round:?}");
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_are_rounded_as_arithmetic_has_it(thousandths in -10_000_000i64..10_000_000) {
            let sign = if thousandths < 0 { "-" } else { "" };
            let text = format!("{sign}{}.{:03}", thousandths.abs() / 1000, thousandths.abs() % 1000);
            let magnitude = thousandths.abs();
            let (down, rest) = (magnitude / 1000, magnitude % 1000);
            let expected = |magnitude: i64| (thousandths.signum() * magnitude).to_string();
            prop_assert_eq!(scaled(&text, 0, Round::Truncate), expected(down));
            prop_assert_eq!(scaled(&text, 0, Round::HalfUp), expected(down + i64::from(rest >= 500)));
            let even = down + i64::from(rest > 500 || rest == 500 && down % 2 == 1);
            prop_assert_eq!(scaled(&text, 0, Round::HalfEven), expected(even));
        }

        #[test]
        fn no_text_makes_a_rule_panic(text in any::<String>()) {
            let rules = Rules {
                trim: Some(Trim::Unicode),
                case: Some(super::super::rules::Case::Ignore),
                unicode: Some(UnicodeForm::Nfkc),
                reading: Some(ReadAs::Set(",".into())),
                ..Rules::default()
            };
            let once = super::text(&rules, Encoding::Text, &text).into_owned();
            prop_assert_eq!(&super::text(&rules, Encoding::Text, &text), &once);
            for epoch in [Epoch::S, Epoch::Ns] {
                let _ = moment_since(epoch, &text);
            }
            let _ = stands_for(&Rules { zero_date: Some("null".into()), ..Rules::default() }, Encoding::Date, &text);
        }
    }

    #[test]
    fn swapped_uuids_come_back_in_order() {
        let rules = Rules { reading: Some(ReadAs::UuidSwapped), ..Rules::default() };
        let swapped = hex::decode("1026baba6ccd780c95645b8c656024db").unwrap();
        assert_eq!(hex::encode(unswapped(&rules, &swapped).unwrap()), "6ccd780cbaba102695645b8c656024db");
        assert_eq!(unswapped(&Rules::default(), &swapped), None);
    }

    #[test]
    fn instants_are_counted_exactly_in_their_unit() {
        let at = |epoch, text| moment_since(epoch, text).map(|moment| (moment.seconds, moment.nanos));
        assert_eq!(at(Epoch::S, "1700000000.5"), Some((1_700_000_000, 500_000_000)));
        assert_eq!(at(Epoch::Ms, "-1"), Some((-1, 999_000_000)));
        assert_eq!(at(Epoch::Ns, "1700000000123456789"), Some((1_700_000_000, 123_456_789)));
        assert_eq!(at(Epoch::Ns, "0.5"), None);
        assert_eq!(at(Epoch::S, "1e99"), None);
        assert_eq!(at(Epoch::S, "soon"), None);
    }
}
