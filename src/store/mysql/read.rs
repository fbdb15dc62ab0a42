//! Rows out of MySQL into canonical batches.

use futures::TryStreamExt;
use sqlx::mysql::{MySql, MySqlConnection};
use sqlx::{AssertSqlSafe, Decode, Row};

use super::decode::Wire;
use super::session::tidy;
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

/// Runs a statement to its end and sends its rows. The outer error is ours, the inner one the server's or the driver's.
///
/// The end is proven: sqlx ends the stream only at the server's OK/EOF packet (0xfe; in the binary protocol a row begins
/// with 0x00, so no row can be taken for it), and a connection that closes before it is an I/O error.
pub(super) async fn send_rows(
    connection: &mut MySqlConnection,
    table: &Table,
    place: &str,
    sql: String,
    sink: &BatchSink,
) -> Result<std::result::Result<(), sqlx::Error>> {
    let wires: Vec<Wire> = table.columns.iter().map(Wire::of).collect();
    let mut batch = BatchBuilder::new(table.columns.iter().map(|c| (c.name.as_str(), &c.canonical)));
    let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(&mut *connection);
    loop {
        let row = match rows.try_next().await {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(e) => return Ok(Err(e)),
        };
        for (index, wire) in wires.iter().enumerate() {
            let raw = match row.try_get_raw(index) {
                Ok(raw) => raw,
                Err(e) => return Ok(Err(e)),
            };
            // Not `is_null`, which takes zero dates for NULL: only NULL itself has no bytes.
            let value = <&[u8] as Decode<MySql>>::decode(raw).ok();
            wire.append(&mut batch, index, value).map_err(|_| {
                let column = &table.columns[index];
                Error::store(format!("a value of `{}` is not what {} sends", column.name, column.native))
                    .at(place)
                    .hint("the table may have been altered: run again; else please report it with the server's version")
            })?;
        }
        batch.end_row();
        if batch.is_full() {
            sink.send(batch.finish()?).await?;
        }
    }
    if batch.rows() > 0 {
        sink.send(batch.finish()?).await?;
    }
    drop(rows);
    Ok(tidy(connection).await)
}
