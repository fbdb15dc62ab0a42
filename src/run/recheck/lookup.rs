//! How a table is asked for some of its keys: through an index, where what the index finds is known to be all there is.

use crate::canonical::{CanonicalType, Encoding, decode_key};
use crate::model::{Pair, Side, Table, TablePlan};

/// Tables with more rows than this are not read as a whole once a round.
const WHOLE_ROWS_MAX: u64 = 1_000_000;

/// How the rows of some keys are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::run) enum Way {
    /// By an index of the key.
    ByKey,
    /// By reading every row.
    Whole,
}

impl Way {
    /// How each side of a table is asked for `keys`, where it has so many rows; or why it is not.
    pub fn of(plan: &TablePlan, keys: &[(Box<[u8]>, Box<str>)], rows: Pair<u64>) -> Result<Pair<Way>, String> {
        let plain = keys.iter().all(|(key, _)| decode_key(key).is_some());
        let way = |side: Side| match plain && is_found_by_key(plan, side) {
            true => Ok(Way::ByKey),
            false if *rows.get(side) <= WHOLE_ROWS_MAX => Ok(Way::Whole),
            false => Err(format!(
                "the {side} cannot be asked for them by an index, and has more rows ({}) than are read again as a whole ({WHOLE_ROWS_MAX})",
                rows.get(side)
            )),
        };
        Ok(Pair::new(way(Side::Source)?, way(Side::Target)?))
    }
}

/// Whether every row of a key is found by the literals of the key's values: the key has an index, and its columns are
/// compared as what they are. Where a rule or another type makes values equal that are spelled otherwise (a UUID in capitals in a text,
/// a number in a text), an index finds only one spelling.
fn is_found_by_key(plan: &TablePlan, side: Side) -> bool {
    let table = plan.tables.get(side);
    let mut names = Vec::new();
    for at in &plan.key {
        let Some(compared) = &plan.columns[*at].compared else { return false };
        if compared.rules.is_some() || compared.expressions.source.is_some() || compared.expressions.target.is_some() {
            return false;
        }
        let column = &table.columns[*compared.positions.get(side)];
        let reading = compared.comparison.readings.get(side);
        let as_it_is = matches!(
            (&column.canonical, reading.encoding),
            (
                CanonicalType::Int64 | CanonicalType::UInt64 | CanonicalType::Decimal { .. } | CanonicalType::Number,
                Encoding::Number
            ) | (CanonicalType::Text | CanonicalType::Char, Encoding::Text)
                | (CanonicalType::Binary, Encoding::Binary)
                | (CanonicalType::Uuid, Encoding::Uuid)
                | (CanonicalType::Date, Encoding::Date)
                | (CanonicalType::Timestamp(_), Encoding::Timestamp)
        );
        // MySQL takes the year 0 for 2000 in a comparison.
        if !as_it_is || reading.time_zone.is_some() || column.native.starts_with("year") {
            return false;
        }
        names.push(column.name.as_str());
    }
    let has_index = |table: &Table| table.keys.iter().any(|key| key.columns == names);
    !names.is_empty() && has_index(table) && plan.more.get(side).iter().all(has_index)
}
