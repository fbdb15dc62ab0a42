//! The tables of a file store and the files they are made of.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::model::TableName;

/// A table and its files, all of one format; the files together hold each row once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileTable {
    /// The name of the table.
    pub name: TableName,
    /// Its files, in order.
    pub files: Vec<PathBuf>,
}

/// The tables of a store, in name order.
#[derive(Debug, Clone, Default)]
pub struct FileTables(Vec<FileTable>);

impl FileTables {
    /// Takes the tables in any order.
    pub fn new(mut tables: Vec<FileTable>) -> Self {
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        Self(tables)
    }

    /// The names in order.
    pub fn names(&self) -> Vec<TableName> {
        self.0.iter().map(|table| table.name.clone()).collect()
    }

    /// The files of all tables.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.0.iter().flat_map(|table| &table.files)
    }

    /// Whether there is a table of this name.
    pub fn contains(&self, name: &TableName) -> bool {
        self.0.iter().any(|table| table.name == *name)
    }

    /// The table of a name.
    pub fn find(&self, name: &TableName) -> Result<&FileTable> {
        self.0.iter().find(|table| table.name == *name).ok_or_else(|| {
            Error::store(format!("there is no table {name}")).hint("tables are named after their files, without ending")
        })
    }
}
