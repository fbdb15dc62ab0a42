//! Bytes of UTF-8 taken for something else.

/// Windows-1252 from 0x80 to 0x9F; the five bytes it leaves open stand for themselves, as browsers have it.
const CP1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The character of a byte in ISO 8859-1.
pub(super) fn latin1(byte: u8) -> char {
    char::from(byte)
}

/// The character of a byte in Windows-1252.
pub(super) fn cp1252(byte: u8) -> char {
    match byte {
        0x80..=0x9F => CP1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// Whether `shown` (`\x…`, as bytes are shown that are no UTF-8) is `text` in CESU-8: characters beyond U+FFFF as two
/// surrogates of three bytes each.
pub(super) fn is_cesu8_of(shown: &str, text: &str) -> bool {
    let Some(bytes) = shown.strip_prefix("\\x").and_then(|hex| hex::decode(hex).ok()) else { return false };
    let mut expected = Vec::with_capacity(bytes.len());
    let mut any = false;
    for c in text.chars() {
        let mut units = [0u16; 2];
        match c.encode_utf16(&mut units) {
            [high, low] => {
                any = true;
                for unit in [*high, *low] {
                    let [a, b, c] = [0xE0 | unit >> 12, 0x80 | unit >> 6 & 0x3F, 0x80 | unit & 0x3F];
                    expected.extend([a, b, c].map(|byte| byte as u8));
                }
            }
            _ => expected.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    any && expected == bytes
}
