//! Asks a PostgreSQL server how it is.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, Row};

use super::failed;
use crate::error::{Error, Result};
use crate::model::StoreIdentity;
use crate::store::Probe;
use crate::throttle::SignalKind;

/// Whether what others do is shown to us; where it is not, the views count too few and too little.
const MAY_SEE: &str = "SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')";
const MAY_NOT_SEE: &str = "the user may not see the sessions of others, so the number would be too low";

/// Sessions of others that execute a statement. Ours are known by their name.
const ACTIVE_BACKENDS: &str = "SELECT pg_catalog.count(*)::float8 FROM pg_catalog.pg_stat_activity
    WHERE state = 'active' AND backend_type = 'client backend' AND application_name <> 'tieout'";

/// On a primary the standby that is furthest behind, on a standby itself; no number where nobody replicates. A standby that has
/// replayed all it received is not behind, however long ago that was.
const REPLICA_LAG: &str = "SELECT CASE WHEN pg_catalog.pg_is_in_recovery()
    THEN CASE WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() THEN 0::float8
        ELSE extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())::float8 END
    ELSE (SELECT pg_catalog.max(coalesce(extract(epoch FROM replay_lag), 0))::float8 FROM pg_catalog.pg_stat_replication)
    END";

/// A connection for questions only, opened when it is first needed.
pub(super) struct PostgresProbe {
    identity: StoreIdentity,
    options: PgConnectOptions,
    connection: Option<PgConnection>,
}

impl PostgresProbe {
    pub fn new(identity: StoreIdentity, options: PgConnectOptions, patience: Duration) -> Self {
        let milliseconds = patience.as_millis().clamp(1, i32::MAX as u128).to_string();
        // A question of the user's must not write, however it is put. The last setting of a name counts.
        let settings = [("default_transaction_read_only", "on"), ("statement_timeout", &milliseconds)];
        Self { identity, options: options.options(settings), connection: None }
    }

    async fn connection(&mut self) -> Result<PgConnection> {
        let say = |e| failed(&self.identity, "cannot connect to ask for a signal", e);
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => self.options.connect().await.map_err(say),
        }
    }

    async fn number(&self, connection: &mut PgConnection, signal: &SignalKind) -> Result<Option<f64>> {
        let say = |e| failed(&self.identity, format!("signal {} cannot be asked", signal.name()), e);
        let statement = match signal {
            SignalKind::ActiveBackends | SignalKind::ReplicaLag => {
                let may: bool = sqlx::query_scalar(MAY_SEE).fetch_one(&mut *connection).await.map_err(say)?;
                if !may {
                    return Err(Error::store(MAY_NOT_SEE)
                        .at(&self.identity.url)
                        .hint("GRANT pg_read_all_stats TO the user of the URL"));
                }
                if *signal == SignalKind::ActiveBackends { ACTIVE_BACKENDS } else { REPLICA_LAG }.to_owned()
            }
            SignalKind::Sql { sql, .. } => {
                // Prepared, and within brackets: it can be no second statement.
                format!("SELECT (\n{}\n)::text::float8", sql.trim().trim_end_matches(';'))
            }
            SignalKind::ThreadsRunning | SignalKind::HistoryLength | SignalKind::BatchLatency => {
                return Err(Error::usage(format!("PostgreSQL has no signal {}", signal.name())));
            }
        };
        let row = connection.fetch_one(sqlx::query(AssertSqlSafe(statement)).persistent(false)).await.map_err(say)?;
        row.try_get(0).map_err(say)
    }
}

#[async_trait]
impl Probe for PostgresProbe {
    async fn ask(&mut self, signal: &SignalKind) -> Result<f64> {
        // Taken, so that a question that is given up, or went wrong, takes its connection with it.
        let mut connection = self.connection().await?;
        let number = self.number(&mut connection, signal).await?;
        self.connection = Some(connection);
        number.filter(|number| number.is_finite()).ok_or_else(|| {
            let error = Error::store(format!("signal {} gives no number", signal.name())).at(&self.identity.url);
            match signal {
                SignalKind::ReplicaLag => error.hint("no standby is connected: without one there is no lag to watch"),
                _ => error.hint("write a query that always returns one number, for example with coalesce(…, 0)"),
            }
        })
    }
}
