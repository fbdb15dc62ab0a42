//! Samples: which ranges or rows are chosen, and what they prove of the rest.
//!
//! [`RangeChoice`] chooses ranges of an integer key: the first and the last, which are open, and one at random in each of as
//! many strata as are wanted. [`KeyChoice`] chooses keys by their hash. Both follow from the seed and the keys alone, so that
//! both sides choose the same. [`Bounds`] is what a sample proves; the bounds are exact for the way the choice is made, and
//! never assume how differences lie. No I/O here.

mod binomial;
mod bounds;
mod keys;
mod ranges;
mod strata;

pub use bounds::Bounds;
pub use keys::KeyChoice;
pub use ranges::RangeChoice;

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The seed of one table's choice: tables that lie alike are not all sampled at the same places.
fn seed_of(table: &str, seed: u64) -> u64 {
    xxh3_64_with_seed(table.as_bytes(), seed ^ 0x7469_656f_7574)
}
