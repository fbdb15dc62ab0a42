//! Connections that are cut, slowed down or garbled in the middle: the findings are those of an undisturbed run, or it is said that
//! something was not compared.

use std::sync::OnceLock;
use std::time::Duration;

use super::{Findings, QUICK, config, findings, retries};
use crate::binary::{Outcome, Tieout};
use crate::proxy::{Proxy, Strike, What};
use crate::servers::{MariaDb, Postgres};

/// Rows of the big table, of some 500 bytes each: two parts of a table in PostgreSQL, and in MariaDB.
const ROWS: u32 = 40_000;

/// As [`QUICK`]; a length that was garbled makes a reader wait for bytes that never come.
const GARBLED: &str = "retry = { times = 4, first_wait = \"50ms\", wait_max = \"200ms\", silence_max = \"3s\" }";

/// The servers that a proxy stands before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Server {
    Postgres,
    MariaDb,
}

pub const SERVERS: [Server; 2] = [Server::Postgres, Server::MariaDb];

/// The tables of a server: `big`, and a small one.
pub fn script(server: Server) -> String {
    script_of(server, ROWS)
}

/// The same with so many rows in the big one.
pub fn script_of(server: Server, rows: u32) -> String {
    let (big, series) = match server {
        Server::Postgres => (
            "id bigint PRIMARY KEY, name text",
            format!("SELECT i, i || repeat('x', 450) FROM generate_series(1, {rows}) i"),
        ),
        Server::MariaDb => (
            "id bigint PRIMARY KEY, name varchar(500)",
            format!("SELECT seq, CONCAT(seq, REPEAT('x', 450)) FROM seq_1_to_{rows}"),
        ),
    };
    format!(
        "CREATE TABLE big ({big}); INSERT INTO big {series};
         CREATE TABLE small (id int PRIMARY KEY, name varchar(20)); INSERT INTO small VALUES (1, 'a'), (2, 'b');"
    )
}

/// The same tables in an SQLite file, with a row that is missing, one that is too many, and one that is corrupt.
pub fn target(tieout: &Tieout) {
    target_of(tieout, ROWS);
}

/// The same with so many rows in the big one.
pub fn target_of(tieout: &Tieout, rows: u32) {
    let script = format!(
        "CREATE TABLE big (id INTEGER PRIMARY KEY, name TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO big SELECT i, i || replace(hex(zeroblob(225)), '0', 'x') FROM n;
         DELETE FROM big WHERE id = 17; UPDATE big SET name = 'other' WHERE id = 5000;
         INSERT INTO big VALUES (99999999, 'new');
         CREATE TABLE small (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO small VALUES (1, 'a'), (2, 'b');"
    );
    crate::sqlite::database(tieout.folder.path(), "target.db", &script);
}

/// The database of these tests on the shared server.
fn database(server: Server) -> &'static str {
    static POSTGRES: OnceLock<String> = OnceLock::new();
    static MARIADB: OnceLock<String> = OnceLock::new();
    match server {
        Server::Postgres => POSTGRES.get_or_init(|| Postgres::shared().database("network", &script(server))),
        Server::MariaDb => MARIADB.get_or_init(|| MariaDb::shared().database("network", &script(server))),
    }
}

fn port(server: Server) -> u16 {
    match server {
        Server::Postgres => Postgres::shared().server.port,
        Server::MariaDb => MariaDb::shared().server.port,
    }
}

fn url(server: Server, port: u16) -> String {
    match server {
        Server::Postgres => Postgres::shared().url_at(port, database(server)),
        Server::MariaDb => MariaDb::shared().url_as("app", port, database(server)),
    }
}

/// Runs through the proxy.
fn run(tieout: &Tieout, server: Server, proxy: &Proxy, rest: &str) -> Outcome {
    config(tieout, &url(server, proxy.port), "target.db", &format!("workers = 2\n{rest}"));
    tieout.run(["run", "-v"])
}

/// The findings of a run that nobody disturbs.
fn undisturbed(server: Server) -> Findings {
    let tieout = Tieout::new();
    target(&tieout);
    let proxy = Proxy::plain(port(server));
    let outcome = run(&tieout, server, &proxy, QUICK).exits(1);
    assert_eq!(outcome.report().counts("big"), [1, 1, 0, 1]);
    assert_eq!(retries(&outcome), 0);
    findings(&tieout.latest())
}

#[test]
fn a_connection_that_is_cut_anywhere_costs_no_row() {
    for server in SERVERS {
        let expected = undisturbed(server);
        let mut in_reading = 0;
        // The greeting, the catalogue, the first bytes of a table, its middle, near its end; what is asked, at two places.
        for (from_server, at) in
            [(true, 0), (true, 700), (true, 40_000), (true, 3 << 20), (true, 8 << 20), (false, 20), (false, 900)]
        {
            for times in [1, 2] {
                let tieout = Tieout::new();
                target(&tieout);
                let proxy = Proxy::before(port(server), Strike { from_server, at, what: What::Cut, times });
                let outcome = run(&tieout, server, &proxy, QUICK).exits(1);
                assert!(proxy.struck() > 0, "{server:?} {from_server} {at}: nothing was cut");
                assert_eq!(findings(&tieout.latest()), expected, "{server:?} {from_server} {at}\n{outcome}");
                in_reading += retries(&outcome);
            }
        }
        assert!(in_reading > 3, "{server:?}: tables were read again: {in_reading}");
    }
}

#[test]
fn a_connection_that_is_cut_again_and_again_leaves_the_table_undecided() {
    for server in SERVERS {
        let tieout = Tieout::new();
        target(&tieout);
        let strike = Strike { from_server: true, at: 3 << 20, what: What::Cut, times: u32::MAX };
        let proxy = Proxy::before(port(server), strike);
        let retry = "retry = { times = 2, first_wait = \"10ms\" }";
        let outcome = run(&tieout, server, &proxy, retry).exits(3).saying(&["error:", "hint:"]);
        assert_eq!(outcome.report().table("big")["verdict"], "undecided");
        assert_eq!(outcome.report().table("small")["verdict"], "match", "{outcome}");
        assert!(retries(&outcome) >= 2, "{outcome}");
        outcome.assert_nothing_looks_equal();
    }
}

#[test]
fn without_retries_a_cut_is_a_failure_at_once() {
    for server in SERVERS {
        let tieout = Tieout::new();
        target(&tieout);
        let proxy = Proxy::before(port(server), Strike { from_server: true, at: 3 << 20, what: What::Cut, times: 1 });
        let outcome = run(&tieout, server, &proxy, "retry = { times = 0 }").exits(3);
        assert_eq!((outcome.report().table("big")["verdict"].as_str(), retries(&outcome)), (Some("undecided"), 0));
    }
}

#[test]
fn whatever_is_garbled_nothing_is_called_a_match() {
    for server in SERVERS {
        let (expected, mut same) = (undisturbed(server), 0);
        for (from_server, at, bytes) in [
            (true, 0, 4),
            (true, 300, 20),
            (true, 5_000, 100),
            (true, 3 << 20, 1),
            (true, 3 << 20, 4000),
            (true, (8 << 20) + 3, 70_000),
            (false, 40, 8),
            (false, 1000, 8),
        ] {
            let tieout = Tieout::new();
            target(&tieout);
            let what = What::Garble(bytes);
            let proxy = Proxy::before(port(server), Strike { from_server, at, what, times: 1 });
            config(&tieout, &url(server, proxy.port), "target.db", &format!("workers = 2\n{GARBLED}"));
            let outcome = tieout.run(["run", "-q"]);
            assert!(!outcome.stderr.contains("panicked"), "{server:?} {from_server} {at}\n{outcome}");
            match outcome.code {
                // Garbled values are other values: they show, and what was found stays found.
                Some(1) => {
                    let report = outcome.report();
                    assert_eq!(report.verdict(), "differ");
                    if report.tables().contains(&"big") {
                        assert_ne!(report.table("big")["verdict"], "match", "{server:?} {from_server} {at}\n{outcome}");
                    }
                    if report.tables().contains(&"big") && report.table("big")["verdict"] == "differ" {
                        let found = report.counts("big");
                        assert!(found[3] >= 1 && found[0] >= 1, "{server:?} {at} {found:?}\n{outcome}");
                    }
                    same += u32::from(findings(&tieout.latest()) == expected);
                }
                Some(3) => outcome.assert_nothing_looks_equal(),
                _ => panic!("{server:?} {from_server} {at}\n{outcome}"),
            }
        }
        assert!(same > 0, "{server:?}: garbled messages are noticed, and read again");
    }
}

#[test]
fn a_slow_connection_is_no_failure() {
    for server in SERVERS {
        let tieout = Tieout::new();
        target(&tieout);
        let what = What::Slow(Duration::from_millis(1));
        let proxy = Proxy::before(port(server), Strike { from_server: true, at: 1 << 20, what, times: u32::MAX });
        let outcome = run(&tieout, server, &proxy, QUICK).exits(1);
        assert_eq!((findings(&tieout.latest()), retries(&outcome)), (undisturbed(server), 0));
    }
}
