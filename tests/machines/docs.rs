//! The examples of `docs/`, `action.yml` and the README: whatever option of tieout they name exists.

use std::collections::BTreeSet;
use std::path::Path;

use crate::binary::{Tieout, files_beneath};

#[test]
fn every_option_that_the_documents_name_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tieout = Tieout::new();
    let mut documents = files_beneath(&root.join("docs"));
    documents.extend(["README.md", "action.yml"].map(|name| root.join(name)));
    let mut seen = 0;
    for document in documents.iter().filter(|file| !file.ends_with("summary.schema.json")) {
        let text = std::fs::read_to_string(document).expect("a document").replace("\\\n", " ");
        for (command, option) in text.lines().flat_map(options) {
            let help = tieout.run([command.as_str(), "--help"]).exits(0).stdout;
            assert!(help.contains(&option), "{}: tieout {command} has no {option}", document.display());
            seen += 1;
        }
    }
    assert!(seen > 15, "options were found: {seen}");
}

/// Each option after `tieout COMMAND` on a line, with the command.
fn options(line: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut command = None;
    let mut words = line.split(|c: char| c.is_whitespace() || "`\"'()[],;".contains(c)).peekable();
    while let Some(word) = words.next() {
        if word == "tieout" || word.ends_with("/tieout") {
            let known = ["diff", "run", "init", "demo", "snapshot", "verify"];
            command = words.peek().filter(|next| known.contains(next)).map(|next| (*next).to_owned());
        }
        let (Some(command), Some(name)) = (&command, word.strip_prefix("--")) else { continue };
        let name = name.split('=').next().unwrap_or(name);
        if !name.is_empty() {
            found.insert((command.clone(), format!("--{name}")));
        }
    }
    found
}

#[test]
fn the_options_of_a_line_are_those_of_its_command() {
    let found = options("cargo build --locked && tieout run a.toml --out \"$DIR\" --table=t; tieout --version");
    let expected =
        [("run", "--out"), ("run", "--table")].map(|(command, option)| (command.to_owned(), option.to_owned()));
    assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
}
