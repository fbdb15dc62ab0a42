//! What PostgreSQL's catalogue says beyond names and types: what it enforces, fills in and keeps order by.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::describe::BASE_TYPE;
use crate::model::{
    Action, Capacity, Characters, Collation, Column, ColumnRules, ColumnSchema, ForeignKey, Index, IndexPart, Limit,
    Reach, StoreKind, TableName, TableSchema,
};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// The schemas of tables by their object identifiers, for all of them in four questions.
pub(super) async fn schemas(
    connection: &mut PgConnection,
    oids: &[i64],
    described: &HashMap<i64, Vec<Column>>,
) -> Result<HashMap<i64, TableSchema>> {
    let mut columns = columns(connection, oids, described).await?;
    let mut indexes = indexes(connection, oids).await?;
    let mut foreign_keys = foreign_keys(connection, oids).await?;
    let mut checks = checks(connection, oids).await?;
    let schema = |oid: &i64| TableSchema {
        engine: StoreKind::Postgres,
        columns: columns.remove(oid).unwrap_or_default(),
        indexes: Some(indexes.remove(oid).unwrap_or_default()),
        foreign_keys: Some(foreign_keys.remove(oid).unwrap_or_default()),
        checks: Some(checks.remove(oid).unwrap_or_default()),
    };
    Ok(oids.iter().copied().zip(oids.iter().map(schema)).collect())
}

async fn columns(
    connection: &mut PgConnection,
    oids: &[i64],
    described: &HashMap<i64, Vec<Column>>,
) -> Result<HashMap<i64, Vec<ColumnSchema>>> {
    // Identity columns have no default in pg_attrdef; those of a serial are the sequence's next number. Columns of the
    // default collation get the database's. `attgenerated` came with PostgreSQL 12, hence the way through JSON.
    let sql = format!(
        r#"SELECT a.attrelid::bigint, a.attnum::int, base.typname::text, base.modifier,
                  pg_catalog.pg_get_expr(d.adbin, d.adrelid),
                  to_jsonb(a) ->> 'attidentity', to_jsonb(a) ->> 'attgenerated',
                  CASE WHEN c.collname = 'default' THEN db.datcollate::text ELSE c.collname::text END,
                  coalesce((to_jsonb(c) ->> 'collisdeterministic')::boolean, true),
                  pg_catalog.pg_encoding_to_char(db.encoding)::text,
                  ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = base.oid
                        ORDER BY e.enumsortorder)
           FROM pg_catalog.pg_attribute a {BASE_TYPE}
           JOIN pg_catalog.pg_database db ON db.datname = current_database()
           LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
           LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation
           WHERE a.attrelid = ANY($1::bigint[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
           ORDER BY a.attrelid, a.attnum"#
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(oids).fetch_all(connection).await?;
    let mut columns: HashMap<i64, Vec<ColumnSchema>> = HashMap::new();
    for row in &rows {
        let of_table = columns.entry(row.try_get(0)?).or_default();
        let Some(column) = described.get(&row.try_get::<i64, _>(0)?).and_then(|all| all.get(of_table.len())) else {
            continue;
        };
        let base: String = row.try_get(2)?;
        let expression: Option<String> = row.try_get(4)?;
        let is_set = |letter: Option<String>| letter.is_some_and(|letter| !letter.trim().is_empty());
        let (identity, generated) = (is_set(row.try_get(5)?), is_set(row.try_get(6)?));
        let serial = expression.as_deref().is_some_and(|default| default.starts_with("nextval("));
        let collation: Option<String> = row.try_get(7)?;
        let deterministic: bool = row.try_get(8)?;
        let rules = ColumnRules {
            default: expression.clone().filter(|_| !serial && !generated),
            numbered: Some(serial || identity),
            generated: expression.filter(|_| generated),
            touched_by_update: false,
        };
        of_table.push(ColumnSchema {
            holds: capacity(column, &base, row.try_get(3)?, row.try_get(10)?),
            enforced: true,
            nullable: Some(column.nullable),
            characters: collation.is_some().then(|| row.try_get(9).map(characters)).transpose()?,
            collation: collation.map(|name| Collation { ignores_case: !deterministic || base == "citext", name }),
            rules: Some(rules),
        });
    }
    Ok(columns)
}

/// What a column can hold, by the catalogue name of its type, its modifier, and the labels of an enum.
fn capacity(column: &Column, base: &str, modifier: i32, labels: Vec<String>) -> Capacity {
    let integer = |bits| Capacity::Integer { bits: Some(bits), signed: true };
    let length = || match u64::try_from(modifier - 4) {
        Ok(characters) if modifier > 4 => Limit::Characters(characters),
        _ => Limit::Unlimited,
    };
    let fraction = Some(u32::try_from(modifier).unwrap_or(6));
    match base {
        _ if !labels.is_empty() => Capacity::Labels(labels),
        "int2" => integer(16),
        "int4" => integer(32),
        "int8" => integer(64),
        "bpchar" => Capacity::Text { limit: length(), padded: true },
        "varchar" => Capacity::Text { limit: length(), padded: false },
        "name" => Capacity::Text { limit: Limit::Bytes(63), padded: false },
        "text" | "citext" | "xml" => Capacity::Text { limit: Limit::Unlimited, padded: false },
        "bytea" => Capacity::Bytes { limit: Limit::Unlimited },
        "time" => Capacity::Time { fraction },
        "timestamp" => Capacity::Timestamp { fraction },
        "timestamptz" => Capacity::Instant { fraction, clock_32_bits: false },
        _ => Capacity::of(column),
    }
}

fn characters(encoding: String) -> Characters {
    let reach = match encoding.as_str() {
        // SQL_ASCII checks nothing, so that it takes everything.
        "UTF8" | "GB18030" | "SQL_ASCII" => Reach::Unicode,
        _ => Reach::Smaller,
    };
    Characters { name: encoding, reach }
}

async fn indexes(connection: &mut PgConnection, oids: &[i64]) -> Result<HashMap<i64, Vec<Index>>> {
    let rows = sqlx::query(
        r#"SELECT i.indrelid::bigint, i.indisunique, i.indisprimary, m.amname::text,
                  pg_catalog.pg_get_expr(i.indpred, i.indrelid),
                  array_agg(a.attname::text ORDER BY k.place),
                  array_agg(CASE WHEN k.number = 0
                            THEN pg_catalog.pg_get_indexdef(i.indexrelid, k.place::int, true) END ORDER BY k.place)
           FROM pg_catalog.pg_index i
           JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
           JOIN pg_catalog.pg_am m ON m.oid = c.relam
           CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
           LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number AND k.number <> 0
           WHERE i.indrelid = ANY($1::bigint[]::oid[]) AND i.indisvalid AND k.place <= i.indnkeyatts
           GROUP BY i.indrelid, i.indexrelid, i.indisunique, i.indisprimary, m.amname, i.indpred
           ORDER BY i.indrelid, i.indisprimary DESC, i.indisunique DESC, 6, 7"#,
    )
    .bind(oids)
    .fetch_all(connection)
    .await?;
    let mut indexes: HashMap<i64, Vec<Index>> = HashMap::new();
    for row in &rows {
        let (names, expressions): (Vec<Option<String>>, Vec<Option<String>>) = (row.try_get(5)?, row.try_get(6)?);
        let part = |(name, expression): (Option<String>, Option<String>)| {
            name.map(IndexPart::Column).or(expression.map(IndexPart::Expression))
        };
        let method: String = row.try_get(3)?;
        indexes.entry(row.try_get(0)?).or_default().push(Index {
            parts: names.into_iter().zip(expressions).filter_map(part).collect(),
            unique: row.try_get(1)?,
            primary: row.try_get(2)?,
            condition: row.try_get(4)?,
            method: Some(method).filter(|method| !matches!(method.as_str(), "btree" | "hash")),
        });
    }
    Ok(indexes)
}

async fn foreign_keys(connection: &mut PgConnection, oids: &[i64]) -> Result<HashMap<i64, Vec<ForeignKey>>> {
    let rows = sqlx::query(
        r#"SELECT f.conrelid::bigint, n.nspname::text, t.relname::text, f.confdeltype::text, f.confupdtype::text,
                  array_agg(a.attname::text ORDER BY k.place) AS columns,
                  array_agg(b.attname::text ORDER BY k.place) AS referenced
           FROM pg_catalog.pg_constraint f
           JOIN pg_catalog.pg_class t ON t.oid = f.confrelid
           JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
           CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY AS k(number, other, place)
           JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number
           JOIN pg_catalog.pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = k.other
           WHERE f.conrelid = ANY($1::bigint[]::oid[]) AND f.contype = 'f' AND NOT t.relispartition
           GROUP BY f.oid, f.conrelid, n.nspname, t.relname, f.confdeltype, f.confupdtype
           ORDER BY f.conrelid, columns, referenced"#,
    )
    .bind(oids)
    .fetch_all(connection)
    .await?;
    let mut keys: HashMap<i64, Vec<ForeignKey>> = HashMap::new();
    for row in &rows {
        keys.entry(row.try_get(0)?).or_default().push(ForeignKey {
            columns: row.try_get(5)?,
            table: TableName::in_schema(row.try_get::<String, _>(1)?, row.try_get::<String, _>(2)?),
            referenced: row.try_get(6)?,
            on_delete: action(row.try_get::<String, _>(3)?.as_str()),
            on_update: action(row.try_get::<String, _>(4)?.as_str()),
        });
    }
    Ok(keys)
}

/// An action by its letter in the catalogue.
fn action(letter: &str) -> Action {
    match letter {
        "c" => Action::Cascade,
        "n" => Action::SetNull,
        "d" => Action::SetDefault,
        _ => Action::Refuse,
    }
}

async fn checks(connection: &mut PgConnection, oids: &[i64]) -> Result<HashMap<i64, Vec<String>>> {
    let rows = sqlx::query(
        r#"SELECT conrelid::bigint, pg_catalog.pg_get_expr(conbin, conrelid) AS condition
           FROM pg_catalog.pg_constraint
           WHERE conrelid = ANY($1::bigint[]::oid[]) AND contype = 'c' AND conbin IS NOT NULL ORDER BY conrelid, condition"#,
    )
    .bind(oids)
    .fetch_all(connection)
    .await?;
    let mut checks: HashMap<i64, Vec<String>> = HashMap::new();
    for row in &rows {
        checks.entry(row.try_get(0)?).or_default().push(row.try_get(1)?);
    }
    Ok(checks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::CanonicalType;

    fn of(base: &str, modifier: i32) -> Capacity {
        let column = Column { name: "c".into(), native: base.into(), canonical: CanonicalType::Text, nullable: true };
        capacity(&column, base, modifier, Vec::new())
    }

    #[test]
    fn a_modifier_holds_length_or_decimals() {
        assert_eq!(of("varchar", 54), Capacity::Text { limit: Limit::Characters(50), padded: false });
        assert_eq!(of("varchar", -1), Capacity::Text { limit: Limit::Unlimited, padded: false });
        assert_eq!(of("bpchar", 5), Capacity::Text { limit: Limit::Characters(1), padded: true });
        assert_eq!(of("timestamp", 0), Capacity::Timestamp { fraction: Some(0) });
        assert_eq!(of("timestamp", -1), Capacity::Timestamp { fraction: Some(6) });
    }
}
