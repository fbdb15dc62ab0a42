//! What can happen to days, times of day, timestamps and instants.

use chrono_tz::Tz;

use super::rounding::{WAYS, round};
use crate::canonical::time::{Moment, instant_of, parse_timestamp};
use crate::model::{CauseKind, Pair, Rounding, TimeUnit};

const NANOS: i128 = 1_000_000_000;
const MINUTE: i128 = 60 * NANOS;
const HOUR: i128 = 60 * MINUTE;
const DAY: i128 = 24 * HOUR;
/// Zones lie at most this far from UTC.
const ZONE_MAX: i128 = 14 * HOUR;
/// Offsets of zones in use today are whole quarters of an hour.
const ZONE_STEP: i128 = 15 * MINUTE;

/// What the family of a column's values is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Date,
    Time,
    /// Timestamps, and instants with the zones in which local times are read.
    Moment(Pair<Option<Tz>>),
}

/// Ends of ranges at which stores clamp: the least and the greatest of DATE, DATETIME and TIMESTAMP of various engines.
const LATEST: [&str; 8] = [
    "9999-12-31",
    "9999-12-31 23:59:59",
    "9999-12-31 23:59:59.999999",
    "2038-01-19 03:14:07",
    "2038-01-19 03:14:07.999999",
    "2106-02-07 06:28:15",
    "2079-06-06",
    "2262-04-11",
];
const EARLIEST: [&str; 8] = [
    "0001-01-01",
    "1000-01-01",
    "1753-01-01",
    "1900-01-01",
    "1970-01-01",
    "1970-01-01 00:00:01",
    "1677-09-21",
    "1582-10-15",
];
/// The ends of MySQL's TIME, and of a day.
const LONGEST: [i128; 3] = [(838 * 3600 + 59 * 60 + 59) * NANOS, DAY - NANOS, DAY - 1000];

/// All hypotheses that hold for this cell.
pub(super) fn kinds(source: &str, target: &str, family: Family, out: &mut Vec<CauseKind>) {
    if is_zero_date(source) || is_zero_date(target) {
        out.push(CauseKind::ZeroDate);
        return;
    }
    let zones = match family {
        Family::Moment(zones) => zones,
        _ => Pair::default(),
    };
    let (from, to) = (read(source, family, zones.source), read(target, family, zones.target));
    let (from, to) = match (from, to) {
        (Some(from), Some(to)) => (from, to),
        (None, Some(_)) if super::number::is_infinite(source) => return out.push(CauseKind::InfinityToMax),
        _ => return,
    };
    let later = to - from;
    if later == 0 {
        return;
    }
    if family == Family::Date {
        if later.abs() == DAY {
            out.push(CauseKind::OneDay { later: later > 0 });
        }
    } else {
        shifted(from, to, out);
        rounded(from, to, out);
    }
    if is_limit(from, to, target, family) {
        out.push(CauseKind::Clamped);
    }
    if zone_minutes(later).is_none() || family == Family::Date {
        out.push(CauseKind::TimeOffset { nanoseconds: later });
    }
}

/// Whether a text is MySQL's zero date, or one with a zero month or day.
pub(super) fn is_zero_date(text: &str) -> bool {
    text.len() >= 10 && (text.starts_with("0000-00-00") || text.as_bytes()[4..10].starts_with(b"-00-00"))
}

fn zone_minutes(later: i128) -> Option<i16> {
    (later != 0 && later.abs() <= ZONE_MAX && later % ZONE_STEP == 0).then_some((later / MINUTE) as i16)
}

fn shifted(from: i128, to: i128, out: &mut Vec<CauseKind>) {
    if let Some(minutes) = zone_minutes(to - from) {
        out.push(CauseKind::TimeZone { minutes });
        return;
    }
    // A shift and lost decimals at once.
    for decimals in [0u8, 3, 6] {
        let unit = 10i128.pow(9 - u32::from(decimals));
        if to % unit != 0 || from % unit == 0 {
            continue;
        }
        for rounding in WAYS {
            if let Some(minutes) = zone_minutes(to - down_or_near(from, unit, rounding)) {
                let unit = TimeUnit::Decimals(decimals);
                out.push(CauseKind::TimeZoneAndPrecision { minutes, unit, rounding });
            }
        }
        if out.iter().any(|kind| matches!(kind, CauseKind::TimeZoneAndPrecision { .. })) {
            return;
        }
    }
}

fn rounded(from: i128, to: i128, out: &mut Vec<CauseKind>) {
    let coarse = [(DAY, TimeUnit::Day), (HOUR, TimeUnit::Hour), (MINUTE, TimeUnit::Minute)];
    let fine = (0..9u8).map(|decimals| (10i128.pow(9 - u32::from(decimals)), TimeUnit::Decimals(decimals)));
    for (size, unit) in coarse.into_iter().chain(fine) {
        if to % size != 0 || from % size == 0 {
            continue;
        }
        for rounding in WAYS {
            if down_or_near(from, size, rounding) == to {
                out.push(CauseKind::TimePrecision { unit, rounding });
            }
        }
    }
}

/// Times are cut toward the past, also before 1970.
fn down_or_near(value: i128, unit: i128, rounding: Rounding) -> i128 {
    match rounding {
        Rounding::Truncate => value.div_euclid(unit) * unit,
        _ => round(value, unit, rounding),
    }
}

fn is_limit(from: i128, to: i128, target: &str, family: Family) -> bool {
    if family == Family::Time {
        return LONGEST.iter().any(|limit| (to == *limit && from > to) || (to == -limit && from < to));
    }
    let clock = target.trim_end_matches('Z');
    let is = |limit: &&str| clock == *limit || clock.strip_suffix(" 00:00:00") == Some(limit);
    (from > to && LATEST.iter().any(&is)) || (from < to && EARLIEST.iter().any(&is))
}

/// Nanoseconds since 1970, or since midnight.
fn read(text: &str, family: Family, zone: Option<Tz>) -> Option<i128> {
    if family == Family::Time {
        return clock(text);
    }
    let read = parse_timestamp(text)?;
    let Moment { seconds, nanos } = match (read.offset, zone) {
        (Some(offset), _) => Moment { seconds: read.local.seconds - i64::from(offset), ..read.local },
        (None, Some(zone)) => instant_of(read.local, zone).ok()?,
        (None, None) => read.local,
    };
    Some(i128::from(seconds) * NANOS + i128::from(nanos))
}

/// Reads `-838:59:59.5`: MySQL's TIME is a length of time.
fn clock(text: &str) -> Option<i128> {
    let (sign, rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (clock, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let mut parts = clock.split(':').map(|part| part.parse::<u16>().ok().map(i128::from));
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    if parts.next().is_some() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos = format!("{fraction:0<9}").parse::<i128>().ok()?;
    Some(sign * (((hours * 60 + minutes) * 60 + seconds) * NANOS + nanos))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Rounding::{HalfEven, HalfUp, Truncate};
    use CauseKind as K;

    const PLAIN: Family = Family::Moment(Pair { source: None, target: None });

    fn all(source: &str, target: &str, family: Family) -> Vec<K> {
        let mut out = Vec::new();
        kinds(source, target, family, &mut out);
        out.retain(|kind| !matches!(kind, K::TimeOffset { .. }));
        out
    }

    fn precision(unit: TimeUnit, rounding: Rounding) -> K {
        K::TimePrecision { unit, rounding }
    }

    #[test]
    fn shifts_between_zones_are_quarters_of_hours() {
        assert_eq!(all("2024-01-01 20:00:01", "2024-01-02 04:00:01", PLAIN), [K::TimeZone { minutes: 480 }]);
        assert_eq!(all("2024-01-01 20:00:01", "2024-01-01 14:30:01", PLAIN), [K::TimeZone { minutes: -330 }]);
        assert_eq!(all("2024-01-01 20:00:01", "2024-01-02 04:00:02", PLAIN), []);
        assert_eq!(all("2024-01-01 20:00:01", "2024-01-02 20:00:01", PLAIN), []);
        assert_eq!(all("12:00:00", "13:00:00", Family::Time), [K::TimeZone { minutes: 60 }]);
    }

    #[test]
    fn local_times_are_read_in_their_zone_before_they_are_compared() {
        let berlin = Family::Moment(Pair::new(Some(Tz::Europe__Berlin), None));
        let found = all("2024-01-01 12:00:00.5", "2024-01-01 11:00:00Z", berlin);
        assert!(found.contains(&precision(TimeUnit::Decimals(0), Truncate)), "{found:?}");
    }

    #[test]
    fn lost_decimals_are_told_with_their_way() {
        let seconds = TimeUnit::Decimals(0);
        assert_eq!(
            all("2024-01-01 10:00:01.7", "2024-01-01 10:00:02", PLAIN),
            [precision(seconds, HalfUp), precision(seconds, HalfEven)]
        );
        assert_eq!(all("2024-01-01 10:00:01.7", "2024-01-01 10:00:01", PLAIN), [precision(seconds, Truncate)]);
        assert_eq!(all("1960-01-01 10:00:01.7", "1960-01-01 10:00:01", PLAIN), [precision(seconds, Truncate)]);
        assert_eq!(
            all("2024-01-01 10:00:01.123456", "2024-01-01 10:00:01.123", PLAIN),
            [3].map(|d| [Truncate, HalfUp, HalfEven].map(|r| precision(TimeUnit::Decimals(d), r))).concat()
        );
        assert_eq!(all("2024-01-01 10:00:01.7", "2024-01-01 10:00:01.8", PLAIN), []);
        let day = all("2024-01-01 17:03:01", "2024-01-01 00:00:00", PLAIN);
        assert!(day.contains(&precision(TimeUnit::Day, Truncate)), "{day:?}");
    }

    #[test]
    fn a_shift_and_lost_decimals_are_told_together() {
        let found = all("2024-01-01 10:00:01.7", "2024-01-01 18:00:01", PLAIN);
        let unit = TimeUnit::Decimals(0);
        assert_eq!(found, [K::TimeZoneAndPrecision { minutes: 480, unit, rounding: Truncate }]);
    }

    #[test]
    fn days_are_off_by_one() {
        assert_eq!(all("2024-03-01", "2024-02-29", Family::Date), [K::OneDay { later: false }]);
        assert_eq!(all("2024-03-01", "2024-02-28", Family::Date), []);
    }

    #[test]
    fn limits_clamp_only_from_beyond() {
        assert_eq!(all("12000-01-01", "9999-12-31", Family::Date), [K::Clamped]);
        assert_eq!(all("1600-05-05", "1753-01-01", Family::Date), [K::Clamped]);
        assert_eq!(all("900:00:01", "838:59:59", Family::Time), [K::Clamped]);
        assert_eq!(all("2020-01-01", "9999-12-31", Family::Date), []);
        assert_eq!(all("infinity", "9999-12-31", Family::Date), [K::InfinityToMax]);
    }

    #[test]
    fn zero_dates_are_told() {
        assert_eq!(all("0000-00-00 00:00:00", "1970-01-01 00:00:00", PLAIN), [K::ZeroDate]);
        assert_eq!(all("2024-00-00", "2024-01-01", Family::Date), [K::ZeroDate]);
        assert!(!is_zero_date("2024-10-01") && !is_zero_date("2000-00-0"));
    }
}
