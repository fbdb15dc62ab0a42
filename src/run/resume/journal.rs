//! What is written down in the course of a run so that it can be taken up again, and read when it is.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::coordinates::{Coordinates, objection};
use super::sides::is_unchanged;
use super::{FOLDER, SIDES, STATE_FILE, TABLES, sealed};
use crate::config::{Options, RunPlan, meaning};
use crate::error::{Error, Result};
use crate::files;
use crate::model::{GatePlan, Moment, Pair, RunFile, Side, StoreKind, TablePlan, TableResult};
use crate::run::compare::Compared;
use crate::run::directory::{RunDirectory, folder};
use crate::run::{evidence, time};
use crate::verdict::Tally;

const FORMAT: &str = "tieout-resume/1";

/// Which run this is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RunState {
    format: String,
    version: String,
    run: String,
    /// The hash of the plan: of all that could change a finding.
    plan: String,
    /// RFC 3339 in UTC.
    started: String,
    /// The day that waivers are held against, `YYYY-MM-DD`.
    today: String,
    /// The seed of the sample, which may have been drawn.
    seed: Option<u64>,
    /// The place in the history, where there is one.
    sequence: Option<i64>,
    /// When it was taken up, RFC 3339 in UTC.
    resumed: Vec<String>,
    /// Whether it came to an end, with tables that could not be read.
    ended: bool,
    /// Where the stores stood when they were opened last; `null` before that.
    stores: Option<Pair<Coordinates>>,
}

/// A finished table.
#[derive(Serialize, Deserialize)]
struct TableRecord {
    format: String,
    name: String,
    /// The hash of the table's plan: its columns and keys on both sides, and what they are compared as.
    plan: String,
    result: TableResult,
    tally: Option<Tally>,
    roots: Option<Pair<String>>,
    snapshots: bool,
    moments: Pair<Moment>,
    /// Every file of the table, with its hash.
    files: Vec<RunFile>,
}

/// A finished table that is taken over.
pub(in crate::run) struct Kept {
    pub result: TableResult,
    pub tally: Option<Tally>,
    pub roots: Option<Pair<String>>,
    pub snapshots: bool,
}

/// The journal of a run under way.
pub(in crate::run) struct Journal {
    folder: PathBuf,
    run: PathBuf,
    state: RunState,
    /// Files whose hashes are known already.
    hashed: Vec<RunFile>,
}

/// A run that is about to be taken up.
pub(in crate::run) struct TakenUp {
    pub started: String,
    pub sequence: Option<i64>,
    pub ended: bool,
    pub seed: Option<u64>,
}

impl RunState {
    /// What lies in the folder; `None` where nothing whole does.
    pub fn read(folder: &Path) -> Option<Self> {
        sealed::read(&folder.join(STATE_FILE)).filter(|state: &Self| state.format == FORMAT)
    }

    /// Whether it is a run of this plan and version.
    pub fn is_of(&self, plan: &str) -> bool {
        self.plan == plan && self.version == env!("CARGO_PKG_VERSION")
    }
}

impl Journal {
    /// Begins the journal of a new run.
    pub fn begin(directory: &RunDirectory, plan: &RunPlan, started: &str, sequence: Option<i64>) -> Result<Self> {
        let state = RunState {
            format: FORMAT.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            run: directory.id().to_owned(),
            plan: plan_hash(plan),
            started: started.to_owned(),
            today: time::today().to_string(),
            seed: plan.options.sampling.as_ref().map(|sampling| sampling.seed),
            sequence,
            resumed: Vec::new(),
            ended: false,
            stores: None,
        };
        let run = directory.path().to_owned();
        let journal = Self { folder: run.join(FOLDER), run, state, hashed: Vec::new() };
        for folder in [TABLES, SIDES] {
            fs::create_dir_all(journal.folder.join(folder)).map_err(|e| {
                let error = Error::output("cannot write what it takes to take the run up again");
                error.at(journal.folder.display()).because(e).hint("free space there, or choose another --out")
            })?;
        }
        journal.write()?;
        Ok(journal)
    }

    /// Reads the journal of a run that is to be taken up; refuses where that would be unsound.
    pub fn take_up(directory: &RunDirectory, plan: &RunPlan) -> Result<(Self, TakenUp)> {
        let run = directory.path().to_owned();
        let folder = run.join(FOLDER);
        let refused = |what: String| {
            Error::usage(format!("this run cannot be taken up: {what}"))
                .at(run.display())
                .hint("nothing was changed; start a new run without --resume")
        };
        if !folder.join(STATE_FILE).exists() {
            return Err(refused("it broke off before it had written down which run it is".into()));
        }
        let state = RunState::read(&folder).ok_or_else(|| refused("what it has written down is damaged".into()))?;
        if state.version != env!("CARGO_PKG_VERSION") {
            return Err(refused(format!("it was begun by tieout {}", state.version)));
        }
        if !state.is_of(&plan_hash(plan)) {
            let error = refused("its config, or the options on its command line, meant another comparison".into());
            return Err(error);
        }
        if state.run != directory.id() {
            return Err(refused(format!("its directory was renamed, it is the run {}", state.run)));
        }
        if let Some(until) = waiver_that_ended(&plan.options.gate, &state.today) {
            return Err(refused(format!("a waiver has run out since, on {until}")));
        }
        let RunState { started, sequence, ended, seed, .. } = state.clone();
        Ok((Self { folder, run, state, hashed: Vec::new() }, TakenUp { started, sequence, ended, seed }))
    }

    /// The day that waivers are held against.
    pub fn today(&self) -> chrono::NaiveDate {
        self.state.today.parse().unwrap_or_else(|_| time::today())
    }

    /// When the run was taken up.
    pub fn resumed(&self) -> &[String] {
        &self.state.resumed
    }

    /// Refuses where one of the stores is not the one it was, or has gone back.
    pub fn check_stores(&self, now: &Pair<Coordinates>) -> Result<()> {
        let earlier = self.state.stores.iter().cloned();
        let of_tables = self.records().into_iter().map(|record| record.moments.map(|moment| moment.coordinates));
        for then in earlier.chain(of_tables) {
            for side in Side::BOTH {
                if let Some(objection) = objection(then.get(side), now.get(side)) {
                    return Err(Error::usage(format!("this run cannot be taken up: the {side}: {objection}"))
                        .at(self.run.display())
                        .hint("nothing was changed; start a new run without --resume"));
                }
            }
        }
        Ok(())
    }

    /// Writes down where the stores stand, and that the run was taken up where it was.
    pub fn opened(&mut self, now: Pair<Coordinates>, resumed: bool, sequence: Option<i64>) -> Result<()> {
        self.state.stores = Some(now);
        self.state.resumed.extend(resumed.then(time::now));
        self.state.sequence = sequence.or(self.state.sequence);
        self.state.ended = false;
        self.write()
    }

    /// The tables that are taken over, and what is told of those that are not although they were finished.
    pub fn kept(
        &mut self,
        plans: &[&TablePlan],
        kinds: Pair<StoreKind>,
        now: &Pair<Coordinates>,
    ) -> (HashMap<String, Kept>, Vec<String>) {
        let (mut kept, mut notes) = (HashMap::new(), Vec::new());
        for plan in plans {
            let path = self.path_of(&plan.name);
            if !path.exists() {
                continue;
            }
            match self.checked(&path, plan, kinds, now) {
                Ok(TableRecord { result, tally, roots, snapshots, moments, files, .. }) => {
                    self.hashed.extend(files);
                    let result = TableResult { moments: Some(moments), ..result };
                    kept.insert(plan.name.clone(), Kept { result, tally, roots, snapshots });
                }
                Err(reason) => notes.push(format!("table {} is read again: {reason}", plan.name)),
            }
        }
        (kept, notes)
    }

    /// Removes what a run that broke off left of all tables but those that are taken over. Sides that were read whole stay until
    /// they are looked at.
    pub fn clean(&self, kept: &HashMap<String, Kept>, plans: &[&TablePlan]) -> std::io::Result<()> {
        let folders = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
            plans.iter().filter(|plan| wanted(&plan.name)).map(|plan| folder(&plan.name)).collect()
        };
        let (done, open) = (folders(&|name| kept.contains_key(name)), folders(&|name| !kept.contains_key(name)));
        for name in names_in(&self.folder.join(TABLES))? {
            if !done.iter().any(|done| name == format!("{done}.json")) {
                fs::remove_file(self.folder.join(TABLES).join(name))?;
            }
        }
        for name in names_in(&self.run.join("tables"))? {
            if !done.contains(&name) {
                remove(&self.run.join("tables").join(name))?;
            }
        }
        for name in names_in(&self.run.join("snapshots"))? {
            let path = self.run.join("snapshots").join(&name);
            if done.contains(&name) {
                continue;
            }
            if !open.contains(&name) {
                remove(&path)?;
                continue;
            }
            for inside in names_in(&path)? {
                if !Side::BOTH.iter().any(|side| side.name() == inside) {
                    remove(&path.join(inside))?;
                }
            }
        }
        Ok(())
    }

    /// Writes down that a table is finished, after all else of it.
    pub fn finished(&mut self, plan: &TablePlan, compared: &Compared, snapshots: bool) -> Result<()> {
        let (Some(moments), true) = (&compared.moments, compared.failures.is_empty()) else { return Ok(()) };
        let files = evidence::files_in(&self.run, &["tables", "snapshots"].map(|kind| (kind, folder(&plan.name))))?;
        let record = TableRecord {
            format: FORMAT.into(),
            name: plan.name.clone(),
            plan: table_hash(plan)?,
            result: compared.result.clone(),
            tally: compared.tally.clone(),
            roots: compared.roots.clone(),
            snapshots,
            moments: moments.clone(),
            files,
        };
        sealed::write(&self.path_of(&plan.name), &record)?;
        self.hashed.extend(record.files);
        Ok(())
    }

    /// The files whose hashes are known.
    pub fn hashed(&self) -> &[RunFile] {
        &self.hashed
    }

    /// Writes down that the run ended with tables that could not be read.
    pub fn ended(&mut self) -> Result<()> {
        self.state.ended = true;
        self.write()
    }

    fn write(&self) -> Result<()> {
        sealed::write(&self.folder.join(STATE_FILE), &self.state)
    }

    fn path_of(&self, name: &str) -> PathBuf {
        self.folder.join(TABLES).join(format!("{}.json", folder(name)))
    }

    fn records(&self) -> Vec<TableRecord> {
        let names = names_in(&self.folder.join(TABLES)).unwrap_or_default();
        names.iter().filter_map(|name| sealed::read(&self.folder.join(TABLES).join(name))).collect()
    }

    /// The record of a finished table, or why it does not hold any more.
    fn checked(
        &self,
        path: &Path,
        plan: &TablePlan,
        kinds: Pair<StoreKind>,
        now: &Pair<Coordinates>,
    ) -> std::result::Result<TableRecord, String> {
        let record: TableRecord = sealed::read(path).ok_or("its record is damaged")?;
        if record.format != FORMAT || record.name != plan.name {
            return Err("its record is of something else".into());
        }
        if table_hash(plan).ok().as_ref() != Some(&record.plan) {
            return Err("its columns or keys have changed since".into());
        }
        for side in Side::BOTH {
            let (then, kind) = (&record.moments.get(side).coordinates, *kinds.get(side));
            let same = match kind {
                StoreKind::Parquet | StoreKind::Csv | StoreKind::Directory => {
                    then.iter().all(|(path, evidence)| is_unchanged(path, evidence))
                }
                StoreKind::Snapshot => then == now.get(side),
                StoreKind::Sqlite | StoreKind::Postgres | StoreKind::Mysql => true,
            };
            if !same {
                return Err(format!("a file of the {side} has changed since"));
            }
        }
        for file in &record.files {
            let path = self.run.join(&file.path);
            let same = fs::metadata(&path).is_ok_and(|found| found.len() == file.bytes)
                && files::sha256_of(&path).is_ok_and(|hash| hash == file.sha256);
            if !same {
                return Err(format!("{} is not as the run left it", file.path));
            }
        }
        Ok(record)
    }
}

/// The hash of all that could change a finding: what a plan means, and how much of it is kept and shown.
pub(in crate::run) fn plan_hash(plan: &RunPlan) -> String {
    let Options { rows_per_range, keep, keep_snapshots, values, .. } = &plan.options;
    let hash_key = values.hash_key.as_ref().map(|key| key.fingerprint());
    let lines = [
        meaning::hash(plan),
        format!("{rows_per_range} {keep:?} {keep_snapshots:?}"),
        serde_json::to_string(values).unwrap_or_default(),
        format!("{hash_key:?}"),
    ];
    hex::encode(Sha256::digest(lines.join("\n")))
}

/// The hash of a table's plan; how many rows it is said to have is no part of it.
fn table_hash(plan: &TablePlan) -> Result<String> {
    let mut plan = plan.clone();
    for side in Side::BOTH {
        plan.tables.get_mut(side).rows_estimate = None;
        plan.more.get_mut(side).iter_mut().for_each(|table| table.rows_estimate = None);
    }
    let json = serde_json::to_vec(&plan).map_err(|e| Error::output("cannot write a plan as JSON").because(e))?;
    Ok(hex::encode(Sha256::digest(json)))
}

/// The last day of a waiver that held on the day the run began and does not today.
fn waiver_that_ended(gate: &GatePlan, begun: &str) -> Option<String> {
    let (begun, today) = (begun.parse().ok()?, time::today());
    let ended = gate.waivers.iter().find(|one| !one.is_expired(begun) && one.is_expired(today));
    ended.map(|one| one.until.to_string())
}

fn names_in(folder: &Path) -> std::io::Result<Vec<String>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}
