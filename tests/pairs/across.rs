//! One table with a column for each type: row 0 is equal on both sides; each further row has one changed cell.

use crate::binary::Tieout;
use crate::result::Report;
use crate::servers::{MariaDb, Postgres};

/// A column: its name, then type and value in PostgreSQL, then type, equal value and changed value in the other store.
type Case = (&'static str, [&'static str; 2], [&'static str; 3]);

const BIG: &str = "12345678901234567890123456789012345.123456789012345678901234567890";
const BIG_CHANGED: &str = "12345678901234567890123456789012345.123456789012345678901234567891";
const JSON: &str = r#"'{"b": 1.0, "a": [1, null, {"z": 1e2}], "u": "\u00fc"}'"#;
const JSON_OTHER_WAY: &str = r#"'{"a":[1.0,null,{"z":100}],"u":"ü","b":1}'"#;
const JSON_CHANGED: &str = r#"'{"a":[1.0,null,{"z":100}],"u":"ü","b":2}'"#;

#[rustfmt::skip] // one line a case
const MARIADB: &[Case] = &[
    ("tiny", ["smallint", "-128"], ["TINYINT", "-128", "-127"]),
    ("small", ["smallint", "-32768"], ["SMALLINT", "-32768", "32767"]),
    ("medium", ["integer", "-8388608"], ["MEDIUMINT", "-8388608", "-8388607"]),
    ("int", ["integer", "2147483647"], ["INT", "2147483647", "2147483646"]),
    ("narrow", ["integer", "42"], ["BIGINT", "42", "43"]),
    ("zerofill", ["integer", "42"], ["INT(5) ZEROFILL", "42", "43"]),
    ("big", ["bigint", "9007199254740993"], ["BIGINT", "9007199254740993", "9007199254740992"]),
    ("lowest", ["bigint", "-9223372036854775808"], ["BIGINT", "-9223372036854775808", "-9223372036854775807"]),
    ("byte_u", ["smallint", "255"], ["TINYINT UNSIGNED", "255", "254"]),
    ("short_u", ["integer", "65535"], ["SMALLINT UNSIGNED", "65535", "65534"]),
    ("int_u", ["bigint", "4294967295"], ["INT UNSIGNED", "4294967295", "4294967294"]),
    ("big_u", ["numeric(20,0)", "18446744073709551615"], ["BIGINT UNSIGNED", "18446744073709551615", "18446744073709551614"]),
    ("small_u", ["bigint", "7"], ["BIGINT UNSIGNED", "7", "8"]),
    ("amount", ["numeric(12,2)", "1.10"], ["DECIMAL(12,2)", "1.10", "1.11"]),
    ("scaled", ["numeric(10,2)", "1.10"], ["DECIMAL(12,4)", "1.1000", "1.1001"]),
    ("negative", ["numeric(10,2)", "-0.01"], ["DECIMAL(10,2)", "-0.01", "0.01"]),
    ("any_numeric", ["numeric", "1.10"], ["DECIMAL(20,5)", "1.1", "1.10001"]),
    ("widest", ["numeric(65,30)", BIG], ["DECIMAL(65,30)", BIG, BIG_CHANGED]),
    ("whole", ["numeric(10,0)", "42"], ["INT", "42", "43"]),
    ("float4", ["real", "0.1"], ["FLOAT", "0.1", "0.10000001"]),
    ("float8", ["double precision", "0.30000000000000004"], ["DOUBLE", "0.30000000000000004", "0.3"]),
    ("zero", ["double precision", "'-0.0'"], ["DOUBLE", "0.0", "5e-324"]),
    ("mixed", ["real", "0.1"], ["DOUBLE", "0.1", "0.2"]),
    ("yes", ["boolean", "true"], ["TINYINT(1)", "1", "0"]),
    ("no", ["boolean", "false"], ["BOOLEAN", "0", "1"]),
    ("bit", ["boolean", "true"], ["BIT(1)", "b'1'", "b'0'"]),
    ("text", ["text", "'grün 😀 中'"], ["TEXT", "'grün 😀 中'", "'grun 😀 中'"]),
    ("cased", ["text", "'Straße'"], ["VARCHAR(20)", "'Straße'", "'STRASSE'"]),
    ("blank", ["varchar(10)", "'abc'"], ["VARCHAR(10)", "'abc'", "'abc '"]),
    ("latin", ["varchar(10)", "'é'"], ["VARCHAR(10) CHARACTER SET latin1", "'é'", "'e'"]),
    ("long", ["text", "repeat('x', 100000)"], ["LONGTEXT", "REPEAT('x', 100000)", "REPEAT('x', 99999)"]),
    ("padded", ["char(5)", "'abc'"], ["CHAR(5)", "'abc'", "'abd'"]),
    ("wider_pad", ["char(9)", "'abc'"], ["CHAR(5)", "'abc'", "''"]),
    ("bytes", ["bytea", "'\\x00ff0a'"], ["BLOB", "x'00ff0a'", "x'00ff0b'"]),
    ("var_bytes", ["bytea", "'\\x00'"], ["VARBINARY(9)", "x'00'", "x''"]),
    ("day", ["date", "'2024-02-29'"], ["DATE", "'2024-02-29'", "'2024-02-28'"]),
    ("last_day", ["date", "'9999-12-31'"], ["DATE", "'9999-12-31'", "'9999-12-30'"]),
    ("clock", ["time", "'23:59:59.123456'"], ["TIME(6)", "'23:59:59.123456'", "'23:59:59.123457'"]),
    ("moment", ["timestamp", "'2024-02-29 12:34:56.123456'"], ["DATETIME(6)", "'2024-02-29 12:34:56.123456'", "'2024-02-29 12:34:56.123457'"]),
    ("second", ["timestamp", "'1969-12-31 23:59:59'"], ["DATETIME", "'1969-12-31 23:59:59'", "'1969-12-31 23:59:58'"]),
    ("instant", ["timestamptz", "'2024-02-29 12:34:56.123456+05:30'"], ["TIMESTAMP(6) NULL", "'2024-02-29 07:04:56.123456'", "'2024-02-29 12:34:56.123456'"]),
    ("uuid_text", ["uuid", "'6ccd780c-baba-1026-9564-5b8c656024db'"], ["CHAR(36)", "'6CCD780C-BABA-1026-9564-5B8C656024DB'", "'6ccd780c-baba-1026-9564-5b8c656024dc'"]),
    ("uuid_bare", ["uuid", "'6ccd780c-baba-1026-9564-5b8c656024db'"], ["VARCHAR(36)", "'6ccd780cbaba102695645b8c656024db'", "'no uuid'"]),
    ("uuid_bin", ["uuid", "'6ccd780c-baba-1026-9564-5b8c656024db'"], ["BINARY(16)", "x'6ccd780cbaba102695645b8c656024db'", "x'1026baba6ccd780c95645b8c656024db'"]),
    ("uuid_both", ["uuid", "'6ccd780c-baba-1026-9564-5b8c656024db'"], ["UUID", "'6ccd780c-baba-1026-9564-5b8c656024db'", "'6ccd780c-baba-1026-9564-5b8c656024dc'"]),
    ("jsonb", ["jsonb", JSON], ["JSON", JSON_OTHER_WAY, JSON_CHANGED]),
    ("json", ["json", JSON], ["JSON", JSON_OTHER_WAY, JSON_CHANGED]),
    ("mood", ["mood", "'happy'"], ["ENUM('sad','happy','grün')", "'happy'", "'sad'"]),
    ("mood_text", ["mood", "'happy'"], ["VARCHAR(9)", "'happy'", "'Happy'"]),
    ("nothing", ["text", "NULL"], ["TEXT", "NULL", "''"]),
    ("empty", ["text", "''"], ["TEXT", "''", "NULL"]),
    ("no_number", ["integer", "NULL"], ["INT", "NULL", "0"]),
];

#[rustfmt::skip] // one line a case
const SQLITE: &[Case] = &[
    ("small", ["smallint", "-32768"], ["SMALLINT", "-32768", "32767"]),
    ("big", ["bigint", "9007199254740993"], ["INTEGER", "9007199254740993", "9007199254740992"]),
    ("real_for_int", ["bigint", "9007199254740993"], ["INTEGER", "9007199254740993", "9007199254740992.0"]),
    ("amount", ["numeric(12,2)", "1.10"], ["DECIMAL(12,2)", "1.10", "1.11"]),
    ("whole", ["numeric(12,2)", "5.00"], ["NUMERIC", "5", "6"]),
    ("float4", ["real", "0.1"], ["REAL", "0.1", "0.2"]),
    ("float8", ["double precision", "0.30000000000000004"], ["REAL", "0.30000000000000004", "0.3"]),
    ("yes", ["boolean", "true"], ["BOOLEAN", "1", "0"]),
    ("no", ["boolean", "false"], ["BOOLEAN", "0", "'false'"]),
    ("text", ["text", "'grün 😀 中'"], ["TEXT", "'grün 😀 中'", "'grun 😀 中'"]),
    ("blank", ["varchar(10)", "'abc'"], ["VARCHAR(10)", "'abc'", "'abc '"]),
    ("digits", ["text", "'007'"], ["TEXT", "'007'", "'7'"]),
    ("padded", ["char(5)", "'abc'"], ["CHAR(5)", "'abc'", "'abd'"]),
    ("bytes", ["bytea", "'\\x00ff0a'"], ["BLOB", "x'00ff0a'", "x'00ff0b'"]),
    ("day", ["date", "'2024-02-29'"], ["DATE", "'2024-02-29'", "'2024-02-30'"]),
    ("clock", ["time", "'23:59:59.123456'"], ["TIME", "'23:59:59.123456'", "'23:59:59.123457'"]),
    ("moment", ["timestamp", "'2024-02-29 12:34:56.100'"], ["DATETIME", "'2024-02-29 12:34:56.1'", "'2024-02-29 12:34:56.2'"]),
    ("iso", ["timestamp", "'2024-02-29 12:34:56'"], ["TIMESTAMP", "'2024-02-29T12:34:56'", "'2024-02-29T12:34:57'"]),
    ("uuid_text", ["uuid", "'6ccd780c-baba-1026-9564-5b8c656024db'"], ["TEXT", "'6CCD780C-BABA-1026-9564-5B8C656024DB'", "'6ccd780c-baba-1026-9564-5b8c656024dc'"]),
    ("uuid_bin", ["uuid", "'6ccd780c-baba-1026-9564-5b8c656024db'"], ["BLOB", "x'6ccd780cbaba102695645b8c656024db'", "x'00'"]),
    ("jsonb", ["jsonb", JSON], ["JSON", JSON_OTHER_WAY, JSON_CHANGED]),
    ("json_text", ["jsonb", JSON], ["TEXT", JSON_OTHER_WAY, "'no json'"]),
    ("mood", ["mood", "'happy'"], ["TEXT", "'happy'", "'sad'"]),
    ("nothing", ["text", "NULL"], ["TEXT", "NULL", "''"]),
    ("no_number", ["integer", "NULL"], ["INTEGER", "NULL", "0"]),
];

/// A script that creates `things`: row 0 with equal values, then for each column a row in which only that one is changed.
fn script(cases: &[Case], preamble: &str, declare: impl Fn(&Case) -> [&'static str; 3]) -> String {
    let columns: Vec<String> = cases.iter().map(|case| format!("c_{} {}", case.0, declare(case)[0])).collect();
    let row = |id: usize| {
        let values = cases.iter().enumerate().map(|(at, case)| declare(case)[if at + 1 == id { 2 } else { 1 }]);
        format!("({id}, {})", values.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = (0..=cases.len()).map(row).collect();
    format!(
        "{preamble} CREATE TABLE things (id INTEGER PRIMARY KEY, {});\nINSERT INTO things VALUES\n{};",
        columns.join(", "),
        rows.join(",\n")
    )
}

fn in_postgres(cases: &[Case]) -> String {
    let postgres = Postgres::shared();
    let declare = |case: &Case| [case.1[0], case.1[1], case.1[1]];
    let preamble = "CREATE TYPE mood AS ENUM ('sad', 'happy', 'grün'); SET client_encoding = 'UTF8';";
    postgres.url(&postgres.database("pairs", &script(cases, preamble, declare)))
}

fn in_mariadb(cases: &[Case]) -> String {
    let mariadb = MariaDb::shared();
    let preamble = "SET NAMES utf8mb4; SET time_zone = '+00:00';";
    mariadb.url(&mariadb.database("pairs", &script(cases, preamble, |case| case.2)))
}

/// Fails unless each column is compared, and corrupt in its own row and no other.
#[track_caller]
fn assert_each_changed_cell(report: &Report, cases: &[Case]) {
    let mut trouble = Vec::new();
    let lines = report.lines("things");
    for (at, case) in cases.iter().enumerate() {
        let column = format!("c_{}", case.0);
        let entry = report.column("things", &column);
        let rows: Vec<&str> =
            lines.iter().filter(|line| line.column == column).map(|line| line.key[0].as_str()).collect();
        if entry["status"] != "compared" || rows != [(at + 1).to_string()] {
            let seen = lines.iter().find(|line| line.column == column);
            trouble.push(format!(
                "{case:?}: {} as {}, corrupt in rows {rows:?}, e.g. {seen:?}",
                entry["status"], entry["compared_as"]
            ));
        }
    }
    assert!(trouble.is_empty(), "{} pairs are not compared as they should be:\n{}", trouble.len(), trouble.join("\n"));
    assert_eq!(report.counts("things"), [0, 0, 0, cases.len() as u64]);
}

#[test]
fn postgres_to_mariadb() {
    let tieout = Tieout::new();
    let report = tieout.diff(in_postgres(MARIADB), in_mariadb(MARIADB), &[]).exits(1).report();
    assert_each_changed_cell(&report, MARIADB);
}

#[test]
fn mariadb_to_postgres() {
    let tieout = Tieout::new();
    let report = tieout.diff(in_mariadb(MARIADB), in_postgres(MARIADB), &[]).exits(1).report();
    assert_each_changed_cell(&report, MARIADB);
}

#[test]
fn postgres_to_sqlite() {
    let tieout = Tieout::new();
    crate::sqlite::database(tieout.folder.path(), "target.db", &script(SQLITE, "", |case| case.2));
    let report = tieout.diff(in_postgres(SQLITE), "target.db", &[]).exits(1).report();
    assert_each_changed_cell(&report, SQLITE);
}

#[test]
fn sqlite_to_postgres() {
    let tieout = Tieout::new();
    crate::sqlite::database(tieout.folder.path(), "source.db", &script(SQLITE, "", |case| case.2));
    let report = tieout.diff("source.db", in_postgres(SQLITE), &[]).exits(1).report();
    assert_each_changed_cell(&report, SQLITE);
}

#[test]
fn a_store_against_itself_is_equal_whatever_its_types() {
    let tieout = Tieout::new();
    for url in [in_postgres(MARIADB), in_mariadb(MARIADB)] {
        tieout.diff(&url, &url, &[]).exits(0).report().assert_match("things");
        tieout.run(["snapshot", &url, "--out", "snap"]).exits(0);
        tieout.diff("snap", &url, &[]).exits(0).report().assert_match("things");
        std::fs::remove_dir_all(tieout.path("snap")).expect("a snapshot");
    }
}

#[test]
fn the_widest_and_the_strangest_values_of_postgres() {
    let tieout = Tieout::new();
    let script = |wide: &str, number: &str, day: &str, moment: &str, float: &str| {
        format!(
            "CREATE TABLE t (id int PRIMARY KEY, wide numeric(76,38), number numeric, day date, moment timestamp, float double precision);
            INSERT INTO t VALUES (1, {wide}, '{number}', '{day}', '{moment}', '{float}');"
        )
    };
    let wide = "12345678901234567890123456789012345678.12345678901234567890123456789012345678";
    let postgres = Postgres::shared();
    let source = postgres.url(&postgres.database("strange", &script(wide, "NaN", "infinity", "-infinity", "NaN")));
    tieout.diff(&source, &source, &[]).exits(0);
    let changed = wide.replace("678.", "679.");
    let target = postgres
        .url(&postgres.database("strange", &script(&changed, "0", "9999-12-31", "0044-03-15 00:00:00 BC", "0")));
    let report = tieout.diff(&source, &target, &[]).exits(1).report();
    let columns: Vec<String> = report.lines("t").into_iter().map(|line| line.column).collect();
    assert_eq!(columns, ["day", "float", "moment", "number", "wide"]);
    let lines = report.lines("t");
    assert_eq!((lines[0].source.as_str(), lines[3].source.as_str()), ("infinity", "NaN"));
    assert_eq!(lines[4].source, wide);
}

#[test]
fn mysql_dates_that_are_no_days_equal_nothing() {
    let tieout = Tieout::new();
    let mariadb = MariaDb::shared();
    let source = "SET sql_mode = 'ALLOW_INVALID_DATES'; CREATE TABLE t (id INT PRIMARY KEY, day DATE, at DATETIME);
        INSERT INTO t VALUES (1, '2024-00-15', '0000-00-00 00:00:00'), (2, '2024-02-30', '2024-02-30 10:00:00'), (3, '2024-02-29', NULL);";
    let target = "CREATE TABLE t (id INT PRIMARY KEY, day DATE, at timestamp);
        INSERT INTO t VALUES (1, NULL, NULL), (2, '2024-03-01', '2024-03-01 10:00:00'), (3, '2024-02-29', NULL);";
    let postgres = Postgres::shared();
    let url = mariadb.url(&mariadb.database("days", source));
    tieout.diff(&url, &url, &[]).exits(0);
    let report = tieout.diff(&url, postgres.url(&postgres.database("days", target)), &[]).exits(1).report();
    let cells: Vec<(String, String, String)> =
        report.lines("t").into_iter().map(|line| (line.key.concat(), line.column, line.source)).collect();
    let expected = [
        ("1", "at", "0000-00-00 00:00:00"),
        ("1", "day", "2024-00-15"),
        ("2", "at", "2024-02-30 10:00:00"),
        ("2", "day", "2024-02-30"),
    ];
    assert_eq!(cells, expected.map(|(key, column, source)| (key.to_owned(), column.to_owned(), source.to_owned())));
}

#[test]
fn a_pair_without_a_shared_type_is_incomparable_and_never_equal() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let source = "CREATE TABLE t (id int PRIMARY KEY, v date); INSERT INTO t VALUES (1, '2024-01-01');";
    let target = "CREATE TABLE t (id int PRIMARY KEY, v bytea); INSERT INTO t VALUES (1, '\\x00');";
    let [source, target] = [source, target].map(|script| postgres.url(&postgres.database("incomparable", script)));
    let report = tieout.diff(&source, &target, &[]).exits(3).report();
    assert_eq!(report.verdict(), "undecided");
    assert_eq!(report.column("t", "v")["status"], "incomparable");
    let report = tieout.diff(&source, &target, &["--ignore", "v"]).exits(0).report();
    assert_eq!(report.column("t", "v")["status"], "ignored");
}

#[test]
fn a_rounded_value_is_corrupt_and_the_finding_says_what_was_lost() {
    let tieout = Tieout::new();
    let source = "CREATE TABLE t (id int PRIMARY KEY, amount numeric(10,3), at timestamp(6), day timestamp);
        INSERT INTO t VALUES (1, 2.345, '2024-01-01 12:00:00.5', '2024-01-01 12:00:00'), (2, 2.5, '2024-01-01 12:00:00', '2024-01-01');";
    let target = "CREATE TABLE t (id INT PRIMARY KEY, amount DECIMAL(10,2), at DATETIME, day DATE);
        INSERT INTO t VALUES (1, 2.35, '2024-01-01 12:00:01', '2024-01-01'), (2, 2.5, '2024-01-01 12:00:00', '2024-01-01');";
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let source = postgres.url(&postgres.database("rounded", source));
    let report = tieout.diff(source, mariadb.url(&mariadb.database("rounded", target)), &[]).exits(1).report();
    let cells: Vec<String> =
        report.lines("t").into_iter().map(|line| format!("{} {}", line.key[0], line.column)).collect();
    assert_eq!(cells, ["1 amount", "1 at", "1 day"]);
    for column in ["amount", "at", "day"] {
        let findings = report.column("t", column)["findings"].to_string();
        assert!(findings.contains("lossy"), "{column}: {findings}");
    }
}
