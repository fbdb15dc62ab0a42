//! A change: one key that differs, and how.

use super::{Class, Pair};

/// One key that differs between source and target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// How it differs.
    pub class: Class,
    /// The values of the key columns in key order; `None` is NULL.
    pub key: Vec<Option<String>>,
    /// How often each side has the key.
    pub copies: Pair<u64>,
    /// The differing cells of a corrupt row, sorted by column name; empty for the other classes.
    pub cells: Vec<CellChange>,
    /// How the key lies among the others of its side; `None` where it is not known, and for corrupt rows.
    pub neighbours: Option<Neighbours>,
}

/// How a missing, unexpected or duplicate key lies among the keys of the side that has it (the source for a duplicate).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbours {
    /// Whether the key before it has the same class.
    pub follows: bool,
    /// Whether no key comes after it.
    pub is_last: bool,
}

/// One cell that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellChange {
    /// The position of the column pair in the table's plan and in the table's result.
    pub column: usize,
    /// The column's name in the source.
    pub name: String,
    /// The two values as text; `None` is NULL.
    pub values: Pair<Option<String>>,
}

/// Where the changes of a table go, one after the other in key order. Implemented by the writers of reports.
pub trait ChangeSink {
    /// Says in which range the changes that follow lie; for those that want to know.
    fn range(&mut self, _range: usize) {}

    /// Says what the bytes of the next change's key are; for those that want to know.
    fn key(&mut self, _key: &[u8]) {}

    /// Takes the next change.
    fn change(&mut self, change: &Change) -> crate::error::Result<()>;
}
