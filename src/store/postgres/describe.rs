//! What PostgreSQL's catalogue says of tables, columns and keys.

use std::collections::HashMap;

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

/// The name of the cluster's number among those of [`server`].
pub(super) const SYSTEM: &str = "system_identifier";

/// Which server and database this is, as far as the user may ask: the cluster's number, its timeline, the database's name.
pub(super) async fn server(connection: &mut PgConnection) -> Vec<(String, String)> {
    let questions = [
        (SYSTEM, "SELECT system_identifier::text FROM pg_catalog.pg_control_system()"),
        ("timeline", "SELECT timeline_id::text FROM pg_catalog.pg_control_checkpoint()"),
        ("database", "SELECT pg_catalog.current_database()::text"),
    ];
    let mut found = Vec::new();
    for (name, question) in questions {
        if let Ok(value) = text(connection, question.to_owned()).await {
            found.push((name.to_owned(), value));
        }
    }
    found
}

/// The shape of each table: its columns, and the files that its rows lie in, which are others after TRUNCATE and whatever rewrites
/// the table. No snapshot holds either: after TRUNCATE it shows an empty table.
pub(super) async fn shapes(
    connection: &mut PgConnection,
    names: &[TableName],
) -> Result<HashMap<TableName, Vec<String>>> {
    let rows = sqlx::query(
        r#"WITH tables AS (
             SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY($1) AND c.relname = ANY($2))
           SELECT schema, name, a.attnum::int AS place, 'column ' || a.attname || ' '
               || pg_catalog.format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
           FROM tables JOIN pg_catalog.pg_attribute a ON a.attrelid = tables.oid
           WHERE a.attnum > 0 AND NOT a.attisdropped
           UNION ALL
           SELECT schema, name, 2147483647, 'the file of its rows (' || coalesce(CASE relkind
               WHEN 'r' THEN pg_catalog.pg_relation_filenode(oid)::text
               ELSE (WITH RECURSIVE tree AS (
                         SELECT tables.oid AS part UNION ALL
                         SELECT inhrelid FROM pg_catalog.pg_inherits JOIN tree ON inhparent = part)
                     SELECT string_agg(part::text || ':' || coalesce(pg_catalog.pg_relation_filenode(part)::text, '-'), ' '
                         ORDER BY part)
                     FROM tree) END, 'none') || ')'
           FROM tables
           ORDER BY 1, 2, 3"#,
    )
    .bind(names.iter().filter_map(|name| name.schema.clone()).collect::<Vec<_>>())
    .bind(names.iter().map(|name| name.name.clone()).collect::<Vec<_>>())
    .fetch_all(&mut *connection)
    .await?;
    let mut shapes: HashMap<TableName, Vec<String>> = HashMap::new();
    for row in &rows {
        let name = TableName::in_schema(row.try_get::<String, _>(0)?, row.try_get::<String, _>(1)?);
        shapes.entry(name).or_default().push(row.try_get(3)?);
    }
    shapes.retain(|name, _| names.contains(name));
    Ok(shapes)
}

/// Columns, keys and schema of one table.
pub(super) async fn table(connection: &mut PgConnection, name: &TableName) -> Result<Option<Table>> {
    let oid: i64 = sqlx::query_scalar("SELECT $1::text::regclass::oid::bigint")
        .bind(quoted_table(name))
        .fetch_one(&mut *connection)
        .await?;
    let mut tables = by_oid(connection, &HashMap::from([(oid, name)])).await?;
    Ok(tables.remove(name))
}

/// The same of many tables in as many questions as for one. A table that is not there has no entry.
pub(super) async fn tables_at_once(
    connection: &mut PgConnection,
    names: &[TableName],
) -> Result<HashMap<TableName, Table>> {
    let found = sqlx::query(
        r#"SELECT c.oid::bigint, n.nspname::text, c.relname::text
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY($1) AND c.relname = ANY($2)"#,
    )
    .bind(names.iter().filter_map(|name| name.schema.clone()).collect::<Vec<_>>())
    .bind(names.iter().map(|name| name.name.clone()).collect::<Vec<_>>())
    .fetch_all(&mut *connection)
    .await?;
    let wanted: HashMap<TableName, &TableName> = names.iter().map(|name| (name.clone(), name)).collect();
    let mut oids = HashMap::new();
    for row in &found {
        let name = TableName::in_schema(row.try_get::<String, _>(1)?, row.try_get::<String, _>(2)?);
        if let Some(name) = wanted.get(&name) {
            oids.insert(row.try_get::<i64, _>(0)?, *name);
        }
    }
    by_oid(connection, &oids).await
}

async fn by_oid(connection: &mut PgConnection, names: &HashMap<i64, &TableName>) -> Result<HashMap<TableName, Table>> {
    let oids: Vec<i64> = names.keys().copied().collect();
    let rows =
        sqlx::query("SELECT oid::bigint, reltuples FROM pg_catalog.pg_class WHERE oid = ANY($1::bigint[]::oid[])")
            .bind(&oids)
            .fetch_all(&mut *connection)
            .await?;
    let mut columns = columns(connection, &oids).await?;
    let mut keys = keys(connection, &oids).await?;
    let mut schemas = super::schema::schemas(connection, &oids, &columns).await?;
    let mut tables = HashMap::new();
    for row in &rows {
        let (oid, estimate): (i64, f32) = (row.try_get(0)?, row.try_get(1)?);
        let Some(name) = names.get(&oid) else { continue };
        let table = Table {
            name: (*name).clone(),
            columns: columns.remove(&oid).unwrap_or_default(),
            keys: keys.remove(&oid).unwrap_or_default(),
            rows_estimate: (estimate > 0.0).then_some(estimate as u64),
            schema: schemas.remove(&oid).map(Box::new),
        };
        tables.insert((*name).clone(), table);
    }
    Ok(tables)
}

/// Joins what a column's type is beneath its domains, which may be domains again; their own modifiers hold the lengths.
/// Where `a` is the row of `pg_attribute`, `base` has `typname`, `typtype`, `oid` and `modifier`.
pub(super) const BASE_TYPE: &str = "CROSS JOIN LATERAL (
    WITH RECURSIVE types AS (
      SELECT t.oid, t.typname, t.typtype, t.typbasetype, t.typtypmod, a.atttypmod AS modifier
      FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid
      UNION ALL
      SELECT t.oid, t.typname, t.typtype, t.typbasetype, t.typtypmod, d.typtypmod
      FROM types d JOIN pg_catalog.pg_type t ON t.oid = d.typbasetype WHERE d.typtype = 'd')
    SELECT * FROM types WHERE typtype <> 'd') base";

async fn columns(connection: &mut PgConnection, oids: &[i64]) -> Result<HashMap<i64, Vec<Column>>> {
    let sql = format!(
        r#"SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
                  base.typname::text, base.typtype::text, base.modifier, a.attrelid::bigint, base.oid::bigint
           FROM pg_catalog.pg_attribute a {BASE_TYPE}
           WHERE a.attrelid = ANY($1::bigint[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
           ORDER BY a.attrelid, a.attnum"#
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(oids).fetch_all(&mut *connection).await?;
    let mut columns: HashMap<i64, Vec<Column>> = HashMap::new();
    let mut resolved: HashMap<i64, Option<CanonicalType>> = HashMap::new();
    for row in &rows {
        let base: String = row.try_get(3)?;
        let sort: String = row.try_get(4)?;
        let native: String = row.try_get(1)?;
        let oid: i64 = row.try_get(7)?;
        let mut canonical = canonical(&base, &sort, row.try_get(5)?, &native);
        if matches!(canonical, CanonicalType::Opaque { .. }) {
            let known = match resolved.get(&oid) {
                Some(known) => known,
                None => {
                    let found = nested::resolve(connection, oid).await?;
                    resolved.entry(oid).or_insert(found)
                }
            };
            canonical = known.clone().unwrap_or(canonical);
        }
        columns.entry(row.try_get(6)?).or_default().push(Column {
            name: row.try_get(0)?,
            canonical,
            native,
            nullable: !row.try_get::<bool, _>(2)?,
        });
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

async fn keys(connection: &mut PgConnection, oids: &[i64]) -> Result<HashMap<i64, Vec<Key>>> {
    let rows = sqlx::query(
        r#"SELECT i.indisprimary,
                  array_agg(a.attname::text ORDER BY k.place) AS names,
                  bool_and(a.attnotnull) AS enforced, i.indrelid::bigint
           FROM pg_catalog.pg_index i
           CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
           JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
           WHERE i.indrelid = ANY($1::bigint[]::oid[]) AND i.indisunique AND i.indisvalid AND i.indimmediate
             AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
           GROUP BY i.indrelid, i.indexrelid, i.indisprimary
           ORDER BY i.indisprimary DESC, enforced DESC, names"#,
    )
    .bind(oids)
    .fetch_all(connection)
    .await?;
    let mut keys: HashMap<i64, Vec<Key>> = HashMap::new();
    for row in &rows {
        let key = Key { primary: row.try_get(0)?, columns: row.try_get(1)?, enforced: row.try_get(2)? };
        keys.entry(row.try_get(3)?).or_default().push(key);
    }
    Ok(keys)
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
