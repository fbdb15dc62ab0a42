//! A session that reads: over the lean lane where the server lets us, else over the driver.

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::describe;
use super::lean::Lean;
use super::read::{self, Rows};
use super::session::{self, tidy};
use super::trouble::Trouble;
use crate::error::Result;

type Answer<T> = std::result::Result<T, Trouble>;

/// One of both kinds of session; to the server they are the same.
pub(super) enum Lane {
    /// Ours, for unencrypted sessions.
    Lean(Box<Lean>),
    /// The driver's, for all others.
    Driver(Box<MySqlConnection>),
}

impl Lane {
    /// Runs a statement that returns no rows.
    pub async fn run(&mut self, sql: &str) -> Answer<()> {
        match self {
            Lane::Lean(lean) => lean.run(sql).await,
            Lane::Driver(connection) => Ok(session::run(connection, sql).await?),
        }
    }

    /// The rows of a question, every value as text; for statements without a condition of the user's.
    pub async fn ask(&mut self, sql: &str) -> Answer<Vec<Vec<Option<String>>>> {
        match self {
            Lane::Lean(lean) => lean.ask(sql).await,
            Lane::Driver(connection) => Ok(describe::ask(connection, sql).await?),
        }
    }

    /// The one number of a question that may hold a condition of the user's: it can be no second statement, because the
    /// lean lane asks for no more than one at a time and the driver prepares it.
    pub async fn number(&mut self, sql: &str) -> Answer<u64> {
        let number = match self {
            Lane::Lean(lean) => {
                let rows = lean.ask(sql).await?;
                rows.into_iter().flatten().next().flatten().and_then(|text| text.parse().ok())
            }
            Lane::Driver(connection) => {
                let sql = AssertSqlSafe(sql.to_string());
                u64::try_from(sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut **connection).await?).ok()
            }
        };
        number.ok_or_else(|| Trouble::garbled("no number"))
    }

    /// Runs a statement to its end and sends its rows. The outer error is ours, the inner one the server's or the
    /// driver's.
    pub async fn send_rows(&mut self, sql: &str, rows: &mut Rows<'_>) -> Result<Answer<()>> {
        match self {
            Lane::Lean(lean) => lean.send_rows(sql, rows).await,
            Lane::Driver(connection) => {
                let end = read::send_rows(connection, sql, rows).await?;
                Ok(match end {
                    Ok(()) => tidy(connection).await.map_err(Trouble::from),
                    Err(e) => Err(e.into()),
                })
            }
        }
    }

    /// Ends the session politely; nothing depends on it.
    pub async fn close(self) {
        if let Lane::Driver(connection) = self {
            let _ = connection.close().await;
        }
    }
}
