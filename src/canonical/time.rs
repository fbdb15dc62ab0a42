//! Days, times of day, timestamps and instants: arithmetic, reading from text, and encoding.
//!
//! The calendar is proleptic Gregorian with 64-bit arithmetic throughout, because engines store years (PostgreSQL: up to
//! 294,276 and 4713 BC) that date libraries do not reach.

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

/// Microseconds in a day.
pub const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Nanoseconds in a day.
pub const NANOS_PER_DAY: i64 = 86_400_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

const DATE: u8 = 0x30;
const TIME: u8 = 0x31;
const TIMESTAMP: u8 = 0x32;
const INSTANT: u8 = 0x33;

/// A point on a clock: seconds since 1970-01-01 00:00:00 and nanoseconds within the second (0 to 999,999,999).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Seconds since 1970-01-01 00:00:00.
    pub seconds: i64,
    /// Nanoseconds within the second.
    pub nanos: u32,
}

impl Moment {
    /// From microseconds since 1970-01-01 00:00:00.
    pub fn from_micros(micros: i64) -> Self {
        Self { seconds: micros.div_euclid(1_000_000), nanos: micros.rem_euclid(1_000_000) as u32 * 1000 }
    }

    /// From nanoseconds since 1970-01-01 00:00:00.
    pub fn from_nanos(nanos: i64) -> Self {
        Self { seconds: nanos.div_euclid(1_000_000_000), nanos: nanos.rem_euclid(1_000_000_000) as u32 }
    }

    /// The day it lies in, counted from 1970-01-01.
    pub fn day(self) -> i32 {
        let days = self.seconds.div_euclid(SECONDS_PER_DAY);
        i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX })
    }

    /// Nanoseconds since 1970-01-01 00:00:00.
    pub fn nanos_since_epoch(self) -> i128 {
        i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanos)
    }

    /// From nanoseconds since 1970-01-01 00:00:00; `None` where the seconds take more than 64 bits.
    pub fn from_nanos_since_epoch(nanos: i128) -> Option<Self> {
        let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
        Some(Self { seconds, nanos: nanos.rem_euclid(1_000_000_000) as u32 })
    }

    /// Midnight of a day.
    pub fn from_days(days: i32) -> Self {
        Self { seconds: i64::from(days) * SECONDS_PER_DAY, nanos: 0 }
    }
}

/// The moment behind an encoded timestamp or instant, and its tag; `None` where the bytes are no such encoding.
pub(super) fn decode_moment(bytes: &[u8]) -> Option<(u8, Moment)> {
    let (tag @ &(TIMESTAMP | INSTANT), rest) = bytes.split_first()? else { return None };
    let (seconds, rest) = rest.split_first_chunk::<8>()?;
    let nanos = u32::from_be_bytes(*<&[u8; 4]>::try_from(rest).ok()?);
    Some((*tag, Moment { seconds: (u64::from_be_bytes(*seconds) ^ (1 << 63)) as i64, nanos }))
}

/// The nanoseconds since midnight behind an encoded time of day; `None` where the bytes are no such encoding.
pub(super) fn decode_time(bytes: &[u8]) -> Option<i64> {
    let (&TIME, rest) = bytes.split_first()? else { return None };
    Some((u64::from_be_bytes(*<&[u8; 8]>::try_from(rest).ok()?) ^ (1 << 63)) as i64)
}

/// Appends a moment under the tag that [`decode_moment`] gave.
pub(super) fn push_moment(out: &mut Vec<u8>, tag: u8, value: Moment) {
    out.extend_from_slice(&moment(tag, value));
}

/// How many bytes a day takes.
pub(super) const DATE_BYTES: usize = 5;
/// How many bytes a timestamp or an instant takes.
pub(super) const MOMENT_BYTES: usize = 13;

/// Appends a day.
pub fn push_date(out: &mut Vec<u8>, days: i32) {
    out.extend_from_slice(&date(days));
}

/// The encoding of a day.
pub(super) fn date(days: i32) -> [u8; DATE_BYTES] {
    let [a, b, c, d] = ((days as u32) ^ (1 << 31)).to_be_bytes();
    [DATE, a, b, c, d]
}

/// Appends a time of day in nanoseconds.
pub fn push_time(out: &mut Vec<u8>, nanos: i64) {
    out.push(TIME);
    out.extend_from_slice(&((nanos as u64) ^ (1 << 63)).to_be_bytes());
}

/// Appends a timestamp without a zone.
pub fn push_timestamp(out: &mut Vec<u8>, moment: Moment) {
    out.extend_from_slice(&timestamp(moment));
}

/// Appends an instant.
pub fn push_instant(out: &mut Vec<u8>, moment: Moment) {
    out.extend_from_slice(&instant(moment));
}

/// The encoding of a timestamp.
pub(super) fn timestamp(value: Moment) -> [u8; MOMENT_BYTES] {
    moment(TIMESTAMP, value)
}

/// The encoding of an instant.
pub(super) fn instant(value: Moment) -> [u8; MOMENT_BYTES] {
    moment(INSTANT, value)
}

fn moment(tag: u8, value: Moment) -> [u8; MOMENT_BYTES] {
    let mut bytes = [tag; MOMENT_BYTES];
    bytes[1..9].copy_from_slice(&((value.seconds as u64) ^ (1 << 63)).to_be_bytes());
    bytes[9..].copy_from_slice(&value.nanos.to_be_bytes());
    bytes
}

/// Why a local time is no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoInstant {
    /// The clock showed it twice.
    Ambiguous,
    /// The clock never showed it.
    Nonexistent,
    /// The zone's rules do not reach so far.
    OutOfRange,
}

/// The instant at which the clocks of `zone` showed `local`.
pub fn instant_of(local: Moment, zone: Tz) -> Result<Moment, NoInstant> {
    let naive = DateTime::from_timestamp(local.seconds, 0).ok_or(NoInstant::OutOfRange)?.naive_utc();
    match zone.offset_from_local_datetime(&naive) {
        chrono::LocalResult::Single(offset) => {
            Ok(Moment { seconds: local.seconds - i64::from(offset.fix().local_minus_utc()), nanos: local.nanos })
        }
        chrono::LocalResult::Ambiguous(..) => Err(NoInstant::Ambiguous),
        chrono::LocalResult::None => Err(NoInstant::Nonexistent),
    }
}

/// Both instants at which the clocks of `zone` showed `local`, the earlier first, where they showed it twice.
pub fn instants_of(local: Moment, zone: Tz) -> Option<(Moment, Moment)> {
    let naive = DateTime::from_timestamp(local.seconds, 0)?.naive_utc();
    let chrono::LocalResult::Ambiguous(one, other) = zone.offset_from_local_datetime(&naive) else { return None };
    let instant = |offset: i32| Moment { seconds: local.seconds - i64::from(offset), nanos: local.nanos };
    let (one, other) = (instant(one.fix().local_minus_utc()), instant(other.fix().local_minus_utc()));
    Some(if one <= other { (one, other) } else { (other, one) })
}

/// Days since 1970-01-01, or `None` where the calendar has no such day or it is too far away.
pub fn days_from_civil(year: i64, month: u32, day: u32) -> Option<i32> {
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) || year.abs() > 6_000_000 {
        return None;
    }
    // Years that begin in March put the leap day last; eras of 400 years repeat exactly.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i32::try_from(era * 146_097 + day_of_era - 719_468).ok()
}

/// Year, month and day of a count of days since 1970-01-01. The year before year 1 is 0.
pub fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_index + 2) / 5 + 1) as u32;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 } as u32;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A date and time read from text: the local reading, and the offset from UTC in seconds where the text names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextTime {
    /// What the clock shows.
    pub local: Moment,
    /// Seconds east of UTC.
    pub offset: Option<i32>,
}

/// Reads `2024-02-29`, `2024-02-29 12:34:56.789`, with `T` for the blank, with `Z`, `+02`, `+02:00` or `+0200` behind, and
/// with ` BC` at the end, as PostgreSQL writes years before 1.
pub fn parse_timestamp(text: &str) -> Option<TextTime> {
    let (text, before_christ) = text.strip_suffix(" BC").map_or((text, false), |text| (text, true));
    let (date, rest) = split_date(text, before_christ)?;
    let days = Moment::from_days(date);
    if rest.is_empty() {
        return Some(TextTime { local: days, offset: None });
    }
    let rest = rest.strip_prefix([' ', 'T', 't'])?;
    let (clock, offset) = split_offset(rest)?;
    let nanos = parse_time(clock)?;
    let local = Moment { seconds: days.seconds + nanos / 1_000_000_000, nanos: (nanos % 1_000_000_000) as u32 };
    Some(TextTime { local, offset })
}

/// Reads `2024-02-29`, or a timestamp at midnight: days since 1970-01-01.
pub fn parse_date(text: &str) -> Option<i32> {
    let time = parse_timestamp(text)?;
    let midnight =
        time.local.seconds.rem_euclid(SECONDS_PER_DAY) == 0 && time.local.nanos == 0 && time.offset.is_none();
    if midnight { i32::try_from(time.local.seconds.div_euclid(SECONDS_PER_DAY)).ok() } else { None }
}

/// Reads `12:34`, `12:34:56` or `12:34:56.789`, up to `24:00:00`: nanoseconds since midnight.
pub fn parse_time(text: &str) -> Option<i64> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':');
    let hours = two_digits(parts.next()?)?;
    let minutes = two_digits(parts.next()?)?;
    let seconds = parts.next().map_or(Some(0), two_digits)?;
    if parts.next().is_some() || minutes > 59 || seconds > 59 || fraction.len() > 9 {
        return None;
    }
    if !fraction.bytes().all(|b| b.is_ascii_digit()) || (text.contains('.') && fraction.is_empty()) {
        return None;
    }
    let nanos = fraction.bytes().chain(std::iter::repeat(b'0')).take(9).fold(0, |n, d| n * 10 + i64::from(d - b'0'));
    let total = (hours * 3600 + minutes * 60 + seconds) * 1_000_000_000 + nanos;
    (total <= NANOS_PER_DAY).then_some(total)
}

fn split_date(text: &str, before_christ: bool) -> Option<(i32, &str)> {
    let (year, rest) = text.split_once('-')?;
    if year.len() < 4 || !year.bytes().all(|b| b.is_ascii_digit()) || rest.len() < 5 || !rest.is_ascii() {
        return None;
    }
    let (month_day, rest) = rest.split_at(5);
    let (month, day) = month_day.split_once('-')?;
    let year: i64 = year.parse().ok()?;
    let year = if before_christ { (year > 0).then_some(1 - year)? } else { year };
    let days = days_from_civil(year, two_digits(month)? as u32, two_digits(day)? as u32)?;
    Some((days, rest))
}

fn split_offset(text: &str) -> Option<(&str, Option<i32>)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, Some(0)));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, None)) };
    let sign = if text.as_bytes()[at] == b'-' { -1 } else { 1 };
    let digits: String = text[at + 1..].chars().filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 2 | 4 | 6) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize| digits.get(from..from + 2).map_or(Some(0), |d| d.parse::<i32>().ok());
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4)?);
    (minutes < 60 && seconds < 60).then_some(())?;
    Some((text[..at].trim_end(), Some(sign * (hours * 3600 + minutes * 60 + seconds))))
}

/// The one spelling of what looks like a date but is no day, as MySQL has them: `0000-00-00`, `2024-02-30`; with a time of
/// day behind it where `clock` asks for one. `None` where the text does not look like a date.
pub(super) fn no_day(text: &str, clock: bool) -> Option<String> {
    let (date, rest) = text.split_at_checked(10)?;
    let form = |at: usize, b: u8| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() };
    if !date.bytes().enumerate().all(|(at, b)| form(at, b)) {
        return None;
    }
    let nanos = if rest.is_empty() { 0 } else { parse_time(rest.strip_prefix([' ', 'T'])?)? };
    match (clock, nanos) {
        (true, nanos) => Some(format!("{date} {}", format_time(nanos))),
        (false, 0) => Some(date.to_owned()),
        (false, _) => None,
    }
}

fn two_digits(text: &str) -> Option<i64> {
    (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// `2024-02-29`; years before 1 as PostgreSQL writes them, `0044-03-15 BC`.
pub fn format_date(days: i64) -> String {
    let (year, month, day) = civil_from_days(days);
    if year > 0 { format!("{year:04}-{month:02}-{day:02}") } else { format!("{:04}-{month:02}-{day:02} BC", 1 - year) }
}

/// `12:34:56`, with as many decimals as are needed.
pub fn format_time(nanos: i64) -> String {
    let seconds = nanos / 1_000_000_000;
    let fraction = format_fraction((nanos % 1_000_000_000) as u32);
    format!("{:02}:{:02}:{:02}{fraction}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `2024-02-29 12:34:56.789`.
pub fn format_timestamp(moment: Moment) -> String {
    let date = format_date(moment.seconds.div_euclid(SECONDS_PER_DAY));
    let nanos = moment.seconds.rem_euclid(SECONDS_PER_DAY) * 1_000_000_000 + i64::from(moment.nanos);
    match date.strip_suffix(" BC") {
        Some(date) => format!("{date} {} BC", format_time(nanos)),
        None => format!("{date} {}", format_time(nanos)),
    }
}

fn format_fraction(nanos: u32) -> String {
    if nanos == 0 { String::new() } else { format!(".{}", format!("{nanos:09}").trim_end_matches('0')) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_the_calendar_does_not_have_are_refused() {
        assert_eq!(days_from_civil(1970, 1, 1), Some(0));
        assert_eq!(days_from_civil(2024, 2, 29), Some(19_782));
        assert_eq!(days_from_civil(2023, 2, 29), None);
        assert_eq!(days_from_civil(2024, 0, 15), None);
        assert_eq!(parse_date("2024-02-30"), None);
        assert_eq!(parse_date("0000-00-00"), None);
    }

    #[test]
    fn timestamps_are_read_with_and_without_a_zone() {
        let read = |t| parse_timestamp(t).map(|p| (p.local.seconds, p.local.nanos, p.offset));
        assert_eq!(read("1970-01-02 00:00:01.5"), Some((86_401, 500_000_000, None)));
        assert_eq!(read("1970-01-02T00:00:01Z"), Some((86_401, 0, Some(0))));
        assert_eq!(read("1970-01-02 00:00:01+0530"), Some((86_401, 0, Some(19_800))));
        assert_eq!(read("1970-01-02 00:00:01-00:19:32"), Some((86_401, 0, Some(-1172))));
        assert_eq!(read("1970-01-02"), Some((86_400, 0, None)));
        for wrong in ["", "1970", "1970-01-02 25:00:00", "1970-01-02 00:60:00", "x", "1970-01-02 00:00:00 Europe/Paris"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_local_time_that_the_clock_shows_twice_or_never_is_no_instant() {
        let local = |t| parse_timestamp(t).unwrap().local;
        let zone = Tz::America__New_York;
        assert_eq!(instant_of(local("2023-11-05 01:30:00"), zone), Err(NoInstant::Ambiguous));
        assert_eq!(instant_of(local("2023-03-12 02:30:00"), zone), Err(NoInstant::Nonexistent));
        assert_eq!(instant_of(local("2023-07-01 12:00:00"), zone), Ok(local("2023-07-01 16:00:00")));
    }

    #[test]
    fn years_before_christ_are_written_as_such() {
        assert_eq!(format_date(i64::from(days_from_civil(-43, 3, 15).unwrap())), "0044-03-15 BC");
        assert_eq!(format_timestamp(Moment::from_micros(-1)), "1969-12-31 23:59:59.999999");
    }

    #[test]
    fn years_before_christ_are_read_as_such() {
        assert_eq!(parse_date("0044-03-15 BC"), days_from_civil(-43, 3, 15));
        assert_ne!(parse_date("0044-03-15 BC"), parse_date("0044-03-15"));
        let read = |text| parse_timestamp(text).unwrap();
        assert_eq!(read("0044-03-15 12:00:00+02 BC").local, read("0044-03-15 12:00:00 BC").local);
        assert_eq!(read("0044-03-15 12:00:00+02 BC").offset, Some(7200));
        assert_eq!(parse_date("0000-01-01 BC"), None);
        assert_eq!(parse_date("5874897-12-31").map(|day| format_date(day.into())).as_deref(), Some("5874897-12-31"));
    }

    #[test]
    fn what_is_no_day_has_one_spelling() {
        for (text, day, moment) in [
            ("0000-00-00", Some("0000-00-00"), Some("0000-00-00 00:00:00")),
            ("0000-00-00 00:00:00.000000", Some("0000-00-00"), Some("0000-00-00 00:00:00")),
            ("2024-02-30T01:02:03.100", None, Some("2024-02-30 01:02:03.1")),
            ("yesterday 12", None, None),
            ("2024-02-3\u{fc}", None, None),
        ] {
            assert_eq!(no_day(text, false).as_deref(), day, "{text}");
            assert_eq!(no_day(text, true).as_deref(), moment, "{text}");
        }
    }

    proptest! {
        #[test]
        fn days_and_dates_are_inverse(days in -3_000_000i32..3_000_000) {
            let (year, month, day) = civil_from_days(i64::from(days));
            prop_assert_eq!(days_from_civil(year, month, day), Some(days));
        }

        #[test]
        fn text_comes_back_as_the_same_moment(micros in -200_000_000_000_000_000i64..200_000_000_000_000_000) {
            let moment = Moment::from_micros(micros);
            let read = parse_timestamp(&format_timestamp(moment)).unwrap();
            prop_assert_eq!(read.local, moment);
        }
    }
}
