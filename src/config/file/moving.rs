//! `consistency`, `recheck`, `[fence]` and `min_age` of the config: what is asked about data that move.

use std::str::FromStr;
use std::time::Duration;

use super::Reader;
use super::nearest::did_you_mean;
use super::shape::{Text, WrittenFence, WrittenFile, WrittenRecheck};
use crate::config::Options;
use crate::error::{Error, Result};
use crate::model::{Consistency, FencePlan, Pair, Recheck};

/// More readings than this are no recheck but a watch.
const TIMES_MAX: u64 = 1000;

impl FromStr for Consistency {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = Consistency::ALL.map(Consistency::name);
        Consistency::ALL.into_iter().find(|one| one.name() == text).ok_or_else(|| {
            Error::usage(format!("unknown consistency {text:?}{}", did_you_mean(text, known)))
                .hint(format!("consistency is one of {}", known.join(", ")))
        })
    }
}

impl Options {
    /// Refuses what does not go together.
    pub(super) fn check_moving(&self) -> Result<()> {
        if self.consistency != Consistency::Snapshot && self.sampling.as_ref().is_some_and(|sampling| sampling.escalate)
        {
            return Err(Error::usage(
                "escalate reads a table in full within the snapshots of the run, whose differences \
                                     would have to be read again, which takes other snapshots",
            )
            .hint("leave out escalate, or compare in full (mode = \"full\") when data move"));
        }
        Ok(())
    }
}

impl Reader<'_> {
    /// What the file says about data that move.
    pub(super) fn moving(&self, file: &WrittenFile, options: &mut Options) -> Result<()> {
        if let Some(consistency) = &file.consistency {
            options.consistency = consistency.get_ref().parse().map_err(|e| self.at(e, consistency))?;
        }
        if let Some(recheck) = &file.recheck {
            options.recheck = self.recheck(recheck)?;
        }
        if let Some(fence) = &file.fence {
            options.fence = self.fence(fence)?;
        }
        Ok(())
    }

    fn recheck(&self, recheck: &WrittenRecheck) -> Result<Recheck> {
        let mut meant = Recheck::default();
        if let Some(times) = &recheck.times {
            let place = || self.document.place(times.span());
            meant.times = u32::try_from(*times.get_ref())
                .ok()
                .filter(|n| (1..=TIMES_MAX).contains(&u64::from(*n)))
                .ok_or_else(|| Error::usage(format!("\"times\" must be between 1 and {TIMES_MAX}")).at(place()))?;
        }
        if let Some(after) = &recheck.after {
            meant.after = self.duration(after, "after")?;
        }
        Ok(meant)
    }

    fn fence(&self, fence: &WrittenFence) -> Result<FencePlan> {
        let mut meant = FencePlan::default();
        if let Some(timeout) = &fence.timeout {
            meant.timeout = self.duration(timeout, "timeout")?;
        }
        meant.questions = match (&fence.source, &fence.target) {
            (Some(source), Some(target)) => {
                Some(Pair::new(self.not_empty(source, "source")?, self.not_empty(target, "target")?))
            }
            (None, None) => None,
            (Some(one), None) | (None, Some(one)) => {
                return Err(self.at(Error::usage("a fence needs a question for each side: source and target"), one));
            }
        };
        Ok(meant)
    }

    /// A length of time such as `2s` or `5m`, above zero.
    pub(super) fn duration(&self, text: &Text, key: &str) -> Result<Duration> {
        above_zero(text.get_ref()).ok_or_else(|| {
            let error = Error::usage(format!("{key:?} is no length of time above zero"));
            self.at(error.hint("write a number and a unit, for example 500ms, 2s, 5m or 1h"), text)
        })
    }
}

/// A length of time above zero; `None` where the text is none.
pub(super) fn above_zero(text: &str) -> Option<Duration> {
    humantime::parse_duration(text.trim()).ok().filter(|time| !time.is_zero())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::RunPlan;
    use crate::config::file::{Overrides, plan_of_text};

    fn plan(head: &str, tail: &str) -> Result<RunPlan> {
        let text = format!("{head}\n[source]\nurl = \"a.db\"\n[target]\nurl = \"b.db\"\n{tail}");
        plan_of_text(Path::new("tieout.toml"), &text, &|_| None, &Overrides::default())
    }

    #[test]
    fn what_moves_is_asked_for_in_words_and_lengths_of_time() {
        let plan = plan(
            "consistency = \"eventual\"\nrecheck = { times = 3, after = \"500ms\" }",
            "[fence]\nsource = \"SELECT 1\"\ntarget = \"SELECT {source} = 1\"\ntimeout = \"10s\"\n\
             [[tables]]\nsource = \"t\"\nmin_age = \"5m\"\nupdated_at = \"changed\"",
        )
        .unwrap();
        assert_eq!(plan.options.consistency, Consistency::Eventual);
        assert_eq!(plan.options.recheck, Recheck { times: 3, after: Duration::from_millis(500) });
        assert_eq!(plan.options.fence.timeout, Duration::from_secs(10));
        assert!(plan.options.fence.questions.is_some());
        let table = &plan.tables.unwrap()[0];
        assert_eq!((table.min_age, table.updated_at.as_deref()), (Some(Duration::from_secs(300)), Some("changed")));
    }

    #[test]
    fn left_out_data_are_taken_to_stand_still() {
        let options = plan("", "").unwrap().options;
        assert_eq!((options.consistency, options.recheck.times), (Consistency::Snapshot, 5));
        assert_eq!(options.recheck.lag_max(), Duration::from_secs(10));
    }

    #[test]
    fn what_makes_no_sense_is_refused_where_it_stands() {
        for (head, tail, said) in [
            ("consistency = \"eventuel\"", "", "did you mean \"eventual\"?"),
            ("recheck = { times = 0 }", "", "between 1 and 1000"),
            ("recheck = { after = \"soon\" }", "", "no length of time"),
            ("recheck = { after = \"0s\" }", "", "no length of time"),
            ("recheck = { time = 3 }", "", "times"),
            ("", "[fence]\nsource = \"SELECT 1\"", "a question for each side"),
            ("", "[defaults]\nmin_age = \"five\"", "no length of time"),
            ("consistency = \"eventual\"\nmode = \"sample\"\nsample = \"1%\"\nescalate = true", "", "escalate"),
        ] {
            let error = plan(head, tail).unwrap_err();
            assert_eq!(error.kind(), crate::error::ErrorKind::Usage);
            assert!(error.to_string().contains(said), "{said}: {error}");
        }
    }
}
