//! Before a row is read: connect, list and describe the tables, decide what is compared as what.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::RunPlan;
use crate::error::{Error, ErrorKind, Result};
use crate::mapping::names::nearest;
use crate::mapping::{Described, TableMatch, match_tables, plan_tables, request_tables};
use crate::model::{Pair, Progress, Side, StoreIdentity, StoreKind, Table, TableName, TableOutcome, TableResult};
use crate::schema::{self, Subject};
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
    let (mut described_tables, mut settled, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    let mut catalogues = describe(&stores, &matches).await;
    for asked in matches {
        if asked.names.source.is_none() && asked.names.target.is_none() {
            failures.push(unknown_table(&asked.name, names));
        }
        match described(&mut catalogues, &asked) {
            Ok(tables) => described_tables.push(Described { asked, tables }),
            Err(error) if error.kind() == ErrorKind::Usage => return Err(error),
            Err(error) => {
                let result = TableResult { reason: Some(error.to_string()), ..asked.result() };
                settled.push(TableOutcome::Settled(Box::new(result)));
                failures.push(error);
            }
        }
    }
    let tables_of: HashMap<String, Pair<Option<Table>>> =
        described_tables.iter().map(|one| (one.asked.name.clone(), one.tables.clone())).collect();
    let zones = plan.stores.as_ref().map(|store| store.time_zone);
    let mut tables = plan_tables(described_tables, zones)?;
    compare_schemas(&mut tables, &tables_of);
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

/// What the catalogues say of the tables of each side, by name.
type Catalogues = Pair<HashMap<TableName, Result<Table>>>;

async fn describe(stores: &Pair<Arc<dyn Store>>, matches: &[TableMatch]) -> Catalogues {
    let mut catalogues = Catalogues::default();
    for side in Side::BOTH {
        let mut names: Vec<TableName> = matches.iter().filter_map(|asked| asked.names.get(side).clone()).collect();
        names.sort();
        names.dedup();
        let tables = stores.get(side).describe_all(&names).await;
        *catalogues.get_mut(side) = names.into_iter().zip(tables).collect();
    }
    catalogues
}

fn described(catalogues: &mut Catalogues, asked: &TableMatch) -> Result<Pair<Option<Table>>> {
    let mut tables = Pair::default();
    for side in Side::BOTH {
        let Some(name) = asked.names.get(side) else { continue };
        // Two pairs may share a table; an error, which cannot be copied, goes to the first.
        let catalogue = catalogues.get_mut(side);
        *tables.get_mut(side) = match catalogue.get(name) {
            Some(Ok(table)) => Some(table.clone()),
            Some(Err(_)) => match catalogue.remove(name) {
                Some(Err(error)) => return Err(error),
                _ => None,
            },
            None => return Err(Error::store(format!("the {side}'s table {name} could not be described"))),
        };
    }
    Ok(tables)
}

/// Adds to every table in what its schemas differ.
fn compare_schemas(outcomes: &mut [TableOutcome], tables: &HashMap<String, Pair<Option<Table>>>) {
    let results: Vec<TableResult> = outcomes
        .iter()
        .map(|outcome| match outcome {
            TableOutcome::Compare(plan) => plan.result(),
            TableOutcome::Settled(result) => (**result).clone(),
        })
        .collect();
    let subjects: Vec<Subject<'_>> = results
        .iter()
        .map(|TableResult { name, columns, .. }| {
            let tables = tables.get(name).map_or(Pair::default(), |pair| pair.as_ref().map(Option::as_ref));
            Subject { name, tables, columns }
        })
        .collect();
    for (outcome, findings) in outcomes.iter_mut().zip(schema::compare(&subjects)) {
        match outcome {
            TableOutcome::Compare(plan) => plan.schema = findings,
            TableOutcome::Settled(result) => result.schema = findings,
        }
    }
}

fn name(outcome: &TableOutcome) -> &str {
    match outcome {
        TableOutcome::Compare(plan) => &plan.name,
        TableOutcome::Settled(result) => &result.name,
    }
}
