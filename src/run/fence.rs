//! Opens both snapshots, and under `consistency = "strong"` the target's only once it has passed the source's coordinate.
//!
//! What the fence proves: everything that the source's snapshot shows has reached the target before the target's snapshot was
//! taken. What it cannot prove: that the target has not gone on. Unless the source stood still until then, which its
//! position tells, keys that differ are read again like those of `eventual`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::prepare::Prepared;
use super::reading::Reader;
use super::retry::Retry;
use crate::config::{Options, RunPlan};
use crate::error::{Error, Result};
use crate::model::{Consistency, FenceResult, Pair, Progress, Side};
use crate::store::Store;
use crate::store::replication::Coordinates;

/// How long to wait between two questions.
const POLL_AFTER: Duration = Duration::from_millis(250);

/// What came of opening the stores.
pub(super) enum Opening {
    /// Both are open, and how it was made sure that the target has what the source shows; `None` where that was not asked for.
    Open(Box<Pair<Reader>>, Option<FenceResult>),
    /// The target did not pass the source's coordinate in time, which it did not say.
    Missed(Error),
}

/// Opens both stores' snapshots, one right after the other, or with a fence between them.
pub(super) async fn open(
    prepared: &Prepared,
    plan: &RunPlan,
    retry: &Retry,
    progress: &Arc<dyn Progress>,
) -> Result<Opening> {
    let stores = &prepared.stores;
    if plan.options.consistency != Consistency::Strong {
        let source = Reader::of(prepared, Side::Source, &plan.options, retry, progress).await?;
        let target = Reader::of(prepared, Side::Target, &plan.options, retry, progress).await?;
        return Ok(Opening::Open(Box::new(Pair::new(source, target)), None));
    }
    let source = open_strongly(prepared, Side::Source, &plan.options, retry, progress).await?;
    let coordinates: Coordinates = source.snapshot().coordinates().into_iter().collect();
    let before = source.snapshot().position();
    let begun = Instant::now();
    let passed = match wait(stores, plan, &coordinates, progress.as_ref()).await? {
        Waited::Passed(passed) => passed,
        Waited::Missed(error) => return Ok(Opening::Missed(error)),
    };
    let target = open_strongly(prepared, Side::Target, &plan.options, retry, progress).await?;
    // A source that does not say where it stands may have moved.
    let after = stores.source.position().await?;
    let source_moved = before.is_none() || before != after;
    let (how, passed) = match passed {
        Passed::Coordinate(how, coordinate) => (how, Some(coordinate)),
        Passed::Nothing(why) => (format!("no fence: {why}"), None),
    };
    progress.note(&how);
    let fence = FenceResult { how, passed, seconds: begun.elapsed().as_secs_f64(), source_moved };
    Ok(Opening::Open(Box::new(Pair::new(source, target)), Some(fence)))
}

async fn open_strongly(
    prepared: &Prepared,
    side: Side,
    options: &Options,
    retry: &Retry,
    progress: &Arc<dyn Progress>,
) -> Result<Reader> {
    let reader = Reader::of(prepared, side, options, retry, progress).await?;
    match reader.snapshot().weakness() {
        Some(weakness) if options.workers > 1 => {
            Err(Error::store(format!("the {side} gave no snapshot of one moment for all workers: {weakness}"))
                .at(&prepared.stores.get(side).identity().url)
                .hint("grant the right to lock (RELOAD), or read with one worker (--workers 1), or ask for consistency = \"snapshot\""))
        }
        _ => Ok(reader),
    }
}

enum Waited {
    Passed(Passed),
    Missed(Error),
}

enum Passed {
    /// By what it was known, and the coordinate.
    Coordinate(String, String),
    /// There was nothing to wait for; why.
    Nothing(String),
}

async fn wait(
    stores: &Pair<Arc<dyn Store>>,
    plan: &RunPlan,
    coordinates: &Coordinates,
    progress: &dyn Progress,
) -> Result<Waited> {
    let fence = &plan.options.fence;
    let missed = |coordinate: &str| {
        let seconds = humantime::format_duration(fence.timeout);
        Waited::Missed(
            Error::store(format!("the target has not passed the source's coordinate {coordinate} within {seconds}"))
                .at(&stores.target.identity().url)
                .hint(
                    "see whether the replication runs and how far it is behind; [fence] timeout says how long to wait",
                ),
        )
    };
    let deadline = Instant::now() + fence.timeout;
    if let Some(questions) = &fence.questions {
        let Some(value) = stores.source.answer(&questions.source, None).await? else {
            return Err(Error::store("the fence's question to the source gave no value")
                .at(&stores.source.identity().url)
                .hint("[fence] source is SQL that gives one value that is not NULL"));
        };
        progress.note(&format!("waiting until the target has passed {value}"));
        while !is_true(stores.target.answer(&questions.target, Some(&value)).await?.as_deref()) {
            if Instant::now() > deadline {
                return Ok(missed(&value));
            }
            tokio::time::sleep(POLL_AFTER).await;
        }
        return Ok(Waited::Passed(Passed::Coordinate("the target says yes to the config's question".into(), value)));
    }
    let mark = match stores.target.mark(coordinates).await? {
        Ok(mark) => mark,
        Err(why) => return Ok(Waited::Passed(Passed::Nothing(why))),
    };
    progress.note(&format!("waiting until the target has passed {}", mark.coordinate()));
    loop {
        match stores.source.confirmed(&mark).await? {
            None => {
                let why = "the target subscribes to another database than the source";
                return Ok(Waited::Passed(Passed::Nothing(why.into())));
            }
            Some(true) if stores.target.passed(&mark).await? => break,
            Some(_) => {}
        }
        if Instant::now() > deadline {
            return Ok(missed(mark.coordinate()));
        }
        tokio::time::sleep(POLL_AFTER).await;
    }
    Ok(Waited::Passed(Passed::Coordinate(mark.described(), mark.coordinate().to_owned())))
}

/// Whether an answer of SQL is a yes: true, or a number other than zero.
fn is_true(answer: Option<&str>) -> bool {
    match answer.map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        Some("t" | "true" | "yes" | "on") => true,
        Some(text) => text.parse::<f64>().is_ok_and(|number| number != 0.0),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_yes_is_a_yes() {
        for yes in ["t", "true", "TRUE", "1", "-1", "2.5"] {
            assert!(is_true(Some(yes)), "{yes}");
        }
        for no in [None, Some("f"), Some("0"), Some("0.0"), Some(""), Some("no"), Some("2026-11-30")] {
            assert!(!is_true(no), "{no:?}");
        }
    }
}
