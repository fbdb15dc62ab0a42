//! One moment of an SQLite database, seen through one or several connections.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, ErrorCode};

use super::access::Access;
use super::describe::{Layout, rowid_span};
use super::{DatabaseFile, beside, blocking, failed, header, quoted, read};
use crate::canonical::KeyValue;
use crate::error::Result;
use crate::model::{KeyRange, TableRead};
use crate::store::lookup::{self, quoted_text};
use crate::store::pool::Pool;
use crate::store::split::{self, ROWS_TO_SPLIT_MIN};
use crate::store::{BatchSink, KeySpan, Part, Route, StoreSnapshot};

/// How often to try for several connections at one moment while somebody keeps writing.
const ATTEMPTS_MAX: usize = 5;
/// How long a further connection waits for a writer.
const BUSY_AMONG_OURSELVES: Duration = Duration::from_millis(500);

/// Connections whose read transactions see the same moment.
pub(super) struct SqliteSnapshot {
    file: Arc<DatabaseFile>,
    access: Access,
    pool: Pool<Connection>,
    coordinates: Vec<(String, String)>,
    taken_at: DateTime<Utc>,
    workers: usize,
}

impl SqliteSnapshot {
    /// Opens `workers` connections at one moment, or one where writers leave no time for several.
    pub fn open(file: Arc<DatabaseFile>, workers: usize) -> Result<Self> {
        let access = Access::of(&file)?;
        // SQLite runs in this process: its clock is this machine's.
        let taken_at = Utc::now();
        let connections = connections(&file, access, workers)?;
        access.check(&file)?;
        let coordinates = coordinates(&file, &connections[0])?;
        Ok(Self { access, pool: Pool::new(connections), coordinates, taken_at, workers, file })
    }

    /// Runs on one of the connections, and makes sure that the moment was still the same at the end.
    async fn on_connection<T: Send + 'static>(
        &self,
        what: &'static str,
        table: &str,
        work: impl FnOnce(&Connection) -> Result<rusqlite::Result<T>> + Send + 'static,
    ) -> Result<T> {
        let lease = self.pool.take().await?;
        let (file, access) = (self.file.clone(), self.access);
        let place = format!("{table} in {}", file.shown);
        blocking(move || {
            let outcome = work(&lease);
            // A refused statement or a damaged page ends no read transaction: other tables can still be read.
            if !lease.is_autocommit() {
                lease.give_back();
            }
            let outcome = outcome?.map_err(|e| failed(what, &place, e))?;
            access.check(&file)?;
            Ok(outcome)
        })
        .await
    }
}

#[async_trait]
impl StoreSnapshot for SqliteSnapshot {
    fn coordinates(&self) -> Vec<(String, String)> {
        self.coordinates.clone()
    }

    fn taken_at(&self) -> Option<DateTime<Utc>> {
        Some(self.taken_at)
    }

    fn weakness(&self) -> Option<String> {
        (self.pool.size() < self.workers)
            .then(|| format!("writers left no time for {} read transactions to begin at one moment", self.workers))
    }

    fn consistency(&self) -> String {
        match (self.access, self.pool.size()) {
            (Access::Idle(_), _) => {
                "nobody had the file open: read as immutable, and checked after every read that it was not written to"
            }
            (Access::Shared, 1) => "one connection with one read transaction",
            (Access::Shared, _) => {
                "one read transaction for each connection; nothing was committed while they began (PRAGMA data_version)"
            }
        }
        .into()
    }

    fn workers_max(&self) -> usize {
        self.pool.size()
    }

    async fn parts(&self, read: &TableRead, wanted: usize) -> Result<Vec<Part>> {
        let table = read.table.clone();
        self.on_connection("the table cannot be divided", &read.table.name.name, move |connection| {
            let columns = table.columns.iter().map(|c| c.name.as_str());
            let parts = || {
                let layout = Layout::of(connection, &table.name.name)?;
                let Some(rowid) = layout.and_then(|layout| layout.rowid(columns)) else { return Ok(vec![Part::Whole]) };
                Ok(match rowid_span(connection, &table.name.name, rowid)? {
                    Some((min, max)) if max.abs_diff(min) >= ROWS_TO_SPLIT_MIN => {
                        split::by_integer(rowid, min.into(), max.into(), wanted)
                    }
                    _ => vec![Part::Whole],
                })
            };
            Ok(parts())
        })
        .await
    }

    async fn count(&self, read: &TableRead) -> Result<Option<u64>> {
        let clause = split::where_clause(&Part::Whole, read.filter.as_deref());
        let sql = format!("SELECT count(*) FROM main.{}{clause}", quoted(&read.table.name.name));
        self.on_connection("the rows cannot be counted", &read.table.name.name, move |connection| {
            Ok(connection.query_row(&sql, [], |row| row.get::<_, i64>(0)))
        })
        .await
        .map(|rows| u64::try_from(rows).ok())
    }

    async fn read(&self, read: &TableRead, part: &Part, sink: &BatchSink) -> Result<Option<u64>> {
        let (read, part, sink) = (read.clone(), part.clone(), sink.clone());
        let table = read.table.name.name.clone();
        self.on_connection("the rows cannot be read", &table, move |connection| {
            read::send_rows(connection, &read, &part, &sink)
        })
        .await?;
        Ok(None)
    }

    async fn route(&self, read: &TableRead, part: &Part) -> Result<Route> {
        if read.table.rows_estimate.is_some_and(|rows| rows < ROWS_TO_SPLIT_MIN) {
            return Ok(Route::Direct);
        }
        let sql = format!("EXPLAIN QUERY PLAN {}", read::select(read, part, ""));
        self.on_connection("the plan of a query is not to be had", &read.table.name.name, move |connection| {
            let whole = || {
                let mut statement = connection.prepare(&sql)?;
                let steps =
                    statement.query_map([], |row| row.get::<_, String>(3))?.collect::<rusqlite::Result<Vec<_>>>()?;
                // A search goes down a tree, a scan along all of it.
                Ok(steps.iter().any(|step| step.starts_with("SCAN ")))
            };
            Ok(whole().map(|whole| if whole { Route::WholeTable } else { Route::Direct }))
        })
        .await
    }

    async fn end(&self) {
        self.pool.close();
    }

    fn rows_with_keys(&self, columns: &[String], keys: &[Vec<KeyValue>]) -> Option<Part> {
        // SQLite compares row values only one by one, each with a scan.
        let [column] = columns else { return None };
        lookup::by_keys(&[quoted(column)], keys, literal)
    }

    fn rows_between(&self, column: &str, ranges: &[(KeyValue, KeyValue)]) -> Option<Part> {
        lookup::by_ranges(&quoted(column), ranges, literal)
    }

    async fn key_span(&self, read: &TableRead, column: &str) -> Result<KeySpan> {
        let (column, table) = (quoted(column), quoted(&read.table.name.name));
        // Apart, because SQLite answers only a lone min or max from the end of the tree. NULL comes before numbers and is left out by min;
        // texts and bytes come after them.
        let end = |end: &str| format!("(SELECT {end}({column}) FROM main.{table})");
        let null = format!("EXISTS (SELECT 1 FROM main.{table} WHERE {column} IS NULL)");
        let sql = format!("SELECT {}, {}, {null}", end("min"), end("max"));
        self.on_connection("the table cannot be measured", &read.table.name.name, move |connection| {
            Ok(connection.query_row(&sql, [], |row| {
                use rusqlite::types::ValueRef::{Integer, Null};
                Ok(match (row.get_ref(0)?, row.get_ref(1)?, row.get::<_, bool>(2)?) {
                    (Integer(min), Integer(max), false) => KeySpan::Between(min.into(), max.into()),
                    (Null, Null, false) => KeySpan::Empty,
                    _ => KeySpan::Unknown,
                })
            }))
        })
        .await
    }

    fn rows_in(&self, column: &str, ranges: &[KeyRange]) -> Option<Part> {
        split::in_ranges(&quoted(column), ranges, i64::MAX.into())
    }
}

fn literal(value: &KeyValue) -> Option<String> {
    Some(match value {
        KeyValue::Number(text) => text.clone(),
        KeyValue::Plain(text) | KeyValue::Instant(text) => quoted_text(text),
        KeyValue::Boolean(value) => u8::from(*value).to_string(),
        KeyValue::Text(text) if !text.contains('\0') => quoted_text(text),
        KeyValue::Text(_) => return None,
        KeyValue::Binary(bytes) => format!("x'{}'", hex::encode(bytes)),
    })
}

/// Connections in read transactions at the same moment. A connection outside any transaction watches: SQLite promises
/// that its `data_version` changes with every commit of another connection, so that two equal values around all the first
/// reads prove that no commit came in between.
fn connections(file: &DatabaseFile, access: Access, workers: usize) -> Result<Vec<Connection>> {
    let trouble = |e| failed("no snapshot of the SQLite database could be opened", &file.shown, e);
    if workers > 1 {
        let watch = access.connect(file)?;
        let version = || watch.query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0)).map_err(trouble);
        for _ in 0..ATTEMPTS_MAX {
            let before = version()?;
            let mut opened = vec![begin(access.connect(file)?).map_err(trouble)?];
            while opened.len() < workers {
                let connection = access.connect(file)?;
                // A writer that waits for the first connection lets no second one in: wait less, and try again.
                match connection.busy_timeout(BUSY_AMONG_OURSELVES).and_then(|()| begin(connection)) {
                    Ok(connection) => opened.push(connection),
                    Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => break,
                    Err(e) => return Err(trouble(e)),
                }
            }
            if opened.len() == workers && version()? == before {
                return Ok(opened);
            }
        }
    }
    Ok(vec![begin(access.connect(file)?).map_err(trouble)?])
}

/// Begins a read transaction, which sees its moment from its first read on.
fn begin(connection: Connection) -> rusqlite::Result<Connection> {
    connection.execute_batch("BEGIN")?;
    connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
    Ok(connection)
}

/// What identifies the state that is read: SQLite has no number for it, but these move when it moves.
fn coordinates(file: &DatabaseFile, connection: &Connection) -> Result<Vec<(String, String)>> {
    let pragma = |name: &str| {
        connection
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
            .map_err(|e| failed("the SQLite database cannot be read", &file.shown, e))
    };
    let bytes = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len()).to_string();
    let mut coordinates = vec![
        ("path".to_string(), file.path.display().to_string()),
        ("file_bytes".into(), bytes(&file.path)),
        ("wal_bytes".into(), bytes(&beside(&file.path, "-wal"))),
        ("page_count".into(), pragma("page_count")?.to_string()),
        ("schema_version".into(), pragma("schema_version")?.to_string()),
    ];
    let modified = std::fs::metadata(&file.path).and_then(|metadata| metadata.modified()).ok();
    if let Some(modified) = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok()) {
        coordinates.push(("modified".into(), format!("{} ns", modified.as_nanos())));
    }
    if let Some(counter) = header::change_counter(&file.path)? {
        coordinates.push(("file_change_counter".into(), counter.to_string()));
    }
    Ok(coordinates)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray, RecordBatch};
    use arrow::datatypes::Int64Type;

    use super::*;
    use crate::model::TableName;
    use crate::store::Store;
    use crate::store::sqlite::SqliteStore;

    fn store(dir: &tempfile::TempDir, sql: &str) -> (SqliteStore, Connection) {
        let path = dir.path().join("x.db");
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update(None, "journal_mode", "wal").unwrap();
        writer.execute_batch(sql).unwrap();
        (SqliteStore::open(path.to_str().unwrap()).unwrap(), writer)
    }

    async fn rows(snapshot: &dyn StoreSnapshot, read: &TableRead, part: &Part) -> Result<Vec<RecordBatch>> {
        let (sink, mut batches) = BatchSink::channel(1);
        let collect = async {
            let mut all = Vec::new();
            while let Some(batch) = batches.recv().await {
                all.push(batch);
            }
            all
        };
        let reading = async move { snapshot.read(read, part, &sink).await };
        let (end, all) = futures::future::join(reading, collect).await;
        end.map(|_| all)
    }

    fn first_integers(batches: &[RecordBatch]) -> Vec<i64> {
        let integers = |batch: &RecordBatch| {
            let integers = batch.column(0).as_struct().column(0).as_primitive::<Int64Type>().clone();
            integers.iter().flatten().collect::<Vec<_>>()
        };
        batches.iter().flat_map(integers).collect()
    }

    const MANY: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
        WITH RECURSIVE n (i) AS (SELECT -1000 UNION ALL SELECT i + 1 FROM n WHERE i < 29000)
        INSERT INTO t SELECT i, 'row ' || i FROM n";

    #[tokio::test]
    async fn the_parts_hold_every_row_once_as_of_one_moment() {
        let dir = tempfile::tempdir().unwrap();
        let (store, writer) = store(&dir, MANY);
        let table = store.describe(&TableName::bare("t")).await.unwrap();
        assert_eq!(table.rows_estimate, Some(30_001));
        let snapshot = store.open(3).await.unwrap();
        assert_eq!(snapshot.workers_max(), 3);
        writer.execute_batch("DELETE FROM t WHERE id % 2 = 0; INSERT INTO t VALUES (-5000, ''), (99999, '')").unwrap();
        let read = TableRead { table, filter: None };
        let parts = snapshot.parts(&read, 4).await.unwrap();
        assert_eq!(parts.len(), 4);
        let mut found = Vec::new();
        for part in &parts {
            found.extend(first_integers(&rows(&*snapshot, &read, part).await.unwrap()));
        }
        found.sort_unstable();
        assert_eq!(found, (-1000..=29_000).collect::<Vec<i64>>());
    }

    #[tokio::test]
    async fn a_part_by_key_goes_through_the_index_of_the_key_and_any_other_through_the_whole_table() {
        let dir = tempfile::tempdir().unwrap();
        let texts = "CREATE TABLE k (id TEXT PRIMARY KEY NOT NULL, a TEXT); INSERT INTO k SELECT 'k' || id, a FROM t";
        let (store, _writer) = store(&dir, &format!("{MANY}; {texts}"));
        let snapshot = store.open(1).await.unwrap();
        let read = |table| TableRead { table, filter: None };
        let numbers = read(store.describe(&TableName::bare("t")).await.unwrap());
        let keyed = read(store.describe(&TableName::bare("k")).await.unwrap());
        let text = |text: &str| vec![KeyValue::Text(text.into())];
        let number = |number: i64| KeyValue::Number(number.to_string());
        let by_text = |column: &str| snapshot.rows_with_keys(&[column.into()], &[text("k7"), text("k8")]).unwrap();
        assert_eq!(snapshot.route(&keyed, &by_text("id")).await.unwrap(), Route::Direct);
        assert_eq!(snapshot.route(&keyed, &by_text("a")).await.unwrap(), Route::WholeTable);
        let between = snapshot.rows_between("id", &[(number(3), number(9)), (number(20), number(22))]).unwrap();
        assert_eq!(snapshot.route(&numbers, &between).await.unwrap(), Route::Direct);
        for part in snapshot.parts(&numbers, 4).await.unwrap() {
            assert_eq!(snapshot.route(&numbers, &part).await.unwrap(), Route::Direct);
        }
        assert_eq!(rows(&*snapshot, &keyed, &by_text("id")).await.unwrap()[0].num_rows(), 2);
    }

    #[tokio::test]
    async fn a_condition_holds_in_every_part() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _writer) = store(&dir, MANY);
        let table = store.describe(&TableName::bare("t")).await.unwrap();
        let snapshot = store.open(2).await.unwrap();
        let read = TableRead { table, filter: Some("id = 1 OR id = 20000 -- note".into()) };
        let mut found = Vec::new();
        for part in snapshot.parts(&read, 3).await.unwrap() {
            found.extend(first_integers(&rows(&*snapshot, &read, &part).await.unwrap()));
        }
        assert_eq!(found, [1, 20_000]);
    }

    #[tokio::test]
    async fn every_storage_class_arrives_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let sql = "CREATE TABLE t (v); INSERT INTO t VALUES (9007199254740993), (0.5), ('a' || char(0)), (x'00ff'),
                   (NULL), (CAST(x'ff41' AS TEXT))";
        let (store, _writer) = store(&dir, sql);
        let read = TableRead { table: store.describe(&TableName::bare("t")).await.unwrap(), filter: None };
        let snapshot = store.open(1).await.unwrap();
        let batches = rows(&*snapshot, &read, &Part::Whole).await.unwrap();
        let values = batches[0].column(0).as_struct();
        assert_eq!(first_integers(&batches), [9_007_199_254_740_993]);
        assert_eq!(values.column(1).as_primitive::<arrow::datatypes::Float64Type>().value(1), 0.5);
        assert_eq!(values.column(2).as_string::<i32>().value(2), "a\0");
        assert_eq!(values.column(3).as_binary::<i32>().value(3), [0x00, 0xff]);
        assert!(values.is_null(4) && batches[0].column(1).is_null(4));
        assert!(batches[0].column(1).as_string::<i32>().value(5).contains("ff41"));
    }

    #[tokio::test]
    async fn a_table_without_rows_and_one_of_more_columns_than_a_function_takes_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let columns: Vec<String> = (0..1001).map(|i| format!("c{i} DEFAULT {i}")).collect();
        let sql =
            format!("CREATE TABLE wide ({}); INSERT INTO wide (c0) VALUES (7); CREATE TABLE t (a)", columns.join(", "));
        let (store, _writer) = store(&dir, &sql);
        let snapshot = store.open(1).await.unwrap();
        let empty = TableRead { table: store.describe(&TableName::bare("t")).await.unwrap(), filter: None };
        assert!(rows(&*snapshot, &empty, &Part::Whole).await.unwrap().is_empty());
        let wide = TableRead { table: store.describe(&TableName::bare("wide")).await.unwrap(), filter: None };
        let batches = rows(&*snapshot, &wide, &Part::Whole).await.unwrap();
        assert_eq!(first_integers(&batches), [7]);
        let last = batches[0].column(1000).as_struct().column(0).as_primitive::<Int64Type>().value(0);
        assert_eq!(last, 1000);
    }

    #[tokio::test]
    async fn a_reader_whose_receiver_has_gone_stops() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _writer) = store(&dir, MANY);
        let read = TableRead { table: store.describe(&TableName::bare("t")).await.unwrap(), filter: None };
        let snapshot = store.open(1).await.unwrap();
        let (sink, batches) = BatchSink::channel(1);
        drop(batches);
        let error = snapshot.read(&read, &Part::Whole, &sink).await.unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::Interrupted);
    }

    #[tokio::test]
    async fn a_refused_condition_leaves_the_other_tables_readable() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _writer) = store(&dir, MANY);
        let table = store.describe(&TableName::bare("t")).await.unwrap();
        let snapshot = store.open(1).await.unwrap();
        let refused = TableRead { table: table.clone(), filter: Some("absent = 1".into()) };
        let error = rows(&*snapshot, &refused, &Part::Whole).await.unwrap_err();
        assert!(error.to_string().contains("no such column") && error.advice().unwrap().contains("--where"), "{error}");
        let read = TableRead { table, filter: None };
        assert_eq!(first_integers(&rows(&*snapshot, &read, &Part::Whole).await.unwrap()).len(), 30_001);
    }

    #[tokio::test]
    async fn a_column_that_is_gone_is_an_error_and_no_text() {
        let dir = tempfile::tempdir().unwrap();
        let (store, writer) = store(&dir, "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2)");
        let read = TableRead { table: store.describe(&TableName::bare("t")).await.unwrap(), filter: None };
        writer.execute_batch("ALTER TABLE t DROP COLUMN b").unwrap();
        let snapshot = store.open(1).await.unwrap();
        let error = rows(&*snapshot, &read, &Part::Whole).await.unwrap_err();
        assert!(error.to_string().contains("no such column"), "{error}");
    }

    #[tokio::test]
    async fn a_damaged_page_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("damaged.db");
        Connection::open(&path).unwrap().execute_batch(MANY).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 8192].fill(0x99);
        std::fs::write(&path, bytes).unwrap();
        let store = SqliteStore::open(path.to_str().unwrap()).unwrap();
        let read = TableRead { table: store.describe(&TableName::bare("t")).await.unwrap(), filter: None };
        let snapshot = store.open(1).await.unwrap();
        let error = rows(&*snapshot, &read, &Part::Whole).await.unwrap_err();
        assert!(error.to_string().contains("malformed"), "{error}");
    }
}
