//! Windows of the week: `Mon-Fri 08:00-20:00`, by a clock on the wall.
//!
//! A moment is turned into local time and then looked up, never the other way round. So no hour is lost or meant twice where the
//! clock is put forward or back: an hour that the clock shows twice lies in its window both times.

use chrono::{Datelike, NaiveDateTime, Timelike};

use crate::error::{Error, Result};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MINUTES_OF_DAY: u32 = 24 * 60;
const HINT: &str =
    "write days and hours, for example \"Mon-Fri 08:00-20:00\", \"Sat,Sun 22:00-04:00\" or \"12:00-13:30\"";

/// Windows of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows(Vec<Window>);

/// One of them: the days on which it begins, and its minutes of the day; it ends on the next day where `end` is not later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    days: [bool; 7],
    begin: u32,
    end: u32,
}

impl Windows {
    /// Reads windows as they are written.
    ///
    /// # Errors
    /// What is no window, with an example of one.
    pub fn parse<'a>(written: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let parsed = written.into_iter().map(|text| {
            window(text).ok_or_else(|| Error::usage(format!("{text:?} is no window of the week")).hint(HINT))
        });
        parsed.collect::<Result<_>>().map(Self)
    }

    /// Whether a local time lies in one of them.
    pub fn contain(&self, local: &NaiveDateTime) -> bool {
        let day = local.weekday().num_days_from_monday() as usize;
        let minute = local.hour() * 60 + local.minute();
        self.0.iter().any(|window| window.contains(day, minute))
    }
}

impl Window {
    fn contains(&self, day: usize, minute: u32) -> bool {
        let Self { days, begin, end } = *self;
        if begin < end {
            return days[day] && (begin..end).contains(&minute);
        }
        // Over midnight it belongs to the day on which it begins.
        (days[day] && minute >= begin) || (days[(day + 6) % 7] && minute < end)
    }
}

fn window(text: &str) -> Option<Window> {
    let mut words = text.split_whitespace();
    let (first, second) = (words.next()?, words.next());
    if words.next().is_some() {
        return None;
    }
    let (days, hours) = match second {
        Some(hours) => (days(first)?, hours),
        None => ([true; 7], first),
    };
    let (begin, end) = hours.split_once('-')?;
    let (begin, end) = (minute(begin)?, minute(end)?);
    (begin < MINUTES_OF_DAY && begin != end).then_some(Window { days, begin, end })
}

fn days(text: &str) -> Option<[bool; 7]> {
    let number = |name: &str| DAYS.iter().position(|day| name.to_ascii_lowercase() == *day);
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        // From Fri to Mon it goes over Sunday.
        (0..=(last + 7 - first) % 7).for_each(|after| days[(first + after) % 7] = true);
    }
    Some(days)
}

fn minute(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| (text.len() == 2).then(|| text.parse::<u32>().ok()).flatten();
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= MINUTES_OF_DAY).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use chrono_tz::Tz;

    use super::*;

    fn holds(window: &str, local: &str) -> bool {
        let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
        Windows::parse([window]).unwrap().contain(&local)
    }

    // 2026-06-01 is a Monday.
    #[test]
    fn a_window_is_half_open_and_of_its_days() {
        assert!(holds("Mon-Fri 08:00-20:00", "2026-06-01 08:00"));
        assert!(!holds("Mon-Fri 08:00-20:00", "2026-06-01 20:00"));
        assert!(!holds("Mon-Fri 08:00-20:00", "2026-06-06 12:00"));
        assert!(holds("fri-mon 08:00-20:00", "2026-06-07 12:00"));
        assert!(holds("Mon,Wed 08:00-24:00", "2026-06-03 23:59"));
        assert!(!holds("Mon,Wed 08:00-24:00", "2026-06-02 12:00"));
        assert!(holds("00:00-24:00", "2026-06-07 00:00"));
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_it_begins_on() {
        assert!(holds("Sun 22:00-04:00", "2026-06-07 22:00"));
        assert!(holds("Sun 22:00-04:00", "2026-06-08 03:59"));
        assert!(!holds("Sun 22:00-04:00", "2026-06-08 04:00"));
        assert!(!holds("Sun 22:00-04:00", "2026-06-07 03:00"));
        assert!(holds("22:00-00:00", "2026-06-07 23:59") && !holds("22:00-00:00", "2026-06-07 00:00"));
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for text in [
            "",
            "Mon",
            "Mon 8-20",
            "Mon 08:00",
            "Mon 08:00-08:00",
            "Mon 24:00-08:00",
            "Moon 08:00-20:00",
            "Mon 08:60-09:00",
            "Mon 08:00-25:00",
            "Mon-Fri 08:00-20:00 UTC",
            "08:00-20:00 Mon",
        ] {
            let error = Windows::parse([text]).unwrap_err();
            assert!(error.advice().unwrap().contains("Mon-Fri"), "{text}");
        }
    }

    /// How many minutes of some days in Berlin lie in a window.
    fn minutes(window: &str, from: &str, hours: i64) -> i64 {
        let windows = Windows::parse([window]).unwrap();
        let from: DateTime<Utc> = from.parse().unwrap();
        (0..hours * 60)
            .filter(|minute| {
                let local = (from + TimeDelta::minutes(*minute)).with_timezone(&Tz::Europe__Berlin).naive_local();
                windows.contain(&local)
            })
            .count() as i64
    }

    #[test]
    fn where_the_clock_changes_a_window_is_an_hour_longer_or_shorter_and_never_lost() {
        // The clock goes from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25.
        assert_eq!(minutes("01:00-04:00", "2026-03-28T23:00:00Z", 12), 120);
        assert_eq!(minutes("01:00-04:00", "2026-10-24T22:00:00Z", 12), 240);
        assert_eq!(minutes("02:00-03:00", "2026-03-28T23:00:00Z", 12), 0);
        assert_eq!(minutes("02:00-03:00", "2026-10-24T22:00:00Z", 12), 120);
        assert_eq!(minutes("Sat 22:00-06:00", "2026-10-24T12:00:00Z", 24), 9 * 60);
    }
}
