//! Key bytes back to values, so that a store can be asked for the very rows that have these keys.
//!
//! What comes out denotes the same value, but need not be spelled as the store spells it: a UUID is in lower case, a
//! number without trailing zeros. Whoever looks rows up by these values checks that the rows found are those looked for.

use super::number;
use super::time::{self, Moment};

/// A value of a key column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyValue {
    /// A number in plain decimal digits.
    Number(String),
    /// A truth value.
    Boolean(bool),
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// A day, time of day, timestamp without a zone, or UUID, as text.
    Plain(String),
    /// A moment, as text in UTC without a zone.
    Instant(String),
}

/// The values that the bytes of a key are the encodings of; `None` where one of them is NULL, cannot be looked up, or is
/// no value of its column's type.
pub fn decode_key(mut bytes: &[u8]) -> Option<Vec<KeyValue>> {
    let mut values = Vec::new();
    while !bytes.is_empty() {
        let (value, rest) = decode(bytes)?;
        values.push(value);
        bytes = rest;
    }
    Some(values)
}

fn decode(bytes: &[u8]) -> Option<(KeyValue, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    Some(match tag {
        0x10..=0x12 => {
            let (text, rest) = number::decode(bytes)?;
            (KeyValue::Number(text), rest)
        }
        0x20 | 0x21 => (KeyValue::Boolean(*tag == 0x21), rest),
        0x28 => {
            let (bytes, rest) = unescape(rest)?;
            (KeyValue::Text(String::from_utf8(bytes).ok()?), rest)
        }
        0x29 => {
            let (bytes, rest) = unescape(rest)?;
            (KeyValue::Binary(bytes), rest)
        }
        0x30 => {
            let (days, rest) = rest.split_first_chunk::<4>()?;
            let days = (u32::from_be_bytes(*days) ^ (1 << 31)) as i32;
            (KeyValue::Plain(of_our_era(time::format_date(i64::from(days)))?), rest)
        }
        0x31 => {
            let (nanos, rest) = rest.split_first_chunk::<8>()?;
            (KeyValue::Plain(time::format_time((u64::from_be_bytes(*nanos) ^ (1 << 63)) as i64)), rest)
        }
        0x32 | 0x33 => {
            let (seconds, rest) = rest.split_first_chunk::<8>()?;
            let (nanos, rest) = rest.split_first_chunk::<4>()?;
            let seconds = (u64::from_be_bytes(*seconds) ^ (1 << 63)) as i64;
            let text = of_our_era(time::format_timestamp(Moment { seconds, nanos: u32::from_be_bytes(*nanos) }))?;
            (if *tag == 0x32 { KeyValue::Plain(text) } else { KeyValue::Instant(text) }, rest)
        }
        0x38 => {
            let (id, rest) = rest.split_first_chunk::<16>()?;
            (KeyValue::Plain(uuid::Uuid::from_bytes(*id).to_string()), rest)
        }
        _ => return None,
    })
}

/// Engines spell years before Christ in ways of their own.
fn of_our_era(text: String) -> Option<String> {
    (!text.ends_with(" BC")).then_some(text)
}

/// Undoes [`super::encode::push_escaped`].
fn unescape(mut bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut value = Vec::new();
    loop {
        let at = memchr::memchr(0, bytes)?;
        value.extend_from_slice(&bytes[..at]);
        match bytes.get(at + 1)? {
            0xFF => value.push(0),
            0x00 => return Some((value, &bytes[at + 2..])),
            _ => return None,
        }
        bytes = &bytes[at + 2..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number_back(text: &str) -> String {
        let mut bytes = Vec::new();
        assert!(number::push_text(&mut bytes, text));
        match decode_key(&bytes).unwrap().as_slice() {
            [KeyValue::Number(text)] => text.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn numbers_come_back_as_what_they_denote() {
        for (written, read) in [
            ("0", "0"),
            ("-5.25", "-5.25"),
            ("-0.5", "-0.5"),
            ("-1.000000001", "-1.000000001"),
            ("1.10", "1.1"),
            ("0.000000000000000001", "0.000000000000000001"),
            ("123456789012345678901234567890.5", "123456789012345678901234567890.5"),
            ("-123456789012345678901234567890.25", "-123456789012345678901234567890.25"),
            ("-123456789012345678901234567890", "-123456789012345678901234567890"),
            ("1e20", "100000000000000000000"),
        ] {
            assert_eq!(number_back(written), read);
        }
    }

    #[test]
    fn a_null_or_a_misfit_cannot_be_looked_up() {
        assert_eq!(decode_key(&[0x00]), None);
        assert_eq!(decode_key(&[0xF1, b'x', 0, 0]), None);
        assert_eq!(decode_key(&[0x28, b'x']), None);
    }

    proptest! {
        #[test]
        fn keys_of_several_columns_come_back(text in any::<String>(), number in any::<i64>(), micros in 0i64..4_000_000_000_000_000) {
            let mut bytes = vec![0x28];
            super::super::encode::push_escaped(&mut bytes, text.as_bytes());
            number::push_i64(&mut bytes, number);
            let moment = Moment::from_micros(micros);
            time::push_timestamp(&mut bytes, moment);
            let expected = vec![
                KeyValue::Text(text),
                KeyValue::Number(number.to_string()),
                KeyValue::Plain(time::format_timestamp(moment)),
            ];
            prop_assert_eq!(decode_key(&bytes), Some(expected));
        }

        #[test]
        fn decimals_come_back(unscaled in any::<i128>(), scale in 0u32..=30) {
            let mut bytes = Vec::new();
            number::push_decimal128(&mut bytes, unscaled, scale);
            let Some([KeyValue::Number(text)]) = decode_key(&bytes).map(|values| <[KeyValue; 1]>::try_from(values).unwrap()) else {
                panic!("no number")
            };
            let mut again = Vec::new();
            prop_assert!(number::push_text(&mut again, &text));
            prop_assert_eq!(again, bytes);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = decode_key(&bytes);
        }
    }
}
