//! One moment of an SQLite database, seen through one or several connections.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode};

use super::access::Access;
use super::describe::{Layout, rowid_span};
use super::{DatabaseFile, beside, blocking, failed, header, quoted, read};
use crate::error::Result;
use crate::model::TableRead;
use crate::store::pool::Pool;
use crate::store::split::{self, ROWS_TO_SPLIT_MIN};
use crate::store::{BatchSink, Part, StoreSnapshot};

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
}

impl SqliteSnapshot {
    /// Opens `workers` connections at one moment, or one where writers leave no time for several.
    pub fn open(file: Arc<DatabaseFile>, workers: usize) -> Result<Self> {
        let access = Access::of(&file)?;
        let connections = connections(&file, access, workers)?;
        access.check(&file)?;
        let coordinates = coordinates(&file, &connections[0])?;
        Ok(Self { access, pool: Pool::new(connections), coordinates, file })
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

    async fn read(&self, read: &TableRead, part: &Part, sink: &BatchSink) -> Result<()> {
        let (table, sql, sink) = (read.table.clone(), read::select(read, part), sink.clone());
        self.on_connection("the rows cannot be read", &read.table.name.name, move |connection| {
            read::send_rows(connection, &table, &sql, &sink)
        })
        .await
    }
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
    if let Some(counter) = header::change_counter(&file.path)? {
        coordinates.push(("file_change_counter".into(), counter.to_string()));
    }
    Ok(coordinates)
}
