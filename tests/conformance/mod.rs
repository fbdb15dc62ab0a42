//! The conformance kit: the cases of `fixtures/cases/` through the built binary, against live PostgreSQL, MariaDB,
//! SQLite, Parquet and CSV. `fixtures/cases/README.md` describes the cases, `CONFORMANCE.md` is what this run gives.

mod cases;
mod cells;
mod page;
mod parquet;
mod settings;
mod sheets;
mod situations;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use cases::{Case, Kind, Kit};

/// How many jobs of the kit run at once.
const JOBS: usize = 3;

/// One thing to run, and the cases it decides.
type Job<'a> = Box<dyn FnOnce() -> Vec<Outcome> + Send + 'a>;

/// What a case gave over one pair of stores.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outcome {
    /// The case's position in the kit.
    case: usize,
    /// Source and target; the same store twice where only its settings were changed.
    pair: [Kind; 2],
    /// What it gave.
    given: String,
}

impl Outcome {
    /// The line of a case that gave neither what is owed nor what is on record.
    fn deviation(&self, kit: &Kit) -> Option<String> {
        let case = &kit.cases[self.case];
        let recorded = case.recorded(self.pair);
        let fits = match recorded {
            Some(recorded) => recorded == self.given,
            None => case.owed.contains(&self.given),
        };
        (!fits).then(|| {
            let recorded = recorded.map(|given| format!(", on record {given}")).unwrap_or_default();
            let owed = case.owed.join(" or ");
            format!("{} {}: owed {owed}{recorded}, given {}", case.id, name(self.pair), self.given)
        })
    }
}

#[test]
fn every_case_gives_the_verdict_on_record_and_the_page_says_so() {
    let kit = Kit::read(&folder().join("fixtures/cases"));
    let (outcomes, failed) = run(&kit);
    let deviations: Vec<String> = outcomes.iter().filter_map(|outcome| outcome.deviation(&kit)).collect();
    assert!(deviations.is_empty(), "\n{} cases deviate:\n  {}", deviations.len(), deviations.join("\n  "));
    assert_eq!(failed, 0, "jobs of the kit failed: see above");
    if stores().len() < Kind::ALL.len() {
        return;
    }
    let (page, file) = (page::page(&kit, &outcomes), folder().join("CONFORMANCE.md"));
    if std::env::var_os("TIEOUT_BLESS").is_some() {
        std::fs::write(&file, &page).expect("CONFORMANCE.md can be written");
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == page, "CONFORMANCE.md is stale: run `TIEOUT_BLESS=1 ci/test conformance` and commit it");
}

/// Runs all cases over all of their pairs; outcomes in the order of the kit, and how many jobs failed.
fn run(kit: &Kit) -> (Vec<Outcome>, usize) {
    let mut jobs: Vec<Job<'_>> = cells::jobs(kit);
    jobs.extend(situations::jobs(kit));
    jobs.extend(settings::jobs(kit));
    jobs.reverse();
    let (queue, outcomes, failed) = (Mutex::new(jobs), Mutex::new(Vec::new()), AtomicUsize::new(0));
    let next = || queue.lock().expect("nobody panics here").pop();
    thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                while let Some(job) = next() {
                    // The panic has been printed; the other jobs are still worth their run.
                    match catch_unwind(AssertUnwindSafe(job)) {
                        Ok(given) => outcomes.lock().expect("nobody panics here").extend(given),
                        Err(_) => _ = failed.fetch_add(1, Ordering::Relaxed),
                    }
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().expect("nobody panics here");
    outcomes.sort_by_key(|outcome| (outcome.case, outcome.pair));
    (outcomes, failed.into_inner())
}

/// The stores that take part: all, or those that `TIEOUT_KIT_STORES` lists (`postgres,csv`), and then without the page.
fn stores() -> Vec<Kind> {
    let Ok(listed) = std::env::var("TIEOUT_KIT_STORES") else { return Kind::ALL.to_vec() };
    Kind::ALL.into_iter().filter(|kind| listed.split(',').any(|name| name == kind.key())).collect()
}

/// A pair of stores as cases and the page name it.
fn name(pair: [Kind; 2]) -> String {
    format!("{}-{}", pair[0].key(), pair[1].key())
}

/// The repository.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// The pairs of the stores that a case names on each side.
fn pairs(case: &Case) -> impl Iterator<Item = [Kind; 2]> + '_ {
    let targets = stores();
    let all =
        stores().into_iter().flat_map(move |source| targets.clone().into_iter().map(move |target| [source, target]));
    all.filter(|pair| case.runs_over(*pair))
}
