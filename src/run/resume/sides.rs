//! Whether a side of a table that was read whole, in a run that broke off before the table was compared, may stand for what would be
//! read now.
//!
//! Only where the store shows that nothing was written to it since. A database server does not: between the moment of a snapshot and
//! the coordinate that was asked for next to it, others may have written.

use std::collections::BTreeMap;
use std::path::Path;

use super::sealed;
use crate::error::Result;
use crate::files::{FileStamp, sha256_of};
use crate::model::StoreKind;

/// Whether a store of this kind can show that nothing was written to it.
pub fn may_stand(kind: StoreKind) -> bool {
    matches!(kind, StoreKind::Sqlite | StoreKind::Parquet | StoreKind::Csv | StoreKind::Directory)
}

/// Writes down that a side was read whole: the hash of its manifest, which has those of its files.
pub fn seal(seal: &Path, manifest: &Path) -> Result<()> {
    sealed::write_lightly(seal, &sha256_of(manifest)?)
}

/// Whether the manifest is the one that was sealed.
pub fn is_sealed(seal: &Path, manifest: &Path) -> bool {
    let sealed: Option<String> = sealed::read(seal);
    sealed.is_some_and(|hash| sha256_of(manifest).is_ok_and(|found| found == hash))
}

/// Whether a store of this kind stands where it stood, by the coordinates of a snapshot then and now.
pub fn still_stands(kind: StoreKind, then: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> bool {
    match kind {
        // The counter moves with every commit outside WAL mode; what is in a WAL moves no counter.
        StoreKind::Sqlite => {
            let told = |all: &BTreeMap<String, String>| {
                all.contains_key("file_change_counter")
                    && all.contains_key("modified")
                    && all.get("wal_bytes").is_some_and(|bytes| bytes == "0")
            };
            told(then) && then == now
        }
        StoreKind::Parquet | StoreKind::Csv | StoreKind::Directory => {
            !then.is_empty() && then.iter().all(|(path, evidence)| is_unchanged(path, evidence))
        }
        _ => false,
    }
}

/// Whether a file that was read is what it was, where the coordinate is about a file.
pub(super) fn is_unchanged(path: &str, evidence: &str) -> bool {
    match evidence.strip_prefix("sha256 ").and_then(|rest| rest.split_once(", ")) {
        Some((_, stamp)) => FileStamp::of(Path::new(path)).is_ok_and(|now| now.to_string() == stamp),
        None => false,
    }
}
