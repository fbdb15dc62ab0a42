//! The longer texts of `--help`.

/// A text with the exit codes of a comparison below it.
macro_rules! with_exit_codes {
    ($text:literal) => {
        concat!(
            $text,
            "\n\nExit codes:\n",
            "  0  match      everything that was asked for was compared, and it is equal or within the limits\n",
            "  1  differ     differences beyond the limits were proven\n",
            "  2             wrong usage or configuration: nothing was compared\n",
            "  3  undecided  no difference was proven, but something was not compared"
        )
    };
}

/// Below `tieout --help`.
pub const TOP: &str = with_exit_codes!(
    "\
Stores, by URL or path:
  postgres://user@host:port/db      mysql://user@host:port/db (MariaDB too)
  sqlite://file.db                  or the path of an SQLite file
  data.parquet, data.csv            a glob of such files, or a directory: one table for each
                                    file or sub-directory in it

Examples:
  tieout demo                                    see it work: needs nothing but this program
  tieout diff old.db new.db                      compare all tables of two SQLite files
  tieout schema old.db new.db                    what the schemas lose, without reading a row
  tieout init postgres://app@db1/shop mysql://app@db2/shop > tieout.toml
  tieout run                                     the nightly job: every table pair of tieout.toml
  tieout verify reports/latest                   whether a finished run is as it was written"
);

/// Below `tieout diff --help`.
pub const DIFF: &str = with_exit_codes!(
    "\
Examples:
  tieout diff old.db new.db
  tieout diff postgres://app@db1/shop mysql://app@db2/shop --table orders=Orders --key id
  tieout diff postgres://app@db1/shop exports/ --ignore updated_at --time-zone Europe/Berlin
  tieout diff old.db new.db --table orders --where \"id < 1000\" --json
  tieout diff old.db new.db --mode sample --sample 1% --escalate

Without --table, all tables that exist on both sides are compared, and a table on one side only makes the verdict \
differ. Names meet their counterparts exactly, failing that without regard to case, failing that without regard to \
case and underscores.

While the stores are written to, --consistency eventual reads what differs again until it agrees (in flight), stands still (a \
difference) or keeps changing (hot: undecided); docs/moving-data.md says what that proves.

A sample proves no match, only how much may differ: the report says it with its confidence. Exit code 0 means then that \
nothing differs in the sample. Ranges of an integer key are read through its index; other tables are read whole.

A password in a URL is taken out of the list of processes only once tieout has started, and the shell's history \
keeps it. `tieout run` with ${NAME} in its config file reads passwords from the environment instead."
);

/// Below `tieout run --help`.
pub const RUN: &str = with_exit_codes!(
    "\
Examples:
  tieout run
  tieout run nightly.toml --table orders --out /var/lib/tieout
  tieout run --resume latest         after a kill, a power cut, a deadline or a failed store: docs/faults.md
  PGPASSWORD=… tieout run            with url = \"postgres://app:${PGPASSWORD}@db1/shop\" in the config

The config:
  out = \"reports\"                # all of these are optional
  workers = 2
  memory = \"512MiB\"
  time_zone = \"Europe/Berlin\"
  consistency = \"eventual\"       # snapshot, eventual, strong: docs/moving-data.md
  recheck = { times = 5, after = \"2s\" }
  keep_snapshots = \"differ\"      # never, differ, always
  retry = { times = 5 }          # what failed for the moment is tried again
  [values]                       # what reports show: show, mask, hash, length, hide
  default = \"show\"               # of columns that are not listed
  keys = \"show\"                  # of key columns that are not listed
  hash_key = \"${HASH_KEY}\"       # of hash; else TIEOUT_HASH_KEY
  columns = { \"orders.email\" = \"mask\", \"*.ssn\" = \"hide\" }
  [source]
  url = \"postgres://app:${PGPASSWORD}@db1/shop\"
  [target]
  url = \"mysql://app:${MYSQL_PASSWORD}@db2/shop\"
  time_zone = \"UTC\"              # goes before the one above
  [[tables]]                     # none at all: every table of both sides
  source = \"orders\"
  target = \"Orders\"              # left out: the same name
  key = [\"id\"]                   # left out: the declared key; []: none, whole rows
  ignore = [\"updated_at\"]
  where = \"id < 1000000\"         # or source_where, target_where
  [[tables.columns]]             # rules: docs/config.md lists them all
  source = \"created\"
  target = \"created_at\"
  time_zone = \"Europe/Paris\"
  precision = \"s\"
  [groups.audit]                 # what many tables share; [defaults] holds for all
  tables = \"audit_*\"
  ignore = [\"loaded_*\"]

  deadline = \"06:00\"             # or 4h: what is not compared by then is undecided
  [load]                         # docs/load.md has all keys; [source.load] and [target.load] go before it
  rows_per_second = 50000        # by all workers of a store together
  peak = \"Mon-Fri 08:00-20:00\"
  peak_rows_per_second = 5000
  active_backends_max = 8        # slow down while more sessions of others are active

  history = \"history.db\"         # where runs are recorded [default: history.db in out]
  [limits]                       # none: no difference is let pass; docs/gate.md has all keys
  corrupt_share = \"0.01%\"
  [limits.tables.orders]         # goes before the ones above
  missing = 10
  [[waivers]]                    # differences that somebody vouches for
  table = \"orders\"
  keys = [4711]                  # or column, or cause
  owner = \"jo@example.com\"
  reason = \"deleted by hand, see ticket 12\"
  until = 2026-12-31

`tieout init` drafts one. ${NAME} in a string is read from the environment, $${ is a plain ${. Relative paths start at \
the current directory. Options given here go before what the file says: --table chooses among its table pairs; --key, \
--ignore and --where replace those of every chosen pair; --time-zone replaces those of the stores, but not of columns; --values and --key-values show \
less than the config allows, never more."
);

/// Below `tieout gate --help`.
pub const GATE: &str = "\
Examples:
  tieout gate --window 7d
  tieout gate --phase cutover --config nightly.toml
  tieout gate --window 48h --every 1h --json

It goes ahead only if every table of the config was compared in every period of the window, all verdicts were match, \
no coverage shrank, and no config was made laxer in between. No store is opened. Periods count back from now.

Phases (docs/gate.md says why):
  backfill    24h: every table compared in full, its last verdict match
  dual-write  7d, every 24h: samples will do
  cutover     7d, every 24h: in full
  cleanup     14d, every 24h: in full, and limits forgive nothing

Exit codes:
  0  it may go ahead
  1  it may not: differences were proven, or are no longer waived
  2  wrong usage or configuration
  3  it may not: something was not shown (a gap, an undecided run, a laxer config, a clock that was changed)";

/// Below `tieout history --help`.
pub const HISTORY: &str = "\
Examples:
  tieout history
  tieout history --config nightly.toml --json

Exit codes:
  0  the runs were listed
  2  wrong usage, or there is no history
  3  the history could not be read";

/// Below `tieout init --help`.
pub const INIT: &str = "\
Examples:
  tieout init old.db new.db > tieout.toml
  tieout init postgres://app:secret@db1/shop mysql://app@db2/shop > tieout.toml
  tieout init --json-schema > tieout.schema.json      for editors that complete and check TOML

No row is read. A password in a URL is never written: ${SOURCE_PASSWORD} or ${TARGET_PASSWORD} stands in its \
place.

Exit codes:
  0  the config was printed
  2  wrong usage
  3  a store failed";

/// Below `tieout report --help`.
pub const REPORT: &str = "\
Examples:
  tieout report --open
  tieout report reports/20251123T041200Z-7f3a reports/latest

No store is looked at: the report is drawn from summary.json, report.json and tables/*/sample.json, and nothing else in \
the run directory is changed. The same run gives the same bytes.

Exit codes:
  0  the reports were drawn, whatever their verdicts
  2  not the directory of a finished run
  3  the report could not be written or opened";

/// Below `tieout demo --help`.
pub const DEMO: &str = "\
Examples:
  tieout demo
  tieout demo --rows 2000000 --dir /tmp/shop --out /tmp/reports

The two stores stay in DIR (source.db, target.db), together with damage.json, which lists every damaged key. Running \
the demo again writes these three files anew, with the same bytes for the same --rows; databases of the same names that \
are not the demo's own are never overwritten.

Exit codes:
  1  differ: the target is damaged on purpose
  2  wrong usage
  3  the demo could not be built or compared";

/// Below `tieout schema --help`.
pub const SCHEMA: &str = "\
Examples:
  tieout schema postgres://app@db1/shop mysql://app@db2/shop
  tieout schema old.db new.db --table orders --severity different
  tieout schema --config tieout.toml --json

No row is read. Severities:
  lossy      the target can hold less, or lacks a table or column: values may be lost
  stricter   the target refuses what the source allows
  different  the two behave differently: defaults, keys, indexes, collations
  note       good to know: another type that holds everything (shown with -v or --severity note)

What a store has no way to state (a CSV file has no defaults) gives no finding. diff and run list the same findings in \
summary.json and report.html; they change no verdict there.

Exit codes:
  0  no finding of the severity asked for or above
  1  findings
  2  wrong usage or configuration: nothing was compared
  3  no such finding, but a store failed or no table matched";

/// Below `tieout verify --help`.
pub const VERIFY: &str = "\
Examples:
  tieout verify reports/latest
  tieout verify reports/latest --repeat               from the snapshots, without the stores
  tieout verify reports/latest --key pub.pem          of a run with --sign key.pem
  openssl genpkey -algorithm ed25519 -out key.pem     makes a key, and this its public half:
  openssl pkey -in key.pem -pubout -out pub.pem

manifest.json of the run lists every file with its SHA-256. Whoever can write to the directory can write a new manifest \
too: only a signature, checked with a key that you hold, rules that out. A repetition puts digests and differences into a \
folder of TMPDIR and removes them; values that were hashed need the run's key in TIEOUT_HASH_KEY.

Exit codes:
  0  everything is as the run left it (and with --repeat came out again)
  1  something was changed, added or taken away, or came out otherwise
  2  wrong usage
  3  something could not be read or compared again";

/// Below `tieout snapshot --help`.
pub const SNAPSHOT: &str = "\
Examples:
  tieout snapshot postgres://app@db1/shop --out shop-at-site-1
  tieout diff shop-at-site-1 mysql://app@db2/shop       later, where the snapshot has been copied to

Exit codes:
  0  the snapshot was written
  2  wrong usage
  3  the store failed, or the snapshot could not be written";
