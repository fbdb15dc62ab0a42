//! Asks a MySQL or MariaDB server how it is.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::mysql::{MySql, MySqlConnection};
use sqlx::{AssertSqlSafe, Column, Decode, Executor, Row};

use super::describe::ask;
use super::session::{Sessions, limit_statements, run};
use super::trouble::failed;
use crate::error::{Error, Result};
use crate::store::Probe;
use crate::throttle::SignalKind;

/// What it is called since MySQL 8.0.22 and MariaDB 10.5, and what it was called before.
const REPLICA_STATUS: [&str; 2] = ["SHOW REPLICA STATUS", "SHOW SLAVE STATUS"];
const BEHIND: [&str; 2] = ["Seconds_Behind_Source", "Seconds_Behind_Master"];

/// How many of the threads that execute a statement are ours; the one that asks among them.
const OURS: &str = "SELECT /* tieout */ COUNT(*) FROM information_schema.PROCESSLIST
    WHERE COMMAND IN ('Query', 'Execute') AND INFO LIKE '%/* tieout */%'";

/// A session for questions only, opened when it is first needed.
pub(super) struct MysqlProbe {
    sessions: Arc<Sessions>,
    url: String,
    patience: Duration,
    connection: Option<MySqlConnection>,
}

impl MysqlProbe {
    pub fn new(sessions: Arc<Sessions>, url: &str, patience: Duration) -> Self {
        Self { sessions, url: url.to_owned(), patience, connection: None }
    }

    async fn connection(&mut self) -> Result<MySqlConnection> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        let mut connection = self.sessions.connect().await?;
        let say = |e| failed("a session for signals cannot be opened", &self.url, e);
        // A question of the user's must not write, however it is put.
        run(&mut connection, "SET SESSION TRANSACTION READ ONLY").await.map_err(say)?;
        limit_statements(&mut connection, self.patience).await.map_err(say)?;
        Ok(connection)
    }

    async fn number(&self, connection: &mut MySqlConnection, signal: &SignalKind) -> Result<Option<f64>, sqlx::Error> {
        match signal {
            SignalKind::ThreadsRunning => {
                let all = status(connection, "Threads_running").await?;
                let ours = parsed(first(&ask(connection, OURS).await?, 0));
                // Nobody but us may run when there is nobody else.
                Ok(all.zip(ours).map(|(all, ours)| (all - ours).max(0.0)))
            }
            SignalKind::HistoryLength => match status(connection, "Innodb_history_list_length").await? {
                Some(length) => Ok(Some(length)),
                // MySQL knows it as a metric, which somebody may have turned off: it then stays at its last value.
                None => {
                    let sql = "SELECT /* tieout */ `COUNT` FROM information_schema.INNODB_METRICS
                        WHERE NAME = 'trx_rseg_history_len' AND STATUS = 'enabled'";
                    Ok(parsed(first(&ask(connection, sql).await?, 0)))
                }
            },
            SignalKind::ReplicaLag => {
                let rows = match connection.fetch_all(sqlx::raw_sql(REPLICA_STATUS[0])).await {
                    Err(sqlx::Error::Database(_)) => connection.fetch_all(sqlx::raw_sql(REPLICA_STATUS[1])).await?,
                    rows => rows?,
                };
                // Of several sources the one it is furthest behind; NULL where the replication stands still.
                let mut worst = None;
                for row in &rows {
                    let Some(column) = row.columns().iter().find(|column| BEHIND.contains(&column.name())) else {
                        return Ok(None);
                    };
                    let bytes = <&[u8] as Decode<MySql>>::decode(row.try_get_raw(column.ordinal())?).ok();
                    let Some(behind) = parsed(bytes.map(String::from_utf8_lossy).as_deref()) else { return Ok(None) };
                    worst = Some(worst.map_or(behind, |worst: f64| worst.max(behind)));
                }
                Ok(worst)
            }
            SignalKind::Sql { sql, .. } => {
                // Prepared, and within brackets: it can be no second statement. CONCAT makes a text of any number.
                let sql = format!("SELECT /* tieout */ CONCAT((\n{}\n))", sql.trim().trim_end_matches(';'));
                let row = connection.fetch_one(sqlx::query(AssertSqlSafe(sql)).persistent(false)).await?;
                let bytes = <&[u8] as Decode<MySql>>::decode(row.try_get_raw(0)?).ok();
                Ok(parsed(bytes.map(String::from_utf8_lossy).as_deref()))
            }
            SignalKind::ActiveBackends | SignalKind::BatchLatency => Ok(None),
        }
    }
}

#[async_trait]
impl Probe for MysqlProbe {
    async fn ask(&mut self, signal: &SignalKind) -> Result<f64> {
        // Taken, so that a question that is given up, or went wrong, takes its session with it.
        let mut connection = self.connection().await?;
        let number = self.number(&mut connection, signal).await;
        let number = number.map_err(|e| failed(&format!("signal {} cannot be asked", signal.name()), &self.url, e))?;
        self.connection = Some(connection);
        number.filter(|number| number.is_finite()).ok_or_else(|| {
            let error = Error::store(format!("signal {} gives no number", signal.name())).at(&self.url);
            match signal {
                SignalKind::ReplicaLag => error.hint(
                    "this server is no replica, or its replication stands still; on a primary, watch a heartbeat table \
                     of the replica with a signal of your own",
                ),
                SignalKind::HistoryLength => error.hint("grant the user PROCESS, and check that the metric is enabled"),
                _ => error.hint("write a query that always returns one number, for example with COALESCE(…, 0)"),
            }
        })
    }
}

/// A status of the server; `None` where it has none of this name.
async fn status(connection: &mut MySqlConnection, name: &str) -> Result<Option<f64>, sqlx::Error> {
    let rows = ask(connection, &format!("SHOW /* tieout */ GLOBAL STATUS LIKE '{name}'")).await?;
    Ok(parsed(first(&rows, 1)))
}

fn first(rows: &[Vec<Option<String>>], index: usize) -> Option<&str> {
    rows.first()?.get(index)?.as_deref()
}

fn parsed(text: Option<&str>) -> Option<f64> {
    text?.trim().parse().ok()
}
