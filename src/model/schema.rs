//! What a store's catalogue says of a table beyond names and types: what it enforces, fills in and keeps order by.

use serde::{Deserialize, Serialize};

use super::{Capacity, StoreKind, TableName};

/// What the catalogue says of a table. `None` stands for what the store has no way to state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSchema {
    /// The kind of the store.
    pub engine: StoreKind,
    /// The columns, in the order of the table's columns.
    pub columns: Vec<ColumnSchema>,
    /// Keys and all other indexes.
    pub indexes: Option<Vec<Index>>,
    /// Foreign keys.
    pub foreign_keys: Option<Vec<ForeignKey>>,
    /// The conditions of check constraints, in the store's SQL.
    pub checks: Option<Vec<String>>,
}

/// What the catalogue says of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSchema {
    /// What it can hold.
    pub holds: Capacity,
    /// Whether the store refuses what `holds` does not say: SQLite does not.
    pub enforced: bool,
    /// Whether NULL is allowed.
    pub nullable: Option<bool>,
    /// The characters that its texts may have.
    pub characters: Option<Characters>,
    /// By which rules its texts are compared.
    pub collation: Option<Collation>,
    /// What the store fills in.
    pub rules: Option<ColumnRules>,
}

/// What a store fills into a column by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnRules {
    /// The default, in the store's SQL.
    pub default: Option<String>,
    /// Whether new rows are numbered (identity, serial, auto-increment); `None` where the declaration leaves it open.
    pub numbered: Option<bool>,
    /// The expression of a generated column.
    pub generated: Option<String>,
    /// Whether an update of the row sets the column to the time of the update.
    pub touched_by_update: bool,
}

/// A repertoire of characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Characters {
    /// The engine's name of it.
    pub name: String,
    /// How much of Unicode it has.
    pub reach: Reach,
}

/// How much of Unicode a repertoire has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// All of it.
    Unicode,
    /// Only what UTF-8 writes in three bytes: no emoji.
    ThreeBytes,
    /// A smaller one.
    Smaller,
}

/// A collation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collation {
    /// The engine's name of it.
    pub name: String,
    /// Whether `a` equals `A`.
    pub ignores_case: bool,
}

/// An index, a key's included. It is known by what it covers: names of indexes are no matter of the schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// What it covers, in its order.
    pub parts: Vec<IndexPart>,
    /// Whether it refuses a second row with the same values.
    pub unique: bool,
    /// Whether it is the primary key.
    pub primary: bool,
    /// Which rows it covers, where not all of them.
    pub condition: Option<String>,
    /// How it searches, where not as a tree: `gin`, `fulltext`.
    pub method: Option<String>,
}

/// A part of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexPart {
    /// A column.
    Column(String),
    /// The beginning of a text.
    Prefix(String, u64),
    /// An expression in the store's SQL.
    Expression(String),
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// The columns.
    pub columns: Vec<String>,
    /// The table they refer to.
    pub table: TableName,
    /// Its columns.
    pub referenced: Vec<String>,
    /// What happens to rows here where the row there is deleted.
    pub on_delete: Action,
    /// What happens where its key is changed.
    pub on_update: Action,
}

/// What a foreign key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It refuses (`RESTRICT`, `NO ACTION`).
    Refuse,
    /// It follows.
    Cascade,
    /// It sets NULL.
    SetNull,
    /// It sets the default.
    SetDefault,
}

impl Action {
    /// The action by its SQL name.
    pub fn named(name: &str) -> Self {
        match name.to_ascii_uppercase().as_str() {
            "CASCADE" => Action::Cascade,
            "SET NULL" => Action::SetNull,
            "SET DEFAULT" => Action::SetDefault,
            _ => Action::Refuse,
        }
    }

    /// Its SQL name.
    pub fn name(self) -> &'static str {
        match self {
            Action::Refuse => "NO ACTION",
            Action::Cascade => "CASCADE",
            Action::SetNull => "SET NULL",
            Action::SetDefault => "SET DEFAULT",
        }
    }
}
