//! What is read of one side of a table, and for what.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::choose::Choice;
use crate::config::{Keep, Options};
use crate::mapping;
use crate::model::{DigestLayout, Side, Table, TablePlan, TableRead};
use crate::sampling::KeyChoice;

/// What one side of one table is read into.
pub(super) struct Job {
    pub side: Side,
    /// The table's name in reports.
    pub name: String,
    /// What is read of the store's table, or of several whose rows are taken for those of one. The first stands for all.
    pub reads: Vec<TableRead>,
    pub layout: DigestLayout,
    /// Whether rows that lie in Parquet files already are copied all the same.
    pub copy_all: bool,
    /// Whether the rows are kept, or only their digests.
    pub keep: Keep,
    /// Whether digests of an earlier snapshot are computed again all the same.
    pub digest_again: bool,
    /// About how many rows a range will have.
    pub rows_per_range: u64,
    /// Whether the key is one integer: then the digests of ranges are summed as the rows pass.
    pub by_number: bool,
    /// Whether the digests of single rows may be wanted after that, to count keys that repeat.
    pub keys_may_repeat: bool,
    /// What is read and kept; `None` for everything.
    pub choice: Option<Arc<Choice>>,
    /// How often it was tried again to read something of it.
    pub retries: Arc<AtomicU64>,
    /// Where it is written down that the side was read whole, should the run break off before the table is compared.
    pub seal: Option<PathBuf>,
}

impl Job {
    /// One side of a planned table.
    pub fn of(plan: &TablePlan, side: Side, options: &Options, choice: Option<Arc<Choice>>) -> Self {
        Self {
            side,
            name: plan.name.clone(),
            reads: std::iter::once(plan.tables.get(side))
                .chain(plan.more.get(side))
                .map(|table| TableRead { table: table.clone(), filter: plan.filters.get(side).clone() })
                .collect(),
            layout: mapping::layout(plan, side),
            copy_all: false,
            keep: options.keep,
            digest_again: false,
            rows_per_range: options.rows_per_range,
            by_number: plan.has_number_key(),
            keys_may_repeat: !plan.key_enforced.get(side),
            choice,
            retries: Arc::default(),
            seal: None,
        }
    }

    /// The keys that are kept of all that are read; `None` where all are.
    pub fn keys(&self) -> Option<KeyChoice> {
        match self.choice.as_deref() {
            Some(Choice::Keys(keys)) => Some(keys.clone()),
            _ => None,
        }
    }

    /// Whether only some ranges of the key are read.
    pub fn is_sample_of_ranges(&self) -> bool {
        matches!(self.choice.as_deref(), Some(Choice::Ranges(_)))
    }

    /// The table whose columns all rows have.
    pub fn table(&self) -> &Table {
        &self.reads[0].table
    }

    /// The condition on the rows.
    pub fn filter(&self) -> Option<&String> {
        self.reads[0].filter.as_ref()
    }
}
