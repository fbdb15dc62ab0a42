//! One column of a batch on its way into rows: how long the encoding of each value is, and then the encodings, each
//! written at its row's place.
//!
//! The types that fill most tables are written straight from their Arrow buffers, a loop for each column and no choice
//! for each value; all others take the way over [`EncodedColumn`]. Both give the same bytes: those of
//! [`super::encode`], which defines them. A column with rules always takes that way.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType, TimestampNanosecondType,
};

use super::encode::{self, EncodedColumn, Encoding};
use super::row::{RowField, encode_field};
use super::time::{self, Moment};
use super::{CanonicalType, Misfits, Precision, number, truth};
use crate::error::Result;

/// The encodings of one column, ready to be written into rows.
pub(super) struct RowColumn<'a> {
    nulls: Option<&'a NullBuffer>,
    values: Values<'a>,
}

enum Values<'a> {
    Integers(&'a [i64]),
    /// Floor, and the digits after the point as one group of nine.
    Decimals(Vec<(i64, u32)>),
    Doubles(&'a [f64]),
    Booleans(&'a BooleanArray),
    /// Text or bytes without a zero byte, which need no escapes.
    Plain {
        tag: u8,
        offsets: &'a OffsetBuffer<i32>,
        bytes: &'a [u8],
    },
    Dates(&'a [i32]),
    Micros {
        push: fn(Moment) -> [u8; time::MOMENT_BYTES],
        values: &'a [i64],
    },
    Nanos {
        push: fn(Moment) -> [u8; time::MOMENT_BYTES],
        values: &'a [i64],
    },
    Encoded(EncodedColumn),
}

impl<'a> RowColumn<'a> {
    /// Reads a column of a batch as its field asks.
    pub fn new(field: &RowField, array: &'a ArrayRef, misfits: &Misfits) -> Result<Self> {
        // A misfit is NULL in the array and something else in its encoding.
        let straight = if misfits.has(&field.name) || field.rules.is_some() { None } else { straight(field, array) };
        Ok(match straight {
            Some(values) => Self { nulls: array.nulls().filter(|nulls| nulls.null_count() > 0), values },
            None => {
                let column = encode_field(field, array, misfits)?;
                Self { nulls: None, values: Values::Encoded(column) }
            }
        })
    }

    /// Adds the length of each row's encoding to `lengths`.
    pub fn add_lengths(&self, lengths: &mut [usize]) {
        match &self.values {
            Values::Integers(_) => self.add(lengths, |_| number::INTEGER_BYTES),
            Values::Decimals(values) => self.add(lengths, |row| number::decimal_bytes(values[row].1)),
            Values::Doubles(_) => self.add(lengths, |_| encode::FLOAT_BYTES),
            Values::Booleans(_) => self.add(lengths, |_| 1),
            Values::Plain { offsets, .. } => self.add(lengths, |row| 3 + (offsets[row + 1] - offsets[row]) as usize),
            Values::Dates(_) => self.add(lengths, |_| time::DATE_BYTES),
            Values::Micros { .. } | Values::Nanos { .. } => self.add(lengths, |_| time::MOMENT_BYTES),
            Values::Encoded(column) => self.add(lengths, |row| column.value(row).len()),
        }
    }

    /// Writes each row's encoding to `bytes` at the row's place, and moves the place behind it. The places must be those
    /// that follow from [`Self::add_lengths`].
    pub fn write(&self, bytes: &mut [u8], places: &mut [usize]) {
        match &self.values {
            Values::Integers(values) => self.fixed(bytes, places, |row| number::integer(values[row])),
            Values::Decimals(values) => self.each(places, |row, place| {
                let (floor, group) = values[row];
                number::write_decimal(&mut bytes[place..], floor, group)
            }),
            Values::Doubles(values) => self.fixed(bytes, places, |row| encode::float(values[row])),
            Values::Booleans(values) => self.fixed(bytes, places, |row| [truth::byte(values.value(row))]),
            Values::Plain { tag, offsets, bytes: values } => self.each(places, |row, place| {
                let value = &values[offsets[row] as usize..offsets[row + 1] as usize];
                let end = place + 1 + value.len();
                bytes[place] = *tag;
                bytes[place + 1..end].copy_from_slice(value);
                bytes[end..end + 2].copy_from_slice(&[0, 0]);
                3 + value.len()
            }),
            Values::Dates(values) => self.fixed(bytes, places, |row| time::date(values[row])),
            Values::Micros { push, values } => {
                self.fixed(bytes, places, |row| push(Moment::from_micros(values[row])));
            }
            Values::Nanos { push, values } => self.fixed(bytes, places, |row| push(Moment::from_nanos(values[row]))),
            Values::Encoded(column) => self.each(places, |row, place| {
                let value = column.value(row);
                bytes[place..place + value.len()].copy_from_slice(value);
                value.len()
            }),
        }
        // `each` closures borrow `bytes` one after the other: NULLs are written in a pass of their own.
        if let Some(nulls) = self.nulls {
            for row in (0..nulls.len()).filter(|row| nulls.is_null(*row)) {
                bytes[places[row]] = encode::NULL;
                places[row] += 1;
            }
        }
    }

    fn add(&self, lengths: &mut [usize], length: impl Fn(usize) -> usize) {
        match self.nulls {
            None => lengths.iter_mut().enumerate().for_each(|(row, sum)| *sum += length(row)),
            Some(nulls) => {
                for (row, sum) in lengths.iter_mut().enumerate() {
                    *sum += if nulls.is_valid(row) { length(row) } else { 1 };
                }
            }
        }
    }

    /// Calls `write` for the row and place of each value that is not NULL; it returns how much it wrote.
    fn each(&self, places: &mut [usize], mut write: impl FnMut(usize, usize) -> usize) {
        match self.nulls {
            None => places.iter_mut().enumerate().for_each(|(row, place)| *place += write(row, *place)),
            Some(nulls) => {
                for (row, place) in places.iter_mut().enumerate().filter(|(row, _)| nulls.is_valid(*row)) {
                    *place += write(row, *place);
                }
            }
        }
    }

    fn fixed<const N: usize>(&self, bytes: &mut [u8], places: &mut [usize], encoding: impl Fn(usize) -> [u8; N]) {
        self.each(places, |row, place| {
            bytes[place..place + N].copy_from_slice(&encoding(row));
            N
        });
    }
}

/// The values of a column whose encodings need no choice for each value; `None` where they do.
fn straight<'a>(field: &RowField, array: &'a ArrayRef) -> Option<Values<'a>> {
    use {CanonicalType as C, Encoding as E};
    Some(match (&field.canonical, field.reading.encoding) {
        (C::Int64, E::Number) => Values::Integers(array.as_primitive_opt::<Int64Type>()?.values()),
        (C::Decimal { precision, scale }, E::Number) if *precision <= 38 => {
            Values::Decimals(decimals(array.as_primitive_opt::<Decimal128Type>()?.values(), (*scale).try_into().ok()?)?)
        }
        (C::Float64, E::Float64) => Values::Doubles(array.as_primitive_opt::<Float64Type>()?.values()),
        (C::Boolean, E::Boolean) => Values::Booleans(array.as_boolean_opt()?),
        (C::Text | C::Char | C::Untyped, E::Text) => {
            let values = array.as_string_opt::<i32>()?;
            plain(encode::TEXT, values.offsets(), values.values())?
        }
        (C::Binary, E::Binary) => {
            let values = array.as_binary_opt::<i32>()?;
            plain(encode::BINARY, values.offsets(), values.values())?
        }
        (C::Date, E::Date) => Values::Dates(array.as_primitive_opt::<Date32Type>()?.values()),
        (C::Timestamp(precision), E::Timestamp) => moments(array, *precision, time::timestamp)?,
        (C::Instant(precision), E::Instant) => moments(array, *precision, time::instant)?,
        (C::Loose(_), encoding) => of_one_class(array, encoding)?,
        _ => return None,
    })
}

/// An SQLite column whose values are all of the class that the encoding expects, as nearly every batch is.
fn of_one_class(array: &ArrayRef, encoding: Encoding) -> Option<Values<'_>> {
    use Encoding as E;
    let classes = array.as_struct_opt()?;
    let values = array.len() - array.null_count();
    let all = |class: usize| {
        let class = classes.columns().get(class)?;
        (class.len() - class.null_count() == values).then_some(class)
    };
    if let (Some(integers), E::Number | E::Loose) = (all(0), encoding) {
        return Some(Values::Integers(integers.as_primitive_opt::<Int64Type>()?.values()));
    }
    if let (Some(reals), E::Number | E::Loose) = (all(1), encoding) {
        let reals = reals.as_primitive_opt::<Float64Type>()?;
        // What a NULL leaves in the buffer is of no meaning, but has to be a short number, too.
        let short = |(row, value): (usize, &f64)| match reals.is_null(row) {
            true => Some((0, 0)),
            false => number::short_decimal(*value),
        };
        return Some(Values::Decimals(reals.values().iter().enumerate().map(short).collect::<Option<_>>()?));
    }
    if let (Some(reals), E::Float64) = (all(1), encoding) {
        return Some(Values::Doubles(reals.as_primitive_opt::<Float64Type>()?.values()));
    }
    if let (Some(texts), E::Text | E::Loose) = (all(2), encoding) {
        let texts = texts.as_string_opt::<i32>()?;
        return plain(encode::TEXT, texts.offsets(), texts.values());
    }
    if let (Some(blobs), E::Binary | E::Loose) = (all(3), encoding) {
        let blobs = blobs.as_binary_opt::<i32>()?;
        return plain(encode::BINARY, blobs.offsets(), blobs.values());
    }
    None
}

/// Decimals within 64 bits and nine digits after the point; `None` where one is not.
fn decimals(values: &[i128], scale: u32) -> Option<Vec<(i64, u32)>> {
    if scale > 9 {
        return None;
    }
    let (unit, lift) = (10i64.pow(scale), 10u32.pow(9 - scale));
    let split = |value: &i128| {
        let value = i64::try_from(*value).ok()?;
        Some((value.div_euclid(unit), value.rem_euclid(unit) as u32 * lift))
    };
    values.iter().map(split).collect()
}

fn plain<'a>(tag: u8, offsets: &'a OffsetBuffer<i32>, bytes: &'a [u8]) -> Option<Values<'a>> {
    let used = &bytes[*offsets.first()? as usize..*offsets.last()? as usize];
    memchr::memchr(0, used).is_none().then_some(Values::Plain { tag, offsets, bytes })
}

fn moments<'a>(
    array: &'a ArrayRef,
    precision: Precision,
    push: fn(Moment) -> [u8; time::MOMENT_BYTES],
) -> Option<Values<'a>> {
    Some(match precision {
        Precision::Micro => {
            Values::Micros { push, values: array.as_primitive_opt::<TimestampMicrosecondType>()?.values() }
        }
        Precision::Nano => {
            Values::Nanos { push, values: array.as_primitive_opt::<TimestampNanosecondType>()?.values() }
        }
    })
}
