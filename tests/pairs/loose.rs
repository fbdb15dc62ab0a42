//! SQLite lets any value into any column: one that does not fit is a corrupt cell, never an abort, never NULL.

use crate::binary::Tieout;
use crate::result::Line;
use crate::servers::Postgres;

const FITTING: &str =
    "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 12), (2, NULL), (3, 12), (4, 4);";

#[test]
fn a_value_that_does_not_fit_is_a_corrupt_cell() {
    let tieout = Tieout::new();
    let loose = "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER);
        INSERT INTO t VALUES (1, '12abc'), (2, 'x'), (3, x'3132'), (4, 4);";
    crate::sqlite::database(tieout.folder.path(), "loose.db", loose);
    let postgres = Postgres::shared();
    let fitting = postgres.url(&postgres.database("loose", FITTING));
    let report = tieout.diff(&fitting, "loose.db", &[]).exits(1).report();
    assert_eq!(report.rows("t"), [Some(4), Some(4)]);
    assert_eq!(report.counts("t"), [0, 0, 0, 3]);
    let lines = report.lines("t");
    assert_eq!(lines[0], Line::cell(&["1"], "n", "12", "12abc"));
    assert_eq!(lines[1], Line::cell(&["2"], "n", "\\N", "x"));
    assert_eq!((lines[2].key[0].as_str(), lines[2].source.as_str()), ("3", "12"));
    assert_ne!(lines[2].target, "\\N", "a value that does not fit is not NULL");
    let report = tieout.diff("loose.db", &fitting, &[]).exits(1).report();
    assert_eq!(report.lines("t")[0], Line::cell(&["1"], "n", "12abc", "12"));
}

#[test]
fn the_same_loose_values_on_both_sides_are_equal() {
    let tieout = Tieout::new();
    let script = "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, d DATE);
        INSERT INTO t VALUES (1, '12abc', 'yesterday'), (2, x'3132', 2460000.5), (3, 1.5, ''), (4, 9e999, NULL);";
    crate::sqlite::database(tieout.folder.path(), "source.db", script);
    crate::sqlite::database(tieout.folder.path(), "target.db", script);
    tieout.diff("source.db", "target.db", &[]).exits(0).report().assert_match("t");
    crate::sqlite::run(&tieout.path("target.db"), "UPDATE t SET n = x'3133' WHERE id = 2");
    assert_eq!(tieout.diff("source.db", "target.db", &[]).exits(1).report().counts("t"), [0, 0, 0, 1]);
}

#[test]
fn text_and_bytes_of_the_same_letters_differ() {
    let tieout = Tieout::new();
    let of = |value: &str| format!("CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, {value});");
    for (source, target, code) in
        [("'12'", "x'3132'", 1), ("12", "'12'", 1), ("12", "12.0", 0), ("''", "x''", 1), ("NULL", "''", 1)]
    {
        crate::sqlite::database(tieout.folder.path(), "source.db", &of(source));
        crate::sqlite::database(tieout.folder.path(), "target.db", &of(target));
        let outcome = tieout.diff("source.db", "target.db", &[]);
        assert_eq!(outcome.code, Some(code), "{source} against {target}\n{outcome}");
        for name in ["source.db", "target.db"] {
            std::fs::remove_file(tieout.path(name)).expect("a database");
        }
    }
}

#[test]
fn a_loose_key_meets_the_other_sides_type() {
    let tieout = Tieout::new();
    let loose = "CREATE TABLE t (id INT, n INTEGER, UNIQUE (id));
        INSERT INTO t VALUES (1, 12), (2, NULL), (3, 12), ('four', 4);";
    crate::sqlite::database(tieout.folder.path(), "loose.db", loose);
    let postgres = Postgres::shared();
    let fitting = postgres.url(&postgres.database("loose", FITTING));
    let report = tieout.diff(&fitting, "loose.db", &["--key", "id"]).exits(1).report();
    report.assert_lines("t", &[Line::missing(&["4"]), Line::unexpected(&["four"])]);
}

#[test]
fn csv_takes_the_type_of_the_other_side() {
    let tieout = Tieout::new();
    let script = "CREATE TABLE t (id int PRIMARY KEY, amount numeric(10,2), yes boolean, day date, name text);
        INSERT INTO t VALUES (1, 0.71, true, '2024-02-29', '007'), (2, 1000, false, '2024-03-01', 'x'), (3, 1, true, '2024-03-01', 'y');";
    let postgres = Postgres::shared();
    let url = postgres.url(&postgres.database("csv", script));
    tieout.write(
        "t.csv",
        "id,amount,yes,day,name\n1,.71,t,2024-02-29,007\n2,1E3,FALSE,2024-03-01,x\n3,1.00,1,2024-03-01,y\n",
    );
    tieout.diff(&url, "t.csv", &["--key", "id"]).exits(0).report().assert_match("t");
    tieout.write(
        "t.csv",
        "id,amount,yes,day,name\n1,.71,t,2024-02-29,7\n2,\"1,000\",FALSE,2024-03-01,x\n3,1.00,1,2024-02-30,y\n",
    );
    let report = tieout.diff(&url, "t.csv", &["--key", "id"]).exits(1).report();
    let cells =
        [("1", "name", "007", "7"), ("2", "amount", "1000.00", "1,000"), ("3", "day", "2024-03-01", "2024-02-30")];
    report.assert_lines("t", &cells.map(|(id, column, source, target)| Line::cell(&[id], column, source, target)));
}
