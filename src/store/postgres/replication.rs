//! Whether a PostgreSQL database replicates from another, and how far it has come.

use sqlx::{AssertSqlSafe, Executor};

use super::{PostgresStore, describe};
use crate::error::Result;
use crate::store::lookup::quoted_text;
use crate::store::replication::{Coordinates, Mark};

/// Moves whenever a transaction that writes begins or ends, in any database of the cluster. Within a transaction: its
/// snapshot.
pub(super) const POSITION: &str = "SELECT txid_current_snapshot()::text";

const SLOTS: &str = "SELECT subslotname::text FROM pg_subscription WHERE subenabled AND subslotname IS NOT NULL
    AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1";
const UNREADY: &str = "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'";

impl PostgresStore {
    /// What this target is known by to have passed its source, or why there is nothing.
    pub(super) async fn mark(&self, source: &Coordinates) -> Result<std::result::Result<Mark, String>> {
        let Some(lsn) = source.get("insert_lsn").cloned() else {
            return Ok(Err("the source is no PostgreSQL primary".into()));
        };
        let mut connection = self.connection().await?;
        let failed = |e| self.failed("cannot ask how the target replicates", e);
        if sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(&mut connection).await.map_err(failed)? {
            let own = describe::server(&mut connection).await.into_iter().collect::<Coordinates>();
            // The same for a cluster and all its standbys. Nothing where it may not be asked for.
            return Ok(match (source.get(describe::SYSTEM), own.get(describe::SYSTEM)) {
                (Some(source), Some(own)) if source == own => Ok(Mark::Replayed(lsn)),
                (Some(_), Some(_)) => Err("the target is a standby of another cluster than the source".into()),
                _ => Err("neither user may call pg_control_system(), which tells a standby's cluster".into()),
            });
        }
        let slots: Vec<String> = sqlx::query_scalar(SLOTS).fetch_all(&mut connection).await.map_err(failed)?;
        if slots.is_empty() {
            return Ok(Err("the target is neither a standby nor a subscriber".into()));
        }
        Ok(Ok(Mark::Confirmed { lsn, slots }))
    }

    /// Whether this target has passed the mark, as far as it knows itself.
    pub(super) async fn passed(&self, mark: &Mark) -> Result<bool> {
        let sql = match mark {
            Mark::Replayed(lsn) => {
                format!("SELECT coalesce(pg_last_wal_replay_lsn() >= {}::pg_lsn, false)", quoted_text(lsn))
            }
            // Tables that are still copied have not got that far, whatever their subscription says.
            Mark::Confirmed { .. } => format!("SELECT ({UNREADY}) = 0"),
            Mark::Applied(_) => return Ok(false),
        };
        self.truth(sql).await.map(|answer| answer == Some(true))
    }

    /// Whether this source knows that its subscribers have passed the mark; `None` where they are no subscribers of its.
    pub(super) async fn confirmed(&self, mark: &Mark) -> Result<Option<bool>> {
        let Mark::Confirmed { lsn, slots } = mark else { return Ok(Some(true)) };
        let names: Vec<String> = slots.iter().map(|slot| quoted_text(slot)).collect();
        let of_ours = format!(
            "FROM pg_replication_slots WHERE slot_type = 'logical' AND database = current_database() AND slot_name IN ({})",
            names.join(", ")
        );
        let lsn = quoted_text(lsn);
        self.truth(format!("SELECT bool_and(coalesce(confirmed_flush_lsn >= {lsn}::pg_lsn, false)) {of_ours}")).await
    }

    async fn truth(&self, sql: String) -> Result<Option<bool>> {
        let mut connection = self.connection().await?;
        let answer = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection).await;
        answer.map_err(|e| self.failed("cannot ask how far the replication has come", e))
    }

    /// The one value that a question of the user's gives, as text; in it, `{source}` stands for a value of the source.
    pub(super) async fn answer(&self, question: &str, source: Option<&str>) -> Result<Option<String>> {
        let question = question.trim().trim_end_matches(';');
        let question = match source {
            Some(value) => question.replace("{source}", &quoted_text(value)),
            None => question.to_owned(),
        };
        let mut connection = self.connection().await?;
        let failed = |e| self.failed("the fence's question was refused", e);
        connection.execute("SET default_transaction_read_only = on").await.map_err(failed)?;
        // The line break ends a comment at the end of the question.
        let sql = format!("SELECT q.v::text FROM ({question}\n) AS q(v)");
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection).await.map_err(failed)
    }

    /// Where the cluster stands.
    pub(super) async fn position_now(&self) -> Result<Option<String>> {
        let mut connection = self.connection().await?;
        let position = sqlx::query_scalar(POSITION).fetch_one(&mut connection).await;
        position.map_err(|e| self.failed("cannot ask for the position", e))
    }
}
