//! JSON documents by value: the order of members, white space, escapes and the spelling of numbers do not matter.
//!
//! | bytes | value |
//! |---|---|
//! | `01` / `02` / `03` | null / false / true |
//! | as in `number`, or `0A`, text for numbers of more than 40,000 digits | number |
//! | `05`, escaped text | string |
//! | `06`, values, `00` | array |
//! | `07`, (escaped name, value) in name order, `00` | object; of members with the same name the last counts |

use serde_json::Value;

use super::{encode::push_escaped, number};

const JSON: u8 = 0x39;
const NULL: u8 = 0x01;
const FALSE: u8 = 0x02;
const TRUE: u8 = 0x03;
const STRING: u8 = 0x05;
const ARRAY: u8 = 0x06;
const OBJECT: u8 = 0x07;
const HUGE: u8 = 0x0A;
const END: u8 = 0x00;

/// Appends a document. False, and nothing appended, where `text` is not JSON.
pub fn push(out: &mut Vec<u8>, text: &str) -> bool {
    // serde_json takes an object with a member of this name for a number of its own; no real document has one.
    if text.contains("serde_json::private") {
        return false;
    }
    let Ok(value) = serde_json::from_str::<Value>(text) else { return false };
    out.push(JSON);
    push_value(out, &value);
    true
}

fn push_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(false) => out.push(FALSE),
        Value::Bool(true) => out.push(TRUE),
        Value::Number(value) => {
            // serde_json keeps the digits as written (feature arbitrary_precision), so nothing passes through a double.
            let text = value.to_string();
            if !number::push_text(out, &text) {
                out.push(HUGE);
                push_escaped(out, text.to_ascii_lowercase().as_bytes());
            }
        }
        Value::String(text) => {
            out.push(STRING);
            push_escaped(out, text.as_bytes());
        }
        Value::Array(items) => {
            out.push(ARRAY);
            for item in items {
                push_value(out, item);
            }
            out.push(END);
        }
        Value::Object(members) => {
            out.push(OBJECT);
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|one, other| one.0.cmp(other.0));
            for (name, value) in sorted {
                // A tag before the name tells a member from the end of the object.
                out.push(STRING);
                push_escaped(out, name.as_bytes());
                push_value(out, value);
            }
            out.push(END);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(push(&mut out, text), "{text}");
        out
    }

    #[test]
    fn documents_of_the_same_value_encode_alike() {
        for (one, other) in [
            (r#"{"a": 1}"#, r#"{"a":1}"#),
            (r#"{"a":1,"b":2}"#, r#"{ "b": 2.0, "a": 1e0 }"#),
            ("1e2", "100"),
            ("-0", "0"),
            (r#""\u0041""#, r#""A""#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            ("1e400", "1e400"),
        ] {
            assert_eq!(encoded(one), encoded(other), "{one} and {other}");
        }
    }

    #[test]
    fn documents_of_other_value_encode_differently() {
        for (one, other) in [
            ("9007199254740993", "9007199254740992"),
            (r#"{"a":null}"#, "{}"),
            (r#"["a","b"]"#, r#"["a,b"]"#),
            ("[[1],2]", "[[1,2]]"),
            (r#""1""#, "1"),
            (r#""\u0000""#, r#""""#),
            ("[]", "{}"),
            ("null", r#""null""#),
            ("1e400", "1e401"),
        ] {
            assert_ne!(encoded(one), encoded(other), "{one} and {other}");
        }
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for wrong in [r#"{"$serde_json::private::Number":"1"}"#, "", "{", "{'a':1}", "NaN", "[1,]"] {
            assert!(!push(&mut Vec::new(), wrong), "{wrong}");
        }
    }
}
