//! The policy of values: what of them may leave the run. Values are sensitive; reports travel.
//!
//! This is the one place where a cell or a key becomes what people and programs may see. Whoever hands changes of the diff to a
//! writer asks [`TableValues::seen`] first; whatever else shows a value (an example of a cause,
//! say) asks [`TableValues::shown`] for it. Errors go through [`ValuePolicy::error`], conditions are withheld where
//! [`ValuePolicy::shows_all`] is false. Snapshots hold values by their nature: they are kept or removed as a whole.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use glob::{MatchOptions, Pattern};
use ring::{digest, hmac};
use serde::{Deserialize, Serialize};

use super::{Change, Pair, TablePlan};
use crate::error::{Error, Result};

/// What is shown of a value, from everything to nothing: of two that hold for a column, the later one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Showing {
    /// The value.
    #[default]
    Show,
    /// Its shape: `x` or `X` for a letter, `9` for a digit, `*` for a sign that does not only divide.
    Mask,
    /// How many characters it has.
    Length,
    /// Its HMAC-SHA-256: equal values have equal hashes, under one key.
    Hash,
    /// That there is something. Of a key, a short hash that tells it from others.
    Hide,
}

impl Showing {
    /// All, from the laxest to the strictest.
    pub const ALL: [Showing; 5] = [Showing::Show, Showing::Mask, Showing::Length, Showing::Hash, Showing::Hide];

    /// The word in configs and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Showing::Show => "show",
            Showing::Mask => "mask",
            Showing::Length => "length",
            Showing::Hash => "hash",
            Showing::Hide => "hide",
        }
    }
}

impl FromStr for Showing {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|showing| showing.name() == text).ok_or_else(|| {
            Error::usage(format!("unknown policy of values {text:?}"))
                .hint("a policy of values is one of show, mask, hash, length, hide")
        })
    }
}

/// The key of the hashes. Never shown.
#[derive(Clone)]
pub struct HashKey(hmac::Key);

/// Shorter keys can be guessed.
const HASH_KEY_BYTES_MIN: usize = 16;
/// Hex digits of a hash: 128 bits, so that no two values of a table share one.
const HASH_DIGITS: usize = 32;
/// Hex digits that stand for a hidden key.
const SHORT_HASH_DIGITS: usize = 12;
/// Stands for a hidden value, NULL or not.
const HIDDEN: &str = "(hidden)";

impl HashKey {
    /// A key of at least 16 bytes.
    pub fn new(bytes: &[u8]) -> Result<Self> {
        if bytes.len() < HASH_KEY_BYTES_MIN {
            return Err(Error::usage(format!("the key of hashed values is shorter than {HASH_KEY_BYTES_MIN} bytes"))
                .hint("make one with: openssl rand -hex 32"));
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// What tells this key from others without giving it away.
    pub fn fingerprint(&self) -> String {
        hex::encode(&hmac::sign(&self.0, b"tieout: which key is this?").as_ref()[..8])
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(…)")
    }
}

/// The policy of one or several columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnPolicy {
    /// `table.column` or `column`, with `*` and `?`; case does not count.
    pub columns: String,
    /// What is shown of them.
    pub showing: Showing,
}

/// The policy of a run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ValuePolicy {
    /// Of every column that is not listed and no part of a key.
    pub default: Showing,
    /// Of every key column that is not listed.
    pub keys: Showing,
    /// Of the columns that are listed.
    pub columns: Vec<ColumnPolicy>,
    /// No column that is no part of a key is shown more laxly, even if it is listed so.
    #[serde(default)]
    pub at_least: Showing,
    /// The key of hashes, where there is one.
    #[serde(skip)]
    pub hash_key: Option<HashKey>,
}

impl ValuePolicy {
    /// Whether every value may be seen, so that nothing needs to be withheld.
    pub fn shows_all(&self) -> bool {
        [self.default, self.keys].into_iter().chain(self.columns.iter().map(|c| c.showing)).all(|s| s == Showing::Show)
    }

    /// Makes every column that is no part of a key at least this strict: what the command line asks for. It cannot make
    /// any laxer.
    pub fn tighten(&mut self, showing: Showing) {
        self.default = self.default.max(showing);
        self.at_least = self.at_least.max(showing);
    }

    /// Refuses a policy that cannot be kept: hashes without a key, patterns that are none.
    pub fn check(&self) -> Result<()> {
        let hashes = [self.default, self.keys].into_iter().chain(self.columns.iter().map(|c| c.showing));
        if self.hash_key.is_none() && hashes.into_iter().any(|showing| showing == Showing::Hash) {
            return Err(Error::usage("values cannot be hashed without a key").hint(
                "set hash_key = \"${NAME}\" under [values] in the config, or the environment variable TIEOUT_HASH_KEY",
            ));
        }
        self.columns.iter().try_for_each(|column| pattern(&column.columns).map(|_| ()))
    }

    /// An error as it may be told under this policy.
    pub fn error(&self, error: Error) -> Error {
        if self.shows_all() { error } else { error.without_words() }
    }

    /// Refuses listed columns that are nowhere: a slip of the pen must not show what was to be hidden. With `complete`,
    /// `tables` are all there are; else a pattern may be meant for a table that is no part of this run.
    pub fn check_columns(&self, tables: &[&TablePlan], complete: bool) -> Result<()> {
        for column in &self.columns {
            let matches = pattern(&column.columns)?;
            if tables.iter().any(|table| (0..table.columns.len()).any(|at| listed(&matches, table, at))) {
                continue;
            }
            // `*.ssn` is a rule for tables that have one; `orders.ssn` says that orders does.
            let names_table = |(table, _): (&str, &str)| {
                let names = tables.iter().flat_map(|plan| table_names(plan));
                names.into_iter().any(|name| name.eq_ignore_ascii_case(table))
            };
            let of_run = column.columns.rsplit_once('.').is_some_and(names_table);
            if !tables.is_empty() && (complete || of_run) {
                return Err(Error::usage(format!("[values] lists {:?}, but no column has that name", column.columns))
                    .hint("write table.column, or *.column for every table; nothing was read or compared"));
            }
        }
        Ok(())
    }
}

const ANY_CASE: MatchOptions =
    MatchOptions { case_sensitive: false, require_literal_separator: false, require_literal_leading_dot: false };

fn pattern(text: &str) -> Result<Pattern> {
    Pattern::new(text).map_err(|e| {
        Error::usage(format!("{text:?} is no pattern of columns"))
            .because(e)
            .hint("write table.column; * stands for any characters, ? for one")
    })
}

/// The names a table goes by: in reports, and on each side with and without its schema.
fn table_names(plan: &TablePlan) -> Vec<String> {
    let of_side = |table: &super::Table| [table.name.to_string(), table.name.name.clone()];
    let Pair { source, target } = plan.tables.as_ref().map(of_side);
    let mut names: Vec<String> = [plan.name.clone()].into_iter().chain(source).chain(target).collect();
    names.sort();
    names.dedup();
    names
}

/// Whether a pattern lists a column of a plan, by any of its names and of its table's. One without a dot names a column
/// of any table.
fn listed(pattern: &Pattern, plan: &TablePlan, column: usize) -> bool {
    let column = &plan.columns[column];
    let names = [Some(&column.name), column.target.as_ref()];
    names.into_iter().flatten().any(|name| {
        (!pattern.as_str().contains('.') && pattern.matches_with(name, ANY_CASE))
            || table_names(plan).iter().any(|table| pattern.matches_with(&format!("{table}.{name}"), ANY_CASE))
    })
}

/// The policy over the columns of one table.
#[derive(Debug, Clone)]
pub struct TableValues {
    /// For each column of the plan.
    columns: Vec<Showing>,
    /// The columns of the plan that make up the key, in key order.
    key: Vec<usize>,
    hash_key: Option<HashKey>,
    shows_all: bool,
}

impl TableValues {
    /// What `policy` says about the columns of `plan`.
    pub fn new(policy: &ValuePolicy, plan: &TablePlan) -> Result<Self> {
        let listing: Vec<(Pattern, Showing)> =
            policy.columns.iter().map(|c| Ok((pattern(&c.columns)?, c.showing))).collect::<Result<_>>()?;
        let showing = |at: usize| {
            let of_list = listing.iter().filter(|(pattern, _)| listed(pattern, plan, at)).map(|(_, showing)| *showing);
            // Of a table without a key, every column is part of the whole row, but none is a key.
            match (of_list.max(), plan.key.contains(&at)) {
                (listed, true) => listed.unwrap_or(policy.keys),
                (listed, false) => listed.unwrap_or(policy.default).max(policy.at_least),
            }
        };
        let columns: Vec<Showing> = (0..plan.columns.len()).map(showing).collect();
        let shows_all = columns.iter().all(|showing| *showing == Showing::Show);
        Ok(Self { columns, key: plan.key_columns(), hash_key: policy.hash_key.clone(), shows_all })
    }

    /// Whether every value of the table may be seen.
    pub fn shows_all(&self) -> bool {
        self.shows_all
    }

    /// What may be seen of a value of a column, by the column's position in the plan; `None` is NULL.
    pub fn shown<'v>(&self, column: usize, value: Option<&'v str>) -> Option<Cow<'v, str>> {
        // A column that the plan does not know has no policy: nothing of it is shown.
        match (self.columns.get(column).copied().unwrap_or(Showing::Hide), value) {
            (Showing::Hide, _) => Some(HIDDEN.into()),
            (_, None) => None,
            (Showing::Show, Some(value)) => Some(value.into()),
            (Showing::Mask, Some(value)) => Some(mask(value).into()),
            (Showing::Length, Some(value)) => Some(length(value).into()),
            (Showing::Hash, Some(value)) => Some(self.hash(value).into()),
        }
    }

    /// What may be seen of a key. Its hidden columns together become one short hash, in the place of the first of them.
    pub fn shown_key(&self, key: &[Option<String>]) -> Vec<Option<String>> {
        let column = |at: usize| self.key.get(at).copied().unwrap_or(usize::MAX);
        let is_hidden = |at: usize| self.columns.get(column(at)).is_none_or(|showing| *showing == Showing::Hide);
        let hidden: Vec<Option<&str>> =
            (0..key.len()).filter(|at| is_hidden(*at)).map(|at| key[at].as_deref()).collect();
        let mut short = (!hidden.is_empty()).then(|| self.short_hash(&hidden));
        key.iter()
            .enumerate()
            .map(|(at, value)| {
                if is_hidden(at) {
                    return Some(short.take().unwrap_or_else(|| HIDDEN.to_owned()));
                }
                self.shown(column(at), value.as_deref()).map(Cow::into_owned)
            })
            .collect()
    }

    /// What may be seen of a change: what every writer gets to know of it.
    pub fn seen<'c>(&self, change: &'c Change) -> Cow<'c, Change> {
        if self.shows_all { Cow::Borrowed(change) } else { Cow::Owned(self.change(change)) }
    }

    fn change(&self, change: &Change) -> Change {
        let mut shown = change.clone();
        shown.key = self.shown_key(&change.key);
        for cell in &mut shown.cells {
            let column = cell.column;
            cell.values = cell.values.as_ref().map(|v| self.shown(column, v.as_deref()).map(Cow::into_owned));
        }
        shown
    }

    fn hash(&self, value: &str) -> String {
        match &self.hash_key {
            Some(key) => format!("hmac:{}", &hex::encode(hmac::sign(&key.0, value.as_bytes()))[..HASH_DIGITS]),
            // A policy is checked before it is used; without a key nothing is shown.
            None => HIDDEN.to_owned(),
        }
    }

    fn short_hash(&self, values: &[Option<&str>]) -> String {
        // Each value with its length, so that no two keys are alike.
        let mut bytes = b"tieout: a hidden key\0".to_vec();
        for value in values {
            match value {
                None => bytes.push(0),
                Some(value) => {
                    bytes.push(1);
                    bytes.extend_from_slice(&(value.len() as u64).to_be_bytes());
                    bytes.extend_from_slice(value.as_bytes());
                }
            }
        }
        let hash = match &self.hash_key {
            Some(key) => hex::encode(hmac::sign(&key.0, &bytes)),
            None => hex::encode(digest::digest(&digest::SHA256, &bytes)),
        };
        format!("#{}", &hash[..SHORT_HASH_DIGITS])
    }
}

fn mask(value: &str) -> String {
    value
        .chars()
        .map(|c| match c {
            _ if c.is_numeric() => '9',
            _ if c.is_uppercase() => 'X',
            _ if c.is_alphabetic() => 'x',
            ' ' | '.' | ',' | ':' | '/' | '-' | '+' | '@' | '_' => c,
            _ => '*',
        })
        .collect()
}

fn length(value: &str) -> String {
    match value.chars().count() {
        1 => "1 character".to_owned(),
        n => format!("{n} characters"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CellChange, Class, ColumnPlan, ColumnStatus, Table, TableName};

    fn plan(key: &[usize], columns: &[&str]) -> TablePlan {
        let table =
            |name: TableName| Table { name, columns: Vec::new(), keys: Vec::new(), rows_estimate: None, schema: None };
        TablePlan {
            name: "orders".into(),
            tables: Pair::new(table(TableName::in_schema("public", "orders")), table(TableName::bare("Bestellungen"))),
            more: Pair::default(),
            schema: Vec::new(),
            filters: Pair::default(),
            columns: columns
                .iter()
                .map(|name| ColumnPlan {
                    name: (*name).into(),
                    target: Some(format!("{name}_neu")),
                    status: ColumnStatus::Compared,
                    compared: None,
                    findings: Vec::new(),
                })
                .collect(),
            key: key.to_vec(),
            key_enforced: Pair::default(),
            age: None,
            findings: Vec::new(),
        }
    }

    fn policy(default: Showing, columns: &[(&str, Showing)]) -> ValuePolicy {
        let columns =
            columns.iter().map(|(columns, showing)| ColumnPolicy { columns: (*columns).into(), showing: *showing });
        let hash_key = Some(HashKey::new(b"0123456789abcdef").unwrap());
        ValuePolicy { default, columns: columns.collect(), hash_key, ..ValuePolicy::default() }
    }

    fn shown(showing: Showing, value: Option<&str>) -> Option<String> {
        let values = TableValues::new(&policy(showing, &[]), &plan(&[0], &["id", "note"])).unwrap();
        values.shown(1, value).map(Cow::into_owned)
    }

    #[test]
    fn each_policy_shows_what_it_says() {
        let secret = Some("Zoë-42 (née)");
        assert_eq!(shown(Showing::Show, secret).as_deref(), secret);
        assert_eq!(shown(Showing::Mask, secret).as_deref(), Some("Xxx-99 *xxx*"));
        assert_eq!(shown(Showing::Length, secret).as_deref(), Some("12 characters"));
        assert_eq!(shown(Showing::Length, Some("x")).as_deref(), Some("1 character"));
        assert_eq!(shown(Showing::Hide, secret).as_deref(), Some("(hidden)"));
        for showing in [Showing::Show, Showing::Mask, Showing::Length, Showing::Hash] {
            assert_eq!(shown(showing, None), None, "NULL is no secret of {showing:?}");
        }
        assert_eq!(shown(Showing::Hide, None).as_deref(), Some("(hidden)"), "not even NULL is told");
    }

    #[test]
    fn a_hash_is_the_hmac_that_other_tools_compute() {
        // printf %s secret | openssl dgst -sha256 -hmac 0123456789abcdef
        let expected = "59fa6a4dccc441a2ceb3d563296276a0a2293d927d294d695cca0ca3c3556b35";
        assert_eq!(shown(Showing::Hash, Some("secret")).unwrap(), format!("hmac:{}", &expected[..32]));
    }

    #[test]
    fn the_strictest_of_what_lists_a_column_holds_and_any_name_lists_it() {
        let plan = plan(&[0], &["id", "email", "ssn", "note"]);
        let of =
            |columns: &[(&str, Showing)]| TableValues::new(&policy(Showing::Show, columns), &plan).unwrap().columns;
        let show = Showing::Show;
        for name in
            ["orders.email", "public.orders.email", "ORDERS.EMAIL", "Bestellungen.email_neu", "*.email", "email"]
        {
            assert_eq!(of(&[(name, Showing::Mask)]), [show, Showing::Mask, show, show], "{name}");
        }
        assert_eq!(of(&[("*.ssn", Showing::Hide), ("orders.*", Showing::Mask)])[2], Showing::Hide);
        assert_eq!(of(&[("orders.id", Showing::Hash)])[0], Showing::Hash);
        assert_eq!(of(&[("lines.email", Showing::Hide)]), [show; 4]);
    }

    #[test]
    fn keys_are_shown_where_values_are_hidden_unless_they_are_listed() {
        let hidden = policy(Showing::Hide, &[]);
        let key = [Some("7".to_owned()), None];
        let two = plan(&[0, 1], &["tenant", "ssn", "note"]);
        assert_eq!(TableValues::new(&hidden, &two).unwrap().shown_key(&key), key);
        let listed = policy(Showing::Hide, &[("*.ssn", Showing::Hide)]);
        let shown = TableValues::new(&listed, &two).unwrap().shown_key(&key);
        assert_eq!(shown[0].as_deref(), Some("7"));
        assert!(shown[1].as_deref().is_some_and(|k| k.len() == 13 && k.starts_with('#')), "{shown:?}");
    }

    #[test]
    fn a_hidden_key_has_a_stable_hash_of_its_own() {
        let values = TableValues::new(&policy(Showing::Hide, &[]), &plan(&[], &["a", "b"])).unwrap();
        // Without compared columns the plan has no whole-row key; its columns are unknown, and hidden all the same.
        let key = |parts: [Option<&str>; 2]| values.shown_key(&parts.map(|p| p.map(str::to_owned)));
        let keys = [[Some("ab"), Some("c")], [Some("a"), Some("bc")], [Some("ab"), None], [None, Some("ab")]];
        let shown: Vec<_> = keys.map(key).into_iter().collect();
        assert!(shown.iter().all(|k| k[1].as_deref() == Some("(hidden)")), "{shown:?}");
        for (at, one) in shown.iter().enumerate() {
            assert!(shown[..at].iter().all(|other| other != one), "{shown:?}");
        }
        assert_eq!(key(keys[0]), shown[0]);
    }

    #[test]
    fn a_change_is_shown_whole_under_the_policy() {
        let plan = plan(&[0], &["id", "email", "note"]);
        let values = TableValues::new(&policy(Showing::Show, &[("email", Showing::Mask)]), &plan).unwrap();
        let cell = |column, name: &str| CellChange {
            column,
            name: name.into(),
            values: Pair::new(Some("Ann@x".into()), None),
        };
        let change = Change {
            class: Class::Corrupt,
            key: vec![Some("1".into())],
            copies: Pair::new(1, 1),
            neighbours: None,
            cells: vec![cell(1, "email"), cell(2, "note"), cell(9, "unknown")],
        };
        let shown = values.change(&change);
        let sources: Vec<_> = shown.cells.iter().map(|c| c.values.source.as_deref().unwrap()).collect();
        assert_eq!((sources, shown.key), (vec!["Xxx@x", "Ann@x", "(hidden)"], change.key));
    }

    #[test]
    fn the_command_line_makes_no_column_laxer_and_leaves_keys_alone() {
        let plan = plan(&[0], &["id", "a", "b", "c"]);
        let mut policy = policy(Showing::Show, &[("id", Showing::Mask), ("a", Showing::Hide), ("b", Showing::Mask)]);
        let of = |policy: &ValuePolicy| TableValues::new(policy, &plan).unwrap().columns;
        policy.tighten(Showing::Length);
        assert_eq!(of(&policy), [Showing::Mask, Showing::Hide, Showing::Length, Showing::Length]);
        policy.tighten(Showing::Show);
        assert_eq!(of(&policy), [Showing::Mask, Showing::Hide, Showing::Length, Showing::Length]);
        assert!(!policy.shows_all(), "what is listed stays");
    }

    #[test]
    fn a_policy_that_cannot_be_kept_is_refused() {
        let mut policy = policy(Showing::Hash, &[]);
        assert!(policy.check().is_ok());
        policy.hash_key = None;
        assert!(policy.check().unwrap_err().to_string().contains("without a key"));
        assert!(HashKey::new(b"short").is_err());
        assert!(
            ValuePolicy {
                columns: vec![ColumnPolicy { columns: "a[".into(), showing: Showing::Hide }],
                ..Default::default()
            }
            .check()
            .is_err()
        );
    }

    #[test]
    fn a_listed_column_that_is_nowhere_is_refused() {
        let plan = plan(&[0], &["id", "email"]);
        let check = |columns: &str, complete| {
            policy(Showing::Show, &[(columns, Showing::Hide)]).check_columns(&[&plan], complete)
        };
        assert!(check("orders.email", false).is_ok() && check("*.EMAIL", true).is_ok());
        assert!(check("orders.emial", false).is_err() && check("public.orders.emial", false).is_err());
        for other in ["customers.email", "*.ssn", "ssn"] {
            assert!(check(other, false).is_ok(), "{other} is meant for another table");
            assert!(check(other, true).is_err(), "{other} is nowhere");
        }
    }

    #[test]
    fn the_key_of_hashes_is_in_no_text() {
        let policy = policy(Showing::Hash, &[]);
        assert!(!format!("{policy:?}").contains("0123"));
        assert!(!serde_json::to_string(&policy).unwrap().contains("0123"));
    }
}
