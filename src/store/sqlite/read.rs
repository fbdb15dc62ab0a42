//! Rows out of SQLite into canonical batches.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::quoted;
use crate::canonical::{BatchBuilder, ColumnBuilder, LooseValue};
use crate::error::{Error, Result};
use crate::model::{Table, TableRead};
use crate::store::split::where_clause;
use crate::store::{BatchSink, Part};

/// The statement that reads a part. Columns are named with their table: alone, a `"name"` that is no column would be
/// taken by SQLite for a text.
pub(super) fn select(read: &TableRead, part: &Part) -> String {
    let table = quoted(&read.table.name.name);
    let columns: Vec<String> = read.table.columns.iter().map(|c| format!("{table}.{}", quoted(&c.name))).collect();
    // The table itself is read, not an index that happens to hold all columns.
    let source = if read.filter.is_none() { " NOT INDEXED" } else { "" };
    let clause = where_clause(part, read.filter.as_deref());
    format!("SELECT {} FROM main.{table}{source}{clause}", columns.join(", "))
}

/// Runs a statement to its end and sends its rows. The outer error is ours, the inner one SQLite's; SQLite tells the end
/// of the rows (`SQLITE_DONE`) from every failure.
pub(super) fn send_rows(
    connection: &Connection,
    table: &Table,
    sql: &str,
    sink: &BatchSink,
) -> Result<rusqlite::Result<()>> {
    let mut statement = match connection.prepare(sql) {
        Ok(statement) => statement,
        Err(e) => return Ok(Err(e)),
    };
    let mut rows = match statement.query([]) {
        Ok(rows) => rows,
        Err(e) => return Ok(Err(e)),
    };
    let mut batch = BatchBuilder::new(table.columns.iter().map(|c| (c.name.as_str(), &c.canonical)));
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                for index in 0..table.columns.len() {
                    match row.get_ref(index) {
                        Ok(value) => append(&mut batch, index, value)?,
                        Err(e) => return Ok(Err(e)),
                    }
                }
                batch.end_row();
                if batch.is_full() {
                    sink.send_blocking(batch.finish()?)?;
                }
            }
            Ok(None) => break,
            Err(e) => return Ok(Err(e)),
        }
    }
    if batch.rows() > 0 {
        sink.send_blocking(batch.finish()?)?;
    }
    Ok(Ok(()))
}

fn append(batch: &mut BatchBuilder, index: usize, value: ValueRef<'_>) -> Result<()> {
    let value = match value {
        ValueRef::Null => None,
        ValueRef::Integer(value) => Some(LooseValue::Integer(value)),
        ValueRef::Real(value) => Some(LooseValue::Real(value)),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Some(LooseValue::Text(text)),
            Err(_) => {
                batch.misfit(index, format!("invalid UTF-8 \\x{}", hex::encode(bytes)));
                return Ok(());
            }
        },
        ValueRef::Blob(bytes) => Some(LooseValue::Blob(bytes)),
    };
    if let Some(LooseValue::Text(text)) = value {
        batch.add_bytes(text.len());
    } else if let Some(LooseValue::Blob(bytes)) = value {
        batch.add_bytes(bytes.len());
    }
    match batch.column(index) {
        ColumnBuilder::Loose(builder) => {
            builder.append(value);
            Ok(())
        }
        _ => Err(Error::store("a column of SQLite was described with a type of another store")),
    }
}
