//! One REPEATABLE READ snapshot, exported by the first connection and imported by every worker.

use async_trait::async_trait;
use futures::StreamExt;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor};
use tokio::sync::Mutex;

use super::copy::CopyStream;
use super::{PostgresStore, describe, failed, quoted, quoted_table, value};
use crate::canonical::{BatchBuilder, CanonicalType};
use crate::error::{Error, Result};
use crate::model::{StoreIdentity, TableRead};
use crate::store::pool::Pool;
use crate::store::split::where_clause;
use crate::store::{BatchSink, Part, StoreSnapshot};

/// A part has at least this many blocks: smaller ones cost more round trips than they gain.
const BLOCKS_PER_PART_MIN: i64 = 1024;
/// Ranges of row addresses are read without scanning the rest from this version on.
const TID_RANGE_VERSION: i32 = 140_000;

/// The shared view of one PostgreSQL database.
pub(super) struct PostgresSnapshot {
    identity: StoreIdentity,
    control: Mutex<PgConnection>,
    workers: Pool<PgConnection>,
    coordinates: Vec<(String, String)>,
    consistency: String,
    version: i32,
}

impl PostgresSnapshot {
    pub async fn open(store: &PostgresStore, workers: usize) -> Result<Self> {
        let say = |what: &str| {
            let what = what.to_owned();
            move |e| store.failed(what, e)
        };
        let mut control = store.connection().await?;
        begin(&mut control).await.map_err(say("cannot begin the snapshot"))?;
        let version: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::int")
            .fetch_one(&mut control)
            .await
            .map_err(say("cannot ask for the version"))?;
        let standby: bool = sqlx::query_scalar("SELECT pg_is_in_recovery()")
            .fetch_one(&mut control)
            .await
            .map_err(say("cannot ask for the state"))?;
        let lsn = if standby { "pg_last_wal_replay_lsn()" } else { "pg_current_wal_lsn()" };
        let lsn = describe::text(&mut control, format!("SELECT coalesce({lsn}::text, '')"))
            .await
            .map_err(say("cannot ask for the LSN"))?;
        let snapshot = describe::text(&mut control, "SELECT pg_export_snapshot()".into())
            .await
            .map_err(say("cannot export the snapshot"))?;
        let mut connections = Vec::new();
        for _ in 0..workers.max(1) {
            let mut connection = store.connection().await?;
            begin(&mut connection).await.map_err(say("cannot begin a worker's transaction"))?;
            let import = format!("SET TRANSACTION SNAPSHOT '{}'", snapshot.replace('\'', "''"));
            connection.execute(AssertSqlSafe(import)).await.map_err(say("cannot import the snapshot"))?;
            connections.push(connection);
        }
        let server = describe::text(&mut control, "SELECT current_setting('server_version')".into())
            .await
            .map_err(say("cannot ask for the version"))?;
        Ok(Self {
            identity: store.identity.clone(),
            control: Mutex::new(control),
            workers: Pool::new(connections),
            coordinates: vec![
                ("lsn".into(), lsn),
                ("snapshot".into(), snapshot),
                ("server_version".into(), server),
                ("standby".into(), standby.to_string()),
            ],
            consistency: "one exported REPEATABLE READ snapshot, shared by all workers".into(),
            version,
        })
    }
}

async fn begin(connection: &mut PgConnection) -> std::result::Result<(), sqlx::Error> {
    connection.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map(drop)
}

#[async_trait]
impl StoreSnapshot for PostgresSnapshot {
    fn coordinates(&self) -> Vec<(String, String)> {
        self.coordinates.clone()
    }

    fn consistency(&self) -> String {
        self.consistency.clone()
    }

    fn workers_max(&self) -> usize {
        self.workers.size()
    }

    async fn parts(&self, read: &TableRead, wanted: usize) -> Result<Vec<Part>> {
        let name = &read.table.name;
        let (ordinary, blocks) = describe::blocks(&mut *self.control.lock().await, name)
            .await
            .map_err(|e| failed(&self.identity, format!("cannot measure table {name}"), e))?;
        let parts = (blocks / BLOCKS_PER_PART_MIN).clamp(1, wanted.max(1) as i64);
        if !ordinary || parts == 1 || self.version < TID_RANGE_VERSION {
            return Ok(vec![Part::Whole]);
        }
        // Half-open ranges of physical addresses, open at both ends: rows beyond the measured size are read as well.
        let bound = |at: i64| blocks * at / parts;
        Ok((0..parts)
            .map(|at| {
                let from = (at > 0).then(|| format!("ctid >= '({},0)'::tid", bound(at)));
                let to = (at + 1 < parts).then(|| format!("ctid < '({},0)'::tid", bound(at + 1)));
                Part::Where(from.into_iter().chain(to).collect::<Vec<_>>().join(" AND "))
            })
            .collect())
    }

    async fn count(&self, read: &TableRead) -> Result<Option<u64>> {
        let name = &read.table.name;
        let sql = format!("SELECT count(*) FROM {}", rows_of(read, &Part::Whole, self.is_ordinary(read).await?));
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut *self.control.lock().await)
            .await
            .map_err(|e| failed(&self.identity, format!("cannot count table {name}"), e))?;
        Ok(u64::try_from(count).ok())
    }

    async fn read(&self, read: &TableRead, part: &Part, sink: &BatchSink) -> Result<Option<u64>> {
        let table = &read.table;
        let say = |e| failed(&self.identity, format!("cannot read table {}", table.name), e);
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|c| match c.canonical {
                CanonicalType::Opaque { .. } => format!("{}::text", quoted(&c.name)),
                _ => quoted(&c.name),
            })
            .collect();
        let ordinary = self.is_ordinary(read).await?;
        let sql = format!(
            "COPY (SELECT {} FROM {}) TO STDOUT (FORMAT binary)",
            columns.join(", "),
            rows_of(read, part, ordinary)
        );
        let types: Vec<CanonicalType> = table.columns.iter().map(|c| c.canonical.clone()).collect();
        let mut builder = BatchBuilder::new(table.columns.iter().map(|c| (c.name.as_str(), &c.canonical)));
        let mut copy = CopyStream::default();
        let mut worker = self.workers.take().await?;
        // A refusal (no SELECT on the table, a condition that makes no sense) must not cost the connection, and with it
        // the snapshot: the transaction goes back to where it was, and serves other tables.
        worker.execute("SAVEPOINT tieout").await.map_err(say)?;
        let attempt = format!("SELECT {} FROM {} LIMIT 0", columns.join(", "), rows_of(read, part, ordinary));
        if let Err(refusal) = worker.execute(AssertSqlSafe(attempt)).await {
            if worker.execute("ROLLBACK TO SAVEPOINT tieout").await.is_ok() {
                worker.give_back();
            }
            return Err(say(refusal));
        }
        {
            let mut pieces = worker.copy_out_raw(&sql).await.map_err(say)?;
            while let Some(piece) = pieces.next().await {
                copy.push(&piece.map_err(say)?, types.len(), |mut fields| {
                    for (index, canonical) in types.iter().enumerate() {
                        value::append(&mut builder, index, canonical, fields.next()?)?;
                    }
                    builder.end_row();
                    Ok(())
                })
                .map_err(|e| e.at(format!("{}, table {}", self.identity.url, table.name)))?;
                if builder.is_full() {
                    sink.send(builder.finish()?).await?;
                }
            }
        }
        if !copy.is_complete() {
            return Err(Error::store("the server's stream ended before its end mark")
                .at(format!("{}, table {}", self.identity.url, table.name))
                .hint("run again; nothing of this table counts as compared"));
        }
        if builder.rows() > 0 {
            sink.send(builder.finish()?).await?;
        }
        worker.give_back();
        Ok(None)
    }
}

impl PostgresSnapshot {
    async fn is_ordinary(&self, read: &TableRead) -> Result<bool> {
        let name = &read.table.name;
        describe::blocks(&mut *self.control.lock().await, name)
            .await
            .map(|(ordinary, _)| ordinary)
            .map_err(|e| failed(&self.identity, format!("cannot measure table {name}"), e))
    }
}

/// `table WHERE …`. An ordinary table is read with ONLY: tables that inherit from it are tables of their own.
fn rows_of(read: &TableRead, part: &Part, ordinary: bool) -> String {
    let only = if ordinary { "ONLY " } else { "" };
    let filter = where_clause(part, read.filter.as_deref());
    format!("{only}{}{filter}", quoted_table(&read.table.name))
}
