//! Numbers: integers and decimals of any width and scale, encoded by value, so that `1`, `1.0` and `1.00` are one.
//!
//! The encoding is the floor of the number, then its fraction:
//!
//! | bytes | meaning |
//! |---|---|
//! | `10`, `!len` u16, digits | floor below the 64-bit range: count and decimal digits of its magnitude, complemented |
//! | `11`, i64 with its sign bit flipped | floor within the 64-bit range |
//! | `12`, `len` u16, digits | floor above the 64-bit range |
//!
//! followed by the fraction: groups of nine digits, each `01` and a big-endian u32, trailing zero groups left out, and
//! a closing `00`. Byte order is numeric order, and no number has two encodings.

use arrow::datatypes::i256;

const BELOW: u8 = 0x10;
const WITHIN: u8 = 0x11;
const ABOVE: u8 = 0x12;
const GROUP: u8 = 0x01;
const END: u8 = 0x00;
/// Numbers with more digits than this are not taken for numbers: a guard against `1e1000000000`.
const DIGITS_MAX: usize = 40_000;

/// 2^64: up to it, whole doubles are taken for the numbers they are, because stores keep their integers in doubles.
const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;

/// How many bytes a 64-bit integer takes.
pub const INTEGER_BYTES: usize = 10;

/// Appends an integer.
pub fn push_i64(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(&integer(value));
}

/// Where the floor of an encoded value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floor {
    /// Below all integers of 64 bits, in the order of encodings; so is NULL.
    Below,
    /// It is this integer.
    Within(i64),
    /// Above them; so is all that comes after numbers.
    Above,
}

/// The floor of the value at the start of `bytes`.
pub fn floor(bytes: &[u8]) -> Floor {
    match bytes {
        [WITHIN, rest @ ..] => match rest.first_chunk::<8>() {
            Some(value) => Floor::Within((u64::from_be_bytes(*value) ^ (1 << 63)) as i64),
            None => Floor::Above,
        },
        [tag, ..] if *tag > WITHIN => Floor::Above,
        _ => Floor::Below,
    }
}

/// The encoding of an integer.
pub fn integer(value: i64) -> [u8; INTEGER_BYTES] {
    let mut bytes = [0; INTEGER_BYTES];
    bytes[0] = WITHIN;
    bytes[1..9].copy_from_slice(&((value as u64) ^ (1 << 63)).to_be_bytes());
    bytes[9] = END;
    bytes
}

/// How many bytes [`write_decimal`] writes.
pub(super) fn decimal_bytes(group: u32) -> usize {
    if group == 0 { INTEGER_BYTES } else { INTEGER_BYTES + 5 }
}

/// Writes a number of at most nine digits after the point, which are `group`; returns how many bytes it took.
pub(super) fn write_decimal(out: &mut [u8], floor: i64, group: u32) -> usize {
    let mut bytes = [0; INTEGER_BYTES + 5];
    bytes[..INTEGER_BYTES].copy_from_slice(&integer(floor));
    if group > 0 {
        bytes[INTEGER_BYTES - 1] = GROUP;
        bytes[INTEGER_BYTES..INTEGER_BYTES + 4].copy_from_slice(&group.to_be_bytes());
    }
    let length = decimal_bytes(group);
    out[..length].copy_from_slice(&bytes[..length]);
    length
}

/// Appends an unsigned integer.
pub fn push_u64(out: &mut Vec<u8>, value: u64) {
    match i64::try_from(value) {
        Ok(value) => push_i64(out, value),
        Err(_) => push_big(out, false, value.to_string().as_bytes()),
    }
    // `push_big` leaves the fraction to its caller.
    if value > i64::MAX as u64 {
        out.push(END);
    }
}

/// Appends the decimal `unscaled / 10^scale`; `scale` is 0 to 38.
pub fn push_decimal128(out: &mut Vec<u8>, unscaled: i128, scale: u32) {
    // 64-bit division is several times faster than 128-bit, and most decimals fit.
    let (floor, fraction) = match i64::try_from(unscaled) {
        Ok(small) if scale <= 18 => {
            let unit = 10i64.pow(scale);
            (i128::from(small.div_euclid(unit)), small.rem_euclid(unit) as u128)
        }
        _ => {
            let unit = 10i128.pow(scale);
            (unscaled.div_euclid(unit), unscaled.rem_euclid(unit) as u128)
        }
    };
    match i64::try_from(floor) {
        Ok(floor) => {
            out.push(WITHIN);
            out.extend_from_slice(&((floor as u64) ^ (1 << 63)).to_be_bytes());
        }
        Err(_) => push_big(out, floor < 0, floor.unsigned_abs().to_string().as_bytes()),
    }
    let (mut digits, mut rest) = (scale, fraction);
    while rest > 0 {
        let group = if digits <= 9 {
            let group = rest * 10u128.pow(9 - digits);
            (digits, rest) = (0, 0);
            group
        } else {
            let unit = 10u128.pow(digits - 9);
            let group = rest / unit;
            (digits, rest) = (digits - 9, rest % unit);
            group
        };
        out.push(GROUP);
        out.extend_from_slice(&(group as u32).to_be_bytes());
    }
    out.push(END);
}

/// Appends the decimal `unscaled / 10^scale`.
pub fn push_decimal256(out: &mut Vec<u8>, unscaled: i256, scale: u32) {
    match unscaled.to_i128() {
        Some(small) if scale <= 38 => push_decimal128(out, small, scale),
        _ => {
            let parsed = Digits::parse(&format!("{unscaled}e-{scale}"));
            debug_assert!(parsed.is_some(), "an i256 always prints as a number");
            if let Some(digits) = parsed {
                digits.push(out);
            }
        }
    }
}

/// Appends a double: a whole number that 64 bits hold as exactly that number, any other by its shortest decimal form,
/// which is exact enough to come back as the same double. False, and nothing appended, for NaN and the infinities.
pub fn push_f64(out: &mut Vec<u8>, value: f64) -> bool {
    if value.fract() == 0.0 && value.abs() <= TWO_TO_64 {
        if value.abs() < 9e15 {
            push_i64(out, value as i64);
        } else {
            push_decimal128(out, value as i128, 0);
        }
        return true;
    }
    if let Some((floor, group)) = short_decimal(value) {
        push_decimal128(out, i128::from(floor) * 1_000_000_000 + i128::from(group), 9);
        return true;
    }
    value.is_finite() && push_text(out, &format!("{value:e}"))
}

/// The shortest decimal form of a double where it has at most fifteen digits, nine of them after the point: its floor, and
/// the digits after the point as one group of nine.
///
/// Of all decimals of at most fifteen digits at most one stands for a double, and it is its shortest form. Both the
/// number without its point and the power of ten are doubles without an error, so their quotient is the double that the
/// decimal stands for (IEEE 754: a quotient is correctly rounded).
pub(super) fn short_decimal(value: f64) -> Option<(i64, u32)> {
    let magnitude = value.abs();
    let (power, unit): (f64, i64) = match magnitude {
        _ if magnitude < 1e6 => (1e9, 1_000_000_000),
        _ if magnitude < 1e9 => (1e6, 1_000_000),
        _ if magnitude < 1e12 => (1e3, 1_000),
        _ if magnitude < 1e15 => (1.0, 1),
        _ => return None,
    };
    let unscaled = (value * power).round();
    if unscaled.abs() >= 1e15 || unscaled / power != value {
        return None;
    }
    let unscaled = unscaled as i64;
    Some((unscaled.div_euclid(unit), unscaled.rem_euclid(unit) as u32 * (1_000_000_000 / unit) as u32))
}

/// As [`push_f64`] for single precision: the shortest form that comes back as the same float.
pub fn push_f32(out: &mut Vec<u8>, value: f32) -> bool {
    value.is_finite() && push_text(out, &format!("{value:e}"))
}

/// Appends the number that `text` denotes: `-12.50`, `.71`, `1E3`. False, and nothing appended, where it denotes none.
pub fn push_text(out: &mut Vec<u8>, text: &str) -> bool {
    if text.len() <= 18
        && !text.starts_with('+')
        && let Ok(value) = text.parse::<i64>()
    {
        push_i64(out, value);
        return true;
    }
    match Digits::parse(text) {
        Some(digits) => {
            digits.push(out);
            true
        }
        None => false,
    }
}

/// The number at the start of `bytes` in plain digits, and what follows it.
pub(super) fn decode(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (negative, mut floor, mut rest) = match *tag {
        WITHIN => {
            let (value, rest) = rest.split_first_chunk::<8>()?;
            let value = (u64::from_be_bytes(*value) ^ (1 << 63)) as i64;
            (value < 0, value.unsigned_abs().to_string().into_bytes(), rest)
        }
        BELOW | ABOVE => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            let mask = if *tag == BELOW { 0xFF } else { 0 };
            let length = u16::from_be_bytes(length.map(|byte| byte ^ mask));
            let (digits, rest) = rest.split_at_checked(length.into())?;
            (*tag == BELOW, digits.iter().map(|digit| digit ^ mask).collect(), rest)
        }
        _ => return None,
    };
    let mut fraction = Vec::new();
    while let Some((&GROUP, group)) = rest.split_first() {
        let (group, after) = group.split_first_chunk::<4>()?;
        fraction.extend_from_slice(format!("{:09}", u32::from_be_bytes(*group)).as_bytes());
        rest = after;
    }
    let rest = rest.strip_prefix(&[END])?;
    let kept = fraction.iter().rposition(|digit| *digit != b'0').map_or(0, |at| at + 1);
    fraction.truncate(kept);
    if !floor.iter().chain(&fraction).all(u8::is_ascii_digit) {
        return None;
    }
    if negative && !fraction.is_empty() {
        // The floor of -5.25 is -6.
        decrement(&mut floor);
        let zeros = floor.iter().take_while(|digit| **digit == b'0').count().min(floor.len() - 1);
        floor.drain(..zeros);
        complement(&mut fraction);
    }
    let mut text = String::from(if negative { "-" } else { "" });
    text.push_str(std::str::from_utf8(&floor).ok()?);
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(std::str::from_utf8(&fraction).ok()?);
    }
    Some((text, rest))
}

/// The unscaled value of a decimal text at `scale`; `None` where the text is no number or does not fit exactly.
pub fn unscaled(text: &str, scale: i8) -> Option<i256> {
    let scale = usize::try_from(scale).ok()?;
    if let Some(plain) = plain(text.as_bytes(), scale) {
        return Some(i256::from_i128(plain.into()));
    }
    let digits = Digits::parse(text)?;
    if digits.fraction.len() > scale || digits.integer.len() + scale > 77 {
        return None;
    }
    let mut all = digits.integer;
    all.extend(digits.fraction.iter());
    all.resize(all.len() + scale - digits.fraction.len(), b'0');
    let mut text = String::with_capacity(all.len() + 1);
    if digits.negative {
        text.push('-');
    }
    text.push_str(std::str::from_utf8(&all).ok()?);
    if all.is_empty() {
        return Some(i256::ZERO);
    }
    i256::from_string(&text)
}

/// The unscaled value of what databases print, digits with a point among them; `None` where it takes more than a look at
/// each byte (an exponent, more digits than 64 bits hold or than the scale has).
fn plain(text: &[u8], scale: usize) -> Option<i64> {
    let (negative, digits) = match text.split_first()? {
        (b'-', digits) => (true, digits),
        _ => (false, text),
    };
    let (mut value, mut fraction, mut point) = (0i64, 0, false);
    // 18 digits do not overflow.
    if !digits.first()?.is_ascii_digit() || digits.len() > 18 {
        return None;
    }
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                value = value * 10 + i64::from(byte - b'0');
                fraction += usize::from(point);
            }
            b'.' if !point => point = true,
            _ => return None,
        }
    }
    let value = value.checked_mul(10i64.checked_pow(u32::try_from(scale.checked_sub(fraction)?).ok()?)?)?;
    Some(if negative { -value } else { value })
}

/// A number as its digits: no leading zeros in `integer`, no trailing zeros in `fraction`, never a negative zero.
struct Digits {
    negative: bool,
    integer: Vec<u8>,
    fraction: Vec<u8>,
}

impl Digits {
    fn parse(text: &str) -> Option<Digits> {
        let bytes = text.as_bytes();
        let (negative, rest) = match bytes.first()? {
            b'-' => (true, &bytes[1..]),
            b'+' => (false, &bytes[1..]),
            _ => (false, bytes),
        };
        let (mantissa, exponent) = match rest.iter().position(|b| matches!(b, b'e' | b'E')) {
            Some(at) => (&rest[..at], std::str::from_utf8(&rest[at + 1..]).ok()?.parse::<i64>().ok()?),
            None => (rest, 0),
        };
        let (integer, fraction) = match mantissa.iter().position(|b| *b == b'.') {
            Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
            None => (mantissa, &[][..]),
        };
        if integer.is_empty() && fraction.is_empty()
            || !integer.iter().chain(fraction).all(u8::is_ascii_digit)
            || integer.len() + fraction.len() > DIGITS_MAX
        {
            return None;
        }
        let mut digits: Vec<u8> = integer.iter().chain(fraction).copied().collect();
        if digits.iter().all(|d| *d == b'0') {
            return Some(Digits { negative: false, integer: Vec::new(), fraction: Vec::new() });
        }
        // Where the point stands after the exponent has moved it, counted from the first digit.
        let point = i64::try_from(integer.len()).ok()?.checked_add(exponent)?;
        if point.unsigned_abs() > DIGITS_MAX as u64 {
            return None;
        }
        let fraction = if point <= 0 {
            let mut fraction = vec![b'0'; point.unsigned_abs() as usize];
            fraction.append(&mut digits);
            fraction
        } else {
            let point = point as usize;
            if digits.len() < point {
                digits.resize(point, b'0');
            }
            digits.split_off(point)
        };
        let zeros = digits.iter().take_while(|d| **d == b'0').count();
        digits.drain(..zeros);
        let kept = fraction.iter().rposition(|d| *d != b'0').map_or(0, |at| at + 1);
        Some(Digits { negative, integer: digits, fraction: fraction[..kept].to_vec() })
    }

    fn push(&self, out: &mut Vec<u8>) {
        let (mut floor, mut fraction) = (self.integer.clone(), self.fraction.clone());
        if self.negative && !fraction.is_empty() {
            // -5.25 is -6 + 0.75: the floor goes one down, the fraction becomes its complement.
            increment(&mut floor);
            complement(&mut fraction);
        }
        let magnitude = if floor.len() <= 19 {
            std::str::from_utf8(&floor).ok().and_then(|t| if t.is_empty() { Some(0) } else { t.parse::<i128>().ok() })
        } else {
            None
        };
        match magnitude.map(|m| if self.negative { -m } else { m }).and_then(|v| i64::try_from(v).ok()) {
            Some(value) => {
                out.push(WITHIN);
                out.extend_from_slice(&((value as u64) ^ (1 << 63)).to_be_bytes());
            }
            None => push_big(out, self.negative, &floor),
        }
        for group in fraction.chunks(9) {
            let value = group.iter().fold(0u32, |sum, d| sum * 10 + u32::from(d - b'0'));
            out.push(GROUP);
            out.extend_from_slice(&(value * 10u32.pow(9 - group.len() as u32)).to_be_bytes());
        }
        out.push(END);
    }
}

fn push_big(out: &mut Vec<u8>, negative: bool, digits: &[u8]) {
    let len = digits.len() as u16;
    if negative {
        out.push(BELOW);
        out.extend_from_slice(&(!len).to_be_bytes());
        out.extend(digits.iter().map(|d| !d));
    } else {
        out.push(ABOVE);
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(digits);
    }
}

/// Adds one to a number of ASCII digits.
fn increment(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
}

/// Takes one from a number of ASCII digits that is not zero.
fn decrement(digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        if *digit > b'0' {
            *digit -= 1;
            return;
        }
        *digit = b'9';
    }
}

/// Turns the digits of a fraction that does not end in zero into those of one minus it.
fn complement(digits: &mut [u8]) {
    let Some((last, head)) = digits.split_last_mut() else { return };
    for digit in head {
        *digit = b'9' - *digit + b'0';
    }
    *last = b'9' - *last + b'1';
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: &str) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(push_text(&mut out, value), "{value} is a number");
        out
    }

    #[test]
    fn one_number_has_one_encoding_however_it_is_written() {
        for same in [
            vec!["1", "1.0", "1.00", "+1", "01", "1e0", "10e-1", "0.1E1"],
            vec!["0", "-0", "0.00", "-0.00", "0e9", ".0", "0."],
            vec!["-5.25", "-05.250", "-525e-2"],
            vec!["18446744073709551615", "18446744073709551615.000"],
            vec!["-0.000000001", "-1e-9"],
        ] {
            for other in &same[1..] {
                assert_eq!(text(same[0]), text(other), "{} and {other}", same[0]);
            }
        }
    }

    #[test]
    fn typed_values_encode_like_their_text() {
        let mut out = Vec::new();
        push_decimal128(&mut out, -525, 2);
        assert_eq!(out, text("-5.25"));
        out.clear();
        push_decimal128(&mut out, 12345678901234567890123456789012345678, 30);
        assert_eq!(out, text("12345678.901234567890123456789012345678"));
        out.clear();
        push_decimal256(&mut out, i256::from_string(&"9".repeat(76)).unwrap(), 40);
        assert_eq!(out, text(&format!("{}.{}", "9".repeat(36), "9".repeat(40))));
        out.clear();
        push_u64(&mut out, u64::MAX);
        assert_eq!(out, text("18446744073709551615"));
        out.clear();
        assert!(push_f64(&mut out, 1.1));
        assert_eq!(out, text("1.10"));
        out.clear();
        assert!(push_f64(&mut out, 5e-324));
        assert_eq!(out, text("5e-324"));
        assert!(!push_f64(&mut out, f64::NAN));
    }

    #[test]
    fn a_whole_double_is_the_number_it_is_and_not_its_shortest_text() {
        for (value, exact) in [
            (9_223_372_036_854_775_808.0, "9223372036854775808"),
            (-9_223_372_036_854_775_808.0, "-9223372036854775808"),
            (9_007_199_254_740_994.0, "9007199254740994"),
            (18_446_744_073_709_549_568.0, "18446744073709549568"),
            (TWO_TO_64, "18446744073709551616"),
            (1e23, "1e23"),
        ] {
            let mut out = Vec::new();
            assert!(push_f64(&mut out, value));
            assert_eq!(out, text(exact), "{exact}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for wrong in ["", "-", ".", "e3", "1e", "12abc", "1,234.50", " 1", "1 ", "0x10", "NaN", "1e99999999999", "--1"]
        {
            assert!(!push_text(&mut Vec::new(), wrong), "{wrong}");
        }
    }

    #[test]
    fn unscaled_is_exact_or_nothing() {
        assert_eq!(unscaled("1.10", 2), Some(i256::from_i128(110)));
        assert_eq!(unscaled("-0.5", 1), Some(i256::from_i128(-5)));
        assert_eq!(unscaled("1.105", 2), None);
        assert_eq!(unscaled("0", 0), Some(i256::ZERO));
        assert_eq!(unscaled("NaN", 2), None);
        assert_eq!(unscaled("-0.00", 2), Some(i256::ZERO));
        for no_number in ["", "-", ".", "1.1.1", "+-1", "1-", "٣"] {
            assert_eq!(unscaled(no_number, 2), None, "{no_number}");
        }
    }

    proptest! {
        #[test]
        fn unscaled_is_the_same_at_a_glance_and_digit_by_digit(number in any::<i64>(), point in 0usize..25, scale in 0i8..30) {
            let digits = format!("{:0>width$}", number.unsigned_abs(), width = point + 1);
            let (integer, fraction) = digits.split_at(digits.len() - point);
            let text = format!("{}{integer}.{fraction}", if number < 0 { "-" } else { "" });
            // The exponent keeps it from being read at a glance.
            prop_assert_eq!(unscaled(&text, scale), unscaled(&format!("{text}e0"), scale));
        }

        #[test]
        fn byte_order_is_numeric_order(a in any::<i64>(), b in any::<i64>(), scale_a in 0u32..18, scale_b in 0u32..18) {
            let (mut x, mut y) = (Vec::new(), Vec::new());
            push_decimal128(&mut x, i128::from(a), scale_a);
            push_decimal128(&mut y, i128::from(b), scale_b);
            let exact = (i128::from(a) * 10i128.pow(18 - scale_a)).cmp(&(i128::from(b) * 10i128.pow(18 - scale_b)));
            prop_assert_eq!(x.cmp(&y), exact);
        }

        #[test]
        fn a_double_of_few_digits_is_its_shortest_decimal_form(
            unscaled in -9_999_999_999_999_999i64..=9_999_999_999_999_999, scale in 0i32..14, nudge in -2i64..=2,
        ) {
            let exact = unscaled as f64 / 10f64.powi(scale);
            for value in [exact, f64::from_bits((exact.to_bits() as i64 + nudge) as u64)] {
                let mut by_value = Vec::new();
                prop_assert!(push_f64(&mut by_value, value));
                let mut by_text = Vec::new();
                let written = format!("{value:e}");
                prop_assert!(push_text(&mut by_text, &written));
                prop_assert_eq!(by_value, by_text, "{:e}", value);
            }
        }

        #[test]
        fn doubles_keep_their_order(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(a.is_finite() && b.is_finite());
            let (mut x, mut y) = (Vec::new(), Vec::new());
            push_f64(&mut x, a);
            push_f64(&mut y, b);
            prop_assert_eq!(x.cmp(&y), a.partial_cmp(&b).unwrap());
        }

        #[test]
        fn whole_doubles_keep_their_order_around_64_bits(a in -3e19f64..3e19, b in -3e19f64..3e19, step in 0u64..3) {
            let (mut x, mut y) = (Vec::new(), Vec::new());
            let b = if step == 0 { b } else { f64::from_bits(a.to_bits() + step) };
            push_f64(&mut x, a);
            push_f64(&mut y, b);
            prop_assert_eq!(x.cmp(&y), a.partial_cmp(&b).unwrap());
        }

        #[test]
        fn decimal_text_and_decimal_value_agree(v in any::<i128>(), scale in 0u32..=38) {
            let mut typed = Vec::new();
            push_decimal128(&mut typed, v, scale);
            prop_assert_eq!(typed, text(&format!("{v}e-{scale}")));
        }
    }
}
