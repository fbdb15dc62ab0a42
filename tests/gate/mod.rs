//! The gate: limits and waivers of a run, the history, and rulings over made histories.

mod history;
mod limits;
mod made;
mod rulings;
mod waivers;

use crate::binary::{Outcome, Tieout};

/// Creates two SQLite stores and a config, and runs it.
#[track_caller]
fn run(tieout: &Tieout, source: &str, target: &str, config: &str) -> Outcome {
    for (name, script) in [("source.db", source), ("target.db", target)] {
        let _ = std::fs::remove_file(tieout.path(name));
        crate::sqlite::database(tieout.folder.path(), name, script);
    }
    write_config(tieout, config);
    tieout.run(["run"])
}

fn write_config(tieout: &Tieout, config: &str) {
    let text = format!("[source]\nurl = \"source.db\"\n[target]\nurl = \"target.db\"\n{config}");
    tieout.write("tieout.toml", text);
}

/// The tables `orders` and `customers` of 1,000 and 10 rows, then what `more` does to them.
fn shop(more: &str) -> String {
    format!(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT, amount INTEGER);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         INSERT INTO orders SELECT i, 'note ' || i, i * 3 FROM n;
         CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);
         INSERT INTO customers SELECT id, note FROM orders WHERE id <= 10;
         {more}"
    )
}
