//! Files that are empty, cut short, ragged or not text.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;

use crate::binary::Tieout;

fn parquet(file: &Path) {
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    let ids: Vec<i64> = (0..5000).collect();
    let names: Vec<String> = ids.iter().map(|id| format!("name {id}")).collect();
    let batch = RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from(ids)) as _),
        ("name", Arc::new(StringArray::from(names)) as _),
    ])
    .expect("a batch");
    let mut writer = ArrowWriter::try_new(File::create(file).expect("a file"), batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
}

#[track_caller]
fn undecided(tieout: &Tieout, bad: &str, good: &str, saying: &[&str]) {
    tieout.diff(bad, good, &["--key", "id"]).fails(3).saying(saying);
    tieout.diff(good, bad, &["--key", "id"]).fails(3).saying(saying);
    tieout.run(["snapshot", bad, "--out", "snap"]).fails(3).saying(saying);
    super::assert_no_manifest(&tieout.path("snap"), &[]);
}

#[test]
fn an_empty_directory() {
    let tieout = Tieout::new();
    tieout.write("good/t.csv", "id,name\n1,a\n");
    std::fs::create_dir(tieout.path("empty")).expect("a folder");
    undecided(&tieout, "empty", "good", &["empty"]);
}

#[test]
fn a_glob_that_meets_no_file() {
    let tieout = Tieout::new();
    tieout.write("good.csv", "id,name\n1,a\n");
    undecided(&tieout, "none-*.csv", "good.csv", &["none-*.csv"]);
}

#[test]
fn a_path_that_is_not_there() {
    let tieout = Tieout::new();
    tieout.write("good.csv", "id,name\n1,a\n");
    for path in ["gone.csv", "gone.parquet", "gone"] {
        undecided(&tieout, path, "good.csv", &[path]);
    }
}

#[test]
fn truncated_parquet() {
    let tieout = Tieout::new();
    parquet(&tieout.path("good/t.parquet"));
    let bytes = std::fs::read(tieout.path("good/t.parquet")).expect("a file");
    for (at, length) in [0, 3, bytes.len() / 2, bytes.len() - 1].into_iter().enumerate() {
        let name = format!("cut{at}/t.parquet");
        tieout.write(&name, &bytes[..length]);
        undecided(&tieout, &name, "good/t.parquet", &[&name]);
    }
}

#[test]
fn parquet_with_a_damaged_page() {
    let tieout = Tieout::new();
    parquet(&tieout.path("good/t.parquet"));
    let mut bytes = std::fs::read(tieout.path("good/t.parquet")).expect("a file");
    // The header of the first page. (What is damaged within a page shows as a difference: pages carry no checksum.)
    bytes[4..40].fill(0xff);
    tieout.write("bad/t.parquet", bytes);
    undecided(&tieout, "bad/t.parquet", "good/t.parquet", &["t.parquet"]);
}

#[test]
fn csv_with_a_ragged_line() {
    let tieout = Tieout::new();
    tieout.write("good/t.csv", "id,name\n1,a\n2,b\n3,c\n");
    for (at, line) in ["2", "2,b,c", "2,b,"].into_iter().enumerate() {
        let name = format!("bad{at}/t.csv");
        tieout.write(&name, format!("id,name\n1,a\n{line}\n3,c\n"));
        undecided(&tieout, &name, "good/t.csv", &[&name, "3"]);
    }
}

#[test]
fn csv_with_invalid_utf8() {
    let tieout = Tieout::new();
    tieout.write("good/t.csv", "id,name\n1,a\n2,b\n");
    tieout.write("bad/t.csv", b"id,name\n1,a\n2,caf\xe9\n");
    undecided(&tieout, "bad/t.csv", "good/t.csv", &["t.csv", "UTF-8"]);
}

#[test]
fn csv_cut_within_a_quoted_field() {
    let tieout = Tieout::new();
    tieout.write("good/t.csv", "id,name\n1,a\n2,\"b\nc\"\n");
    tieout.write("bad/t.csv", "id,name\n1,a\n2,\"b\n");
    undecided(&tieout, "bad/t.csv", "good/t.csv", &["t.csv"]);
}

#[test]
fn csv_that_names_a_column_twice() {
    let tieout = Tieout::new();
    tieout.write("good/t.csv", "id,name\n1,a\n");
    tieout.write("bad/t.csv", "id,name,name\n1,a,b\n");
    undecided(&tieout, "bad/t.csv", "good/t.csv", &["t.csv", "name"]);
}

#[test]
fn csv_without_even_a_header() {
    let tieout = Tieout::new();
    tieout.write("good/t.csv", "id,name\n1,a\n");
    tieout.write("bad/t.csv", "");
    undecided(&tieout, "bad/t.csv", "good/t.csv", &["t.csv"]);
}

#[test]
fn a_snapshot_that_was_changed_afterwards() {
    let tieout = Tieout::new();
    super::two_stores(&tieout);
    tieout.run(["snapshot", "source.db", "--out", "snap"]).exits(0);
    tieout.diff("snap", "target.db", &[]).exits(0);
    std::fs::remove_dir_all(tieout.path("reports")).expect("reports");
    let file = tieout.files("snap").into_iter().find(|file| file.extension().is_some_and(|e| e == "parquet"));
    let file = file.expect("a snapshot holds Parquet");
    let mut bytes = std::fs::read(&file).expect("a file");
    bytes[6] ^= 1;
    std::fs::write(&file, bytes).expect("a file");
    tieout.diff("snap", "target.db", &[]).fails(3).saying(&["snap"]);
}

#[test]
fn a_snapshot_that_lost_a_file() {
    let tieout = Tieout::new();
    super::two_stores(&tieout);
    tieout.run(["snapshot", "source.db", "--out", "snap"]).exits(0);
    let file = tieout.files("snap").into_iter().find(|file| file.extension().is_some_and(|e| e == "parquet"));
    std::fs::remove_file(file.expect("a snapshot holds Parquet")).expect("removed");
    tieout.diff("snap", "target.db", &[]).fails(3).saying(&["snap"]);
}
