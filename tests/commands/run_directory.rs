//! What a run leaves behind, and how its cells are written.

use super::compare;
use crate::binary::Tieout;
use crate::result::Line;

fn rows(values: &str) -> String {
    format!("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES {values};")
}

#[test]
fn the_run_directory_holds_what_interface_md_lists() {
    let tieout = Tieout::new();
    let outcome = compare(&tieout, &rows("(1, 'a'), (2, 'b')"), &rows("(1, 'a'), (2, 'c')"), &[]).exits(1);
    let report = outcome.report();
    let id = report.summary["run"]["id"].as_str().expect("an id").to_owned();
    let latest = std::fs::read_link(tieout.latest()).expect("`latest` is a link");
    assert!(latest.ends_with(&id), "{} points to {}", tieout.latest().display(), latest.display());
    let run = tieout.path("reports").join(&id);
    let files = [
        "summary.json",
        "report.html",
        "junit.xml",
        "report.json",
        "tables/t/sample.json",
        "tables/t/differences.csv",
        "tables/t/differences.parquet",
        "snapshots/t/source/manifest.json",
        "snapshots/t/target/manifest.json",
    ];
    for file in files {
        assert!(run.join(file).is_file(), "{file} is not among {:#?}", tieout.files("reports"));
    }
    for side in ["source", "target"] {
        let parquet = tieout.files(&format!("reports/{id}/snapshots/t/{side}"));
        assert!(parquet.iter().any(|file| file.extension().is_some_and(|e| e == "parquet")), "{parquet:#?}");
    }
    let year: u32 = id[..4].parse().expect("the id starts with the UTC time");
    assert!((2024..2200).contains(&year), "{id}");
}

#[test]
fn the_next_run_moves_latest_and_leaves_the_one_before() {
    let tieout = Tieout::new();
    let first = compare(&tieout, &rows("(1, 'a')"), &rows("(1, 'a')"), &[]).exits(0).report();
    let second = compare(&tieout, &rows("(1, 'a')"), &rows("(1, 'b')"), &[]).exits(1).report();
    let id = |report: &crate::result::Report| report.summary["run"]["id"].as_str().expect("an id").to_owned();
    assert!(id(&first) < id(&second), "runs sort by time: {} and {}", id(&first), id(&second));
    assert!(tieout.path("reports").join(id(&first)).join("summary.json").is_file());
    assert_eq!(std::fs::read_link(tieout.latest()).expect("a link").file_name().expect("a name"), id(&second).as_str());
}

#[test]
fn the_summary_has_the_fields_of_interface_md() {
    let tieout = Tieout::new();
    let summary = compare(&tieout, &rows("(1, 'a')"), &rows("(1, 'b')"), &[]).exits(1).report().summary;
    assert_eq!(summary["format"], "tieout-summary/1");
    for field in ["id", "started", "finished", "version"] {
        assert!(summary["run"][field].is_string(), "{field}");
    }
    assert!(summary["run"]["started"].as_str().is_some_and(|time| time.ends_with('Z')));
    assert_eq!(summary["run"]["mode"], "full");
    for field in ["sample", "seed"] {
        assert_eq!(summary["run"].get(field), Some(&serde_json::Value::Null), "{field}");
    }
    assert_eq!(summary["source"]["store"], "sqlite");
    assert!(summary["source"]["url"].as_str().is_some_and(|url| url.contains("source.db")));
    let table = &summary["tables"][0];
    assert_eq!((&table["name"], &table["source"], &table["target"]), (&"t".into(), &"t".into(), &"t".into()));
    assert_eq!(table.get("reason"), Some(&serde_json::Value::Null));
    assert_eq!(table["key"], serde_json::json!(["id"]));
    assert_eq!(table["rows"], serde_json::json!({"source": 1, "target": 1}));
    let column = &table["columns"][1];
    assert_eq!((&column["name"], &column["target"]), (&"name".into(), &"name".into()));
    assert_eq!((&column["status"], &column["corrupt"]), (&"compared".into(), &1.into()));
    assert!(column["compared_as"].is_string() && column["findings"].is_array());
    assert_eq!(table["ranges"]["mismatched"], 1);
    for stage in ["snapshot", "tree", "diff"] {
        assert!(table["seconds"][stage].is_number(), "{stage}");
    }
}

#[test]
fn a_cell_that_a_spreadsheet_would_run_is_neutralised() {
    let tieout = Tieout::new();
    let source =
        rows("(1, '=1+1'), (2, '+cmd'), (3, '-cmd'), (4, '@SUM(A1)'), (5, char(9) || '=1'), (6, 'a=b'), (7, '-5')");
    let target = rows("(1, 'x'), (2, 'x'), (3, 'x'), (4, 'x'), (5, 'x'), (6, 'x'), (7, 'x')");
    let report = compare(&tieout, &source, &target, &[]).exits(1).report();
    let cells =
        [("1", "'=1+1"), ("2", "'+cmd"), ("3", "'-cmd"), ("4", "'@SUM(A1)"), ("5", "'\t=1"), ("6", "a=b"), ("7", "-5")];
    report.assert_lines("t", &cells.map(|(id, cell)| Line::cell(&[id], "name", cell, "x")));
}

#[test]
fn null_the_empty_string_and_a_literal_backslash_n_are_three_things() {
    let tieout = Tieout::new();
    let source = rows("(1, NULL), (2, ''), (3, '\\N'), (4, NULL)");
    let target = rows("(1, ''), (2, '\\N'), (3, NULL), (4, NULL)");
    let lines = compare(&tieout, &source, &target, &[]).exits(1).report().lines("t");
    assert_eq!(lines[0], Line::cell(&["1"], "name", "\\N", ""));
    assert_eq!((lines[1].source.as_str(), lines[2].target.as_str()), ("", "\\N"));
    assert_ne!(lines[1].target, "\\N", "a text is not written as NULL is");
    assert_eq!(lines.len(), 3);
}

#[test]
fn cells_keep_quotes_commas_and_line_ends() {
    let tieout = Tieout::new();
    let source = rows("(1, 'a \"quoted\" word, and' || char(13, 10) || 'a line')");
    let report = compare(&tieout, &source, &rows("(1, 'x')"), &[]).exits(1).report();
    report.assert_lines("t", &[Line::cell(&["1"], "name", "a \"quoted\" word, and\r\na line", "x")]);
}

#[test]
fn the_html_report_runs_nothing_that_stands_in_a_cell() {
    let tieout = Tieout::new();
    let source = rows("(1, '<script>alert(1)</script>'), (2, '{{ 7 * 7 }}')");
    compare(&tieout, &source, &rows("(1, '<img src=x onerror=alert(1)>'), (2, 'x')"), &[]).exits(1);
    let html = std::fs::read_to_string(tieout.latest().join("report.html")).expect("a report");
    assert!(!html.contains("<script>alert") && !html.contains("<img src=x"), "a value is not escaped");
    assert!(html.contains("differ") && html.contains("onerror"), "the difference is shown");
    assert!(!html.contains("src=\"http") && !html.contains("href=\"http"), "the report is one file");
}

#[test]
fn junit_has_a_failure_where_a_table_differs() {
    let tieout = Tieout::new();
    compare(&tieout, &rows("(1, 'a')"), &rows("(1, 'b')"), &[]).exits(1);
    let junit = std::fs::read_to_string(tieout.latest().join("junit.xml")).expect("junit.xml");
    assert!(junit.contains("<testcase") && junit.contains("<failure"), "{junit}");
    compare(&tieout, &rows("(1, 'a')"), &rows("(1, 'a')"), &[]).exits(0);
    let junit = std::fs::read_to_string(tieout.latest().join("junit.xml")).expect("junit.xml");
    assert!(junit.contains("<testcase") && !junit.contains("<failure") && !junit.contains("<error"), "{junit}");
}

#[test]
fn the_parquet_of_the_differences_has_the_lines_of_the_csv() {
    let tieout = Tieout::new();
    let report = compare(&tieout, &rows("(1, 'a'), (2, 'b')"), &rows("(1, NULL), (3, 'b')"), &[]).exits(1).report();
    let file = std::fs::File::open(report.folder.join("tables/t/differences.parquet")).expect("differences.parquet");
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
    let batches: Vec<_> = reader.build().expect("a reader").map(|batch| batch.expect("a batch")).collect();
    let names: Vec<&str> = batches[0].schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names[..2], ["class", "key"], "{names:?}");
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), report.lines("t").len());
}
