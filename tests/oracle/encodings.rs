//! The encoding is injective, and the digest of a range notices every bit of it.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use proptest::prelude::*;
use tieout::canonical::{CanonicalType, EncodedColumn, Encoding, Misfits, Reading, encode_column};
use tieout::model::RangeDigest;
use xxhash_rust::xxh3::xxh3_128;

proptest! {
    #[test]
    fn every_bit_of_an_encoding_changes_the_digest_of_its_range(
        row in prop::collection::vec(any::<u8>(), 1..80),
        others in prop::collection::vec(any::<u128>(), 0..20),
    ) {
        let range = |row: &[u8]| {
            let mut digest = RangeDigest::default();
            digest.add(xxh3_128(row));
            others.iter().for_each(|other| digest.add(*other));
            digest
        };
        let whole = range(&row);
        for bit in 0..row.len() * 8 {
            let mut changed = row.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            prop_assert_ne!(range(&changed), whole, "bit {}", bit);
        }
    }

    #[test]
    fn rows_of_text_share_their_bytes_only_if_they_are_equal(
        one in prop::collection::vec(prop::option::of("[ab|,\u{0}\u{ff}]{0,3}"), 3),
        other in prop::collection::vec(prop::option::of("[ab|,\u{0}\u{ff}]{0,3}"), 3),
    ) {
        prop_assert_eq!(row_bytes(&one) == row_bytes(&other), one == other);
    }

    #[test]
    fn the_byte_order_of_text_is_the_order_of_its_utf8(one in any::<String>(), other in any::<String>()) {
        let bytes = |text: &String| row_bytes(&[Some(text.clone())]);
        prop_assert_eq!(bytes(&one).cmp(&bytes(&other)), one.as_bytes().cmp(other.as_bytes()));
    }
}

/// The encodings of the values of one row, one after the other, as the row digest takes them.
fn row_bytes(row: &[Option<String>]) -> Vec<u8> {
    row.iter().flat_map(|value| encoded(value.as_deref()).value(0).to_vec()).collect()
}

fn encoded(value: Option<&str>) -> EncodedColumn {
    let array: ArrayRef = Arc::new(StringArray::from(vec![value]));
    let reading = Reading::plain(Encoding::Text);
    encode_column(&array, &CanonicalType::Text, reading, "c", &Misfits::default()).unwrap()
}

/// Values of each encoding beyond text; the spellings in one line are of the same value, all others differ.
#[rustfmt::skip] // one line a value
const SPELLINGS: &[(Encoding, &[&[&str]])] = &[
    (Encoding::Number, &[&["1", "1.0", "1e0"], &["NaN", "nan"], &["Infinity", "inf"], &["-Infinity"], &["0", "-0.00"], &["-1"], &["1e40"]]),
    (Encoding::Date, &[&["infinity", "Infinity"], &["-infinity"], &["0044-03-15 BC"], &["0044-03-15"], &["0000-00-00", "0000-00-00 00:00:00"], &["2024-02-30"], &["5874897-12-31"], &["5874897-12-30"]]),
    (Encoding::Timestamp, &[&["infinity"], &["-infinity"], &["0000-00-00", "0000-00-00 00:00:00.000"], &["2024-02-30 10:00:00"], &["2024-03-01 10:00:00"], &["294276-12-31 23:59:59"], &["0001-01-01 00:00:00 BC"]]),
    (Encoding::Instant, &[&["infinity"], &["-infinity"], &["2024-01-01 12:00:00+02", "2024-01-01T10:00:00Z"], &["2024-01-01 12:00:00Z"], &["4713-01-01 00:00:00+00 BC"]]),
    (Encoding::Time, &[&["24:00:00"], &["00:00:00", "00:00"], &["838:59:59", "838:59:59.000"], &["-838:59:59"], &["-00:00:01"]]),
    (Encoding::Interval, &[&["1 mon", "P1M"], &["30 days"], &["1 day"], &["24:00:00", "PT24H"], &["1 year", "12 mons"], &["-1 mons"], &["infinity"], &["-infinity"], &["00:00:00.000001"]]),
    (Encoding::Bits, &[&[""], &["0"], &["00"], &["1"], &["01"], &["10"]]),
    (Encoding::Inet, &[&["::1", "0:0:0:0:0:0:0:1", "::1/128"], &["10.0.0.1", "10.0.0.1/32"], &["10.0.0.1/31"], &["::a00:1"], &["::ffff:10.0.0.1"]]),
    (Encoding::Mac, &[&["08:00:2b:01:02:03", "08002B010203"], &["08:00:2b:01:02:04"], &["08:00:2b:01:02:03:00:00"], &["00:00:08:00:2b:01:02:03"]]),
    (Encoding::Set, &[&["", ","], &["a"], &["a,b", "b,a", "a,b,a"], &["ab"], &["a\0", "a\0,a\0"]]),
    (Encoding::Json, &[&["[1,2]", "[1.0, 2e0]"], &["[[1],2]"], &["[2,1]"], &["{}"], &["[]"]]),
];

/// Arrays, structs, maps and ranges as they are carried; the spellings in one line are of the same value.
#[rustfmt::skip] // one line a value
fn nested() -> Vec<(CanonicalType, Vec<&'static [&'static str]>)> {
    let number = || Box::new(CanonicalType::Number);
    let text = || Box::new(CanonicalType::Text);
    vec![
        (CanonicalType::Array { item: number() }, vec![&["[]"], &[r#"["1"]"#, r#"["1.0"]"#], &["[null]"], &[r#"[["1"]]"#], &[r#"["1","1"]"#], &[r#"{"from":"[0:0]","items":["1"]}"#], &[r#"["NaN"]"#]]),
        (CanonicalType::Array { item: text() }, vec![&["[]"], &[r#"["a,b"]"#], &[r#"["a","b"]"#], &[r#"["b","a"]"#], &["[null]"], &[r#"["null"]"#], &[r#"[""]"#], &[r#"["a\u0000"]"#]]),
        (CanonicalType::Map { key: text(), value: number() }, vec![&[r#"{"entries":[]}"#], &[r#"{"entries":[["a","1"],["b","2"]]}"#, r#"{"entries":[["b","2.0"],["a","1"]]}"#], &[r#"{"entries":[["a","2"],["b","1"]]}"#], &[r#"{"entries":[["a","1"],["a","1"]]}"#], &[r#"{"entries":[["a","1"]]}"#]]),
        (CanonicalType::Struct { fields: vec![("x".into(), CanonicalType::Number), ("y".into(), CanonicalType::Number)] }, vec![&[r#"{"fields":["1",null]}"#, r#"{"fields":["1.0",null]}"#], &[r#"{"fields":[null,"1"]}"#], &[r#"{"fields":[null,null]}"#]]),
        (CanonicalType::Range { item: number() }, vec![&[r#"{"range":[]}"#], &[r#"{"range":["1","2","[)"]}"#, r#"{"range":["1.0","2.0","[)"]}"#], &[r#"{"range":["1","2","[]"]}"#], &[r#"{"range":[null,"2","()"]}"#], &[r#"{"range":["2",null,"()"]}"#]]),
    ]
}

#[test]
fn encodings_are_equal_for_equal_values_only_and_none_begins_another() {
    let scalars = SPELLINGS.iter().map(|(encoding, values)| (CanonicalType::Untyped, *encoding, values.to_vec()));
    let nested = nested().into_iter().map(|(canonical, values)| (canonical, Encoding::Nested, values));
    // The values of all encodings together: none equals one of another family, but for the times without end.
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    for (canonical, encoding, values) in scalars.chain(nested) {
        for spellings in values {
            let array: ArrayRef = Arc::new(StringArray::from(spellings.to_vec()));
            let column = encode_column(&array, &canonical, Reading::plain(encoding), "c", &Misfits::default()).unwrap();
            let first = column.value(0);
            for (row, spelling) in spellings.iter().enumerate() {
                assert_eq!(column.value(row), first, "{encoding:?}: {spelling} and {}", spellings[0]);
            }
            let endless = spellings[0].ends_with("infinity") && encoding != Encoding::Date;
            // An empty array is one of any items.
            let of_any_type = matches!(spellings[0], "[]" | "[null]") && all.iter().any(|(_, other)| other == first);
            if !endless && !of_any_type {
                all.push((format!("{encoding:?} {}", spellings[0]), first.to_vec()));
            }
        }
    }
    for (at, (name, one)) in all.iter().enumerate() {
        for (other_name, other) in &all[at + 1..] {
            assert!(!one.starts_with(other) && !other.starts_with(one), "{name} and {other_name}");
        }
    }
}

#[test]
fn a_null_equals_no_value_of_any_encoding() {
    let values = SPELLINGS.iter().flat_map(|(encoding, values)| values.iter().map(move |value| (*encoding, value[0])));
    for (encoding, value) in values {
        let array: ArrayRef = Arc::new(StringArray::from(vec![Some(value), None]));
        let untyped = CanonicalType::Untyped;
        let column = encode_column(&array, &untyped, Reading::plain(encoding), "c", &Misfits::default()).unwrap();
        assert_ne!(column.value(0), column.value(1), "{encoding:?} {value}");
    }
}
