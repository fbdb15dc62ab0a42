//! The run directory: created before any store is read, named when the run is finished.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::evidence::SUMMARY_FILE;
use super::resume::{FOLDER, LOCK_FILE, SIDES, STATE_FILE, TABLES};
use super::time;
use crate::error::{Error, Result};
use crate::model::{KeepSnapshots, MANIFEST_FILE, SIGNATURE_FILE, Side, Verdict};
use crate::report::{SAMPLE_FILE, TableSample, sample_json};

/// `OUT/<run id>/`.
pub(super) struct RunDirectory {
    id: String,
    path: PathBuf,
    out: PathBuf,
    finished: bool,
    keeps: KeepSnapshots,
    /// Held for as long as this process works on a run that can be taken up.
    lock: Option<File>,
    /// Whether it is as another process left it.
    untouched: bool,
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
    /// Creates the directory of a new run and proves that it can be written. Where no snapshots are to be kept, none
    /// stay either when the run comes to no end.
    pub fn create(out: &Path, keeps: KeepSnapshots, resumable: bool) -> Result<Self> {
        check_output(out)?;
        // Two runs may begin in the same second.
        for attempt in 0u32.. {
            let suffix = format!("{:04x}", std::process::id().wrapping_add(attempt * 7919) & 0xFFFF);
            let id = format!("{}-{suffix}", time::stamp());
            let path = out.join(&id);
            match fs::create_dir(&path) {
                Ok(()) => {
                    let out = out.to_owned();
                    let mut directory = Self { id, out, finished: false, path, keeps, lock: None, untouched: false };
                    directory.create_folders().map_err(|e| unwritable(e, &directory.out))?;
                    if resumable {
                        let resume = directory.resume();
                        fs::create_dir(&resume).map_err(|e| unwritable(e, &directory.out))?;
                        directory.lock = Some(locked(&resume)?);
                    }
                    return Ok(directory);
                }
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && attempt < 1000 => {}
                Err(e) => return Err(unwritable(e, out)),
            }
        }
        Err(Error::usage("no free name for a run").at(out.display()))
    }

    /// The directory of a run that broke off, as it is: nothing is changed before [`Self::begin_again`]. Fails where another
    /// process works on it, or nothing was written down of it.
    pub fn open(path: &Path, keeps: KeepSnapshots) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let out = path.parent().unwrap_or(Path::new(".")).to_owned();
        let mut directory =
            Self { id: name, out, finished: false, path: path.to_owned(), keeps, lock: None, untouched: true };
        let resume = directory.resume();
        if !resume.is_dir() {
            let finished = path.join(SUMMARY_FILE).is_file();
            let why = if finished { "it is finished" } else { "nothing was written down for it" };
            return Err(Error::usage(format!("this run cannot be taken up: {why}"))
                .at(path.display())
                .hint("start a new run without --resume; only runs of a config file can be taken up"));
        }
        directory.lock = Some(locked(&resume)?);
        Ok(directory)
    }

    /// Removes what made an earlier end, and what a killed process left in the making.
    pub fn begin_again(&mut self) -> Result<()> {
        self.untouched = false;
        let failed = |e| unwritable(e, &self.path);
        remove(&self.scratch())?;
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_end = [SUMMARY_FILE, MANIFEST_FILE, SIGNATURE_FILE].contains(&name.as_str());
            if is_end || (name.starts_with('.') && name.ends_with(".partial")) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        let _ = fs::remove_dir(self.path.join("snapshots"));
        self.create_folders().map_err(failed)
    }

    /// The folder with what it takes to take the run up again.
    fn resume(&self) -> PathBuf {
        self.path.join(FOLDER)
    }

    /// Where it is written down that a side of a table was read whole.
    pub fn seal(&self, name: &str, side: Side) -> PathBuf {
        self.resume().join(SIDES).join(format!("{}.{}", folder(name), side.name()))
    }

    /// Removes that, once there is nothing left to take up. Whenever it breaks off: either the state of the run is still there, so
    /// that it can be taken up, or no file is.
    pub fn remove_resume(&self) -> Result<()> {
        let resume = self.resume();
        for name in [TABLES, SIDES, LOCK_FILE, STATE_FILE].map(|name| resume.join(name)) {
            match fs::remove_file(&name) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => remove(&name)?,
                _ => {}
            }
        }
        remove(&resume)
    }

    /// What must not be kept is nobody else's to read while it is there.
    fn create_folders(&self) -> std::io::Result<()> {
        if self.keeps != KeepSnapshots::Never {
            return fs::create_dir(self.scratch());
        }
        let mut private = fs::DirBuilder::new();
        private.mode(0o700);
        private.create(self.scratch())?;
        match private.create(self.path.join("snapshots")) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            created => created,
        }
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where intermediate results go; gone when the run is finished.
    pub fn scratch(&self) -> PathBuf {
        self.path.join(".scratch")
    }

    /// Where intermediate results of a table go.
    pub fn scratch_of(&self, name: &str) -> PathBuf {
        self.scratch().join(folder(name))
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

    /// The run directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the snapshots of a table, if those of its verdict are not to be kept. Whether they stay.
    pub fn settle_snapshots(&self, name: &str, verdict: Verdict) -> Result<bool> {
        let path = self.snapshots(name);
        if self.keeps.keeps(verdict) {
            return Ok(Side::BOTH.iter().all(|side| self.snapshot(name, *side).join(MANIFEST_FILE).is_file()));
        }
        remove(&path)?;
        Ok(false)
    }

    /// Removes intermediate results, which hold values, and the folder of snapshots where none stayed.
    pub fn remove_scratch(&self) -> Result<()> {
        let _ = fs::remove_dir(self.path.join("snapshots"));
        remove(&self.scratch())
    }

    /// Removes a table's snapshots, so that it can be read once more.
    pub fn forget(&self, name: &str) -> std::io::Result<()> {
        fs::remove_dir_all(self.snapshots(name))
    }

    /// Writes a report whole or not at all.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        write(&self.path, name, bytes)
    }

    /// Keeps the sample of a table's differences.
    pub fn write_sample(&self, name: &str, sample: &TableSample) -> Result<()> {
        write(&self.table(name), SAMPLE_FILE, &sample_json(sample)?)
    }

    /// Points `OUT/latest` to this run and returns the run's directory.
    pub fn finish(mut self) -> Result<PathBuf> {
        self.finished = true;
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

/// Locks the folder against other processes. The lock ends with the process, however it ends.
fn locked(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK_FILE);
    let failed = |e: std::io::Error| Error::usage("the run directory cannot be locked").at(path.display()).because(e);
    let file = File::options().write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::usage("another process works on this run")
            .at(path.display())
            .hint("wait until it has ended; nothing was changed")),
        Err(TryLockError::Error(e)) => Err(failed(e)),
    }
}

/// Writes a file of a run directory whole or not at all.
pub(super) fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let (path, partial) = (folder.join(name), folder.join(format!(".{name}.partial")));
    fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, &path)).map_err(|e| {
        let _ = fs::remove_file(&partial);
        Error::output("cannot write a report")
            .at(path.display())
            .because(e)
            .hint("free space there, or choose another directory with --out")
    })
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        if self.finished || self.untouched {
            return;
        }
        let _ = fs::remove_dir_all(self.scratch());
        if self.keeps == KeepSnapshots::Never {
            let _ = fs::remove_dir_all(self.path.join("snapshots"));
        }
        // Removed only if they are empty: evidence that was already written whole stays.
        for folder in ["snapshots", "tables"] {
            if let Ok(entries) = fs::read_dir(self.path.join(folder)) {
                for entry in entries.flatten() {
                    let _ = fs::remove_dir(entry.path());
                }
            }
            let _ = fs::remove_dir(self.path.join(folder));
        }
        // Where nothing was read to its end, there is nothing to take up.
        if !["snapshots", "tables"].iter().any(|folder| self.path.join(folder).exists()) {
            let _ = fs::remove_dir_all(self.resume());
        }
        let _ = fs::remove_dir(&self.path);
    }
}

/// Removes a folder that may hold values. One that stays would break a promise, so it is an error.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::output("cannot remove what must not be kept")
            .at(path.display())
            .because(e)
            .hint("remove it by hand")),
        _ => Ok(()),
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
    use std::os::unix::fs::PermissionsExt;

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
        drop(RunDirectory::create(out.path(), KeepSnapshots::Always, true).unwrap());
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    }

    #[test]
    fn snapshots_that_must_not_be_kept_go_with_a_run_that_was_dropped() {
        let out = tempfile::tempdir().unwrap();
        for (keeps, left) in [(KeepSnapshots::Never, 0), (KeepSnapshots::Differ, 1), (KeepSnapshots::Always, 1)] {
            let directory = RunDirectory::create(out.path(), keeps, true).unwrap();
            fs::create_dir_all(directory.snapshots("t")).unwrap();
            let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o077;
            if keeps == KeepSnapshots::Never {
                assert_eq!((mode(directory.scratch()), mode(directory.path().join("snapshots"))), (0, 0));
            }
            fs::write(directory.snapshots("t").join("part"), "a value").unwrap();
            let path = directory.path().to_owned();
            drop(directory);
            assert_eq!(usize::from(path.exists()), left, "{keeps:?}");
        }
    }

    #[test]
    fn a_run_that_somebody_works_on_is_left_alone() {
        let out = tempfile::tempdir().unwrap();
        let directory = RunDirectory::create(out.path(), KeepSnapshots::Always, true).unwrap();
        let path = directory.path().to_owned();
        let error = RunDirectory::open(&path, KeepSnapshots::Always).err().unwrap();
        assert!(error.to_string().contains("another process"), "{error}");
        fs::create_dir_all(directory.table("t")).unwrap();
        fs::write(directory.table("t").join("a"), "").unwrap();
        drop(directory);
        let again = RunDirectory::open(&path, KeepSnapshots::Always).unwrap();
        drop(again);
        assert!(path.join("tables/t/a").exists(), "what was only looked at stays");
    }

    #[test]
    fn the_verdict_decides_which_snapshots_stay() {
        let out = tempfile::tempdir().unwrap();
        let directory = RunDirectory::create(out.path(), KeepSnapshots::Differ, false).unwrap();
        for (name, verdict) in [("a", Verdict::Match), ("b", Verdict::Undecided), ("c", Verdict::Differ)] {
            for side in Side::BOTH {
                fs::create_dir_all(directory.snapshot(name, side)).unwrap();
                fs::write(directory.snapshot(name, side).join(MANIFEST_FILE), "{}").unwrap();
            }
            assert_eq!(directory.settle_snapshots(name, verdict).unwrap(), verdict == Verdict::Differ);
            assert_eq!(directory.snapshots(name).exists(), verdict == Verdict::Differ, "{name}");
        }
    }
}
