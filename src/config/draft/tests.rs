//! The drafted config, read back by the code behind `tieout run`.

use std::path::Path;

use super::*;
use crate::canonical::{CanonicalType, Encoding, Reading};
use crate::config::RunPlan;
use crate::config::file::{Overrides, plan_of_text};
use crate::model::{
    Column, ColumnPlan, ColumnStatus, ComparedColumn, Comparison, Counts, Ranges, Seconds, StoreKind, Table, TableName,
    TablePlan, TableResult, Verdict,
};

fn stores() -> Pair<StorePlan> {
    Pair::new("postgres://app:s3cret@db1/shop", "mysql://app@db2/shop?password=s3cret")
        .map(|url| StorePlan { url: url.into(), time_zone: None })
}

fn identities() -> Pair<StoreIdentity> {
    Pair::new((StoreKind::Postgres, "postgres://app@db1/shop"), (StoreKind::Mysql, "mysql://app@db2/shop"))
        .map(|(kind, url)| StoreIdentity { kind, url: url.into() })
}

fn column(name: &str, target: Option<&str>, status: ColumnStatus) -> ColumnPlan {
    let comparison = Comparison {
        label: "integer".into(),
        readings: Pair::from_fn(|_| Reading { encoding: Encoding::Number, time_zone: None }),
    };
    let compared = (status == ColumnStatus::Compared).then(|| ComparedColumn::plain(Pair::new(0, 0), comparison));
    ColumnPlan { name: name.into(), target: target.map(Into::into), status, compared, findings: vec![] }
}

fn table(name: TableName, columns: &[ColumnPlan], side: Side) -> Table {
    let of_side = columns.iter().filter_map(|c| match side {
        Side::Source => (c.status != ColumnStatus::MissingInSource).then(|| c.name.clone()),
        Side::Target => c.target.clone(),
    });
    let columns = of_side
        .map(|name| Column { name, native: "bigint".into(), canonical: CanonicalType::Int64, nullable: true })
        .collect();
    Table { name, columns, keys: vec![], rows_estimate: None, schema: None }
}

fn compared(names: Pair<TableName>, columns: Vec<ColumnPlan>, key: Vec<usize>) -> TableOutcome {
    TableOutcome::Compare(Box::new(TablePlan {
        name: names.source.name.clone(),
        tables: Pair::new(table(names.source, &columns, Side::Source), table(names.target, &columns, Side::Target)),
        more: Pair::default(),
        filters: Pair::default(),
        columns,
        key,
        key_enforced: Pair::default(),
        age: None,
        findings: vec![],
        schema: vec![],
    }))
}

fn settled(source: Option<&str>, target: Option<&str>) -> TableOutcome {
    TableOutcome::Settled(Box::new(TableResult {
        name: source.or(target).unwrap_or_default().into(),
        source: source.map(Into::into),
        target: target.map(Into::into),
        verdict: Verdict::Differ,
        reason: Some("a reason\nof two lines".into()),
        key: vec![],
        rows: Pair::default(),
        counts: Counts::default(),
        causes: vec![],
        within_tolerance: 0,
        waived: None,
        columns: vec![],
        findings: vec![],
        schema: vec![],
        sample: None,
        moving: None,
        verified_until: None,
        ranges: Ranges::default(),
        retries: 0,
        moments: None,
        seconds: Seconds::default(),
    }))
}

fn shop() -> Vec<TableOutcome> {
    vec![
        compared(
            Pair::new(TableName::in_schema("public", "orders"), TableName::bare("Orders")),
            vec![
                column("id", Some("Id"), ColumnStatus::Compared),
                column("geo", Some("geo"), ColumnStatus::Incomparable),
                column("lost", None, ColumnStatus::MissingInTarget),
                column("extra", Some("extra"), ColumnStatus::MissingInSource),
            ],
            vec![0],
        ),
        compared(
            Pair::new(TableName::bare("log"), TableName::bare("log")),
            vec![column("line", Some("line"), ColumnStatus::Compared)],
            vec![],
        ),
        settled(Some("only_here"), None),
        settled(None, Some("only_there")),
        settled(Some("odd"), Some("odd")),
    ]
}

fn read_back(text: &str) -> RunPlan {
    let environment = |name: &str| name.ends_with("_PASSWORD").then(|| "s3cret".into());
    plan_of_text(Path::new("tieout.toml"), text, &environment, &Overrides::default()).unwrap_or_else(|e| {
        panic!("{e}\n{text}");
    })
}

#[test]
fn run_accepts_a_draft_unchanged() {
    let plan = read_back(&draft(&stores(), &identities(), &shop()));
    assert_eq!(plan.stores.source.url, "postgres://app:s3cret@db1/shop");
    assert_eq!(plan.stores.target.url, "mysql://app@db2/shop?password=s3cret");
    let tables = plan.tables.unwrap();
    let names: Vec<_> = tables.iter().map(|t| (t.names.source.as_str(), t.names.target.as_str())).collect();
    assert_eq!(names, [("public.orders", "Orders"), ("log", "log"), ("odd", "odd")]);
    assert_eq!(tables[0].key.as_deref().unwrap(), ["id"]);
    assert_eq!(tables[1].key, None);
}

#[test]
fn a_draft_holds_no_password() {
    let text = draft(&stores(), &identities(), &shop());
    assert!(!text.contains("s3cret"), "{text}");
    assert!(text.contains("${SOURCE_PASSWORD}") && text.contains("${TARGET_PASSWORD}"), "{text}");
}

#[test]
fn what_does_not_meet_is_told_in_comments() {
    let text = draft(&stores(), &identities(), &shop());
    let comments: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
    for said in ["INCOMPARABLE", "MISSING IN TARGET", "only in the target", "only_here", "only_there", "id = Id"] {
        assert!(comments.iter().any(|line| line.contains(said)), "{said}\n{text}");
    }
    assert!(text.contains("# ignore = [\"geo\", \"lost\"]"), "{text}");
}

#[test]
fn uncommented_tables_and_ignores_are_good_toml() {
    let text = draft(&stores(), &identities(), &shop());
    let uncommented: Vec<&str> = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(toml) if toml == "[[tables]]" || toml.starts_with("source = ") || toml.starts_with("ignore = ") => {
                toml
            }
            _ => line,
        })
        .collect();
    let tables = read_back(&uncommented.join("\n")).tables.unwrap();
    assert_eq!(tables.len(), 5);
    assert_eq!(tables[0].ignore, ["geo", "lost"]);
}

#[test]
fn odd_names_survive_and_never_end_a_comment() {
    for odd in ["two\nlines = 1", "quo\"te'", "back\\slash", "${HOME}", "tab\tbell\u{7}", "\"\"\"", "ünï = ☂", "#"]
    {
        let name = TableName::bare(odd);
        let columns = vec![
            column(odd, Some(odd), ColumnStatus::Compared),
            column(&format!("{odd}2"), Some("x"), ColumnStatus::Incomparable),
        ];
        let outcomes = [compared(Pair::new(name.clone(), name), columns, vec![0]), settled(None, Some(odd))];
        let text = draft(&stores(), &identities(), &outcomes);
        let tables = read_back(&text).tables.unwrap();
        assert_eq!(tables.len(), 1, "{text}");
        assert_eq!(tables[0].names, Pair::new(odd.to_owned(), odd.to_owned()));
        assert_eq!(tables[0].key.as_deref().unwrap(), [odd]);
    }
}

#[test]
fn a_draft_without_tables_is_still_a_config() {
    let plan = read_back(&draft(&stores(), &identities(), &[]));
    assert!(plan.tables.is_none());
}

#[test]
fn the_examples_are_valid_once_they_are_no_comments() {
    let uncommented: String = super::examples::EXAMPLES
        .lines()
        .filter_map(|line| line.strip_prefix("#   "))
        .filter(|line| !line.starts_with("all_tables"))
        .map(|line| format!("{line}\n"))
        .collect();
    let text = format!("all_tables = true\n[source]\nurl = \"a\"\n[target]\nurl = \"b\"\n{uncommented}");
    let plan = plan_of_text(Path::new("tieout.toml"), &text, &|_| None, &Overrides::default());
    let plan = plan.unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert!(plan.defaults.columns.len() >= 12, "{:?}", plan.defaults.columns);
    assert_eq!(plan.options.groups.len(), 1);
}
