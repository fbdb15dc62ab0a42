//! `CONFORMANCE.md`: what is owed and what was given, case by case and pair by pair.

use std::collections::BTreeMap;

use super::Outcome;
use super::cases::{Case, Kind, Kit};

const HEAD: &str = "# Conformance

What `tieout` says of the traps of comparing data across engines. **This page is generated**: the test `conformance` runs every
case of [`fixtures/cases/`](fixtures/cases/README.md) through the built program against live servers, and fails when a verdict
or this page has changed. To write it anew: `TIEOUT_BLESS=1 ci/test conformance`.

An EQUAL pair of values was compared among equal rows only, as the only column of a key, and beside a row that differs (which
alone was found). A CORRUPT pair was compared by itself, and as the only difference of its range in a table of 100,000 rows. The
letters of a case's name follow the catalogue of traps; names with `+` are our own.

Run against PostgreSQL 15, MariaDB 10.11, the SQLite that is built in, and files. **Not run: MySQL 8**, which could not be
installed here: its collations, its JSON type (which keeps doubles), `BIN_TO_UUID` and `caching_sha2_password` are not shown by this page.
";

/// The page.
pub fn page(kit: &Kit, outcomes: &[Outcome]) -> String {
    let other: Vec<&Outcome> = outcomes.iter().filter(|o| !kit.cases[o.case].owed.contains(&o.given)).collect();
    let mut page = HEAD.to_owned();
    page.push_str(&format!(
        "\n**{} cases, {} over their pairs of stores: {} gave what is owed, {} something else.**\n",
        kit.cases.len(),
        outcomes.len(),
        outcomes.len() - other.len(),
        other.len()
    ));
    page.push_str(&matrix(outcomes));
    page.push_str("\n## Given is not owed\n\n");
    page.push_str(&table(kit, &other));
    let mut topics: Vec<&str> = Vec::new();
    for case in &kit.cases {
        if !topics.contains(&case.topic.as_str()) {
            topics.push(&case.topic);
        }
    }
    for topic in topics {
        let of_topic: Vec<&Outcome> = outcomes.iter().filter(|o| kit.cases[o.case].topic == topic).collect();
        page.push_str(&format!("\n## {topic}\n\n{}", table(kit, &of_topic)));
    }
    page
}

/// How many cases ran over each pair.
fn matrix(outcomes: &[Outcome]) -> String {
    let titles: Vec<&str> = Kind::ALL.into_iter().map(Kind::title).collect();
    let mut text =
        format!("\n| cases, source ↓ target → | {} |\n|--|{}\n", titles.join(" | "), "--|".repeat(titles.len()));
    for source in Kind::ALL {
        let count = |target| outcomes.iter().filter(|o| o.pair == [source, target]).count().to_string();
        text.push_str(&format!("| {} | {} |\n", source.title(), Kind::ALL.map(count).join(" | ")));
    }
    text
}

/// A line for each case and verdict given, with the pairs that gave it.
fn table(kit: &Kit, outcomes: &[&Outcome]) -> String {
    let mut lines: BTreeMap<(usize, &str), Vec<[Kind; 2]>> = BTreeMap::new();
    for outcome in outcomes {
        lines.entry((outcome.case, &outcome.given)).or_default().push(outcome.pair);
    }
    let mut text = "| case | what | source → target | owed | given |\n|--|--|--|--|--|\n".to_owned();
    for ((case, given), pairs) in lines {
        let case = &kit.cases[case];
        let owed = case.owed.join(" or ");
        let given = if case.owed.iter().any(|owed| owed == given) { given.to_owned() } else { format!("**{given}**") };
        let cells = [case.id.clone(), what(case), over(&pairs), owed, given].map(|cell| cell.replace('|', "\\|"));
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

fn what(case: &Case) -> String {
    if case.note.is_empty() { case.what.clone() } else { format!("{} ({})", case.what, case.note) }
}

/// `PostgreSQL → MariaDB, CSV; SQLite → CSV`.
fn over(pairs: &[[Kind; 2]]) -> String {
    let mut by_source: BTreeMap<Kind, Vec<&str>> = BTreeMap::new();
    for [source, target] in pairs {
        by_source.entry(*source).or_default().push(target.title());
    }
    let lines = by_source.into_iter().map(|(source, targets)| format!("{} → {}", source.title(), targets.join(", ")));
    lines.collect::<Vec<_>>().join("; ")
}
