//! Intervals: months, days and microseconds, which are three counts and never converted into each other.
//!
//! A month has no fixed length and neither has a day, so `1 mon` is not `30 days`, and `1 day` is not `24:00:00`, whatever
//! an engine's own `=` says. Years are twelve months, weeks seven days, hours microseconds.
//!
//! Encoding: `34`, then months (i32), days (i32) and microseconds (i64), big-endian with their sign bits flipped.

use super::special;

const INTERVAL: u8 = 0x34;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// An interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Interval {
    /// Months.
    pub months: i32,
    /// Days.
    pub days: i32,
    /// Microseconds.
    pub micros: i64,
}

/// Appends the interval a text denotes. False, and nothing appended, where it denotes none.
pub(super) fn push_text(out: &mut Vec<u8>, text: &str) -> bool {
    match Interval::parse(text) {
        Some(interval) => interval.push(out),
        None => return special::push_time(out, text),
    }
    true
}

impl Interval {
    /// So many microseconds.
    pub fn from_micros(micros: i64) -> Self {
        Self { micros, ..Self::default() }
    }

    /// Appends the encoding.
    pub fn push(self, out: &mut Vec<u8>) {
        out.push(INTERVAL);
        out.extend_from_slice(&((self.months as u32) ^ (1 << 31)).to_be_bytes());
        out.extend_from_slice(&((self.days as u32) ^ (1 << 31)).to_be_bytes());
        out.extend_from_slice(&((self.micros as u64) ^ (1 << 63)).to_be_bytes());
    }

    /// Reads what PostgreSQL writes (`1 year 2 mons -3 days 04:05:06.789`, `P1Y2M-3DT4H5M6.789S`) and a bare time of any
    /// length, as MySQL writes it (`-838:59:59`).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.strip_prefix('P') {
            Some(iso) => Self::parse_iso(iso),
            None => Self::parse_words(text),
        }
    }

    fn parse_words(text: &str) -> Option<Self> {
        let mut interval = Self::default();
        let mut words = text.split_ascii_whitespace();
        let mut any = false;
        while let Some(word) = words.next() {
            any = true;
            if word.contains(':') {
                interval.micros = interval.micros.checked_add(clock(word)?)?;
                continue;
            }
            let count: i64 = whole(word)?;
            match words.next()?.to_ascii_lowercase().as_str() {
                "year" | "years" => interval.add_months(count.checked_mul(12)?)?,
                "mon" | "mons" | "month" | "months" => interval.add_months(count)?,
                "week" | "weeks" => interval.add_days(count.checked_mul(7)?)?,
                "day" | "days" => interval.add_days(count)?,
                _ => return None,
            }
        }
        any.then_some(interval)
    }

    fn parse_iso(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
        let mut interval = Self::default();
        let mut any = false;
        let mut rest = date;
        while !rest.is_empty() {
            any = true;
            let at = rest.find(|c: char| c.is_ascii_uppercase())?;
            let count = whole(&rest[..at])?;
            match &rest[at..=at] {
                "Y" => interval.add_months(count.checked_mul(12)?)?,
                "M" => interval.add_months(count)?,
                "W" => interval.add_days(count.checked_mul(7)?)?,
                "D" => interval.add_days(count)?,
                _ => return None,
            }
            rest = &rest[at + 1..];
        }
        let mut rest = time.unwrap_or_default();
        any |= !rest.is_empty();
        while !rest.is_empty() {
            let at = rest.find(|c: char| c.is_ascii_uppercase())?;
            let micros = match &rest[at..=at] {
                "H" => whole(&rest[..at])?.checked_mul(3600 * MICROS_PER_SECOND)?,
                "M" => whole(&rest[..at])?.checked_mul(60 * MICROS_PER_SECOND)?,
                "S" => seconds(&rest[..at])?,
                _ => return None,
            };
            interval.micros = interval.micros.checked_add(micros)?;
            rest = &rest[at + 1..];
        }
        any.then_some(interval)
    }

    fn add_months(&mut self, months: i64) -> Option<()> {
        self.months = i32::try_from(i64::from(self.months).checked_add(months)?).ok()?;
        Some(())
    }

    fn add_days(&mut self, days: i64) -> Option<()> {
        self.days = i32::try_from(i64::from(self.days).checked_add(days)?).ok()?;
        Some(())
    }
}

impl std::fmt::Display for Interval {
    /// As PostgreSQL takes it: every part with its own sign.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts = Vec::new();
        let mut part = |count: i32, one: &str, more: &str| match count {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            count => parts.push(format!("{count} {more}")),
        };
        part(self.months / 12, "year", "years");
        part(self.months % 12, "mon", "mons");
        part(self.days, "day", "days");
        if self.micros != 0 || parts.is_empty() {
            let sign = if self.micros < 0 { "-" } else { "" };
            let micros = self.micros.unsigned_abs();
            let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
            let clock = format!("{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
            parts.push(match fraction {
                0 => clock,
                _ => format!("{clock}.{}", format!("{fraction:06}").trim_end_matches('0')),
            });
        }
        f.write_str(&parts.join(" "))
    }
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn digits(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

fn whole(text: &str) -> Option<i64> {
    let (negative, text) = signed(text);
    digits(text).map(|count| if negative { -count } else { count })
}

/// Seconds with up to six decimals that count; more of them must be zero.
fn seconds(text: &str) -> Option<i64> {
    let (negative, text) = signed(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if text.ends_with('.') || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (counted, rest) = fraction.split_at(fraction.len().min(6));
    if rest.bytes().any(|b| b != b'0') {
        return None;
    }
    let fraction = counted.bytes().chain(std::iter::repeat(b'0')).take(6).fold(0, |n, d| n * 10 + i64::from(d - b'0'));
    let whole = digits(whole)?;
    // The lowest count of microseconds has no positive counterpart: so the sign goes first.
    let sign = if negative { -1 } else { 1 };
    (whole.checked_mul(sign * MICROS_PER_SECOND)?).checked_add(sign * fraction)
}

/// `[-]hours:minutes[:seconds]`, hours without bound.
fn clock(text: &str) -> Option<i64> {
    let (negative, text) = signed(text);
    let mut parts = text.split(':');
    let (hours, minutes) = (digits(parts.next()?)?, digits(parts.next()?)?);
    let text = parts.next().unwrap_or("0");
    if parts.next().is_some() || minutes > 59 || text.starts_with(['-', '+']) {
        return None;
    }
    let sign = if negative { -1 } else { 1 };
    let seconds = seconds(&format!("{}{text}", if negative { "-" } else { "" }))?;
    if seconds.unsigned_abs() >= 60_000_000 {
        return None;
    }
    let minutes = hours.checked_mul(60)?.checked_add(minutes)?;
    minutes.checked_mul(sign * 60 * MICROS_PER_SECOND)?.checked_add(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(months: i32, days: i32, micros: i64) -> Option<Interval> {
        Some(Interval { months, days, micros })
    }

    #[test]
    fn intervals_are_read_in_the_spellings_of_the_stores() {
        assert_eq!(Interval::parse("1 year 2 mons 3 days 04:05:06.789"), of(14, 3, 14_706_789_000));
        assert_eq!(Interval::parse("-1 mons +2 days -00:00:00.000001"), of(-1, 2, -1));
        assert_eq!(Interval::parse("P1Y2M-3DT4H5M6.5S"), of(14, -3, 14_706_500_000));
        assert_eq!(Interval::parse("-838:59:59"), of(0, 0, -3_020_399_000_000));
        assert_eq!(Interval::parse("00:00:00"), of(0, 0, 0));
        assert_eq!(Interval::parse("2 weeks"), of(0, 14, 0));
        for wrong in
            ["", "P", "1", "day", "1 fortnight", "1:60", "00:00:60", "00:00:00.0000001", "--1 day", "1 day x", "P1"]
        {
            assert_eq!(Interval::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Interval::parse("3000000000 days"), None);
    }

    #[test]
    fn a_month_is_not_thirty_days_and_a_day_is_not_24_hours() {
        let bytes = |text| {
            let mut out = Vec::new();
            assert!(push_text(&mut out, text), "{text}");
            out
        };
        assert_ne!(bytes("1 mon"), bytes("30 days"));
        assert_ne!(bytes("1 day"), bytes("24:00:00"));
        assert_eq!(bytes("1 year"), bytes("12 mons"));
        assert_ne!(bytes("infinity"), bytes("-infinity"));
        assert!(bytes("-1 mons") < bytes("0 days") && bytes("30 days") < bytes("1 mon"));
        assert!(bytes("2147483647 mons") < bytes("infinity"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-+PTYMWDHS0-9:. a-z\u{e4}]{0,20}") {
            let _ = Interval::parse(&text);
        }

        #[test]
        fn the_text_of_an_interval_is_read_as_the_same(months: i32, days: i32, micros: i64) {
            let interval = Interval { months, days, micros };
            prop_assert_eq!(Interval::parse(&interval.to_string()), Some(interval));
        }

        #[test]
        fn intervals_share_their_bytes_only_if_they_are_equal(
            one in (-2i32..2, -2i32..2, -2i64..2), other in (-2i32..2, -2i32..2, -2i64..2),
        ) {
            let bytes = |(months, days, micros)| {
                let mut out = Vec::new();
                Interval { months, days, micros }.push(&mut out);
                out
            };
            prop_assert_eq!(bytes(one).cmp(&bytes(other)), one.cmp(&other));
        }
    }
}
