//! Corrupt cells by what went wrong in their column.

use super::{cause, causes};
use crate::binary::Tieout;
use crate::servers::{MariaDb, Postgres};

const ROWS: u64 = 3_000;

#[test]
fn what_a_migration_from_postgres_to_mariadb_lost_is_named_column_by_column() {
    let tieout = Tieout::new();
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let source = postgres.database(
        "causes",
        "CREATE TABLE t (id integer PRIMARY KEY, paid timestamp, seen timestamp(6), price numeric(12,4), note text,
            code varchar(20), label text, identity uuid, face text, count bigint, plain text);
         INSERT INTO t SELECT i, timestamp '2024-03-01 07:12:13' + i * interval '61 minutes',
            timestamp '2024-03-01 07:12:13.123456' + i * interval '1.0001 second', i * 1.0017,
            repeat('abcdefghij', 3) || i, 'code ' || i, CASE WHEN i % 2 = 0 THEN NULL ELSE 'x' || i END,
            ('6ccd780c-baba-1026-9564-' || lpad(to_hex(i), 12, '0'))::uuid, 'hi 😀 ' || i, i + 3000000000, 'same ' || i
         FROM generate_series(1, 3000) i;",
    );
    let target = mariadb.database(
        "causes",
        "SET NAMES utf8mb4;
         CREATE TABLE t (id int PRIMARY KEY, paid datetime, seen datetime, price decimal(12,2), note varchar(12),
            code varchar(30), label varchar(30), identity binary(16), face varchar(30), count bigint, plain varchar(30))
            CHARACTER SET utf8mb4;
         INSERT INTO t SELECT seq, '2024-03-01 15:12:13' + INTERVAL seq * 61 MINUTE,
            '2024-03-01 07:12:13' + INTERVAL FLOOR(seq * 1.0001 + 0.123456) SECOND,
            ROUND(CAST(seq * 1.0017 AS DECIMAL(20,4)), 2),
            LEFT('abcdefghijabcdefghijabcdefghij', 12), CONCAT('code ', seq, '  '),
            CASE WHEN seq % 2 = 0 THEN '' ELSE CONCAT('x', seq) END,
            UNHEX(CONCAT('1026baba6ccd780c9564', LPAD(HEX(seq), 12, '0'))), CONCAT('hi ? ', seq), 2147483647,
            CONCAT('same ', seq)
         FROM seq_1_to_3000;",
    );
    let report = tieout.diff(postgres.url(&source), mariadb.url(&target), &[]).exits(1).report();
    let found = causes(&report, "t");
    let expected = [
        ("clamped", "count", ROWS),
        ("cut", "note", ROWS),
        ("four_byte_lost", "face", ROWS),
        ("null_to_empty", "label", ROWS / 2),
        ("time_precision", "seen", ROWS),
        ("time_zone", "paid", ROWS),
        ("trailing_blanks", "code", ROWS),
        ("uuid_byte_order", "identity", ROWS),
    ];
    for (kind, column, rows) in expected {
        assert!(found.contains(&(kind.into(), column.into(), rows)), "{kind} of {column} in {found:#?}");
    }
    let prices: Vec<_> = found.iter().filter(|(_, column, _)| column == "price").collect();
    assert_eq!(prices.len(), 1, "{prices:?}");
    assert_eq!(prices[0].0, "scale");
    let rule = |column| cause(&report, "t", column)["rule"].as_str().unwrap_or_default().to_owned();
    assert_eq!(rule("paid"), "source_expr = \"paid + INTERVAL '8 hours'\"");
    assert_eq!(rule("seen"), "precision = \"s\", round = \"truncate\"");
    assert_eq!(rule("price"), "scale = 2, round = \"half_up\"");
    assert_eq!(rule("code"), "trim = \"right\"");
    assert_eq!(rule("identity"), "uuid = \"swapped\"");
    assert_eq!(rule("label"), "null_is = \"\"");
    assert_eq!(cause(&report, "t", "paid")["sentence"].as_str().unwrap()[..19], *"Shifted by +08:00: ");
    assert!(!found.iter().any(|(_, column, _)| column == "plain" || column.is_empty()));
}

#[test]
fn one_column_that_is_wrong_everywhere_is_one_cause_with_every_row() {
    let tieout = Tieout::new();
    let script = |value: &str| {
        format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, amount DECIMAL(12,2), name TEXT);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
             INSERT INTO t SELECT i, {value}, 'row ' || i FROM n;"
        )
    };
    crate::sqlite::database(tieout.folder.path(), "source.db", &script("i"));
    crate::sqlite::database(tieout.folder.path(), "target.db", &script("i * 100"));
    let outcome = tieout.diff("source.db", "target.db", &[]).exits(1);
    let report = outcome.report();
    assert_eq!(report.table("t")["reason"], serde_json::Value::Null, "{outcome}");
    assert_eq!(causes(&report, "t"), [("factor".into(), "amount".into(), 300_000)]);
    let cause = cause(&report, "t", "amount");
    assert_eq!(cause["rule"], "source_expr = \"amount * 100\"");
    assert_eq!((&cause["share"], &cause["exact"]), (&1.0.into(), &true.into()));
    assert_eq!(cause["example"]["source"], "1");
    assert!(outcome.stdout.starts_with("1 cause, 300,000 differences\n"), "{outcome}");
    let html = std::fs::read_to_string(report.folder.join("report.html")).expect("a report");
    let (causes_at, tables_at) = (html.find("What went wrong"), html.find("What was compared"));
    assert!(causes_at.is_some() && causes_at < tables_at, "causes come first");
    assert!(html.contains("<strong>300,000</strong> rows"));
}

#[test]
fn a_rule_that_would_change_the_other_rows_is_not_suggested() {
    let tieout = Tieout::new();
    let rows = |factor: u64| {
        let line = |at: u64| format!("{at},{}\n", if at <= 20 { at * factor } else { at });
        format!("id,amount\n{}", (1..=500).map(line).collect::<String>())
    };
    tieout.write("source/t.csv", rows(1));
    tieout.write("target/t.csv", rows(1000));
    let report = tieout.diff("source", "target", &["--key", "id"]).exits(1).report();
    let cause = cause(&report, "t", "amount");
    assert_eq!((cause["rows"].as_u64(), &cause["rule"]), (Some(20), &serde_json::Value::Null));
}

#[test]
fn hostile_values_reach_neither_terminal_nor_page() {
    let tieout = Tieout::new();
    tieout.write("source/t.csv", "id,name\n1,a\n2,b\n3,c\n");
    let evil = "<script>alert(1)</script>\u{1b}[31m";
    tieout.write("target/t.csv", format!("id,name\n1,{evil}\n2,{evil}\n3,{evil}\n"));
    let outcome = tieout.diff("source", "target", &["--key", "id"]).exits(1);
    let report = outcome.report();
    assert_eq!(causes(&report, "t"), [("default_filled_in".into(), "name".into(), 3)]);
    assert!(!outcome.stdout.contains('\u{1b}'), "{outcome}");
    let html = std::fs::read_to_string(report.folder.join("report.html")).expect("a report");
    assert!(!html.contains("<script>alert") && html.contains("&lt;script&gt;alert"), "escaped");
}
