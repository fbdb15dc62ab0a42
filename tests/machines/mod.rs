//! What machines read: the summary and its schema, Markdown for job pages, events, and examples that must stay true.

mod docs;
mod schema;

use serde_json::Value;

use crate::binary::{Outcome, Tieout};

const SOURCE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, place TEXT); INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', NULL);
    CREATE TABLE only_here (id INTEGER PRIMARY KEY); CREATE TABLE whole (line TEXT); INSERT INTO whole VALUES ('x');";
const TARGET: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, extra TEXT); INSERT INTO t VALUES (1, 'x', NULL), (3, 'b', NULL);
    CREATE TABLE whole (line TEXT); INSERT INTO whole VALUES ('x');";

fn stores(tieout: &Tieout) {
    for (name, script) in [("source.db", SOURCE), ("target.db", TARGET)] {
        crate::sqlite::database(tieout.folder.path(), name, script);
    }
}

#[track_caller]
fn events(outcome: &Outcome) -> Vec<Value> {
    let parsed =
        outcome.stderr.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")));
    let events: Vec<Value> = parsed.collect();
    assert!(events.iter().all(|event| event["event"].is_string() && event["time"].is_string()), "{events:#?}");
    events
}

#[track_caller]
fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == name).collect()
}

#[test]
fn real_summaries_are_as_the_published_schema_says() {
    let schema: Value =
        serde_json::from_str(include_str!("../../docs/summary.schema.json")).expect("the schema is JSON");
    let tieout = Tieout::new();
    stores(&tieout);
    let runs: [&[&str]; 6] = [
        &["source.db", "target.db"],
        &["source.db", "source.db"],
        &["source.db", "target.db", "--snapshot", "lean", "--ignore", "place"],
        &["source.db", "target.db", "--table", "nowhere"],
        &["source.db", "target.db", "--where", "nope = 1"],
        &["source.db", "target.db", "--values", "hide", "--key-values", "hide"],
    ];
    for run in runs {
        let outcome = tieout.run(["diff"].iter().chain(run).chain(&["--json"]));
        let summary: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("{e}\n{outcome}"));
        assert_eq!(schema::faults(&schema, &summary), Vec::<String>::new(), "{run:?}\n{summary:#}");
    }
    for consistency in ["eventual", "strong"] {
        let config =
            "recheck = { times = 1, after = \"10ms\" }\n[source]\nurl = \"source.db\"\n[target]\nurl = \"target.db\"\n";
        tieout.write("tieout.toml", config);
        let outcome = tieout.run(["run", "--consistency", consistency, "--workers", "1", "--json"]);
        let summary: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("{e}\n{outcome}"));
        assert_eq!(schema::faults(&schema, &summary), Vec::<String>::new(), "{consistency}\n{summary:#}");
        let table = summary["tables"].as_array().expect("tables").iter().find(|table| table["name"] == "t").expect("t");
        assert_eq!(table["moving"]["stable"], 3, "{summary:#}");
        assert_eq!(summary["fence"].is_object(), consistency == "strong", "{summary:#}");
    }
}

#[test]
fn the_summary_as_markdown_is_written_and_added_to_the_page_of_a_job() {
    let tieout = Tieout::new();
    stores(&tieout);
    tieout.write("step.md", "what an earlier step said\n");
    let run = |more: &[&str], step: &str| {
        let mut command = tieout.command(["diff", "source.db", "target.db"]);
        command.args(more).env("GITHUB_STEP_SUMMARY", tieout.path(step));
        tieout.start(command).end()
    };
    run(&["--markdown", "summary.md"], "step.md").exits(1);
    let written = std::fs::read_to_string(tieout.path("summary.md")).expect("a summary");
    assert!(written.starts_with("### tieout: The two stores do NOT hold the same data\n"), "{written}");
    assert!(written.contains("| t | 2 | 2 | 1 | 1 | 0 | 1 | **differ** |"), "{written}");
    assert!(written.contains("corrupt in name (1)") && written.contains("only&#95;here"), "{written}");
    let step = std::fs::read_to_string(tieout.path("step.md")).expect("a summary");
    assert_eq!(step, format!("what an earlier step said\n{written}"));
    // A page that cannot be written to changes no verdict, a file that was asked for does.
    let outcome = run(&[], "no/such/folder/step.md").exits(1);
    assert!(outcome.stderr.contains("GITHUB_STEP_SUMMARY"), "{outcome}");
    let outcome = run(&["--markdown", "no/such/folder/summary.md", "--out", "elsewhere"], "step.md").exits(2);
    assert!(outcome.stderr.contains("--markdown") && !tieout.path("elsewhere").exists(), "{outcome}");
    // What an earlier run said is not taken for what this one found.
    run(&["--markdown", "summary.md", "--key", "nope"], "step.md").exits(2);
    assert_eq!(std::fs::read_to_string(tieout.path("summary.md")).expect("a summary"), "");
}

#[test]
fn progress_is_told_in_events() {
    let tieout = Tieout::new();
    stores(&tieout);
    let outcome = tieout.diff("source.db", "target.db", &["--progress", "json", "--json", "-v"]).exits(1);
    serde_json::from_str::<Value>(&outcome.stdout).expect("stdout is the summary");
    let events = events(&outcome);
    assert_eq!((&events[0]["event"], &events[0]["format"]), (&"started".into(), &"tieout-progress/1".into()));
    let read = named(&events, "table_finished");
    let of_t: Vec<_> = read.iter().filter(|event| event["table"] == "t").collect();
    assert_eq!(of_t.len(), 2, "{events:#?}");
    assert!(of_t.iter().all(|event| event["rows"] == 2 && event["seconds"].is_number()), "{of_t:#?}");
    assert!(named(&events, "stage").iter().any(|event| event["table"] == "t" && event["stage"] == "diff"));
    let finished = events.last().expect("events");
    assert_eq!((&finished["event"], &finished["verdict"]), (&"finished".into(), &"differ".into()));
    assert_eq!(finished["exit_code"], 1);
    let directory = tieout.folder.path().join(finished["directory"].as_str().expect("a path"));
    assert!(directory.join("summary.json").is_file(), "{finished}");
}

#[test]
fn errors_are_events_where_everything_is() {
    let tieout = Tieout::new();
    stores(&tieout);
    let json = ["--progress", "json"];
    let outcome = tieout.diff("source.db", "target.db", &[&json[..], &["--key", "nope"]].concat()).exits(2);
    let found = events(&outcome);
    let errors = named(&found, "error");
    assert_eq!((errors.len(), &errors[0]["exit_code"]), (1, &2.into()), "{found:#?}");
    assert!(errors[0]["message"].as_str().is_some_and(|text| text.contains("nope")), "{errors:#?}");
    let outcome = tieout.diff("source.db", "target.db", &[&json[..], &["--where", "nope = 1"]].concat());
    let found = events(&outcome);
    assert!(named(&found, "error").len() >= 2, "one for each table and side: {found:#?}");
    assert_eq!(named(&found, "finished").len(), 1, "{found:#?}");
    let outcome = tieout.run(["run", "no-such.toml", "--progress", "json"]).exits(2);
    assert_eq!(named(&events(&outcome), "error").len(), 1, "{outcome}");
}

#[test]
fn no_name_of_the_data_steers_the_terminal() {
    let tieout = Tieout::new();
    let script = "CREATE TABLE \"a\x1b[2Jb\u{202e}\" (id INTEGER PRIMARY KEY, \"c\x1b]0;x\x07\" TEXT);";
    let insert = |text: &str| format!("{script} INSERT INTO \"a\x1b[2Jb\u{202e}\" VALUES (1, '{text}');");
    crate::sqlite::database(tieout.folder.path(), "source.db", &insert("x\x1b[31m"));
    crate::sqlite::database(tieout.folder.path(), "target.db", &insert("y\u{9b}31m"));
    for more in [&["-v"][..], &["-v", "--where", "nope\x1b[31m = 1"], &["--progress", "json"]] {
        let outcome = tieout.diff("source.db", "target.db", more);
        assert!(matches!(outcome.code, Some(1 | 3)), "{outcome}");
        for stream in [&outcome.stdout, &outcome.stderr] {
            let steers = |c: char| c != '\n' && (c.is_control() || (c == '\u{202e}' && !more.contains(&"json")));
            assert!(!stream.contains(steers), "{more:?}: {stream:?}");
        }
    }
    let outcome = tieout.run(["verify", "reports/latest"]).exits(0);
    assert!(!outcome.stdout.contains('\x1b'), "{outcome}");
}

#[test]
fn a_spreadsheet_runs_nothing_of_keys_columns_or_values() {
    let tieout = Tieout::new();
    let table = "CREATE TABLE t (id TEXT PRIMARY KEY, \"=cmd|'/C calc'!A0\" TEXT, \"@at\" TEXT);";
    let rows = "('=1+1', '=x', '+x'), ('-2+3', '@x', 'x'), ('@SUM(A1)', char(9) || '=x', 'x'), ('''=1', '''@x', 'x')";
    let source = format!("{table} INSERT INTO t VALUES {rows};");
    let target = format!(
        "{table} INSERT INTO t SELECT id, '=y', '-y' FROM (SELECT '=1+1' AS id UNION SELECT '''=1' UNION SELECT '＝1');"
    );
    crate::sqlite::database(tieout.folder.path(), "source.db", &source);
    crate::sqlite::database(tieout.folder.path(), "target.db", &target);
    for policy in ["show", "mask"] {
        let shown = ["--values", policy, "--key-values", policy];
        let text = tieout.diff("source.db", "target.db", &shown).exits(1).report().csv("t");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let mut cells = 0;
        for record in reader.records() {
            for cell in record.expect("a record").iter() {
                cells += 1;
                let runs = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
                assert!(!runs, "{policy}: {cell:?} in\n{text}");
            }
        }
        assert!(cells >= 30, "{text}");
    }
}
