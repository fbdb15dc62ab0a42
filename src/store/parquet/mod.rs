//! Parquet files.
//!
//! A table is one file, or several with the same columns. The files are read where they lie, in shares of whole row
//! groups; [`crate::files`] has the reading, [`crate::canonical::cast`] the types.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::directory::{FileTable, FileTables, refuse_filter};
use super::{BatchSink, Part, Store, StoreSnapshot};
use crate::error::{Error, Result};
use crate::files::{Evidence, ParquetFile, blocking, read_row_groups, read_with_evidence};
use crate::model::{
    Capacity, Column, ColumnSchema, StoreIdentity, StoreKind, Table, TableName, TableRead, TableSchema,
};

/// Tables in Parquet files.
pub struct ParquetStore {
    identity: StoreIdentity,
    tables: FileTables,
}

impl ParquetStore {
    /// A store of the given tables.
    pub fn new(identity: StoreIdentity, tables: Vec<FileTable>) -> Self {
        Self { identity, tables: FileTables::new(tables) }
    }
}

#[async_trait]
impl Store for ParquetStore {
    fn identity(&self) -> &StoreIdentity {
        &self.identity
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        Ok(self.tables.names())
    }

    async fn describe(&self, name: &TableName) -> Result<Table> {
        let table = self.tables.find(name)?.clone();
        blocking(move || describe(&table)).await
    }

    async fn open(&self, workers: usize) -> Result<Arc<dyn StoreSnapshot>> {
        let tables = self.tables.clone();
        let evidence = blocking(move || Evidence::take(tables.files())).await?;
        Ok(Arc::new(ParquetSnapshot { tables: self.tables.clone(), evidence: Arc::new(evidence), workers }))
    }
}

fn describe(table: &FileTable) -> Result<Table> {
    let mut described: Option<(&Path, Vec<Column>)> = None;
    let mut rows = 0;
    for path in &table.files {
        let file = ParquetFile::open(path)?;
        rows += file.rows();
        match &mut described {
            None => described = Some((path, file.columns().to_vec())),
            Some((first, columns)) => {
                if let Some(difference) = first_difference(columns, first, file.columns(), path) {
                    return Err(Error::store(format!(
                        "the files of table {} have different columns: {difference}",
                        table.name
                    ))
                    .hint("the files of one table need the same columns; compare them as separate tables otherwise"));
                }
                for (column, other) in columns.iter_mut().zip(file.columns()) {
                    column.nullable |= other.nullable;
                }
            }
        }
    }
    let Some((_, columns)) = described else {
        return Err(Error::store(format!("table {} has no files", table.name)));
    };
    let schema = Some(Box::new(schema(&columns)));
    Ok(Table { name: table.name.clone(), columns, keys: Vec::new(), rows_estimate: Some(rows), schema })
}

/// A footer states types and REQUIRED columns. That a column may hold NULL is no statement: most writers say so of all.
fn schema(columns: &[Column]) -> TableSchema {
    let column = |column: &Column| ColumnSchema {
        holds: Capacity::of(column),
        enforced: true,
        nullable: (!column.nullable).then_some(false),
        characters: None,
        collation: None,
        rules: None,
    };
    let columns = columns.iter().map(column).collect();
    TableSchema { engine: StoreKind::Parquet, columns, indexes: None, foreign_keys: None, checks: None }
}

/// How two files write a type down may differ (INT32 or INT64, UTF-8 with or without a dictionary), what it means may not.
fn first_difference(columns: &[Column], first: &Path, others: &[Column], other: &Path) -> Option<String> {
    let differ = |i: &usize| match (columns.get(*i), others.get(*i)) {
        (Some(a), Some(b)) => a.name != b.name || a.canonical != b.canonical,
        _ => true,
    };
    let position = (0..columns.len().max(others.len())).find(differ)?;
    let word = |columns: &[Column]| match columns.get(position) {
        Some(column) => format!("{:?} of type {}", column.name, column.native),
        None => "missing".into(),
    };
    let (number, word, other_word) = (position + 1, word(columns), word(others));
    Some(format!("column {number} is {word} in {}, but {other_word} in {}", first.display(), other.display()))
}

/// Parquet files as they were when the snapshot was opened.
struct ParquetSnapshot {
    tables: FileTables,
    evidence: Arc<Evidence>,
    workers: usize,
}

#[async_trait]
impl StoreSnapshot for ParquetSnapshot {
    fn coordinates(&self) -> Vec<(String, String)> {
        self.evidence.coordinates()
    }

    fn consistency(&self) -> String {
        super::directory::CONSISTENCY.into()
    }

    fn workers_max(&self) -> usize {
        self.workers.max(1)
    }

    async fn parts(&self, read: &TableRead, wanted: usize) -> Result<Vec<Part>> {
        refuse_filter(read)?;
        let files = self.footers(&read.table.name).await?;
        let rows: u64 = files.iter().map(ParquetFile::rows).sum();
        let rows_per_part = rows.div_ceil(wanted.max(1) as u64).max(1);
        let part = |file: &ParquetFile| {
            let file_path = file.path().to_path_buf();
            let ranges = ranges(file.row_groups(), rows_per_part).into_iter();
            ranges.map(move |(first, end)| Part::RowGroups { file: file_path.clone(), first, end }).collect::<Vec<_>>()
        };
        Ok(files.iter().flat_map(part).collect())
    }

    async fn count(&self, read: &TableRead) -> Result<Option<u64>> {
        refuse_filter(read)?;
        Ok(Some(self.footers(&read.table.name).await?.iter().map(ParquetFile::rows).sum()))
    }

    async fn read(&self, read: &TableRead, part: &Part, sink: &BatchSink) -> Result<Option<u64>> {
        refuse_filter(read)?;
        match part {
            Part::RowGroups { file, first, end } => self.read_groups(file, *first, *end, read, sink).await?,
            Part::Whole => {
                for file in self.footers(&read.table.name).await? {
                    self.read_groups(file.path(), 0, file.row_groups().len(), read, sink).await?;
                }
            }
            Part::Where(_) | Part::File(_) | Part::OfSnapshot(_) => {
                return Err(Error::usage("a Parquet file can only be read by its row groups"));
            }
        }
        Ok(None)
    }
}

impl ParquetSnapshot {
    async fn footers(&self, name: &TableName) -> Result<Vec<ParquetFile>> {
        let files = self.tables.find(name)?.files.clone();
        blocking(move || files.iter().map(|file| ParquetFile::open(file)).collect()).await
    }

    async fn read_groups(
        &self,
        file: &Path,
        first: usize,
        end: usize,
        read: &TableRead,
        sink: &BatchSink,
    ) -> Result<()> {
        let (input, table, sink): (PathBuf, Table, BatchSink) = (file.to_path_buf(), read.table.clone(), sink.clone());
        let work = move || {
            for batch in read_row_groups(&input, first, end, &table, None)? {
                sink.send_blocking(batch?)?;
            }
            Ok(())
        };
        read_with_evidence(&self.evidence, file, work).await
    }
}

/// Divides row groups into ranges of at least `rows_per_part` rows, but for the last. A file without row groups has one
/// empty range, so that it, too, is opened and hashed.
fn ranges(row_groups: &[u64], rows_per_part: u64) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let (mut first, mut rows) = (0, 0);
    for (group, group_rows) in row_groups.iter().enumerate() {
        rows += group_rows;
        if rows >= rows_per_part {
            ranges.push((first, group + 1));
            (first, rows) = (group + 1, 0);
        }
    }
    if first < row_groups.len() || ranges.is_empty() {
        ranges.push((first, row_groups.len()));
    }
    ranges
}

#[cfg(test)]
mod tests;
