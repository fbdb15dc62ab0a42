//! Counts a table's changes as the gate looks at them, while they stream by: what is waived, and what counts.

use std::collections::HashSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::model::naming::fit;
use crate::model::{Change, Class, Counts, GatePlan, TableResult};

/// The tally of one table. Written down, it is what was counted: nothing more is counted then.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tally {
    #[serde(skip)]
    waivers: Vec<OfTable>,
    /// For each column of the result, whether it has a limit of its own.
    #[serde(skip)]
    own_limit: Vec<bool>,
    #[serde(skip)]
    any_own_limit: bool,
    /// What counts against the limits of the table or the run: what is waived does not, nor a row that differs only in
    /// columns with limits of their own.
    pub(super) counted: Counts,
    /// What is waived.
    pub(super) waived: Counts,
    /// For each column, the rows in which it differs without being waived; counted where any column has a limit of its own.
    pub(super) columns: Vec<u64>,
    /// For each waiver of the plan, the changes that it covers; of one that has expired, those that it would.
    pub(super) by_waiver: Vec<u64>,
}

/// A waiver about some keys or cells of the table.
#[derive(Debug, Clone)]
struct OfTable {
    position: usize,
    expired: bool,
    /// The positions of its columns; `None` for whole rows.
    columns: Option<Vec<usize>>,
    keys: Option<HashSet<String>>,
}

impl Tally {
    /// The tally of a table that is about to be compared.
    pub fn new(gate: &GatePlan, table: &TableResult, today: NaiveDate) -> Self {
        let names = table.names();
        let columns = |written: &String| {
            let fits = |at: &usize| fit(written, table.columns[*at].names()).is_some();
            (0..table.columns.len()).filter(fits).collect()
        };
        let about = gate.waivers.iter().enumerate().filter(|(_, one)| one.cause.is_none() && one.is_about(&names));
        let waivers = about.map(|(position, waiver)| OfTable {
            position,
            expired: waiver.is_expired(today),
            columns: waiver.column.as_ref().map(columns),
            keys: waiver.keys.as_ref().map(|keys| keys.iter().cloned().collect()),
        });
        let own_limit: Vec<bool> =
            table.columns.iter().map(|one| gate.of_column(&names, &one.names()).is_some()).collect();
        Self {
            waivers: waivers.collect(),
            any_own_limit: own_limit.contains(&true),
            own_limit,
            columns: vec![0; table.columns.len()],
            by_waiver: vec![0; gate.waivers.len()],
            ..Self::default()
        }
    }

    /// Counts a change. `key` writes its key as `differences.csv` has it; it is asked only where a waiver names keys.
    pub fn change(&mut self, change: &Change, key: impl FnOnce(&Change) -> Result<String>) -> Result<()> {
        // The usual case, for millions of changes.
        if self.waivers.is_empty() && !self.any_own_limit {
            self.counted.add(change.class);
            return Ok(());
        }
        let key = if self.waivers.iter().any(|one| one.keys.is_some()) { Some(key(change)?) } else { None };
        let cells = cells(change);
        let (mut covering, mut lapsed) = (Vec::new(), Vec::new());
        let mut open = Vec::new();
        for cell in &cells {
            let covers = |one: &&OfTable| one.covers(key.as_deref(), *cell);
            match self.waivers.iter().filter(|one| !one.expired).find(covers) {
                Some(waiver) => covering.push(waiver.position),
                None => {
                    open.push(*cell);
                    lapsed.extend(self.waivers.iter().filter(|one| one.expired).find(covers).map(|one| one.position));
                }
            }
        }
        if open.is_empty() {
            self.waived.add(change.class);
            self.count_waivers(covering);
            return Ok(());
        }
        self.count_waivers(lapsed);
        for column in open.iter().flatten() {
            self.columns[*column] += 1;
        }
        if open.iter().any(|cell| cell.is_none_or(|column| !self.own_limit[column])) {
            self.counted.add(change.class);
        }
        Ok(())
    }

    /// One change counts once for each waiver.
    fn count_waivers(&mut self, mut positions: Vec<usize>) {
        positions.sort_unstable();
        positions.dedup();
        positions.into_iter().for_each(|position| self.by_waiver[position] += 1);
    }
}

impl OfTable {
    fn covers(&self, key: Option<&str>, cell: Option<usize>) -> bool {
        let key_fits = self.keys.as_ref().is_none_or(|keys| key.is_some_and(|key| keys.contains(key)));
        key_fits && self.columns.as_ref().is_none_or(|columns| cell.is_some_and(|cell| columns.contains(&cell)))
    }
}

/// The columns in which a corrupt row differs, each once; a single `None` where the row as a whole differs.
fn cells(change: &Change) -> Vec<Option<usize>> {
    let mut columns: Vec<Option<usize>> = match change.class {
        Class::Corrupt => change.cells.iter().map(|cell| Some(cell.column)).collect(),
        _ => Vec::new(),
    };
    columns.sort_unstable();
    columns.dedup();
    if columns.is_empty() { vec![None] } else { columns }
}
