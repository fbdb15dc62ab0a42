//! `--mode sample`: what is chosen, what it proves, what it spares the stores, and that it is never called a bare match.

use serde_json::Value;

use crate::binary::Tieout;
use crate::result::Report;
use crate::servers::{MariaDb, Postgres};

const ROWS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)";

/// Creates two SQLite databases, the target with damage on top.
fn databases(tieout: &Tieout, script: &str, damage: &str) {
    for (name, script) in [("source.db", script.to_owned()), ("target.db", format!("{script}; {damage}"))] {
        let _ = std::fs::remove_file(tieout.path(name));
        crate::sqlite::database(tieout.folder.path(), name, &script);
    }
}

fn integers() -> String {
    format!("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t {ROWS} SELECT i, 'row ' || i FROM n")
}

fn texts() -> String {
    format!(
        "CREATE TABLE t (id TEXT PRIMARY KEY NOT NULL, a TEXT); INSERT INTO t {ROWS} SELECT 'k' || i, 'row ' || i FROM n"
    )
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// The summary without what tells the time.
fn timeless(report: &Report) -> Value {
    let mut tables: Vec<Value> = report.tables().into_iter().map(|name| report.table(name).clone()).collect();
    for table in &mut tables {
        table.as_object_mut().expect("an object").remove("seconds");
    }
    Value::Array(tables)
}

#[test]
fn a_sample_names_its_share_and_what_it_proves_wherever_the_result_is_shown() {
    let tieout = Tieout::new();
    databases(&tieout, &integers(), "");
    let outcome =
        tieout.diff("source.db", "target.db", &["--mode", "sample", "--sample", "10%", "--seed", "5"]).exits(0);
    let report = outcome.report();
    let sample = &report.table("t")["sample"];
    assert_eq!((&sample["unit"], &sample["total"], &sample["chosen"]), (&"ranges".into(), &118.into(), &14.into()));
    assert_eq!(sample["differing"], 0);
    let (at_95, at_99) = (number(&sample["upper_95"]), number(&sample["upper_99"]));
    // The rule of three over the 12 ranges that were drawn; one of each stratum is drawn.
    assert!(at_95 > 0.15 && at_95 < 0.25 && at_99 > at_95 && at_99 < 0.35, "{sample}");
    let [Some(rows), _] = report.rows("t") else { panic!("rows") };
    assert!((14 * 508..=14 * 510).contains(&rows), "{rows}");
    assert_eq!(sample["rows_read"]["source"], rows);
    let summary: Value = serde_json::from_slice(&std::fs::read(tieout.latest().join("summary.json")).unwrap()).unwrap();
    let run = &summary["run"];
    assert_eq!((&run["mode"], &run["sample"], &run["seed"]), (&"sample".into(), &"10%".into(), &5.into()));
    let read = |name: &str| std::fs::read_to_string(tieout.latest().join(name)).unwrap();
    for (what, text) in [("stdout", outcome.stdout), ("html", read("report.html")), ("junit", read("junit.xml"))] {
        assert!(text.contains("ample of 10% of each table was compared (seed 5)"), "{what}: {text}");
        assert!(
            text.contains("ample of 14 of 118 ranges of the key: none differs; with 95 % confidence"),
            "{what}: {text}"
        );
        assert!(!text.contains("The two stores hold the same data"), "{what}");
    }
    let manifest = read("snapshots/t/source/manifest.json");
    assert!(manifest.contains("a sample of 14 of 118 ranges of the key"), "{manifest}");
    assert!(read("report.html").contains("--mode sample --sample 10% --seed 5"));
}

#[test]
fn the_same_seed_gives_the_same_ranges_and_report_and_lean_finds_what_full_finds() {
    let tieout = Tieout::new();
    databases(&tieout, &integers(), "UPDATE t SET a = 'x' WHERE id % 97 = 0; DELETE FROM t WHERE id % 1013 = 5");
    let run = |more: &[&str]| {
        let options = [&["--mode", "sample", "--sample", "5%"], more].concat();
        let report = tieout.diff("source.db", "target.db", &options).exits(1).report();
        (report.csv("t"), timeless(&report))
    };
    let first = run(&["--seed", "11"]);
    assert_eq!(first, run(&["--seed", "11", "--workers", "1"]));
    assert_eq!(first, run(&["--seed", "11", "--snapshot", "lean"]));
    assert_ne!(first.0, run(&["--seed", "12"]).0);
    let sample = &first.1[0]["sample"];
    // Every range differs, and the sample has to say so.
    assert_eq!((&sample["differing"], number(&sample["estimate"])), (&sample["chosen"], 1.0));
    assert!(number(&sample["interval"][0]) > 0.3 && number(&sample["interval"][1]) == 1.0, "{sample}");
}

#[test]
fn a_seed_that_is_not_given_is_drawn_and_recorded() {
    let tieout = Tieout::new();
    databases(&tieout, &integers(), "");
    let seed = || {
        tieout.diff("source.db", "target.db", &["--mode", "sample", "--sample", "5%"]).exits(0);
        let summary = std::fs::read(tieout.latest().join("summary.json")).unwrap();
        serde_json::from_slice::<Value>(&summary).unwrap()["run"]["seed"].as_u64().expect("a seed")
    };
    assert_ne!(seed(), seed());
}

#[test]
fn rows_before_the_first_and_after_the_last_key_are_always_seen() {
    let tieout = Tieout::new();
    databases(&tieout, &integers(), "INSERT INTO t VALUES (-4, 'below'), (99999, 'above'); DELETE FROM t WHERE id = 1");
    let report =
        tieout.diff("source.db", "target.db", &["--mode", "sample", "--sample", "1%", "--seed", "1"]).exits(1).report();
    assert_eq!(report.counts("t"), [1, 2, 0, 0], "missing 1, unexpected -4 and 99999");
}

#[test]
fn without_an_index_keys_are_chosen_by_their_hash_on_both_sides() {
    let tieout = Tieout::new();
    let damage = "INSERT INTO t SELECT 'new' || id, a FROM t; DELETE FROM t WHERE id LIKE 'k%7'";
    databases(&tieout, &texts(), damage);
    let run = |kind: &str| {
        let options = ["--mode", "sample", "--sample", "5%", "--seed", "3", "--snapshot", kind];
        tieout.diff("source.db", "target.db", &options).exits(1).report()
    };
    let (report, lean) = (run("full"), run("lean"));
    assert_eq!((report.csv("t"), timeless(&report)), (lean.csv("t"), timeless(&lean)));
    let [missing, unexpected, ..] = report.counts("t");
    assert!((200..400).contains(&missing) && (2700..3300).contains(&unexpected), "{missing}, {unexpected}");
    let sample = &report.table("t")["sample"];
    assert_eq!((&sample["unit"], &sample["total"]), (&"rows".into(), &114_000.into()));
    assert_eq!(sample["rows_read"]["source"], 60_000);
    let truth = 66_000.0 / 114_000.0;
    assert!(number(&sample["interval"][0]) < truth && truth < number(&sample["interval"][1]), "{sample}");
    assert!(report.findings("t").contains("all rows were read"));
}

#[test]
fn files_and_tables_without_a_key_are_sampled_by_hash() {
    let tieout = Tieout::new();
    let rows: String = (0..4000).map(|i| format!("{i},name {i}\n")).collect();
    for side in ["source", "target"] {
        tieout.write(&format!("{side}/t.csv"), format!("id,name\n{rows}"));
    }
    for key in [&["--key", "id"][..], &[]] {
        let options = [&["--mode", "sample", "--sample", "10%", "--seed", "3"], key].concat();
        let report = tieout.diff("source", "target", &options).exits(0).report();
        let [Some(source), Some(target)] = report.rows("t") else { panic!("rows") };
        assert!(source == target && (300..500).contains(&source), "{source}");
        assert!(number(&report.table("t")["sample"]["upper_95"]) < 0.01);
    }
}

#[test]
fn no_sampled_row_is_undecided_and_no_row_at_all_a_match() {
    let tieout = Tieout::new();
    for side in ["source", "target"] {
        tieout.write(&format!("{side}/t.csv"), "id,name\n1,a\n2,b\n");
    }
    let tiny = ["--key", "id", "--mode", "sample", "--sample", "0.000001%", "--seed", "1"];
    let report = tieout.diff("source", "target", &tiny).exits(3).report();
    assert!(report.table("t")["reason"].as_str().unwrap().contains("no row was sampled"));
    databases(&tieout, "CREATE TABLE t (id INTEGER PRIMARY KEY)", "");
    let options = ["--mode", "sample", "--sample", "1%"];
    let report = tieout.diff("source.db", "target.db", &options).exits(0).report();
    assert_eq!(report.rows("t"), [Some(0), Some(0)]);
    databases(&tieout, &integers(), "");
    let nothing = [&options[..], &["--where", "a = 'nowhere'"]].concat();
    tieout.diff("source.db", "target.db", &nothing).exits(3);
}

#[test]
fn a_table_whose_sample_differs_is_compared_in_full_where_that_is_asked() {
    let tieout = Tieout::new();
    databases(&tieout, &integers(), "UPDATE t SET a = 'x' WHERE id IN (1, 777, 20001, 20002, 43210)");
    let options = ["--mode", "sample", "--sample", "1%", "--seed", "1"];
    let sampled = tieout.diff("source.db", "target.db", &options).exits(1).report();
    assert!(sampled.counts("t")[3] < 5, "the sample itself has seen less");
    let outcome = tieout.diff("source.db", "target.db", &[&options[..], &["--escalate"]].concat()).exits(1);
    let full = outcome.report();
    assert_eq!((full.counts("t"), full.rows("t")), ([0, 0, 0, 5], [Some(60_000), Some(60_000)]));
    assert_eq!(full.table("t")["sample"]["escalated"], true);
    assert!(outcome.stdout.contains("so the table was compared in full"), "{outcome}");
}

#[test]
fn the_size_that_proves_a_bound_is_picked() {
    let tieout = Tieout::new();
    databases(&tieout, &integers(), "");
    let options = ["--mode", "sample", "--sample-for", "5%@99%", "--seed", "1"];
    let report = tieout.diff("source.db", "target.db", &options).exits(0).report();
    let sample = &report.table("t")["sample"];
    assert!(number(&sample["upper_99"]) <= 0.05 && sample["chosen"].as_u64() < sample["total"].as_u64(), "{sample}");
}

#[test]
fn a_condition_holds_within_the_sample() {
    let tieout = Tieout::new();
    databases(&tieout, &integers(), "UPDATE t SET a = 'x' WHERE id % 2 = 1");
    let options = ["--mode", "sample", "--sample", "10%", "--seed", "1", "--where", "id % 2 = 0 -- even"];
    let report = tieout.diff("source.db", "target.db", &options).exits(0).report();
    let [Some(rows), _] = report.rows("t") else { panic!("rows") };
    assert!((3000..4000).contains(&rows), "{rows}");
}

#[test]
fn a_config_asks_for_a_sample_and_the_command_line_goes_before_it() {
    let tieout = Tieout::new();
    databases(&tieout, &integers(), "");
    tieout.write(
        "tieout.toml",
        "mode = \"sample\"\nsample = \"10%\"\nseed = 5\n[source]\nurl = \"source.db\"\n[target]\nurl = \"target.db\"\n",
    );
    let sampled = tieout.run(["run"]).exits(0).report();
    assert_eq!(sampled.table("t")["sample"]["chosen"], 14);
    let full = tieout.run(["run", "--mode", "full"]).exits(0).report();
    assert_eq!((full.rows("t"), full.table("t").get("sample")), ([Some(60_000), Some(60_000)], None));
}

#[test]
fn postgres_and_mariadb_are_sampled_by_the_same_ranges_of_a_composite_key() {
    let tieout = Tieout::new();
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let source = postgres.database(
        "sample_composite",
        "CREATE TABLE t (id int, line int, a text, PRIMARY KEY (id, line));
        INSERT INTO t SELECT i / 2, i % 2, 'row ' || i FROM generate_series(1, 60000) i; ANALYZE t;",
    );
    // Twice as wide a type, and keys that the source's type does not hold.
    let target = mariadb.database(
        "sample_composite",
        "CREATE TABLE t (id bigint unsigned, line int, a varchar(40), PRIMARY KEY (id, line));
        INSERT INTO t SELECT seq DIV 2, seq % 2, CONCAT('row ', seq) FROM seq_1_to_60000;
        INSERT INTO t VALUES (18446744073709551615, 1, 'far out'); ANALYZE TABLE t;",
    );
    for kind in ["full", "lean"] {
        let options = ["--mode", "sample", "--sample", "3%", "--seed", "2", "--snapshot", kind];
        let report = tieout.diff(postgres.url(&source), mariadb.url(&target), &options).exits(1).report();
        assert_eq!(report.counts("t"), [0, 1, 0, 0]);
        assert_eq!(report.table("t")["sample"]["unit"], "ranges");
    }
    mariadb.run(&target, "DELETE FROM t WHERE id > 60000; UPDATE t SET a = 'x' WHERE id < 10; ANALYZE TABLE t;");
    let options = ["--mode", "sample", "--sample", "3%", "--seed", "2"];
    let report = tieout.diff(postgres.url(&source), mariadb.url(&target), &options).exits(1).report();
    let [Some(rows), _] = report.rows("t") else { panic!("rows") };
    assert!((1500..6000).contains(&rows), "{rows}");
    assert_eq!(report.table("t")["sample"]["differing"], 1, "all of it lies in the first range");
}

#[test]
fn one_percent_reads_under_three_percent_of_what_a_full_run_reads() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let source = postgres.database(
        "sample_load",
        "CREATE TABLE t (id bigint PRIMARY KEY, a text, b numeric);
        INSERT INTO t SELECT i, 'row ' || i || repeat('x', 60), i * 1.5 FROM generate_series(1, 400000) i;",
    );
    postgres.run(&source, "VACUUM ANALYZE t");
    let target = postgres.copy(&source, "sample_load");
    // Rows, and blocks of the table and its index, so far.
    let load = || {
        std::thread::sleep(std::time::Duration::from_millis(500));
        let read = postgres.run(
            &source,
            "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = 't';
            SELECT heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit FROM pg_statio_user_tables WHERE relname = 't';",
        );
        read.lines().map(|line| line.parse::<u64>().expect("a number")).collect::<Vec<_>>()
    };
    let before = load();
    tieout.diff(postgres.url(&source), postgres.url(&target), &[]).exits(0);
    let between = load();
    let options = ["--mode", "sample", "--sample", "1%", "--seed", "9"];
    let report = tieout.diff(postgres.url(&source), postgres.url(&target), &options).exits(0).report();
    let after = load();
    let full = [0, 1].map(|at| between[at] - before[at]);
    let sampled = [0, 1].map(|at| after[at] - between[at]);
    assert!(full[0] >= 400_000 && sampled[0] >= 4_000, "{full:?}, {sampled:?}");
    for (what, full, sampled) in [("rows", full[0], sampled[0]), ("blocks", full[1], sampled[1])] {
        println!("{what}: {sampled} of {full}");
        assert!(sampled * 100 < full * 3, "{what}: {sampled} of {full}");
    }
    assert_eq!(report.table("t")["sample"]["total"], 782);
}
