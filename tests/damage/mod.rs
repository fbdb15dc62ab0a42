//! Damaged snapshots: a grid of action × place. Whatever is done to a file of a snapshot, no comparison with it ends as
//! `match`, and the error names the file.

use std::path::{Path, PathBuf};

use crate::binary::Tieout;

/// The name of an action and what it does to a file.
type Action = (&'static str, fn(&Path));

/// What is done to a file.
const ACTIONS: [Action; 5] = [
    ("a flipped bit at the beginning", |file| flip(file, 0.1)),
    ("a flipped bit in the middle", |file| flip(file, 0.5)),
    ("a flipped bit at the end", |file| flip(file, 0.95)),
    ("the last bytes cut off", |file| {
        let bytes = std::fs::read(file).unwrap();
        std::fs::write(file, &bytes[..bytes.len() - 9]).unwrap();
    }),
    ("deleted", |file| std::fs::remove_file(file).unwrap()),
];

fn flip(file: &Path, place: f64) {
    let mut bytes = std::fs::read(file).unwrap();
    let at = (bytes.len() as f64 * place) as usize;
    bytes[at] ^= 0x01;
    std::fs::write(file, bytes).unwrap();
}

/// A store and its snapshot.
fn snapshot(tieout: &Tieout) -> PathBuf {
    let store = rusqlite::Connection::open(tieout.path("shop.db")).unwrap();
    store
        .execute_batch(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
             INSERT INTO orders SELECT i, 'order ' || i FROM n;",
        )
        .unwrap();
    let taken = tieout.run(["snapshot", "shop.db", "--out", "snap", "-q"]);
    assert_eq!(taken.code, Some(0), "{taken:?}");
    tieout.path("snap/orders")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn an_undamaged_snapshot_matches_its_store() {
    let tieout = Tieout::new();
    snapshot(&tieout);
    assert_eq!(tieout.diff("snap", "shop.db", &[]).code, Some(0));
    assert_eq!(tieout.diff("snap", "snap", &[]).code, Some(0));
}

#[test]
fn whatever_is_done_to_the_data_of_a_snapshot_it_is_noticed() {
    let tieout = Tieout::new();
    let folder = snapshot(&tieout);
    for file in files(&folder).iter().filter(|file| file.extension().is_some_and(|e| e == "parquet")) {
        let whole = std::fs::read(file).unwrap();
        for (action, damage) in ACTIONS {
            damage(file);
            let outcome = tieout.diff("snap", "shop.db", &[]);
            assert_eq!(outcome.code, Some(3), "{action}: {} {outcome:?}", file.display());
            let name = file.file_name().unwrap().to_string_lossy();
            assert!(outcome.stderr.contains(&*name), "{action}: {name} is named in {}", outcome.stderr);
            std::fs::write(file, &whole).unwrap();
        }
    }
    assert_eq!(tieout.diff("snap", "shop.db", &[]).code, Some(0), "mended, it matches again");
}

#[test]
fn a_manifest_that_was_cut_emptied_or_is_of_another_version_is_refused() {
    let tieout = Tieout::new();
    let folder = snapshot(&tieout);
    let manifest = folder.join("manifest.json");
    let whole = std::fs::read_to_string(&manifest).unwrap();
    for damaged in [
        whole[..whole.len() / 2].to_owned(),
        String::new(),
        "{}".to_owned(),
        whole.replace("tieout-snapshot/4", "tieout-snapshot/99"),
    ] {
        std::fs::write(&manifest, damaged).unwrap();
        let outcome = tieout.diff("snap", "shop.db", &[]);
        assert_eq!(outcome.code, Some(3), "{outcome:?}");
        assert!(outcome.stderr.contains("manifest.json"), "{}", outcome.stderr);
    }
}

#[test]
fn a_snapshot_that_lost_its_manifest_is_no_snapshot() {
    let tieout = Tieout::new();
    let folder = snapshot(&tieout);
    std::fs::remove_file(folder.join("manifest.json")).unwrap();
    assert_ne!(tieout.diff("snap", "shop.db", &[]).code, Some(0));
}

#[test]
fn a_snapshot_that_claims_fewer_rows_than_it_holds_is_never_a_match() {
    let tieout = Tieout::new();
    let folder = snapshot(&tieout);
    let manifest = folder.join("manifest.json");
    let whole = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, whole.replace("\"rows\": 2000", "\"rows\": 1999")).unwrap();
    assert_ne!(tieout.diff("snap", "snap", &[]).code, Some(0));
    assert_ne!(tieout.diff("snap", "shop.db", &[]).code, Some(0));
}
