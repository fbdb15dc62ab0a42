//! How the stages read the rows of a finished snapshot without knowing its files.

use arrow::array::{BinaryArray, FixedSizeBinaryArray, RecordBatch};

use crate::error::Result;

/// Keys and digests of some consecutive rows.
#[derive(Debug, Clone)]
pub struct DigestBatch {
    /// The canonical encoding of each row's key.
    pub keys: BinaryArray,
    /// The 128-bit digest of each row, big-endian.
    pub digests: FixedSizeBinaryArray,
}

/// Reads the batches of one part, in order.
pub type PartReader<T> = Box<dyn Iterator<Item = Result<T>> + Send>;

/// The rows of one side of one table, in parts. Rows have a fixed order within a part: the same in every reading.
pub trait SnapshotRows: Send + Sync {
    /// The number of parts.
    fn parts(&self) -> usize;

    /// The number of rows of a part.
    fn part_rows(&self, part: usize) -> u64;

    /// Keys and digests of every row of a part.
    fn digests(&self, part: usize) -> Result<PartReader<DigestBatch>>;

    /// The canonical batches of those rows of a part that are marked in `selected` (one flag for each row).
    fn rows(&self, part: usize, selected: &[bool]) -> Result<PartReader<RecordBatch>>;
}

/// The digest of a range: how many rows, and the sum of their digests modulo 2^128. Order does not matter, copies count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RangeDigest {
    /// The number of rows.
    pub rows: u64,
    /// The sum of the row digests modulo 2^128.
    pub sum: u128,
}

impl RangeDigest {
    /// Adds a row.
    pub fn add(&mut self, digest: u128) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(digest);
    }

    /// Adds the rows of another digest.
    pub fn merge(&mut self, other: RangeDigest) {
        self.rows += other.rows;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}
