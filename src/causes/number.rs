//! What can happen to numbers.

use std::cmp::{Ordering, Reverse};

use super::decimal::Decimal;
use super::rounding::{WAYS, round};
use crate::model::CauseKind;

/// Multipliers that unit changes have, beside powers of ten up to a million.
const FACTORS: [u32; 10] = [10, 100, 1_000, 10_000, 100_000, 1_000_000, 60, 1_024, 3_600, 86_400];
/// Decimals that a rounding is looked for at.
const SCALE_MAX: u8 = 18;
/// A number of nines this long may be the largest of a decimal type.
const NINES_MIN: u32 = 3;

/// All hypotheses that hold for this cell.
pub(super) fn kinds(source: &str, target: &str, out: &mut Vec<CauseKind>) {
    let (Some(from), Some(to)) = (Decimal::parse(source), Decimal::parse(target)) else {
        return infinite(source, target, out);
    };
    let begin = out.len();
    rounded(&from, &to, out);
    if let (Some(from), Some(to)) = (from.whole(), to.whole()) {
        wrapped(from, to, out);
    }
    clamped(&from, &to, out);
    if let Some((from, to, _)) = from.aligned(&to)
        && from != 0
        && to != 0
    {
        if from == -to {
            out.push(CauseKind::SignFlipped);
        }
        for factor in FACTORS {
            if from.checked_mul(factor.into()) == Some(to) {
                out.push(CauseKind::Factor { times: factor, by: 1 });
            } else if to.checked_mul(factor.into()) == Some(from) {
                out.push(CauseKind::Factor { times: 1, by: factor });
            }
        }
    }
    // The costly ones only where nothing plainer holds.
    if out.len() == begin {
        through_float(source, &to, out);
    }
    if let Some(difference) = from.to(&to)
        && difference.unscaled != 0
    {
        out.push(CauseKind::Difference { unscaled: difference.unscaled, scale: difference.scale });
    }
}

fn rounded(from: &Decimal, to: &Decimal, out: &mut Vec<CauseKind>) {
    // At fewer decimals than the target shows it was not rounded.
    let least = if to.written_scale < from.scale { to.scale.max(to.written_scale) } else { to.scale };
    for scale in least..from.scale.min(SCALE_MAX) {
        let unit = 10i128.pow(u32::from(from.scale - scale));
        let Some(to) = to.at(from.scale) else { return };
        let before = out.len();
        for rounding in WAYS {
            if round(from.unscaled, unit, rounding) == to {
                out.push(CauseKind::Scale { scale, rounding });
            }
        }
        if out.len() == before {
            return;
        }
    }
}

fn wrapped(from: i128, to: i128, out: &mut Vec<CauseKind>) {
    const WIDTHS: [u8; 5] = [8, 16, 24, 32, 64];
    let span = |bits: u8| 1i128 << bits;
    let within = |value: i128, bits: u8| (-span(bits) / 2..span(bits)).contains(&value);
    let holds = |bits: u8| from != to && (to - from) % span(bits) == 0 && within(to, bits);
    // The same bits with another sign: -1 as 255.
    let same_bits = WIDTHS.into_iter().find(|bits| holds(*bits) && within(from, *bits) && (from < 0) != (to < 0));
    match same_bits {
        Some(bits) => out.push(CauseKind::Wrapped(Reverse(bits))),
        None => {
            let too_large = WIDTHS.into_iter().filter(|bits| holds(*bits) && !within(from, *bits));
            out.extend(too_large.map(|bits| CauseKind::Wrapped(Reverse(bits))));
        }
    }
}

fn clamped(from: &Decimal, to: &Decimal, out: &mut Vec<CauseKind>) {
    let (above, below) = match from.compare(to) {
        Some(Ordering::Greater) => (true, false),
        Some(Ordering::Less) => (false, true),
        _ => return,
    };
    let of_integers = to.whole().is_some_and(|to| {
        [8u32, 16, 24, 32, 64].iter().any(|bits| {
            let (signed, unsigned) = (1i128 << (bits - 1), 1i128 << bits);
            (above && (to == signed - 1 || to == unsigned - 1)) || (below && to == -signed)
        }) || (below && to == 0)
    });
    let digits = to.unscaled.unsigned_abs();
    let nines = digits + 1 >= 10u128.pow(NINES_MIN) && is_power_of_ten(digits + 1);
    if of_integers || (nines && ((above && to.unscaled > 0) || (below && to.unscaled < 0))) {
        out.push(CauseKind::Clamped);
    }
}

fn is_power_of_ten(mut value: u128) -> bool {
    while value.is_multiple_of(10) && value > 0 {
        value /= 10;
    }
    value == 1
}

/// A number that was kept as a float on its way, and came out as the float's shortest or its exact text.
fn through_float(source: &str, to: &Decimal, out: &mut Vec<CauseKind>) {
    let Ok(double) = source.parse::<f64>() else { return };
    let same = |text: String| Decimal::parse(&text).is_some_and(|d| d.unscaled == to.unscaled && d.scale == to.scale);
    let single = double as f32;
    if same(format!("{double}")) {
        out.push(CauseKind::DoublePrecision);
    } else if single.is_finite() && (same(format!("{single}")) || same(format!("{}", f64::from(single)))) {
        out.push(CauseKind::SinglePrecision);
    }
}

fn infinite(source: &str, target: &str, out: &mut Vec<CauseKind>) {
    if is_infinite(source) && Decimal::parse(target).is_some() {
        out.push(CauseKind::InfinityToMax);
    }
}

/// Infinity as stores write it.
pub(super) fn is_infinite(text: &str) -> bool {
    let text = text.trim_start_matches(['-', '+']);
    text.eq_ignore_ascii_case("infinity") || text.eq_ignore_ascii_case("inf")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Rounding::{HalfEven, HalfUp, Truncate};
    use CauseKind as K;

    fn all(source: &str, target: &str) -> Vec<K> {
        let mut out = Vec::new();
        kinds(source, target, &mut out);
        out.retain(|kind| !matches!(kind, K::Difference { .. }));
        out
    }

    fn scale(scale: u8, rounding: crate::model::Rounding) -> K {
        K::Scale { scale, rounding }
    }

    #[test]
    fn rounding_is_told_by_its_scale_and_its_way() {
        assert_eq!(all("1.239", "1.23"), [scale(2, Truncate)]);
        assert_eq!(all("1.239", "1.24"), [scale(2, HalfUp), scale(2, HalfEven)]);
        assert_eq!(all("1.245", "1.25"), [scale(2, HalfUp)]);
        assert_eq!(all("1.245", "1.24"), [scale(2, Truncate), scale(2, HalfEven)]);
        assert_eq!(all("-1.5", "-2"), [scale(0, HalfUp), scale(0, HalfEven)]);
        assert_eq!(all("-1.5", "-1"), [scale(0, Truncate)]);
        assert_eq!(all("1.2999", "1.30"), [2, 3].map(|s| [scale(s, HalfUp), scale(s, HalfEven)]).concat());
    }

    #[test]
    fn what_is_nearly_rounded_is_not() {
        for (source, target) in [("1.239", "1.25"), ("1.24", "1.239"), ("1.6", "1.4"), ("-1.5", "2")] {
            assert!(!all(source, target).iter().any(|k| matches!(k, K::Scale { .. })), "{source} {target}");
        }
    }

    #[test]
    fn integers_wrap_at_their_width() {
        assert_eq!(all("70000", "4464"), [K::Wrapped(Reverse(16))]);
        assert_eq!(all("4294967295", "-1"), [K::Wrapped(Reverse(32))]);
        assert_eq!(all("-1", "18446744073709551615"), [K::Wrapped(Reverse(64))]);
        assert_eq!(all("300", "44"), [K::Wrapped(Reverse(8))]);
        assert_eq!(all("300", "45"), []);
        assert_eq!(all("10", "266"), []);
    }

    #[test]
    fn limits_are_those_of_types_and_only_from_beyond() {
        assert_eq!(all("3000000000", "2147483647"), [K::Clamped]);
        assert_eq!(all("-5", "0"), [K::Clamped]);
        assert_eq!(all("123456.78", "9999.99"), [K::Clamped]);
        assert_eq!(all("70000", "65535"), [K::Clamped]);
        assert_eq!(all("-200", "-128"), [K::Clamped]);
        assert_eq!(all("100", "2147483647"), []);
        assert_eq!(all("3000000000", "2147483646"), []);
        assert_eq!(all("1234", "99"), []);
        assert_eq!(all("5", "0"), []);
    }

    #[test]
    fn units_and_signs_are_told() {
        assert_eq!(all("12.34", "1234"), [K::Factor { times: 100, by: 1 }]);
        assert_eq!(all("1500", "1.5"), [K::Factor { times: 1, by: 1000 }]);
        assert_eq!(all("7200", "2"), [K::Factor { times: 1, by: 3600 }]);
        assert_eq!(all("7.5", "-7.5"), [K::SignFlipped]);
        assert_eq!(all("12.34", "1235"), []);
        assert_eq!(all("0", "100"), []);
    }

    #[test]
    fn floats_on_the_way_are_told() {
        assert_eq!(all("123456789.12", "123456792"), [K::SinglePrecision]);
        assert_eq!(all("0.1", "0.10000000149011612"), [K::SinglePrecision]);
        assert_eq!(all("9007199254740993", "9007199254740992"), [K::DoublePrecision]);
        assert_eq!(all("123456789.12", "123456793"), []);
    }

    #[test]
    fn infinity_became_a_number() {
        assert_eq!(all("Infinity", "9999.99"), [K::InfinityToMax]);
        assert_eq!(all("NaN", "0"), []);
    }

    #[test]
    fn the_difference_is_always_among_the_hypotheses() {
        let mut out = Vec::new();
        kinds("10.5", "13.75", &mut out);
        assert_eq!(out, [K::Difference { unscaled: 325, scale: 2 }]);
    }
}
