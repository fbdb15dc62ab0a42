//! The snapshot on disk: write, read, verify.
//!
//! # Format `tieout-snapshot/4`
//!
//! A snapshot is a directory that holds the rows of one table of one store as of one moment:
//!
//! ```text
//! manifest.json            what is here, where it came from, how to tell that it is whole (see model::Manifest)
//! part-00000.parquet       the rows of a part, canonical columns in the table's order
//! digests-00000.parquet    row for row in the same order: key (BYTE_ARRAY), high and low (INT64, unsigned); not always kept
//! ```
//!
//! **Rows.** One column for each column of the table, under its own name and in the Arrow type of its canonical type
//! ([`crate::canonical::CanonicalType::arrow`]), then `__tieout_misfits`: NULL, or a JSON object that maps the name of a
//! column to the text of a value its type cannot hold (the column is NULL in that row). Files are marked with the key
//! `tieout.rows` in their metadata. A table that is a Parquet file already is not copied: the part names the file and
//! its row groups.
//!
//! **Digests.** `key` holds the encodings of the key columns, one after the other; `high` and `low` are the halves of
//! xxh3-128 over the key bytes followed by the encodings of the other compared columns ([`crate::canonical::row`]).
//! `digest` in the manifest lists the columns in their order and what each was read as; digests of another mapping are
//! computed again from the rows. A run keeps none where the key is one integer ([`crate::tree::NumberSums`]): they are
//! summed as the rows pass, and those of single rows are computed again from the rows where they are asked for. A snapshot
//! that was taken alone (`tieout snapshot`) has them, and so has a table whose store allows repeated keys.
//!
//! **Lean.** With `--snapshot lean` the rows are left in the store: `manifest.json` has the format `tieout-digests/2`, its
//! parts have no row files (nor, where the key is one integer, others: the digests are those of the ranges in `tree.parquet`),
//! and the directory cannot be compared again. The rows of the ranges that disagreed are a
//! snapshot of their own in the directory `disagreeing` within it; its `filter` says so.
//!
//! **Parts.** Rows have no order between or within parts; the parts together hold each row once. A part is one reader's
//! share, so the number of parts follows the number of workers, and nothing that is reported depends on it.
//!
//! **Whole or nothing.** The directory is written under the name `.NAME.partial`. Each file is flushed and hashed
//! (SHA-256) as it is written; the manifest is written last, and then the directory takes its name. A killed run leaves a
//! `.partial` directory, which no command takes for a snapshot. A changed file is found by its hash.
//!
//! **Versions.** Formats 1 to 3 are still read. In format 3 every part has its digests. The digests of formats 1 and 2 are computed again from the rows, because they encoded NaN,
//! infinite numbers and times, and times of no day as misfits; their columns of types that had no canonical type then
//! (intervals, arrays, …) meet only such columns of their own time. Format 1 kept a digest as one column `digest` (FIXED_LEN_BYTE_ARRAY(16),
//! big-endian). A reader refuses a `format` it does not know. Within a version, fields may be added to the manifest.

mod hashing;
mod read;
mod write;

pub use read::{Snapshot, row_encoder};
pub use write::{Kept, PartWriter, RowsKept, SnapshotWriter, Written};
