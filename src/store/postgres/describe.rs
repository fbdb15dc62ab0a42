//! What PostgreSQL's catalogue says of tables, columns and keys.

use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::quoted_table;
use crate::canonical::{CanonicalType, Precision};
use crate::model::{Column, Key, Table, TableName};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Ordinary and partitioned tables of all schemas but the system's; a partition counts with its parent.
pub(super) async fn tables(connection: &mut PgConnection) -> Result<Vec<TableName>> {
    let rows = sqlx::query(
        r#"SELECT n.nspname::text, c.relname::text
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
             AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
           ORDER BY 1, 2"#,
    )
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok(TableName::in_schema(row.try_get::<String, _>(0)?, row.try_get::<String, _>(1)?)))
        .collect()
}

/// Columns and keys of one table.
pub(super) async fn table(connection: &mut PgConnection, name: &TableName) -> Result<Table> {
    let oid: i64 = sqlx::query_scalar("SELECT $1::text::regclass::oid::bigint")
        .bind(quoted_table(name))
        .fetch_one(&mut *connection)
        .await?;
    let estimate: f32 = sqlx::query_scalar("SELECT reltuples FROM pg_catalog.pg_class WHERE oid = $1::bigint::oid")
        .bind(oid)
        .fetch_one(&mut *connection)
        .await?;
    Ok(Table {
        name: name.clone(),
        columns: columns(connection, oid).await?,
        keys: keys(connection, oid).await?,
        rows_estimate: (estimate > 0.0).then_some(estimate as u64),
    })
}

async fn columns(connection: &mut PgConnection, oid: i64) -> Result<Vec<Column>> {
    // A domain is read as the type beneath it, which may be a domain again; its own modifier holds the length.
    let rows = sqlx::query(
        r#"SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
                  base.typname::text, base.typtype::text, base.modifier, base.oid::bigint
           FROM pg_catalog.pg_attribute a
           CROSS JOIN LATERAL (
             WITH RECURSIVE types AS (
               SELECT t.oid, t.typname, t.typtype, t.typbasetype, t.typtypmod, a.atttypmod AS modifier
               FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid
               UNION ALL
               SELECT t.oid, t.typname, t.typtype, t.typbasetype, t.typtypmod, d.typtypmod
               FROM types d JOIN pg_catalog.pg_type t ON t.oid = d.typbasetype WHERE d.typtype = 'd')
             SELECT * FROM types WHERE typtype <> 'd') base
           WHERE a.attrelid = $1::bigint::oid AND a.attnum > 0 AND NOT a.attisdropped
           ORDER BY a.attnum"#,
    )
    .bind(oid)
    .fetch_all(&mut *connection)
    .await?;
    let mut columns = Vec::with_capacity(rows.len());
    for row in &rows {
        let base: String = row.try_get(3)?;
        let sort: String = row.try_get(4)?;
        let native: String = row.try_get(1)?;
        let mut canonical = canonical(&base, &sort, row.try_get(5)?, &native);
        if matches!(canonical, CanonicalType::Opaque { .. })
            && let Some(nested) = nested::resolve(connection, row.try_get(6)?).await?
        {
            canonical = nested;
        }
        columns.push(Column { name: row.try_get(0)?, canonical, native, nullable: !row.try_get::<bool, _>(2)? });
    }
    Ok(columns)
}

/// Whether a column holds money, which is read as the number it is.
pub(super) fn is_money(column: &Column) -> bool {
    column.native == "money"
}

mod nested;

/// The canonical type of a type by its catalogue name, its sort (`e` is an enum) and its modifier.
fn canonical(base: &str, sort: &str, modifier: i32, native: &str) -> CanonicalType {
    if sort == "e" {
        return CanonicalType::Text;
    }
    match base {
        "bool" => CanonicalType::Boolean,
        "int2" | "int4" | "int8" => CanonicalType::Int64,
        "numeric" => decimal(modifier),
        // A domain over money keeps its locale's text.
        "money" if native == "money" => CanonicalType::Number,
        "float4" => CanonicalType::Float32,
        "float8" => CanonicalType::Float64,
        "bpchar" => CanonicalType::Char,
        "text" | "varchar" | "name" | "citext" | "xml" => CanonicalType::Text,
        "bytea" => CanonicalType::Binary,
        "date" => CanonicalType::Date,
        "time" => CanonicalType::Time(Precision::Micro),
        "timestamp" => CanonicalType::Timestamp(Precision::Micro),
        "timestamptz" => CanonicalType::Instant(Precision::Micro),
        "uuid" => CanonicalType::Uuid,
        "json" | "jsonb" => CanonicalType::Json,
        "interval" => CanonicalType::Interval,
        "bit" | "varbit" => CanonicalType::Bits,
        "inet" | "cidr" => CanonicalType::Inet,
        "macaddr" | "macaddr8" => CanonicalType::Mac,
        // PostGIS sends EWKB.
        "geometry" | "geography" if sort == "b" => CanonicalType::Geometry,
        _ => CanonicalType::Opaque { native: format!("postgres {native}") },
    }
}

/// `numeric(p,s)` packs precision and scale into its modifier, the scale as an 11-bit signed number.
fn decimal(modifier: i32) -> CanonicalType {
    if modifier < 4 {
        return CanonicalType::Number;
    }
    let precision = (modifier - 4) >> 16 & 0xFFFF;
    let scale = (((modifier - 4) & 0x7FF) ^ 1024) - 1024;
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(precision @ 1..=76), Ok(scale)) if scale >= 0 && i32::from(scale) <= i32::from(precision) => {
            CanonicalType::Decimal { precision, scale }
        }
        _ => CanonicalType::Number,
    }
}

async fn keys(connection: &mut PgConnection, oid: i64) -> Result<Vec<Key>> {
    let rows = sqlx::query(
        r#"SELECT i.indisprimary,
                  array_agg(a.attname::text ORDER BY k.place) AS names,
                  bool_and(a.attnotnull) AS enforced
           FROM pg_catalog.pg_index i
           CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
           JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
           WHERE i.indrelid = $1::bigint::oid AND i.indisunique AND i.indisvalid AND i.indimmediate
             AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
           GROUP BY i.indexrelid, i.indisprimary
           ORDER BY i.indisprimary DESC, enforced DESC, names"#,
    )
    .bind(oid)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok(Key { primary: row.try_get(0)?, columns: row.try_get(1)?, enforced: row.try_get(2)? }))
        .collect()
}

/// How many blocks a table has, and whether it is an ordinary table (not a partitioned one, which has no blocks).
pub(super) async fn blocks(connection: &mut PgConnection, name: &TableName) -> Result<(bool, i64)> {
    let row = sqlx::query(
        "SELECT relkind = 'r', pg_relation_size(oid) / current_setting('block_size')::bigint
         FROM pg_catalog.pg_class WHERE oid = $1::text::regclass",
    )
    .bind(quoted_table(name))
    .fetch_one(connection)
    .await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Whether this connection goes without TLS, so that others may as well.
pub(super) async fn without_tls(connection: &mut PgConnection) -> Result<bool> {
    let ssl: Option<bool> = sqlx::query_scalar("SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()")
        .fetch_optional(connection)
        .await?
        .flatten();
    Ok(ssl == Some(false))
}

/// Runs a query of our own making that returns one text.
pub(super) async fn text(connection: &mut PgConnection, sql: String) -> Result<String> {
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numeric_modifier_yields_precision_and_scale() {
        let modifier = |precision: i32, scale: i32| (precision << 16 | scale & 0x7FF) + 4;
        assert_eq!(decimal(modifier(12, 2)), CanonicalType::Decimal { precision: 12, scale: 2 });
        assert_eq!(decimal(modifier(76, 30)), CanonicalType::Decimal { precision: 76, scale: 30 });
        assert_eq!(decimal(-1), CanonicalType::Number);
        assert_eq!(decimal(modifier(200, 2)), CanonicalType::Number);
        assert_eq!(decimal(modifier(5, -2)), CanonicalType::Number);
        assert_eq!(decimal(modifier(2, 5)), CanonicalType::Number);
    }
}
