//! Clocks that jump: a run that is taken up under another time finds the same. (What the history and the gate make of a clock that was
//! set back is tested in `gate`.)

use std::path::PathBuf;

use super::findings;
use super::kept::Stores;

/// The library that lies about the time to a program (Debian: faketime).
fn faketime() -> PathBuf {
    let found = glob::glob("/usr/lib/*/faketime/libfaketime.so.1").expect("a pattern").flatten().next();
    found.expect("`faketime` is not installed: run `ci/test`, which installs what the tests need")
}

#[test]
fn a_run_that_is_taken_up_after_the_clock_jumped_finds_the_same() {
    let stores = Stores::new("");
    for jump in ["-400d", "-1h", "+400d"] {
        let run = stores.killed();
        let mut command = stores.tieout.command(["run", "-v", "--resume", "latest"]);
        command.env("LD_PRELOAD", faketime()).env("FAKETIME", jump).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let outcome = stores.tieout.start(command).end().exits(1).saying(&["2 of 3 tables"]);
        assert_eq!(findings(&run), stores.expected, "{jump}\n{outcome}");
        std::fs::remove_dir_all(stores.tieout.path("reports")).expect("removed");
    }
}

#[test]
fn a_run_whose_clock_jumps_while_it_is_under_way_finds_the_same() {
    let stores = Stores::new("");
    // From call to call the clock runs a hundred times as fast, and a thousand times as slowly.
    for speed in ["+0 x100", "-3d x0.001"] {
        let mut command = stores.tieout.command(["run", "-q"]);
        command.env("LD_PRELOAD", faketime()).env("FAKETIME", speed).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        stores.tieout.start(command).end().exits(1);
        assert_eq!(findings(&stores.tieout.latest()), stores.expected, "{speed}");
        std::fs::remove_dir_all(stores.tieout.path("reports")).expect("removed");
    }
}
