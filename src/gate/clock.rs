//! Times that cannot be believed: the order of the records does not depend on the clock, and shows where it was set back.

use chrono::{DateTime, Utc};

use super::{Window, moment, time, undecided};
use crate::model::{Reason, RunRecord};

/// What is wrong with the times of runs, as far as it concerns the window.
pub(super) fn troubles(history: &[RunRecord], window: &Window) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut before: Option<DateTime<Utc>> = None;
    for record in history {
        let mut tell = |what: String| {
            let of_run = undecided(&what);
            reasons.push(Reason {
                run: Some(record.start.id.clone()),
                at: Some(record.start.started.clone()),
                ..of_run
            });
        };
        let Some(started) = time(&record.start.started) else {
            tell(format!("the start of this run cannot be read as a time: {:?}", record.start.started));
            continue;
        };
        if started > window.to {
            tell("the clock was changed: this run starts in the future".into());
        }
        let concerns = |time: DateTime<Utc>| time >= window.from;
        if let Some(before) = before.filter(|before| started < *before && (concerns(started) || concerns(*before))) {
            tell(format!("the clock went backwards: this run starts before its predecessor ({})", moment(before)));
        }
        if let Some(end) = &record.end {
            match time(&end.finished) {
                Some(finished) if finished < started && concerns(started) => {
                    tell(format!("the clock went backwards: this run ends before it starts ({})", moment(finished)));
                }
                Some(_) => {}
                None => tell(format!("the end of this run cannot be read as a time: {:?}", end.finished)),
            }
        }
        before = Some(started);
    }
    reasons
}
