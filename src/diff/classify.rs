//! Turns the rows of a changed key into a change: its class, and for a corrupt one the cells that differ.

use std::cmp::Ordering;

use super::cursor::{Cursor, Group, Row};
use crate::canonical::Tolerance;
use crate::error::{Error, Result};
use crate::model::{CellChange, Change, Class, Pair, TablePlan};

/// Walks both sides together in key order.
pub(super) struct Classifier<'a> {
    plan: &'a TablePlan,
    cursors: Pair<Cursor>,
    key_columns: Vec<usize>,
    /// Compared columns that are no part of the key, in the order in which reports list them.
    value_columns: Vec<usize>,
    /// The order in which columns tell rows of one key apart: those with a tolerance last, so that rows which are near
    /// each other are paired.
    telling_columns: Vec<usize>,
    within_tolerance: u64,
    too_young: u64,
    tolerated: Vec<u64>,
    /// The key of the last change.
    key: Vec<u8>,
}

impl<'a> Classifier<'a> {
    pub fn new(plan: &'a TablePlan, cursors: Pair<Cursor>) -> Self {
        let mut value_columns = plan.value_columns();
        value_columns.sort_by(|one, other| plan.columns[*one].name.cmp(&plan.columns[*other].name));
        let has_tolerance = |at: &usize| plan.columns[*at].compared.as_ref().is_some_and(|c| c.tolerance.is_some());
        let mut telling_columns: Vec<usize> = (0..plan.columns.len()).collect();
        telling_columns.sort_by_key(has_tolerance);
        Self {
            key_columns: plan.key_columns(),
            value_columns,
            telling_columns,
            within_tolerance: 0,
            too_young: 0,
            tolerated: vec![0; plan.columns.len()],
            key: Vec::new(),
            plan,
            cursors,
        }
    }

    /// The bytes of the last change's key.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// The keys so far whose rows differ only within the tolerances.
    pub fn within_tolerance(&self) -> u64 {
        self.within_tolerance
    }

    /// The keys so far that differ, but are too young to be compared.
    pub fn too_young(&self) -> u64 {
        self.too_young
    }

    /// For each column of the plan, the cells so far that differ within its tolerance.
    pub fn tolerated(&self) -> &[u64] {
        &self.tolerated
    }

    /// The change of the next key that has one, in key order.
    pub async fn next(&mut self) -> Result<Option<Change>> {
        loop {
            match self.next_key().await? {
                None => return Ok(None),
                Some(Met::Differ(change)) => return Ok(Some(change)),
                Some(Met::Tolerated) => self.within_tolerance += 1,
                Some(Met::TooYoung) => self.too_young += 1,
            }
        }
    }

    /// What the rows of the next key come to.
    async fn next_key(&mut self) -> Result<Option<Met>> {
        let order = match (self.cursors.source.peek().await?, self.cursors.target.peek().await?) {
            (None, None) => return Ok(None),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(source), Some(target)) => source.cmp(target),
        };
        let mut source = if order.is_le() { self.cursors.source.next_group().await? } else { None };
        let mut target = if order.is_ge() { self.cursors.target.next_group().await? } else { None };
        if let Some(group) = source.as_mut().or(target.as_mut()) {
            self.key = std::mem::take(&mut group.key);
        }
        // A row that is young on one side takes its key out on both: the other may hold the row as it was before.
        if source.as_ref().is_some_and(|group| group.is_young) || target.as_ref().is_some_and(|group| group.is_young) {
            return Ok(Some(Met::TooYoung));
        }
        let change = self.change(Pair::new(source, target))?;
        Ok(Some(change.map_or(Met::Tolerated, Met::Differ)))
    }

    /// The change of a key; none where its rows differ only within the tolerances.
    fn change(&mut self, groups: Pair<Option<Group>>) -> Result<Option<Change>> {
        let (class, one) = match (&groups.source, &groups.target) {
            (Some(source), None) => (Class::Missing, source),
            (None, Some(target)) => (Class::Unexpected, target),
            (Some(source), Some(_)) if source.copies.source != source.copies.target => (Class::Duplicate, source),
            (Some(source), Some(_)) => (Class::Corrupt, source),
            (None, None) => return Err(Error::compare("a changed key has no rows")),
        };
        let Some(row) = one.rows.first() else { return Err(Error::compare("a changed key has no rows")) };
        let expected = Pair::new(groups.source.is_some(), groups.target.is_some());
        let copies = one.copies;
        if (copies.source > 0) != expected.source || (copies.target > 0) != expected.target {
            return Err(Error::compare("rows of a changed key were not found on the side that has them")
                .hint("the snapshot changed while it was compared: take it again"));
        }
        let key = self.key_columns.iter().map(|column| row.text(*column)).collect();
        let cells = match (class, groups.source, groups.target) {
            (Class::Corrupt, Some(source), Some(target)) => {
                let cells = self.cells(source.rows, target.rows);
                let tolerated: u64 = cells.tolerated.iter().map(|(_, cells)| cells).sum();
                for (column, cells) in cells.tolerated {
                    self.tolerated[column] += cells;
                }
                if cells.differing.is_empty() && tolerated > 0 {
                    return Ok(None);
                }
                cells.differing
            }
            _ => Vec::new(),
        };
        Ok(Some(Change { class, key, copies, cells, neighbours: None }))
    }

    /// The differing cells of the rows of one key. Rows that are equal on both sides are set aside first; the others are
    /// paired in the order of their contents, which is the same in every run.
    fn cells(&self, source: Vec<Row>, target: Vec<Row>) -> Cells {
        let (mut source, mut target) = unequal(source, target);
        for rows in [&mut source, &mut target] {
            rows.sort_by(|one, other| self.contents(one).cmp(self.contents(other)));
        }
        let (mut cells, mut tolerated) = (Vec::new(), Vec::new());
        for (source, target) in source.iter().zip(&target) {
            for column in &self.value_columns {
                if source.encoding(*column) == target.encoding(*column) {
                    continue;
                }
                if self.is_tolerated(*column, source, target) {
                    tolerated.push((*column, 1));
                } else {
                    cells.push(CellChange {
                        column: *column,
                        name: self.plan.columns[*column].name.clone(),
                        values: values(source, target, *column),
                    });
                }
            }
        }
        // Stable: the cells of one column stay in the order of their rows.
        cells.sort_by(|one, other| one.name.cmp(&other.name));
        Cells { differing: cells, tolerated }
    }

    fn is_tolerated(&self, column: usize, source: &Row, target: &Row) -> bool {
        let Some(compared) = &self.plan.columns[column].compared else { return false };
        let encoding = compared.comparison.encoding();
        let accepts =
            |tolerance: &Tolerance| tolerance.accepts(encoding, source.encoding(column), target.encoding(column));
        compared.tolerance.as_ref().is_some_and(accepts)
    }

    fn contents<'r>(&'r self, row: &'r Row) -> impl Iterator<Item = &'r [u8]> {
        self.telling_columns.iter().map(|column| row.encoding(*column))
    }
}

/// What the rows of a changed key come to.
enum Met {
    /// They differ.
    Differ(Change),
    /// They differ only within the tolerances.
    Tolerated,
    /// One of them is too young to be compared.
    TooYoung,
}

/// What the cells of a key's rows come to.
struct Cells {
    differing: Vec<CellChange>,
    /// Columns, and how many of their cells differ within the tolerance.
    tolerated: Vec<(usize, u64)>,
}

/// The two values as text, told apart by their sort where the texts are alike (the text `1` and the number 1).
fn values(source: &Row, target: &Row, column: usize) -> Pair<Option<String>> {
    let texts = Pair::new(source.text(column), target.text(column));
    if texts.source != texts.target {
        return texts;
    }
    let sorts = Pair::new(source.sort_of_value(column), target.sort_of_value(column));
    let with = |text: Option<String>, sort: String| text.map(|text| format!("{text} ({sort})"));
    Pair::new(with(texts.source, sorts.source), with(texts.target, sorts.target))
}

/// Removes rows that both sides have, as often as both have them. Both lists are in digest order.
fn unequal(source: Vec<Row>, target: Vec<Row>) -> (Vec<Row>, Vec<Row>) {
    let (mut source_rest, mut target_rest) = (Vec::new(), Vec::new());
    let (mut source, mut target) = (source.into_iter().peekable(), target.into_iter().peekable());
    loop {
        match (source.peek().map(Row::digest), target.peek().map(Row::digest)) {
            (Some(one), Some(other)) if one == other => {
                source.next();
                target.next();
            }
            (Some(one), Some(other)) if one > other => target_rest.extend(target.next()),
            (Some(_), _) => source_rest.extend(source.next()),
            (None, Some(_)) => target_rest.extend(target.next()),
            (None, None) => return (source_rest, target_rest),
        }
    }
}
