//! What `report.html` shows beside `summary.json`, kept in the run directory so that it can be drawn again: `report.json` for
//! the run, `sample.json` for each table with differences. Values in them have passed [`super::Disclosure`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sample::TableSample;
use super::trend::TrendPoint;
use crate::error::{Error, Result};

/// The file of the run.
pub const KEPT_FILE: &str = "report.json";
/// The file of a table, in its folder.
pub const SAMPLE_FILE: &str = "sample.json";

const KEPT_FORMAT: &str = "tieout-report/1";
const SAMPLE_FORMAT: &str = "tieout-sample/1";

/// What is kept of the run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Kept {
    /// The command line that repeats the comparison, without passwords.
    pub repeat: String,
    /// Earlier runs and this one, in their order, by the table's name.
    #[serde(default)]
    pub trends: BTreeMap<String, Vec<TrendPoint>>,
}

#[derive(Serialize, Deserialize)]
struct Formatted<T> {
    format: String,
    content: T,
}

/// `report.json`.
pub fn kept_json(kept: &Kept) -> Result<Vec<u8>> {
    json(KEPT_FORMAT, kept)
}

/// `sample.json`.
pub fn sample_json(sample: &TableSample) -> Result<Vec<u8>> {
    json(SAMPLE_FORMAT, sample)
}

/// Reads `report.json`.
pub fn read_kept(bytes: &[u8]) -> Result<Kept> {
    read(KEPT_FORMAT, bytes)
}

/// Reads `sample.json`.
pub fn read_sample(bytes: &[u8]) -> Result<TableSample> {
    read(SAMPLE_FORMAT, bytes)
}

fn json<T: Serialize>(format: &str, content: &T) -> Result<Vec<u8>> {
    let failed = |e| Error::output("cannot write what report.html shows as JSON").because(e);
    let mut bytes = serde_json::to_vec(&Formatted { format: format.to_owned(), content }).map_err(failed)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn read<T: for<'de> Deserialize<'de>>(format: &str, bytes: &[u8]) -> Result<T> {
    let hint = "it was edited or written by another version of tieout: run the comparison again";
    let read: Formatted<T> =
        serde_json::from_slice(bytes).map_err(|e| Error::usage("the file cannot be read").because(e).hint(hint))?;
    if read.format != format {
        return Err(Error::usage(format!("the file's format is not {format}")).hint(hint));
    }
    Ok(read.content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn what_was_kept_can_be_read_back() {
        for sample in example::samples().into_values() {
            let read = read_sample(&sample_json(&sample).unwrap()).unwrap();
            assert_eq!(sample_json(&read).unwrap(), sample_json(&sample).unwrap());
            assert_eq!(read.changes.len(), sample.changes.len());
        }
        let kept = Kept { repeat: "tieout diff a b".into(), ..Kept::default() };
        assert_eq!(read_kept(&kept_json(&kept).unwrap()).unwrap(), kept);
    }

    #[test]
    fn another_format_is_refused() {
        assert!(read_kept(br#"{"format": "tieout-report/2", "content": {"repeat": ""}}"#).is_err());
        assert!(read_sample(b"{").is_err());
    }
}
