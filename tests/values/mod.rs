//! Values are sensitive: marked secrets in every column, and a search for them in everything that a run writes.

mod secrets;

use self::secrets::{assert_no_secret, found_secrets};
use crate::binary::{Outcome, Tieout};
use crate::servers::{MariaDb, Postgres};
use crate::valve::{Then, Valve};

/// A column of each sort of value, all of them secret, and the same row with everything changed; a row on one side only,
/// a repeated key, values that their types cannot hold, and a text that cannot be read as the number it is compared with.
const SOURCE: &str = "
    CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT, pin INTEGER, salary DECIMAL(14,2), born DATE, seen DATETIME,
        token BLOB, score REAL, note TEXT, quoted INTEGER);
    INSERT INTO people VALUES ('secretkey1', 'secretname', 7351942801, '7351942802.50', '1917-03-21', '1917-03-22 01:02:03',
        X'5EC2E75EC2E75EC2', 7351942803.5, 'secretnote with a line' || char(10) || 'and a tail', 7351942804);
    INSERT INTO people VALUES ('secretkey2', 'secretonly', 7351942805, '1.00', NULL, NULL, NULL, NULL, NULL, 1);
    INSERT INTO people VALUES ('secretkey3', 'same', 1, '1.00', 'secretmisfit', 'secretmoment', NULL, NULL, NULL, 'secretcast');
    CREATE TABLE log (line TEXT, level TEXT);
    INSERT INTO log VALUES ('secretline1', 'x'), ('secretline1', 'x'), ('secretline2', 'y');";

const TARGET: &str = "
    CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT, pin INTEGER, salary DECIMAL(14,2), born DATE, seen DATETIME,
        token BLOB, score REAL, note TEXT, quoted INTEGER);
    INSERT INTO people VALUES ('secretkey1', 'secretother', 7351942811, '7351942812.50', '1917-03-23', '1917-03-24 01:02:03',
        X'5EC2E75EC2E75EC3', 7351942813.5, NULL, 7351942814);
    INSERT INTO people VALUES ('secretkey3', 'same', 1, '1.00', '2000-01-01', '2000-01-01 00:00:00', NULL, NULL, NULL, 5);
    INSERT INTO people VALUES ('secretkey4', 'secretmore', 1, '1.00', NULL, NULL, NULL, NULL, NULL, 2);
    CREATE TABLE log (line TEXT, level TEXT);
    INSERT INTO log VALUES ('secretline1', 'x'), ('secretline3', 'y');";

/// What must be found of the tables above where everything is shown: the search works.
const SECRETS: [&str; 22] = [
    "secretkey1",
    "secretkey2",
    "secretkey4",
    "secretname",
    "secretother",
    "secretnote",
    "secretmisfit",
    "secretmoment",
    "secretcast",
    "secretline1",
    "secretline2",
    "secretline3",
    "7351942801",
    "7351942811",
    "7351942802",
    "7351942804",
    "1917-03-21",
    "1917-03-22",
    "1917-03-23",
    "5ec2e75ec2e75ec2",
    "7351942803",
    "7351942813",
];

const KEY: &str = "a key that nobody else has";

fn stores(tieout: &Tieout) {
    for (name, script) in [("source.db", SOURCE), ("target.db", TARGET)] {
        let _ = std::fs::remove_file(tieout.path(name));
        crate::sqlite::database(tieout.folder.path(), name, script);
    }
}

/// Compares the two stores with everything that a run can write.
fn compare(tieout: &Tieout, more: &[&str]) -> Outcome {
    let mut command = tieout.command(["diff", "source.db", "target.db", "-v", "--markdown", "summary.md"]);
    command.args(more).env("TIEOUT_HASH_KEY", KEY).env("GITHUB_STEP_SUMMARY", tieout.path("step.md"));
    tieout.start(command).end()
}

#[test]
fn where_everything_is_shown_every_secret_is_found() {
    let tieout = Tieout::new();
    stores(&tieout);
    let outcome = compare(&tieout, &[]).exits(1);
    let found = found_secrets(&tieout, &outcome);
    for secret in SECRETS {
        assert!(found.iter().any(|(_, found)| found == secret), "the search does not find {secret}: {found:#?}");
    }
}

#[test]
fn no_secret_is_in_anything_that_a_run_writes() {
    for policy in ["mask", "length", "hash", "hide"] {
        let tieout = Tieout::new();
        stores(&tieout);
        let shown = ["--values", policy, "--key-values", policy];
        let outcome = compare(&tieout, &shown).exits(1);
        assert_no_secret(&tieout, &outcome);
        let report = outcome.report();
        assert_eq!(report.counts("people"), [1, 1, 0, 2], "{policy}: the policy changes no count");
        assert_eq!(report.counts("log"), [1, 1, 1, 0], "{policy}");
        assert_eq!(report.column("people", "name")["corrupt"], 1);
        assert!(!report.folder.join("snapshots").exists(), "snapshots hold values");
        assert!(!report.folder.join(".scratch").exists(), "intermediate results hold values");
        let events = compare(&tieout, &[&shown[..], &["--progress", "json", "--json"]].concat()).exits(1);
        assert_no_secret(&tieout, &events);
    }
}

#[test]
fn a_row_still_tells_what_its_policy_allows() {
    let tieout = Tieout::new();
    stores(&tieout);
    let line = |tieout: &Tieout, policy: &str| {
        let lines = compare(tieout, &["--values", policy]).exits(1).report().lines("people");
        lines.into_iter().find(|line| line.column == "name").map(|line| (line.key[0].clone(), line.source, line.target))
    };
    let of = |key: &str, source: &str, target: &str| Some((key.to_owned(), source.to_owned(), target.to_owned()));
    assert_eq!(line(&tieout, "mask"), of("secretkey1", "xxxxxxxxxx", "xxxxxxxxxxx"));
    assert_eq!(line(&tieout, "length"), of("secretkey1", "10 characters", "11 characters"));
    assert_eq!(line(&tieout, "hide"), of("secretkey1", "(hidden)", "(hidden)"));
    let (_, source, target) = line(&tieout, "hash").expect("a line");
    assert!(source.starts_with("hmac:") && target.starts_with("hmac:") && source != target, "{source} {target}");
}

#[test]
fn the_words_of_a_store_are_withheld_with_the_condition_they_quote() {
    let tieout = Tieout::new();
    stores(&tieout);
    let failing = ["--table", "people", "--where", "name <> 'secretcondition' AND nope = 1"];
    let shown = compare(&tieout, &failing).exits(3);
    assert!(found_secrets(&tieout, &shown).iter().any(|(place, _)| place == "stderr"), "{shown}");
    std::fs::remove_dir_all(tieout.path("reports")).expect("reports");
    std::fs::remove_file(tieout.path("step.md")).expect("a summary");
    let withheld = compare(&tieout, &[&failing[..], &["--values", "hide"]].concat()).exits(3);
    assert_no_secret(&tieout, &withheld);
    assert!(withheld.stderr.contains("withheld") && withheld.stderr.contains("people in source.db"), "{withheld}");
    // Also where the condition holds: the report says how to repeat the run.
    let holding =
        ["--table", "people", "--where", "name <> 'secretcondition'", "--values", "hide", "--key-values", "hide"];
    assert_no_secret(&tieout, &compare(&tieout, &holding).exits(1));
}

#[test]
fn servers_that_quote_values_in_their_refusals_are_not_repeated() {
    let tieout = Tieout::new();
    let (postgres, mariadb) = (Postgres::shared(), MariaDb::shared());
    let script = "CREATE TABLE people (id integer PRIMARY KEY, name varchar(60), pin numeric(20,0), born date);
        INSERT INTO people VALUES (1, 'secretname', 7351942801, '1917-03-21'), (2, 'x', 1, '2000-01-01');";
    let source = postgres.url(&postgres.database("privacy", script));
    let target = mariadb
        .url(&mariadb.database("privacy", &script.replace("secretname', 7351942801", "secretother', 7351942811")));
    let run = |more: &[&str]| tieout.diff(&source, &target, &[&["--table", "people", "-v"], more].concat());
    let differing = run(&["--values", "hide"]).exits(1);
    assert_no_secret(&tieout, &differing);
    let failing = "CAST(name AS integer) > 0 AND 1 / (id - 1) > 0";
    let quoted = run(&["--where", failing]).exits(3);
    assert!(
        found_secrets(&tieout, &quoted).iter().any(|(place, _)| place == "stderr"),
        "PostgreSQL quotes it\n{quoted}"
    );
    std::fs::remove_dir_all(tieout.path("reports")).expect("reports");
    assert_no_secret(&tieout, &run(&["--where", failing, "--values", "mask"]).exits(3));
}

#[test]
fn a_run_that_is_stopped_leaves_no_value_behind() {
    let tieout = Tieout::new();
    let script = "CREATE TABLE big (id bigint PRIMARY KEY, name text);
        INSERT INTO big SELECT i, 'secretname ' || i FROM generate_series(1, 300000) i;";
    let postgres = Postgres::shared();
    let database = postgres.database("privacy_stopped", script);
    crate::sqlite::database(
        tieout.folder.path(),
        "target.db",
        "CREATE TABLE big (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO big VALUES (1, 'secretother');",
    );
    let valve = Valve::before(postgres.server.port, 3 << 20, Then::Stall);
    let url = postgres.url_at(valve.port, &database);
    let run = tieout.start(tieout.command(["diff", &url, "target.db", "--keep-snapshots", "never"]));
    valve.wait_until_shut();
    run.signal("INT");
    run.end().exits(3);
    assert_eq!(tieout.files("reports"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn the_config_lists_columns_and_names_the_key_of_hashes() {
    let tieout = Tieout::new();
    stores(&tieout);
    let config = |values: &str| {
        let stores = "[source]\nurl = \"source.db\"\n[target]\nurl = \"target.db\"\n";
        tieout.write(
            "tieout.toml",
            format!("keep_snapshots = \"differ\"\n[values]\n{values}\n{stores}[[tables]]\nsource = \"people\"\n"),
        );
        let mut command = tieout.command(["run"]);
        command.env("MY_KEY", KEY);
        tieout.start(command).end()
    };
    let values = "default = \"hide\"\nkeys = \"hash\"\nhash_key = \"${MY_KEY}\"\ncolumns = { \"people.name\" = \"mask\", \"*.pin\" = \"show\" }";
    let report = config(values).exits(1).report();
    let lines = report.lines("people");
    let of = |column: &str| lines.iter().find(|line| line.column == column).expect("a line");
    assert!(of("name").key[0].starts_with("hmac:"), "{lines:#?}");
    assert_eq!((of("name").source.as_str(), of("salary").source.as_str()), ("xxxxxxxxxx", "(hidden)"));
    assert_eq!(of("pin").source, "7351942801");
    assert!(report.folder.join("snapshots/people/source").is_dir(), "asked for, and the table differs");

    config("default = \"hash\"").exits(2).saying(&["without a key"]);
    config("hash_key = \"a key in the file, which is no secret\"").exits(2).saying(&["environment"]);
    config("hash_key = \"${MY_KEY}\"\ndefault = \"hidden\"").exits(2).saying(&["hidden", "show, mask"]);
    config("columns = { \"people.nmae\" = \"hide\" }").exits(2).saying(&["people.nmae"]);
}

#[test]
fn snapshots_stay_as_they_were_asked_to() {
    let tieout = Tieout::new();
    stores(&tieout);
    let kept = |more: &[&str]| {
        let report = compare(&tieout, more).report();
        let kept = ["people", "log"].map(|table| report.folder.join("snapshots").join(table).is_dir());
        assert!(!report.folder.join(".scratch").exists());
        kept
    };
    assert_eq!(kept(&[]), [true, true], "evidence, where everything is shown");
    assert_eq!(kept(&["--keep-snapshots", "never"]), [false, false]);
    assert_eq!(kept(&["--values", "mask"]), [false, false], "safe, where it is not");
    assert_eq!(kept(&["--values", "mask", "--keep-snapshots", "always"]), [true, true], "unless it is asked for");
    let same = ["diff", "source.db", "source.db", "--keep-snapshots", "differ"];
    tieout.run(same).exits(0);
    assert!(!tieout.latest().join("snapshots").exists(), "nothing differs");
    let lean = ["--keep-snapshots", "never", "--snapshot", "lean"];
    assert_eq!(kept(&lean), [false, false]);
}
