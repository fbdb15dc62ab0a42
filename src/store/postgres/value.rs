//! Fields of a binary COPY as values of the canonical builders.

use arrow::datatypes::i256;

use super::literal;
use crate::canonical::interval::Interval;
use crate::canonical::{BatchBuilder, CanonicalType, ColumnBuilder, bits, network, number, time};
use crate::error::{Error, Result};

/// Days and seconds from 1970-01-01, the canonical epoch, to 2000-01-01, PostgreSQL's.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_SECONDS: i64 = 946_684_800;
const EPOCH_MICROS: i64 = EPOCH_SECONDS * 1_000_000;

/// Appends one field to its column.
pub(super) fn append(
    builder: &mut BatchBuilder,
    index: usize,
    canonical: &CanonicalType,
    field: Option<&[u8]>,
) -> Result<()> {
    let Some(field) = field else {
        builder.column(index).null();
        return Ok(());
    };
    builder.add_bytes(field.len());
    match builder.column(index) {
        ColumnBuilder::Boolean(values) => values.append_value(fixed::<1>(field)? != [0]),
        ColumnBuilder::Int64(values) => values.append_value(integer(field)?),
        ColumnBuilder::Float32(values) => values.append_value(f32::from_be_bytes(fixed(field)?)),
        ColumnBuilder::Float64(values) => values.append_value(f64::from_be_bytes(fixed(field)?)),
        ColumnBuilder::Binary(values) => values.append_value(field),
        ColumnBuilder::Uuid(values) => {
            values.append_value(fixed::<16>(field)?).map_err(|e| damaged().because(e))?;
        }
        ColumnBuilder::TimeMicro(values) => values.append_value(i64::from_be_bytes(fixed(field)?)),
        ColumnBuilder::Date(values) => match i32::from_be_bytes(fixed(field)?) {
            i32::MAX => builder.misfit(index, "infinity"),
            i32::MIN => builder.misfit(index, "-infinity"),
            days => values.append_value(days + EPOCH_DAYS),
        },
        ColumnBuilder::TimestampMicro(values) => match i64::from_be_bytes(fixed(field)?) {
            i64::MAX => builder.misfit(index, "infinity"),
            i64::MIN => builder.misfit(index, "-infinity"),
            micros => match micros.checked_add(EPOCH_MICROS) {
                Some(micros) => values.append_value(micros),
                // PostgreSQL counts from 2000 and so reaches 30 years further than a 64-bit count from 1970.
                None => {
                    let seconds = micros.div_euclid(1_000_000) + EPOCH_SECONDS;
                    let nanos = micros.rem_euclid(1_000_000) as u32 * 1000;
                    let zone = if matches!(canonical, CanonicalType::Instant(_)) { "Z" } else { "" };
                    builder.misfit(index, time::format_timestamp(time::Moment { seconds, nanos }) + zone);
                }
            },
        },
        ColumnBuilder::Decimal128(values) => match (Numeric::parse(field)?, canonical) {
            (Numeric::Finite(digits), CanonicalType::Decimal { scale, .. }) => match digits.unscaled128(*scale) {
                Some(value) => values.append_value(value),
                None => builder.misfit(index, digits.text()),
            },
            (other, _) => builder.misfit(index, other.text()),
        },
        ColumnBuilder::Decimal256(values) => match (Numeric::parse(field)?, canonical) {
            (Numeric::Finite(digits), CanonicalType::Decimal { scale, .. }) => {
                match digits
                    .unscaled128(*scale)
                    .map(i256::from_i128)
                    .or_else(|| number::unscaled(&digits.text(), *scale))
                {
                    Some(value) => values.append_value(value),
                    None => builder.misfit(index, digits.text()),
                }
            }
            (other, _) => builder.misfit(index, other.text()),
        },
        ColumnBuilder::Text(values) if is_composed(canonical) => match composed(canonical, field)? {
            Ok(text) => values.append_value(text),
            Err(text) => builder.misfit(index, text),
        },
        column @ (ColumnBuilder::Text(_) | ColumnBuilder::Char(_)) => {
            // jsonb is sent as its text behind a version byte, which no JSON text begins with.
            let bytes = match (canonical, field) {
                (CanonicalType::Json, [1, rest @ ..]) => rest,
                _ => field,
            };
            match std::str::from_utf8(bytes) {
                Ok(text) => {
                    column.text(text);
                }
                // Only a database in SQL_ASCII can hold such text.
                Err(_) => builder.misfit(index, format!("invalid UTF-8 \\x{}", hex::encode(bytes))),
            }
        }
        ColumnBuilder::UInt64(_)
        | ColumnBuilder::TimeNano(_)
        | ColumnBuilder::TimestampNano(_)
        | ColumnBuilder::Loose(_) => {
            return Err(damaged());
        }
    }
    Ok(())
}

/// Whether a value carried as text arrives as something else.
fn is_composed(canonical: &CanonicalType) -> bool {
    matches!(
        canonical,
        CanonicalType::Number
            | CanonicalType::Interval
            | CanonicalType::Bits
            | CanonicalType::Inet
            | CanonicalType::Mac
            | CanonicalType::Array { .. }
            | CanonicalType::Struct { .. }
            | CanonicalType::Range { .. }
    )
}

/// The text of such a value, or that of a misfit.
fn composed(canonical: &CanonicalType, field: &[u8]) -> Result<std::result::Result<String, String>> {
    Ok(match canonical {
        CanonicalType::Number => match Numeric::parse(field)? {
            Numeric::Finite(digits) => Ok(digits.text()),
            other => Err(other.text()),
        },
        CanonicalType::Interval => {
            let (micros, rest) = field.split_first_chunk::<8>().ok_or_else(damaged)?;
            let (days, months) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
            let micros = i64::from_be_bytes(*micros);
            match (i32::from_be_bytes(fixed(months)?), i32::from_be_bytes(*days), micros) {
                (i32::MAX, i32::MAX, i64::MAX) => Err("infinity".into()),
                (i32::MIN, i32::MIN, i64::MIN) => Err("-infinity".into()),
                (months, days, micros) => Ok(Interval { months, days, micros }.to_string()),
            }
        }
        CanonicalType::Bits => {
            let (count, bytes) = field.split_first_chunk::<4>().ok_or_else(damaged)?;
            let count = usize::try_from(i32::from_be_bytes(*count)).map_err(|_| damaged())?;
            Ok(bits::text(count, bytes).ok_or_else(damaged)?)
        }
        CanonicalType::Inet => {
            // Family (3 is IPv6), prefix length, whether it is a cidr, count of the address's bytes.
            let ([family, prefix, cidr, _], address) = field.split_first_chunk::<4>().ok_or_else(damaged)?;
            let address = if *family == 2 { fixed::<4>(address)?.into() } else { fixed::<16>(address)?.into() };
            Ok(network::inet_text(address, *prefix, *cidr != 0))
        }
        CanonicalType::Mac => Ok(network::mac_text(field)),
        nested => match std::str::from_utf8(field) {
            Ok(text) => literal::carrier(text, nested).ok_or_else(|| text.to_owned()),
            Err(_) => Err(format!("invalid UTF-8 \\x{}", hex::encode(field))),
        },
    })
}

fn integer(field: &[u8]) -> Result<i64> {
    match field.len() {
        2 => Ok(i16::from_be_bytes(fixed(field)?).into()),
        4 => Ok(i32::from_be_bytes(fixed(field)?).into()),
        _ => Ok(i64::from_be_bytes(fixed(field)?)),
    }
}

fn fixed<const N: usize>(field: &[u8]) -> Result<[u8; N]> {
    field.try_into().map_err(|_| damaged())
}

fn damaged() -> Error {
    Error::store("the server sent a value that is not of its column's type")
        .hint("the table may have been altered during the run: run again")
}

const POWERS_OF_TEN: [i64; 7] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000];

/// A `numeric` as it is sent.
enum Numeric<'a> {
    Finite(Digits<'a>),
    Special(&'static str),
}

impl<'a> Numeric<'a> {
    /// Four 16-bit numbers (count, weight, sign, display scale), then the digits in base 10,000.
    fn parse(field: &'a [u8]) -> Result<Self> {
        let (head, digits) = field.split_first_chunk::<8>().ok_or_else(damaged)?;
        let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
        if digits.len() != usize::from(word(0)) * 2 {
            return Err(damaged());
        }
        Ok(match word(4) {
            0xC000 => Numeric::Special("NaN"),
            0xD000 => Numeric::Special("Infinity"),
            0xF000 => Numeric::Special("-Infinity"),
            sign => {
                Numeric::Finite(Digits { weight: word(2) as i16, negative: sign == 0x4000, scale: word(6), digits })
            }
        })
    }

    fn text(&self) -> String {
        match self {
            Numeric::Finite(digits) => digits.text(),
            Numeric::Special(name) => (*name).to_owned(),
        }
    }
}

/// A finite `numeric`: `weight` is the power of 10,000 of the first digit.
#[derive(Clone, Copy)]
struct Digits<'a> {
    weight: i16,
    negative: bool,
    scale: u16,
    digits: &'a [u8],
}

impl Digits<'_> {
    fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.digits.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
    }

    /// The value times 10^scale, where it fits exactly.
    fn unscaled128(&self, scale: i8) -> Option<i128> {
        let count = (self.digits.len() / 2) as i32;
        if count == 0 {
            return Some(0);
        }
        // The last digit stands for 10,000^(weight - count + 1).
        let exponent = (i32::from(self.weight) - count + 1) * 4 + i32::from(scale);
        // Up to three digits and three more places stay far within 64 bits, whose arithmetic is several times cheaper.
        if count <= 3 && (-6..=6).contains(&exponent) {
            let value = self.iter().fold(0i64, |value, digit| value * 10_000 + i64::from(digit));
            let value = if exponent >= 0 {
                value * POWERS_OF_TEN[exponent as usize]
            } else {
                let unit = POWERS_OF_TEN[exponent.unsigned_abs() as usize];
                if value % unit != 0 {
                    return None;
                }
                value / unit
            };
            return Some(i128::from(if self.negative { -value } else { value }));
        }
        let mut value: i128 = 0;
        for digit in self.iter() {
            value = value.checked_mul(10_000)?.checked_add(digit.into())?;
        }
        let value = if exponent >= 0 {
            value.checked_mul(10i128.checked_pow(exponent as u32)?)?
        } else {
            let unit = 10i128.checked_pow(exponent.unsigned_abs())?;
            if value % unit != 0 {
                return None;
            }
            value / unit
        };
        Some(if self.negative { -value } else { value })
    }

    /// As `psql` shows it.
    fn text(&self) -> String {
        let digits: Vec<u16> = self.iter().collect();
        let weight = i32::from(self.weight);
        let digit =
            |power: i32| usize::try_from(weight - power).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0);
        let mut text = String::new();
        if self.negative {
            text.push('-');
        }
        if weight < 0 {
            text.push('0');
        }
        for power in (0..=weight).rev() {
            let digit = digit(power);
            text.push_str(&if power == weight { digit.to_string() } else { format!("{digit:04}") });
        }
        if self.scale > 0 {
            text.push('.');
            let groups = (i32::from(self.scale) + 3) / 4;
            let fraction: String = (1..=groups).map(|group| format!("{:04}", digit(-group))).collect();
            text.push_str(&fraction[..usize::from(self.scale)]);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric(weight: i16, sign: u16, scale: u16, digits: &[u16]) -> Vec<u8> {
        let head = [digits.len() as u16, weight as u16, sign, scale];
        head.iter().chain(digits).flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn numerics_are_read_exactly() {
        for (bytes, text, scale, unscaled) in [
            (numeric(0, 0, 2, &[1, 1000]), "1.10", 2, Some(110)),
            (numeric(1, 0x4000, 3, &[12, 3456, 7890]), "-123456.789", 3, Some(-123_456_789)),
            (numeric(-1, 0, 4, &[5]), "0.0005", 4, Some(5)),
            (numeric(-2, 0, 8, &[1]), "0.00000001", 8, Some(1)),
            (numeric(0, 0, 0, &[]), "0", 2, Some(0)),
            (numeric(2, 0, 0, &[1]), "100000000", 0, Some(100_000_000)),
            (numeric(0, 0, 3, &[1, 1250]), "1.125", 2, None),
        ] {
            let Ok(Numeric::Finite(digits)) = Numeric::parse(&bytes) else { panic!("{text}") };
            assert_eq!(digits.text(), text);
            assert_eq!(digits.unscaled128(scale), unscaled, "{text}");
        }
    }

    #[test]
    fn special_numerics_become_misfits_not_numbers() {
        let canonical = CanonicalType::Decimal { precision: 10, scale: 2 };
        let mut builder = BatchBuilder::new([("n", &canonical)]);
        append(&mut builder, 0, &canonical, Some(&numeric(0, 0xC000, 0, &[]))).unwrap();
        builder.end_row();
        let batch = builder.finish().unwrap();
        assert!(batch.column(0).is_null(0));
        let misfits = crate::canonical::Misfits::of(&batch).unwrap();
        assert_eq!(misfits.get("n", 0), Some("NaN"));
    }

    #[test]
    fn infinite_dates_become_misfits() {
        let canonical = CanonicalType::Date;
        let mut builder = BatchBuilder::new([("d", &canonical)]);
        append(&mut builder, 0, &canonical, Some(&i32::MAX.to_be_bytes())).unwrap();
        builder.end_row();
        append(&mut builder, 0, &canonical, Some(&0i32.to_be_bytes())).unwrap();
        builder.end_row();
        let batch = builder.finish().unwrap();
        assert_eq!(crate::canonical::display::display(batch.column(0), &canonical, 1).as_deref(), Some("2000-01-01"));
        assert!(batch.column(0).is_null(0));
    }

    #[test]
    fn intervals_bits_and_addresses_are_read_as_postgresql_shows_them() {
        let text = |canonical, field: &[u8]| composed(&canonical, field).unwrap().unwrap();
        let interval = |micros: i64, days: i32, months: i32| {
            [&micros.to_be_bytes()[..], &days.to_be_bytes(), &months.to_be_bytes()].concat()
        };
        assert_eq!(text(CanonicalType::Interval, &interval(1_500_000, -2, 14)), "1 year 2 mons -2 days 00:00:01.5");
        let infinite = composed(&CanonicalType::Interval, &interval(i64::MAX, i32::MAX, i32::MAX)).unwrap();
        assert_eq!(infinite, Err("infinity".to_owned()));
        assert_eq!(text(CanonicalType::Bits, &[0, 0, 0, 3, 0b1010_0000]), "101");
        assert_eq!(text(CanonicalType::Inet, &[2, 32, 0, 4, 10, 0, 0, 1]), "10.0.0.1");
        assert_eq!(text(CanonicalType::Inet, &[2, 8, 1, 4, 10, 0, 0, 0]), "10.0.0.0/8");
        assert_eq!(text(CanonicalType::Inet, &[&[3, 128, 0, 16][..], &1u128.to_be_bytes()].concat()), "::1");
        assert_eq!(text(CanonicalType::Mac, &[8, 0, 0x2b, 1, 2, 3]), "08:00:2b:01:02:03");
        for canonical in [CanonicalType::Interval, CanonicalType::Bits, CanonicalType::Inet] {
            assert!(composed(&canonical, &[1, 2, 3]).is_err() && composed(&canonical, &[0xff; 5]).is_err());
        }
    }

    #[test]
    fn a_field_of_the_wrong_width_is_an_error_not_a_panic() {
        for canonical in [CanonicalType::Int64, CanonicalType::Uuid, CanonicalType::Date, CanonicalType::Boolean] {
            let mut builder = BatchBuilder::new([("c", &canonical)]);
            assert!(append(&mut builder, 0, &canonical, Some(&[1, 2, 3])).is_err());
        }
    }
}
