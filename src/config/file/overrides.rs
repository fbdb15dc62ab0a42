//! What the command line says: it goes before what a config file says.

use std::path::PathBuf;
use std::str::FromStr;

use chrono_tz::Tz;

use super::nearest::did_you_mean;
use super::sampling::WrittenSampling;
use super::showing::hash_key_of_process;
use crate::config::{Keep, KeepSnapshots, Options, RunPlan, StorePlan, TableRequest};
use crate::error::{Error, Result};
use crate::model::{Consistency, Pair, Showing};
use crate::throttle::{Caps, Deadline, LoadPlan};

/// The options of the command line; what is `None` or empty was not given.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The tables that were named.
    pub tables: Vec<TableChoice>,
    /// The key columns of every table.
    pub key: Option<Vec<String>>,
    /// The columns to leave out of every table.
    pub ignore: Option<Vec<String>>,
    /// A condition on the rows of both sides of every table.
    pub filter: Option<String>,
    /// The zone of times without a zone, for both stores.
    pub time_zone: Option<Tz>,
    /// Whether every row is compared.
    pub mode: Option<Mode>,
    /// The share to sample.
    pub sample: Option<String>,
    /// What the sample is to prove.
    pub sample_for: Option<String>,
    /// The seed of the sample.
    pub seed: Option<u64>,
    /// Whether a table whose sample differs is compared in full.
    pub escalate: bool,
    /// How much the moments may differ at which the stores are read.
    pub consistency: Option<Consistency>,
    /// What a snapshot keeps.
    pub snapshot: Option<Keep>,
    /// Parallel readers of each store.
    pub workers: Option<usize>,
    /// The most memory of the diff, in bytes.
    pub memory_bytes_max: Option<u64>,
    /// Where run directories are written.
    pub out: Option<PathBuf>,
    /// The file in which the run is recorded.
    pub history: Option<PathBuf>,
    /// What may be seen of values at most; a config may say less.
    pub values: Option<Showing>,
    /// What may be seen of key columns that no config lists, at most.
    pub key_values: Option<Showing>,
    /// Which snapshots stay when the run has ended.
    pub keep_snapshots: Option<KeepSnapshots>,
    /// The file with the Ed25519 key that signs the run's manifest.
    pub sign: Option<PathBuf>,
    /// The most that is read of each store; what a config allows less stays.
    pub caps: Caps,
    /// When the run has to be over.
    pub deadline: Option<Deadline>,
    /// How often what failed for the moment is tried again.
    pub retries: Option<u32>,
}

/// `T` or `SOURCE_TABLE=TARGET_TABLE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableChoice {
    /// The source's name, or the name on both sides.
    pub source: String,
    /// The target's name, where one was given.
    pub target: Option<String>,
}

/// How many of the rows are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All.
    Full,
    /// A share of them.
    Sample,
}

/// The most readers that can be asked for.
pub const WORKERS_MAX: usize = 1024;

/// The plan of a comparison without a config file.
pub fn plan_without_file(urls: Pair<String>, overrides: &Overrides) -> Result<RunPlan> {
    for (url, side) in [(&urls.source, "SOURCE"), (&urls.target, "TARGET")] {
        if url.trim().is_empty() {
            return Err(Error::usage(format!("{side} is empty")).hint("give a URL or a path, see tieout diff --help"));
        }
    }
    let mut defaults = TableRequest::default();
    overrides.apply_to_table(&mut defaults);
    let mut options = Options::default();
    overrides.apply_to_options(&mut options);
    options.values.hash_key = hash_key_of_process()?;
    options.values.check()?;
    options.settle_snapshots(overrides.keep_snapshots);
    options.sampling = overrides.sampling().meant()?;
    overrides.apply_to_load(&mut options.load);
    options.deadline = overrides.deadline.clone().map(|deadline| (deadline, overrides.time_zone));
    options.check_moving()?;
    let stores = urls.map(|url| StorePlan { url, time_zone: overrides.time_zone });
    Ok(RunPlan { stores, tables: overrides.requests(), defaults, options })
}

impl Overrides {
    /// What the command line says about a sample.
    pub(super) fn sampling(&self) -> WrittenSampling {
        WrittenSampling {
            mode: self.mode,
            sample: self.sample.clone(),
            sample_for: self.sample_for.clone(),
            seed: self.seed,
            escalate: self.escalate.then_some(true),
        }
    }

    /// The tables named on the command line, as requests; `None` where none was named.
    pub fn requests(&self) -> Option<Vec<TableRequest>> {
        let requests = self.tables.iter().map(|choice| {
            let target = choice.target.as_ref().unwrap_or(&choice.source);
            let names = Pair::new(choice.source.clone(), target.clone());
            let mut request = TableRequest { names, ..TableRequest::default() };
            self.apply_to_table(&mut request);
            request
        });
        if self.tables.is_empty() { None } else { Some(requests.collect()) }
    }

    /// What the command line says about every table.
    pub fn apply_to_table(&self, request: &mut TableRequest) {
        if let Some(key) = &self.key {
            request.key = Some(key.clone());
        }
        if let Some(ignore) = &self.ignore {
            request.ignore = ignore.clone();
        }
        if let Some(filter) = &self.filter {
            request.filters = Pair::from_fn(|_| Some(filter.clone()));
        }
    }

    /// What the command line says about the load: it only makes a run gentler.
    pub fn apply_to_load(&self, load: &mut Pair<LoadPlan>) {
        for plan in [&mut load.source, &mut load.target] {
            plan.caps = plan.caps.min(self.caps);
            if let Some(peak) = &mut plan.peak {
                peak.caps = peak.caps.min(self.caps);
            }
        }
    }

    /// What the command line says about the whole run.
    pub fn apply_to_options(&self, options: &mut Options) {
        if let Some(out) = &self.out {
            options.out = out.clone();
        }
        if let Some(workers) = self.workers {
            options.workers = workers;
        }
        if let Some(memory) = self.memory_bytes_max {
            options.memory_bytes_max = memory;
        }
        if let Some(consistency) = self.consistency {
            options.consistency = consistency;
        }
        if let Some(keep) = self.snapshot {
            options.keep = keep;
        }
        if let Some(history) = &self.history {
            options.history = Some(history.clone());
        }
        if let Some(showing) = self.values {
            options.values.tighten(showing);
        }
        if let Some(showing) = self.key_values {
            options.values.keys = options.values.keys.max(showing);
        }
        if let Some(sign) = &self.sign {
            options.sign = Some(sign.clone());
        }
        if let Some(retries) = self.retries {
            options.retry.times = retries;
        }
    }
}

impl FromStr for TableChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (source, target) = match text.split_once('=') {
            Some((source, target)) => (source.trim(), Some(target.trim())),
            None => (text.trim(), None),
        };
        if source.is_empty() || target.is_some_and(str::is_empty) {
            return Err(Error::usage("a table name is empty").hint("write T or SOURCE_TABLE=TARGET_TABLE"));
        }
        Ok(Self { source: source.into(), target: target.map(Into::into) })
    }
}

impl FromStr for Mode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "full" => Ok(Self::Full),
            "sample" => Ok(Self::Sample),
            other => Err(unknown_choice("mode", other, ["full", "sample"])),
        }
    }
}

impl FromStr for Keep {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "full" => Ok(Self::Full),
            "lean" => Ok(Self::Lean),
            other => Err(unknown_choice("snapshot", other, ["full", "lean"])),
        }
    }
}

fn unknown_choice(what: &str, written: &str, known: [&str; 2]) -> Error {
    Error::usage(format!("unknown {what} {written:?}{}", did_you_mean(written, known)))
        .hint(format!("{what} is one of {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls() -> Pair<String> {
        Pair::new("a.db".into(), "b.db".into())
    }

    #[test]
    fn without_options_all_tables_are_compared_with_the_defaults() {
        let plan = plan_without_file(urls(), &Overrides::default()).unwrap();
        assert!(plan.tables.is_none());
        assert_eq!(plan.defaults, TableRequest::default());
        assert_eq!(plan.options.out, PathBuf::from("reports"));
        assert_eq!(plan.stores.target.url, "b.db");
    }

    #[test]
    fn options_reach_named_tables_and_defaults_alike() {
        let overrides = Overrides {
            tables: vec!["orders=Orders".parse().unwrap(), "t".parse().unwrap()],
            key: Some(vec!["a".into(), "b".into()]),
            filter: Some("id > 5".into()),
            time_zone: Some(Tz::Europe__Berlin),
            workers: Some(3),
            ..Overrides::default()
        };
        let plan = plan_without_file(urls(), &overrides).unwrap();
        let tables = plan.tables.unwrap();
        assert_eq!(tables[0].names, Pair::new("orders".into(), "Orders".into()));
        assert_eq!(tables[1].names, Pair::new("t".into(), "t".into()));
        for request in tables.iter().chain([&plan.defaults]) {
            assert_eq!(request.key.as_deref().unwrap(), ["a", "b"]);
            assert_eq!(request.filters.target.as_deref(), Some("id > 5"));
        }
        assert_eq!(plan.stores.source.time_zone, Some(Tz::Europe__Berlin));
        assert_eq!(plan.options.workers, 3);
    }

    #[test]
    fn half_of_a_sample_is_refused_as_wrong_usage() {
        let sample = || Overrides { mode: Some(Mode::Sample), ..Overrides::default() };
        for (overrides, said) in [
            (sample(), "how much"),
            (Overrides { sample: Some("1%".into()), ..Overrides::default() }, "the mode is full"),
            (Overrides { seed: Some(7), ..Overrides::default() }, "the mode is full"),
            (Overrides { escalate: true, ..Overrides::default() }, "the mode is full"),
            (Overrides { sample: Some("200%".into()), ..sample() }, "no share"),
            (Overrides { sample: Some("1%".into()), sample_for: Some("1%@95%".into()), ..sample() }, "both"),
        ] {
            let error = plan_without_file(urls(), &overrides).unwrap_err();
            assert_eq!(error.kind(), crate::error::ErrorKind::Usage);
            assert!(error.to_string().contains(said), "{error}");
        }
        let full = Overrides { mode: Some(Mode::Full), snapshot: Some(Keep::Full), ..Overrides::default() };
        assert!(plan_without_file(urls(), &full).is_ok());
    }

    #[test]
    fn a_table_without_a_name_is_refused() {
        for text in ["", "=", "a=", "=b", "  "] {
            assert!(text.parse::<TableChoice>().is_err(), "{text:?}");
        }
    }
}
