//! Values beyond all others of their family: not a number, the infinite numbers, and the infinite times.
//!
//! | tag | value |
//! |---|---|
//! | `0F` `13` `14` | number: minus infinity, infinity, NaN (above all numbers, as PostgreSQL orders them) |
//! | `2E` `36` | day, timestamp, instant, interval: minus infinity, infinity |
//!
//! They are of a family, and equal themselves whatever type held them: `NaN` in a `numeric` is the `NaN` of a double. No
//! finite value, and no NULL, has these bytes. A double that is compared as a double has its own encoding of them.

const NUMBER_LOWEST: u8 = 0x0F;
const NUMBER_HIGHEST: u8 = 0x13;
const NAN: u8 = 0x14;
const EARLIEST: u8 = 0x2E;
const LATEST: u8 = 0x36;

/// Appends `NaN`, `Infinity` or `-Infinity` among the exact numbers. False, and nothing appended, for any other text.
pub(super) fn push_number(out: &mut Vec<u8>, name: &str) -> bool {
    out.push(match name {
        "NaN" => NAN,
        "Infinity" => NUMBER_HIGHEST,
        "-Infinity" => NUMBER_LOWEST,
        _ => return false,
    });
    true
}

/// Appends a time without end, as PostgreSQL writes it, in any case. False, and nothing appended, for any other text.
pub(super) fn push_time(out: &mut Vec<u8>, text: &str) -> bool {
    let (sign, name) = text.strip_prefix('-').map_or((1, text.strip_prefix('+').unwrap_or(text)), |name| (-1, name));
    if !name.eq_ignore_ascii_case("infinity") {
        return false;
    }
    out.push(if sign < 0 { EARLIEST } else { LATEST });
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{number, time};

    fn number(name: &str) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(push_number(&mut out, name));
        out
    }

    fn infinite(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(push_time(&mut out, text));
        out
    }

    #[test]
    fn infinite_numbers_lie_beyond_all_numbers_and_nan_beyond_them() {
        let mut finite = ["-1e9999", "-1", "0", "1e9999"].map(|text| {
            let mut out = Vec::new();
            assert!(number::push_text(&mut out, text));
            out
        });
        finite.sort();
        assert!(number("-Infinity") < finite[0] && finite[3] < number("Infinity"));
        assert!(number("Infinity") < number("NaN"));
        assert!(!push_number(&mut Vec::new(), "0"));
    }

    #[test]
    fn infinite_times_lie_beyond_all_days_and_moments() {
        let (mut first, mut last) = (Vec::new(), Vec::new());
        time::push_date(&mut first, i32::MIN);
        time::push_instant(&mut last, time::Moment { seconds: i64::MAX, nanos: 999_999_999 });
        assert!(infinite("-infinity") < first && last < infinite("infinity"));
        assert_eq!(infinite("+Infinity"), infinite("infinity"));
        assert!(!push_time(&mut Vec::new(), "inf") && !push_time(&mut Vec::new(), "--infinity"));
    }
}
