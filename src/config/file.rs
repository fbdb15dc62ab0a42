//! The config file, `tieout.toml`, read into a plan.
//!
//! ```toml
//! out = "reports"                # all of these are optional
//! workers = 2
//! memory = "512MiB"
//! time_zone = "Europe/Berlin"    # of both stores' times without a zone
//! consistency = "eventual"       # snapshot, eventual, strong: docs/moving-data.md
//! recheck = { times = 5, after = "2s" }
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
//! Beside these there are rules for columns, defaults, and groups of tables: docs/config.md explains every key, and
//! `shape` lists them.
//! `[retry]` says what is tried again: docs/faults.md. `history`, `[limits]` and `[[waivers]]` are for the gate: docs/gate.md explains them.
//!
//! `${NAME}` in a string is read from the environment, `$${` is a plain `${`. Relative paths, of stores as of `out`, start at
//! the current directory, not at the config file. Unknown keys are errors.

mod bytes;
mod columns;
mod environment;
mod groups;
mod limits;
mod load;
mod moving;
mod nearest;
mod overrides;
mod retry;
mod sampling;
mod schema;
mod selection;
mod shape;
mod showing;
mod values;
mod waivers;
mod written;
mod zone;

use std::path::Path;

use chrono_tz::Tz;
use sha2::{Digest, Sha256};
use toml::Spanned;

pub use super::plan::{HISTORY_FILE, Keep, KeepSnapshots};
pub use crate::model::Showing;
pub use bytes::{MEMORY_BYTES_MIN, parse_bytes, parse_memory};
pub(super) use environment::escape;
pub use load::parse_rate;
pub use overrides::{Mode, Overrides, TableChoice, WORKERS_MAX, plan_without_file};
pub use schema::json_schema;
pub use showing::hash_key_of_process;
pub use zone::parse_zone;

use self::environment::Environment;
use self::groups::{Common, Groups};
use self::sampling::WrittenSampling;
use self::selection::select;
use self::shape::{Text, WrittenFile, WrittenStore, WrittenTable};
use self::values::Several;
use self::written::Document;
use super::{Options, RunPlan, StorePlan, TableRequest};
use crate::error::{Error, Result};
use crate::model::{Pair, SampleSize, Sampling, is_pattern};

/// Reads a config file into a plan; `overrides` go before what the file says.
pub fn load(path: &Path, overrides: &Overrides) -> Result<RunPlan> {
    let text = std::fs::read_to_string(path).map_err(|e| unreadable(path, e))?;
    plan_of_text(path, &text, &environment::process, overrides)
}

/// As [`load`], for commands that open no store: what the environment does not hold may be missing.
pub fn load_without_secrets(path: &Path) -> Result<RunPlan> {
    let text = std::fs::read_to_string(path).map_err(|e| unreadable(path, e))?;
    // Long enough for a key of hashes, too.
    let environment =
        |name: &str| environment::process(name).or_else(|| Some(format!("{name}-is-not-in-the-environment").into()));
    plan_of_text(path, &text, &environment, &Overrides::default())
}

/// As [`load`], from a text and an environment that are given.
pub(crate) fn plan_of_text(
    path: &Path,
    text: &str,
    environment: Environment<'_>,
    overrides: &Overrides,
) -> Result<RunPlan> {
    let document = Document { path, text };
    let planned = document.parse(environment).and_then(|file| Reader { document }.plan(file, environment, overrides));
    let mut plan = planned.map_err(|e| match e.advice() {
        Some(_) => e,
        None => e.hint("docs/config.md explains every key, and `tieout init SOURCE TARGET` drafts a file"),
    })?;
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
        let mut options = self.options(&file, environment, overrides)?;
        options.gate = self.gate(&file)?;
        let zone = self.zone(file.time_zone.as_ref())?;
        let stores = Pair::new(&file.source, &file.target).try_map(|store| self.store(store, zone, overrides))?;
        let (groups, mut by_pattern) = self.groups(&file)?;
        let mut defaults = match &file.defaults {
            Some(written) => self.defaults(written, &groups)?,
            None => TableRequest::default(),
        };
        let shared = by_pattern.iter_mut().map(|group| &mut group.request).chain([&mut defaults]);
        shared.for_each(|request| overrides.apply_to_table(request));
        if !file.tables.is_empty() && file.all_tables != Some(true) {
            self.check_gate(&options.gate, &self.tables(&file, &groups)?)?;
        }
        // With --table, no others are compared.
        let all_tables = file.all_tables == Some(true) && overrides.tables.is_empty() && !file.tables.is_empty();
        let options = Options { groups: by_pattern, all_tables, ..options };
        let tables = if file.tables.is_empty() {
            overrides.requests()
        } else {
            let mut selected = select(self.tables(&file, &groups)?, &overrides.tables)?;
            selected.iter_mut().for_each(|request| overrides.apply_to_table(request));
            Some(selected)
        };
        Ok(RunPlan { stores, tables, defaults, options })
    }

    /// What the file says about a sample, under what the command line says.
    fn sampling(&self, file: &WrittenFile, overrides: &Overrides) -> Result<Option<Sampling>> {
        let parsed = |text: &Option<Text>, check: fn(&str) -> Result<SampleSize>| {
            text.as_ref()
                .map(|t| check(t.get_ref()).map(|_| t.get_ref().clone()).map_err(|e| self.at(e, t)))
                .transpose()
        };
        let mode = |text: &Text| text.get_ref().parse::<Mode>().map_err(|e| self.at(e, text));
        let written = WrittenSampling {
            mode: file.mode.as_ref().map(mode).transpose()?,
            sample: parsed(&file.sample, sampling::parse_share)?,
            sample_for: parsed(&file.sample_for, sampling::parse_proof)?,
            seed: file.seed.as_ref().map(|seed| *seed.get_ref()),
            escalate: file.escalate,
        };
        overrides.sampling().over(written).meant().map_err(|e| e.at(self.document.path.display()))
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
        self.moving(file, &mut options)?;
        options.values = self.values(file.values.as_ref(), environment)?;
        options.retry = self.retry(file.retry.as_ref())?;
        options.resumable = true;
        overrides.apply_to_options(&mut options);
        if options.history.is_none() {
            let written = file.history.as_ref().map(|text| self.not_empty(text, "history")).transpose()?;
            options.history = Some(written.map_or_else(|| options.out.join(HISTORY_FILE), Into::into));
        }
        options.load = self.load(file)?;
        overrides.apply_to_load(&mut options.load);
        options.deadline = self.deadline(file, overrides)?;
        options.values.check().map_err(|e| e.at(self.document.path.display()))?;
        let keep = file.keep_snapshots.as_ref();
        let keep = keep.map(|text| text.get_ref().parse().map_err(|e| self.at(e, text))).transpose()?;
        options.settle_snapshots(overrides.keep_snapshots.or(keep));
        options.sampling = self.sampling(file, overrides)?;
        options.check_moving().map_err(|e| e.at(self.document.path.display()))?;
        Ok(options)
    }

    fn store(&self, store: &WrittenStore, zone: Option<Tz>, overrides: &Overrides) -> Result<StorePlan> {
        let own = self.zone(store.time_zone.as_ref())?;
        let url = self.not_empty(&store.url, "url")?;
        Ok(StorePlan { url, time_zone: overrides.time_zone.or(own).or(zone) })
    }

    fn tables(&self, file: &WrittenFile, groups: &Groups) -> Result<Vec<TableRequest>> {
        let mut requests = Vec::with_capacity(file.tables.len());
        for table in &file.tables {
            let request = self.table(table.get_ref(), groups)?;
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

    fn table(&self, table: &WrittenTable, groups: &Groups) -> Result<TableRequest> {
        let WrittenTable {
            source,
            target,
            key,
            ignore,
            filter,
            source_where,
            target_where,
            used,
            columns,
            min_age,
            updated_at,
        } = table;
        let mut source_names = self.table_names(source, "source")?;
        let mut target_names = match target {
            Some(target) => self.table_names(target, "target")?,
            None if source_names.len() == 1 && !is_pattern(&source_names[0]) => source_names.clone(),
            None => {
                let error = Error::usage("several tables of the source are read as one, but \"target\" is missing");
                return Err(error.at(self.document.place(source.span())));
            }
        };
        let common =
            Common { key, ignore, filters: [source_where, target_where, filter], columns, min_age, updated_at };
        let mut request = self.common(common, None)?;
        request.names = Pair::new(source_names.remove(0), target_names.remove(0));
        request.more = Pair::new(source_names, target_names);
        self.using(request, used, groups)
    }

    /// The names of a table, or of several that are read as one: one at least.
    fn table_names(&self, names: &Spanned<Several>, key: &str) -> Result<Vec<String>> {
        let Several(all) = names.get_ref();
        if all.is_empty() || all.iter().any(|name| name.trim().is_empty()) {
            return Err(Error::usage(format!("{key:?} is empty")).at(self.document.place(names.span())));
        }
        Ok(all.clone())
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
