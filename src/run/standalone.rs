//! Takes the snapshot of one store alone, to be compared elsewhere or later.

use std::path::Path;
use std::sync::Arc;

use super::directory::{check_output, folder};
use super::job::Job;
use super::load::Gently;
use super::reading::Reader;
use super::retry::Retry;
use crate::config::{Keep, Options, StorePlan};
use crate::error::{Error, Result};
use crate::mapping;
use crate::model::{Pair, Progress, Side, TableName, TableRead, TableRequest};
use crate::store::connect;
use crate::throttle::LoadPlan;

/// A snapshot that is compared later is sampled then; until then the default serves.
const ROWS_PER_RANGE: u64 = 512;

/// What was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotDone {
    /// The number of tables.
    pub tables: u64,
    /// The number of rows of all tables.
    pub rows: u64,
}

/// Takes a snapshot of `tables` (all, where none are named) of one store: a directory for each in `out`.
pub async fn snapshot(
    store: &StorePlan,
    tables: Option<&[String]>,
    out: &Path,
    workers: usize,
    load: &LoadPlan,
    progress: Arc<dyn Progress>,
) -> Result<SnapshotDone> {
    check_output(out)?;
    let store = connect::connect(&store.url).await?;
    let names = chosen(&store.tables().await?, tables, &store.identity().url)?;
    for name in &names {
        let directory = out.join(folder(&name.to_string()));
        if directory.exists() {
            return Err(Error::usage(format!("there is a snapshot of table {name} already"))
                .at(directory.display())
                .hint("choose another directory with --out, or remove this one"));
        }
    }
    let shapes = store.shapes(&names).await?;
    let retry = Retry::new(&Options::default(), progress.clone());
    let gently = Gently { load: load.clone(), side: Side::Source, progress: progress.clone() };
    let reader = Reader::open_to_renew(store.clone(), workers, shapes, retry, gently).await?;
    let mut done = SnapshotDone { tables: 0, rows: 0 };
    for name in names {
        let table = store.describe(&name).await?;
        let job = Job {
            side: Side::Source,
            name: name.to_string(),
            layout: mapping::own_layout(&table),
            reads: vec![TableRead { table, filter: None }],
            copy_all: true,
            keep: Keep::Full,
            digest_again: false,
            rows_per_range: ROWS_PER_RANGE,
            // Whoever compares it is to find the digests of its rows.
            by_number: false,
            keys_may_repeat: true,
            choice: None,
            retries: Arc::default(),
            seal: None,
        };
        let directory = out.join(folder(&name.to_string()));
        let taken = reader.read(&job, &directory, progress.clone()).await?;
        done.tables += 1;
        done.rows += taken.snapshot.manifest().rows;
    }
    Ok(done)
}

fn chosen(all: &[TableName], wanted: Option<&[String]>, store: &str) -> Result<Vec<TableName>> {
    let Some(wanted) = wanted else {
        return if all.is_empty() {
            Err(Error::store("the store has no tables").at(store).hint("check the path or the database in the URL"))
        } else {
            Ok(all.to_vec())
        };
    };
    let requests: Vec<TableRequest> = wanted
        .iter()
        .map(|name| TableRequest { names: Pair::new(name.clone(), name.clone()), ..Default::default() })
        .collect();
    let mut names = Vec::new();
    for found in mapping::request_tables(Pair::new(all, all), &requests)? {
        match found.names.source {
            Some(name) => names.push(name),
            None => {
                let known = all.iter().map(|name| name.name.as_str());
                let error = Error::store(format!("there is no table {}", found.name)).at(store);
                return Err(match mapping::names::nearest(&found.name, known) {
                    Some(near) => error.hint(format!("did you mean {near}?")),
                    None => error.hint("`tieout init` lists the tables of a store"),
                });
            }
        }
    }
    Ok(names)
}
