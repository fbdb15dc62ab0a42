//! What `information_schema` says beyond names and types. What MySQL and MariaDB write differently there is told apart
//! here and nowhere else.

use std::collections::HashMap;

use sqlx::mysql::MySqlConnection;

use super::describe::{ByTable, Catalogue, literal, text};
use super::{Server, number};
use crate::model::{
    Action, Capacity, Characters, Collation, Column, ColumnRules, ColumnSchema, ForeignKey, Index, IndexPart, Limit,
    Reach, StoreKind, Table, TableName, TableSchema,
};

type Answer<T> = std::result::Result<T, sqlx::Error>;

/// Old servers lack a table of the catalogue.
const UNKNOWN_TABLE: u16 = 1109;
/// The parts of an index in their order.
const ORDER: &str = "ORDER BY table_name, index_name, seq_in_index";
/// A gibibyte: as long as anyone asks for.
const UNLIMITED_BYTES: u64 = 1 << 30;

/// Adds their schemas to described tables, for all of them in a few questions.
pub(super) async fn add(
    connection: &mut MySqlConnection,
    server: &Server,
    catalogue: &Catalogue<'_>,
    checks: &ByTable,
    tables: &mut HashMap<TableName, Table>,
) -> Answer<()> {
    let columns = columns(connection, catalogue).await?;
    let mut indexes = indexes(connection, server, catalogue).await?;
    let mut foreign_keys = foreign_keys(connection, server, catalogue).await?;
    for (name, table) in tables {
        let rows = columns.get(&name.name).map_or(&[][..], Vec::as_slice);
        if rows.len() != table.columns.len() {
            continue;
        }
        let checks = checks.get(&name.name).into_iter().flatten().map(|row| text(row, 3));
        table.schema = Some(Box::new(TableSchema {
            engine: StoreKind::Mysql,
            columns: rows.iter().zip(&table.columns).map(|(row, column)| schema_of(row, column, server)).collect(),
            indexes: Some(indexes.remove(&name.name).unwrap_or_default()),
            foreign_keys: Some(foreign_keys.remove(&name.name).unwrap_or_default()),
            // MariaDB adds a check to each column of its JSON by itself.
            checks: Some(checks.filter(|check| !check.to_ascii_lowercase().starts_with("json_valid(")).collect()),
        }));
    }
    Ok(())
}

/// The check constraints: database, table, name, condition.
pub(super) async fn checks(
    connection: &mut MySqlConnection,
    server: &Server,
    catalogue: &Catalogue<'_>,
) -> Answer<ByTable> {
    let answer = if server.is_mariadb() {
        let select = "SELECT constraint_schema, table_name, constraint_name, check_clause
                      FROM information_schema.check_constraints";
        catalogue.ask_where(connection, select, "constraint_schema", "ORDER BY table_name, constraint_name").await
    } else {
        // MySQL's view does not name the table.
        let select = "SELECT t.table_schema, t.table_name, t.constraint_name, c.check_clause
                      FROM information_schema.table_constraints t JOIN information_schema.check_constraints c
                      ON c.constraint_schema = t.constraint_schema AND c.constraint_name = t.constraint_name";
        catalogue.ask_where(connection, select, "t.table_schema", "ORDER BY t.table_name, t.constraint_name").await
    };
    match answer {
        Err(e) if number(&e) == Some(UNKNOWN_TABLE) => Ok(ByTable::new()),
        answer => answer,
    }
}

async fn columns(connection: &mut MySqlConnection, catalogue: &Catalogue<'_>) -> Answer<ByTable> {
    let select = "SELECT table_schema, table_name, data_type, column_type, is_nullable, column_default, extra,
                         generation_expression, character_maximum_length, character_octet_length, datetime_precision,
                         character_set_name, collation_name FROM information_schema.columns";
    catalogue.ask(connection, select, "ORDER BY table_name, ordinal_position").await
}

fn schema_of(row: &[Option<String>], column: &Column, server: &Server) -> ColumnSchema {
    let value = |index: usize| row.get(index).cloned().flatten();
    let extra = text(row, 6).to_ascii_lowercase();
    let generated = value(7).filter(|expression| !expression.is_empty());
    let holds = capacity(row, column);
    let quotes_default = !server.is_mariadb() && !extra.contains("default_generated");
    let default = value(5).filter(|default| generated.is_none() && !default.eq_ignore_ascii_case("null"));
    ColumnSchema {
        enforced: true,
        nullable: Some(column.nullable),
        characters: value(11).filter(|_| holds != Capacity::Json).map(characters),
        collation: value(12).filter(|_| holds != Capacity::Json).map(collation),
        holds,
        rules: Some(ColumnRules {
            // MariaDB writes defaults as SQL, MySQL writes the bare value of those that are no expressions.
            default: default.map(|default| if quotes_default { literal(&default) } else { default }),
            numbered: Some(extra.contains("auto_increment")),
            generated,
            touched_by_update: extra.contains("on update"),
        }),
    }
}

/// What a column can hold.
fn capacity(row: &[Option<String>], column: &Column) -> Capacity {
    if column.native == "json" {
        return Capacity::Json;
    }
    let (data_type, column_type) = (text(row, 2).to_ascii_lowercase(), text(row, 3));
    let integer =
        |bits| Capacity::Integer { bits: Some(bits), signed: !column_type.to_lowercase().contains("unsigned") };
    let number = |index: usize| text(row, index).parse::<u64>().ok();
    let bytes = || match number(9) {
        Some(bytes) if bytes < UNLIMITED_BYTES => Limit::Bytes(bytes),
        _ => Limit::Unlimited,
    };
    let characters = || number(8).map_or(Limit::Unlimited, Limit::Characters);
    let fraction = Some(number(10).and_then(|digits| u32::try_from(digits).ok()).unwrap_or(0));
    match data_type.as_str() {
        "tinyint" if column_type.to_lowercase().starts_with("tinyint(1)") => Capacity::Flag,
        "tinyint" => integer(8),
        "smallint" => integer(16),
        "year" => Capacity::Integer { bits: Some(16), signed: false },
        "mediumint" => integer(24),
        "int" | "integer" => integer(32),
        "bigint" => integer(64),
        "char" => Capacity::Text { limit: characters(), padded: true },
        "varchar" => Capacity::Text { limit: characters(), padded: false },
        "tinytext" | "text" | "mediumtext" | "longtext" => Capacity::Text { limit: bytes(), padded: false },
        "enum" => Capacity::Labels(labels(&column_type)),
        "set" => Capacity::Other(column_type),
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Capacity::Bytes { limit: bytes() },
        "time" => Capacity::Time { fraction },
        "datetime" => Capacity::Timestamp { fraction },
        "timestamp" => Capacity::Instant { fraction, clock_32_bits: true },
        _ => Capacity::of(column),
    }
}

/// The labels of `enum('a','it''s')`.
fn labels(column_type: &str) -> Vec<String> {
    let mut labels = Vec::new();
    let mut characters = column_type.chars().peekable();
    while characters.by_ref().any(|c| c == '\'') {
        let mut label = String::new();
        while let Some(c) = characters.next() {
            match c {
                '\'' if characters.peek() == Some(&'\'') => label.extend(characters.next()),
                '\'' => break,
                c => label.push(c),
            }
        }
        labels.push(label);
    }
    labels
}

fn characters(name: String) -> Characters {
    let reach = match name.as_str() {
        "utf8mb4" | "utf16" | "utf16le" | "utf32" | "gb18030" => Reach::Unicode,
        "utf8" | "utf8mb3" | "ucs2" => Reach::ThreeBytes,
        _ => Reach::Smaller,
    };
    Characters { name, reach }
}

fn collation(name: String) -> Collation {
    let lower = name.to_ascii_lowercase();
    Collation { ignores_case: lower.ends_with("_ci") || lower.contains("_ci_"), name }
}

async fn indexes(
    connection: &mut MySqlConnection,
    server: &Server,
    catalogue: &Catalogue<'_>,
) -> Answer<HashMap<String, Vec<Index>>> {
    // Only MySQL has indexes on expressions, and the column that tells them.
    let expression = if server.is_mariadb() { "NULL" } else { "expression" };
    let select = format!(
        "SELECT table_schema, table_name, index_name, column_name, sub_part, non_unique, index_type, {expression}
         FROM information_schema.statistics"
    );
    let rows = match catalogue.ask(connection, &select, ORDER).await {
        // MySQL before 8.0.13.
        Err(_) if !server.is_mariadb() => {
            catalogue.ask(connection, &select.replace(", expression", ", NULL"), ORDER).await?
        }
        answer => answer?,
    };
    Ok(rows.into_iter().map(|(table, rows)| (table, indexes_of(&rows))).collect())
}

fn indexes_of(rows: &[Vec<Option<String>>]) -> Vec<Index> {
    let mut indexes: Vec<(String, Index)> = Vec::new();
    for row in rows {
        let name = text(row, 2);
        if indexes.last().is_none_or(|(last, _)| *last != name) {
            let method = text(row, 6).to_ascii_lowercase();
            let index = Index {
                parts: Vec::new(),
                unique: text(row, 5) == "0",
                primary: name == "PRIMARY",
                condition: None,
                method: Some(method).filter(|method| !matches!(method.as_str(), "btree" | "hash" | "")),
            };
            indexes.push((name, index));
        }
        let column = row.get(3).cloned().flatten();
        let length = text(row, 4).parse().ok();
        if let Some((_, index)) = indexes.last_mut() {
            index.parts.push(match (column, length) {
                (Some(column), Some(length)) => IndexPart::Prefix(column, length),
                (Some(column), None) => IndexPart::Column(column),
                (None, _) => IndexPart::Expression(text(row, 7)),
            });
        }
    }
    indexes.into_iter().map(|(_, index)| index).collect()
}

async fn foreign_keys(
    connection: &mut MySqlConnection,
    server: &Server,
    catalogue: &Catalogue<'_>,
) -> Answer<HashMap<String, Vec<ForeignKey>>> {
    let columns = catalogue
        .ask(
            connection,
            "SELECT table_schema, table_name, constraint_name, column_name, referenced_table_schema,
                    referenced_table_name, referenced_column_name FROM information_schema.key_column_usage",
            "AND referenced_table_name IS NOT NULL ORDER BY table_name, constraint_name, ordinal_position",
        )
        .await?;
    let rules = catalogue
        .ask_where(
            connection,
            "SELECT constraint_schema, table_name, constraint_name, delete_rule, update_rule
             FROM information_schema.referential_constraints",
            "constraint_schema",
            "",
        )
        .await?;
    let mut keys = HashMap::new();
    for (table, rows) in columns {
        let mut of_table: Vec<(String, ForeignKey)> = Vec::new();
        for row in &rows {
            let name = text(row, 2);
            if of_table.last().is_none_or(|(last, _)| *last != name) {
                let rule = rules.get(&table).and_then(|rules| rules.iter().find(|rule| text(rule, 2) == name));
                let action = |index| rule.map_or(Action::Refuse, |rule| Action::named(&text(rule, index)));
                let schema = Some(text(row, 4)).filter(|schema| *schema != server.database);
                let key = ForeignKey {
                    columns: Vec::new(),
                    table: TableName { schema, name: text(row, 5) },
                    referenced: Vec::new(),
                    on_delete: action(3),
                    on_update: action(4),
                };
                of_table.push((name, key));
            }
            if let Some((_, key)) = of_table.last_mut() {
                key.columns.push(text(row, 3));
                key.referenced.push(text(row, 6));
            }
        }
        keys.insert(table, of_table.into_iter().map(|(_, key)| key).collect());
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::CanonicalType;

    fn row(data_type: &str, column_type: &str, default: Option<&str>, extra: &str) -> Vec<Option<String>> {
        let own = |value: &str| Some(value.to_string());
        let mut row = vec![own("db"), own("t"), own(data_type), own(column_type), own("YES"), default.map(Into::into)];
        row.extend([own(extra), own("")]);
        row.resize(13, None);
        row
    }

    fn schema(version: &str, row: &[Option<String>]) -> ColumnSchema {
        let column = Column { name: "c".into(), native: text(row, 3), canonical: CanonicalType::Text, nullable: true };
        schema_of(row, &column, &Server { database: "db".into(), version: version.into() })
    }

    #[test]
    fn mysql_writes_bare_values_where_mariadb_writes_sql() {
        let default = |version, default, extra| {
            schema(version, &row("varchar", "varchar(9)", Some(default), extra)).rules.unwrap().default
        };
        assert_eq!(default("11.4.2-MariaDB", "'x'", ""), Some("'x'".into()));
        assert_eq!(default("8.0.36", "x", ""), Some("'x'".into()));
        assert_eq!(default("8.0.36", "uuid()", "DEFAULT_GENERATED"), Some("uuid()".into()));
        assert_eq!(default("11.4.2-MariaDB", "NULL", ""), None);
    }

    #[test]
    fn an_update_that_touches_a_column_is_told() {
        let rules = |extra| schema("11-MariaDB", &row("timestamp", "timestamp", None, extra)).rules.unwrap();
        assert!(rules("on update current_timestamp()").touched_by_update);
        assert_eq!(rules("auto_increment").numbered, Some(true));
        assert!(!rules("").touched_by_update);
    }

    #[test]
    fn labels_may_hold_quotes_and_commas() {
        assert_eq!(labels("enum('a','it''s','b,c','')"), ["a", "it's", "b,c", ""]);
    }

    #[test]
    fn a_collation_says_in_its_name_whether_case_counts() {
        let ignores = |name: &str| collation(name.into()).ignores_case;
        assert!(ignores("utf8mb4_general_ci") && ignores("utf8mb4_uca1400_ai_ci") && ignores("utf8mb4_0900_ai_ci"));
        assert!(!ignores("utf8mb4_bin") && !ignores("utf8mb4_uca1400_as_cs") && !ignores("binary"));
    }
}
