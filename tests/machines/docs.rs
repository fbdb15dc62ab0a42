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

/// The lines of a block of text that is set in deeper than the line `begin` (after `after`), as YAML and Markdown have it.
fn block(text: &str, after: &str, begin: &str) -> String {
    let rest = &text[text.find(after).expect("the place before the block")..];
    let mut lines = rest.lines().skip_while(|line| line.trim() != begin);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let outer = indent(lines.next().expect("the block begins"));
    let block = lines.take_while(|line| line.trim().is_empty() || indent(line) > outer);
    block.map(|line| format!("{}\n", line.get(outer + 2..).unwrap_or_default())).collect()
}

#[test]
fn the_step_of_the_github_action_gives_exit_code_verdict_and_directory() {
    let action = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("action.yml")).expect("the action");
    let script = block(&action, "id: run", "run: |");
    assert!(script.contains("tieout run"), "{script}");
    let tieout = Tieout::new();
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);";
    for (store, name) in [("source.db", "one"), ("target.db", "other")] {
        let script = format!("{table} INSERT INTO t VALUES (1, '{name}');");
        crate::sqlite::database(tieout.folder.path(), store, &script);
    }
    tieout.write("tieout.toml", "[source]\nurl = \"source.db\"\n[target]\nurl = \"target.db\"\n");
    let binaries = Path::new(env!("CARGO_BIN_EXE_tieout")).parent().expect("a folder");
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").expect("PATH"));
    let step = |more: &str, target: &str| {
        let mut bash = std::process::Command::new("bash");
        bash.args(["-e", "-o", "pipefail", "-c", &script]).current_dir(tieout.folder.path());
        bash.envs([
            ("PATH", path.as_str()),
            ("CONFIG", target),
            ("OUT", "reports"),
            ("VALUES", "mask"),
            ("KEEP", "never"),
        ]);
        bash.env("MORE", more).env("GITHUB_OUTPUT", tieout.write("output", "")).env_remove("GITHUB_STEP_SUMMARY");
        let outcome = tieout.start(bash).end();
        (outcome.code, std::fs::read_to_string(tieout.path("output")).expect("outputs"))
    };
    let (code, outputs) = step("--table t -v", "tieout.toml");
    assert_eq!(code, Some(1), "{outputs}");
    assert!(outputs.contains("verdict=differ\n") && outputs.contains("directory=/"), "{outputs}");
    let csv = std::fs::read_to_string(tieout.latest().join("tables/t/differences.csv")).expect("differences");
    assert!(csv.contains("corrupt,1,name,xxx,xxxxx") && !tieout.latest().join("snapshots").exists(), "{csv}");
    // An earlier result is not taken for one of a run that came to none.
    assert_eq!(step("", "no-such.toml"), (Some(2), String::new()));
}

#[test]
fn the_scripts_of_the_documents_are_shell() {
    let docs = files_beneath(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs"));
    let mut checked = 0;
    for document in docs {
        let text = std::fs::read_to_string(&document).expect("a document");
        for script in text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            let mut shell = std::process::Command::new("sh");
            let status = shell.args(["-n", "-c", script]).status().expect("sh starts");
            assert!(status.success(), "{}: {script}", document.display());
            checked += 1;
        }
    }
    assert!(checked >= 3, "{checked}");
}
