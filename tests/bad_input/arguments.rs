//! Wrong arguments and wrong configs: exit code 2, and nothing is compared.

use super::two_stores;
use crate::binary::Tieout;

#[track_caller]
fn wrong_usage(more: &[&str], saying: &[&str]) {
    let tieout = Tieout::new();
    two_stores(&tieout);
    tieout.diff("source.db", "target.db", more).fails(2).saying(saying);
    assert_eq!(tieout.files("reports"), Vec::<std::path::PathBuf>::new(), "nothing was compared, nothing is written");
}

#[test]
fn an_unknown_column_in_key() {
    wrong_usage(&["--key", "idd"], &["idd", "id"]);
    wrong_usage(&["--key", "id,nope"], &["nope"]);
}

#[test]
fn an_unknown_column_in_ignore() {
    wrong_usage(&["--ignore", "nme"], &["nme", "name"]);
}

#[test]
fn a_key_column_that_is_ignored() {
    wrong_usage(&["--key", "id", "--ignore", "id"], &["id"]);
}

#[test]
fn an_unknown_time_zone() {
    let tieout = Tieout::new();
    two_stores(&tieout);
    let outcome = tieout.diff("source.db", "target.db", &["--time-zone", "Europe/Wien"]).exits(2);
    outcome.saying(&["Europe/Wien", "Europe/Vienna"]);
}

#[test]
fn an_unknown_option() {
    let tieout = Tieout::new();
    two_stores(&tieout);
    let outcome = tieout.diff("source.db", "target.db", &["--wrokers", "2"]).exits(2);
    outcome.saying(&["--wrokers", "--workers"]);
}

#[test]
fn values_that_make_no_sense() {
    for more in [["--workers", "0"], ["--workers", "many"], ["--memory", "lots"], ["--memory", "0"]] {
        let tieout = Tieout::new();
        two_stores(&tieout);
        tieout.diff("source.db", "target.db", &more).exits(2).saying(&[more[1]]);
    }
}

#[test]
fn a_missing_argument() {
    let tieout = Tieout::new();
    tieout.run(["diff", "source.db"]).exits(2);
    tieout.run(["frobnicate"]).exits(2).saying(&["frobnicate"]);
    tieout.run([""; 0]).exits(2);
}

#[test]
fn a_store_of_an_unknown_kind() {
    let tieout = Tieout::new();
    two_stores(&tieout);
    tieout.diff("oracle://app@db/shop", "target.db", &[]).fails(2).saying(&["oracle"]);
}

#[test]
fn an_unknown_config_key_with_the_nearest_known_one() {
    let tieout = Tieout::new();
    two_stores(&tieout);
    let config = tieout.run(["init", "source.db", "target.db"]).exits(0).stdout;
    tieout.write("tieout.toml", format!("wrokers = 2\n{config}"));
    tieout.run(["run"]).fails(2).saying(&["wrokers", "workers", "tieout.toml"]);
}

#[test]
fn a_config_that_is_no_toml() {
    let tieout = Tieout::new();
    tieout.write("tieout.toml", "this is = = no toml\n");
    tieout.run(["run"]).fails(2).saying(&["tieout.toml"]);
}

#[test]
fn a_config_that_is_not_there() {
    let tieout = Tieout::new();
    tieout.run(["run"]).fails(2).saying(&["tieout.toml"]);
    tieout.run(["run", "nightly.toml"]).fails(2).saying(&["nightly.toml"]);
}

#[test]
fn an_environment_variable_that_is_not_set() {
    let tieout = Tieout::new();
    two_stores(&tieout);
    let config = tieout.run(["init", "source.db", "target.db"]).exits(0).stdout;
    let changed = config.replace("source.db", "${TIEOUT_TEST_NOT_SET}");
    assert_ne!(config, changed);
    tieout.write("tieout.toml", changed);
    tieout.run(["run"]).fails(2).saying(&["TIEOUT_TEST_NOT_SET"]);
}
