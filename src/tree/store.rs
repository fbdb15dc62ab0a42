//! Keeps the trees with the run, so that an auditor sees which range was compared with what digest.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, FixedSizeBinaryArray, RecordBatch, UInt64Array};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::Trees;
use crate::error::{Error, Result};
use crate::model::{Pair, Side};

/// Writes `tree.parquet`: a row for each range in key order with `lower` (its first key, NULL for the lowest range) and,
/// for each side, the number of rows and the sum of their digests (16 bytes, big-endian). The roots of the Merkle trees
/// are in the file's metadata under `tieout.root.source` and `tieout.root.target`.
pub fn write_trees(trees: &Trees, path: &Path) -> Result<()> {
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
        Error::output("cannot write the trees")
            .at(path.display())
            .because(e)
            .hint("free space there, or choose another --out")
    };
    let boundaries = &trees.boundaries;
    let lower: BinaryArray = (0..boundaries.ranges()).map(|range| boundaries.lower(range)).collect();
    let rows = |side: Side| -> ArrayRef {
        Arc::new(trees.sides.get(side).leaves().iter().map(|leaf| leaf.rows).collect::<UInt64Array>())
    };
    let sums = |side: Side| -> Result<ArrayRef> {
        let sums = trees.sides.get(side).leaves().iter().map(|leaf| leaf.sum.to_be_bytes());
        Ok(Arc::new(FixedSizeBinaryArray::try_from_iter(sums).map_err(|e| failed(e.into()))?))
    };
    let roots = Pair::from_fn(|side| format!("{:032x}", trees.sides.get(side).root()));
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("lower", Arc::new(lower) as ArrayRef, true),
        ("source_rows", rows(Side::Source), false),
        ("source_digest", sums(Side::Source)?, false),
        ("target_rows", rows(Side::Target), false),
        ("target_digest", sums(Side::Target)?, false),
    ])
    .map_err(|e| failed(e.into()))?;
    let properties = WriterProperties::builder()
        .set_created_by(concat!("tieout ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).map_err(|e| failed(e.into()))?))
        .set_dictionary_enabled(false)
        .set_key_value_metadata(Some(vec![
            KeyValue::new("tieout.root.source".to_owned(), roots.source),
            KeyValue::new("tieout.root.target".to_owned(), roots.target),
        ]))
        .build();
    let file = File::create(path).map_err(|e| failed(e.into()))?;
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).map_err(|e| failed(e.into()))?;
    writer.write(&batch).and_then(|()| writer.close().map(drop)).map_err(|e| failed(e.into()))
}
