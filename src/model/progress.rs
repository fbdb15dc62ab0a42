//! Progress as events: the library reports, only the command line draws.

use super::Side;

/// What a run is doing. Implementations must be cheap: `rows` is called once a batch from every worker.
pub trait Progress: Send + Sync {
    /// The rows of a table begin to be read; `rows_estimate` is rough and may be unknown.
    fn table_started(&self, side: Side, table: &str, rows_estimate: Option<u64>);
    /// `rows` more rows of a table have been read.
    fn rows(&self, side: Side, table: &str, rows: u64);
    /// A table has been read to its end, or has failed.
    fn table_finished(&self, side: Side, table: &str);
    /// A stage after reading begins, for example `tree` or `diff`.
    fn stage(&self, table: &str, stage: &str);
    /// Something the user should know that is no error.
    fn note(&self, message: &str);
}

/// Reports to nobody.
pub struct Silent;

impl Progress for Silent {
    fn table_started(&self, _: Side, _: &str, _: Option<u64>) {}
    fn rows(&self, _: Side, _: &str, _: u64) {}
    fn table_finished(&self, _: Side, _: &str) {}
    fn stage(&self, _: &str, _: &str) {}
    fn note(&self, _: &str) {}
}
