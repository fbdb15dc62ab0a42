//! Feeds the rows of the disagreeing ranges to the engine, part by part, without holding more than a batch.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray, BinaryBuilder, RecordBatch, UInt64Array, UInt64Builder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;

use crate::canonical::batch_schema;
use crate::canonical::row::digest_at;
use crate::error::{Error, Result};
use crate::model::{Boundaries, Column, DigestBatch, PartReader, SnapshotRows};

/// The ranges that are opened.
pub(super) struct Pruned {
    boundaries: Arc<Boundaries>,
    open: Vec<bool>,
}

impl Pruned {
    /// Only these ranges.
    pub fn new(boundaries: Arc<Boundaries>, ranges: &[usize]) -> Self {
        let mut open = vec![false; boundaries.ranges()];
        for range in ranges {
            open[*range] = true;
        }
        Self { boundaries, open }
    }

    /// Every row.
    pub fn everything() -> Self {
        Self { boundaries: Arc::new(Boundaries::default()), open: vec![true] }
    }

    /// Which rows of a batch lie in an open range; `range` is carried from batch to batch as a hint.
    fn select(&self, keys: &BinaryArray, range: &mut usize, selected: &mut Vec<bool>) {
        for row in 0..keys.len() {
            *range = self.boundaries.range_of(keys.value(row), *range);
            selected.push(self.open[*range]);
        }
    }
}

/// A table of the engine: one partition for each part of the snapshot.
pub(super) struct Input {
    schema: SchemaRef,
    partitions: Vec<Arc<dyn PartitionStream>>,
}

impl Input {
    /// `key`, `high`, `low` of the rows in open ranges.
    pub fn digests(rows: Arc<dyn SnapshotRows>, pruned: Arc<Pruned>) -> Self {
        Self::new(rows, pruned, digest_schema(Vec::new()), false)
    }

    /// `key`, `high`, `low`, and the canonical columns as `c0`, `c1`, … (misfits last) of the rows in open ranges.
    pub fn rows(rows: Arc<dyn SnapshotRows>, pruned: Arc<Pruned>, columns: &[Column]) -> Self {
        let canonical = batch_schema(columns.iter().map(|c| (c.name.as_str(), &c.canonical)));
        let fields = canonical.fields().iter().enumerate();
        let fields = fields.map(|(at, field)| Field::new(format!("c{at}"), field.data_type().clone(), true)).collect();
        Self::new(rows, pruned, digest_schema(fields), true)
    }

    fn new(rows: Arc<dyn SnapshotRows>, pruned: Arc<Pruned>, schema: SchemaRef, with_rows: bool) -> Self {
        let partitions = (0..rows.parts())
            .map(|part| -> Arc<dyn PartitionStream> {
                Arc::new(Partition {
                    rows: rows.clone(),
                    pruned: pruned.clone(),
                    part,
                    schema: schema.clone(),
                    with_rows,
                })
            })
            .collect();
        Self { schema, partitions }
    }

    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    pub fn partitions(self) -> Vec<Arc<dyn PartitionStream>> {
        self.partitions
    }
}

fn digest_schema(more: Vec<Field>) -> SchemaRef {
    let mut fields = vec![
        Field::new("key", DataType::Binary, false),
        Field::new("high", DataType::UInt64, false),
        Field::new("low", DataType::UInt64, false),
    ];
    fields.extend(more);
    Arc::new(Schema::new(fields))
}

struct Partition {
    rows: Arc<dyn SnapshotRows>,
    pruned: Arc<Pruned>,
    part: usize,
    schema: SchemaRef,
    with_rows: bool,
}

impl fmt::Debug for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partition")
            .field("part", &self.part)
            .field("with_rows", &self.with_rows)
            .finish_non_exhaustive()
    }
}

impl PartitionStream for Partition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batches = if self.with_rows { self.rows() } else { self.digests() };
        let batches: Box<dyn Iterator<Item = Result<RecordBatch>> + Send> = match batches {
            Ok(batches) => batches,
            Err(error) => Box::new(std::iter::once(Err(error))),
        };
        let stream =
            futures::stream::iter(batches.map(|batch| batch.map_err(|e| DataFusionError::External(Box::new(e)))));
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), stream))
    }
}

impl Partition {
    fn digests(&self) -> Result<PartReader<RecordBatch>> {
        let (pruned, schema) = (self.pruned.clone(), self.schema.clone());
        let mut range = 0;
        Ok(Box::new(self.rows.digests(self.part)?.map(move |batch| {
            let batch = batch?;
            let mut selected = Vec::with_capacity(batch.keys.len());
            pruned.select(&batch.keys, &mut range, &mut selected);
            let mut columns = Identities::default();
            columns.add(&batch, &selected);
            record(schema.clone(), columns.finish())
        })))
    }

    fn rows(&self) -> Result<PartReader<RecordBatch>> {
        let mut selected = Vec::with_capacity(self.rows.part_rows(self.part) as usize);
        let (mut range, mut identities) = (0, Identities::default());
        for batch in self.rows.digests(self.part)? {
            let batch = batch?;
            let from = selected.len();
            self.pruned.select(&batch.keys, &mut range, &mut selected);
            identities.add(&batch, &selected[from..]);
        }
        if !selected.contains(&true) {
            return Ok(Box::new(std::iter::empty()));
        }
        // The identities of the selected rows stand in the order in which the rows come.
        let (identities, schema) = (identities.finish(), self.schema.clone());
        let mut at = 0;
        Ok(Box::new(self.rows.rows(self.part, &selected)?.map(move |batch| {
            let batch = batch?;
            let rows = batch.num_rows();
            if at + rows > identities[0].len() {
                return Err(Error::snapshot("a part holds more rows than digests").hint("take the snapshot again"));
            }
            let mut columns: Vec<ArrayRef> = identities.iter().map(|array| array.slice(at, rows)).collect();
            columns.extend(batch.columns().iter().cloned());
            at += rows;
            record(schema.clone(), columns)
        })))
    }
}

fn record(schema: SchemaRef, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
    RecordBatch::try_new(schema, columns).map_err(|e| Error::compare("rows and digests do not fit").because(e))
}

/// Collects key and digest of the selected rows.
#[derive(Default)]
struct Identities {
    keys: BinaryBuilder,
    high: UInt64Builder,
    low: UInt64Builder,
}

impl Identities {
    fn add(&mut self, batch: &DigestBatch, selected: &[bool]) {
        for row in (0..batch.keys.len()).filter(|row| selected[*row]) {
            let digest = digest_at(&batch.digests, row);
            self.keys.append_value(batch.keys.value(row));
            self.high.append_value((digest >> 64) as u64);
            self.low.append_value(digest as u64);
        }
    }

    fn finish(mut self) -> Vec<ArrayRef> {
        let (high, low): (UInt64Array, UInt64Array) = (self.high.finish(), self.low.finish());
        vec![Arc::new(self.keys.finish()), Arc::new(high), Arc::new(low)]
    }
}
