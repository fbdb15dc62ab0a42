//! Files as stores: one file, a glob, or a directory with one table for each file or sub-directory.
//!
//! [`open()`] finds the tables; [`super::parquet`] and [`super::csv`] read them.

mod scan;
mod store;
mod tables;

pub use scan::open;
pub use store::DirectoryStore;
pub use tables::{FileTable, FileTables};

use crate::error::{Error, Result};
use crate::model::TableRead;

/// How file stores bring their readers to one moment, in words for the report.
pub(super) const CONSISTENCY: &str =
    "files as they were when the run began: size and time of change were the same before and after reading";

/// File stores have no SQL to filter with.
pub(super) fn refuse_filter(read: &TableRead) -> Result<()> {
    if read.filter.is_none() {
        return Ok(());
    }
    Err(Error::usage("a condition (--where) cannot be applied to Parquet or CSV files")
        .at(format!("table {}", read.table.name))
        .hint("leave out the condition, or write the rows that meet it to a file of their own"))
}
