//! The nouns that the stages hand to each other. No I/O here.

mod boundaries;
mod change;
mod manifest;
mod plan;
mod progress;
mod request;
mod result;
mod rows;
mod run_manifest;
mod side;
mod table;
mod values;

pub use boundaries::Boundaries;
pub use change::{CellChange, Change, ChangeSink};
pub use manifest::{
    DIGESTS_FORMAT, DigestColumn, DigestLayout, MANIFEST_FILE, Manifest, ManifestFile, ManifestPart, ROWS_MARK,
    SNAPSHOT_FORMAT, SNAPSHOT_FORMAT_1, Taken,
};
pub use plan::{ColumnPlan, ComparedColumn, Comparison, TableOutcome, TablePlan};
pub use progress::{Progress, Silent};
pub use request::{ColumnRequest, TableRequest};
pub use result::{
    Class, ColumnResult, ColumnStatus, Counts, INEXACT_NAME, Ranges, RunInfo, SUMMARY_FORMAT, Seconds, StoreResult,
    Summary, TableResult, Verdict,
};
pub use rows::{DigestBatch, Extent, KeyObserver, PartReader, RangeDigest, RowRuns, SnapshotRows};
pub use run_manifest::{
    KeepSnapshots, RUN_FORMAT, RunFile, RunManifest, RunSignature, RunStore, RunTable, SIGNATURE_FILE, SIGNATURE_FORMAT,
};
pub use side::{Pair, Side};
pub use table::{Column, Key, StoreIdentity, StoreKind, Table, TableName, TableRead};
pub use values::{ColumnPolicy, Funnel, HashKey, Showing, TableValues, ValuePolicy};
