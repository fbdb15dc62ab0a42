//! The page in a browser.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{HOSTILE_NAME, HOSTILE_VALUE, browser, damaged_run};
use crate::binary::Tieout;

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file of the run")).expect("JSON")
}

fn write(path: &Path, value: &Value) {
    fs::write(path, value.to_string()).expect("the file can be written");
}

#[test]
fn a_person_finds_what_went_wrong_and_nothing_of_the_data_runs() {
    let tieout = Tieout::new();
    let report = damaged_run(&tieout).report();
    // Two nights before this one, as a history would have them.
    let kept = report.folder.join("report.json");
    let mut content = read(&kept);
    let night = |day: u32, differences: u64| {
        let verdict = if differences == 0 { "match" } else { "differ" };
        json!({"started": format!("2025-11-{day}T02:00:00Z"), "differences": differences, "seconds": 2.5, "verdict": verdict})
    };
    content["content"]["trends"] = json!({"orders": [night(20, 0), night(21, 12), night(22, 5071)]});
    write(&kept, &content);
    tieout.run(["report"]).exits(0);

    let seen = browser::seen(&report.folder.join("report.html"), &tieout.path("pictures"), false);
    assert_eq!(seen["h1"], "The cutover must NOT go ahead");
    assert_eq!(seen["inTheFirstView"], true, "verdict, stores and coverage are seen without scrolling");
    assert_eq!((&seen["foreign"], &seen["scripts"]), (&json!(0), &json!(1)));
    assert!(texts(&seen["codes"]).contains(&HOSTILE_VALUE), "a value is shown as it is: {}", seen["codes"]);
    assert!(texts(&seen["columnNames"]).contains(&HOSTILE_NAME), "{}", seen["columnNames"]);
    let lanes = texts(&seen["lanes"]);
    let missing = lanes.iter().find(|lane| lane.starts_with("missing: ")).expect("a lane of missing keys");
    assert!(missing.starts_with("missing: 5,001 keys, in one stretch, from "), "{missing}");
    assert!(lanes.iter().any(|lane| lane.starts_with("corrupt: ") && lane.contains("scattered over")), "{lanes:?}");
    assert!(lanes.iter().any(|lane| lane.starts_with("unexpected: 1 key, only at the end")), "{lanes:?}");
    assert!(texts(&seen["mapCells"]).contains(&"s5"), "a lost range is darkest");
    assert_eq!(seen["trendBars"], 6);
    assert_eq!(
        (&seen["tables"], &seen["tablesThatDiffer"], &seen["mostMissing"]),
        (&json!(2), &json!(1), &json!("orders"))
    );
    assert_eq!(seen["opensByLink"], true, "a link to a folded table opens it");
    assert_eq!(seen["filtered"]["class"], seen["lines"], "each line has a class");
    assert_eq!(seen["filtered"]["cause"], seen["lines"], "each line here has a cause");
    assert_eq!(seen["linesWithoutScript"], seen["lines"]);
    assert_ne!(seen["background light"], seen["background dark"]);
    assert_eq!(seen["background light"], seen["background print"]);
    assert_eq!(seen["foldedOnPaper"], 0);
    assert!(seen["pdfBytes"].as_u64() > Some(10_000));
    for picture in ["light.png", "dark.png", "phone.png", "print.pdf"] {
        assert!(tieout.path("pictures").join(picture).is_file(), "{picture}");
    }
}

#[test]
fn a_thousand_tables_with_millions_of_differences_are_one_small_page() {
    let tieout = Tieout::new();
    let report = damaged_run(&tieout).report();
    let mut summary = report.summary.clone();
    let tables = summary["tables"].as_array().expect("tables").clone();
    let (calm, orders) = (&tables[0], &tables[1]);
    let many = (0..1_000).map(|at| {
        let mut table = if at % 3 == 0 { orders.clone() } else { calm.clone() };
        let name = format!("table_{at:04}");
        if at % 3 == 0 {
            table["corrupt"] = json!(10_000_000 + at);
            let folder = report.folder.join("tables").join(&name);
            fs::create_dir_all(&folder).expect("a folder");
            fs::copy(report.folder.join("tables/orders/sample.json"), folder.join("sample.json")).expect("a sample");
        }
        table["name"] = json!(name);
        table
    });
    summary["tables"] = many.collect();
    write(&report.folder.join("summary.json"), &summary);
    tieout.run(["report"]).exits(0);

    let html = report.folder.join("report.html");
    let bytes = fs::metadata(&html).expect("the report").len();
    assert!(bytes < 5_000_000, "{bytes} bytes");
    let text = fs::read_to_string(&html).expect("the report");
    assert!(text.contains("table_0999") && text.contains("10,000,999"), "all tables are listed with exact totals");
    let seen = browser::seen(&html, &tieout.path("pictures"), true);
    assert_eq!((&seen["tables"], &seen["tablesThatDiffer"]), (&json!(1_000), &json!(334)));
}

#[test]
fn stores_that_agree_are_said_to_agree() {
    let tieout = Tieout::new();
    let script = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a');";
    crate::sqlite::database(tieout.folder.path(), "source.db", script);
    crate::sqlite::database(tieout.folder.path(), "target.db", script);
    let report = tieout.diff("source.db", "target.db", &[]).exits(0).report();
    let html = fs::read_to_string(report.folder.join("report.html")).expect("the report");
    assert!(html.contains("<h1>The cutover may go ahead</h1>"), "{html}");
}
