//! The manifest of a snapshot: what lies in its directory, where it came from, and how to tell that it is whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{StoreIdentity, Table};
use crate::canonical::{Reading, Rules};

/// The format of [`Manifest`], with its version.
pub const SNAPSHOT_FORMAT: &str = "tieout-snapshot/4";
/// An earlier format that is still read: every part had a file of digests.
pub const SNAPSHOT_FORMAT_3: &str = "tieout-snapshot/3";
/// An earlier format that is still read: NaN, infinities and times of no day were encoded as misfits.
pub const SNAPSHOT_FORMAT_2: &str = "tieout-snapshot/2";
/// An earlier format that is still read: digests were one column of 16 bytes.
pub const SNAPSHOT_FORMAT_1: &str = "tieout-snapshot/1";
/// The format of a manifest whose rows were left in the store: it cannot be compared again.
pub const DIGESTS_FORMAT: &str = "tieout-digests/2";
/// The name of the manifest's file. It is written last, so a directory without one is no snapshot.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The key in a Parquet file's metadata that marks the canonical rows of a snapshot.
pub const ROWS_MARK: &str = "tieout.rows";

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SNAPSHOT_FORMAT`] or [`DIGESTS_FORMAT`].
    pub format: String,
    /// The version of tieout that wrote it.
    pub created_by: String,
    /// The store the rows came from.
    #[serde(flatten)]
    pub store: StoreIdentity,
    /// The table as its store described it: names, native and canonical types, keys.
    pub table: Table,
    /// The condition on the rows, where there was one.
    pub filter: Option<String>,
    /// When the reading began and ended, RFC 3339 in UTC.
    pub taken: Taken,
    /// Where in the store's own history the snapshot stands: LSN, GTID, file hashes.
    pub coordinates: BTreeMap<String, String>,
    /// How the readers' views were brought to one moment.
    pub consistency: String,
    /// The number of rows.
    pub rows: u64,
    /// The smallest and largest key bytes, in hex; `null` without rows.
    pub bounds: Option<(String, String)>,
    /// Under which mapping the digests hold.
    pub digest: DigestLayout,
    /// The files.
    pub parts: Vec<ManifestPart>,
}

/// The time a snapshot took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    /// When the reading began.
    pub started: String,
    /// When the last row had been written.
    pub finished: String,
}

/// Which columns the digests cover, in which order, read as what.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DigestLayout {
    /// The columns whose encodings, strung together, are the key bytes.
    pub key: Vec<DigestColumn>,
    /// The columns that follow them in the digest.
    pub values: Vec<DigestColumn>,
}

/// A column of a [`DigestLayout`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DigestColumn {
    /// Its name in this table.
    pub name: String,
    /// How it was read.
    pub reading: Reading,
    /// What was asked of its values beyond their type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Box<Rules>>,
    /// The SQL expression that computed its values, where it is no column of the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

/// The files of one part: its rows, and row for row their keys and digests where these were kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManifestPart {
    /// The number of rows.
    pub rows: u64,
    /// The Parquet file with the rows; `null` where they were left in the store ([`DIGESTS_FORMAT`]).
    pub file: Option<ManifestFile>,
    /// Where `file` lies outside of the snapshot and is shared: the row groups of this part (first, and one past the
    /// last). `null` where the file belongs to the snapshot.
    pub row_groups: Option<(usize, usize)>,
    /// The Parquet file with `key`, `high` and `low`; `null` where digests were summed while the rows were read, and are
    /// computed again from the rows where they are needed.
    pub digests: Option<ManifestFile>,
}

impl ManifestPart {
    /// The files that the manifest vouches for.
    pub fn files(&self) -> impl Iterator<Item = &ManifestFile> {
        self.file.iter().chain(&self.digests)
    }
}

/// A file and how to tell that it is unchanged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// The name within the snapshot, or an absolute path for a file outside of it.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in hex. `null` for a file outside of the snapshot: its hash is among the coordinates.
    pub sha256: Option<String>,
}
