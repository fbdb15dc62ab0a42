//! `[load]`, `[source.load]`, `[target.load]`: how gently the stores are read; and the deadline.

use std::time::Duration;

use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::Reader;
use super::moving::above_zero;
use super::overrides::Overrides;
use super::shape::{Text, WrittenFile, WrittenStore};
use super::values::{Number, Several};
use crate::error::{Error, Result};
use crate::model::Pair;
use crate::throttle::{Caps, Deadline, LoadPlan, Peak, SessionLimits, Signal, SignalKind, Windows};

const MEBIBYTE: f64 = 1024.0 * 1024.0;
/// No batch may have more rows: they are bounded in bytes as well, but narrow rows take memory, too.
const BATCH_ROWS_LARGEST: u64 = 100_000;

/// `[load]`.
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as [load]")]
pub struct WrittenLoad {
    /// The most rows that are read a second, by all workers of a store together.
    #[schemars(with = "Option<u64>")]
    pub rows_per_second: Option<Spanned<u64>>,
    /// The most MiB of values that are read a second, by all workers of a store together.
    #[schemars(with = "Option<Number>")]
    pub mebibytes_per_second: Option<Spanned<Number>>,
    /// Windows of the week with caps of their own, for example "Mon-Fri 08:00-20:00", or a list of them.
    #[schemars(with = "Option<Several>")]
    pub peak: Option<Spanned<Several>>,
    /// The most rows a second within the peak windows.
    #[schemars(with = "Option<u64>")]
    pub peak_rows_per_second: Option<Spanned<u64>>,
    /// The most MiB a second within the peak windows.
    #[schemars(with = "Option<Number>")]
    pub peak_mebibytes_per_second: Option<Spanned<Number>>,
    /// The zone of the peak windows [default: the store's time_zone].
    #[schemars(with = "Option<String>")]
    pub time_zone: Option<Text>,
    /// The most rows of a batch [default: 10000].
    #[schemars(with = "Option<u64>")]
    pub batch_rows_max: Option<Spanned<u64>>,
    /// How many seconds the reading of a batch should take [default: 0.5].
    #[schemars(with = "Option<Number>")]
    pub batch_seconds: Option<Spanned<Number>>,
    /// The rows a second that are still read while a signal is over its limit [default: 1000].
    #[schemars(with = "Option<u64>")]
    pub floor_rows_per_second: Option<Spanned<u64>>,
    /// How often the signals are asked, and how long each may take to answer [default: 2s].
    #[schemars(with = "Option<String>")]
    pub ask_every: Option<Text>,
    /// PostgreSQL: slow down while more sessions of others execute a statement.
    #[schemars(with = "Option<u64>")]
    pub active_backends_max: Option<Spanned<u64>>,
    /// MySQL, MariaDB: slow down while more threads of others execute a statement.
    #[schemars(with = "Option<u64>")]
    pub threads_running_max: Option<Spanned<u64>>,
    /// MySQL, MariaDB: slow down while InnoDB's history list is longer.
    #[schemars(with = "Option<u64>")]
    pub history_length_max: Option<Spanned<u64>>,
    /// Slow down while a replica is further behind, for example 10s.
    #[schemars(with = "Option<String>")]
    pub replica_lag_max: Option<Text>,
    /// Slow down while the batches of a table take so many times as long as in its first minutes.
    #[schemars(with = "Option<Number>")]
    pub batch_latency_max: Option<Spanned<Number>>,
    /// Numbers of one's own.
    #[serde(default)]
    pub signals: Vec<WrittenSignal>,
    /// Give a snapshot up at this age, so that it no longer holds back vacuum or purge, for example 6h [default: never].
    #[schemars(with = "Option<String>")]
    pub snapshot_age_max: Option<Text>,
    /// The most that one statement may take; "never" for no limit [default: 24h].
    #[schemars(with = "Option<String>")]
    pub statement_timeout: Option<Text>,
    /// The most that a statement waits for a lock; "never" for no limit [default: 60s].
    #[schemars(with = "Option<String>")]
    pub lock_timeout: Option<Text>,
}

/// One of `[[load.signals]]`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as [[load.signals]]")]
pub struct WrittenSignal {
    /// What it is called.
    #[schemars(with = "String")]
    pub name: Text,
    /// A query of the store that returns one number.
    #[schemars(with = "String")]
    pub sql: Text,
    /// Slow down while the number is greater.
    #[schemars(with = "Number")]
    pub max: Spanned<Number>,
}

/// A rate such as `0.5`: more than nothing.
///
/// # Errors
/// What is no such number.
pub fn parse_rate(text: &str) -> Result<f64> {
    let rate = text.trim().parse::<f64>().ok().filter(|rate| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| Error::usage(format!("{text:?} is no number above zero")).hint("write it as 20 or 0.5"))
}

/// What a store can be asked for, by its URL.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Postgres,
    Mysql,
    Other,
}

impl Kind {
    fn of(store: &WrittenStore) -> Self {
        match store.url.get_ref().split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase()).as_deref() {
            Some("postgres" | "postgresql") => Self::Postgres,
            Some("mysql" | "mariadb") => Self::Mysql,
            _ => Self::Other,
        }
    }

    fn has(self, signal: &SignalKind) -> bool {
        match signal {
            SignalKind::ActiveBackends => self == Self::Postgres,
            SignalKind::ThreadsRunning | SignalKind::HistoryLength => self == Self::Mysql,
            SignalKind::ReplicaLag | SignalKind::Sql { .. } => self != Self::Other,
            SignalKind::BatchLatency => true,
        }
    }
}

/// A signal and where it is written.
type Placed = (Signal, std::ops::Range<usize>);

impl Reader<'_> {
    /// How gently each store is to be read: what its own table says goes before what `[load]` says, key by key.
    pub(super) fn load(&self, file: &WrittenFile) -> Result<Pair<LoadPlan>> {
        let nothing = WrittenLoad::default();
        let shared = file.load.as_ref().unwrap_or(&nothing);
        let stores = Pair::new(&file.source, &file.target);
        let kinds = stores.map(Kind::of);
        for (signal, span) in self.signals(shared)? {
            if !kinds.source.has(&signal.kind) && !kinds.target.has(&signal.kind) {
                return Err(self.no_such_signal(&signal, span, "neither store"));
            }
        }
        let common = self.zone(file.time_zone.as_ref())?;
        stores.try_map(|store| {
            let own = store.load.as_ref().unwrap_or(&nothing);
            let kind = Kind::of(store);
            for (signal, span) in self.signals(own)? {
                if !kind.has(&signal.kind) {
                    return Err(self.no_such_signal(&signal, span, "no store of this kind"));
                }
            }
            let zone = self.zone(store.time_zone.as_ref())?.or(common);
            let mut plan = self.load_of(&under(own, shared), zone)?;
            plan.signals.retain(|signal| kind.has(&signal.kind));
            Ok(plan)
        })
    }

    /// When the run has to be over: the command line goes before the file.
    pub(super) fn deadline(&self, file: &WrittenFile, overrides: &Overrides) -> Result<Option<(Deadline, Option<Tz>)>> {
        let zone = overrides.time_zone.or(self.zone(file.time_zone.as_ref())?);
        let written = file.deadline.as_ref();
        let written =
            written.map(|text| text.get_ref().parse::<Deadline>().map_err(|e| self.at(e, text))).transpose()?;
        Ok(overrides.deadline.clone().or(written).map(|deadline| (deadline, zone)))
    }

    fn load_of(&self, written: &WrittenLoad, zone: Option<Tz>) -> Result<LoadPlan> {
        let default = LoadPlan::default();
        let caps = self.caps(&written.rows_per_second, &written.mebibytes_per_second)?;
        let peak_caps = self.caps(&written.peak_rows_per_second, &written.peak_mebibytes_per_second)?;
        let peak = match &written.peak {
            Some(peak) => Some(self.peak(peak, caps, peak_caps, self.zone(written.time_zone.as_ref())?.or(zone))?),
            None if peak_caps != Caps::default() => {
                return Err(Error::usage("there are caps for the peak, but no \"peak\"")
                    .at(self.document.path.display())
                    .hint("write when it is, for example peak = \"Mon-Fri 08:00-20:00\""));
            }
            None => None,
        };
        let batch_rows_max = match &written.batch_rows_max {
            Some(rows) if (1..=BATCH_ROWS_LARGEST).contains(rows.get_ref()) => *rows.get_ref(),
            Some(rows) => {
                let error = format!("\"batch_rows_max\" must be between 1 and {BATCH_ROWS_LARGEST}");
                return Err(Error::usage(error).at(self.document.place(rows.span())));
            }
            None => default.batch_rows_max,
        };
        let ask_every = self.optional_duration(&written.ask_every)?.flatten().unwrap_or(default.ask_every);
        let sessions = SessionLimits {
            statement: self.optional_duration(&written.statement_timeout)?.unwrap_or(default.sessions.statement),
            lock: self.optional_duration(&written.lock_timeout)?.unwrap_or(default.sessions.lock),
        };
        Ok(LoadPlan {
            caps,
            peak,
            batch_rows_max,
            batch_seconds: self.number(&written.batch_seconds)?.unwrap_or(default.batch_seconds),
            floor_rows_per_second: self.rows(&written.floor_rows_per_second)?.unwrap_or(default.floor_rows_per_second),
            signals: self.signals(written)?.into_iter().map(|(signal, _)| signal).collect(),
            ask_every,
            snapshot_age_max: self.optional_duration(&written.snapshot_age_max)?.flatten(),
            sessions,
        })
    }

    /// What the peak does not cap is capped as at all other times.
    fn peak(&self, written: &Spanned<Several>, caps: Caps, own: Caps, zone: Option<Tz>) -> Result<Peak> {
        let Several(windows) = written.get_ref();
        let place = |e: Error| e.at(self.document.place(written.span()));
        let windows = Windows::parse(windows.iter().map(String::as_str)).map_err(place)?;
        let Some(zone) = zone else {
            return Err(place(Error::usage("it is not known by which clock the peak is meant"))
                .hint("write time_zone = \"Europe/Berlin\" (or another zone) beside it, or under the store"));
        };
        if own == Caps::default() {
            return Err(place(Error::usage("there is a peak, but no caps that hold in it"))
                .hint("write peak_rows_per_second or peak_mebibytes_per_second beside it"));
        }
        let caps = Caps {
            rows_per_second: own.rows_per_second.or(caps.rows_per_second),
            bytes_per_second: own.bytes_per_second.or(caps.bytes_per_second),
        };
        Ok(Peak { windows, zone, caps })
    }

    fn signals(&self, written: &WrittenLoad) -> Result<Vec<Placed>> {
        let mut all = Vec::new();
        for (kind, max) in [
            (SignalKind::ActiveBackends, &written.active_backends_max),
            (SignalKind::ThreadsRunning, &written.threads_running_max),
            (SignalKind::HistoryLength, &written.history_length_max),
        ] {
            all.extend(max.iter().map(|max| (Signal { kind: kind.clone(), max: *max.get_ref() as f64 }, max.span())));
        }
        if let (Some(text), Some(Some(lag))) =
            (&written.replica_lag_max, self.optional_duration(&written.replica_lag_max)?)
        {
            all.push((Signal { kind: SignalKind::ReplicaLag, max: lag.as_secs_f64() }, text.span()));
        }
        if let (Some(text), Some(max)) = (&written.batch_latency_max, self.number(&written.batch_latency_max)?) {
            all.push((Signal { kind: SignalKind::BatchLatency, max }, text.span()));
        }
        for WrittenSignal { name, sql, max } in &written.signals {
            let (written, name) = (name, self.not_empty(name, "name")?);
            if all.iter().any(|(signal, _)| signal.kind.name() == name) {
                return Err(self.at(Error::usage(format!("there are two signals {name:?}")), written));
            }
            let kind = SignalKind::Sql { name, sql: self.not_empty(sql, "sql")? };
            let Number(text) = max.get_ref();
            let max = text.parse::<f64>().ok().filter(|max| max.is_finite());
            let max = max.ok_or_else(|| Error::usage("\"max\" must be a number").at(self.document.path.display()))?;
            all.push((Signal { kind, max }, sql.span()));
        }
        Ok(all)
    }

    fn no_such_signal(&self, signal: &Signal, span: std::ops::Range<usize>, who: &str) -> Error {
        Error::usage(format!("the signal {} cannot be asked: {who} knows it", signal.kind.name()))
            .at(self.document.place(span))
            .hint("active_backends is PostgreSQL's; threads_running and history_length are MySQL's and MariaDB's; files have none")
    }

    fn caps(&self, rows: &Option<Spanned<u64>>, mebibytes: &Option<Spanned<Number>>) -> Result<Caps> {
        Ok(Caps {
            rows_per_second: self.rows(rows)?.map(|rows| rows as f64),
            bytes_per_second: self.number(mebibytes)?.map(|mebibytes| mebibytes * MEBIBYTE),
        })
    }

    fn rows(&self, rows: &Option<Spanned<u64>>) -> Result<Option<u64>> {
        let Some(rows) = rows else { return Ok(None) };
        if *rows.get_ref() == 0 {
            return Err(Error::usage("at a rate of 0 nothing would be read").at(self.document.place(rows.span())));
        }
        Ok(Some(*rows.get_ref()))
    }

    fn number(&self, number: &Option<Spanned<Number>>) -> Result<Option<f64>> {
        let Some(number) = number else { return Ok(None) };
        let Number(text) = number.get_ref();
        parse_rate(text).map(Some).map_err(|e| e.at(self.document.place(number.span())))
    }

    /// A duration; `Some(None)` for none at all.
    fn optional_duration(&self, text: &Option<Text>) -> Result<Option<Option<Duration>>> {
        let Some(text) = text else { return Ok(None) };
        if text.get_ref().trim() == "never" {
            return Ok(Some(None));
        }
        let refused = || {
            let error = Error::usage(format!("{:?} is no duration", text.get_ref()));
            self.at(error, text).hint("write it as 500ms, 30s, 10min or 6h; never: no limit")
        };
        above_zero(text.get_ref()).ok_or_else(refused).map(|duration| Some(Some(duration)))
    }
}

/// What is written for a store, and for the rest what is written for both. The destructuring is on purpose: no key is forgotten.
fn under(own: &WrittenLoad, shared: &WrittenLoad) -> WrittenLoad {
    let WrittenLoad {
        rows_per_second,
        mebibytes_per_second,
        peak,
        peak_rows_per_second,
        peak_mebibytes_per_second,
        time_zone,
        batch_rows_max,
        batch_seconds,
        floor_rows_per_second,
        ask_every,
        active_backends_max,
        threads_running_max,
        history_length_max,
        replica_lag_max,
        batch_latency_max,
        signals,
        snapshot_age_max,
        statement_timeout,
        lock_timeout,
    } = own.clone();
    let shared = shared.clone();
    WrittenLoad {
        rows_per_second: rows_per_second.or(shared.rows_per_second),
        mebibytes_per_second: mebibytes_per_second.or(shared.mebibytes_per_second),
        peak: peak.or(shared.peak),
        peak_rows_per_second: peak_rows_per_second.or(shared.peak_rows_per_second),
        peak_mebibytes_per_second: peak_mebibytes_per_second.or(shared.peak_mebibytes_per_second),
        time_zone: time_zone.or(shared.time_zone),
        batch_rows_max: batch_rows_max.or(shared.batch_rows_max),
        batch_seconds: batch_seconds.or(shared.batch_seconds),
        floor_rows_per_second: floor_rows_per_second.or(shared.floor_rows_per_second),
        ask_every: ask_every.or(shared.ask_every),
        active_backends_max: active_backends_max.or(shared.active_backends_max),
        threads_running_max: threads_running_max.or(shared.threads_running_max),
        history_length_max: history_length_max.or(shared.history_length_max),
        replica_lag_max: replica_lag_max.or(shared.replica_lag_max),
        batch_latency_max: batch_latency_max.or(shared.batch_latency_max),
        signals: if signals.is_empty() { shared.signals } else { signals },
        snapshot_age_max: snapshot_age_max.or(shared.snapshot_age_max),
        statement_timeout: statement_timeout.or(shared.statement_timeout),
        lock_timeout: lock_timeout.or(shared.lock_timeout),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::RunPlan;
    use crate::config::file::plan_of_text;

    fn plan(stores: [&str; 2], load: &str) -> Result<RunPlan> {
        let [source, target] = stores;
        let text = format!("{load}\n[source]\nurl = \"{source}\"\n[target]\nurl = \"{target}\"\n");
        plan_of_text(Path::new("tieout.toml"), &text, &|_| None, &Overrides::default())
    }

    const SERVERS: [&str; 2] = ["postgres://h/d", "mysql://h/d"];

    #[test]
    fn what_a_store_says_goes_before_what_is_said_of_both_and_signals_go_where_they_are_known() {
        let load = "[load]\nrows_per_second = 5000\nmebibytes_per_second = 0.5\nactive_backends_max = 4\nthreads_running_max = 9\n\
                    [source.load]\nrows_per_second = 100\nlock_timeout = \"never\"";
        let plan = plan_of(load);
        let Pair { source, target } = plan.options.load;
        assert_eq!(source.caps, Caps { rows_per_second: Some(100.0), bytes_per_second: Some(524_288.0) });
        assert_eq!(target.caps.rows_per_second, Some(5000.0));
        assert_eq!(source.signals, [Signal { kind: SignalKind::ActiveBackends, max: 4.0 }]);
        assert_eq!(target.signals, [Signal { kind: SignalKind::ThreadsRunning, max: 9.0 }]);
        assert_eq!((source.sessions.lock, target.sessions.lock), (None, SessionLimits::default().lock));
    }

    /// With the tables of a store in the right place.
    fn plan_of(load: &str) -> RunPlan {
        let (shared, own) = load.split_once("[source.load]").unwrap();
        let text = format!(
            "{shared}[source]\nurl = \"postgres://h/d\"\n[source.load]{own}\n[target]\nurl = \"mysql://h/d\"\n"
        );
        plan_of_text(Path::new("tieout.toml"), &text, &|_| None, &Overrides::default()).unwrap()
    }

    #[test]
    fn the_command_line_only_makes_it_gentler() {
        let text = "[load]\nrows_per_second = 100\n[source]\nurl = \"a.db\"\n[target]\nurl = \"b.db\"\n";
        for (given, meant) in [(50.0, 50.0), (500.0, 100.0)] {
            let caps = Caps { rows_per_second: Some(given), bytes_per_second: None };
            let overrides = Overrides { caps, ..Overrides::default() };
            let plan = plan_of_text(Path::new("tieout.toml"), text, &|_| None, &overrides).unwrap();
            assert_eq!(plan.options.load.source.caps.rows_per_second, Some(meant));
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_place() {
        for (stores, load, said) in [
            (SERVERS, "[load]\nrows_per_second = 0", "rate of 0"),
            (SERVERS, "[load]\nmebibytes_per_second = -1", "above zero"),
            (SERVERS, "[load]\nbatch_rows_max = 0", "between 1 and"),
            (SERVERS, "[load]\npeak = \"Mon-Fri 8-20\"\npeak_rows_per_second = 1\ntime_zone = \"UTC\"", "no window"),
            (SERVERS, "[load]\npeak = \"Mon-Fri 08:00-20:00\"\npeak_rows_per_second = 1", "by which clock"),
            (SERVERS, "[load]\npeak = \"Mon-Fri 08:00-20:00\"\ntime_zone = \"UTC\"", "no caps"),
            (SERVERS, "[load]\npeak_rows_per_second = 5", "no \"peak\""),
            (SERVERS, "[load]\nlock_timeout = \"soon\"", "no duration"),
            (SERVERS, "[load]\nrows_per_secnd = 5", "did you mean"),
            (SERVERS, "deadline = \"25:00\"", "no deadline"),
            (["a.db", "postgres://h/d"], "[load]\nthreads_running_max = 5", "neither store knows it"),
            (
                ["a.db", "b.csv"],
                "[[load.signals]]\nname = \"q\"\nsql = \"SELECT 1\"\nmax = 1",
                "neither store knows it",
            ),
            (SERVERS, "[[load.signals]]\nname = \"q\"\nsql = \" \"\nmax = 1", "empty"),
        ] {
            let error = plan(stores, load).unwrap_err();
            assert!(error.to_string().contains(said) && error.to_string().contains("tieout.toml"), "{load}: {error}");
        }
    }

    #[test]
    fn the_peak_keeps_the_cap_that_it_does_not_name() {
        let load = "time_zone = \"UTC\"\n[load]\nmebibytes_per_second = 2\npeak = [\"Mon-Fri 08:00-20:00\", \"Sat 10:00-12:00\"]\n\
                    peak_rows_per_second = 10";
        let peak = plan(SERVERS, load).unwrap().options.load.source.peak.unwrap();
        assert_eq!(peak.caps, Caps { rows_per_second: Some(10.0), bytes_per_second: Some(2.0 * MEBIBYTE) });
    }
}
