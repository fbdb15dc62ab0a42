//! What to tell the user when a database server cannot be reached or does not let tieout in.

use std::future::Future;
use std::io;
use std::time::Duration;

use super::redact::{passwords, redact};
use crate::error::{Error, Result};
use crate::model::StoreKind;

/// How long a server may take to accept a connection; a port on which something else listens would wait for ever.
pub const CONNECT_TIME_MAX: Duration = Duration::from_secs(30);

const NOT_ENCRYPTED: (&str, &str) = (
    "no encrypted connection could be made",
    "check what the URL asks for: sslmode and sslrootcert (PostgreSQL) or ssl-mode and ssl-ca (MySQL), and whether the \
     server offers TLS with a certificate for this host",
);

/// Runs an attempt to connect, and gives up after a while.
pub async fn in_time<T>(
    kind: StoreKind,
    url: &str,
    attempt: impl Future<Output = std::result::Result<T, sqlx::Error>>,
) -> Result<T> {
    within(CONNECT_TIME_MAX, kind, url, attempt).await
}

async fn within<T>(
    limit: Duration,
    kind: StoreKind,
    url: &str,
    attempt: impl Future<Output = std::result::Result<T, sqlx::Error>>,
) -> Result<T> {
    match tokio::time::timeout(limit, attempt).await {
        Ok(outcome) => outcome.map_err(|e| connection_error(kind, url, e)),
        Err(_) => Err(connection_error(kind, url, sqlx::Error::Io(io::ErrorKind::TimedOut.into()))),
    }
}

/// The error for a connection that could not be made, with advice; never with a password.
pub fn connection_error(kind: StoreKind, url: &str, error: sqlx::Error) -> Error {
    let server = kind.name();
    let (what, hint) = match &error {
        sqlx::Error::Database(refusal) => {
            refused(refusal.code().as_deref().unwrap_or_default(), mysql_number(refusal.as_ref()))
        }
        // What rustls finds wrong with a certificate or a handshake comes as invalid data.
        sqlx::Error::Io(failure) if failure.kind() == io::ErrorKind::InvalidData => NOT_ENCRYPTED,
        sqlx::Error::Io(failure) => unreachable(failure),
        sqlx::Error::Tls(_) => NOT_ENCRYPTED,
        sqlx::Error::Configuration(_) => (
            "the URL is not understood",
            "write it as kind://user:password@host:port/database; percent-encode signs such as @ / ? # in a password",
        ),
        sqlx::Error::Protocol(_) => {
            ("what answers there does not speak this protocol", "check host and port, and the kind of store in the URL")
        }
        _ => ("the connection could not be made", "check host, port, user and database in the URL"),
    };
    let made = Error::store(format!("cannot connect to {server}: {what}")).at(redact(url)).hint(hint);
    let made = made.transient(is_transient(&error));
    match cause(&error) {
        Some(cause) if !passwords(url).iter().any(|password| cause.contains(password.as_str())) => made.because(cause),
        // What the server itself says repeats no password, even where a short one happens to be among its words.
        Some(cause) if matches!(error, sqlx::Error::Database(_)) => made.because(cause),
        _ => made,
    }
}

/// Whether the same attempt may succeed a little later.
fn is_transient(error: &sqlx::Error) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable,
        TimedOut, UnexpectedEof,
    };
    match error {
        sqlx::Error::Database(refusal) => match mysql_number(refusal.as_ref()) {
            Some(number) => transient_mysql(number),
            None => transient_sqlstate(refusal.code().as_deref().unwrap_or_default()),
        },
        sqlx::Error::Io(failure) => matches!(
            failure.kind(),
            ConnectionRefused
                | ConnectionReset
                | ConnectionAborted
                | BrokenPipe
                | UnexpectedEof
                | TimedOut
                | HostUnreachable
                | NetworkUnreachable
        ),
        // What ends in the middle of a greeting, or is garbled, looks so, too.
        sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}

/// Whether a refusal of PostgreSQL is one of the moment: broken connections, no place to spare, cancelled for the sake of
/// others, stopped or starting.
pub fn transient_sqlstate(code: &str) -> bool {
    code.starts_with("08")
        || matches!(code, "40001" | "40P01" | "53000" | "53200" | "53300" | "55P03" | "57P01" | "57P02" | "57P03")
}

/// The same of MySQL and MariaDB, by their numbers: too many connections, shutting down, locked, gone.
pub fn transient_mysql(number: u16) -> bool {
    matches!(number, 1040 | 1053 | 1077 | 1079 | 1152..=1161 | 1184 | 1203 | 1205 | 1213 | 1226 | 1927 | 2002..=2013 | 3572)
}

fn cause(error: &sqlx::Error) -> Option<String> {
    match error {
        sqlx::Error::Database(refusal) => Some(refusal.message().to_string()),
        sqlx::Error::Io(failure) => Some(failure.to_string()),
        sqlx::Error::Tls(cause) | sqlx::Error::Configuration(cause) => Some(cause.to_string()),
        other => Some(other.to_string()),
    }
}

fn mysql_number(refusal: &dyn sqlx::error::DatabaseError) -> Option<u16> {
    refusal.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>().map(|e| e.number())
}

/// What a server's refusal means: SQLSTATE for PostgreSQL, where MySQL needs its own number as well.
fn refused(code: &str, mysql: Option<u16>) -> (&'static str, &'static str) {
    match (code, mysql) {
        (_, Some(1045 | 1698)) | ("28P01", None) => (
            "the server does not accept user and password",
            "check user and password in the URL, or in the environment",
        ),
        ("28000", None) => (
            "the server does not let this user in from here",
            "check the user, and the server's rules for this host (pg_hba.conf)",
        ),
        (_, Some(1130)) => ("the server does not let this host in", "grant the user access from this host"),
        (_, Some(1049)) | ("3D000", None) => {
            ("there is no such database", "check the name behind the last / of the URL")
        }
        (_, Some(1044)) => ("the user may not use this database", "grant the user SELECT on it, or check its name"),
        (_, Some(3159)) => ("the server insists on TLS", "add ?ssl-mode=REQUIRED to the URL"),
        (_, Some(1040 | 1203 | 1226)) | ("53300", None) => {
            ("the server has no connection to spare", "use fewer --workers, or wait")
        }
        ("57P03", None) => ("the server is starting or stopping", "wait until it is ready, then run again"),
        _ => ("the server refused", "the server's own words are above"),
    }
}

fn unreachable(failure: &io::Error) -> (&'static str, &'static str) {
    match failure.kind() {
        io::ErrorKind::ConnectionRefused => {
            ("nothing listens at this address", "check host and port, and whether the server runs")
        }
        io::ErrorKind::TimedOut => {
            ("there is no answer from this address", "check host and port, and the firewalls in between")
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            ("this address cannot be reached", "check the host, the network and the VPN")
        }
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            ("the server closed the connection at once", "check the port, and whether the server insists on TLS")
        }
        io::ErrorKind::NotFound => ("there is no such socket or certificate file", "check the paths in the URL"),
        _ if failure.to_string().contains("lookup") => ("the host name is not known", "check the host in the URL"),
        _ => ("the connection failed", "check host and port, and whether the server runs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_connection_says_what_to_check() {
        let cause = sqlx::Error::Io(io::ErrorKind::ConnectionRefused.into());
        let error = connection_error(StoreKind::Mysql, "mysql://app:hunter2@db1/shop", cause);
        assert_eq!(
            error.to_string(),
            "cannot connect to mysql: nothing listens at this address (mysql://app@db1/shop): connection refused"
        );
        assert!(error.advice().unwrap().contains("port"));
    }

    #[test]
    fn a_certificate_that_is_not_trusted_is_a_matter_of_tls() {
        let cause = sqlx::Error::Io(io::Error::new(io::ErrorKind::InvalidData, "invalid peer certificate"));
        let error = connection_error(StoreKind::Mysql, "mysql://db1/shop", cause);
        assert!(error.to_string().contains("no encrypted connection"), "{error}");
    }

    #[test]
    fn a_cause_that_repeats_the_password_is_left_out() {
        let cause = sqlx::Error::Configuration("invalid value hunter2 of a parameter".into());
        let error = connection_error(StoreKind::Postgres, "postgres://app:hunter2@db1/shop", cause);
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn only_what_may_go_away_by_itself_is_tried_again() {
        let of = |kind: io::ErrorKind| {
            connection_error(StoreKind::Postgres, "postgres://db1/shop", sqlx::Error::Io(kind.into()))
        };
        assert!(of(io::ErrorKind::ConnectionRefused).is_transient() && of(io::ErrorKind::TimedOut).is_transient());
        assert!(!of(io::ErrorKind::InvalidData).is_transient() && !of(io::ErrorKind::NotFound).is_transient());
        for code in ["57P01", "57P02", "57P03", "53300", "40001", "55P03", "08006"] {
            assert!(transient_sqlstate(code), "{code}");
        }
        for code in ["28P01", "28000", "3D000", "42501", "42P01", "42703", "57014", "22P02", ""] {
            assert!(!transient_sqlstate(code), "{code}");
        }
        for number in [1040, 1053, 1205, 1213, 2006, 2013] {
            assert!(transient_mysql(number), "{number}");
        }
        for number in [1044, 1045, 1049, 1142, 1146, 1054, 1064, 1412, 1317, 1969] {
            assert!(!transient_mysql(number), "{number}");
        }
    }

    #[tokio::test]
    async fn a_server_that_never_answers_is_given_up() {
        let silence = std::future::pending::<std::result::Result<(), sqlx::Error>>();
        let limit = Duration::from_millis(1);
        let error = within(limit, StoreKind::Mysql, "mysql://db1/shop", silence).await.err().unwrap();
        assert!(error.to_string().contains("no answer"), "{error}");
    }
}
