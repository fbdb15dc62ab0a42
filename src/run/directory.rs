//! The run directory: created before any store is read, named when the run is finished.

use std::fs;
use std::path::{Path, PathBuf};

use super::time;
use crate::error::{Error, Result};
use crate::model::Side;

/// `OUT/<run id>/`.
pub(super) struct RunDirectory {
    id: String,
    path: PathBuf,
    out: PathBuf,
    finished: bool,
}

/// Proves that files can be written to `out`, and creates it where it does not exist.
pub fn check_output(out: &Path) -> Result<()> {
    let probe = out.join(format!(".probe-{}", std::process::id()));
    fs::create_dir_all(out)
        .and_then(|()| fs::write(&probe, b"tieout"))
        .and_then(|()| fs::remove_file(&probe))
        .map_err(|e| unwritable(e, out))
}

fn unwritable(cause: std::io::Error, out: &Path) -> Error {
    Error::usage("the output directory cannot be written")
        .at(out.display())
        .because(cause)
        .hint("choose another with --out; nothing was read or compared")
}

impl RunDirectory {
    /// Creates the directory of a new run and proves that it can be written.
    pub fn create(out: &Path) -> Result<Self> {
        check_output(out)?;
        // Two runs may begin in the same second.
        for attempt in 0u32.. {
            let suffix = format!("{:04x}", std::process::id().wrapping_add(attempt * 7919) & 0xFFFF);
            let id = format!("{}-{suffix}", time::stamp());
            let path = out.join(&id);
            match fs::create_dir(&path) {
                Ok(()) => {
                    let directory = Self { id, out: out.to_owned(), finished: false, path };
                    fs::create_dir_all(directory.scratch()).map_err(|e| unwritable(e, out))?;
                    return Ok(directory);
                }
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && attempt < 1000 => {}
                Err(e) => return Err(unwritable(e, out)),
            }
        }
        Err(Error::usage("no free name for a run").at(out.display()))
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where intermediate results go; gone when the run is finished.
    pub fn scratch(&self) -> PathBuf {
        self.path.join(".scratch")
    }

    /// `tables/<name>/`.
    pub fn table(&self, name: &str) -> PathBuf {
        self.path.join("tables").join(folder(name))
    }

    /// `snapshots/<name>/`.
    pub fn snapshots(&self, name: &str) -> PathBuf {
        self.path.join("snapshots").join(folder(name))
    }

    /// `snapshots/<name>/source` or `…/target`.
    pub fn snapshot(&self, name: &str, side: Side) -> PathBuf {
        self.snapshots(name).join(side.name())
    }

    /// Removes a table's snapshots, so that it can be read once more.
    pub fn forget(&self, name: &str) -> std::io::Result<()> {
        fs::remove_dir_all(self.snapshots(name))
    }

    /// Writes a report whole or not at all.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let (path, partial) = (self.path.join(name), self.path.join(format!(".{name}.partial")));
        fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, &path)).map_err(|e| {
            Error::output("cannot write a report")
                .at(path.display())
                .because(e)
                .hint("free space there, or choose another directory with --out")
        })
    }

    /// Points `OUT/latest` to this run and returns the run's directory.
    pub fn finish(mut self) -> Result<PathBuf> {
        self.finished = true;
        let _ = fs::remove_dir_all(self.scratch());
        let (latest, fresh) = (self.out.join("latest"), self.out.join(format!(".latest-{}", self.id)));
        // A link cannot be replaced in place; renaming over it is atomic.
        std::os::unix::fs::symlink(&self.id, &fresh).and_then(|()| fs::rename(&fresh, &latest)).map_err(|e| {
            let _ = fs::remove_file(&fresh);
            Error::output("cannot point to the newest run")
                .at(latest.display())
                .because(e)
                .hint("remove what lies there under this name")
        })?;
        Ok(self.path.clone())
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let _ = fs::remove_dir_all(self.scratch());
        // Removed only if they are empty: evidence that was already written whole stays.
        for folder in ["snapshots", "tables"] {
            if let Ok(entries) = fs::read_dir(self.path.join(folder)) {
                for entry in entries.flatten() {
                    let _ = fs::remove_dir(entry.path());
                }
            }
            let _ = fs::remove_dir(self.path.join(folder));
        }
        let _ = fs::remove_dir(&self.path);
    }
}

/// A table's name as the name of a folder: letters, digits and `_ - .` stay, all else becomes `%XX`.
pub(super) fn folder(name: &str) -> String {
    let mut folder = String::new();
    for (at, byte) in name.bytes().enumerate() {
        match byte {
            b'.' if at == 0 => folder.push_str("%2E"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => folder.push(byte as char),
            other => folder.push_str(&format!("%{other:02X}")),
        }
    }
    // File systems end at 255 bytes; what is cut off is told apart by a hash.
    if folder.len() > 150 {
        let hash = xxhash_rust::xxh3::xxh3_64(name.as_bytes());
        folder = format!("{}~{hash:016x}", &folder[..120]);
    }
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_name_never_leaves_its_folder() {
        assert_eq!(folder("orders"), "orders");
        assert_eq!(folder("../etc/passwd"), "%2E.%2Fetc%2Fpasswd");
        assert_eq!(folder("a b\u{e9}"), "a%20b%C3%A9");
        assert!(folder(&"x".repeat(1000)).len() < 200);
    }

    #[test]
    fn a_run_that_was_dropped_leaves_no_directory() {
        let out = tempfile::tempdir().unwrap();
        drop(RunDirectory::create(out.path()).unwrap());
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    }
}
