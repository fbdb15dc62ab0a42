//! Values as text for reports: what a person would type to look the value up in its store.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int64Type, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampNanosecondType, UInt64Type,
};

use super::nested;
use super::time::{self, Moment};
use super::types::{CanonicalType, Precision};

/// The text of the value in `row` of a canonical column; `None` is NULL. A misfit is the caller's to show.
pub fn display(array: &ArrayRef, canonical: &CanonicalType, row: usize) -> Option<String> {
    if array.is_null(row) {
        return None;
    }
    Some(match canonical {
        CanonicalType::Boolean => array.as_boolean().value(row).to_string(),
        CanonicalType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        CanonicalType::UInt64 | CanonicalType::BitField { .. } => {
            array.as_primitive::<UInt64Type>().value(row).to_string()
        }
        CanonicalType::Decimal { precision, .. } if *precision <= 38 => {
            array.as_primitive::<Decimal128Type>().value_as_string(row)
        }
        CanonicalType::Decimal { .. } => array.as_primitive::<Decimal256Type>().value_as_string(row),
        CanonicalType::Float32 => float(array.as_primitive::<Float32Type>().value(row)),
        CanonicalType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        CanonicalType::Binary | CanonicalType::Geometry => bytes(array.as_binary::<i32>().value(row)),
        CanonicalType::Date => time::format_date(array.as_primitive::<Date32Type>().value(row).into()),
        CanonicalType::Time(Precision::Micro) => {
            time::format_time(array.as_primitive::<Time64MicrosecondType>().value(row).saturating_mul(1000))
        }
        CanonicalType::Time(Precision::Nano) => {
            time::format_time(array.as_primitive::<Time64NanosecondType>().value(row))
        }
        CanonicalType::Timestamp(precision) => time::format_timestamp(moment(array, *precision, row)),
        CanonicalType::Instant(precision) => format!("{}Z", time::format_timestamp(moment(array, *precision, row))),
        CanonicalType::Uuid => uuid::Uuid::from_slice(array.as_fixed_size_binary().value(row))
            .map_or_else(|_| bytes(array.as_fixed_size_binary().value(row)), |id| id.to_string()),
        CanonicalType::Loose(_) => return loose(array, row).map(|(text, _)| text),
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
        | CanonicalType::Opaque { .. } => array.as_string::<i32>().value(row).to_owned(),
        CanonicalType::Array { .. }
        | CanonicalType::Struct { .. }
        | CanonicalType::Map { .. }
        | CanonicalType::Range { .. } => nested::shown(array.as_string::<i32>().value(row), canonical),
    })
}

/// What sort of value stands in `row`, for the cases in which two different values have the same text.
pub fn sort_of_value(array: &ArrayRef, canonical: &CanonicalType, row: usize) -> String {
    match canonical {
        CanonicalType::Loose(_) => loose(array, row).map_or_else(|| "NULL".into(), |(_, class)| class.into()),
        _ => canonical.label(),
    }
}

fn loose(array: &ArrayRef, row: usize) -> Option<(String, &'static str)> {
    let parts = array.as_struct();
    let (integers, reals) = (parts.column(0), parts.column(1));
    let (texts, blobs) = (parts.column(2), parts.column(3));
    if integers.is_valid(row) {
        Some((integers.as_primitive::<Int64Type>().value(row).to_string(), "integer"))
    } else if reals.is_valid(row) {
        Some((float(reals.as_primitive::<Float64Type>().value(row)), "real"))
    } else if texts.is_valid(row) {
        Some((texts.as_string::<i32>().value(row).to_owned(), "text"))
    } else if blobs.is_valid(row) {
        Some((bytes(blobs.as_binary::<i32>().value(row)), "blob"))
    } else {
        None
    }
}

fn moment(array: &ArrayRef, precision: Precision, row: usize) -> Moment {
    match precision {
        Precision::Micro => Moment::from_micros(array.as_primitive::<TimestampMicrosecondType>().value(row)),
        Precision::Nano => Moment::from_nanos(array.as_primitive::<TimestampNanosecondType>().value(row)),
    }
}

/// Shortest form that reads back as the same float, with a point so that it shows as one.
fn float(value: impl std::fmt::Debug) -> String {
    format!("{value:?}")
}

fn bytes(value: &[u8]) -> String {
    format!("\\x{}", hex::encode(value))
}
