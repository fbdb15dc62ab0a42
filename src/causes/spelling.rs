//! Keys that are missing and unexpected only because they are spelled differently: case, blanks, Unicode form.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;
use xxhash_rust::xxh3::xxh3_64;

use crate::model::{Change, Class};

/// Spellings that are remembered; more are not looked at.
const SPELLINGS_MAX: usize = 200_000;

/// Finds pairs of keys that fold to the same.
#[derive(Debug, Default)]
pub(super) struct Spellings {
    /// How many missing and unexpected keys fold to the hash.
    seen: HashMap<u64, (u32, u32)>,
    is_full: bool,
}

impl Spellings {
    /// Takes a change; only missing and unexpected keys with text in them count.
    pub fn add(&mut self, change: &Change) {
        let is_text = |part: &Option<String>| part.as_ref().is_some_and(|text| text.parse::<f64>().is_err());
        if !change.key.iter().any(is_text) {
            return;
        }
        if self.seen.len() >= SPELLINGS_MAX {
            self.is_full = true;
            return;
        }
        let counts = self.seen.entry(folded(&change.key)).or_default();
        match change.class {
            Class::Missing => counts.0 += 1,
            Class::Unexpected => counts.1 += 1,
            Class::Duplicate | Class::Corrupt => {}
        }
    }

    /// What there is to say, as a finding.
    pub fn finding(&self) -> Option<String> {
        let pairs: u64 = self.seen.values().map(|(missing, unexpected)| u64::from(*missing.min(unexpected))).sum();
        if pairs == 0 {
            return None;
        }
        let least = if self.is_full { "at least " } else { "" };
        let of = if pairs == 1 { "1 missing key has".into() } else { format!("{pairs} missing keys have") };
        Some(format!("{least}{of} an unexpected counterpart that differs only in case, blanks or Unicode form"))
    }
}

fn folded(key: &[Option<String>]) -> u64 {
    let mut bytes = Vec::new();
    for part in key {
        match part {
            Some(text) => {
                let text: String = text.trim().nfkc().collect();
                let text = text.to_lowercase();
                bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
            None => bytes.extend_from_slice(&u64::MAX.to_le_bytes()),
        }
    }
    xxh3_64(&bytes)
}
