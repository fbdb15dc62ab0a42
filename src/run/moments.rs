//! The moments by the stores' own clocks: after which rows are too young, and up to which everything is verified.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::prepare::Prepared;
use crate::config::RunPlan;
use crate::error::{Error, Result};
use crate::model::{Consistency, Pair, Side, StoreKind, TableOutcome, TableResult};

/// Refuses what a store cannot do: files are not written to, so that nothing in them is on its way, and have no clock.
pub(super) fn check(prepared: &Prepared, plan: &RunPlan) -> Result<()> {
    let moving = plan.options.consistency != Consistency::Snapshot;
    let by_age = prepared.tables.iter().any(|one| matches!(one, TableOutcome::Compare(plan) if plan.age.is_some()));
    for side in Side::BOTH {
        let identity = prepared.stores.get(side).identity();
        let is_server = matches!(identity.kind, StoreKind::Sqlite | StoreKind::Postgres | StoreKind::Mysql);
        if is_server || !(moving || by_age) {
            continue;
        }
        let (asked, hint) = match moving {
            true => (
                format!("consistency = \"{}\" is for data that move", plan.options.consistency.name()),
                "compare files with consistency = \"snapshot\"",
            ),
            false => {
                let hint = "leave out min_age, or give files without the newest rows";
                ("min_age needs a store's own clock".to_owned(), hint)
            }
        };
        return Err(Error::usage(format!("{asked}, but the {side} holds files")).at(&identity.url).hint(hint));
    }
    Ok(())
}

/// Sets the instants after which rows are too young.
pub(super) fn cut_off(prepared: &mut Prepared, moments: &Pair<Option<DateTime<Utc>>>) -> Result<()> {
    for outcome in &mut prepared.tables {
        let TableOutcome::Compare(plan) = outcome else { continue };
        let Some(age) = &mut plan.age else { continue };
        let seconds = TimeDelta::try_seconds(i64::try_from(age.seconds).unwrap_or(i64::MAX));
        let cut_off = |moment: Option<DateTime<Utc>>| moment?.checked_sub_signed(seconds?);
        let no_clock = |side: &str| {
            Error::store(format!("the {side} does not tell the time, which min_age needs"))
                .at(format!("table {}", plan.name))
        };
        age.cut_offs = Some(Pair::new(
            cut_off(moments.source).map(written).ok_or_else(|| no_clock("source"))?,
            cut_off(moments.target).map(written).ok_or_else(|| no_clock("target"))?,
        ));
    }
    Ok(())
}

/// Says up to which moment a table is verified that has been compared to its end: every change that the source had
/// committed by then was found on the target, but for those of hot keys.
pub(super) fn verify(result: &mut TableResult, moments: &Pair<Option<DateTime<Utc>>>) {
    let moving = result.moving.as_ref();
    if moving.is_some_and(|moving| moving.not_rechecked > 0) {
        return;
    }
    let cut_offs = moving.and_then(|moving| moving.cut_offs.as_ref());
    result.verified_until = match (cut_offs, moments.source, moments.target) {
        (Some(cut_offs), _, _) => Some(cut_offs.clone()),
        (None, Some(source), Some(target)) => Some(Pair::new(written(source), written(target))),
        (None, _, _) => None,
    };
}

/// Up to which moment all tables are verified; `None` where one is not.
pub(super) fn of_run(tables: &[TableResult]) -> Option<Pair<String>> {
    let all: Option<Vec<&Pair<String>>> = tables.iter().map(|table| table.verified_until.as_ref()).collect();
    let earliest = |side: Side| {
        // Written alike, texts are in the order of time.
        let instants = all.iter().flatten().map(|pair| pair.get(side));
        instants.min().cloned()
    };
    Some(Pair::new(earliest(Side::Source)?, earliest(Side::Target)?))
}

fn written(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, true)
}
