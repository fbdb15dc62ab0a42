//! Small files that are there whole or not at all: JSON on the first line, its SHA-256 on the second.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// Writes the file so that it outlives a power cut: flushed, then renamed, then its folder flushed.
pub(super) fn write<T: Serialize>(path: &Path, content: &T) -> Result<()> {
    write_file(path, content, true)?;
    // Some file systems know no flushing of folders.
    let _ = path.parent().map(File::open).transpose().and_then(|folder| folder.map(|f| f.sync_all()).transpose());
    Ok(())
}

/// Writes the file whole or not at all; a power cut may take it.
pub(super) fn write_lightly<T: Serialize>(path: &Path, content: &T) -> Result<()> {
    write_file(path, content, false)
}

fn write_file<T: Serialize>(path: &Path, content: &T, durable: bool) -> Result<()> {
    let failed = |e: std::io::Error| {
        Error::output("cannot write what it takes to take the run up again")
            .at(path.display())
            .because(e)
            .hint("free space there, or choose another directory with --out")
    };
    let mut bytes = serde_json::to_vec(content).map_err(|e| failed(e.into()))?;
    let hash = hex::encode(Sha256::digest(&bytes));
    bytes.extend_from_slice(format!("\n{hash}\n").as_bytes());
    // Beside the file under its whole name: others are written at the same time.
    let partial = path.with_file_name(format!("{}.partial", path.file_name().unwrap_or_default().to_string_lossy()));
    let written = File::create(&partial).and_then(|mut file| {
        file.write_all(&bytes)?;
        if durable { file.sync_all() } else { Ok(()) }
    });
    written.and_then(|()| fs::rename(&partial, path)).map_err(|e| {
        let _ = fs::remove_file(&partial);
        failed(e)
    })
}

/// Reads the file; `None` where it is not what was written.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let text = fs::read_to_string(path).ok()?;
    let (json, hash) = text.trim_end().rsplit_once('\n')?;
    if hex::encode(Sha256::digest(json)) != hash {
        return None;
    }
    // By way of a value, which keeps every digit of a float.
    serde_json::from_value(serde_json::from_str(json).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_comes_back_to_the_last_digit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        let floats = [0.1 + 0.2, 1.0 / 3.0, 5e-324, f64::MAX, 0.9999999999999999, 123456789.12345679];
        write(&path, &floats.to_vec()).unwrap();
        assert_eq!(read::<Vec<f64>>(&path).unwrap(), floats);
    }

    #[test]
    fn files_whose_names_differ_in_their_ends_do_not_get_in_each_others_way() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["t.source", "t.target", "t.json"];
        std::thread::scope(|scope| {
            for name in names {
                let path = folder.path().join(name);
                scope.spawn(move || (0..200).for_each(|_| write_lightly(&path, &name.to_owned()).unwrap()));
            }
        });
        assert!(names.iter().all(|name| read::<String>(&folder.path().join(name)).as_deref() == Some(name)));
    }

    #[test]
    fn whatever_bit_is_flipped_nothing_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        write(&path, &vec!["a".to_owned(), "b".to_owned()]).unwrap();
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() - 1 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert_eq!(read::<Vec<String>>(&path), None, "byte {at}");
        }
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert_eq!(read::<Vec<String>>(&path), None);
    }
}
