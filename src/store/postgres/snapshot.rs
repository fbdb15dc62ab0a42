//! One REPEATABLE READ snapshot, exported by the first connection and imported by every worker.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor, Row};
use tokio::sync::Mutex;

use super::worker::{self, Assignment, Worker};
use super::{PostgresStore, describe, failed, quoted, quoted_table, replication};
use crate::canonical::{CanonicalType, KeyValue};
use crate::error::{Error, Result};
use crate::model::{KeyRange, StoreIdentity, TableRead};
use crate::store::lookup::{self, quoted_text};
use crate::store::pool::Pool;
use crate::store::replication::end_of_last_record;
use crate::store::split::{self, where_clause};
use crate::store::{BatchSink, KeySpan, Part, Route, StoreSnapshot};

/// A part has at least this many blocks: smaller ones cost more round trips than they gain.
const BLOCKS_PER_PART_MIN: i64 = 1024;
/// How long a snapshot may take to end.
const END_TIME_MAX: Duration = Duration::from_secs(5);
/// How long the session that holds the snapshot may take to show that it is still there.
const PING_WAIT: Duration = Duration::from_secs(10);
/// Ranges of row addresses are read without scanning the rest from this version on.
const TID_RANGE_VERSION: i32 = 140_000;
/// The time; of a standby the time of the last transaction that it has replayed. Nothing where it has replayed none.
const NOW: &str = "SELECT coalesce(to_char((CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp() ELSE now() END) \
                   AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), '')";

/// The shared view of one PostgreSQL database.
pub(super) struct PostgresSnapshot {
    identity: StoreIdentity,
    control: Mutex<PgConnection>,
    workers: Pool<Worker>,
    coordinates: Vec<(String, String)>,
    consistency: String,
    taken_at: Option<DateTime<Utc>>,
    position: String,
    version: i32,
    /// What further workers need: how to connect, the name of the exported snapshot, and whether without TLS.
    store: PostgresStore,
    exported: String,
    plain: bool,
}

impl PostgresSnapshot {
    pub async fn open(store: &PostgresStore, workers: usize) -> Result<Self> {
        let say = |what: &str| {
            let what = what.to_owned();
            move |e| store.failed(what, e)
        };
        let mut control = store.connection().await?;
        // Before the snapshot, so that it shows all that had been committed by then.
        let now = describe::text(&mut control, NOW.into()).await.map_err(say("cannot ask for the time"))?;
        let mut coordinates = describe::server(&mut control).await;
        worker::begin(&mut control).await.map_err(say("cannot begin the snapshot"))?;
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
        let position = describe::text(&mut control, replication::POSITION.into())
            .await
            .map_err(say("cannot ask for the position"))?;
        // Of commits that are visible, some may not have been written yet: their records are at least inserted.
        let inserted = if standby { "SELECT ''" } else { "SELECT pg_current_wal_insert_lsn()::text" };
        let inserted = describe::text(&mut control, inserted.into()).await.map_err(say("cannot ask for the LSN"))?;
        let snapshot = describe::text(&mut control, "SELECT pg_export_snapshot()".into())
            .await
            .map_err(say("cannot export the snapshot"))?;
        let plain = describe::without_tls(&mut control).await.map_err(say("cannot ask for the connection"))?;
        let workers = worker::open(store, workers, &snapshot, plain).await?;
        let server = describe::text(&mut control, "SELECT current_setting('server_version')".into())
            .await
            .map_err(say("cannot ask for the version"))?;
        coordinates.extend([
            ("lsn".to_owned(), lsn),
            ("snapshot".to_owned(), snapshot.clone()),
            ("server_version".to_owned(), server),
            ("standby".to_owned(), standby.to_string()),
            ("transactions".to_owned(), position.clone()),
        ]);
        coordinates.extend(end_of_last_record(&inserted).map(|lsn| ("insert_lsn".into(), lsn)));
        Ok(Self {
            identity: store.identity.clone(),
            control: Mutex::new(control),
            workers,
            coordinates,
            position,
            consistency: "one exported REPEATABLE READ snapshot, shared by all workers".into(),
            taken_at: now.parse().ok(),
            version,
            store: store.again(),
            exported: snapshot,
            plain,
        })
    }
}

#[async_trait]
impl StoreSnapshot for PostgresSnapshot {
    fn coordinates(&self) -> Vec<(String, String)> {
        self.coordinates.clone()
    }

    fn taken_at(&self) -> Option<DateTime<Utc>> {
        self.taken_at
    }

    fn position(&self) -> Option<String> {
        Some(self.position.clone())
    }

    fn consistency(&self) -> String {
        self.consistency.clone()
    }

    fn workers_max(&self) -> usize {
        self.workers.size()
    }

    async fn holds(&self) -> bool {
        // The snapshot is there as long as the session that exported it: more sessions can see it then.
        let mut control = self.control.lock().await;
        let asked = tokio::time::timeout(PING_WAIT, sqlx::query("SELECT 1").execute(&mut *control)).await;
        if !matches!(asked, Ok(Ok(_))) {
            return false;
        }
        while self.workers.alive() < self.workers.size() {
            match worker::open_one(&self.store, &self.exported, self.plain).await {
                Ok(worker) => self.workers.put(worker),
                // Another attempt is made before the next reading.
                Err(_) => break,
            }
        }
        true
    }

    async fn parts(&self, read: &TableRead, wanted: usize) -> Result<Vec<Part>> {
        let (ordinary, blocks) = self.measure(read).await?;
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
        let mut control = self.control.lock().await;
        let count = guarded(&mut control, async |control| {
            sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).fetch_one(control).await
        });
        let count = count.await.map_err(|e| failed(&self.identity, format!("cannot count table {name}"), e))?;
        Ok(u64::try_from(count).ok())
    }

    async fn read(&self, read: &TableRead, part: &Part, sink: &BatchSink) -> Result<Option<u64>> {
        let select = select(read, part, self.is_ordinary(read).await?);
        let worker = self.workers.take().await?;
        worker::copy(worker, Assignment { read, select, identity: &self.identity }, sink).await
    }

    async fn route(&self, read: &TableRead, part: &Part) -> Result<Route> {
        let name = &read.table.name;
        let say = |e| failed(&self.identity, format!("cannot ask for the plan of a query of table {name}"), e);
        let (ordinary, blocks) = self.measure(read).await?;
        // The planner rightly reads small tables whole.
        if blocks < BLOCKS_PER_PART_MIN && ordinary {
            return Ok(Route::Direct);
        }
        let sql = format!("EXPLAIN (FORMAT JSON) {}", select(read, part, ordinary));
        let mut control = self.control.lock().await;
        let plan: String = guarded(&mut control, async |control| {
            control.fetch_one(sqlx::query(AssertSqlSafe(sql)).persistent(false)).await?.try_get_unchecked(0)
        })
        .await
        .map_err(say)?;
        let plan: serde_json::Value = serde_json::from_str(&plan)
            .map_err(|e| Error::store("the plan of a query is not understood").at(&self.identity.url).because(e))?;
        Ok(if reads_whole(&plan, &name.name) { Route::WholeTable } else { Route::Direct })
    }

    async fn end(&self) {
        self.workers.close();
        // A statement that hangs must not hold up the rest; its session ends with the snapshot.
        let ending = async { self.control.lock().await.execute("ROLLBACK").await.map(drop) };
        let _ = tokio::time::timeout(END_TIME_MAX, ending).await;
    }

    fn rows_with_keys(&self, columns: &[String], keys: &[Vec<KeyValue>]) -> Option<Part> {
        let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        lookup::by_keys(&columns, keys, literal)
    }

    fn rows_between(&self, column: &str, ranges: &[(KeyValue, KeyValue)]) -> Option<Part> {
        lookup::by_ranges(&quoted(column), ranges, literal)
    }

    async fn key_span(&self, read: &TableRead, column: &str) -> Result<KeySpan> {
        let all = TableRead { filter: None, ..read.clone() };
        let (column, rows) = (quoted(column), rows_of(&all, &Part::Whole, self.is_ordinary(read).await?));
        // The planner takes each from an end of the index.
        let sql = format!("SELECT (SELECT min({column})::text FROM {rows}), (SELECT max({column})::text FROM {rows})");
        let mut control = self.control.lock().await;
        let ends = guarded(&mut control, async |control| {
            sqlx::query_as::<_, (Option<String>, Option<String>)>(AssertSqlSafe(sql)).fetch_one(control).await
        });
        let ends =
            ends.await.map_err(|e| failed(&self.identity, format!("cannot measure table {}", read.table.name), e))?;
        Ok(match ends {
            (None, None) => KeySpan::Empty,
            (Some(min), Some(max)) => match (min.parse(), max.parse()) {
                (Ok(min), Ok(max)) => KeySpan::Between(min, max),
                _ => KeySpan::Unknown,
            },
            _ => KeySpan::Unknown,
        })
    }

    fn rows_in(&self, column: &str, ranges: &[KeyRange]) -> Option<Part> {
        split::in_ranges(&quoted(column), ranges, i64::MAX.into())
    }
}

impl PostgresSnapshot {
    async fn is_ordinary(&self, read: &TableRead) -> Result<bool> {
        self.measure(read).await.map(|(ordinary, _)| ordinary)
    }

    /// Whether a table is an ordinary one, and how many blocks it has.
    async fn measure(&self, read: &TableRead) -> Result<(bool, i64)> {
        let name = &read.table.name;
        let mut control = self.control.lock().await;
        // Another session's lock on this table must not cost the tables after it.
        let measured = guarded(&mut control, async |control| describe::blocks(control, name).await);
        measured.await.map_err(|e| failed(&self.identity, format!("cannot measure table {name}"), e))
    }
}

/// Asks within a savepoint: a refused statement would end the transaction, and with it the snapshot.
async fn guarded<T>(
    control: &mut PgConnection,
    asked: impl AsyncFnOnce(&mut PgConnection) -> std::result::Result<T, sqlx::Error>,
) -> std::result::Result<T, sqlx::Error> {
    sqlx::query("SAVEPOINT asked").execute(&mut *control).await?;
    let answer = asked(control).await;
    let after = if answer.is_ok() { "RELEASE SAVEPOINT asked" } else { "ROLLBACK TO SAVEPOINT asked" };
    sqlx::query(after).execute(&mut *control).await?;
    answer
}

/// Whether a plan holds a node that reads the whole of a table.
fn reads_whole(plan: &serde_json::Value, table: &str) -> bool {
    use serde_json::Value;
    match plan {
        Value::Array(all) => all.iter().any(|one| reads_whole(one, table)),
        Value::Object(node) => {
            let is = |key: &str, text: &str| node.get(key).and_then(Value::as_str) == Some(text);
            // Of a partitioned table the partitions are read, which have names of their own.
            let partitioned = node.get("Node Type").and_then(Value::as_str) == Some("Append");
            (is("Node Type", "Seq Scan") && is("Relation Name", table))
                || node.values().any(|below| reads_whole(below, table))
                || (partitioned && node.values().any(any_scan))
        }
        _ => false,
    }
}

fn any_scan(plan: &serde_json::Value) -> bool {
    use serde_json::Value;
    match plan {
        Value::Array(all) => all.iter().any(any_scan),
        Value::Object(node) => {
            node.get("Node Type").and_then(Value::as_str) == Some("Seq Scan") || node.values().any(any_scan)
        }
        _ => false,
    }
}

/// The query that reads a part.
fn select(read: &TableRead, part: &Part, ordinary: bool) -> String {
    let columns: Vec<String> = read
        .table
        .columns
        .iter()
        .map(|c| match &c.canonical {
            CanonicalType::Opaque { .. }
            | CanonicalType::Array { .. }
            | CanonicalType::Struct { .. }
            | CanonicalType::Range { .. } => format!("{}::text", quoted(&c.name)),
            // How many of money's digits stand behind the point depends on the database's locale.
            CanonicalType::Number if describe::is_money(c) => format!("{}::numeric", quoted(&c.name)),
            _ => quoted(&c.name),
        })
        .collect();
    format!("SELECT {} FROM {}", columns.join(", "), rows_of(read, part, ordinary))
}

/// `table WHERE …`. An ordinary table is read with ONLY: tables that inherit from it are tables of their own.
fn rows_of(read: &TableRead, part: &Part, ordinary: bool) -> String {
    let only = if ordinary { "ONLY " } else { "" };
    let filter = where_clause(part, read.filter.as_deref());
    format!("{only}{}{filter}", quoted_table(&read.table.name))
}

/// A literal that takes the type of the column it is compared with.
fn literal(value: &KeyValue) -> Option<String> {
    Some(match value {
        KeyValue::Number(text) | KeyValue::Plain(text) => quoted_text(text),
        KeyValue::Instant(text) => quoted_text(&format!("{text}+00")),
        KeyValue::Boolean(value) => quoted_text(&value.to_string()),
        // Escaped, because a role's settings may give the backslash a meaning in plain literals.
        KeyValue::Text(text) if !text.contains('\0') => {
            format!("E{}", quoted_text(&text.replace('\\', "\\\\")))
        }
        KeyValue::Text(_) => return None,
        KeyValue::Binary(bytes) => format!("decode('{}', 'hex')", hex::encode(bytes)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_key_stays_within_its_quotes_whatever_it_holds() {
        assert_eq!(literal(&KeyValue::Text("o'c\\lock".into())).unwrap(), "E'o''c\\\\lock'");
        assert_eq!(literal(&KeyValue::Text("a\0b".into())), None);
        assert_eq!(literal(&KeyValue::Binary(vec![0, 255])).unwrap(), "decode('00ff', 'hex')");
    }
}
