//! Decimals of every width, and those with a negative scale.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Decimal128Array, Decimal256Array, PrimitiveArray, StringArray,
};
use arrow::datatypes::{DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, i256};

use super::CastMisfits;
use crate::canonical::CanonicalType;
use crate::error::{Error, Result};

/// A negative scale means trailing zeros before the point: they become digits, as long as Arrow's 76 digits last.
pub(super) fn canonical(precision: u8, scale: i8) -> CanonicalType {
    let zeros = u8::try_from(-i16::from(scale)).unwrap_or(0);
    match precision.checked_add(zeros) {
        Some(digits) if digits <= 76 => CanonicalType::Decimal { precision: digits, scale: scale.max(0) },
        _ => CanonicalType::Number,
    }
}

/// Widens the unscaled values, never validating nor rounding them.
pub(super) fn convert(array: &ArrayRef, canonical: &CanonicalType) -> Result<(ArrayRef, CastMisfits)> {
    match array.data_type() {
        DataType::Decimal32(_, scale) => widen(array.as_primitive::<Decimal32Type>(), *scale, canonical, i128::from),
        DataType::Decimal64(_, scale) => widen(array.as_primitive::<Decimal64Type>(), *scale, canonical, i128::from),
        DataType::Decimal128(_, scale) => widen(array.as_primitive::<Decimal128Type>(), *scale, canonical, |v| v),
        DataType::Decimal256(_, scale) => widen_256(array.as_primitive::<Decimal256Type>(), *scale, canonical),
        other => Err(Error::store(format!("a column of type {other} is no decimal"))),
    }
}

fn widen<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    scale: i8,
    canonical: &CanonicalType,
    to_i128: impl Fn(T::Native) -> i128,
) -> Result<(ArrayRef, CastMisfits)> {
    match canonical.arrow() {
        wanted @ DataType::Decimal128(..) => {
            let converted: Decimal128Array = if scale >= 0 {
                array.unary(to_i128)
            } else {
                // A value too large for its own declared precision is the only way to fail here.
                let factor = 10i128.checked_pow(u32::from(scale.unsigned_abs()));
                let converted: Decimal128Array = array.unary_opt(|v| to_i128(v).checked_mul(factor?));
                let misfits = misfits(array, &converted, |v| format!("{}E{}", to_i128(v), -i16::from(scale)));
                return Ok((Arc::new(converted.with_data_type(wanted)), misfits));
            };
            Ok((Arc::new(converted.with_data_type(wanted)), Vec::new()))
        }
        _ => {
            let wide: Decimal256Array = array.unary(|v| i256::from_i128(to_i128(v)));
            widen_256(&wide, scale, canonical)
        }
    }
}

fn widen_256(array: &Decimal256Array, scale: i8, canonical: &CanonicalType) -> Result<(ArrayRef, CastMisfits)> {
    let zeros = u32::from(scale.min(0).unsigned_abs());
    let text = |v: i256| match scale {
        // Misfits and numbers alike: exact, and read back by canonical::number.
        _ if scale == 0 => v.to_string(),
        _ => format!("{v}E{}", -i16::from(scale)),
    };
    let scaled = |v: i256| i256::from_i128(10).checked_pow(zeros).and_then(|factor| v.checked_mul(factor));
    match canonical.arrow() {
        wanted @ DataType::Decimal128(..) => {
            let converted: Decimal128Array = array.unary_opt(|v| scaled(v).and_then(i256::to_i128));
            let misfits = misfits(array, &converted, text);
            Ok((Arc::new(converted.with_data_type(wanted)), misfits))
        }
        wanted @ DataType::Decimal256(..) => {
            let converted: Decimal256Array = array.unary_opt(scaled);
            let misfits = misfits(array, &converted, text);
            Ok((Arc::new(converted.with_data_type(wanted)), misfits))
        }
        _ => {
            let texts: StringArray = array.iter().map(|v| v.map(text)).collect();
            Ok((Arc::new(texts), Vec::new()))
        }
    }
}

/// The rows that were a value before and are NULL after.
pub(super) fn misfits<F: ArrowPrimitiveType, T: ArrowPrimitiveType>(
    before: &PrimitiveArray<F>,
    after: &PrimitiveArray<T>,
    text: impl Fn(F::Native) -> String,
) -> CastMisfits {
    if before.null_count() == after.null_count() {
        return Vec::new();
    }
    (0..before.len())
        .filter(|&row| before.is_valid(row) && after.is_null(row))
        .map(|row| (row, text(before.value(row))))
        .collect()
}
