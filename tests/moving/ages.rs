//! `min_age`: the newest rows are left out, on both sides.

use crate::binary::{Outcome, Tieout};
use crate::result::Line;
use crate::servers::{MariaDb, Postgres};

fn run(tieout: &Tieout, source: &str, target: &str, table: &str) -> Outcome {
    let config =
        format!("[source]\nurl = \"{source}\"\n[target]\nurl = \"{target}\"\n[[tables]]\nsource = \"t\"\n{table}\n");
    tieout.write("tieout.toml", config);
    tieout.run(["run", "tieout.toml"])
}

const AGE: &str = "min_age = \"5m\"\nupdated_at = \"changed\"";

#[test]
fn a_key_is_left_out_where_a_row_of_either_side_is_young() {
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let source = postgres.database(
        "age",
        "CREATE TABLE t (id bigint PRIMARY KEY, n bigint, changed timestamptz);
         INSERT INTO t SELECT i, 0, '2026-01-01 00:00:00+00' FROM generate_series(1, 1000) i;
         UPDATE t SET n = 1, changed = now() WHERE id = 1;                             -- young here, old there
         UPDATE t SET n = 1 WHERE id = 2;                                             -- old, and differs
         DELETE FROM t WHERE id = 3;                                                   -- old there: unexpected
         INSERT INTO t VALUES (2000, 0, now()), (2001, 0, '2026-01-01 00:00:00+00'), (2002, 0, NULL);",
    );
    let target = mariadb.database(
        "age",
        "SET time_zone = '+00:00';
         CREATE TABLE t (id bigint PRIMARY KEY, n bigint, changed timestamp(6) NULL);
         INSERT INTO t SELECT seq, 0, '2026-01-01 00:00:00' FROM seq_1_to_1000;
         UPDATE t SET n = 1, changed = NOW(6) WHERE id = 4;
         INSERT INTO t VALUES (3000, 0, NOW(6));",
    );
    let tieout = Tieout::new();
    let outcome = run(&tieout, &postgres.url(&source), &mariadb.url(&target), AGE).exits(1);
    let report = outcome.report();
    report.assert_lines(
        "t",
        &[
            Line::cell(&["2"], "n", "1", "0"),
            Line::unexpected(&["3"]),
            Line::missing(&["2001"]),
            // A row that does not say when it was changed is compared.
            Line::missing(&["2002"]),
        ],
    );
    let moving = &report.table("t")["moving"];
    assert_eq!((&moving["too_young"], &moving["stable"]), (&4.into(), &4.into()), "{moving:#}");
    assert_eq!(moving["cut_offs"], report.table("t")["verified_until"]);
    assert!(outcome.stdout.contains("4 left out as too young"), "{outcome}");
    tieout.run(["verify", "reports/latest", "--repeat"]).exits(0);
}

#[test]
fn an_ignored_column_without_a_zone_serves_once_its_zone_is_told() {
    let mariadb = MariaDb::shared();
    let made = |n: u32| {
        format!(
            "CREATE TABLE t (id bigint PRIMARY KEY, n bigint, changed datetime(6));
             INSERT INTO t VALUES (1, {n}, UTC_TIMESTAMP(6)), (2, 2, '2026-01-01 00:00:00');"
        )
    };
    let (source, target) = (mariadb.database("age_zone", &made(1)), mariadb.database("age_zone", &made(2)));
    let tieout = Tieout::new();
    let (source, target) = (mariadb.url(&source), mariadb.url(&target));
    let ignoring = format!("{AGE}\nignore = [\"changed\"]");
    run(&tieout, &source, &target, &ignoring).fails(2).saying(&["names no zone", "time_zone"]);
    let zoned = format!("{ignoring}\n[[tables.columns]]\nsource = \"changed\"\ntime_zone = \"UTC\"");
    let report = run(&tieout, &source, &target, &zoned).exits(0).report();
    assert_eq!(report.table("t")["moving"]["too_young"], 1);
    assert_eq!(report.table("t")["verdict"], "match");
}

#[test]
fn min_age_needs_a_column_of_times() {
    let postgres = Postgres::shared();
    let made = "CREATE TABLE t (id bigint PRIMARY KEY, n bigint); INSERT INTO t VALUES (1, 1);";
    let (source, target) = (postgres.database("age_none", made), postgres.database("age_none", made));
    let (source, target) = (postgres.url(&source), postgres.url(&target));
    let tieout = Tieout::new();
    run(&tieout, &source, &target, "min_age = \"5m\"").fails(2).saying(&["updated_at"]);
    run(&tieout, &source, &target, "min_age = \"5m\"\nupdated_at = \"n\"").fails(2).saying(&["which is no time"]);
    let report = run(&tieout, &source, &target, AGE).exits(0).report();
    assert!(report.findings("t").contains("min_age leaves out no row"), "{}", report.findings("t"));
}
