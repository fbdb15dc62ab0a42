//! `report.html` as people meet it: in a browser, and drawn again from the run directory.

mod again;
mod browser;
mod page;

use std::fmt::Write as _;

use crate::binary::{Outcome, Tieout};

/// A column name that would break out of an attribute, and a value that would run.
const HOSTILE_NAME: &str = "\"><img src=x onerror=alert(1)>";
const HOSTILE_VALUE: &str = "<script>alert(1)</script>";

/// Compares two databases: a block of keys is lost in one table, cells of all sorts are damaged, one table matches, and names
/// and values mean harm.
fn damaged_run(tieout: &Tieout) -> Outcome {
    let column = HOSTILE_NAME.replace('"', "\"\"");
    let tables = format!(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, amount REAL, note TEXT, \"{column}\" TEXT);
         CREATE TABLE calm (id INTEGER PRIMARY KEY, note TEXT);
         INSERT INTO calm VALUES (1, 'a'), (2, 'b');
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
         INSERT INTO orders SELECT i, i + 0.25, 'note ' || i, 'plain' FROM n;"
    );
    let mut damage = String::from(
        "DELETE FROM orders WHERE id BETWEEN 9000 AND 14000;
         UPDATE orders SET amount = round(amount, 0) WHERE id % 997 = 0;
         UPDATE orders SET note = note || ' ' WHERE id BETWEEN 20000 AND 20040;
         UPDATE orders SET note = NULL WHERE id = 20100;
         INSERT INTO orders VALUES (30001, 1, 'new', 'new');",
    );
    let value = HOSTILE_VALUE;
    let _ = write!(damage, "UPDATE orders SET \"{column}\" = '{value}' WHERE id IN (7, 8);");
    crate::sqlite::database(tieout.folder.path(), "source.db", &tables);
    crate::sqlite::database(tieout.folder.path(), "target.db", &format!("{tables}{damage}"));
    tieout.diff("source.db", "target.db", &[]).exits(1)
}
