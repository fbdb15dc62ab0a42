//! The first bytes of a file: whether it is an SQLite database, and in which journal mode.
//!
//! SQLite's locks on Unix are POSIX locks: a process loses *all* its locks on a file as soon as it closes *any* handle to
//! it, so an innocent look at the header would end the lock of a snapshot that is open elsewhere in the process
//! (source and target may be the same file), and a writer could change pages beneath it. Handles are therefore kept, one
//! for each file that was looked at.

use std::path::Path;

use crate::error::{Error, Result};

/// The length of SQLite's file header.
const HEADER_BYTES: usize = 100;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The header's "file format write version" and "read version"; 2 means WAL.
const FORMAT_VERSIONS: std::ops::Range<usize> = 18..20;
/// The header's counter of changes to the file.
const CHANGE_COUNTER: std::ops::Range<usize> = 24..28;

/// Whether a file begins as SQLite databases do.
pub fn is_database(path: &Path) -> Result<bool> {
    Ok(read(path)?.starts_with(MAGIC))
}

/// Whether a database is in WAL mode, which its header records.
pub(super) fn is_wal(path: &Path) -> Result<bool> {
    Ok(read(path)?.get(FORMAT_VERSIONS) == Some(&[2, 2][..]))
}

/// The counter that every transaction outside WAL mode, and some checkpoints within it, move on.
pub(super) fn change_counter(path: &Path) -> Result<Option<u32>> {
    let header = read(path)?;
    let bytes = header.get(CHANGE_COUNTER).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    Ok(bytes.map(u32::from_be_bytes))
}

/// The header, or less where the file is shorter.
fn read(path: &Path) -> Result<Vec<u8>> {
    let mut header = vec![0; HEADER_BYTES];
    let length =
        fill(path, &mut header).map_err(|e| Error::store("the file cannot be read").at(path.display()).because(e))?;
    header.truncate(length);
    Ok(header)
}

#[cfg(unix)]
fn fill(path: &Path, header: &mut [u8]) -> std::io::Result<usize> {
    use std::collections::BTreeMap;
    use std::fs::File;
    use std::os::unix::fs::{FileExt, MetadataExt};
    use std::sync::{Mutex, PoisonError};

    static HANDLES: Mutex<BTreeMap<(u64, u64), File>> = Mutex::new(BTreeMap::new());
    let metadata = std::fs::metadata(path)?;
    let mut handles = HANDLES.lock().unwrap_or_else(PoisonError::into_inner);
    let file = match handles.entry((metadata.dev(), metadata.ino())) {
        std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
        std::collections::btree_map::Entry::Vacant(new) => new.insert(File::open(path)?),
    };
    let mut length = 0;
    while length < header.len() {
        match file.read_at(&mut header[length..], length as u64)? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

/// Elsewhere a handle's locks are its own.
#[cfg(not(unix))]
fn fill(path: &Path, header: &mut [u8]) -> std::io::Result<usize> {
    use std::io::Read;
    let mut read = Vec::new();
    std::fs::File::open(path)?.take(header.len() as u64).read_to_end(&mut read)?;
    header[..read.len()].copy_from_slice(&read);
    Ok(read.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_known_by_its_first_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::fs::write(&path, "SQLite format").unwrap();
        assert!(!is_database(&path).unwrap());
        std::fs::write(&path, "").unwrap();
        assert!(!is_database(&path).unwrap() && !is_wal(&path).unwrap());
        assert_eq!(change_counter(&path).unwrap(), None);
    }

    #[test]
    fn a_look_at_the_header_does_not_end_the_lock_of_an_open_snapshot() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        let writer = rusqlite::Connection::open(&path).unwrap();
        writer.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
        drop(writer);
        let reader = rusqlite::Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM t").unwrap();
        assert!(is_database(&path).unwrap());
        // Only another process can see the lock: within one, SQLite knows its own locks without asking the system.
        let locked = std::process::Command::new("python3")
            .args(["-c", "import sqlite3,sys; sqlite3.connect(sys.argv[1], timeout=0).execute('INSERT INTO t VALUES (2)').connection.commit()"])
            .arg(&path)
            .stderr(std::process::Stdio::null())
            .status();
        if let Ok(status) = locked {
            assert!(!status.success(), "a writer got past the lock of an open read transaction");
        }
    }
}
