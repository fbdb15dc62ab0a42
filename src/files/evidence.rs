//! What is known about the files that were read: size, time of change and SHA-256; and that they stayed the same.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::error::{Error, ErrorKind, Result};

/// Size and time of change of a file: if both stay the same, so did the file, for all that can be seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStamp {
    /// The size in bytes.
    pub bytes: u64,
    /// When the file was last written to.
    pub modified: SystemTime,
}

impl FileStamp {
    /// The stamp of a file as it is now.
    pub fn of(path: &Path) -> Result<Self> {
        let failed = |e| Error::store("cannot read a file").at(path.display()).because(e);
        let metadata = std::fs::metadata(path).map_err(failed)?;
        Ok(Self { bytes: metadata.len(), modified: metadata.modified().map_err(failed)? })
    }
}

impl std::fmt::Display for FileStamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let modified = DateTime::<Utc>::from(self.modified).to_rfc3339_opts(SecondsFormat::Micros, true);
        write!(f, "{} bytes, modified {modified}", self.bytes)
    }
}

/// The SHA-256 of a whole file in hexadecimal, read as a stream.
pub fn sha256_of(path: &Path) -> Result<String> {
    let failed = |e| Error::store("cannot read a file").at(path.display()).because(e);
    let mut file = File::open(path).map_err(failed)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(hex::encode(hasher.finalize())),
            read => hasher.update(&buffer[..read]),
        }
    }
}

/// The stamps of the files of a store when its snapshot was opened, and the hashes of those that were read since.
#[derive(Debug)]
pub struct Evidence {
    files: BTreeMap<PathBuf, (FileStamp, OnceCell<String>)>,
}

impl Evidence {
    /// Takes the stamps of the files.
    pub fn take<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> Result<Self> {
        let stamped = |path: &PathBuf| Ok((path.clone(), (FileStamp::of(path)?, OnceCell::new())));
        Ok(Self { files: files.into_iter().map(stamped).collect::<Result<_>>()? })
    }

    /// The files whose hashes are known, each with its hash and stamp, in words for the report.
    pub fn coordinates(&self) -> Vec<(String, String)> {
        let known = |(path, (stamp, hash)): (&PathBuf, &(FileStamp, OnceCell<String>))| {
            Some((path.display().to_string(), format!("sha256 {}, {stamp}", hash.get()?)))
        };
        self.files.iter().filter_map(known).collect()
    }

    /// The SHA-256 of a file, if it is known yet.
    pub fn sha256(&self, path: &Path) -> Option<&str> {
        self.files.get(path)?.1.get().map(String::as_str)
    }

    /// Fails if the file is not what it was when the evidence was taken.
    pub fn check_unchanged(&self, path: &Path) -> Result<()> {
        let Some((before, _)) = self.files.get(path) else {
            return Err(Error::store("a file does not belong to the snapshot").at(path.display()));
        };
        let now = FileStamp::of(path)?;
        if now == *before {
            return Ok(());
        }
        Err(Error::store(format!("a file was changed while it was read: it had {before}, now {now}"))
            .at(path.display())
            .hint("wait until nothing writes to the file any more, and run the same command again"))
    }

    /// Hashes a file once, however many parts of it are read.
    async fn hash(&self, path: &Path) -> Result<()> {
        let Some((_, cell)) = self.files.get(path) else { return self.check_unchanged(path) };
        let path = path.to_path_buf();
        cell.get_or_try_init(|| blocking(move || sha256_of(&path))).await.map(|_| ())
    }

    /// Keeps the hash of a file that was read. One that was read before must have been the same.
    fn keep(&self, path: &Path, hash: String) -> Result<()> {
        let Some((_, cell)) = self.files.get(path) else { return self.check_unchanged(path) };
        if cell.set(hash.clone()).is_ok() || cell.get() == Some(&hash) {
            return Ok(());
        }
        Err(Error::store("a file was read twice, and held something else the second time")
            .at(path.display())
            .hint("wait until nothing writes to the file any more, and run the same command again"))
    }

    /// The outcome of reading a file, once it is known whether the file stayed what it was.
    fn conclude(&self, path: &Path, outcome: Result<()>) -> Result<()> {
        match (outcome, self.check_unchanged(path)) {
            (Ok(()), unchanged) => unchanged,
            // A file that changed under the reader looks damaged: the change is what the user needs to hear of.
            (Err(error), Err(changed)) if error.kind() == ErrorKind::Store => Err(changed.because(error)),
            (Err(error), _) => Err(error),
        }
    }
}

/// Runs `read` on a thread that may block, hashes the file at the same time (the second reading comes from the page
/// cache), and makes sure that the file has not changed since the evidence was taken.
pub async fn read_with_evidence(
    evidence: &Arc<Evidence>,
    file: &Path,
    read: impl FnOnce() -> Result<()> + Send + 'static,
) -> Result<()> {
    let outcome = tokio::try_join!(blocking(read), evidence.hash(file)).map(|_| ());
    evidence.conclude(file, outcome)
}

/// As [`read_with_evidence`], where `read` goes through the whole file anyway and returns its SHA-256.
pub async fn read_and_hash(
    evidence: &Arc<Evidence>,
    file: &Path,
    read: impl FnOnce() -> Result<String> + Send + 'static,
) -> Result<()> {
    let outcome = blocking(read).await.and_then(|hash| evidence.keep(file, hash));
    evidence.conclude(file, outcome)
}

/// Runs file work on a thread that may block. Decoders panic on some damaged files: that, too, is a failure to read.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(e) => Err(Error::store("reading a file broke off").because(e).hint(super::COPY_AGAIN)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a.csv");
        std::fs::write(&path, text).unwrap();
        (root, path)
    }

    #[test]
    fn the_hash_is_that_of_the_whole_file() {
        let (_root, path) = file("abc");
        assert_eq!(sha256_of(&path).unwrap(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[tokio::test]
    async fn only_files_that_were_read_are_coordinates() {
        let (_root, path) = file("abc");
        let evidence = Arc::new(Evidence::take([&path]).unwrap());
        assert!(evidence.coordinates().is_empty());
        read_with_evidence(&evidence, &path, || Ok(())).await.unwrap();
        let coordinates = evidence.coordinates();
        assert_eq!(coordinates[0].0, path.display().to_string());
        assert!(coordinates[0].1.starts_with("sha256 ba7816bf8f01cfea"), "{coordinates:?}");
        assert!(coordinates[0].1.contains("3 bytes, modified 20"), "{coordinates:?}");
        assert_eq!(evidence.sha256(&path).map(str::len), Some(64));
    }

    #[tokio::test]
    async fn a_file_that_changes_while_it_is_read_is_an_error() {
        let (_root, path) = file("abc");
        let evidence = Arc::new(Evidence::take([&path]).unwrap());
        let changed = path.clone();
        let error = read_with_evidence(&evidence, &path, move || {
            std::fs::write(changed, "abcd").unwrap();
            Err(Error::store("the decoder gave up"))
        });
        let error = error.await.unwrap_err();
        assert!(error.to_string().contains("changed while it was read"), "{error}");
        assert!(error.to_string().contains("the decoder gave up"), "{error}");
    }

    #[tokio::test]
    async fn a_hash_that_came_with_the_reading_is_kept_and_must_stay_the_same() {
        let (_root, path) = file("abc");
        let evidence = Arc::new(Evidence::take([&path]).unwrap());
        for hash in ["one", "one", "other"] {
            let outcome = read_and_hash(&evidence, &path, move || Ok(hash.to_string())).await;
            assert_eq!(outcome.is_ok(), hash == "one");
        }
        assert_eq!(evidence.sha256(&path), Some("one"));
    }

    #[tokio::test]
    async fn a_decoder_that_panics_is_a_failure_to_read() {
        let (_root, path) = file("abc");
        let evidence = Arc::new(Evidence::take([&path]).unwrap());
        let error = read_with_evidence(&evidence, &path, || panic!("index out of bounds")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
    }

    #[test]
    fn a_file_that_is_gone_is_named() {
        let (_root, path) = file("abc");
        let gone = path.with_extension("gone");
        assert!(FileStamp::of(&gone).unwrap_err().to_string().contains("a.gone"));
        assert!(sha256_of(&gone).unwrap_err().to_string().contains("a.gone"));
    }
}
