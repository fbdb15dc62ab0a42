//! The history: an append-only record of runs and their verdicts, in one SQLite file.
//!
//! `schema.sql` is the specification of the file. Two rows of a run are written at two moments, each in a transaction of
//! its own: when it starts, so that the order of starts is kept whatever the clock says, and when it ends. A run that breaks
//! off in between has no end and proves nothing. Triggers refuse to change or delete a row.
//!
//! The file is in SQLite's rollback mode with `synchronous = EXTRA`: a transaction that was committed is on the disk, one that
//! was not leaves a journal from which the next opener restores the file. Runs at the same time wait for each other. Unlike
//! the WAL, this needs no second and third file beside the history while nobody has it open, so that it can be copied as it
//! is, and be read where nothing may be written.

mod open;
mod read;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use crate::error::{Error, Result};
use crate::model::{RunEnd, RunRecord, RunStart, TableRecord};

/// A history that runs can be added to.
#[derive(Debug, Clone)]
pub struct History {
    path: PathBuf,
}

/// A run that has been recorded as started.
#[derive(Debug, Clone)]
pub struct Started {
    path: PathBuf,
    sequence: i64,
    /// When: RFC 3339 in UTC.
    pub started: String,
}

/// The end of a run that is written, but not committed: dropped, it has never been there.
#[derive(Debug)]
pub struct Ending {
    connection: Connection,
    path: PathBuf,
}

impl History {
    /// Opens a history to add to it; creates it where there is none.
    pub fn open(path: &Path) -> Result<Self> {
        open::to_append(path)?;
        Ok(Self { path: path.to_owned() })
    }

    /// Records that a run starts. `start` is asked for once no other run can be recorded before this one, so that the order
    /// of the records is the order of the starts.
    pub fn begin(&self, start: impl FnOnce() -> RunStart) -> Result<Started> {
        let connection = open::to_append(&self.path)?;
        let failed = |e| failed(&self.path, e);
        connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
        let start = start();
        let allowances = serde_json::to_string(&start.allowances).map_err(|e| unwritable(&self.path, e))?;
        connection
            .execute(
                "INSERT INTO runs (id, started, version, source, target, config, allowances, mode, sample)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    start.id,
                    start.started,
                    start.version,
                    start.stores.source,
                    start.stores.target,
                    start.config,
                    allowances,
                    start.mode,
                    start.sample
                ],
            )
            .map_err(failed)?;
        let sequence = connection.last_insert_rowid();
        connection.execute_batch("COMMIT").map_err(failed)?;
        Ok(Started { path: self.path.clone(), sequence, started: start.started })
    }

    /// A run that was recorded as started before, and whether its end is recorded, too; `None` where it is not on record.
    pub fn begun(&self, sequence: i64, id: &str) -> Result<Option<(Started, bool)>> {
        let record = read(&self.path)?.into_iter().find(|record| record.sequence == sequence && record.start.id == id);
        Ok(record.map(|record| {
            let started = Started { path: self.path.clone(), sequence, started: record.start.started };
            (started, record.end.is_some())
        }))
    }

    /// Adds a run as it was, whatever the clock says now; the record's `sequence` is given anew.
    pub fn append(&self, record: &RunRecord) -> Result<()> {
        let started = self.begin(|| record.start.clone())?;
        record.end.as_ref().map_or(Ok(()), |end| started.end(end)?.commit())
    }
}

impl Started {
    /// Its place in the order in which runs were started.
    pub fn sequence(&self) -> i64 {
        self.sequence
    }

    /// Writes how the run ended; it is there once it is committed.
    pub fn end(&self, end: &RunEnd) -> Result<Ending> {
        let connection = open::to_append(&self.path)?;
        self.write(&connection, end)?;
        Ok(Ending { connection, path: self.path.clone() })
    }

    fn write(&self, connection: &Connection, end: &RunEnd) -> Result<()> {
        let failed = |e| failed(&self.path, e);
        connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
        let coverage = serde_json::to_string(&end.coverage).map_err(|e| unwritable(&self.path, e))?;
        connection
            .execute(
                "INSERT INTO ends (run, finished, verdict, reason, coverage) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![self.sequence, end.finished, end.verdict.name(), end.reason, coverage],
            )
            .map_err(failed)?;
        let mut insert = connection
            .prepare("INSERT INTO tables (run, name, verdict, record) VALUES (?1, ?2, ?3, ?4)")
            .map_err(failed)?;
        for table in &end.tables {
            let TableRecord { name, verdict, .. } = table;
            let record = serde_json::to_string(table).map_err(|e| unwritable(&self.path, e))?;
            insert.execute(params![self.sequence, name, verdict.name(), record]).map_err(failed)?;
        }
        Ok(())
    }
}

impl Ending {
    /// Makes the end part of the history, on the disk.
    pub fn commit(self) -> Result<()> {
        self.connection.execute_batch("COMMIT").map_err(|e| failed(&self.path, e))
    }
}

/// All runs in the order in which they were started; none where there is no such file.
pub fn read(path: &Path) -> Result<Vec<RunRecord>> {
    open::to_read(path)?.map_or_else(|| Ok(Vec::new()), |connection| read::all(&connection, path))
}

fn failed(path: &Path, cause: rusqlite::Error) -> Error {
    unwritable(path, cause)
}

fn unwritable(path: &Path, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::output("the run cannot be recorded in the history")
        .at(path.display())
        .because(cause)
        .hint("free space there, or name another file: history = \"…\" in the config, or --history FILE")
}

#[cfg(test)]
mod tests;
