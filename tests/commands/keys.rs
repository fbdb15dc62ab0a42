//! Keys of every sort: composite, with NULLs, repeated, or none at all.

use super::compare;
use crate::binary::Tieout;
use crate::result::Line;

fn rows(declaration: &str, rows: &str) -> String {
    format!("CREATE TABLE t ({declaration}); INSERT INTO t VALUES {rows};")
}

#[test]
fn a_key_of_several_columns() {
    let tieout = Tieout::new();
    let of = |values| rows("region TEXT, no INTEGER, name TEXT, PRIMARY KEY (region, no)", values);
    let report = compare(
        &tieout,
        &of("('a', 1, 'x'), ('a', 2, 'y'), ('b', 1, 'z')"),
        &of("('a', 1, 'x'), ('b', 1, 'Z'), ('b', 2, 'y')"),
        &[],
    )
    .exits(1)
    .report();
    assert_eq!(report.table("t")["key"], serde_json::json!(["region", "no"]));
    let expected =
        [Line::missing(&["a", "2"]), Line::cell(&["b", "1"], "name", "z", "Z"), Line::unexpected(&["b", "2"])];
    report.assert_lines("t", &expected);
    assert!(report.csv("t").contains("[\"\"a\"\""), "a key of several columns is a JSON array: {}", report.csv("t"));
}

#[test]
fn the_parts_of_a_key_do_not_run_together() {
    let tieout = Tieout::new();
    let of = |values| rows("a TEXT, b TEXT, PRIMARY KEY (a, b)", values);
    let report =
        compare(&tieout, &of("('x|y', 'z'), ('p,q', '')"), &of("('x', 'y|z'), ('p', 'q,')"), &[]).exits(1).report();
    assert_eq!(report.counts("t"), [2, 2, 0, 0]);
}

#[test]
fn null_in_a_key_equals_null_and_nothing_else() {
    let tieout = Tieout::new();
    let of = |values| rows("a INTEGER, b TEXT, name TEXT, UNIQUE (a, b)", values);
    let source = of("(1, NULL, 'x'), (1, '', 'y'), (NULL, NULL, 'z')");
    let more = ["--key", "a,b"];
    compare(&tieout, &source, &source, &more).exits(0);
    let report = compare(&tieout, &source, &of("(1, NULL, 'X'), (NULL, NULL, 'z')"), &more).exits(1).report();
    report.assert_lines("t", &[Line::missing(&["1", ""]), Line::cell(&["1", "\\N"], "name", "x", "X")]);
}

#[test]
fn a_key_that_is_null_is_written_as_null() {
    let tieout = Tieout::new();
    let of = |values| rows("id TEXT, name TEXT", values);
    let report = compare(&tieout, &of("(NULL, 'x'), ('', 'y')"), &of("('1', 'z')"), &["--key", "id"]).exits(1).report();
    report.assert_lines("t", &[Line::missing(&["\\N"]), Line::missing(&[""]), Line::unexpected(&["1"])]);
}

#[test]
fn a_key_repeated_differently_is_a_duplicate() {
    let tieout = Tieout::new();
    let of = |values| rows("id INTEGER, name TEXT", values);
    let source = of("(1, 'a'), (2, 'b'), (3, 'c'), (3, 'c')");
    let target = of("(1, 'a'), (1, 'a'), (1, 'a'), (2, 'b'), (3, 'c')");
    let report = compare(&tieout, &source, &target, &["--key", "id"]).exits(1).report();
    report.assert_lines("t", &[Line::duplicate(&["1"], 1, 3), Line::duplicate(&["3"], 2, 1)]);
}

#[test]
fn a_key_repeated_equally_is_no_difference_but_a_finding() {
    let tieout = Tieout::new();
    let of = |values| rows("id INTEGER, name TEXT", values);
    let report =
        compare(&tieout, &of("(1, 'a'), (1, 'b')"), &of("(1, 'b'), (1, 'a')"), &["--key", "id"]).exits(0).report();
    report.assert_match("t");
    assert!(!report.findings("t").is_empty(), "{:#}", report.table("t"));
    let report =
        compare(&tieout, &of("(1, 'a'), (1, 'b')"), &of("(1, 'a'), (1, 'c')"), &["--key", "id"]).exits(1).report();
    assert_eq!(report.counts("t"), [0, 0, 0, 1]);
    let cells: Vec<_> = report.lines("t");
    assert_eq!(cells, [Line::cell(&["1"], "name", "b", "c")]);
}

#[test]
fn copies_that_an_xor_would_cancel_are_found() {
    let tieout = Tieout::new();
    let of = |values| rows("id INTEGER, name TEXT", values);
    let report =
        compare(&tieout, &of("(1, 'a')"), &of("(1, 'a'), (2, 'b'), (2, 'b')"), &["--key", "id"]).exits(1).report();
    report.assert_lines("t", &[Line::unexpected(&["2"])]);
}

#[test]
fn a_table_without_a_key_is_a_multiset_of_rows() {
    let tieout = Tieout::new();
    let of = |values| rows("a TEXT, b INTEGER", values);
    let source = of("('x', 1), ('x', 1), ('y', NULL)");
    let shuffled = of("('y', NULL), ('x', 1), ('x', 1)");
    let report = compare(&tieout, &source, &shuffled, &[]).exits(0).report();
    assert_eq!(report.table("t")["key"], serde_json::json!([]));
    let report = compare(&tieout, &source, &of("('x', 1), ('z', 1), ('y', NULL)"), &[]).exits(1).report();
    report.assert_lines("t", &[Line::duplicate(&["x", "1"], 2, 1), Line::unexpected(&["z", "1"])]);
}

#[test]
fn a_key_can_be_chosen() {
    let tieout = Tieout::new();
    let of = |values| rows("id INTEGER PRIMARY KEY, code TEXT, name TEXT", values);
    let (source, target) = (of("(1, 'a', 'x'), (2, 'b', 'y')"), of("(7, 'a', 'x'), (8, 'b', 'z')"));
    let report = compare(&tieout, &source, &target, &["--key", "code", "--ignore", "id"]).exits(1).report();
    assert_eq!(report.table("t")["key"], serde_json::json!(["code"]));
    report.assert_lines("t", &[Line::cell(&["b"], "name", "y", "z")]);
}

#[test]
fn keys_that_need_quotes_are_no_trouble() {
    let tieout = Tieout::new();
    let long = "k".repeat(3000);
    let of = |name: &str| {
        rows(
            "id TEXT PRIMARY KEY, name TEXT",
            &format!(
                "('it''s', 'a'), ('per%cent_', 'b'), ('back\\slash', 'c'), ('\"q\"', 'd'), ('l\nine', 'e'), ('{long}', '{name}')"
            ),
        )
    };
    compare(&tieout, &of("f"), &of("f"), &[]).exits(0);
    compare(&tieout, &of("f"), &of("g"), &[])
        .exits(1)
        .report()
        .assert_lines("t", &[Line::cell(&[&long], "name", "f", "g")]);
}

#[test]
fn the_first_and_the_last_row_of_a_range_are_found_alike() {
    let tieout = Tieout::new();
    let all = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i, 'n' || i FROM n;";
    for id in [1, 2, 511, 512, 513, 1023, 1024, 1025, 2500, 4999, 5000] {
        let changed = format!("{all} UPDATE t SET name = 'changed' WHERE id = {id};");
        let report = compare(&tieout, all, &changed, &[]).exits(1).report();
        report.assert_lines("t", &[Line::cell(&[&id.to_string()], "name", &format!("n{id}"), "changed")]);
    }
}
