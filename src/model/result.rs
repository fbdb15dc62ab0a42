//! What a run found: verdicts, counts and findings, in the shape of `summary.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Cause, Consistency, Coverage, FenceResult, LimitResult, Moving, Pair, SampleResult, SchemaFinding, StoreIdentity,
    Waived, WaiverResult,
};

/// The answer. `differ` outweighs `undecided`, which outweighs `match`: the order of the variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything that was asked for was compared, and it is equal.
    Match,
    /// No difference was proven, but something was not compared.
    Undecided,
    /// Differences were proven.
    Differ,
}

impl Verdict {
    /// `match`, `undecided` or `differ`.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Match => "match",
            Verdict::Undecided => "undecided",
            Verdict::Differ => "differ",
        }
    }

    /// The exit code INTERFACE.md gives to this verdict.
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Match => 0,
            Verdict::Differ => 1,
            Verdict::Undecided => 3,
        }
    }
}

/// The class of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// The key is in the source, not in the target.
    Missing,
    /// The key is in the target, not in the source.
    Unexpected,
    /// The key is on both sides, but a different number of times.
    Duplicate,
    /// The key is on both sides the same number of times, but the rows differ.
    Corrupt,
}

impl Class {
    /// All classes, in the order of reports.
    pub const ALL: [Class; 4] = [Class::Missing, Class::Unexpected, Class::Duplicate, Class::Corrupt];

    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Class::Missing => "missing",
            Class::Unexpected => "unexpected",
            Class::Duplicate => "duplicate",
            Class::Corrupt => "corrupt",
        }
    }
}

/// How many keys are in each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Keys in the source only.
    pub missing: u64,
    /// Keys in the target only.
    pub unexpected: u64,
    /// Keys on both sides a different number of times.
    pub duplicate: u64,
    /// Keys on both sides whose rows differ.
    pub corrupt: u64,
}

impl Counts {
    /// The count of one class.
    pub fn of(&self, class: Class) -> u64 {
        match class {
            Class::Missing => self.missing,
            Class::Unexpected => self.unexpected,
            Class::Duplicate => self.duplicate,
            Class::Corrupt => self.corrupt,
        }
    }

    /// Sets the count of one class.
    pub fn set(&mut self, class: Class, count: u64) {
        match class {
            Class::Missing => self.missing = count,
            Class::Unexpected => self.unexpected = count,
            Class::Duplicate => self.duplicate = count,
            Class::Corrupt => self.corrupt = count,
        }
    }

    /// Counts one more key.
    pub fn add(&mut self, class: Class) {
        match class {
            Class::Missing => self.missing += 1,
            Class::Unexpected => self.unexpected += 1,
            Class::Duplicate => self.duplicate += 1,
            Class::Corrupt => self.corrupt += 1,
        }
    }

    /// All keys that differ.
    pub fn total(&self) -> u64 {
        self.missing + self.unexpected + self.duplicate + self.corrupt
    }
}

/// What became of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnStatus {
    /// Its values were compared.
    Compared,
    /// The user asked to leave it out.
    Ignored,
    /// The two columns share no type.
    Incomparable,
    /// The source has it, the target has no counterpart.
    MissingInTarget,
    /// The target has it, the source has no counterpart.
    MissingInSource,
}

impl ColumnStatus {
    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            ColumnStatus::Compared => "compared",
            ColumnStatus::Ignored => "ignored",
            ColumnStatus::Incomparable => "incomparable",
            ColumnStatus::MissingInTarget => "missing_in_target",
            ColumnStatus::MissingInSource => "missing_in_source",
        }
    }
}

/// One column of the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnResult {
    /// The source's name, or the target's where only the target has it.
    pub name: String,
    /// The target's name; `null` where the target has no such column.
    pub target: Option<String>,
    /// What became of it.
    pub status: ColumnStatus,
    /// As what the two were compared; `null` where they were not.
    pub compared_as: Option<String>,
    /// Rows in which this column differs.
    pub corrupt: u64,
    /// What the user should know, for example `lossy: timestamp(6) against datetime(0)`.
    pub findings: Vec<String>,
}

impl ColumnResult {
    /// All names the column goes by.
    pub fn names(&self) -> Vec<&str> {
        [Some(self.name.as_str()), self.target.as_deref()].into_iter().flatten().collect()
    }
}

/// How many ranges the trees have, and in how many the digests disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ranges {
    /// All ranges.
    pub total: u64,
    /// Ranges whose digests disagree.
    pub mismatched: u64,
}

/// Wall-clock seconds by stage.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Seconds {
    /// Reading both stores.
    pub snapshot: f64,
    /// Building and comparing the trees.
    pub tree: f64,
    /// Opening the disagreeing ranges.
    pub diff: f64,
}

/// One table of the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableResult {
    /// The name in reports and of the table's folder: the source's bare name where that is unique.
    pub name: String,
    /// The source's table; `null` where only the target has it.
    pub source: Option<String>,
    /// The target's table; `null` where only the source has it.
    pub target: Option<String>,
    /// The verdict on this table.
    pub verdict: Verdict,
    /// Why the verdict is not `match`, or `null` where the counts say it.
    pub reason: Option<String>,
    /// The source's names of the key columns; empty for a table compared as a multiset of whole rows.
    pub key: Vec<String>,
    /// Rows read on each side; `null` where the side was not read to its end.
    pub rows: Pair<Option<u64>>,
    /// Keys by class.
    #[serde(flatten)]
    pub counts: Counts,
    /// What went wrong behind the differences, those causes first that explain most.
    #[serde(default)]
    pub causes: Vec<Cause>,
    /// Keys that are on both sides and whose rows differ, but only within the tolerances that were asked for: no
    /// difference, and in no class.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub within_tolerance: u64,
    /// What of the counts is waived; left out where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived: Option<Waived>,
    /// The columns.
    pub columns: Vec<ColumnResult>,
    /// What the user should know about the table: inexact names, repeated keys.
    pub findings: Vec<String>,
    /// In what the schemas differ, the gravest first. It changes no verdict.
    #[serde(default)]
    pub schema: Vec<SchemaFinding>,
    /// What the sample proves; left out where the table was compared in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<SampleResult>,
    /// What became of keys that differed at first; left out where the data are taken to stand still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moving: Option<Moving>,
    /// The instants, by each store's own clock, up to which all but the hot keys are verified; left out where the data are
    /// taken to stand still, and where the comparison came to no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_until: Option<Pair<String>>,
    /// The ranges.
    pub ranges: Ranges,
    /// How often it was tried again to read something of it; left out where nothing was.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u64,
    /// When and as of which moment each side was read: in a run that was taken up again, and where a side was read anew; left out
    /// where the run's moments are the table's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moments: Option<Pair<Moment>>,
    /// The time it took.
    pub seconds: Seconds,
}

/// When, and as of which moment of its store, one side of a table was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When the reading began, RFC 3339 in UTC.
    pub started: String,
    /// When the last row had been written, RFC 3339 in UTC.
    pub finished: String,
    /// LSN, GTID, hashes of files: what the store calls the moment.
    pub coordinates: BTreeMap<String, String>,
}

impl TableResult {
    /// A table of which nothing has been compared yet: `undecided`, without a reason.
    pub fn open(name: String, tables: Pair<Option<String>>, findings: Vec<String>) -> Self {
        Self {
            name,
            source: tables.source,
            target: tables.target,
            verdict: Verdict::Undecided,
            reason: None,
            key: Vec::new(),
            rows: Pair::default(),
            counts: Counts::default(),
            causes: Vec::new(),
            within_tolerance: 0,
            waived: None,
            columns: Vec::new(),
            findings,
            schema: Vec::new(),
            sample: None,
            moving: None,
            verified_until: None,
            ranges: Ranges::default(),
            retries: 0,
            moments: None,
            seconds: Seconds::default(),
        }
    }
}

/// A count that is only written where there is something to count.
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The run itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The name of the run directory: starts with the UTC time, so that runs sort.
    pub id: String,
    /// RFC 3339 in UTC.
    pub started: String,
    /// RFC 3339 in UTC.
    pub finished: String,
    /// tieout's version.
    pub version: String,
    /// `full` or `sample`.
    pub mode: String,
    /// The share that was sampled.
    pub sample: Option<String>,
    /// The seed of the sample.
    pub seed: Option<u64>,
    /// How much the moments may differ at which the stores are read.
    #[serde(default)]
    pub consistency: Consistency,
    /// When the run was taken up again after it had broken off, RFC 3339 in UTC; left out where it never was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumed: Vec<String>,
}

/// A store of the result: which it is and how it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoreResult {
    /// Kind and URL.
    #[serde(flatten)]
    pub identity: StoreIdentity,
    /// How the workers' views were brought to one moment; `null` where the store could not be opened.
    pub consistency: Option<String>,
    /// What the user should know of the load on the store: signals over their limits, or not to be read; left out where there is
    /// nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub load: Vec<String>,
}

/// Everything a run found: `summary.json` is this, to the letter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// `tieout-summary/1`.
    pub format: String,
    /// The run.
    pub run: RunInfo,
    /// The source.
    pub source: StoreResult,
    /// The target.
    pub target: StoreResult,
    /// The verdict on everything.
    pub verdict: Verdict,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// Why the whole is undecided although no table is, for example because no table matched.
    pub reason: Option<String>,
    /// The causes of all tables, those first that explain most; at most a hundred, the tables have all.
    #[serde(default)]
    pub causes: Vec<Cause>,
    /// The instants, by each store's own clock, up to which every table is verified; left out where one is not, or where
    /// the data are taken to stand still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_until: Option<Pair<String>>,
    /// How it was made sure that the target has what the source's snapshot shows; only under `strong`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<FenceResult>,
    /// How much of what exists was compared.
    #[serde(default)]
    pub coverage: Coverage,
    /// The limits of the config, and those of zero that are broken; empty where the config has no gate.
    #[serde(default)]
    pub limits: Vec<LimitResult>,
    /// The waivers of the config.
    #[serde(default)]
    pub waivers: Vec<WaiverResult>,
    /// The tables, in name order.
    pub tables: Vec<TableResult>,
}

/// How the finding begins that a name met its counterpart although the two are not exactly alike.
pub const INEXACT_NAME: &str = "named ";

/// The format of [`Summary`].
pub const SUMMARY_FORMAT: &str = "tieout-summary/1";
