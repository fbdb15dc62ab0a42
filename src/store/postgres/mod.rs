//! PostgreSQL: one exported REPEATABLE READ snapshot, shared by all workers; rows by binary COPY, decoded from the wire
//! straight into Arrow builders. sqlx asks the questions, and reads where the connection is encrypted; else rows come
//! through a plain connection of our own.
//!
//! `describe` and `schema` ask the catalogue, `snapshot` opens the shared view, `worker` reads within it, over `wire` (with `login`)
//! or sqlx; `rows` makes batches of the stream that `copy` divides into rows and `value` into values.

mod copy;
mod describe;
mod literal;
mod login;
mod probe;
mod replication;
mod rows;
mod schema;
mod snapshot;
mod value;
mod wire;
mod worker;

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::Mutex;

pub use self::rows::RowDecoder;
use self::wire::WireError;
use super::connect::{connection_error, in_time, redact, transient_sqlstate};
use super::replication::{Coordinates, Mark};
use super::{Probe, Store, StoreSnapshot, describe_rest};
use crate::error::{Error, Result};
use crate::model::{StoreIdentity, StoreKind, Table, TableName};
use crate::throttle::SessionLimits;

/// A PostgreSQL database.
pub struct PostgresStore {
    identity: StoreIdentity,
    url: String,
    limits: SessionLimits,
    /// Answers what is asked after each table, outside of every snapshot; opened again where it was lost.
    watch: Mutex<Option<PgConnection>>,
}

impl PostgresStore {
    /// Connects once, to find a wrong URL or password early.
    pub async fn connect(url: &str, limits: SessionLimits) -> Result<Arc<dyn Store>> {
        let identity = StoreIdentity { kind: StoreKind::Postgres, url: redact(url) };
        let store = PostgresStore { identity, url: url.to_owned(), limits, watch: Mutex::new(None) };
        let connection = store.connection().await?;
        let _ = connection.close().await;
        Ok(Arc::new(store))
    }

    /// The same store, for a snapshot that connects again.
    fn again(&self) -> Self {
        PostgresStore {
            identity: self.identity.clone(),
            url: self.url.clone(),
            limits: self.limits,
            watch: Mutex::new(None),
        }
    }

    async fn connection(&self) -> Result<PgConnection> {
        in_time(StoreKind::Postgres, &self.url, self.options()?.connect()).await
    }

    /// How sessions begin.
    fn options(&self) -> Result<PgConnectOptions> {
        // 0 is no limit to the server.
        let milliseconds =
            |limit: Option<Duration>| limit.map_or(0, |limit| limit.as_millis().clamp(1, i32::MAX as u128));
        Ok(PgConnectOptions::from_str(&self.url)
            .map_err(|e| connection_error(StoreKind::Postgres, &self.url, e))?
            .application_name("tieout")
            .options([
                ("TimeZone", "UTC"),
                // Rows that a policy hides are an error, never just fewer rows.
                ("row_security", "off"),
                ("idle_in_transaction_session_timeout", "0"),
                ("statement_timeout", &milliseconds(self.limits.statement).to_string()),
                ("lock_timeout", &milliseconds(self.limits.lock).to_string()),
                // Types that are read as text must not follow the settings of a role.
                ("IntervalStyle", "postgres"),
                ("bytea_output", "hex"),
            ])
            .disable_statement_logging())
    }

    fn failed(&self, what: impl Into<String>, cause: sqlx::Error) -> Error {
        failed(&self.identity, what, cause)
    }
}

fn failed(identity: &StoreIdentity, what: impl Into<String>, cause: sqlx::Error) -> Error {
    let hint = match &cause {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => CONNECTION_BROKE,
        sqlx::Error::Database(refusal) => advice(refusal.code().as_deref().unwrap_or_default()),
        _ => "run again; if it stays, check the server's log",
    };
    let transient = match &cause {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(refusal) => transient_sqlstate(refusal.code().as_deref().unwrap_or_default()),
        _ => false,
    };
    Error::store(what).at(&identity.url).because(cause).hint(hint).transient(transient)
}

/// As [`failed`], for a connection of our own.
fn failed_on_wire(identity: &StoreIdentity, what: impl Into<String>, cause: WireError) -> Error {
    let made = Error::store(what).at(&identity.url);
    match cause {
        WireError::Io(cause) => made.because(cause).hint(CONNECTION_BROKE).transient(true),
        WireError::Garbled(cause) => {
            made.because(format!("the server sent {cause}")).hint(CONNECTION_BROKE).transient(true)
        }
        WireError::Refused { code, message } => made
            .because(format!("error returned from database: {message}"))
            .hint(advice(&code))
            .transient(transient_sqlstate(&code))
            .ended_by_hand(code == "57P01"),
        WireError::Stopped => Error::interrupted(),
        WireError::Caller(error) => error,
    }
}

const CONNECTION_BROKE: &str = "the connection broke, or an administrator ended it: check the server's log, then run again; nothing of this table counts as compared";

/// What to do about a refusal, by its SQLSTATE.
fn advice(code: &str) -> &'static str {
    match code {
        "42501" => "grant the user SELECT on the table; where a row policy hides rows, also BYPASSRLS",
        "57P01" => {
            "somebody ended our session (pg_terminate_backend), or the server was stopped: ask who, then run again"
        }
        "57P02" | "57P03" => "the server was stopped: start it and run again",
        "57014" => "somebody cancelled the statement, or it took longer than statement_timeout in [load] allows",
        "55P03" => {
            "another session keeps the table locked: run again when it has finished, or raise lock_timeout in [load]"
        }
        "40001" => "a standby cancelled the query: raise max_standby_streaming_delay or read the primary",
        _ => "the server's own words are above; run again once it is mended",
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn identity(&self) -> &StoreIdentity {
        &self.identity
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        let mut connection = self.connection().await?;
        describe::tables(&mut connection).await.map_err(|e| self.failed("cannot list the tables", e))
    }

    async fn describe(&self, name: &TableName) -> Result<Table> {
        let mut connection = self.connection().await?;
        let failed = |e| self.failed(format!("cannot describe table {name}"), e);
        let table = describe::table(&mut connection, name).await.map_err(failed)?;
        table.ok_or_else(|| failed(sqlx::Error::RowNotFound))
    }

    async fn describe_all(&self, names: &[TableName]) -> Vec<Result<Table>> {
        let at_once = async {
            let mut connection = self.connection().await.ok()?;
            describe::tables_at_once(&mut connection, names).await.ok()
        };
        describe_rest(self, names, at_once.await.unwrap_or_default()).await
    }

    async fn mark(&self, source: &Coordinates) -> Result<std::result::Result<Mark, String>> {
        self.mark(source).await
    }

    async fn passed(&self, mark: &Mark) -> Result<bool> {
        self.passed(mark).await
    }

    async fn confirmed(&self, mark: &Mark) -> Result<Option<bool>> {
        self.confirmed(mark).await
    }

    async fn answer(&self, question: &str, source: Option<&str>) -> Result<Option<String>> {
        self.answer(question, source).await
    }

    async fn position(&self) -> Result<Option<String>> {
        self.position_now().await
    }

    async fn shapes(&self, names: &[TableName]) -> Result<HashMap<TableName, Vec<String>>> {
        let mut watch = self.watch.lock().await;
        let mut connection = match watch.take() {
            Some(connection) => connection,
            None => self.connection().await?,
        };
        let shapes = describe::shapes(&mut connection, names).await;
        let shapes = shapes.map_err(|e| self.failed("cannot ask whether tables were altered", e))?;
        *watch = Some(connection);
        Ok(shapes)
    }

    async fn open(&self, workers: usize) -> Result<Arc<dyn StoreSnapshot>> {
        Ok(Arc::new(snapshot::PostgresSnapshot::open(self, workers).await?))
    }

    fn probe(&self, patience: Duration) -> Option<Box<dyn Probe>> {
        Some(Box::new(probe::PostgresProbe::new(self.identity.clone(), self.options().ok()?, patience)))
    }
}

/// A name in double quotes.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table's name, quoted with its schema.
fn quoted_table(name: &TableName) -> String {
    match &name.schema {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(&name.name)),
        None => quoted(&name.name),
    }
}
