//! Tables, columns and keys as SQLite's own catalogue has them.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use super::{DatabaseFile, failed, quoted};
use crate::canonical::{CanonicalType, LooseHint};
use crate::error::{Error, Result};
use crate::model::{Column, Key, Table, TableName};

/// `hidden` of `pragma_table_xinfo` for the hidden columns of virtual tables; generated columns have 2 and 3.
const HIDDEN: i64 = 1;

/// The tables in name order, virtual ones too: no views, no tables of SQLite's own, none that serve a virtual table.
pub(super) fn tables(connection: &Connection) -> rusqlite::Result<Vec<TableName>> {
    let mut statement = connection.prepare(
        "SELECT name FROM pragma_table_list
         WHERE schema = 'main' AND type IN ('table', 'virtual') AND substr(name, 1, 7) <> 'sqlite_'",
    )?;
    let mut names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    names.sort();
    Ok(names.into_iter().map(TableName::bare).collect())
}

/// Columns and keys of a table.
pub(super) fn describe(connection: &Connection, file: &DatabaseFile, name: &TableName) -> Result<Table> {
    let at = format!("{name} in {}", file.shown);
    let layout = Layout::of(connection, &name.name)
        .map_err(|e| failed("the table cannot be described", &at, e))?
        .ok_or_else(|| Error::store("there is no such table").at(&at))?;
    let described = columns_of(connection, &name.name).and_then(|declared| {
        let keys = keys_of(connection, &name.name, &declared)?;
        let estimate = rows_estimate(connection, &name.name, &layout, &declared);
        let columns: Vec<Column> = declared.into_iter().map(|column| column.column).collect();
        let schema = super::schema::schema(connection, &name.name, &columns)?;
        Ok(Table { name: name.clone(), columns, keys, rows_estimate: estimate, schema: Some(Box::new(schema)) })
    });
    described.map_err(|e| failed("the table cannot be described", &at, e))
}

/// The shape of each table: the statements that made it, its indexes and its triggers.
pub(super) fn shapes(
    connection: &Connection,
    names: &[TableName],
) -> rusqlite::Result<HashMap<TableName, Vec<String>>> {
    let mut statement = connection.prepare(
        "SELECT sql FROM main.sqlite_master WHERE tbl_name = ?1 COLLATE NOCASE AND sql IS NOT NULL ORDER BY type, name",
    )?;
    let mut shapes = HashMap::new();
    for name in names {
        let made = statement.query_map([&name.name], |row| row.get::<_, String>(0))?;
        shapes.insert(name.clone(), made.collect::<rusqlite::Result<Vec<String>>>()?);
    }
    Ok(shapes)
}

/// How a table stores its rows.
pub(super) struct Layout {
    virtual_table: bool,
    without_rowid: bool,
}

impl Layout {
    /// The layout of a table; `None` where there is no such table.
    pub fn of(connection: &Connection, table: &str) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT type = 'virtual', wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1";
        let layout = |row: &rusqlite::Row<'_>| Ok(Self { virtual_table: row.get(0)?, without_rowid: row.get(1)? });
        connection.query_row(sql, [table], layout).optional()
    }

    /// The name under which rows are numbered: one that no column has taken, in tables that number their rows.
    pub fn rowid<'a>(&self, columns: impl Iterator<Item = &'a str> + Clone) -> Option<&'static str> {
        if self.virtual_table || self.without_rowid {
            return None;
        }
        ["rowid", "_rowid_", "oid"]
            .into_iter()
            .find(|alias| !columns.clone().any(|column| column.eq_ignore_ascii_case(alias)))
    }
}

/// The smallest and the largest rowid of a table that has rows.
pub(super) fn rowid_span(connection: &Connection, table: &str, rowid: &str) -> rusqlite::Result<Option<(i64, i64)>> {
    let table = quoted(table);
    // Two questions, because SQLite answers only a lone min or max from the end of the tree.
    let sql = format!("SELECT (SELECT min({rowid}) FROM main.{table}), (SELECT max({rowid}) FROM main.{table})");
    let span: (Option<i64>, Option<i64>) = connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(span.0.zip(span.1))
}

struct Declared {
    column: Column,
    /// The position in the primary key, from 1; 0 outside of it.
    key_position: i64,
}

fn columns_of(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Declared>> {
    let mut statement = connection.prepare(
        "SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> ?2 ORDER BY cid",
    )?;
    let rows = statement.query_map((table, HIDDEN), |row| {
        let declared: Option<String> = row.get(1)?;
        let declared = declared.unwrap_or_default();
        let canonical = CanonicalType::Loose(hint(&declared));
        let native = if declared.is_empty() { "any".into() } else { declared };
        let column = Column { name: row.get(0)?, native, canonical, nullable: !row.get::<_, bool>(2)? };
        Ok(Declared { column, key_position: row.get(3)? })
    })?;
    let mut declared: Vec<Declared> = rows.collect::<rusqlite::Result<_>>()?;
    // An INTEGER PRIMARY KEY is the rowid itself, which has no index of its own and is never NULL.
    let mut key: Vec<&mut Declared> = declared.iter_mut().filter(|c| c.key_position > 0).collect();
    if let [only] = &mut key[..]
        && only.column.native.eq_ignore_ascii_case("integer")
        && !indexes_of(connection, table)?.iter().any(|index| index.origin == "pk")
    {
        only.column.nullable = false;
    }
    Ok(declared)
}

struct Index {
    name: String,
    origin: String,
}

/// The unique indexes that hold every row.
fn indexes_of(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Index>> {
    let mut statement = connection.prepare(
        "SELECT name, origin FROM pragma_index_list(?1, 'main') WHERE \"unique\" = 1 AND partial = 0 ORDER BY name",
    )?;
    let rows = statement.query_map([table], |row| Ok(Index { name: row.get(0)?, origin: row.get(1)? }))?;
    rows.collect()
}

fn keys_of(connection: &Connection, table: &str, declared: &[Declared]) -> rusqlite::Result<Vec<Key>> {
    let nullable = |name: &String| declared.iter().any(|c| c.column.name == *name && c.column.nullable);
    let key = |columns: Vec<String>, primary| Key { enforced: !columns.iter().any(nullable), columns, primary };
    let mut keys = Vec::new();
    let mut primary: Vec<&Declared> = declared.iter().filter(|c| c.key_position > 0).collect();
    primary.sort_by_key(|c| c.key_position);
    if !primary.is_empty() {
        keys.push(key(primary.iter().map(|c| c.column.name.clone()).collect(), true));
    }
    let mut unique = Vec::new();
    for index in indexes_of(connection, table)?.iter().filter(|index| index.origin != "pk") {
        let mut statement = connection.prepare("SELECT name FROM pragma_index_info(?1, 'main') ORDER BY seqno")?;
        let columns: Vec<Option<String>> =
            statement.query_map([&index.name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        // An expression has no name, and no column to compare by.
        if let Some(columns) = columns.into_iter().collect::<Option<Vec<String>>>() {
            unique.push(key(columns, false));
        }
    }
    unique.sort_by(|a, b| b.enforced.cmp(&a.enforced).then_with(|| a.columns.cmp(&b.columns)));
    unique.dedup();
    keys.extend(unique);
    Ok(keys)
}

/// What `ANALYZE` noted, or the span of the rowids where the file is large enough to hold that many rows.
fn rows_estimate(connection: &Connection, table: &str, layout: &Layout, declared: &[Declared]) -> Option<u64> {
    let noted: Option<String> = connection
        .query_row("SELECT stat FROM main.sqlite_stat1 WHERE tbl = ?1 LIMIT 1", [table], |row| row.get(0))
        .ok();
    if let Some(rows) = noted.and_then(|stat| stat.split(' ').next()?.parse().ok()) {
        return Some(rows);
    }
    let rowid = layout.rowid(declared.iter().map(|c| c.column.name.as_str()))?;
    let Some((min, max)) = rowid_span(connection, table, rowid).ok()? else { return Some(0) };
    let span = u64::try_from(i128::from(max) - i128::from(min) + 1).ok()?;
    let bytes: i64 = connection
        .query_row("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", [], |row| row.get(0))
        .ok()?;
    (span <= u64::try_from(bytes).ok()?).then_some(span)
}

/// What a declared type promises, if only by its name: SQLite's rules of affinity, and before them the words that
/// SQLite itself does not know.
fn hint(declared: &str) -> LooseHint {
    let declared = declared.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    match () {
        () if declared.is_empty() => LooseHint::Text,
        () if has(&["BOOL"]) => LooseHint::Boolean,
        () if has(&["DATETIME", "TIMESTAMP"]) => LooseHint::Timestamp,
        () if has(&["DATE"]) => LooseHint::Date,
        () if has(&["TIME"]) => LooseHint::Time,
        () if has(&["JSON"]) => LooseHint::Json,
        () if has(&["UUID", "GUID"]) => LooseHint::Uuid,
        () if has(&["INT"]) => LooseHint::Number,
        () if has(&["CHAR", "CLOB", "TEXT"]) => LooseHint::Text,
        () if has(&["BLOB"]) => LooseHint::Binary,
        () if has(&["REAL", "FLOA", "DOUB"]) => LooseHint::Float,
        () => LooseHint::Number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(sql: &str, table: &str) -> Table {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql).unwrap();
        let file = DatabaseFile { shown: "x.db".into(), path: "x.db".into() };
        describe(&connection, &file, &TableName::bare(table)).unwrap()
    }

    fn keys(table: &Table) -> Vec<(String, bool, bool)> {
        table.keys.iter().map(|k| (k.columns.join(","), k.primary, k.enforced)).collect()
    }

    #[test]
    fn only_tables_that_hold_rows_of_the_user_are_listed() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE b (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE A (x); CREATE VIEW v AS SELECT 1;
                 CREATE VIRTUAL TABLE words USING fts5 (body); CREATE TABLE \"odd \"\" name\" (x); ANALYZE",
            )
            .unwrap();
        let names: Vec<String> = tables(&connection).unwrap().into_iter().map(|t| t.name).collect();
        assert_eq!(names, ["A", "b", "odd \" name", "words"]);
    }

    #[test]
    fn generated_columns_count_and_hidden_ones_do_not() {
        let table = described(
            "CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a + 1) VIRTUAL, c TEXT AS (a || 'x') STORED)",
            "t",
        );
        let columns: Vec<(&str, &str)> = table.columns.iter().map(|c| (c.name.as_str(), c.native.as_str())).collect();
        assert_eq!(columns, [("a", "INT"), ("b", "INT"), ("c", "TEXT")]);
        let table = described("CREATE VIRTUAL TABLE words USING fts5 (body)", "words");
        assert_eq!(table.columns.len(), 1);
    }

    #[test]
    fn an_integer_primary_key_is_enforced_and_another_may_hold_null() {
        assert_eq!(keys(&described("CREATE TABLE t (id INTEGER PRIMARY KEY)", "t")), [("id".into(), true, true)]);
        assert_eq!(keys(&described("CREATE TABLE t (id INT PRIMARY KEY)", "t")), [("id".into(), true, false)]);
        assert_eq!(keys(&described("CREATE TABLE t (id INTEGER PRIMARY KEY DESC)", "t")), [("id".into(), true, false)]);
        assert_eq!(keys(&described("CREATE TABLE t (id TEXT NOT NULL PRIMARY KEY)", "t")), [("id".into(), true, true)]);
        let without = described("CREATE TABLE t (b TEXT, a INT, PRIMARY KEY (a, b)) WITHOUT ROWID", "t");
        assert_eq!(keys(&without), [("a,b".into(), true, true)]);
        let strict = described("CREATE TABLE t (a INT PRIMARY KEY) STRICT", "t");
        assert_eq!(keys(&strict), [("a".into(), true, true)]);
    }

    #[test]
    fn unique_keys_follow_the_primary_one_and_partial_ones_are_none() {
        let table = described(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT UNIQUE, b INT NOT NULL, c INT NOT NULL, UNIQUE (c, b));
             CREATE UNIQUE INDEX partial ON t (b) WHERE b > 0; CREATE UNIQUE INDEX expression ON t (abs(b));
             CREATE UNIQUE INDEX plain ON t (b); CREATE INDEX other ON t (c)",
            "t",
        );
        let expected = [("id", true, true), ("b", false, true), ("c,b", false, true), ("a", false, false)];
        assert_eq!(keys(&table), expected.map(|(columns, primary, enforced)| (columns.to_string(), primary, enforced)));
    }

    #[test]
    fn a_declared_type_is_a_hint() {
        let cases = [
            ("BOOLEAN", LooseHint::Boolean),
            ("DateTime", LooseHint::Timestamp),
            ("timestamp", LooseHint::Timestamp),
            ("DATE", LooseHint::Date),
            ("TIME", LooseHint::Time),
            ("JSONB", LooseHint::Json),
            ("UNIQUEIDENTIFIER GUID", LooseHint::Uuid),
            ("UNSIGNED BIG INT", LooseHint::Number),
            ("NVARCHAR(100)", LooseHint::Text),
            ("BLOB", LooseHint::Binary),
            ("", LooseHint::Text),
            ("DOUBLE PRECISION", LooseHint::Float),
            ("NUMERIC(10,2)", LooseHint::Number),
        ];
        for (declared, expected) in cases {
            assert_eq!(hint(declared), expected, "{declared}");
        }
        assert_eq!(described("CREATE TABLE t (a)", "t").columns[0].native, "any");
    }

    #[test]
    fn the_rowid_goes_by_a_name_that_no_column_has() {
        let layout = Layout { virtual_table: false, without_rowid: false };
        assert_eq!(layout.rowid(["a"].into_iter()), Some("rowid"));
        assert_eq!(layout.rowid(["RowId", "a"].into_iter()), Some("_rowid_"));
        assert_eq!(layout.rowid(["rowid", "oid", "_ROWID_"].into_iter()), None);
    }
}
