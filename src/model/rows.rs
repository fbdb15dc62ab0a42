//! How the stages read the rows of a finished snapshot without knowing its files.

use std::ops::Range;

use arrow::array::{BinaryArray, RecordBatch};

use crate::canonical::Digests;
use crate::error::Result;

/// Keys and digests of some consecutive rows.
#[derive(Debug, Clone)]
pub struct DigestBatch {
    /// The canonical encoding of each row's key.
    pub keys: BinaryArray,
    /// The 128-bit digest of each row.
    pub digests: Digests,
}

/// Reads the batches of one part, in order.
pub type PartReader<T> = Box<dyn Iterator<Item = Result<T>> + Send>;

/// The rows of one side of one table, in parts. Rows have a fixed order within a part: the same in every reading.
pub trait SnapshotRows: Send + Sync {
    /// The number of parts.
    fn parts(&self) -> usize;

    /// The number of rows of a part.
    fn part_rows(&self, part: usize) -> u64;

    /// Keys and digests of the rows of a part: of all, or of those `selected`.
    fn digests(&self, part: usize, selected: Option<&RowRuns>) -> Result<PartReader<DigestBatch>>;

    /// The canonical batches of the selected rows of a part.
    fn rows(&self, part: usize, selected: &RowRuns) -> Result<PartReader<RecordBatch>>;
}

/// Rows of a part by their place in it: ascending runs that do not touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowRuns(Vec<Range<usize>>);

impl RowRuns {
    /// Adds the rows `run`, all behind those already there.
    pub fn push(&mut self, run: Range<usize>) {
        match self.0.last_mut() {
            Some(last) if last.end == run.start => last.end = run.end,
            _ if run.is_empty() => {}
            _ => self.0.push(run),
        }
    }

    /// The runs.
    pub fn iter(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.0.iter().cloned()
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.0.iter().map(Range::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for RowRuns {
    type Item = Range<usize>;
    type IntoIter = std::vec::IntoIter<Range<usize>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Which ranges the rows of one digest batch lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The number of rows.
    pub rows: u64,
    /// The lowest range that any lies in.
    pub lowest: usize,
    /// The highest.
    pub highest: usize,
}

/// Sees the rows of one part, in their order, while they are written.
pub trait RowObserver: Send {
    /// Takes the keys and digests of the next rows.
    fn observe(&mut self, keys: &BinaryArray, digests: &Digests);
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
