//! Nested values: arrays, structs, maps and ranges.
//!
//! They are carried as text, a JSON document in which every leaf is NULL or a string, the text of a value of the leaf's
//! type, and every other value says what it is:
//!
//! | carrier | value |
//! |---|---|
//! | `[…]` | array; a further dimension is an array among the items |
//! | `{"from": "[2:4]", "items": […]}` | array of PostgreSQL whose subscripts do not begin at 1 |
//! | `{"fields": […]}` | struct, its fields in the type's order |
//! | `{"entries": [[key, value], …]}` | map |
//! | `{"range": [lower, upper, "[)"]}`, `{"range": []}` | range, a missing bound is NULL; empty range |
//!
//! Encoding: NULL and leaves as everywhere; in front of each value within another stands `01`, and `00` ends the others.
//!
//! | tag | value |
//! |---|---|
//! | `40` | array: its items |
//! | `41`, escaped text | array with other subscripts: its items |
//! | `42` | struct: its fields in the order of their names |
//! | `43` | map: its entries in the order of their keys, each key and value |
//! | `44` | empty range |
//! | `45`, inclusions (two bits) | range: lower and upper bound |
//!
//! A leaf is encoded as its own family, so that nested types are comparable only where their leaves are of one family. A
//! map in which a key occurs twice is a misfit: engines do not agree on which of its values counts.

use serde_json::{Map, Value};

use super::encode::{Encoding, NULL, push_escaped};
use super::types::CanonicalType;

const ARRAY: u8 = 0x40;
const ARRAY_FROM: u8 = 0x41;
const STRUCT: u8 = 0x42;
const MAP: u8 = 0x43;
const RANGE_EMPTY: u8 = 0x44;
const RANGE: u8 = 0x45;
const NEXT: u8 = 0x01;
const END: u8 = 0x00;

/// Appends a leaf: the text of a value, read as an encoding.
pub(super) type PushLeaf<'a> = dyn Fn(&mut Vec<u8>, &str, Encoding) + 'a;

/// Appends a value that is not NULL. False where `text` is no carrier of the type, or a map repeats a key; what has been
/// appended then is of no use.
pub(super) fn push(out: &mut Vec<u8>, text: &str, canonical: &CanonicalType, leaf: &PushLeaf<'_>) -> bool {
    serde_json::from_str(text).ok().and_then(|value| push_value(out, &value, canonical, leaf)).is_some()
}

fn push_value(out: &mut Vec<u8>, value: &Value, canonical: &CanonicalType, leaf: &PushLeaf<'_>) -> Option<()> {
    if value.is_null() {
        out.push(NULL);
        return Some(());
    }
    match canonical {
        CanonicalType::Array { item } => {
            let items = match value {
                Value::Array(items) => {
                    out.push(ARRAY);
                    items
                }
                other => {
                    out.push(ARRAY_FROM);
                    push_escaped(out, other.get("from")?.as_str()?.as_bytes());
                    other.get("items")?.as_array()?
                }
            };
            for value in items {
                out.push(NEXT);
                push_value(out, value, if value.is_array() { canonical } else { item }, leaf)?;
            }
            out.push(END);
        }
        CanonicalType::Struct { fields } => {
            let values = value.get("fields")?.as_array()?;
            if values.len() != fields.len() {
                return None;
            }
            let mut named: Vec<_> = fields.iter().zip(values).collect();
            named.sort_by(|one, other| one.0.0.cmp(&other.0.0));
            out.push(STRUCT);
            for ((_, canonical), value) in named {
                out.push(NEXT);
                push_value(out, value, canonical, leaf)?;
            }
            out.push(END);
        }
        CanonicalType::Map { key, value: of_value } => {
            let mut entries = Vec::new();
            for entry in value.get("entries")?.as_array()? {
                let [key_is, value_is] = entry.as_array()?.as_slice() else { return None };
                let (mut key_bytes, mut value_bytes) = (Vec::new(), Vec::new());
                push_value(&mut key_bytes, key_is, key, leaf)?;
                push_value(&mut value_bytes, value_is, of_value, leaf)?;
                entries.push((key_bytes, value_bytes));
            }
            entries.sort();
            if entries.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                return None;
            }
            out.push(MAP);
            for (key, value) in entries {
                out.push(NEXT);
                out.extend_from_slice(&key);
                out.extend_from_slice(&value);
            }
            out.push(END);
        }
        CanonicalType::Range { item } => match value.get("range")?.as_array()?.as_slice() {
            [] => out.push(RANGE_EMPTY),
            [lower, upper, inclusions] => {
                let inclusions = inclusions.as_str()?;
                out.extend_from_slice(&[
                    RANGE,
                    u8::from(inclusions.starts_with('[')) << 1 | u8::from(inclusions.ends_with(']')),
                ]);
                push_value(out, lower, item, leaf)?;
                push_value(out, upper, item, leaf)?;
            }
            _ => return None,
        },
        _ => {
            let text = value.as_str()?;
            match canonical {
                CanonicalType::Binary | CanonicalType::Geometry => {
                    super::encode::push_binary(out, &hex::decode(text.strip_prefix("\\x")?).ok()?);
                }
                _ => leaf(out, text, family(canonical)?),
            }
        }
    }
    Some(())
}

/// As what the leaves of a type are encoded; `None` where the type is no leaf.
fn family(canonical: &CanonicalType) -> Option<Encoding> {
    use CanonicalType as C;
    Some(match canonical {
        C::Boolean => Encoding::Boolean,
        C::Int64 | C::UInt64 | C::BitField { .. } | C::Decimal { .. } | C::Number => Encoding::Number,
        C::Float32 => Encoding::Float32,
        C::Float64 => Encoding::Float64,
        C::Text | C::Char => Encoding::Text,
        C::Binary | C::Geometry => Encoding::Binary,
        C::Date => Encoding::Date,
        C::Time(_) => Encoding::Time,
        C::Timestamp(_) => Encoding::Timestamp,
        C::Instant(_) => Encoding::Instant,
        C::Uuid => Encoding::Uuid,
        C::Json => Encoding::Json,
        C::Interval => Encoding::Interval,
        C::Bits => Encoding::Bits,
        C::Inet => Encoding::Inet,
        C::Mac => Encoding::Mac,
        C::Set => Encoding::Set,
        C::Opaque { .. } => Encoding::Opaque,
        C::Loose(_) | C::Untyped | C::Array { .. } | C::Struct { .. } | C::Map { .. } | C::Range { .. } => return None,
    })
}

/// Whether values of two nested types can be compared: arrays of items, maps of keys and values, structs of fields of the
/// same names (in whatever order) that can be compared in their turn, down to leaves of the same family.
pub fn comparable(one: &CanonicalType, other: &CanonicalType) -> bool {
    use CanonicalType as C;
    match (one, other) {
        (C::Array { item: one }, C::Array { item: other }) | (C::Range { item: one }, C::Range { item: other }) => {
            comparable(one, other)
        }
        (C::Map { key: one, value: one_value }, C::Map { key: other, value: other_value }) => {
            comparable(one, other) && comparable(one_value, other_value)
        }
        (C::Struct { fields: one }, C::Struct { fields: other }) => {
            let (mut one, mut other): (Vec<_>, Vec<_>) = (one.iter().collect(), other.iter().collect());
            one.sort_by(|a, b| a.0.cmp(&b.0));
            other.sort_by(|a, b| a.0.cmp(&b.0));
            let distinct = one.windows(2).all(|pair| pair[0].0 != pair[1].0);
            let same = |(one, other): (&&(String, C), &&(String, C))| one.0 == other.0 && comparable(&one.1, &other.1);
            distinct && one.len() == other.len() && one.iter().zip(&other).all(same)
        }
        (C::Opaque { .. }, _) | (_, C::Opaque { .. }) => one == other,
        (one, other) => family(one).is_some() && family(one) == family(other),
    }
}

/// Whether values of a nested type are documents: maps need names as keys, and ranges have no place in JSON.
pub fn has_documents(canonical: &CanonicalType) -> bool {
    match canonical {
        CanonicalType::Array { item } => has_documents(item),
        CanonicalType::Struct { fields } => fields.iter().all(|(_, canonical)| has_documents(canonical)),
        CanonicalType::Map { key, value } => {
            matches!(**key, CanonicalType::Text | CanonicalType::Char) && has_documents(value)
        }
        CanonicalType::Range { .. } => false,
        leaf => family(leaf).is_some(),
    }
}

/// The JSON document that a value stands for: numbers, truth values and JSON leaves are such, all other leaves strings.
/// `None` where JSON has no such value (NaN, a map that repeats a key).
pub(super) fn document(text: &str, canonical: &CanonicalType) -> Option<String> {
    document_of(&serde_json::from_str(text).ok()?, canonical).map(|value| value.to_string())
}

fn document_of(value: &Value, canonical: &CanonicalType) -> Option<Value> {
    use CanonicalType as C;
    if value.is_null() {
        return Some(Value::Null);
    }
    Some(match canonical {
        C::Array { item } => {
            let of_item = |value: &Value| document_of(value, if value.is_array() { canonical } else { item });
            Value::Array(value.as_array()?.iter().map(of_item).collect::<Option<_>>()?)
        }
        C::Struct { fields } => {
            let values = value.get("fields")?.as_array()?;
            let member = |((name, canonical), value): (&(String, C), &Value)| {
                Some((name.clone(), document_of(value, canonical)?))
            };
            Value::Object(fields.iter().zip(values).map(member).collect::<Option<_>>()?)
        }
        C::Map { value: of_value, .. } => {
            let mut members = Map::new();
            for entry in value.get("entries")?.as_array()? {
                let [key, value] = entry.as_array()?.as_slice() else { return None };
                if members.insert(key.as_str()?.to_owned(), document_of(value, of_value)?).is_some() {
                    return None;
                }
            }
            Value::Object(members)
        }
        C::Range { .. } => return None,
        C::Json => serde_json::from_str(value.as_str()?).ok()?,
        C::Boolean => Value::Bool(super::truth::parse(value.as_str()?)?),
        leaf => {
            let text = value.as_str()?;
            match family(leaf)? {
                Encoding::Number | Encoding::Float32 | Encoding::Float64 => Value::Number(text.parse().ok()?),
                _ => Value::String(text.to_owned()),
            }
        }
    })
}

/// A value for reports: the document it stands for, or else its carrier.
pub(super) fn shown(text: &str, canonical: &CanonicalType) -> String {
    let range = || {
        let value: Value = serde_json::from_str(text).ok()?;
        match value.get("range")?.as_array()?.as_slice() {
            [] => Some("empty".to_owned()),
            [lower, upper, inclusions] => {
                let inclusions = inclusions.as_str()?;
                let bound = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                Some(format!("{}{},{}{}", inclusions.get(..1)?, bound(lower), bound(upper), inclusions.get(1..)?))
            }
            _ => None,
        }
    };
    let shown = if matches!(canonical, CanonicalType::Range { .. }) { range() } else { document(text, canonical) };
    shown.unwrap_or_else(|| text.to_owned())
}

/// The type of arrays of `item`. An array of arrays is one array of more dimensions: PostgreSQL knows no other.
pub fn array_of(item: CanonicalType) -> CanonicalType {
    match item {
        array @ CanonicalType::Array { .. } => array,
        item => CanonicalType::Array { item: Box::new(item) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{EncodedColumn, Misfits, Reading, encode_column};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn numbers() -> CanonicalType {
        array_of(CanonicalType::Int64)
    }

    fn column(text: &str, canonical: &CanonicalType, encoding: Encoding) -> EncodedColumn {
        let array: arrow::array::ArrayRef = Arc::new(arrow::array::StringArray::from(vec![text]));
        encode_column(&array, canonical, Reading::plain(encoding), "c", &Misfits::default()).unwrap()
    }

    fn encoded(text: &str, canonical: &CanonicalType) -> Vec<u8> {
        column(text, canonical, Encoding::Nested).value(0).to_vec()
    }

    fn as_json(text: &str, canonical: &CanonicalType) -> Vec<u8> {
        column(text, canonical, Encoding::Json).value(0).to_vec()
    }

    fn json(text: &str) -> Vec<u8> {
        column(text, &CanonicalType::Json, Encoding::Json).value(0).to_vec()
    }

    #[test]
    fn arrays_differ_by_items_order_nulls_dimensions_and_subscripts() {
        let texts = array_of(CanonicalType::Text);
        let all = [
            (r#"["1","2"]"#, numbers()),
            (r#"["2","1"]"#, numbers()),
            (r#"["1","2",null]"#, numbers()),
            ("[]", numbers()),
            (r#"[["1","2"]]"#, numbers()),
            (r#"[["1"],["2"]]"#, numbers()),
            (r#"{"from":"[0:1]","items":["1","2"]}"#, numbers()),
            (r#"["a,b"]"#, texts.clone()),
            (r#"["a","b"]"#, texts.clone()),
            (r#"["NULL"]"#, texts.clone()),
            (r#"[null]"#, texts.clone()),
            (r#"[""]"#, texts),
        ];
        let mut bytes: Vec<_> = all.iter().map(|(text, canonical)| encoded(text, canonical)).collect();
        bytes.sort();
        bytes.dedup();
        assert_eq!(bytes.len(), all.len());
        let decimals = array_of(CanonicalType::Decimal { precision: 5, scale: 2 });
        assert_eq!(encoded(r#"["1.00"]"#, &decimals), encoded(r#"["1"]"#, &numbers()));
    }

    #[test]
    fn the_entries_of_a_map_have_no_order_and_a_repeated_key_is_a_misfit() {
        let map = CanonicalType::Map { key: Box::new(CanonicalType::Text), value: Box::new(CanonicalType::Int64) };
        let two = encoded(r#"{"entries":[["a","1"],["b","2"]]}"#, &map);
        assert_eq!(two, encoded(r#"{"entries":[["b","2"],["a","1"]]}"#, &map));
        assert_ne!(two, encoded(r#"{"entries":[["a","2"],["b","1"]]}"#, &map));
        let repeated = encoded(r#"{"entries":[["a","1"],["a","1"]]}"#, &map);
        assert_eq!(repeated[0], 0xF1);
        assert_ne!(repeated, encoded(r#"{"entries":[["a","1"]]}"#, &map));
        assert_eq!(as_json(r#"{"entries":[["b","2"],["a","1"]]}"#, &map), json(r#"{"a":1,"b":2}"#));
    }

    #[test]
    fn the_fields_of_a_struct_go_by_their_names() {
        let fields = |names: [&str; 2]| CanonicalType::Struct {
            fields: vec![(names[0].into(), CanonicalType::Int64), (names[1].into(), CanonicalType::Int64)],
        };
        let (ab, ba) = (fields(["a", "b"]), fields(["b", "a"]));
        assert!(comparable(&ab, &ba) && !comparable(&ab, &fields(["a", "c"])));
        assert_eq!(encoded(r#"{"fields":["1","2"]}"#, &ab), encoded(r#"{"fields":["2","1"]}"#, &ba));
        assert_ne!(encoded(r#"{"fields":["1","2"]}"#, &ab), encoded(r#"{"fields":["1",null]}"#, &ab));
        assert_eq!(as_json(r#"{"fields":["1",null]}"#, &ab), json(r#"{"a":1,"b":null}"#));
    }

    #[test]
    fn ranges_differ_by_bounds_and_inclusions() {
        let range = CanonicalType::Range { item: Box::new(CanonicalType::Number) };
        let all = [
            r#"{"range":[]}"#,
            r#"{"range":["1","2","[)"]}"#,
            r#"{"range":["1","2","[]"]}"#,
            r#"{"range":["1","2","(]"]}"#,
            r#"{"range":[null,"2","()"]}"#,
            r#"{"range":["2",null,"()"]}"#,
        ];
        let mut bytes: Vec<_> = all.iter().map(|text| encoded(text, &range)).collect();
        bytes.sort();
        bytes.dedup();
        assert_eq!(bytes.len(), all.len());
        assert_eq!(encoded(r#"{"range":["1.0","2","[)"]}"#, &range), encoded(all[1], &range));
        assert_eq!(shown(all[4], &range), "(,2)");
    }

    #[test]
    fn arrays_meet_json_by_value() {
        assert_eq!(as_json(r#"["1",null,"3"]"#, &numbers()), json("[1, null, 3.0]"));
        assert_ne!(as_json(r#"[["1","2"]]"#, &numbers()), json("[1,2]"));
        let texts = array_of(CanonicalType::Text);
        assert_ne!(as_json(r#"["1"]"#, &texts), json("[1]"));
        assert_eq!(as_json(r#"["t"]"#, &array_of(CanonicalType::Boolean)), json("[true]"));
        let floats = array_of(CanonicalType::Float64);
        assert_ne!(as_json(r#"["NaN"]"#, &floats), json(r#"["NaN"]"#));
        assert_eq!(encoded(r#"["NaN"]"#, &floats), encoded(r#"["nan"]"#, &floats));
    }

    #[test]
    fn leaves_of_other_families_are_not_comparable() {
        let [numbers, texts, doubles] =
            [CanonicalType::Int64, CanonicalType::Text, CanonicalType::Float64].map(array_of);
        assert!(comparable(&numbers, &array_of(CanonicalType::Number)));
        assert!(!comparable(&numbers, &texts) && !comparable(&numbers, &doubles));
        let opaque = |native: &str| array_of(CanonicalType::Opaque { native: native.into() });
        assert!(comparable(&opaque("a"), &opaque("a")) && !comparable(&opaque("a"), &opaque("b")));
    }

    fn carrier() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), "[a\u{0},]{0,2}".prop_map(Value::String)];
        leaf.prop_recursive(3, 12, 3, |item| prop::collection::vec(item, 0..3).prop_map(Value::Array))
    }

    proptest! {
        #[test]
        fn arrays_share_their_bytes_only_if_they_are_equal(
            one in prop::collection::vec(carrier(), 0..3), other in prop::collection::vec(carrier(), 0..3),
        ) {
            let texts = array_of(CanonicalType::Text);
            let bytes = |items: &Vec<Value>| encoded(&Value::Array(items.clone()).to_string(), &texts);
            let (a, b) = (bytes(&one), bytes(&other));
            prop_assert_eq!(a == b, one == other);
            // Self-delimiting: neither begins the other.
            prop_assert!(one == other || !a.starts_with(&b));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}\",:a-z0-9\u{e4}]{0,24}") {
            let key = || Box::new(CanonicalType::Text);
            for canonical in [numbers(), CanonicalType::Map { key: key(), value: key() }, CanonicalType::Range { item: key() }] {
                let _ = (encoded(&text, &canonical), shown(&text, &canonical), document(&text, &canonical));
            }
        }
    }
}
