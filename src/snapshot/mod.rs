//! The snapshot on disk: write, read, verify.
//!
//! # Format `tieout-snapshot/1`
//!
//! A snapshot is a directory that holds the rows of one table of one store as of one moment:
//!
//! ```text
//! manifest.json            what is here, where it came from, how to tell that it is whole (see model::Manifest)
//! part-00000.parquet       the rows of a part, canonical columns in the table's order
//! digests-00000.parquet    row for row in the same order: key (BYTE_ARRAY) and digest (FIXED_LEN_BYTE_ARRAY(16))
//! ```
//!
//! **Rows.** One column for each column of the table, under its own name and in the Arrow type of its canonical type
//! ([`crate::canonical::CanonicalType::arrow`]), then `__tieout_misfits`: NULL, or a JSON object that maps the name of a
//! column to the text of a value its type cannot hold (the column is NULL in that row). Files are marked with the key
//! `tieout.rows` in their metadata. A table that is a Parquet file already is not copied: the part names the file and
//! its row groups.
//!
//! **Digests.** `key` holds the encodings of the key columns, one after the other; `digest` is xxh3-128 over the key
//! bytes followed by the encodings of the other compared columns ([`crate::canonical::row`]), big-endian. `digest` in the
//! manifest lists the columns in their order and what each was read as; digests of another mapping are computed again
//! from the rows.
//!
//! **Parts.** Rows have no order between or within parts; the parts together hold each row once. A part is one reader's
//! share, so the number of parts follows the number of workers, and nothing that is reported depends on it.
//!
//! **Whole or nothing.** The directory is written under the name `.NAME.partial`. Each file is flushed and hashed
//! (SHA-256) as it is written; the manifest is written last, and then the directory takes its name. A killed run leaves a
//! `.partial` directory, which no command takes for a snapshot. A changed file is found by its hash.
//!
//! **Versions.** A reader refuses a `format` it does not know. Within a version, fields may be added to the manifest.

mod hashing;
mod read;
mod write;

pub use read::{Snapshot, row_encoder};
pub use write::{PartWriter, RowsKept, SnapshotWriter, Written};
