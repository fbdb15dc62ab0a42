//! `[[waivers]]`: who vouches for which differences, why, and until when.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::{Spanned, Value};

use super::Reader;
use super::shape::Text;
use crate::error::{Error, Result};
use crate::model::Waiver;

/// One of `[[waivers]]`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as [[waivers]]")]
pub struct WrittenWaiver {
    /// Who vouches.
    #[schemars(with = "Option<String>")]
    pub owner: Option<Text>,
    /// Why.
    #[schemars(with = "Option<String>")]
    pub reason: Option<Text>,
    /// The last day, in UTC, for example 2026-12-31.
    #[schemars(with = "Option<String>")]
    pub until: Option<Spanned<Value>>,
    /// The table, by its name on either side or by pattern.
    #[schemars(with = "Option<String>")]
    pub table: Option<Text>,
    /// The column, by its name on either side or by pattern.
    #[schemars(with = "Option<String>")]
    pub column: Option<Text>,
    /// The cause, by its word.
    #[schemars(with = "Option<String>")]
    pub cause: Option<Text>,
    /// The keys, written as in differences.csv.
    #[schemars(with = "Option<Vec<serde_json::Value>>")]
    pub keys: Option<Spanned<Vec<Value>>>,
}

impl Reader<'_> {
    /// The waivers of a config.
    pub(super) fn waivers(&self, waivers: &[Spanned<WrittenWaiver>]) -> Result<Vec<Waiver>> {
        waivers.iter().map(|waiver| self.waiver(waiver)).collect()
    }

    fn waiver(&self, spanned: &Spanned<WrittenWaiver>) -> Result<Waiver> {
        let waiver = spanned.get_ref();
        let place = || self.document.place(spanned.span());
        let missing = |key: &str| {
            Error::usage(format!("a waiver has no {key:?}")).at(place()).hint(
                "a waiver needs owner = \"…\", reason = \"…\" and until = 2026-12-31, so that somebody answers for it",
            )
        };
        let given = |text: &Option<Text>, key: &str| text.as_ref().map(|t| self.not_empty(t, key)).transpose();
        let until = waiver.until.as_ref().ok_or_else(|| missing("until"))?;
        let read = Waiver {
            owner: given(&waiver.owner, "owner")?.ok_or_else(|| missing("owner"))?,
            reason: given(&waiver.reason, "reason")?.ok_or_else(|| missing("reason"))?,
            until: self.day(until)?,
            table: given(&waiver.table, "table")?,
            column: given(&waiver.column, "column")?,
            cause: given(&waiver.cause, "cause")?,
            keys: waiver.keys.as_ref().map(|keys| self.keys(keys)).transpose()?,
        };
        if read.table.is_none() && read.cause.is_none() {
            return Err(Error::usage("a waiver does not say what it is about")
                .at(place())
                .hint("name a table = \"…\" (and perhaps a column, or keys = [\"…\"]), or a cause = \"…\""));
        }
        if read.keys.is_some() && read.cause.is_some() {
            return Err(Error::usage("a waiver is about keys or about a cause, not about both")
                .at(place())
                .hint("write two waivers"));
        }
        Ok(read)
    }

    fn day(&self, until: &Spanned<Value>) -> Result<NaiveDate> {
        let text = match until.get_ref() {
            Value::String(text) => text.clone(),
            Value::Datetime(day) if day.time.is_none() => day.to_string(),
            _ => String::new(),
        };
        NaiveDate::parse_from_str(&text, "%Y-%m-%d").map_err(|_| {
            Error::usage("\"until\" must be a day, for example 2026-12-31")
                .at(self.document.place(until.span()))
                .hint("the waiver holds to the end of that day, in UTC")
        })
    }

    /// Keys as texts: a number may be written without quotes.
    fn keys(&self, keys: &Spanned<Vec<Value>>) -> Result<Vec<String>> {
        let key = |value: &Value| match value {
            Value::String(text) => Ok(text.clone()),
            Value::Integer(number) => Ok(number.to_string()),
            _ => Err(Error::usage("a key must be a text or a whole number").at(self.document.place(keys.span())).hint(
                "write keys as in differences.csv; one of several columns is a JSON array in quotes: '[\"a\",\"1\"]'",
            )),
        };
        let read: Vec<String> = keys.get_ref().iter().map(key).collect::<Result<_>>()?;
        if read.is_empty() {
            return Err(Error::usage("\"keys\" is empty")
                .at(self.document.place(keys.span()))
                .hint("leave it out to waive all keys of the table"));
        }
        Ok(read)
    }
}
