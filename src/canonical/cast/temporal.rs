//! Dates, times and timestamps of every unit.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, StringBuilder, Time64MicrosecondArray, TimestampMicrosecondArray,
    TimestampNanosecondArray,
};
use arrow::datatypes::{
    ArrowPrimitiveType, ArrowTimestampType, DataType, Date64Type, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, IntervalDayTimeType, IntervalMonthDayNanoType, IntervalUnit,
    IntervalYearMonthType, Time32MillisecondType, Time32SecondType, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};

use super::CastMisfits;
use super::decimal::misfits;
use crate::canonical::CanonicalType;
use crate::canonical::interval::Interval;
use crate::canonical::time::{Moment, format_timestamp};
use crate::error::{Error, Result};

const MILLIS_PER_DAY: i64 = 86_400_000;

/// Date64 counts milliseconds, but is a day: one with a time of day left over, or far beyond Date32, is a misfit.
pub(super) fn days(array: &ArrayRef) -> (ArrayRef, CastMisfits) {
    let millis = array.as_primitive::<Date64Type>();
    let whole_days = |v: i64| (v % MILLIS_PER_DAY == 0).then_some(v / MILLIS_PER_DAY);
    let days: Date32Array = millis.unary_opt(|v| whole_days(v).and_then(|day| i32::try_from(day).ok()));
    let misfits = misfits(millis, &days, |v| format!("{v} ms since 1970-01-01"));
    (Arc::new(days), misfits)
}

/// Time32 in seconds or milliseconds, in microseconds: always fits.
pub(super) fn time(array: &ArrayRef, unit: TimeUnit) -> ArrayRef {
    let micros: Time64MicrosecondArray = if unit == TimeUnit::Second {
        array.as_primitive::<Time32SecondType>().unary(|v| i64::from(v) * 1_000_000)
    } else {
        array.as_primitive::<Time32MillisecondType>().unary(|v| i64::from(v) * 1_000)
    };
    Arc::new(micros)
}

/// Seconds and milliseconds become microseconds, the other units stay; every zone becomes UTC, which changes no number.
pub(super) fn timestamp(array: &ArrayRef, canonical: &CanonicalType) -> Result<(ArrayRef, CastMisfits)> {
    let DataType::Timestamp(unit, _) = array.data_type() else {
        return Err(Error::store(format!("a column of type {} is no timestamp", array.data_type())));
    };
    let wanted = canonical.arrow();
    let zone: Option<Arc<str>> = match &wanted {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    };
    match unit {
        TimeUnit::Second => Ok(micros::<TimestampSecondType>(array, 1, zone)),
        TimeUnit::Millisecond => Ok(micros::<TimestampMillisecondType>(array, 1_000, zone)),
        TimeUnit::Microsecond if wanted == DataType::Timestamp(TimeUnit::Microsecond, zone.clone()) => {
            let relabelled: TimestampMicrosecondArray = array.as_primitive::<TimestampMicrosecondType>().clone();
            Ok((Arc::new(relabelled.with_timezone_opt(zone)), Vec::new()))
        }
        TimeUnit::Nanosecond if wanted == DataType::Timestamp(TimeUnit::Nanosecond, zone.clone()) => {
            let relabelled: TimestampNanosecondArray = array.as_primitive::<TimestampNanosecondType>().clone();
            Ok((Arc::new(relabelled.with_timezone_opt(zone)), Vec::new()))
        }
        _ => Err(Error::store(format!("cannot read a column of type {} as {wanted}", array.data_type()))),
    }
}

/// Intervals and durations of every unit, as text. One finer than microseconds, or beyond them, is a misfit.
pub(super) fn intervals(array: &ArrayRef) -> Result<(ArrayRef, CastMisfits)> {
    let from_micros = |micros: Option<i64>| micros.map(Interval::from_micros);
    Ok(match array.data_type() {
        DataType::Interval(IntervalUnit::YearMonth) => {
            texts::<IntervalYearMonthType>(array, |months| Some(Interval { months, ..Interval::default() }))
        }
        DataType::Interval(IntervalUnit::DayTime) => texts::<IntervalDayTimeType>(array, |v| {
            Some(Interval { months: 0, days: v.days, micros: i64::from(v.milliseconds) * 1_000 })
        }),
        DataType::Interval(IntervalUnit::MonthDayNano) => texts::<IntervalMonthDayNanoType>(array, |v| {
            let micros = (v.nanoseconds % 1_000 == 0).then_some(v.nanoseconds / 1_000)?;
            Some(Interval { months: v.months, days: v.days, micros })
        }),
        DataType::Duration(TimeUnit::Second) => {
            texts::<DurationSecondType>(array, |v| from_micros(v.checked_mul(1_000_000)))
        }
        DataType::Duration(TimeUnit::Millisecond) => {
            texts::<DurationMillisecondType>(array, |v| from_micros(v.checked_mul(1_000)))
        }
        DataType::Duration(TimeUnit::Microsecond) => texts::<DurationMicrosecondType>(array, |v| from_micros(Some(v))),
        DataType::Duration(TimeUnit::Nanosecond) => {
            texts::<DurationNanosecondType>(array, |v| from_micros((v % 1_000 == 0).then_some(v / 1_000)))
        }
        other => return Err(Error::store(format!("a column of type {other} is no interval"))),
    })
}

fn texts<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    interval: impl Fn(T::Native) -> Option<Interval>,
) -> (ArrayRef, CastMisfits) {
    let array = array.as_primitive::<T>();
    let (mut texts, mut misfits) = (StringBuilder::new(), Vec::new());
    for (row, value) in array.iter().enumerate() {
        match value.map(|value| interval(value).ok_or(value)) {
            Some(Ok(interval)) => texts.append_value(interval.to_string()),
            Some(Err(value)) => {
                misfits.push((row, format!("{value:?} of type {}", array.data_type())));
                texts.append_null();
            }
            None => texts.append_null(),
        }
    }
    (Arc::new(texts.finish()), misfits)
}

/// Counts of a unit of which `per_second` make a second, in microseconds; one beyond their range is a misfit, whose text is
/// the time that it is.
fn micros<T: ArrowTimestampType>(array: &ArrayRef, per_second: i64, zone: Option<Arc<str>>) -> (ArrayRef, CastMisfits) {
    let array = array.as_primitive::<T>();
    let converted: TimestampMicrosecondArray = array.unary_opt(|v| v.checked_mul(1_000_000 / per_second));
    let text = |v: i64| {
        let nanos = v.rem_euclid(per_second) * (1_000_000_000 / per_second);
        let moment = Moment { seconds: v.div_euclid(per_second), nanos: nanos as u32 };
        format_timestamp(moment) + if zone.is_some() { "Z" } else { "" }
    };
    let misfits = misfits(array, &converted, text);
    (Arc::new(converted.with_timezone_opt(zone)), misfits)
}
