//! Tables of literals, written into a store of any kind.

use super::cases::Kind;
use super::parquet;
use crate::binary::Tieout;
use crate::servers::{MariaDb, Postgres};

/// A table of literals. A column `id` is its primary key.
pub struct Sheet {
    pub name: String,
    pub columns: Vec<(String, String)>,
    pub rows: Vec<Vec<Option<String>>>,
    /// Further rows whose `id` runs from 1 to this, leaving out those of `rows`, with a `filler`.
    pub filled_to: usize,
}

/// The declared type of a whole number in a store.
pub fn integer(kind: Kind) -> String {
    ["integer", "INT", "INTEGER", "Int64", ""][kind as usize].to_owned()
}

/// Creates a store with these tables, and returns how tieout is to be told of it.
pub fn store(tieout: &Tieout, side: &str, kind: Kind, setup: &str, sheets: &[Sheet]) -> String {
    match kind {
        Kind::Postgres => {
            let postgres = Postgres::shared();
            postgres.url(&postgres.database("kit", &script(kind, setup, sheets)))
        }
        Kind::MariaDb => {
            let mariadb = MariaDb::shared();
            mariadb.url(&mariadb.database("kit", &script(kind, setup, sheets)))
        }
        Kind::Sqlite => {
            let name = format!("{side}.db");
            crate::sqlite::database(
                tieout.folder.path(),
                &name,
                &format!("BEGIN; {} COMMIT;", script(kind, setup, sheets)),
            );
            name
        }
        Kind::Parquet => {
            for sheet in sheets {
                tieout.write(&format!("{side}/{}.parquet", sheet.name), parquet::sheet(sheet));
            }
            side.to_owned()
        }
        Kind::Csv => {
            for sheet in sheets {
                tieout.write(&format!("{side}/{}.csv", sheet.name), csv(sheet));
            }
            side.to_owned()
        }
    }
}

fn script(kind: Kind, setup: &str, sheets: &[Sheet]) -> String {
    let mut script = match kind {
        Kind::MariaDb => "SET NAMES utf8mb4; SET time_zone = '+00:00';\n".to_owned(),
        Kind::Postgres => "SET client_encoding = 'UTF8'; SET timezone = 'UTC';\n".to_owned(),
        _ => String::new(),
    };
    script.push_str(setup);
    for sheet in sheets {
        let columns: Vec<String> = sheet.columns.iter().map(|(name, declared)| column(name, declared)).collect();
        script.push_str(&format!("\nCREATE TABLE {} ({});\n", sheet.name, columns.join(", ")));
        if sheet.filled_to > 0 {
            let ids: Vec<&str> = sheet.rows.iter().filter_map(|row| row[0].as_deref()).collect();
            let numbers = match kind {
                Kind::Postgres => format!("generate_series(1, {}) AS n(i)", sheet.filled_to),
                Kind::MariaDb => format!("(SELECT seq AS i FROM seq_1_to_{}) AS n", sheet.filled_to),
                _ => format!(
                    "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i FROM n)",
                    sheet.filled_to
                ),
            };
            script.push_str(&format!(
                "INSERT INTO {} (id, filler) SELECT i, i * 7 FROM {numbers} WHERE i NOT IN ({});\n",
                sheet.name,
                ids.join(", ")
            ));
        }
        for row in &sheet.rows {
            let set: Vec<(&str, &str)> = sheet
                .columns
                .iter()
                .zip(row)
                .filter_map(|((name, _), value)| Some((name.as_str(), value.as_deref()?)))
                .collect();
            let (names, values): (Vec<&str>, Vec<&str>) = set.into_iter().unzip();
            let insert = format!("INSERT INTO {} ({}) VALUES ({});\n", sheet.name, names.join(", "), values.join(", "));
            script.push_str(&insert);
        }
    }
    script
}

fn column(name: &str, declared: &str) -> String {
    let key = if name == "id" { " PRIMARY KEY" } else { "" };
    format!("{name} {declared}{key}")
}

fn csv(sheet: &Sheet) -> String {
    let names: Vec<&str> = sheet.columns.iter().map(|(name, _)| name.as_str()).collect();
    let mut file = names.join(",") + "\n";
    for row in all_rows(sheet) {
        let fields: Vec<&str> = row.iter().map(|value| value.as_deref().unwrap_or_default()).collect();
        file.push_str(&fields.join(","));
        file.push('\n');
    }
    file
}

/// The rows with the filling ones, by their `id` where there are any.
pub fn all_rows(sheet: &Sheet) -> Vec<Vec<Option<String>>> {
    if sheet.filled_to == 0 {
        return sheet.rows.clone();
    }
    let filler = sheet.columns.iter().position(|(name, _)| name == "filler").expect("a filler");
    let fill = |id: usize| {
        let mut row = vec![None; sheet.columns.len()];
        (row[0], row[filler]) = (Some(id.to_string()), Some((id * 7).to_string()));
        row
    };
    let mut rows: Vec<_> = (1..=sheet.filled_to).map(fill).collect();
    for row in &sheet.rows {
        let id: usize = row[0].as_deref().and_then(|id| id.parse().ok()).expect("an id");
        rows[id - 1].clone_from(row);
    }
    rows
}
