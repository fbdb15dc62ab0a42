//! Makes the invisible visible: control characters, blanks that matter, characters that steer the terminal or the
//! direction of writing. The one place of the room where data becomes something a person may safely look at.

use std::borrow::Cow;

/// A stretch of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span<'a> {
    /// Characters that show themselves.
    Text(&'a str),
    /// A character that does not.
    Sign {
        /// What stands for it: `TAB`, `SP`, or its code point. Plain ASCII, because many fonts lack the pictures `␉`, `␠`.
        label: String,
        /// What it is.
        meaning: String,
    },
}

/// Which harmless but invisible characters are shown too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The text begins its value: blanks at its beginning are shown.
    pub start: bool,
    /// The text ends its value: blanks at its end are shown.
    pub end: bool,
    /// The text is what differs: joiners and variation selectors are shown.
    pub closely: bool,
}

impl Look {
    /// A whole value.
    pub const WHOLE: Look = Look { start: true, end: true, closely: false };
    /// The part of a value that differs.
    pub const DIFFERING: Look = Look { start: true, end: true, closely: true };
}

/// Divides a text into what shows itself and what needs a sign.
pub fn spans(text: &str, look: Look) -> Vec<Span<'_>> {
    let first = if look.start { text.len() - text.trim_start_matches(' ').len() } else { 0 };
    let last = if look.end { text.trim_end_matches(' ').len() } else { text.len() };
    let mut spans = Vec::new();
    let mut begun = 0;
    for (at, character) in text.char_indices() {
        let shown = match character {
            ' ' if at < first || at >= last || beside_blank(text, at) => {
                Some(("SP".to_owned(), "U+0020, blank".to_owned()))
            }
            _ => sign(character, look.closely),
        };
        if let Some((label, meaning)) = shown {
            if begun < at {
                spans.push(Span::Text(&text[begun..at]));
            }
            spans.push(Span::Sign { label, meaning });
            begun = at + character.len_utf8();
        }
    }
    if begun < text.len() {
        spans.push(Span::Text(&text[begun..]));
    }
    spans
}

/// A text for one line of a terminal, of XML or of a heading: nothing in it steers anything.
pub fn plain(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| c != ' ' && sign(c, false).is_none();
    if text.split(' ').all(|word| !word.is_empty() && word.chars().all(harmless)) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len());
    for span in spans(text, Look::WHOLE) {
        match span {
            Span::Text(text) => line.push_str(text),
            Span::Sign { label, .. } => {
                line.push('<');
                line.push_str(&label);
                line.push('>');
            }
        }
    }
    Cow::Owned(line)
}

/// The code points of a short text that is not plain ASCII: tells a Latin `A` from a Cyrillic `А`.
pub fn code_points(text: &str, chars_max: usize) -> Option<String> {
    if text.chars().nth(chars_max).is_some() {
        return None;
    }
    Some(text.chars().map(|c| format!("U+{:04X}", u32::from(c))).collect::<Vec<_>>().join(" "))
}

fn beside_blank(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    (at > 0 && bytes[at - 1] == b' ') || bytes.get(at + 1) == Some(&b' ')
}

/// Label and meaning of a character that does not show itself.
fn sign(character: char, closely: bool) -> Option<(String, String)> {
    let code = u32::from(character);
    let (label, name) = match code {
        0x20..=0x7e => return None,
        0x00 => ("NUL", "null character"),
        0x09 => ("TAB", "tab"),
        0x0a => ("LF", "line feed"),
        0x0d => ("CR", "carriage return"),
        0x1b => ("ESC", "escape"),
        0x00..=0x1f | 0x7f..=0x9f => ("", "control character"),
        0xa0 | 0x1680 | 0x2000..=0x200a | 0x202f | 0x205f | 0x3000 => ("", "a blank that is not U+0020"),
        0xad => ("", "soft hyphen"),
        0x61c | 0x200e | 0x200f | 0x202a..=0x202e | 0x2066..=0x2069 => ("", "changes the direction of writing"),
        0xfeff => ("", "byte order mark"),
        0x180e | 0x200b | 0x2060..=0x2064 | 0x206a..=0x206f => ("", "has no width"),
        0x115f | 0x1160 | 0x3164 | 0xffa0 | 0xfff9..=0xfffb | 0xe0000..=0xe007f => ("", "invisible"),
        0x2028 | 0x2029 => ("", "line separator"),
        _ if code & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&code) => ("", "no character"),
        0x200c | 0x200d if closely => ("", "joiner"),
        0xfe00..=0xfe0f | 0xe0100..=0xe01ef if closely => ("", "variation selector"),
        _ => return None,
    };
    let point = format!("U+{code:04X}");
    let meaning = format!("{point}, {name}");
    Some((if label.is_empty() { point } else { label.to_owned() }, meaning))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, look: Look) -> String {
        let text_of = |span| match span {
            Span::Text(text) => text.to_owned(),
            Span::Sign { label, .. } => format!("[{label}]"),
        };
        spans(text, look).into_iter().map(text_of).collect()
    }

    #[test]
    fn blanks_at_the_ends_and_in_rows_are_shown() {
        assert_eq!(shown(" a b  c ", Look::WHOLE), "[SP]a b[SP][SP]c[SP]");
        let inner = Look { start: false, end: false, closely: false };
        assert_eq!(shown(" a ", inner), " a ");
    }

    #[test]
    fn no_escape_sequence_survives() {
        assert_eq!(plain("\u{1b}[31mred\u{7}\u{9b}0m"), "<ESC>[31mred<U+0007><U+009B>0m");
        assert_eq!(plain("a\nb\r\tc\u{7f}"), "a<LF>b<CR><TAB>c<U+007F>");
    }

    #[test]
    fn the_direction_of_writing_cannot_be_turned() {
        assert_eq!(plain("user\u{202e}txt"), "user<U+202E>txt");
        assert_eq!(plain("a\u{2066}b\u{200f}"), "a<U+2066>b<U+200F>");
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in ["orders", "Grüße, Жук 字 👩‍👧", "a b c"] {
            assert!(matches!(plain(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn joiners_are_shown_only_where_texts_differ() {
        assert_eq!(shown("👩\u{200d}👧", Look::WHOLE), "👩\u{200d}👧");
        assert_eq!(shown("👩\u{200d}👧", Look::DIFFERING), "👩[U+200D]👧");
    }

    #[test]
    fn lookalikes_are_told_apart_by_code_points() {
        assert_eq!(code_points("А", 8).as_deref(), Some("U+0410"));
        assert_eq!(code_points("abcdefghi", 8), None);
    }
}
