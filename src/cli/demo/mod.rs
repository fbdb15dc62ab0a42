//! `tieout demo`: two small SQLite stores, one of them damaged by a botched migration, and the comparison of the two.

mod build;
mod damage;
mod shop;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::HumanCount;
use tieout::config::file::{Overrides, plan_without_file};
use tieout::error::{Error, Result};
use tieout::model::{Pair, Side};
use tieout::run::check_output;

use self::build::{build, path};
use self::damage::Damage;
use super::args::DemoArguments;
use super::compare::{Outputs, compare};
use super::interrupt::or_interrupted;
use super::terminal;

/// Fewer rows could not hold every sort of damage.
pub const ROWS_MIN: u64 = 1_000;
/// More rows are no demo any more.
pub const ROWS_MAX: u64 = 50_000_000;

/// Builds the stores, says what was damaged, and compares them; the exit code is that of a comparison: 1.
pub async fn execute(arguments: DemoArguments) -> Result<u8> {
    let DemoArguments { rows, dir, out, json, talk } = arguments;
    check_output(&out)?;
    let damage = or_interrupted(build_aside(dir.clone(), rows)).await?;
    if !talk.quiet && !json {
        terminal::print(&told(&damage, &dir, rows))?;
    }
    let urls = Pair::from_fn(|side: Side| path(&dir, side).to_string_lossy().into_owned());
    let plan = plan_without_file(urls, &Overrides { out: Some(out), ..Overrides::default() })?;
    compare(&plan, None, &Outputs { json, markdown: None, talk }).await
}

/// Builds on a thread of its own, which stops when nobody waits for it any more.
async fn build_aside(dir: PathBuf, rows: u64) -> Result<Damage> {
    let stop = StopOnDrop::default();
    let stopped = stop.0.clone();
    let built = tokio::task::spawn_blocking(move || {
        let damage = build(&dir, rows, &stopped)?;
        write_truth(&dir, &damage)?;
        Ok(damage)
    });
    built.await.unwrap_or_else(|e| Err(Error::output("the demo's stores were not built to their end").because(e)))
}

#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// `damage.json`: every damaged key, so that the report can be held against the truth.
fn write_truth(dir: &Path, damage: &Damage) -> Result<()> {
    let path = dir.join("damage.json");
    let cannot = |e: std::io::Error| Error::output("cannot write the list of damage").at(path.display()).because(e);
    let mut text = serde_json::to_string_pretty(damage).map_err(|e| cannot(e.into()))?;
    text.push('\n');
    std::fs::write(&path, text).map_err(cannot)
}

fn told(damage: &Damage, dir: &Path, rows: u64) -> String {
    let mut text = format!(
        "Two shops of {} rows are in {}: source.db, and target.db as a botched migration left it.\n\
         Damaged on purpose (every key is in damage.json):\n",
        HumanCount(rows),
        dir.display()
    );
    for mishap in &damage.mishaps {
        let place = mishap.column.map_or(mishap.table.to_owned(), |column| format!("{}.{column}", mishap.table));
        let count = HumanCount(mishap.count).to_string();
        text += &format!("  {place:22} {count:>7} {:10} {}\n", mishap.class.name(), mishap.story);
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
