//! One moment of a MySQL or MariaDB database, seen through one or several connections.
//!
//! MySQL cannot hand a snapshot from one connection to another. Several see one moment where they begin under a global
//! read lock, which is held only while they begin. Where the user may not lock, or the lock is not to be had within
//! seconds, one connection reads everything.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::lane::Lane;
use super::read::Rows;
use super::replication::joined;
use super::session::Sessions;
use super::trouble::{Trouble, failed};
use super::{Server, describe, quoted, read};
use crate::canonical::{CanonicalType, KeyValue};
use crate::error::{Error, Result};
use crate::model::{KeyRange, Table, TableRead};
use crate::store::lookup::{self, quoted_text};
use crate::store::pool::{Lease, Pool};
use crate::store::split::{self, ROWS_TO_SPLIT_MIN};
use crate::store::{BatchSink, KeySpan, Part, Route, StoreSnapshot};

/// While tieout waits for the lock, so does everybody who wants to write: not for long.
const LOCK_WAIT: &str = "SET SESSION lock_wait_timeout = 5";
const LOCK: &str = "FLUSH TABLES WITH READ LOCK";
const NOW: &str = "SELECT DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%fZ')";
const UNLOCK: &str = "UNLOCK TABLES";
const BEGIN: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
/// What tells one server from another: of MySQL, and of MariaDB.
const SERVER_NUMBERS: [(&str, &str); 2] =
    [("server_uuid", "SELECT @@GLOBAL.server_uuid"), ("server_uid", "SELECT @@GLOBAL.server_uid")];
/// "Table definition has changed, please retry transaction".
const TABLE_ALTERED: u16 = 1412;
/// How long a session may take to show that it is still there.
const PING_WAIT: Duration = Duration::from_secs(10);
/// How many tables without a snapshot are named.
const NAMED_MAX: usize = 5;

/// Connections whose transactions see the same moment.
pub(super) struct MysqlSnapshot {
    server: Arc<Server>,
    url: String,
    pool: Pool<Lane>,
    /// How many rows the server's own count of rows sent grows by when it is asked for; `None` where it has none.
    counting: Option<u64>,
    coordinates: Vec<(String, String)>,
    consistency: String,
    taken_at: Option<DateTime<Utc>>,
    position: Option<String>,
    weakness: Option<String>,
}

/// How the connections came to one moment.
enum Moment {
    Alone,
    Locked,
    /// Alone against the wish for more; why.
    Refused(String),
}

impl MysqlSnapshot {
    /// Begins `workers` transactions at one moment, or one where the server does not let us.
    pub async fn open(sessions: &Sessions, server: Arc<Server>, url: &str, workers: usize) -> Result<Self> {
        let trouble = |e| failed("no snapshot of the database could be opened", url, e);
        let mut connections = Vec::new();
        for _ in 0..workers.max(1) {
            connections.push(sessions.connect_to_read().await?);
        }
        // Before the snapshot, so that it shows all that had been committed by then.
        let taken_at = first_value(&mut connections[0], NOW, 0).await.and_then(|now| now.parse().ok());
        let before = joined(position(&mut connections[0], &server, "").await);
        let mut coordinates = vec![
            ("server_version".to_string(), server.version.clone()),
            ("database".to_string(), server.database.clone()),
        ];
        for (name, variable) in SERVER_NUMBERS {
            let number = first_value(&mut connections[0], variable, 0).await;
            coordinates.extend(number.map(|number| (name.to_owned(), number)));
        }
        let moment = if connections.len() == 1 {
            Moment::Alone
        } else {
            let mut control = sessions.connect_to_read().await?;
            match begin_locked(&mut control, &mut connections, &server).await.map_err(trouble)? {
                Ok(found) => {
                    coordinates.extend(found);
                    control.close().await;
                    Moment::Locked
                }
                Err(reason) => Moment::Refused(reason),
            }
        };
        if !matches!(moment, Moment::Locked) {
            connections.truncate(1);
            connections[0].run(BEGIN).await.map_err(trouble)?;
            coordinates.extend(position(&mut connections[0], &server, "_soon_after").await);
        }
        coordinates.extend(snapshot_position(&mut connections[0]).await);
        let counting = cost_of_counting(&mut connections[0]).await;
        let unheld = describe::tables_without_snapshot(&mut connections[0], &server).await.map_err(trouble)?;
        let weakness = match &moment {
            Moment::Refused(reason) => {
                Some(format!("one connection reads alone, because several were not let begin at one moment: {reason}"))
            }
            _ if !unheld.is_empty() => Some(words_for_unheld(&unheld).trim_start_matches("; ").to_owned()),
            _ => None,
        };
        let consistency = format!("{}{}", moment.words(), words_for_unheld(&unheld));
        Ok(Self {
            server,
            url: url.to_string(),
            pool: Pool::new(connections),
            counting,
            coordinates,
            consistency,
            taken_at,
            position: before,
            weakness,
        })
    }

    fn place(&self, table: &Table) -> String {
        format!("{} in {}", table.name, self.url)
    }

    fn failed(&self, what: &str, table: &Table, trouble: Trouble) -> Error {
        failed(what, &self.place(table), trouble)
    }
}

impl Moment {
    fn words(&self) -> String {
        match self {
            Moment::Alone => "one connection with one consistent snapshot".into(),
            Moment::Locked => {
                "a consistent snapshot for each connection, all begun under one brief FLUSH TABLES WITH READ LOCK"
                    .into()
            }
            Moment::Refused(reason) => format!(
                "one connection with one consistent snapshot, because the lock that brings several to one moment was not \
                 granted ({reason})"
            ),
        }
    }
}

#[async_trait]
impl StoreSnapshot for MysqlSnapshot {
    fn coordinates(&self) -> Vec<(String, String)> {
        self.coordinates.clone()
    }

    fn taken_at(&self) -> Option<DateTime<Utc>> {
        self.taken_at
    }

    fn position(&self) -> Option<String> {
        self.position.clone()
    }

    fn weakness(&self) -> Option<String> {
        self.weakness.clone()
    }

    fn consistency(&self) -> String {
        self.consistency.clone()
    }

    fn workers_max(&self) -> usize {
        self.pool.size()
    }

    async fn holds(&self) -> bool {
        // A session cannot hand its snapshot on: those that are left must do.
        for _ in 0..self.pool.size() {
            let Some(mut lease) = self.pool.take_idle() else { break };
            match tokio::time::timeout(PING_WAIT, lease.ask("SELECT 1")).await {
                Ok(Ok(_)) => {
                    lease.give_back();
                    break;
                }
                _ => drop(lease),
            }
        }
        self.pool.alive() > 0
    }

    async fn parts(&self, read: &TableRead, wanted: usize) -> Result<Vec<Part>> {
        let Some(key) = key_to_split(&read.table).filter(|_| wanted > 1) else { return Ok(vec![Part::Whole]) };
        let (key, table) = (quoted(key), describe::table(&self.server, &read.table.name));
        let mut lease = self.pool.take().await?;
        let answer = lease.ask(&format!("SELECT /* tieout */ MIN({key}), MAX({key}) FROM {table}")).await;
        let answer = settled(lease, answer).map_err(|e| self.failed("the table cannot be divided", &read.table, e))?;
        let bound = |index: usize| answer.first()?.get(index)?.as_ref()?.parse::<i128>().ok();
        Ok(match bound(0).zip(bound(1)) {
            Some((min, max)) => split::by_integer(&key, min, max, wanted),
            None => vec![Part::Whole],
        })
    }

    async fn count(&self, read: &TableRead) -> Result<Option<u64>> {
        let clause = split::where_clause(&Part::Whole, read.filter.as_deref());
        let table = describe::table(&self.server, &read.table.name);
        let mut lease = self.pool.take().await?;
        let rows = lease.number(&format!("SELECT /* tieout */ COUNT(*) FROM {table}{clause}")).await;
        settled(lease, rows).map(Some).map_err(|e| self.failed("the rows cannot be counted", &read.table, e))
    }

    async fn read(&self, read: &TableRead, part: &Part, sink: &BatchSink) -> Result<Option<u64>> {
        let mut lease = self.pool.take().await?;
        let sql = read::select(&self.server, read, part);
        let place = self.place(&read.table);
        // A condition may call functions, and rows that these select for themselves are counted as sent.
        let counting = self.counting.filter(|_| read.filter.is_none());
        let before = if counting.is_some() { rows_sent(&mut lease).await } else { None };
        let mut rows = Rows::new(&read.table, &place, sink);
        let end = lease.send_rows(&sql, &mut rows).await?;
        let after = if end.is_ok() && before.is_some() { rows_sent(&mut lease).await } else { None };
        settled(lease, end).map_err(|e| failed("the rows cannot be read", &place, e))?;
        rows.finish().await?;
        let sent = |counting| after?.checked_sub(before?)?.checked_sub(counting);
        Ok(counting.and_then(sent))
    }

    async fn route(&self, read: &TableRead, part: &Part) -> Result<Route> {
        // Without the user's condition, which is never sent as a statement that could hold a second one.
        let range = TableRead { filter: None, ..read.clone() };
        let sql = format!("EXPLAIN {}", read::select(&self.server, &range, part));
        let mut lease = self.pool.take().await?;
        let plan = lease.ask(&sql).await;
        let plan =
            settled(lease, plan).map_err(|e| self.failed("the plan of a query is not to be had", &read.table, e))?;
        let whole = plan.iter().any(|row| reads_whole(row));
        Ok(if whole { Route::WholeTable } else { Route::Direct })
    }

    async fn end(&self) {
        self.pool.close();
    }

    fn rows_with_keys(&self, columns: &[String], keys: &[Vec<KeyValue>]) -> Option<Part> {
        let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        lookup::by_keys(&columns, keys, literal)
    }

    fn rows_between(&self, column: &str, ranges: &[(KeyValue, KeyValue)]) -> Option<Part> {
        lookup::by_ranges(&quoted(column), ranges, literal)
    }

    async fn key_span(&self, read: &TableRead, column: &str) -> Result<KeySpan> {
        let (column, table) = (quoted(column), describe::table(&self.server, &read.table.name));
        let mut lease = self.pool.take().await?;
        let answer = lease.ask(&format!("SELECT /* tieout */ MIN({column}), MAX({column}) FROM {table}")).await;
        let answer = settled(lease, answer).map_err(|e| self.failed("the table cannot be measured", &read.table, e))?;
        Ok(match answer.first().map(Vec::as_slice) {
            Some([None, None]) => KeySpan::Empty,
            Some([Some(min), Some(max)]) => match (min.parse(), max.parse()) {
                (Ok(min), Ok(max)) => KeySpan::Between(min, max),
                _ => KeySpan::Unknown,
            },
            _ => KeySpan::Unknown,
        })
    }

    fn rows_in(&self, column: &str, ranges: &[KeyRange]) -> Option<Part> {
        split::in_ranges(&quoted(column), ranges, u64::MAX.into())
    }
}

/// Whether a line of a plan reads the whole of a large table, or of one of its indexes.
fn reads_whole(row: &[Option<String>]) -> bool {
    // MySQL has a column of partitions before the type, and one of shares behind the rows.
    let (kind, rows) = if row.len() >= 12 { (4, 9) } else { (3, 8) };
    let text = |index: usize| row.get(index).and_then(Option::as_deref).unwrap_or_default();
    let large = text(rows).parse::<u64>().map_or(true, |rows| rows >= ROWS_TO_SPLIT_MIN);
    large && (text(kind).eq_ignore_ascii_case("all") || text(kind).eq_ignore_ascii_case("index"))
}

/// A literal of a value's own type: MySQL would compare a number with a text as floats.
fn literal(value: &KeyValue) -> Option<String> {
    Some(match value {
        KeyValue::Number(text) => text.clone(),
        KeyValue::Plain(text) | KeyValue::Instant(text) => quoted_text(text),
        KeyValue::Boolean(value) => u8::from(*value).to_string(),
        // The sessions leave the backslash its meaning.
        KeyValue::Text(text) => quoted_text(&text.replace('\\', "\\\\")),
        KeyValue::Binary(bytes) => format!("X'{}'", hex::encode(bytes)),
    })
}

/// Returns a connection whose transaction still stands: after success, and after a statement that the server refused
/// (an unknown column, a missing right, an altered table), so that the other tables can be read.
fn settled<T>(lease: Lease<Lane>, outcome: std::result::Result<T, Trouble>) -> std::result::Result<T, Trouble> {
    let refused = |trouble: &Trouble| match trouble {
        Trouble::Refused { number, state, .. } => state.starts_with("42") || *number == TABLE_ALTERED,
        _ => false,
    };
    if outcome.as_ref().map_or_else(refused, |_| true) {
        lease.give_back();
    }
    outcome
}

/// Begins all transactions under the global read lock and reads where the server stands; or says why there is no lock.
/// The lock is given up on every way out: if not by the statement, then because the session ends with `control`.
async fn begin_locked(
    control: &mut Lane,
    connections: &mut [Lane],
    server: &Server,
) -> std::result::Result<std::result::Result<Vec<(String, String)>, String>, Trouble> {
    control.run(LOCK_WAIT).await?;
    let locked = control.run(LOCK).await;
    let begun = match &locked {
        Ok(()) => begin_all(control, connections, server).await,
        Err(_) => Ok(Vec::new()),
    };
    let unlocked = control.run(UNLOCK).await;
    match locked {
        Ok(()) => {}
        Err(Trouble::Refused { message, .. }) => return Ok(Err(message)),
        Err(e) => return Err(e),
    }
    unlocked?;
    begun.map(Ok)
}

async fn begin_all(
    control: &mut Lane,
    connections: &mut [Lane],
    server: &Server,
) -> std::result::Result<Vec<(String, String)>, Trouble> {
    for connection in connections {
        connection.run(BEGIN).await?;
    }
    Ok(position(control, server, "").await)
}

/// The server's place in its binary log, as far as it has one and the user may see it.
pub(super) async fn position(connection: &mut Lane, server: &Server, suffix: &str) -> Vec<(String, String)> {
    let (name, variable) = if server.is_mariadb() {
        ("gtid_current_pos", "SELECT @@GLOBAL.gtid_current_pos")
    } else {
        ("gtid_executed", "SELECT @@GLOBAL.gtid_executed")
    };
    let mut found = Vec::new();
    if let Some(gtid) = first_value(connection, variable, 0).await {
        found.push((format!("{name}{suffix}"), gtid));
    }
    // The second is the name since MySQL 8.2.
    for show in ["SHOW MASTER STATUS", "SHOW BINARY LOG STATUS"] {
        if let Ok(rows) = connection.ask(show).await {
            if let Some([Some(file), Some(at), ..]) = rows.first().map(Vec::as_slice) {
                found.push((format!("binlog{suffix}"), format!("{file}:{at}")));
            }
            break;
        }
    }
    found
}

/// MariaDB knows the exact place in the binary log of the snapshot a session has begun.
async fn snapshot_position(connection: &mut Lane) -> Option<(String, String)> {
    let file = first_value(connection, "SHOW STATUS LIKE 'binlog_snapshot_file'", 1).await?;
    let at = first_value(connection, "SHOW STATUS LIKE 'binlog_snapshot_position'", 1).await?;
    Some(("binlog_of_snapshot".into(), format!("{file}:{at}")))
}

/// How many rows a session has been sent since it began; `None` where the server does not say (MySQL).
async fn rows_sent(connection: &mut Lane) -> Option<u64> {
    first_value(connection, "SHOW SESSION STATUS LIKE 'Rows_sent'", 1).await?.parse().ok()
}

/// How many rows [`rows_sent`] itself adds (none in today's MariaDB, but this is nowhere written).
async fn cost_of_counting(connection: &mut Lane) -> Option<u64> {
    let before = rows_sent(connection).await?;
    rows_sent(connection).await?.checked_sub(before)
}

/// A single value, where the server gives one that is not empty: a server without a binary log is no failure.
pub(super) async fn first_value(connection: &mut Lane, sql: &str, index: usize) -> Option<String> {
    let rows = connection.ask(sql).await.ok()?;
    rows.into_iter().next()?.into_iter().nth(index)?.filter(|value| !value.is_empty())
}

/// The column to split by: the first of the primary key where it holds integers, in tables that are worth it. Rows lie
/// in its order, so that each part is read in one sweep.
fn key_to_split(table: &Table) -> Option<&str> {
    if table.rows_estimate.is_some_and(|rows| rows < ROWS_TO_SPLIT_MIN) {
        return None;
    }
    let first = table.keys.iter().find(|key| key.primary && key.enforced)?.columns.first()?;
    let column = &table.columns[table.position(first)?];
    let integer = matches!(column.canonical, CanonicalType::Int64 | CanonicalType::UInt64);
    let counted = !column.native.starts_with("year");
    (integer && counted).then_some(first)
}

fn words_for_unheld(tables: &[String]) -> String {
    if tables.is_empty() {
        return String::new();
    }
    let named = tables[..tables.len().min(NAMED_MAX)].join(", ");
    let more = tables.len().saturating_sub(NAMED_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("; not held still, because their engine has no transactions: {named}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Column, Key, TableName};

    fn table(native: &str, canonical: CanonicalType, rows_estimate: Option<u64>) -> Table {
        let column = Column { name: "id".into(), native: native.into(), canonical, nullable: false };
        let key = Key { columns: vec!["id".into()], primary: true, enforced: true };
        Table { name: TableName::bare("t"), columns: vec![column], keys: vec![key], rows_estimate, schema: None }
    }

    #[test]
    fn a_large_table_is_split_by_an_integer_key_only() {
        let large = Some(1_000_000);
        assert_eq!(key_to_split(&table("bigint(20)", CanonicalType::Int64, large)), Some("id"));
        assert_eq!(key_to_split(&table("bigint(20)", CanonicalType::Int64, None)), Some("id"));
        assert_eq!(key_to_split(&table("int(11)", CanonicalType::Int64, Some(100))), None);
        assert_eq!(key_to_split(&table("bit(64)", CanonicalType::BitField { width: 64 }, large)), None);
        assert_eq!(key_to_split(&table("varchar(9)", CanonicalType::Text, large)), None);
    }

    #[test]
    fn a_plan_that_reads_a_large_table_whole_is_known_in_the_words_of_both_servers() {
        let row = |words: &str| words.split(' ').map(|word| (word != "-").then(|| word.to_owned())).collect::<Vec<_>>();
        assert!(reads_whole(&row("1 SIMPLE t ALL PRIMARY - - - 500000 Where")));
        assert!(reads_whole(&row("1 SIMPLE t - index PRIMARY PRIMARY 8 - 500000 33.3 Where")));
        assert!(!reads_whole(&row("1 SIMPLE t range PRIMARY PRIMARY 8 - 500000 Where")));
        assert!(!reads_whole(&row("1 SIMPLE t - range PRIMARY PRIMARY 8 - 500000 100 Where")));
        assert!(!reads_whole(&row("1 SIMPLE t ALL - - - - 40 Where")), "a small table");
        assert!(!reads_whole(&row("1 SIMPLE - - - - - - - Impossible")));
    }

    #[test]
    fn tables_without_a_snapshot_are_named() {
        assert_eq!(words_for_unheld(&[]), "");
        let many: Vec<String> = (1..=7).map(|i| format!("t{i} (MyISAM)")).collect();
        let words = words_for_unheld(&many);
        assert!(words.ends_with("t4 (MyISAM), t5 (MyISAM) and 2 more"), "{words}");
    }
}
