//! How a database file is opened so that nothing is written, not even beside it.
//!
//! To read a database in WAL mode, SQLite creates a `-wal` and a `-shm` file where there are none: it fails on a
//! read-only medium, and a reader that may not write leaves the two behind. A database without them has no other user,
//! though, so it is opened as immutable, and after every read it is checked that still nobody has written. Where a `-wal`
//! with rows in it lies there (or a server keeps the database open), SQLite's own shared access is used; if the `-shm` is
//! missing then, SQLite rebuilds it: an index of the `-wal`, without data of its own, and the only file ever created.

use std::path::Path;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OpenFlags};

use super::{DatabaseFile, beside, failed, header};
use crate::error::{Error, Result};

/// How long to wait for a writer that is about to finish.
const BUSY: Duration = Duration::from_secs(10);

/// How a database can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Like every reader: SQLite's locks keep writers and readers apart.
    Shared,
    /// Nobody has it open: without locks, and with a check after reading.
    Idle(Traces),
}

/// What a writer cannot avoid changing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Traces {
    bytes: u64,
    modified: Option<SystemTime>,
    wal_bytes: u64,
}

impl Access {
    /// The access that suits the state the file is in now.
    pub fn of(file: &DatabaseFile) -> Result<Self> {
        let side_files = [beside(&file.path, "-wal"), beside(&file.path, "-shm")];
        let in_use = side_files.iter().all(|path| path.exists());
        let traces = Traces::of(file)?;
        let idle = !in_use && traces.wal_bytes == 0 && header::is_wal(&file.path)?;
        Ok(if idle { Access::Idle(traces) } else { Access::Shared })
    }

    /// Opens a connection that can only read.
    pub fn connect(self, file: &DatabaseFile) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = match self {
            Access::Shared => Connection::open_with_flags(&file.path, flags),
            Access::Idle(_) => Connection::open_with_flags(immutable(&file.path)?, flags | OpenFlags::SQLITE_OPEN_URI),
        };
        opened
            .and_then(|connection| {
                connection.busy_timeout(BUSY)?;
                connection.pragma_update(None, "query_only", true)?;
                Ok(connection)
            })
            .map_err(|e| failed("the SQLite database cannot be opened", &file.shown, e))
    }

    /// Fails where somebody has written to a database that was taken for idle.
    pub fn check(self, file: &DatabaseFile) -> Result<()> {
        match self {
            Access::Idle(traces) if Traces::of(file)? != traces => {
                Err(Error::store("the SQLite database was written to while it was read")
                    .at(&file.shown)
                    .hint("what was read may be a mixture of two states: run again"))
            }
            _ => Ok(()),
        }
    }
}

impl Traces {
    fn of(file: &DatabaseFile) -> Result<Self> {
        let metadata = std::fs::metadata(&file.path)
            .map_err(|e| Error::store("the SQLite database cannot be found any more").at(&file.shown).because(e))?;
        let wal_bytes = std::fs::metadata(beside(&file.path, "-wal")).map_or(0, |wal| wal.len());
        Ok(Self { bytes: metadata.len(), modified: metadata.modified().ok(), wal_bytes })
    }
}

fn immutable(path: &Path) -> Result<String> {
    let url = url::Url::from_file_path(path)
        .map_err(|()| Error::store("the path of the SQLite database cannot be used").at(path.display()))?;
    Ok(format!("{url}?immutable=1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(dir: &Path, name: &str, mode: &str) -> DatabaseFile {
        let path = std::fs::canonicalize(dir).unwrap().join(name);
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update(None, "journal_mode", mode).unwrap();
        writer.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
        DatabaseFile { shown: name.into(), path }
    }

    fn rows(connection: &Connection) -> i64 {
        connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn reading_leaves_no_file_beside_the_database() {
        for (mode, idle) in [("wal", true), ("delete", false)] {
            let dir = tempfile::tempdir().unwrap();
            let file = database(dir.path(), "a b%20?c#.db", mode);
            let access = Access::of(&file).unwrap();
            assert_eq!(matches!(access, Access::Idle(_)), idle);
            assert_eq!(rows(&access.connect(&file).unwrap()), 1);
            access.check(&file).unwrap();
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_connection_cannot_write() {
        let dir = tempfile::tempdir().unwrap();
        for mode in ["wal", "delete"] {
            let file = database(dir.path(), mode, mode);
            let connection = Access::of(&file).unwrap().connect(&file).unwrap();
            assert!(connection.execute("INSERT INTO t VALUES (2)", []).is_err());
        }
    }

    #[test]
    fn a_write_to_an_idle_database_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let file = database(dir.path(), "x.db", "wal");
        let access = Access::of(&file).unwrap();
        let writer = Connection::open(&file.path).unwrap();
        writer.execute_batch("INSERT INTO t VALUES (2)").unwrap();
        assert!(access.check(&file).unwrap_err().to_string().contains("written to while it was read"));
        drop(writer);
        assert!(access.check(&file).is_err(), "also after the writer has put its rows into the file");
    }

    #[test]
    fn rows_that_are_only_in_the_wal_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let file = database(dir.path(), "x.db", "wal");
        let writer = Connection::open(&file.path).unwrap();
        writer.execute_batch("INSERT INTO t VALUES (2)").unwrap();
        let access = Access::of(&file).unwrap();
        assert_eq!(access, Access::Shared);
        assert_eq!(rows(&access.connect(&file).unwrap()), 2);
        // The same with a copy that has its -wal but no -shm and no other user.
        for suffix in ["", "-wal"] {
            std::fs::copy(beside(&file.path, suffix), dir.path().join(format!("copy.db{suffix}"))).unwrap();
        }
        let copy = DatabaseFile { shown: "copy.db".into(), path: file.path.with_file_name("copy.db") };
        let access = Access::of(&copy).unwrap();
        assert_eq!(access, Access::Shared);
        assert_eq!(rows(&access.connect(&copy).unwrap()), 2);
    }
}
