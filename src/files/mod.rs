//! Reading files: listings, evidence of what was read, and Parquet row groups as canonical rows. Used by the stores of
//! Parquet and CSV files, and by snapshots that refer to Parquet files where they lie instead of copying them.
//!
//! - [`list`], [`expand`]: what a directory or a glob holds. They go through `object_store`, and they are the only place
//!   that lists, so that a bucket can become another implementation. The files themselves are read with
//!   [`std::fs::File`]: on a local disk that is simpler and faster than ranges of an object.
//! - [`Evidence`], [`sha256_of`], [`HashedInput`]: size, time and hash of files, and the proof that they did not change
//!   meanwhile.
//! - [`ParquetFile`], [`read_row_groups`]: a Parquet file's footer and its rows.

mod evidence;
mod hashed_input;
mod list;
mod native;
mod parquet_footer;
mod parquet_rows;
mod remainder;
mod snapshot_files;

pub(crate) use evidence::blocking;
pub use evidence::{Evidence, FileStamp, read_and_hash, read_with_evidence, sha256_of};
pub use hashed_input::HashedInput;
pub use list::{Listing, expand, has_wildcards, list};
pub use parquet_footer::ParquetFile;
pub use parquet_rows::read_row_groups;
pub use snapshot_files::{path_of, read_manifest, read_part_digests, read_part_rows, verify_snapshot};

use crate::canonical::MISFITS_COLUMN;
use crate::error::{Error, Result};
use crate::model::Column;

/// What to do about a file that cannot be read.
pub(crate) const COPY_AGAIN: &str = "the file is damaged or was not copied to its end; copy it again from its origin";

/// Checks that every column of a file has a name of its own, and none has the name tieout needs for itself.
pub fn check_column_names(columns: &[Column]) -> Result<()> {
    let mut seen = std::collections::HashMap::new();
    for (position, column) in columns.iter().enumerate() {
        if column.name == MISFITS_COLUMN {
            return Err(Error::store(format!("a column is called {MISFITS_COLUMN}, which tieout uses for itself"))
                .hint("rename the column"));
        }
        if let Some(first) = seen.insert(column.name.as_str(), position) {
            let (first, second) = (first + 1, position + 1);
            return Err(Error::store(format!("columns {first} and {second} are both called {:?}", column.name))
                .hint("give every column a name of its own"));
        }
    }
    Ok(())
}
