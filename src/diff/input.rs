//! Feeds the rows of open ranges to the engine, part by part, without holding more than a batch or a block's identities.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;

use super::identities::{Identities, Kept, identity_fields};
use super::pruned::Pruned;
use crate::canonical::batch_schema;
use crate::error::{Error, Result};
use crate::model::{Column, PartReader, RowRuns, SnapshotRows};

/// A table of the engine: one partition for each part of the snapshot.
pub(super) struct Input {
    schema: SchemaRef,
    partitions: Vec<Arc<dyn PartitionStream>>,
}

/// The rows of one side that a query reads.
#[derive(Clone)]
pub(super) struct Selected {
    pub rows: Arc<dyn SnapshotRows>,
    pub pruned: Arc<Pruned>,
    /// For each part the identities of its rows in open ranges, where they are few enough to be kept.
    pub kept: Option<Arc<Vec<Kept>>>,
}

impl Input {
    /// `key`, `high`, `low` of the selected rows.
    pub fn digests(selected: Selected) -> Self {
        Self::new(selected, identity_fields(), false)
    }

    /// `key`, `high`, `low`, and the canonical columns as `c0`, `c1`, … (misfits last) of the selected rows.
    pub fn rows(selected: Selected, columns: &[Column]) -> Self {
        let canonical = batch_schema(columns.iter().map(|c| (c.name.as_str(), &c.canonical)));
        let mut fields = identity_fields();
        fields.extend(
            canonical
                .fields()
                .iter()
                .enumerate()
                .map(|(at, field)| Field::new(format!("c{at}"), field.data_type().clone(), true)),
        );
        Self::new(selected, fields, true)
    }

    fn new(selected: Selected, fields: Vec<Field>, with_rows: bool) -> Self {
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let partitions = (0..selected.rows.parts())
            .map(|part| -> Arc<dyn PartitionStream> {
                Arc::new(Partition { selected: selected.clone(), part, schema: schema.clone(), with_rows })
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

struct Partition {
    selected: Selected,
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
        let batches: PartReader<RecordBatch> = match batches {
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
        match &self.selected.kept {
            Some(kept) => Ok(Box::new(std::iter::once(Ok(kept[self.part].identities.clone())))),
            None => {
                let pruned = self.selected.pruned.clone();
                let batches = pruned.scan(self.selected.rows.as_ref(), self.part)?;
                Ok(Box::new(batches.map(|batch| Ok(batch?.identities))))
            }
        }
    }

    fn rows(&self) -> Result<PartReader<RecordBatch>> {
        let (runs, identities) = match &self.selected.kept {
            Some(kept) => {
                let Kept { runs, identities } = kept[self.part].clone();
                (runs, Box::new(std::iter::once(Ok(identities))) as PartReader<RecordBatch>)
            }
            None => (self.runs()?, self.digests()?),
        };
        if runs.is_empty() {
            return Ok(Box::new(std::iter::empty()));
        }
        // Both come in the order of the rows, but in batches of different sizes.
        let mut identities = Identities::new(identities);
        let schema = self.schema.clone();
        let rows = self.selected.rows.rows(self.part, &runs)?;
        Ok(Box::new(rows.map(move |batch| {
            let batch = batch?;
            let mut columns: Vec<ArrayRef> = identities.take(batch.num_rows())?;
            columns.extend(batch.columns().iter().cloned());
            RecordBatch::try_new(schema.clone(), columns)
                .map_err(|e| Error::compare("rows and digests do not fit").because(e))
        })))
    }

    /// The rows in open ranges, where their identities are too many to be kept.
    fn runs(&self) -> Result<RowRuns> {
        let mut all = RowRuns::default();
        for batch in self.selected.pruned.scan(self.selected.rows.as_ref(), self.part)? {
            batch?.runs.iter().for_each(|run| all.push(run));
        }
        Ok(all)
    }
}
