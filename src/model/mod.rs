//! The nouns that the stages hand to each other. No I/O here.

mod boundaries;
mod capacity;
mod cause;
mod change;
mod finding;
mod manifest;
mod plan;
mod progress;
mod request;
mod result;
mod rows;
mod sampling;
mod schema;
mod side;
mod table;

pub use boundaries::Boundaries;
pub use capacity::{Capacity, Limit};
pub use cause::{
    Cause, CauseExample, CauseKind, CodePage, FoundCause, FoundExample, FourByteLoss, Rounding, Spread, TimeUnit,
    UnicodeForm, UuidOrder,
};
pub use change::{CellChange, Change, ChangeSink, Neighbours};
pub use finding::{
    Aspect, SCHEMA_FORMAT, SchemaFinding, SchemaObject, SchemaReport, SchemaTable, Severity, SeverityCounts,
};
pub use manifest::{
    DIGESTS_FORMAT, DigestColumn, DigestLayout, MANIFEST_FILE, Manifest, ManifestFile, ManifestPart, ROWS_MARK,
    SNAPSHOT_FORMAT, SNAPSHOT_FORMAT_1, SNAPSHOT_FORMAT_2, Taken,
};
pub use plan::{ColumnPlan, ComparedColumn, Comparison, TableOutcome, TablePlan};
pub use progress::{Progress, Silent};
pub use request::{ColumnRequest, PatternRequest, Place, TableRequest, fits, is_pattern};
pub use result::{
    Class, ColumnResult, ColumnStatus, Counts, INEXACT_NAME, Ranges, RunInfo, SUMMARY_FORMAT, Seconds, StoreResult,
    Summary, TableResult, Verdict,
};
pub use rows::{DigestBatch, Extent, KeyObserver, PartReader, RangeDigest, RowRuns, SnapshotRows};
pub use sampling::{KeyRange, SampleResult, SampleSize, SampleUnit, Sampling};
pub use schema::{
    Action, Characters, Collation, ColumnRules, ColumnSchema, ForeignKey, Index, IndexPart, Reach, TableSchema,
};
pub use side::{Pair, Side};
pub use table::{Column, Key, StoreIdentity, StoreKind, Table, TableName, TableRead};
