//! Reads the rows of some keys of one side, and sums them up key by key.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, BinaryArray};
use tokio::task::spawn_blocking;

use super::super::job::Job;
use super::super::reading::{Reader, check_count};
use super::super::sieve::Sieve;
use super::super::time;
use super::Way;
use crate::canonical::{Digests, decode_key};
use crate::error::{Error, Result};
use crate::model::{Manifest, RangeDigest, RowObserver, RowRuns, SnapshotRows, TableRead};
use crate::snapshot::{Kept, RowsKept, Snapshot, SnapshotWriter, row_encoder};
use crate::store::Part;

/// How many keys a statement asks for, by a key of one column, and by a key of several, which is dearer to plan.
const KEYS_PER_PART: usize = 2000;
const TUPLES_PER_PART: usize = 250;

/// What is read.
pub(super) struct KeyReading<'a> {
    pub reader: &'a Reader,
    pub job: &'a Job,
    /// The keys of the table that are watched, in order.
    pub keys: &'a Arc<Vec<Box<[u8]>>>,
    /// The places of those that are read.
    pub places: &'a [usize],
    pub way: Way,
    /// Whether the rows are kept, or only their digests.
    pub rows: RowsKept,
}

impl KeyReading<'_> {
    /// Reads the keys into the snapshot `directory`, in place of what is there. Gives the state of each watched key.
    pub async fn read(&self, directory: &Path) -> Result<(Vec<RangeDigest>, Snapshot)> {
        if directory.exists() {
            std::fs::remove_dir_all(directory)
                .map_err(|e| Error::snapshot("cannot remove an earlier reading").at(directory.display()).because(e))?;
        }
        let started = time::now();
        let kept = Kept { rows: self.rows.clone(), digests: true };
        let writer = SnapshotWriter::create(directory)?;
        let encoder = Arc::new(row_encoder(self.job.table(), &self.job.layout)?);
        let (mut written, mut rows_read, mut all_sent) = (Vec::new(), 0, true);
        for (ordinal, (read, part, places)) in self.parts().await?.into_iter().enumerate() {
            let sieve = Sieve::new(encoder.clone(), None).among(self.keys.clone(), places);
            let part_writer = writer.part(ordinal, &read.table, encoder.clone(), &kept, Unobserved)?;
            let (done, _) = self.reader.read_part(&read, &part, part_writer, Some(sieve), |_| ()).await?;
            if let Some(sent) = done.sent {
                check_count(sent, done.rows_read)?;
            }
            all_sent &= done.sent.is_some();
            rows_read += done.rows_read;
            written.push((ordinal, done.written));
        }
        if self.way == Way::Whole
            && !all_sent
            && let Some(counted) = self.reader.count(&self.job.reads).await?
        {
            check_count(counted, rows_read)?;
        }
        let mut manifest = self.reader.manifest(self.job, written, started);
        let keys = format!("{} keys that differed", self.places.len());
        manifest.filter = Some(manifest.filter.map_or(keys.clone(), |filter| format!("{keys}, of {filter}")));
        let snapshot = writer.finish(manifest)?;
        let (again, keys) = (snapshot.clone(), self.keys.clone());
        let states = spawn_blocking(move || states(&again, &keys)).await;
        let states = states.map_err(|e| Error::compare("the keys could not be summed up").because(e))??;
        Ok((states, snapshot))
    }

    /// The parts to read, each with the places of the keys that count in it.
    async fn parts(&self) -> Result<Vec<(TableRead, Part, Arc<Vec<usize>>)>> {
        if self.way == Way::Whole {
            let places = Arc::new(self.places.to_vec());
            let parts = self.reader.parts(self.job).await?;
            return Ok(parts.into_iter().map(|(read, part)| (read, part, places.clone())).collect());
        }
        let names: Vec<String> = self.job.layout.key.iter().map(|column| column.name.clone()).collect();
        let per_part = if names.len() == 1 { KEYS_PER_PART } else { TUPLES_PER_PART };
        let cannot = || Error::store("the store cannot be asked for keys");
        let mut parts = Vec::new();
        for places in self.places.chunks(per_part) {
            let values: Option<Vec<_>> = places.iter().map(|at| decode_key(&self.keys[*at])).collect();
            let part = self.reader.snapshot().rows_with_keys(&names, &values.ok_or_else(cannot)?).ok_or_else(cannot)?;
            let places = Arc::new(places.to_vec());
            parts.extend(self.job.reads.iter().map(|read| (read.clone(), part.clone(), places.clone())));
        }
        Ok(parts)
    }
}

/// The state of each of `keys`: its rows and the sum of their digests.
fn states(snapshot: &Snapshot, keys: &[Box<[u8]>]) -> Result<Vec<RangeDigest>> {
    let mut states = vec![RangeDigest::default(); keys.len()];
    for part in 0..snapshot.parts() {
        for batch in snapshot.digests(part, None)? {
            let batch = batch?;
            for row in 0..batch.keys.len() {
                let place = keys.binary_search_by(|key| (**key).cmp(batch.keys.value(row)));
                let place = place.map_err(|_| Error::compare("a row has a key that was not asked for"))?;
                states[place].add(batch.digests.value(row));
            }
        }
    }
    Ok(states)
}

/// The snapshot `directory` of the rows that have the keys at `places`, out of another one.
pub(super) fn only(
    rows: &Snapshot,
    job: &Job,
    keys: &Arc<Vec<Box<[u8]>>>,
    places: Arc<Vec<usize>>,
    directory: &Path,
) -> Result<Snapshot> {
    let writer = SnapshotWriter::create(directory)?;
    let encoder = Arc::new(row_encoder(job.table(), &job.layout)?);
    let mut sieve = Sieve::new(encoder.clone(), None).among(keys.clone(), places);
    let kept = Kept { rows: RowsKept::Copied, digests: true };
    let mut part_writer = writer.part(0, job.table(), encoder, &kept, Unobserved)?;
    for part in 0..rows.parts() {
        let count = usize::try_from(rows.part_rows(part)).unwrap_or(usize::MAX);
        let mut all = RowRuns::default();
        all.push(0..count);
        if all.is_empty() {
            continue;
        }
        for batch in rows.rows(part, &all)? {
            part_writer.write(&sieve.sift(&batch?)?)?;
        }
    }
    let (written, _) = part_writer.finish()?;
    let manifest = rows.manifest().clone();
    let filter = manifest.filter.map(|filter| format!("those that stood still and differ of the {filter}"));
    let manifest =
        Manifest { filter, rows: written.part.rows, bounds: written.bounds, parts: vec![written.part], ..manifest };
    writer.finish(manifest)
}

/// The keys are known.
struct Unobserved;

impl RowObserver for Unobserved {
    fn observe(&mut self, _: &BinaryArray, _: &Digests) {}
}
