//! The plan of a run as meant: every default filled in, whatever came from the file or the command line.

use std::path::PathBuf;

use chrono_tz::Tz;

pub use crate::model::{ColumnRequest, KeepSnapshots, PatternRequest, TableRequest};
use crate::model::{Consistency, FencePlan, GatePlan, Pair, Recheck, RetryPlan, Sampling, ValuePolicy};
use crate::throttle::{Deadline, LoadPlan};

/// Everything a run needs to know before it opens a store.
#[derive(Debug, Clone)]
pub struct RunPlan {
    /// The two stores.
    pub stores: Pair<StorePlan>,
    /// The tables that were asked for by name; `None` compares all tables that exist on both sides.
    pub tables: Option<Vec<TableRequest>>,
    /// What holds for every table, where nothing closer to it says otherwise; its `names` are empty and mean nothing.
    pub defaults: TableRequest,
    /// What holds for the whole run.
    pub options: Options,
}

/// A store as meant.
#[derive(Clone)]
pub struct StorePlan {
    /// URL or path. May hold a password: never print it, print [`crate::store::connect::redact`] of it.
    pub url: String,
    /// The zone of this store's times without a zone.
    pub time_zone: Option<Tz>,
}

impl std::fmt::Debug for StorePlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StorePlan").field("time_zone", &self.time_zone).finish_non_exhaustive()
    }
}

/// What a snapshot keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Every row.
    Full,
    /// Digests, and the rows of ranges that disagree.
    Lean,
}

/// What holds for the whole run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where run directories are written.
    pub out: PathBuf,
    /// Parallel readers of each store.
    pub workers: usize,
    /// The most memory the diff may take before it spills to disk.
    pub memory_bytes_max: u64,
    /// About how many rows share a range; a power of two.
    pub rows_per_range: u64,
    /// What is kept of the rows.
    pub keep: Keep,
    /// What is asked of all tables whose names fit; what comes first goes first.
    pub groups: Vec<PatternRequest>,
    /// The sample that is compared; `None` compares every row.
    pub sampling: Option<Sampling>,
    /// How much the moments may differ at which the stores are read.
    pub consistency: Consistency,
    /// How often what differs is read again, where it is.
    pub recheck: Recheck,
    /// How it is known under [`Consistency::Strong`] that the target has what the source's snapshot shows.
    pub fence: FencePlan,
    /// Whether the tables that were not asked for by name are compared as well.
    pub all_tables: bool,
    /// Which differences the run lets pass.
    pub gate: GatePlan,
    /// The file in which the run is recorded; `None` records nothing.
    pub history: Option<PathBuf>,
    /// Which snapshots stay when the run has ended.
    pub keep_snapshots: KeepSnapshots,
    /// What may be seen of values.
    pub values: ValuePolicy,
    /// The file with the Ed25519 key that signs the run's manifest.
    pub sign: Option<PathBuf>,
    /// SHA-256 of the config file, where there is one.
    pub config_sha256: Option<String>,
    /// How gently each store is read.
    pub load: Pair<LoadPlan>,
    /// When the run has to be over, and the zone of its clock; without a zone the machine's.
    pub deadline: Option<(Deadline, Option<Tz>)>,
    /// What is tried again, and how often.
    pub retry: RetryPlan,
    /// Whether the run directory keeps what it takes to take the run up again after it broke off.
    pub resumable: bool,
}

impl Options {
    /// Settles which snapshots stay: what was asked for, else all, or none where values are not to be seen.
    pub fn settle_snapshots(&mut self, asked: Option<KeepSnapshots>) {
        let safe = if self.values.shows_all() { KeepSnapshots::Always } else { KeepSnapshots::Never };
        self.keep_snapshots = asked.unwrap_or(safe);
    }
}

/// The name of the history in the directory of the run directories, where a config names no other file.
pub const HISTORY_FILE: &str = "history.db";

impl Default for Options {
    fn default() -> Self {
        Self {
            out: PathBuf::from("reports"),
            workers: std::thread::available_parallelism().map_or(2, |n| n.get()).clamp(2, 8),
            memory_bytes_max: 512 << 20,
            rows_per_range: 512,
            keep: Keep::Full,
            groups: Vec::new(),
            sampling: None,
            consistency: Consistency::default(),
            recheck: Recheck::default(),
            fence: FencePlan::default(),
            all_tables: false,
            gate: GatePlan::default(),
            history: None,
            keep_snapshots: KeepSnapshots::Always,
            values: ValuePolicy::default(),
            sign: None,
            config_sha256: None,
            load: Pair::default(),
            deadline: None,
            retry: RetryPlan::default(),
            resumable: false,
        }
    }
}
