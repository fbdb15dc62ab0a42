//! Exact decimals of up to 36 digits, as the texts of values give them.

use std::cmp::Ordering;

/// More digits than this are left alone: sums and products of two such numbers still fit.
const DIGITS_MAX: i64 = 36;

/// `unscaled / 10^scale`, without trailing zeros after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Decimal {
    pub unscaled: i128,
    pub scale: u8,
    /// Digits after the point as they were written, where they are trailing zeros that say how many the type has.
    pub written_scale: u8,
}

impl Decimal {
    /// Reads `-12.50`, `.5`, `1e-7`; `None` where the text is no finite number or has too many digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut unscaled, mut digits, mut scale) = (0i128, 0i64, 0i64);
        let bytes = text.as_bytes();
        let (negative, mut at) = match bytes.first()? {
            b'-' => (true, 1),
            b'+' => (false, 1),
            _ => (false, 0),
        };
        let (mut point, mut any, mut exponent) = (false, false, 0i64);
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'0'..=b'9' => {
                    any = true;
                    digits += i64::from(unscaled != 0 || *byte != b'0');
                    scale += i64::from(point);
                    if digits > DIGITS_MAX || scale > 2 * DIGITS_MAX {
                        return None;
                    }
                    unscaled = unscaled * 10 + i128::from(byte - b'0');
                }
                b'.' if !point => point = true,
                b'e' | b'E' if any => {
                    exponent = text[at + 1..].parse().ok().filter(|e: &i64| e.abs() <= 2 * DIGITS_MAX)?;
                    break;
                }
                _ => return None,
            }
            at += 1;
        }
        if !any {
            return None;
        }
        // `2.0` is how floats are written; only more zeros, or zeros behind other digits, tell of a type's scale.
        let written = if exponent == 0 && !text.ends_with(".0") { scale } else { 0 };
        let mut scale = scale - exponent;
        if unscaled == 0 {
            scale = 0;
        }
        while scale < 0 {
            (unscaled, scale, digits) = (unscaled.checked_mul(10)?, scale + 1, digits + 1);
            if digits > DIGITS_MAX {
                return None;
            }
        }
        while scale > 0 && unscaled % 10 == 0 {
            (unscaled, scale) = (unscaled / 10, scale - 1);
        }
        if scale > DIGITS_MAX {
            return None;
        }
        let unscaled = if negative { -unscaled } else { unscaled };
        Some(Self { unscaled, scale: scale as u8, written_scale: written.min(DIGITS_MAX) as u8 })
    }

    /// The unscaled value at a scale that is not smaller than its own.
    pub fn at(&self, scale: u8) -> Option<i128> {
        let more = u32::from(scale.checked_sub(self.scale)?);
        self.unscaled.checked_mul(10i128.checked_pow(more)?)
    }

    /// Both unscaled, at the larger scale of the two.
    pub fn aligned(&self, other: &Self) -> Option<(i128, i128, u8)> {
        let scale = self.scale.max(other.scale);
        Some((self.at(scale)?, other.at(scale)?, scale))
    }

    /// As an integer, where it is one.
    pub fn whole(&self) -> Option<i128> {
        (self.scale == 0).then_some(self.unscaled)
    }

    /// `other` less `self`.
    pub fn to(&self, other: &Self) -> Option<Self> {
        let (own, others, mut scale) = self.aligned(other)?;
        let mut unscaled = others.checked_sub(own)?;
        while scale > 0 && unscaled % 10 == 0 {
            (unscaled, scale) = (unscaled / 10, scale - 1);
        }
        Some(Self { unscaled, scale, written_scale: 0 })
    }

    /// Numeric order.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        self.aligned(other).map(|(own, others, _)| own.cmp(&others))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<(i128, u8)> {
        Decimal::parse(text).map(|d| (d.unscaled, d.scale))
    }

    #[test]
    fn numbers_are_read_by_value() {
        assert_eq!(parts("-12.50"), Some((-125, 1)));
        assert_eq!(parts(".5"), Some((5, 1)));
        assert_eq!(parts("1e3"), Some((1000, 0)));
        assert_eq!(parts("25e-4"), Some((25, 4)));
        assert_eq!(parts("0.000"), Some((0, 0)));
        for wrong in ["", "-", "1.2.3", "NaN", "inf", "1e", "0x1", "1 ", "1e999"] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_does_not_fit_is_left_alone() {
        assert_eq!(parts(&"9".repeat(37)), None);
        assert!(parts(&"9".repeat(36)).is_some());
        assert_eq!(parts("1e70"), None);
        assert!(parts("1e-40").is_none());
    }

    #[test]
    fn zeros_behind_the_point_tell_of_a_scale_unless_a_float_has_them() {
        let written = |text| Decimal::parse(text).unwrap().written_scale;
        assert_eq!((written("1.30"), written("2.00"), written("2.0"), written("1e2")), (2, 2, 0, 0));
    }

    #[test]
    fn differences_are_exact() {
        let to = |one: &str, other: &str| {
            let difference = Decimal::parse(one).unwrap().to(&Decimal::parse(other).unwrap()).unwrap();
            (difference.unscaled, difference.scale)
        };
        assert_eq!(to("0.1", "0.3"), (2, 1));
        assert_eq!(to("1.25", "0.25"), (-1, 0));
    }
}
