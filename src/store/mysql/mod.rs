//! MySQL and MariaDB, read through prepared statements: their binary protocol is cheaper to decode than text, and exact
//! for floats. tieout never writes to a store, and its sessions say so to the server (`READ ONLY`).
//!
//! The catalogue is asked over sqlx. Rows come over the `lean` lane where sessions are not encrypted, else over sqlx.

mod decode;
mod describe;
mod lane;
mod lean;
mod probe;
mod read;
mod replication;
mod schema;
mod session;
mod snapshot;
mod trouble;

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use tokio::sync::Mutex;

use self::session::Sessions;
use self::snapshot::MysqlSnapshot;
use self::trouble::{failed, number};
use super::connect::{connection_error, redact};
use super::replication::{Coordinates, Mark};
use super::{Probe, Store, StoreSnapshot, describe_rest};
use crate::error::{Error, Result};
use crate::model::{StoreIdentity, StoreKind, Table, TableName};
use crate::throttle::SessionLimits;

/// A database of a MySQL or MariaDB server.
pub struct MysqlStore {
    sessions: Arc<Sessions>,
    identity: StoreIdentity,
    server: Arc<Server>,
    /// Answers questions about tables; opened again where it was lost.
    catalogue: Mutex<Option<MySqlConnection>>,
}

/// What server this is.
struct Server {
    /// The database of the URL, as the server spells it.
    database: String,
    /// The server's version in its own words.
    version: String,
}

impl Server {
    fn is_mariadb(&self) -> bool {
        self.version.to_ascii_lowercase().contains("mariadb")
    }
}

impl MysqlStore {
    /// Connects to the database that a URL names, encrypted as its parameters ask (`ssl-mode`, `ssl-ca`, …).
    pub async fn connect(url: &str, limits: SessionLimits) -> Result<Self> {
        let options = MySqlConnectOptions::from_str(url).map_err(|e| connection_error(StoreKind::Mysql, url, e))?;
        if options.get_database().is_none_or(str::is_empty) {
            return Err(Error::usage("the URL names no database")
                .at(redact(url))
                .hint("add it behind the host: mysql://user@host:3306/database"));
        }
        let sessions = Arc::new(Sessions::new(url, options, limits));
        let mut connection = sessions.connect().await?;
        let server = Arc::new(
            describe::server(&mut connection)
                .await
                .map_err(|e| failed("the server does not say what it is", &redact(url), e))?,
        );
        let identity = StoreIdentity { kind: StoreKind::Mysql, url: redact(url) };
        Ok(Self { sessions, identity, server, catalogue: Mutex::new(Some(connection)) })
    }
}

#[async_trait]
impl Store for MysqlStore {
    fn identity(&self) -> &StoreIdentity {
        &self.identity
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        let mut catalogue = self.catalogue.lock().await;
        let mut connection = self.sessions.reuse(catalogue.take()).await?;
        let tables = describe::tables(&mut connection, &self.server).await;
        let tables = tables.map_err(|e| failed("the tables cannot be listed", &self.identity.url, e))?;
        *catalogue = Some(connection);
        Ok(tables)
    }

    async fn describe(&self, name: &TableName) -> Result<Table> {
        let mut catalogue = self.catalogue.lock().await;
        let mut connection = self.sessions.reuse(catalogue.take()).await?;
        let at = format!("{name} in {}", self.identity.url);
        let table = describe::describe(&mut connection, &self.server, name).await;
        let table = table.map_err(|e| failed("the table cannot be described", &at, e))?;
        *catalogue = Some(connection);
        table.ok_or_else(|| {
            Error::store("there is no such table").at(at).hint("check the name, and that the user may SELECT from it")
        })
    }

    async fn describe_all(&self, names: &[TableName]) -> Vec<Result<Table>> {
        let at_once = async {
            let mut catalogue = self.catalogue.lock().await;
            let mut connection = self.sessions.reuse(catalogue.take()).await.ok()?;
            let tables = describe::describe_at_once(&mut connection, &self.server, names).await.ok();
            *catalogue = Some(connection);
            tables
        };
        describe_rest(self, names, at_once.await.unwrap_or_default()).await
    }

    async fn mark(&self, source: &Coordinates) -> Result<std::result::Result<Mark, String>> {
        self.mark(source).await
    }

    async fn passed(&self, mark: &Mark) -> Result<bool> {
        self.passed(mark).await
    }

    async fn answer(&self, question: &str, source: Option<&str>) -> Result<Option<String>> {
        self.answer(question, source).await
    }

    async fn position(&self) -> Result<Option<String>> {
        self.position_now().await
    }

    async fn shapes(&self, names: &[TableName]) -> Result<HashMap<TableName, Vec<String>>> {
        let mut catalogue = self.catalogue.lock().await;
        let mut connection = match catalogue.take() {
            Some(connection) => connection,
            None => self.sessions.connect().await?,
        };
        let shapes = describe::shapes(&mut connection, &self.server, names).await;
        let shapes =
            shapes.map_err(|e| failed("it cannot be asked whether tables were altered", &self.identity.url, e))?;
        *catalogue = Some(connection);
        Ok(shapes)
    }

    async fn open(&self, workers: usize) -> Result<Arc<dyn StoreSnapshot>> {
        let snapshot = MysqlSnapshot::open(&self.sessions, self.server.clone(), &self.identity.url, workers).await?;
        Ok(Arc::new(snapshot))
    }

    fn probe(&self, patience: Duration) -> Option<Box<dyn Probe>> {
        Some(Box::new(probe::MysqlProbe::new(self.sessions.clone(), &self.identity.url, patience)))
    }
}

/// An identifier in SQL.
fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
