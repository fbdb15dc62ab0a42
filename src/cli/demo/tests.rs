//! The demo against the truth about its damage: everything is found, and nothing else.

use std::collections::BTreeSet;

use tieout::model::{Silent, Verdict};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_comparison_finds_all_damage_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let damage = build(dir.path(), 8_000, &AtomicBool::new(false)).unwrap();
    let urls = Pair::from_fn(|side| path(dir.path(), side).to_string_lossy().into_owned());
    let out = Some(dir.path().join("reports"));
    let plan = plan_without_file(urls, &Overrides { out, ..Overrides::default() }).unwrap();
    let finished = tieout::run::run(&plan, Arc::new(Silent)).await.unwrap();
    assert_eq!(finished.summary.verdict, Verdict::Differ);
    assert_eq!(finished.summary.exit_code, 1);
    assert_eq!(finished.summary.tables.len(), 4);
    for table in &finished.summary.tables {
        assert_eq!(table.counts, damage.counts(&table.name), "{}", table.name);
        let csv = finished.directory.join("tables").join(&table.name).join("differences.csv");
        assert_eq!(found_keys(&csv), damaged_keys(&damage, &table.name), "{}", table.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mishap_is_named_as_a_cause_with_its_very_count() {
    let dir = tempfile::tempdir().unwrap();
    let damage = build(dir.path(), 20_000, &AtomicBool::new(false)).unwrap();
    let urls = Pair::from_fn(|side| path(dir.path(), side).to_string_lossy().into_owned());
    let out = Some(dir.path().join("reports"));
    let plan = plan_without_file(urls, &Overrides { out, ..Overrides::default() }).unwrap();
    let finished = tieout::run::run(&plan, Arc::new(Silent)).await.unwrap();
    let mut found: Vec<(String, Option<String>, String, u64)> = Vec::new();
    for table in finished.summary.tables {
        let causes = table.causes.into_iter();
        found.extend(causes.map(|cause| (table.name.clone(), cause.column, cause.kind, cause.rows)));
    }
    let own = |m: &damage::Mishap| (m.table.to_owned(), m.column.map(str::to_owned), m.cause.to_owned(), m.count);
    let mut known: Vec<_> = damage.mishaps.iter().map(own).collect();
    found.sort();
    known.sort();
    assert_eq!(found, known);
}

/// Class and key of every line.
fn found_keys(csv: &Path) -> BTreeSet<(String, String)> {
    let mut reader = csv::Reader::from_path(csv).unwrap();
    reader.records().map(|line| line.unwrap()).map(|line| (line[0].to_owned(), line[1].to_owned())).collect()
}

fn damaged_keys(damage: &Damage, table: &str) -> BTreeSet<(String, String)> {
    let mishaps = damage.mishaps.iter().filter(|mishap| mishap.table == table);
    mishaps.flat_map(|m| m.keys.iter().map(|key| (m.class.name().to_owned(), key.clone()))).collect()
}

#[test]
fn the_demo_says_what_it_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let damage = build(dir.path(), 2_000, &AtomicBool::new(false)).unwrap();
    let text = told(&damage, Path::new("tieout-demo"), 2_000);
    assert!(text.contains("2,000 rows are in tieout-demo"), "{text}");
    for said in
        ["customers.note", "orders.comment", "order_lines.unit_price", "payments.paid_at", "missing", "duplicate"]
    {
        assert!(text.contains(said), "{said}\n{text}");
    }
}
