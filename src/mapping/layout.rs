//! Which columns a side's row digests cover, in which order, read as what.

use super::pairs::{Shared, shared_type};
use crate::model::{DigestColumn, DigestLayout, Pair, Side, Table, TablePlan};

/// The layout of one side under a plan. Both sides list their columns in the same order: the key's, then the source's.
pub fn layout(plan: &TablePlan, side: Side) -> DigestLayout {
    let columns = |places: Vec<usize>| places.into_iter().filter_map(|at| plan.digest_column(at, side)).collect();
    DigestLayout { key: columns(plan.key_columns()), values: columns(plan.value_columns()) }
}

/// The layout of a table whose partner is not known: each column read as what it is, the key the best declared one, or
/// all columns.
pub fn own_layout(table: &Table) -> DigestLayout {
    let key = table.keys.first().map(|key| key.columns.as_slice()).unwrap_or_default();
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    for column in &table.columns {
        // A column always shares a type with itself.
        let Shared::Type(comparison, _) = shared_type(Pair::new(column, column), Pair::default()) else { continue };
        let reading = comparison.readings.source;
        let one = DigestColumn { name: column.name.clone(), reading, rules: None, expression: None };
        if key.is_empty() || key.contains(&column.name) { keys.push(one) } else { values.push(one) }
    }
    keys.sort_by_key(|column| key.iter().position(|name| *name == column.name));
    DigestLayout { key: keys, values }
}
