//! `hot.csv`: the keys that kept changing while they were read again, and how often they were found changed.

use std::path::Path;

use super::partial::PartialFile;
use crate::error::Result;

/// Writes `hot.csv` into `dir`, the folder of the table; no file where there are no hot keys. Keys are cells already.
pub fn write_hot<'a>(dir: &Path, hot: impl Iterator<Item = (&'a str, u32)>) -> Result<()> {
    let mut hot = hot.peekable();
    if hot.peek().is_none() {
        return Ok(());
    }
    let (partial, file) = PartialFile::create(dir, "hot.csv")?;
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(file);
    csv.write_record(["key", "changes"]).map_err(|e| partial.error(e))?;
    for (key, changes) in hot {
        csv.write_record([key, &changes.to_string()]).map_err(|e| partial.error(e))?;
    }
    let file = csv.into_inner().map_err(|e| partial.error(e.into_error()))?;
    partial.finish(file, true)
}
