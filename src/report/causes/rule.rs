//! The rule of a column in the config that would accept a cause. Damage that nobody should accept has none.

use super::{decimal, seconds};
use crate::canonical::Encoding;
use crate::model::{CauseKind, FoundCause, Rounding, TablePlan, TimeUnit, UnicodeForm, UuidOrder};

/// A rule that changes values suits a column only where the cause explains at least this share of the rows.
const SHARE_MIN: f64 = 0.5;

/// The keys of the column, as they stand in the config. `share` is the share of the rows that the cause explains.
pub(super) fn rule(plan: &TablePlan, found: &FoundCause, share: Option<f64>) -> Option<String> {
    use CauseKind as K;
    if changes_values(found.kind) && share.is_none_or(|share| share < SHARE_MIN) {
        return None;
    }
    let column = found.column.and_then(|column| plan.columns.get(column))?;
    let name = sql_name(&column.name);
    let expression = |expression: String| format!("source_expr = {}", toml_text(&expression));
    Some(match found.kind {
        K::TrailingBlanks => r#"trim = "right""#.into(),
        K::WhiteSpace => r#"trim = "both""#.into(),
        K::Case => r#"case = "ignore""#.into(),
        K::Unicode(UnicodeForm::Nfc) => r#"unicode = "nfc""#.into(),
        K::Unicode(UnicodeForm::Nfkc) => r#"unicode = "nfkc""#.into(),
        K::LineEnds => r#"eol = "lf""#.into(),
        K::NullToEmpty | K::EmptyToNull => r#"null_is = """#.into(),
        K::NullToZero | K::ZeroToNull => r#"null_is = "0""#.into(),
        K::ZeroDate if found.example.values.source.is_none() || found.example.values.target.is_none() => {
            r#"zero_date = "null""#.into()
        }
        K::InfinityToMax => r#"infinity = "max""#.into(),
        K::UuidBytes(UuidOrder::TimeSwapped) => r#"uuid = "swapped""#.into(),
        K::Scale { scale, rounding } => format!(r#"scale = {scale}, round = "{}""#, way(rounding)),
        K::TimePrecision { unit, rounding } => precision(unit, rounding)?,
        K::TimeZone { minutes } => zone(plan, found, minutes).unwrap_or_else(|| expression(shifted(&name, minutes))),
        K::TimeZoneAndPrecision { minutes, unit, rounding } => {
            format!("{}, {}", expression(shifted(&name, minutes)), precision(unit, rounding)?)
        }
        K::OneDay { later } => expression(format!("{name} {} INTERVAL '1 day'", if later { '+' } else { '-' })),
        K::TimeOffset { nanoseconds } => {
            let sign = if nanoseconds > 0 { '+' } else { '-' };
            expression(format!("{name} {sign} INTERVAL '{} seconds'", seconds(nanoseconds)))
        }
        K::SinglePrecision => "tolerance = { rel = 1e-6 }".into(),
        K::DoublePrecision => "tolerance = { rel = 1e-15 }".into(),
        K::Factor { times, by: 1 } => expression(format!("{name} * {times}")),
        K::Factor { by, .. } => expression(format!("{name} / {by}.0")),
        K::SignFlipped => expression(format!("-{name}")),
        K::Inverted => expression(format!("NOT {name}")),
        K::Difference { unscaled, scale } => {
            let sign = if unscaled > 0 { '+' } else { '-' };
            expression(format!("{name} {sign} {}", decimal(unscaled.unsigned_abs(), scale)))
        }
        K::Swapped(other) => expression(sql_name(&plan.columns.get(other)?.name)),
        K::Cut => {
            let (least, most) = found.lengths?;
            (least == most).then(|| expression(format!("left({name}, {least})")))?
        }
        _ => return None,
    })
}

/// Whether the rule makes another value of one that was right; the others only make two values alike.
fn changes_values(kind: CauseKind) -> bool {
    use CauseKind as K;
    matches!(
        kind,
        K::TimeZone { .. }
            | K::TimeZoneAndPrecision { .. }
            | K::OneDay { .. }
            | K::TimeOffset { .. }
            | K::Factor { .. }
            | K::SignFlipped
            | K::Inverted
            | K::Difference { .. }
            | K::Swapped(_)
            | K::UuidBytes(_)
    )
}

fn way(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::Truncate => "truncate",
        Rounding::HalfUp => "half_up",
        Rounding::HalfEven => "half_even",
    }
}

fn precision(unit: TimeUnit, rounding: Rounding) -> Option<String> {
    let unit = match unit {
        TimeUnit::Decimals(0) => "s",
        TimeUnit::Decimals(3) => "ms",
        TimeUnit::Decimals(6) => "us",
        _ => return None,
    };
    (rounding != Rounding::HalfEven).then(|| format!(r#"precision = "{unit}", round = "{}""#, way(rounding)))
}

fn shifted(name: &str, minutes: i16) -> String {
    let sign = if minutes > 0 { '+' } else { '-' };
    let minutes = minutes.unsigned_abs();
    let length = match (minutes / 60, minutes % 60) {
        (1, 0) => "1 hour".into(),
        (hours, 0) => format!("{hours} hours"),
        _ => format!("{minutes} minutes"),
    };
    format!("{name} {sign} INTERVAL '{length}'")
}

/// Where one side's local times are read as those of UTC, the zone they are local in. Names of whole hours only: the zone
/// database has no others without a place, and writes their sign the other way round.
fn zone(plan: &TablePlan, found: &FoundCause, minutes: i16) -> Option<String> {
    let comparison = &plan.columns.get(found.column?)?.compared.as_ref()?.comparison;
    if comparison.encoding() != Encoding::Instant || minutes % 60 != 0 {
        return None;
    }
    let zones = comparison.readings.as_ref().map(|reading| reading.time_zone);
    let hours = match (zones.source, zones.target) {
        (Some(chrono_tz::Tz::UTC), None) => -minutes / 60,
        (None, Some(chrono_tz::Tz::UTC)) => minutes / 60,
        _ => return None,
    };
    // East of Greenwich the names end at 14, west of it at 12.
    (-12..=14).contains(&hours).then(|| format!(r#"time_zone = "Etc/GMT{:+}""#, -hours))
}

/// A column's name in an SQL expression.
fn sql_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as TOML writes it.
fn toml_text(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_sql_and_toml_need_it() {
        assert_eq!(sql_name("paid_at"), "paid_at");
        assert_eq!(toml_text(&sql_name("Paid \"At\"")), r#""\"Paid \"\"At\"\"\"""#);
        assert_eq!(shifted("t", -60), "t - INTERVAL '1 hour'");
        assert_eq!(shifted("t", 330), "t + INTERVAL '330 minutes'");
    }
}
