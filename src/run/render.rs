//! Draws `report.html` of a finished run again, from what the run directory holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::directory::{folder, write};
use super::results::SAMPLES_MAX;
use crate::error::{Error, Result};
use crate::model::{SUMMARY_FORMAT, Summary};
use crate::report::{self, HtmlReport, KEPT_FILE, SAMPLE_FILE, TableSample};

/// A report that was drawn again.
#[derive(Debug)]
pub struct Rendered {
    /// `report.html`.
    pub path: PathBuf,
    /// Tables whose differences could not be shown, because the run directory has no sample of them.
    pub without_sample: Vec<String>,
}

/// Writes `report.html` of the run in `directory` anew; nothing else is changed, and no store is looked at. The same run
/// gives the same bytes.
pub fn render(directory: &Path) -> Result<Rendered> {
    let summary = read_summary(directory)?;
    let kept = match read(&directory.join(KEPT_FILE))? {
        Some(bytes) => report::read_kept(&bytes).map_err(|e| e.at(directory.join(KEPT_FILE).display()))?,
        None => report::Kept::default(),
    };
    let (mut samples, mut without_sample) = (BTreeMap::new(), Vec::new());
    // The tables that the run showed with a sample.
    for table in summary.tables.iter().filter(|table| table.counts.total() > 0).take(SAMPLES_MAX) {
        match read_sample(&directory.join("tables").join(folder(&table.name)))? {
            Some(sample) => drop(samples.insert(table.name.clone(), sample)),
            None => without_sample.push(table.name.clone()),
        }
    }
    let html = report::report_html(&HtmlReport { summary: &summary, samples: &samples, kept: &kept })?;
    write(directory, "report.html", &html)?;
    Ok(Rendered { path: directory.join("report.html"), without_sample })
}

/// The sample of differences in the folder of a table; `None` where there is none.
pub(super) fn read_sample(table: &Path) -> Result<Option<TableSample>> {
    let path = table.join(SAMPLE_FILE);
    let bytes = read(&path)?;
    bytes.map(|bytes| report::read_sample(&bytes).map_err(|e| e.at(path.display()))).transpose()
}

/// The result of a finished run.
pub(super) fn read_summary(directory: &Path) -> Result<Summary> {
    let path = directory.join("summary.json");
    let Some(bytes) = read(&path)? else {
        return Err(Error::usage("not the directory of a finished run: it has no summary.json")
            .at(directory.display())
            .hint("give the directory of a run, such as reports/latest"));
    };
    let unreadable = |e: Error| {
        e.at(path.display()).hint("it was edited or written by another version of tieout: run the comparison again")
    };
    let summary: Summary = serde_json::from_slice(&bytes)
        .map_err(|e| unreadable(Error::usage("the summary of the run cannot be read").because(e)))?;
    if summary.format != SUMMARY_FORMAT {
        return Err(unreadable(Error::usage(format!("the format of the summary is not {SUMMARY_FORMAT}"))));
    }
    Ok(summary)
}

/// A file; `None` where there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::usage("a file of the run cannot be read")
            .at(path.display())
            .because(e)
            .hint("give the directory of a run that you may read")),
    }
}
