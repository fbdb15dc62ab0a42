//! The column that says when a row was changed last, where rows are to have a least age.

use chrono_tz::Tz;

use super::tables::TableMatch;
use crate::canonical::{CanonicalType, Encoding, Reading};
use crate::error::{Error, Result};
use crate::model::{AgePlan, DigestColumn, Pair, Side, TablePlan, fits};

/// Which rows of a table are too young, or why none are although it was asked for.
pub fn age(plan: &TablePlan, asked: &TableMatch, zones: Pair<Option<Tz>>) -> Result<Result<Option<AgePlan>, String>> {
    let Some(age) = asked.request.min_age else { return Ok(Ok(None)) };
    let wrong = |what: String| Error::usage(what).at(format!("table {}", plan.name));
    let Some(name) = &asked.request.updated_at else {
        return Err(wrong("min_age needs a column that says when a row was changed last".into())
            .hint("name it: updated_at = \"COLUMN\", beside min_age or in [defaults]"));
    };
    let named = |column: &str| column == name || column.eq_ignore_ascii_case(name);
    let Some(column) = plan.columns.iter().find(|column| named(&column.name) && column.target.is_some()) else {
        return Ok(Err(format!("min_age leaves out no row: no column {name} on both sides")));
    };
    let mut columns = Vec::new();
    for side in Side::BOTH {
        let in_table = match side {
            Side::Source => &column.name,
            Side::Target => column.target.as_ref().unwrap_or(&column.name),
        };
        let Some(found) = plan.tables.get(side).columns.iter().find(|one| one.name == *in_table) else {
            return Ok(Err(format!("min_age leaves out no row: the {side} has no column {in_table}")));
        };
        let time_zone = match &found.canonical {
            CanonicalType::Instant(_) => None,
            CanonicalType::Timestamp(_) | CanonicalType::Date | CanonicalType::Loose(_) => {
                let told = asked.request.columns.iter().filter(|request| fits(&request.source, &column.name));
                let zone = told.filter_map(|request| request.time_zone).next().or(*zones.get(side));
                Some(zone.ok_or_else(|| {
                    wrong(format!("the {side}'s {in_table} names no zone: when a row was changed last is not known"))
                        .hint("say time_zone, of the store or of the column, for example time_zone = \"UTC\"")
                })?)
            }
            other => {
                return Err(wrong(format!("the {side}'s {in_table} is {}, which is no time", other.label()))
                    .hint("updated_at names a column of timestamps"));
            }
        };
        let reading = Reading { encoding: Encoding::Instant, time_zone };
        columns.push(DigestColumn { name: in_table.clone(), reading, rules: None, expression: None });
    }
    let (Some(target), Some(source)) = (columns.pop(), columns.pop()) else { return Ok(Ok(None)) };
    Ok(Ok(Some(AgePlan { seconds: age.as_secs(), columns: Pair::new(source, target), cut_offs: None })))
}
