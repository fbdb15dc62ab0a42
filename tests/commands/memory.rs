//! Memory is bounded in bytes, however wide the rows are.

use std::time::Duration;

use crate::binary::Tieout;

/// Far less than a side of the tables below holds.
const PEAK_BYTES_MAX: u64 = 256 << 20;
const ROWS: usize = 400;

#[test]
fn cells_of_a_mebibyte_do_not_add_up_in_memory() {
    let tieout = Tieout::new();
    let rows = |last: &str| {
        format!(
            "CREATE TABLE t (id integer PRIMARY KEY, body text);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
                INSERT INTO t SELECT i, i || replace(hex(zeroblob(524288)), '00', i % 10 || 'x') FROM n;
            UPDATE t SET body = body || '{last}' WHERE id = 250;"
        )
    };
    crate::sqlite::database(tieout.folder.path(), "source.db", &rows(""));
    crate::sqlite::database(tieout.folder.path(), "target.db", &rows("!"));
    for form in ["full", "lean"] {
        let arguments = ["diff", "source.db", "target.db", "--memory", "64MiB", "--snapshot", form, "--quiet"];
        let mut child = tieout.command(arguments).spawn().expect("tieout starts");
        let mut peak = 0;
        let code = loop {
            peak = peak.max(bytes_held(child.id()).unwrap_or(0));
            match child.try_wait().expect("a child") {
                Some(status) => break status.code(),
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        assert_eq!(code, Some(1));
        assert!(peak > 0, "its peak memory was read");
        assert!(peak <= PEAK_BYTES_MAX, "{form}: {} MiB", peak >> 20);
    }
}

/// The memory that a running process has allocated; the program's own code, which a test build has far more of, apart.
fn bytes_held(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? << 10)
}
