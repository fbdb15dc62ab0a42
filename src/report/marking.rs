//! Where two texts differ: their common beginning, the differing middle, their common end; and excerpts of long ones.
//!
//! Cuts fall between graphemes (what a person sees as one character), so that a mark never separates an accent from its
//! letter and `é` against `é` (one code point against two) is marked as a whole.

use serde::{Deserialize, Serialize};

use unicode_segmentation::GraphemeCursor;

use crate::model::Pair;

/// How far a cut is moved to find a grapheme's edge. Longer heaps of combining marks are cut between code points.
const EDGE_STEPS_MAX: usize = 64;
/// Characters shown before and after the differing part.
const CONTEXT_CHARS: usize = 40;
/// Characters shown of the beginning of a long differing part.
const DIFFERING_HEAD_CHARS: usize = 120;
/// Characters shown of the end of a long differing part.
const DIFFERING_TAIL_CHARS: usize = 40;
/// Characters shown of a text that is not compared with another, such as a key.
const PLAIN_CHARS: usize = 160;

/// A text in three parts that together are the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked<'a> {
    /// What both texts begin with.
    pub prefix: &'a str,
    /// What only this text has; may be empty on one side.
    pub differing: &'a str,
    /// What both texts end with.
    pub suffix: &'a str,
}

/// Splits two texts where they differ. Equal texts are all prefix.
pub fn mark<'a>(texts: Pair<&'a str>) -> Pair<Marked<'a>> {
    let prefix = common_prefix(texts);
    let rests = texts.map(|text| &text[prefix..]);
    let suffix = common_suffix(texts, rests);
    texts.map(|text| {
        let end = text.len() - suffix;
        Marked { prefix: &text[..prefix], differing: &text[prefix..end], suffix: &text[end..] }
    })
}

/// A text as reports show it: a bounded number of characters, and how many were left out where.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Excerpt {
    /// Characters left out before `prefix`.
    #[serde(skip_serializing_if = "is_zero")]
    pub cut_before: usize,
    /// What comes before the differing part; all that is shown of a text without one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// The differing part, or its beginning.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub differing: String,
    /// Characters left out of the middle of the differing part.
    #[serde(skip_serializing_if = "is_zero")]
    pub cut_within: usize,
    /// The end of a long differing part.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub differing_end: String,
    /// What comes after the differing part.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub suffix: String,
    /// Characters left out at the end.
    #[serde(skip_serializing_if = "is_zero")]
    pub cut_after: usize,
}

fn is_zero(characters: &usize) -> bool {
    *characters == 0
}

impl Excerpt {
    /// The surroundings of what differs.
    pub fn around(marked: Marked<'_>) -> Self {
        let (cut_before, prefix) = last_chars(marked.prefix, CONTEXT_CHARS);
        let (suffix, cut_after) = first_chars(marked.suffix, CONTEXT_CHARS);
        let mut excerpt =
            Self { cut_before, prefix: prefix.into(), suffix: suffix.into(), cut_after, ..Self::default() };
        let (head, cut) = first_chars(marked.differing, DIFFERING_HEAD_CHARS);
        if cut <= DIFFERING_TAIL_CHARS {
            excerpt.differing = marked.differing.into();
        } else {
            let (cut_within, tail) = last_chars(&marked.differing[head.len()..], DIFFERING_TAIL_CHARS);
            excerpt.differing = head.into();
            excerpt.cut_within = cut_within;
            excerpt.differing_end = tail.into();
        }
        excerpt
    }

    /// The beginning of a text that is shown for its own sake.
    pub fn plain(text: &str) -> Self {
        let (prefix, cut_after) = first_chars(text, PLAIN_CHARS);
        Self { prefix: prefix.into(), cut_after, ..Self::default() }
    }

    /// A text that differs as a whole, for example from NULL.
    pub fn differing(text: &str) -> Self {
        Self::around(Marked { prefix: "", differing: text, suffix: "" })
    }

    /// The bytes of what is shown.
    pub fn bytes(&self) -> usize {
        self.prefix.len() + self.differing.len() + self.differing_end.len() + self.suffix.len()
    }
}

/// The first `max` characters, and how many characters follow them.
pub fn first_chars(text: &str, max: usize) -> (&str, usize) {
    let Some((at, _)) = text.char_indices().nth(max) else {
        return (text, 0);
    };
    let at = (0..=at).rev().filter(|i| text.is_char_boundary(*i)).take(EDGE_STEPS_MAX).find(|i| edge(text, *i));
    // No edge nearby, or none but the very beginning: cut between code points.
    let at = at.filter(|at| *at > 0).unwrap_or_else(|| text.char_indices().nth(max).map_or(text.len(), |(at, _)| at));
    (&text[..at], text[at..].chars().count())
}

/// The last `max` characters, and how many characters precede them.
fn last_chars(text: &str, max: usize) -> (usize, &str) {
    let Some((before, _)) = text.char_indices().rev().nth(max) else {
        return (0, text);
    };
    let start = before + text[before..].chars().next().map_or(0, char::len_utf8);
    let at = (start..text.len()).filter(|i| text.is_char_boundary(*i)).take(EDGE_STEPS_MAX).find(|i| edge(text, *i));
    let at = at.unwrap_or(start);
    (text[..at].chars().count(), &text[at..])
}

fn common_prefix(texts: Pair<&str>) -> usize {
    let mut at = texts.source.bytes().zip(texts.target.bytes()).take_while(|(s, t)| s == t).count();
    let mut steps = 0;
    while at > 0 {
        let character = texts.source.is_char_boundary(at) && texts.target.is_char_boundary(at);
        if character && (steps >= EDGE_STEPS_MAX || (edge(texts.source, at) && edge(texts.target, at))) {
            break;
        }
        steps += usize::from(character);
        at -= 1;
    }
    at
}

fn common_suffix(texts: Pair<&str>, rests: Pair<&str>) -> usize {
    let same = rests.source.bytes().rev().zip(rests.target.bytes().rev());
    let mut bytes = same.take_while(|(s, t)| s == t).count();
    let mut steps = 0;
    while bytes > 0 {
        let at = texts.map(|text| text.len() - bytes);
        let character = texts.source.is_char_boundary(at.source) && texts.target.is_char_boundary(at.target);
        if character && (steps >= EDGE_STEPS_MAX || (edge(texts.source, at.source) && edge(texts.target, at.target))) {
            break;
        }
        steps += usize::from(character);
        bytes -= 1;
    }
    bytes
}

/// Whether a grapheme begins or ends at `at`, which is the edge of a code point.
fn edge(text: &str, at: usize) -> bool {
    // The whole text is given, so the cursor never asks for more of it.
    GraphemeCursor::new(at, text.len(), true).is_boundary(text, 0).unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts<'a>(source: &'a str, target: &'a str) -> [(&'a str, &'a str, &'a str); 2] {
        let marked = mark(Pair::new(source, target));
        [marked.source, marked.target].map(|m| (m.prefix, m.differing, m.suffix))
    }

    #[test]
    fn the_differing_middle_is_found() {
        assert_eq!(parts("12.50 EUR", "12.75 EUR"), [("12.", "50", " EUR"), ("12.", "75", " EUR")]);
    }

    #[test]
    fn an_insertion_is_empty_on_the_other_side() {
        assert_eq!(parts("abc", "abXc"), [("ab", "", "c"), ("ab", "X", "c")]);
    }

    #[test]
    fn a_repeated_letter_is_counted_once() {
        assert_eq!(parts("aa", "aaa"), [("aa", "", ""), ("aa", "a", "")]);
    }

    #[test]
    fn equal_texts_have_no_differing_part() {
        assert_eq!(parts("same", "same"), [("same", "", ""), ("same", "", "")]);
    }

    #[test]
    fn a_composed_letter_and_a_decomposed_one_are_marked_as_whole_letters() {
        assert_eq!(parts("caf\u{e9}s", "cafe\u{301}s"), [("caf", "\u{e9}", "s"), ("caf", "e\u{301}", "s")]);
        // The prefix `e` is common, but one side's accent belongs to it.
        assert_eq!(parts("e", "e\u{301}"), [("", "e", ""), ("", "e\u{301}", "")]);
    }

    #[test]
    fn characters_that_share_bytes_are_not_torn() {
        assert_eq!(parts("ä", "ö"), [("", "ä", ""), ("", "ö", "")]);
        assert_eq!(parts("👩‍👩‍👧", "👩‍👩‍👦"), [("", "👩‍👩‍👧", ""), ("", "👩‍👩‍👦", "")]);
    }

    #[test]
    fn a_long_value_is_shown_around_what_differs() {
        let (before, after) = ("a".repeat(1000), "b".repeat(2000));
        let (source, target) = (format!("{before}X{after}"), format!("{before}YY{after}"));
        let excerpt = Excerpt::around(mark(Pair::new(source.as_str(), target.as_str())).target);
        assert_eq!((excerpt.cut_before, excerpt.cut_within, excerpt.cut_after), (960, 0, 1960));
        assert_eq!((excerpt.differing.as_str(), excerpt.prefix.len(), excerpt.suffix.len()), ("YY", 40, 40));
    }

    #[test]
    fn a_long_differing_part_is_shown_by_its_ends() {
        let text = format!("{}{}", "a".repeat(5000), "z".repeat(5000));
        let excerpt = Excerpt::differing(&text);
        assert_eq!(excerpt.differing, "a".repeat(120));
        assert_eq!(excerpt.differing_end, "z".repeat(40));
        assert_eq!(excerpt.cut_within, 10_000 - 160);
    }

    #[test]
    fn a_heap_of_combining_marks_stays_bounded() {
        let heap = format!("e{}", "\u{301}".repeat(100_000));
        assert!(Excerpt::differing(&heap).bytes() < 2_000);
        assert!(Excerpt::plain(&heap).bytes() < 2_000);
    }

    fn tricky() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "a", "b", " ", "e", "\u{301}", "é", "🇩", "🇪", "👩", "\u{200d}", "\r", "\n", "字",
        ]);
        prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn the_parts_are_the_text_and_the_ends_are_common(source in tricky(), target in tricky()) {
            let marked = mark(Pair::new(source.as_str(), target.as_str()));
            for (text, m) in [(&source, marked.source), (&target, marked.target)] {
                prop_assert_eq!(&format!("{}{}{}", m.prefix, m.differing, m.suffix), text);
            }
            prop_assert_eq!(marked.source.prefix, marked.target.prefix);
            prop_assert_eq!(marked.source.suffix, marked.target.suffix);
            let both_empty = marked.source.differing.is_empty() && marked.target.differing.is_empty();
            prop_assert_eq!(source == target, both_empty);
        }

        #[test]
        fn excerpts_leave_out_what_they_say(text in "\\PC{0,700}") {
            let shown = |e: &Excerpt| [&e.prefix, &e.differing, &e.differing_end, &e.suffix].map(|t| t.chars().count());
            for excerpt in [Excerpt::plain(&text), Excerpt::differing(&text)] {
                let all: usize = shown(&excerpt).iter().sum();
                prop_assert_eq!(all + excerpt.cut_before + excerpt.cut_within + excerpt.cut_after, text.chars().count());
                prop_assert!(all <= PLAIN_CHARS + EDGE_STEPS_MAX);
            }
        }
    }
}
