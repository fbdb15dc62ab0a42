//! Rows deleted, added and doubled and cells changed on one side: exactly those are named, to the cell.

use super::{Dialect, TABLES, mended, run, scratch};
use crate::binary::Tieout;
use crate::result::Line;

/// The damage, in a spelling that all three dialects take.
const DAMAGE: &str = "
-- deleted: the first and the last of their table, one amid, and one of a composite key
DELETE FROM Album WHERE AlbumId IN (1, 100, 347);
DELETE FROM PlaylistTrack WHERE PlaylistId = 8 AND TrackId = 3503;
-- added: beyond the last, before the first, and a pair whose two halves are known apart
INSERT INTO Artist (ArtistId, Name) VALUES (276, 'Nobody'), (-1, NULL);
INSERT INTO PlaylistTrack (PlaylistId, TrackId) VALUES (18, 1);
-- doubled: the table loses its primary key first
CREATE TABLE Doubled AS SELECT * FROM Genre;
DROP TABLE Genre;
ALTER TABLE Doubled RENAME TO Genre;
INSERT INTO Genre SELECT * FROM Genre WHERE GenreId IN (3, 25);
INSERT INTO Genre SELECT * FROM Genre WHERE GenreId = 25;
-- changed: a cent, a NULL that became '', a value that became NULL, one second, an umlaut, two cells of one row,
-- and three rows that changed places
UPDATE InvoiceLine SET UnitPrice = 0.98 WHERE InvoiceLineId = 579;
UPDATE Customer SET Company = '' WHERE CustomerId = 2;
UPDATE Customer SET Phone = NULL WHERE CustomerId = 3;
UPDATE Invoice SET InvoiceDate = '2021-01-01 00:00:01' WHERE InvoiceId = 1;
UPDATE Employee SET City = 'Zürich', PostalCode = '8001' WHERE EmployeeId = 8;
UPDATE MediaType SET Name = 'MPEG audio file' WHERE MediaTypeId = 2;
UPDATE MediaType SET Name = 'AAC audio file' WHERE MediaTypeId = 1;
UPDATE MediaType SET Name = 'Protected AAC audio file' WHERE MediaTypeId = 5;
";

fn expected() -> Vec<(&'static str, Vec<Line>)> {
    let cell = |key: &str, column: &str, source: &str, target: &str| Line::cell(&[key], column, source, target);
    vec![
        ("Album", vec![Line::missing(&["1"]), Line::missing(&["100"]), Line::missing(&["347"])]),
        ("PlaylistTrack", vec![Line::missing(&["8", "3503"]), Line::unexpected(&["18", "1"])]),
        ("Artist", vec![Line::unexpected(&["276"]), Line::unexpected(&["-1"])]),
        ("Genre", vec![Line::duplicate(&["3"], 1, 2), Line::duplicate(&["25"], 1, 4)]),
        ("InvoiceLine", vec![cell("579", "UnitPrice", "0.99", "0.98")]),
        ("Customer", vec![cell("2", "Company", "\\N", ""), cell("3", "Phone", "'+1 (514) 721-4711", "\\N")]),
        ("Invoice", vec![cell("1", "InvoiceDate", "2021-01-01 00:00:00", "2021-01-01 00:00:01")]),
        ("Employee", vec![cell("8", "City", "Lethbridge", "Zürich"), cell("8", "PostalCode", "T1H 1Y8", "8001")]),
        (
            "MediaType",
            vec![
                cell("1", "Name", "MPEG audio file", "AAC audio file"),
                cell("2", "Name", "Protected AAC audio file", "MPEG audio file"),
                cell("5", "Name", "AAC audio file", "Protected AAC audio file"),
            ],
        ),
    ]
}

#[track_caller]
fn names_the_damage(source: Dialect, target: Dialect) {
    let damaged = scratch(target, "chinook_damaged");
    run(target, &damaged, DAMAGE);
    let tieout = Tieout::new();
    let report = tieout.diff(mended(source), &damaged, &[]).exits(1).report();
    for (snake, camel) in TABLES {
        let name = if source == Dialect::Postgres { snake } else { camel };
        let mut lines =
            expected().into_iter().find(|(table, _)| *table == camel).map_or(Vec::new(), |(_, lines)| lines);
        for line in &mut lines {
            if source == Dialect::Postgres {
                line.column = super::snake_case(&line.column);
            }
        }
        match lines.is_empty() {
            true => report.assert_match(name),
            false => report.assert_lines(name, &lines),
        }
    }
}

#[test]
fn postgres_to_mysql() {
    names_the_damage(Dialect::Postgres, Dialect::Mysql);
}

#[test]
fn mysql_to_postgres() {
    names_the_damage(Dialect::Mysql, Dialect::Postgres);
}

#[test]
fn postgres_to_sqlite() {
    names_the_damage(Dialect::Postgres, Dialect::Sqlite);
}

#[test]
fn sqlite_to_mysql() {
    names_the_damage(Dialect::Sqlite, Dialect::Mysql);
}
