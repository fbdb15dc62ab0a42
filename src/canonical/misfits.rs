//! The misfits of a batch: values that their column's type cannot hold, as text.

use arrow::array::{Array, AsArray, RecordBatch};
use std::collections::HashMap;

use super::types::MISFITS_COLUMN;
use crate::error::{Error, Result};

/// The misfits of one batch, by column and row.
#[derive(Debug, Default)]
pub struct Misfits {
    columns: HashMap<String, HashMap<usize, String>>,
}

impl Misfits {
    /// Reads the batch's [`MISFITS_COLUMN`]. A batch without one has no misfits.
    pub fn of(batch: &RecordBatch) -> Result<Self> {
        let mut misfits = Misfits::default();
        let Some(array) = batch.column_by_name(MISFITS_COLUMN) else { return Ok(misfits) };
        let Some(texts) = array.as_string_opt::<i32>() else {
            return Err(Error::snapshot(format!("column {MISFITS_COLUMN} does not hold text")));
        };
        if texts.null_count() == texts.len() {
            return Ok(misfits);
        }
        for (row, text) in texts.iter().enumerate() {
            let Some(text) = text else { continue };
            let cells: HashMap<String, String> = serde_json::from_str(text)
                .map_err(|e| Error::snapshot(format!("column {MISFITS_COLUMN} is damaged")).because(e))?;
            for (column, value) in cells {
                misfits.columns.entry(column).or_default().insert(row, value);
            }
        }
        Ok(misfits)
    }

    /// Whether any value of `column` is a misfit.
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// Files the text of a misfit.
    pub fn insert(&mut self, column: &str, row: usize, text: String) {
        self.columns.entry(column.to_owned()).or_default().insert(row, text);
    }

    /// The text of a misfit, if the value of `column` in `row` is one.
    pub fn get(&self, column: &str, row: usize) -> Option<&str> {
        self.columns.get(column)?.get(&row).map(String::as_str)
    }
}
