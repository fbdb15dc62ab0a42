//! `differences.parquet`: the lines of `differences.csv` for programs, the values raw, NULL as NULL.
//!
//! Columns: `class`, `key`, `column`, `source`, `target` (text), `source_copies`, `target_copies` (how often each side
//! has the key). `source` and `target` hold the values of a differing cell and are NULL for the other classes. A key of
//! several columns is a JSON array, as in the CSV file.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringBuilder, UInt64Builder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;

use crate::model::{CellChange, Change};

/// Lines handed to the Parquet writer at a time.
const LINES_PER_BATCH: usize = 8192;
/// A batch is handed over early once its texts take this many bytes.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// A row group is closed once its texts take this many bytes uncompressed: the bound of the writer's memory.
const ROW_GROUP_BYTES_MAX: usize = 32 << 20;
/// Lines of a row group.
const ROW_GROUP_LINES_MAX: usize = 512 << 10;

/// Writes changes as Parquet. The bytes depend on nothing but the changes.
pub struct ParquetChanges {
    writer: ArrowWriter<File>,
    schema: SchemaRef,
    texts: [StringBuilder; 5],
    copies: [UInt64Builder; 2],
    lines: usize,
    batch_bytes: usize,
    group_bytes: usize,
}

impl ParquetChanges {
    /// Begins the file.
    pub fn new(file: File) -> Result<Self> {
        let text = |name| Field::new(name, DataType::Utf8, true);
        let count = |name| Field::new(name, DataType::UInt64, true);
        let schema: SchemaRef = Arc::new(Schema::new(vec![
            text("class"),
            text("key"),
            text("column"),
            text("source"),
            text("target"),
            count("source_copies"),
            count("target_copies"),
        ]));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_max_row_group_row_count(Some(ROW_GROUP_LINES_MAX))
            .build();
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))?;
        let (texts, copies) = (Default::default(), Default::default());
        Ok(Self { writer, schema, texts, copies, lines: 0, batch_bytes: 0, group_bytes: 0 })
    }

    /// Adds the lines of a change; `key` as one text, `None` for a NULL key.
    pub fn change(&mut self, change: &Change, key: Option<&str>) -> Result<()> {
        if change.cells.is_empty() {
            return self.line(change, key, None);
        }
        change.cells.iter().try_for_each(|cell| self.line(change, key, Some(cell)))
    }

    /// Closes the file and hands it back.
    pub fn finish(mut self) -> Result<File> {
        self.end_batch()?;
        self.writer.into_inner()
    }

    fn line(&mut self, change: &Change, key: Option<&str>, cell: Option<&CellChange>) -> Result<()> {
        let (source, target) = match cell {
            Some(cell) => (cell.values.source.as_deref(), cell.values.target.as_deref()),
            None => (None, None),
        };
        let values = [Some(change.class.name()), key, cell.map(|c| c.name.as_str()), source, target];
        for (builder, value) in self.texts.iter_mut().zip(values) {
            builder.append_option(value);
            self.batch_bytes += value.map_or(0, str::len);
        }
        for (builder, count) in self.copies.iter_mut().zip([change.copies.source, change.copies.target]) {
            builder.append_value(count);
        }
        self.lines += 1;
        if self.lines >= LINES_PER_BATCH || self.batch_bytes >= BATCH_BYTES_MAX { self.end_batch() } else { Ok(()) }
    }

    fn end_batch(&mut self) -> Result<()> {
        if self.lines == 0 {
            return Ok(());
        }
        let texts = self.texts.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef);
        let copies = self.copies.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef);
        let batch = RecordBatch::try_new(self.schema.clone(), texts.chain(copies).collect())?;
        self.writer.write(&batch)?;
        self.group_bytes += self.batch_bytes;
        (self.lines, self.batch_bytes) = (0, 0);
        if self.group_bytes >= ROW_GROUP_BYTES_MAX {
            self.writer.flush()?;
            self.group_bytes = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::UInt64Type;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;
    use crate::model::{Class, Pair};

    #[test]
    fn values_are_raw_and_null_is_null() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut changes = ParquetChanges::new(file.reopen().unwrap()).unwrap();
        let values = Pair::new(None, Some("=1+1".to_owned()));
        let cells = vec![CellChange { column: 0, name: "a".into(), values }];
        let copies = Pair::new(2, 2);
        let key = vec![None];
        changes
            .change(&Change { class: Class::Corrupt, key: key.clone(), copies, cells, neighbours: None }, None)
            .unwrap();
        let copies = Pair::new(1, 0);
        changes
            .change(&Change { class: Class::Missing, key, copies, cells: vec![], neighbours: None }, Some("\\N"))
            .unwrap();
        changes.finish().unwrap();

        let mut reader = ParquetRecordBatchReaderBuilder::try_new(file.reopen().unwrap()).unwrap().build().unwrap();
        let batch = reader.next().unwrap().unwrap();
        let texts = |column: &str| -> Vec<Option<String>> {
            batch[column].as_string::<i32>().iter().map(|v| v.map(str::to_owned)).collect()
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(texts("class"), [some("corrupt"), some("missing")]);
        assert_eq!(texts("key"), [None, some("\\N")]);
        assert_eq!(texts("column"), [some("a"), None]);
        assert_eq!(texts("source"), [None, None]);
        assert_eq!(texts("target"), [some("=1+1"), None]);
        assert_eq!(batch["source_copies"].as_primitive::<UInt64Type>().values(), &[2, 1]);
        assert_eq!(batch["target_copies"].as_primitive::<UInt64Type>().values(), &[2, 0]);
        assert_eq!(batch["source_copies"].null_count(), 0);
    }

    #[test]
    fn a_table_without_changes_is_a_whole_file_without_rows() {
        let file = tempfile::NamedTempFile::new().unwrap();
        ParquetChanges::new(file.reopen().unwrap()).unwrap().finish().unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file.reopen().unwrap()).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
        assert_eq!(reader.schema().fields().len(), 7);
    }
}
