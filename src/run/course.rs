//! Compares all tables in the order of the plan, and reads again what has to be.

use std::borrow::Cow;
use std::sync::Arc;

use super::compare::{self, Compared, Context};
use super::load::Due;
use super::prepare::{self, Prepared};
use super::reading::Reader;
use super::results::{self, Results, Wait};
use super::retry::Retry;
use super::{choose, moments, waiting};
use crate::config::KeepSnapshots;
use crate::error::Result;
use crate::model::{Consistency, Pair, Progress, TableOutcome, TablePlan};

/// Keys that wait to be read again take at most one part in this many of the run's memory.
const KEYS_SHARE_OF_MEMORY: u64 = 4;

/// Reads and compares all tables but those that are taken over.
pub(super) async fn compare_all(
    prepared: &mut Prepared,
    readers: Pair<Reader>,
    mut results: Results,
    context: Context<'_>,
    retry: &Retry,
    progress: Arc<dyn Progress>,
    due: &Due,
) -> Result<Results> {
    let _stopper = due.stops(&readers, progress.clone());
    let Context { plan, directory, .. } = context;
    let rechecks = match plan.options.consistency {
        Consistency::Snapshot => false,
        Consistency::Eventual => true,
        Consistency::Strong => results.fence.as_ref().is_none_or(|fence| fence.source_moved),
    };
    let context = Context { rechecks, ..context };
    moments::cut_off(prepared, &results.moments)?;
    match plan.options.keep_snapshots {
        KeepSnapshots::Always => {}
        KeepSnapshots::Differ => progress.note("of tables that do not differ no snapshots are kept"),
        KeepSnapshots::Never => progress.note("no snapshots are kept (--keep-snapshots): the run cannot be repeated"),
    }
    let mut key_bytes_left = plan.options.memory_bytes_max / KEYS_SHARE_OF_MEMORY;
    let mut waits = Vec::new();
    let is_open =
        |outcome: &&TableOutcome| prepare::planned(outcome).is_none_or(|plan| !results.kept.contains_key(&plan.name));
    let open: Cow<'_, [TableOutcome]> = match results.kept.is_empty() {
        true => Cow::Borrowed(&prepared.tables),
        false => Cow::Owned(prepared.tables.iter().filter(is_open).cloned().collect()),
    };
    let choices = due.before(choose::choose(&open, &readers, &plan.options)).await;
    // Without a choice nothing is read any more, either: every table says so.
    let choices = choices.unwrap_or_else(|_| vec![None; open.len()]);
    let mut reading = waiting::start(&open, &choices, &readers, directory, &plan.options, progress.clone());
    for outcome in &prepared.tables {
        let table = match outcome {
            TableOutcome::Settled(result) => {
                results.settle((**result).clone());
                continue;
            }
            TableOutcome::Compare(table) => table,
        };
        if results.keep(table, directory)? {
            continue;
        }
        let again = || {
            let one = std::slice::from_ref(outcome);
            waiting::start(one, &[None], &readers, directory, &plan.options, progress.clone())
        };
        let comparing = async {
            let read = reading.next_table().await;
            let mut compared = compare::compare(table, read, context, &mut key_bytes_left).await;
            // A second reading that lost the snapshot of the first: the table begins again in the next one.
            let mut restarts = 0;
            while let Some(error) = compared.lost_after_reading()
                && plan.options.sampling.is_none()
                && retry.again(&table.name, restarts, error).await
                && directory.forget(&table.name).is_ok()
            {
                restarts += 1;
                let retries = compared.result.retries + 1;
                let read = again().next_table().await;
                compared = compare::compare(table, read, context, &mut key_bytes_left).await;
                compared.result.retries += retries;
            }
            if plan.options.sampling.as_ref().is_some_and(|sampling| sampling.escalate)
                && compared.sample_differs()
                && directory.forget(&table.name).is_ok()
            {
                let read = again().next_table().await;
                let sampled = compared.result;
                compared = compare::compare(table, read, context, &mut key_bytes_left).await;
                compared.escalated_from(sampled);
            }
            compared
        };
        let mut compared = match due.before(comparing).await {
            Ok(compared) => compared,
            Err(late) => Compared::failed(table, late, plan),
        };
        let at = results.settle(table.result());
        match compared.pending.take() {
            Some(pending) => waits.push(Wait { at, table, compared, pending: *pending }),
            None => results.put(at, table, compared, directory)?,
        }
    }
    drop(reading);
    results.close(&readers);
    // What is read again is read in other transactions: these need not be held any longer.
    drop(readers);
    let waiting: Vec<(usize, &TablePlan)> = waits.iter().map(|wait| (wait.at, wait.table)).collect();
    match due.before(results::read_again(waits, &prepared.stores, context, &mut results)).await {
        Ok(read) => read?,
        Err(late) => results.late(&waiting, late),
    }
    Ok(results)
}
