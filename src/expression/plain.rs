//! A column as an expression sees it: in one plain Arrow type, also where its store lets any value into it (SQLite), keeps
//! numbers of any length (PostgreSQL's plain `numeric`), or has a type that SQL functions do not know (uuid).

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder,
    Int64Builder, StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit};

use crate::canonical::display::display;
use crate::canonical::{CanonicalType, LooseHint, number, time};
use crate::error::{Error, Result};
use crate::model::Column;

/// Decimals of columns that declare no digits of their own.
const PRECISION: u8 = 38;
const SCALE: i8 = 10;

/// The plain type of a column.
pub(super) fn data_type(column: &Column) -> DataType {
    match &column.canonical {
        CanonicalType::Number => DataType::Decimal128(PRECISION, SCALE),
        CanonicalType::Uuid => DataType::Utf8,
        CanonicalType::Loose(hint) => match hint {
            LooseHint::Number if column.native.to_ascii_lowercase().contains("int") => DataType::Int64,
            LooseHint::Number => DataType::Decimal128(PRECISION, SCALE),
            LooseHint::Float => DataType::Float64,
            LooseHint::Binary => DataType::Binary,
            LooseHint::Boolean => DataType::Boolean,
            LooseHint::Date => DataType::Date32,
            LooseHint::Time => DataType::Time64(TimeUnit::Microsecond),
            LooseHint::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            LooseHint::Text | LooseHint::Uuid | LooseHint::Json => DataType::Utf8,
        },
        other => other.arrow(),
    }
}

/// The values of a canonical column in its plain type; `reject` is called for the rows whose values do not fit it.
pub(super) fn array(
    array: &ArrayRef,
    canonical: &CanonicalType,
    to: &DataType,
    reject: &mut impl FnMut(usize),
) -> Result<ArrayRef> {
    match canonical {
        CanonicalType::Number | CanonicalType::Uuid | CanonicalType::Loose(_) => {}
        _ => return Ok(array.clone()),
    }
    let cells = Cells { array, canonical };
    macro_rules! build {
        ($builder:expr, $value:expr) => {{
            let mut builder = $builder;
            for row in 0..array.len() {
                let value = if array.is_null(row) { None } else { Some($value(row)) };
                match value {
                    None => builder.append_null(),
                    Some(Some(value)) => builder.append_value(value),
                    Some(None) => {
                        reject(row);
                        builder.append_null();
                    }
                }
            }
            Arc::new(builder.finish()) as ArrayRef
        }};
    }
    let text = |row: usize| cells.text(row);
    Ok(match to {
        DataType::Utf8 => build!(StringBuilder::new(), text),
        DataType::Int64 => build!(Int64Builder::new(), |row| cells.integer(row)),
        DataType::Float64 => build!(Float64Builder::new(), |row| cells.float(row)),
        DataType::Boolean => build!(BooleanBuilder::new(), |row| match cells.integer(row) {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        }),
        DataType::Binary => build!(BinaryBuilder::new(), |row| cells.bytes(row)),
        DataType::Decimal128(..) => {
            build!(Decimal128Builder::new().with_data_type(DataType::Decimal128(PRECISION, SCALE)), |row: usize| cells
                .decimal(row))
        }
        DataType::Date32 => build!(Date32Builder::new(), |row| text(row).and_then(|text| time::parse_date(&text))),
        DataType::Time64(_) => build!(Time64MicrosecondBuilder::new(), |row| {
            text(row)
                .and_then(|text| time::parse_time(&text))
                .filter(|nanos| nanos % 1000 == 0)
                .map(|nanos| nanos / 1000)
        }),
        DataType::Timestamp(..) => build!(TimestampMicrosecondBuilder::new(), |row| {
            let read = text(row).and_then(|text| time::parse_timestamp(&text)).filter(|read| read.offset.is_none())?;
            let nanos = read.local.nanos_since_epoch();
            (nanos % 1000 == 0).then(|| i64::try_from(nanos / 1000).ok())?
        }),
        other => return Err(Error::compare(format!("an expression cannot read a column of type {other}"))),
    })
}

/// The values of a column whose Arrow type is not their plain type.
struct Cells<'a> {
    array: &'a ArrayRef,
    canonical: &'a CanonicalType,
}

impl Cells<'_> {
    /// The value's text, where the value is a text (or a uuid, or a number of any length).
    fn text(&self, row: usize) -> Option<String> {
        match self.canonical {
            CanonicalType::Loose(_) => {
                let texts = self.array.as_struct().column(2);
                texts.is_valid(row).then(|| texts.as_string::<i32>().value(row).to_owned())
            }
            _ => display(self.array, self.canonical, row),
        }
    }

    fn integer(&self, row: usize) -> Option<i64> {
        let integers = self.array.as_struct_opt()?.column(0);
        integers.is_valid(row).then(|| integers.as_primitive::<Int64Type>().value(row))
    }

    fn float(&self, row: usize) -> Option<f64> {
        let reals = self.array.as_struct_opt()?.column(1);
        if reals.is_valid(row) {
            return Some(reals.as_primitive::<Float64Type>().value(row));
        }
        // An integer stands for a float only where the float is exactly that integer.
        self.integer(row).filter(|value| (*value as f64) as i128 == i128::from(*value)).map(|value| value as f64)
    }

    fn bytes(&self, row: usize) -> Option<Vec<u8>> {
        let blobs = self.array.as_struct_opt()?.column(3);
        blobs.is_valid(row).then(|| blobs.as_binary::<i32>().value(row).to_vec())
    }

    fn decimal(&self, row: usize) -> Option<i128> {
        let is_text = matches!(self.canonical, CanonicalType::Loose(_)) && self.text(row).is_some();
        let text = display(self.array, self.canonical, row).filter(|_| !is_text)?;
        // 76 digits are read, and only 38 fit.
        number::unscaled(&text, SCALE)?.to_i128().filter(|value| value.unsigned_abs() < 10u128.pow(PRECISION.into()))
    }
}
