//! Sizes at the edge: rows of 64 MiB, ten thousand columns, a thousand tables.

use super::config;
use crate::binary::Tieout;
use crate::servers::Postgres;

#[test]
fn rows_of_64_mib_are_compared_to_the_last_byte() {
    let tieout = Tieout::new();
    let script = "CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB);
        INSERT INTO t VALUES (1, zeroblob(67108864)), (2, zeroblob(67108864)), (3, zeroblob(10));";
    crate::sqlite::database(tieout.folder.path(), "source.db", script);
    let postgres = Postgres::shared();
    let body = "decode(repeat('00', 67108864), 'hex')";
    let script = format!(
        "CREATE TABLE t (id int PRIMARY KEY, body bytea); ALTER TABLE t ALTER body SET STORAGE EXTERNAL;
         INSERT INTO t VALUES (1, {body}), (2, set_byte({body}, 67108863, 1)), (3, decode(repeat('00', 10), 'hex'));"
    );
    let database = postgres.database("huge", &script);
    config(
        &tieout,
        "source.db",
        &postgres.url(&database),
        "workers = 2\nmemory = \"1GiB\"\nvalues = { default = \"length\" }",
    );
    let outcome = tieout.run(["run", "-q"]).exits(1);
    assert_eq!((outcome.report().counts("t"), outcome.report().rows("t")), ([0, 0, 0, 1], [Some(3), Some(3)]));
    assert_eq!(outcome.report().lines("t")[0].key, ["2"]);
    // Not the database: that would wait for every session of the server, also for those that a proxy of another test holds up.
    postgres.run(&database, "DROP TABLE t");
}

#[test]
fn ten_thousand_columns_are_compared() {
    let tieout = Tieout::new();
    let names: Vec<String> = (0..10_000).map(|at| format!("c{at}")).collect();
    let row = |row: u32| (0..10_000).map(|at| (at * 7 + row).to_string()).collect::<Vec<_>>().join(",");
    let file = format!("{}\n{}\n{}\n", names.join(","), row(0), row(1));
    tieout.write("source/wide.csv", &file);
    tieout.write("target/wide.csv", &file);
    config(&tieout, "source", "target", "[defaults]\nkey = [\"c0\"]");
    let outcome = tieout.run(["run", "-q"]).exits(0);
    let report = outcome.report();
    let compared = report.table("wide")["columns"].as_array().expect("columns").iter();
    assert_eq!(compared.filter(|column| column["status"] == "compared").count(), 10_000);
}

#[test]
fn as_many_columns_as_postgres_has_room_for_are_compared() {
    let tieout = Tieout::new();
    let columns: Vec<String> = (1..1600).map(|at| format!("c{at} int")).collect();
    let values: Vec<String> = (1..1600).map(|at| at.to_string()).collect();
    let script = format!(
        "CREATE TABLE wide (id INTEGER PRIMARY KEY, {}); INSERT INTO wide VALUES (1, {});",
        columns.join(", "),
        values.join(", ")
    );
    crate::sqlite::database(tieout.folder.path(), "source.db", &script);
    let postgres = Postgres::shared();
    let database = postgres.database("wide", &format!("{script} UPDATE wide SET c1599 = 0;"));
    config(&tieout, "source.db", &postgres.url(&database), "");
    let outcome = tieout.run(["run", "-q"]).exits(1);
    assert_eq!(outcome.report().lines("wide")[0].column, "c1599");
}

#[test]
fn a_thousand_tables_are_compared_and_the_one_that_differs_is_found() {
    let tieout = Tieout::new();
    let table = |at: u32| {
        format!("CREATE TABLE t{at} (id INTEGER PRIMARY KEY, v INTEGER); INSERT INTO t{at} VALUES (1, {at});")
    };
    let script: String = (0..1000).map(table).collect();
    let script = format!("BEGIN; {script} COMMIT;");
    crate::sqlite::database(tieout.folder.path(), "source.db", &script);
    crate::sqlite::database(tieout.folder.path(), "target.db", &format!("{script} UPDATE t617 SET v = 0;"));
    config(&tieout, "source.db", "target.db", "keep_snapshots = \"never\"");
    let outcome = tieout.run(["run", "-q"]).exits(1);
    let report = outcome.report();
    assert_eq!(report.tables().len(), 1000);
    let differ: Vec<&str> =
        report.tables().into_iter().filter(|name| report.table(name)["verdict"] != "match").collect();
    assert_eq!(differ, ["t617"]);
}
