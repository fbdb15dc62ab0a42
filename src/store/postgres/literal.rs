//! PostgreSQL's text of arrays, composite values and ranges, as the carriers of [`crate::canonical::nested`].
//!
//! | text | value |
//! |---|---|
//! | `{1,NULL,"a,b"}`, `[2:3]={1,2}` | array: quoted items may hold anything, a backslash in front of quotes and itself |
//! | `(1,,"a ""b""")` | composite: an empty field is NULL, quotes are doubled or have a backslash in front |
//! | `[1,5)`, `(,"2024-01-01 00:00:00")`, `empty` | range: an empty bound is none |

use serde_json::{Value, json};

use crate::canonical::CanonicalType;

/// The carrier of a nested value; `None` where the text is not of the type.
pub(super) fn carrier(text: &str, canonical: &CanonicalType) -> Option<String> {
    value(text, canonical).map(|value| value.to_string())
}

fn value(text: &str, canonical: &CanonicalType) -> Option<Value> {
    match canonical {
        CanonicalType::Array { item } => array(text, item),
        CanonicalType::Struct { fields } => composite(text, fields),
        CanonicalType::Range { item } => range(text, item),
        // Blanks at its end have no meaning.
        CanonicalType::Char => Some(Value::String(text.trim_end_matches(' ').to_owned())),
        _ => Some(Value::String(text.to_owned())),
    }
}

fn array(text: &str, item: &CanonicalType) -> Option<Value> {
    let (from, body) = match text.split_once('=') {
        Some((from, body)) if from.starts_with('[') => (Some(from), body),
        _ => (None, text),
    };
    let mut cursor = Cursor { rest: body };
    let items = dimension(&mut cursor, item)?;
    if !cursor.rest.is_empty() {
        return None;
    }
    Some(match from {
        Some(from) => json!({ "from": from, "items": items }),
        None => items,
    })
}

fn dimension(cursor: &mut Cursor<'_>, item: &CanonicalType) -> Option<Value> {
    cursor.take('{')?;
    let mut items = Vec::new();
    if cursor.take('}').is_some() {
        return Some(Value::Array(items));
    }
    loop {
        items.push(match cursor.rest.chars().next()? {
            '{' => dimension(cursor, item)?,
            '"' => value(&cursor.quoted()?, item)?,
            _ => match cursor.bare(&[',', '}'])?.as_str() {
                word if word.eq_ignore_ascii_case("null") => Value::Null,
                word => value(word, item)?,
            },
        });
        if cursor.take(',').is_none() {
            cursor.take('}')?;
            return Some(Value::Array(items));
        }
    }
}

fn composite(text: &str, fields: &[(String, CanonicalType)]) -> Option<Value> {
    let mut cursor = Cursor { rest: text };
    cursor.take('(')?;
    let mut values = Vec::new();
    for (at, (_, canonical)) in fields.iter().enumerate() {
        if at > 0 {
            cursor.take(',')?;
        }
        values.push(cursor.part(&[',', ')'])?.map_or(Some(Value::Null), |text| value(&text, canonical))?);
    }
    cursor.take(')')?;
    cursor.rest.is_empty().then(|| json!({ "fields": values }))
}

fn range(text: &str, item: &CanonicalType) -> Option<Value> {
    if text == "empty" {
        return Some(json!({ "range": [] }));
    }
    let mut cursor = Cursor { rest: text };
    let opening = cursor.take('[').or_else(|| cursor.take('('))?;
    let bound = |text: Option<String>| text.map_or(Some(Value::Null), |text| value(&text, item));
    let lower = bound(cursor.part(&[','])?)?;
    cursor.take(',')?;
    let upper = bound(cursor.part(&[']', ')'])?)?;
    let closing = cursor.take(']').or_else(|| cursor.take(')'))?;
    cursor.rest.is_empty().then(|| json!({ "range": [lower, upper, format!("{opening}{closing}")] }))
}

/// What is still to be read.
struct Cursor<'a> {
    rest: &'a str,
}

impl Cursor<'_> {
    fn take(&mut self, letter: char) -> Option<char> {
        self.rest = self.rest.strip_prefix(letter)?;
        Some(letter)
    }

    /// A field or a bound, quoted or not, up to one of `ends`; within is `None` where there is nothing.
    fn part(&mut self, ends: &[char]) -> Option<Option<String>> {
        if self.rest.starts_with(ends) {
            return Some(None);
        }
        if self.rest.starts_with('"') { self.quoted().map(Some) } else { self.bare(ends).map(Some) }
    }

    fn bare(&mut self, ends: &[char]) -> Option<String> {
        let mut text = String::new();
        let mut letters = self.rest.char_indices();
        while let Some((at, letter)) = letters.next() {
            if ends.contains(&letter) {
                self.rest = &self.rest[at..];
                return Some(text);
            }
            text.push(if letter == '\\' { letters.next()?.1 } else { letter });
        }
        None
    }

    fn quoted(&mut self) -> Option<String> {
        let mut text = String::new();
        let inside = self.rest.strip_prefix('"')?;
        let mut letters = inside.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' => text.push(letters.next()?.1),
                '"' if letters.next_if(|(_, next)| *next == '"').is_some() => text.push('"'),
                '"' => {
                    self.rest = &inside[at + 1..];
                    return Some(text);
                }
                letter => text.push(letter),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::nested::array_of;
    use proptest::prelude::*;

    fn texts() -> CanonicalType {
        array_of(CanonicalType::Text)
    }

    #[test]
    fn arrays_are_read_with_nulls_quotes_dimensions_and_subscripts() {
        for (literal, expected) in [
            ("{}", "[]"),
            ("{1,NULL,3}", r#"["1",null,"3"]"#),
            (r#"{"NULL","","a,b","q\"\\"}"#, r#"["NULL","","a,b","q\"\\"]"#),
            ("{{1,2},{3,4}}", r#"[["1","2"],["3","4"]]"#),
            ("[0:1]={1,2}", r#"{"from":"[0:1]","items":["1","2"]}"#),
            (r#"{"[1=2]"}"#, r#"["[1=2]"]"#),
        ] {
            assert_eq!(carrier(literal, &texts()).as_deref(), Some(expected), "{literal}");
        }
        for wrong in ["", "{", "{1,2", "{1}x", r#"{"a}"#, "1", "{1,}x"] {
            assert_eq!(carrier(wrong, &texts()), None, "{wrong}");
        }
        let padded = array_of(CanonicalType::Char);
        assert_eq!(carrier(r#"{"a  "}"#, &padded).as_deref(), Some(r#"["a"]"#));
    }

    #[test]
    fn composites_and_ranges_are_read_within_one_another() {
        let pair = CanonicalType::Struct { fields: vec![("n".into(), CanonicalType::Int64), ("t".into(), texts())] };
        assert_eq!(carrier(r#"(1,"{a,""b c""}")"#, &pair).as_deref(), Some(r#"{"fields":["1",["a","b c"]]}"#));
        assert_eq!(carrier("(,)", &pair).as_deref(), Some(r#"{"fields":[null,null]}"#));
        assert_eq!(carrier("(1)", &pair), None);
        assert_eq!(carrier("(1,{},2)", &pair), None);
        let several = array_of(pair);
        assert_eq!(carrier(r#"{"(1,)",NULL}"#, &several).as_deref(), Some(r#"[{"fields":["1",null]},null]"#));
        let range = CanonicalType::Range { item: Box::new(CanonicalType::Text) };
        for (literal, expected) in [
            ("[1,5)", r#"{"range":["1","5","[)"]}"#),
            (r#"(,"2024-01-01 00:00:00"]"#, r#"{"range":[null,"2024-01-01 00:00:00","(]"]}"#),
            ("empty", r#"{"range":[]}"#),
        ] {
            assert_eq!(carrier(literal, &range).as_deref(), Some(expected), "{literal}");
        }
    }

    proptest! {
        #[test]
        fn quoted_items_come_back_whatever_they_hold(items in prop::collection::vec(any::<String>(), 0..4)) {
            let quote = |item: &String| format!("\"{}\"", item.replace('\\', "\\\\").replace('"', "\\\""));
            let literal = format!("{{{}}}", items.iter().map(quote).collect::<Vec<_>>().join(","));
            prop_assert_eq!(carrier(&literal, &texts()), Some(json!(items).to_string()));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}(),\"\\\\a=:1]{0,20}") {
            let range = CanonicalType::Range { item: Box::new(texts()) };
            let _ = (carrier(&text, &texts()), carrier(&text, &range));
        }
    }
}
