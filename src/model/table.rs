//! Stores, tables, columns and keys, as a store describes them before a row is read.

use serde::{Deserialize, Serialize};

use super::TableSchema;
use crate::canonical::CanonicalType;

/// The kind of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// An SQLite database file.
    Sqlite,
    /// A PostgreSQL database.
    Postgres,
    /// A MySQL or MariaDB database.
    Mysql,
    /// Parquet files.
    Parquet,
    /// CSV files.
    Csv,
    /// A directory of Parquet and CSV files.
    Directory,
    /// A directory that `tieout snapshot` or an earlier run wrote.
    Snapshot,
}

impl StoreKind {
    /// The word used in reports, for example `postgres`.
    pub fn name(self) -> &'static str {
        match self {
            StoreKind::Sqlite => "sqlite",
            StoreKind::Postgres => "postgres",
            StoreKind::Mysql => "mysql",
            StoreKind::Parquet => "parquet",
            StoreKind::Csv => "csv",
            StoreKind::Directory => "directory",
            StoreKind::Snapshot => "snapshot",
        }
    }
}

/// Which store this is: its kind and its URL, never with a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreIdentity {
    /// The kind of the store.
    #[serde(rename = "store")]
    pub kind: StoreKind,
    /// URL or path, the password removed.
    pub url: String,
}

/// The name of a table: `schema` where the store has schemas, and the bare name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableName {
    /// The schema, in stores that have several.
    pub schema: Option<String>,
    /// The name without its schema.
    pub name: String,
}

impl TableName {
    /// A name without a schema.
    pub fn bare(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// A name within a schema.
    pub fn in_schema(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: Some(schema.into()), name: name.into() }
    }
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A column as its store declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The name as the store spells it.
    pub name: String,
    /// The declared type in the store's own words, for example `numeric(12,2)`.
    pub native: String,
    /// The type whose Arrow arrays carry the values, without loss.
    pub canonical: CanonicalType,
    /// Whether the store allows NULL.
    pub nullable: bool,
}

/// A declared key of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The names of the key's columns, in key order.
    pub columns: Vec<String>,
    /// Whether this is the primary key (else a unique one).
    pub primary: bool,
    /// Whether the store itself forbids two rows with the same key: false where a key column may be NULL.
    pub enforced: bool,
}

/// A table as its store describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// The name in its store.
    pub name: TableName,
    /// The columns in the store's order.
    pub columns: Vec<Column>,
    /// Primary and unique keys, the primary key first, then those without nullable columns.
    pub keys: Vec<Key>,
    /// A rough number of rows, for progress bars only.
    pub rows_estimate: Option<u64>,
    /// What else the catalogue says; `None` where there is none (CSV files, snapshots of earlier versions).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Box<TableSchema>>,
}

impl Table {
    /// The position of the column of exactly this name.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == column)
    }
}

/// What is to be read of a table: all its columns, and the rows for which `filter` holds.
#[derive(Debug, Clone)]
pub struct TableRead {
    /// The table.
    pub table: Table,
    /// A condition in the store's own SQL; `None` reads every row.
    pub filter: Option<String>,
}
