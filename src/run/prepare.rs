//! Before a row is read: connect, list and describe the tables, decide what is compared as what.

use std::collections::HashMap;
use std::sync::Arc;

use super::names::check_gate;
use super::retry::Retry;
use crate::config::RunPlan;
use crate::error::{Error, ErrorKind, Result};
use crate::mapping::names::nearest;
use crate::mapping::{Described, TableMatch, match_tables, plan_tables, request_and_match_tables, request_tables};
use crate::model::{
    Pair, PatternRequest, Progress, Side, StoreIdentity, StoreKind, Table, TableName, TableOutcome, TablePlan,
    TableRequest, TableResult,
};
use crate::schema::{self, Subject};
use crate::store::{Store, connect};

/// Both stores and what is to be compared.
pub(super) struct Prepared {
    pub stores: Pair<Arc<dyn Store>>,
    pub tables: Vec<TableOutcome>,
    /// How many tables there are on either side.
    pub tables_existing: u64,
    /// Why some tables could not be described.
    pub failures: Vec<Error>,
    /// The shapes of the tables before they were described.
    pub shapes: Pair<Shapes>,
}

type Shapes = HashMap<TableName, Vec<String>>;

impl Prepared {
    pub fn identities(&self) -> Pair<StoreIdentity> {
        self.stores.as_ref().map(|store| store.identity().clone())
    }
}

/// Connects to both stores of the plan.
pub(super) async fn connect(plan: &RunPlan, retry: &Retry, progress: &dyn Progress) -> Result<Pair<Arc<dyn Store>>> {
    let retry = retry.at_first_contact();
    let connect = async |side: Side, name: &str| {
        let (url, sessions) = (&plan.stores.get(side).url, plan.options.load.get(side).sessions);
        retry.of(name, || connect::connect_within(url, sessions)).await
    };
    let stores =
        Pair { source: connect(Side::Source, "the source").await?, target: connect(Side::Target, "the target").await? };
    progress.note("connected to both stores");
    Ok(stores)
}

pub(super) async fn prepare(
    plan: &RunPlan,
    stores: Pair<Arc<dyn Store>>,
    retry: &Retry,
    progress: &dyn Progress,
) -> Result<Prepared> {
    let names = Pair {
        source: retry.of("the source", || stores.source.tables()).await?,
        target: retry.of("the target", || stores.target.tables()).await?,
    };
    for side in Side::BOTH {
        if names.get(side).is_empty() {
            let error = Error::store(format!("the {side} has no tables: nothing can be compared"))
                .at(&stores.get(side).identity().url)
                .hint("check the path, or the database and the user's rights in the URL");
            return Ok(Prepared {
                stores,
                tables: Vec::new(),
                tables_existing: existing(&names),
                failures: vec![error],
                shapes: Pair::default(),
            });
        }
    }
    let tables_existing = existing(&names);
    let names = names.as_ref().map(Vec::as_slice);
    // What holds for all tables is added below, after what closer requests ask.
    let nothing = TableRequest::default();
    let mut matches = match &plan.tables {
        Some(requests) if plan.options.all_tables => request_and_match_tables(names, requests, &nothing)?,
        Some(requests) => request_tables(names, requests)?,
        None => match_tables(names, &nothing)?,
    };
    for one in &mut matches {
        let fits = |group: &&PatternRequest| {
            Side::BOTH.iter().any(|side| one.names.get(*side).as_ref().is_some_and(|name| group.fits(name)))
        };
        for group in plan.options.groups.iter().filter(fits) {
            one.request.under(&group.request);
        }
        one.request.under(&plan.defaults);
    }
    check_filters(&matches, &stores)?;
    let (mut described_tables, mut settled, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    let (mut catalogues, shapes) = describe(&stores, &matches, retry).await?;
    for asked in matches {
        if asked.names.source.is_none() && asked.names.target.is_none() {
            failures.push(unknown_table(&asked.name, names));
        }
        match described(&mut catalogues, &asked) {
            Ok((tables, more)) => described_tables.push(Described { asked, tables, more }),
            Err(error) if error.kind() == ErrorKind::Usage => return Err(error),
            Err(error) => {
                let error = plan.options.values.error(error);
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
    let planned: Vec<&TablePlan> = tables.iter().filter_map(planned).collect();
    plan.options.values.check_columns(&planned, plan.tables.is_none() && settled.is_empty())?;
    tables.extend(settled);
    tables.sort_by(|one, other| name(one).cmp(name(other)));
    check_gate(plan, &tables)?;
    progress.note(&format!("{} tables are mapped", tables.len()));
    Ok(Prepared { stores, tables, tables_existing, failures, shapes })
}

/// The tables of both stores, those that meet counted once. Where it is ambiguous which ones meet, as few as may be.
fn existing(names: &Pair<Vec<TableName>>) -> u64 {
    let both = names.as_ref().map(Vec::as_slice);
    let matched = match_tables(both, &TableRequest::default()).map(|all| all.len());
    matched.unwrap_or_else(|_| names.source.len().max(names.target.len())) as u64
}

/// A condition is SQL of the store it is meant for; files and snapshots have none.
fn check_filters(matches: &[TableMatch], stores: &Pair<Arc<dyn Store>>) -> Result<()> {
    for side in Side::BOTH {
        let identity = stores.get(side).identity();
        let sql = matches!(identity.kind, StoreKind::Sqlite | StoreKind::Postgres | StoreKind::Mysql);
        if !sql && matches.iter().any(|one| one.request.filters.get(side).is_some()) {
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

/// The tables of both sides, and the further ones that are read with them.
type Tables = (Pair<Option<Table>>, Pair<Vec<Table>>);

async fn describe(
    stores: &Pair<Arc<dyn Store>>,
    matches: &[TableMatch],
    retry: &Retry,
) -> Result<(Catalogues, Pair<Shapes>)> {
    let (mut catalogues, mut shapes) = (Catalogues::default(), Pair::<Shapes>::default());
    for side in Side::BOTH {
        let asked = |asked: &TableMatch| [asked.names.get(side).as_slice(), asked.more.get(side)].concat();
        let mut names: Vec<TableName> = matches.iter().flat_map(asked).collect();
        names.sort();
        names.dedup();
        let (store, what) = (stores.get(side), format!("the {side}"));
        // Before the description: what is altered in between shows when the rows have been read.
        *shapes.get_mut(side) = retry.of(&what, || store.shapes(&names)).await?;
        let tables = retry.of(&what, || described_now(store.as_ref(), &names)).await;
        // A store that is lost for good fails table by table.
        let tables = match tables {
            Ok(tables) => tables,
            Err(_) => store.describe_all(&names).await,
        };
        *catalogues.get_mut(side) = names.into_iter().zip(tables).collect();
    }
    Ok((catalogues, shapes))
}

/// The tables of a store; fails where one of them failed for the moment.
async fn described_now(store: &dyn Store, names: &[TableName]) -> Result<Vec<Result<Table>>> {
    let mut tables = store.describe_all(names).await;
    match tables.iter().position(|table| table.as_ref().is_err_and(Error::is_transient)) {
        Some(at) => Err(tables.swap_remove(at).err().unwrap_or_else(Error::interrupted)),
        None => Ok(tables),
    }
}

fn described(catalogues: &mut Catalogues, asked: &TableMatch) -> Result<Tables> {
    let (mut tables, mut more) = (Pair::default(), Pair::<Vec<Table>>::default());
    for side in Side::BOTH {
        let catalogue = catalogues.get_mut(side);
        for name in asked.more.get(side) {
            more.get_mut(side).push(described_table(catalogue, name, side)?);
        }
        if let Some(name) = asked.names.get(side) {
            *tables.get_mut(side) = Some(described_table(catalogue, name, side)?);
        }
    }
    Ok((tables, more))
}

/// Several pairs may share a table; an error, which cannot be copied, goes to the first.
fn described_table(catalogue: &mut HashMap<TableName, Result<Table>>, name: &TableName, side: Side) -> Result<Table> {
    let unknown = || Error::store(format!("the {side}'s table {name} could not be described"));
    match catalogue.get(name) {
        Some(Ok(table)) => Ok(table.clone()),
        Some(Err(_)) => Err(catalogue.remove(name).and_then(Result::err).unwrap_or_else(unknown)),
        None => Err(unknown()),
    }
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

/// The plan of a table that is to be compared.
pub(super) fn planned(outcome: &TableOutcome) -> Option<&TablePlan> {
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
