//! Canonical values: the types that columns have once they have left their store, and their one encoding in bytes.
//!
//! - [`types`]: the canonical types and the Arrow types that carry them.
//! - [`batch`]: building canonical batches value by value; [`cast`]: from foreign Arrow columns.
//! - [`encode`]: a column as bytes, under the type a pair of columns shares. Two values are equal exactly when their
//!   bytes are, and the byte order is the order of keys everywhere in tieout, whatever an engine's collation says.
//! - [`rules`]: what a config asks beyond that: normalisations before a value is encoded (`ruled`), and [`Tolerance`]s
//!   between two encodings.
//! - [`row`]: key bytes and 128-bit digest of whole rows.
//! - [`display`]: values as text for reports; [`decode`]: the values behind key bytes.
//!
//! `number`, `time`, `interval`, `json`, `identifier`, `bits`, `labels`, `network` and `geometry` read and encode the values
//! of one family each, `special` those beyond all others of theirs, `nested` those that hold others.

pub mod batch;
pub mod bits;
pub mod cast;
pub mod decode;
pub mod display;
pub mod encode;
pub mod geometry;
pub mod identifier;
pub mod interval;
pub mod json;
mod labels;
mod loose;
pub mod misfits;
pub mod nested;
pub mod network;
pub mod number;
pub mod row;
mod row_column;
mod ruled;
pub mod rules;
mod special;
pub mod time;
mod tolerance;
mod truth;
pub mod types;

pub use batch::{BATCH_BYTES_MAX, BatchBuilder, ColumnBuilder, ROWS_PER_BATCH, batch_schema};
pub use decode::{KeyValue, decode_key};
pub use encode::{EncodedColumn, Encoding, Reading, encode_column};
pub use loose::{LooseBuilder, LooseValue};
pub use misfits::Misfits;
pub use row::{Computed, Digests, EncodedRows, RowEncoder, RowField, RowScratch};
pub use rules::Rules;
pub use tolerance::Tolerance;
pub use types::{CanonicalType, LooseHint, MISFITS_COLUMN, Precision};
