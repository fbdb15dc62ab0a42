//! Rows out of SQLite into canonical batches.
//!
//! The rows of a part are handed to an aggregate function of ours: SQLite then walks through all of them in one go and
//! calls us with each row's values, where a cursor would leave and enter its machine with every row and ask for every
//! value two or three times. The number of rows comes back as the function's result, and only once SQLite has reached
//! their end: a damaged page or a refused condition is an error instead.

use std::cell::RefCell;
use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::ValueRef;

use super::quoted;
use crate::canonical::{BatchBuilder, ColumnBuilder, LooseBuilder};
use crate::error::{Error, Result};
use crate::model::{Table, TableRead};
use crate::store::split::where_clause;
use crate::store::{BatchSink, Part};

/// The name of the function that takes the rows; it exists only while a part is read, and on its connection alone.
const FUNCTION: &str = "tieout_rows";
/// SQLite's own limit for the arguments of a function. The rows of wider tables are fetched one by one.
const ARGUMENTS_MAX: usize = 1000;

/// Reads a part to its end and sends its rows. The outer error is ours, the inner one SQLite's.
pub(super) fn send_rows(
    connection: &Connection,
    read: &TableRead,
    part: &Part,
    sink: &BatchSink,
) -> Result<rusqlite::Result<()>> {
    let rows = Rc::new(RefCell::new(Rows::new(&read.table, sink.clone())));
    let outcome = if read.table.columns.len() <= ARGUMENTS_MAX {
        by_function(connection, &select(read, part, FUNCTION), &rows)
    } else {
        by_cursor(connection, &select(read, part, ""), &rows)
    };
    let mut rows = rows.borrow_mut();
    if let Some(trouble) = rows.trouble.take() {
        return Err(trouble);
    }
    match outcome {
        Ok(counted) if counted == rows.count => rows.send().map(Ok),
        Ok(counted) => {
            let received = rows.count;
            Err(Error::store(format!("SQLite counts {counted} rows, but handed over {received}")))
        }
        Err(e) => Ok(Err(e)),
    }
}

/// The statement that reads a part, with its columns as the arguments of a function where one is named. Columns are named
/// with their table: alone, a `"name"` that is no column would be taken by SQLite for a text.
pub(super) fn select(read: &TableRead, part: &Part, function: &str) -> String {
    let table = quoted(&read.table.name.name);
    let columns: Vec<String> = read.table.columns.iter().map(|c| format!("{table}.{}", quoted(&c.name))).collect();
    let columns = columns.join(", ");
    let columns = if function.is_empty() { columns } else { format!("{function}({columns})") };
    // The table itself is read, not an index that happens to hold all columns. What is asked for by key needs its index.
    let is_whole = read.filter.is_none() && *part == Part::Whole;
    let source = if is_whole { " NOT INDEXED" } else { "" };
    let clause = where_clause(part, read.filter.as_deref());
    format!("SELECT {columns} FROM main.{table}{source}{clause}")
}

/// Lets SQLite hand all rows to our function; the result is the number of rows.
fn by_function(connection: &Connection, sql: &str, rows: &Rc<RefCell<Rows>>) -> rusqlite::Result<u64> {
    // Direct only: no view or trigger of the database may call it.
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_aggregate_function(FUNCTION, -1, flags, Receiver(rows.clone()))?;
    let counted = connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    connection.remove_function(FUNCTION, -1)?;
    counted.map(|rows| rows.unsigned_abs())
}

/// Fetches all rows one by one; SQLite tells their end (`SQLITE_DONE`) from every failure.
fn by_cursor(connection: &Connection, sql: &str, rows: &Rc<RefCell<Rows>>) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let mut cursor = statement.query([])?;
    let mut counted = 0;
    while let Some(row) = cursor.next()? {
        let values = (0..columns).map(|index| row.get_ref(index)).collect::<rusqlite::Result<Vec<_>>>()?;
        rows.borrow_mut().append(values.into_iter())?;
        counted += 1;
    }
    Ok(counted)
}

/// Our function: takes the values of a row with each call, and returns how many rows there were.
struct Receiver(Rc<RefCell<Rows>>);

impl Aggregate<(), i64> for Receiver {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<()> {
        Ok(())
    }

    fn step(&self, context: &mut Context<'_>, (): &mut ()) -> rusqlite::Result<()> {
        self.0.borrow_mut().append((0..context.len()).map(|index| context.get_raw(index)))
    }

    fn finalize(&self, _: &mut Context<'_>, _: Option<()>) -> rusqlite::Result<i64> {
        Ok(i64::try_from(self.0.borrow().count).unwrap_or(i64::MAX))
    }
}

/// The rows on their way from SQLite to the sink.
struct Rows {
    batch: BatchBuilder,
    sink: BatchSink,
    count: u64,
    /// Why no more rows can be taken. SQLite only learns that there is a reason.
    trouble: Option<Error>,
}

impl Rows {
    fn new(table: &Table, sink: BatchSink) -> Self {
        let mut batch = BatchBuilder::new(table.columns.iter().map(|c| (c.name.as_str(), &c.canonical)));
        batch.set_rows_max(sink.batch_rows());
        Self { batch, sink, count: 0, trouble: None }
    }

    fn append<'a>(&mut self, values: impl Iterator<Item = ValueRef<'a>>) -> rusqlite::Result<()> {
        let append_row = || -> Result<()> {
            for (index, value) in values.enumerate() {
                append(&mut self.batch, index, value)?;
            }
            self.batch.end_row();
            self.count += 1;
            if self.batch.is_full() { self.send() } else { Ok(()) }
        };
        append_row().map_err(|trouble| {
            self.trouble = Some(trouble);
            rusqlite::Error::UserFunctionError("no more rows can be taken".into())
        })
    }

    /// Sends the rows since the last batch.
    fn send(&mut self) -> Result<()> {
        if self.batch.rows() > 0 {
            self.sink.send_blocking(self.batch.finish()?)?;
            self.batch.set_rows_max(self.sink.batch_rows());
        }
        Ok(())
    }
}

fn append(batch: &mut BatchBuilder, index: usize, value: ValueRef<'_>) -> Result<()> {
    match value {
        ValueRef::Null => loose(batch, index)?.null(),
        ValueRef::Integer(value) => loose(batch, index)?.integer(value),
        ValueRef::Real(value) => loose(batch, index)?.real(value),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => {
                loose(batch, index)?.text(text);
                batch.add_bytes(bytes.len());
            }
            Err(_) => batch.misfit(index, format!("invalid UTF-8 \\x{}", hex::encode(bytes))),
        },
        ValueRef::Blob(bytes) => {
            loose(batch, index)?.blob(bytes);
            batch.add_bytes(bytes.len());
        }
    }
    Ok(())
}

fn loose(batch: &mut BatchBuilder, index: usize) -> Result<&mut LooseBuilder> {
    match batch.column(index) {
        ColumnBuilder::Loose(builder) => Ok(builder),
        _ => Err(Error::store("a column of SQLite was described with a type of another store")),
    }
}
