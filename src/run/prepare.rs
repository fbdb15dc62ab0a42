//! Before a row is read: connect, list and describe the tables, decide what is compared as what.

use std::sync::Arc;

use crate::config::RunPlan;
use crate::error::{Error, ErrorKind, Result};
use crate::mapping::names::nearest;
use crate::mapping::{Described, TableMatch, match_tables, plan_tables, request_tables};
use crate::model::{
    Pair, Progress, Side, StoreIdentity, StoreKind, Table, TableName, TableOutcome, TablePlan, TableResult,
};
use crate::store::{Store, connect};

/// Both stores and what is to be compared.
pub(super) struct Prepared {
    pub stores: Pair<Arc<dyn Store>>,
    pub tables: Vec<TableOutcome>,
    /// Why some tables could not be described.
    pub failures: Vec<Error>,
}

impl Prepared {
    pub fn identities(&self) -> Pair<StoreIdentity> {
        self.stores.as_ref().map(|store| store.identity().clone())
    }
}

/// Connects to both stores of the plan.
pub(super) async fn connect(plan: &RunPlan, progress: &dyn Progress) -> Result<Pair<Arc<dyn Store>>> {
    let stores = Pair {
        source: connect::connect(&plan.stores.source.url).await?,
        target: connect::connect(&plan.stores.target.url).await?,
    };
    progress.note("connected to both stores");
    Ok(stores)
}

pub(super) async fn prepare(plan: &RunPlan, stores: Pair<Arc<dyn Store>>, progress: &dyn Progress) -> Result<Prepared> {
    check_filters(plan, &stores)?;
    let names = Pair { source: stores.source.tables().await?, target: stores.target.tables().await? };
    for side in Side::BOTH {
        if names.get(side).is_empty() {
            let error = Error::store(format!("the {side} has no tables: nothing can be compared"))
                .at(&stores.get(side).identity().url)
                .hint("check the path, or the database and the user's rights in the URL");
            return Ok(Prepared { stores, tables: Vec::new(), failures: vec![error] });
        }
    }
    let names = names.as_ref().map(Vec::as_slice);
    let matches = match &plan.tables {
        Some(requests) => request_tables(names, requests)?,
        None => match_tables(names, &plan.defaults)?,
    };
    let (mut described, mut settled, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    for asked in matches {
        if asked.names.source.is_none() && asked.names.target.is_none() {
            failures.push(unknown_table(&asked.name, names));
        }
        match describe(&stores, &asked).await {
            Ok(tables) => described.push(Described { asked, tables }),
            Err(error) if error.kind() == ErrorKind::Usage => return Err(error),
            Err(error) => {
                let error = plan.options.values.error(error);
                let result = TableResult { reason: Some(error.to_string()), ..asked.result() };
                settled.push(TableOutcome::Settled(Box::new(result)));
                failures.push(error);
            }
        }
    }
    let zones = plan.stores.as_ref().map(|store| store.time_zone);
    let mut tables = plan_tables(described, zones)?;
    let planned: Vec<&TablePlan> = tables.iter().filter_map(planned).collect();
    plan.options.values.check_columns(&planned, plan.tables.is_none() && settled.is_empty())?;
    tables.extend(settled);
    tables.sort_by(|one, other| name(one).cmp(name(other)));
    progress.note(&format!("{} tables are mapped", tables.len()));
    Ok(Prepared { stores, tables, failures })
}

/// A condition is SQL of the store it is meant for; files and snapshots have none.
fn check_filters(plan: &RunPlan, stores: &Pair<Arc<dyn Store>>) -> Result<()> {
    let requests = plan.tables.as_deref().unwrap_or(std::slice::from_ref(&plan.defaults));
    for side in Side::BOTH {
        let identity = stores.get(side).identity();
        let sql = matches!(identity.kind, StoreKind::Sqlite | StoreKind::Postgres | StoreKind::Mysql);
        if !sql && requests.iter().any(|request| request.filters.get(side).is_some()) {
            return Err(Error::usage(format!("a condition (--where) cannot be applied to the {side}: it holds files"))
                .at(&identity.url)
                .hint("compare without the condition, or write the files with it"));
        }
    }
    Ok(())
}

/// The error for a table that was asked for and is nowhere.
fn unknown_table(name: &str, names: Pair<&[TableName]>) -> Error {
    let known: Vec<&str> =
        Side::BOTH.iter().flat_map(|side| names.get(*side).iter()).map(|n| n.name.as_str()).collect();
    let error = Error::store(format!("neither store has a table {name}"));
    match nearest(name, known.iter().copied()) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint("`tieout init SOURCE TARGET` lists the tables of both"),
    }
}

async fn describe(stores: &Pair<Arc<dyn Store>>, asked: &TableMatch) -> Result<Pair<Option<Table>>> {
    let mut tables = Pair::default();
    for side in Side::BOTH {
        if let Some(name) = asked.names.get(side) {
            *tables.get_mut(side) = Some(stores.get(side).describe(name).await?);
        }
    }
    Ok(tables)
}

fn planned(outcome: &TableOutcome) -> Option<&TablePlan> {
    match outcome {
        TableOutcome::Compare(plan) => Some(plan),
        TableOutcome::Settled(_) => None,
    }
}

fn name(outcome: &TableOutcome) -> &str {
    match outcome {
        TableOutcome::Compare(plan) => &plan.name,
        TableOutcome::Settled(result) => &result.name,
    }
}
