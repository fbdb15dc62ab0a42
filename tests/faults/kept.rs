//! Runs that were killed and are taken up: what is taken over, what is read again, and what becomes of what was left.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use super::{Findings, config, findings, only_run};
use crate::binary::{Running, Tieout, files_beneath};
use crate::servers::Postgres;

/// A session that holds a table, or the readers of `zulu`, so that a run comes as far as it and no further.
pub struct Hold<'a> {
    postgres: &'a Postgres,
    database: String,
    session: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl<'a> Hold<'a> {
    /// Holds a table, so that nobody may as much as look at its size.
    pub fn of(postgres: &'a Postgres, database: &str, table: &str) -> Self {
        let mut hold = Self::session(postgres, database);
        hold.say(&format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;"));
        hold
    }

    /// Holds all who read `zulu` of [`Stores`].
    pub fn readers(postgres: &'a Postgres, database: &str) -> Self {
        let mut hold = Self::session(postgres, database);
        hold.say("DO 'BEGIN PERFORM pg_advisory_lock(4711); END';");
        hold
    }

    fn session(postgres: &'a Postgres, database: &str) -> Self {
        let mut session = postgres.psql(database).spawn().expect("psql starts");
        let answers = BufReader::new(session.stdout.take().expect("a pipe"));
        Self { postgres, database: database.to_owned(), session, answers }
    }

    /// Lets everybody go on.
    pub fn release(&mut self) {
        self.say("COMMIT; DO 'BEGIN PERFORM pg_advisory_unlock_all(); END';");
    }

    /// Runs statements in the session.
    pub fn say(&mut self, statements: &str) {
        let session = self.session.stdin.as_mut().expect("a pipe");
        session.write_all(format!("{statements} SELECT 'done';\n").as_bytes()).expect("psql reads");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("psql answers");
        assert_eq!(answer, "done\n", "{statements}");
    }

    pub fn wait_until_somebody_waits(&self) {
        let begin = Instant::now();
        let query = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND wait_event_type = 'Lock'",
            self.database
        );
        while self.postgres.run("postgres", &query).trim() == "0" {
            assert!(begin.elapsed() < Duration::from_secs(60), "the run never came to the table that is held");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        drop(self.session.stdin.take());
        let _ = self.session.wait();
    }
}

/// Two stores of three tables, of which the last can be held: the source in SQLite, the target in PostgreSQL.
pub struct Stores {
    pub tieout: Tieout,
    pub postgres: &'static Postgres,
    pub database: String,
    pub expected: Findings,
}

impl Stores {
    pub fn new(rest: &str) -> Self {
        let tieout = Tieout::new();
        let columns = "(id INTEGER PRIMARY KEY, name TEXT)";
        let table = |name: &str, rows: u32| {
            format!(
                "CREATE TABLE {name} {columns};
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
                 INSERT INTO {name} SELECT i, 'row ' || i FROM n;"
            )
        };
        let script = ["alpha", "beta", "zulu"].map(|name| table(name, 2000)).concat();
        crate::sqlite::database(tieout.folder.path(), "source.db", &script);
        let postgres = Postgres::shared();
        let script = format!(
            "{} DELETE FROM alpha WHERE id = 5; UPDATE alpha SET name = 'other' WHERE id IN (7, 1999);
             UPDATE zulu SET name = NULL WHERE id = 3; INSERT INTO zulu VALUES (9999, 'new');",
            script
        );
        let database = postgres.database("kept", &script);
        config(&tieout, "source.db", &postgres.url(&database), &Self::settings(rest));
        tieout.run(["run", "-q"]).exits(1);
        let expected = findings(&tieout.latest());
        std::fs::remove_dir_all(tieout.path("reports")).expect("the reports are removed");
        Self { tieout, postgres, database, expected }
    }

    /// All tables; whoever reads `zulu` of the target passes the place at which it is held.
    fn settings(rest: &str) -> String {
        let passes = "(SELECT pg_advisory_lock_shared(4711) IS NOT NULL)";
        format!("workers = 6\nall_tables = true\n{rest}\n[[tables]]\nsource = \"zulu\"\ntarget_where = \"{passes}\"\n")
    }

    /// Starts a run that comes as far as `zulu`, whose source has been read by then, and calls `then` with it.
    pub fn caught(&self, then: impl FnOnce(&mut Hold<'_>, Running<'_>)) {
        let mut hold = Hold::readers(self.postgres, &self.database);
        let run = self.tieout.start(self.tieout.command(["run", "-q"]));
        hold.wait_until_somebody_waits();
        let begin = Instant::now();
        let read = |run: &Path| {
            run.join(".resume/tables/beta.json").exists() && run.join("snapshots/zulu/source/manifest.json").exists()
        };
        while !read(&only_run(&self.tieout)) {
            assert!(begin.elapsed() < Duration::from_secs(60), "the other tables were never finished");
            std::thread::sleep(Duration::from_millis(10));
        }
        then(&mut hold, run);
    }

    /// A run that was killed when only `zulu` was missing. Its directory.
    pub fn killed(&self) -> PathBuf {
        self.caught(|_, run| {
            run.signal("KILL");
            let outcome = run.end();
            assert_eq!(outcome.code, None, "killed");
        });
        only_run(&self.tieout)
    }
}

#[test]
fn a_killed_run_is_taken_up_where_it_was_and_finds_the_same() {
    let stores = Stores::new("");
    let run = stores.killed();
    assert!(!run.join("summary.json").exists());
    let part = std::fs::metadata(run.join("snapshots/alpha/target/part-00000.parquet")).expect("a part");
    let side = std::fs::metadata(run.join("snapshots/zulu/source/part-00000.parquet")).expect("a part");
    let outcome = stores.tieout.run(["run", "-v", "--resume", "latest"]).exits(1);
    outcome.report();
    assert!(outcome.stderr.contains("2 of 3 tables are taken over"), "{outcome}");
    assert_eq!(findings(&run), stores.expected, "{outcome}");
    // Neither finished tables nor the side that was read whole were read again.
    use std::os::unix::fs::MetadataExt;
    let inode = |path: &str| std::fs::metadata(run.join(path)).expect("a part").ino();
    assert_eq!(inode("snapshots/alpha/target/part-00000.parquet"), part.ino());
    assert_eq!(inode("snapshots/zulu/source/part-00000.parquet"), side.ino());
    // Nothing is left of what it took.
    for file in files_beneath(&run) {
        let path = file.strip_prefix(&run).expect("beneath it");
        assert!(path.iter().all(|part| !part.to_string_lossy().starts_with('.')), "{} is left", path.display());
    }
    assert_eq!(
        std::fs::read_link(stores.tieout.latest()).expect("a link"),
        Path::new(run.file_name().expect("a name"))
    );
    stores.tieout.run(["verify", run.to_str().expect("UTF-8"), "--repeat"]).exits(0);
}

#[test]
fn the_summary_of_a_run_that_was_taken_up_says_when_and_as_of_which_moment_each_table_was_read() {
    let stores = Stores::new("");
    let run = stores.killed();
    std::thread::sleep(Duration::from_millis(20));
    stores.tieout.run(["run", "-q", "--resume", run.to_str().expect("UTF-8")]).exits(1);
    let report = crate::result::Report::read(&run).expect("a report");
    assert_eq!(report.summary["run"]["resumed"].as_array().map(Vec::len), Some(1));
    let taken_up = report.summary["run"]["resumed"][0].as_str().expect("a time").to_owned();
    let of = |table: &str| report.table(table)["moments"]["target"].clone();
    let started = |table: &str| of(table)["started"].as_str().expect("a time").to_owned();
    assert!(started("alpha") < taken_up && taken_up <= started("zulu"), "{} {}", of("alpha"), of("zulu"));
    assert_ne!(of("alpha")["coordinates"]["snapshot"], of("zulu")["coordinates"]["snapshot"]);
    assert!(report.table("alpha")["moments"]["source"]["coordinates"]["file_change_counter"].is_string());
}

#[test]
fn a_run_on_record_gets_one_end_however_often_it_was_taken_up() {
    let stores = Stores::new("");
    let run = stores.killed();
    for _ in 0..2 {
        let mut hold = Hold::readers(stores.postgres, &stores.database);
        let again = stores.tieout.start(stores.tieout.command(["run", "-q", "--resume", "latest"]));
        hold.wait_until_somebody_waits();
        again.signal("KILL");
        again.end();
        hold.release();
    }
    stores.tieout.run(["run", "-q", "--resume", "latest"]).exits(1);
    assert_eq!(findings(&run), stores.expected);
    let history = stores.tieout.run(["history", "--json"]).exits(0).stdout;
    let history: serde_json::Value = serde_json::from_str(&history).expect("JSON");
    let text = history.to_string();
    let id = run.file_name().expect("a name").to_string_lossy().into_owned();
    assert_eq!(text.matches(&format!("\"id\":\"{id}\"")).count(), 1, "{history:#}");
    assert_eq!(text.matches("\"finished\":\"").count(), 1, "{history:#}");
    let report = crate::result::Report::read(&run).expect("a report");
    assert_eq!(report.summary["run"]["resumed"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_run_that_was_asked_to_stop_is_taken_up_as_well() {
    let stores = Stores::new("");
    stores.caught(|_, run| {
        run.signal("TERM");
        run.end().exits(3);
    });
    let run = only_run(&stores.tieout);
    stores.tieout.run(["run", "-v", "--resume", "latest"]).exits(1).saying(&["2 of 3 tables"]);
    assert_eq!(findings(&run), stores.expected);
}

#[test]
fn tables_that_could_not_be_read_are_read_when_the_run_is_taken_up() {
    let stores = Stores::new("retry = { times = 0 }");
    let postgres = stores.postgres;
    postgres.run(&stores.database, "REVOKE ALL ON zulu FROM app");
    let outcome = stores.tieout.run(["run", "-q"]);
    postgres.run(&stores.database, "GRANT ALL ON zulu TO app");
    let first = outcome.exits(1).report();
    assert_eq!(first.table("zulu")["verdict"], "undecided");
    let run = only_run(&stores.tieout);
    stores.tieout.run(["verify", run.to_str().expect("UTF-8")]).exits(0);
    stores.tieout.run(["run", "-v", "--resume", "latest"]).exits(1).saying(&["2 of 3 tables"]);
    assert_eq!(findings(&run), stores.expected);
    stores.tieout.run(["verify", run.to_str().expect("UTF-8")]).exits(0);
    // Both ends are on record: the first without the table, the second with it alone.
    let history: serde_json::Value =
        serde_json::from_str(&stores.tieout.run(["history", "--json"]).exits(0).stdout).expect("JSON");
    let runs = history["runs"].as_array().or_else(|| history.as_array()).expect("runs").clone();
    assert_eq!(runs.len(), 2, "{history:#}");
    let tables = |run: &serde_json::Value| {
        let tables = run["end"]["tables"].as_array().expect("tables").iter();
        tables.map(|table| table["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(tables(&runs[0]), ["alpha", "beta", "zulu"]);
    assert_eq!(tables(&runs[1]), ["zulu"]);
}

#[test]
fn a_finished_table_whose_columns_have_changed_since_is_read_again() {
    let stores = Stores::new("");
    let run = stores.killed();
    stores.postgres.run(&stores.database, "ALTER TABLE alpha ADD COLUMN extra int");
    let outcome = stores.tieout.run(["run", "-v", "--resume", "latest"]).exits(1);
    assert!(outcome.stderr.contains("table alpha is read again: its columns or keys have changed"), "{outcome}");
    let report = crate::result::Report::read(&run).expect("a report");
    assert_eq!(report.column("alpha", "extra")["status"], "missing_in_source");
}

#[test]
fn a_side_whose_store_was_written_to_since_is_read_again() {
    let stores = Stores::new("");
    let run = stores.killed();
    let source = rusqlite::Connection::open(stores.tieout.path("source.db")).expect("the source");
    source.execute_batch("UPDATE zulu SET name = 'later' WHERE id = 77").expect("an update");
    drop(source);
    stores.tieout.run(["run", "-v", "--resume", "latest"]).exits(1).saying(&["2 of 3 tables"]);
    let report = crate::result::Report::read(&run).expect("a report");
    assert_eq!(report.counts("zulu"), [0, 1, 0, 2], "the change is seen, and no mixture of before and after");
}

#[test]
fn whatever_bit_is_flipped_in_whatever_is_left_the_findings_are_the_same() {
    let stores = Stores::new("");
    let run = stores.killed();
    let copy = stores.tieout.path("copy");
    crate::faults::copy_folder(&run, &copy);
    let mut kinds = 0;
    for file in files_beneath(&copy) {
        let path = file.strip_prefix(&copy).expect("beneath it").to_owned();
        let bytes = std::fs::read(&file).expect("a file");
        if bytes.is_empty()
            || path.ends_with("run.json")
            || !path.to_string_lossy().contains("alpha") && !path.to_string_lossy().contains("zulu")
        {
            continue;
        }
        kinds += 1;
        for (place, cut) in [(0.1, false), (0.6, false), (0.99, true)] {
            std::fs::remove_dir_all(&run).expect("removed");
            crate::faults::copy_folder(&copy, &run);
            let mut bytes = bytes.clone();
            let at = (bytes.len() as f64 * place) as usize;
            if cut {
                bytes.truncate(at)
            } else {
                bytes[at] ^= 0x04
            }
            std::fs::write(run.join(&path), &bytes).expect("a damaged file");
            let outcome = stores.tieout.run(["run", "-v", "--resume", "latest"]).exits(1);
            assert_eq!(findings(&run), stores.expected, "{} at {at}\n{outcome}", path.display());
            if path.starts_with("tables/alpha") || path.starts_with("snapshots/alpha") {
                assert!(outcome.stderr.contains("table alpha is read again"), "{} at {at}\n{outcome}", path.display());
            }
        }
    }
    assert!(kinds >= 12, "{kinds} files were damaged");
}

#[test]
fn a_file_that_may_not_be_read_any_more_costs_no_more_than_its_table() {
    let stores = Stores::new("");
    let run = stores.killed();
    // In place of a file, a folder: whoever runs the tests, it cannot be read as a file.
    let file = run.join("snapshots/alpha/source/part-00000.parquet");
    std::fs::remove_file(&file).expect("removed");
    std::fs::create_dir(&file).expect("a folder");
    stores.tieout.run(["run", "-v", "--resume", "latest"]).exits(1).saying(&["table alpha is read again", "1 of 3"]);
    assert_eq!(findings(&run), stores.expected);
}

#[test]
fn what_was_not_to_be_kept_is_gone_once_a_killed_run_was_taken_up() {
    let stores = Stores::new("keep_snapshots = \"never\"");
    let run = stores.killed();
    assert!(!files_beneath(&run.join("snapshots")).is_empty(), "a killed run leaves rows");
    stores.tieout.run(["run", "-q", "--resume", "latest"]).exits(1);
    assert_eq!(findings(&run), stores.expected);
    assert!(!run.join("snapshots").exists() && !run.join(".scratch").exists() && !run.join(".resume").exists());
}

#[test]
fn lean_runs_and_samples_are_taken_up_too() {
    for rest in ["snapshot = \"lean\"", "seed = 7\nmode = \"sample\"\nsample = \"40%\""] {
        let stores = Stores::new(rest);
        let run = stores.killed();
        let outcome = stores.tieout.run(["run", "-v", "--resume", "latest"]).exits(1);
        assert!(outcome.stderr.contains("2 of 3 tables are taken over"), "{outcome}");
        assert_eq!(findings(&run), stores.expected, "{rest}\n{outcome}");
    }
}

#[test]
fn a_run_whose_disk_was_full_is_taken_up_when_there_is_room() {
    let stores = Stores::new("");
    let run = stores.killed();
    // No file may exceed 8 KiB, and the signal that would tell so is ignored: writes fail as on a full disk.
    let limit = "trap '' XFSZ; ulimit -f 8; exec \"$@\"";
    let mut command = std::process::Command::new("bash");
    command.args(["-c", limit, "bash", env!("CARGO_BIN_EXE_tieout"), "run", "-q", "--resume", "latest"]);
    command.current_dir(stores.tieout.folder.path());
    let outcome = stores.tieout.start(command).end();
    assert!(matches!(outcome.code, Some(2 | 3)), "{outcome}");
    assert!(!run.join("summary.json").exists(), "{outcome}");
    stores.tieout.run(["run", "-v", "--resume", "latest"]).exits(1).saying(&["2 of 3 tables"]);
    assert_eq!(findings(&run), stores.expected);
}
