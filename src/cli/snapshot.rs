//! `tieout snapshot STORE --out DIR`: one side of a comparison, to be compared elsewhere or later.

use indicatif::HumanCount;
use tieout::config::{Options, StorePlan};
use tieout::error::{Error, Result};
use tieout::throttle::LoadPlan;

use super::args::SnapshotArguments;
use super::bars::Display;
use super::interrupt::or_interrupted;
use super::terminal;

/// Writes the snapshot.
pub async fn execute(arguments: SnapshotArguments) -> Result<u8> {
    if arguments.store.trim().is_empty() {
        return Err(Error::usage("STORE is empty").hint("give a URL or a path, see tieout --help"));
    }
    let store = StorePlan { url: arguments.store, time_zone: None };
    let tables = (!arguments.tables.is_empty()).then_some(arguments.tables.as_slice());
    let workers = arguments.workers.unwrap_or(Options::default().workers);
    let display = Display::new(arguments.talk);
    let load = LoadPlan { caps: arguments.load.caps(), ..LoadPlan::default() };
    let taking = tieout::run::snapshot(&store, tables, &arguments.out, workers, &load, display.progress());
    let done = or_interrupted(taking).await;
    display.finish();
    let done = done?;
    if !arguments.talk.quiet {
        let plural = if done.tables == 1 { "" } else { "s" };
        terminal::print(&format!(
            "{} table{plural}, {} rows in {}\n",
            HumanCount(done.tables),
            HumanCount(done.rows),
            arguments.out.display()
        ))?;
    }
    Ok(0)
}
