//! A store that hands over less, or other, than it holds, without saying so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tieout::canonical::CanonicalType;
use tieout::error::{Error, Result};
use tieout::model::{StoreIdentity, Table, TableName, TableRead};
use tieout::store::{BatchSink, Part, Store, StoreSnapshot};

/// What goes wrong with the table `orders`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    None,
    /// The stream of one part stops after its first batch, and reports success.
    EndsEarly,
    /// One part is never read.
    SkipsAPart,
    /// One part is read twice, another not at all.
    RepeatsAPart,
    /// The stream breaks.
    Fails,
    /// The table is not listed.
    HidesATable,
    /// A column has a type that nothing is known of.
    ChangesAType,
}

pub struct Faulty {
    inner: Arc<dyn Store>,
    fault: Fault,
}

impl Faulty {
    pub fn new(inner: Arc<dyn Store>, fault: Fault) -> Self {
        Self { inner, fault }
    }
}

#[async_trait]
impl Store for Faulty {
    fn identity(&self) -> &StoreIdentity {
        self.inner.identity()
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        let mut tables = self.inner.tables().await?;
        tables.retain(|name| self.fault != Fault::HidesATable || name.name != "orders");
        Ok(tables)
    }

    async fn describe(&self, name: &TableName) -> Result<Table> {
        let mut table = self.inner.describe(name).await?;
        if self.fault == Fault::ChangesAType && name.name == "orders" {
            table.columns[2].canonical = CanonicalType::Opaque { native: "something else".into() };
        }
        Ok(table)
    }

    async fn open(&self, workers: usize) -> Result<Arc<dyn StoreSnapshot>> {
        let inner = self.inner.open(workers).await?;
        Ok(Arc::new(Opened { inner, fault: self.fault, struck: AtomicBool::new(false) }))
    }
}

struct Opened {
    inner: Arc<dyn StoreSnapshot>,
    fault: Fault,
    struck: AtomicBool,
}

#[async_trait]
impl StoreSnapshot for Opened {
    fn coordinates(&self) -> Vec<(String, String)> {
        self.inner.coordinates()
    }

    fn consistency(&self) -> String {
        self.inner.consistency()
    }

    fn workers_max(&self) -> usize {
        self.inner.workers_max()
    }

    async fn parts(&self, read: &TableRead, _: usize) -> Result<Vec<Part>> {
        if read.table.name.name != "orders" {
            return Ok(vec![Part::Whole]);
        }
        let part = |sql: &str| Part::Where(sql.into());
        Ok(match self.fault {
            Fault::SkipsAPart => vec![part("id < 10000"), part("id >= 20000")],
            Fault::RepeatsAPart => vec![part("id < 15000"), part("id < 15000"), part("id = 15000")],
            _ => vec![part("id < 15000"), part("id >= 15000")],
        })
    }

    async fn count(&self, read: &TableRead) -> Result<Option<u64>> {
        self.inner.count(read).await
    }

    async fn read(&self, read: &TableRead, part: &Part, sink: &BatchSink) -> Result<Option<u64>> {
        let mut read = read.clone();
        // The rows under the changed type are of no interest: the column is not compared.
        for column in &mut read.table.columns {
            if matches!(column.canonical, CanonicalType::Opaque { .. }) {
                column.canonical = CanonicalType::Loose(tieout::canonical::LooseHint::Number);
            }
        }
        let strikes = read.table.name.name == "orders" && !self.struck.swap(true, Ordering::SeqCst);
        match self.fault {
            Fault::EndsEarly if strikes => {
                // The inner store reads to its end into a sink of ours, of which only one batch is passed on.
                let (inner_sink, mut batches) = BatchSink::channel(1);
                let reading = async {
                    let outcome = self.inner.read(&read, part, &inner_sink).await;
                    drop(inner_sink);
                    outcome
                };
                let passing = async {
                    if let Some(first) = batches.recv().await {
                        sink.send(first).await?;
                    }
                    while batches.recv().await.is_some() {}
                    Ok::<_, Error>(())
                };
                let (read, passed) = futures::join!(reading, passing);
                passed.and(read)
            }
            Fault::Fails if strikes => Err(Error::store("the connection broke").hint("run again")),
            Fault::ChangesAType => {
                let (inner_sink, mut batches) = BatchSink::channel(1);
                let reading = async {
                    let outcome = self.inner.read(&read, part, &inner_sink).await;
                    drop(inner_sink);
                    outcome
                };
                let passing = async {
                    while let Some(batch) = batches.recv().await {
                        sink.send(as_text(&batch)).await?;
                    }
                    Ok::<_, Error>(())
                };
                let (read, passed) = futures::join!(reading, passing);
                passed.and(read)
            }
            _ => self.inner.read(&read, part, sink).await,
        }
    }
}

/// The batch with its third column as text, as the type the description claims.
fn as_text(batch: &arrow::array::RecordBatch) -> arrow::array::RecordBatch {
    use arrow::array::{ArrayRef, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    let mut fields: Vec<Field> = batch.schema().fields().iter().map(|f| f.as_ref().clone()).collect();
    if columns.len() == 4 {
        columns[2] = Arc::new(StringArray::from(vec!["x"; batch.num_rows()]));
        fields[2] = Field::new(fields[2].name(), DataType::Utf8, true);
    }
    arrow::array::RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}
