//! Which of the hypotheses are causes.
//!
//! Again and again the hypothesis that explains most of what is left becomes a cause, and takes all cells for which it
//! holds. Hypotheses that hold for almost anything (one value for all, a constant difference, a cut, NULL) count half, so
//! that a plainer one is preferred unless they explain twice as much. Of equals the more specific one is chosen: the one
//! that comes first in [`CauseKind`]. What no valid hypothesis explains is [`CauseKind::Other`].

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::tally::{Entry, Tally};
use crate::model::{CauseKind, FoundCause};

/// The causes of the cells of one column, those that explain most first.
pub(super) fn choose(column: usize, mut tally: Tally) -> Vec<FoundCause> {
    let mut rest: Vec<(Box<[CauseKind]>, Entry)> = std::mem::take(&mut tally.entries).into_iter().collect();
    let mut causes = Vec::new();
    while let Some(kind) = best(&rest, &tally) {
        let (explained, left) = rest.into_iter().partition(|(kinds, _)| kinds.binary_search(&kind).is_ok());
        rest = left;
        let is_exact = !tally.was_cut && tally.free(kind).is_none_or(|free| free.is_exact);
        causes.extend(cause(column, kind, is_exact, explained));
    }
    causes.extend(cause(column, CauseKind::Other, true, rest));
    causes
}

fn best(rest: &[(Box<[CauseKind]>, Entry)], tally: &Tally) -> Option<CauseKind> {
    let mut supports: BTreeMap<CauseKind, u64> = BTreeMap::new();
    for (kinds, entry) in rest {
        kinds.iter().for_each(|kind| *supports.entry(*kind).or_default() += entry.keys);
    }
    let left = rest.iter().map(|(_, entry)| entry.keys).sum();
    // The last of the greatest: from the back, so that of equals the first one is it.
    let valid = supports.into_iter().rev().filter(|(kind, keys)| is_valid(*kind, *keys, left, tally));
    valid.max_by_key(|(kind, keys)| keys * weight(*kind)).map(|(kind, _)| kind)
}

/// In which order the causes of a column took their cells: what they explain only becomes less from one to the next.
pub(super) fn precedence(cause: &FoundCause) -> (bool, Reverse<u64>, CauseKind) {
    (cause.kind == CauseKind::Other, Reverse(cause.keys * weight(cause.kind)), cause.kind)
}

fn weight(kind: CauseKind) -> u64 {
    match kind {
        CauseKind::Cut
        | CauseKind::TimeOffset { .. }
        | CauseKind::Difference { .. }
        | CauseKind::Filled(_)
        | CauseKind::Constant(_)
        | CauseKind::BecameNull => 1,
        _ => 2,
    }
}

/// A hypothesis with a value of its own holds for every cell with some value: it must hold for at least half of what is
/// left, for two keys, and for more than one source value. What became of NULL is one value by nature.
fn is_valid(kind: CauseKind, keys: u64, left: u64, tally: &Tally) -> bool {
    let Some(free) = tally.free(kind) else { return true };
    2 * keys >= left && (matches!(kind, CauseKind::Filled(_)) || (keys >= 2 && free.several))
}

fn cause(
    column: usize,
    kind: CauseKind,
    is_exact: bool,
    entries: Vec<(Box<[CauseKind]>, Entry)>,
) -> Option<FoundCause> {
    let all = entries.into_iter().map(|(_, entry)| entry).reduce(|mut one, other| {
        one.absorb(other);
        one
    })?;
    Some(FoundCause {
        kind,
        column: Some(column),
        keys: all.keys,
        cells: all.cells,
        is_exact,
        example: all.example,
        last_key: None,
        lengths: (kind == CauseKind::Cut).then_some(all.lengths),
        stretches: 0,
    })
}
