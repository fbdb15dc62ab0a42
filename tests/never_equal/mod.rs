//! Never equal by accident: two stores that hold the same data, of which one fails to hand all of it over. Whatever
//! fails, the verdict is never `match`.

mod faulty;

use std::path::Path;
use std::sync::Arc;

use faulty::{Fault, Faulty};
use tieout::config::{Options, RunPlan, StorePlan};
use tieout::model::{Pair, Side, Silent, Summary, TableRequest, Verdict};

/// Two equal SQLite stores with the tables `orders` (30,000 rows, so that it has several parts) and `customers`.
fn stores(folder: &Path) -> Pair<String> {
    let path = folder.join("source.db");
    let store = rusqlite::Connection::open(&path).unwrap();
    store
        .execute_batch(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT, total DECIMAL(10,2));
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
             INSERT INTO orders SELECT i, 'order ' || i, i * 0.25 FROM n;
             CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);
             INSERT INTO customers VALUES (1, 'Ada'), (2, 'Grace');",
        )
        .unwrap();
    drop(store);
    let other = folder.join("target.db");
    std::fs::copy(&path, &other).unwrap();
    Pair::new(path.display().to_string(), other.display().to_string())
}

fn compare(side: Side, fault: Fault, tables: Option<Vec<TableRequest>>) -> Summary {
    let folder = tempfile::tempdir().unwrap();
    let urls = stores(folder.path());
    let plan = RunPlan {
        stores: urls.clone().map(|url| StorePlan { url, time_zone: None }),
        tables,
        defaults: TableRequest::default(),
        options: Options { out: folder.path().join("reports"), workers: 2, ..Options::default() },
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut opened = Pair {
            source: tieout::store::connect::connect(&urls.source).await.unwrap(),
            target: tieout::store::connect::connect(&urls.target).await.unwrap(),
        };
        let inner = opened.get(side).clone();
        *opened.get_mut(side) = Arc::new(Faulty::new(inner, fault));
        tieout::run::run_on(&plan, opened, Arc::new(Silent)).await.unwrap().summary
    })
}

fn verdict_of(summary: &Summary, table: &str) -> Verdict {
    summary.tables.iter().find(|t| t.name == table).map(|t| t.verdict).unwrap()
}

#[test]
fn without_a_fault_the_stores_match() {
    let summary = compare(Side::Source, Fault::None, None);
    assert_eq!(summary.verdict, Verdict::Match);
    assert_eq!(summary.exit_code, 0);
}

#[test]
fn a_stream_that_ends_early_without_an_error_is_undecided_on_either_side() {
    for side in Side::BOTH {
        let summary = compare(side, Fault::EndsEarly, None);
        assert_eq!(verdict_of(&summary, "orders"), Verdict::Undecided);
        assert_eq!((summary.verdict, summary.exit_code), (Verdict::Undecided, 3));
        let reason = summary.tables.iter().find(|t| t.name == "orders").unwrap().reason.clone().unwrap();
        assert!(reason.contains("counts 30000 rows"), "{reason}");
    }
}

#[test]
fn streams_that_end_early_on_both_sides_alike_are_undecided() {
    // Both sides lose the same rows: what is left is equal, and still nothing is proven.
    let folder = tempfile::tempdir().unwrap();
    let urls = stores(folder.path());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let plan = RunPlan {
        stores: urls.clone().map(|url| StorePlan { url, time_zone: None }),
        tables: None,
        defaults: TableRequest::default(),
        options: Options { out: folder.path().join("reports"), ..Options::default() },
    };
    let summary = runtime.block_on(async {
        let one = tieout::store::connect::connect(&urls.source).await.unwrap();
        let other = tieout::store::connect::connect(&urls.target).await.unwrap();
        let faulty = Pair {
            source: Arc::new(Faulty::new(one, Fault::EndsEarly)) as Arc<dyn tieout::store::Store>,
            target: Arc::new(Faulty::new(other, Fault::EndsEarly)) as Arc<dyn tieout::store::Store>,
        };
        tieout::run::run_on(&plan, faulty, Arc::new(Silent)).await.unwrap().summary
    });
    assert_eq!(summary.verdict, Verdict::Undecided);
}

#[test]
fn a_range_that_was_not_read_is_undecided() {
    let summary = compare(Side::Target, Fault::SkipsAPart, None);
    assert_eq!(verdict_of(&summary, "orders"), Verdict::Undecided);
}

#[test]
fn a_range_that_was_read_twice_is_not_a_match() {
    let summary = compare(Side::Target, Fault::RepeatsAPart, None);
    assert_ne!(verdict_of(&summary, "orders"), Verdict::Match);
}

#[test]
fn a_reader_that_fails_leaves_its_table_undecided_and_the_others_compared() {
    let summary = compare(Side::Source, Fault::Fails, None);
    assert_eq!(verdict_of(&summary, "orders"), Verdict::Undecided);
    assert_eq!(verdict_of(&summary, "customers"), Verdict::Match);
    assert_eq!(summary.verdict, Verdict::Undecided);
}

#[test]
fn a_table_that_was_not_found_is_never_a_match() {
    let on_one_side = compare(Side::Target, Fault::HidesATable, None);
    assert_eq!(verdict_of(&on_one_side, "orders"), Verdict::Differ);
    let asked = TableRequest { names: Pair::new("nowhere".into(), "nowhere".into()), ..Default::default() };
    let on_neither = compare(Side::Target, Fault::None, Some(vec![asked]));
    assert_eq!(on_neither.verdict, Verdict::Undecided);
    let no_table_asked = compare(Side::Target, Fault::None, Some(Vec::new()));
    assert_eq!(no_table_asked.verdict, Verdict::Undecided);
}

#[test]
fn a_column_that_could_not_be_compared_is_undecided_though_all_else_is_equal() {
    let summary = compare(Side::Target, Fault::ChangesAType, None);
    assert_eq!(verdict_of(&summary, "orders"), Verdict::Undecided);
    let total = summary.tables.iter().find(|t| t.name == "orders").unwrap();
    assert!(total.columns.iter().any(|c| c.status == tieout::model::ColumnStatus::Incomparable));
}
