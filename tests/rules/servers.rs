//! Rules from PostgreSQL to MariaDB, over their own types.

use super::{of_v, run};
use crate::binary::Tieout;
use crate::servers::{MariaDb, Postgres};

/// One column of these types and values on each side; runs it in full and lean.
#[track_caller]
fn holds(types: [&str; 2], values: &[[&str; 2]], rules: &str, counts: Option<u64>) {
    let tieout = Tieout::new();
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let table = |side: usize| {
        let rows: Vec<String> = values.iter().enumerate().map(|(at, pair)| format!("({at}, {})", pair[side])).collect();
        format!(
            "SET_MODE CREATE TABLE t (id int PRIMARY KEY, v {}); INSERT INTO t VALUES {};",
            types[side],
            rows.join(", ")
        )
    };
    let source = postgres.url(&postgres.database("rules", &table(0).replace("SET_MODE", "")));
    let target = mariadb.url(&mariadb.database("rules", &table(1).replace("SET_MODE", "SET sql_mode = '';")));
    let report = run(&tieout, &source, &target, &of_v(rules), i32::from(counts.is_some()));
    assert_eq!(report.counts("t"), [0, 0, 0, counts.unwrap_or(0)], "{rules}");
}

#[test]
fn numbers() {
    let values = [["2.345", "2.35"], ["-2.345", "-2.35"], ["NULL", "NULL"], ["7", "7"]];
    holds(["numeric(10,3)", "decimal(10,2)"], &values, "scale = 2", None);
    holds(["numeric(10,3)", "decimal(10,2)"], &values, "scale = 2\nround = \"truncate\"", Some(2));
    holds(["real", "double"], &[["0.110106036", "0.110106044"], ["1", "1"]], "tolerance = { ulp = 1 }", None);
    holds(
        ["double precision", "double"],
        &[["0.1", "0.1000001"], ["'NaN'", "NULL"]],
        "tolerance = { rel = 1e-5 }",
        Some(1),
    );
    holds(["numeric", "double"], &[["0.1", "0.1000001"], ["'NaN'", "0"]], "tolerance = { abs = 1e-5 }", Some(1));
}

#[test]
fn times() {
    let values = [["'2024-01-01 12:00:00.5'", "'2024-01-01 12:00:01'"], ["NULL", "NULL"]];
    holds(["timestamp", "datetime"], &values, "precision = \"s\"", None);
    holds(["timestamp", "datetime"], &values, "precision = \"s\"\nround = \"truncate\"", Some(1));
    holds(
        ["date", "date"],
        &[["NULL", "'0000-00-00'"], ["'2024-01-01'", "'2024-01-01'"]],
        "zero_date = \"null\"",
        None,
    );
    holds(["date", "date"], &[["NULL", "'0000-00-00'"]], "zero_date = \"1900-01-01\"", Some(1));
    holds(["date", "date"], &[["'infinity'", "'9999-12-31'"]], "infinity = \"max\"", None);
    holds(["timestamp", "datetime"], &[["'infinity'", "'9999-12-31 23:59:59'"]], "infinity = \"max\"", None);
    holds(["date", "date"], &[["'-infinity'", "'9999-12-31'"]], "infinity = \"max\"", Some(1));
    holds(["timestamptz", "bigint"], &[["'2023-11-14 22:13:20.123+00'", "1700000000123"]], "epoch = \"ms\"", None);
    holds(["timestamptz", "bigint"], &[["'2023-11-14 22:13:20.123+00'", "1700000000"]], "epoch = \"ms\"", Some(1));
    let fold = [["'2023-11-05 05:30:00+00'", "'2023-11-05 01:30:00'"]];
    let zone = |which: &str| format!("time_zone = \"America/New_York\"\nambiguous = \"{which}\"");
    holds(["timestamptz", "datetime"], &fold, &zone("earliest"), None);
    holds(["timestamptz", "datetime"], &fold, &zone("latest"), Some(1));
}

#[test]
fn texts_and_readings() {
    holds(["text", "varchar(9)"], &[["'abc'", "'abc '"], ["NULL", "''"]], "trim = \"right\"\nnull_is = \"\"", None);
    holds(["text", "varchar(9)"], &[["'abc'", "'abd '"], ["NULL", "'x'"]], "trim = \"right\"\nnull_is = \"\"", Some(2));
    let swapped = [["'6ccd780c-baba-1026-9564-5b8c656024db'", "x'1026baba6ccd780c95645b8c656024db'"]];
    holds(["uuid", "binary(16)"], &swapped, "uuid = \"swapped\"", None);
    holds(["uuid", "binary(16)"], &swapped, "uuid = true", Some(1));
    holds(["bytea", "varchar(40)"], &[["'\\x00ff'", "'AP8='"]], "binary = \"base64\"", None);
    holds(
        ["boolean", "varchar(3)"],
        &[["true", "'ja'"], ["false", "'no'"]],
        "bool = { true = [\"ja\"], false = [\"no\"] }",
        None,
    );
    holds(["boolean", "varchar(3)"], &[["true", "'jo'"]], "bool = { true = [\"ja\"], false = [\"no\"] }", Some(1));
    holds(["text", "set('a','b')"], &[["'b,a'", "'a,b'"]], "set = true", None);
}
