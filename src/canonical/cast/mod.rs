//! From foreign Arrow columns, as a Parquet file holds them, to canonical ones, without loss.
//!
//! [`canonical_type`] decides the type from the Arrow type alone; [`to_canonical`] converts the arrays. A column that
//! already is what its canonical type demands is passed on untouched, which is most of them; the others are widened or
//! relabelled. A value that the canonical type cannot hold is never rounded, wrapped or made NULL in silence: it becomes
//! a misfit, with its text.

mod batch;
mod decimal;
mod nested;
mod opaque;
mod temporal;

pub use batch::{ExtraMisfit, batch_to_canonical, batch_with_misfits};

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, TimeUnit};
use arrow::util::display::FormatOptions;

use super::types::{CanonicalType, Precision};
use crate::error::{Error, Result};

/// The rows of an array whose values the canonical type cannot hold, each with its text.
pub type CastMisfits = Vec<(usize, String)>;

/// The canonical type of a foreign column. `field` is asked only for its extension type (`arrow.uuid`, `arrow.json`,
/// `geoarrow.wkb`).
pub fn canonical_type(data_type: &DataType, field: &Field) -> CanonicalType {
    match data_type {
        DataType::Boolean => CanonicalType::Boolean,
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32 => CanonicalType::Int64,
        DataType::UInt64 => CanonicalType::UInt64,
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => decimal::canonical(*precision, *scale),
        DataType::Float16 | DataType::Float32 => CanonicalType::Float32,
        DataType::Float64 => CanonicalType::Float64,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View if has_extension(field, "arrow.json") => {
            CanonicalType::Json
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => CanonicalType::Text,
        DataType::FixedSizeBinary(16) if has_extension(field, "arrow.uuid") => CanonicalType::Uuid,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView if has_extension(field, "geoarrow.wkb") => {
            CanonicalType::Geometry
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            CanonicalType::Binary
        }
        DataType::Date32 | DataType::Date64 => CanonicalType::Date,
        DataType::Time32(unit) | DataType::Time64(unit) => CanonicalType::Time(precision(unit)),
        DataType::Timestamp(unit, None) => CanonicalType::Timestamp(precision(unit)),
        // The zone of such a column is a label for display: the numbers count from 1970 in UTC whatever it says.
        DataType::Timestamp(unit, Some(_)) => CanonicalType::Instant(precision(unit)),
        DataType::Dictionary(_, values) => canonical_type(values, field),
        DataType::Interval(_) | DataType::Duration(_) => CanonicalType::Interval,
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::FixedSizeList(..)
        | DataType::Struct(_)
        | DataType::Map(..) => nested::canonical(data_type),
        other => CanonicalType::Opaque { native: format!("arrow {}", opaque::plain(other)) },
    }
}

/// Converts a foreign array to the Arrow type of `canonical`, which [`canonical_type`] has chosen for it. Misfits are
/// NULL in the array.
pub fn to_canonical(array: &ArrayRef, canonical: &CanonicalType) -> Result<(ArrayRef, CastMisfits)> {
    let wanted = canonical.arrow();
    if *array.data_type() == wanted && !matches!(canonical, CanonicalType::Opaque { .. }) {
        return Ok((Arc::clone(array), Vec::new()));
    }
    let exact = |array: ArrayRef| Ok((array, Vec::new()));
    match (array.data_type(), canonical) {
        (DataType::Dictionary(_, values), _) => to_canonical(&strict_cast(array, values)?, canonical),
        (
            DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..),
            CanonicalType::Decimal { .. } | CanonicalType::Number,
        ) => decimal::convert(array, canonical),
        (DataType::Date64, CanonicalType::Date) => Ok(temporal::days(array)),
        (DataType::Time32(unit), CanonicalType::Time(Precision::Micro)) => exact(temporal::time(array, *unit)),
        (DataType::Timestamp(..), CanonicalType::Timestamp(_) | CanonicalType::Instant(_)) => {
            temporal::timestamp(array, canonical)
        }
        (DataType::Null, _) => exact(new_null_array(&wanted, array.len())),
        (DataType::Interval(_) | DataType::Duration(_), CanonicalType::Interval) => temporal::intervals(array),
        (
            _,
            CanonicalType::Array { .. }
            | CanonicalType::Struct { .. }
            | CanonicalType::Map { .. }
            | CanonicalType::Range { .. },
        ) => exact(nested::carriers(array, canonical)?),
        (_, CanonicalType::Opaque { .. }) => exact(opaque::texts(array)?),
        (from, _) if widens(from, &wanted) => exact(strict_cast(array, &wanted)?),
        (from, _) => Err(Error::store(format!("cannot read a column of type {from} as {}", canonical.label()))),
    }
}

/// Whether Arrow's own cast from one type to the other keeps every value.
fn widens(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    match to {
        Int64 => matches!(from, Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32),
        Float32 => matches!(from, Float16),
        Utf8 => matches!(from, LargeUtf8 | Utf8View),
        Binary => matches!(from, LargeBinary | BinaryView | FixedSizeBinary(_)),
        _ => false,
    }
}

/// Arrow's cast, which by default turns what does not fit into NULL: here that is an error.
fn strict_cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let options = CastOptions { safe: false, format_options: FormatOptions::default() };
    cast_with_options(array, to, &options)
        .map_err(|e| Error::store(format!("cannot convert a column of type {} to {to}", array.data_type())).because(e))
}

fn has_extension(field: &Field, name: &str) -> bool {
    field.extension_type_name() == Some(name)
}

fn precision(unit: &TimeUnit) -> Precision {
    match unit {
        TimeUnit::Nanosecond => Precision::Nano,
        TimeUnit::Second | TimeUnit::Millisecond | TimeUnit::Microsecond => Precision::Micro,
    }
}

#[cfg(test)]
mod tests;
