//! The rules of a column: what a config asks of its values beyond their type, as they are written and as reports say it.
//!
//! Every rule here is a normalisation: it is applied to both sides before a value is encoded (`ruled`), so that
//! values which a rule makes the same have the same digests. What is only tolerated is no rule but a
//! [`super::Tolerance`], and no digest knows of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked of the values of a column. The default asks nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Values that stand for NULL.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub null_is: Vec<Sentinel>,
    /// White space around a text that does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trim: Option<Trim>,
    /// Whether upper and lower case are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<Case>,
    /// The Unicode form in which texts are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unicode: Option<UnicodeForm>,
    /// The end of line in which texts are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eol: Option<Eol>,
    /// Digits after the point to which numbers are rounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<u16>,
    /// How fine times are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<Fineness>,
    /// How `scale` and `precision` round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<Round>,
    /// Which instant a local time is that the clock showed twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ambiguous: Option<Ambiguous>,
    /// What `0000-00-00` is: `null`, or a date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zero_date: Option<String>,
    /// What a date of `infinity` is: `max`, or a date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infinity: Option<String>,
    /// Numbers are instants, counted in this unit since 1970-01-01 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// How the values are read, where that is not what their type says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<ReadAs>,
}

/// A value that stands for NULL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sentinel {
    /// A text, read as the column's type where that is not text.
    Text(String),
    /// A number, in decimal digits.
    Number(String),
}

/// Which white space does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Trim {
    /// ASCII white space at both ends.
    Both,
    /// ASCII white space at the beginning.
    Left,
    /// ASCII white space at the end.
    Right,
    /// Whatever Unicode takes for white space, at both ends.
    Unicode,
}

/// What is done about case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Case {
    /// Unicode's default case folding, in no particular language.
    Ignore,
}

/// A normalisation form of Unicode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnicodeForm {
    /// Canonical composition.
    Nfc,
    /// Compatibility composition.
    Nfkc,
}

/// How lines end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Eol {
    /// `\r\n` and a lone `\r` are `\n`.
    Lf,
}

/// How fine a time is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fineness {
    /// Seconds.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
}

/// How a number or a time is made coarser.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Round {
    /// To the nearest; a half goes away from zero (for times: later).
    #[default]
    HalfUp,
    /// To the nearest; a half goes to the even neighbour.
    HalfEven,
    /// The digits behind are dropped.
    Truncate,
}

/// Which of two instants is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ambiguous {
    /// The first time that the clock showed it.
    Earliest,
    /// The second time.
    Latest,
}

/// The unit in which instants are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Epoch {
    /// Seconds.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
}

/// As what values are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadAs {
    /// Text is a JSON document.
    Json,
    /// Text or 16 bytes are a UUID.
    Uuid,
    /// As `Uuid`; where it is 16 bytes, their time fields are swapped as MySQL's `UUID_TO_BIN(u, 1)` does.
    UuidSwapped,
    /// Texts or integers are truth values.
    Bool(Words),
    /// Text is a list of members, whose order and repetition do not count, with this between them.
    Set(String),
    /// Text is bytes in hexadecimal digits.
    Hex,
    /// Text is bytes in base64.
    Base64,
}

/// The words for truth values, beside those that are known anyway (`t`, `true`, `1`, `f`, `false`, `0`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// For true.
    #[serde(rename = "true")]
    pub yes: Vec<String>,
    /// For false.
    #[serde(rename = "false")]
    pub no: Vec<String>,
}

impl Rules {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        *self == Rules::default()
    }

    /// Takes from `lower` what is not said here.
    pub fn under(&mut self, lower: &Rules) {
        fn take<T: Clone>(own: &mut Option<T>, lower: &Option<T>) {
            if own.is_none() {
                own.clone_from(lower);
            }
        }
        if self.null_is.is_empty() {
            self.null_is.clone_from(&lower.null_is);
        }
        // How to round belongs to what is rounded.
        if self.scale.is_none() && self.precision.is_none() {
            take(&mut self.round, &lower.round);
        }
        take(&mut self.trim, &lower.trim);
        take(&mut self.case, &lower.case);
        take(&mut self.unicode, &lower.unicode);
        take(&mut self.eol, &lower.eol);
        take(&mut self.scale, &lower.scale);
        take(&mut self.precision, &lower.precision);
        take(&mut self.ambiguous, &lower.ambiguous);
        take(&mut self.zero_date, &lower.zero_date);
        take(&mut self.infinity, &lower.infinity);
        take(&mut self.epoch, &lower.epoch);
        take(&mut self.reading, &lower.reading);
    }

    /// The rules in the words of the config, for reports: `trim both`, `scale 2 half_up`.
    pub fn described(&self) -> Vec<String> {
        let mut said = Vec::new();
        let round = || word(&self.round.unwrap_or_default());
        match &self.reading {
            Some(ReadAs::Json) => said.push("read as json".into()),
            Some(ReadAs::Uuid) => said.push("read as uuid".into()),
            Some(ReadAs::UuidSwapped) => said.push("read as uuid with swapped time fields".into()),
            Some(ReadAs::Bool(words)) => {
                said.push(format!("read as bool: {} or {}", words.yes.join(", "), words.no.join(", ")));
            }
            Some(ReadAs::Set(between)) => said.push(format!("read as set with {between:?} between members")),
            Some(ReadAs::Hex) => said.push("read as hex".into()),
            Some(ReadAs::Base64) => said.push("read as base64".into()),
            None => {}
        }
        if let Some(epoch) = &self.epoch {
            said.push(format!("numbers count {} since 1970", word(epoch)));
        }
        for (name, value) in [
            ("trim", self.trim.as_ref().map(word)),
            ("case", self.case.as_ref().map(word)),
            ("unicode", self.unicode.as_ref().map(word)),
            ("eol", self.eol.as_ref().map(word)),
            ("scale", self.scale.map(|scale| format!("{scale} {}", round()))),
            ("precision", self.precision.as_ref().map(|precision| format!("{} {}", word(precision), round()))),
            ("ambiguous", self.ambiguous.as_ref().map(word)),
            ("zero_date", self.zero_date.clone()),
            ("infinity", self.infinity.clone()),
        ] {
            said.extend(value.map(|value| format!("{name} {value}")));
        }
        for sentinel in &self.null_is {
            said.push(match sentinel {
                Sentinel::Text(text) => format!("NULL is {text:?}"),
                Sentinel::Number(number) => format!("NULL is {number}"),
            });
        }
        said
    }
}

/// The word of the config for a choice: serde knows it.
fn word(choice: &impl Serialize) -> String {
    serde_json::to_value(choice).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_told_in_the_words_of_the_config() {
        let rules = Rules {
            trim: Some(Trim::Both),
            scale: Some(2),
            round: Some(Round::HalfEven),
            null_is: vec![Sentinel::Text(String::new()), Sentinel::Number("0".into())],
            ..Rules::default()
        };
        assert_eq!(rules.described(), ["trim both", "scale 2 half_even", "NULL is \"\"", "NULL is 0"]);
        assert!(Rules::default().described().is_empty() && Rules::default().is_empty());
    }

    #[test]
    fn what_is_not_said_comes_from_below() {
        let mut own = Rules { trim: Some(Trim::Left), scale: Some(1), ..Rules::default() };
        let lower = Rules {
            trim: Some(Trim::Both),
            scale: Some(3),
            round: Some(Round::Truncate),
            eol: Some(Eol::Lf),
            ..Rules::default()
        };
        own.under(&lower);
        assert_eq!((own.trim, own.scale, own.round, own.eol), (Some(Trim::Left), Some(1), None, Some(Eol::Lf)));
    }

    #[test]
    fn rules_come_back_from_a_manifest_and_unknown_ones_are_refused() {
        let rules = Rules { reading: Some(ReadAs::Bool(Words::default())), epoch: Some(Epoch::Ms), ..Rules::default() };
        let text = serde_json::to_string(&rules).unwrap();
        assert_eq!(serde_json::from_str::<Rules>(&text).unwrap(), rules);
        assert!(serde_json::from_str::<Rules>(r#"{"later": 1}"#).is_err());
    }
}
