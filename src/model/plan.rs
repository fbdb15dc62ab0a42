//! The plan of a table: which column meets which, as what they are compared, and what the key is. Decided before a row
//! is read; nothing in it is optional that the stages after it need.

use serde::{Deserialize, Serialize};

use super::{AgePlan, ColumnResult, ColumnStatus, DigestColumn, Pair, SchemaFinding, Side, Table, TableResult};
use crate::canonical::{CanonicalType, Encoding, LooseHint, Reading, Rules, Tolerance};

/// As what a pair of columns is compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The shared type in the words of reports, for example `decimal(12,4)`.
    pub label: String,
    /// How each side's values are read as that type and encoded.
    pub readings: Pair<Reading>,
}

impl Comparison {
    /// The encoding both sides share.
    pub fn encoding(&self) -> Encoding {
        self.readings.source.encoding
    }
}

/// A column of the report: every column of either side has one, compared or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnPlan {
    /// Its name in the source, or in the target where only the target has it.
    pub name: String,
    /// Its name in the target.
    pub target: Option<String>,
    /// What will become of it.
    pub status: ColumnStatus,
    /// The comparison, where it is compared.
    pub compared: Option<ComparedColumn>,
    /// What is known about it before a row is read.
    pub findings: Vec<String>,
}

impl ColumnPlan {
    /// The column's line in the result before anything has been compared.
    pub fn result(&self) -> ColumnResult {
        ColumnResult {
            name: self.name.clone(),
            target: self.target.clone(),
            status: self.status,
            compared_as: self.compared.as_ref().map(ComparedColumn::label),
            corrupt: 0,
            findings: self.findings.clone(),
        }
    }
}

/// Where a compared pair of columns stands in its tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedColumn {
    /// Positions in the tables' column lists; without meaning on a side that has an expression.
    pub positions: Pair<usize>,
    /// As what it is compared.
    pub comparison: Comparison,
    /// What is asked of the values of both sides beyond their type.
    pub rules: Option<Box<Rules>>,
    /// How far apart two values may be. Only the diff knows of it, no digest.
    pub tolerance: Option<Tolerance>,
    /// SQL expressions over a side's columns that stand in place of a column.
    pub expressions: Pair<Option<String>>,
}

impl ComparedColumn {
    /// A pair of columns that is compared as its types say.
    pub fn plain(positions: Pair<usize>, comparison: Comparison) -> Self {
        Self { positions, comparison, rules: None, tolerance: None, expressions: Pair::default() }
    }

    /// The words of reports for what is compared, and how.
    pub fn label(&self) -> String {
        let label = &self.comparison.label;
        match &self.tolerance {
            Some(tolerance) => format!("{label} (tolerance {})", tolerance.described()),
            None => label.clone(),
        }
    }
}

/// A pair of tables that will be compared.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TablePlan {
    /// The name in reports, unique within the run, fit for a folder.
    pub name: String,
    /// The tables as their stores describe them; the first one where a side has several.
    pub tables: Pair<Table>,
    /// The further tables of a side whose rows are spread over several, all with the columns of the first.
    pub more: Pair<Vec<Table>>,
    /// Conditions on the rows, in each store's SQL.
    pub filters: Pair<Option<String>>,
    /// Every column of either side, in the source's order, then those only the target has.
    pub columns: Vec<ColumnPlan>,
    /// The positions in `columns` of the key, in key order. Empty: the whole row is the key.
    pub key: Vec<usize>,
    /// Whether a store itself forbids repeated keys, for each side.
    pub key_enforced: Pair<bool>,
    /// Which rows are too young to be compared; `None` where all are compared.
    #[serde(default)]
    pub age: Option<AgePlan>,
    /// What is known about the table before a row is read.
    pub findings: Vec<String>,
    /// In what the schemas differ.
    pub schema: Vec<SchemaFinding>,
}

impl TablePlan {
    /// Positions in `columns` of the columns that make up the key bytes: the key, or every compared column.
    pub fn key_columns(&self) -> Vec<usize> {
        if self.key.is_empty() { self.compared().collect() } else { self.key.clone() }
    }

    /// Positions in `columns` of the compared columns that are no part of the key bytes.
    pub fn value_columns(&self) -> Vec<usize> {
        let key = self.key_columns();
        self.compared().filter(|i| !key.contains(i)).collect()
    }

    /// Positions in `columns` of all compared columns.
    pub fn compared(&self) -> impl Iterator<Item = usize> + '_ {
        self.columns.iter().enumerate().filter(|(_, c)| c.compared.is_some()).map(|(i, _)| i)
    }

    /// Whether the key is one integer, so that its ranges need no sample. Values that are none are allowed.
    pub fn has_number_key(&self) -> bool {
        let &[at] = self.key.as_slice() else { return false };
        let Some(compared) = &self.columns[at].compared else { return false };
        let is_number = |reading: &Reading| matches!(reading.encoding, Encoding::Number | Encoding::Loose);
        let is_integer = |side: Side| {
            let column = self.tables.get(side).columns.get(*compared.positions.get(side));
            match column.map(|column| (&column.canonical, column.native.to_ascii_lowercase())) {
                Some((CanonicalType::Int64 | CanonicalType::UInt64, _)) => true,
                Some((CanonicalType::Decimal { scale: 0, .. }, _)) => true,
                Some((CanonicalType::Loose(LooseHint::Number), native)) => native.contains("int"),
                _ => false,
            }
        };
        let readings = &compared.comparison.readings;
        is_number(&readings.source)
            && is_number(&readings.target)
            && compared.rules.is_none()
            && compared.expressions == Pair::default()
            && Side::BOTH.into_iter().any(is_integer)
    }

    /// How one side of the column at `at` enters the digests; `None` where it is not compared.
    pub fn digest_column(&self, at: usize, side: Side) -> Option<DigestColumn> {
        let column = &self.columns[at];
        let compared = column.compared.as_ref()?;
        let expression = compared.expressions.get(side).clone();
        let name = match expression {
            Some(_) => column.name.clone(),
            None => self.tables.get(side).columns[*compared.positions.get(side)].name.clone(),
        };
        let reading = *compared.comparison.readings.get(side);
        Some(DigestColumn { name, reading, rules: compared.rules.clone(), expression })
    }

    /// The result before anything has been compared: `undecided`, with the plan's columns and findings.
    pub fn result(&self) -> TableResult {
        let tables = Pair::from_fn(|side| {
            let all = std::iter::once(self.tables.get(side)).chain(self.more.get(side));
            Some(all.map(|table| table.name.to_string()).collect::<Vec<_>>().join(" + "))
        });
        TableResult {
            key: self.key.iter().map(|at| self.columns[*at].name.clone()).collect(),
            columns: self.columns.iter().map(ColumnPlan::result).collect(),
            schema: self.schema.clone(),
            ..TableResult::open(self.name.clone(), tables, self.findings.clone())
        }
    }
}

/// What the mapping makes of a table that was asked for.
#[derive(Debug, Clone)]
pub enum TableOutcome {
    /// It will be compared.
    Compare(Box<TablePlan>),
    /// It is on one side only, or cannot be compared; `verdict` is `differ` or `undecided`, never `match`.
    Settled(Box<super::TableResult>),
}
