//! Runs the real pipeline over a case: Parquet files in, `differences.csv` and `.parquet` out.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tieout::config::{Options, RunPlan, StorePlan};
use tieout::model::{Pair, Side, Silent, TableRequest, Verdict};

use super::naive::{identity, text};
use super::tables::{Case, Row, Type, Value};

/// How the pipeline is run; none of it may change what it finds.
#[derive(Debug, Clone)]
pub struct Way {
    pub workers: usize,
    pub rows_per_range: u64,
    /// The files each side is spread over.
    pub files: usize,
    /// The seed of another order of the rows.
    pub shuffle: Option<u64>,
}

impl Default for Way {
    fn default() -> Self {
        Self { workers: 2, rows_per_range: 8, files: 1, shuffle: None }
    }
}

/// A line of the report; a key by the identities of its values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub key: Vec<String>,
    pub class: String,
    pub column: Option<String>,
    pub source: Option<String>,
    pub target: Option<String>,
}

pub struct Found {
    pub lines: Vec<Line>,
    pub csv: String,
    pub verdict: Verdict,
}

/// Runs the pipeline.
pub fn differences(case: &Case, way: &Way) -> Found {
    let folder = tempfile::tempdir().unwrap();
    for side in Side::BOTH {
        write(case, side, way, &folder.path().join(side.name()).join("t"));
    }
    let store = |side: Side| StorePlan { url: folder.path().join(side.name()).display().to_string(), time_zone: None };
    let key = (case.key > 0).then(|| (0..case.key).map(|at| format!("c{at}")).collect());
    let plan = RunPlan {
        stores: Pair::from_fn(store),
        tables: None,
        defaults: TableRequest { key, ..Default::default() },
        options: Options {
            out: folder.path().join("reports"),
            workers: way.workers,
            rows_per_range: way.rows_per_range,
            ..Options::default()
        },
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let finished = runtime.block_on(tieout::run::run(&plan, Arc::new(Silent))).unwrap();
    assert!(finished.failures.is_empty(), "{:?}", finished.failures);
    let tables = finished.directory.join("tables/t");
    let csv = std::fs::read_to_string(tables.join("differences.csv")).unwrap();
    let lines = read(case, &tables.join("differences.parquet"));
    let table = &finished.summary.tables[0];
    let keys: std::collections::BTreeSet<_> = lines.iter().map(|line| &line.key).collect();
    assert_eq!(table.counts.total(), keys.len() as u64, "the counts are those of the lines");
    assert_eq!(table.verdict == Verdict::Match, lines.is_empty());
    Found { lines, csv, verdict: finished.summary.verdict }
}

fn write(case: &Case, side: Side, way: &Way, folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let mut rows: Vec<&Row> = case.rows(side).iter().collect();
    if let Some(seed) = way.shuffle {
        let mut state = seed ^ side as u64;
        for at in (1..rows.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            rows.swap(at, (state >> 33) as usize % (at + 1));
        }
    }
    let per_file = rows.len().div_ceil(way.files).max(1);
    let mut pieces: Vec<&[&Row]> = rows.chunks(per_file).collect();
    if pieces.is_empty() {
        pieces.push(&[]);
    }
    for (at, piece) in pieces.into_iter().enumerate() {
        let columns =
            case.types.iter().enumerate().map(|(column, of)| (format!("c{column}"), array(*of, column, piece)));
        let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap();
        let file = File::create(folder.join(format!("{at}.parquet"))).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }
}

fn array(of: Type, column: usize, rows: &[&Row]) -> ArrayRef {
    macro_rules! collect {
        ($array:ty, $variant:ident) => {
            rows.iter()
                .map(|row| match &row[column] {
                    Some(Value::$variant(value)) => Some(value.clone()),
                    _ => None,
                })
                .collect::<$array>()
        };
    }
    match of {
        Type::Int => Arc::new(collect!(Int64Array, Int)),
        Type::Text => Arc::new(collect!(StringArray, Text)),
        Type::Float => Arc::new(collect!(Float64Array, Float)),
        Type::Bool => Arc::new(collect!(BooleanArray, Bool)),
        Type::Timestamp => Arc::new(collect!(TimestampMicrosecondArray, Timestamp)),
        Type::Bytes => Arc::new(collect!(BinaryArray, Bytes)),
        Type::Decimal => {
            let values = rows.iter().map(|row| match &row[column] {
                Some(Value::Decimal(value)) => Some(i128::from(*value)),
                _ => None,
            });
            Arc::new(values.collect::<Decimal128Array>().with_precision_and_scale(20, 2).unwrap())
        }
    }
}

/// Reads the report back. Keys are shown as text; the case tells which values have that text, and so their identity.
fn read(case: &Case, path: &Path) -> Vec<Line> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    let key_columns = if case.key == 0 { case.types.len() } else { case.key };
    let mut lines = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        let column = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
        let get = |array: &StringArray, row: usize| array.is_valid(row).then(|| array.value(row).to_owned());
        let (class, key, name) = (column("class"), column("key"), column("column"));
        let (source, target) = (column("source"), column("target"));
        for row in 0..batch.num_rows() {
            let shown: Vec<Option<String>> = match (key_columns, get(&key, row)) {
                (1, plain) => vec![plain],
                (_, array) => serde_json::from_str(&array.unwrap()).unwrap(),
            };
            let mut line = Line {
                key: shown.iter().enumerate().map(|(at, text)| key_identity(case, at, text)).collect(),
                class: class.value(row).to_owned(),
                column: get(&name, row),
                source: get(&source, row),
                target: get(&target, row),
            };
            if line.class == "duplicate" {
                let copies = |name: &str| {
                    let counts = batch.column_by_name(name).unwrap().as_primitive::<arrow::datatypes::UInt64Type>();
                    Some(counts.value(row).to_string())
                };
                (line.source, line.target) = (copies("source_copies"), copies("target_copies"));
            }
            let repeats = |side: Side| {
                let same = |r: &&Row| (0..key_columns).all(|at| identity(&r[at]) == line.key[at]);
                case.rows(side).iter().filter(same).count()
            };
            if line.class == "corrupt" && repeats(Side::Source) > 1 {
                (line.column, line.source, line.target) = (None, None, None);
            }
            lines.push(line);
        }
    }
    lines.sort();
    lines.dedup();
    lines
}

fn key_identity(case: &Case, column: usize, shown: &Option<String>) -> String {
    let values = Side::BOTH.into_iter().flat_map(|side| case.rows(side)).map(|row| &row[column]);
    let mut values = values.filter(|value| text(value) == *shown);
    identity(values.next().unwrap_or_else(|| panic!("no key shows as {shown:?}")))
}
