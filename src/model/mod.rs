//! The nouns that the stages hand to each other. No I/O here.

mod allowance;
mod boundaries;
mod capacity;
mod cause;
mod change;
mod finding;
mod gate;
mod history;
mod key_map;
mod manifest;
mod moving;
pub mod naming;
mod plan;
mod progress;
mod request;
mod result;
mod retry;
mod rows;
mod ruling;
mod run_manifest;
mod sampling;
mod schema;
mod share;
mod side;
mod table;
mod values;

pub use allowance::{Allowance, NO_LIMIT, NOT_SAMPLED, laxer};
pub use boundaries::Boundaries;
pub use capacity::{Capacity, Limit};
pub use cause::{
    Attributed, Cause, CauseExample, CauseKind, CodePage, FoundCause, FoundExample, FourByteLoss, Rounding, Spread,
    TimeUnit, UnicodeForm, UuidOrder,
};
pub use change::{CellChange, Change, ChangeSink, Neighbours};
pub use finding::{
    Aspect, SCHEMA_FORMAT, SchemaFinding, SchemaObject, SchemaReport, SchemaTable, Severity, SeverityCounts,
};
pub use gate::{Allowed, GatePlan, LimitResult, Limits, TableLimits, Waived, Waiver, WaiverResult};
pub use history::{Coverage, Covered, RunEnd, RunRecord, RunStart, TableRecord};
pub use key_map::{KEY_MAP_CELLS_MAX, KeyMap, KeyMapCell};
pub use manifest::{
    DIGESTS_FORMAT, DigestColumn, DigestLayout, MANIFEST_FILE, Manifest, ManifestFile, ManifestPart, ROWS_MARK,
    SNAPSHOT_FORMAT, SNAPSHOT_FORMAT_1, SNAPSHOT_FORMAT_2, SNAPSHOT_FORMAT_3, Taken,
};
pub use moving::{AgePlan, Consistency, FencePlan, FenceResult, Moving, Recheck};
pub use naming::is_pattern;
pub use plan::{ColumnPlan, ComparedColumn, Comparison, TableOutcome, TablePlan};
pub use progress::{Progress, Silent};
pub use request::{ColumnRequest, PatternRequest, Place, TableRequest, fits};
pub use result::{
    Class, ColumnResult, ColumnStatus, Counts, INEXACT_NAME, Moment, Ranges, RunInfo, SUMMARY_FORMAT, Seconds,
    StoreResult, Summary, TableResult, Verdict,
};
pub use retry::RetryPlan;
pub use rows::{DigestBatch, Extent, PartReader, RangeDigest, RowObserver, RowRuns, SnapshotRows};
pub use ruling::{Demands, Phase, RULING_FORMAT, Reason, Rows, RuledTable, Ruling};
pub use run_manifest::{
    KeepSnapshots, RUN_FORMAT, RunFile, RunManifest, RunSignature, RunStore, RunTable, SIGNATURE_FILE, SIGNATURE_FORMAT,
};
pub use sampling::{KeyRange, SampleResult, SampleSize, SampleUnit, Sampling};
pub use schema::{
    Action, Characters, Collation, ColumnRules, ColumnSchema, ForeignKey, Index, IndexPart, Reach, TableSchema,
};
pub use share::Share;
pub use side::{Pair, Side};
pub use table::{Column, Key, StoreIdentity, StoreKind, Table, TableName, TableRead};
pub use values::{ColumnPolicy, HashKey, Showing, TableValues, ValuePolicy};
