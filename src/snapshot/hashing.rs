//! A file that is hashed while it is written.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::model::ManifestFile;

/// Pages are larger than this and pass it by; it gathers what stands between them.
const BUFFER_BYTES: usize = 16 << 10;

/// Writes a new file and keeps its SHA-256.
pub(super) struct HashedFile {
    path: PathBuf,
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl HashedFile {
    /// Creates the file; it must not exist.
    pub fn create(path: PathBuf) -> Result<Self> {
        let file = File::create_new(&path).map_err(|e| cannot_write(&path, e))?;
        Ok(Self { path, file: BufWriter::with_capacity(BUFFER_BYTES, file), hash: Sha256::new(), bytes: 0 })
    }

    /// Brings everything to disk and names the file as the manifest does.
    pub fn finish(mut self) -> Result<ManifestFile> {
        self.file.flush().and_then(|()| self.file.get_ref().sync_all()).map_err(|e| cannot_write(&self.path, e))?;
        let name = self.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(ManifestFile { path: name, bytes: self.bytes, sha256: Some(hex::encode(self.hash.finalize())) })
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The error for a file of the snapshot that cannot be written.
pub(super) fn cannot_write(path: &Path, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::snapshot("cannot write the snapshot")
        .at(path.display())
        .because(cause)
        .hint("free space there, or choose another directory with --out")
}
