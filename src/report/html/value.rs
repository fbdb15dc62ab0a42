//! How a value is shown: NULL and the empty string by signs of their own, the invisible made visible, what differs marked.

use serde::Serialize;

use crate::model::Pair;
use crate::report::marking::Excerpt;
use crate::report::visible::{Look, Span, code_points, spans};
use crate::report::words::number;

/// Differing parts of at most this many characters are spelled out in code points where they are not plain ASCII.
const CODE_POINTS_MAX: usize = 3;

/// A value for the templates.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// `null`, `empty` or `text`.
    kind: &'static str,
    /// Whether the value is one of two that differ.
    marked: bool,
    before: Vec<Piece>,
    differing: Vec<Piece>,
    after: Vec<Piece>,
}

/// A stretch of a value.
#[derive(Debug, Serialize)]
struct Piece {
    /// `text`, `blank` or `sign` for what stands for a character, `cut` for what was left out.
    kind: &'static str,
    text: String,
    title: Option<String>,
}

impl Shown {
    /// A value that is shown for its own sake, such as a key.
    pub fn plain(value: Option<&Excerpt>) -> Self {
        Self::new(value, false)
    }

    /// One of two values that differ.
    pub fn marked(value: Option<&Excerpt>) -> Self {
        Self::new(value, true)
    }

    fn new(value: Option<&Excerpt>, marked: bool) -> Self {
        let Some(excerpt) = value else {
            return Self { kind: "null", marked, before: vec![], differing: vec![], after: vec![] };
        };
        if excerpt.bytes() == 0 {
            return Self { kind: "empty", marked, before: vec![], differing: vec![], after: vec![] };
        }
        // Blanks are shown where the value begins and ends, not where the excerpt's parts do.
        let blank = |parts: &[&str]| parts.iter().all(|part| part.chars().all(|c| c == ' '));
        let start = excerpt.cut_before == 0;
        let end = excerpt.cut_after == 0;
        let prefix_ends =
            end && excerpt.cut_within == 0 && blank(&[&excerpt.differing, &excerpt.differing_end, &excerpt.suffix]);
        let suffix_starts =
            start && excerpt.cut_within == 0 && blank(&[&excerpt.prefix, &excerpt.differing, &excerpt.differing_end]);
        let mut before = cut(excerpt.cut_before);
        before.extend(pieces(&excerpt.prefix, Look { start, end: prefix_ends, closely: false }));
        let mut differing = pieces(&excerpt.differing, Look::DIFFERING);
        differing.extend(cut(excerpt.cut_within));
        differing.extend(pieces(&excerpt.differing_end, Look::DIFFERING));
        let mut after = pieces(&excerpt.suffix, Look { start: suffix_starts, end, closely: false });
        after.extend(cut(excerpt.cut_after));
        Self { kind: "text", marked, before, differing, after }
    }
}

/// The code points of what differs, where both sides are short and not both plain ASCII: the eye may not tell them apart.
pub fn code_points_of(values: Pair<Option<&Excerpt>>) -> Option<String> {
    let differing = |value: Option<&Excerpt>| {
        value.filter(|e| e.cut_within == 0 && e.differing_end.is_empty()).map(|e| e.differing.clone())
    };
    let texts = values.map(differing);
    let (source, target) = (texts.source?, texts.target?);
    let plain = |text: &str| text.bytes().all(|b| (0x20..0x7f).contains(&b));
    if plain(&source) && plain(&target) {
        return None;
    }
    let points = |text: &str| match text {
        "" => Some("nothing".to_owned()),
        text => code_points(text, CODE_POINTS_MAX),
    };
    Some(format!("{} in the source, {} in the target", points(&source)?, points(&target)?))
}

fn pieces(text: &str, look: Look) -> Vec<Piece> {
    spans(text, look)
        .into_iter()
        .map(|span| match span {
            Span::Text(text) => Piece { kind: "text", text: text.to_owned(), title: None },
            // A row of blanks is easier to count as dots.
            Span::Sign { label, meaning } if label == "SP" => {
                Piece { kind: "blank", text: "·".to_owned(), title: Some(meaning) }
            }
            Span::Sign { label, meaning } => Piece { kind: "sign", text: label, title: Some(meaning) },
        })
        .collect()
}

fn cut(characters: usize) -> Vec<Piece> {
    if characters == 0 {
        return vec![];
    }
    let title = format!("{} characters are not shown", number(characters as u64));
    vec![Piece { kind: "cut", text: format!("…{}…", number(characters as u64)), title: Some(title) }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::marking::mark;

    fn text(pieces: &[Piece]) -> String {
        pieces.iter().map(|p| if p.kind == "text" { p.text.clone() } else { format!("[{}]", p.text) }).collect()
    }

    fn shown(source: &str, target: &str) -> [String; 2] {
        let pair = mark(Pair::new(source, target)).map(Excerpt::around);
        [&pair.source, &pair.target].map(|excerpt| {
            let shown = Shown::marked(Some(excerpt));
            format!("{}|{}|{}", text(&shown.before), text(&shown.differing), text(&shown.after))
        })
    }

    #[test]
    fn a_trailing_blank_is_seen() {
        assert_eq!(shown("two words ", "two words"), ["two words|[·]|", "two words||"]);
        assert_eq!(shown("a  ", "a "), ["a[·]|[·]|", "a[·]||"]);
    }

    #[test]
    fn line_ends_are_seen() {
        assert_eq!(shown("one\r\ntwo", "one\ntwo"), ["one|[CR][LF]|two", "one|[LF]|two"]);
    }

    #[test]
    fn null_and_empty_have_kinds_of_their_own() {
        assert_eq!(Shown::marked(None).kind, "null");
        assert_eq!(Shown::marked(Some(&Excerpt::differing(""))).kind, "empty");
        assert_eq!(Shown::marked(Some(&Excerpt::differing("NULL"))).kind, "text");
    }

    #[test]
    fn lookalikes_are_spelled_out() {
        let points = |source, target| {
            let pair = mark(Pair::new(source, target)).map(Excerpt::around);
            code_points_of(pair.as_ref().map(Some))
        };
        assert_eq!(points("АBC", "ABC").as_deref(), Some("U+0410 in the source, U+0041 in the target"));
        assert_eq!(points("\u{feff}a", "a").as_deref(), Some("U+FEFF in the source, nothing in the target"));
        assert_eq!(points("a", "b"), None);
    }
}
