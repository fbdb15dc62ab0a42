//! Values of the config that may be written in more than one way: a string or a list, a number or a text.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use crate::canonical::rules::Sentinel;

/// A string, or a list of strings.
#[derive(Debug, Clone)]
pub struct Several(pub Vec<String>);

/// A number, exact as it was written: 0.1 is a tenth.
#[derive(Debug, Clone)]
pub struct Number(pub String);

/// What stands for NULL: a text, a number, or a list of these.
#[derive(Debug, Clone)]
pub struct NullIs(pub Vec<Sentinel>);

/// `true`, `false` or `"swapped"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UuidWord {
    /// Whether it is a UUID.
    Plain(bool),
    /// It is, with its time fields swapped.
    Swapped,
}

/// `true`, `false`, or what stands between the members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetWord {
    /// Whether it is a set, with commas.
    Plain(bool),
    /// It is, with this between its members.
    Between(String),
}

/// How bytes are written as text; only for the schema.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code)]
pub enum BinaryWord {
    /// Hexadecimal digits, with or without \x or 0x before them.
    Hex,
    /// Base64.
    Base64,
}

macro_rules! visited {
    ($name:ident, $expecting:literal, { $($method:tt)* }) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Seen;
                impl<'de> Visitor<'de> for Seen {
                    type Value = $name;
                    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                        out.write_str($expecting)
                    }
                    $($method)*
                }
                deserializer.deserialize_any(Seen)
            }
        }
    };
}

visited!(Several, "a string, or a list of strings", {
    fn visit_str<E: Error>(self, text: &str) -> Result<Several, E> {
        Ok(Several(vec![text.to_owned()]))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Several, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = list.next_element::<String>()? {
            all.push(one);
        }
        Ok(Several(all))
    }
});

visited!(Number, "a number", {
    fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
        Ok(Number(value.to_string()))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
        Ok(Number(value.to_string()))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
        Ok(Number(text.to_owned()))
    }
});

visited!(NullIs, "a string, a number, or a list of these", {
    fn visit_str<E: Error>(self, text: &str) -> Result<NullIs, E> {
        Ok(NullIs(vec![Sentinel::Text(text.to_owned())]))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<NullIs, E> {
        Ok(NullIs(vec![Sentinel::Number(value.to_string())]))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<NullIs, E> {
        Ok(NullIs(vec![Sentinel::Number(value.to_string())]))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<NullIs, A::Error> {
        let mut all = Vec::new();
        while let Some(NullIs(one)) = list.next_element()? {
            all.extend(one);
        }
        Ok(NullIs(all))
    }
});

visited!(UuidWord, "true or \"swapped\"", {
    fn visit_bool<E: Error>(self, value: bool) -> Result<UuidWord, E> {
        Ok(UuidWord::Plain(value))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<UuidWord, E> {
        match text {
            "swapped" => Ok(UuidWord::Swapped),
            _ => Err(E::invalid_value(serde::de::Unexpected::Other("another text"), &self)),
        }
    }
});

visited!(SetWord, "true, or the text between the members", {
    fn visit_bool<E: Error>(self, value: bool) -> Result<SetWord, E> {
        Ok(SetWord::Plain(value))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<SetWord, E> {
        match text {
            "" => Err(E::invalid_value(serde::de::Unexpected::Other("an empty text"), &self)),
            _ => Ok(SetWord::Between(text.to_owned())),
        }
    }
});

macro_rules! schema {
    ($name:ident, $schema:tt) => {
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

schema!(Several, { "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] });
schema!(Number, { "type": ["number", "string"] });
schema!(NullIs, { "anyOf": [
    { "type": ["string", "number"] },
    { "type": "array", "items": { "type": ["string", "number"] } }
] });
schema!(UuidWord, { "enum": [true, false, "swapped"] });
schema!(SetWord, { "type": ["boolean", "string"] });
