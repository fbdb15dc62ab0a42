//! Whether a MySQL or MariaDB server replicates from another, and how far it has come.

use super::snapshot::{first_value, position};
use super::trouble::failed;
use super::{MysqlStore, Server};
use crate::error::Result;
use crate::store::lookup::quoted_text;
use crate::store::replication::{Coordinates, Mark};

/// How long a server is let wait for a transaction before it says that it has not come, in seconds.
const WAIT_SECONDS: &str = "0.5";

impl MysqlStore {
    /// What this target is known by to have passed its source, or why there is nothing.
    pub(super) async fn mark(&self, source: &Coordinates) -> Result<std::result::Result<Mark, String>> {
        let name = gtid_name(&self.server);
        let found = source.get(name).or_else(|| source.get(&format!("{name}_soon_after")));
        let Some(gtid) = found.filter(|gtid| !gtid.is_empty()).cloned() else {
            return Ok(Err("the source is no server of the same kind that keeps a binary log".into()));
        };
        let mut session = self.sessions.connect_to_read().await?;
        let replicates = if self.server.is_mariadb() {
            let applied = first_value(&mut session, "SELECT @@GLOBAL.gtid_slave_pos", 0).await.unwrap_or_default();
            let domains = |gtids: &str| -> Vec<String> {
                gtids.split(',').filter_map(|gtid| Some(gtid.trim().split_once('-')?.0.to_owned())).collect()
            };
            let of_source = domains(&gtid);
            domains(&applied).iter().any(|domain| of_source.contains(domain))
        } else {
            let uuids = session.ask("SELECT SOURCE_UUID FROM performance_schema.replication_connection_status").await;
            let of_source = source.get("server_uuid");
            let mut uuids = uuids.unwrap_or_default().into_iter().flatten().flatten();
            of_source.is_some_and(|uuid| uuids.any(|one| one == *uuid))
        };
        Ok(if replicates {
            Ok(Mark::Applied(gtid))
        } else {
            Err("the target does not replicate from the source".into())
        })
    }

    /// Whether this target has passed the mark.
    pub(super) async fn passed(&self, mark: &Mark) -> Result<bool> {
        let Mark::Applied(gtid) = mark else { return Ok(false) };
        let gtid = quoted_text(gtid);
        let question = if self.server.is_mariadb() {
            format!("SELECT MASTER_GTID_WAIT({gtid}, {WAIT_SECONDS})")
        } else {
            format!("SELECT WAIT_FOR_EXECUTED_GTID_SET({gtid}, {WAIT_SECONDS})")
        };
        let mut session = self.sessions.connect_to_read().await?;
        let answer = session.ask(&question).await;
        let answer =
            answer.map_err(|e| failed("cannot ask how far the replication has come", &self.identity.url, e))?;
        Ok(answer.into_iter().flatten().next().flatten().as_deref() == Some("0"))
    }

    /// The one value that a question of the user's gives, as text; in it, `{source}` stands for a value of the source.
    pub(super) async fn answer(&self, question: &str, source: Option<&str>) -> Result<Option<String>> {
        // The sessions leave the backslash its meaning.
        let question = match source {
            Some(value) => question.replace("{source}", &quoted_text(&value.replace('\\', "\\\\"))),
            None => question.to_owned(),
        };
        let refused = |e| failed("the fence's question was refused", &self.identity.url, e);
        let mut session = self.sessions.connect_to_read().await?;
        session.run("START TRANSACTION READ ONLY").await.map_err(refused)?;
        let rows = session.ask(question.trim().trim_end_matches(';')).await.map_err(refused)?;
        Ok(rows.into_iter().flatten().next().flatten())
    }

    /// Where the server stands; `None` where it keeps no binary log.
    pub(super) async fn position_now(&self) -> Result<Option<String>> {
        let mut session = self.sessions.connect_to_read().await?;
        Ok(joined(position(&mut session, &self.server, "").await))
    }
}

/// A text that changes with everything that is committed; `None` where there is no binary log.
pub(super) fn joined(position: Vec<(String, String)>) -> Option<String> {
    let has_log = position.iter().any(|(name, _)| name == "binlog");
    has_log.then(|| position.into_iter().map(|(name, at)| format!("{name} {at}")).collect::<Vec<_>>().join(", "))
}

/// The coordinate that a replica of this kind of server is asked for.
fn gtid_name(server: &Server) -> &'static str {
    if server.is_mariadb() { "gtid_current_pos" } else { "gtid_executed" }
}
