//! A table that is split over several, or merged into one.

use super::{run, run_sqlite, start};
use crate::binary::Tieout;
use crate::result::Line;
use crate::servers::{MariaDb, Postgres};

const SPLIT: &str =
    "CREATE TABLE orders_2024 (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO orders_2024 VALUES (1, 'a'), (2, 'b');
    CREATE TABLE orders_2025 (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO orders_2025 VALUES (3, 'c');";

fn merged(rows: &str) -> String {
    format!("CREATE TABLE orders (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO orders VALUES {rows};")
}

#[test]
fn parts_of_the_source_are_read_as_one_table() {
    let tieout = Tieout::new();
    let config = "[[tables]]\nsource = [\"orders_2024\", \"orders_2025\"]\ntarget = \"orders\"\n";
    let report = run_sqlite(&tieout, SPLIT, &merged("(1, 'a'), (2, 'b'), (3, 'c')"), config, 0);
    report.assert_match("orders");
    assert_eq!(report.rows("orders"), [Some(3), Some(3)]);
    assert_eq!(report.table("orders")["source"], "orders_2024 + orders_2025");
    assert!(report.findings("orders").contains("2 tables of the source are read as one"));
    let report = run_sqlite(&tieout, SPLIT, &merged("(1, 'a'), (2, 'x'), (4, 'c')"), config, 1);
    report
        .assert_lines("orders", &[Line::cell(&["2"], "v", "b", "x"), Line::missing(&["3"]), Line::unexpected(&["4"])]);
}

#[test]
fn a_pattern_in_a_list_names_all_parts_and_a_key_in_two_of_them_is_a_duplicate() {
    let tieout = Tieout::new();
    let config = "[[tables]]\nsource = \"orders\"\ntarget = [\"orders_20??\"]\n";
    let report = run_sqlite(&tieout, &merged("(1, 'a'), (2, 'b'), (3, 'c')"), SPLIT, config, 0);
    report.assert_match("orders");
    let twice = SPLIT.replace("(3, 'c')", "(3, 'c'), (2, 'b')");
    let report = run_sqlite(&tieout, &merged("(1, 'a'), (2, 'b'), (3, 'c')"), &twice, config, 1);
    report.assert_lines("orders", &[Line::duplicate(&["2"], 1, 2)]);
}

#[test]
fn parts_that_do_not_fit_or_do_not_exist_are_refused() {
    let tieout = Tieout::new();
    crate::sqlite::database(
        tieout.folder.path(),
        "source.db",
        &SPLIT.replace("orders_2025 (id INTEGER PRIMARY KEY, v TEXT)", "orders_2025 (id INTEGER PRIMARY KEY, v BLOB)"),
    );
    crate::sqlite::database(tieout.folder.path(), "target.db", &merged("(1, 'a')"));
    let config = |list: &str| format!("[[tables]]\nsource = [{list}]\ntarget = \"orders\"\n");
    start(&tieout, "source.db", "target.db", &config("\"orders_2024\", \"orders_2025\""), &[])
        .fails(2)
        .saying(&["orders_2025", "v"]);
    start(&tieout, "source.db", "target.db", &config("\"orders_2024\", \"orders_2023\""), &[])
        .fails(2)
        .saying(&["orders_2023"]);
    let config = "[[tables]]\nsource = [\"orders_2024\", \"orders_2025\"]\n";
    start(&tieout, "source.db", "target.db", config, &[]).fails(2).saying(&["\"target\" is missing", "tieout.toml:"]);
}

#[test]
fn parts_of_servers_are_read_as_one_each_with_its_condition() {
    let tieout = Tieout::new();
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let rows = |from: i64, to: i64| format!("SELECT i, 'row ' || i FROM generate_series({from}, {to}) i");
    let source = postgres.url(&postgres.database(
        "several",
        &format!(
            "CREATE TABLE o1 (id bigint PRIMARY KEY, v text); INSERT INTO o1 {}; CREATE TABLE o2 (id bigint PRIMARY KEY, v text); INSERT INTO o2 {};",
            rows(1, 30_000),
            rows(30_001, 60_000)
        ),
    ));
    let target = mariadb.url(&mariadb.database(
        "several",
        "CREATE TABLE o (id bigint PRIMARY KEY, v varchar(40)); INSERT INTO o SELECT seq, CONCAT('row ', seq) FROM seq_1_to_60000;
        UPDATE o SET v = 'changed' WHERE id IN (7, 45000);",
    ));
    let config = "[[tables]]\nsource = [\"o1\", \"o2\"]\ntarget = \"o\"\n";
    let report = run(&tieout, &source, &target, config, 1);
    assert_eq!(report.rows("o"), [Some(60_000), Some(60_000)]);
    report.assert_lines(
        "o",
        &[Line::cell(&["7"], "v", "row 7", "changed"), Line::cell(&["45000"], "v", "row 45000", "changed")],
    );
    let part = "[[tables]]\nsource = [\"o1\", \"o2\"]\ntarget = \"o\"\nwhere = \"id > 7 AND id < 45000\"\n";
    run(&tieout, &source, &target, part, 0).assert_match("o");
}
