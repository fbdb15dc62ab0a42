//! An output directory that cannot be written is found before any store is read.

use crate::binary::Tieout;
use crate::servers::free_port;

#[track_caller]
fn found_first(tieout: &Tieout, out: &str) {
    // Nobody listens there: were a store looked at first, the message would be about it.
    let nobody = format!("postgres://app@127.0.0.1:{}/shop", free_port());
    let outcome = tieout.diff(&nobody, &nobody, &["--out", out]).fails(2).saying(&[out]);
    assert!(!outcome.stderr.contains("127.0.0.1"), "a store was tried first\n{outcome}");
    tieout.run(["snapshot", &nobody, "--out", out]).fails(2).saying(&[out]);
    tieout.run(["demo", "--out", out]).fails(2).saying(&[out]);
    assert!(!tieout.path("tieout-demo").exists(), "the demo was built first");
}

#[test]
fn a_folder_beneath_a_file() {
    let tieout = Tieout::new();
    tieout.write("a-file", "not a folder");
    found_first(&tieout, "a-file/reports");
}

#[test]
fn a_file_in_the_place_of_the_folder() {
    let tieout = Tieout::new();
    tieout.write("a-file", "not a folder");
    found_first(&tieout, "a-file");
    assert_eq!(std::fs::read_to_string(tieout.path("a-file")).expect("the file"), "not a folder");
}

#[test]
fn a_folder_in_which_nothing_can_be_made() {
    let tieout = Tieout::new();
    found_first(&tieout, "/proc/tieout-reports");
}

#[test]
fn a_snapshot_does_not_overwrite_another() {
    let tieout = Tieout::new();
    super::two_stores(&tieout);
    tieout.run(["snapshot", "source.db", "--out", "snap"]).exits(0);
    let before: Vec<Vec<u8>> = tieout.files("snap").iter().map(|file| std::fs::read(file).expect("a file")).collect();
    tieout.run(["snapshot", "target.db", "--out", "snap"]).fails(2).saying(&["snap"]);
    let after: Vec<Vec<u8>> = tieout.files("snap").iter().map(|file| std::fs::read(file).expect("a file")).collect();
    assert_eq!(before, after);
}
