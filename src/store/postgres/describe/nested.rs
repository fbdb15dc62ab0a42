//! The types that are made of others: arrays, composite types and ranges, and the domains over them.

use std::future::Future;
use std::pin::Pin;

use sqlx::{PgConnection, Row};

use super::Result;
use crate::canonical::CanonicalType;
use crate::canonical::nested::array_of;

/// Types within types go no deeper than this: no type holds itself, but a damaged catalogue must not hang a run.
const DEPTH_MAX: u8 = 16;

/// The canonical type of the type with this number; `None` where it is not made of others.
pub(super) async fn resolve(connection: &mut PgConnection, oid: i64) -> Result<Option<CanonicalType>> {
    nested(connection, oid, 0).await
}

type Resolving<'a> = Pin<Box<dyn Future<Output = Result<Option<CanonicalType>>> + Send + 'a>>;

fn nested(connection: &mut PgConnection, oid: i64, depth: u8) -> Resolving<'_> {
    Box::pin(async move {
        if depth > DEPTH_MAX {
            return Ok(None);
        }
        // A true array type is the one its items' type names; the others (int2vector, name) only look like one. Items of
        // the type box are divided by semicolons.
        let row = sqlx::query(
            "SELECT t.typtype::text, t.typbasetype::bigint, t.typrelid::bigint, r.rngsubtype::bigint,
                    CASE WHEN e.typarray = t.oid AND e.typdelim = ',' THEN e.oid::bigint END
             FROM pg_catalog.pg_type t
             LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
             LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
             WHERE t.oid = $1::bigint::oid",
        )
        .bind(oid)
        .fetch_optional(&mut *connection)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let sort: String = row.try_get(0)?;
        if let Some(item) = row.try_get::<Option<i64>, _>(4)? {
            return Ok(Some(array_of(leaf(connection, item, depth + 1).await?)));
        }
        match sort.as_str() {
            "d" => nested(connection, row.try_get(1)?, depth + 1).await,
            "c" => {
                let attributes = sqlx::query(
                    "SELECT attname::text, atttypid::bigint FROM pg_catalog.pg_attribute
                     WHERE attrelid = $1::bigint::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
                )
                .bind(row.try_get::<i64, _>(2)?)
                .fetch_all(&mut *connection)
                .await?;
                let mut fields = Vec::with_capacity(attributes.len());
                for attribute in attributes {
                    fields.push((attribute.try_get(0)?, leaf(connection, attribute.try_get(1)?, depth + 1).await?));
                }
                Ok(Some(CanonicalType::Struct { fields }))
            }
            "r" => match row.try_get::<Option<i64>, _>(3)? {
                Some(item) => {
                    let item = Box::new(leaf(connection, item, depth + 1).await?);
                    Ok(Some(CanonicalType::Range { item }))
                }
                None => Ok(None),
            },
            _ => Ok(None),
        }
    })
}

/// The canonical type of what stands within another type.
async fn leaf(connection: &mut PgConnection, oid: i64, depth: u8) -> Result<CanonicalType> {
    if let Some(nested) = nested(connection, oid, depth).await? {
        return Ok(nested);
    }
    let row = sqlx::query(
        "WITH RECURSIVE types AS (
           SELECT t.oid, t.typname, t.typtype, t.typbasetype FROM pg_catalog.pg_type t WHERE t.oid = $1::bigint::oid
           UNION ALL
           SELECT t.oid, t.typname, t.typtype, t.typbasetype
           FROM types d JOIN pg_catalog.pg_type t ON t.oid = d.typbasetype WHERE d.typtype = 'd')
         SELECT typname::text, typtype::text, pg_catalog.format_type(oid, NULL) FROM types WHERE typtype <> 'd'",
    )
    .bind(oid)
    .fetch_one(connection)
    .await?;
    let native: String = row.try_get(2)?;
    Ok(match super::canonical(&row.try_get::<String, _>(0)?, &row.try_get::<String, _>(1)?, -1, &native) {
        // Money within another type is text of the database's locale.
        CanonicalType::Number if native == "money" => CanonicalType::Opaque { native: "postgres money".into() },
        canonical => canonical,
    })
}
