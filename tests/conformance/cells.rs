//! Pairs of values: all cases of one pair of stores in one run.
//!
//! Each case is a column of `cells`, where it has a row of its own; an EQUAL case has a second one, whose target differs.
//! EQUAL cases stand in `payload` too, which must match as a whole, and each is the only key of a table `key_…`. A CORRUPT
//! case is the only difference of its range in `among`, a table of 100,000 rows.

use std::collections::BTreeMap;

use super::cases::{Body, Case, Cell, Kind, Kit, Literal};
use super::sheets::{Sheet, integer, store};
use super::{Job, Outcome, name, pairs};
use crate::binary::Tieout;
use crate::result::Report;

/// The rows of `among`.
const AMONG: usize = 100_000;

struct Entry<'a> {
    /// The position in the kit.
    case: usize,
    cell: &'a Cell,
    column: String,
    expected: &'a str,
}

/// A job for each pair of stores.
pub fn jobs(kit: &Kit) -> Vec<Job<'_>> {
    let mut by_pair: BTreeMap<[Kind; 2], Vec<Entry<'_>>> = BTreeMap::new();
    for (at, case) in kit.cases.iter().enumerate() {
        let Body::Cell(cell) = &case.body else { continue };
        for pair in pairs(case) {
            let entry = Entry { case: at, cell, column: column(case), expected: case.expected(pair) };
            by_pair.entry(pair).or_default().push(entry);
        }
    }
    let mut jobs: Vec<(usize, Job<'_>)> = by_pair
        .into_iter()
        .map(|(pair, entries)| (entries.len(), Box::new(move || run(kit, pair, &entries)) as Job<'_>))
        .collect();
    // The longest ones first.
    jobs.sort_by_key(|(cases, _)| std::cmp::Reverse(*cases));
    jobs.into_iter().map(|(_, job)| job).collect()
}

fn column(case: &Case) -> String {
    let name: String =
        case.id.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    format!("c_{name}")
}

fn run(kit: &Kit, pair: [Kind; 2], entries: &[Entry<'_>]) -> Vec<Outcome> {
    let tieout = Tieout::new();
    let sides = ["source", "target"];
    let mut urls = Vec::new();
    for (at, kind) in pair.into_iter().enumerate() {
        let setup: Vec<&str> = kit.setup.values().filter_map(|topic| topic.get(&kind)).map(String::as_str).collect();
        urls.push(store(&tieout, sides[at], kind, &setup.join("\n"), &sheets(kind, at == 0, entries)));
    }
    tieout.write("kit.toml", config(&urls, entries));
    let outcome = tieout.run(["run", "kit.toml"]);
    assert!(matches!(outcome.code, Some(0 | 1 | 3)), "{}: {outcome}", name(pair));
    let judge = Judge::new(outcome.report(), entries);
    let given = |(at, entry): (usize, &Entry<'_>)| Outcome { case: entry.case, pair, given: judge.given(at, entry) };
    entries.iter().enumerate().map(given).collect()
}

/// The rows of a case in `cells`: itself, then its neighbour.
fn rows_of(at: usize) -> [usize; 2] {
    [2 * at + 2, 2 * at + 3]
}

/// The row of a case in `among`, far from all others.
fn row_among(at: usize, entries: usize) -> usize {
    (at + 1) * (AMONG / (entries + 1))
}

fn sheets(kind: Kind, is_source: bool, entries: &[Entry<'_>]) -> Vec<Sheet> {
    let literal = |entry: &Entry<'_>| -> Literal {
        let side = if is_source { &entry.cell.source } else { &entry.cell.target };
        side[&kind].clone()
    };
    let wide = |name: &str, chosen: &[(usize, &Entry<'_>)], rows: Vec<(usize, usize, Option<String>)>| {
        let mut columns = vec![("id".to_owned(), integer(kind)), ("filler".to_owned(), integer(kind))];
        columns.extend(chosen.iter().map(|(_, entry)| (entry.column.clone(), literal(entry).declared().to_owned())));
        let row = |(id, at, value): (usize, usize, Option<String>)| {
            let mut row = vec![None; columns.len()];
            let place = chosen.iter().position(|(entry, _)| *entry == at).expect("a column") + 2;
            (row[0], row[place]) = (Some(id.to_string()), value);
            row
        };
        let rows = rows.into_iter().map(row).collect();
        Sheet { name: name.to_owned(), columns, rows, filled_to: 0 }
    };
    let value = |entry: &Entry<'_>| literal(entry).value().map(str::to_owned);
    let of = |expected: &str| -> Vec<(usize, &Entry<'_>)> {
        entries.iter().enumerate().filter(|(_, entry)| entry.expected == expected).collect()
    };
    let (all, equal, corrupt): (Vec<_>, _, _) = (entries.iter().enumerate().collect(), of("EQUAL"), of("CORRUPT"));

    let mut rows = Vec::new();
    for (at, entry) in &all {
        let [own, neighbour] = rows_of(*at);
        rows.push((own, *at, value(entry)));
        let differing = if is_source { value(entry) } else { entry.cell.other.get(&kind).cloned() };
        rows.push((neighbour, *at, differing));
    }
    let mut sheets = vec![wide("cells", &all, rows)];
    sheets.push(wide("payload", &equal, equal.iter().map(|(at, entry)| (at + 1, *at, value(entry))).collect()));
    let rows = corrupt.iter().map(|(at, entry)| (row_among(*at, entries.len()), *at, value(entry))).collect();
    sheets.push(Sheet { filled_to: AMONG, ..wide("among", &corrupt, rows) });
    for (_, entry) in equal.into_iter().filter(|(_, entry)| can_be_key(entry)) {
        let columns = vec![("k".to_owned(), literal(entry).declared().to_owned()), ("v".to_owned(), integer(kind))];
        let rows = vec![vec![value(entry), Some("1".to_owned())]];
        sheets.push(Sheet { name: key_table(entry), columns, rows, filled_to: 0 });
    }
    sheets
}

/// Whether the value is tried as a key, too: to be near is not to be equal, so a key has no tolerance.
fn can_be_key(entry: &Entry<'_>) -> bool {
    !entry.cell.rule.contains_key("tolerance")
}

fn key_table(entry: &Entry<'_>) -> String {
    entry.column.replacen("c_", "key_", 1)
}

fn config(urls: &[String], entries: &[Entry<'_>]) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let mut config = format!("[source]\nurl = {}\n[target]\nurl = {}\n", quoted(&urls[0]), quoted(&urls[1]));
    let rule = |config: &mut String, entry: &Entry<'_>, column: &str| {
        if !entry.cell.rule.is_empty() {
            config.push_str(&format!("[[tables.columns]]\nsource = {}\n", quoted(column)));
            for (key, value) in &entry.cell.rule {
                config.push_str(&format!("{key} = {value}\n"));
            }
        }
    };
    for (table, only) in [("cells", ""), ("payload", "EQUAL"), ("among", "CORRUPT")] {
        config.push_str(&format!("[[tables]]\nsource = \"{table}\"\nkey = [\"id\"]\n"));
        for entry in entries.iter().filter(|entry| only.is_empty() || entry.expected == only) {
            rule(&mut config, entry, &entry.column);
        }
    }
    for entry in entries.iter().filter(|entry| entry.expected == "EQUAL" && can_be_key(entry)) {
        config.push_str(&format!("[[tables]]\nsource = \"{}\"\nkey = [\"k\"]\n", key_table(entry)));
        rule(&mut config, entry, "k");
    }
    config
}

/// Reads the verdict of each case off a run.
struct Judge {
    report: Report,
    entries: usize,
    /// The keys of the corrupt cells by table and column.
    corrupt: BTreeMap<(String, String), Vec<usize>>,
}

impl Judge {
    fn new(report: Report, entries: &[Entry<'_>]) -> Self {
        let mut corrupt: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for table in ["cells", "payload", "among"] {
            for line in report.lines(table) {
                assert_eq!(line.class, "corrupt", "{table}: {line:?}");
                let row = line.key[0].parse().expect("an id");
                corrupt.entry((table.to_owned(), line.column)).or_default().push(row);
            }
        }
        Self { report, entries: entries.len(), corrupt }
    }

    fn rows(&self, table: &str, column: &str) -> &[usize] {
        self.corrupt.get(&(table.to_owned(), column.to_owned())).map_or(&[], Vec::as_slice)
    }

    fn given(&self, at: usize, entry: &Entry<'_>) -> String {
        let column = &entry.column;
        match self.report.column("cells", column)["status"].as_str() {
            Some("compared") => {}
            Some(status) => return status.to_uppercase(),
            None => return "NOTHING".to_owned(),
        }
        let [own, neighbour] = rows_of(at);
        let corrupt = self.rows("cells", column);
        let mut given = if corrupt.contains(&own) { "CORRUPT" } else { "EQUAL" }.to_owned();
        if let Some(other) = corrupt.iter().find(|row| ![own, neighbour].contains(row)) {
            given.push_str(&format!("; and row {other}, which is another case's"));
        }
        match entry.expected {
            "EQUAL" => {
                if !corrupt.contains(&neighbour) {
                    given.push_str("; its differing neighbour is not found");
                }
                let payload = self.report.table("payload");
                if !self.rows("payload", column).is_empty() {
                    given.push_str("; CORRUPT among equals");
                } else if payload["verdict"] != "match" && self.corrupt.keys().all(|(table, _)| table != "payload") {
                    given.push_str(&format!("; among equals {}: {}", payload["verdict"], payload["reason"]));
                }
                if can_be_key(entry) && self.report.table(&key_table(entry))["verdict"] != "match" {
                    let key = self.report.table(&key_table(entry));
                    let counts = self.report.counts(&key_table(entry));
                    given.push_str(&format!("; as key {} {counts:?} {}", key["verdict"], key["reason"]));
                }
            }
            "CORRUPT" => {
                let among = self.rows("among", column);
                if among != [row_among(at, self.entries)] {
                    given.push_str(&format!("; alone among 100,000 rows found in {among:?}"));
                }
            }
            _ => {}
        }
        given
    }
}
