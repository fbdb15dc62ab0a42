//! Names meet exactly; failing that without regard to case; failing that without case and underscores.

use super::compare;
use crate::binary::Tieout;
use crate::servers::Postgres;

fn table(name: &str, column: &str) -> String {
    format!("CREATE TABLE {name} (id INTEGER PRIMARY KEY, {column} TEXT); INSERT INTO {name} VALUES (1, 'a');")
}

#[test]
fn case_and_underscores_do_not_keep_names_apart() {
    let tieout = Tieout::new();
    for (name, column) in [("order_line", "FirstName"), ("OrderLine", "first_name"), ("ORDERLINE", "FIRSTNAME")] {
        let source = table("order_line", "first_name");
        let report = compare(&tieout, &source, &table(name, column), &[]).exits(0).report();
        let entry = report.table("order_line");
        assert_eq!((&entry["source"], &entry["target"]), (&"order_line".into(), &name.into()));
        assert_eq!(report.column("order_line", "first_name")["target"], column);
        if name != "order_line" {
            assert!(report.findings("order_line").contains(name), "an inexact match is shown: {entry:#}");
        }
    }
}

#[test]
fn an_exact_name_goes_before_an_inexact_one() {
    let tieout = Tieout::new();
    let source = table("order_line", "name");
    let target = source.clone() + &table("OrderLine", "name");
    let report = compare(&tieout, &source, &target, &["--table", "order_line"]).exits(0).report();
    assert_eq!(report.table("order_line")["target"], "order_line");
}

#[test]
fn two_candidates_for_a_table_are_an_error_that_lists_both() {
    let tieout = Tieout::new();
    let target = table("Order_Line", "name") + &table("OrderLine", "name");
    compare(&tieout, &table("orderline_", "name"), &target, &[]).fails(2).saying(&["Order_Line", "OrderLine"]);
    let more = ["--table", "orderline_"];
    compare(&tieout, &table("orderline_", "name"), &target, &more).fails(2).saying(&["Order_Line", "OrderLine"]);
}

#[test]
fn two_candidates_for_a_column_are_an_error_that_lists_both() {
    let tieout = Tieout::new();
    let source = "CREATE TABLE t (id INTEGER PRIMARY KEY, firstname TEXT);";
    let target = "CREATE TABLE t (id INTEGER PRIMARY KEY, first_name TEXT, FIRST__NAME TEXT);";
    compare(&tieout, source, target, &[]).fails(2).saying(&["first_name", "FIRST__NAME"]);
}

#[test]
fn a_pair_of_tables_can_be_named() {
    let tieout = Tieout::new();
    let (source, target) = (table("customers", "name"), table("clients", "name"));
    let report = compare(&tieout, &source, &target, &["--table", "customers=clients"]).exits(0).report();
    assert_eq!(report.tables(), ["customers"]);
    assert_eq!(report.table("customers")["target"], "clients");
}

#[test]
fn only_the_tables_asked_for_are_compared() {
    let tieout = Tieout::new();
    let source = table("a", "name") + &table("b", "name");
    let target = table("a", "name") + &table("b", "other");
    assert_eq!(compare(&tieout, &source, &target, &["--table", "a"]).exits(0).report().tables(), ["a"]);
    assert_eq!(compare(&tieout, &source, &target, &[]).exits(1).report().tables(), ["a", "b"]);
}

#[test]
fn names_of_any_letters_are_names() {
    let tieout = Tieout::new();
    let script = r#"CREATE TABLE "an ""odd"" 'táble' 🙂" ("the key" INTEGER PRIMARY KEY, "sel`ect" TEXT, [from] TEXT);
        INSERT INTO "an ""odd"" 'táble' 🙂" VALUES (1, 'a', 'b'), (2, 'c', NULL);"#;
    let changed = format!(r#"{script} UPDATE "an ""odd"" 'táble' 🙂" SET [from] = 'x' WHERE "the key" = 2;"#);
    compare(&tieout, script, script, &[]).exits(0);
    let report = compare(&tieout, script, &changed, &[]).exits(1).report();
    let name = report.tables()[0].to_owned();
    assert_eq!(report.counts(&name), [0, 0, 0, 1]);
}

#[test]
fn a_name_cannot_lead_out_of_the_run_directory() {
    let tieout = Tieout::new();
    let script = r#"CREATE TABLE "../../escaped" (id INTEGER PRIMARY KEY); INSERT INTO "../../escaped" VALUES (1);"#;
    compare(&tieout, script, script, &[]).exits(0);
    assert!(!tieout.path("escaped").exists() && !tieout.path("reports/escaped").exists());
    let run = std::fs::canonicalize(tieout.latest()).expect("a run");
    let of_run = |file: &std::path::PathBuf| file.starts_with(&run) || file.extension().is_some_and(|e| e == "db");
    let (folder, files) = (std::fs::canonicalize(tieout.folder.path()).expect("a folder"), tieout.files(""));
    assert!(files.len() > 5 && files.iter().all(|file| of_run(&folder.join(file))), "{files:#?}");
}

#[test]
fn a_schema_may_be_left_out_where_the_name_stays_unique() {
    let tieout = Tieout::new();
    let script =
        "CREATE SCHEMA sales; CREATE TABLE sales.orders (id int PRIMARY KEY); INSERT INTO sales.orders VALUES (1);
        CREATE TABLE clients (id int PRIMARY KEY); INSERT INTO clients VALUES (1);";
    let postgres = Postgres::shared();
    let url = postgres.url(&postgres.database("schemas", script));
    let target = "CREATE TABLE orders (id INTEGER PRIMARY KEY); INSERT INTO orders VALUES (1);
        CREATE TABLE clients (id INTEGER PRIMARY KEY); INSERT INTO clients VALUES (1);";
    crate::sqlite::database(tieout.folder.path(), "target.db", target);
    tieout.diff(&url, "target.db", &[]).exits(0);
    for name in ["orders", "sales.orders=orders", "sales.orders"] {
        let report = tieout.diff(&url, "target.db", &["--table", name]).exits(0).report();
        assert_eq!(report.table("orders")["source"], "sales.orders");
    }
}

#[test]
fn a_bare_name_in_two_schemas_is_an_error_that_lists_both() {
    let tieout = Tieout::new();
    let script = "CREATE SCHEMA a; CREATE TABLE a.t (id int PRIMARY KEY); CREATE SCHEMA b; CREATE TABLE b.t (id int PRIMARY KEY);";
    let postgres = Postgres::shared();
    let url = postgres.url(&postgres.database("two_schemas", script));
    crate::sqlite::database(tieout.folder.path(), "target.db", "CREATE TABLE t (id INTEGER PRIMARY KEY)");
    tieout.diff(&url, "target.db", &["--table", "t"]).fails(2).saying(&["a.t", "b.t"]);
}

#[test]
fn views_partitions_and_system_tables_are_no_tables() {
    let tieout = Tieout::new();
    let script = "CREATE TABLE t (id int NOT NULL, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
        CREATE TABLE t_2024 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE TABLE t_2025 PARTITION OF t FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        INSERT INTO t VALUES (1, '2024-05-05'), (2, '2025-05-05');
        CREATE VIEW v AS SELECT * FROM t;
        CREATE MATERIALIZED VIEW m AS SELECT * FROM t;";
    let postgres = Postgres::shared();
    let url = postgres.url(&postgres.database("partitions", script));
    let target = "CREATE TABLE t (id INTEGER NOT NULL, day DATE NOT NULL, PRIMARY KEY (id, day));
        INSERT INTO t VALUES (1, '2024-05-05'), (2, '2025-05-05');
        CREATE VIEW other AS SELECT * FROM t;";
    crate::sqlite::database(tieout.folder.path(), "target.db", target);
    let report = tieout.diff(&url, "target.db", &[]).exits(0).report();
    assert_eq!(report.tables(), ["t"]);
    assert_eq!(report.rows("t"), [Some(2), Some(2)]);
}
