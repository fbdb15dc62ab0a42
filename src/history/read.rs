//! Reads all runs of a history, in one transaction, so that no run is seen half.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, Row};
use serde::de::DeserializeOwned;

use super::open::unreadable;
use crate::error::{Error, Result};
use crate::model::{Pair, RunEnd, RunRecord, RunStart, TableRecord, Verdict};

pub(super) fn all(connection: &Connection, path: &Path) -> Result<Vec<RunRecord>> {
    let failed = |e| unreadable(path, e);
    connection.execute_batch("BEGIN").map_err(failed)?;
    let mut tables = tables(connection, path)?;
    let mut statement = connection
        .prepare(
            "SELECT sequence, id, started, version, source, target, config, allowances, mode, sample,
                    finished, verdict, reason, coverage
             FROM runs LEFT JOIN ends ON run = sequence ORDER BY sequence",
        )
        .map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let sequence: i64 = row.get(0).map_err(failed)?;
        let start = start(row).map_err(failed)?;
        let start = RunStart { allowances: parsed(path, row, "allowances")?, ..start };
        let end = match row.get::<_, Option<String>>("finished").map_err(failed)? {
            None => None,
            Some(finished) => Some(RunEnd {
                finished,
                verdict: verdict(path, &row.get::<_, String>("verdict").map_err(failed)?)?,
                reason: row.get("reason").map_err(failed)?,
                coverage: parsed(path, row, "coverage")?,
                tables: tables.remove(&sequence).unwrap_or_default(),
            }),
        };
        runs.push(RunRecord { sequence, start, end });
    }
    Ok(runs)
}

fn start(row: &Row<'_>) -> rusqlite::Result<RunStart> {
    Ok(RunStart {
        id: row.get("id")?,
        started: row.get("started")?,
        version: row.get("version")?,
        stores: Pair::new(row.get("source")?, row.get("target")?),
        config: row.get("config")?,
        allowances: Vec::new(),
        mode: row.get("mode")?,
        sample: row.get("sample")?,
    })
}

fn tables(connection: &Connection, path: &Path) -> Result<HashMap<i64, Vec<TableRecord>>> {
    let failed = |e| unreadable(path, e);
    let mut statement = connection.prepare("SELECT run, record FROM tables ORDER BY run, name").map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut tables: HashMap<i64, Vec<TableRecord>> = HashMap::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let run = row.get("run").map_err(failed)?;
        tables.entry(run).or_default().push(parsed(path, row, "record")?);
    }
    Ok(tables)
}

fn parsed<T: DeserializeOwned>(path: &Path, row: &Row<'_>, column: &str) -> Result<T> {
    let text: String = row.get(column).map_err(|e| unreadable(path, e))?;
    serde_json::from_str(&text).map_err(|e| damaged(path, e))
}

fn verdict(path: &Path, text: &str) -> Result<Verdict> {
    let known = [Verdict::Match, Verdict::Undecided, Verdict::Differ].into_iter();
    known.clone().find(|one| one.name() == text).ok_or_else(|| damaged(path, format!("unknown verdict {text:?}")))
}

fn damaged(path: &Path, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::output("the history is damaged")
        .at(path.display())
        .because(cause)
        .hint("restore it from a backup, or begin another one")
}
