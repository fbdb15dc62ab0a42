//! The imports follow the layers of DESIGN.md, so that the folders read as the pipeline. Unit tests may reach further.

use std::path::{Path, PathBuf};

/// Each room, and the rooms it may import: those below it, but no stage its neighbours. The command line prints what
/// `report` renders; otherwise only `run` knows the stages.
const LAYERS: &[(&str, &[&str])] = &[
    ("main", &["cli", "run", "config", "model", "canonical", "error"]),
    ("cli", &["run", "config", "store", "report", "throttle", "model", "files", "canonical", "error"]),
    (
        "run",
        &[
            "config",
            "store",
            "mapping",
            "schema",
            "snapshot",
            "tree",
            "diff",
            "sampling",
            "recheck",
            "causes",
            "verdict",
            "report",
            "history",
            "gate",
            "throttle",
            "model",
            "files",
            "canonical",
            "error",
        ],
    ),
    ("config", &["store", "throttle", "model", "canonical", "error"]),
    ("store", &["throttle", "model", "files", "canonical", "error"]),
    ("mapping", &["expression", "model", "files", "canonical", "error"]),
    ("schema", &["model", "files", "canonical", "error"]),
    ("snapshot", &["expression", "model", "files", "canonical", "error"]),
    ("tree", &["model", "files", "canonical", "error"]),
    ("diff", &["expression", "model", "files", "canonical", "error"]),
    ("sampling", &["model", "files", "canonical", "error"]),
    ("recheck", &["model", "canonical", "error"]),
    ("causes", &["model", "files", "canonical", "error"]),
    ("verdict", &["model", "files", "canonical", "error"]),
    ("report", &["model", "files", "canonical", "error"]),
    ("expression", &["model", "canonical", "error"]),
    ("history", &["model", "files", "canonical", "error"]),
    ("gate", &["model", "files", "canonical", "error"]),
    ("throttle", &["error"]),
    ("files", &["model", "canonical", "error"]),
    ("model", &["canonical", "error"]),
    ("canonical", &["error"]),
    ("error", &[]),
];

/// A path that names a room of the crate, and the line it stands on.
#[derive(Debug, PartialEq)]
struct Import {
    room: String,
    line: usize,
}

#[test]
fn imports_follow_the_layers() {
    let mut violations = Vec::new();
    for file in sources() {
        let text = std::fs::read_to_string(&file).expect("a source file");
        let modules = modules_of(&file);
        let room = modules.first().map_or("lib", String::as_str);
        if room == "lib" {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == room) else {
            violations.push(format!("{}: the room `{room}` has no place among the layers", file.display()));
            continue;
        };
        for import in imports(&text, modules.len()) {
            if import.room != room && !allowed.contains(&import.room.as_str()) {
                violations.push(format!("{}:{}: `{room}` imports `{}`", file.display(), import.line, import.room));
            }
        }
    }
    assert!(violations.is_empty(), "{} imports go up or across:\n{}", violations.len(), violations.join("\n"));
}

#[test]
fn only_the_rooms_of_the_diff_and_of_expressions_name_datafusion() {
    let is_outside = |room: &String| room != "diff" && room != "expression";
    let outside = sources().into_iter().filter(|file| modules_of(file).first().is_none_or(is_outside));
    let mut violations = Vec::new();
    for file in outside {
        let text = std::fs::read_to_string(&file).expect("a source file");
        for (at, line) in text.lines().map(without_comment).enumerate() {
            if line.contains("datafusion") {
                violations.push(format!("{}:{}: {}", file.display(), at + 1, line.trim()));
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn the_scanner_sees_every_way_to_name_a_room() {
    let text = "use crate::model::{Pair, Side};\nuse crate::{error::Result, tree,\n    report::html::{a, b}};\nfn f() { crate::diff::run(); }\n\
        // crate::cli::nothing\nuse super::super::mapping::plan;\nuse super::near;\n\
        #[cfg(test)]\nmod near;\n#[cfg(test)]\nmod tests {\n    use crate::store::Store;\n}\nuse crate::error;\n";
    let mut found: Vec<(String, usize)> =
        imports(text, 2).into_iter().map(|import| (import.room, import.line)).collect();
    found.sort_by_key(|(_, line)| *line);
    let expected = [("model", 1), ("error", 2), ("tree", 2), ("report", 2), ("diff", 4), ("mapping", 6), ("error", 14)];
    assert_eq!(found, expected.map(|(room, line)| (room.to_owned(), line)));
}

fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = crate::binary::files_beneath(&root);
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files.retain(|file| !modules_of(file).iter().any(|module| module == "tests"));
    assert!(files.len() > 10, "the sources were found");
    files
}

/// The modules a file is: `src/store/postgres/copy.rs` → `store`, `postgres`, `copy`; nothing for `src/lib.rs`.
fn modules_of(file: &Path) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let inside = file.strip_prefix(root).expect("a file of src").with_extension("");
    let mut modules: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if matches!(modules.last().map(String::as_str), Some("mod" | "lib")) {
        modules.pop();
    }
    modules
}

/// Every room that the code outside of unit tests names; `depth` is how deep the file's module lies below the crate.
fn imports(text: &str, depth: usize) -> Vec<Import> {
    let code = without_tests(text);
    let to_the_root = "super::".repeat(depth);
    let mut found = Vec::new();
    for root in ["crate::", "tieout::", &to_the_root] {
        for (at, _) in code.match_indices(root) {
            let begins_here = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            if begins_here && !root.is_empty() {
                let line = code[..at].matches('\n').count() + 1;
                found.extend(rooms_after(&code[at + root.len()..]).into_iter().map(|room| Import { room, line }));
            }
        }
    }
    found
}

/// The first names of a path, or of each path of a group in braces.
fn rooms_after(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else { return first_name(path).into_iter().collect() };
    let (mut depth, mut begin, mut rooms) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                rooms.extend(first_name(&group[begin..at]));
                return rooms;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                rooms.extend(first_name(&group[begin..at]));
                begin = at + 1;
            }
            _ => {}
        }
    }
    rooms
}

fn first_name(path: &str) -> Option<String> {
    let name: String = path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The code with its lines at their places, but comments and items under `#[cfg(test)]` left empty.
fn without_tests(text: &str) -> String {
    let mut code = String::new();
    let mut skipping: Option<usize> = None;
    for line in text.lines().map(without_comment) {
        let indentation = line.len() - line.trim_start().len();
        match skipping {
            // As rustfmt sets it, an item ends at its own indentation.
            Some(of_item) => {
                let ends = indentation == of_item && (line.ends_with('}') || line.trim_end().ends_with(';'));
                skipping = if ends { None } else { skipping };
            }
            None if line.trim() == "#[cfg(test)]" => skipping = Some(indentation),
            None => code.push_str(line),
        }
        code.push('\n');
    }
    code
}

/// A line without its comment. A `//` within a string ends it too early, which hides no `use`.
fn without_comment(line: &str) -> &str {
    line.split("//").next().unwrap_or(line)
}
