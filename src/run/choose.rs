//! Chooses what of each table is sampled, once for both sides and before either is read.

use std::sync::Arc;

use super::reading::Reader;
use crate::canonical::CanonicalType;
use crate::config::Options;
use crate::error::Result;
use crate::model::{Pair, Sampling, Side, TableOutcome, TablePlan, TableRead};
use crate::sampling::{KeyChoice, RangeChoice};
use crate::store::KeySpan;

/// What of a table is read and compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Choice {
    /// Ranges of the first key column.
    Ranges(RangeChoice),
    /// Keys by their hash: everything is read.
    Keys(KeyChoice),
}

impl Choice {
    /// What it holds of a table, for the manifest of its snapshot: a sample is not to be taken for the table.
    pub fn described(&self) -> String {
        match self {
            Choice::Ranges(choice) => {
                let (chosen, total) = choice.counts();
                format!("a sample of {chosen} of {total} ranges of the key")
            }
            Choice::Keys(_) => "a sample by the hash of the key".into(),
        }
    }
}

/// The choice for each table; `None` where it is compared in full, because no sample was asked for or it has no rows.
pub(super) async fn choose(
    tables: &[TableOutcome],
    readers: &Pair<Reader>,
    options: &Options,
) -> Vec<Option<Arc<Choice>>> {
    let mut choices = Vec::with_capacity(tables.len());
    for outcome in tables {
        choices.push(match (outcome, &options.sampling) {
            (TableOutcome::Compare(plan), Some(sampling)) => {
                choice(plan, readers, options, sampling).await.map(Arc::new)
            }
            _ => None,
        });
    }
    choices
}

async fn choice(plan: &TablePlan, readers: &Pair<Reader>, options: &Options, sampling: &Sampling) -> Option<Choice> {
    let (rows_per_range, patience) = (options.rows_per_range, options.retry.silence_max);
    let rows = Side::BOTH.iter().map(|side| rows_estimate(plan, *side)).max().flatten();
    // A store that cannot be asked will fail at reading, and say why.
    let span = tokio::time::timeout(patience, span(plan, readers)).await;
    match span.ok().and_then(Result::ok).unwrap_or(KeySpan::Unknown) {
        KeySpan::Empty => None,
        KeySpan::Between(min, max) => Some(Choice::Ranges(RangeChoice::new(
            &plan.name,
            (min, max),
            rows,
            rows_per_range,
            &sampling.size,
            sampling.seed,
        ))),
        KeySpan::Unknown => Some(Choice::Keys(KeyChoice::new(&plan.name, rows, &sampling.size, sampling.seed))),
    }
}

fn tables_of(plan: &TablePlan, side: Side) -> impl Iterator<Item = &crate::model::Table> {
    std::iter::once(plan.tables.get(side)).chain(plan.more.get(side))
}

/// About how many rows a side has; `None` where one of its tables does not say.
fn rows_estimate(plan: &TablePlan, side: Side) -> Option<u64> {
    tables_of(plan, side).map(|table| table.rows_estimate).sum()
}

/// Between which numbers the first key column lies, over both sides; unknown where no index of integers serves on one of them.
async fn span(plan: &TablePlan, readers: &Pair<Reader>) -> Result<KeySpan> {
    let mut all = KeySpan::Empty;
    for side in Side::BOTH {
        let Some(column) = indexed_integer(plan, side) else { return Ok(KeySpan::Unknown) };
        for table in tables_of(plan, side) {
            let read = TableRead { table: table.clone(), filter: None };
            all = match (all, readers.get(side).snapshot().key_span(&read, column).await?) {
                (_, KeySpan::Unknown) => return Ok(KeySpan::Unknown),
                (known, KeySpan::Empty) => known,
                (KeySpan::Between(min, max), KeySpan::Between(least, most)) => {
                    KeySpan::Between(min.min(least), max.max(most))
                }
                (_, known) => known,
            };
        }
    }
    Ok(all)
}

/// The first key column of a side, where it holds integers as they are and a declared key begins with it.
fn indexed_integer(plan: &TablePlan, side: Side) -> Option<&str> {
    let compared = plan.columns[*plan.key.first()?].compared.as_ref()?;
    if compared.rules.is_some() || compared.expressions.source.is_some() || compared.expressions.target.is_some() {
        return None;
    }
    let position = *compared.positions.get(side);
    let name = plan.tables.get(side).columns[position].name.as_str();
    let serves = |table: &crate::model::Table| {
        let Some(column) = table.columns.iter().find(|column| column.name == name) else { return false };
        let is_integer = match &column.canonical {
            CanonicalType::Int64 | CanonicalType::UInt64 => !column.nullable,
            // SQLite's columns hold anything: the store looks whether there are other values, or NULL.
            CanonicalType::Loose(_) => true,
            _ => false,
        };
        is_integer && table.keys.iter().any(|key| key.columns.first().is_some_and(|first| first == name))
    };
    tables_of(plan, side).all(serves).then_some(name)
}
