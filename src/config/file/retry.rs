//! `[retry]`: what failed for the moment is tried again.

use std::time::Duration;

use super::Reader;
use super::moving::above_zero;
use super::shape::WrittenRetry;
use crate::error::{Error, Result};
use crate::model::RetryPlan;

/// More retries than this are no patience any more.
const TIMES_MAX: u64 = 1000;

impl Reader<'_> {
    /// The plan of retries of a file. With one, a store that is not there yet at the beginning is waited for, too.
    pub(super) fn retry(&self, written: Option<&WrittenRetry>) -> Result<RetryPlan> {
        let mut plan = RetryPlan { first_contact: true, ..RetryPlan::default() };
        let Some(WrittenRetry { times, first_wait, wait_max, silence_max }) = written else { return Ok(plan) };
        if let Some(times) = times {
            let within = u32::try_from(*times.get_ref()).ok().filter(|times| u64::from(*times) <= TIMES_MAX);
            plan.times = within.ok_or_else(|| {
                Error::usage(format!("\"times\" must be between 0 and {TIMES_MAX}"))
                    .at(self.document.place(times.span()))
            })?;
        }
        let limits =
            [(first_wait, &mut plan.first_wait), (wait_max, &mut plan.wait_max), (silence_max, &mut plan.silence_max)];
        for (text, limit) in limits {
            if let Some(text) = text {
                *limit = duration(text.get_ref()).map_err(|e| self.at(e, text))?;
            }
        }
        Ok(plan)
    }
}

/// A time such as `500ms`, `2s` or `1m`.
fn duration(text: &str) -> Result<Duration> {
    above_zero(text).ok_or_else(|| {
        Error::usage(format!("{text:?} is no time"))
            .hint("write a number and a unit, for example 500ms, 2s, 1m 30s or 1h")
    })
}
