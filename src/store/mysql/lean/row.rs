//! Rows of the binary protocol: a zero byte, which values are NULL (one bit each), then the values that are not.

use mysql_common::constants::ColumnType;
use mysql_common::io::ParseBuf;
use mysql_common::packets::Column;

use super::super::decode::{Unexpected, Wire};
use super::super::trouble::Trouble;
use crate::canonical::BatchBuilder;

/// The two bits in front of the first column's.
const RESERVED_BITS: usize = 2;

/// How many bytes a value takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// So many.
    Fixed(usize),
    /// One that says how many follow; it belongs to the value.
    Clock,
    /// A number that says how many follow; it does not belong to the value.
    Counted,
}

/// Why a row was not understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// It is no row.
    Row,
    /// The value of this column is not what its type sends.
    Value(usize),
}

impl Width {
    /// The width of the values that a column definition announces.
    pub fn of(definition: &[u8]) -> Result<Self, Trouble> {
        let column: Column = ParseBuf(definition).parse(()).map_err(|_| Trouble::garbled("no column definition"))?;
        Ok(match column.column_type() {
            ColumnType::MYSQL_TYPE_NULL => Width::Fixed(0),
            ColumnType::MYSQL_TYPE_TINY => Width::Fixed(1),
            ColumnType::MYSQL_TYPE_SHORT | ColumnType::MYSQL_TYPE_YEAR => Width::Fixed(2),
            ColumnType::MYSQL_TYPE_LONG | ColumnType::MYSQL_TYPE_INT24 | ColumnType::MYSQL_TYPE_FLOAT => {
                Width::Fixed(4)
            }
            ColumnType::MYSQL_TYPE_LONGLONG | ColumnType::MYSQL_TYPE_DOUBLE => Width::Fixed(8),
            ColumnType::MYSQL_TYPE_DATE
            | ColumnType::MYSQL_TYPE_TIME
            | ColumnType::MYSQL_TYPE_DATETIME
            | ColumnType::MYSQL_TYPE_TIMESTAMP => Width::Clock,
            _ => Width::Counted,
        })
    }

    /// The value at the start of `bytes`, and what is behind it.
    #[inline]
    fn take(self, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
        match self {
            Width::Fixed(length) => bytes.split_at_checked(length),
            Width::Clock => bytes.split_at_checked(1 + usize::from(*bytes.first()?)),
            Width::Counted => counted(bytes),
        }
    }
}

/// Appends one row.
#[inline]
pub(super) fn append(row: &[u8], columns: &[(Width, Wire)], batch: &mut BatchBuilder) -> Result<(), Damage> {
    let (0, bytes) = row.split_first().ok_or(Damage::Row)? else { return Err(Damage::Row) };
    let bitmap = (columns.len() + RESERVED_BITS).div_ceil(8);
    let (nulls, mut rest) = bytes.split_at_checked(bitmap).ok_or(Damage::Row)?;
    for (index, (width, wire)) in columns.iter().enumerate() {
        let bit = index + RESERVED_BITS;
        let value = if nulls[bit / 8] >> (bit % 8) & 1 == 1 {
            None
        } else {
            let (value, behind) = width.take(rest).ok_or(Damage::Row)?;
            rest = behind;
            Some(value)
        };
        wire.append(batch, index, value).map_err(|Unexpected| Damage::Value(index))?;
    }
    if !rest.is_empty() {
        return Err(Damage::Row);
    }
    batch.end_row();
    Ok(())
}

/// The bytes behind a length, and what is behind them.
#[inline]
pub(super) fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = length(bytes)?;
    rest.split_at_checked(usize::try_from(length).ok()?)
}

/// A length (one byte, or a mark and two, three or eight), and what is behind it.
#[inline]
pub(super) fn length(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let wide = match first {
        0xfc => 2,
        0xfd => 3,
        0xfe => 8,
        0xfb | 0xff => return None,
        short => return Some((u64::from(*short), rest)),
    };
    let (number, rest) = rest.split_at_checked(wide)?;
    Some((number.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::CanonicalType;
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::Int64Type;
    use proptest::prelude::*;

    const COLUMNS: [(Width, Wire); 4] = [
        (Width::Fixed(4), Wire::Signed),
        (Width::Counted, Wire::Text),
        (Width::Clock, Wire::Date),
        (Width::Counted, Wire::Decimal(2)),
    ];

    fn batch() -> BatchBuilder {
        BatchBuilder::new([
            ("n", &CanonicalType::Int64),
            ("t", &CanonicalType::Text),
            ("d", &CanonicalType::Date),
            ("m", &CanonicalType::Decimal { precision: 12, scale: 2 }),
        ])
    }

    #[test]
    fn a_row_is_its_values() {
        let mut batch = batch();
        let row = [&[0, 0, 0xfe, 0xff, 0xff, 0xff, 3][..], "grü".get(..2).unwrap().as_bytes(), b"x", &[4]].concat();
        let row = [&row[..], &[0xb2, 0x07, 1, 2, 4], b"1.10"].concat();
        append(&row, &COLUMNS, &mut batch).unwrap();
        // All NULL: bits 2 to 5.
        append(&[0, 0b0011_1100], &COLUMNS, &mut batch).unwrap();
        let batch = batch.finish().unwrap();
        assert_eq!(batch.column(0).as_primitive::<Int64Type>().value(0), -2);
        assert_eq!(batch.column(1).as_string::<i32>().value(0), "grx");
        assert!((0..4).all(|column| batch.column(column).is_null(1) && batch.column(column).is_valid(0)));
    }

    #[test]
    fn a_zero_date_is_a_misfit_and_not_null_on_the_wire() {
        let mut batch = batch();
        append(&[0, 0b0010_1100, 0], &COLUMNS, &mut batch).unwrap();
        let batch = batch.finish().unwrap();
        assert_eq!(batch.column(4).as_string::<i32>().value(0), r#"{"d":"0000-00-00"}"#);
    }

    #[test]
    fn a_row_with_too_little_or_too_much_is_damaged() {
        for row in [&[][..], &[1], &[0], &[0, 0b0011_1000, 1, 2, 3], &[0, 0b0011_1100, 9]] {
            assert_eq!(append(row, &COLUMNS, &mut batch()), Err(Damage::Row), "{row:?}");
        }
        assert_eq!(append(&[0, 0b0010_1100, 3, 1, 2, 3], &COLUMNS, &mut batch()), Err(Damage::Value(2)));
    }

    #[test]
    fn lengths_take_one_to_nine_bytes() {
        assert_eq!(length(&[250, 1]), Some((250, &[1][..])));
        assert_eq!(length(&[0xfc, 0xfb, 0]), Some((251, &[][..])));
        assert_eq!(length(&[0xfd, 1, 0, 1]), Some((65_537, &[][..])));
        assert_eq!(length(&[0xfe, 0, 0, 0, 0, 1, 0, 0, 0]), Some((1 << 32, &[][..])));
        assert!(length(&[0xfb]).is_none() && length(&[0xff]).is_none() && length(&[0xfd, 1, 0]).is_none());
    }

    proptest! {
        #[test]
        fn garbage_never_panics(row in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut batch = batch();
            let whole = append(&row, &COLUMNS, &mut batch).is_ok();
            prop_assert!(!whole || batch.finish().is_ok());
            let _ = Width::of(&row);
        }
    }
}
