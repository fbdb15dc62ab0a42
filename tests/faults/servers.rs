//! Servers that are killed in the middle of a table: with a restart, the run reads what it had not compared in a new snapshot and finds
//! what there is; without one, it says what was not compared.

use std::time::Duration;

use super::network::{Server, script, target};
use super::{config, findings, retries};
use crate::binary::Tieout;
use crate::proxy::{Proxy, Strike, What};
use crate::servers::{MariaDb, Postgres};

/// From the middle of the big table on, a piece of 16 KiB waits: enough time to kill a server.
fn held_up() -> Strike {
    Strike { from_server: true, at: 2 << 20, what: What::Slow(Duration::from_millis(10)), times: u32::MAX }
}

/// Retries that go on for as long as a server takes to start.
const PATIENT: &str = "workers = 2\nretry = { times = 40, first_wait = \"100ms\", wait_max = \"500ms\" }\n";

#[test]
fn a_postgres_server_that_is_killed_and_comes_back_costs_no_row() {
    let tieout = Tieout::new();
    target(&tieout);
    let postgres = Postgres::start();
    let database = postgres.database("killed", &script(Server::Postgres));
    config(&tieout, &postgres.url(&database), "target.db", PATIENT);
    tieout.run(["run", "-q"]).exits(1);
    let expected = findings(&tieout.latest());

    let proxy = Proxy::before(postgres.server.port, held_up());
    config(&tieout, &postgres.url_at(proxy.port, &database), "target.db", PATIENT);
    let run = tieout.start(tieout.command(["run", "-v"]));
    proxy.wait_for_strikes(1);
    postgres.server.kill();
    postgres.start_again();
    let outcome = run.end().exits(1);
    assert_eq!(findings(&tieout.latest()), expected, "{outcome}");
    assert!(retries(&outcome) >= 1, "{outcome}");
    let report = outcome.report();
    let moments = &report.table("big")["moments"];
    let snapshot = moments["source"]["coordinates"]["snapshot"].as_str();
    assert!(snapshot.is_some(), "the moment of the new snapshot is told: {moments}");
}

#[test]
fn a_mariadb_server_that_is_killed_and_comes_back_costs_no_row() {
    let tieout = Tieout::new();
    target(&tieout);
    let mariadb = MariaDb::start();
    // The tests' servers are quick and forgetful; this one is to keep what it was told when it is killed.
    mariadb.run("mysql", "SET GLOBAL innodb_flush_log_at_trx_commit = 1");
    let database = mariadb.database("killed", &script(Server::MariaDb));
    config(&tieout, &mariadb.url(&database), "target.db", PATIENT);
    tieout.run(["run", "-q"]).exits(1);
    let expected = findings(&tieout.latest());

    let proxy = Proxy::before(mariadb.server.port, held_up());
    config(&tieout, &mariadb.url_as("app", proxy.port, &database), "target.db", PATIENT);
    let run = tieout.start(tieout.command(["run", "-v"]));
    proxy.wait_for_strikes(1);
    let command = mariadb.server.command_line();
    mariadb.server.kill();
    let _again = mariadb.start_again(&command);
    let outcome = run.end().exits(1);
    assert_eq!(findings(&tieout.latest()), expected, "{outcome}");
    assert!(retries(&outcome) >= 1, "{outcome}");
}

#[test]
fn a_server_that_is_killed_and_stays_away_leaves_its_tables_undecided() {
    for server in [Server::Postgres, Server::MariaDb] {
        let tieout = Tieout::new();
        target(&tieout);
        let retry = "workers = 2\nretry = { times = 2, first_wait = \"100ms\" }\n";
        let killed = |supervised: &crate::servers::Supervised, url: &dyn Fn(u16) -> String| {
            let proxy = Proxy::before(supervised.port, held_up());
            config(&tieout, &url(proxy.port), "target.db", retry);
            let run = tieout.start(tieout.command(["run", "-q"]));
            proxy.wait_for_strikes(1);
            supervised.kill();
            let outcome = run.end().exits(3).saying(&["error:", "hint:"]);
            assert_eq!(outcome.report().table("big")["verdict"], "undecided");
            outcome.assert_nothing_looks_equal();
        };
        match server {
            Server::Postgres => {
                let postgres = Postgres::start();
                let database = postgres.database("gone", &script(server));
                killed(&postgres.server, &|port| postgres.url_at(port, &database));
            }
            Server::MariaDb => {
                let mariadb = MariaDb::start();
                let database = mariadb.database("gone", &script(server));
                killed(&mariadb.server, &|port| mariadb.url_as("app", port, &database));
            }
        }
    }
}

#[test]
fn a_server_that_is_not_there_yet_is_waited_for_where_a_config_asks_for_patience() {
    let tieout = Tieout::new();
    target(&tieout);
    let postgres = Postgres::shared();
    let database = postgres.database("late", &script(Server::Postgres));
    let strike = Strike { from_server: true, at: 0, what: What::Cut, times: 3 };
    let proxy = Proxy::before(postgres.server.port, strike);
    config(&tieout, &postgres.url_at(proxy.port, &database), "target.db", PATIENT);
    tieout.run(["run", "-v"]).exits(1).saying(&["retry 1 of 40", "retry 3 of 40"]);
    // `diff` is for people, who see at once that an address is wrong.
    let closed = crate::servers::free_port();
    tieout.diff(postgres.url_at(closed, &database), "target.db", &[]).exits(3).saying(&["nothing listens"]);
    // What does not go away by itself is not tried again.
    config(&tieout, &postgres.url("no_such_database"), "target.db", PATIENT);
    let outcome = tieout.run(["run", "-v"]).exits(3).saying(&["no such database"]);
    assert!(!outcome.stderr.contains("retry 1"), "{outcome}");
}
