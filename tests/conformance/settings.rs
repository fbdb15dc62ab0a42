//! Settings of servers and sessions: whatever they say, the digests of a snapshot are the same.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow::array::AsArray;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::cases::{Body, Kind, Kit, Setting};
use super::{Job, Outcome, stores};
use crate::binary::{Tieout, files_beneath};
use crate::servers::{MariaDb, Postgres};

/// Keys and digests, in the order of their bytes.
type Digests = Vec<Vec<u8>>;

/// A job for each store.
pub fn jobs(kit: &Kit) -> Vec<Job<'_>> {
    let mut by_store: BTreeMap<Kind, Vec<(usize, &Setting)>> = BTreeMap::new();
    for (at, case) in kit.cases.iter().enumerate() {
        if let Body::Setting(setting) = &case.body
            && stores().contains(&setting.store)
        {
            by_store.entry(setting.store).or_default().push((at, setting));
        }
    }
    by_store.into_iter().map(|(kind, settings)| Box::new(move || run(kind, &settings)) as Job<'_>).collect()
}

fn run(kind: Kind, settings: &[(usize, &Setting)]) -> Vec<Outcome> {
    // Global settings of MariaDB would reach the databases of other tests.
    let mariadb = (kind == Kind::MariaDb).then(MariaDb::start);
    let fixture = &settings[0].1.fixture;
    let database = match &mariadb {
        Some(mariadb) => mariadb.database("settings", &format!("SET NAMES utf8mb4; {fixture}")),
        None => Postgres::shared().database("settings", fixture),
    };
    let change = |script: &str| {
        let script = script.replace("{database}", &database);
        match &mariadb {
            Some(mariadb) => mariadb.run("mysql", &script),
            None => Postgres::shared().run(&database, &script),
        };
    };
    let url = match &mariadb {
        Some(mariadb) => mariadb.url(&database),
        None => Postgres::shared().url(&database),
    };
    let tieout = Tieout::new();
    let expected = digests(&tieout, "as_it_is", &url, &BTreeMap::new());
    assert!(!expected.is_empty(), "no digests");
    let mut outcomes = Vec::new();
    for (at, setting) in settings {
        change(&setting.change);
        let found = digests(&tieout, &format!("changed_{at}"), &url, &setting.environment);
        change(&setting.undo);
        let given = if found == expected { "EQUAL" } else { "CORRUPT" };
        outcomes.push(Outcome { case: *at, pair: [kind; 2], given: given.to_owned() });
    }
    outcomes
}

/// The digests of a snapshot of all tables.
pub fn digests(tieout: &Tieout, name: &str, url: &str, environment: &BTreeMap<String, String>) -> Digests {
    let mut command = tieout.command(["snapshot", url, "--out", name]);
    command.envs(environment);
    tieout.start(command).end().exits(0);
    digests_beneath(&tieout.path(name))
}

fn digests_beneath(folder: &Path) -> Digests {
    let is_digests = |file: &&std::path::PathBuf| {
        file.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("digests-"))
    };
    let mut digests = Vec::new();
    for file in files_beneath(folder).iter().filter(is_digests) {
        let table = file.parent().and_then(Path::file_name).expect("a folder").as_encoded_bytes();
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file).expect("a file")).expect("Parquet");
        for batch in reader.build().expect("Parquet") {
            let batch = batch.expect("rows");
            let numbers = |name: &str| {
                let column = batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name}"));
                arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8).expect("text")
            };
            let (high, low) = (numbers("high"), numbers("low"));
            let keys = batch.column_by_name("key").expect("keys").as_binary::<i32>();
            for row in 0..batch.num_rows() {
                let parts = [high.as_string::<i32>().value(row), low.as_string::<i32>().value(row)];
                let mut line = [table, keys.value(row)].join(&b'/');
                line.extend_from_slice(parts.join("/").as_bytes());
                digests.push(line);
            }
        }
    }
    digests.sort();
    digests
}
