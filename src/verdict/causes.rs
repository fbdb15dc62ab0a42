//! What a waiver for a cause takes off the counts of a table.

use crate::model::naming::fit;
use crate::model::{Cause, Class, TableResult, Waiver};

/// How much of a table's differences one cause explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CauseShare<'a> {
    /// The word of the cause.
    pub cause: &'a str,
    /// The class of the changes that it explains.
    pub class: Class,
    /// The column, where it is about cells.
    pub column: Option<&'a str>,
    /// The keys that it explains.
    pub keys: u64,
    /// Whether `keys` is the whole number, not the least.
    pub exact: bool,
}

impl<'a> CauseShare<'a> {
    /// The causes of a table, the unexplained rest included: together they explain every change.
    pub fn of(table: &'a TableResult) -> Vec<CauseShare<'a>> {
        let class = |kind: &str| match kind.split_once('_') {
            Some(("missing", _)) => Class::Missing,
            Some(("unexpected", _)) => Class::Unexpected,
            Some(("duplicate", _)) => Class::Duplicate,
            _ => Class::Corrupt,
        };
        let share = |cause: &'a Cause| CauseShare {
            cause: &cause.kind,
            class: class(&cause.kind),
            column: cause.column.as_deref(),
            keys: cause.rows,
            exact: cause.exact,
        };
        table.causes.iter().map(share).collect()
    }

    /// Whether a waiver is about this cause.
    pub fn is_meant(&self, waiver: &Waiver, table: &TableResult) -> bool {
        let names = || match self.column {
            Some(column) => table.columns.iter().find(|one| one.name == column).map_or(vec![column], |one| one.names()),
            None => Vec::new(),
        };
        waiver.cause.as_deref() == Some(self.cause)
            && waiver.column.as_ref().is_none_or(|written| fit(written, names()).is_some())
    }
}

/// How many of the `counted` keys of a class may have a cause that nobody vouches for, and which waivers cover the rest.
///
/// A key may have several causes, one for each column; whatever is explained by a cause that is not waived counts. The sum
/// of those is the most that is left, where their numbers are whole.
pub(super) fn left_by_causes(
    class: Class,
    counted: u64,
    shares: &[CauseShare<'_>],
    waived_by: impl Fn(&CauseShare<'_>) -> Option<usize>,
) -> (u64, Vec<usize>) {
    let (mut left, mut by) = (0u64, Vec::new());
    let of_class = || shares.iter().filter(|share| share.class == class);
    // What no cause explains cannot be vouched for by its cause.
    if of_class().map(|share| share.keys).fold(0u64, u64::saturating_add) < counted {
        return (counted, by);
    }
    for share in of_class() {
        match waived_by(share) {
            Some(waiver) => by.push(waiver),
            None if !share.exact => return (counted, Vec::new()),
            None => left = left.saturating_add(share.keys),
        }
    }
    if by.is_empty() { (counted, by) } else { (left.min(counted), by) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_every_cause_of_a_key_is_waived_for_is_taken_off() {
        let share = |cause, keys, exact| CauseShare { cause, class: Class::Corrupt, column: None, keys, exact };
        let blanks = |share: &CauseShare<'_>| (share.cause == "trailing_blanks").then_some(7);
        let left = |shares: &[CauseShare<'_>]| left_by_causes(Class::Corrupt, 10, shares, blanks);
        assert_eq!(left(&[share("trailing_blanks", 10, true)]), (0, vec![7]));
        assert_eq!(left(&[share("trailing_blanks", 9, true), share("other", 4, true)]), (4, vec![7]));
        assert_eq!(
            left(&[share("trailing_blanks", 9, true), share("other", 4, false)]),
            (10, vec![]),
            "there may be more"
        );
        assert_eq!(left(&[share("trailing_blanks", 9, false), share("other", 40, true)]), (10, vec![7]));
        assert_eq!(left(&[share("other", 4, true)]), (10, vec![]));
        assert_eq!(left(&[]), (10, vec![]));
    }
}
