//! SQLite database files, read through SQLite itself and never written.
//!
//! A connection is opened read-only. Rows that are only in the `-wal` file are read like all others; a file that was
//! copied *without* its `-wal` cannot be told from a complete one, because nothing in the file refers to it: copy a live
//! database with `VACUUM INTO` or `.backup`. See `access` for what keeps tieout from leaving files beside a database.
//! In rollback-journal mode a snapshot holds SQLite's shared lock, so that writers wait until it ends; in WAL mode
//! nobody waits.

mod access;
mod describe;
mod header;
mod read;
mod schema;
mod snapshot;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

pub use header::is_database;

use self::access::Access;
use self::snapshot::SqliteSnapshot;
use super::{Store, StoreSnapshot, describe_rest};
use crate::error::{Error, Result};
use crate::model::{StoreIdentity, StoreKind, Table, TableName};

/// An SQLite database file.
pub struct SqliteStore {
    file: Arc<DatabaseFile>,
    identity: StoreIdentity,
}

/// Where the database is, as the user wrote it and as SQLite will open it.
struct DatabaseFile {
    shown: String,
    path: PathBuf,
}

impl SqliteStore {
    /// Opens a database file, which must exist. Reads enough of it to know that it is one.
    pub fn open(path: &str) -> Result<Self> {
        let found = std::fs::canonicalize(path).map_err(|e| {
            let error = Error::store("the SQLite database cannot be opened").at(path).because(e);
            error.hint("check the path; tieout never creates a database")
        })?;
        if !found.is_file() {
            return Err(Error::store("the SQLite database is no file").at(path));
        }
        let file = Arc::new(DatabaseFile { shown: path.to_string(), path: found });
        // Whether it is a database, and readable, shows with the first statement.
        let connection = Access::of(&file)?.connect(&file)?;
        connection
            .query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))
            .map_err(|e| failed("the SQLite database cannot be read", &file.shown, e))?;
        let identity = StoreIdentity { kind: StoreKind::Sqlite, url: path.to_string() };
        Ok(Self { file, identity })
    }

    /// Runs a short question on a connection of its own.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&rusqlite::Connection, &DatabaseFile) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let file = self.file.clone();
        blocking(move || question(&Access::of(&file)?.connect(&file)?, &file)).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn identity(&self) -> &StoreIdentity {
        &self.identity
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        self.ask(|connection, file| {
            describe::tables(connection).map_err(|e| failed("the tables cannot be listed", &file.shown, e))
        })
        .await
    }

    async fn describe(&self, name: &TableName) -> Result<Table> {
        let name = name.clone();
        self.ask(move |connection, file| describe::describe(connection, file, &name)).await
    }

    async fn describe_all(&self, names: &[TableName]) -> Vec<Result<Table>> {
        let asked = names.to_vec();
        let at_once = self.ask(move |connection, file| {
            let described = |name: TableName| Some((name.clone(), describe::describe(connection, file, &name).ok()?));
            Ok(asked.into_iter().filter_map(described).collect())
        });
        describe_rest(self, names, at_once.await.unwrap_or_default()).await
    }

    async fn shapes(&self, names: &[TableName]) -> Result<HashMap<TableName, Vec<String>>> {
        let asked = names.to_vec();
        self.ask(move |connection, file| {
            describe::shapes(connection, &asked).map_err(|e| failed("the tables cannot be looked at", &file.shown, e))
        })
        .await
    }

    async fn open(&self, workers: usize) -> Result<Arc<dyn StoreSnapshot>> {
        let file = self.file.clone();
        blocking(move || Ok(Arc::new(SqliteSnapshot::open(file, workers)?) as Arc<dyn StoreSnapshot>)).await
    }
}

/// SQLite waits in its calls, so they run on threads that may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::store("a reader of SQLite stopped").because(e))?
}

/// An identifier in SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What SQLite reports as an error of ours, with advice for the usual causes.
fn failed(what: &str, place: &str, error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    let hint = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "the file is no SQLite database, is encrypted, or its first page is damaged",
        Some(ErrorCode::DatabaseCorrupt) => {
            "the file is damaged or cut short: see `PRAGMA integrity_check`, or restore it from a copy"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process keeps the database locked: run again when it has finished"
        }
        Some(ErrorCode::ReadOnly) => {
            "a writer crashed and left its journal: open the database once with `sqlite3`, which repairs it"
        }
        Some(ErrorCode::CannotOpen) => {
            "check the rights on the file; beside a -wal file SQLite needs a -shm file that it may write"
        }
        Some(ErrorCode::SystemIoFailure) => "the disk or network drive failed while the file was read",
        None if matches!(error, rusqlite::Error::SqlInputError { .. }) => {
            "check the condition (--where): it must be SQL of SQLite"
        }
        _ => "",
    };
    // SQLite's own words only: the error beneath repeats them after its number.
    let made = Error::store(what).at(place).because(error.to_string());
    let busy = matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
    let made = made.transient(busy);
    if hint.is_empty() { made } else { made.hint(hint) }
}

/// The path of a file that SQLite keeps beside a database, such as its `-wal`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
