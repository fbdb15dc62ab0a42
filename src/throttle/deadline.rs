//! When a run has to be over.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Days, MappedLocalTime, NaiveTime, TimeDelta, TimeZone, Utc};

use crate::error::{Error, Result};

/// A time of the day, or a duration from the beginning of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    written: String,
    meant: Meant,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Meant {
    At(NaiveTime),
    After(Duration),
}

impl Deadline {
    /// As it was written.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// How long a run may take that begins `now`: until the clock of `zone` shows the time next, or the duration itself. Measured
    /// once, so that a clock that is put right in between changes nothing.
    pub fn from<Z: TimeZone>(&self, now: DateTime<Utc>, zone: &Z) -> Duration {
        match self.meant {
            Meant::After(duration) => duration,
            Meant::At(time) => until(time, now, zone).to_std().unwrap_or_default(),
        }
    }
}

fn until<Z: TimeZone>(time: NaiveTime, now: DateTime<Utc>, zone: &Z) -> TimeDelta {
    let today = now.with_timezone(zone).date_naive();
    // A day has at most a few moments at which its clock shows a time, and at least one in any two days.
    let days = (0..3).filter_map(|after| today.checked_add_days(Days::new(after)));
    let moments = days.flat_map(|day| {
        let local = day.and_time(time);
        match zone.from_local_datetime(&local) {
            MappedLocalTime::Single(moment) => vec![moment],
            MappedLocalTime::Ambiguous(first, second) => vec![first, second],
            // The clock skips it: the first hour that it shows afterwards.
            MappedLocalTime::None => {
                zone.from_local_datetime(&(local + TimeDelta::hours(1))).earliest().into_iter().collect()
            }
        }
    });
    let after = moments.map(|moment| moment.with_timezone(&Utc) - now).filter(|left| *left > TimeDelta::zero());
    after.min().unwrap_or_else(TimeDelta::zero)
}

impl FromStr for Deadline {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let time = NaiveTime::parse_from_str(text, "%H:%M").ok().filter(|_| text.len() == 5);
        let meant = time.map(Meant::At).or_else(|| humantime::parse_duration(text).ok().map(Meant::After));
        let meant = meant.filter(|meant| *meant != Meant::After(Duration::ZERO));
        let refused = || {
            Error::usage(format!("{text:?} is no deadline"))
                .hint("write a time of the day such as 06:00, or how long the run may take, such as 90min or 4h")
        };
        Ok(Self { written: text.to_owned(), meant: meant.ok_or_else(refused)? })
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;

    fn minutes(deadline: &str, now: &str) -> u64 {
        let deadline: Deadline = deadline.parse().unwrap();
        deadline.from(now.parse().unwrap(), &Tz::Europe__Berlin).as_secs() / 60
    }

    #[test]
    fn a_time_of_the_day_is_the_next_one_and_a_duration_is_itself() {
        assert_eq!(minutes("06:00", "2026-07-01T01:00:00Z"), 3 * 60);
        assert_eq!(minutes("06:00", "2026-07-01T04:00:00Z"), 24 * 60);
        assert_eq!(minutes("06:00", "2026-07-01T20:00:00Z"), 8 * 60);
        assert_eq!(minutes("90min", "2026-07-01T20:00:00Z"), 90);
    }

    #[test]
    fn a_night_in_which_the_clock_changes_is_an_hour_shorter_or_longer() {
        assert_eq!(minutes("06:00", "2026-03-28T22:00:00Z"), 6 * 60, "from 23:00");
        assert_eq!(minutes("06:00", "2026-10-24T21:00:00Z"), 8 * 60, "from 23:00");
        // 02:30 does not exist in the first night, and exists twice in the second.
        assert_eq!(minutes("02:30", "2026-03-28T23:00:00Z"), 150);
        assert_eq!(minutes("02:30", "2026-10-24T22:00:00Z"), 150);
        assert_eq!(minutes("02:30", "2026-10-25T00:45:00Z"), 45);
    }

    #[test]
    fn what_is_no_deadline_is_refused() {
        for text in ["", "6", "25:00", "6:00", "soon", "0s", "06:00:00"] {
            assert!(text.parse::<Deadline>().is_err(), "{text}");
        }
    }
}
