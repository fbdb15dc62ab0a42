//! `[limits]`: which differences the gate lets pass.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::Reader;
use super::nearest::did_you_mean;
use super::shape::{Text, WrittenFile};
use crate::config::TableRequest;
use crate::error::{Error, Result};
use crate::model::naming::{fit, is_pattern, names_of_table};
use crate::model::{Allowed, GatePlan, Limits, Severity, Share, TableLimits};

/// `[limits]`: of the whole run.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as [limits]")]
pub struct WrittenLimits {
    /// The most keys of this class.
    #[schemars(with = "Option<u64>")]
    pub missing: Option<Spanned<u64>>,
    /// The most keys of this class, as a share of the rows, for example 0.1%.
    #[schemars(with = "Option<String>")]
    pub missing_share: Option<Text>,
    /// The most keys of this class.
    #[schemars(with = "Option<u64>")]
    pub unexpected: Option<Spanned<u64>>,
    /// The most keys of this class, as a share of the target's rows.
    #[schemars(with = "Option<String>")]
    pub unexpected_share: Option<Text>,
    /// The most keys of this class.
    #[schemars(with = "Option<u64>")]
    pub duplicate: Option<Spanned<u64>>,
    /// The most keys of this class, as a share of the rows.
    #[schemars(with = "Option<String>")]
    pub duplicate_share: Option<Text>,
    /// The most rows of this class.
    #[schemars(with = "Option<u64>")]
    pub corrupt: Option<Spanned<u64>>,
    /// The most rows of this class, as a share of the rows.
    #[schemars(with = "Option<String>")]
    pub corrupt_share: Option<Text>,
    /// The least share of the existing tables that must be compared.
    #[schemars(with = "Option<String>")]
    pub coverage_tables: Option<Text>,
    /// The least share of the existing columns that must be compared.
    #[schemars(with = "Option<String>")]
    pub coverage_columns: Option<Text>,
    /// Schema findings of this severity and above are differences: lossy, stricter, different or note.
    #[schemars(with = "Option<String>")]
    pub schema: Option<Text>,
    /// The limits of tables, by name on either side or by pattern; they go before those of the run.
    #[serde(default)]
    pub tables: BTreeMap<String, WrittenTableLimits>,
}

/// `[limits.tables.NAME]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as [limits.tables.orders]")]
pub struct WrittenTableLimits {
    /// The most keys of this class.
    #[schemars(with = "Option<u64>")]
    pub missing: Option<Spanned<u64>>,
    /// The most keys of this class, as a share of the rows, for example 0.1%.
    #[schemars(with = "Option<String>")]
    pub missing_share: Option<Text>,
    /// The most keys of this class.
    #[schemars(with = "Option<u64>")]
    pub unexpected: Option<Spanned<u64>>,
    /// The most keys of this class, as a share of the target's rows.
    #[schemars(with = "Option<String>")]
    pub unexpected_share: Option<Text>,
    /// The most keys of this class.
    #[schemars(with = "Option<u64>")]
    pub duplicate: Option<Spanned<u64>>,
    /// The most keys of this class, as a share of the rows.
    #[schemars(with = "Option<String>")]
    pub duplicate_share: Option<Text>,
    /// The most rows of this class.
    #[schemars(with = "Option<u64>")]
    pub corrupt: Option<Spanned<u64>>,
    /// The most rows of this class, as a share of the rows.
    #[schemars(with = "Option<String>")]
    pub corrupt_share: Option<Text>,
    /// The least share of the existing columns that must be compared.
    #[schemars(with = "Option<String>")]
    pub coverage_columns: Option<Text>,
    /// Schema findings of this severity and above are differences: lossy, stricter, different or note.
    #[schemars(with = "Option<String>")]
    pub schema: Option<Text>,
    /// The limits of columns, by name on either side or by pattern.
    #[serde(default)]
    pub columns: BTreeMap<String, WrittenColumnLimits>,
}

/// `[limits.tables.NAME.columns.NAME]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as [limits.tables.orders.columns.note]")]
pub struct WrittenColumnLimits {
    /// The most rows in which the column differs.
    #[schemars(with = "Option<u64>")]
    pub corrupt: Option<Spanned<u64>>,
    /// The same as a share of the rows.
    #[schemars(with = "Option<String>")]
    pub corrupt_share: Option<Text>,
}

impl Reader<'_> {
    /// The limits and waivers of a config.
    pub(super) fn gate(&self, file: &WrittenFile) -> Result<GatePlan> {
        let mut gate = GatePlan { waivers: self.waivers(&file.waivers)?, ..GatePlan::default() };
        if let Some(written) = &file.limits {
            gate.limits = self.run_limits(written)?;
            for (table, written) in &written.tables {
                gate.tables.push(self.table_limits(table, written)?);
            }
        }
        Ok(gate)
    }

    /// A limit or a waiver for a table that the config does not name is a slip.
    pub(super) fn check_gate(&self, gate: &GatePlan, tables: &[TableRequest]) -> Result<()> {
        let limits = gate.tables.iter().map(|limits| limits.table.as_str());
        for written in limits.chain(gate.waivers.iter().filter_map(|waiver| waiver.table.as_deref())) {
            let fits = |one: &TableRequest| {
                fit(written, names_of_table(&one.names.source, Some(&one.names.source), Some(&one.names.target)))
            };
            if !is_pattern(written) && !tables.iter().any(|one| fits(one).is_some()) {
                let near = did_you_mean(written, tables.iter().map(|one| one.names.source.as_str()));
                return Err(Error::usage(format!(
                    "a limit or waiver is for the table {written:?}, which [[tables]] does not list{near}"
                ))
                .at(self.document.path.display())
                .hint("write the name as under [[tables]]"));
            }
        }
        Ok(())
    }

    fn run_limits(&self, written: &WrittenLimits) -> Result<Limits> {
        Ok(Limits {
            classes: [
                self.allowed(&written.missing, &written.missing_share)?,
                self.allowed(&written.unexpected, &written.unexpected_share)?,
                self.allowed(&written.duplicate, &written.duplicate_share)?,
                self.allowed(&written.corrupt, &written.corrupt_share)?,
            ],
            coverage_tables: self.share(&written.coverage_tables)?,
            coverage_columns: self.share(&written.coverage_columns)?,
            schema: self.severity(&written.schema)?,
        })
    }

    fn table_limits(&self, table: &str, written: &WrittenTableLimits) -> Result<TableLimits> {
        let limits = Limits {
            classes: [
                self.allowed(&written.missing, &written.missing_share)?,
                self.allowed(&written.unexpected, &written.unexpected_share)?,
                self.allowed(&written.duplicate, &written.duplicate_share)?,
                self.allowed(&written.corrupt, &written.corrupt_share)?,
            ],
            coverage_tables: None,
            coverage_columns: self.share(&written.coverage_columns)?,
            schema: self.severity(&written.schema)?,
        };
        let mut columns = Vec::new();
        for (column, written) in &written.columns {
            let Some(allowed) = self.allowed(&written.corrupt, &written.corrupt_share)? else {
                return Err(Error::usage(format!("the limits of column {column:?} of table {table:?} say nothing"))
                    .at(self.document.path.display())
                    .hint("a column takes corrupt = 10 or corrupt_share = \"0.1%\""));
            };
            columns.push((column.clone(), allowed));
        }
        Ok(TableLimits { table: table.to_owned(), limits, columns })
    }

    fn allowed(&self, count: &Option<Spanned<u64>>, share: &Option<Text>) -> Result<Option<Allowed>> {
        let share = self.share(share)?;
        let count = count.as_ref().map(|count| *count.get_ref());
        Ok((count.is_some() || share.is_some()).then_some(Allowed { count, share }))
    }

    fn share(&self, share: &Option<Text>) -> Result<Option<Share>> {
        let Some(text) = share else { return Ok(None) };
        let parsed = Share::parse(text.get_ref()).ok_or_else(|| {
            let error = Error::usage(format!("{:?} is no share", text.get_ref()));
            self.at(error, text).hint("write a share between 0% and 100% in quotes, for example \"0.1%\"")
        });
        parsed.map(Some)
    }

    fn severity(&self, severity: &Option<Text>) -> Result<Option<Severity>> {
        let Some(text) = severity else { return Ok(None) };
        let known = Severity::ALL.map(Severity::name);
        let found = Severity::ALL.into_iter().find(|one| one.name() == text.get_ref());
        let unknown = || {
            let near = did_you_mean(text.get_ref(), known);
            let error = Error::usage(format!("unknown severity {:?}{near}", text.get_ref()));
            self.at(error, text).hint(format!("a severity is one of {}", known.join(", ")))
        };
        found.ok_or_else(unknown).map(Some)
    }
}
