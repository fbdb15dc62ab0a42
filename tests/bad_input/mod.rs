//! Bad input and bad luck: the right exit code, one message that says what, where and what to do, and no file that looks
//! finished.

mod arguments;
mod files;
mod full_disk;
mod halfway;
mod output;
mod stores;

use std::path::Path;

use crate::binary::{Tieout, files_beneath};

/// Two SQLite databases that hold the same small table `t (id, name)`.
fn two_stores(tieout: &Tieout) {
    let script =
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, NULL);";
    crate::sqlite::database(tieout.folder.path(), "source.db", script);
    crate::sqlite::database(tieout.folder.path(), "target.db", script);
}

/// Fails where a folder holds a snapshot that looks whole: only tables named in `whole` may have a manifest.
#[track_caller]
fn assert_no_manifest(folder: &Path, whole: &[&str]) {
    for file in files_beneath(folder) {
        // A run has a manifest, too: it says that nothing was proven.
        let of_run = || std::fs::read_to_string(&file).expect("a manifest").contains("\"format\": \"tieout-run/1\"");
        if file.ends_with("manifest.json") && !of_run() {
            let of_whole_table = file.iter().any(|part| whole.iter().any(|table| part == *table));
            assert!(of_whole_table, "{} looks finished", file.display());
        }
    }
}
