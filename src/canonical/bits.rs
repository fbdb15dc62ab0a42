//! Bit strings, as text of `0` and `1`: `0101` is four bits, and none of `101`, `5` and `01010`.
//!
//! Encoding: `2B`, then the digits as escaped text, so bits are ordered from the left, as PostgreSQL orders them.

use super::encode::push_escaped;

const BITS: u8 = 0x2B;

/// Appends bits. False, and nothing appended, where `text` has any other letter than `0` and `1`.
pub(super) fn push_text(out: &mut Vec<u8>, text: &str) -> bool {
    if !text.bytes().all(|b| matches!(b, b'0' | b'1')) {
        return false;
    }
    out.push(BITS);
    push_escaped(out, text.as_bytes());
    true
}

/// Appends the lowest `width` bits of a number, the highest of them first.
pub(super) fn push_number(out: &mut Vec<u8>, value: u64, width: u8) {
    out.push(BITS);
    out.extend(
        (0..width).rev().map(|bit| if value.checked_shr(bit.into()).unwrap_or(0) & 1 == 1 { b'1' } else { b'0' }),
    );
    out.extend_from_slice(&[0, 0]);
}

/// The first `count` bits of `bytes` as text; `None` where there are fewer, or bytes are left over.
pub fn text(count: usize, bytes: &[u8]) -> Option<String> {
    let digit = |at: usize| if bytes[at / 8] >> (7 - at % 8) & 1 == 1 { '1' } else { '0' };
    (bytes.len() == count.div_ceil(8)).then(|| (0..count).map(digit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bits_come_from_bytes_and_numbers_alike() {
        assert_eq!(text(10, &[0b1010_1010, 0b1100_0000]).as_deref(), Some("1010101011"));
        assert_eq!(text(0, &[]).as_deref(), Some(""));
        assert_eq!(text(9, &[0]), None);
        let (mut one, mut other) = (Vec::new(), Vec::new());
        push_number(&mut one, 5, 4);
        assert!(push_text(&mut other, "0101"));
        assert_eq!(one, other);
        assert!(!push_text(&mut other, "012"));
    }

    proptest! {
        #[test]
        fn bits_share_their_bytes_only_if_they_are_equal_and_are_ordered_from_the_left(one in "[01]{0,5}", other in "[01]{0,5}") {
            let bytes = |text: &str| {
                let mut out = Vec::new();
                assert!(push_text(&mut out, text));
                out
            };
            prop_assert_eq!(bytes(&one).cmp(&bytes(&other)), one.cmp(&other));
        }
    }
}
