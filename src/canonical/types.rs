//! The canonical types: what a column is called and carried as once it has left its store.

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use serde::{Deserialize, Serialize};

/// How fine a time is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Microseconds.
    Micro,
    /// Nanoseconds.
    Nano,
}

/// What an SQLite column was declared to hold. SQLite lets any value into any column, so this is a hint, no promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LooseHint {
    /// Integers and decimals.
    Number,
    /// Floating point.
    Float,
    /// Text.
    Text,
    /// Bytes.
    Binary,
    /// Truth values.
    Boolean,
    /// Calendar days.
    Date,
    /// Times of day.
    Time,
    /// Date and time.
    Timestamp,
    /// UUIDs.
    Uuid,
    /// JSON documents.
    Json,
}

/// The type of a column after it has left its store: each has one Arrow type that carries its values without loss.
///
/// A value that the Arrow type cannot hold (a `numeric` NaN, a date of `infinity`, a zero date, text that is not UTF-8) is a
/// *misfit*: NULL in the array, its text kept in the batch's column [`MISFITS_COLUMN`]. It is encoded as the value of the
/// family that its text denotes (NaN, infinity, a far timestamp), else as itself: then it equals only a misfit of the same
/// text. It is never NULL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CanonicalType {
    /// True or false (Arrow Boolean).
    Boolean,
    /// Signed integers of every width (Arrow Int64).
    Int64,
    /// Unsigned 64-bit integers (Arrow UInt64).
    UInt64,
    /// Decimals of at most 76 digits (Arrow Decimal128 up to 38 digits, else Decimal256).
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point; `0 ≤ scale ≤ precision`.
        scale: i8,
    },
    /// Finite decimals of any length, as plain text such as `-12.50` or `1E3` (Arrow Utf8).
    Number,
    /// IEEE single precision (Arrow Float32).
    Float32,
    /// IEEE double precision (Arrow Float64).
    Float64,
    /// Text (Arrow Utf8).
    Text,
    /// `CHAR(n)`: text whose trailing blanks (U+0020) have no meaning and are removed (Arrow Utf8).
    Char,
    /// Bytes (Arrow Binary).
    Binary,
    /// Calendar days, proleptic Gregorian (Arrow Date32).
    Date,
    /// Times of day, 00:00:00 to 24:00:00 (Arrow Time64).
    Time(Precision),
    /// Date and time without a zone (Arrow Timestamp without a zone).
    Timestamp(Precision),
    /// A moment: date and time in UTC (Arrow Timestamp with the zone `UTC`).
    Instant(Precision),
    /// UUIDs (Arrow FixedSizeBinary(16), in the order of the text form).
    Uuid,
    /// JSON documents as text (Arrow Utf8).
    Json,
    /// A value of SQLite, of whatever storage class (Arrow Struct of `integer`, `real`, `text`, `blob`: one is set).
    Loose(LooseHint),
    /// A field of a CSV file: text that takes the type of the other side (Arrow Utf8).
    Untyped,
    /// Months, days and microseconds (Arrow Utf8, as [`super::interval::Interval`] writes it).
    Interval,
    /// Bit strings (Arrow Utf8, `0` and `1`).
    Bits,
    /// MySQL's BIT(n): a number and as many bits (Arrow UInt64).
    BitField {
        /// How many bits.
        width: u8,
    },
    /// IP addresses and networks (Arrow Utf8, as PostgreSQL writes them).
    Inet,
    /// MAC addresses of six or eight bytes (Arrow Utf8, as PostgreSQL writes them).
    Mac,
    /// MySQL's SET: labels between commas (Arrow Utf8).
    Set,
    /// Geometries as WKB or EWKB (Arrow Binary).
    Geometry,
    /// Arrays of any number of dimensions (Arrow Utf8, see [`super::nested`]).
    Array {
        /// What the items are; never arrays.
        item: Box<CanonicalType>,
    },
    /// Named fields (Arrow Utf8, see [`super::nested`]).
    Struct {
        /// Names and types.
        fields: Vec<(String, CanonicalType)>,
    },
    /// Entries of key and value without an order (Arrow Utf8, see [`super::nested`]).
    Map {
        /// What the keys are.
        key: Box<CanonicalType>,
        /// What the values are.
        value: Box<CanonicalType>,
    },
    /// Ranges of PostgreSQL (Arrow Utf8, see [`super::nested`]).
    Range {
        /// What the bounds are.
        item: Box<CanonicalType>,
    },
    /// A type tieout does not know, as its store's text (Arrow Utf8): comparable only with the very same native type.
    Opaque {
        /// Store and native type, for example `postgres tsvector`.
        native: String,
    },
}

/// The name of the last column of every batch: NULL, or a JSON object of column name → text of the misfit value.
pub const MISFITS_COLUMN: &str = "__tieout_misfits";

impl CanonicalType {
    /// The Arrow type that carries this type.
    pub fn arrow(&self) -> DataType {
        match self {
            CanonicalType::Boolean => DataType::Boolean,
            CanonicalType::Int64 => DataType::Int64,
            CanonicalType::UInt64 | CanonicalType::BitField { .. } => DataType::UInt64,
            CanonicalType::Decimal { precision, scale } if *precision <= 38 => DataType::Decimal128(*precision, *scale),
            CanonicalType::Decimal { precision, scale } => DataType::Decimal256(*precision, *scale),
            CanonicalType::Float32 => DataType::Float32,
            CanonicalType::Float64 => DataType::Float64,
            CanonicalType::Binary | CanonicalType::Geometry => DataType::Binary,
            CanonicalType::Date => DataType::Date32,
            CanonicalType::Time(precision) => DataType::Time64(precision.unit()),
            CanonicalType::Timestamp(precision) => DataType::Timestamp(precision.unit(), None),
            CanonicalType::Instant(precision) => DataType::Timestamp(precision.unit(), Some("UTC".into())),
            CanonicalType::Uuid => DataType::FixedSizeBinary(16),
            CanonicalType::Loose(_) => DataType::Struct(loose_fields()),
            CanonicalType::Number
            | CanonicalType::Text
            | CanonicalType::Char
            | CanonicalType::Json
            | CanonicalType::Untyped
            | CanonicalType::Interval
            | CanonicalType::Bits
            | CanonicalType::Inet
            | CanonicalType::Mac
            | CanonicalType::Set
            | CanonicalType::Array { .. }
            | CanonicalType::Struct { .. }
            | CanonicalType::Map { .. }
            | CanonicalType::Range { .. }
            | CanonicalType::Opaque { .. } => DataType::Utf8,
        }
    }

    /// The words of reports, for example `decimal(12,2)`.
    pub fn label(&self) -> String {
        match self {
            CanonicalType::Boolean => "boolean".into(),
            CanonicalType::Int64 => "integer".into(),
            CanonicalType::UInt64 => "unsigned integer".into(),
            CanonicalType::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
            CanonicalType::Number => "decimal".into(),
            CanonicalType::Float32 => "float32".into(),
            CanonicalType::Float64 => "float64".into(),
            CanonicalType::Text => "text".into(),
            CanonicalType::Char => "char".into(),
            CanonicalType::Binary => "binary".into(),
            CanonicalType::Date => "date".into(),
            CanonicalType::Time(_) => "time".into(),
            CanonicalType::Timestamp(_) => "timestamp".into(),
            CanonicalType::Instant(_) => "instant".into(),
            CanonicalType::Uuid => "uuid".into(),
            CanonicalType::Json => "json".into(),
            CanonicalType::Loose(_) => "sqlite value".into(),
            CanonicalType::Untyped => "untyped text".into(),
            CanonicalType::Interval => "interval".into(),
            CanonicalType::Bits => "bits".into(),
            CanonicalType::BitField { width } => format!("bit field({width})"),
            CanonicalType::Inet => "inet".into(),
            CanonicalType::Mac => "mac".into(),
            CanonicalType::Set => "set".into(),
            CanonicalType::Geometry => "geometry".into(),
            CanonicalType::Array { item } => format!("array of {}", item.label()),
            CanonicalType::Struct { fields } => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, canonical)| format!("{name} {}", canonical.label())).collect();
                format!("struct({})", fields.join(", "))
            }
            CanonicalType::Map { key, value } => format!("map of {} to {}", key.label(), value.label()),
            CanonicalType::Range { item } => format!("range of {}", item.label()),
            CanonicalType::Opaque { native } => native.clone(),
        }
    }
}

impl Precision {
    /// Arrow's unit.
    pub fn unit(self) -> TimeUnit {
        match self {
            Precision::Micro => TimeUnit::Microsecond,
            Precision::Nano => TimeUnit::Nanosecond,
        }
    }
}

/// The fields of [`CanonicalType::Loose`]: exactly one is not NULL, or the struct itself is NULL.
pub fn loose_fields() -> Fields {
    Fields::from(vec![
        Field::new("integer", DataType::Int64, true),
        Field::new("real", DataType::Float64, true),
        Field::new("text", DataType::Utf8, true),
        Field::new("blob", DataType::Binary, true),
    ])
}
