//! The encoding is injective, and the digest of a range notices every bit of it.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use proptest::prelude::*;
use tieout::canonical::{CanonicalType, EncodedColumn, Encoding, Misfits, Reading, encode_column};
use tieout::model::RangeDigest;
use xxhash_rust::xxh3::xxh3_128;

proptest! {
    #[test]
    fn every_bit_of_an_encoding_changes_the_digest_of_its_range(
        row in prop::collection::vec(any::<u8>(), 1..80),
        others in prop::collection::vec(any::<u128>(), 0..20),
    ) {
        let range = |row: &[u8]| {
            let mut digest = RangeDigest::default();
            digest.add(xxh3_128(row));
            others.iter().for_each(|other| digest.add(*other));
            digest
        };
        let whole = range(&row);
        for bit in 0..row.len() * 8 {
            let mut changed = row.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            prop_assert_ne!(range(&changed), whole, "bit {}", bit);
        }
    }

    #[test]
    fn rows_of_text_share_their_bytes_only_if_they_are_equal(
        one in prop::collection::vec(prop::option::of("[ab|,\u{0}\u{ff}]{0,3}"), 3),
        other in prop::collection::vec(prop::option::of("[ab|,\u{0}\u{ff}]{0,3}"), 3),
    ) {
        prop_assert_eq!(row_bytes(&one) == row_bytes(&other), one == other);
    }

    #[test]
    fn the_byte_order_of_text_is_the_order_of_its_utf8(one in any::<String>(), other in any::<String>()) {
        let bytes = |text: &String| row_bytes(&[Some(text.clone())]);
        prop_assert_eq!(bytes(&one).cmp(&bytes(&other)), one.as_bytes().cmp(other.as_bytes()));
    }
}

/// The encodings of the values of one row, one after the other, as the row digest takes them.
fn row_bytes(row: &[Option<String>]) -> Vec<u8> {
    row.iter().flat_map(|value| encoded(value.as_deref()).value(0).to_vec()).collect()
}

fn encoded(value: Option<&str>) -> EncodedColumn {
    let array: ArrayRef = Arc::new(StringArray::from(vec![value]));
    let reading = Reading::plain(Encoding::Text);
    encode_column(&array, &CanonicalType::Text, reading, "c", &Misfits::default()).unwrap()
}
