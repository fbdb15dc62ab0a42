//! Values of the binary protocol, from the wire straight into canonical batches.
//!
//! The driver hands over each value's bytes: integers and floats little-endian and as wide as their type, dates and times
//! with their length byte in front, all else without its length. A zero date is a value here (a misfit), never NULL.

use crate::canonical::number::unscaled;
use crate::canonical::time::{MICROS_PER_DAY, days_from_civil};
use crate::canonical::{BatchBuilder, CanonicalType, ColumnBuilder, geometry, identifier};
use crate::model::Column;

/// How a column's values lie on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    /// Little-endian, as wide as the type.
    Signed,
    /// Little-endian, as wide as the type.
    Unsigned,
    /// Big-endian, as many bytes as the bits need.
    Bit,
    /// IEEE 754, little-endian.
    Float,
    /// Decimal text, read at the column's scale.
    Decimal(i8),
    /// Text in UTF-8.
    Text,
    /// Bytes as they are.
    Binary,
    /// Bytes of an opaque type, shown as hexadecimal text.
    Hex,
    /// A spatial reference and well-known binary.
    Geometry,
    /// Year, month, day.
    Date,
    /// Date and time of day.
    DateTime,
    /// Sign, days, time of day.
    Time,
    /// A UUID as text.
    Uuid,
}

impl Wire {
    /// How the values of a column lie on the wire when it is selected by [`Self::expression`].
    pub fn of(column: &Column) -> Self {
        let native = column.native.to_ascii_lowercase();
        match &column.canonical {
            CanonicalType::BitField { .. } => Wire::Bit,
            CanonicalType::Geometry => Wire::Geometry,
            CanonicalType::UInt64 => Wire::Unsigned,
            CanonicalType::Int64 if native.contains("unsigned") || native.starts_with("year") => Wire::Unsigned,
            CanonicalType::Int64 => Wire::Signed,
            CanonicalType::Float32 | CanonicalType::Float64 => Wire::Float,
            CanonicalType::Decimal { scale, .. } => Wire::Decimal(*scale),
            CanonicalType::Binary => Wire::Binary,
            CanonicalType::Date => Wire::Date,
            CanonicalType::Timestamp(_) | CanonicalType::Instant(_) => Wire::DateTime,
            CanonicalType::Time(_) => Wire::Time,
            CanonicalType::Uuid => Wire::Uuid,
            CanonicalType::Opaque { native } if is_vector(native) => Wire::Hex,
            _ => Wire::Text,
        }
    }

    /// What to select for a column. Types the driver does not know travel as text or bytes; a geometry travels as it is,
    /// because a function of one near the server's packet limit would be NULL.
    pub fn expression(column: &Column, quoted: &str) -> String {
        match &column.canonical {
            CanonicalType::Opaque { native } if is_vector(native) => format!("CAST({quoted} AS BINARY)"),
            CanonicalType::Opaque { .. } | CanonicalType::Set | CanonicalType::Inet => {
                format!("CAST({quoted} AS CHAR)")
            }
            _ => quoted.to_string(),
        }
    }

    /// Appends a value, or NULL. Fails where the bytes are not what the type sends.
    pub fn append(self, batch: &mut BatchBuilder, index: usize, value: Option<&[u8]>) -> Result<(), Unexpected> {
        let Some(bytes) = value else {
            batch.column(index).null();
            return Ok(());
        };
        match (self, batch.column(index)) {
            (Wire::Signed, ColumnBuilder::Int64(b)) => b.append_value(signed(bytes)?),
            (Wire::Unsigned, ColumnBuilder::Int64(b)) => {
                b.append_value(i64::try_from(unsigned(bytes)?).map_err(|_| Unexpected)?);
            }
            (Wire::Unsigned, ColumnBuilder::UInt64(b)) => b.append_value(unsigned(bytes)?),
            (Wire::Bit, ColumnBuilder::UInt64(b)) => b.append_value(bit(bytes)?),
            (Wire::Float, ColumnBuilder::Float32(b)) => b.append_value(float(bytes)? as f32),
            (Wire::Float, ColumnBuilder::Float64(b)) => b.append_value(float(bytes)?),
            (Wire::Decimal(scale), column) => {
                let text = std::str::from_utf8(bytes).map_err(|_| Unexpected)?;
                if !unscaled(text, scale).is_some_and(|value| column.decimal(value)) {
                    batch.misfit(index, text);
                }
            }
            (Wire::Binary, ColumnBuilder::Binary(b)) => {
                b.append_value(bytes);
                batch.add_bytes(bytes.len());
            }
            (Wire::Geometry, ColumnBuilder::Binary(b)) => {
                match geometry::from_mysql(bytes) {
                    Some(wkb) => b.append_value(wkb),
                    None => b.append_value(bytes),
                }
                batch.add_bytes(bytes.len());
            }
            (Wire::Text, column) => match std::str::from_utf8(bytes) {
                Ok(text) if column.text(text) => batch.add_bytes(text.len()),
                Ok(_) => return Err(Unexpected),
                Err(_) => batch.misfit(index, format!("invalid UTF-8 \\x{}", hex::encode(bytes))),
            },
            (Wire::Hex, column) => {
                if !column.text(&hex::encode(bytes)) {
                    return Err(Unexpected);
                }
                batch.add_bytes(2 * bytes.len());
            }
            (Wire::Date, ColumnBuilder::Date(b)) => match Clock::of(bytes)?.date() {
                Ok(days) => b.append_value(days),
                Err(text) => batch.misfit(index, text),
            },
            (Wire::DateTime, ColumnBuilder::TimestampMicro(b)) => match Clock::of(bytes)?.moment() {
                Ok(micros) => b.append_value(micros),
                Err(text) => batch.misfit(index, text),
            },
            (Wire::Time, ColumnBuilder::TimeMicro(b)) => match time_of_day(bytes)? {
                Ok(micros) => b.append_value(micros),
                Err(text) => batch.misfit(index, text),
            },
            (Wire::Uuid, ColumnBuilder::Uuid(b)) => {
                let text = std::str::from_utf8(bytes).map_err(|_| Unexpected)?;
                match identifier::parse(text) {
                    Some(id) => b.append_value(id).map_err(|_| Unexpected)?,
                    None => batch.misfit(index, text),
                }
            }
            _ => return Err(Unexpected),
        }
        Ok(())
    }
}

/// The server sent something else than the column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unexpected;

/// The one opaque type whose bytes are no text.
fn is_vector(native: &str) -> bool {
    native == "mysql vector"
}

fn signed(bytes: &[u8]) -> Result<i64, Unexpected> {
    Ok(match *bytes {
        [a] => i64::from(a.cast_signed()),
        [a, b] => i64::from(i16::from_le_bytes([a, b])),
        [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
        _ => i64::from_le_bytes(bytes.try_into().map_err(|_| Unexpected)?),
    })
}

fn unsigned(bytes: &[u8]) -> Result<u64, Unexpected> {
    Ok(match *bytes {
        [a] => u64::from(a),
        [a, b] => u64::from(u16::from_le_bytes([a, b])),
        [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
        _ => u64::from_le_bytes(bytes.try_into().map_err(|_| Unexpected)?),
    })
}

fn bit(bytes: &[u8]) -> Result<u64, Unexpected> {
    if bytes.is_empty() || bytes.len() > 8 {
        return Err(Unexpected);
    }
    Ok(bytes.iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte)))
}

fn float(bytes: &[u8]) -> Result<f64, Unexpected> {
    Ok(match *bytes {
        [a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
        _ => f64::from_le_bytes(bytes.try_into().map_err(|_| Unexpected)?),
    })
}

/// A date with a time of day, in whatever state MySQL lets it be.
struct Clock {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    micros: u32,
}

impl Clock {
    /// From 0, 4, 7 or 11 bytes behind their length byte: what is missing is zero.
    fn of(bytes: &[u8]) -> Result<Self, Unexpected> {
        let ([y0, y1, month, day], [hour, minute, second], micros) = match *bytes {
            [0] => ([0; 4], [0; 3], [0; 4]),
            [4, y0, y1, month, day] => ([y0, y1, month, day], [0; 3], [0; 4]),
            [7, y0, y1, month, day, hour, minute, second] => ([y0, y1, month, day], [hour, minute, second], [0; 4]),
            [11, y0, y1, month, day, hour, minute, second, m0, m1, m2, m3] => {
                ([y0, y1, month, day], [hour, minute, second], [m0, m1, m2, m3])
            }
            _ => return Err(Unexpected),
        };
        let (year, micros) = (u16::from_le_bytes([y0, y1]), u32::from_le_bytes(micros));
        Ok(Self { year, month, day, hour, minute, second, micros })
    }

    /// Days since 1970-01-01, or the text of what is no day.
    fn date(&self) -> Result<i32, String> {
        self.days().ok_or_else(|| self.date_text())
    }

    /// Microseconds since 1970-01-01 00:00:00, or the text of what is no moment.
    fn moment(&self) -> Result<i64, String> {
        let valid = self.hour < 24 && self.minute < 60 && self.second < 60 && self.micros < 1_000_000;
        match self.days() {
            Some(days) if valid => {
                let micros = clock_micros(i64::from(self.hour), self.minute, self.second, self.micros);
                Ok(i64::from(days) * MICROS_PER_DAY + micros)
            }
            _ => {
                let clock = clock_text(u64::from(self.hour), self.minute, self.second, self.micros);
                Err(format!("{} {clock}", self.date_text()))
            }
        }
    }

    fn days(&self) -> Option<i32> {
        days_from_civil(i64::from(self.year), u32::from(self.month), u32::from(self.day))
    }

    fn date_text(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// Microseconds since midnight, or the text of a duration that is no time of day.
fn time_of_day(bytes: &[u8]) -> Result<Result<i64, String>, Unexpected> {
    let (length, fields) = bytes.split_first().ok_or(Unexpected)?;
    if usize::from(*length) != fields.len() || !matches!(fields.len(), 0 | 8 | 12) {
        return Err(Unexpected);
    }
    let mut all = [0; 12];
    all[..fields.len()].copy_from_slice(fields);
    let [negative, d0, d1, d2, d3, hour, minute, second, m0, m1, m2, m3] = all;
    let (days, micros) = (u32::from_le_bytes([d0, d1, d2, d3]), u32::from_le_bytes([m0, m1, m2, m3]));
    let hours = u64::from(days) * 24 + u64::from(hour);
    let total =
        i64::try_from(hours).map(|hours| clock_micros(hours, minute, second, micros)).map_err(|_| Unexpected)?;
    if negative == 0 && total <= MICROS_PER_DAY {
        return Ok(Ok(total));
    }
    let sign = if negative == 0 { "" } else { "-" };
    Ok(Err(format!("{sign}{}", clock_text(hours, minute, second, micros))))
}

fn clock_micros(hours: i64, minute: u8, second: u8, micros: u32) -> i64 {
    ((hours * 60 + i64::from(minute)) * 60 + i64::from(second)) * 1_000_000 + i64::from(micros)
}

fn clock_text(hours: u64, minute: u8, second: u8, micros: u32) -> String {
    let whole = format!("{hours:02}:{minute:02}:{second:02}");
    if micros == 0 { whole } else { format!("{whole}.{micros:06}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(bytes: &[u8]) -> Clock {
        Clock::of(bytes).unwrap()
    }

    #[test]
    fn integers_of_every_width_keep_their_sign() {
        assert_eq!(signed(&[0xff]), Ok(-1));
        assert_eq!(signed(&[0x00, 0x80]), Ok(-32_768));
        assert_eq!(signed(&[0xfe, 0xff, 0xff, 0xff]), Ok(-2));
        assert_eq!(signed(&i64::MIN.to_le_bytes()), Ok(i64::MIN));
        assert_eq!(unsigned(&[0xff]), Ok(255));
        assert_eq!(unsigned(&[0xff, 0xff]), Ok(65_535));
        assert_eq!(unsigned(&[0xff; 8]), Ok(u64::MAX));
        assert_eq!(signed(&[1, 2, 3]), Err(Unexpected));
        assert_eq!(unsigned(&[]), Err(Unexpected));
    }

    #[test]
    fn bits_come_with_the_highest_first() {
        assert_eq!(bit(&[1]), Ok(1));
        assert_eq!(bit(&[0x01, 0x02]), Ok(258));
        assert_eq!(bit(&[0xff; 8]), Ok(u64::MAX));
        assert_eq!(bit(&[0; 9]), Err(Unexpected));
    }

    #[test]
    fn floats_are_taken_bit_by_bit() {
        assert_eq!(float(&0.1f32.to_le_bytes()).unwrap() as f32, 0.1);
        assert_eq!(float(&5e-324f64.to_le_bytes()), Ok(5e-324));
        assert_eq!(float(&[0; 3]), Err(Unexpected));
    }

    #[test]
    fn a_date_is_days_since_1970() {
        assert_eq!(clock(&[4, 0xb2, 0x07, 1, 2]).date(), Ok(1));
        assert_eq!(clock(&[4, 0x0f, 0x27, 12, 31]).date(), Ok(2_932_896));
    }

    #[test]
    fn a_zero_date_is_a_misfit_with_its_text() {
        assert_eq!(clock(&[0]).date(), Err("0000-00-00".into()));
        assert_eq!(clock(&[4, 0xe8, 0x07, 0, 15]).date(), Err("2024-00-15".into()));
        assert_eq!(clock(&[4, 0xe8, 0x07, 2, 30]).date(), Err("2024-02-30".into()));
        assert_eq!(clock(&[0]).moment(), Err("0000-00-00 00:00:00".into()));
        let zero_day = [11, 0xe8, 0x07, 2, 0, 1, 2, 3, 0x40, 0xe2, 0x01, 0];
        assert_eq!(clock(&zero_day).moment(), Err("2024-02-00 01:02:03.123456".into()));
    }

    #[test]
    fn a_moment_has_microseconds() {
        assert_eq!(clock(&[4, 0xb2, 0x07, 1, 2]).moment(), Ok(MICROS_PER_DAY));
        assert_eq!(clock(&[7, 0xb2, 0x07, 1, 1, 1, 2, 3]).moment(), Ok(3_723_000_000));
        assert_eq!(clock(&[11, 0xb2, 0x07, 1, 1, 0, 0, 0, 1, 0, 0, 0]).moment(), Ok(1));
    }

    #[test]
    fn a_time_outside_the_day_is_a_misfit_with_its_text() {
        assert_eq!(time_of_day(&[0]), Ok(Ok(0)));
        assert_eq!(time_of_day(&[8, 0, 0, 0, 0, 0, 23, 59, 59]), Ok(Ok(86_399_000_000)));
        assert_eq!(time_of_day(&[8, 0, 1, 0, 0, 0, 0, 0, 0]), Ok(Ok(MICROS_PER_DAY)));
        assert_eq!(time_of_day(&[8, 0, 34, 0, 0, 0, 22, 59, 59]), Ok(Err("838:59:59".into())));
        assert_eq!(time_of_day(&[12, 1, 0, 0, 0, 0, 1, 2, 3, 1, 0, 0, 0]), Ok(Err("-01:02:03.000001".into())));
    }

    #[test]
    fn a_value_of_the_wrong_length_is_noticed() {
        assert!(Clock::of(&[]).is_err() && Clock::of(&[4, 1, 2]).is_err() && Clock::of(&[5, 0, 0, 0, 0, 0]).is_err());
        assert_eq!(time_of_day(&[8, 0]), Err(Unexpected));
    }

    #[test]
    fn text_that_is_not_utf_8_is_a_misfit() {
        let mut batch = BatchBuilder::new([("a", &CanonicalType::Text)]);
        Wire::Text.append(&mut batch, 0, Some(&[0xff, 0x41])).unwrap();
        batch.end_row();
        let batch = batch.finish().unwrap();
        assert_eq!(batch.column(0).null_count(), 1);
        assert_eq!(batch.column(1).null_count(), 0);
    }
}
