//! Sizes in bytes as people write them.

use crate::error::{Error, Result};

/// The least memory a run can work with.
pub const MEMORY_BYTES_MIN: u64 = 64 << 20;

const UNITS: [(&str, u64); 10] = [
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

/// A size such as `512MiB`, `2 GB` or plain `1048576`; the case of the unit does not matter.
pub fn parse_bytes(text: &str) -> Result<u64> {
    let trimmed = text.trim();
    let digits_end = trimmed.find(|c: char| !c.is_ascii_digit()).unwrap_or(trimmed.len());
    let (digits, unit) = trimmed.split_at(digits_end);
    let unit = unit.trim_start().to_ascii_lowercase();
    let size = UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .and_then(|(_, factor)| digits.parse::<u64>().ok()?.checked_mul(*factor));
    size.ok_or_else(|| {
        Error::usage(format!("{text:?} is no size in bytes"))
            .hint("write a whole number and a unit: KiB, MiB, GiB, KB, MB, GB or none for bytes, for example 512MiB")
    })
}

/// As [`parse_bytes`], and at least [`MEMORY_BYTES_MIN`].
pub fn parse_memory(text: &str) -> Result<u64> {
    let size = parse_bytes(text)?;
    if size < MEMORY_BYTES_MIN {
        return Err(Error::usage(format!("{text:?} is too little memory; the least is 64MiB"))
            .hint("the default is 512MiB; more memory only makes large differences quicker"));
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_binary_and_decimal_units() {
        for (text, bytes) in [
            ("0", 0),
            ("1048576", 1 << 20),
            ("7B", 7),
            ("512MiB", 512 << 20),
            ("2 GiB", 2 << 30),
            ("2gb", 2_000_000_000),
            (" 3KiB ", 3072),
            ("1TB", 1_000_000_000_000),
        ] {
            assert_eq!(parse_bytes(text).unwrap(), bytes, "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "MiB", "2.5GiB", "-1", "2G", "2 parsecs", "99999999999999999999", "99999999TiB", "1_000"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn less_than_64_mib_of_memory_is_refused() {
        assert_eq!(parse_memory("64MiB").unwrap(), MEMORY_BYTES_MIN);
        assert!(parse_memory("67108863").unwrap_err().to_string().contains("64MiB"));
    }
}
