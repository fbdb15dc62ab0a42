//! A run that is killed at any moment, and killed again while it is taken up: whatever the moments, it comes to the very findings of a
//! run that nobody killed, and the history has one end of it.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{config, findings};
use crate::binary::Tieout;
use crate::servers::Postgres;

/// Kills, over all runs together.
const KILLS: u32 = 200;
/// Small tables, so that a run is short and all of its stages are hit.
const TABLES: [&str; 4] = ["a", "b", "c", "d"];
const SEED: u64 = 0x7469_656f_7574;

/// A generator of numbers that are the same in every run of the test (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % bound
    }
}

fn runs(tieout: &Tieout) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(tieout.path("reports")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut runs: Vec<PathBuf> = entries.filter(|path| path.is_dir() && !path.is_symlink()).collect();
    runs.sort();
    runs
}

#[test]
fn a_run_that_is_killed_two_hundred_times_at_any_moment_finds_what_an_undisturbed_one_finds() {
    let tieout = Tieout::new();
    let table = |name: &&str| {
        format!(
            "CREATE TABLE {name} (id INTEGER PRIMARY KEY, note TEXT);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
             INSERT INTO {name} SELECT i, '{name} ' || i FROM n;"
        )
    };
    let script: String = TABLES.iter().map(table).collect();
    crate::sqlite::database(tieout.folder.path(), "source.db", &script);
    let damage =
        "DELETE FROM b WHERE id = 7; UPDATE c SET note = 'x' WHERE id % 50 = 0; INSERT INTO d VALUES (999, 'd');";
    let postgres = Postgres::shared();
    let url = postgres.url(&postgres.database("kills", &format!("{script}{damage}")));
    config(&tieout, "source.db", &url, "workers = 2");

    let begin = Instant::now();
    tieout.run(["run", "-q"]).exits(1);
    let whole = begin.elapsed();
    let reference = runs(&tieout).pop().expect("a run");
    let expected = findings(&reference);
    let (mut numbers, mut kills, mut finished) = (Numbers(SEED), 0, vec![reference]);
    let mut moments = [0_u32; 10];
    let mut resumes = false;
    while kills < KILLS || resumes {
        let mut command = tieout.command(["run", "-q"]);
        if resumes {
            command.args(["--resume", "latest"]);
        }
        // Once there were kills enough, the last run is let come to its end.
        let share = numbers.below(1050);
        let wait =
            if kills < KILLS { whole * u32::try_from(share).expect("small") / 1000 } else { Duration::from_secs(120) };
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("a child") {
                break status;
            }
            if begun.elapsed() >= wait {
                child.kill().expect("kill");
                break child.wait().expect("a child");
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let mut said = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().expect("a pipe"), &mut said).expect("UTF-8");
        match (status.signal(), status.code()) {
            (Some(9), _) => {
                kills += 1;
                moments[usize::try_from(share / 106).expect("small").min(9)] += 1;
            }
            (None, Some(1)) => {}
            // Killed before it had written down which run it is, or after all but its removal: there is nothing to take up.
            (None, Some(2)) if resumes && said.contains("no run of this config") => {}
            other => panic!("{other:?} after {kills} kills\n{said}"),
        }
        let open: Vec<PathBuf> =
            runs(&tieout).into_iter().filter(|run| run.join(".resume/run.json").exists()).collect();
        for run in runs(&tieout) {
            if run.join("summary.json").exists() && !finished.contains(&run) {
                assert_eq!(findings(&run), expected, "{} after {kills} kills", run.display());
                if !open.contains(&run) {
                    finished.push(run);
                }
            }
        }
        assert!(open.len() <= 1, "one run at a time is taken up: {open:?}");
        resumes = !open.is_empty();
    }
    assert!(finished.len() > 3, "{} runs came to their end", finished.len());
    assert!(moments[..8].iter().all(|count| *count > 0), "kills fell on all stages of a run: {moments:?}");
    // Each run that came to its end is on record once, with one end; the others began and broke off.
    let history = tieout.run(["history", "--json"]).exits(0).stdout;
    let history: serde_json::Value = serde_json::from_str(&history).expect("JSON");
    let records = history["runs"].as_array().or_else(|| history.as_array()).expect("runs").clone();
    let ended: Vec<String> = records
        .iter()
        .filter(|record| !record["end"].is_null())
        .map(|record| record["start"]["id"].as_str().expect("an id").to_owned())
        .collect();
    let mut once = ended.clone();
    once.dedup();
    assert_eq!(once, ended, "no run has two ends");
    for run in &finished {
        let id = run.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(ended.contains(&id), "{id} has its end on record");
        tieout.run(["verify", "-q", run.to_str().expect("UTF-8")]).exits(0);
    }
    assert_eq!(ended.len(), finished.len());
    println!(
        "{kills} kills in {:?}, by tenths of a run: {moments:?}; {} runs came to their end",
        begin.elapsed(),
        finished.len()
    );
}
