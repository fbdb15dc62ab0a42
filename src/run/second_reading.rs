//! The second reading of a lean run: the rows of the ranges that disagree, within the same snapshot of the store.
//!
//! Where they are few and the store has an index for them, they are asked for by their keys; else the table is read again
//! and only they are kept. Either way the rows found must give the very digests of the first reading, range for range:
//! what was asked for by key and does not is asked for again by reading everything, and if that does not either, the
//! table has not been compared.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use arrow::array::BinaryArray;
use tokio::task::spawn_blocking;

use super::guard;
use super::job::Job;
use super::reading::{Reader, Tried};
use super::sieve::Sieve;
use super::time;
use crate::canonical::{Digests, KeyValue, RowEncoder, decode_key};
use crate::diff::{self, Disagreement};
use crate::error::{Error, Result};
use crate::model::{Boundaries, Extent, RangeDigest, RowObserver, TableRead};
use crate::snapshot::{Kept, RowsKept, Snapshot, SnapshotWriter, row_encoder};
use crate::store::Part;
use crate::tree::{self, Numbers};

/// The snapshot of the rows that were read again, within that of all digests.
pub(super) const DISAGREEING: &str = "disagreeing";

/// Rows are asked for by their keys up to this many …
const KEYS_MAX: u64 = 200_000;
/// … and where they are no more than one in this many of the table: more are found faster by reading everything.
const SHARE_MIN: u64 = 20;
/// How many rows a statement asks for, by a key of one column, and by a key of several, which is dearer to plan.
const KEYS_PER_PART: usize = 4000;
const TUPLES_PER_PART: usize = 250;
/// How many ranges of numbers.
const RANGES_PER_PART: usize = 32;

/// What is read again.
pub(super) struct SecondReading<'a> {
    pub reader: &'a Reader,
    pub job: &'a Job,
    /// The digests of this side's ranges, as the first reading found them.
    pub leaves: &'a [RangeDigest],
    /// The integers of the ranges, where the key is one.
    pub numbers: Option<&'a Numbers>,
}

/// A part to read, and of its rows the keys that count.
type Asked = (TableRead, Part, Option<HashSet<Box<[u8]>>>);

/// Reads one side's rows of the disagreeing ranges into `directory`, and puts them in the place of the digests.
pub(super) async fn read(again: SecondReading<'_>, disagreement: &mut Disagreement, directory: &Path) -> Result<()> {
    if disagreement.mismatched.is_empty() {
        return Ok(());
    }
    let place = |e: Error| e.at(format!("table {}", again.job.table().name));
    let mut by_keys = again.by_keys(disagreement).await.map_err(place)?;
    if let Some(asked) = &by_keys
        && again.would_scan(asked).await.map_err(place)?
    {
        again.reader.note(&again.job.name, guard::read_in_one(again.job.side, "keys that disagree"));
        by_keys = None;
    }
    let found = match by_keys {
        Some(parts) => again.take(parts, disagreement, directory).await.ok(),
        None => None,
    };
    let found = match found {
        Some(found) => found,
        None => {
            let parts = again.reader.parts(again.job).await?;
            let parts = parts.into_iter().map(|(read, part)| (read, part, None)).collect();
            again.take(parts, disagreement, directory).await.map_err(place)?
        }
    };
    *disagreement.rows.get_mut(again.job.side) = Arc::new(found.snapshot);
    *disagreement.extents.get_mut(again.job.side) = Arc::new(found.extents);
    Ok(())
}

/// The rows that were read again, and which ranges they lie in.
struct Found {
    snapshot: Snapshot,
    extents: Vec<Vec<Extent>>,
}

impl SecondReading<'_> {
    /// The parts that ask for the rows by their keys; `None` where that is not possible, or not worth it.
    async fn by_keys(&self, disagreement: &Disagreement) -> Result<Option<Vec<Asked>>> {
        let open: u64 = disagreement.mismatched.iter().map(|(_, rows)| rows.get(self.job.side)).sum();
        let all: u64 = self.leaves.iter().map(|leaf| leaf.rows).sum();
        let names: Vec<String> = self.job.layout.key.iter().map(|column| column.name.clone()).collect();
        let computed = self.job.layout.key.iter().any(|column| column.expression.is_some());
        let has_index = |read: &TableRead| read.table.keys.iter().any(|key| key.columns == names);
        // Between two sampled ranges lie rows that are not in the sample: it is small, and read again as it was.
        let indexed = !computed && !self.job.is_sample_of_ranges() && self.job.reads.iter().all(has_index);
        if !indexed || open > KEYS_MAX || open > all / SHARE_MIN {
            return Ok(None);
        }
        let snapshot = self.reader.snapshot();
        let between = |ranges: &[(KeyValue, KeyValue)]| -> Option<Vec<Asked>> {
            let part = |read: &TableRead, ranges: &[(KeyValue, KeyValue)]| {
                Some((read.clone(), snapshot.rows_between(names.first()?, ranges)?, None))
            };
            let part = &part;
            let reads = self.job.reads.iter();
            reads.flat_map(|read| ranges.chunks(RANGES_PER_PART).map(move |some| part(read, some))).collect()
        };
        if let Some(numbers) = self.numbers {
            return Ok(between(&self.ranges(numbers, disagreement)));
        }
        let Some(mut keys) = diff::keys_of(disagreement, self.job.side).await? else { return Ok(None) };
        keys.sort_unstable();
        keys.dedup();
        if names.len() == 1
            && let Some(ranges) = ranges_of(&keys, &disagreement.boundaries)
        {
            return Ok(between(&ranges));
        }
        let per_part = if names.len() == 1 { KEYS_PER_PART } else { TUPLES_PER_PART };
        let part = |read: &TableRead, keys: &[Box<[u8]>]| -> Option<Asked> {
            let values: Vec<_> = keys.iter().map(|key| decode_key(key)).collect::<Option<_>>()?;
            let part = snapshot.rows_with_keys(&names, &values)?;
            Some((read.clone(), part, Some(keys.iter().cloned().collect())))
        };
        let (keys, part) = (&keys, &part);
        let reads = self.job.reads.iter();
        Ok(reads.flat_map(|read| keys.chunks(per_part).map(move |some| part(read, some))).collect())
    }

    /// The integers of the disagreeing ranges in which this side has rows.
    fn ranges(&self, numbers: &Numbers, disagreement: &Disagreement) -> Vec<(KeyValue, KeyValue)> {
        let side = self.job.side;
        let with_rows = disagreement.mismatched.iter().filter(|(_, rows)| *rows.get(side) > 0);
        let number = |number: &i64| KeyValue::Number(number.to_string());
        with_rows
            .filter_map(|(range, _)| numbers.of(*range, side))
            .map(|numbers| (number(numbers.start()), number(numbers.end())))
            .collect()
    }

    /// Whether the store would read its whole table for one of the parts.
    async fn would_scan(&self, asked: &[Asked]) -> Result<bool> {
        for (read, part, _) in asked {
            if guard::scanning(self.reader.snapshot(), read, std::slice::from_ref(part)).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads the parts, keeps what lies in the disagreeing ranges, and proves that it is what the first reading found.
    async fn take(&self, parts: Vec<Asked>, disagreement: &Disagreement, directory: &Path) -> Result<Found> {
        let open: Arc<Vec<usize>> = Arc::new(disagreement.mismatched.iter().map(|(range, _)| *range).collect());
        let boundaries = disagreement.boundaries.clone();
        let snapshot = self.read_parts(parts, boundaries.clone(), open.clone(), directory).await?;
        let again = snapshot.clone();
        let (leaves, extents) = spawn_blocking(move || tree::leaves(&again, &boundaries))
            .await
            .map_err(|e| Error::compare("the rows read again could not be digested").because(e))??;
        if open.iter().any(|range| leaves[*range] != self.leaves[*range]) {
            let _ = std::fs::remove_dir_all(snapshot.directory());
            return Err(Error::store("the store gave other rows when it was read for the second time")
                .hint("use --snapshot full, which reads once"));
        }
        Ok(Found { snapshot, extents })
    }

    async fn read_parts(
        &self,
        parts: Vec<Asked>,
        boundaries: Arc<Boundaries>,
        open: Arc<Vec<usize>>,
        directory: &Path,
    ) -> Result<Snapshot> {
        let started = time::now();
        let writer = SnapshotWriter::create(directory)?;
        let encoder = Arc::new(row_encoder(self.job.table(), &self.job.layout)?);
        let reads = parts.into_iter().enumerate().map(|(ordinal, (read, part, keys))| {
            let sieve = Sieve::new(encoder.clone(), self.job.keys()).within(boundaries.clone(), open.clone(), keys);
            self.read_part(&writer, ordinal, (read, part), encoder.clone(), sieve)
        });
        let written = futures::future::try_join_all(reads).await?;
        let mut manifest = self.reader.manifest(self.job, written, started);
        let ranges = format!("the {} ranges that disagree", open.len());
        manifest.filter = Some(manifest.filter.map_or(ranges.clone(), |filter| format!("{ranges}, of {filter}")));
        writer.finish(manifest)
    }

    async fn read_part(
        &self,
        writer: &SnapshotWriter,
        ordinal: usize,
        (read, part): (TableRead, Part),
        encoder: Arc<RowEncoder>,
        sieve: Sieve,
    ) -> Result<(usize, crate::snapshot::Written)> {
        let _worker = self.reader.worker().await?;
        let kept = Kept { rows: RowsKept::Copied, digests: true };
        let begin = || {
            let part = writer.part(ordinal, &read.table, encoder.clone(), &kept, Unobserved)?;
            Ok((part, Some(sieve.again())))
        };
        let (forget, tried) = (|| writer.forget_part(ordinal), Tried::new(self.job));
        let (done, _) =
            self.reader.read_part_again(&self.job.name, &read, &part, (begin, forget), |_| (), &tried).await?;
        Ok((ordinal, done.written))
    }
}

/// The lowest and highest of the keys in each range, where all are numbers: their order is the same in every engine.
fn ranges_of(keys: &[Box<[u8]>], boundaries: &Boundaries) -> Option<Vec<(KeyValue, KeyValue)>> {
    let number = |key: &[u8]| match decode_key(key)?.as_mut_slice() {
        [number @ KeyValue::Number(_)] => Some(number.clone()),
        _ => None,
    };
    let mut range = 0;
    let mut range_of = |key: &[u8]| {
        range = boundaries.range_of(key, range);
        range
    };
    let ranges = keys.chunk_by(|one, other| range_of(one) == range_of(other));
    ranges.map(|keys| Some((number(keys.first()?)?, number(keys.last()?)?))).collect()
}

/// What the tree needs has been gathered in the first reading.
struct Unobserved;

impl RowObserver for Unobserved {
    fn observe(&mut self, _: &BinaryArray, _: &Digests) {}
}
