//! A share such as 0.1%: exact, so that a limit breaks at the row at which it says.

use std::fmt;

use serde::{Deserialize, Serialize};

const WHOLE: u32 = 1_000_000_000;

/// A share between nothing and the whole, in parts of a billion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Share(u32);

impl Share {
    /// The whole.
    pub const WHOLE: Share = Share(WHOLE);

    /// A share as it is written: `0.1%`, `100 %`. `None` for what is no share, or too fine for parts of a billion.
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.trim().strip_suffix('%')?.trim_end();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || whole.len() > 3 || fraction.len() > 7 {
            return None;
        }
        let parts = whole.parse::<u32>().ok()? * (WHOLE / 100) + format!("{fraction:0<7}").parse::<u32>().ok()?;
        (parts <= WHOLE).then_some(Self(parts))
    }

    /// The greatest number out of `whole` that is within this share.
    pub fn most(self, whole: u64) -> u64 {
        let most = u128::from(whole) * u128::from(self.0) / u128::from(WHOLE);
        u64::try_from(most).unwrap_or(whole)
    }

    /// The least number out of `whole` that makes up this share.
    pub fn least(self, whole: u64) -> u64 {
        let least = (u128::from(whole) * u128::from(self.0)).div_ceil(u128::from(WHOLE));
        u64::try_from(least).unwrap_or(whole)
    }

    /// As a fraction of 1.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / (WHOLE / 100), self.0 % (WHOLE / 100));
        let fraction = format!("{fraction:07}");
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{whole}%"),
            digits => write!(f, "{whole}.{digits}%"),
        }
    }
}

impl From<Share> for String {
    fn from(share: Share) -> Self {
        share.to_string()
    }
}

impl TryFrom<String> for Share {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is no share such as 0.1%"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_exact() {
        for (text, shown) in [("0.1%", "0.1%"), ("29 %", "29%"), ("100%", "100%"), ("0.0000001%", "0.0000001%")] {
            assert_eq!(Share::parse(text).unwrap().to_string(), shown);
        }
        assert_eq!(Share::parse("29%").unwrap().most(100), 29);
        assert_eq!((Share::parse("0.1%").unwrap().most(1999), Share::parse("99.9%").unwrap().least(1999)), (1, 1998));
        assert_eq!(Share::WHOLE.most(u64::MAX), u64::MAX);
        for text in ["", "%", "5", "0.1", "101%", "100.0000001%", "-1%", "1e3%", ".5%", "0.00000001%"] {
            assert_eq!(Share::parse(text), None, "{text}");
        }
    }
}
