//! `tieout report`.

use std::fs;

use super::damaged_run;
use crate::binary::{Tieout, files_beneath};

#[test]
fn the_report_is_drawn_again_to_the_same_bytes_and_nothing_else_is_touched() {
    let tieout = Tieout::new();
    let report = damaged_run(&tieout).report();
    let all = || -> Vec<_> {
        let files = files_beneath(&fs::canonicalize(&report.folder).expect("the run"));
        files.into_iter().map(|file| (fs::read(&file).expect("a file"), file)).collect()
    };
    let before = all();
    fs::remove_file(report.folder.join("report.html")).expect("the report");
    // The stores are gone: nothing is read from them.
    for store in ["source.db", "target.db"] {
        fs::remove_file(tieout.path(store)).expect("the store");
    }
    let id = report.summary["run"]["id"].as_str().expect("an id").to_owned();
    let outcome = tieout.run(["report".to_owned(), format!("reports/{id}"), "reports/latest".to_owned()]).exits(0);
    assert_eq!(outcome.stdout, format!("reports/{id}/report.html\nreports/latest/report.html\n"));
    assert!(all() == before, "the run directory is as it was");
    let html = fs::read_to_string(report.folder.join("report.html")).expect("the report");
    assert!(html.contains("tieout diff source.db target.db --table orders"), "how to repeat one table");
}

#[test]
fn what_is_no_finished_run_is_said_to_be_none() {
    let tieout = Tieout::new();
    tieout.run(["report"]).fails(2).saying(&["not the directory of a finished run", "reports/latest"]);
    let report = damaged_run(&tieout).report();
    tieout.run(["report", "reports"]).exits(2).saying(&["summary.json"]);
    let sample = report.folder.join("tables/orders/sample.json");
    fs::write(&sample, "{}").expect("a broken sample");
    assert_eq!(tieout.run(["report"]).exits(2).stdout, "");
    fs::remove_file(&sample).expect("the sample");
    let outcome = tieout.run(["report"]).exits(0);
    assert!(outcome.stderr.contains("no sample of the differences of orders"), "{outcome}");
    let html = fs::read_to_string(report.folder.join("report.html")).expect("the report");
    assert!(html.contains("5,001") && !html.contains("Differences side by side"), "the totals stay");
}

#[test]
#[cfg(target_os = "linux")]
fn open_hands_the_report_to_the_browser() {
    use std::os::unix::fs::PermissionsExt;
    let tieout = Tieout::new();
    damaged_run(&tieout);
    let opener = tieout.write("bin/xdg-open", "#!/bin/sh\necho \"$1\" > opened\n");
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).expect("it can be run");
    let mut command = tieout.command(["report", "--open"]);
    let path = std::env::var("PATH").expect("a PATH");
    command.env("PATH", format!("{}:{path}", tieout.path("bin").display()));
    tieout.start(command).end().exits(0);
    let opened = fs::read_to_string(tieout.path("opened")).expect("xdg-open was called");
    assert!(opened.trim_end().ends_with("/report.html") && opened.starts_with('/'), "{opened}");
}

#[test]
fn the_committed_sample_is_what_the_report_looks_like_today() {
    let committed = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/sample");
    let tieout = Tieout::new();
    for file in files_beneath(&committed) {
        let name = file.strip_prefix(&committed).expect("a file of the sample").to_str().expect("UTF-8");
        tieout.write(&format!("sample/{name}"), fs::read(&file).expect("a file"));
    }
    tieout.run(["report", "sample"]).exits(0);
    let drawn = fs::read_to_string(tieout.path("sample/report.html")).expect("the report");
    if std::env::var_os("TIEOUT_BLESS").is_some() {
        fs::write(committed.join("report.html"), &drawn).expect("the sample can be written");
    }
    let kept = fs::read_to_string(committed.join("report.html")).expect("the sample");
    assert!(kept == drawn, "reports/sample/report.html is not current: TIEOUT_BLESS=1 cargo test sample");
}
