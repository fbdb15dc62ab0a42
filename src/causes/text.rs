//! What can happen to text, bytes and UUIDs.

use unicode_normalization::UnicodeNormalization;

use super::charset::{cp1252, is_cesu8_of, latin1};
use crate::model::{CauseKind, CodePage, FourByteLoss, UnicodeForm, UuidOrder};

const REPLACEMENTS: [char; 2] = ['?', '\u{FFFD}'];
/// Texts longer than this are not brought into a Unicode form.
const NORMALISED_BYTES_MAX: usize = 1 << 20;

/// All hypotheses that hold for this cell of text.
pub(super) fn kinds(source: &str, target: &str, out: &mut Vec<CauseKind>) {
    let (blank, white) = (|text| str::trim_end_matches(text, ' '), |text| str::trim(text));
    if blank(source) == blank(target) {
        out.push(CauseKind::TrailingBlanks);
    }
    if white(source) == white(target) {
        out.push(CauseKind::WhiteSpace);
    }
    if (source.contains('\r') || target.contains('\r')) && lines(source).eq(lines(target)) {
        out.push(CauseKind::LineEnds);
    }
    let is_ascii = source.is_ascii() && target.is_ascii();
    if source.eq_ignore_ascii_case(target) || (!is_ascii && source.to_lowercase() == target.to_lowercase()) {
        out.push(CauseKind::Case);
    }
    if digits_without_zeros(source).is_some_and(|digits| Some(digits) == digits_without_zeros(target)) {
        out.push(CauseKind::LeadingZeros);
    }
    if !is_ascii || target.starts_with("\\x") {
        beyond_ascii(source, target, out);
    }
    if source.len() == target.len() || source.contains('-') || target.contains('-') {
        uuids(source, target, out);
    }
    if is_cut(source, target) {
        out.push(CauseKind::Cut);
    }
}

/// All hypotheses that hold for this cell of bytes, which are shown as `\x0a0b`.
pub(super) fn kinds_of_bytes(source: &str, target: &str, out: &mut Vec<CauseKind>) {
    uuids(source, target, out);
    let (Some(from), Some(to)) = (source.strip_prefix("\\x"), target.strip_prefix("\\x")) else { return };
    let zeros = |hex: &str| hex.len() - hex.trim_end_matches('0').len();
    let (shorter, longer) = if from.len() < to.len() { (from, to) } else { (to, from) };
    if shorter.len() < longer.len() && longer.starts_with(shorter) && zeros(longer) >= longer.len() - shorter.len() {
        out.push(CauseKind::TrailingZeroBytes);
    }
    if !to.is_empty() && is_cut(from, to) {
        out.push(CauseKind::Cut);
    }
}

fn is_cut(source: &str, target: &str) -> bool {
    !target.is_empty() && target.len() < source.len() && source.starts_with(target)
}

fn lines(text: &str) -> impl Iterator<Item = char> + '_ {
    let mut characters = text.chars().peekable();
    std::iter::from_fn(move || match characters.next()? {
        '\r' => {
            characters.next_if_eq(&'\n');
            Some('\n')
        }
        other => Some(other),
    })
}

/// The digits of a number without its leading zeros: `007` is `7`, `0` is nothing.
fn digits_without_zeros(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.trim_start_matches('0'))
}

fn beyond_ascii(source: &str, target: &str, out: &mut Vec<CauseKind>) {
    let mark = |text| str::trim_start_matches(text, '\u{FEFF}');
    if mark(source) == mark(target) {
        out.push(CauseKind::ByteOrderMark);
    }
    if source.len().max(target.len()) <= NORMALISED_BYTES_MAX {
        if source.nfc().eq(target.nfc()) {
            out.push(CauseKind::Unicode(UnicodeForm::Nfc));
        } else if source.nfkc().eq(target.nfkc()) {
            out.push(CauseKind::Unicode(UnicodeForm::Nfkc));
        }
    }
    for (page, decode) in [(CodePage::Latin1, latin1 as fn(u8) -> char), (CodePage::Cp1252, cp1252)] {
        let misread = |text: &str, other: &str| !text.is_ascii() && text.bytes().map(decode).eq(other.chars());
        if misread(source, target) || misread(target, source) {
            out.push(CauseKind::DoubleEncoded(page));
        }
    }
    if is_cesu8_of(target, source) {
        out.push(CauseKind::Cesu8);
    }
    four_bytes(source, target, out);
    if is_unmappable(source, target) {
        out.push(CauseKind::Unmappable);
    }
}

fn four_bytes(source: &str, target: &str, out: &mut Vec<CauseKind>) {
    let Some(first) = source.find(|c: char| c.len_utf8() == 4) else { return };
    let replaced = REPLACEMENTS.iter().any(|sign| {
        [1usize, 2, 3, 4, 6].iter().any(|copies| with_four_bytes_as(source, *sign, *copies).eq(target.chars()))
    });
    if replaced {
        out.push(CauseKind::FourByte(FourByteLoss::Replaced));
    }
    if with_four_bytes_as(source, '?', 0).eq(target.chars()) {
        out.push(CauseKind::FourByte(FourByteLoss::Dropped));
    }
    if target.len() == first && source.starts_with(target) {
        out.push(CauseKind::FourByte(FourByteLoss::CutBefore));
    }
}

fn with_four_bytes_as(text: &str, sign: char, copies: usize) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(move |c| {
        let is_lost = c.len_utf8() == 4;
        std::iter::repeat_n(if is_lost { sign } else { c }, if is_lost { copies } else { 1 })
    })
}

/// Some characters of up to three bytes became a sign each, or one for each of their bytes.
fn is_unmappable(source: &str, target: &str) -> bool {
    [false, true].into_iter().any(|for_each_byte| {
        let (mut rest, mut any) = (target.chars(), false);
        for c in source.chars() {
            let Some(found) = rest.next() else { return false };
            if found == c {
                continue;
            }
            if c.is_ascii() || !REPLACEMENTS.contains(&found) {
                return false;
            }
            any |= c.len_utf8() < 4;
            for _ in 1..if for_each_byte { c.len_utf8() } else { 1 } {
                if rest.next() != Some(found) {
                    return false;
                }
            }
        }
        any && rest.next().is_none()
    })
}

/// The hypotheses of UUIDs, whether they are written as text or as bytes.
pub(super) fn uuids(source: &str, target: &str, out: &mut Vec<CauseKind>) {
    let (Some(from), Some(to)) = (uuid(source), uuid(target)) else { return };
    if from == to {
        return;
    }
    let swapped = |id: [u8; 16]| reordered(id, [6, 7, 4, 5, 0, 1, 2, 3]);
    let orders = [
        (UuidOrder::TimeSwapped, swapped(from) == to || swapped(to) == from),
        (UuidOrder::Guid, reordered(from, [3, 2, 1, 0, 5, 4, 7, 6]) == to),
        (UuidOrder::Reversed, from.iter().rev().eq(&to)),
    ];
    out.extend(orders.into_iter().filter(|(_, holds)| *holds).map(|(order, _)| CauseKind::UuidBytes(order)));
}

fn reordered(id: [u8; 16], places: [usize; 8]) -> [u8; 16] {
    let mut moved = id;
    for (to, from) in places.into_iter().enumerate() {
        moved[to] = id[from];
    }
    moved
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    match text.strip_prefix("\\x") {
        Some(hex) if hex.len() == 32 => hex::decode(hex).ok()?.try_into().ok(),
        None if matches!(text.len(), 32 | 36) => uuid::Uuid::parse_str(text).ok().map(uuid::Uuid::into_bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CauseKind as K;

    fn all(source: &str, target: &str) -> Vec<K> {
        let mut out = Vec::new();
        kinds(source, target, &mut out);
        out
    }

    #[test]
    fn blanks_and_white_space_are_told_apart() {
        assert_eq!(all("abc", "abc  "), [K::TrailingBlanks, K::WhiteSpace]);
        assert_eq!(all("abc ", "abc"), [K::TrailingBlanks, K::WhiteSpace, K::Cut]);
        assert_eq!(all(" abc", "abc"), [K::WhiteSpace]);
        assert_eq!(all("abc\t", "abc"), [K::WhiteSpace, K::Cut]);
        assert_eq!(all("a bc", "abc"), []);
    }

    #[test]
    fn line_ends_are_told() {
        assert_eq!(all("a\r\nb", "a\nb"), [K::LineEnds]);
        assert_eq!(all("a\rb", "a\r\nb"), [K::LineEnds]);
        assert_eq!(all("a\r\nb", "a\n\nb"), []);
        assert_eq!(all("a\nb", "ab"), []);
    }

    #[test]
    fn case_is_told_beyond_ascii() {
        assert_eq!(all("Grün", "GRÜN"), [K::Case]);
        assert_eq!(all("Abc", "aBC"), [K::Case]);
        assert_eq!(all("Straße", "STRASSE"), []);
        assert_eq!(all("Abc", "Abd"), []);
    }

    #[test]
    fn unicode_forms_are_told() {
        assert_eq!(all("é", "e\u{301}"), [K::Unicode(UnicodeForm::Nfc)]);
        assert_eq!(all("ﬁn", "fin"), [K::Unicode(UnicodeForm::Nfkc)]);
        assert_eq!(all("é", "è"), []);
    }

    #[test]
    fn utf8_read_as_a_code_page_is_told() {
        assert_eq!(all("é", "Ã©"), [K::DoubleEncoded(CodePage::Latin1), K::DoubleEncoded(CodePage::Cp1252)]);
        assert_eq!(all("€", "â‚¬"), [K::DoubleEncoded(CodePage::Cp1252)]);
        assert_eq!(all("Ã©", "é"), [K::DoubleEncoded(CodePage::Latin1), K::DoubleEncoded(CodePage::Cp1252)]);
        assert_eq!(all("é", "Ã¨"), []);
    }

    #[test]
    fn lost_characters_are_told() {
        let replaced = K::FourByte(FourByteLoss::Replaced);
        assert_eq!(all("a😀b", "a?b"), [replaced]);
        assert_eq!(all("a😀b", "a????b"), [replaced]);
        assert_eq!(all("a😀b", "a\u{FFFD}b"), [replaced]);
        assert_eq!(all("a😀b", "ab"), [K::FourByte(FourByteLoss::Dropped)]);
        assert_eq!(all("a😀b", "a"), [K::FourByte(FourByteLoss::CutBefore), K::Cut]);
        assert_eq!(all("a😀b", "a!b"), []);
        assert_eq!(all("aéb", "a?b"), [K::Unmappable]);
        assert_eq!(all("aéb", "a??b"), [K::Unmappable]);
        assert_eq!(all("a中é", "a?é"), [K::Unmappable]);
        assert_eq!(all("axb", "a?b"), []);
    }

    #[test]
    fn surrogates_in_utf8_are_told() {
        // U+1F600 as D83D DE00, three bytes each.
        assert_eq!(all("a😀", "\\x61eda0bdedb880"), [K::Cesu8]);
        assert_eq!(all("a😀", "\\x61eda0bdedb881"), []);
    }

    #[test]
    fn a_byte_order_mark_is_told() {
        assert_eq!(all("abc", "\u{FEFF}abc"), [K::ByteOrderMark]);
        assert_eq!(all("abc", "a\u{FEFF}bc"), []);
    }

    #[test]
    fn leading_zeros_are_told() {
        assert_eq!(all("007", "7"), [K::LeadingZeros]);
        assert_eq!(all("000", "0"), [K::LeadingZeros, K::Cut]);
        assert_eq!(all("007", "70"), []);
    }

    #[test]
    fn a_cut_is_a_true_beginning() {
        assert_eq!(all("abcdef", "abc"), [K::Cut]);
        assert_eq!(all("abcdef", "abd"), []);
        assert_eq!(all("abc", "abcdef"), []);
        assert_eq!(all("abc", ""), []);
    }

    #[test]
    fn uuids_are_reordered_in_known_ways() {
        let id = "6ccd780c-baba-1026-9564-5b8c656024db";
        let order = |target: &str| all(id, target);
        assert_eq!(order("1026baba-6ccd-780c-9564-5b8c656024db"), [K::UuidBytes(UuidOrder::TimeSwapped)]);
        assert_eq!(order("\\x1026baba6ccd780c95645b8c656024db"), [K::UuidBytes(UuidOrder::TimeSwapped)]);
        assert_eq!(order("0c78cd6c-baba-2610-9564-5b8c656024db"), [K::UuidBytes(UuidOrder::Guid)]);
        assert_eq!(order("6ccd780c-baba-1026-9564-5b8c656024dc"), []);
    }

    #[test]
    fn bytes_lose_and_gain_zeros() {
        let bytes = |source: &str, target: &str| {
            let mut out = Vec::new();
            kinds_of_bytes(source, target, &mut out);
            out
        };
        assert_eq!(bytes("\\x0a", "\\x0a0000"), [K::TrailingZeroBytes]);
        assert_eq!(bytes("\\x0a00", "\\x0a"), [K::TrailingZeroBytes, K::Cut]);
        assert_eq!(bytes("\\x0a0b0c", "\\x0a0b"), [K::Cut]);
        assert_eq!(bytes("\\x0a", "\\x0a01"), []);
        assert_eq!(bytes("\\x0a", "\\x"), []);
    }
}
