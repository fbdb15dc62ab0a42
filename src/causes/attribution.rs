//! Which cause a change belongs to: for the few changes that a report shows one by one.

use super::{CauseFinder, FoundCauses, choose};
use crate::model::{Attributed, CauseKind, Change, Class, FoundCause, Spread};

/// What might have happened to one change, kept until the causes are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Hypotheses {
    class: Class,
    key: Vec<Option<String>>,
    /// For each cell its column and the hypotheses that hold for it.
    cells: Vec<(usize, Vec<CauseKind>)>,
}

impl CauseFinder {
    /// What might have happened to a change, and to those of its cells that are asked about, by their places in it.
    pub fn hypotheses_of(&mut self, change: &Change, cells_asked: impl Iterator<Item = usize>) -> Hypotheses {
        let mut cells = Vec::new();
        for at in cells_asked {
            let cell = &change.cells[at];
            self.hypotheses(cell, at, &change.cells);
            cells.push((cell.column, self.kinds.clone()));
        }
        let key = if change.class == Class::Corrupt { Vec::new() } else { change.key.clone() };
        Hypotheses { class: change.class, key, cells }
    }
}

impl FoundCauses {
    /// Attributes changes, which are in key order, and of which none of a class is left out before the last of that class.
    pub fn attribute(&self, changes: &[Hypotheses]) -> Vec<Attributed> {
        let mut order: Vec<usize> = (0..self.causes.len()).collect();
        order.sort_by_key(|at| choose::precedence(&self.causes[*at]));
        let mut stretches = Class::ALL.map(|class| Walk::new(self, class));
        let attributed = |change: &Hypotheses| Attributed {
            key: stretches.iter_mut().find(|walk| walk.class == change.class).and_then(|walk| walk.step(&change.key)),
            cells: change.cells.iter().map(|(column, kinds)| self.of_cell(&order, *column, kinds)).collect(),
        };
        changes.iter().map(attributed).collect()
    }

    fn of_cell(&self, order: &[usize], column: usize, kinds: &[CauseKind]) -> Option<usize> {
        let mut of_column = order.iter().copied().filter(|at| self.causes[*at].column == Some(column));
        of_column.find(|at| self.causes[*at].kind == CauseKind::Other || kinds.contains(&self.causes[*at].kind))
    }
}

/// Walks the keys of a class through its stretches.
struct Walk<'a> {
    class: Class,
    /// Stretches with their first and last keys.
    stretches: Vec<(usize, &'a FoundCause)>,
    /// What lies in no stretch.
    scattered: Option<usize>,
    within: Option<(usize, &'a FoundCause)>,
}

impl<'a> Walk<'a> {
    fn new(found: &'a FoundCauses, class: Class) -> Self {
        let of_class = |cause: &(usize, &FoundCause)| match cause.1.kind {
            CauseKind::Missing(_) => class == Class::Missing,
            CauseKind::Unexpected(_) => class == Class::Unexpected,
            CauseKind::Duplicate(_) => class == Class::Duplicate,
            _ => false,
        };
        let all: Vec<_> = found.causes.iter().enumerate().filter(of_class).collect();
        let (stretches, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, cause)| is_stretch(cause.kind));
        Self { class, stretches, scattered: rest.first().map(|(at, _)| *at), within: None }
    }

    fn step(&mut self, key: &[Option<String>]) -> Option<usize> {
        if self.within.is_none() {
            self.within = self.stretches.iter().find(|(_, cause)| cause.example.key == key).copied();
        }
        let Some((at, cause)) = self.within else { return self.scattered };
        if cause.last_key.as_deref() == Some(key) {
            self.within = None;
        }
        Some(at)
    }
}

fn is_stretch(kind: CauseKind) -> bool {
    use CauseKind as K;
    matches!(kind, K::Missing(spread) | K::Unexpected(spread) | K::Duplicate(spread)
        if matches!(spread, Spread::Block | Spread::Tail))
}

#[cfg(test)]
mod tests {
    use super::super::cell::Family;
    use super::*;
    use crate::model::{CellChange, ChangeSink, Pair};

    fn change(class: Class, id: u32, cells: &[(usize, &str, &str)]) -> Change {
        let cell = |(column, source, target): &(usize, &str, &str)| CellChange {
            column: *column,
            name: format!("c{column}"),
            values: Pair::new(Some((*source).to_owned()), Some((*target).to_owned())),
        };
        let cells = cells.iter().map(cell).collect();
        Change { class, key: vec![Some(id.to_string())], copies: Pair::new(1, 0), cells, neighbours: None }
    }

    #[test]
    fn each_change_belongs_to_the_cause_that_counts_it() {
        let mut finder = CauseFinder::of_families(vec![Family::Text, Family::Text]);
        let mut changes: Vec<Change> = Vec::new();
        changes
            .extend((0..6).map(|id| change(Class::Corrupt, id, &[(0, &format!("name{id} "), &format!("name{id}"))])));
        changes.extend((6..9).map(|id| change(Class::Corrupt, id, &[(0, &format!("Name{id}"), &format!("name{id}"))])));
        changes.push(change(Class::Corrupt, 9, &[(0, "one", "two"), (1, "A", "a")]));
        changes.extend((20..24).map(|id| change(Class::Missing, id, &[])));
        changes.iter().for_each(|change| finder.change(change).unwrap());
        let hypotheses: Vec<_> =
            changes.iter().map(|change| finder.hypotheses_of(change, 0..change.cells.len())).collect();
        let found = finder.finish(Pair::new(Some(100), Some(96)));
        let attributed = found.attribute(&hypotheses);
        // Counted back from the changes, the causes have just the numbers they claim.
        for (at, cause) in found.causes.iter().enumerate() {
            let one = |one: &Attributed| one.key == Some(at) || one.cells.contains(&Some(at));
            assert_eq!(attributed.iter().filter(|change| one(change)).count() as u64, cause.keys, "{cause:?}");
        }
        assert!(found.causes.len() >= 4, "{:?}", found.causes);
    }
}
