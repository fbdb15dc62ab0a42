//! Tables, columns and keys as `information_schema` has them.

use std::collections::HashMap;

use sqlx::mysql::{MySql, MySqlConnection};
use sqlx::{AssertSqlSafe, Decode, Executor, Row};

use super::lane::Lane;
use super::session::run;
use super::trouble::Trouble;
use super::{Server, quoted};
use crate::canonical::{CanonicalType, Precision};
use crate::model::{Column, Key, Table, TableName};

type Answer<T> = std::result::Result<T, sqlx::Error>;

/// MariaDB's own word for tables that keep their history; a SELECT sees their present rows.
const TABLE_TYPES: &str = "table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')";

/// Which server this is, and how it spells the database of the URL.
pub(super) async fn server(connection: &mut MySqlConnection) -> Answer<Server> {
    let answer = ask(connection, "SELECT VERSION(), DATABASE()").await?;
    let (version, named) = match &answer[..] {
        [row] => (text(row, 0), text(row, 1)),
        _ => (String::new(), String::new()),
    };
    let sql = format!("SELECT schema_name FROM information_schema.schemata WHERE schema_name = {}", literal(&named));
    let spelled: Vec<String> = ask(connection, &sql).await?.iter().map(|row| text(row, 0)).collect();
    // The catalogue may compare names without regard to case where the server tells them apart.
    let database = if spelled.contains(&named) { named } else { spelled.into_iter().next().unwrap_or(named) };
    Ok(Server { database, version })
}

/// The tables of the database in name order.
pub(super) async fn tables(connection: &mut MySqlConnection, server: &Server) -> Answer<Vec<TableName>> {
    let sql = format!(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema = {} AND {TABLE_TYPES}",
        literal(&server.database)
    );
    let rows = ask(connection, &sql).await?;
    let mut names: Vec<String> =
        rows.iter().filter(|row| text(row, 0) == server.database).map(|row| text(row, 1)).collect();
    names.sort();
    Ok(names.into_iter().map(TableName::bare).collect())
}

/// Columns, keys and schema of a table; `None` where there is no such table, or none the user may see.
pub(super) async fn describe(
    connection: &mut MySqlConnection,
    server: &Server,
    name: &TableName,
) -> Answer<Option<Table>> {
    let Some(table) = described(connection, server, std::slice::from_ref(name)).await?.remove(name) else {
        return Ok(None);
    };
    // The catalogue leaves out, without a word, the columns that the user may not read; this statement fails then.
    run(connection, &format!("SELECT * FROM {} LIMIT 0", self::table(server, name))).await?;
    Ok(Some(table))
}

/// The same of many tables, in few questions. A table that cannot be described has no entry.
pub(super) async fn describe_at_once(
    connection: &mut MySqlConnection,
    server: &Server,
    names: &[TableName],
) -> Answer<HashMap<TableName, Table>> {
    let mut tables = described(connection, server, names).await?;
    for name in names {
        if run(connection, &format!("SELECT * FROM {} LIMIT 0", table(server, name))).await.is_err() {
            tables.remove(name);
        }
    }
    Ok(tables)
}

async fn described(
    connection: &mut MySqlConnection,
    server: &Server,
    names: &[TableName],
) -> Answer<HashMap<TableName, Table>> {
    let catalogue = Catalogue { database: &server.database, tables: names };
    let columns = catalogue
        .ask(
            connection,
            "SELECT table_schema, table_name, column_name, data_type, column_type, is_nullable, numeric_precision,
                    numeric_scale FROM information_schema.columns",
            "ORDER BY table_name, ordinal_position",
        )
        .await?;
    let parts = catalogue
        .ask(
            connection,
            "SELECT table_schema, table_name, index_name, column_name, sub_part, non_unique
             FROM information_schema.statistics",
            "ORDER BY table_name, index_name, seq_in_index",
        )
        .await?;
    let estimates = catalogue
        .ask(connection, "SELECT table_schema, table_name, table_rows FROM information_schema.tables", "")
        .await?;
    let checks = super::schema::checks(connection, server, &catalogue).await?;
    let mut tables = HashMap::new();
    for name in names {
        let Some(rows) = columns.get(&name.name) else { continue };
        let json = json_columns(checks.get(&name.name).map_or(&[], Vec::as_slice));
        let columns: Vec<Column> = rows.iter().map(|row| column(row, &json)).collect();
        let unique = parts.get(&name.name).into_iter().flatten().filter(|row| text(row, 5) == "0");
        let keys = keys(unique, &columns);
        let rows_estimate = estimates.get(&name.name).and_then(|rows| rows.first()?.get(2)?.as_ref()?.parse().ok());
        let table = Table { name: name.clone(), columns, keys, rows_estimate, schema: None };
        tables.insert(name.clone(), table);
    }
    super::schema::add(connection, server, &catalogue, &checks, &mut tables).await?;
    Ok(tables)
}

/// The shape of each table: its columns, and when it was created, which changes with whatever rewrites it.
pub(super) async fn shapes(
    connection: &mut MySqlConnection,
    server: &Server,
    names: &[TableName],
) -> Answer<HashMap<TableName, Vec<String>>> {
    let catalogue = Catalogue { database: &server.database, tables: names };
    let columns = catalogue
        .ask(
            connection,
            "SELECT table_schema, table_name, column_name, column_type, is_nullable, character_set_name, collation_name
             FROM information_schema.columns",
            "ORDER BY table_name, ordinal_position",
        )
        .await?;
    let tables = catalogue
        .ask(connection, "SELECT table_schema, table_name, create_time, engine FROM information_schema.tables", "")
        .await?;
    let mut shapes = HashMap::new();
    for name in names {
        let Some(rows) = columns.get(&name.name) else { continue };
        let words = |from: &[Option<String>]| from.iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        let made = tables.get(&name.name).and_then(|rows| rows.first()).map(|row| words(&row[2..]));
        let made = format!("created {}", made.unwrap_or_default());
        let columns = rows.iter().map(|row| format!("column {}", words(&row[2..])));
        shapes.insert(name.clone(), columns.chain([made]).collect());
    }
    Ok(shapes)
}

/// Questions to `information_schema` about some tables of the database.
pub(super) struct Catalogue<'a> {
    database: &'a str,
    tables: &'a [TableName],
}

/// The answers by table.
pub(super) type ByTable = HashMap<String, Vec<Vec<Option<String>>>>;

impl Catalogue<'_> {
    /// Asks for the rows of these tables; the first two values of each row are database and table.
    pub(super) async fn ask(&self, connection: &mut MySqlConnection, select: &str, order: &str) -> Answer<ByTable> {
        self.ask_where(connection, select, "table_schema", order).await
    }

    /// As [`Self::ask`], of a view that calls the column of the database otherwise.
    pub(super) async fn ask_where(
        &self,
        connection: &mut MySqlConnection,
        select: &str,
        schema: &str,
        order: &str,
    ) -> Answer<ByTable> {
        let mut place = format!("{schema} = {}", literal(self.database));
        if let [only] = self.tables {
            // The server then opens this table only.
            place.push_str(&format!(" AND table_name = {}", literal(&only.name)));
        }
        let mut by_table = ByTable::new();
        for row in ask(connection, &format!("{select} WHERE {place} {order}")).await? {
            // The catalogue may compare names without regard to case where the server tells them apart.
            if text(&row, 0) == self.database {
                by_table.entry(text(&row, 1)).or_default().push(row);
            }
        }
        Ok(by_table)
    }
}

/// The tables whose engine has no transactions, which no snapshot holds still.
pub(super) async fn tables_without_snapshot(
    lane: &mut Lane,
    server: &Server,
) -> std::result::Result<Vec<String>, Trouble> {
    let sql = format!(
        "SELECT t.table_schema, t.table_name, t.engine FROM information_schema.tables t
         LEFT JOIN information_schema.engines e ON e.engine = t.engine
         WHERE t.table_schema = {} AND t.{TABLE_TYPES} AND t.engine IS NOT NULL AND COALESCE(e.transactions, 'NO') <> 'YES'",
        literal(&server.database)
    );
    let rows = lane.ask(&sql).await?;
    let mut names: Vec<String> = rows
        .iter()
        .filter(|row| text(row, 0) == server.database)
        .map(|row| format!("{} ({})", text(row, 1), text(row, 2)))
        .collect();
    names.sort();
    Ok(names)
}

/// A table in SQL.
pub(super) fn table(server: &Server, name: &TableName) -> String {
    format!("{}.{}", quoted(&server.database), quoted(&name.name))
}

/// The rows of a question, every value as text; for statements without a condition of the user's.
pub(super) async fn ask(connection: &mut MySqlConnection, sql: &str) -> Answer<Vec<Vec<Option<String>>>> {
    let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql.to_string()))).await?;
    let value = |row: &sqlx::mysql::MySqlRow, index: usize| -> Answer<Option<String>> {
        let bytes = <&[u8] as Decode<MySql>>::decode(row.try_get_raw(index)?).ok();
        Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
    };
    rows.iter().map(|row| (0..row.columns().len()).map(|index| value(row, index)).collect()).collect()
}

/// MariaDB's JSON is a `longtext` with a check that the server adds: the columns that have it.
fn json_columns(checks: &[Vec<Option<String>>]) -> Vec<String> {
    let checks_json = |row: &&Vec<Option<String>>| text(row, 3) == format!("json_valid({})", quoted(&text(row, 2)));
    checks.iter().filter(checks_json).map(|row| text(row, 2)).collect()
}

fn column(row: &[Option<String>], json: &[String]) -> Column {
    let name = text(row, 2);
    let (data_type, column_type) = if json.contains(&name) {
        ("json".to_string(), "json".to_string())
    } else {
        (text(row, 3).to_ascii_lowercase(), text(row, 4))
    };
    let digits = |index| text(row, index).parse::<u8>().unwrap_or_default();
    let canonical = canonical(&data_type, &column_type, digits(6), digits(7));
    Column { name, native: column_type, canonical, nullable: !text(row, 5).eq_ignore_ascii_case("no") }
}

/// The type that carries a column, by the words of `data_type` and `column_type`.
fn canonical(data_type: &str, column_type: &str, precision: u8, scale: u8) -> CanonicalType {
    match data_type {
        "bigint" if column_type.to_ascii_lowercase().contains("unsigned") => CanonicalType::UInt64,
        "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" | "year" => CanonicalType::Int64,
        "bit" => CanonicalType::BitField { width: precision },
        "set" => CanonicalType::Set,
        "inet4" | "inet6" => CanonicalType::Inet,
        "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
        | "geometrycollection" | "geomcollection" => CanonicalType::Geometry,
        "decimal" | "numeric" => CanonicalType::Decimal { precision, scale: scale.cast_signed() },
        "float" => CanonicalType::Float32,
        "double" | "real" => CanonicalType::Float64,
        "char" => CanonicalType::Char,
        "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" => CanonicalType::Text,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => CanonicalType::Binary,
        "date" => CanonicalType::Date,
        "datetime" => CanonicalType::Timestamp(Precision::Micro),
        "timestamp" => CanonicalType::Instant(Precision::Micro),
        "time" => CanonicalType::Time(Precision::Micro),
        "json" => CanonicalType::Json,
        "uuid" => CanonicalType::Uuid,
        other => CanonicalType::Opaque { native: format!("mysql {other}") },
    }
}

/// Keys from the unique indexes, without those on expressions or on the beginnings of texts.
fn keys<'a>(parts: impl Iterator<Item = &'a Vec<Option<String>>>, columns: &[Column]) -> Vec<Key> {
    let mut indexes: Vec<(String, Option<Vec<String>>)> = Vec::new();
    for row in parts {
        let (index, part) = (text(row, 2), row.get(3).cloned().flatten());
        let part = part.filter(|_| row.get(4).cloned().flatten().is_none());
        if indexes.last().is_none_or(|(last, _)| *last != index) {
            indexes.push((index, Some(Vec::new())));
        }
        if let Some((_, names)) = indexes.last_mut() {
            *names = names.take().zip(part).map(|(mut names, part)| {
                names.push(part);
                names
            });
        }
    }
    let nullable = |name: &String| columns.iter().any(|c| c.name == *name && c.nullable);
    let mut keys: Vec<Key> = indexes
        .into_iter()
        .filter_map(|(index, names)| {
            let columns = names?;
            Some(Key { primary: index == "PRIMARY", enforced: !columns.iter().any(nullable), columns })
        })
        .collect();
    keys.sort_by(|a, b| (b.primary, b.enforced).cmp(&(a.primary, a.enforced)).then_with(|| a.columns.cmp(&b.columns)));
    keys.dedup();
    keys
}

/// A text in SQL, for sessions whose `sql_mode` is empty.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

pub(super) fn text(row: &[Option<String>], index: usize) -> String {
    row.get(index).cloned().flatten().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(index: &str, column: Option<&str>, sub_part: Option<&str>) -> Vec<Option<String>> {
        let own = |value: &str| Some(value.to_string());
        vec![own("db"), own("t"), own(index), column.map(Into::into), sub_part.map(Into::into)]
    }

    fn columns() -> Vec<Column> {
        let column = |name: &str, nullable| Column {
            name: name.into(),
            native: "int".into(),
            canonical: CanonicalType::Int64,
            nullable,
        };
        vec![column("id", false), column("a", true), column("b", false)]
    }

    #[test]
    fn the_primary_key_goes_first_and_nullable_ones_last() {
        let parts = [
            part("PRIMARY", Some("id"), None),
            part("by_a", Some("a"), None),
            part("by_b", Some("b"), None),
            part("by_b", Some("id"), None),
        ];
        let found: Vec<_> =
            keys(parts.iter(), &columns()).into_iter().map(|k| (k.columns.join(","), k.primary, k.enforced)).collect();
        assert_eq!(found, [("id".into(), true, true), ("b,id".into(), false, true), ("a".into(), false, false)]);
    }

    #[test]
    fn an_index_on_a_prefix_or_an_expression_is_no_key() {
        let parts = [
            part("expression", Some("id"), None),
            part("expression", None, None),
            part("prefix", Some("b"), Some("10")),
            part("prefix", Some("id"), None),
        ];
        assert_eq!(keys(parts.iter(), &columns()), []);
    }

    #[test]
    fn unsigned_types_fit_a_signed_one_where_they_can() {
        assert_eq!(canonical("int", "int(10) unsigned", 10, 0), CanonicalType::Int64);
        assert_eq!(canonical("bigint", "bigint(20) UNSIGNED", 20, 0), CanonicalType::UInt64);
        assert_eq!(canonical("decimal", "decimal(65,30)", 65, 30), CanonicalType::Decimal { precision: 65, scale: 30 });
        assert_eq!(canonical("point", "point", 0, 0), CanonicalType::Geometry);
        assert_eq!(canonical("bit", "bit(9)", 9, 0), CanonicalType::BitField { width: 9 });
        assert_eq!(canonical("vector", "vector(3)", 0, 0), CanonicalType::Opaque { native: "mysql vector".into() });
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(literal("a'b\\"), "'a''b\\\\'");
        assert_eq!(quoted("a`b"), "`a``b`");
    }
}
