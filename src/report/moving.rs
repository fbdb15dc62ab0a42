//! What became of keys that moved while they were compared, in words: stable, resolved and hot apart, and up to which moment
//! everything is verified.

use super::words::{number, plural};
use crate::model::{Consistency, FenceResult, Moving, Pair, Summary, TableResult};

/// What became of the keys of a table that differed at first; `None` where its data were taken to stand still, or none differed.
pub fn of_table(table: &TableResult) -> Option<String> {
    let moving = table.moving.as_ref()?;
    let mut parts = Vec::new();
    if moving.differed > 0 {
        let first = format!("{} differed at first", plural(moving.differed, "key"));
        parts.push(match fates(moving) {
            fates if fates.is_empty() => first,
            fates => format!("{first}: {}", fates.join(", ")),
        });
    }
    if let Some(cut_offs) = &moving.cut_offs {
        parts.push(format!("rows changed after {} may be left out", instants(cut_offs)));
    }
    if let Some(until) = &table.verified_until {
        let but = if moving.hot > 0 { " but for the hot keys" } else { "" };
        parts.push(format!("verified up to {}{but}", instants(until)));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn fates(moving: &Moving) -> Vec<String> {
    let hot = match moving.hot_keys.as_slice() {
        [] => "hot".to_owned(),
        named => {
            let more = if moving.hot > named.len() as u64 { ", … in hot.csv" } else { "" };
            format!("hot (kept changing: {}{more})", named.join(", "))
        }
    };
    let all = [
        (moving.stable, "stable (stood still and differ)".to_owned()),
        (moving.resolved, "resolved (were in flight)".to_owned()),
        (moving.hot, hot),
        (moving.not_rechecked, "not read again".to_owned()),
        (moving.too_young, "left out as too young".to_owned()),
    ];
    all.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{} {what}", number(count))).collect()
}

/// How a run took it that its data move, and up to which moment they are verified; `None` where they were taken to stand still.
pub fn of_run(summary: &Summary) -> Option<String> {
    let mut sentences = Vec::new();
    if summary.run.consistency != Consistency::Snapshot {
        let (mut stable, mut resolved, mut hot) = (0, 0, 0);
        for moving in summary.tables.iter().filter_map(|table| table.moving.as_ref()) {
            stable += moving.stable;
            resolved += moving.resolved;
            hot += moving.hot;
        }
        sentences.push(format!(
            "Consistency {}: {} stable, {} resolved, {} hot.",
            summary.run.consistency.name(),
            number(stable),
            number(resolved),
            number(hot)
        ));
    }
    sentences.extend(summary.fence.as_ref().map(fence));
    if let Some(until) = &summary.verified_until {
        let any_hot = summary.tables.iter().any(|table| table.moving.as_ref().is_some_and(|moving| moving.hot > 0));
        let but = if any_hot { ", but for the hot keys" } else { "" };
        sentences.push(format!("Verified up to {}{but}.", instants(until)));
    }
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// How the fence was passed.
fn fence(fence: &FenceResult) -> String {
    let moved = if fence.source_moved { ", and the source went on meanwhile" } else { ", and the source stood still" };
    match &fence.passed {
        Some(coordinate) => format!("Fence: {} up to {coordinate}{moved}.", fence.how),
        None => format!("{}{moved}.", super::words::sentence(&fence.how).trim_end_matches('.')),
    }
}

/// Two instants by the stores' clocks.
fn instants(instants: &Pair<String>) -> String {
    format!("{} by the source's clock, {} by the target's", instants.source, instants.target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    fn moved() -> TableResult {
        let mut table = example::table("orders");
        table.moving = Some(Moving {
            differed: 1240,
            resolved: 1218,
            stable: 20,
            hot: 2,
            rounds: 7,
            hot_keys: vec!["4711".into()],
            ..Moving::default()
        });
        table.verified_until =
            Some(Pair::new("2026-11-30T20:00:00.000000Z".into(), "2026-11-30T20:00:01.000000Z".into()));
        table
    }

    #[test]
    fn stable_resolved_and_hot_are_told_apart() {
        assert_eq!(
            of_table(&moved()).unwrap(),
            "1,240 keys differed at first: 20 stable (stood still and differ), 1,218 resolved (were in flight), 2 hot (kept \
             changing: 4711, … in hot.csv); verified up to 2026-11-30T20:00:00.000000Z by the source's clock, \
             2026-11-30T20:00:01.000000Z by the target's but for the hot keys"
        );
        assert_eq!(of_table(&example::table("t")), None);
    }

    #[test]
    fn a_run_says_how_it_took_it_and_up_to_when_it_is_verified() {
        let mut summary = example::matching();
        assert_eq!(of_run(&summary), None);
        summary.run.consistency = Consistency::Eventual;
        summary.tables[0] = moved();
        summary.verified_until = summary.tables[0].verified_until.clone();
        let text = of_run(&summary).unwrap();
        assert!(
            text.starts_with("Consistency eventual: 20 stable, 1,218 resolved, 2 hot. Verified up to 2026-"),
            "{text}"
        );
        summary.fence = Some(FenceResult {
            how: "no fence: the target is neither a standby nor a subscriber".into(),
            passed: None,
            seconds: 0.0,
            source_moved: true,
        });
        assert!(of_run(&summary).unwrap().contains("No fence: the target is neither"), "{:?}", of_run(&summary));
    }
}
