//! The summary as Markdown, for the page of a job: in a file of its own, and added to that of GitHub Actions.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use tieout::error::{Error, Result};
use tieout::model::Summary;
use tieout::report::summary_markdown;

use super::args::Talk;
use super::errors;

/// The variable in which GitHub Actions names the file of a step's summary.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// Empties the file before anything is compared: it can be written, and no earlier result is taken for this one's.
pub fn begin(file: &Path) -> Result<()> {
    fs::write(file, b"").map_err(|e| {
        Error::usage("the file for --markdown cannot be written")
            .at(file.display())
            .because(e)
            .hint("choose another file; nothing was read or compared")
    })
}

/// Writes the summary where it was asked for.
pub fn write(summary: &Summary, file: Option<&Path>, talk: Talk) -> Result<()> {
    let step = std::env::var_os(STEP_SUMMARY).filter(|file| !file.is_empty());
    if file.is_none() && step.is_none() {
        return Ok(());
    }
    let text = summary_markdown(summary);
    if let Some(step) = step {
        // Nobody asked for it on the command line: a page without a summary must not change the verdict.
        let added =
            OpenOptions::new().create(true).append(true).open(&step).and_then(|mut f| f.write_all(text.as_bytes()));
        if let Err(error) = added {
            let error = Error::output(format!("cannot add the summary to ${STEP_SUMMARY}"))
                .at(Path::new(&step).display())
                .because(error)
                .hint("the verdict stands all the same");
            let _ = errors::report_as(&error, talk);
        }
    }
    let Some(file) = file else { return Ok(()) };
    fs::write(file, text)
        .map_err(|e| Error::output("cannot write the summary as Markdown").at(file.display()).because(e))
}
