//! What no single Arrow type holds of two Parquet types, found by reading such columns a second time.
//!
//! - INT96 timestamps are read in microseconds, which reach every year; nanoseconds beyond them would be cut off.
//! - INTERVAL is read as days and milliseconds; months would be left out.
//!
//! The second reading gives the other half, and a value that needs both halves becomes a misfit with its whole text, which
//! is read as the value it stands for when it is encoded.
//! Files with such columns pay for it; all others do not.

use arrow::array::{Array, ArrayData, AsArray, RecordBatch};
use arrow::datatypes::{DataType, IntervalDayTimeType, IntervalUnit, TimeUnit};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::basic::Type as PhysicalType;
use parquet::schema::types::ColumnDescriptor;

use super::parquet_footer::with_types;
use crate::canonical::cast::ExtraMisfit;
use crate::canonical::interval::Interval;
use crate::canonical::time::{Moment, format_timestamp};
use crate::error::{Error, Result};

/// The columns of a file that need a second reading: their positions, and the footer to read them with.
pub(super) fn second_reading(
    metadata: &ArrowReaderMetadata,
) -> parquet::errors::Result<Option<(Vec<usize>, ArrowReaderMetadata)>> {
    let second = with_types(metadata, other_half)?;
    let fields = metadata.schema().fields().iter().zip(second.schema().fields());
    let positions: Vec<usize> = fields.enumerate().filter(|(_, (a, b))| a != b).map(|(i, _)| i).collect();
    Ok((!positions.is_empty()).then_some((positions, second)))
}

fn other_half(data_type: &DataType, column: &ColumnDescriptor) -> DataType {
    match data_type {
        DataType::Timestamp(_, zone) if column.physical_type() == PhysicalType::INT96 => {
            DataType::Timestamp(TimeUnit::Nanosecond, zone.clone())
        }
        DataType::Interval(_) => DataType::Interval(IntervalUnit::YearMonth),
        other => other.clone(),
    }
}

/// The values of a batch that need both readings. `second` holds only the columns at `positions`.
pub(super) fn misfits(first: &RecordBatch, second: &RecordBatch, positions: &[usize]) -> Result<Vec<ExtraMisfit>> {
    if first.num_rows() != second.num_rows() || second.num_columns() != positions.len() {
        return Err(Error::store("two readings of the same rows do not agree"));
    }
    let mut found = Vec::new();
    for (&column, other) in positions.iter().zip(second.columns()) {
        let array = first.column(column);
        for row in rows_with_remainder(&array.to_data(), &other.to_data()) {
            let Row::Of(row) = row else {
                return Err(Error::store(format!(
                    "column {} holds nested timestamps or intervals finer than tieout reads",
                    first.schema().field(column).name()
                ))
                .hint(
                    "write the file with TIMESTAMP instead of INT96, or leave out the column where the file is made",
                ));
            };
            found.push(ExtraMisfit { column, row, text: text(array, other, row) });
        }
    }
    Ok(found)
}

enum Row {
    Of(usize),
    Nested,
}

fn rows_with_remainder(first: &ArrayData, second: &ArrayData) -> Vec<Row> {
    if first.child_data().is_empty() {
        return (0..first.len())
            .filter(|&row| first.is_valid(row) && remains(first, second, row))
            .map(Row::Of)
            .collect();
    }
    let children = first.child_data().iter().zip(second.child_data());
    let any = children.into_iter().any(|(first, second)| !rows_with_remainder(first, second).is_empty());
    if any { vec![Row::Nested] } else { Vec::new() }
}

fn remains(first: &ArrayData, second: &ArrayData, row: usize) -> bool {
    match (first.data_type(), second.data_type()) {
        // Nanoseconds wrap around far from 1970, but their difference to the microseconds does not.
        (DataType::Timestamp(TimeUnit::Microsecond, _), DataType::Timestamp(TimeUnit::Nanosecond, _)) => {
            nanos_beyond(first.buffer::<i64>(0)[row], second.buffer::<i64>(0)[row]) != 0
        }
        (DataType::Interval(IntervalUnit::DayTime), DataType::Interval(IntervalUnit::YearMonth)) => {
            second.buffer::<i32>(0)[row] != 0
        }
        _ => false,
    }
}

fn nanos_beyond(micros: i64, nanos: i64) -> i64 {
    nanos.wrapping_sub(micros.wrapping_mul(1_000))
}

fn text(first: &dyn Array, second: &dyn Array, row: usize) -> String {
    let (half, other) = (first.to_data(), second.to_data());
    if let DataType::Interval(_) = first.data_type() {
        let days = first.as_primitive::<IntervalDayTimeType>().value(row);
        let months = other.buffer::<i32>(0)[row];
        return Interval { months, days: days.days, micros: i64::from(days.milliseconds) * 1_000 }.to_string();
    }
    let (micros, nanos) = (half.buffer::<i64>(0)[row], other.buffer::<i64>(0)[row]);
    let mut moment = Moment::from_micros(micros);
    moment.nanos += u32::try_from(nanos_beyond(micros, nanos)).unwrap_or(0);
    format_timestamp(moment)
}
