//! What a column can hold, in words that all engines share: widths, lengths, digits, not the engine's names for them.

use serde::{Deserialize, Serialize};

use super::Column;
use crate::canonical::{CanonicalType, Precision};

/// Decimal digits that a double keeps, whatever they are.
const DOUBLE_DIGITS: u32 = 15;

/// What a column can hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capacity {
    /// True and false.
    Boolean,
    /// MySQL's `tinyint(1)`: an integer that stands for a boolean.
    Flag,
    /// Whole numbers of so many bits; `None` where the declaration does not say.
    Integer {
        /// 8, 16, 24, 32 or 64.
        bits: Option<u8>,
        /// Whether they may be negative.
        signed: bool,
    },
    /// Exact numbers.
    Decimal {
        /// Digits before the point.
        integral: u32,
        /// Digits after the point.
        scale: u32,
    },
    /// Exact numbers of any length.
    Numeric,
    /// Floating point, in single or double precision.
    Float {
        /// Whether in double precision.
        double: bool,
    },
    /// Text.
    Text {
        /// How long.
        limit: Limit,
        /// Whether it is filled up with blanks (`CHAR(n)`).
        padded: bool,
    },
    /// One of some labels, or several of them (`SET`).
    Labels(Vec<String>),
    /// Bytes.
    Bytes {
        /// How many.
        limit: Limit,
    },
    /// Calendar days.
    Date,
    /// Times of day, with so many decimals of a second.
    Time {
        /// `None` where the declaration does not say.
        fraction: Option<u32>,
    },
    /// Date and time without a zone, with so many decimals of a second.
    Timestamp {
        /// `None` where the declaration does not say.
        fraction: Option<u32>,
    },
    /// Moments, with so many decimals of a second.
    Instant {
        /// `None` where the declaration does not say.
        fraction: Option<u32>,
        /// Whether only moments since 1970 that a 32-bit clock counts (MySQL's `TIMESTAMP`).
        clock_32_bits: bool,
    },
    /// UUIDs.
    Uuid,
    /// JSON documents.
    Json,
    /// Whatever comes: a field of a CSV file, a column of SQLite without a type.
    Anything,
    /// A type that only this engine knows, in its words.
    Other(String),
}

/// How long a text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// So many characters.
    Characters(u64),
    /// So many bytes.
    Bytes(u64),
    /// As long as the engine allows at all, which is a gibibyte or more.
    Unlimited,
    /// The store has no way to state it.
    Unstated,
}

impl Capacity {
    /// What is known from a column's type alone. Stores that know more (lengths, widths) say more themselves.
    pub fn of(column: &Column) -> Self {
        let fraction = || Some(fraction_digits(column));
        match &column.canonical {
            CanonicalType::Boolean => Capacity::Boolean,
            CanonicalType::Int64 | CanonicalType::UInt64 => integer(column),
            CanonicalType::Decimal { precision, scale } => {
                let scale = u32::from(scale.unsigned_abs());
                Capacity::Decimal { integral: u32::from(*precision).saturating_sub(scale), scale }
            }
            CanonicalType::Number => Capacity::Numeric,
            CanonicalType::Float32 => Capacity::Float { double: false },
            CanonicalType::Float64 => Capacity::Float { double: true },
            CanonicalType::Text => Capacity::Text { limit: Limit::Unstated, padded: false },
            CanonicalType::Char => Capacity::Text { limit: Limit::Unstated, padded: true },
            CanonicalType::Binary => Capacity::Bytes { limit: Limit::Unstated },
            CanonicalType::Date => Capacity::Date,
            CanonicalType::Time(_) => Capacity::Time { fraction: fraction() },
            CanonicalType::Timestamp(_) => Capacity::Timestamp { fraction: fraction() },
            CanonicalType::Instant(_) => Capacity::Instant { fraction: fraction(), clock_32_bits: false },
            CanonicalType::Uuid => Capacity::Uuid,
            CanonicalType::Json => Capacity::Json,
            CanonicalType::Loose(_) | CanonicalType::Untyped => Capacity::Anything,
            CanonicalType::Interval
            | CanonicalType::Bits
            | CanonicalType::BitField { .. }
            | CanonicalType::Inet
            | CanonicalType::Mac
            | CanonicalType::Set
            | CanonicalType::Geometry
            | CanonicalType::Array { .. }
            | CanonicalType::Struct { .. }
            | CanonicalType::Map { .. }
            | CanonicalType::Range { .. }
            | CanonicalType::Opaque { .. } => Capacity::Other(column.native.clone()),
        }
    }

    /// Whether values lose digits, decimals of a second or the time of day where they move from here to `target`. How
    /// large or long they may be is another question.
    pub fn loses_precision_in(&self, target: &Capacity) -> bool {
        use Capacity as C;
        match (self, target) {
            (C::Decimal { scale: from, .. }, C::Decimal { scale: to, .. }) => from > to,
            (C::Decimal { scale, .. }, C::Integer { .. }) => *scale > 0,
            (C::Numeric, C::Decimal { .. } | C::Integer { .. }) => true,
            (C::Float { .. }, C::Integer { .. } | C::Decimal { .. } | C::Numeric) => true,
            (C::Integer { bits, .. }, C::Float { double }) => bits.unwrap_or(64) > if *double { 53 } else { 24 },
            (C::Decimal { integral, scale }, C::Float { double }) => {
                integral + scale > if *double { DOUBLE_DIGITS } else { 6 }
            }
            (C::Numeric, C::Float { .. }) => true,
            (C::Float { double: from }, C::Float { double: to }) => *from && !*to,
            (C::Timestamp { .. } | C::Instant { .. }, C::Date) => true,
            _ => match (self.fraction(), target.fraction()) {
                (Some(from), Some(to)) => from > to,
                _ => false,
            },
        }
    }

    fn fraction(&self) -> Option<u32> {
        match self {
            Capacity::Time { fraction } | Capacity::Timestamp { fraction } | Capacity::Instant { fraction, .. } => {
                *fraction
            }
            _ => None,
        }
    }
}

/// The width of an integer that is named after it (`int32`, `uint8`); else 64 bits, as it is carried.
fn integer(column: &Column) -> Capacity {
    let native = column.native.to_ascii_lowercase();
    let signed = column.canonical != CanonicalType::UInt64 && !native.starts_with('u') && !native.contains("unsigned");
    let named =
        ["8", "16", "32"].into_iter().find(|bits| native.strip_suffix(bits).is_some_and(|n| n.ends_with("int")));
    Capacity::Integer { bits: Some(named.and_then(|bits| bits.parse().ok()).unwrap_or(64)), signed }
}

/// The decimals of a second that a column keeps, read from its declaration: `timestamp(3)` keeps 3, MySQL's plain
/// `datetime` 0, PostgreSQL's plain `timestamp` 6.
fn fraction_digits(column: &Column) -> u32 {
    let declared = column.native.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(digits, _)| digits);
    if let Some(digits) = declared.and_then(|d| d.trim().parse().ok()) {
        return digits;
    }
    match &column.canonical {
        // MySQL and MariaDB write no (0) behind a type that keeps whole seconds.
        _ if matches!(column.native.as_str(), "datetime" | "timestamp" | "time") => 0,
        CanonicalType::Time(Precision::Nano)
        | CanonicalType::Timestamp(Precision::Nano)
        | CanonicalType::Instant(Precision::Nano) => 9,
        _ => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capacity(native: &str, canonical: CanonicalType) -> Capacity {
        Capacity::of(&Column { name: "c".into(), native: native.into(), canonical, nullable: true })
    }

    #[test]
    fn whole_seconds_lose_fractions_and_not_the_other_way_round() {
        let fine = capacity("timestamp without time zone", CanonicalType::Timestamp(Precision::Micro));
        let coarse = capacity("datetime", CanonicalType::Timestamp(Precision::Micro));
        assert!(fine.loses_precision_in(&coarse) && !coarse.loses_precision_in(&fine));
        assert!(coarse.loses_precision_in(&Capacity::Date));
    }

    #[test]
    fn a_double_holds_fifteen_digits() {
        let double = Capacity::Float { double: true };
        assert!(!Capacity::Decimal { integral: 10, scale: 5 }.loses_precision_in(&double));
        assert!(Capacity::Decimal { integral: 11, scale: 5 }.loses_precision_in(&double));
        assert!(!Capacity::Integer { bits: Some(32), signed: true }.loses_precision_in(&double));
        assert!(Capacity::Integer { bits: Some(64), signed: true }.loses_precision_in(&double));
    }

    #[test]
    fn the_width_of_an_integer_may_be_in_its_name() {
        let width = |native: &str| match capacity(native, CanonicalType::Int64) {
            Capacity::Integer { bits, signed } => (bits, signed),
            other => panic!("{other:?}"),
        };
        assert_eq!(width("int32"), (Some(32), true));
        assert_eq!(width("uint8"), (Some(8), false));
        assert_eq!(width("int64"), (Some(64), true));
    }
}
