//! Caps hold for every kind of reader, over all workers of a side together, also where a lean run reads again.

use std::thread;

use super::{at_least, config, in_mariadb, in_postgres, sqlite};
use crate::binary::Tieout;
use crate::servers::{MariaDb, PASSWORD, Postgres};

const ROWS: u64 = 6000;
const PER_SECOND: u64 = 2500;

/// Takes a snapshot of a store under a cap on rows.
#[track_caller]
fn snapshot_is_capped(tieout: &Tieout, store: &str) {
    at_least(ROWS as f64, PER_SECOND as f64, || {
        let mut command = tieout.command(["snapshot", store, "--out", "out", "--workers", "4"]);
        command.args(["--rows-per-second", &PER_SECOND.to_string()]);
        command.env("PGPASSFILE", tieout.path("pgpass"));
        tieout.start(command).end().exits(0)
    });
}

#[test]
fn a_cap_on_rows_holds_for_every_kind_of_reader() {
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let in_pg = postgres.database("capped", &in_postgres(ROWS));
    let in_my = mariadb.database("capped", &in_mariadb(ROWS));
    // The password in a file is known to the driver only, so that its connections are used in place of our own.
    let by_driver = format!("postgres://app@127.0.0.1:{}/{in_pg}", postgres.server.port);
    let with_tls = MariaDb::with_tls();
    let encrypted = with_tls.url(&with_tls.database("capped", &in_mariadb(ROWS)));
    let csv = (1..=ROWS).map(|i| format!("{i},name {i}\n")).collect::<String>();
    let made = Tieout::new();
    sqlite(&made, "big.db", ROWS);
    made.run(["snapshot", "big.db", "--out", "kept"]).exits(0);
    let database = made.path("big.db").display().to_string();
    let parquet = parquet_of(&made);
    thread::scope(|scope| {
        for store in
            [&postgres.url(&in_pg), &by_driver, &mariadb.url(&in_my), &encrypted, &database, "big.csv", &parquet]
        {
            let (store, csv) = (store.to_owned(), &csv);
            scope.spawn(move || {
                let tieout = Tieout::new();
                let pass = tieout.write("pgpass", format!("*:*:*:*:{}\n", PASSWORD.replace(':', "\\:")));
                std::fs::set_permissions(pass, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a file");
                tieout.write("big.csv", format!("id,name\n{csv}"));
                snapshot_is_capped(&tieout, &store);
            });
        }
    });
}

/// A Parquet file of the rows, of one row group.
fn parquet_of(tieout: &Tieout) -> String {
    use arrow::array::{Int64Array, RecordBatch, StringArray};
    let ids = Int64Array::from_iter_values(1..=ROWS as i64);
    let names = StringArray::from_iter_values((1..=ROWS).map(|i| format!("name {i}")));
    let batch =
        RecordBatch::try_from_iter([("id", std::sync::Arc::new(ids) as _), ("name", std::sync::Arc::new(names) as _)])
            .expect("a batch");
    let path = tieout.path("big.parquet");
    let file = std::fs::File::create(&path).expect("a file");
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("rows");
    writer.close().expect("a footer");
    path.display().to_string()
}

#[test]
fn rows_that_were_handed_on_piece_by_piece_are_the_same_rows() {
    let tieout = Tieout::new();
    sqlite(&tieout, "big.db", ROWS);
    crate::sqlite::run(&tieout.path("big.db"), "UPDATE big SET name = 'name ' || id");
    let parquet = parquet_of(&tieout);
    let report = tieout.diff(&parquet, "big.db", &["--key", "id", "--rows-per-second", "20000"]).exits(0).report();
    report.assert_match("big");
    assert_eq!(report.rows("big"), [Some(ROWS); 2]);
}

#[test]
fn a_cap_on_bytes_holds() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let script = "CREATE TABLE big (id int PRIMARY KEY, name text);
        INSERT INTO big SELECT i, repeat('x', 1048576) FROM generate_series(1, 5) i;";
    let url = postgres.url(&postgres.database("wide", script));
    at_least(5.0, 2.0, || tieout.run(["snapshot", &url, "--out", "out", "--mebibytes-per-second", "2"]).exits(0));
}

#[test]
fn each_store_has_its_own_cap_and_the_second_reading_of_a_lean_run_keeps_to_it() {
    let tieout = Tieout::new();
    sqlite(&tieout, "source.db", ROWS);
    sqlite(&tieout, "target.db", ROWS);
    crate::sqlite::run(&tieout.path("target.db"), "UPDATE big SET name = 'another' ");
    config(&tieout, "source.db", "target.db", "snapshot = \"lean\"", &format!("rows_per_second = {PER_SECOND}"));
    let outcome = at_least(2.0 * ROWS as f64, PER_SECOND as f64, || tieout.run(["run"]).exits(1));
    assert_eq!(outcome.report().counts("big"), [0, 0, 0, ROWS]);
}

#[test]
fn the_peak_has_caps_of_its_own_by_the_clock_of_the_store() {
    let tieout = Tieout::new();
    sqlite(&tieout, "source.db", ROWS);
    sqlite(&tieout, "target.db", ROWS);
    let load = format!(
        "time_zone = \"Europe/Berlin\"\n[load]\npeak = [\"Mon-Thu 00:00-24:00\", \"Fri-Sun 00:00-24:00\"]\n\
         peak_rows_per_second = {PER_SECOND}"
    );
    config(&tieout, "source.db", "target.db", &load, "");
    at_least(ROWS as f64, PER_SECOND as f64, || tieout.run(["run"]).exits(0));
}
