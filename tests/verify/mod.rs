//! `tieout verify`: whatever is done to a file of a run, it is noticed; and the comparison can be repeated.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use ring::signature::KeyPair;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::binary::{Outcome, Tieout};

const SOURCE: &str = "
    CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT, amount DECIMAL(10,2));
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO orders SELECT i, 'order ' || i, i * 1.25 FROM n;
    CREATE TABLE log (line TEXT); INSERT INTO log VALUES ('a'), ('a'), ('b');
    CREATE TABLE same (id INTEGER PRIMARY KEY); INSERT INTO same VALUES (1), (2);";

fn stores(tieout: &Tieout) {
    let target = format!(
        "{SOURCE} DELETE FROM orders WHERE id = 7; UPDATE orders SET note = '=1+1' WHERE id IN (9, 2500);
         INSERT INTO log VALUES ('b'), ('c');"
    );
    for (name, script) in [("source.db", SOURCE), ("target.db", target.as_str())] {
        crate::sqlite::database(tieout.folder.path(), name, script);
    }
}

fn compared(tieout: &Tieout, more: &[&str]) -> Outcome {
    stores(tieout);
    tieout.diff("source.db", "target.db", more).exits(1)
}

#[track_caller]
fn verify(tieout: &Tieout, more: &[&str]) -> Outcome {
    let arguments = ["verify", "reports/latest"].iter().chain(more);
    let outcome = tieout.run(arguments);
    assert!(!outcome.stderr.contains("panicked"), "{outcome}");
    outcome
}

/// The manifest of the newest run, changed and sealed anew, as somebody would who knows the format.
fn forge(tieout: &Tieout, change: impl FnOnce(&mut Value)) {
    let path = tieout.latest().join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(&path).expect("a manifest")).expect("JSON");
    change(&mut manifest);
    let text = |manifest: &Value| serde_json::to_string_pretty(manifest).expect("JSON") + "\n";
    manifest["seal"] = "".into();
    manifest["seal"] = hex::encode(Sha256::digest(text(&manifest))).into();
    std::fs::write(path, text(&manifest)).expect("a manifest");
}

/// Rewrites a listed file and what the manifest says of it.
fn forge_file(tieout: &Tieout, name: &str, change: impl FnOnce(String) -> String) {
    let path = tieout.latest().join(name);
    let text = change(std::fs::read_to_string(&path).expect("a text"));
    std::fs::write(&path, &text).expect("a file");
    forge(tieout, |manifest| {
        let files = manifest["files"].as_array_mut().expect("files");
        let file = files.iter_mut().find(|file| file["path"] == name).expect("a listed file");
        file["bytes"] = text.len().into();
        file["sha256"] = hex::encode(Sha256::digest(text.as_bytes())).into();
    });
}

/// A key pair in files, as PKCS#8 and SubjectPublicKeyInfo.
fn keys(tieout: &Tieout, name: &str) -> (PathBuf, PathBuf) {
    let random = ring::rand::SystemRandom::new();
    let pair = ring::signature::Ed25519KeyPair::generate_pkcs8(&random).expect("a key");
    let public = ring::signature::Ed25519KeyPair::from_pkcs8(pair.as_ref()).expect("a key");
    let mut spki = hex::decode("302a300506032b6570032100").expect("hex");
    spki.extend_from_slice(public.public_key().as_ref());
    (tieout.write(&format!("{name}.der"), pair.as_ref()), tieout.write(&format!("{name}.pub"), spki))
}

#[test]
fn a_run_that_nobody_touched_is_as_it_was_written_and_comes_out_again() {
    let tieout = Tieout::new();
    compared(&tieout, &[]);
    let outcome = verify(&tieout, &[]).exits(0);
    assert!(outcome.stdout.contains("are as the run left them; it is not signed"), "{outcome}");
    assert!(outcome.stderr.is_empty(), "{outcome}");
    std::fs::remove_file(tieout.path("source.db")).expect("a store");
    let outcome = verify(&tieout, &["--repeat"]).exits(0);
    assert!(outcome.stdout.contains("3 tables with the same roots, counts and bytes"), "{outcome}");
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(tieout.latest().join("manifest.json")).unwrap()).unwrap();
    assert_eq!((&manifest["format"], &manifest["verdict"]), (&"tieout-run/1".into(), &"differ".into()));
    let orders = manifest["tables"].as_array().unwrap().iter().find(|table| table["name"] == "orders").unwrap();
    assert_eq!((&orders["missing"], &orders["corrupt"]), (&1.into(), &2.into()));
    assert_ne!(orders["roots"]["source"], orders["roots"]["target"]);
    assert!(manifest["source"]["coordinates"].as_object().is_some_and(|c| !c.is_empty()), "{manifest:#}");
    // The same run elsewhere is the same run.
    std::fs::rename(tieout.path("reports"), tieout.path("moved")).expect("moved");
    tieout.run(["verify", "moved/latest", "--repeat", "-q"]).exits(0);
}

#[test]
fn whatever_is_done_to_a_file_of_a_run_it_is_noticed() {
    let tieout = Tieout::new();
    let (private, _) = keys(&tieout, "key");
    compared(&tieout, &["--workers", "1", "--sign", &private.display().to_string()]);
    let run = std::fs::canonicalize(tieout.latest()).expect("a run");
    let files = crate::binary::files_beneath(&run);
    let kinds = [
        "summary.json",
        "report.html",
        "junit.xml",
        "differences.csv",
        "differences.parquet",
        "tree.parquet",
        "plan.json",
        "manifest.json",
        "manifest.sig",
        "part-00000.parquet",
        "digests-00000.parquet",
    ];
    for kind in kinds {
        assert!(files.iter().any(|file| file.ends_with(kind)), "{kind} is not among {files:#?}");
    }
    type Action = (&'static str, fn(&Path, &[u8]));
    let actions: [Action; 4] = [
        ("edited", |file, bytes| {
            let mut bytes = bytes.to_vec();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(file, bytes).unwrap();
        }),
        ("truncated", |file, bytes| std::fs::write(file, &bytes[..bytes.len() - 1]).unwrap()),
        ("lengthened", |file, bytes| std::fs::write(file, [bytes, b"\n"].concat()).unwrap()),
        ("deleted", |file, _| std::fs::remove_file(file).unwrap()),
    ];
    for file in &files {
        let bytes = std::fs::read(file).unwrap();
        let name = file.strip_prefix(&run).unwrap().display().to_string();
        for (action, damage) in actions {
            damage(file, &bytes);
            let outcome = verify(&tieout, &[]);
            match (name.as_str(), action) {
                // Without its signature a run is an unsigned run: only --key notices, see below.
                ("manifest.sig", "deleted") => assert_eq!(outcome.code, Some(0), "{outcome}"),
                // What cannot be read cannot be held against anything.
                ("manifest.json", "deleted") => assert_eq!(outcome.code, Some(3), "{outcome}"),
                ("manifest.json", "edited" | "truncated" | "lengthened") => {
                    assert!(matches!(outcome.code, Some(1 | 3)), "{action}\n{outcome}");
                }
                _ => {
                    assert_eq!(outcome.code, Some(1), "{name} {action}\n{outcome}");
                    assert!(outcome.stdout.contains(&name), "{name} {action}\n{outcome}");
                }
            }
            std::fs::write(file, &bytes).unwrap();
        }
    }
    verify(&tieout, &[]).exits(0);
    for added in ["more.txt", ".hidden", "tables/orders/other.csv"] {
        std::fs::write(run.join(added), "x").unwrap();
        let outcome = verify(&tieout, &[]).exits(1);
        assert!(outcome.stdout.contains(&format!("{added} was added")), "{outcome}");
        std::fs::remove_file(run.join(added)).unwrap();
    }
    let csv = run.join("tables/orders/differences.csv");
    std::fs::rename(&csv, tieout.path("elsewhere.csv")).unwrap();
    std::os::unix::fs::symlink(tieout.path("elsewhere.csv"), &csv).unwrap();
    verify(&tieout, &[]).exits(1);
}

#[test]
fn an_edited_csv_or_summary_is_named_with_what_differs() {
    let tieout = Tieout::new();
    compared(&tieout, &[]);
    let csv = tieout.latest().join("tables/orders/differences.csv");
    let text = std::fs::read_to_string(&csv).unwrap();
    std::fs::write(&csv, text.replace("missing,7", "missing,8")).unwrap();
    let outcome = verify(&tieout, &["--repeat"]).exits(1);
    assert!(outcome.stdout.contains("tables/orders/differences.csv was changed: its SHA-256 is"), "{outcome}");
    assert!(outcome.stdout.contains("NOT as the run left it"), "{outcome}");
    assert!(outcome.stderr.contains("was not repeated"), "{outcome}");
    std::fs::write(&csv, text).unwrap();
    let summary = tieout.latest().join("summary.json");
    let text = std::fs::read_to_string(&summary).unwrap();
    std::fs::write(&summary, text.replace("\"differ\"", "\"match\"")).unwrap();
    let outcome = verify(&tieout, &[]).exits(1);
    assert!(outcome.stdout.contains("summary.json was changed: it has"), "{outcome}");
    assert!(outcome.stdout.contains("summary.json states another result"), "{outcome}");
}

#[test]
fn a_forged_manifest_is_found_by_repeating_or_by_the_signature() {
    let tieout = Tieout::new();
    let (private, public) = keys(&tieout, "key");
    let (_, other) = keys(&tieout, "other");
    let signed = ["--sign", &private.display().to_string()];
    let key = |path: &Path| path.display().to_string();

    compared(&tieout, &signed);
    let outcome = verify(&tieout, &["--key", &key(&public), "--repeat"]).exits(0);
    assert!(outcome.stdout.contains("signed by the key that was given"), "{outcome}");
    assert!(verify(&tieout, &[]).exits(0).stdout.contains("nobody has vouched for"));
    let outcome = verify(&tieout, &["--key", &key(&other)]).exits(1);
    assert!(outcome.stdout.contains("manifest.sig is of the key"), "{outcome}");

    forge_file(&tieout, "tables/orders/differences.csv", |text| text.replace("missing,7", "missing,8"));
    let outcome = verify(&tieout, &[]).exits(1);
    assert!(outcome.stdout.contains("manifest.sig does not fit"), "{outcome}");
    std::fs::remove_file(tieout.latest().join("manifest.sig")).unwrap();
    verify(&tieout, &[]).exits(0);
    let outcome = verify(&tieout, &["--key", &key(&public)]).exits(1);
    assert!(outcome.stdout.contains("manifest.sig is missing"), "{outcome}");
    let outcome = verify(&tieout, &["--repeat"]).exits(1);
    assert!(outcome.stdout.contains("tables/orders/differences.csv does not have the bytes"), "{outcome}");
}

#[test]
fn forged_counts_roots_and_paths_are_found() {
    let tieout = Tieout::new();
    compared(&tieout, &[]);
    let manifest = tieout.latest().join("manifest.json");
    let whole = std::fs::read(&manifest).unwrap();
    forge(&tieout, |manifest| manifest["verdict"] = "match".into());
    assert!(verify(&tieout, &[]).exits(1).stdout.contains("states another result"));
    std::fs::write(&manifest, &whole).unwrap();
    forge(&tieout, |manifest| manifest["tables"][1]["roots"]["source"] = "0".repeat(32).into());
    verify(&tieout, &[]).exits(0);
    assert!(verify(&tieout, &["--repeat"]).exits(1).stdout.contains("other roots"));
    std::fs::write(&manifest, &whole).unwrap();
    forge(&tieout, |manifest| manifest["files"][0]["path"] = "../../source.db".into());
    assert!(verify(&tieout, &[]).exits(1).stdout.contains("is no path within the run"));
    std::fs::write(&manifest, &whole).unwrap();
    forge(&tieout, |manifest| manifest["format"] = "tieout-run/99".into());
    verify(&tieout, &[]).fails_quietly(3);
    std::fs::write(&manifest, &whole).unwrap();
    // Counts that agree with each other everywhere, but not with the rows.
    let summary = tieout.latest().join("summary.json");
    let mut forged: Value = serde_json::from_slice(&std::fs::read(&summary).unwrap()).unwrap();
    let at = forged["tables"].as_array().unwrap().iter().position(|table| table["name"] == "orders").unwrap();
    forged["tables"][at]["corrupt"] = 0.into();
    let text = serde_json::to_string_pretty(&forged).unwrap() + "\n";
    forge_file(&tieout, "summary.json", |_| text);
    forge(&tieout, |manifest| manifest["tables"][at]["corrupt"] = 0.into());
    verify(&tieout, &[]).exits(0);
    let outcome = verify(&tieout, &["--repeat"]).exits(1);
    assert!(
        outcome.stdout.contains("has 1 missing, 0 unexpected, 0 duplicate, 0 corrupt of table orders"),
        "{outcome}"
    );
}

#[test]
fn what_cannot_be_read_or_repeated_is_never_called_good() {
    let tieout = Tieout::new();
    tieout.run(["verify", "nowhere"]).fails_quietly(3);
    compared(&tieout, &["--keep-snapshots", "never"]);
    verify(&tieout, &[]).exits(0);
    let outcome = verify(&tieout, &["--repeat"]).exits(3);
    assert!(outcome.stderr.contains("its snapshots were not kept"), "{outcome}");
    for more in [&["--snapshot", "lean"][..], &["--snapshot", "lean", "--table", "same"]] {
        let tieout = Tieout::new();
        stores(&tieout);
        tieout.diff("source.db", "target.db", more);
        verify(&tieout, &[]).exits(0);
        let outcome = verify(&tieout, &["--repeat"]).exits(3);
        assert!(outcome.stderr.contains("lean snapshot"), "{outcome}");
    }
    tieout.run(["verify", "reports/latest", "--key", "no-such-key.pem"]).exits(2).saying(&["public key"]);
    tieout.run(["verify"]).exits(2);
    tieout.write("no.key", "no key");
    tieout.diff("source.db", "target.db", &["--sign", "no.key", "--out", "other"]).exits(2).saying(&["private key"]);
    assert!(!tieout.path("other").exists(), "nothing was read");
}

#[test]
fn a_repetition_knows_conditions_choices_and_the_policy_of_values() {
    let tieout = Tieout::new();
    stores(&tieout);
    tieout.diff("source.db", "target.db", &["--where", "rowid < 2000", "--ignore", "amount"]).exits(1);
    verify(&tieout, &["--repeat"]).exits(0);
    for policy in ["mask", "hash", "hide"] {
        let mut run = tieout.command(["diff", "source.db", "target.db", "--keep-snapshots", "always"]);
        run.args(["--values", policy, "--key-values", "hide"]).env("TIEOUT_HASH_KEY", "a key of some length");
        tieout.start(run).end().exits(1);
        verify(&tieout, &["--repeat"]).exits(2).saying(&["TIEOUT_HASH_KEY"]);
        let again = |key: &str| {
            let mut again = tieout.command(["verify", "reports/latest", "--repeat"]);
            again.env("TIEOUT_HASH_KEY", key);
            tieout.start(again).end()
        };
        again("a key of some length").exits(0);
        again("another key of some length").exits(2);
    }
    // Without a key, hidden keys have a plain hash.
    tieout
        .diff("source.db", "target.db", &["--keep-snapshots", "always", "--values", "hide", "--key-values", "hide"])
        .exits(1);
    verify(&tieout, &["--repeat"]).exits(0);
}

#[test]
fn a_run_over_files_that_were_compared_in_place_can_be_repeated_until_they_change() {
    let tieout = Tieout::new();
    let rows = |notes: [&str; 3]| {
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        let notes: ArrayRef = Arc::new(StringArray::from(notes.to_vec()));
        let batch = RecordBatch::try_from_iter([("id", ids), ("note", notes)]).unwrap();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    };
    tieout.write("source/orders.parquet", rows(["a", "b", "c"]));
    tieout.write("target/orders.parquet", rows(["a", "x", "c"]));
    tieout.diff("source", "target", &["--key", "id"]).exits(1);
    let outcome = verify(&tieout, &["--repeat"]).exits(0);
    assert!(outcome.stdout.contains("1 table with the same roots"), "{outcome}");
    tieout.write("source/orders.parquet", rows(["a", "b", "d"]));
    verify(&tieout, &[]).exits(0);
    assert!(
        matches!(verify(&tieout, &["--repeat"]).code, Some(1 | 3)),
        "the files are no part of the run, but its result is"
    );
}

impl Outcome {
    /// As `fails`, where reports of earlier runs may say what they like.
    #[track_caller]
    fn fails_quietly(self, code: i32) -> Self {
        let outcome = self.exits(code);
        assert!(outcome.stderr.contains("error:") && outcome.stderr.contains("hint:"), "{outcome}");
        outcome
    }
}
