//! Made histories: runs at chosen times, as if the nightly job had recorded them.

use std::path::PathBuf;

use chrono::{SecondsFormat, TimeDelta, Utc};
use tieout::config::RunPlan;
use tieout::config::file::load_without_secrets;
use tieout::config::meaning;
use tieout::history::History;
use tieout::model::{Counts, Coverage, Pair, RunEnd, RunRecord, RunStart, TableRecord, Verdict};

use crate::binary::{Outcome, Tieout};

/// Two tables, no gate.
pub const CONFIG: &str = "[[tables]]\nsource = \"orders\"\n[[tables]]\nsource = \"customers\"\n";

/// A folder with a config and a made history.
pub struct Made {
    pub tieout: Tieout,
    history: PathBuf,
}

impl Made {
    /// No run yet.
    pub fn new(config: &str) -> Self {
        let tieout = Tieout::new();
        super::write_config(&tieout, config);
        let history = tieout.path("reports/history.db");
        Self { tieout, history }
    }

    /// Seven nights, all of them matching; `change` may change or leave out the run of each, which was so many nights ago.
    pub fn seven_nights(config: &str, mut change: impl FnMut(i64, RunRecord) -> Option<RunRecord>) -> Self {
        let made = Self::new(config);
        for nights in (0..7).rev() {
            if let Some(record) = change(nights, made.run(12.0 + 24.0 * nights as f64)) {
                made.add(&record);
            }
        }
        made
    }

    /// A run under the config as it is now, in which everything matched.
    pub fn run(&self, hours_ago: f64) -> RunRecord {
        let plan = self.plan();
        let start = RunStart {
            id: format!("night-{hours_ago}"),
            started: hours_before_now(hours_ago),
            version: "0.1.0".into(),
            stores: meaning::stores(&plan),
            config: meaning::hash(&plan),
            allowances: meaning::allowances(&plan),
            mode: "full".into(),
            sample: None,
        };
        let end = RunEnd {
            finished: hours_before_now(hours_ago - 0.5),
            verdict: Verdict::Match,
            reason: None,
            coverage: Coverage::default(),
            tables: ["customers", "orders"].map(table).into(),
        };
        RunRecord { sequence: 0, start, end: Some(end) }
    }

    /// The plan of the config.
    pub fn plan(&self) -> RunPlan {
        load_without_secrets(&self.tieout.path("tieout.toml"))
            .map(|mut plan| {
                plan.options.out = self.tieout.path("reports");
                plan
            })
            .expect("a config")
    }

    /// Adds a run.
    pub fn add(&self, record: &RunRecord) {
        History::open(&self.history).and_then(|history| history.append(record)).expect("a history");
    }

    /// `tieout gate`.
    pub fn gate(&self, arguments: &[&str]) -> Outcome {
        self.tieout.run(["gate"].iter().chain(arguments))
    }
}

/// A table that matched.
pub fn table(name: &str) -> TableRecord {
    TableRecord {
        name: name.into(),
        source: Some(format!("public.{name}")),
        target: Some(name.into()),
        verdict: Verdict::Match,
        reason: None,
        counts: Counts::default(),
        waived: Counts::default(),
        waived_until: None,
        rows: Pair::new(Some(10), Some(10)),
        compared: vec!["id".into(), "note".into()],
        existing: vec!["id".into(), "note".into()],
        seconds: 0.5,
    }
}

/// The record with its table `orders` changed; the verdict of the run follows.
pub fn with_orders(mut record: RunRecord, change: impl FnOnce(&mut TableRecord)) -> RunRecord {
    let end = record.end.as_mut().expect("an end");
    change(end.tables.iter_mut().find(|table| table.name == "orders").expect("orders"));
    end.verdict = end.tables.iter().map(|table| table.verdict).max().expect("tables");
    record
}

/// RFC 3339.
pub fn hours_before_now(hours: f64) -> String {
    let time = Utc::now() - TimeDelta::milliseconds((hours * 3_600_000.0) as i64);
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A day in UTC.
pub fn days_before_now(days: i64) -> String {
    (Utc::now().date_naive() - TimeDelta::days(days)).to_string()
}
