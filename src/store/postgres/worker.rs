//! A worker's connection within the snapshot: a plain one of our own where the server may be spoken to without TLS, else
//! one of sqlx's. Both read the same bytes.

use futures::StreamExt;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Executor};
use std::path::Path;
use std::time::Instant;
use tokio::task::spawn_blocking;

use super::login::Login;
use super::rows::RowDecoder;
use super::wire::{Address, Wire, WireError};
use super::{PostgresStore, failed, failed_on_wire};
use crate::error::{Error, Result};
use crate::model::{StoreIdentity, TableRead};
use crate::store::BatchSink;
use crate::store::connect::CONNECT_TIME_MAX;
use crate::store::pool::{Lease, Pool};

const BEGIN: &str = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Where the transaction goes back to when the server refuses a statement: a refusal (no SELECT on the table, a condition
/// that makes no sense) must not cost the connection, and with it the snapshot, which serves other tables.
const SAVEPOINT: &str = "SAVEPOINT tieout";
const ROLL_BACK: &str = "ROLLBACK TO SAVEPOINT tieout";

/// A connection of a worker.
pub(super) enum Worker {
    Plain(Wire),
    Sqlx(Box<PgConnection>),
}

/// What a worker reads: the SELECT behind its COPY, and where it stands.
pub(super) struct Assignment<'a> {
    pub read: &'a TableRead,
    pub select: String,
    pub identity: &'a StoreIdentity,
}

/// Opens `count` workers that see the exported `snapshot`. `plain` says whether the server takes connections without TLS.
pub(super) async fn open(store: &PostgresStore, count: usize, snapshot: &str, plain: bool) -> Result<Pool<Worker>> {
    let mut workers: Vec<Worker> = Vec::new();
    for _ in 0..count.max(1) {
        let plain = plain && !matches!(workers.last(), Some(Worker::Sqlx(_)));
        workers.push(open_one(store, snapshot, plain).await?);
    }
    Ok(Pool::new(workers))
}

/// Opens one more.
pub(super) async fn open_one(store: &PostgresStore, snapshot: &str, plain: bool) -> Result<Worker> {
    let say = |what: &str| {
        let what = what.to_owned();
        move |e| store.failed(what, e)
    };
    let import = format!("SET TRANSACTION SNAPSHOT '{}'", snapshot.replace('\'', "''"));
    // sqlx knows more ways to log in, and says better why there is none.
    if plain && let Some(worker) = plain_worker(store, import.clone()).await {
        return Ok(worker);
    }
    let mut connection = store.connection().await?;
    connection.execute(BEGIN).await.map_err(say("cannot begin a worker's transaction"))?;
    connection.execute(AssertSqlSafe(import)).await.map_err(say("cannot import the snapshot"))?;
    Ok(Worker::Sqlx(Box::new(connection)))
}

/// Begins the transaction that exports the snapshot.
pub(super) async fn begin(connection: &mut PgConnection) -> std::result::Result<(), sqlx::Error> {
    connection.execute(BEGIN).await.map(drop)
}

async fn plain_worker(store: &PostgresStore, import: String) -> Option<Worker> {
    let (address, login) = coordinates(&store.options().ok()?, &store.url);
    let opened = spawn_blocking(move || -> std::result::Result<Wire, WireError> {
        let mut wire = Wire::connect(&address, &login)?;
        let begun = Instant::now();
        let late = || begun.elapsed() > CONNECT_TIME_MAX;
        wire.execute(BEGIN, late)?;
        wire.execute(&import, late)?;
        Ok(wire)
    });
    opened.await.ok()?.ok().map(Worker::Plain)
}

/// Where sqlx would connect to, and as whom. It keeps the password to itself: one that stands in neither URL nor
/// environment (in a password file, say) is left to sqlx.
fn coordinates(options: &PgConnectOptions, url: &str) -> (Address, Login) {
    let socket = |directory: &Path| Address::Socket(directory.join(format!(".s.PGSQL.{}", options.get_port())));
    let address = match (options.get_socket(), options.get_host()) {
        (Some(directory), _) => socket(directory),
        (None, host) if host.starts_with('/') => socket(Path::new(host)),
        (None, host) => Address::Tcp(host.trim_matches(['[', ']']).to_owned(), options.get_port()),
    };
    let login = Login {
        user: options.get_username().to_owned(),
        database: options.get_database().map(str::to_owned),
        password: password(url).or_else(|| std::env::var("PGPASSWORD").ok()),
        options: options.get_options().map(str::to_owned),
        application_name: options.get_application_name().unwrap_or("tieout").to_owned(),
    };
    (address, login)
}

fn password(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    if let Some((_, password)) = url.query_pairs().find(|(name, _)| name == "password") {
        return Some(password.into_owned());
    }
    let encoded = url.password()?;
    percent_encoding::percent_decode_str(encoded).decode_utf8().ok().map(|password| password.into_owned())
}

/// Reads to the proven end; returns how many rows the server says it sent, where it says so.
pub(super) async fn copy(
    mut worker: Lease<Worker>,
    assignment: Assignment<'_>,
    sink: &BatchSink,
) -> Result<Option<u64>> {
    let Assignment { read, select, identity } = assignment;
    let decoder = RowDecoder::new(&read.table, format!("{}, table {}", identity.url, read.table.name));
    let what = format!("cannot read table {}", read.table.name);
    match &mut *worker {
        Worker::Plain(_) => {
            let sink = sink.clone();
            let (worker, outcome) = spawn_blocking(move || {
                let outcome = match &mut *worker {
                    Worker::Plain(wire) => copy_plain(wire, &select, decoder, &sink),
                    Worker::Sqlx(_) => Err(WireError::Garbled("no plain connection".into())),
                };
                (worker, outcome)
            })
            .await
            .map_err(|e| Error::store("a reader stopped").because(e))?;
            if matches!(outcome, Ok(_) | Err(WireError::Refused { .. })) {
                worker.give_back();
            }
            outcome.map(Some).map_err(|e| failed_on_wire(identity, what, e))
        }
        Worker::Sqlx(connection) => {
            let refusal = copy_by_sqlx(connection, &select, decoder, identity, &what, sink).await?;
            worker.give_back();
            refusal.map_or(Ok(None), |refusal| Err(failed(identity, what, refusal)))
        }
    }
}

fn copy_plain(
    wire: &mut Wire,
    select: &str,
    mut decoder: RowDecoder,
    sink: &BatchSink,
) -> std::result::Result<u64, WireError> {
    wire.execute(SAVEPOINT, || sink.is_closed())?;
    decoder.set_batch_rows(sink.batch_rows());
    let copied = wire.copy_out(
        &copy_statement(select),
        || sink.is_closed(),
        |piece| {
            if let Some(batch) = decoder.push(piece)? {
                sink.send_blocking(batch)?;
                decoder.set_batch_rows(sink.batch_rows());
            }
            Ok(())
        },
    );
    match copied {
        Ok(rows) => {
            let rest = decoder.finish().and_then(|rest| rest.map_or(Ok(()), |batch| sink.send_blocking(batch)));
            rest.map_err(WireError::Caller)?;
            Ok(rows)
        }
        Err(refusal @ WireError::Refused { .. }) => {
            wire.execute(ROLL_BACK, || sink.is_closed())?;
            Err(refusal)
        }
        Err(other) => Err(other),
    }
}

/// `Ok(Some(refusal))` where the server refused the statement and the connection can still be used.
async fn copy_by_sqlx(
    connection: &mut PgConnection,
    select: &str,
    mut decoder: RowDecoder,
    identity: &StoreIdentity,
    what: &str,
    sink: &BatchSink,
) -> Result<Option<sqlx::Error>> {
    let say = |e| failed(identity, what, e);
    connection.execute(SAVEPOINT).await.map_err(say)?;
    // sqlx cannot go on after a COPY that was refused, but after a SELECT it can.
    if let Err(refusal) = connection.execute(AssertSqlSafe(format!("{select} LIMIT 0"))).await {
        return match connection.execute(ROLL_BACK).await {
            Ok(_) => Ok(Some(refusal)),
            Err(_) => Err(say(refusal)),
        };
    }
    decoder.set_batch_rows(sink.batch_rows());
    let mut pieces = connection.copy_out_raw(&copy_statement(select)).await.map_err(say)?;
    while let Some(piece) = pieces.next().await {
        if let Some(batch) = decoder.push(&piece.map_err(say)?)? {
            sink.send(batch).await?;
            decoder.set_batch_rows(sink.batch_rows());
        }
    }
    drop(pieces);
    if let Some(batch) = decoder.finish()? {
        sink.send(batch).await?;
    }
    Ok(None)
}

fn copy_statement(select: &str) -> String {
    format!("COPY ({select}) TO STDOUT (FORMAT binary)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    fn of(url: &str) -> (Address, Login) {
        coordinates(&PgConnectOptions::from_str(url).unwrap(), url)
    }

    #[test]
    fn a_plain_connection_goes_where_sqlx_would_go() {
        let (address, login) = of("postgres://app:p%40ss@db1:6543/shop");
        assert_eq!(address, Address::Tcp("db1".into(), 6543));
        assert_eq!((login.user.as_str(), login.database.as_deref()), ("app", Some("shop")));
        assert_eq!(login.password.as_deref(), Some("p@ss"));
        assert_eq!(of("postgres://app@[::1]:5432/shop").0, Address::Tcp("::1".into(), 5432));
        let (address, _) = of("postgres://app@%2Fvar%2Frun:5433/shop");
        assert_eq!(address, Address::Socket("/var/run/.s.PGSQL.5433".into()));
    }
}
