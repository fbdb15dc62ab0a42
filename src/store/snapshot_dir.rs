//! Snapshots as a store: what `tieout snapshot` or an earlier run wrote, compared again without its database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::{BatchSink, Part, Store, StoreSnapshot};
use crate::error::{Error, Result};
use crate::files;
use crate::model::{
    MANIFEST_FILE, Manifest, SNAPSHOT_FORMAT, SNAPSHOT_FORMAT_3, StoreIdentity, StoreKind, Table, TableName, TableRead,
};

/// Whether `path` is the snapshot of a table, or a directory of such snapshots.
pub fn is_snapshot(path: &Path) -> bool {
    path.join(MANIFEST_FILE).is_file() || !snapshots_in(path).is_empty()
}

/// Opens the snapshot of a table, or a directory of such snapshots, and checks every file against its manifest.
pub fn open(path: &Path) -> Result<Arc<dyn Store>> {
    let directories = if path.join(MANIFEST_FILE).is_file() { vec![path.to_owned()] } else { snapshots_in(path) };
    let mut tables = BTreeMap::new();
    for directory in directories {
        let manifest = files::read_manifest(&directory)?;
        files::verify_snapshot(&directory, &manifest)?;
        let name = manifest.table.name.clone();
        if let Some((other, _)) = tables.insert(name.clone(), (directory.clone(), manifest)) {
            let other: PathBuf = other;
            return Err(Error::store(format!("two snapshots of table {name}"))
                .at(format!("{} and {}", other.display(), directory.display()))
                .hint("name one of the two directories"));
        }
    }
    let identity = StoreIdentity { kind: StoreKind::Snapshot, url: path.display().to_string() };
    Ok(Arc::new(SnapshotStore { identity, tables: Arc::new(tables) }))
}

fn snapshots_in(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        // A name that begins with a dot is a snapshot that was not finished.
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .filter(|path| path.join(MANIFEST_FILE).is_file())
        .collect();
    found.sort();
    found
}

type Tables = BTreeMap<TableName, (PathBuf, Manifest)>;

struct SnapshotStore {
    identity: StoreIdentity,
    tables: Arc<Tables>,
}

#[async_trait]
impl Store for SnapshotStore {
    fn identity(&self) -> &StoreIdentity {
        &self.identity
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        Ok(self.tables.keys().cloned().collect())
    }

    async fn describe(&self, name: &TableName) -> Result<Table> {
        let (_, manifest) = find(&self.tables, name)?;
        Ok(Table { rows_estimate: Some(manifest.rows), ..manifest.table.clone() })
    }

    async fn open(&self, workers: usize) -> Result<Arc<dyn StoreSnapshot>> {
        Ok(Arc::new(Opened { tables: self.tables.clone(), workers: workers.max(1) }))
    }
}

struct Opened {
    tables: Arc<Tables>,
    workers: usize,
}

#[async_trait]
impl StoreSnapshot for Opened {
    fn coordinates(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for (name, (directory, manifest)) in self.tables.iter() {
            all.push((format!("{name}.snapshot"), directory.display().to_string()));
            all.push((format!("{name}.taken"), manifest.taken.started.clone()));
            all.extend(manifest.coordinates.iter().map(|(key, value)| (format!("{name}.{key}"), value.clone())));
        }
        all
    }

    fn consistency(&self) -> String {
        let mut ways: Vec<&str> = self.tables.values().map(|(_, manifest)| manifest.consistency.as_str()).collect();
        ways.sort_unstable();
        ways.dedup();
        format!("a finished snapshot ({})", ways.join("; "))
    }

    fn workers_max(&self) -> usize {
        self.workers
    }

    async fn parts(&self, read: &TableRead, _wanted: usize) -> Result<Vec<Part>> {
        if read.filter.is_some() {
            return Err(Error::usage("a condition (--where) cannot be applied to a snapshot")
                .at(format!("table {}", read.table.name))
                .hint("take the snapshot with the condition, or compare without it"));
        }
        let (_, manifest) = find(&self.tables, &read.table.name)?;
        Ok((0..manifest.parts.len()).map(Part::OfSnapshot).collect())
    }

    async fn count(&self, read: &TableRead) -> Result<Option<u64>> {
        Ok(Some(find(&self.tables, &read.table.name)?.1.rows))
    }

    async fn read(&self, read: &TableRead, part: &Part, sink: &BatchSink) -> Result<Option<u64>> {
        let Part::OfSnapshot(ordinal) = *part else {
            return Err(Error::store("a snapshot was asked for a part it does not have"));
        };
        let (directory, manifest) = find(&self.tables, &read.table.name)?;
        let (directory, table) = (directory.clone(), manifest.table.clone());
        let Some(part) = manifest.parts.get(ordinal).cloned() else {
            return Err(Error::store("a snapshot was asked for a part it does not have"));
        };
        let sink = sink.clone();
        tokio::task::spawn_blocking(move || {
            for batch in files::read_part_rows(&directory, &table, &part, None)? {
                sink.send_blocking(batch?)?;
            }
            Ok(None)
        })
        .await
        .map_err(|e| Error::store("a reader stopped").because(e))?
    }

    fn files_of(&self, table: &TableName, part: &Part) -> Option<super::PartFiles> {
        let Part::OfSnapshot(ordinal) = *part else { return None };
        let (directory, manifest) = self.tables.get(table)?;
        Some(super::PartFiles {
            directory: directory.clone(),
            // Digests of an earlier format encode some values otherwise: they hold under no mapping of today.
            layout: [SNAPSHOT_FORMAT, SNAPSHOT_FORMAT_3]
                .contains(&manifest.format.as_str())
                .then(|| manifest.digest.clone()),
            part: manifest.parts.get(ordinal)?.clone(),
            bounds: manifest.bounds.clone(),
        })
    }
}

fn find<'a>(tables: &'a Tables, name: &TableName) -> Result<&'a (PathBuf, Manifest)> {
    tables.get(name).ok_or_else(|| Error::store(format!("there is no snapshot of table {name}")))
}
