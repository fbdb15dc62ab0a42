//! The verdict: what counts, causes and coverage come to. It fails closed: what was not compared is `undecided`, never
//! `match`, and `differ` outweighs `undecided`.

mod causes;
mod gate;
mod tally;

pub use gate::{Gated, apply, columns_covered};
pub use tally::Tally;

use crate::model::{ColumnStatus, TableResult, Verdict};

/// Decides on a table that has been compared. `failure` tells why its comparison broke off, if it did.
pub fn decide_table(result: &mut TableResult, failure: Option<String>) {
    let mut reasons = Vec::new();
    let names = |status: ColumnStatus| -> Vec<&str> {
        result.columns.iter().filter(|c| c.status == status).map(|c| c.name.as_str()).collect()
    };
    let mut verdict = Verdict::Match;
    let lost = names(ColumnStatus::MissingInTarget);
    if !lost.is_empty() {
        verdict = verdict.max(Verdict::Differ);
        reasons.push(format!("the target has no column for {}", lost.join(", ")));
    }
    let incomparable = names(ColumnStatus::Incomparable);
    if !incomparable.is_empty() {
        verdict = verdict.max(Verdict::Undecided);
        reasons.push(format!("not compared, for want of a shared type: {}", incomparable.join(", ")));
    }
    // Where data move, only what was read again is a difference.
    let moving = result.moving.as_ref();
    let (hot, not_rechecked) = moving.map_or((0, 0), |moving| (moving.hot, moving.not_rechecked));
    if result.counts.total() > 0 && not_rechecked == 0 {
        verdict = verdict.max(Verdict::Differ);
    }
    if hot > 0 {
        let keys = if hot == 1 { "1 key".to_owned() } else { format!("{hot} keys") };
        verdict = verdict.max(Verdict::Undecided);
        reasons.push(format!("{keys} kept changing while read again"));
    }
    if not_rechecked > 0 {
        verdict = verdict.max(Verdict::Undecided);
        if let Some(because) = moving.and_then(|moving| moving.because.as_ref()) {
            reasons.push(format!("{not_rechecked} keys differ, but were not read again: {because}"));
        }
    }
    let is_explained = moving.is_some_and(|moving| moving.differed > 0);
    match failure {
        Some(failure) => {
            // What broke off may have proven something before: other counts or other digests are other data.
            let rows = (result.rows.source, result.rows.target);
            let counts_differ = matches!(rows, (Some(source), Some(target)) if source != target);
            let proven = moving.is_none() && (counts_differ || result.ranges.mismatched > 0);
            verdict = verdict.max(if proven { Verdict::Differ } else { Verdict::Undecided });
            reasons.push(failure);
        }
        None if result.rows.source.is_none() || result.rows.target.is_none() => {
            verdict = verdict.max(Verdict::Undecided);
            reasons.push("not all rows were read".into());
        }
        None if result.sample.as_ref().is_some_and(|sample| sample.total > 0)
            && (result.rows.source, result.rows.target) == (Some(0), Some(0)) =>
        {
            verdict = verdict.max(Verdict::Undecided);
            reasons.push("no row was sampled: nothing was compared".into());
        }
        None if result.rows.source != result.rows.target && result.counts.total() == 0 && !is_explained => {
            // Equal digests over unequal counts cannot be; if it happens, nothing is proven.
            verdict = verdict.max(Verdict::Undecided);
            reasons.push("the numbers of rows differ, yet no difference was found".into());
        }
        None if result.ranges.mismatched > 0
            && result.counts.total() == 0
            && result.within_tolerance == 0
            && !is_explained =>
        {
            verdict = verdict.max(Verdict::Undecided);
            reasons.push("digests of ranges disagree, yet no differing row was found".into());
        }
        None => {}
    }
    result.verdict = verdict;
    result.reason = if reasons.is_empty() { None } else { Some(reasons.join("; ")) };
}

/// Decides on the whole run, and says why where no table does.
pub fn decide_run(tables: &[TableResult]) -> (Verdict, Option<String>) {
    match tables.iter().map(|table| table.verdict).max() {
        Some(verdict) => (verdict, None),
        None => (Verdict::Undecided, Some("no table was compared: the stores have no table in common".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ColumnResult, Counts, Moving, Pair, Ranges, Seconds};

    fn result(rows: Pair<Option<u64>>, counts: Counts, statuses: &[ColumnStatus]) -> TableResult {
        let columns = statuses
            .iter()
            .map(|status| ColumnResult {
                name: "c".into(),
                target: None,
                status: *status,
                compared_as: None,
                corrupt: 0,
                findings: Vec::new(),
            })
            .collect();
        TableResult {
            name: "t".into(),
            source: Some("t".into()),
            target: Some("t".into()),
            verdict: Verdict::Undecided,
            reason: None,
            key: Vec::new(),
            rows,
            counts,
            causes: Vec::new(),
            within_tolerance: 0,
            waived: None,
            columns,
            findings: Vec::new(),
            schema: Vec::new(),
            sample: None,
            moving: None,
            verified_until: None,
            ranges: Ranges::default(),
            retries: 0,
            moments: None,
            seconds: Seconds::default(),
        }
    }

    fn verdict(mut result: TableResult, failure: Option<&str>) -> Verdict {
        decide_table(&mut result, failure.map(Into::into));
        result.verdict
    }

    #[test]
    fn a_table_matches_only_if_everything_was_read_and_nothing_differs() {
        let read = Pair::new(Some(2), Some(2));
        let compared = [ColumnStatus::Compared, ColumnStatus::Ignored, ColumnStatus::MissingInSource];
        assert_eq!(verdict(result(read, Counts::default(), &compared), None), Verdict::Match);
        assert_eq!(
            verdict(result(read, Counts { missing: 1, ..Default::default() }, &compared), None),
            Verdict::Differ
        );
        assert_eq!(verdict(result(Pair::new(Some(2), None), Counts::default(), &compared), None), Verdict::Undecided);
        assert_eq!(verdict(result(read, Counts::default(), &[ColumnStatus::Incomparable]), None), Verdict::Undecided);
        assert_eq!(verdict(result(read, Counts::default(), &[ColumnStatus::MissingInTarget]), None), Verdict::Differ);
        assert_eq!(verdict(result(read, Counts::default(), &compared), Some("server gone")), Verdict::Undecided);
    }

    #[test]
    fn what_was_proven_before_a_failure_stays_proven() {
        let mut proven = result(Pair::new(Some(2), Some(2)), Counts::default(), &[ColumnStatus::Compared]);
        proven.ranges.mismatched = 1;
        assert_eq!(verdict(proven, Some("the disk is full")), Verdict::Differ);
        let fewer = result(Pair::new(Some(2), Some(1)), Counts::default(), &[ColumnStatus::Compared]);
        assert_eq!(verdict(fewer, Some("the disk is full")), Verdict::Differ);
    }

    #[test]
    fn a_contradiction_is_never_a_match() {
        let unequal = result(Pair::new(Some(2), Some(3)), Counts::default(), &[ColumnStatus::Compared]);
        assert_eq!(verdict(unequal, None), Verdict::Undecided);
        let mut silent = result(Pair::new(Some(2), Some(2)), Counts::default(), &[ColumnStatus::Compared]);
        silent.ranges.mismatched = 1;
        assert_eq!(verdict(silent.clone(), None), Verdict::Undecided);
        silent.within_tolerance = 1;
        assert_eq!(verdict(silent, None), Verdict::Match);
    }

    #[test]
    fn of_data_that_move_only_what_was_read_again_is_proven() {
        let moved = |moving: Moving, counts: Counts, failure: Option<&str>| {
            let mut table = result(Pair::new(Some(2), Some(3)), counts, &[ColumnStatus::Compared]);
            table.ranges.mismatched = 1;
            table.moving = Some(moving);
            verdict(table, failure)
        };
        let resolved = Moving { differed: 3, resolved: 3, ..Moving::default() };
        let one = Counts { missing: 1, ..Default::default() };
        assert_eq!(moved(resolved.clone(), Counts::default(), None), Verdict::Match);
        assert_eq!(
            moved(Moving { resolved: 2, hot: 1, ..resolved.clone() }, Counts::default(), None),
            Verdict::Undecided
        );
        assert_eq!(moved(Moving { stable: 1, hot: 1, resolved: 1, ..resolved.clone() }, one, None), Verdict::Differ);
        assert_eq!(moved(Moving { not_rechecked: 3, resolved: 0, ..resolved.clone() }, one, None), Verdict::Undecided);
        assert_eq!(moved(Moving::default(), Counts::default(), None), Verdict::Undecided, "nothing explains it");
        assert_eq!(moved(resolved, Counts::default(), Some("the server went away")), Verdict::Undecided);
    }

    #[test]
    fn a_difference_outweighs_a_failure_and_no_table_is_no_match() {
        let differs = result(Pair::default(), Counts { corrupt: 1, ..Default::default() }, &[]);
        assert_eq!(verdict(differs, Some("server gone")), Verdict::Differ);
        assert_eq!(decide_run(&[]).0, Verdict::Undecided);
    }
}
