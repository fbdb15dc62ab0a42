//! The config file, `tieout.toml`, read into a plan.
//!
//! ```toml
//! out = "reports"                # all of these are optional
//! workers = 2
//! memory = "512MiB"
//! time_zone = "Europe/Berlin"    # of both stores' times without a zone
//! keep_snapshots = "differ"      # never, differ, always
//!
//! [values]                       # what may be seen of values: show, mask, hash, length, hide
//! default = "show"               # of columns that are not listed
//! keys = "show"                  # of key columns that are not listed
//! hash_key = "${HASH_KEY}"       # of hash
//! columns = { "orders.email" = "mask", "*.ssn" = "hide" }
//!
//! [source]
//! url = "postgres://app:${PGPASSWORD}@db1/shop"
//! [target]
//! url = "mysql://app:${MYSQL_PASSWORD}@db2/shop"
//! time_zone = "UTC"              # goes before the one above
//!
//! [[tables]]                     # none at all: every table of both sides
//! source = "orders"
//! target = "Orders"              # left out: the same name
//! key = ["id"]                   # left out: the declared key
//! ignore = ["updated_at"]
//! where = "id < 1000000"         # or source_where, target_where
//! [[tables.columns]]
//! source = "created"
//! target = "created_at"
//! time_zone = "Europe/Paris"
//! ```
//!
//! `${NAME}` in a string is read from the environment, `$${` is a plain `${`. Relative paths, of stores as of `out`, start at
//! the current directory, not at the config file. Unknown keys are errors.

mod bytes;
mod environment;
mod nearest;
mod overrides;
mod selection;
mod values;
mod written;
mod zone;

use std::path::Path;

use chrono_tz::Tz;
use sha2::{Digest, Sha256};

pub use super::plan::{Keep, KeepSnapshots};
pub use crate::model::Showing;
pub use bytes::{MEMORY_BYTES_MIN, parse_bytes, parse_memory};
pub(super) use environment::escape;
pub use overrides::{Mode, Overrides, TableChoice, WORKERS_MAX, plan_without_file};
pub use values::hash_key_of_process;
pub use zone::parse_zone;

use self::environment::Environment;
use self::selection::select;
use self::written::{Document, Text, WrittenColumn, WrittenFile, WrittenStore, WrittenTable};
use super::{ColumnRequest, Options, RunPlan, StorePlan, TableRequest};
use crate::error::{Error, Result};
use crate::model::Pair;

/// Reads a config file into a plan; `overrides` go before what the file says.
pub fn load(path: &Path, overrides: &Overrides) -> Result<RunPlan> {
    let text = std::fs::read_to_string(path).map_err(|e| unreadable(path, e))?;
    plan_of_text(path, &text, &environment::process, overrides)
}

/// As [`load`], from a text and an environment that are given.
pub(crate) fn plan_of_text(
    path: &Path,
    text: &str,
    environment: Environment<'_>,
    overrides: &Overrides,
) -> Result<RunPlan> {
    overrides.refuse_what_is_not_built()?;
    let document = Document { path, text };
    let mut plan = Reader { document }.plan(document.parse(environment)?, environment, overrides)?;
    plan.options.config_sha256 = Some(hex::encode(Sha256::digest(text.as_bytes())));
    Ok(plan)
}

fn unreadable(path: &Path, cause: std::io::Error) -> Error {
    let hint = if cause.kind() == std::io::ErrorKind::NotFound {
        "draft one with: tieout init SOURCE TARGET > tieout.toml"
    } else {
        "the config must be a readable file of UTF-8 text"
    };
    Error::usage("cannot read the config file").at(path.display()).because(cause).hint(hint)
}

/// Turns what is written into what is meant; every error says where.
struct Reader<'a> {
    document: Document<'a>,
}

impl Reader<'_> {
    fn plan(&self, file: WrittenFile, environment: Environment<'_>, overrides: &Overrides) -> Result<RunPlan> {
        self.refuse_what_is_not_built(&file)?;
        let options = self.options(&file, environment, overrides)?;
        let zone = self.zone(file.time_zone.as_ref())?;
        let stores = Pair::new(&file.source, &file.target).try_map(|store| self.store(store, zone, overrides))?;
        let mut defaults = TableRequest::default();
        overrides.apply_to_table(&mut defaults);
        let tables = if file.tables.is_empty() {
            overrides.requests()
        } else {
            let mut selected = select(self.tables(&file)?, &overrides.tables)?;
            selected.iter_mut().for_each(|request| overrides.apply_to_table(request));
            Some(selected)
        };
        Ok(RunPlan { stores, tables, defaults, options })
    }

    /// The same refusals as for the command line, with the place in the file.
    fn refuse_what_is_not_built(&self, file: &WrittenFile) -> Result<()> {
        if let Some(text) = &file.mode {
            let written = text.get_ref().parse().map(|mode| Overrides { mode: Some(mode), ..Overrides::default() });
            let refusal = written.and_then(|written| written.refuse_what_is_not_built());
            refusal.map_err(|e| self.at(e, text))?;
        }
        let sampling = file.sample.as_ref().map(|s| s.span()).or(file.seed.as_ref().map(|s| s.span()));
        match sampling {
            Some(span) => Overrides { mode: Some(Mode::Sample), ..Overrides::default() }
                .refuse_what_is_not_built()
                .map_err(|e| e.at(self.document.place(span))),
            None => Ok(()),
        }
    }

    fn options(&self, file: &WrittenFile, environment: Environment<'_>, overrides: &Overrides) -> Result<Options> {
        let mut options = Options::default();
        if let Some(out) = &file.out {
            options.out = self.not_empty(out, "out")?.into();
        }
        if let Some(workers) = &file.workers {
            options.workers = usize::try_from(*workers.get_ref())
                .ok()
                .filter(|n| (1..=WORKERS_MAX).contains(n))
                .ok_or_else(|| {
                    Error::usage(format!("\"workers\" must be between 1 and {WORKERS_MAX}"))
                        .at(self.document.place(workers.span()))
                })?;
        }
        if let Some(memory) = &file.memory {
            options.memory_bytes_max = parse_memory(memory.get_ref()).map_err(|e| self.at(e, memory))?;
        }
        if let Some(keep) = &file.snapshot {
            options.keep = keep.get_ref().parse().map_err(|e| self.at(e, keep))?;
        }
        options.values = self.values(file.values.as_ref(), environment)?;
        overrides.apply_to_options(&mut options);
        options.values.check().map_err(|e| e.at(self.document.path.display()))?;
        let keep = file.keep_snapshots.as_ref();
        let keep = keep.map(|text| text.get_ref().parse().map_err(|e| self.at(e, text))).transpose()?;
        options.settle_snapshots(overrides.keep_snapshots.or(keep));
        Ok(options)
    }

    fn store(&self, store: &WrittenStore, zone: Option<Tz>, overrides: &Overrides) -> Result<StorePlan> {
        let own = self.zone(store.time_zone.as_ref())?;
        let url = self.not_empty(&store.url, "url")?;
        Ok(StorePlan { url, time_zone: overrides.time_zone.or(own).or(zone) })
    }

    fn tables(&self, file: &WrittenFile) -> Result<Vec<TableRequest>> {
        let mut requests = Vec::with_capacity(file.tables.len());
        for table in &file.tables {
            let request = self.table(table.get_ref())?;
            // The same pair under two conditions makes sense; the very same request twice is a slip.
            if requests.contains(&request) {
                let pair = format!("{} = {}", request.names.source, request.names.target);
                return Err(Error::usage(format!("the table pair {pair:?} is listed twice"))
                    .at(self.document.place(table.span())));
            }
            requests.push(request);
        }
        Ok(requests)
    }

    fn table(&self, table: &WrittenTable) -> Result<TableRequest> {
        let source = self.not_empty(&table.source, "source")?;
        let target = table.target.as_ref().map(|t| self.not_empty(t, "target")).transpose()?;
        let condition = |own: &Option<Text>| own.as_ref().or(table.filter.as_ref()).map(|t| t.get_ref().clone());
        Ok(TableRequest {
            names: Pair::new(source.clone(), target.unwrap_or(source)),
            key: table.key.as_deref().map(|key| self.names(key, "key")).transpose()?,
            ignore: self.names(&table.ignore, "ignore")?,
            filters: Pair::new(condition(&table.source_where), condition(&table.target_where)),
            columns: self.columns(table)?,
        })
    }

    fn columns(&self, table: &WrittenTable) -> Result<Vec<ColumnRequest>> {
        let mut requests: Vec<ColumnRequest> = Vec::with_capacity(table.columns.len());
        for column in &table.columns {
            let request = self.column(column.get_ref())?;
            if requests.iter().any(|earlier| earlier.source == request.source) {
                return Err(Error::usage(format!("the column {:?} is listed twice", request.source))
                    .at(self.document.place(column.span())));
            }
            requests.push(request);
        }
        Ok(requests)
    }

    fn column(&self, column: &WrittenColumn) -> Result<ColumnRequest> {
        Ok(ColumnRequest {
            source: self.not_empty(&column.source, "source")?,
            target: column.target.as_ref().map(|t| self.not_empty(t, "target")).transpose()?,
            time_zone: self.zone(column.time_zone.as_ref())?,
        })
    }

    fn names(&self, names: &[Text], key: &str) -> Result<Vec<String>> {
        let mut list = Vec::with_capacity(names.len());
        for text in names {
            let name = self.not_empty(text, key)?;
            if list.contains(&name) {
                return Err(self.at(Error::usage(format!("{name:?} is listed twice in {key:?}")), text));
            }
            list.push(name);
        }
        Ok(list)
    }

    fn zone(&self, zone: Option<&Text>) -> Result<Option<Tz>> {
        zone.map(|text| parse_zone(text.get_ref()).map_err(|e| self.at(e, text))).transpose()
    }

    fn not_empty(&self, text: &Text, key: &str) -> Result<String> {
        if text.get_ref().trim().is_empty() {
            return Err(self.at(Error::usage(format!("{key:?} is empty")), text));
        }
        Ok(text.get_ref().clone())
    }

    /// Places an error about a value. What came from the environment may be a password and is not repeated.
    fn at(&self, error: Error, text: &Text) -> Error {
        let is_replaced = self.document.text.get(text.span()).is_none_or(|written| written.contains("${"));
        let shown = if is_replaced { Error::usage("a value from the environment is not valid here") } else { error };
        shown.at(self.document.place(text.span()))
    }
}

#[cfg(test)]
mod tests;
