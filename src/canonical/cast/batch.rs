//! Whole batches: every column cast by position, and the misfits of all columns gathered.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, StringBuilder, new_null_array};
use arrow::compute::nullif;
use arrow::datatypes::{DataType, SchemaRef};

use super::to_canonical;
use crate::canonical::CanonicalType;
use crate::error::{Error, Result};

/// A misfit that the reader of a file has found itself, before any cast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraMisfit {
    /// The position of the column.
    pub column: usize,
    /// The row within the batch.
    pub row: usize,
    /// The value's text.
    pub text: String,
}

/// Casts the columns of a foreign batch by position to `schema`, which [`crate::canonical::batch_schema`] made of the
/// same `columns`, and adds the column of misfits.
pub fn batch_to_canonical<'a>(
    batch: &RecordBatch,
    columns: impl IntoIterator<Item = (&'a str, &'a CanonicalType)>,
    schema: &SchemaRef,
) -> Result<RecordBatch> {
    batch_with_misfits(batch, columns, schema, Vec::new())
}

/// As [`batch_to_canonical`], with misfits that are already known: their values become NULL.
pub fn batch_with_misfits<'a>(
    batch: &RecordBatch,
    columns: impl IntoIterator<Item = (&'a str, &'a CanonicalType)>,
    schema: &SchemaRef,
    extra: Vec<ExtraMisfit>,
) -> Result<RecordBatch> {
    let rows = batch.num_rows();
    if schema.fields().len() != batch.num_columns() + 1 {
        let (wanted, found) = (schema.fields().len().saturating_sub(1), batch.num_columns());
        return Err(Error::store(format!("a batch has {found} columns where {wanted} were described")));
    }
    // Rows in order, and within a row the columns in order: the same bytes for the same data.
    let mut misfits: BTreeMap<usize, serde_json::Map<String, serde_json::Value>> = BTreeMap::new();
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns() + 1);
    for (position, ((name, canonical), array)) in columns.into_iter().zip(batch.columns()).enumerate() {
        let (mut array, mut found) = to_canonical(array, canonical).map_err(|e| e.at(format!("column {name}")))?;
        let known: Vec<_> = extra.iter().filter(|misfit| misfit.column == position).collect();
        if !known.is_empty() {
            array = without(&array, known.iter().map(|misfit| misfit.row))?;
            found.extend(known.into_iter().map(|misfit| (misfit.row, misfit.text.clone())));
        }
        for (row, text) in found {
            misfits.entry(row).or_default().insert(name.to_string(), serde_json::Value::String(text));
        }
        arrays.push(array);
    }
    arrays.push(if misfits.is_empty() { new_null_array(&DataType::Utf8, rows) } else { texts(misfits, rows) });
    RecordBatch::try_new(Arc::clone(schema), arrays)
        .map_err(|e| Error::store("a column does not have the type it was described with").because(e))
}

/// The array with the given rows made NULL.
fn without(array: &ArrayRef, rows: impl Iterator<Item = usize>) -> Result<ArrayRef> {
    let mut mask = vec![false; array.len()];
    for row in rows {
        if let Some(flag) = mask.get_mut(row) {
            *flag = true;
        }
    }
    nullif(array, &BooleanArray::from(mask)).map_err(|e| Error::store("cannot mark a value as unreadable").because(e))
}

fn texts(misfits: BTreeMap<usize, serde_json::Map<String, serde_json::Value>>, rows: usize) -> ArrayRef {
    let mut texts = StringBuilder::new();
    let mut misfits = misfits.into_iter().peekable();
    for row in 0..rows {
        match misfits.next_if(|(at, _)| *at == row) {
            Some((_, cells)) => texts.append_value(serde_json::Value::Object(cells).to_string()),
            None => texts.append_null(),
        }
    }
    Arc::new(texts.finish())
}
