//! Integers rounded to a multiple of a unit.

use crate::model::Rounding;

/// All ways to round, in the order in which they are tried.
pub(super) const WAYS: [Rounding; 3] = [Rounding::Truncate, Rounding::HalfUp, Rounding::HalfEven];

/// `value` rounded to a multiple of `unit`: truncation goes toward zero, a half away from it.
pub(super) fn round(value: i128, unit: i128, rounding: Rounding) -> i128 {
    let (quotient, rest) = (value / unit, value % unit);
    let away = match rounding {
        Rounding::Truncate => false,
        Rounding::HalfUp => rest.abs() >= unit - rest.abs(),
        Rounding::HalfEven => rest.abs() > unit - rest.abs() || (rest.abs() == unit - rest.abs() && quotient % 2 != 0),
    };
    (quotient + if away { value.signum() } else { 0 }) * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_where_they_should() {
        let rounded = |value| WAYS.map(|way| round(value, 10, way));
        assert_eq!(rounded(25), [20, 30, 20]);
        assert_eq!(rounded(35), [30, 40, 40]);
        assert_eq!(rounded(-25), [-20, -30, -20]);
        assert_eq!(rounded(26), [20, 30, 30]);
        assert_eq!(rounded(-4), [0, 0, 0]);
        assert_eq!(rounded(5), [0, 10, 0]);
    }
}
