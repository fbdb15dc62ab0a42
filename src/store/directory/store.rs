//! A directory of Parquet and CSV files: each table goes to the reader of its format.

use std::sync::Arc;

use async_trait::async_trait;

use super::{CONSISTENCY, FileTable, FileTables};
use crate::error::Result;
use crate::model::{StoreIdentity, Table, TableName, TableRead};
use crate::store::csv::CsvStore;
use crate::store::parquet::ParquetStore;
use crate::store::{BatchSink, Part, Store, StoreSnapshot};

/// Tables in Parquet and CSV files side by side.
pub struct DirectoryStore {
    parquet: ParquetStore,
    csv: CsvStore,
    csv_tables: FileTables,
}

impl DirectoryStore {
    /// A store of the given tables, whose names differ from each other across both formats.
    pub fn new(identity: StoreIdentity, parquet: Vec<FileTable>, csv: Vec<FileTable>) -> Self {
        let csv_tables = FileTables::new(csv.clone());
        Self { parquet: ParquetStore::new(identity.clone(), parquet), csv: CsvStore::new(identity, csv), csv_tables }
    }
}

#[async_trait]
impl Store for DirectoryStore {
    fn identity(&self) -> &StoreIdentity {
        self.parquet.identity()
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        let mut names = self.parquet.tables().await?;
        names.extend(self.csv.tables().await?);
        names.sort();
        Ok(names)
    }

    async fn describe(&self, name: &TableName) -> Result<Table> {
        if self.csv_tables.contains(name) { self.csv.describe(name).await } else { self.parquet.describe(name).await }
    }

    async fn open(&self, workers: usize) -> Result<Arc<dyn StoreSnapshot>> {
        let (parquet, csv) = (self.parquet.open(workers).await?, self.csv.open(workers).await?);
        Ok(Arc::new(DirectorySnapshot { parquet, csv, csv_tables: self.csv_tables.clone(), workers }))
    }
}

struct DirectorySnapshot {
    parquet: Arc<dyn StoreSnapshot>,
    csv: Arc<dyn StoreSnapshot>,
    csv_tables: FileTables,
    workers: usize,
}

impl DirectorySnapshot {
    fn reader(&self, read: &TableRead) -> &dyn StoreSnapshot {
        if self.csv_tables.contains(&read.table.name) { self.csv.as_ref() } else { self.parquet.as_ref() }
    }
}

#[async_trait]
impl StoreSnapshot for DirectorySnapshot {
    fn coordinates(&self) -> Vec<(String, String)> {
        let mut coordinates = self.parquet.coordinates();
        coordinates.extend(self.csv.coordinates());
        coordinates.sort();
        coordinates
    }

    fn consistency(&self) -> String {
        CONSISTENCY.into()
    }

    fn workers_max(&self) -> usize {
        self.workers.max(1)
    }

    async fn parts(&self, read: &TableRead, wanted: usize) -> Result<Vec<Part>> {
        self.reader(read).parts(read, wanted).await
    }

    async fn count(&self, read: &TableRead) -> Result<Option<u64>> {
        self.reader(read).count(read).await
    }

    async fn read(&self, read: &TableRead, part: &Part, sink: &BatchSink) -> Result<Option<u64>> {
        self.reader(read).read(read, part, sink).await
    }
}
