//! Builds canonical batches value by value: what every reader of a store ends in.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Decimal256Builder,
    FixedSizeBinaryBuilder, Float32Builder, Float64Builder, Int64Builder, RecordBatch, StringBuilder, StructArray,
    Time64MicrosecondBuilder, Time64NanosecondBuilder, TimestampMicrosecondBuilder, TimestampNanosecondBuilder,
    UInt64Builder,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, i256};

use super::types::{CanonicalType, MISFITS_COLUMN, Precision, loose_fields};
use crate::error::{Error, Result};

/// Rows in a full batch, as DESIGN.md sets it.
pub const ROWS_PER_BATCH: usize = 10_000;
/// A batch is closed early once its values take this many bytes, so that wide rows stay bounded.
pub const BATCH_BYTES_MAX: usize = 4 << 20;

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
    /// Number, Text, Char, Json, Untyped, Opaque
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

/// The four arrays behind a [`CanonicalType::Loose`] column.
#[derive(Default)]
pub struct LooseBuilder {
    integer: Int64Builder,
    real: Float64Builder,
    text: StringBuilder,
    blob: BinaryBuilder,
    valid: Vec<bool>,
}

/// A value of one of SQLite's storage classes, NULL apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LooseValue<'a> {
    /// INTEGER
    Integer(i64),
    /// REAL
    Real(f64),
    /// TEXT
    Text(&'a str),
    /// BLOB
    Blob(&'a [u8]),
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
            bytes: 0,
        }
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
        if self.misfits_of_row.is_empty() {
            self.misfits.append_null();
        } else {
            let row = std::mem::take(&mut self.misfits_of_row);
            self.misfits.append_value(serde_json::Value::Object(row).to_string());
        }
        self.rows += 1;
    }

    /// Adds to the batch's size, for [`Self::is_full`]; fixed-width values need not be counted.
    pub fn add_bytes(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Whether the batch should be finished: [`ROWS_PER_BATCH`] rows or [`BATCH_BYTES_MAX`] bytes.
    pub fn is_full(&self) -> bool {
        self.rows >= ROWS_PER_BATCH || self.bytes >= BATCH_BYTES_MAX
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
            CanonicalType::UInt64 => Self::UInt64(UInt64Builder::new()),
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
            | CanonicalType::Opaque { .. } => Self::Text(StringBuilder::new()),
            CanonicalType::Binary => Self::Binary(BinaryBuilder::new()),
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
            Self::Int64(b) => Arc::new(b.finish()),
            Self::UInt64(b) => Arc::new(b.finish()),
            Self::Decimal128(b) => Arc::new(b.finish().with_data_type(data_type.clone())),
            Self::Decimal256(b) => Arc::new(b.finish().with_data_type(data_type.clone())),
            Self::Float32(b) => Arc::new(b.finish()),
            Self::Float64(b) => Arc::new(b.finish()),
            Self::Text(b) | Self::Char(b) => Arc::new(b.finish()),
            Self::Binary(b) => Arc::new(b.finish()),
            Self::Date(b) => Arc::new(b.finish()),
            Self::TimeMicro(b) => Arc::new(b.finish()),
            Self::TimeNano(b) => Arc::new(b.finish()),
            Self::TimestampMicro(b) => Arc::new(b.finish().with_data_type(data_type.clone())),
            Self::TimestampNano(b) => Arc::new(b.finish().with_data_type(data_type.clone())),
            Self::Uuid(b) => Arc::new(b.finish()),
            Self::Loose(b) => Arc::new(b.finish()?),
        })
    }
}

impl LooseBuilder {
    /// Appends a value, or NULL.
    pub fn append(&mut self, value: Option<LooseValue<'_>>) {
        let (mut integer, mut real, mut text, mut blob) = (None, None, None, None);
        match value {
            Some(LooseValue::Integer(v)) => integer = Some(v),
            Some(LooseValue::Real(v)) => real = Some(v),
            Some(LooseValue::Text(v)) => text = Some(v),
            Some(LooseValue::Blob(v)) => blob = Some(v),
            None => {}
        }
        self.integer.append_option(integer);
        self.real.append_option(real);
        self.text.append_option(text);
        self.blob.append_option(blob);
        self.valid.push(value.is_some());
    }

    fn finish(&mut self) -> Result<StructArray> {
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(self.integer.finish()),
            Arc::new(self.real.finish()),
            Arc::new(self.text.finish()),
            Arc::new(self.blob.finish()),
        ];
        let valid = NullBuffer::from(std::mem::take(&mut self.valid));
        StructArray::try_new(loose_fields(), arrays, Some(valid))
            .map_err(|e| Error::store("a reader built a damaged SQLite column").because(e))
    }
}
