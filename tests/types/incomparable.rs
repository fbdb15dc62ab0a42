//! What shares no type is listed as such, and never equal.

use crate::binary::Tieout;
use crate::servers::{MariaDb, Postgres};

#[test]
fn types_without_a_shared_one_are_incomparable_and_listed() {
    let tieout = Tieout::new();
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let source = "CREATE TABLE t (id int PRIMARY KEY, set_array text[], zoned timetz, words tsvector, span int4range, one interval, place point);
        INSERT INTO t VALUES (1, '{b,a}', '12:00+02', 'a', '[1,2)', '1 day', '(1,2)');";
    let target = "CREATE TABLE t (id INT PRIMARY KEY, set_array SET('a','b'), zoned TIME, words TEXT, span JSON, one TEXT, place POINT);
        INSERT INTO t VALUES (1, 'a,b', '10:00:00', '''a''', '[1,2]', '1 day', POINT(1,2));";
    let source = postgres.url(&postgres.database("incomparable_types", source));
    let target = mariadb.url(&mariadb.database("incomparable_types", target));
    let report = tieout.diff(&source, &target, &[]).exits(3).report();
    assert_eq!(report.verdict(), "undecided");
    for column in ["set_array", "zoned", "words", "span", "one", "place"] {
        assert_eq!(report.column("t", column)["status"], "incomparable", "{column}");
    }
}

#[test]
fn nested_types_whose_leaves_are_of_other_families_are_incomparable() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let table = |columns: &str, values: &str| {
        let script = format!(
            "CREATE TYPE named AS (n int, label text); CREATE TYPE other AS (n int, name text);
             CREATE TABLE t (id int PRIMARY KEY, {columns}); INSERT INTO t VALUES (1, {values});"
        );
        postgres.url(&postgres.database("leaves", &script))
    };
    let source = table("a int[], b text[], c named, d int4range, e tsvector[]", "'{1}', '{1}', '(1,x)', '[1,2)', NULL");
    let target = table("a float8[], b int[], c other, d daterange, e text[]", "'{1}', '{1}', '(1,x)', NULL, NULL");
    let report = tieout.diff(&source, &target, &[]).exits(3).report();
    for column in ["a", "b", "c", "d", "e"] {
        assert_eq!(report.column("t", column)["status"], "incomparable", "{column}");
    }
}
