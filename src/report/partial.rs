//! Files that appear whole or not at all: written under a temporary name, renamed when finished.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The names of a file in the making. Dropped before [`Self::finish`], the file is removed.
#[derive(Debug)]
pub struct PartialFile {
    partial: PathBuf,
    whole: PathBuf,
    finished: bool,
}

impl PartialFile {
    /// Begins the file `dir/name` as `dir/.name.partial`. An earlier file of that name is removed: it is of another run.
    pub fn create(dir: &Path, name: &str) -> Result<(Self, File)> {
        let whole = dir.join(name);
        let partial = dir.join(format!(".{name}.partial"));
        fs::create_dir_all(dir).map_err(|e| cannot_write(dir, e))?;
        match fs::remove_file(&whole) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(cannot_write(&whole, e)),
            _ => {}
        }
        let file = File::create(&partial).map_err(|e| cannot_write(&partial, e))?;
        Ok((Self { partial, whole, finished: false }, file))
    }

    /// Gives the file its name. `file` must have been flushed. With `durable`, the name does not reach the disk before
    /// the bytes do; thousands of files that hold nothing but a header need not wait for the disk.
    pub fn finish(mut self, file: File, durable: bool) -> Result<()> {
        if durable {
            file.sync_data().map_err(|e| cannot_write(&self.partial, e))?;
        }
        drop(file);
        fs::rename(&self.partial, &self.whole).map_err(|e| cannot_write(&self.whole, e))?;
        self.finished = true;
        Ok(())
    }

    /// The error of a write that failed.
    pub fn error(&self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        cannot_write(&self.whole, cause)
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.finished {
            // The run is failing already, for a reason of its own; the name says that the file is not whole.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// The error of anything that cannot be written below the output directory.
fn cannot_write(path: &Path, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::output("cannot write the differences")
        .at(path.display())
        .because(cause)
        .hint("free space there or choose another --out")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_has_its_name_only_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let (partial, mut file) = PartialFile::create(dir.path(), "x.csv").unwrap();
        file.write_all(b"a").unwrap();
        assert_eq!(names(dir.path()), [".x.csv.partial"]);
        partial.finish(file, true).unwrap();
        assert_eq!(names(dir.path()), ["x.csv"]);
    }

    #[test]
    fn a_file_that_is_given_up_leaves_nothing_behind_not_even_an_earlier_one() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("x.csv"), "of an earlier run").unwrap();
        drop(PartialFile::create(dir.path(), "x.csv").unwrap());
        assert_eq!(names(dir.path()), Vec::<String>::new());
    }

    #[test]
    fn an_error_names_the_path_and_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("in the way");
        fs::write(&file, "").unwrap();
        let error = PartialFile::create(&file, "x.csv").unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::Output);
        assert!(error.to_string().contains("in the way"), "{error}");
        assert_eq!(error.advice(), Some("free space there or choose another --out"));
    }
}
