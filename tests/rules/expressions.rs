//! `source_expr` and `target_expr`: a column that is computed from its side's columns meets one of the other side.

use super::{run, run_sqlite, start};
use crate::binary::Tieout;
use crate::result::Line;
use crate::servers::{MariaDb, Postgres};

const PEOPLE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, first TEXT, last TEXT, cents INTEGER, state INTEGER);
    INSERT INTO t VALUES (1, 'Ada', 'Lovelace', 1999, 1), (2, 'Alan', 'Turing', 5, 2), (3, NULL, 'Hopper', NULL, 3);";
const CONFIG: &str = "[[tables]]
source = \"t\"
[[tables.columns]]
source = \"name\"
source_expr = \"first || ' ' || last\"
[[tables.columns]]
source = \"cents\"
target = \"price\"
source_expr = \"cents / 100.00\"
[[tables.columns]]
source = \"state\"
source_expr = \"CASE state WHEN 1 THEN 'open' WHEN 2 THEN 'closed' ELSE 'gone' END\"
";

fn target(rows: &str) -> String {
    format!(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, price NUMERIC, state TEXT); INSERT INTO t VALUES {rows};"
    )
}

#[test]
fn a_merged_column_a_unit_and_a_code_table_are_compared() {
    let tieout = Tieout::new();
    let same =
        target("(1, 'Ada Lovelace', 19.99, 'open'), (2, 'Alan Turing', 0.05, 'closed'), (3, NULL, NULL, 'gone')");
    let report = run_sqlite(&tieout, PEOPLE, &same, CONFIG, 0);
    report.assert_match("t");
    for (column, status) in [("name", "compared"), ("cents", "compared"), ("first", "ignored"), ("last", "ignored")] {
        assert_eq!(report.column("t", column)["status"], status, "{column}");
    }
    assert!(report.findings("t").contains("source: cents / 100.00"), "{}", report.findings("t"));
    assert!(report.findings("t").contains("compared within name"), "{}", report.findings("t"));
}

#[test]
fn what_the_expression_gives_is_shown_where_it_differs() {
    let tieout = Tieout::new();
    let other = target("(1, 'Ada Byron', 19.98, 'open'), (2, 'Alan Turing', 0.05, 'open'), (3, '', NULL, 'gone')");
    let report = run_sqlite(&tieout, PEOPLE, &other, CONFIG, 1);
    let lines = report.lines("t");
    assert_eq!(report.counts("t"), [0, 0, 0, 3], "{lines:?}");
    assert!(lines.contains(&Line::cell(&["1"], "name", "Ada Lovelace", "Ada Byron")), "{lines:?}");
    assert!(lines.contains(&Line::cell(&["2"], "state", "closed", "open")), "{lines:?}");
    assert!(lines.contains(&Line::cell(&["3"], "name", "\\N", "")), "{lines:?}");
}

#[test]
fn a_split_column_is_compared_by_an_expression_of_the_target() {
    let tieout = Tieout::new();
    let source = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'Ada Lovelace');";
    let target = |last: &str| {
        format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, first TEXT, last TEXT); INSERT INTO t VALUES (1, 'Ada', '{last}');"
        )
    };
    let config = "[[tables]]\nsource = \"t\"\n[[tables.columns]]\nsource = \"name\"\ntarget_expr = \"concat_ws(' ', first, last)\"\ncase = \"ignore\"\n";
    run_sqlite(&tieout, source, &target("LOVELACE"), config, 0).assert_match("t");
    let report = run_sqlite(&tieout, source, &target("Byron"), config, 1);
    report.assert_lines("t", &[Line::cell(&["1"], "name", "Ada Lovelace", "Ada Byron")]);
}

#[test]
fn an_expression_may_be_the_key() {
    let tieout = Tieout::new();
    let source = "CREATE TABLE t (a TEXT, b TEXT, v INTEGER); INSERT INTO t VALUES ('x', '1', 1), ('x', '2', 2);";
    let target = |v: i64| {
        format!("CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER); INSERT INTO t VALUES ('x-1', 1), ('x-2', {v});")
    };
    let config = "[[tables]]\nsource = \"t\"\nkey = [\"k\"]\n[[tables.columns]]\nsource = \"k\"\nsource_expr = \"a || '-' || b\"\n";
    run_sqlite(&tieout, source, &target(2), config, 0).assert_match("t");
    let report = run_sqlite(&tieout, source, &target(3), config, 1);
    report.assert_lines("t", &[Line::cell(&["x-2"], "v", "2", "3")]);
}

#[test]
fn an_expression_that_is_none_is_refused_before_a_row_is_read() {
    let tieout = Tieout::new();
    for name in ["source.db", "target.db"] {
        crate::sqlite::database(tieout.folder.path(), name, PEOPLE);
    }
    for (sql, said) in [("firts || last", "first"), ("first ||", "cannot be used"), ("random()", "random")] {
        let config =
            format!("[[tables]]\nsource = \"t\"\n[[tables.columns]]\nsource = \"first\"\nsource_expr = \"{sql}\"\n");
        let outcome = start(&tieout, "source.db", "target.db", &config, &[]).fails(2);
        outcome.saying(&[said, "tieout.toml:7"]);
    }
}

#[test]
fn a_value_that_an_expression_cannot_take_is_a_corrupt_cell_not_null_and_not_an_end() {
    let tieout = Tieout::new();
    let of = |cents: &str| {
        format!("CREATE TABLE t (id INTEGER PRIMARY KEY, cents INTEGER); INSERT INTO t VALUES (1, {cents}), (2, 100);")
    };
    let target = |price: &str| {
        format!("CREATE TABLE t (id INTEGER PRIMARY KEY, price NUMERIC); INSERT INTO t VALUES (1, {price}), (2, 1);")
    };
    let config = "[[tables]]\nsource = \"t\"\n[[tables.columns]]\nsource = \"cents\"\ntarget = \"price\"\nsource_expr = \"cents / 100.0\"\n";
    let report = run_sqlite(&tieout, &of("'12x'"), &target("NULL"), config, 1);
    report.assert_lines("t", &[Line::cell(&["1"], "cents", "no value (cents = 12x)", "\\N")]);
}

#[test]
fn an_expression_holds_over_snapshots_that_are_compared_again() {
    let tieout = Tieout::new();
    let same =
        target("(1, 'Ada Lovelace', 19.99, 'open'), (2, 'Alan Turing', 0.05, 'closed'), (3, NULL, NULL, 'gone')");
    run_sqlite(&tieout, PEOPLE, &same, CONFIG, 0);
    let kept = tieout.path("reports/latest/snapshots/t").canonicalize().expect("a snapshot");
    let side = |name: &str| kept.join(name).display().to_string();
    start(&tieout, &side("source"), &side("target"), CONFIG, &[]).exits(0).report().assert_match("t");
    // Other rules, other digests: those of the snapshot do not hold for them.
    let stricter = CONFIG.replace("'gone'", "'lost'");
    let report = start(&tieout, &side("source"), &side("target"), &stricter, &[]).exits(1).report();
    assert_eq!(report.lines("t"), [Line::cell(&["3"], "state", "lost", "gone")]);
}

#[test]
fn an_expression_reads_the_types_of_servers() {
    let tieout = Tieout::new();
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let source = postgres.url(&postgres.database(
        "expr",
        "CREATE TABLE t (id int PRIMARY KEY, price numeric, code char(3), made timestamp);
        INSERT INTO t VALUES (1, 12.50, 'EUR', '2024-02-29 12:00:00'), (2, 'NaN', 'EUR', NULL), (3, 0.01, 'USD', '1999-12-31 23:59:59');",
    ));
    let target = mariadb.url(&mariadb.database(
        "expr",
        "CREATE TABLE t (id int PRIMARY KEY, cents bigint, code varchar(9), made_on date);
        INSERT INTO t VALUES (1, 1250, 'eur', '2024-02-29'), (2, NULL, 'eur', NULL), (3, 1, 'usd', '1999-12-31');",
    ));
    let config = "[[tables]]\nsource = \"t\"
[[tables.columns]]\nsource = \"price\"\ntarget = \"cents\"\nsource_expr = \"price * 100\"
[[tables.columns]]\nsource = \"code\"\nsource_expr = \"lower(code)\"
[[tables.columns]]\nsource = \"made\"\ntarget = \"made_on\"\nsource_expr = \"CAST(made AS DATE)\"\n";
    let report = run(&tieout, &source, &target, config, 1);
    report.assert_lines("t", &[Line::cell(&["2"], "price", "no value (price = NaN)", "\\N")]);
}
