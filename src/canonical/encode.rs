//! The encoding of a column: typed, injective, self-delimiting bytes in key order.
//!
//! Each value begins with a tag that names its family, so a number never equals a text, and NULL equals neither. After
//! the tag comes a fixed width or a self-delimiting form (see `number`, `time`, `json`; text and bytes are escaped:
//! `00` becomes `00 FF`, and `00 00` ends the value), so values can be strung together without separators.
//!
//! | tag | value |
//! |---|---|
//! | `00` | NULL (first in key order) |
//! | `0F` `10`–`12` `13` `14` | number: minus infinity, finite, infinity, NaN |
//! | `18` | float |
//! | `20` `21` | false, true |
//! | `28` `29` `2A` | text, bytes, text of a type tieout does not know |
//! | `2B` `2C` | bits, set of labels |
//! | `2E` `30`–`34` `36` | minus infinity, day, time of day, timestamp, instant, interval, infinity |
//! | `38` `39` `3A` `3B` `3C` | uuid, JSON, IP address, MAC address, geometry |
//! | `40`–`45` | arrays, structs, maps, ranges |
//! | `F0`, value | a value that cannot be read as the type of the pair: encoded as what it is |
//! | `F1`, escaped text | a misfit: a zero date, bytes that are no text, a map that repeats a key |
//!
//! A value that cannot be read as the type of its pair is never an error and never NULL: it has an encoding of its own,
//! which equals no value of the type, so it shows as a corrupt cell.

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int64Type, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampNanosecondType, UInt64Type,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::interval::{self, Interval};
use super::rules::{Ambiguous, Rules};
use super::time::{self, Moment, NoInstant};
use super::types::{CanonicalType, LooseHint, Precision};
use super::{Misfits, bits, geometry, identifier, json, labels, nested, network, number, ruled, special, truth};
use crate::error::{Error, Result};

/// The family of values that a pair of columns is compared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Exact numbers.
    Number,
    /// Single-precision floats.
    Float32,
    /// Double-precision floats.
    Float64,
    /// Truth values.
    Boolean,
    /// Text, byte for byte in UTF-8.
    Text,
    /// Bytes.
    Binary,
    /// Days.
    Date,
    /// Times of day.
    Time,
    /// Dates and times without a zone.
    Timestamp,
    /// Moments.
    Instant,
    /// UUIDs.
    Uuid,
    /// JSON documents by value.
    Json,
    /// Intervals, field by field.
    Interval,
    /// Bit strings.
    Bits,
    /// IP addresses and networks.
    Inet,
    /// MAC addresses.
    Mac,
    /// Sets of labels.
    Set,
    /// Geometries by their WKB.
    Geometry,
    /// Arrays, structs, maps and ranges, their leaves each by its own family.
    Nested,
    /// SQLite values, each by its own storage class; integers and reals are numbers.
    Loose,
    /// Text of one and the same unknown type.
    Opaque,
}

/// How the values of one side are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// As what they are encoded.
    pub encoding: Encoding,
    /// The zone of times without a zone, where they are read as instants.
    pub time_zone: Option<Tz>,
}

impl Reading {
    /// A reading that needs no zone.
    pub fn plain(encoding: Encoding) -> Self {
        Self { encoding, time_zone: None }
    }
}

/// The encodings of the values of one column of one batch.
#[derive(Debug, Default)]
pub struct EncodedColumn {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl EncodedColumn {
    /// The encoding of the value in `row`.
    pub fn value(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[start..self.ends[row]]
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The column with each value through `change`, which appends what stands in its place.
    pub(super) fn map(&self, change: impl Fn(&mut Vec<u8>, &[u8])) -> EncodedColumn {
        let mut column =
            EncodedColumn { bytes: Vec::with_capacity(self.bytes.len()), ends: Vec::with_capacity(self.len()) };
        for row in 0..self.len() {
            change(&mut column.bytes, self.value(row));
            column.ends.push(column.bytes.len());
        }
        column
    }
}

pub(super) const NULL: u8 = 0x00;
pub(super) const FLOAT: u8 = 0x18;
pub(super) const TEXT: u8 = 0x28;
pub(super) const BINARY: u8 = 0x29;
const OPAQUE: u8 = 0x2A;
const UNREADABLE: u8 = 0xF0;
const MISFIT: u8 = 0xF1;

/// Encodes a canonical column as `reading` asks. `name` is the column's name in its batch, under which `misfits` are
/// filed. Fails only where the pair of type and reading makes no sense, never because of a value.
pub fn encode_column(
    array: &ArrayRef,
    canonical: &CanonicalType,
    reading: Reading,
    name: &str,
    misfits: &Misfits,
) -> Result<EncodedColumn> {
    encode_plainly(array, canonical, reading, None, name, misfits)
}

/// As [`encode_column`], with the rules that bear on reading; [`ruled::encode`] adds those that bear on what was read.
pub(super) fn encode_plainly(
    array: &ArrayRef,
    canonical: &CanonicalType,
    reading: Reading,
    rules: Option<&Rules>,
    name: &str,
    misfits: &Misfits,
) -> Result<EncodedColumn> {
    let to = Encoder { array, reading, rules, name, misfits };
    use CanonicalType as C;
    use Encoding as E;
    let wrong =
        || Error::compare(format!("column {name}: {} cannot be read as {:?}", canonical.label(), reading.encoding));
    match (canonical, reading.encoding) {
        (C::Int64, E::Number) => to.primitive::<Int64Type>(number::push_i64),
        (C::Int64, E::Boolean) => to.primitive::<Int64Type>(|out, v| to.truth(out, v)),
        (C::Int64, E::Instant) => to.primitive::<Int64Type>(|out, v| to.since_epoch(out, &v.to_string())),
        (C::UInt64, E::Instant) => to.primitive::<UInt64Type>(|out, v| to.since_epoch(out, &v.to_string())),
        (C::Decimal { precision, .. }, E::Instant) if *precision <= 38 => {
            let values = to.array.as_primitive_opt::<Decimal128Type>().ok_or_else(wrong)?;
            to.fill(|out, row| to.since_epoch(out, &values.value_as_string(row)))
        }
        (C::Int64, E::Float64 | E::Float32) => to.primitive::<Int64Type>(push_integer_as_float),
        (C::UInt64 | C::BitField { .. }, E::Number) => to.primitive::<UInt64Type>(number::push_u64),
        (C::BitField { width }, E::Bits) => to.primitive::<UInt64Type>(|out, v| bits::push_number(out, v, *width)),
        (C::UInt64 | C::BitField { .. }, E::Boolean) => {
            to.primitive::<UInt64Type>(|out, v| to.truth(out, i64::try_from(v).unwrap_or(i64::MAX)))
        }
        (C::Decimal { precision, scale }, E::Number) => {
            let scale = scale.unsigned_abs().into();
            if *precision <= 38 {
                to.primitive::<Decimal128Type>(|out, v| number::push_decimal128(out, v, scale))
            } else {
                to.primitive::<Decimal256Type>(|out, v| number::push_decimal256(out, v, scale))
            }
        }
        (C::Float32, E::Float32 | E::Float64) => to.primitive::<Float32Type>(|out, v| push_float(out, f64::from(v))),
        (C::Float32, E::Number) => to.primitive::<Float32Type>(|out, v| {
            if !number::push_f32(out, v) {
                special::push_number(out, not_finite(f64::from(v)));
            }
        }),
        (C::Float64, E::Float64) => to.primitive::<Float64Type>(push_float),
        (C::Float64, E::Float32) => to.primitive::<Float64Type>(push_as_single),
        (C::Float64, E::Number) => to.primitive::<Float64Type>(|out, v| {
            if !number::push_f64(out, v) {
                special::push_number(out, not_finite(v));
            }
        }),
        (C::Boolean, E::Boolean) => {
            let values = to.array.as_boolean_opt().ok_or_else(wrong)?;
            to.fill(|out, row| truth::push(out, values.value(row)))
        }
        (C::Date, E::Date) => to.primitive::<Date32Type>(time::push_date),
        (C::Date, E::Timestamp) => to.primitive::<Date32Type>(|out, v| time::push_timestamp(out, Moment::from_days(v))),
        (C::Date, E::Instant) => to.primitive::<Date32Type>(|out, v| to.local(out, Moment::from_days(v))),
        (C::Time(Precision::Micro), E::Time) => {
            to.primitive::<Time64MicrosecondType>(|out, v| match v.checked_mul(1000) {
                Some(nanos) => time::push_time(out, nanos),
                None => push_misfit(out, &format!("{v} microseconds since midnight")),
            })
        }
        (C::Time(Precision::Micro), E::Interval) => {
            to.primitive::<Time64MicrosecondType>(|out, v| Interval::from_micros(v).push(out))
        }
        (C::Time(Precision::Nano), E::Interval) => to.primitive::<Time64NanosecondType>(|out, v| match v % 1000 {
            0 => Interval::from_micros(v / 1000).push(out),
            _ => push_unreadable(out, |out| time::push_time(out, v)),
        }),
        (C::Time(Precision::Nano), E::Time) => to.primitive::<Time64NanosecondType>(time::push_time),
        (C::Timestamp(p), E::Timestamp) => to.moments(*p, time::push_timestamp),
        (C::Timestamp(p), E::Instant) => to.moments(*p, |out, v| to.local(out, v)),
        (C::Instant(p), E::Instant) => to.moments(*p, time::push_instant),
        (C::Uuid, E::Uuid) => {
            let values = to.array.as_fixed_size_binary_opt().ok_or_else(wrong)?;
            to.fill(|out, row| identifier::push(out, values.value(row)))
        }
        (C::Binary, E::Binary | E::Uuid | E::Geometry) | (C::Geometry, E::Geometry) => {
            let values = to.array.as_binary_opt::<i32>().ok_or_else(wrong)?;
            to.fill(|out, row| to.blob(out, values.value(row)))
        }
        (C::Loose(hint), _) => to.loose(*hint),
        (C::Array { .. } | C::Struct { .. } | C::Map { .. } | C::Range { .. }, E::Nested | E::Json) => {
            let values = to.array.as_string_opt::<i32>().ok_or_else(wrong)?;
            to.fill(|out, row| to.nested(out, values.value(row), canonical))
        }
        (
            C::Number
            | C::Text
            | C::Char
            | C::Json
            | C::Untyped
            | C::Interval
            | C::Bits
            | C::Inet
            | C::Mac
            | C::Set
            | C::Opaque { .. },
            _,
        ) => {
            let values = to.array.as_string_opt::<i32>().ok_or_else(wrong)?;
            to.fill(|out, row| to.text(out, values.value(row)))
        }
        _ => Err(wrong()),
    }
}

struct Encoder<'a> {
    array: &'a ArrayRef,
    reading: Reading,
    rules: Option<&'a Rules>,
    name: &'a str,
    misfits: &'a Misfits,
}

impl Encoder<'_> {
    fn fill(&self, mut push: impl FnMut(&mut Vec<u8>, usize)) -> Result<EncodedColumn> {
        let rows = self.array.len();
        let mut column = EncodedColumn { bytes: Vec::with_capacity(rows * 12), ends: Vec::with_capacity(rows) };
        for row in 0..rows {
            if self.array.is_valid(row) {
                push(&mut column.bytes, row);
            } else if let Some(text) = self.misfits.get(self.name, row) {
                self.misfit(&mut column.bytes, text);
            } else {
                column.bytes.push(NULL);
            }
            column.ends.push(column.bytes.len());
        }
        Ok(column)
    }

    fn primitive<T: ArrowPrimitiveType>(&self, push: impl Fn(&mut Vec<u8>, T::Native)) -> Result<EncodedColumn> {
        let values: &PrimitiveArray<T> = self.array.as_primitive_opt().ok_or_else(|| {
            Error::compare(format!("column {}: unexpected Arrow type {}", self.name, self.array.data_type()))
        })?;
        self.fill(|out, row| push(out, values.value(row)))
    }

    fn moments(&self, precision: Precision, push: impl Fn(&mut Vec<u8>, Moment)) -> Result<EncodedColumn> {
        match precision {
            Precision::Micro => self.primitive::<TimestampMicrosecondType>(|out, v| push(out, Moment::from_micros(v))),
            Precision::Nano => self.primitive::<TimestampNanosecondType>(|out, v| push(out, Moment::from_nanos(v))),
        }
    }

    /// Appends what a rule says that a zero date or an infinite one stands for. False, and nothing appended, where none does.
    fn stands_for(&self, out: &mut Vec<u8>, text: &str) -> bool {
        match self.rules.and_then(|rules| ruled::stands_for(rules, self.reading.encoding, text)) {
            Some(ruled::StandsFor::Null) => out.push(NULL),
            Some(ruled::StandsFor::Moment(moment)) => match self.reading.encoding {
                Encoding::Date => time::push_date(out, moment.day()),
                Encoding::Instant => time::push_instant(out, moment),
                _ => time::push_timestamp(out, moment),
            },
            None => return false,
        }
        true
    }

    /// A number as the instant that it counts up to, where a rule says that it does.
    fn since_epoch(&self, out: &mut Vec<u8>, text: &str) {
        match self.rules.and_then(|rules| ruled::moment_since(rules.epoch?, text)) {
            Some(moment) => time::push_instant(out, moment),
            None => push_unreadable(out, |out| {
                if !number::push_text(out, text) {
                    push_text(out, text);
                }
            }),
        }
    }

    fn truth(&self, out: &mut Vec<u8>, value: i64) {
        match self.rules.and_then(|rules| ruled::truth_of(rules, &value.to_string())) {
            Some(value) => truth::push(out, value),
            None => push_truth(out, value),
        }
    }

    /// A local time as the instant at which the clocks of the reading's zone showed it.
    fn local(&self, out: &mut Vec<u8>, local: Moment) {
        let Some(zone) = self.reading.time_zone else {
            return push_unreadable(out, |out| time::push_timestamp(out, local));
        };
        match time::instant_of(local, zone) {
            Ok(instant) => time::push_instant(out, instant),
            Err(why) => {
                if let Some(ambiguous) = self.rules.and_then(|rules| rules.ambiguous)
                    && let Some((earliest, latest)) = time::instants_of(local, zone)
                {
                    let chosen = if ambiguous == Ambiguous::Earliest { earliest } else { latest };
                    return time::push_instant(out, chosen);
                }
                let why = match why {
                    NoInstant::Ambiguous => "ambiguous",
                    NoInstant::Nonexistent => "does not exist",
                    NoInstant::OutOfRange => "out of range",
                };
                push_misfit(out, &format!("{} ({why} in {zone})", time::format_timestamp(local)));
            }
        }
    }

    /// A value that the column's Arrow type cannot hold may yet be one of the family: `NaN` is a number, `infinity` a time,
    /// and the time 838:59:59 an interval.
    fn misfit(&self, out: &mut Vec<u8>, text: &str) {
        let family = match self.reading.encoding {
            Encoding::Number | Encoding::Interval => self.read(out, text),
            Encoding::Date | Encoding::Time | Encoding::Timestamp | Encoding::Instant => {
                self.plain_text(out, text);
                true
            }
            _ => false,
        };
        if !family {
            push_misfit(out, text);
        }
    }

    fn text(&self, out: &mut Vec<u8>, text: &str) {
        let Some(rules) = self.rules else { return self.plain_text(out, text) };
        if self.reading.encoding == Encoding::Instant
            && rules.epoch.is_some()
            && number::push_text(&mut Vec::new(), text)
        {
            return self.since_epoch(out, text);
        }
        let text = &*ruled::text(rules, self.reading.encoding, text);
        if let Encoding::Binary = self.reading.encoding
            && let Some(bytes) = ruled::bytes(rules, text)
        {
            return push_binary(out, &bytes);
        }
        match ruled::truth_of(rules, text).filter(|_| self.reading.encoding == Encoding::Boolean) {
            Some(value) => truth::push(out, value),
            None => self.plain_text(out, text),
        }
    }

    /// A text without regard to the rules that rewrite texts.
    fn plain_text(&self, out: &mut Vec<u8>, text: &str) {
        if self.read(out, text) {
            return;
        }
        match self.reading.encoding {
            _ if self.stands_for(out, text) => {}
            Encoding::Date | Encoding::Timestamp | Encoding::Instant if special::push_time(out, text) => {}
            // A zero or partial date, or a time beyond the day: what a database keeps as a misfit.
            Encoding::Date => push_misfit(out, &time::no_day(text, false).unwrap_or_else(|| text.to_owned())),
            Encoding::Timestamp | Encoding::Instant => {
                push_misfit(out, &time::no_day(text, true).unwrap_or_else(|| text.to_owned()));
            }
            Encoding::Time => {
                push_misfit(out, &Interval::parse(text).map_or_else(|| text.to_owned(), |beyond| beyond.to_string()));
            }
            _ => push_unreadable(out, |out| push_text(out, text)),
        }
    }

    fn nested(&self, out: &mut Vec<u8>, text: &str, canonical: &CanonicalType) {
        let start = out.len();
        let read = if self.reading.encoding == Encoding::Json {
            nested::document(text, canonical).is_some_and(|document| json::push(out, &document))
        } else {
            nested::push(out, text, canonical, &|out, text, encoding| {
                Encoder { reading: Reading { encoding, ..self.reading }, ..*self }.text(out, text);
            })
        };
        if !read {
            out.truncate(start);
            push_misfit(out, text);
        }
    }

    /// Appends the value that a text denotes as the reading asks. False, and nothing appended, where it denotes none.
    fn read(&self, out: &mut Vec<u8>, text: &str) -> bool {
        match self.reading.encoding {
            Encoding::Number => match special_number(text) {
                Some(special) => special::push_number(out, special),
                None => number::push_text(out, text),
            },
            Encoding::Float32 => parse_float(text).is_some_and(|v| {
                push_as_single(out, v);
                true
            }),
            Encoding::Float64 => parse_float(text).is_some_and(|v| {
                push_float(out, v);
                true
            }),
            Encoding::Boolean => truth::parse(text).map(|v| truth::push(out, v)).is_some(),
            Encoding::Text | Encoding::Loose => {
                push_text(out, text);
                true
            }
            Encoding::Opaque => {
                out.push(OPAQUE);
                push_escaped(out, text.as_bytes());
                true
            }
            Encoding::Date => time::parse_date(text).map(|v| time::push_date(out, v)).is_some(),
            Encoding::Time => time::parse_time(text).map(|v| time::push_time(out, v)).is_some(),
            Encoding::Timestamp => match time::parse_timestamp(text) {
                Some(time::TextTime { local, offset: None }) => {
                    time::push_timestamp(out, local);
                    true
                }
                _ => false,
            },
            Encoding::Instant => match time::parse_timestamp(text) {
                Some(time::TextTime { local, offset: Some(offset) }) => {
                    let seconds = local.seconds - i64::from(offset);
                    time::push_instant(out, Moment { seconds, ..local });
                    true
                }
                Some(time::TextTime { local, offset: None }) => {
                    self.local(out, local);
                    true
                }
                None => false,
            },
            Encoding::Uuid => identifier::parse(text).map(|v| identifier::push(out, &v)).is_some(),
            Encoding::Json => json::push(out, text),
            Encoding::Interval => interval::push_text(out, text),
            Encoding::Bits => bits::push_text(out, text),
            Encoding::Inet => network::push_inet(out, text),
            Encoding::Mac => network::push_mac(out, text),
            Encoding::Set => {
                labels::push(out, text);
                true
            }
            Encoding::Binary | Encoding::Geometry | Encoding::Nested => false,
        }
    }

    fn blob(&self, out: &mut Vec<u8>, bytes: &[u8]) {
        match self.reading.encoding {
            Encoding::Binary | Encoding::Loose => push_binary(out, bytes),
            Encoding::Uuid if bytes.len() == 16 => match self.rules.and_then(|rules| ruled::unswapped(rules, bytes)) {
                Some(bytes) => identifier::push(out, &bytes),
                None => identifier::push(out, bytes),
            },
            Encoding::Geometry if geometry::push(out, bytes) => {}
            _ => push_unreadable(out, |out| push_binary(out, bytes)),
        }
    }

    fn loose(&self, hint: LooseHint) -> Result<EncodedColumn> {
        let damaged = || Error::snapshot(format!("column {}: not the layout of an SQLite column", self.name));
        let parts = self.array.as_struct_opt().ok_or_else(damaged)?;
        if parts.num_columns() != 4 {
            return Err(damaged());
        }
        let integers: &PrimitiveArray<Int64Type> = parts.column(0).as_primitive_opt().ok_or_else(damaged)?;
        let reals: &PrimitiveArray<Float64Type> = parts.column(1).as_primitive_opt().ok_or_else(damaged)?;
        let texts = parts.column(2).as_string_opt::<i32>().ok_or_else(damaged)?;
        let blobs = parts.column(3).as_binary_opt::<i32>().ok_or_else(damaged)?;
        self.fill(|out, row| {
            if integers.is_valid(row) {
                self.loose_integer(out, integers.value(row));
            } else if reals.is_valid(row) {
                self.loose_real(out, reals.value(row));
            } else if texts.is_valid(row) {
                self.loose_text(out, texts.value(row), hint);
            } else {
                self.blob(out, blobs.value(row));
            }
        })
    }

    fn loose_integer(&self, out: &mut Vec<u8>, value: i64) {
        match self.reading.encoding {
            Encoding::Number | Encoding::Loose => number::push_i64(out, value),
            Encoding::Float64 | Encoding::Float32 => push_integer_as_float(out, value),
            Encoding::Boolean => self.truth(out, value),
            Encoding::Instant if self.rules.is_some() => self.since_epoch(out, &value.to_string()),
            _ => push_unreadable(out, |out| number::push_i64(out, value)),
        }
    }

    fn loose_real(&self, out: &mut Vec<u8>, value: f64) {
        match self.reading.encoding {
            Encoding::Float64 => push_float(out, value),
            Encoding::Float32 => push_as_single(out, value),
            Encoding::Number | Encoding::Loose => {
                if !number::push_f64(out, value) {
                    special::push_number(out, not_finite(value));
                }
            }
            _ => push_unreadable(out, |out| push_float(out, value)),
        }
    }

    /// Text in an SQLite column counts as what it says only where SQLite has no class of its own for the type: it has
    /// one for numbers, so text in a number column is a fault, but times, uuids and JSON are always kept as text. A column
    /// that was declared as text keeps its numbers as text too, which is how exact decimals survive in SQLite.
    fn loose_text(&self, out: &mut Vec<u8>, text: &str, hint: LooseHint) {
        match self.reading.encoding {
            Encoding::Number | Encoding::Float32 | Encoding::Float64 if hint == LooseHint::Text => self.text(out, text),
            // A rule that names the words of a truth value reads texts.
            Encoding::Boolean if self.rules.is_some_and(|rules| ruled::truth_of(rules, text).is_some()) => {
                self.text(out, text);
            }
            Encoding::Number | Encoding::Float32 | Encoding::Float64 | Encoding::Boolean => {
                push_unreadable(out, |out| push_text(out, text));
            }
            _ => self.text(out, text),
        }
    }
}

/// Appends escaped bytes and their end: `00` → `00 FF`, end `00 00`.
pub(super) fn push_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(0, rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[0x00, 0xFF]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(&[0x00, 0x00]);
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(TEXT);
    push_escaped(out, text.as_bytes());
}

pub(super) fn push_binary(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(BINARY);
    push_escaped(out, bytes);
}

fn push_misfit(out: &mut Vec<u8>, text: &str) {
    out.push(MISFIT);
    push_escaped(out, text.as_bytes());
}

fn push_unreadable(out: &mut Vec<u8>, push: impl FnOnce(&mut Vec<u8>)) {
    out.push(UNREADABLE);
    push(out);
}

fn push_truth(out: &mut Vec<u8>, value: i64) {
    match value {
        0 | 1 => truth::push(out, value == 1),
        _ => push_unreadable(out, |out| number::push_i64(out, value)),
    }
}

/// How many bytes a float takes.
pub(super) const FLOAT_BYTES: usize = 9;

fn push_float(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(&float(value));
}

/// The encoding of a float, in numeric order: both zeros are one, all NaNs are one (above infinity).
pub(super) fn float(value: f64) -> [u8; FLOAT_BYTES] {
    let value = if value == 0.0 { 0.0 } else { value };
    let bits = if value.is_nan() { f64::NAN.to_bits() & !(1 << 63) } else { value.to_bits() };
    let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    let mut bytes = [FLOAT; FLOAT_BYTES];
    bytes[1..].copy_from_slice(&ordered.to_be_bytes());
    bytes
}

/// The float behind its encoding; `None` where the bytes are no such encoding.
pub(super) fn decode_float(bytes: &[u8]) -> Option<f64> {
    let (&FLOAT, rest) = bytes.split_first()? else { return None };
    let ordered = u64::from_be_bytes(*<&[u8; 8]>::try_from(rest).ok()?);
    Some(f64::from_bits(if ordered >> 63 == 1 { ordered & !(1 << 63) } else { !ordered }))
}

/// Appends a double as single precision where the single stands for it: where it is the same number, or where its shortest
/// text is (0.1). A double that a single would round stays what it is, and so differs from every single.
fn push_as_single(out: &mut Vec<u8>, value: f64) {
    let single = value as f32;
    let stands_for_it =
        value.is_nan() || f64::from(single) == value || format!("{single:e}").parse::<f64>() == Ok(value);
    push_float(out, if stands_for_it { f64::from(single) } else { value });
}

/// An integer stands for a float only where the float is exactly that integer.
fn push_integer_as_float(out: &mut Vec<u8>, value: i64) {
    let float = value as f64;
    if float as i128 == i128::from(value) {
        push_float(out, float);
    } else {
        push_unreadable(out, |out| number::push_i64(out, value));
    }
}

fn not_finite(value: f64) -> &'static str {
    match value {
        v if v.is_nan() => "NaN",
        v if v > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

fn special_number(text: &str) -> Option<&'static str> {
    match text.bytes().find(|b| !matches!(b, b'+' | b'-'))? {
        b'n' | b'N' | b'i' | b'I' => {}
        _ => return None,
    }
    match text.to_ascii_lowercase().as_str() {
        "nan" => Some("NaN"),
        "inf" | "infinity" | "+inf" | "+infinity" => Some("Infinity"),
        "-inf" | "-infinity" => Some("-Infinity"),
        _ => None,
    }
}

/// The double a text denotes. A number beyond a double's range denotes none: it is not infinite.
fn parse_float(text: &str) -> Option<f64> {
    match special_number(text) {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some(_) => Some(f64::NEG_INFINITY),
        None => text.parse().ok().filter(|value: &f64| value.is_finite()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float32Array, Float64Array, StringArray};
    use std::sync::Arc;

    fn encoded(array: ArrayRef, canonical: CanonicalType, encoding: Encoding) -> Vec<u8> {
        let column = encode_column(&array, &canonical, Reading::plain(encoding), "c", &Misfits::default()).unwrap();
        column.value(0).to_vec()
    }

    fn single(value: f32) -> Vec<u8> {
        encoded(Arc::new(Float32Array::from(vec![value])), CanonicalType::Float32, Encoding::Float32)
    }

    #[test]
    fn a_double_equals_a_single_only_if_the_single_lost_nothing_but_the_width_of_its_type() {
        let double = |v| encoded(Arc::new(Float64Array::from(vec![v])), CanonicalType::Float64, Encoding::Float32);
        assert_eq!(double(0.1), single(0.1));
        assert_eq!(double(0.5), single(0.5));
        assert_ne!(double(123_456_789.12), single(123_456_789.12));
        assert_ne!(double(1e39), single(f32::INFINITY));
        assert_eq!(double(f64::NAN), single(f32::NAN));
    }

    #[test]
    fn a_text_equals_a_single_only_if_the_single_holds_it() {
        let text = |t: &str| encoded(Arc::new(StringArray::from(vec![t])), CanonicalType::Untyped, Encoding::Float32);
        assert_eq!(text("0.1"), single(0.1));
        assert_ne!(text("123456789.12"), single(123_456_792.0));
        assert_ne!(text("1e400"), single(f32::INFINITY));
        assert_eq!(text("Infinity"), single(f32::INFINITY));
    }
}
