//! What `tieout diff` of each two of the three dialects says, with no config.

use super::{Dialect, INVOICES, TABLES, TRACKS, mended, published};
use crate::binary::Tieout;
use crate::result::{Line, Report};

/// The cells of the blank after Edinburgh: PostgreSQL has none, the others have.
fn blanks(source: Dialect) -> Vec<(&'static str, Line)> {
    let (source_city, target_city) = match source {
        Dialect::Postgres => ("Edinburgh", "Edinburgh "),
        _ => ("Edinburgh ", "Edinburgh"),
    };
    let cell = |key, column| Line::cell(&[key], column, source_city, target_city);
    let city = ("customer", cell("54", spelled(source, "city", "City")));
    let billing = INVOICES.iter().map(|id| ("invoice", cell(id, spelled(source, "billing_city", "BillingCity"))));
    std::iter::once(city).chain(billing).collect()
}

/// The cells whose backslashes MySQL's string escapes ate.
fn backslashes(source: Dialect) -> Vec<(&'static str, Line)> {
    let cell = |(id, name): &(&str, &str)| {
        let eaten = name.replace('\\', "");
        let (source_name, target_name) = if source == Dialect::Mysql { (&*eaten, *name) } else { (*name, &*eaten) };
        ("track", Line::cell(&[id], spelled(source, "name", "Name"), source_name, target_name))
    };
    TRACKS.iter().map(cell).collect()
}

fn spelled(dialect: Dialect, snake: &'static str, camel: &'static str) -> &'static str {
    if dialect == Dialect::Postgres { snake } else { camel }
}

/// Fails unless a report names exactly these cells, and every other table of Chinook matches.
#[track_caller]
fn assert_exactly(report: &Report, source: Dialect, expected: &[(&str, Line)]) {
    let names: Vec<&str> = TABLES.iter().map(|(snake, camel)| spelled(source, snake, camel)).collect();
    let mut listed = report.tables();
    listed.sort();
    assert_eq!(listed, names);
    for (snake, camel) in TABLES {
        let lines: Vec<Line> =
            expected.iter().filter(|(table, _)| *table == snake).map(|(_, line)| line.clone()).collect();
        let name = spelled(source, snake, camel);
        if lines.is_empty() {
            report.assert_match(name);
        } else {
            report.assert_lines(name, &lines);
        }
        let [rows_source, rows_target] = report.rows(name);
        assert!(rows_source.is_some_and(|rows| rows > 0), "{name} was read");
        assert_eq!(rows_source, rows_target, "{name}");
    }
}

#[track_caller]
fn differs(source: Dialect, target: Dialect, expected: &[(&str, Line)], cells: usize) {
    assert_eq!(expected.len(), cells);
    let tieout = Tieout::new();
    let outcome = tieout.diff(published(source), published(target), &[]).exits(1);
    let report = outcome.report();
    assert_eq!(report.verdict(), "differ");
    assert_exactly(&report, source, expected);
}

#[track_caller]
fn matches_once_mended(source: Dialect, target: Dialect) {
    let tieout = Tieout::new();
    let report = tieout.diff(mended(source), mended(target), &[]).exits(0).report();
    assert_eq!(report.verdict(), "match");
    assert_exactly(&report, source, &[]);
}

#[test]
fn postgres_against_mysql_differs_in_12_cells() {
    let expected = [blanks(Dialect::Postgres), backslashes(Dialect::Postgres)].concat();
    differs(Dialect::Postgres, Dialect::Mysql, &expected, 12);
}

#[test]
fn mysql_against_postgres_differs_in_12_cells() {
    let expected = [blanks(Dialect::Mysql), backslashes(Dialect::Mysql)].concat();
    differs(Dialect::Mysql, Dialect::Postgres, &expected, 12);
}

#[test]
fn postgres_against_sqlite_differs_in_8_cells() {
    differs(Dialect::Postgres, Dialect::Sqlite, &blanks(Dialect::Postgres), 8);
}

#[test]
fn sqlite_against_postgres_differs_in_8_cells() {
    differs(Dialect::Sqlite, Dialect::Postgres, &blanks(Dialect::Sqlite), 8);
}

#[test]
fn mysql_against_sqlite_differs_in_4_cells() {
    differs(Dialect::Mysql, Dialect::Sqlite, &backslashes(Dialect::Mysql), 4);
}

#[test]
fn sqlite_against_mysql_differs_in_4_cells() {
    differs(Dialect::Sqlite, Dialect::Mysql, &backslashes(Dialect::Sqlite), 4);
}

#[test]
fn postgres_and_mysql_match_once_their_cells_are_mended() {
    matches_once_mended(Dialect::Postgres, Dialect::Mysql);
    matches_once_mended(Dialect::Mysql, Dialect::Postgres);
}

#[test]
fn postgres_and_sqlite_match_once_their_cells_are_mended() {
    matches_once_mended(Dialect::Postgres, Dialect::Sqlite);
    matches_once_mended(Dialect::Sqlite, Dialect::Postgres);
}

#[test]
fn mysql_and_sqlite_match_once_their_cells_are_mended() {
    matches_once_mended(Dialect::Mysql, Dialect::Sqlite);
    matches_once_mended(Dialect::Sqlite, Dialect::Mysql);
}

#[test]
fn the_lines_stand_in_the_order_of_their_keys() {
    let tieout = Tieout::new();
    let report = tieout.diff(published(Dialect::Postgres), published(Dialect::Mysql), &[]).exits(1).report();
    let keys: Vec<String> = report.lines("invoice").into_iter().map(|line| line.key.concat()).collect();
    assert_eq!(keys, INVOICES);
}

#[test]
fn names_that_met_inexactly_are_shown() {
    let tieout = Tieout::new();
    let report = tieout.diff(published(Dialect::Postgres), published(Dialect::Sqlite), &[]).exits(1).report();
    let findings = report.findings("playlist_track");
    assert!(findings.contains("PlaylistTrack"), "{findings}");
    assert_eq!(report.table("playlist_track")["target"], "PlaylistTrack");
    assert_eq!(report.table("playlist_track")["key"], serde_json::json!(["playlist_id", "track_id"]));
}

#[test]
fn a_mysql_user_who_may_only_read_gets_the_same_answer() {
    let mysql = published(Dialect::Mysql);
    let reader = mysql.replace("mysql://app:", "mysql://reader:");
    assert_ne!(mysql, reader);
    let folders = [Tieout::new(), Tieout::new()];
    let [as_owner, as_reader] = [(&folders[0], mysql), (&folders[1], reader)]
        .map(|(tieout, url)| tieout.diff(published(Dialect::Postgres), url, &[]).exits(1).report());
    assert_exactly(
        &as_reader,
        Dialect::Postgres,
        &[blanks(Dialect::Postgres), backslashes(Dialect::Postgres)].concat(),
    );
    let how = |report: &Report| report.summary["target"]["consistency"].as_str().expect("a consistency").to_owned();
    assert_ne!(how(&as_owner), how(&as_reader), "the report says which way the snapshot was taken");
}
