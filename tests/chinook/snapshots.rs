//! `tieout snapshot` of each dialect, then `tieout diff` of the folders: offline, and the same bytes as the live run.

use super::{Dialect, published};
use crate::binary::Tieout;

fn same_differences_offline(source: Dialect, target: Dialect) {
    let tieout = Tieout::new();
    let live = tieout.diff(published(source), published(target), &[]).exits(1).report();
    for (side, dialect) in [("old", source), ("new", target)] {
        tieout.run(["snapshot", &published(dialect), "--out", side]).exits(0);
    }
    let offline = tieout.diff("old", "new", &["--out", "offline"]).exits(1);
    let offline =
        crate::result::Report::read(&tieout.path("offline/latest")).unwrap_or_else(|e| panic!("{e}\n{offline}"));
    assert_eq!(live.tables(), offline.tables());
    for table in live.tables() {
        assert_eq!(live.counts(table), offline.counts(table), "{table}");
        assert_eq!(live.table(table)["key"], offline.table(table)["key"], "{table}");
        if live.counts(table) != [0; 4] {
            assert_eq!(live.csv(table), offline.csv(table), "{table}");
        }
    }
}

#[test]
fn postgres_and_mysql() {
    same_differences_offline(Dialect::Postgres, Dialect::Mysql);
}

#[test]
fn postgres_and_sqlite() {
    same_differences_offline(Dialect::Postgres, Dialect::Sqlite);
}

#[test]
fn mysql_and_sqlite() {
    same_differences_offline(Dialect::Mysql, Dialect::Sqlite);
}

#[test]
fn a_snapshot_meets_a_live_store() {
    let tieout = Tieout::new();
    tieout.run(["snapshot", &published(Dialect::Mysql), "--out", "mysql"]).exits(0);
    let report = tieout.diff(published(Dialect::Sqlite), "mysql", &[]).exits(1).report();
    assert_eq!(report.counts("Track"), [0, 0, 0, 4]);
    assert_eq!(report.counts("Customer"), [0; 4]);
}
