//! `tieout init` prints a config that `tieout run` accepts unchanged.

use crate::binary::Tieout;
use crate::servers::{MariaDb, PASSWORD_IN_URL, Postgres};

const TABLES: &str = "CREATE TABLE customers (id INT PRIMARY KEY, full_name VARCHAR(40), since TIMESTAMP NULL);
    INSERT INTO customers VALUES (1, 'Ada', '2024-02-29 12:00:00'), (2, NULL, NULL);
    CREATE TABLE order_lines (order_id INT, line_no INT, amount DECIMAL(12,2), PRIMARY KEY (order_id, line_no));
    INSERT INTO order_lines VALUES (1, 1, 1.10), (1, 2, 2.20);";

#[test]
fn sqlite_to_sqlite() {
    let tieout = Tieout::new();
    crate::sqlite::database(tieout.folder.path(), "old.db", TABLES);
    crate::sqlite::database(tieout.folder.path(), "new.db", TABLES);
    let config = tieout.run(["init", "old.db", "new.db"]).exits(0).stdout;
    assert!(config.lines().any(|line| line.trim_start().starts_with('#')), "the config is commented:\n{config}");
    tieout.write("tieout.toml", &config);
    let report = tieout.run(["run"]).exits(0).report();
    assert_eq!(report.tables(), ["customers", "order_lines"]);
    tieout.write("elsewhere/nightly.toml", &config);
    crate::sqlite::run(&tieout.path("new.db"), "UPDATE order_lines SET amount = 9.99 WHERE line_no = 2");
    let report = tieout.run(["run", "tieout.toml"]).exits(1).report();
    assert_eq!(report.counts("order_lines"), [0, 0, 0, 1]);
}

#[test]
fn postgres_to_mariadb() {
    let tieout = Tieout::new();
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let source = postgres.url(&postgres.database("init", &TABLES.replace("since TIMESTAMP NULL", "since TIMESTAMP")));
    let target = mariadb.url(&mariadb.database("init", &TABLES.replace("since TIMESTAMP NULL", "since DATETIME")));
    let outcome = tieout.run(["init", &source, &target]).exits(0);
    let config = outcome.stdout;
    assert!(config.contains("order_lines"), "{config}");
    // A password is never printed; the config says by which variables it is to be given.
    let variables: Vec<&str> = config.split("${").skip(1).filter_map(|rest| rest.split('}').next()).collect();
    assert!(variables.len() >= 2, "the config does not say how it gets the passwords:\n{config}");
    tieout.write("tieout.toml", &config);
    let mut command = tieout.command(["run"]);
    for variable in variables {
        command.env(variable, PASSWORD_IN_URL);
    }
    let report = tieout.start(command).end().exits(0).report();
    assert_eq!(report.tables(), ["customers", "order_lines"]);
}

#[test]
fn a_draft_for_files() {
    let tieout = Tieout::new();
    for side in ["old", "new"] {
        tieout.write(&format!("{side}/customers.csv"), "id,name\n1,Ada\n2,Bob\n");
    }
    let config = tieout.run(["init", "old", "new"]).exits(0).stdout;
    tieout.write("tieout.toml", &config);
    tieout.run(["run"]).exits(0).report().assert_match("customers");
}

#[test]
fn a_config_says_what_the_options_say() {
    let tieout = Tieout::new();
    crate::sqlite::database(tieout.folder.path(), "old.db", TABLES);
    crate::sqlite::database(tieout.folder.path(), "new.db", TABLES);
    crate::sqlite::run(&tieout.path("new.db"), "UPDATE customers SET full_name = 'Bob' WHERE id = 2");
    tieout.write("tieout.toml", tieout.run(["init", "old.db", "new.db"]).exits(0).stdout);
    tieout.run(["run"]).exits(1);
    tieout.run(["run", "--table", "order_lines"]).exits(0);
    tieout.run(["run", "--table", "customers", "--ignore", "full_name"]).exits(0);
    tieout.run(["run", "--table", "customers", "--where", "id = 1"]).exits(0);
}
