//! The hot paths of a comparison, each over 100,000 rows of `orders` in memory: `cargo bench`.
//!
//! Rows start as the bytes of a binary COPY, are decoded into canonical batches, encoded and digested, summed into trees,
//! and compared: each step is measured alone, on what the step before it made.

use std::hint::black_box;
use std::sync::Arc;

use arrow::array::{Array, BinaryArray, RecordBatch};
use arrow::compute::concat_batches;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tieout::canonical::{CanonicalType, Digests, Precision, RowEncoder, RowScratch};
use tieout::diff::{self, Disagreement, Limits};
use tieout::error::{Error, Result};
use tieout::mapping::{self, Described};
use tieout::model::{
    Change, ChangeSink, Column, DigestBatch, Key, Pair, PartReader, RowObserver, RowRuns, Side, SnapshotRows, Table,
    TableName, TableOutcome, TablePlan, TableRequest,
};
use tieout::snapshot::row_encoder;
use tieout::store::postgres::RowDecoder;
use tieout::tree::{Gathered, KeySample, NumberSums, Trees};

const ROWS: i64 = 100_000;
/// The bytes of a COPY come in pieces of this size.
const PIECE_BYTES: usize = 256 << 10;
const ROWS_PER_RANGE: u64 = 512;

fn hot_paths(criterion: &mut Criterion) {
    let (table, plan) = (orders(), orders_plan());
    let mut group = criterion.benchmark_group("orders");
    group.throughput(Throughput::Elements(ROWS as u64));

    let copied = copy_bytes(|_| false);
    group.bench_function("decode a binary COPY", |b| b.iter(|| decode(&table, black_box(&copied))));

    let batches = decode(&table, &copied);
    let encoder = row_encoder(&table, &mapping::layout(&plan, Side::Source)).unwrap();
    let mut scratch = RowScratch::default();
    group.bench_function("canonicalise and digest", |b| {
        b.iter(|| {
            for batch in &batches {
                black_box(encoder.encode(black_box(batch), &mut scratch).unwrap());
            }
        });
    });

    let source = Arc::new(MemoryRows::new(&batches, &encoder));
    let sample = || {
        let mut sample = KeySample::new(ROWS_PER_RANGE);
        source.digests.iter().for_each(|batch| sample.observe(&batch.keys, &batch.digests));
        sample
    };
    group.bench_function("sample the keys", |b| b.iter(sample));
    let sums = |rows: &MemoryRows| {
        let mut sums = NumberSums::new(0, ROWS_PER_RANGE);
        rows.digests.iter().for_each(|batch| sums.observe(&batch.keys, &batch.digests));
        sums
    };
    group.bench_function("sum the digests of ranges of integers", |b| b.iter(|| sums(&source)));

    let hundred = Arc::new(MemoryRows::new(&decode(&table, &copy_bytes(|id| id % (ROWS / 100) == 7)), &encoder));
    let tenth = Arc::new(MemoryRows::new(&decode(&table, &copy_bytes(|id| id % 10 == 7)), &encoder));
    let trees = |target: &Arc<MemoryRows>| {
        let sides = Pair::new(source.as_ref() as &dyn SnapshotRows, target.as_ref() as &dyn SnapshotRows);
        let none = KeySample::new(ROWS_PER_RANGE);
        Trees::build(sides, Pair::new(Gathered::Sample(sample()), Gathered::Sample(none))).unwrap()
    };
    group.bench_function("build both trees from samples and compare them", |b| b.iter(|| trees(&source).mismatched()));

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let limits = Limits { memory_bytes_max: 256 << 20, directory: directory.path().to_owned(), workers: 2 };
    for (name, target, changed) in
        [("diff, 100 rows differ", &hundred, 100), ("diff, a tenth differs", &tenth, ROWS / 10)]
    {
        let disagreement = disagreement(&trees(target), Pair::new(source.clone(), target.clone()));
        group.bench_function(name, |b| {
            b.iter_batched(
                || disagreement.clone(),
                |disagreement| {
                    let mut sink = Counter(0);
                    runtime.block_on(diff::diff(&plan, &disagreement, &limits, &mut sink)).unwrap();
                    assert_eq!(sink.0, changed);
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// Bigint key, two integers, a decimal, two texts, a timestamp: about 100 bytes a row.
fn orders() -> Table {
    let column = |name: &str, native: &str, canonical: CanonicalType| Column {
        name: name.into(),
        native: native.into(),
        canonical,
        nullable: false,
    };
    Table {
        name: TableName::bare("orders"),
        columns: vec![
            column("id", "bigint", CanonicalType::Int64),
            column("customer", "integer", CanonicalType::Int64),
            column("total", "numeric(12,2)", CanonicalType::Decimal { precision: 12, scale: 2 }),
            column("status", "text", CanonicalType::Text),
            column("note", "text", CanonicalType::Text),
            column("ordered_at", "timestamp(6) without time zone", CanonicalType::Timestamp(Precision::Micro)),
        ],
        keys: vec![Key { columns: vec!["id".into()], primary: true, enforced: true }],
        rows_estimate: None,
        schema: None,
    }
}

fn orders_plan() -> TablePlan {
    let name = [TableName::bare("orders")];
    let asked = mapping::match_tables(Pair::new(&name, &name), &TableRequest::default()).unwrap().remove(0);
    let described = Described { asked, tables: Pair::new(Some(orders()), Some(orders())), more: Pair::default() };
    match mapping::plan_tables(vec![described], Pair::default()).unwrap().remove(0) {
        TableOutcome::Compare(plan) => *plan,
        TableOutcome::Settled(result) => panic!("{result:?}"),
    }
}

/// What a server sends for all rows of `orders`; the note of those that are `changed` differs.
fn copy_bytes(changed: impl Fn(i64) -> bool) -> Vec<u8> {
    let mut bytes = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    for id in 0..ROWS {
        let cents = id * 37 % 100_000_000;
        // numeric: digits of base 10,000, weight of the first, sign, scale, then the digits themselves.
        let digits = [cents / 1_000_000, cents / 100 % 10_000, cents % 100 * 100].map(|digit| digit as i16);
        let total = [3, 1, 0, 2, digits[0], digits[1], digits[2]].map(i16::to_be_bytes).concat();
        let end = if changed(id) { "!" } else { "" };
        let fields: [Vec<u8>; 6] = [
            id.to_be_bytes().to_vec(),
            ((id * 7919 % 65_521) as i32).to_be_bytes().to_vec(),
            total,
            ["new", "paid", "shipped"][(id % 3) as usize].into(),
            format!("a note of about forty letters, {id:08}{end}").into(),
            (700_000_000_000_000 + id * 1_000_003).to_be_bytes().to_vec(),
        ];
        bytes.extend_from_slice(&(fields.len() as i16).to_be_bytes());
        for field in fields {
            bytes.extend_from_slice(&(field.len() as i32).to_be_bytes());
            bytes.extend_from_slice(&field);
        }
    }
    bytes.extend_from_slice(&(-1i16).to_be_bytes());
    bytes
}

fn decode(table: &Table, copied: &[u8]) -> Vec<RecordBatch> {
    let mut decoder = RowDecoder::new(table, "memory".into());
    let mut batches: Vec<RecordBatch> =
        copied.chunks(PIECE_BYTES).filter_map(|piece| decoder.push(piece).unwrap()).collect();
    batches.extend(decoder.finish().unwrap());
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), ROWS as usize);
    batches
}

/// A snapshot of one part in memory.
struct MemoryRows {
    rows: RecordBatch,
    digests: Vec<DigestBatch>,
}

impl MemoryRows {
    fn new(batches: &[RecordBatch], encoder: &RowEncoder) -> Self {
        let mut scratch = RowScratch::default();
        let digested = |batch: &RecordBatch| {
            let encoded = encoder.encode(batch, &mut scratch).unwrap();
            DigestBatch { keys: encoded.keys, digests: encoded.digests }
        };
        let digests = batches.iter().map(digested).collect();
        Self { rows: concat_batches(&batches[0].schema(), batches).unwrap(), digests }
    }
}

impl SnapshotRows for MemoryRows {
    fn parts(&self) -> usize {
        1
    }

    fn part_rows(&self, _: usize) -> u64 {
        self.rows.num_rows() as u64
    }

    fn digests(&self, _: usize, selected: Option<&RowRuns>) -> Result<PartReader<DigestBatch>> {
        let Some(selected) = selected else { return Ok(Box::new(self.digests.clone().into_iter().map(Ok))) };
        let mut batches = Vec::new();
        for run in selected.iter() {
            let mut first = 0;
            for batch in &self.digests {
                let (begin, end) = (run.start.max(first), run.end.min(first + batch.keys.len()));
                if begin < end {
                    let (offset, length) = (begin - first, end - begin);
                    let keys: BinaryArray = batch.keys.slice(offset, length);
                    let Digests { high, low } = &batch.digests;
                    let digests = Digests { high: high.slice(offset, length), low: low.slice(offset, length) };
                    batches.push(Ok(DigestBatch { keys, digests }));
                }
                first += batch.keys.len();
            }
        }
        Ok(Box::new(batches.into_iter()))
    }

    fn rows(&self, _: usize, selected: &RowRuns) -> Result<PartReader<RecordBatch>> {
        let runs: Vec<_> = selected.iter().map(|run| Ok(self.rows.slice(run.start, run.len()))).collect();
        Ok(Box::new(runs.into_iter()))
    }
}

fn disagreement(trees: &Trees, rows: Pair<Arc<MemoryRows>>) -> Disagreement {
    let rows_in = |range: usize| trees.sides.as_ref().map(|tree| tree.leaves()[range].rows);
    Disagreement {
        rows: rows.map(|side| side as Arc<dyn SnapshotRows>),
        boundaries: trees.boundaries.clone(),
        extents: trees.extents.clone(),
        mismatched: trees.mismatched().into_iter().map(|range| (range, rows_in(range))).collect(),
        whole: true,
    }
}

struct Counter(i64);

impl ChangeSink for Counter {
    fn change(&mut self, change: &Change) -> Result<()> {
        if change.cells.is_empty() {
            return Err(Error::compare("a corrupt row has cells that differ"));
        }
        self.0 += 1;
        Ok(())
    }
}

criterion_group!(benches, hot_paths);
criterion_main!(benches);
