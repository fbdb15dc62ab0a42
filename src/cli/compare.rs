//! What `diff`, `run` and `demo` share: run the plan, then say what was found.

use std::io::Write;
use std::path::PathBuf;

use tieout::config::RunPlan;
use tieout::error::Result;
use tieout::model::Summary;
use tieout::report::visible::plain;
use tieout::report::{summary_json, summary_table};
use tieout::run::{Finished, resume, run};

use super::args::Talk;
use super::bars::Display;
use super::interrupt::or_interrupted;
use super::{errors, events, markdown, terminal};

/// Where the result goes beside the run directory, and how much is said.
#[derive(Debug)]
pub struct Outputs {
    /// `summary.json` on stdout in place of the table.
    pub json: bool,
    /// A file for the summary as Markdown.
    pub markdown: Option<PathBuf>,
    /// How much is said on stderr.
    pub talk: Talk,
}

/// Compares as planned, in a new run or in one that is taken up, and prints the result; gives the exit code of the verdict.
pub async fn compare(plan: &RunPlan, resumed: Option<&str>, outputs: &Outputs) -> Result<u8> {
    let Outputs { json, markdown, talk } = outputs;
    if let Some(file) = markdown {
        markdown::begin(file)?;
    }
    let display = Display::new(*talk);
    let work = async {
        match resumed {
            Some(earlier) => resume(plan, earlier, display.progress()).await,
            None => run(plan, display.progress()).await,
        }
    };
    let finished = or_interrupted(work).await;
    display.finish();
    let finished = finished?;
    report_failures(&finished, *talk);
    if talk.verbose && !talk.events() {
        // Nobody is left to tell when stderr is closed.
        let _ = std::io::stderr().write_all(timings(&finished.summary).as_bytes());
    }
    if talk.events() {
        events::finished(&finished.summary, &finished.directory);
    }
    markdown::write(&finished.summary, markdown.as_deref(), *talk)?;
    print(&finished, *json, *talk)?;
    Ok(finished.summary.exit_code)
}

fn report_failures(finished: &Finished, talk: Talk) {
    if talk.events() {
        finished.failures.iter().for_each(events::error);
        return;
    }
    let Some((first, others)) = finished.failures.split_first() else { return };
    errors::report(first);
    if !others.is_empty() {
        // One trouble, such as a full disk, often fails every table: one message says it best.
        let count = others.len();
        let more = if count == 1 { "1 more failure".into() } else { format!("{count} more failures") };
        let _ = writeln!(std::io::stderr(), "and {more}: the reasons are in the summary and in report.html");
    }
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
            plain(&table.name),
            seconds.snapshot,
            seconds.tree,
            seconds.diff
        )
    };
    summary.tables.iter().map(line).collect()
}
