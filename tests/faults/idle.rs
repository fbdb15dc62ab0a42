//! Connections that look open and are not: nothing hangs.

use std::time::{Duration, Instant};

use super::network::{SERVERS, Server, script, target};
use super::{config, findings, retries};
use crate::binary::Tieout;
use crate::proxy::{Proxy, Strike, What};
use crate::servers::{MariaDb, Postgres};

const IMPATIENT: &str = "workers = 2\n[retry]\ntimes = 2\nfirst_wait = \"50ms\"\nsilence_max = \"2s\"\n";

fn made(server: Server, proxy: impl Fn(u16) -> Proxy) -> (Proxy, String) {
    match server {
        Server::Postgres => {
            let postgres = Postgres::shared();
            let (database, proxy) = (postgres.database("idle", &script(server)), proxy(postgres.server.port));
            let url = postgres.url_at(proxy.port, &database);
            (proxy, url)
        }
        Server::MariaDb => {
            let mariadb = MariaDb::shared();
            let (database, proxy) = (mariadb.database("idle", &script(server)), proxy(mariadb.server.port));
            let url = mariadb.url_as("app", proxy.port, &database);
            (proxy, url)
        }
    }
}

#[test]
fn a_connection_that_a_firewall_forgot_is_given_up_and_made_again() {
    for server in SERVERS {
        let tieout = Tieout::new();
        target(&tieout);
        let (proxy, url) = made(server, Proxy::plain);
        config(&tieout, &url, "target.db", IMPATIENT);
        tieout.run(["run", "-q"]).exits(1);
        let expected = findings(&tieout.latest());
        drop(proxy);

        let strike = Strike { from_server: true, at: 3 << 20, what: What::Swallow, times: 1 };
        let (proxy, url) = made(server, |port| Proxy::before(port, strike));
        config(&tieout, &url, "target.db", IMPATIENT);
        let begin = Instant::now();
        let outcome = tieout.run(["run", "-v"]).exits(1).saying(&["has sent nothing for 2s"]);
        assert_eq!(proxy.struck(), 1);
        assert_eq!(findings(&tieout.latest()), expected, "{outcome}");
        assert!(retries(&outcome) >= 1 && begin.elapsed() < Duration::from_secs(40), "{:?}", begin.elapsed());
    }
}

#[test]
fn connections_that_a_firewall_forgets_again_and_again_end_the_table_undecided() {
    for server in SERVERS {
        let tieout = Tieout::new();
        target(&tieout);
        let strike = Strike { from_server: true, at: 3 << 20, what: What::Swallow, times: u32::MAX };
        let (_proxy, url) = made(server, |port| Proxy::before(port, strike));
        config(&tieout, &url, "target.db", &IMPATIENT.replace("times = 2", "times = 1"));
        let outcome = tieout.run(["run", "-q"]).exits(3).saying(&["error:", "hint:"]);
        assert_eq!(outcome.report().table("big")["verdict"], "undecided");
        outcome.assert_nothing_looks_equal();
    }
}
