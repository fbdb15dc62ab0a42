//! PostgreSQL, MariaDB and SQLite among each other.

use super::{Case, assert_keys, assert_values, keys, things};
use crate::binary::Tieout;
use crate::servers::{MariaDb, Postgres};

const IN_POSTGRES: &str = "CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE TYPE pair AS (n int, label text); CREATE TYPE pair_turned AS (label text, n bigint);
    CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN few AS int[] CHECK (cardinality(VALUE) < 9);
    CREATE DOMAIN small AS int CHECK (VALUE < 100);";
const IN_MARIADB: &str = "SET NAMES utf8mb4; SET time_zone = '+00:00'; SET sql_mode = 'ALLOW_INVALID_DATES';";

#[rustfmt::skip] // one line a case
const POSTGRES: &[Case] = &[
    ("month", ["interval", "'1 mon'"], ["interval", "'1 mon'", "'30 days'"], "interval"),
    ("day", ["interval", "'24:00:00'"], ["interval", "'24:00'", "'1 day'"], "interval"),
    ("mixed", ["interval", "'1 year -2 mons +3 days -04:05:06.789'"], ["interval", "'10 mons 3 days -04:05:06.789'", "'10 mons 3 days -04:05:06.788'"], "interval"),
    ("longest", ["interval", "'178000000 years'"], ["interval", "'178000000 years'", "'-178000000 years'"], "interval"),
    ("bits", ["bit(10)", "B'1010101011'"], ["varbit", "B'1010101011'", "B'10101010110'"], "bits"),
    ("no_bits", ["varbit", "B''"], ["varbit", "B''", "NULL"], "bits"),
    ("bit_text", ["bit(4)", "B'0101'"], ["text", "'0101'", "'101'"], "bits"),
    ("bit_truth", ["bit(1)", "B'1'"], ["boolean", "true", "false"], "boolean"),
    ("inet", ["inet", "'10.0.0.1'"], ["cidr", "'10.0.0.1/32'", "'10.0.0.1/32'::inet + 1"], "inet"),
    ("inet6", ["inet", "'0:0:0:0:0:0:0:1'"], ["inet", "'::1'", "'::1/64'"], "inet"),
    ("inet_text", ["inet", "'10.0.0.1'"], ["text", "'10.0.0.1'", "'10.0.0.1/32'"], "text"),
    ("inet6_text", ["inet", "'::ffff:1.2.3.4'"], ["text", "host('::ffff:102:304'::inet)", "'::ffff:102:304'"], "text"),
    ("mac", ["macaddr", "'08002b010203'"], ["macaddr", "'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'"], "mac"),
    ("mac8", ["macaddr8", "'08:00:2b:01:02:03:04:05'"], ["macaddr8", "'08002b0102030405'", "'08:00:2b:01:02:03:04:06'"], "mac"),
    ("mac_text", ["macaddr", "'08002b010203'"], ["text", "'08:00:2b:01:02:03'", "'08002b010203'"], "text"),
    ("money", ["money", "'1234.50'"], ["numeric(10,2)", "1234.5", "1234.51"], "decimal"),
    ("not_a_number", ["numeric", "'NaN'"], ["double precision", "'NaN'", "0"], "decimal"),
    ("no_end", ["double precision", "'Infinity'"], ["double precision", "'Infinity'", "1.7976931348623157e308"], "float64"),
    ("nan_money", ["numeric(10,2)", "'NaN'"], ["numeric", "'NaN'", "NULL"], "decimal"),
    ("infinite", ["numeric", "'Infinity'"], ["double precision", "'Infinity'", "'-Infinity'"], "decimal"),
    ("minus", ["numeric", "'-Infinity'"], ["real", "'-Infinity'", "'NaN'"], "decimal"),
    ("forever", ["date", "'infinity'"], ["date", "'infinity'", "'5874897-12-31'"], "date"),
    ("never", ["timestamp", "'-infinity'"], ["timestamp", "'-infinity'", "NULL"], "timestamp"),
    ("always", ["timestamptz", "'infinity'"], ["timestamptz", "'infinity'", "'-infinity'"], "instant"),
    ("day_or_moment", ["date", "'infinity'"], ["timestamp", "'infinity'", "'9999-12-31'"], "timestamp"),
    ("ides", ["date", "'0044-03-15 BC'"], ["date", "'0044-03-15 BC'", "'0044-03-15'"], "date"),
    ("first", ["date", "'4713-01-01 BC'"], ["date", "'4713-01-01 BC'", "'4713-01-02 BC'"], "date"),
    ("last", ["date", "'5874897-12-31'"], ["date", "'5874897-12-31'", "'5874897-12-30'"], "date"),
    ("far", ["timestamp", "'294276-12-31 23:59:59'"], ["timestamp", "'294276-12-31 23:59:59'", "'294276-12-31 23:59:58'"], "timestamp"),
    ("far_zone", ["timestamptz", "'294276-12-31 23:59:59+00'"], ["timestamptz", "'294276-12-31 22:59:59-01'", "'294276-12-31 22:59:59+00'"], "instant"),
    ("zoned", ["timetz", "'12:00:00+02'"], ["timetz", "'12:00:00+02'", "'10:00:00+00'"], "text of time with time zone"),
    ("xml", ["xml", "'<a x=\"1\" y=\"2\"/>'"], ["xml", "'<a x=\"1\" y=\"2\"/>'", "'<a y=\"2\" x=\"1\"/>'"], "text"),
    ("oid", ["oid", "4294967295"], ["oid", "4294967295", "1"], "text of oid"),
    ("words", ["tsvector", "'a cat'"], ["tsvector", "'cat a'", "'a'"], "text of tsvector"),
    ("hstore", ["hstore", "'a=>1, b=>NULL'"], ["hstore", "'b=>NULL, a=>1'", "'a=>1'"], "text of hstore"),
    ("citext", ["citext", "'Bob'"], ["text", "'Bob'", "'bob'"], "text"),
    ("place", ["point", "'(1,2)'"], ["point", "'(1,2)'", "'(2,1)'"], "text of point"),
    ("ints", ["int[]", "'{1,NULL,3}'"], ["bigint[]", "'{1,NULL,3}'", "'{1,3,NULL}'"], "array of integer"),
    ("scaled", ["numeric[]", "'{1.10,NaN}'"], ["numeric[]", "'{1.1,NaN}'", "'{1.1,NULL}'"], "array of decimal"),
    ("wholes", ["numeric[]", "'{1.0}'"], ["int[]", "'{1}'", "'{2}'"], "array of decimal"),
    ("texts", ["text[]", r#"'{"a,b","NULL",""}'"#], ["varchar(9)[]", r#"'{"a,b","NULL",""}'"#, r#"'{a,b,NULL,""}'"#], "array of text"),
    ("grid", ["int[]", "'{{1,2},{3,4}}'"], ["int[]", "'{{1,2},{3,4}}'", "'{1,2,3,4}'"], "array of integer"),
    ("from_0", ["int[]", "'[0:1]={1,2}'"], ["int[]", "'[0:1]={1,2}'", "'{1,2}'"], "array of integer"),
    ("empty", ["int[]", "'{}'"], ["int[]", "'{}'", "NULL"], "array of integer"),
    ("floats", ["float8[]", "'{NaN,-0,0.30000000000000004}'"], ["float8[]", "'{NaN,0,0.30000000000000004}'", "'{NaN,0,0.3}'"], "array of float64"),
    ("moments", ["timestamptz[]", "'{2024-01-01 12:00:00+02,infinity}'"], ["timestamptz[]", "'{2024-01-01 10:00:00+00,infinity}'", "'{2024-01-01 10:00:00+00,-infinity}'"], "array of instant"),
    ("spans", ["interval[]", "'{1 mon}'"], ["interval[]", "'{1 mon}'", "'{30 days}'"], "array of interval"),
    ("byte_arrays", ["bytea[]", r#"'{"\\x00ff"}'"#], ["bytea[]", r#"'{"\\x00ff"}'"#, r#"'{"\\x00fe"}'"#], "array of binary"),
    ("documents", ["jsonb[]", r#"'{"{\"a\":1.0}"}'"#], ["json[]", r#"'{"{ \"a\": 1 }"}'"#, r#"'{"{\"a\":2}"}'"#], "array of json"),
    ("moods", ["mood[]", "'{sad}'"], ["text[]", "'{sad}'", "'{happy}'"], "array of text"),
    ("domains", ["few", "'{1}'"], ["small[]", "'{1}'", "'{2}'"], "array of integer"),
    ("ids", ["uuid[]", "'{6CCD780C-BABA-1026-9564-5B8C656024DB}'"], ["uuid[]", "'{6ccd780c-baba-1026-9564-5b8c656024db}'", "'{6ccd780c-baba-1026-9564-5b8c656024dc}'"], "array of uuid"),
    ("composite", ["pair", "'(1,\"a \"\"b\"\"\")'"], ["pair_turned", "'(\"a \"\"b\"\"\",1)'", "'(\"a \"\"b\"\"\",)'"], "struct(n integer, label text)"),
    ("composites", ["pair[]", "ARRAY[ROW(1,'x,y')::pair, NULL]"], ["pair[]", "ARRAY[ROW(1,'x,y')::pair, NULL]", "ARRAY[ROW(1,'x')::pair, NULL]"], "array of struct(n integer, label text)"),
    ("ints_range", ["int4range", "'[1,4]'"], ["int8range", "'[1,5)'", "'[1,4)'"], "range of integer"),
    ("number_range", ["numrange", "'[1.0,2)'"], ["numrange", "'[1,2.00)'", "'[1,2]'"], "range of decimal"),
    ("time_range", ["tstzrange", "'[2024-01-01 12:00:00+02,)'"], ["tstzrange", "'[2024-01-01 10:00:00+00,)'", "'[2024-01-01 10:00:00+00,infinity)'"], "range of instant"),
    ("no_range", ["daterange", "'empty'"], ["daterange", "'[2024-01-01,2024-01-01)'", "'(,)'"], "range of date"),
    ("ranges", ["int4multirange", "'{[1,3),[5,7)}'"], ["int4multirange", "'{[5,7),[1,2]}'", "'{[1,7)}'"], "text of int4multirange"),
];

#[rustfmt::skip] // one line a case
const MARIADB: &[Case] = &[
    ("time", ["interval", "'838:59:59'"], ["TIME", "'838:59:59'", "'838:59:58'"], "interval"),
    ("clamped", ["interval", "'00:00:01'"], ["TIME", "'00:00:01'", "'900:00:00'"], "interval"),
    ("back", ["interval", "'-01:02:03.000004'"], ["TIME(6)", "'-01:02:03.000004'", "'01:02:03.000004'"], "interval"),
    ("not_a_day", ["interval", "'24:00:00'"], ["TIME", "'24:00:00'", "'00:00:00'"], "interval"),
    ("bits", ["bit(10)", "B'1010101011'"], ["BIT(10)", "b'1010101011'", "b'0010101011'"], "bits"),
    ("varbits", ["varbit", "B'0000000101'"], ["BIT(10)", "b'101'", "b'100'"], "bits"),
    ("bit_truth", ["boolean", "true"], ["BIT(1)", "b'1'", "b'0'"], "boolean"),
    ("all_bits", ["numeric(20,0)", "18446744073709551615"], ["BIT(64)", "0xffffffffffffffff", "0xfffffffffffffffe"], "integer"),
    ("bit_number", ["int", "5"], ["BIT(8)", "b'101'", "b'100'"], "integer"),
    ("inet6", ["inet", "'::1'"], ["INET6", "'0:0:0:0:0:0:0:1'", "'::2'"], "inet"),
    ("inet4", ["inet", "'10.0.0.1'"], ["INET4", "'10.0.0.1'", "'10.0.0.2'"], "inet"),
    ("inet_text", ["inet", "'10.0.0.1'"], ["VARCHAR(40)", "'10.0.0.1'", "'10.0.0.1/32'"], "text"),
    ("mac_text", ["macaddr", "'08002b010203'"], ["VARCHAR(40)", "'08:00:2b:01:02:03'", "'08002b010203'"], "text"),
    ("set", ["text", "'a,b'"], ["SET('a','b')", "'b,a'", "'a'"], "text"),
    ("enum", ["text", "'grün'"], ["ENUM('rot','grün')", "'grün'", "'rot'"], "text"),
    ("year", ["int", "2024"], ["YEAR", "2024", "2025"], "integer"),
    ("year_0", ["int", "0"], ["YEAR", "0", "2000"], "integer"),
    ("money", ["money", "'-1234.50'"], ["DECIMAL(10,2)", "-1234.50", "1234.50"], "decimal"),
    ("point", ["bytea", "'\\x0101000000000000000000f03f0000000000000040'"], ["POINT", "POINT(1, 2)", "POINT(2, 1)"], "geometry"),
    ("big_endian", ["bytea", "'\\x00000000013ff00000000000004000000000000000'"], ["GEOMETRY", "POINT(1, 2)", "ST_GeomFromText('POINT(1 2)', 4326)"], "geometry"),
    ("ewkb", ["bytea", "'\\x0101000020e6100000000000000000f03f0000000000000040'"], ["POINT", "ST_GeomFromText('POINT(1 2)', 4326)", "POINT(1, 2)"], "geometry"),
    ("line", ["bytea", "'\\x010200000002000000000000000000000000000000000000000000000000000040000000000000f03f'"], ["LINESTRING", "ST_GeomFromText('LINESTRING(0 0, 2 1)')", "ST_GeomFromText('LINESTRING(2 1, 0 0)')"], "geometry"),
    ("ints", ["int[]", "'{1,NULL,3}'"], ["JSON", "'[1, null, 3.0]'", "'[1, 2, 3]'"], "json"),
    ("texts", ["text[]", r#"'{"NULL","a,b"}'"#], ["JSON", r#"'["NULL", "a,b"]'"#, r#"'[null, "a,b"]'"#], "json"),
    ("grid", ["int[]", "'{{1,2},{3,4}}'"], ["JSON", "'[[1,2],[3,4]]'", "'[1,2,3,4]'"], "json"),
    ("turned", ["int[]", "'{1,2}'"], ["JSON", "'[1,2]'", "'[2,1]'"], "json"),
    ("empty", ["int[]", "'{}'"], ["JSON", "'[]'", "NULL"], "json"),
    ("composite", ["pair", "'(1,x)'"], ["JSON", r#"'{"label": "x", "n": 1}'"#, r#"'{"label": "x"}'"#], "json"),
    ("truths", ["boolean[]", "'{t,f}'"], ["JSON", "'[true,false]'", "'[1,0]'"], "json"),
];

#[rustfmt::skip] // one line a case
const MARIADB_TWICE: &[Case] = &[
    ("set", ["SET('a','b')", "'a,b'"], ["SET('b','a')", "'a,b'", "'b'"], "set"),
    ("no_label", ["SET('a','b')", "''"], ["SET('b','a')", "''", "NULL"], "set"),
    ("point", ["POINT", "POINT(1, 2)"], ["GEOMETRY", "POINT(1, 2)", "ST_GeomFromText('LINESTRING(1 2, 1 2)')"], "geometry"),
    ("line", ["LINESTRING", "ST_GeomFromText('LINESTRING(0 0, 2 1)')"], ["LINESTRING", "ST_GeomFromText('LINESTRING(0 0, 2 1)')", "ST_GeomFromText('LINESTRING(0 0, 2 2)')"], "geometry"),
    ("area", ["POLYGON", "ST_GeomFromText('POLYGON((0 0, 2 0, 2 2, 0 0),(1 1, 1 0, 2 1, 1 1))')"], ["LONGBLOB", "ST_AsWKB(ST_GeomFromText('POLYGON((0 0, 2 0, 2 2, 0 0),(1 1, 1 0, 2 1, 1 1))'))", "0x00"], "geometry"),
    ("several", ["GEOMETRYCOLLECTION", "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),MULTIPOINT(0 0,1 1))', 4326)"], ["GEOMETRY", "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),MULTIPOINT(0 0,1 1))', 4326)", "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))', 4326)"], "geometry"),
    ("zero", ["DATE", "'0000-00-00'"], ["DATE", "'0000-00-00'", "NULL"], "date"),
    ("zero_moment", ["DATE", "'0000-00-00'"], ["DATETIME(3)", "'0000-00-00 00:00:00'", "'0000-00-00 00:00:01'"], "timestamp"),
    ("no_month", ["DATE", "'2024-00-15'"], ["DATE", "'2024-00-15'", "'2024-01-15'"], "date"),
    ("rolled", ["DATETIME", "'2024-02-30 10:00:00'"], ["DATETIME(6)", "'2024-02-30 10:00:00'", "'2024-03-01 10:00:00'"], "timestamp"),
    ("bits", ["BIT(9)", "b'100000000'"], ["BIT(12)", "b'100000000'", "b'100000001'"], "integer"),
    ("inet", ["INET4", "'1.2.3.4'"], ["INET4", "'1.2.3.4'", "'1.2.3.5'"], "inet"),
    ("disguised", ["INET6", "'::ffff:1.2.3.4'"], ["INET6", "'::ffff:102:304'", "'::1.2.3.4'"], "inet"),
    ("half", ["TIME(1)", "'838:59:58.5'"], ["TIME(6)", "'838:59:58.5'", "'838:59:58.500001'"], "time"),
    ("year", ["YEAR", "1901"], ["SMALLINT", "1901", "1"], "integer"),
    ("long", ["TIME(6)", "'-838:59:59.999999'"], ["TIME(6)", "'-838:59:59.999999'", "'838:59:59.999999'"], "time"),
];

#[rustfmt::skip] // one line a case
const SQLITE: &[Case] = &[
    ("month", ["interval", "'1 mon'"], ["TEXT", "'1 mon'", "'30 days'"], "interval"),
    ("iso", ["interval", "'1 year 2 days 00:00:01.5'"], ["TEXT", "'P1Y2DT1.5S'", "'P1Y2DT2S'"], "interval"),
    ("bits", ["bit(4)", "B'0101'"], ["TEXT", "'0101'", "'101'"], "bits"),
    ("inet", ["inet", "'10.0.0.1'"], ["TEXT", "'10.0.0.1/32'", "'10.0.0.1/31'"], "inet"),
    ("inet6", ["inet", "'::1'"], ["TEXT", "'0:0:0:0:0:0:0:1'", "'no address'"], "inet"),
    ("mac", ["macaddr", "'08:00:2b:01:02:03'"], ["TEXT", "'08002b010203'", "'08002b010204'"], "mac"),
    ("money", ["money", "'12.50'"], ["NUMERIC", "12.5", "12"], "decimal"),
    ("nan", ["numeric", "'NaN'"], ["TEXT", "'NaN'", "'0'"], "decimal"),
    ("infinite", ["numeric", "'Infinity'"], ["NUMERIC", "9e999", "-9e999"], "decimal"),
    ("forever", ["date", "'infinity'"], ["TEXT", "'infinity'", "'-infinity'"], "date"),
    ("ides", ["date", "'0044-03-15 BC'"], ["TEXT", "'0044-03-15 BC'", "'0044-03-15'"], "date"),
    ("far", ["timestamp", "'294276-12-31 23:59:59'"], ["TEXT", "'294276-12-31 23:59:59'", "'294276-12-31 23:59:58'"], "timestamp"),
    ("ints", ["int[]", "'{1,NULL,3}'"], ["JSON", "'[1,null,3]'", "'[1,3,null]'"], "json"),
    ("texts", ["text[]", r#"'{"a,b"}'"#], ["TEXT", r#"'["a,b"]'"#, r#"'["a","b"]'"#], "json"),
    ("composite", ["pair", "'(1,x)'"], ["TEXT", r#"'{"n":1,"label":"x"}'"#, r#"'{"n":"1","label":"x"}'"#], "json"),
];

type Make = fn(&[Case], bool) -> String;

fn postgres(cases: &[Case], make: Make, target: bool) -> String {
    let postgres = Postgres::shared();
    let script = format!("SET client_encoding = 'UTF8'; {IN_POSTGRES}\n{}", make(cases, target));
    postgres.url(&postgres.database("types", &script))
}

fn mariadb(cases: &[Case], make: Make, target: bool) -> String {
    let mariadb = MariaDb::shared();
    mariadb.url(&mariadb.database("types", &format!("{IN_MARIADB}\n{}", make(cases, target))))
}

#[test]
fn postgres_to_postgres() {
    let tieout = Tieout::new();
    let stores = |make: Make| [false, true].map(|target| postgres(POSTGRES, make, target));
    let [source, target] = stores(things);
    assert_values(&tieout, &source, &target, POSTGRES);
    let [source, target] = stores(keys);
    assert_keys(&tieout, &source, &target, POSTGRES);
}

#[test]
fn postgres_to_mariadb() {
    let tieout = Tieout::new();
    let stores = |make: Make| [postgres(MARIADB, make, false), mariadb(MARIADB, make, true)];
    let [source, target] = stores(things);
    assert_values(&tieout, &source, &target, MARIADB);
    let [source, target] = stores(keys);
    assert_keys(&tieout, &source, &target, MARIADB);
}

#[test]
fn mariadb_to_mariadb() {
    let tieout = Tieout::new();
    let stores = |make: Make| [false, true].map(|target| mariadb(MARIADB_TWICE, make, target));
    let [source, target] = stores(things);
    assert_values(&tieout, &source, &target, MARIADB_TWICE);
    let [source, target] = stores(keys);
    assert_keys(&tieout, &source, &target, MARIADB_TWICE);
}

#[test]
fn postgres_to_sqlite() {
    let tieout = Tieout::new();
    let in_sqlite = |name: &str, make: Make| {
        crate::sqlite::database(tieout.folder.path(), name, &make(SQLITE, true));
        name.to_owned()
    };
    assert_values(&tieout, &postgres(SQLITE, things, false), &in_sqlite("things.db", things), SQLITE);
    assert_keys(&tieout, &postgres(SQLITE, keys, false), &in_sqlite("keys.db", keys), SQLITE);
}

#[test]
fn a_store_against_its_snapshot_is_equal_whatever_its_types() {
    let tieout = Tieout::new();
    for url in [postgres(POSTGRES, things, false), mariadb(MARIADB_TWICE, things, false)] {
        tieout.run(["snapshot", &url, "--out", "snap"]).exits(0);
        tieout.diff("snap", &url, &[]).exits(0).report().assert_match("things");
        std::fs::remove_dir_all(tieout.path("snap")).expect("a snapshot");
    }
}

#[test]
fn digests_of_an_earlier_format_are_computed_again() {
    let tieout = Tieout::new();
    let url = postgres(POSTGRES, things, false);
    tieout.run(["snapshot", &url, "--out", "snap"]).exits(0);
    let path = tieout.files("snap").into_iter().find(|file| file.ends_with("manifest.json")).expect("a manifest");
    let digested = || {
        tieout.diff("snap", &url, &[]).exits(0).report().assert_match("things");
        let manifest = tieout.latest().join("snapshots/things/source/manifest.json");
        !std::fs::read_to_string(manifest).expect("a manifest").contains("digests-00000.parquet")
    };
    assert!(!digested(), "digests of today are used again");
    let manifest = std::fs::read_to_string(&path).expect("a manifest");
    assert!(manifest.contains("tieout-snapshot/4"));
    for (format, again) in [("tieout-snapshot/3", false), ("tieout-snapshot/2", true)] {
        std::fs::write(&path, manifest.replace("tieout-snapshot/4", format)).expect("a manifest");
        assert_eq!(digested(), again, "{format}");
    }
}

#[test]
fn a_session_in_another_style_changes_no_value() {
    let tieout = Tieout::new();
    let source = postgres(POSTGRES, things, false);
    let name = source.rsplit('/').next().expect("a database").to_owned();
    let postgres = Postgres::shared();
    let copy = postgres.copy(&name, "styled");
    postgres.run(
        &copy,
        &format!(
            "ALTER DATABASE {copy} SET IntervalStyle = 'sql_standard'; ALTER DATABASE {copy} SET DateStyle = 'SQL, DMY';
             ALTER DATABASE {copy} SET TimeZone = 'Asia/Kolkata'; ALTER DATABASE {copy} SET bytea_output = 'escape';
             ALTER DATABASE {copy} SET extra_float_digits = 0; ALTER DATABASE {copy} SET xmlbinary = 'hex';"
        ),
    );
    tieout.diff(&source, postgres.url(&copy), &[]).exits(0).report().assert_match("things");
}
