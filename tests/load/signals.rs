//! Signals slow a run down, a signal that cannot be read slows it to its floor, and it recovers.

use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use super::{at_least, config, in_mariadb, in_postgres, said_of_source, sqlite};
use crate::binary::{Running, Tieout};
use crate::servers::{MariaDb, PASSWORD_IN_URL, Postgres};

/// At this floor the rows of these tests would take longer than any test may: a run that ends has recovered.
const FLOOR: &str = "floor_rows_per_second = 20\nask_every = \"300ms\"\n";
const ROWS: u64 = 20_000;

/// Waits until a run has said something on stderr-like evidence of its own: that it reads at its floor for a while.
fn stays_slow(run: &mut Running<'_>, seconds: u64) {
    thread::sleep(Duration::from_secs(seconds));
    assert!(run.is_running(), "a run that should have been slow has ended");
}

#[test]
fn a_number_of_the_users_own_slows_a_run_down_until_it_is_within_its_limit_again() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let script = format!("{} CREATE TABLE pressure (n int); INSERT INTO pressure VALUES (10);", in_postgres(ROWS));
    let database = postgres.database("pressed", &script);
    sqlite(&tieout, "target.db", ROWS);
    let signal = format!(
        "{FLOOR}[[source.load.signals]]\nname = \"pressure\"\nsql = \"SELECT max(n) FROM pressure -- of today;\"\nmax = 5"
    );
    config(&tieout, &postgres.url(&database), "target.db", "[[tables]]\nsource = \"big\"\n", &signal);
    let mut run = tieout.start(tieout.command(["run", "-v"]));
    stays_slow(&mut run, 4);
    postgres.run(&database, "UPDATE pressure SET n = 5");
    let outcome = run.end().exits(0);
    let said = said_of_source(&outcome);
    assert!(said.contains("signal pressure was over its limit of 5") && said.contains("at most 10"), "{said}");
    assert!(said.contains("slowed down by signals for"), "{said}");
    assert!(outcome.stderr.contains("read more slowly: pressure is over its limit of 5"), "{outcome}");
    assert!(outcome.stderr.contains("is read faster again"), "{outcome}");
}

#[test]
fn a_signal_that_cannot_be_read_slows_to_the_floor_and_says_so() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let url = postgres.url(&postgres.database("unread", &in_postgres(1500)));
    sqlite(&tieout, "target.db", 1500);
    for (signal, said) in [
        ("[[source.load.signals]]\nname = \"gone\"\nsql = \"SELECT n FROM nowhere\"\nmax = 1", "does not exist"),
        ("[[source.load.signals]]\nname = \"gone\"\nsql = \"SELECT NULL::int\"\nmax = 1", "gives no number"),
        ("[[source.load.signals]]\nname = \"gone\"\nsql = \"SELECT pg_sleep(60)\"\nmax = 1", "no answer within"),
        // The user of these tests is no member of pg_read_all_stats, and there is no standby.
        ("active_backends_max = 100", "may not see the sessions of others"),
    ] {
        config(
            &tieout,
            &url,
            "target.db",
            "",
            &format!("floor_rows_per_second = 800\nask_every = \"500ms\"\n{signal}"),
        );
        let outcome = at_least(1500.0, 800.0, || tieout.run(["run", "-v"]).exits(0));
        let found = said_of_source(&outcome);
        assert!(found.contains("could not be read") && found.contains("counts as over its limit"), "{found}");
        assert!(found.contains(said), "{found}");
        assert!(outcome.stderr.contains("cannot be read"), "{outcome}");
        outcome.report().assert_match("big");
    }
}

#[test]
fn a_signal_cannot_change_the_store() {
    let tieout = Tieout::new();
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let in_pg = postgres.database("kept", &format!("{} CREATE SEQUENCE s;", in_postgres(10)));
    let in_my = mariadb.database("kept", &format!("{} CREATE SEQUENCE s;", in_mariadb(10)));
    sqlite(&tieout, "target.db", 10);
    for (url, sql) in [(postgres.url(&in_pg), "SELECT nextval('s')"), (mariadb.url(&in_my), "SELECT NEXTVAL(s)")] {
        let signal = format!("[[source.load.signals]]\nname = \"writes\"\nsql = \"{sql}\"\nmax = 1000");
        config(&tieout, &url, "target.db", "[[tables]]\nsource = \"big\"\n", &signal);
        let found = said_of_source(&tieout.run(["run"]).exits(0));
        assert!(found.contains("could not be read"), "{found}");
    }
    assert_eq!(postgres.run(&in_pg, "SELECT is_called FROM s").trim(), "f");
}

#[test]
fn active_backends_of_others_slow_a_run_down_and_our_own_do_not_count() {
    let tieout = Tieout::new();
    let postgres = Postgres::start();
    let database = postgres.database("active", &in_postgres(ROWS));
    let granted = postgres.psql(&database).args(["-U", "postgres", "-c", "GRANT pg_read_all_stats TO app"]).output();
    assert!(granted.expect("psql starts").status.success());
    sqlite(&tieout, "target.db", ROWS);
    let load = format!("{FLOOR}active_backends_max = 1");
    config(&tieout, &postgres.url(&database), "target.db", "workers = 4", &load);
    let quiet = said_of_source(&tieout.run(["run"]).exits(0));
    assert_eq!(quiet, "", "four workers of our own are no pressure");
    let mut sleepers: Vec<Child> = (0..2)
        .map(|_| postgres.psql(&database).args(["-c", "SELECT pg_sleep(60)"]).spawn().expect("psql starts"))
        .collect();
    wait_for(|| {
        postgres.run(&database, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'").trim()
            == "2"
    });
    let mut run = tieout.start(tieout.command(["run"]));
    stays_slow(&mut run, 3);
    postgres.run(
        &database,
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'",
    );
    let said = said_of_source(&run.end().exits(0));
    sleepers.iter_mut().for_each(|one| drop(one.wait()));
    assert!(said.contains("active_backends was over its limit of 1") && said.contains("at most 2"), "{said}");
}

#[test]
fn running_threads_of_others_slow_a_run_down_and_the_history_can_be_read() {
    let tieout = Tieout::new();
    let mariadb = MariaDb::start();
    let database = mariadb.database("running", &in_mariadb(ROWS));
    sqlite(&tieout, "target.db", ROWS);
    let load = format!("{FLOOR}threads_running_max = 2\nhistory_length_max = 1000000000");
    config(&tieout, &mariadb.url(&database), "target.db", "workers = 4", &load);
    let quiet = said_of_source(&tieout.run(["run"]).exits(0));
    assert_eq!(quiet, "", "four workers of our own are no pressure");
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| mariadb.run(&database, "SELECT SLEEP(5)"));
        }
        wait_for(|| {
            let sleepers = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO = 'SELECT SLEEP(5)'";
            mariadb.run(&database, sleepers).trim() == "3"
        });
        let mut run = tieout.start(tieout.command(["run"]));
        stays_slow(&mut run, 2);
        let said = said_of_source(&run.end().exits(0));
        assert!(said.contains("threads_running was over its limit of 2"), "{said}");
    });
}

#[test]
fn the_lag_of_replicas_cannot_be_read_where_there_are_none() {
    let tieout = Tieout::new();
    let (postgres, mariadb) = (Postgres::start(), MariaDb::shared());
    let in_pg = postgres.database("alone", &in_postgres(100));
    sqlite(&tieout, "target.db", 100);
    let as_postgres = format!("postgres://postgres:{PASSWORD_IN_URL}@127.0.0.1:{}/{in_pg}", postgres.server.port);
    let in_my = mariadb.url(&mariadb.database("alone", &in_mariadb(100)));
    for (url, hint) in [(as_postgres, "gives no number"), (in_my, "gives no number")] {
        config(&tieout, &url, "target.db", "", "replica_lag_max = \"10s\"");
        let found = said_of_source(&tieout.run(["run"]).exits(0));
        assert!(found.contains("signal replica_lag could not be read") && found.contains(hint), "{found}");
    }
}

#[track_caller]
fn wait_for(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(30), "what was waited for never came");
        thread::sleep(Duration::from_millis(50));
    }
}
