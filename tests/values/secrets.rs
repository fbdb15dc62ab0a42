//! Finds marked secrets in everything that a run has written, also within Parquet files.

use std::path::Path;

use arrow::util::display::array_value_to_string;

use crate::binary::{Outcome, Tieout, files_beneath};

/// What every secret of the tests begins with, in the forms in which it could be written.
const MARKS: [&str; 5] = ["secret", "73519428", "1917-03-2", "5ec2e7", "736563726574"];

/// The secrets in everything that the runs in a folder have written, each with its place; stores and configs are no
/// output.
pub fn found_secrets(tieout: &Tieout, outcome: &Outcome) -> Vec<(String, String)> {
    let mut texts = vec![("stdout".to_owned(), outcome.stdout.clone()), ("stderr".to_owned(), outcome.stderr.clone())];
    for file in files_beneath(tieout.folder.path()) {
        let name = file.strip_prefix(tieout.folder.path()).expect("a file of the folder").display().to_string();
        if name.ends_with(".db") || name == "tieout.toml" {
            continue;
        }
        // The name of a file is output, too.
        texts.push((format!("the name of {name}"), name.clone()));
        let bytes = std::fs::read(&file).expect("a file");
        texts.push((name.clone(), String::from_utf8_lossy(&bytes).into_owned()));
        if name.ends_with(".parquet") {
            texts.push((format!("{name}, decoded"), decoded(&file)));
        }
    }
    let mut found = Vec::new();
    for (place, text) in texts {
        let text = text.to_lowercase();
        for mark in MARKS {
            for (at, _) in text.match_indices(mark) {
                let secret: String =
                    text[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
                found.push((place.clone(), secret));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Fails where any secret is found.
#[track_caller]
pub fn assert_no_secret(tieout: &Tieout, outcome: &Outcome) {
    let found = found_secrets(tieout, outcome);
    assert!(found.is_empty(), "secrets were written: {found:#?}\n{outcome}");
}

fn decoded(file: &Path) -> String {
    let file = std::fs::File::open(file).expect("a file");
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
    let mut text = String::new();
    for batch in reader.build().expect("a reader") {
        let batch = batch.expect("a batch");
        for column in batch.columns() {
            for row in 0..batch.num_rows() {
                text += &array_value_to_string(column, row).expect("a value as text");
                text.push('\n');
            }
        }
    }
    text
}
