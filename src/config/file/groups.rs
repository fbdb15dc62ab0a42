//! `[defaults]` and `[groups]`: what holds for many tables at once.

use std::collections::BTreeMap;

use toml::Spanned;

use super::Reader;
use super::nearest::did_you_mean;
use super::shape::{Text, WrittenColumn, WrittenDefaults, WrittenFile, WrittenGroup};
use crate::config::{ColumnRequest, PatternRequest, TableRequest};
use crate::error::{Error, Result};
use crate::model::{Pair, Place, is_pattern};

/// The groups of a config by name, each with all that it uses.
pub(super) type Groups = BTreeMap<String, TableRequest>;

/// What `[defaults]`, a group and a table pair have in common.
pub(super) struct Common<'a> {
    pub key: &'a Option<Vec<Text>>,
    pub ignore: &'a [Text],
    pub filters: [&'a Option<Text>; 3],
    pub columns: &'a [Spanned<WrittenColumn>],
    pub min_age: &'a Option<Text>,
    pub updated_at: &'a Option<Text>,
}

impl Reader<'_> {
    /// All groups, and those of them that hold for tables by their names.
    pub(super) fn groups(&self, file: &WrittenFile) -> Result<(Groups, Vec<PatternRequest>)> {
        let mut groups = Groups::new();
        let mut by_pattern = Vec::new();
        for (name, group) in &file.groups {
            let request = self.group(file, name, &mut Vec::new())?;
            if let Some(tables) = &group.get_ref().tables {
                let place = || self.document.place(tables.span());
                let tables = &tables.get_ref().0;
                if let Some(wrong) =
                    tables.iter().find(|t| t.trim().is_empty() || glob::Pattern::new(t).is_err() && is_pattern(t))
                {
                    return Err(Error::usage(format!("{wrong:?} is no name and no pattern")).at(place()));
                }
                by_pattern.push(PatternRequest { tables: tables.clone(), request: request.clone() });
            }
            groups.insert(name.clone(), request);
        }
        Ok((groups, by_pattern))
    }

    /// What holds for every table.
    pub(super) fn defaults(&self, defaults: &WrittenDefaults, groups: &Groups) -> Result<TableRequest> {
        let WrittenDefaults { key, ignore, filter, source_where, target_where, used, columns, min_age, updated_at } =
            defaults;
        let common =
            Common { key, ignore, filters: [source_where, target_where, filter], columns, min_age, updated_at };
        let request = self.common(common, Some("[defaults]"))?;
        self.using(request, used, groups)
    }

    /// A request with what the groups that it uses ask, below what it asks itself.
    pub(super) fn using(&self, mut request: TableRequest, used: &[Text], groups: &Groups) -> Result<TableRequest> {
        for name in used {
            match groups.get(name.get_ref()) {
                Some(group) => request.under(group),
                None => return Err(self.unknown_group(name, groups.keys().map(String::as_str))),
            }
        }
        Ok(request)
    }

    fn group(&self, file: &WrittenFile, name: &str, within: &mut Vec<String>) -> Result<TableRequest> {
        let Some(group) = file.groups.get(name) else { return Ok(TableRequest::default()) };
        if within.iter().any(|outer| outer == name) {
            return Err(Error::usage(format!("the group {name:?} uses itself, by way of {}", within.join(", ")))
                .at(self.document.place(group.span())));
        }
        within.push(name.to_owned());
        let WrittenGroup {
            tables: _,
            key,
            ignore,
            filter,
            source_where,
            target_where,
            used,
            columns,
            min_age,
            updated_at,
        } = group.get_ref();
        let common =
            Common { key, ignore, filters: [source_where, target_where, filter], columns, min_age, updated_at };
        let mut request = self.common(common, Some(&format!("[groups.{name}]")))?;
        for inner in used {
            if !file.groups.contains_key(inner.get_ref()) {
                return Err(self.unknown_group(inner, file.groups.keys().map(String::as_str)));
            }
            request.under(&self.group(file, inner.get_ref(), within)?);
        }
        within.pop();
        Ok(request)
    }

    /// What is asked, without the names of tables. What many tables share (`shared` says where) may name columns that
    /// only some of them have.
    pub(super) fn common(&self, common: Common<'_>, shared: Option<&str>) -> Result<TableRequest> {
        let [source_where, target_where, filter] = common.filters;
        let condition = |own: &Option<Text>| own.as_ref().or(filter.as_ref()).map(|t| t.get_ref().clone());
        let mut request = TableRequest {
            key: common.key.as_deref().map(|key| self.names(key, "key")).transpose()?,
            filters: Pair::new(condition(source_where), condition(target_where)),
            columns: self.columns(common.columns, shared.is_none())?,
            min_age: common.min_age.as_ref().map(|text| self.duration(text, "min_age")).transpose()?,
            updated_at: common.updated_at.as_ref().map(|text| self.not_empty(text, "updated_at")).transpose()?,
            ..TableRequest::default()
        };
        for text in common.ignore.iter().filter(|text| is_pattern(text.get_ref())) {
            self.check_pattern(text.get_ref(), text)?;
        }
        let ignored = self.names(common.ignore, "ignore")?;
        match shared {
            None => request.ignore = ignored,
            Some(shared) => {
                request.columns.extend(ignored.into_iter().zip(common.ignore).map(|(source, text)| ColumnRequest {
                    source,
                    ignore: Some(format!("by {shared}")),
                    place: Place(self.document.place(text.span())),
                    ..ColumnRequest::default()
                }))
            }
        }
        Ok(request)
    }

    fn unknown_group<'a>(&self, name: &Text, known: impl Iterator<Item = &'a str> + Clone) -> Error {
        let near = did_you_mean(name.get_ref(), known.clone());
        let known: Vec<&str> = known.collect();
        let error = self.at(Error::usage(format!("there is no group {:?}{near}", name.get_ref())), name);
        match known.as_slice() {
            [] => error.hint("write one as [groups.NAME]"),
            _ => error.hint(format!("the groups are {}", known.join(", "))),
        }
    }
}
