//! Sets of labels, as MySQL's SET holds them: labels between commas, in whatever order, each counted once.
//!
//! Encoding: `2C`, then the labels in byte order, each `01` and escaped text, then `00`.

use super::encode::push_escaped;

const SET: u8 = 0x2C;
const LABEL: u8 = 0x01;
const END: u8 = 0x00;

/// Appends the set that `text` lists. The empty text is the empty set.
pub(super) fn push(out: &mut Vec<u8>, text: &str) {
    let mut labels: Vec<&str> = text.split(',').filter(|label| !label.is_empty()).collect();
    labels.sort_unstable();
    labels.dedup();
    out.push(SET);
    for label in labels {
        out.push(LABEL);
        push_escaped(out, label.as_bytes());
    }
    out.push(END);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn bytes(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        push(&mut out, text);
        out
    }

    proptest! {
        #[test]
        fn sets_share_their_bytes_only_if_they_have_the_same_labels(
            one in prop::collection::vec("[ab\u{0}]{1,2}", 0..4), other in prop::collection::vec("[ab\u{0}]{1,2}", 0..4),
        ) {
            let set = |labels: &[String]| labels.iter().cloned().collect::<BTreeSet<_>>();
            prop_assert_eq!(bytes(&one.join(",")) == bytes(&other.join(",")), set(&one) == set(&other));
        }
    }
}
