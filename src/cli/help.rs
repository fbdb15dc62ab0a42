//! The longer texts of `--help`.

/// A text with the exit codes of a comparison below it.
macro_rules! with_exit_codes {
    ($text:literal) => {
        concat!(
            $text,
            "\n\nExit codes:\n",
            "  0  match      everything that was asked for was compared, and it is equal\n",
            "  1  differ     differences were proven\n",
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
  tieout run                                     the nightly job: every table pair of tieout.toml"
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
  PGPASSWORD=… tieout run            with url = \"postgres://app:${PGPASSWORD}@db1/shop\" in the config

The config:
  out = \"reports\"                # all of these are optional
  workers = 2
  memory = \"512MiB\"
  time_zone = \"Europe/Berlin\"
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

`tieout init` drafts one. ${NAME} in a string is read from the environment, $${ is a plain ${. Relative paths start at \
the current directory. Options given here go before what the file says: --table chooses among its table pairs; --key, \
--ignore and --where replace those of every chosen pair; --time-zone replaces those of the stores, but not of columns."
);

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

/// Below `tieout snapshot --help`.
pub const SNAPSHOT: &str = "\
Examples:
  tieout snapshot postgres://app@db1/shop --out shop-at-site-1
  tieout diff shop-at-site-1 mysql://app@db2/shop       later, where the snapshot has been copied to

Exit codes:
  0  the snapshot was written
  2  wrong usage
  3  the store failed, or the snapshot could not be written";
