//! How far apart two values may be and still count as the same.
//!
//! No digest knows of a tolerance: to be near is not transitive, so no encoding can express it. Rows whose digests differ
//! are compared cell by cell, and only there it is asked whether two encodings are near enough.

use std::str::FromStr;

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::Sign;
use serde::{Deserialize, Serialize};

use super::encode::{self, Encoding};
use super::{number, time};

/// How far apart two values may be. Two values are near enough if any of the bounds that are given holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tolerance {
    /// The most that they may be apart; for times in seconds.
    #[serde(with = "digits")]
    pub abs: Option<BigDecimal>,
    /// The most that they may be apart, as a share of the one further from zero.
    #[serde(with = "digits")]
    pub rel: Option<BigDecimal>,
    /// How many floats may lie from one to the other, the other counted.
    pub ulp: Option<u64>,
}

/// Decimals as the text of their digits.
mod digits {
    use std::str::FromStr;

    use bigdecimal::BigDecimal;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(value: &Option<BigDecimal>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.serialize_some(&value.to_string()),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<BigDecimal>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| BigDecimal::from_str(&text).map_err(de::Error::custom)).transpose()
    }
}

impl Tolerance {
    /// Whether the values behind two encodings are near enough. Only numbers, floats and times have distances: NULL, NaN,
    /// an infinity and a value that could not be read are near nothing.
    pub fn accepts(&self, encoding: Encoding, source: &[u8], target: &[u8]) -> bool {
        match (Value::of(source), Value::of(target)) {
            (Some(Value::Number(source)), Some(Value::Number(target))) => {
                self.accepts_numbers(encoding, &source, &target)
            }
            (Some(Value::Time(one, source)), Some(Value::Time(other, target))) if one == other => {
                // Nanoseconds as seconds.
                self.abs.as_ref().is_some_and(|abs| BigDecimal::new((source - target).abs().into(), 9) <= *abs)
            }
            _ => false,
        }
    }

    fn accepts_numbers(&self, encoding: Encoding, source: &BigDecimal, target: &BigDecimal) -> bool {
        let distance = (source - target).abs();
        let within = |abs: &BigDecimal| distance <= *abs;
        let within_share = |rel: &BigDecimal| distance <= rel * source.abs().max(target.abs());
        self.abs.as_ref().is_some_and(within)
            || self.rel.as_ref().is_some_and(within_share)
            || self.ulp.is_some_and(|ulp| steps(encoding, source, target).is_some_and(|steps| steps <= ulp))
    }

    /// A bound as a config writes it: exact, so that 0.1 means a tenth. `None` where it is no number, or less than zero.
    pub fn bound(written: &str) -> Option<BigDecimal> {
        let parsed = BigDecimal::from_str(written).ok()?;
        (parsed.sign() != Sign::Minus).then_some(parsed)
    }

    /// The bounds in the words of the config, for reports.
    pub fn described(&self) -> String {
        let mut said = Vec::new();
        said.extend(self.abs.as_ref().map(|abs| format!("abs {}", abs.to_plain_string())));
        said.extend(self.rel.as_ref().map(|rel| format!("rel {}", rel.to_plain_string())));
        said.extend(self.ulp.map(|ulp| format!("ulp {ulp}")));
        said.join(" or ")
    }
}

enum Value {
    Number(BigDecimal),
    /// Nanoseconds, and the tag of the family they belong to.
    Time(u8, i128),
}

impl Value {
    fn of(encoded: &[u8]) -> Option<Value> {
        match *encoded.first()? {
            0x10..=0x12 => {
                let (text, rest) = number::decode(encoded)?;
                rest.is_empty().then(|| BigDecimal::from_str(&text).ok().map(Value::Number))?
            }
            // By its shortest form, as everywhere: 0.1 is a tenth, not the double next to it.
            encode::FLOAT => {
                let float = encode::decode_float(encoded)?;
                float.is_finite().then(|| BigDecimal::from_str(&format!("{float:e}")).ok().map(Value::Number))?
            }
            0x31 => time::decode_time(encoded).map(|nanos| Value::Time(0x31, nanos.into())),
            0x32 | 0x33 => {
                time::decode_moment(encoded).map(|(tag, moment)| Value::Time(tag, moment.nanos_since_epoch()))
            }
            _ => None,
        }
    }
}

/// How many floats lie from one number to the other: singles where the pair is compared as such, else doubles.
fn steps(encoding: Encoding, source: &BigDecimal, target: &BigDecimal) -> Option<u64> {
    let place = |number: &BigDecimal| -> Option<i64> {
        let text = number.to_string();
        if encoding == Encoding::Float32 {
            let bits = f32::from_str(&text).ok().filter(|float| float.is_finite())?.to_bits() as i32;
            Some(i64::from(if bits < 0 { i32::MIN.wrapping_sub(bits) } else { bits }))
        } else {
            let bits = f64::from_str(&text).ok().filter(|float| float.is_finite())?.to_bits() as i64;
            Some(if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits })
        }
    };
    Some(place(source)?.abs_diff(place(target)?))
}
