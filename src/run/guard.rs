//! Before a part is read by key or range, the store's plan for it is looked at: a query that reads a whole large table is not to be
//! run once for every part.

use crate::error::{Error, Result};
use crate::model::{KeyRange, Side, TableRead};
use crate::store::{Part, Route, StoreSnapshot};

/// So many ranges fit into one statement of every store: SQLite nests a thousand conditions at most.
pub(super) const RANGES_IN_ONE_MAX: usize = 500;

/// Whether the store would read all of a large table for one of these parts.
pub(super) async fn scanning(snapshot: &dyn StoreSnapshot, read: &TableRead, parts: &[Part]) -> Result<bool> {
    for part in parts {
        if matches!(part, Part::Where(_)) && snapshot.route(read, part).await? == Route::WholeTable {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One part for many of the same kind: not the first and not the last, which are open at one end.
pub(super) fn some_of(parts: &[Part]) -> &[Part] {
    &parts[parts.len() / 2..][..1]
}

/// The finding that a table was read in one go.
pub(super) fn read_in_one(side: Side, parts: &str) -> String {
    format!(
        "the {side} would read the whole table for each of the {parts}, as its own plan says: it was read once from beginning to end instead"
    )
}

/// The error for ranges that are too many for one statement.
pub(super) fn refused(ranges: &[KeyRange]) -> Error {
    Error::store(format!(
        "the store would read the whole table for each of {} ranges of the sample, as its own plan says",
        ranges.len()
    ))
    .hint("ANALYZE the table, see why the index of its key does not serve, or sample less; --mode full reads it once")
}
