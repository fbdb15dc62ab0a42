//! The config file as written: its shape, and errors that say where without repeating a line that may hold a password.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::environment::{Environment, expand};
use super::nearest::did_you_mean;
use crate::error::{Error, Result};

/// A string and where it stands, for errors.
pub type Text = Spanned<String>;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenFile {
    /// Where run directories are written.
    pub out: Option<Text>,
    /// Parallel readers of each store.
    pub workers: Option<Spanned<u64>>,
    /// The most memory of the diff, for example `512MiB`.
    pub memory: Option<Text>,
    /// The zone of times without a zone, for both stores.
    pub time_zone: Option<Text>,
    /// `full` or `sample`.
    pub mode: Option<Text>,
    /// The share to sample.
    pub sample: Option<Text>,
    /// The seed of the sample.
    pub seed: Option<Spanned<u64>>,
    /// `full` or `lean`.
    pub snapshot: Option<Text>,
    /// `never`, `differ` or `always`.
    pub keep_snapshots: Option<Text>,
    /// What may be seen of values.
    pub values: Option<WrittenValues>,
    /// The store the data came from.
    pub source: WrittenStore,
    /// The store it should have arrived in.
    pub target: WrittenStore,
    /// The table pairs; none means all tables of both sides.
    #[serde(default)]
    pub tables: Vec<Spanned<WrittenTable>>,
}

/// `[source]` or `[target]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with a url")]
pub struct WrittenStore {
    /// URL or path.
    pub url: Text,
    /// The zone of this store's times without a zone.
    pub time_zone: Option<Text>,
}

/// `[values]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as [values]")]
pub struct WrittenValues {
    /// What may be seen of a column that is not listed.
    pub default: Option<Text>,
    /// What may be seen of a key column that is not listed.
    pub keys: Option<Text>,
    /// The key of hashes, written as `${NAME}`.
    pub hash_key: Option<Text>,
    /// What may be seen of the columns that are listed, in the order of their names.
    #[serde(default)]
    pub columns: BTreeMap<String, Text>,
}

/// One `[[tables]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as [[tables]]")]
pub struct WrittenTable {
    /// The source's table.
    pub source: Text,
    /// The target's, where it has another name.
    pub target: Option<Text>,
    /// The key columns.
    pub key: Option<Vec<Text>>,
    /// Columns to leave out.
    #[serde(default)]
    pub ignore: Vec<Text>,
    /// A condition on the rows of both sides.
    #[serde(rename = "where")]
    pub filter: Option<Text>,
    /// A condition on the source's rows, in place of `where`.
    pub source_where: Option<Text>,
    /// A condition on the target's rows, in place of `where`.
    pub target_where: Option<Text>,
    /// What is to be known about single columns.
    #[serde(default)]
    pub columns: Vec<Spanned<WrittenColumn>>,
}

/// One `[[tables.columns]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as [[tables.columns]]")]
pub struct WrittenColumn {
    /// The column's name in the source.
    pub source: Text,
    /// Its name in the target, where it has another one.
    pub target: Option<Text>,
    /// The zone of its times without a zone.
    pub time_zone: Option<Text>,
}

/// A config text and the file it came from, to say where something stands.
#[derive(Clone, Copy)]
pub struct Document<'a> {
    /// The file.
    pub path: &'a Path,
    /// Its text.
    pub text: &'a str,
}

impl Document<'_> {
    /// Reads the text; every `${NAME}` in a string is replaced from `environment`.
    pub fn parse(&self, environment: Environment<'_>) -> Result<WrittenFile> {
        let mut document = DeTable::parse(self.text).map_err(|e| self.broken(&e))?;
        self.expand_table(document.get_mut(), environment)?;
        WrittenFile::deserialize(Deserializer::from(document)).map_err(|e| self.broken(&e))
    }

    /// `file:line:column` of a place in the text.
    pub fn place(&self, span: Range<usize>) -> String {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        format!("{}:{line}:{column}", self.path.display())
    }

    fn expand_table(&self, table: &mut DeTable<'_>, environment: Environment<'_>) -> Result<()> {
        table.iter_mut().try_for_each(|(_, value)| self.expand_value(value, environment))
    }

    fn expand_value(&self, value: &mut Spanned<DeValue<'_>>, environment: Environment<'_>) -> Result<()> {
        let span = value.span();
        match value.get_mut() {
            DeValue::String(text) => {
                *text = expand(text, environment).map_err(|e| e.at(self.place(span)))?.into();
                Ok(())
            }
            DeValue::Array(array) => array.iter_mut().try_for_each(|v| self.expand_value(v, environment)),
            DeValue::Table(table) => self.expand_table(table, environment),
            _ => Ok(()),
        }
    }

    /// Our own words for an error of the TOML library, whose own text quotes the line.
    fn broken(&self, error: &toml::de::Error) -> Error {
        let message = error.message();
        let place = match error.span() {
            Some(span) if !message.starts_with("missing field") || span.start > 0 => self.place(span),
            _ => self.path.display().to_string(),
        };
        let described = if let Some(rest) = message.strip_prefix("unknown field `") {
            unknown_key(rest)
        } else if let Some(key) = quoted(message, "missing field `") {
            missing_key(key)
        } else if let Some((_, expected)) = message.rsplit_once(", expected ").filter(|_| is_about_a_value(message)) {
            let key = error.span().and_then(|span| self.key_at(&span));
            let key = key.map_or("a value".to_owned(), |key| format!("{key:?}"));
            Error::usage(format!("{key} must be {}", in_words(expected)))
        } else if is_about_a_value(message) {
            Error::usage("a value has the wrong type")
        } else {
            Error::usage(format!("the file is not valid TOML: {message}"))
                .hint("mend this place; `tieout init SOURCE TARGET` prints a file to begin with")
        };
        described.at(place)
    }

    /// The key whose value stands at `span`.
    fn key_at(&self, span: &Range<usize>) -> Option<String> {
        let document = DeTable::parse(self.text).ok()?;
        find_key(document.get_ref(), span)
    }
}

fn find_key(table: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    table.iter().find_map(|(key, value)| find_in_value(key.get_ref(), value, span))
}

fn find_in_value(key: &str, value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<String> {
    match value.get_ref() {
        _ if value.span() == *span => Some(key.to_owned()),
        DeValue::Table(table) => find_key(table, span),
        DeValue::Array(array) => array.iter().find_map(|v| find_in_value(key, v, span)),
        _ => None,
    }
}

fn is_about_a_value(message: &str) -> bool {
    message.starts_with("invalid ") && message.contains(": ")
}

/// What stands between `prefix` and the next backtick.
fn quoted<'a>(message: &'a str, prefix: &str) -> Option<&'a str> {
    message.strip_prefix(prefix)?.split('`').next()
}

fn unknown_key(rest: &str) -> Error {
    let (key, expected) = rest.rsplit_once("`, expected ").unwrap_or((rest, ""));
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    // A line that was never meant to be a key may hold anything, a password too.
    let is_plain = key.len() <= 40 && key.chars().all(|c| c.is_alphanumeric() || "_-. ".contains(c));
    let error = if is_plain {
        Error::usage(format!("unknown key {key:?}{}", did_you_mean(key, known.iter().copied())))
    } else {
        Error::usage("unknown key")
    };
    error.hint(format!("the keys known here are {}", known.join(", ")))
}

fn missing_key(key: &str) -> Error {
    let error = Error::usage(format!("{key:?} is missing"));
    match key {
        "source" | "target" | "url" => {
            error.hint("a config names two stores: url = \"…\" under [source] and under [target]; each of [[tables]] names its source")
        }
        _ => error,
    }
}

/// serde names Rust's types; a config has others.
fn in_words(expected: &str) -> &str {
    match expected {
        "u64" | "i64" => "a whole number, 0 or more",
        "a sequence" => "a list, for example [\"id\"]",
        "a string" => "a string in quotes",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORES: &str = "[source]\nurl = \"a.db\"\n[target]\nurl = \"b.db\"\n";

    fn error(text: &str) -> Error {
        Document { path: Path::new("tieout.toml"), text }.parse(&|_| None).unwrap_err()
    }

    #[test]
    fn an_unknown_key_names_line_and_nearest_key() {
        let top = error(&format!("# a comment\ntabels = 1\n{STORES}")).to_string();
        assert_eq!(top, "unknown key \"tabels\"; did you mean \"tables\"? (tieout.toml:2:1)");
        let store = error("[source]\nurl = \"a\"\ntimezone = \"UTC\"\n[target]\nurl=\"b\"").to_string();
        assert_eq!(store, "unknown key \"timezone\"; did you mean \"time_zone\"? (tieout.toml:3:1)");
        let table = error(&format!("{STORES}[[tables]]\nsource = \"t\"\nkeys = [\"id\"]")).to_string();
        assert!(table.contains("\"keys\"") && table.contains("\"key\"") && table.contains(":7:1"), "{table}");
        let column = error(&format!("{STORES}[[tables]]\nsource=\"t\"\n[[tables.columns]]\nsorce=\"x\"")).to_string();
        assert!(column.contains("\"sorce\"") && column.contains("\"source\""), "{column}");
    }

    #[test]
    fn a_value_of_the_wrong_type_names_its_key_and_never_its_text() {
        let number = error(&format!("workers = \"s3cret\"\n{STORES}")).to_string();
        assert_eq!(number, "\"workers\" must be a whole number, 0 or more (tieout.toml:1:11)");
        let negative = error(&format!("workers = -2\n{STORES}")).to_string();
        assert!(negative.starts_with("\"workers\" must be"), "{negative}");
        let list = error(&format!("{STORES}[[tables]]\nsource = \"t\"\nkey = \"s3cret\"")).to_string();
        assert_eq!(list, "\"key\" must be a list, for example [\"id\"] (tieout.toml:7:7)");
        let store = error("source = \"postgres://u:s3cret@h/d\"\n[target]\nurl = \"b\"").to_string();
        assert_eq!(store, "\"source\" must be a table with a url (tieout.toml:1:10)");
    }

    #[test]
    fn a_missing_store_is_named() {
        let error = error("[source]\nurl = \"a\"");
        assert_eq!(error.to_string(), "\"target\" is missing (tieout.toml)");
        assert!(error.advice().is_some());
    }

    #[test]
    fn broken_toml_is_placed_without_quoting_the_line() {
        for text in [
            "[source]\nurl = \"postgres://app:s3cret\"@db1/shop\"\n",
            "[source]\nurl = postgres://app:s3cret@db1/shop\n",
            "[source]\nurl = \"postgres://app:s3cret@db1/shop\n",
            "[source]\nurl = \"postgres://app:\\s3cret@db1/shop\"\n",
            "[source]\n\"postgres://app:s3cret@db1/shop\" = 1\nurl = \"a\"\n[target]\nurl=\"b\"",
            "[source]\nurl = \"a\"\nurl = \"s3cret\"\n",
            "[source]\nurl = [\"s3cret\"]\n[target]\nurl = \"b\"",
            "[source]\nurl = { s3cret = 1 }\n[target]\nurl = \"b\"",
        ] {
            let error = error(text);
            let shown = format!("{error} {}", error.advice().unwrap_or_default());
            assert!(!shown.contains("cret"), "{shown}");
            assert!(shown.contains("tieout.toml:2:") || shown.contains("tieout.toml:3:"), "{shown}");
        }
    }

    #[test]
    fn an_unset_variable_is_placed() {
        let error =
            error("[source]\nurl = \"postgres://app:${PGPASSWORD}@db1/shop\"\n[target]\nurl = \"b\"").to_string();
        assert_eq!(error, "the environment variable PGPASSWORD is not set (tieout.toml:2:7)");
    }
}
