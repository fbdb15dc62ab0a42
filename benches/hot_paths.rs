//! The hot paths of a comparison, each over 100,000 rows in memory: `cargo bench`.

use std::hint::black_box;
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tieout::canonical::{CanonicalType, Encoding, Precision, Reading, RowEncoder, RowField, RowScratch};
use tieout::model::{Boundaries, RangeDigest};

const ROWS: usize = 100_000;

/// `orders` as NUMBERS.md describes it: bigint key, two integers, a decimal, two short texts, a timestamp.
fn orders() -> (RecordBatch, RowEncoder) {
    let columns: Vec<(&str, CanonicalType, Encoding, ArrayRef)> = vec![
        ("id", CanonicalType::Int64, Encoding::Number, Arc::new(Int64Array::from_iter_values(0..ROWS as i64))),
        (
            "customer",
            CanonicalType::Int64,
            Encoding::Number,
            Arc::new(Int64Array::from_iter_values((0..ROWS as i64).map(|i| i * 7919 % 65_521))),
        ),
        (
            "total",
            CanonicalType::Decimal { precision: 12, scale: 2 },
            Encoding::Number,
            Arc::new(
                Decimal128Array::from_iter_values((0..ROWS as i128).map(|i| i * 37))
                    .with_data_type(CanonicalType::Decimal { precision: 12, scale: 2 }.arrow()),
            ),
        ),
        (
            "status",
            CanonicalType::Text,
            Encoding::Text,
            Arc::new(StringArray::from_iter_values((0..ROWS).map(|i| ["new", "paid", "shipped"][i % 3]))),
        ),
        (
            "note",
            CanonicalType::Text,
            Encoding::Text,
            Arc::new(StringArray::from_iter_values(
                (0..ROWS).map(|i| format!("a note of about forty letters, {i:08}")),
            )),
        ),
        (
            "ordered_at",
            CanonicalType::Timestamp(Precision::Micro),
            Encoding::Timestamp,
            Arc::new(TimestampMicrosecondArray::from_iter_values(
                (0..ROWS as i64).map(|i| 1_700_000_000_000_000 + i * 1_000_003),
            )),
        ),
    ];
    let batch = RecordBatch::try_from_iter(columns.iter().map(|(name, .., array)| (*name, array.clone()))).unwrap();
    let mut fields: Vec<RowField> = columns
        .iter()
        .enumerate()
        .map(|(position, (name, canonical, encoding, _))| RowField {
            position,
            name: (*name).into(),
            canonical: canonical.clone(),
            reading: Reading::plain(*encoding),
            rules: None,
            computed: None,
        })
        .collect();
    let values = fields.split_off(1);
    (batch, RowEncoder::new(fields, values))
}

fn hot_paths(criterion: &mut Criterion) {
    let (batch, encoder) = orders();
    let mut scratch = RowScratch::default();
    let mut group = criterion.benchmark_group("rows");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("encode and digest", |b| b.iter(|| encoder.encode(black_box(&batch), &mut scratch).unwrap()));

    let encoded = encoder.encode(&batch, &mut scratch).unwrap();
    let keys = (0..ROWS).step_by(512).map(|row| encoded.keys.value(row).into()).collect();
    let boundaries = Boundaries::new(keys);
    group.bench_function("sum into ranges", |b| {
        b.iter(|| {
            let mut leaves = vec![RangeDigest::default(); boundaries.ranges()];
            let mut range = 0;
            for row in 0..ROWS {
                range = boundaries.range_of(encoded.keys.value(row), range);
                leaves[range].add(encoded.digests.value(row));
            }
            leaves
        })
    });
    group.finish();
}

criterion_group!(benches, hot_paths);
criterion_main!(benches);
