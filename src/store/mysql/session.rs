//! Sessions that read the same bytes whatever the server's defaults, its `init_connect` or the client's zone say.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tokio::time::timeout;
use url::Url;

use super::lane::Lane;
use super::lean::{Lean, Login};
use super::trouble::{Trouble, number};
use crate::error::Result;
use crate::model::StoreKind;
use crate::store::connect::{CONNECT_TIME_MAX, connection_error, in_time};
use crate::throttle::SessionLimits;

/// What every server knows. A limit on rows would cut results short without an error; an idle session must live as long
/// as the comparison does, and a slow disk of ours is no reason for the server to hang up.
const SETTINGS: [&str; 7] = [
    "SET NAMES utf8mb4",
    "SET SESSION time_zone = '+00:00'",
    // No PAD_CHAR_TO_FULL_LENGTH, ANSI_QUOTES, PIPES_AS_CONCAT, NO_BACKSLASH_ESCAPES; zero dates may be compared.
    "SET SESSION sql_mode = ''",
    "SET SESSION sql_select_limit = 18446744073709551615",
    "SET SESSION sql_big_selects = 1",
    "SET SESSION net_write_timeout = 3600, net_read_timeout = 3600, wait_timeout = 86400",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
];

/// What only some servers know.
const SETTINGS_OF_SOME: [&str; 4] = [
    "SET SESSION idle_transaction_timeout = 0",                         // MariaDB
    "SET SESSION idle_readonly_transaction_timeout = 0",                // MariaDB
    "SET SESSION information_schema_stats_expiry = 0",                  // MySQL: fresh estimates
    "SET SESSION show_gipk_in_create_table_and_information_schema = 1", // MySQL: generated invisible keys
];

const UNKNOWN_SYSTEM_VARIABLE: u16 = 1193;
/// Statements that a session keeps prepared; the driver would begin to close them at 100.
const STATEMENTS_MAX: usize = 64;

/// Opens sessions to one server.
pub(super) struct Sessions {
    url: String,
    options: MySqlConnectOptions,
    limits: SessionLimits,
}

impl Sessions {
    /// Sessions as the URL asks for them; the URL is for error messages.
    pub fn new(url: &str, options: MySqlConnectOptions, limits: SessionLimits) -> Self {
        // An IPv6 address stands in brackets in a URL, and without them everywhere else.
        let host = options.get_host().trim_matches(['[', ']']).to_string();
        // What the driver would set by itself is set by us, or not at all.
        let options = options
            .host(&host)
            .set_names(false)
            .timezone(None)
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .disable_statement_logging();
        Self { url: url.to_string(), options, limits }
    }

    /// Opens a session.
    pub async fn connect(&self) -> Result<MySqlConnection> {
        let mut connection = in_time(StoreKind::Mysql, &self.url, self.options.connect()).await?;
        self.prepare(&mut connection).await.map_err(|e| connection_error(StoreKind::Mysql, &self.url, e))?;
        Ok(connection)
    }

    /// Opens a session to read rows with: on the lean lane where the server lets us, else over the driver, which then says
    /// what is wrong if anything is.
    pub async fn connect_to_read(&self) -> Result<Lane> {
        match timeout(CONNECT_TIME_MAX, self.connect_lean()).await {
            Ok(Ok(Some(lean))) => return Ok(Lane::Lean(Box::new(lean))),
            Ok(Ok(None)) => {}
            Ok(Err(trouble)) => tracing::debug!("rows are read over the driver: {trouble}"),
            Err(_) => tracing::debug!("rows are read over the driver: the lean lane took too long to open"),
        }
        Ok(Lane::Driver(Box::new(self.connect().await?)))
    }

    /// A session on the lean lane; `None` where the URL asks for an encrypted one.
    async fn connect_lean(&self) -> std::result::Result<Option<Lean>, Trouble> {
        let prefers_tls = match self.options.get_ssl_mode() {
            MySqlSslMode::Disabled => false,
            MySqlSslMode::Preferred => true,
            MySqlSslMode::Required | MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity => return Ok(None),
        };
        let password = Url::parse(&self.url).ok().and_then(|url| {
            url.password().map(|password| percent_decode_str(password).decode_utf8_lossy().into_owned())
        });
        let login = Login {
            user: self.options.get_username().to_string(),
            password: password.unwrap_or_default(),
            database: self.options.get_database().unwrap_or_default().to_string(),
            prefers_tls,
        };
        let mut lean = match self.options.get_socket() {
            Some(path) => Lean::over_socket(path, &login).await?,
            None => Lean::over_tcp(self.options.get_host(), self.options.get_port(), &login).await?,
        };
        for setting in self.settings() {
            lean.run(&setting).await?;
        }
        for setting in self.settings_of_some() {
            match lean.run(&setting).await {
                Err(e) if e.number() == Some(UNKNOWN_SYSTEM_VARIABLE) => {}
                outcome => outcome?,
            }
        }
        Ok(Some(lean))
    }

    async fn prepare(&self, connection: &mut MySqlConnection) -> std::result::Result<(), sqlx::Error> {
        for setting in self.settings() {
            run(connection, &setting).await?;
        }
        run_known(connection, &self.settings_of_some()).await
    }

    fn settings(&self) -> Vec<String> {
        // A year is the most that servers take.
        let seconds =
            self.limits.lock.map_or(31_536_000, |lock| lock.as_secs_f64().ceil().clamp(1.0, 31_536_000.0) as u64);
        let lock = format!("SET SESSION lock_wait_timeout = {seconds}");
        SETTINGS.iter().map(ToString::to_string).chain([lock]).collect()
    }

    fn settings_of_some(&self) -> Vec<String> {
        SETTINGS_OF_SOME.iter().map(ToString::to_string).chain(statement_limits(self.limits.statement)).collect()
    }

    /// The same session where it is still alive, else a new one.
    pub async fn reuse(&self, connection: Option<MySqlConnection>) -> Result<MySqlConnection> {
        if let Some(mut connection) = connection
            && connection.ping().await.is_ok()
        {
            return Ok(connection);
        }
        self.connect().await
    }
}

/// Lets the server stop statements of a session that take longer.
pub(super) async fn limit_statements(
    connection: &mut MySqlConnection,
    limit: Duration,
) -> std::result::Result<(), sqlx::Error> {
    run_known(connection, &statement_limits(Some(limit))).await
}

/// Runs settings that only some servers know.
async fn run_known(connection: &mut MySqlConnection, settings: &[String]) -> std::result::Result<(), sqlx::Error> {
    for setting in settings {
        match run(connection, setting).await {
            Err(e) if number(&e) == Some(UNKNOWN_SYSTEM_VARIABLE) => {}
            outcome => outcome?,
        }
    }
    Ok(())
}

/// 0 is no limit to either kind of server.
fn statement_limits(limit: Option<Duration>) -> [String; 2] {
    let seconds = limit.map_or(0.0, |limit| limit.as_secs_f64().clamp(0.001, 4_000_000.0));
    let milliseconds = (seconds * 1000.0) as u64;
    [
        format!("SET SESSION max_statement_time = {seconds}"), // MariaDB
        format!("SET SESSION max_execution_time = {milliseconds}"), // MySQL
    ]
}

/// Closes the statements a session has prepared, once there are many. Closing one after each use would be simpler, but
/// the server does not answer it, and the next request then waits 40 ms for the network (the driver's sockets combine
/// small packets, and the server's system is slow to acknowledge a lone one).
pub(super) async fn tidy(connection: &mut MySqlConnection) -> std::result::Result<(), sqlx::Error> {
    if connection.cached_statements_size() < STATEMENTS_MAX {
        Ok(())
    } else {
        connection.clear_cached_statements().await
    }
}

/// Runs a statement that returns no rows.
pub(super) async fn run(connection: &mut MySqlConnection, sql: &str) -> std::result::Result<(), sqlx::Error> {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_string()))).await.map(|_| ())
}
