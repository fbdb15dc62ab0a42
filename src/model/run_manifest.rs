//! The manifest of a run: every file of its directory with its hash, and what the result stands on. `tieout verify` reads
//! it.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Counts, Pair, StoreIdentity, ValuePolicy, Verdict};
use crate::error::{Error, Result};

/// The format of [`RunManifest`].
pub const RUN_FORMAT: &str = "tieout-run/1";
/// The file with the signature of a run's manifest.
pub const SIGNATURE_FILE: &str = "manifest.sig";
/// The format of [`RunSignature`].
pub const SIGNATURE_FORMAT: &str = "tieout-signature/1";

/// `manifest.json` of a run directory, which snapshots' manifests of the same name lie beneath.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunManifest {
    /// [`RUN_FORMAT`].
    pub format: String,
    /// The run's id.
    pub run: String,
    /// RFC 3339 in UTC.
    pub started: String,
    /// RFC 3339 in UTC.
    pub finished: String,
    /// The version of tieout that wrote it.
    pub version: String,
    /// SHA-256 of the config file as it was read; `null` for a run without one.
    pub config_sha256: Option<String>,
    /// The command that repeats the run on its stores; conditions are withheld where values are.
    pub repeat: String,
    /// What was shown of values.
    pub values: ValuePolicy,
    /// What tells the key of hashed values from others; `null` where there was none.
    pub hash_key: Option<String>,
    /// Which snapshots were kept.
    pub keep_snapshots: KeepSnapshots,
    /// The source.
    pub source: RunStore,
    /// The target.
    pub target: RunStore,
    /// The verdict on everything.
    pub verdict: Verdict,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// The tables, in the order of the summary.
    pub tables: Vec<RunTable>,
    /// Every other file of the run directory, sorted by path. The signature is none of them.
    pub files: Vec<RunFile>,
    /// SHA-256 of this document as it is with an empty `seal`: tells damage, but proves nothing against intent. A
    /// signature does.
    pub seal: String,
}

/// A store of a run: which it is, how it was read, and where in its own history that was.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunStore {
    /// Kind and URL.
    #[serde(flatten)]
    pub identity: StoreIdentity,
    /// How the workers' views were brought to one moment.
    pub consistency: Option<String>,
    /// LSN, GTID, hashes of files: what the store calls the moment.
    pub coordinates: BTreeMap<String, String>,
}

/// A table of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunTable {
    /// Its name in the summary.
    pub name: String,
    /// The name of its folder in `tables/` and `snapshots/`.
    pub folder: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The rows of both sides, where they were read to their end.
    pub rows: Pair<Option<u64>>,
    /// Keys by class.
    #[serde(flatten)]
    pub counts: Counts,
    /// The roots of both sides' trees, in hex; `null` where the table was not compared.
    pub roots: Option<Pair<String>>,
    /// Whether both snapshots lie in the run directory.
    pub snapshots: bool,
}

/// A file of a run directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFile {
    /// The path within the run directory, with `/`.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// `manifest.sig`: an Ed25519 signature of the bytes of the manifest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunSignature {
    /// [`SIGNATURE_FORMAT`].
    pub format: String,
    /// `ed25519`.
    pub algorithm: String,
    /// The public key in hex: 32 bytes. Says who claims to have signed; only a key of your own says who did.
    pub public_key: String,
    /// The signature in hex: 64 bytes.
    pub signature: String,
}

/// Which snapshots stay when a run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeepSnapshots {
    /// None.
    Never,
    /// Those of tables that differ.
    Differ,
    /// All.
    Always,
}

impl KeepSnapshots {
    /// Whether those of a table with this verdict stay.
    pub fn keeps(self, verdict: Verdict) -> bool {
        match self {
            KeepSnapshots::Never => false,
            KeepSnapshots::Differ => verdict == Verdict::Differ,
            KeepSnapshots::Always => true,
        }
    }
}

impl FromStr for KeepSnapshots {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "never" => Ok(Self::Never),
            "differ" => Ok(Self::Differ),
            "always" => Ok(Self::Always),
            other => Err(Error::usage(format!("unknown choice of snapshots to keep {other:?}"))
                .hint("keep_snapshots is one of never, differ, always")),
        }
    }
}
