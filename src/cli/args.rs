//! The arguments, as INTERFACE.md promises them.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use chrono_tz::Tz;
use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use tieout::config::file::{
    Keep, KeepSnapshots, Mode, Overrides, Showing, TableChoice, WORKERS_MAX, parse_memory, parse_rate, parse_zone,
};
use tieout::model::{Consistency, Phase, Severity};
use tieout::store::connect::redact;
use tieout::throttle::{Caps, Deadline};

use super::compare::Outputs;
use super::{help, terminal};

/// Proves that two data stores hold the same data, or shows exactly where they do not
#[derive(Debug, Parser)]
#[command(name = "tieout", version, after_help = help::TOP, arg_required_else_help = true, max_term_width = 120)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare two stores, without a config file
    #[command(after_help = help::DIFF)]
    Diff(Box<DiffArguments>),
    /// Compare every table pair of a config file: the nightly job
    #[command(after_help = help::RUN)]
    Run(Box<RunArguments>),
    /// Print a commented config, drafted from the schemas of two stores
    #[command(after_help = help::INIT)]
    Init(InitArguments),
    /// Draw report.html again from the directory of a finished run
    #[command(after_help = help::REPORT)]
    Report(ReportArguments),
    /// Build two small SQLite stores with known damage, compare them and write the report
    #[command(after_help = help::DEMO)]
    Demo(DemoArguments),
    /// Compare only the schemas of two stores: columns, types, defaults, keys, indexes; in seconds
    #[command(after_help = help::SCHEMA)]
    Schema(SchemaArguments),
    /// Check a finished run offline: its files, its signature, and on demand the comparison itself
    #[command(after_help = help::VERIFY)]
    Verify(VerifyArguments),
    /// Write the snapshot of one store; `diff` accepts it as a store, so two sites need not reach each other
    #[command(after_help = help::SNAPSHOT)]
    Snapshot(SnapshotArguments),
    /// Rule by the history whether the cutover, or the end of the rollback window, may go ahead
    #[command(after_help = help::GATE)]
    Gate(GateArguments),
    /// List the runs that are on record
    #[command(after_help = help::HISTORY)]
    History(HistoryArguments),
}

/// `tieout diff`.
#[derive(Debug, Args)]
pub struct DiffArguments {
    /// The store the data came from: URL or path
    #[arg(value_name = "SOURCE")]
    pub source: String,
    /// The store it should have arrived in: URL or path
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// What diff and run share.
    #[command(flatten)]
    pub options: CompareOptions,
}

/// `tieout run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The config file
    #[arg(value_name = "CONFIG", default_value = "tieout.toml")]
    pub config: PathBuf,
    /// Take a run up again that broke off, or left tables undecided: its directory, its id, or latest
    #[arg(long, value_name = "RUN")]
    pub resume: Option<String>,
    /// What diff and run share.
    #[command(flatten)]
    pub options: CompareOptions,
}

/// `tieout init`.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// The store the data came from: URL or path
    #[arg(value_name = "SOURCE", required_unless_present = "json_schema")]
    pub source: Option<String>,
    /// The store it should have arrived in: URL or path
    #[arg(value_name = "TARGET", required_unless_present = "json_schema")]
    pub target: Option<String>,
    /// Print the JSON schema of the config instead, with which editors complete and check it
    #[arg(long, conflicts_with_all = ["source", "target"])]
    pub json_schema: bool,
}

/// `tieout report`.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// The directories of finished runs
    #[arg(value_name = "RUN", default_value = "reports/latest")]
    pub runs: Vec<PathBuf>,
    /// Open the report in the browser
    #[arg(long)]
    pub open: bool,
}

/// `tieout demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// How many rows the source has in all
    #[arg(long, value_name = "N", default_value = "200000")]
    #[arg(value_parser = RangedU64ValueParser::<u64>::new().range(super::demo::ROWS_MIN..=super::demo::ROWS_MAX))]
    pub rows: u64,
    /// Where the two stores are written; they stay there
    #[arg(long, value_name = "DIR", default_value = "tieout-demo")]
    pub dir: PathBuf,
    /// Where run directories are written
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub out: PathBuf,
    /// Print summary.json on stdout in place of the tables
    #[arg(long)]
    pub json: bool,
    /// How much to say.
    #[command(flatten)]
    pub talk: Talk,
}

/// `tieout schema`.
#[derive(Debug, Args)]
pub struct SchemaArguments {
    /// The store the data came from: URL or path
    #[arg(value_name = "SOURCE", required_unless_present = "config")]
    pub source: Option<String>,
    /// The store it should have arrived in: URL or path
    #[arg(value_name = "TARGET", required_unless_present = "config")]
    pub target: Option<String>,
    /// Stores, table pairs and columns of this config file in place of SOURCE and TARGET
    #[arg(long, value_name = "FILE", conflicts_with_all = ["source", "target"])]
    pub config: Option<PathBuf>,
    /// Only this table, or this pair of tables; may be given several times
    #[arg(long = "table", value_name = "T|SOURCE_TABLE=TARGET_TABLE")]
    pub tables: Vec<TableChoice>,
    /// Columns to leave out
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', value_parser = column)]
    pub ignore: Option<Vec<String>>,
    /// Findings of this severity and above fail (exit code 1); missing tables and columns are lossy
    #[arg(long, value_name = "SEVERITY", default_value = "stricter", value_parser = severity())]
    pub severity: Severity,
    /// Print the findings as JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// How much to say.
    #[command(flatten)]
    pub talk: Talk,
}

/// `tieout snapshot`.
#[derive(Debug, Args)]
pub struct SnapshotArguments {
    /// The store: URL or path
    #[arg(value_name = "STORE")]
    pub store: String,
    /// The directory to write
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Only this table; may be given several times [default: all tables]
    #[arg(long = "table", value_name = "T", value_parser = NonEmptyStringValueParser::new())]
    pub tables: Vec<String>,
    /// Parallel readers of the store [default: the number of cores, at most 8]
    #[arg(long, value_name = "N", value_parser = workers())]
    pub workers: Option<usize>,
    /// How gently the store is read.
    #[command(flatten)]
    pub load: LoadOptions,
    /// How much to say.
    #[command(flatten)]
    pub talk: Talk,
}

/// `tieout gate`.
#[derive(Debug, Args)]
pub struct GateArguments {
    /// The config whose tables must match
    #[arg(long, value_name = "FILE", default_value = "tieout.toml")]
    pub config: PathBuf,
    /// The stage of the migration whose demands are made
    #[arg(long, value_name = "PHASE", value_parser = phase())]
    pub phase: Option<Phase>,
    /// How far to look back, for example 7d [default: 7d, or what the phase demands]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub window: Option<Duration>,
    /// In each of which periods every table must have been compared [default: 24h, or what the phase demands]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub every: Option<Duration>,
    /// The history, in place of the config's
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
    /// Print the ruling as JSON
    #[arg(long)]
    pub json: bool,
}

/// `tieout history`.
#[derive(Debug, Args)]
pub struct HistoryArguments {
    /// The config whose history is listed [default: tieout.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The history, in place of the config's [default: reports/history.db]
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
    /// Print everything that is on record as JSON
    #[arg(long)]
    pub json: bool,
}

/// `tieout verify`.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// The directory of the run, for example reports/latest
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Repeat the whole comparison from the snapshots: the same bytes must come out
    #[arg(long)]
    pub repeat: bool,
    /// The run must be signed with the key that this Ed25519 public key (PEM) belongs to
    #[arg(long, value_name = "PUBKEY")]
    pub key: Option<PathBuf>,
    /// Threads of a repetition [default: the number of cores, at most 8]
    #[arg(long, value_name = "N", value_parser = workers())]
    pub workers: Option<usize>,
    /// The most memory the diff of a repetition may take before it spills to disk [default: 512MiB]
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub memory: Option<u64>,
    /// Say nothing but errors and what is wrong
    #[arg(short, long)]
    pub quiet: bool,
}

/// How progress is told on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ProgressForm {
    /// Bars on a terminal, lines elsewhere.
    #[default]
    Auto,
    /// Events, one JSON object a line (docs/progress.md).
    Json,
}

/// How much a command says on stderr.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Talk {
    /// Say nothing but errors (and what --json prints)
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more: notes, and the time each stage took
    #[arg(short, long)]
    pub verbose: bool,
    /// How progress is told on stderr
    #[arg(long, value_name = "FORM", value_enum, default_value_t)]
    pub progress: ProgressForm,
}

impl Talk {
    /// Whether everything on stderr is an event in JSON, errors too.
    pub fn events(self) -> bool {
        self.progress == ProgressForm::Json
    }
}

impl Arguments {
    /// How much the command says.
    pub fn talk(&self) -> Talk {
        match &self.command {
            Command::Diff(arguments) => arguments.options.talk,
            Command::Run(arguments) => arguments.options.talk,
            Command::Demo(arguments) => arguments.talk,
            Command::Snapshot(arguments) => arguments.talk,
            Command::Schema(arguments) => arguments.talk,
            Command::Init(_) | Command::Verify(_) | Command::Report(_) | Command::Gate(_) | Command::History(_) => {
                Talk::default()
            }
        }
    }
}

/// How gently a store is read.
#[derive(Debug, Clone, Copy, Args)]
pub struct LoadOptions {
    /// The most rows that are read of each store a second, by all its workers together
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<u64>::new().range(1..))]
    pub rows_per_second: Option<u64>,
    /// The most MiB of values that are read of each store a second, by all its workers together
    #[arg(long, value_name = "MIB", value_parser = rate)]
    pub mebibytes_per_second: Option<f64>,
}

impl LoadOptions {
    /// The options in the words of the configuration.
    pub fn caps(self) -> Caps {
        Caps {
            rows_per_second: self.rows_per_second.map(|rows| rows as f64),
            bytes_per_second: self.mebibytes_per_second.map(|mebibytes| mebibytes * f64::from(1 << 20)),
        }
    }
}

/// The options that `diff` and `run` share.
#[derive(Debug, Args)]
pub struct CompareOptions {
    /// Only this table, or this pair of tables; may be given several times
    #[arg(long = "table", value_name = "T|SOURCE_TABLE=TARGET_TABLE", help_heading = "What is compared")]
    pub tables: Vec<TableChoice>,
    /// The key columns, by their names in the source [default: the declared key]
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', value_parser = column, help_heading = "What is compared")]
    pub key: Option<Vec<String>>,
    /// Columns to leave out
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', value_parser = column, help_heading = "What is compared")]
    pub ignore: Option<Vec<String>>,
    /// Only the rows for which this condition holds, in the SQL of both stores
    #[arg(long = "where", value_name = "SQL", allow_hyphen_values = true, help_heading = "What is compared")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub filter: Option<String>,
    /// The zone of both stores' times without a zone, for example Europe/Berlin
    #[arg(long, value_name = "ZONE", value_parser = zone, help_heading = "What is compared")]
    pub time_zone: Option<Tz>,
    /// Compare every row, or a random sample, of which the report says what it proves [default: full]
    #[arg(long, value_name = "MODE", value_parser = mode(), help_heading = "What is compared")]
    pub mode: Option<Mode>,
    /// The share to sample, for example 1%
    #[arg(long, value_name = "SHARE", help_heading = "What is compared")]
    pub sample: Option<String>,
    /// What the sample is to prove: 0.1%@95% that at most 0.1% differs, with 95% confidence; in place of --sample
    #[arg(long, value_name = "BOUND@CONFIDENCE", help_heading = "What is compared")]
    pub sample_for: Option<String>,
    /// Compare a table in full when its sample differs
    #[arg(long, help_heading = "What is compared")]
    pub escalate: bool,
    /// The seed of the sample; the same seed chooses the same ranges and rows [default: drawn, and recorded]
    #[arg(long, value_name = "N", help_heading = "What is compared")]
    pub seed: Option<u64>,
    /// Data that move: snapshot takes what differs between one snapshot of each store for a difference, eventual reads it again
    /// until it agrees, stands still or keeps changing, strong waits until the target has passed the source [default: snapshot]
    #[arg(long, value_name = "WHICH", value_parser = consistency(), help_heading = "How")]
    pub consistency: Option<Consistency>,
    /// Keep both tables as Parquet (full), or digests and only the rows of ranges that disagree (lean) [default: full]
    #[arg(long, value_name = "KIND", value_parser = keep(), help_heading = "How")]
    pub snapshot: Option<Keep>,
    /// Parallel readers of each store [default: the number of cores, at most 8]
    #[arg(long, value_name = "N", value_parser = workers(), help_heading = "How")]
    pub workers: Option<usize>,
    /// How gently the stores are read.
    #[command(flatten, next_help_heading = "Load")]
    pub load: LoadOptions,
    /// Stop by then: a time of the day (06:00) or a duration (4h); what is not compared is undecided
    #[arg(long, value_name = "WHEN", help_heading = "Load")]
    pub deadline: Option<Deadline>,
    /// How often what failed for the moment (a broken connection, say) is tried again [default: 5]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<u32>::new().range(0..=1000), help_heading = "How")]
    pub retries: Option<u32>,
    /// The most memory the diff may take before it spills to disk, at least 64MiB [default: 512MiB]
    #[arg(long, value_name = "SIZE", value_parser = memory, help_heading = "How")]
    pub memory: Option<u64>,
    /// Which snapshots stay when the run has ended [default: always; never where values are not to be seen]
    #[arg(long, value_name = "WHICH", value_parser = keep_snapshots(), help_heading = "How")]
    pub keep_snapshots: Option<KeepSnapshots>,
    /// What reports show of values, at most: no column becomes laxer than the config has it [default: show]
    #[arg(long, value_name = "POLICY", value_parser = showing(), help_heading = "Trust and privacy")]
    pub values: Option<Showing>,
    /// What reports show of key columns that the config does not list, at most [default: show]
    #[arg(long, value_name = "POLICY", value_parser = showing(), help_heading = "Trust and privacy")]
    pub key_values: Option<Showing>,
    /// Sign the manifest of the run with this Ed25519 key (PKCS#8, PEM)
    #[arg(long, value_name = "KEYFILE", help_heading = "Trust and privacy")]
    pub sign: Option<PathBuf>,
    /// Where run directories are written [default: reports]
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// The file in which the run is recorded for `tieout gate` [run: history.db in --out; diff: none]
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub history: Option<PathBuf>,
    /// Write the summary as Markdown too, for job pages; it is also added to $GITHUB_STEP_SUMMARY when that is set
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub markdown: Option<PathBuf>,
    /// Print summary.json on stdout in place of the table
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// How much to say.
    #[command(flatten, next_help_heading = "Output")]
    pub talk: Talk,
}

impl CompareOptions {
    /// The options in the words of the configuration.
    pub fn overrides(&self) -> Overrides {
        Overrides {
            tables: self.tables.clone(),
            key: self.key.clone(),
            ignore: self.ignore.clone(),
            filter: self.filter.clone(),
            time_zone: self.time_zone,
            mode: self.mode,
            sample: self.sample.clone(),
            sample_for: self.sample_for.clone(),
            seed: self.seed,
            escalate: self.escalate,
            consistency: self.consistency,
            snapshot: self.snapshot,
            workers: self.workers,
            memory_bytes_max: self.memory,
            out: self.out.clone(),
            history: self.history.clone(),
            values: self.values,
            key_values: self.key_values,
            keep_snapshots: self.keep_snapshots,
            sign: self.sign.clone(),
            caps: self.load.caps(),
            deadline: self.deadline.clone(),
            retries: self.retries,
        }
    }

    /// Where the result goes beside the run directory.
    pub fn outputs(&self) -> Outputs {
        Outputs { json: self.json, markdown: self.markdown.clone(), talk: self.talk }
    }
}

/// What is printed in place of running a command: help, the version, or what is wrong with the arguments.
#[derive(Debug)]
pub struct Shown {
    text: String,
    plain: String,
    is_error: bool,
}

/// Reads the arguments.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, Shown> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    Arguments::try_parse_from(&arguments).map_err(|error| {
        let rendered = error.render();
        let (text, plain) = (rendered.ansi().to_string(), rendered.to_string());
        match error.exit_code() {
            0 => Shown { text, plain, is_error: false },
            _ => Shown { text: scrubbed(text, &arguments), plain: scrubbed(plain, &arguments), is_error: true },
        }
    })
}

impl Shown {
    /// Prints it: help and version on stdout (exit code 0), errors on stderr (exit code 2).
    pub fn print(&self) -> ExitCode {
        if self.is_error {
            let text = if terminal::has_colour(&std::io::stderr()) { &self.text } else { &self.plain };
            let _ = std::io::stderr().write_all(text.as_bytes());
            return ExitCode::from(2);
        }
        let stdout = std::io::stdout();
        let text = if stdout.is_terminal() && terminal::has_colour(&stdout) { &self.text } else { &self.plain };
        match terminal::print(text) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => super::errors::report(&error),
        }
    }
}

/// clap repeats arguments in its errors; a URL among them may hold a password.
fn scrubbed(mut text: String, arguments: &[OsString]) -> String {
    for argument in arguments.iter().map(|argument| argument.to_string_lossy()) {
        let value = argument.split_once('=').map_or("", |(_, value)| value);
        for candidate in [&*argument, value] {
            let shown = redact(candidate);
            if !candidate.is_empty() && shown != *candidate {
                text = text.replace(candidate, &shown);
            }
        }
    }
    text
}

fn workers() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=WORKERS_MAX as u64)
}

fn mode() -> impl TypedValueParser<Value = Mode> {
    PossibleValuesParser::new(["full", "sample"]).try_map(|text| text.parse::<Mode>())
}

fn consistency() -> impl TypedValueParser<Value = Consistency> {
    PossibleValuesParser::new(Consistency::ALL.map(Consistency::name)).try_map(|text| text.parse::<Consistency>())
}

fn keep() -> impl TypedValueParser<Value = Keep> {
    PossibleValuesParser::new(["full", "lean"]).try_map(|text| text.parse::<Keep>())
}

fn severity() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(Severity::ALL.map(Severity::name)).try_map(|text| {
        let named = Severity::ALL.into_iter().find(|severity| severity.name() == text);
        named.ok_or("no severity of this name")
    })
}

fn phase() -> impl TypedValueParser<Value = Phase> {
    let all = [Phase::Backfill, Phase::DualWrite, Phase::Cutover, Phase::Cleanup];
    PossibleValuesParser::new(all.map(Phase::name))
        .try_map(move |text| all.into_iter().find(|phase| phase.name() == text).ok_or("no such phase"))
}

fn keep_snapshots() -> impl TypedValueParser<Value = KeepSnapshots> {
    PossibleValuesParser::new(["never", "differ", "always"]).try_map(|text| text.parse::<KeepSnapshots>())
}

fn showing() -> impl TypedValueParser<Value = Showing> {
    PossibleValuesParser::new(Showing::ALL.map(Showing::name)).try_map(|text| text.parse::<Showing>())
}

fn memory(text: &str) -> Result<u64, String> {
    parse_memory(text).map_err(with_advice)
}

fn rate(text: &str) -> Result<f64, String> {
    parse_rate(text).map_err(with_advice)
}

fn zone(text: &str) -> Result<Tz, String> {
    parse_zone(text).map_err(with_advice)
}

fn column(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a column name is empty".into()),
        name => Ok(name.to_owned()),
    }
}

fn with_advice(error: tieout::error::Error) -> String {
    match error.advice() {
        Some(advice) => format!("{error} ({advice})"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parsed(line: &str) -> Result<Arguments, Shown> {
        parse(line.split(' ').map(OsString::from))
    }

    fn refused(line: &str) -> String {
        let shown = parsed(line).expect_err("refused");
        assert!(shown.is_error, "{}", shown.plain);
        shown.plain
    }

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_promised_option_is_understood() {
        let line = "tieout diff a.db b.db --table t --table a=B --key a,b --ignore c --ignore d,e --where x>1 \
                    --time-zone UTC --mode full --sample 1% --seed 7 --snapshot full --workers 3 --memory 2GiB --out o \
                    --json -v --values hash --key-values hide --keep-snapshots differ --sign k.pem --markdown m.md \
                    --progress json --consistency eventual --retries 2";
        let Command::Diff(diff) = parsed(line).unwrap().command else { panic!("not diff") };
        let overrides = diff.options.overrides();
        assert_eq!(overrides.tables.len(), 2);
        assert_eq!(overrides.key.unwrap(), ["a", "b"]);
        assert_eq!(overrides.ignore.unwrap(), ["c", "d", "e"]);
        assert_eq!(overrides.filter.as_deref(), Some("x>1"));
        assert_eq!(overrides.time_zone, Some(Tz::UTC));
        assert_eq!((overrides.mode, overrides.snapshot), (Some(Mode::Full), Some(Keep::Full)));
        assert_eq!((overrides.sample.as_deref(), overrides.seed), (Some("1%"), Some(7)));
        assert_eq!((overrides.workers, overrides.memory_bytes_max), (Some(3), Some(2 << 30)));
        assert_eq!((overrides.out, overrides.retries), (Some(PathBuf::from("o")), Some(2)));
        assert_eq!(overrides.consistency, Some(Consistency::Eventual));
        assert!(diff.options.json && diff.options.talk.verbose && diff.options.talk.events());
        assert_eq!((overrides.values, overrides.key_values), (Some(Showing::Hash), Some(Showing::Hide)));
        assert_eq!(overrides.keep_snapshots, Some(KeepSnapshots::Differ));
        assert_eq!((overrides.sign, diff.options.markdown), (Some("k.pem".into()), Some("m.md".into())));
    }

    #[test]
    fn what_was_not_given_overrides_nothing() {
        let Command::Run(run) = parsed("tieout run").unwrap().command else { panic!("not run") };
        assert_eq!(run.config, PathBuf::from("tieout.toml"));
        let overrides = run.options.overrides();
        assert!(overrides.tables.is_empty() && overrides.key.is_none() && overrides.ignore.is_none());
        assert!(overrides.workers.is_none() && overrides.out.is_none() && overrides.mode.is_none());
    }

    #[test]
    fn help_and_version_are_no_errors() {
        for line in ["tieout --help", "tieout --version", "tieout diff --help", "tieout run -h", "tieout help init"] {
            assert!(!parsed(line).unwrap_err().is_error, "{line}");
        }
        assert!(parsed("tieout run --help").unwrap_err().plain.contains("Exit codes:"));
    }

    #[test]
    fn wrong_usage_is_refused_with_the_reason() {
        assert!(refused("tieout diff a.db").contains("TARGET"));
        assert!(refused("tieout diff a b --memory 1MiB").contains("64MiB"));
        assert!(refused("tieout diff a b --workers 0").contains("1..=1024"));
        assert!(refused("tieout diff a b --time-zone Europe/Berln").contains("Europe/Berlin"));
        assert!(refused("tieout diff a b --mode samples").contains("sample"));
        assert!(refused("tieout diff a b --key a,,b").contains("empty"));
        assert!(refused("tieout diff a b -q -v").contains("cannot be used with"));
        assert!(refused("tieout snapshot a").contains("--out"));
        assert!(refused("tieout demo --rows 5").contains("1000"));
        refused("tieout");
    }

    #[test]
    fn no_message_repeats_a_password() {
        for line in [
            "tieout postgres://app:s3cret@db1/shop",
            "tieout diff a b postgres://app:s3cret@db1/shop",
            "tieout diff a b --memory=postgres://app:s3cret@db1/shop",
            "tieout diff a b --memory postgres://app:s3cret@db1/shop",
            "tieout diff postgres://app:s3cret@db1/shop",
            "tieout diff a b --postgres://app:s3cret@db1/shop",
            "tieout diff a b postgres://db1/shop?password=s3cret",
        ] {
            let shown = parsed(line).unwrap_err();
            assert!(!shown.plain.contains("s3cret") && !shown.text.contains("s3cret"), "{}", shown.plain);
        }
    }
}
