//! What SQLite's catalogue says beyond names and types. SQLite holds columns to few of its words: what a type says is
//! what the source meant, not what it enforces.

use rusqlite::Connection;

use crate::model::{
    Action, Capacity, Characters, Collation, Column, ColumnRules, ColumnSchema, ForeignKey, Index, IndexPart, Limit,
    Reach, StoreKind, TableName, TableSchema,
};

type Answer<T> = rusqlite::Result<T>;

/// `hidden` of `pragma_table_xinfo`: 1 is a hidden column of a virtual table, 2 and 3 are generated columns.
const HIDDEN: i64 = 1;

/// The schema of a table whose columns are known.
pub(super) fn schema(connection: &Connection, table: &str, columns: &[Column]) -> Answer<TableSchema> {
    Ok(TableSchema {
        engine: StoreKind::Sqlite,
        columns: columns_of(connection, table, columns)?,
        indexes: Some(indexes_of(connection, table)?),
        foreign_keys: Some(foreign_keys_of(connection, table)?),
        // SQLite keeps them in the text of the statement only.
        checks: None,
    })
}

fn columns_of(connection: &Connection, table: &str, columns: &[Column]) -> Answer<Vec<ColumnSchema>> {
    let statement: Option<String> = connection
        .query_row("SELECT sql FROM main.sqlite_master WHERE type = 'table' AND name = ?1", [table], |row| row.get(0))
        .unwrap_or_default();
    let counts_up = statement.is_some_and(|sql| sql.to_ascii_uppercase().contains("AUTOINCREMENT"));
    let mut statement = connection
        .prepare("SELECT dflt_value, hidden, pk FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> ?2 ORDER BY cid")?;
    let rows: Vec<(Option<String>, i64, i64)> = statement
        .query_map((table, HIDDEN), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Answer<_>>()?;
    let key_columns = rows.iter().filter(|(_, _, key)| *key > 0).count();
    let schema = |((default, hidden, key), column): ((Option<String>, i64, i64), &Column)| {
        let is_rowid = key > 0 && key_columns == 1 && column.native.eq_ignore_ascii_case("integer");
        let collation = connection
            .column_metadata(Some("main"), table, column.name.as_str())
            .ok()
            .and_then(|(_, collation, ..)| Some(collation?.to_string_lossy().into_owned()));
        let rules = ColumnRules {
            default: default.filter(|default| hidden == 0 && !default.eq_ignore_ascii_case("null")),
            // Without the word, an INTEGER PRIMARY KEY is numbered only where no number is given: any application's choice.
            numbered: if is_rowid && !counts_up { None } else { Some(is_rowid) },
            // The expression is in the text of the statement only.
            generated: (hidden != 0).then(String::new),
            touched_by_update: false,
        };
        let holds = capacity(&column.native);
        let is_text = matches!(holds, Capacity::Text { .. });
        ColumnSchema {
            holds,
            enforced: false,
            nullable: Some(column.nullable),
            characters: is_text.then(|| Characters { name: "Unicode".into(), reach: Reach::Unicode }),
            collation: collation.map(|name| Collation { ignores_case: name.eq_ignore_ascii_case("nocase"), name }),
            rules: Some(rules),
        }
    };
    Ok(rows.into_iter().zip(columns).map(schema).collect())
}

/// What a declared type means, by its words.
fn capacity(native: &str) -> Capacity {
    let declared = native.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    let mut numbers = declared
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(inside, _)| inside)
        .into_iter()
        .flat_map(|inside| inside.split(','))
        .map(|number| number.trim().parse::<u32>().ok());
    let (first, second) = (numbers.next().flatten(), numbers.next().flatten());
    let bits = match () {
        () if has(&["BIGINT", "INT8", "BIG INT"]) => Some(64),
        () if has(&["TINYINT"]) => Some(8),
        () if has(&["SMALLINT", "INT2"]) => Some(16),
        () if has(&["MEDIUMINT"]) => Some(24),
        () => None,
    };
    match () {
        () if declared == "ANY" => Capacity::Anything,
        () if has(&["BOOL"]) => Capacity::Boolean,
        () if has(&["DATETIME", "TIMESTAMP"]) => Capacity::Timestamp { fraction: first },
        () if has(&["DATE"]) => Capacity::Date,
        () if has(&["TIME"]) => Capacity::Time { fraction: first },
        () if has(&["JSON"]) => Capacity::Json,
        () if has(&["UUID", "GUID"]) => Capacity::Uuid,
        () if has(&["INT"]) => Capacity::Integer { bits, signed: !has(&["UNSIGNED"]) },
        () if has(&["CHAR", "CLOB", "TEXT"]) => {
            let limit = match first {
                Some(characters) => Limit::Characters(u64::from(characters)),
                None if has(&["CHAR"]) => Limit::Unstated,
                None => Limit::Unlimited,
            };
            Capacity::Text { limit, padded: false }
        }
        () if has(&["BLOB"]) => Capacity::Bytes { limit: Limit::Unstated },
        () if has(&["REAL", "FLOA", "DOUB"]) => Capacity::Float { double: true },
        () if has(&["NUMERIC", "DEC"]) => match (first, second) {
            (Some(precision), scale) => {
                let scale = scale.unwrap_or(0);
                Capacity::Decimal { integral: precision.saturating_sub(scale), scale }
            }
            _ => Capacity::Anything,
        },
        () => Capacity::Anything,
    }
}

fn indexes_of(connection: &Connection, table: &str) -> Answer<Vec<Index>> {
    let mut statement = connection
        .prepare("SELECT name, \"unique\", origin, partial FROM pragma_index_list(?1, 'main') ORDER BY name")?;
    let found: Vec<(String, bool, String, bool)> = statement
        .query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Answer<_>>()?;
    let mut indexes = Vec::new();
    for (name, unique, origin, partial) in found {
        let mut statement = connection.prepare("SELECT name FROM pragma_index_info(?1, 'main') ORDER BY seqno")?;
        let parts: Vec<Option<String>> = statement.query_map([&name], |row| row.get(0))?.collect::<Answer<_>>()?;
        let sql: Option<String> = connection
            .query_row("SELECT sql FROM main.sqlite_master WHERE type = 'index' AND name = ?1", [&name], |row| {
                row.get(0)
            })
            .unwrap_or_default();
        let part = |name: Option<String>| match name {
            Some(column) => IndexPart::Column(column),
            None => IndexPart::Expression(sql.clone().unwrap_or_default()),
        };
        let parts = parts.into_iter().map(part).collect();
        let condition = partial.then(|| condition(sql.as_deref().unwrap_or_default()));
        indexes.push(Index { parts, unique, primary: origin == "pk", condition, method: None });
    }
    // The rowid as primary key has no index of its own.
    if !indexes.iter().any(|index| index.primary) {
        let mut statement =
            connection.prepare("SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE pk > 0 ORDER BY pk")?;
        let parts: Vec<IndexPart> =
            statement.query_map([table], |row| Ok(IndexPart::Column(row.get(0)?)))?.collect::<Answer<_>>()?;
        if !parts.is_empty() {
            indexes.insert(0, Index { parts, unique: true, primary: true, condition: None, method: None });
        }
    }
    Ok(indexes)
}

/// The condition of a partial index, from its statement.
fn condition(sql: &str) -> String {
    let at = sql.to_ascii_uppercase().rfind("WHERE").map_or(sql.len(), |at| at + "WHERE".len());
    sql.get(at..).unwrap_or_default().trim().to_owned()
}

fn foreign_keys_of(connection: &Connection, table: &str) -> Answer<Vec<ForeignKey>> {
    let mut statement = connection.prepare(
        "SELECT id, \"table\", \"from\", \"to\", on_delete, on_update FROM pragma_foreign_key_list(?1, 'main')
         ORDER BY id, seq",
    )?;
    let rows = statement.query_map([table], |row| {
        let (id, table, from): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (to, on_delete, on_update): (Option<String>, String, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
        Ok((id, table, from, to, on_delete, on_update))
    })?;
    let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
    for row in rows {
        let (id, table, from, to, on_delete, on_update) = row?;
        if keys.last().is_none_or(|(last, _)| *last != id) {
            let key = ForeignKey {
                columns: Vec::new(),
                table: TableName::bare(table),
                referenced: Vec::new(),
                on_delete: Action::named(&on_delete),
                on_update: Action::named(&on_update),
            };
            keys.push((id, key));
        }
        if let Some((_, key)) = keys.last_mut() {
            key.columns.push(from);
            // Left out, it is the primary key of the table there.
            key.referenced.extend(to);
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_type_says_what_was_meant() {
        let text = |n| Capacity::Text { limit: Limit::Characters(n), padded: false };
        assert_eq!(capacity("NVARCHAR(160)"), text(160));
        assert_eq!(capacity("TEXT"), Capacity::Text { limit: Limit::Unlimited, padded: false });
        assert_eq!(capacity("NUMERIC(10,2)"), Capacity::Decimal { integral: 8, scale: 2 });
        assert_eq!(capacity("INTEGER"), Capacity::Integer { bits: None, signed: true });
        assert_eq!(capacity("UNSIGNED BIG INT"), Capacity::Integer { bits: Some(64), signed: false });
        assert_eq!(capacity("any"), Capacity::Anything);
    }

    #[test]
    fn the_condition_of_a_partial_index_is_in_its_statement() {
        assert_eq!(condition("CREATE UNIQUE INDEX i ON t (a) WHERE b > 0"), "b > 0");
    }
}
