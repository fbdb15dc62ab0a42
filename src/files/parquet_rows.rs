//! The rows of some row groups of a Parquet file, as canonical batches.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};

use super::parquet_footer::ParquetFile;
use super::{COPY_AGAIN, remainder};
use crate::canonical::cast::batch_with_misfits;
use crate::canonical::{BATCH_BYTES_MAX, ROWS_PER_BATCH, batch_schema};
use crate::error::{Error, Result};
use crate::model::{Column, PartReader, Table};

/// Reads the row groups `first` to `end` (exclusive) of a Parquet file as canonical batches of all columns of `table`,
/// by position; with a selection, only the rows it selects among them.
///
/// The file has to have exactly the columns of `table`, and to deliver exactly the rows its footer promises.
pub fn read_row_groups(
    file: &Path,
    first: usize,
    end: usize,
    table: &Table,
    selection: Option<RowSelection>,
) -> Result<PartReader<RecordBatch>> {
    let parquet = ParquetFile::open(file)?;
    check_columns(&parquet, table)?;
    let Some(rows) = parquet.row_groups().get(first..end) else {
        return Err(Error::store(format!(
            "a Parquet file has {} row groups, row groups {first} to {end} were to be read",
            parquet.row_groups().len()
        ))
        .at(file.display())
        .hint("the file is not the one that was described; run the same command again"));
    };
    let rows_expected = selection.as_ref().map_or_else(|| rows.iter().sum(), |selection| selection.row_count() as u64);
    let damaged = |e| Error::store("cannot read a Parquet file").at(file.display()).because(e).hint(COPY_AGAIN);
    let open = |metadata: ArrowReaderMetadata, columns: ProjectionMask| {
        let input = File::open(file).map_err(|e| Error::store("cannot read a file").at(file.display()).because(e))?;
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(input, metadata)
            .with_row_groups((first..end).collect())
            .with_projection(columns)
            .with_batch_size(rows_per_batch(&parquet, first..end));
        if let Some(selection) = selection.clone() {
            builder = builder.with_row_selection(selection);
        }
        builder.build().map_err(damaged)
    };
    let metadata = parquet.metadata();
    let second = match remainder::second_reading(metadata).map_err(damaged)? {
        None => None,
        Some((positions, metadata)) => {
            let columns = ProjectionMask::roots(metadata.parquet_schema(), positions.iter().copied());
            Some((open(metadata, columns)?, positions))
        }
    };
    let columns = &table.columns;
    Ok(Box::new(Rows {
        reader: open(metadata.clone(), ProjectionMask::all())?,
        second,
        schema: batch_schema(columns.iter().map(|column| (column.name.as_str(), &column.canonical))),
        columns: columns.clone(),
        file: file.to_path_buf(),
        rows_expected,
        rows_read: 0,
        finished: false,
    }))
}

fn check_columns(parquet: &ParquetFile, table: &Table) -> Result<()> {
    let same = |(a, b): (&Column, &Column)| a.name == b.name && a.canonical == b.canonical;
    let found = parquet.columns();
    if found.len() == table.columns.len() && found.iter().zip(&table.columns).all(same) {
        return Ok(());
    }
    Err(Error::store(format!("a Parquet file does not have the columns that table {} was described with", table.name))
        .at(parquet.path().display())
        .hint("wait until nothing writes to the file any more, and run the same command again"))
}

/// Full batches, or smaller ones where rows are wide.
fn rows_per_batch(parquet: &ParquetFile, groups: std::ops::Range<usize>) -> usize {
    let groups = &parquet.metadata().metadata().row_groups()[groups];
    let bytes: i64 = groups.iter().map(|group| group.total_byte_size().max(0)).sum();
    let rows: i64 = groups.iter().map(|group| group.num_rows()).sum();
    let bytes_per_row = usize::try_from(bytes / rows.max(1)).unwrap_or(usize::MAX).max(1);
    (BATCH_BYTES_MAX / bytes_per_row).clamp(1, ROWS_PER_BATCH)
}

struct Rows {
    reader: ParquetRecordBatchReader,
    /// The second reading of the columns at these positions.
    second: Option<(ParquetRecordBatchReader, Vec<usize>)>,
    columns: Vec<Column>,
    schema: SchemaRef,
    file: PathBuf,
    rows_expected: u64,
    rows_read: u64,
    finished: bool,
}

impl Rows {
    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        let Some(batch) = self.reader.next() else {
            if self.rows_read != self.rows_expected {
                return Err(Error::store(format!(
                    "a Parquet file ended early: it gave {} rows of {}",
                    self.rows_read, self.rows_expected
                )));
            }
            return Ok(None);
        };
        let damaged = |e| Error::store("cannot decode the rows of a Parquet file").because(e);
        let batch = batch.map_err(damaged)?;
        let extra = match &mut self.second {
            None => Vec::new(),
            Some((reader, positions)) => match reader.next() {
                Some(other) => remainder::misfits(&batch, &other.map_err(damaged)?, positions)?,
                None => return Err(Error::store("two readings of the same rows do not agree")),
            },
        };
        self.rows_read += batch.num_rows() as u64;
        let columns = self.columns.iter().map(|column| (column.name.as_str(), &column.canonical));
        batch_with_misfits(&batch, columns, &self.schema, extra).map(Some)
    }
}

impl Iterator for Rows {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let batch = self.next_batch().map_err(|e| e.at(self.file.display()).hint(COPY_AGAIN)).transpose();
        self.finished = !matches!(batch, Some(Ok(_)));
        batch
    }
}

#[cfg(test)]
mod tests;
