//! The front door: which store a URL or path means, what of it may be shown, and what to say when it does not open.

mod failure;
mod redact;

use std::path::Path;
use std::sync::Arc;

pub use failure::{CONNECT_TIME_MAX, connection_error, in_time, transient_mysql, transient_sqlstate};
pub use redact::redact;

use super::mysql::MysqlStore;
use super::postgres::PostgresStore;
use super::sqlite::{self, SqliteStore};
use super::{Store, directory};
use crate::error::{Error, Result};
use crate::throttle::SessionLimits;

const KINDS: &str = "a store is postgres://user@host/db, mysql://user@host/db, sqlite://file.db, a path to an SQLite \
                     file, a .parquet or .csv file, a glob of such files, or a directory of them";

/// Opens the store that a URL or path means.
pub async fn connect(url_or_path: &str) -> Result<Arc<dyn Store>> {
    connect_within(url_or_path, SessionLimits::default()).await
}

/// As [`connect`], with limits that the sessions of a server ask for.
pub async fn connect_within(url_or_path: &str, limits: SessionLimits) -> Result<Arc<dyn Store>> {
    match scheme(url_or_path) {
        Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
            "postgres" | "postgresql" => PostgresStore::connect(url_or_path, limits).await,
            "mysql" | "mariadb" => Ok(Arc::new(MysqlStore::connect(url_or_path, limits).await?)),
            "sqlite" | "sqlite3" => open_sqlite(sqlite_path(rest)).await,
            other => Err(Error::usage(format!("`{other}://` is no kind of store that tieout knows"))
                .at(redact(url_or_path))
                .hint(KINDS)),
        },
        None => open_path(url_or_path).await,
    }
}

/// `scheme` and the rest of `scheme://rest`; `None` for everything that is no URL.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let mut letters = scheme.chars();
    let starts = letters.next().is_some_and(|c| c.is_ascii_alphabetic());
    let goes_on = letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    (starts && goes_on).then_some((scheme, rest))
}

/// The path of an `sqlite://` URL; parameters such as `?mode=ro` are left out, as tieout only ever reads.
fn sqlite_path(rest: &str) -> &str {
    match rest.split_once('?') {
        Some((path, _)) if !Path::new(rest).exists() => path,
        _ => rest,
    }
}

async fn open_path(path: &str) -> Result<Arc<dyn Store>> {
    let place = Path::new(path);
    if place.is_file() && !is_data_file(place) {
        let file = place.to_path_buf();
        if blocking(move || sqlite::is_database(&file)).await? {
            return open_sqlite(path).await;
        }
    }
    if !place.exists() && !path.contains(['*', '?', '[']) {
        return Err(Error::store("there is no such file or directory").at(redact(path)).hint(KINDS));
    }
    let path = path.to_string();
    blocking(move || directory::open(&path)).await
}

async fn open_sqlite(path: &str) -> Result<Arc<dyn Store>> {
    let path = path.to_string();
    blocking(move || Ok(Arc::new(SqliteStore::open(&path)?) as Arc<dyn Store>)).await
}

fn is_data_file(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet") || e.eq_ignore_ascii_case("csv"))
}

/// Files are opened on a thread that may wait, so that a slow disk or a locked database holds up nobody else.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::store("a store could not be opened").because(e))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[tokio::test]
    async fn an_unknown_scheme_is_wrong_usage() {
        let error = connect("oracle://scott:tiger@db/orcl").await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(!error.to_string().contains("tiger"), "{error}");
        assert!(error.advice().unwrap().contains("postgres://"));
    }

    #[tokio::test]
    async fn a_path_that_does_not_exist_is_a_failing_store() {
        let error = connect("/nowhere/at/all.db").await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Store);
        assert_eq!(error.to_string(), "there is no such file or directory (/nowhere/at/all.db)");
    }

    #[tokio::test]
    async fn a_connection_string_that_is_no_url_is_shown_without_its_password() {
        for text in ["host=db1 user=app password=hunter2 dbname=shop", "app:hunter2@db1/shop"] {
            let error = connect(text).await.err().unwrap();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[tokio::test]
    async fn an_sqlite_file_is_known_by_its_content() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("no-extension");
        rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        let store = connect(path.to_str().unwrap()).await.unwrap();
        assert_eq!(store.identity().kind.name(), "sqlite");
        let url = format!("sqlite://{}?mode=ro", path.display());
        assert_eq!(connect(&url).await.unwrap().identity().kind.name(), "sqlite");
    }

    #[test]
    fn a_path_with_a_colon_has_no_scheme() {
        assert_eq!(scheme("a:b/c.csv"), None);
        assert_eq!(scheme("dir/x://y"), None);
        assert_eq!(scheme("postgres://h/d"), Some(("postgres", "h/d")));
    }
}
