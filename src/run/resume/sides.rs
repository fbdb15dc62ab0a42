//! Whether a side of a table that was read whole, in a run that broke off before the table was compared, may stand for what would be
//! read now.
//!
//! Only where the store shows that nothing was written to it since. A database server does not: between the moment of a snapshot and
//! the coordinate that was asked for next to it, others may have written.

use std::collections::BTreeMap;
use std::path::Path;

use crate::files::FileStamp;
use crate::model::StoreKind;

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
