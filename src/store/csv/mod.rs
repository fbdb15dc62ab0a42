//! CSV files.
//!
//! The dialect is RFC 4180: UTF-8, fields separated by `,`, quoted with `"` (doubled inside a quoted field), records
//! ending in `\n` or `\r\n`, the first of them a header with the names of the columns. A byte order mark at the start of
//! the file is removed. Line breaks inside quoted fields belong to the value.
//!
//! NULL, because CSV has no word for it:
//!
//! | in the file | value |
//! |---|---|
//! | nothing (`a,,c`) | NULL |
//! | `""` | the empty string |
//! | `\N` | NULL, as MySQL and PostgreSQL write it |
//! | `"\N"` | the text `\N` |
//! | an empty line, in a file of one column | a row with NULL |
//!
//! Every field is [`CanonicalType::Untyped`]: it takes the type of the other side's column. A file that does not keep to
//! the dialect (too few or too many fields, stray quotes, bytes that are no UTF-8, …) is an error with file and line:
//! rows are never guessed nor left out. Compressed files are not read.

mod read;
mod records;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::directory::{FileTable, FileTables, refuse_filter};
use super::{BatchSink, Part, Store, StoreSnapshot};
use crate::canonical::CanonicalType;
use crate::error::{Error, Result};
use crate::files::{Evidence, blocking, check_column_names, read_and_hash};
use crate::model::{Column, StoreIdentity, Table, TableName, TableRead};

/// Tables in CSV files; each table is one file, or several with the same header.
pub struct CsvStore {
    identity: StoreIdentity,
    tables: FileTables,
}

impl CsvStore {
    /// A store of the given tables.
    pub fn new(identity: StoreIdentity, tables: Vec<FileTable>) -> Self {
        Self { identity, tables: FileTables::new(tables) }
    }
}

#[async_trait]
impl Store for CsvStore {
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
        Ok(Arc::new(CsvSnapshot { tables: self.tables.clone(), evidence: Arc::new(evidence), workers }))
    }
}

fn describe(table: &FileTable) -> Result<Table> {
    let mut first: Option<(&Path, Vec<String>)> = None;
    for file in &table.files {
        let names = read::header(file)?;
        match &first {
            None => first = Some((file, names)),
            Some((first_file, first_names)) if *first_names != names => {
                return Err(different_headers(&table.name, first_file, first_names, file, &names));
            }
            Some(_) => {}
        }
    }
    let Some((file, names)) = first else {
        return Err(Error::store(format!("table {} has no files", table.name)));
    };
    let column = |name| Column { name, native: "csv field".into(), canonical: CanonicalType::Untyped, nullable: true };
    let columns: Vec<Column> = names.into_iter().map(column).collect();
    check_column_names(&columns).map_err(|e| e.at(file.display()))?;
    Ok(Table { name: table.name.clone(), columns, keys: Vec::new(), rows_estimate: None, schema: None })
}

fn different_headers(
    table: &TableName,
    first: &Path,
    first_names: &[String],
    other: &Path,
    other_names: &[String],
) -> Error {
    let place = (0..first_names.len().max(other_names.len())).find(|&i| first_names.get(i) != other_names.get(i));
    let position = place.unwrap_or(0);
    let word = |names: &[String]| names.get(position).map_or("missing".to_string(), |name| format!("{name:?}"));
    Error::store(format!(
        "the files of table {table} have different headers: column {} is {} in {}, but {} in {}",
        position + 1,
        word(first_names),
        first.display(),
        word(other_names),
        other.display()
    ))
    .hint("the files of one table need the same columns in the same order; compare them as separate tables otherwise")
}

/// CSV files as they were when the snapshot was opened.
struct CsvSnapshot {
    tables: FileTables,
    evidence: Arc<Evidence>,
    workers: usize,
}

#[async_trait]
impl StoreSnapshot for CsvSnapshot {
    fn coordinates(&self) -> Vec<(String, String)> {
        self.evidence.coordinates()
    }

    fn consistency(&self) -> String {
        super::directory::CONSISTENCY.into()
    }

    fn workers_max(&self) -> usize {
        self.workers.max(1)
    }

    async fn parts(&self, read: &TableRead, _wanted: usize) -> Result<Vec<Part>> {
        refuse_filter(read)?;
        // A file is not divided: where its quotes open and close is only known from its beginning.
        Ok(self.tables.find(&read.table.name)?.files.iter().cloned().map(Part::File).collect())
    }

    async fn count(&self, read: &TableRead) -> Result<Option<u64>> {
        refuse_filter(read)?;
        Ok(None)
    }

    async fn read(&self, read: &TableRead, part: &Part, sink: &BatchSink) -> Result<Option<u64>> {
        refuse_filter(read)?;
        let files = match part {
            Part::File(file) => vec![file.clone()],
            Part::Whole => self.tables.find(&read.table.name)?.files.clone(),
            Part::Where(_) | Part::RowGroups { .. } | Part::OfSnapshot(_) => {
                return Err(Error::usage("a CSV file can only be read from beginning to end"));
            }
        };
        for file in files {
            self.read_file(file, read.table.clone(), sink.clone()).await?;
        }
        Ok(None)
    }
}

impl CsvSnapshot {
    async fn read_file(&self, file: PathBuf, table: Table, sink: BatchSink) -> Result<()> {
        let input = file.clone();
        read_and_hash(&self.evidence, &file, move || read::rows(&input, &table, &sink)).await
    }
}

#[cfg(test)]
mod tests;
