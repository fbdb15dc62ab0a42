//! `tieout report RUN…`: draws `report.html` again from run directories, and opens it.

use tieout::error::{Error, Result};
use tieout::run::{Rendered, render};

use super::args::ReportArguments;
use super::terminal;

/// Draws the reports and prints where they are; gives the exit code.
pub fn execute(arguments: &ReportArguments) -> Result<u8> {
    // All are drawn before any is opened, so that a wrong name is said at once.
    let rendered = arguments.runs.iter().map(|run| render(run)).collect::<Result<Vec<_>>>()?;
    for Rendered { path, without_sample } in &rendered {
        terminal::print(&format!("{}\n", path.display()))?;
        if !without_sample.is_empty() {
            eprintln!("warning: the run has no sample of the differences of {}", without_sample.join(", "));
        }
    }
    if arguments.open {
        for Rendered { path, .. } in &rendered {
            // A browser knows no working directory.
            let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
            open::that(&whole).map_err(|e| {
                Error::output("the report cannot be opened here")
                    .at(path.display())
                    .because(e)
                    .hint("it is written: open the file in a browser")
            })?;
        }
    }
    Ok(0)
}
