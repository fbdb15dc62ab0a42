//! The commands, their options, and what a run leaves behind.

mod demo;
mod exit_codes;
mod init;
mod keys;
mod lean;
mod memory;
mod names;
mod options;
mod run_directory;

use crate::binary::{Outcome, Tieout};

/// Creates two SQLite databases by a script each and compares them.
#[track_caller]
fn compare(tieout: &Tieout, source: &str, target: &str, more: &[&str]) -> Outcome {
    for (name, script) in [("source.db", source), ("target.db", target)] {
        let _ = std::fs::remove_file(tieout.path(name));
        crate::sqlite::database(tieout.folder.path(), name, script);
    }
    tieout.diff("source.db", "target.db", more)
}
