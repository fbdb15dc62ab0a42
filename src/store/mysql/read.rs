//! Rows out of MySQL into canonical batches.

use futures::TryStreamExt;
use sqlx::mysql::{MySql, MySqlConnection};
use sqlx::{AssertSqlSafe, Decode, Row};

use super::decode::Wire;
use super::{Server, describe, quoted};
use crate::canonical::BatchBuilder;
use crate::error::{Error, Result};
use crate::model::{Table, TableRead};
use crate::store::split::where_clause;
use crate::store::{BatchSink, Part};

/// The statement that reads a part; the comment tells administrators who is asking.
pub(super) fn select(server: &Server, read: &TableRead, part: &Part) -> String {
    let columns: Vec<String> =
        read.table.columns.iter().map(|column| Wire::expression(column, &quoted(&column.name))).collect();
    let table = describe::table(server, &read.table.name);
    let clause = where_clause(part, read.filter.as_deref());
    format!("SELECT /* tieout */ {} FROM {table}{clause}", columns.join(", "))
}

/// Rows on their way from a session into batches.
pub(super) struct Rows<'a> {
    /// How the values of each column lie on the wire.
    pub wires: Vec<Wire>,
    /// The batch that is being filled.
    pub batch: BatchBuilder,
    table: &'a Table,
    place: &'a str,
    sink: &'a BatchSink,
}

impl<'a> Rows<'a> {
    /// Rows of a table; `place` is for errors.
    pub fn new(table: &'a Table, place: &'a str, sink: &'a BatchSink) -> Self {
        let mut batch = BatchBuilder::new(table.columns.iter().map(|c| (c.name.as_str(), &c.canonical)));
        batch.set_rows_max(sink.batch_rows());
        Self { wires: table.columns.iter().map(Wire::of).collect(), batch, table, place, sink }
    }

    /// Sends the rows of the batch, which starts anew.
    pub async fn send(&mut self) -> Result<()> {
        self.sink.send(self.batch.finish()?).await?;
        self.batch.set_rows_max(self.sink.batch_rows());
        Ok(())
    }

    /// Sends what is left after the last row.
    pub async fn finish(mut self) -> Result<()> {
        if self.batch.rows() > 0 { self.send().await } else { Ok(()) }
    }

    /// The error for a value that its column's type does not send.
    pub fn unexpected(&self, index: usize) -> Error {
        let column = &self.table.columns[index];
        Error::store(format!("a value of `{}` is not what {} sends", column.name, column.native))
            .at(self.place)
            .hint("the table may have been altered: run again; else please report it with the server's version")
    }
}

/// Runs a statement to its end over the driver. The outer error is ours, the inner one the server's or the driver's.
///
/// The end is proven: sqlx ends the stream only at the server's OK/EOF packet (0xfe; in the binary protocol a row begins
/// with 0x00, so no row can be taken for it), and a connection that closes before it is an I/O error.
pub(super) async fn send_rows(
    connection: &mut MySqlConnection,
    sql: &str,
    to: &mut Rows<'_>,
) -> Result<std::result::Result<(), sqlx::Error>> {
    let mut rows = sqlx::query(AssertSqlSafe(sql.to_string())).fetch(connection);
    loop {
        let row = match rows.try_next().await {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(Ok(())),
            Err(e) => return Ok(Err(e)),
        };
        for index in 0..to.wires.len() {
            let raw = match row.try_get_raw(index) {
                Ok(raw) => raw,
                Err(e) => return Ok(Err(e)),
            };
            // Not `is_null`, which takes zero dates for NULL: only NULL itself has no bytes.
            let value = <&[u8] as Decode<MySql>>::decode(raw).ok();
            to.wires[index].append(&mut to.batch, index, value).map_err(|_| to.unexpected(index))?;
        }
        to.batch.end_row();
        if to.batch.is_full() {
            to.send().await?;
        }
    }
}
