//! `[values]`: what may be seen of values.

use super::Reader;
use super::environment::{Environment, process};
use super::shape::{Text, WrittenValues};
use crate::error::{Error, Result};
use crate::model::{ColumnPolicy, HashKey, Showing, ValuePolicy};

/// The environment variable with the key of hashes where no config names another.
const HASH_KEY_VARIABLE: &str = "TIEOUT_HASH_KEY";

/// The key of hashes from the environment, if it holds one.
fn hash_key_of_environment(environment: Environment<'_>) -> Result<Option<HashKey>> {
    let key = environment(HASH_KEY_VARIABLE).filter(|key| !key.is_empty());
    let made = key.map(|key| HashKey::new(key.as_encoded_bytes())).transpose();
    made.map_err(|e| e.at(format!("the environment variable {HASH_KEY_VARIABLE}")))
}

/// The key of hashes from the process's environment, if it holds one.
pub fn hash_key_of_process() -> Result<Option<HashKey>> {
    hash_key_of_environment(&process)
}

impl Reader<'_> {
    /// The policy as the file says, before the command line.
    pub(super) fn values(&self, written: Option<&WrittenValues>, environment: Environment<'_>) -> Result<ValuePolicy> {
        let mut policy = ValuePolicy { hash_key: hash_key_of_environment(environment)?, ..ValuePolicy::default() };
        let Some(written) = written else { return Ok(policy) };
        let showing = |text: &Text| text.get_ref().parse::<Showing>().map_err(|e| self.at(e, text));
        if let Some(text) = &written.default {
            policy.default = showing(text)?;
        }
        if let Some(text) = &written.keys {
            policy.keys = showing(text)?;
        }
        for (columns, text) in &written.columns {
            let policy_of = ColumnPolicy { columns: columns.clone(), showing: showing(text)? };
            policy.columns.push(policy_of);
        }
        if let Some(key) = &written.hash_key {
            policy.hash_key = Some(self.hash_key(key)?);
        }
        Ok(policy)
    }

    /// A key that stands in the file itself is no secret: the file is shared, and its hash is in every report.
    fn hash_key(&self, key: &Text) -> Result<HashKey> {
        let place = self.document.place(key.span());
        let is_replaced = self.document.text.get(key.span()).is_some_and(|written| written.contains("${"));
        if !is_replaced {
            return Err(Error::usage("the key of hashes must come from the environment")
                .at(place)
                .hint("write hash_key = \"${NAME}\" and set NAME where tieout runs"));
        }
        HashKey::new(key.get_ref().as_bytes()).map_err(|e| e.at(place))
    }
}
