//! DataFusion with a memory limit, spilling to the run's own directory.

use std::collections::HashSet;
use std::fs::File;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use tempfile::NamedTempFile;

use super::Limits;
use super::identities::Kept;
use super::input::{Input, Selected};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Pair;

/// Changed keys up to this many bytes are kept in a hash table while rows stream past; more are sorted and merged,
/// which can spill.
const HASHED_BYTES_MAX: u64 = 32 << 20;
/// Of how much memory a row of a batch may make use.
const MEMORY_BYTES_PER_BATCH_ROW: u64 = 64 << 10;
const BATCH_ROWS_MIN: u64 = 256;

/// One engine for the queries of one table.
pub(super) struct Engine {
    runtime: Arc<RuntimeEnv>,
    limits: Limits,
}

/// The changed keys: in memory, or in a file of their own where they are many.
pub(super) struct Changes {
    batches: Vec<RecordBatch>,
    file: Option<NamedTempFile>,
    rows: u64,
    bytes: u64,
}

impl Changes {
    /// The number of changed keys.
    pub fn count(&self) -> u64 {
        self.rows
    }

    /// The changed keys with their copies on both sides, where they are in memory.
    pub fn in_memory(&self) -> Option<&[RecordBatch]> {
        self.file.is_none().then_some(&self.batches)
    }

    /// Of the selected rows only those with changed keys, where that can be told in memory.
    pub fn narrow(&self, selected: &Selected) -> Result<Selected> {
        let Some(kept) = selected.kept.as_ref().filter(|_| self.file.is_none()) else { return Ok(selected.clone()) };
        let keys = self.batches.iter().map(|batch| batch.column(0).as_binary::<i32>());
        let keys: HashSet<&[u8]> = keys.flat_map(|keys| keys.iter().flatten()).collect();
        let kept: Vec<Kept> = kept.iter().map(|part| part.with_keys(&keys)).collect::<Result<_>>()?;
        Ok(Selected { kept: Some(Arc::new(kept)), ..selected.clone() })
    }
}

impl Engine {
    pub fn new(limits: &Limits) -> Result<Self> {
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![limits.directory.clone()]))
            .with_max_temp_directory_size(u64::MAX);
        let memory = usize::try_from(limits.memory_bytes_max).unwrap_or(usize::MAX);
        let runtime = RuntimeEnvBuilder::new()
            .with_disk_manager_builder(disk)
            .with_memory_pool(Arc::new(FairSpillPool::new(memory)))
            .build_arc()
            .map_err(failed)?;
        Ok(Self { runtime, limits: limits.clone() })
    }

    fn context(&self, hash_joins: bool) -> SessionContext {
        let config = SessionConfig::new().with_target_partitions(self.limits.workers.max(1));
        // A merge holds a batch of everything that was spilled.
        let rows = self.limits.memory_bytes_max / MEMORY_BYTES_PER_BATCH_ROW;
        let rows = rows.clamp(BATCH_ROWS_MIN, config.batch_size() as u64);
        let mut config = config.with_batch_size(rows as usize);
        let options = config.options_mut();
        options.optimizer.prefer_hash_join = hash_joins;
        // Keys stay plain binary, so that both sides of every join have the same type.
        options.execution.parquet.schema_force_view_types = false;
        // The default reserve is meant for far larger pools; each of the workers takes it twice.
        let reserve = self.limits.memory_bytes_max / (self.limits.workers.max(1) as u64 * 16);
        options.execution.sort_spill_reservation_bytes = reserve.min(10 << 20) as usize;
        SessionContext::new_with_config_rt(config, self.runtime.clone())
    }

    /// Runs `sql` over both sides' digests and keeps the result.
    pub async fn changed_keys(&self, sql: &str, digests: Pair<Input>) -> Result<Changes> {
        let context = self.context(true);
        register(&context, "source", digests.source)?;
        register(&context, "target", digests.target)?;
        let mut stream = self.stream(&context, sql).await?;
        let mut changes = Changes { batches: Vec::new(), file: None, rows: 0, bytes: 0 };
        let mut writer: Option<ArrowWriter<File>> = None;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(failed)?;
            changes.rows += batch.num_rows() as u64;
            changes.bytes += batch.column(0).as_binary::<i32>().values().len() as u64 + 64 * batch.num_rows() as u64;
            changes.batches.push(batch);
            if changes.bytes > self.hashed_bytes_max() {
                if writer.is_none() {
                    let file = NamedTempFile::with_suffix_in(".parquet", &self.limits.directory)
                        .map_err(|e| cannot_spill(self, e))?;
                    let handle = file.reopen().map_err(|e| cannot_spill(self, e))?;
                    let created = ArrowWriter::try_new(handle, stream.schema(), None);
                    writer = Some(created.map_err(|e| cannot_spill(self, e))?);
                    changes.file = Some(file);
                }
                for batch in changes.batches.drain(..) {
                    writer.as_mut().map_or(Ok(()), |writer| writer.write(&batch)).map_err(|e| cannot_spill(self, e))?;
                }
            }
        }
        if let Some(writer) = writer {
            writer.close().map_err(|e| cannot_spill(self, e))?;
        }
        Ok(changes)
    }

    /// Runs `sql` over one side's rows and the changed keys.
    pub async fn rows_of(&self, sql: &str, rows: Input, changes: &Changes) -> Result<SendableRecordBatchStream> {
        let context = self.context(changes.file.is_none());
        match (&changes.file, changes.batches.first()) {
            (Some(file), _) => {
                let path = file.path().to_string_lossy().into_owned();
                context.register_parquet("changes", path, ParquetReadOptions::default()).await.map_err(failed)?;
            }
            (None, Some(first)) => {
                let table = MemTable::try_new(first.schema(), vec![changes.batches.clone()]).map_err(failed)?;
                context.register_table("changes", Arc::new(table)).map_err(failed)?;
            }
            (None, None) => return Err(Error::compare("there are no changed keys to look for")),
        }
        register(&context, "rows", rows)?;
        self.stream(&context, sql).await
    }

    fn hashed_bytes_max(&self) -> u64 {
        HASHED_BYTES_MAX.min(self.limits.memory_bytes_max / 8)
    }

    /// Runs `sql` over one side's digests and returns the one number it asks for.
    pub async fn repeated_keys(&self, sql: &str, digests: Input) -> Result<u64> {
        let context = self.context(true);
        register(&context, "rows", digests)?;
        let batches = context.sql(sql).await.map_err(failed)?.collect().await.map_err(failed)?;
        let count = batches.iter().find(|batch| batch.num_rows() > 0).and_then(|batch| {
            let counts = batch.column(0).as_primitive_opt::<Int64Type>()?;
            counts.is_valid(0).then(|| counts.value(0))
        });
        count
            .and_then(|count| u64::try_from(count).ok())
            .ok_or_else(|| Error::compare("the query for repeated keys returned no number"))
    }

    async fn stream(&self, context: &SessionContext, sql: &str) -> Result<SendableRecordBatchStream> {
        context.sql(sql).await.map_err(failed)?.execute_stream().await.map_err(failed)
    }
}

fn register(context: &SessionContext, name: &str, input: Input) -> Result<()> {
    let schema: SchemaRef = input.schema();
    let table = StreamingTable::try_new(schema, input.partitions()).map_err(failed)?;
    context.register_table(name, Arc::new(table)).map_err(failed)?;
    Ok(())
}

fn cannot_spill(engine: &Engine, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::compare("cannot keep intermediate results")
        .at(engine.limits.directory.display())
        .because(cause)
        .hint("free space there, or choose another --out")
}

/// An error of DataFusion's; one of our own that only passed through it comes out as it went in.
pub(super) fn failed(error: DataFusionError) -> Error {
    let hint = match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => "give it more with --memory, or use fewer --workers",
        DataFusionError::IoError(_) => "free space in the run directory, or choose another --out",
        _ => "run again; if it stays, report it with the message above",
    };
    if let DataFusionError::External(inner) = error.find_root()
        && let Some(own) = inner.downcast_ref::<Error>()
    {
        let kind = own.kind();
        // Its parts stay apart, so that the words of a store can still be withheld.
        return own.restated(if kind == ErrorKind::Usage { ErrorKind::Compare } else { kind });
    }
    Error::compare("the disagreeing ranges could not be compared").because(error.strip_backtrace()).hint(hint)
}
