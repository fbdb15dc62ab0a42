//! What `diff`, `run` and `demo` share: run the plan, then say what was found.

use std::io::Write;

use tieout::config::RunPlan;
use tieout::error::Result;
use tieout::model::Summary;
use tieout::report::{summary_json, summary_table};
use tieout::run::{Finished, run};

use super::args::Talk;
use super::bars::Display;
use super::interrupt::or_interrupted;
use super::{errors, terminal};

/// Compares as planned and prints the result; gives the exit code of the verdict.
pub async fn compare(plan: &RunPlan, json: bool, talk: Talk) -> Result<u8> {
    let display = Display::new(talk);
    let finished = or_interrupted(run(plan, display.progress())).await;
    display.finish();
    let finished = finished?;
    errors::report_first(&finished.failures, "the summary and in report.html");
    if talk.verbose {
        // Nobody is left to tell when stderr is closed.
        let _ = std::io::stderr().write_all(timings(&finished.summary).as_bytes());
    }
    print(&finished, json, talk)?;
    Ok(finished.summary.exit_code)
}

fn print(finished: &Finished, json: bool, talk: Talk) -> Result<()> {
    if json {
        return terminal::print_bytes(&summary_json(&finished.summary)?);
    }
    if talk.quiet {
        return Ok(());
    }
    let table = summary_table(&finished.summary, terminal::has_colour(&std::io::stdout()), terminal::width());
    let report = finished.directory.join("report.html");
    terminal::print(&format!("{}\nreport: {}\n", table.trim_end(), report.display()))
}

fn timings(summary: &Summary) -> String {
    let line = |table: &tieout::model::TableResult| {
        let seconds = table.seconds;
        format!(
            "{}: snapshot {:.1} s, tree {:.1} s, diff {:.1} s\n",
            table.name, seconds.snapshot, seconds.tree, seconds.diff
        )
    };
    summary.tables.iter().map(line).collect()
}
