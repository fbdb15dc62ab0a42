//! Causes in words: a sentence each, an example, and the rule of the config that would accept it.

mod rule;

use std::borrow::Cow;

use super::words::{number, plural, shorten};
use crate::model::{
    Cause, CauseExample, CauseKind, CodePage, FoundCause, FoundExample, FourByteLoss, Pair, Rounding, Spread,
    TablePlan, TableResult, TableValues, TimeUnit, UnicodeForm, UuidOrder,
};

/// Causes listed of a whole run.
pub const RUN_CAUSES_MAX: usize = 100;
/// Characters of a value of an example, and of one within a sentence.
const EXAMPLE_CHARS_MAX: usize = 200;
const INLINE_CHARS_MAX: usize = 60;
/// Columns shown of a key.
const KEY_COLUMNS_MAX: usize = 12;

/// The causes found in a table, as reports show them: of values only what may be seen. `rows` are those of both sides.
pub fn causes(plan: &TablePlan, found: &[FoundCause], rows: Pair<Option<u64>>, values: &TableValues) -> Vec<Cause> {
    found.iter().map(|cause| shown(plan, cause, rows, values)).collect()
}

/// The causes of all tables, those first that explain most.
pub fn run_causes(tables: &[TableResult]) -> Vec<Cause> {
    let mut all: Vec<&Cause> = tables.iter().flat_map(|table| &table.causes).collect();
    // Stable: tables in their order, causes of a table in theirs.
    all.sort_by_key(|cause| std::cmp::Reverse(cause.rows));
    all.into_iter().take(RUN_CAUSES_MAX).cloned().collect()
}

fn shown(plan: &TablePlan, found: &FoundCause, rows: Pair<Option<u64>>, values: &TableValues) -> Cause {
    let example = seen(&found.example, found.column, values);
    let last = found.last_key.as_ref().map(|last| key(&values.shown_key(last)));
    let rows = match found.kind {
        CauseKind::Unexpected(_) => rows.target,
        _ => rows.source,
    };
    let share = rows.filter(|rows| *rows > 0).map(|rows| {
        // Six decimals: more would be noise.
        (found.keys as f64 / rows as f64 * 1e6).round().min(1e6) / 1e6
    });
    Cause {
        table: plan.name.clone(),
        kind: found.kind.id().to_owned(),
        column: found.column.and_then(|column| plan.columns.get(column)).map(|column| column.name.clone()),
        rows: found.keys,
        cells: found.cells,
        exact: found.is_exact,
        share,
        sentence: sentence(plan, found, &example, last.as_deref()),
        rule: rule::rule(plan, found, share),
        example: CauseExample {
            key: key(&example.key),
            last_key: last,
            source: example.values.source.as_deref().map(long),
            target: example.values.target.as_deref().map(long),
        },
    }
}

/// What may be seen of an example.
fn seen(example: &FoundExample, column: Option<usize>, values: &TableValues) -> FoundExample {
    let value = |value: &Option<String>| match column {
        Some(column) => values.shown(column, value.as_deref()).map(Cow::into_owned),
        None => value.clone(),
    };
    FoundExample { key: values.shown_key(&example.key), values: example.values.as_ref().map(value), ..example.clone() }
}

fn key(key: &[Option<String>]) -> Vec<Option<String>> {
    key.iter().take(KEY_COLUMNS_MAX).map(|part| part.as_deref().map(long)).collect()
}

fn long(text: &str) -> String {
    shorten(text, EXAMPLE_CHARS_MAX).into_owned()
}

/// A value within a sentence.
fn inline(value: Option<&str>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |text| format!("'{}'", shorten(text, INLINE_CHARS_MAX)))
}

/// A key within a sentence.
fn key_inline(key: &[Option<String>]) -> String {
    let part = |part: &Option<String>| {
        part.as_deref().map_or_else(|| "NULL".to_owned(), |text| shorten(text, INLINE_CHARS_MAX).into_owned())
    };
    match key {
        [single] => part(single),
        several => format!("({})", several.iter().map(part).collect::<Vec<_>>().join(", ")),
    }
}

fn sentence(plan: &TablePlan, found: &FoundCause, example: &FoundExample, last: Option<&[Option<String>]>) -> String {
    use CauseKind as K;
    let name = |column: usize| plan.columns.get(column).map_or("another column", |column| column.name.as_str());
    match found.kind {
        K::TypeChanged => "The same characters as a value of another type.".into(),
        K::NullToEmpty => "NULL became the empty text.".into(),
        K::EmptyToNull => "The empty text became NULL.".into(),
        K::NullToZero => "NULL became 0.".into(),
        K::ZeroToNull => "0 became NULL.".into(),
        K::NanToNull => "NaN became NULL.".into(),
        K::ZeroDate => "A zero date on one side is something else on the other.".into(),
        K::InfinityToMax => "Infinity became the end of a range.".into(),
        K::Clamped => format!(
            "Values beyond a limit of the target's type became the limit, such as {}.",
            inline(example.values.target.as_deref())
        ),
        K::Swapped(other) => format!("The target has the value of {}, and the other way round.", name(other)),
        K::TimeZone { minutes } => {
            format!("Shifted by {}: {}, as between two time zones.", offset(minutes), than(minutes))
        }
        K::OneDay { later } => format!("One day {} in the target.", if later { "later" } else { "earlier" }),
        K::TimePrecision { unit, rounding } => format!("Times were {}.", precision(unit, rounding)),
        K::TimeZoneAndPrecision { minutes, unit, rounding } => {
            format!("Shifted by {}: {}, and {}.", offset(minutes), than(minutes), precision(unit, rounding))
        }
        K::Scale { scale, rounding } => {
            let to = match scale {
                0 => "whole numbers".into(),
                1 => "1 decimal".into(),
                more => format!("{more} decimals"),
            };
            format!("Numbers were {} to {to}{}.", rounded(rounding), half(rounding))
        }
        K::SinglePrecision => "Numbers went through single precision, which keeps some 7 digits.".into(),
        K::DoublePrecision => "Numbers went through double precision, which keeps some 16 digits.".into(),
        K::Wrapped(std::cmp::Reverse(bits)) => {
            format!("Integers wrapped around at {bits} bits, or were read with another sign.")
        }
        K::SignFlipped => "The sign was turned.".into(),
        K::Factor { times, by: 1 } => {
            format!("The target is {} times the source, as with another unit.", number(times.into()))
        }
        K::Factor { by, .. } => {
            format!("The source is {} times the target, as with another unit.", number(by.into()))
        }
        K::Inverted => "True and false were exchanged.".into(),
        K::UuidBytes(UuidOrder::TimeSwapped) => {
            "The time fields of the UUID were swapped, as UUID_TO_BIN(id, 1) does.".into()
        }
        K::UuidBytes(UuidOrder::Guid) => "The UUID's first three fields are little-endian, as in a GUID.".into(),
        K::UuidBytes(UuidOrder::Reversed) => "The UUID's bytes are in reverse.".into(),
        K::ByteOrderMark => "A byte order mark stands at the beginning on one side.".into(),
        K::TrailingBlanks => "Only trailing blanks differ.".into(),
        K::WhiteSpace => "Only white space at the ends differs.".into(),
        K::LineEnds => "Only the kind of line ends differs.".into(),
        K::Case => "Only upper and lower case differ.".into(),
        K::Unicode(UnicodeForm::Nfc) => "Only the Unicode form differs: the same characters, composed or not.".into(),
        K::Unicode(UnicodeForm::Nfkc) => "Only the Unicode compatibility form differs, as with ligatures.".into(),
        K::DoubleEncoded(page) => {
            let page = match page {
                CodePage::Latin1 => "Latin-1",
                CodePage::Cp1252 => "Windows-1252",
            };
            format!("Encoded twice: UTF-8 was read as {page}.")
        }
        K::Cesu8 => "Characters beyond U+FFFF were written as surrogates (CESU-8).".into(),
        K::FourByte(FourByteLoss::Replaced) => {
            "Characters of four bytes (such as emoji) were replaced: a character set of three bytes.".into()
        }
        K::FourByte(FourByteLoss::Dropped) => {
            "Characters of four bytes (such as emoji) were left out: a character set of three bytes.".into()
        }
        K::FourByte(FourByteLoss::CutBefore) => {
            "Text ends before its first character of four bytes (such as emoji): a character set of three bytes.".into()
        }
        K::Unmappable => "Characters that the target's character set lacks were replaced.".into(),
        K::LeadingZeros => "Only leading zeros differ.".into(),
        K::TrailingZeroBytes => "Only zero bytes at the end differ.".into(),
        K::Cut => match found.lengths {
            Some((1, 1)) => "Cut off after 1 character.".into(),
            Some((least, most)) if least == most => format!("Cut off after {} characters.", number(least)),
            Some((least, most)) => format!("Cut off after {} to {} characters.", number(least), number(most)),
            None => "Cut off.".into(),
        },
        K::TimeOffset { nanoseconds } => format!(
            "Shifted by a constant {} {}: the target is {}.",
            seconds(nanoseconds),
            if nanoseconds.abs() == 1_000_000_000 { "second" } else { "seconds" },
            if nanoseconds > 0 { "later" } else { "earlier" }
        ),
        K::Difference { unscaled, scale } => format!(
            "Off by a constant {}: the target is {}.",
            decimal(unscaled.unsigned_abs(), scale),
            if unscaled > 0 { "greater" } else { "less" }
        ),
        K::Filled(_) => format!("NULL became one value, as a default: {}.", inline(example.values.target.as_deref())),
        K::Constant(_) => {
            format!("One value stands for different ones, as a default: {}.", inline(example.values.target.as_deref()))
        }
        K::BecameNull => "Values became NULL.".into(),
        K::Other => "No cause that tieout knows: the values differ in ways of their own.".into(),
        K::Missing(spread) => keys(found, spread, "missing in the target", "of the source", example, last),
        K::Unexpected(spread) => keys(found, spread, "in the target only", "of the target", example, last),
        K::Duplicate(spread) => {
            let Pair { source, target } = example.copies;
            let what = format!("{source} and {target} times on the two sides");
            let what = if source == 1 && target == 2 { "twice in the target".into() } else { what };
            let what =
                if matches!(spread, Spread::Scattered) { "a different number of times on both sides" } else { &what };
            let story = if found.keys > 1 && spread != Spread::Scattered && target > source {
                ", as a batch that was written twice"
            } else {
                ""
            };
            keys(found, spread, &format!("{what}{story}"), "of the source", example, last)
        }
    }
}

fn keys(
    found: &FoundCause,
    spread: Spread,
    what: &str,
    of: &str,
    example: &FoundExample,
    last: Option<&[Option<String>]>,
) -> String {
    let first = key_inline(&example.key);
    let keys = plural(found.keys, "key");
    let Some(last) = last.map(key_inline) else {
        return format!("{keys} {what}: {first}.");
    };
    match spread {
        Spread::All => format!("Every row {of}, {keys} from {first} to {last}, is {what}."),
        Spread::Block if found.keys > 1 => format!("One block of {keys} from {first} to {last}, {what}."),
        Spread::Tail if found.keys > 1 => format!("The last {keys} {of}, from {first} to {last}, {what}."),
        _ if found.stretches == found.keys => format!("{keys} scattered between {first} and {last}, {what}."),
        _ => format!(
            "{keys} in {} between {first} and {last}, {what}.",
            if found.stretches == 1 {
                "1 stretch".to_owned()
            } else {
                format!("{} stretches", number(found.stretches))
            }
        ),
    }
}

/// `+08:00`.
fn offset(minutes: i16) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn than(minutes: i16) -> &'static str {
    if minutes > 0 { "the target is later" } else { "the target is earlier" }
}

fn precision(unit: TimeUnit, rounding: Rounding) -> String {
    let unit = match unit {
        TimeUnit::Day => "days".into(),
        TimeUnit::Hour => "hours".into(),
        TimeUnit::Minute => "minutes".into(),
        TimeUnit::Decimals(0) => "seconds".into(),
        TimeUnit::Decimals(3) => "milliseconds".into(),
        TimeUnit::Decimals(6) => "microseconds".into(),
        TimeUnit::Decimals(1) => "1 decimal of a second".into(),
        TimeUnit::Decimals(decimals) => format!("{decimals} decimals of a second"),
    };
    format!("{} to {unit}{}", rounded(rounding), half(rounding))
}

fn rounded(rounding: Rounding) -> &'static str {
    if rounding == Rounding::Truncate { "truncated" } else { "rounded" }
}

fn half(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::Truncate => "",
        Rounding::HalfUp => " (half up)",
        Rounding::HalfEven => " (half to even)",
    }
}

/// The magnitude of a time in seconds.
fn seconds(nanoseconds: i128) -> String {
    let text = decimal(nanoseconds.unsigned_abs(), 9);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn decimal(unscaled: u128, scale: u8) -> String {
    let digits = format!("{unscaled:0>width$}", width = usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_amounts_are_written_as_people_do() {
        assert_eq!([480, -330, 60].map(offset), ["+08:00", "-05:30", "+01:00"]);
        assert_eq!([decimal(5, 2), decimal(1234, 2), decimal(7, 0)], ["0.05", "12.34", "7"]);
        assert_eq!([seconds(1_500_000_000), seconds(-90_000_000_000)], ["1.5", "90"]);
    }
}
