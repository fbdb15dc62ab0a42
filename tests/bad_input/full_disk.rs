//! A disk that fills up while a run writes to it.

use std::process::Command;

use crate::binary::Tieout;

/// About 20 MB of text that does not compress to nothing.
fn big_stores(tieout: &Tieout) {
    let script = "CREATE TABLE t (id INTEGER PRIMARY KEY, noise TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
        INSERT INTO t SELECT i, hex(randomblob(100)) FROM n;";
    let source = crate::sqlite::database(tieout.folder.path(), "source.db", script);
    std::fs::copy(source, tieout.path("target.db")).expect("a copy");
}

/// Runs `diff` under a shell line that ends in `exec "$@"` or the like.
fn run_under(tieout: &Tieout, line: &str, arguments: &[&str]) -> crate::binary::Outcome {
    let mut command = Command::new("bash");
    command.args(["-c", line, "bash", env!("CARGO_BIN_EXE_tieout")]).args(arguments);
    command.current_dir(tieout.folder.path());
    tieout.start(command).end()
}

#[test]
fn a_file_that_may_not_grow_ends_the_run() {
    let tieout = Tieout::new();
    big_stores(&tieout);
    // No file may exceed 1 MiB, and the signal that would tell so is ignored: writes fail as on a full disk.
    let limit = "trap '' XFSZ; ulimit -f 1024; exec \"$@\"";
    run_under(&tieout, limit, &["diff", "source.db", "target.db"]).fails(3).saying(&["reports"]);
    super::assert_no_manifest(&tieout.path("reports"), &[]);
    run_under(&tieout, limit, &["snapshot", "source.db", "--out", "snap"]).fails(3).saying(&["snap"]);
    super::assert_no_manifest(&tieout.path("snap"), &[]);
    // What is left does not stand in the way of the next run.
    tieout.diff("source.db", "target.db", &[]).exits(0);
}

#[test]
fn a_full_file_system_ends_the_run() {
    let tieout = Tieout::new();
    big_stores(&tieout);
    // A file system of 4 MB in a mount namespace of the run's own, which goes when the run ends; what is left is copied out.
    let mount = "mkdir small && mount -t tmpfs -o size=4m tmpfs small || exit 77
        TMPDIR=$PWD/small \"$@\"; code=$?; mkdir left && cp -a small/. left/ && exit $code";
    let mut command = Command::new("unshare");
    command.args(if is_root() { &["--mount"][..] } else { &["--map-root-user", "--mount"] });
    command.args([
        "bash",
        "-c",
        mount,
        "bash",
        env!("CARGO_BIN_EXE_tieout"),
        "diff",
        "source.db",
        "target.db",
        "--out",
        "small/reports",
    ]);
    command.current_dir(tieout.folder.path());
    let outcome = tieout.start(command).end();
    if matches!(outcome.code, Some(77 | 1)) && !tieout.path("left").exists() {
        // The machine lets nobody mount a file system (a container); the other test fills a disk in its own way.
        eprintln!("no file system could be mounted here: {outcome}");
        return;
    }
    let outcome = outcome.fails(3).saying(&["small/reports"]);
    super::assert_no_manifest(&tieout.path("left"), &[]);
    for file in tieout.files("left") {
        assert!(!file.ends_with("summary.json") || !says_match(&file), "{} looks finished\n{outcome}", file.display());
    }
}

fn says_match(summary: &std::path::Path) -> bool {
    std::fs::read_to_string(summary).expect("a summary").contains("\"verdict\": \"match\"")
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}
