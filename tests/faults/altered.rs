//! Tables that are altered while a run is under way: no snapshot holds their shape, so the table is undecided and it is said what changed.

use std::sync::Arc;

use async_trait::async_trait;
use tieout::config::{Options, RunPlan, StorePlan};
use tieout::error::Result;
use tieout::model::{Pair, Silent, StoreIdentity, Table, TableName, TableRequest, Verdict};
use tieout::store::{Store, StoreSnapshot};

use super::kept::Hold;
use super::network::{Server, script_of, target_of};
use super::{QUICK, config};
use crate::binary::Tieout;
use crate::proxy::{Proxy, Strike, What};
use crate::servers::{MariaDb, Postgres};

const TABLES: &str = "CREATE TABLE still (id int PRIMARY KEY, name text); INSERT INTO still VALUES (1, 'a');
    CREATE TABLE moving (id int PRIMARY KEY, name text); INSERT INTO moving VALUES (1, 'a'), (2, 'b');";

/// A run between two databases of PostgreSQL in which `change` comes through on the target after the tables were described and before
/// `moving` is read.
#[track_caller]
fn changed(change: &str, reason: &str) {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let source = postgres.database("altered_source", TABLES);
    let database = postgres.database("altered", TABLES);
    config(&tieout, &postgres.url(&source), &postgres.url(&database), QUICK);
    let mut hold = Hold::of(postgres, &database, "moving");
    let run = tieout.start(tieout.command(["run", "-q"]));
    hold.wait_until_somebody_waits();
    hold.say(&format!("{change}; COMMIT;"));
    let outcome = run.end().exits(3).saying(&["public.moving was altered while it was read", reason]);
    let report = outcome.report();
    assert_eq!(report.table("moving")["verdict"], "undecided");
    assert_eq!(report.table("still")["verdict"], "match");
    outcome.assert_nothing_looks_equal();
}

#[test]
fn a_column_that_comes_or_goes_while_a_table_is_read_is_an_error() {
    changed("ALTER TABLE moving ADD COLUMN extra int DEFAULT 7", "column extra integer is new");
    changed(
        "ALTER TABLE moving ALTER COLUMN id TYPE bigint",
        "column id integer not null became column id bigint not null",
    );
}

#[test]
fn a_table_that_is_emptied_while_it_is_read_is_an_error_and_not_an_empty_table() {
    // TRUNCATE does not respect snapshots: it shows an empty table to those that began before it.
    changed("TRUNCATE moving", "the file of its rows");
    // The same rows again, in another file: what was read of which is not known.
    changed("TRUNCATE moving; INSERT INTO moving VALUES (1, 'a'), (2, 'b')", "the file of its rows");
}

#[test]
fn both_sides_emptied_while_they_are_read_are_no_match() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let [source, database] = [0, 1].map(|_| postgres.database("emptied", TABLES));
    config(&tieout, &postgres.url(&source), &postgres.url(&database), QUICK);
    let mut holds = [Hold::of(postgres, &source, "moving"), Hold::of(postgres, &database, "moving")];
    let run = tieout.start(tieout.command(["run", "-q"]));
    holds.iter().for_each(Hold::wait_until_somebody_waits);
    holds.iter_mut().for_each(|hold| hold.say("TRUNCATE moving; COMMIT;"));
    let outcome = run.end().exits(3);
    assert_eq!(outcome.report().table("moving")["verdict"], "undecided");
}

#[test]
fn a_table_of_mariadb_that_is_altered_while_a_run_is_under_way_is_undecided() {
    for change in
        ["ALTER TABLE small ADD COLUMN extra int DEFAULT 7", "TRUNCATE small", "ALTER TABLE small MODIFY id bigint"]
    {
        let tieout = Tieout::new();
        target_of(&tieout, 8000);
        let mariadb = MariaDb::shared();
        let database = mariadb.database("altered", &script_of(Server::MariaDb, 8000));
        // One session reads the big table first, slowly: time enough to alter the small one.
        let what = What::Slow(std::time::Duration::from_millis(15));
        let proxy =
            Proxy::before(mariadb.server.port, Strike { from_server: true, at: 1 << 20, what, times: u32::MAX });
        config(&tieout, &mariadb.url_as("app", proxy.port, &database), "target.db", &format!("workers = 1\n{QUICK}"));
        let run = tieout.start(tieout.command(["run", "-q"]));
        proxy.wait_for_strikes(1);
        let altered = chrono::Utc::now();
        mariadb.run(&database, change);
        let outcome = run.end();
        let report = outcome.report();
        assert_eq!(report.counts("big"), [1, 1, 0, 1], "{change}\n{outcome}");
        if report.table("small")["verdict"] == "match" {
            // Whichever table comes first is read first: what was read before is what it was.
            let manifest = tieout.latest().join("snapshots/small/source/manifest.json");
            let manifest = std::fs::read(manifest).expect("a manifest");
            let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
            let finished =
                manifest["taken"]["finished"].as_str().expect("a moment").parse::<chrono::DateTime<chrono::Utc>>();
            assert!(finished.expect("a moment") <= altered, "{change}\n{outcome}");
        } else {
            assert_eq!(report.table("small")["verdict"], "undecided", "{change}\n{outcome}");
        }
    }
}

/// An SQLite store whose table gets a column after it was described.
struct Altered {
    inner: Arc<dyn Store>,
    path: std::path::PathBuf,
}

#[async_trait]
impl Store for Altered {
    fn identity(&self) -> &StoreIdentity {
        self.inner.identity()
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        self.inner.tables().await
    }

    async fn describe(&self, name: &TableName) -> Result<Table> {
        self.inner.describe(name).await
    }

    async fn shapes(&self, names: &[TableName]) -> Result<std::collections::HashMap<TableName, Vec<String>>> {
        self.inner.shapes(names).await
    }

    async fn open(&self, workers: usize) -> Result<Arc<dyn StoreSnapshot>> {
        let writer = rusqlite::Connection::open(&self.path).expect("the store");
        writer.execute_batch("ALTER TABLE t ADD COLUMN extra TEXT DEFAULT 'x'").expect("altered");
        drop(writer);
        self.inner.open(workers).await
    }
}

#[test]
fn a_table_of_sqlite_that_is_altered_before_its_snapshot_begins_is_undecided() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a');";
    let [source, target] = ["source.db", "target.db"].map(|name| crate::sqlite::database(folder.path(), name, table));
    let url = |path: &std::path::Path| path.display().to_string();
    let plan = RunPlan {
        stores: Pair::new(url(&source), url(&target)).map(|url| StorePlan { url, time_zone: None }),
        tables: None,
        defaults: TableRequest::default(),
        options: Options { out: folder.path().join("reports"), ..Options::default() },
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let summary = runtime.block_on(async {
        let connect = |path: std::path::PathBuf| async move {
            tieout::store::connect::connect(&url(&path)).await.expect("a store")
        };
        let inner = connect(source.clone()).await;
        let altered: Arc<dyn Store> = Arc::new(Altered { inner, path: source.clone() });
        let stores = Pair::new(altered, connect(target).await);
        tieout::run::run_on(&plan, stores, Arc::new(Silent)).await.expect("a run").summary
    });
    assert_eq!(summary.verdict, Verdict::Undecided, "{:?}", summary.tables[0].reason);
    let reason = summary.tables[0].reason.clone().expect("a reason");
    assert!(reason.contains("table t was altered while it was read"), "{reason}");
}
