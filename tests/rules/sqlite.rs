//! Rules over SQLite, which lets any value into any column: for each, pairs that it makes equal, and pairs that stay corrupt.

use super::{of_v, run_sqlite, table};
use crate::binary::Tieout;

/// Under `rules`, rows of `equal` are equal (and not without the rules), rows of `corrupt` are corrupt.
#[track_caller]
fn holds(declared: [&str; 2], rules: &str, said: &str, equal: &[[&str; 2]], corrupt: &[[&str; 2]]) {
    let tieout = Tieout::new();
    let side =
        |rows: &[[&str; 2]], side: usize| table(declared[side], &rows.iter().map(|row| row[side]).collect::<Vec<_>>());
    let report = run_sqlite(&tieout, &side(equal, 0), &side(equal, 1), &of_v(rules), 0);
    report.assert_match("t");
    let column = report.column("t", "v");
    assert!(column["compared_as"].as_str().is_some_and(|label| label.contains(said)), "{said}: {column}");
    let html = std::fs::read_to_string(report.folder.join("report.html")).expect("a report");
    let escaped = said.replace('"', "&quot;");
    assert!(
        html.contains(said) || html.contains(&escaped) || html.contains(&said.replace('"', "&#34;")),
        "{said}: not in report.html"
    );
    let without = run_sqlite(&tieout, &side(equal, 0), &side(equal, 1), &of_v(""), 1);
    assert_eq!(without.counts("t"), [0, 0, 0, equal.len() as u64], "each pair needs the rule");
    if !corrupt.is_empty() {
        let report = run_sqlite(&tieout, &side(corrupt, 0), &side(corrupt, 1), &of_v(rules), 1);
        assert_eq!(report.counts("t"), [0, 0, 0, corrupt.len() as u64], "{}", report.csv("t"));
    }
}

#[test]
fn null_is_a_text_or_a_number() {
    holds(
        ["TEXT", "TEXT"],
        "null_is = \"\"",
        "NULL is \"\"",
        &[["NULL", "''"], ["''", "NULL"]],
        &[["NULL", "' '"], ["'0'", "NULL"]],
    );
    holds(["INTEGER", "INTEGER"], "null_is = 0", "NULL is 0", &[["NULL", "0"]], &[["NULL", "1"], ["NULL", "''"]]);
    let list = "null_is = [\"n/a\", -1]\ntrim = \"both\"";
    holds(
        ["TEXT", "TEXT"],
        list,
        "NULL is -1",
        &[["NULL", "' n/a '"], ["'n/a'", "NULL"]],
        &[["NULL", "'N/A'"], ["NULL", "''"]],
    );
}

#[test]
fn trim_takes_ascii_white_space_away_unless_it_says_unicode() {
    let nbsp = "'a' || char(160)";
    holds(
        ["TEXT", "TEXT"],
        "trim = \"both\"",
        "trim both",
        &[["' a'", "'a '"], ["char(9) || 'a'", "'a'"]],
        &[[nbsp, "'a'"]],
    );
    holds(["TEXT", "TEXT"], "trim = \"left\"", "trim left", &[["' a'", "'a'"]], &[["'a '", "'a'"]]);
    holds(["TEXT", "TEXT"], "trim = \"right\"", "trim right", &[["'a '", "'a'"]], &[["' a'", "'a'"], ["'a'", "'A'"]]);
    holds(["TEXT", "TEXT"], "trim = \"unicode\"", "trim unicode", &[[nbsp, "'a'"]], &[["'a b'", "'ab'"]]);
}

#[test]
fn case_is_folded_as_unicode_says_and_in_no_language() {
    let equal = [["'Bob'", "'bOB'"], ["'STRASSE'", "'straße'"], ["'Σ'", "'ς'"]];
    holds(["TEXT", "TEXT"], "case = \"ignore\"", "case ignore", &equal, &[["'I'", "'ı'"], ["'a'", "'á'"]]);
}

#[test]
fn unicode_forms_are_those_that_are_named() {
    let composed = ["char(233)", "'e' || char(769)"];
    let angstrom = ["char(197)", "char(8491)"];
    let ligature = ["char(64257)", "'fi'"];
    holds(
        ["TEXT", "TEXT"],
        "unicode = \"nfc\"",
        "unicode nfc",
        &[composed, angstrom],
        &[ligature, ["'e'", "char(233)"]],
    );
    holds(["TEXT", "TEXT"], "unicode = \"nfkc\"", "unicode nfkc", &[composed, ligature], &[["'А'", "'A'"]]);
}

#[test]
fn ends_of_lines_are_one() {
    let equal =
        [["'a' || char(13) || char(10) || 'b'", "'a' || char(10) || 'b'"], ["'a' || char(13)", "'a' || char(10)"]];
    holds(["TEXT", "TEXT"], "eol = \"lf\"", "eol lf", &equal, &[["'a' || char(10)", "'a'"]]);
}

#[test]
fn numbers_are_rounded_as_it_is_named() {
    let types = ["REAL", "REAL"];
    let half_up = [["2.345", "2.35"], ["-2.345", "-2.35"], ["1.0049", "1"]];
    holds(types, "scale = 2", "scale 2 half_up", &half_up, &[["2.345", "2.34"], ["2.3449", "2.35"]]);
    let half_even = [["2.345", "2.34"], ["2.355", "2.36"], ["-2.345", "-2.34"]];
    holds(types, "scale = 2\nround = \"half_even\"", "scale 2 half_even", &half_even, &[["2.345", "2.35"]]);
    let truncate = [["2.349", "2.34"], ["-2.349", "-2.34"]];
    holds(types, "scale = 2\nround = \"truncate\"", "scale 2 truncate", &truncate, &[["2.345", "2.35"]]);
    holds(["NUMERIC", "INTEGER"], "scale = 0", "scale 0 half_up", &[["1.5", "2"], ["0.4", "0"]], &[["1.5", "1"]]);
}

#[test]
fn times_are_rounded_and_carry_across_years() {
    let types = ["DATETIME", "DATETIME"];
    let equal =
        [["'2024-01-01 12:00:00.5'", "'2024-01-01 12:00:01'"], ["'2024-12-31 23:59:59.9'", "'2025-01-01 00:00:00'"]];
    holds(
        types,
        "precision = \"s\"",
        "precision s half_up",
        &equal,
        &[["'2024-01-01 12:00:00.5'", "'2024-01-01 12:00:00'"]],
    );
    let truncated =
        [["'2024-01-01 12:00:00.999'", "'2024-01-01 12:00:00'"], ["'1969-12-31 23:59:59.9'", "'1969-12-31 23:59:59'"]];
    let rule = "precision = \"s\"\nround = \"truncate\"";
    holds(types, rule, "precision s truncate", &truncated, &[["'2024-01-01 12:00:00.5'", "'2024-01-01 12:00:01'"]]);
    let micros = [["'2024-12-31 23:59:59.9999995'", "'2025-01-01 00:00:00'"]];
    holds(
        types,
        "precision = \"us\"",
        "precision us",
        &micros,
        &[["'2024-01-01 00:00:00.000002'", "'2024-01-01 00:00:00'"]],
    );
    holds(
        ["TIME", "TIME"],
        "precision = \"ms\"",
        "precision ms",
        &[["'12:00:00.0004'", "'12:00:00'"]],
        &[["'12:00:00.0005'", "'12:00:00'"]],
    );
}

#[test]
fn zero_dates_and_infinite_ones_are_what_the_rule_says() {
    let types = ["DATE", "DATE"];
    holds(
        types,
        "zero_date = \"null\"",
        "zero_date null",
        &[["'0000-00-00'", "NULL"]],
        &[["'2024-00-00'", "NULL"], ["'0000-00-00'", "'1970-01-01'"]],
    );
    holds(
        types,
        "zero_date = \"1970-01-01\"",
        "zero_date 1970-01-01",
        &[["'0000-00-00'", "'1970-01-01'"]],
        &[["'0000-00-00'", "NULL"]],
    );
    holds(
        types,
        "infinity = \"max\"",
        "infinity max",
        &[["'infinity'", "'9999-12-31'"]],
        &[["'-infinity'", "'9999-12-31'"], ["'infinity'", "NULL"]],
    );
    let times = ["DATETIME", "DATETIME"];
    let ends = [["'infinity'", "'9999-12-31 23:59:59'"], ["'infinity'", "'9999-12-31 23:59:59.999999'"]];
    holds(times, "infinity = \"max\"", "infinity max", &ends, &[["'infinity'", "'9999-12-31 00:00:00'"]]);
    holds(
        times,
        "infinity = \"3000-01-01\"",
        "infinity 3000-01-01",
        &[["'infinity'", "'3000-01-01 00:00:00'"]],
        &[["'infinity'", "'9999-12-31'"]],
    );
}

#[test]
fn numbers_are_instants_since_the_epoch() {
    let equal = [["1700000000", "'2023-11-14 22:13:20Z'"], ["-1", "'1969-12-31 23:59:59+00:00'"]];
    let corrupt = [["1700000000", "'2023-11-14 22:13:21Z'"], ["1700000000000", "'2023-11-14 22:13:20Z'"]];
    holds(
        ["INTEGER", "DATETIME"],
        "epoch = \"s\"\ntime_zone = \"UTC\"",
        "numbers count s since 1970",
        &equal,
        &corrupt,
    );
    let zoned = [["1700000000123", "'2023-11-14 23:13:20.123'"]];
    holds(
        ["INTEGER", "DATETIME"],
        "epoch = \"ms\"\ntime_zone = \"Europe/Berlin\"",
        "numbers count ms",
        &zoned,
        &[["1700000000124", "'2023-11-14 23:13:20.123'"]],
    );
}

#[test]
fn an_hour_that_the_clock_shows_twice_is_the_one_that_is_chosen() {
    let local = "'2023-11-05 01:30:00'";
    let rule = |which: &str| format!("epoch = \"s\"\ntime_zone = \"America/New_York\"\nambiguous = \"{which}\"");
    let (first, second) = (["1699162200", local], ["1699165800", local]);
    holds(["INTEGER", "DATETIME"], &rule("earliest"), "ambiguous earliest", &[first], &[second]);
    holds(
        ["INTEGER", "DATETIME"],
        &rule("latest"),
        "ambiguous latest",
        &[second],
        &[first, ["1678606200", "'2023-03-12 02:30:00'"]],
    );
}

#[test]
fn texts_are_read_as_what_they_are_said_to_be() {
    let text = ["TEXT", "TEXT"];
    holds(
        text,
        "json = true",
        "read as json",
        &[["'{\"a\": 1, \"b\": 2}'", "'{\"b\":2.0,\"a\":1}'"]],
        &[["'[1,2]'", "'[2,1]'"]],
    );
    let uuids = [["'6CCD780C-BABA-1026-9564-5B8C656024DB'", "'{6ccd780c-baba-1026-9564-5b8c656024db}'"]];
    holds(
        text,
        "uuid = true",
        "read as uuid",
        &uuids,
        &[["'6CCD780C-BABA-1026-9564-5B8C656024DB'", "'6ccd780cbaba102695645b8c656024dc'"]],
    );
    let swapped = ["'6ccd780c-baba-1026-9564-5b8c656024db'", "x'1026baba6ccd780c95645b8c656024db'"];
    let plain = ["'6ccd780c-baba-1026-9564-5b8c656024db'", "x'6ccd780cbaba102695645b8c656024db'"];
    holds(["TEXT", "BLOB"], "uuid = \"swapped\"", "swapped time fields", &[swapped], &[plain]);
    let words = "bool = { true = [\"yes\"], false = [\"no\"] }";
    holds(
        ["TEXT", "INTEGER"],
        words,
        "read as bool: yes or no",
        &[["'yes'", "1"], ["'no'", "0"], ["'t'", "1"]],
        &[["'YES'", "1"], ["'yes'", "0"], ["'no'", "NULL"]],
    );
    holds(
        text,
        "set = true",
        "read as set",
        &[["'a,b'", "'b,a'"], ["'a,a,b'", "'a,b'"]],
        &[["'a,b'", "'a,b,c'"], ["'a'", "''"]],
    );
    holds(text, "set = \"; \"", "read as set", &[["'a; b'", "'b; a'"]], &[["'a,b'", "'b,a'"]]);
}

#[test]
fn bytes_are_read_from_hex_and_base64() {
    let hex = [["x'00ff'", "'\\x00FF'"], ["x'00ff'", "'00ff'"], ["x''", "''"]];
    holds(["BLOB", "TEXT"], "binary = \"hex\"", "read as hex", &hex, &[["x'00ff'", "'AP8='"], ["x'00ff'", "'00fe'"]]);
    let base64 = [["x'00ff'", "'AP8='"], ["x'00ff'", "'AP8'"]];
    holds(
        ["BLOB", "TEXT"],
        "binary = \"base64\"",
        "read as base64",
        &base64,
        &[["x'00ff'", "'AP4='"], ["x'00ff'", "'\\x00ff'"]],
    );
}

#[test]
fn a_rule_holds_for_a_key_column_too() {
    let tieout = Tieout::new();
    let of = |key: &str, v: i64| {
        format!("CREATE TABLE t (id TEXT PRIMARY KEY, v INTEGER); INSERT INTO t VALUES ('{key}', {v}), ('x', 1);")
    };
    let config =
        "[[tables]]\nsource = \"t\"\n[[tables.columns]]\nsource = \"id\"\ncase = \"ignore\"\ntrim = \"right\"\n";
    run_sqlite(&tieout, &of("Ada", 1), &of("ADA ", 1), config, 0).assert_match("t");
    let report = run_sqlite(&tieout, &of("Ada", 1), &of("ADA ", 2), config, 1);
    assert_eq!(report.counts("t"), [0, 0, 0, 1]);
}

#[test]
fn a_column_is_left_out_with_a_reason() {
    let tieout = Tieout::new();
    let rule = of_v("ignore = \"filled by a trigger\"");
    let report = run_sqlite(&tieout, &table("TEXT", &["'a'"]), &table("TEXT", &["'b'"]), &rule, 0);
    assert_eq!(report.column("t", "v")["status"], "ignored");
    assert!(report.findings("t").contains("ignored: filled by a trigger"));
}
