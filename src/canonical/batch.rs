//! Builds canonical batches value by value: what every reader of a store ends in.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, ArrowPrimitiveType, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder,
    Decimal256Builder, FixedSizeBinaryBuilder, Float32Builder, Float64Builder, GenericByteBuilder, Int64Builder,
    PrimitiveBuilder, RecordBatch, StringBuilder, Time64MicrosecondBuilder, Time64NanosecondBuilder,
    TimestampMicrosecondBuilder, TimestampNanosecondBuilder, UInt64Builder,
};
use arrow::datatypes::{ByteArrayType, DataType, Field, Schema, SchemaRef, i256};

use super::loose::LooseBuilder;
use super::types::{CanonicalType, MISFITS_COLUMN, Precision};
use crate::error::{Error, Result};

/// Rows in a full batch, as DESIGN.md sets it.
pub const ROWS_PER_BATCH: usize = 10_000;
/// A batch is closed early once its values take this many bytes, so that wide rows stay bounded.
pub const BATCH_BYTES_MAX: usize = 2 << 20;

/// The Arrow schema of canonical batches: one nullable field for each column, then [`MISFITS_COLUMN`].
pub fn batch_schema<'a>(columns: impl IntoIterator<Item = (&'a str, &'a CanonicalType)>) -> SchemaRef {
    let mut fields: Vec<Field> =
        columns.into_iter().map(|(name, canonical)| Field::new(name, canonical.arrow(), true)).collect();
    fields.push(Field::new(MISFITS_COLUMN, DataType::Utf8, true));
    Arc::new(Schema::new(fields))
}

/// Collects rows column by column. Each row takes one append (or misfit) for each column, then [`Self::end_row`].
pub struct BatchBuilder {
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    misfits: StringBuilder,
    misfits_of_row: serde_json::Map<String, serde_json::Value>,
    rows: usize,
    rows_max: usize,
    bytes: usize,
}

/// The values of one column under construction. The variant follows from the canonical type; a reader matches on it
/// once for each value and appends what the type demands.
pub enum ColumnBuilder {
    /// Boolean
    Boolean(BooleanBuilder),
    /// Int64
    Int64(Int64Builder),
    /// UInt64
    UInt64(UInt64Builder),
    /// Decimal of up to 38 digits: the unscaled value
    Decimal128(Decimal128Builder),
    /// Decimal of up to 76 digits: the unscaled value
    Decimal256(Decimal256Builder),
    /// Float32
    Float32(Float32Builder),
    /// Float64
    Float64(Float64Builder),
    /// Number, Text, Json, Untyped, Opaque, and all others that are carried as text
    Text(StringBuilder),
    /// Char: [`ColumnBuilder::text`] drops trailing blanks
    Char(StringBuilder),
    /// Binary
    Binary(BinaryBuilder),
    /// Date: days since 1970-01-01
    Date(Date32Builder),
    /// Time in microseconds since midnight
    TimeMicro(Time64MicrosecondBuilder),
    /// Time in nanoseconds since midnight
    TimeNano(Time64NanosecondBuilder),
    /// Timestamp or Instant in microseconds since 1970-01-01 00:00:00
    TimestampMicro(TimestampMicrosecondBuilder),
    /// Timestamp or Instant in nanoseconds since 1970-01-01 00:00:00
    TimestampNano(TimestampNanosecondBuilder),
    /// Uuid
    Uuid(FixedSizeBinaryBuilder),
    /// Loose
    Loose(Box<LooseBuilder>),
}

impl BatchBuilder {
    /// A builder for rows of the given columns.
    pub fn new<'a>(columns: impl IntoIterator<Item = (&'a str, &'a CanonicalType)> + Clone) -> Self {
        let builders = columns.clone().into_iter().map(|(_, canonical)| ColumnBuilder::new(canonical)).collect();
        Self {
            schema: batch_schema(columns),
            columns: builders,
            misfits: StringBuilder::new(),
            misfits_of_row: serde_json::Map::new(),
            rows: 0,
            rows_max: ROWS_PER_BATCH,
            bytes: 0,
        }
    }

    /// How many rows a full batch has from now on; [`ROWS_PER_BATCH`] where nobody says.
    pub fn set_rows_max(&mut self, rows: usize) {
        self.rows_max = rows.max(1);
    }

    /// The column to append the next value to. Count the bytes of long values with [`Self::add_bytes`].
    pub fn column(&mut self, index: usize) -> &mut ColumnBuilder {
        &mut self.columns[index]
    }

    /// Appends a value that the column's type cannot hold: NULL in the array, its text among the misfits.
    pub fn misfit(&mut self, index: usize, text: impl Into<String>) {
        let text = text.into();
        self.bytes += text.len();
        self.columns[index].null();
        self.misfits_of_row.insert(self.schema.field(index).name().clone(), serde_json::Value::String(text));
    }

    /// Ends a row after every column has been given its value.
    pub fn end_row(&mut self) {
        if !self.misfits_of_row.is_empty() {
            let row = std::mem::take(&mut self.misfits_of_row);
            // Rows without misfits are many, and are filled in only here and at the end.
            self.misfits.append_nulls(self.rows - self.misfits.len());
            self.misfits.append_value(serde_json::Value::Object(row).to_string());
        }
        self.rows += 1;
    }

    /// Adds to the batch's size, for [`Self::is_full`]; fixed-width values need not be counted.
    pub fn add_bytes(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Whether the batch should be finished: the most rows a batch has, or [`BATCH_BYTES_MAX`] bytes.
    pub fn is_full(&self) -> bool {
        self.rows >= self.rows_max || self.bytes >= BATCH_BYTES_MAX
    }

    /// The number of rows since the last batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The rows so far as a batch; the builder starts anew.
    pub fn finish(&mut self) -> Result<RecordBatch> {
        let mut arrays = Vec::with_capacity(self.columns.len() + 1);
        for (builder, field) in self.columns.iter_mut().zip(self.schema.fields()) {
            arrays.push(builder.finish(field.data_type())?);
        }
        self.misfits.append_nulls(self.rows - self.misfits.len());
        arrays.push(Arc::new(self.misfits.finish()) as ArrayRef);
        self.rows = 0;
        self.bytes = 0;
        RecordBatch::try_new(self.schema.clone(), arrays)
            .map_err(|e| Error::store("a reader built columns of different lengths").because(e))
    }
}

impl ColumnBuilder {
    fn new(canonical: &CanonicalType) -> Self {
        match canonical {
            CanonicalType::Boolean => Self::Boolean(BooleanBuilder::new()),
            CanonicalType::Int64 => Self::Int64(Int64Builder::new()),
            CanonicalType::UInt64 | CanonicalType::BitField { .. } => Self::UInt64(UInt64Builder::new()),
            CanonicalType::Decimal { precision, .. } if *precision <= 38 => {
                Self::Decimal128(Decimal128Builder::new().with_data_type(canonical.arrow()))
            }
            CanonicalType::Decimal { .. } => {
                Self::Decimal256(Decimal256Builder::new().with_data_type(canonical.arrow()))
            }
            CanonicalType::Float32 => Self::Float32(Float32Builder::new()),
            CanonicalType::Float64 => Self::Float64(Float64Builder::new()),
            CanonicalType::Char => Self::Char(StringBuilder::new()),
            CanonicalType::Number
            | CanonicalType::Text
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
            | CanonicalType::Opaque { .. } => Self::Text(StringBuilder::new()),
            CanonicalType::Binary | CanonicalType::Geometry => Self::Binary(BinaryBuilder::new()),
            CanonicalType::Date => Self::Date(Date32Builder::new()),
            CanonicalType::Time(Precision::Micro) => Self::TimeMicro(Time64MicrosecondBuilder::new()),
            CanonicalType::Time(Precision::Nano) => Self::TimeNano(Time64NanosecondBuilder::new()),
            CanonicalType::Timestamp(Precision::Micro) | CanonicalType::Instant(Precision::Micro) => {
                Self::TimestampMicro(TimestampMicrosecondBuilder::new().with_data_type(canonical.arrow()))
            }
            CanonicalType::Timestamp(Precision::Nano) | CanonicalType::Instant(Precision::Nano) => {
                Self::TimestampNano(TimestampNanosecondBuilder::new().with_data_type(canonical.arrow()))
            }
            CanonicalType::Uuid => Self::Uuid(FixedSizeBinaryBuilder::new(16)),
            CanonicalType::Loose(_) => Self::Loose(Box::default()),
        }
    }

    /// Appends NULL.
    pub fn null(&mut self) {
        match self {
            Self::Boolean(b) => b.append_null(),
            Self::Int64(b) => b.append_null(),
            Self::UInt64(b) => b.append_null(),
            Self::Decimal128(b) => b.append_null(),
            Self::Decimal256(b) => b.append_null(),
            Self::Float32(b) => b.append_null(),
            Self::Float64(b) => b.append_null(),
            Self::Text(b) | Self::Char(b) => b.append_null(),
            Self::Binary(b) => b.append_null(),
            Self::Date(b) => b.append_null(),
            Self::TimeMicro(b) => b.append_null(),
            Self::TimeNano(b) => b.append_null(),
            Self::TimestampMicro(b) => b.append_null(),
            Self::TimestampNano(b) => b.append_null(),
            Self::Uuid(b) => b.append_null(),
            Self::Loose(b) => b.append(None),
        }
    }

    /// Appends text to a Text or Char column (Char drops trailing blanks). False where the column holds something else.
    pub fn text(&mut self, value: &str) -> bool {
        match self {
            Self::Text(b) => b.append_value(value),
            Self::Char(b) => b.append_value(value.trim_end_matches(' ')),
            _ => return false,
        }
        true
    }

    /// Appends an unscaled decimal to a decimal column of either width. False where the column holds something else.
    pub fn decimal(&mut self, unscaled: i256) -> bool {
        match self {
            Self::Decimal128(b) => match unscaled.to_i128() {
                Some(value) => b.append_value(value),
                None => return false,
            },
            Self::Decimal256(b) => b.append_value(unscaled),
            _ => return false,
        }
        true
    }

    fn finish(&mut self, data_type: &DataType) -> Result<ArrayRef> {
        Ok(match self {
            Self::Boolean(b) => Arc::new(b.finish()),
            Self::Int64(b) => finish_primitive(b, data_type),
            Self::UInt64(b) => finish_primitive(b, data_type),
            Self::Decimal128(b) => finish_primitive(b, data_type),
            Self::Decimal256(b) => finish_primitive(b, data_type),
            Self::Float32(b) => finish_primitive(b, data_type),
            Self::Float64(b) => finish_primitive(b, data_type),
            Self::Text(b) | Self::Char(b) => finish_bytes(b),
            Self::Binary(b) => finish_bytes(b),
            Self::Date(b) => finish_primitive(b, data_type),
            Self::TimeMicro(b) => finish_primitive(b, data_type),
            Self::TimeNano(b) => finish_primitive(b, data_type),
            Self::TimestampMicro(b) => finish_primitive(b, data_type),
            Self::TimestampNano(b) => finish_primitive(b, data_type),
            Self::Uuid(b) => Arc::new(b.finish()),
            Self::Loose(b) => Arc::new(b.finish()?),
        })
    }
}

/// The array of a builder, which starts anew with room for as many values: growing from nothing with every batch would
/// copy all of them once more.
pub(super) fn finish_primitive<T: ArrowPrimitiveType>(
    builder: &mut PrimitiveBuilder<T>,
    data_type: &DataType,
) -> ArrayRef {
    let rows = builder.len();
    let array = builder.finish();
    *builder = PrimitiveBuilder::with_capacity(rows).with_data_type(data_type.clone());
    Arc::new(array)
}

/// As [`finish_primitive`], with room for as many bytes and some more.
pub(super) fn finish_bytes<T: ByteArrayType>(builder: &mut GenericByteBuilder<T>) -> ArrayRef {
    let (rows, bytes) = (builder.len(), builder.values_slice().len());
    let array = builder.finish();
    *builder = GenericByteBuilder::with_capacity(rows, bytes + bytes / 8);
    Arc::new(array)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};

    use super::*;

    #[test]
    fn a_misfit_stands_in_its_row_and_rows_without_one_are_null() {
        let text = CanonicalType::Text;
        let mut batch = BatchBuilder::new([("a", &text)]);
        for round in 0..2 {
            for row in 0..5 {
                match row {
                    1 | 3 => batch.misfit(0, format!("{round}.{row}")),
                    _ => assert!(batch.column(0).text("x")),
                }
                batch.end_row();
            }
            let finished = batch.finish().unwrap();
            let misfits = finished.column(1).as_string::<i32>();
            assert_eq!(misfits.len(), 5);
            assert_eq!((0..5).filter(|&row| misfits.is_valid(row)).collect::<Vec<_>>(), [1, 3]);
            assert_eq!(misfits.value(3), format!("{{\"a\":\"{round}.3\"}}"));
            assert_eq!(finished.column(0).null_count(), 2);
        }
    }

    #[test]
    fn every_type_keeps_its_arrow_type_from_batch_to_batch() {
        let types = [
            CanonicalType::Boolean,
            CanonicalType::UInt64,
            CanonicalType::Decimal { precision: 12, scale: 2 },
            CanonicalType::Decimal { precision: 60, scale: 9 },
            CanonicalType::Char,
            CanonicalType::Binary,
            CanonicalType::Time(Precision::Nano),
            CanonicalType::Instant(Precision::Micro),
            CanonicalType::Timestamp(Precision::Nano),
            CanonicalType::Uuid,
            CanonicalType::Loose(crate::canonical::LooseHint::Text),
        ];
        let mut batch = BatchBuilder::new(types.iter().map(|canonical| ("c", canonical)));
        for rows in [3, 0, 2] {
            for _ in 0..rows {
                (0..types.len()).for_each(|index| batch.column(index).null());
                batch.end_row();
            }
            let finished = batch.finish().unwrap();
            assert_eq!(finished.num_rows(), rows);
            for (index, canonical) in types.iter().enumerate() {
                assert_eq!(*finished.column(index).data_type(), canonical.arrow());
            }
        }
    }
}
