//! How the file of a history is opened, created and recognised.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::{Error, Result};

/// How long to wait for another run that is just being recorded.
const BUSY: Duration = Duration::from_secs(60);
/// Marks an SQLite file as a history of tieout ("tieH").
const APPLICATION: i32 = 0x7469_6548;
/// The version of `schema.sql`.
const VERSION: i32 = 1;
const SCHEMA: &str = include_str!("schema.sql");

/// Opens a history to write to it, and creates it where there is none.
pub(super) fn to_append(path: &Path) -> Result<Connection> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| unusable(path, e))?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| unusable(path, e))?;
    settle(&connection).map_err(|e| unusable(path, e))?;
    // Only one of two that find no history creates it.
    connection.execute_batch("BEGIN IMMEDIATE").map_err(|e| unusable(path, e))?;
    if is_new(&connection).map_err(|e| unusable(path, e))? {
        create(&connection).map_err(|e| unusable(path, e))?;
    }
    recognise(&connection, path)?;
    connection.execute_batch("COMMIT").map_err(|e| unusable(path, e))?;
    Ok(connection)
}

/// Opens a history to read it; `None` where there is none yet, because whoever was to create it broke off. Where a run broke
/// off while it was being recorded, this restores the file, if it may.
pub(super) fn to_read(path: &Path) -> Result<Option<Connection>> {
    if !path.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| unreadable(path, e))?;
    connection.busy_timeout(BUSY).map_err(|e| unreadable(path, e))?;
    if is_new(&connection).map_err(|e| unreadable(path, e))? {
        return Ok(None);
    }
    recognise(&connection, path)?;
    Ok(Some(connection))
}

fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "synchronous", "EXTRA")?;
    connection.pragma_update(None, "foreign_keys", true)
}

fn is_new(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(SCHEMA)?;
    connection.pragma_update(None, "application_id", APPLICATION)?;
    connection.pragma_update(None, "user_version", VERSION)
}

fn recognise(connection: &Connection, path: &Path) -> Result<()> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) =
        number("application_id").and_then(|id| Ok((id, number("user_version")?))).map_err(|e| unreadable(path, e))?;
    if application != APPLICATION {
        return Err(Error::usage("this file is no history of tieout")
            .at(path.display())
            .hint("name another file: history = \"…\" in the config, or --history FILE"));
    }
    if version != VERSION {
        return Err(Error::usage(format!("the history has version {version}, this tieout knows version {VERSION}"))
            .at(path.display())
            .hint("use the tieout that wrote it, or begin another history"));
    }
    Ok(())
}

fn unusable(path: &Path, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::usage("the history cannot be opened").at(path.display()).because(cause).hint(
        "it must be a file that can be written: history = \"…\" in the config, or --history FILE; nothing was compared",
    )
}

pub(super) fn unreadable(path: &Path, cause: rusqlite::Error) -> Error {
    let error = Error::output("the history cannot be read").at(path.display());
    match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => error
            .because(cause)
            .hint("the file is damaged or no history: restore it from a backup, or begin another one"),
        _ => error.because(cause).hint("check that it is there and may be read"),
    }
}
