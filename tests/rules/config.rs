//! Defaults, groups and inheritance; what a config says wrongly.

use super::{run_sqlite, start};
use crate::binary::Tieout;

/// Three tables that differ in `loaded_at`, `amount` and `note`.
fn stores() -> [String; 2] {
    [("1", "1.004", "'a '"), ("2", "1.0", "'A'")].map(|(loaded, amount, note)| {
        ["audit_a", "audit_b", "orders"]
            .map(|name| {
                format!(
                    "CREATE TABLE {name} (id INTEGER PRIMARY KEY, loaded_at INTEGER, amount REAL, note TEXT);
                    INSERT INTO {name} VALUES (1, {loaded}, {amount}, {note});"
                )
            })
            .concat()
    })
}

#[test]
fn groups_hold_by_pattern_and_by_use_and_defaults_for_all() {
    let tieout = Tieout::new();
    let [source, target] = stores();
    let config = "all_tables = true
[[defaults.columns]]
source = \"note\"
trim = \"right\"
case = \"ignore\"
[[defaults.columns]]
source = \"amount\"
scale = 4
[groups.audit]
tables = \"AUDIT_*\"
ignore = [\"loaded_*\"]
use = [\"rounded\"]
[groups.rounded]
[[groups.rounded.columns]]
source = \"amount\"
scale = 2
[[tables]]
source = \"orders\"
use = [\"rounded\"]
ignore = [\"loaded_at\"]
";
    let report = run_sqlite(&tieout, &source, &target, config, 0);
    assert_eq!(report.tables(), ["audit_a", "audit_b", "orders"]);
    for table in report.tables() {
        report.assert_match(table);
        assert!(report.column(table, "amount")["compared_as"].as_str().expect("text").contains("scale 2 half_up"));
    }
    assert!(report.findings("audit_a").contains("ignored: by [groups.audit]"), "{}", report.findings("audit_a"));
    let report = run_sqlite(&tieout, &source, &target, &config.replace("all_tables = true\n", ""), 0);
    assert_eq!(report.tables(), ["orders"]);
    let report = run_sqlite(&tieout, &source, &target, &config.replace("scale = 2", "scale = 3"), 1);
    assert_eq!(report.counts("orders"), [0, 0, 0, 1], "what is closer to the table goes first");
}

#[test]
fn three_hundred_tables_take_twenty_lines() {
    let tieout = Tieout::new();
    let store = |loaded: &str, note: &str| {
        (0..300)
            .map(|at| {
                let kind = ["audit", "fact", "dim"][at % 3];
                format!("CREATE TABLE {kind}_{at} (id INTEGER PRIMARY KEY, loaded_at TEXT, note TEXT); INSERT INTO {kind}_{at} VALUES (1, '{loaded}', '{note}');")
            })
            .collect::<String>()
    };
    let config = "[defaults]
key = [\"id\"]
[groups.loaded]
tables = [\"audit_*\", \"fact_*\"]
ignore = [\"loaded_at\"]
[groups.dimensions]
tables = \"dim_*\"
[[groups.dimensions.columns]]
source = \"*_at\"
precision = \"s\"
[[defaults.columns]]
source = \"note\"
null_is = \"\"
trim = \"both\"
";
    for (name, script) in
        [("source.db", store("2024-01-01 00:00:00.1", "a")), ("target.db", store("2024-01-01 00:00:00", " a"))]
    {
        crate::sqlite::database(tieout.folder.path(), name, &format!("BEGIN; {script} COMMIT;"));
    }
    let report = start(&tieout, "source.db", "target.db", config, &[]).exits(0).report();
    assert_eq!(report.tables().len(), 300);
    assert_eq!(report.column("dim_2", "loaded_at")["compared_as"], "timestamp (precision s half_up)");
    assert_eq!(report.column("fact_1", "loaded_at")["status"], "ignored");
}

#[test]
fn what_is_written_wrongly_is_wrong_usage_with_its_place_and_the_nearest_word() {
    let tieout = Tieout::new();
    let [source, target] = stores();
    for (name, script) in [("source.db", &source), ("target.db", &target)] {
        crate::sqlite::database(tieout.folder.path(), name, script);
    }
    let column =
        |rule: &str| format!("[[tables]]\nsource = \"orders\"\n[[tables.columns]]\nsource = \"note\"\n{rule}\n");
    for (config, said) in [
        (column("trimm = \"both\""), &["\"trimm\"", "\"trim\"", "tieout.toml:9:1"][..]),
        (column("trim = \"boht\""), &["\"boht\"", "\"both\"", "tieout.toml:9:"]),
        (column("round = \"truncate\""), &["round", "tieout.toml:9:"]),
        (column("json = true\nset = true"), &["json", "tieout.toml:"]),
        (column("tolerance = { abs = -1 }"), &["abs", "tieout.toml:9:"]),
        (column("tolerance = { ab = 1 }"), &["\"ab\"", "\"abs\"", "tieout.toml:9:"]),
        (column("zero_date = \"never\""), &["zero_date", "tieout.toml:9:"]),
        (column("bool = { true = [\"y\"], false = [\"y\"] }"), &["\"y\""]),
        (column("precision = \"s\"\nsource_expr = \"amount\""), &["precision", "note", "tieout.toml:"]),
        (
            column("unicode = \"nfc\"").replace("\"note\"", "\"amount\"").replace("nfc", "nfd"),
            &["nfd", "tieout.toml:9:"],
        ),
        (column("").replace("\"note\"", "\"nots\""), &["nots", "note"]),
        ("[groups.audit]\nuse = [\"nowhere\"]\n".into(), &["nowhere", "audit", "tieout.toml:6:"]),
        ("[groups.a]\nuse = [\"b\"]\n[groups.b]\nuse = [\"a\"]\n".into(), &["uses itself", "tieout.toml:"]),
        (
            "[[tables]]\nsource = \"orders\"\nuse = [\"audti\"]\n[groups.audit]\n".into(),
            &["\"audti\"", "\"audit\"", "tieout.toml:7:"],
        ),
        ("[groups.audit]\ntable = \"a*\"\n".into(), &["\"table\"", "\"tables\"", "tieout.toml:6:1"]),
        ("[defaults]\ntables = \"a*\"\n".into(), &["\"tables\"", "tieout.toml:6:1"]),
    ] {
        let outcome = start(&tieout, "source.db", "target.db", &config, &[]);
        assert_eq!(outcome.code, Some(2), "{config}\n{outcome}");
        outcome.fails(2).saying(said);
    }
    assert!(!tieout.path("reports/latest").exists(), "nothing was compared");
}

#[test]
fn the_draft_shows_the_rules_and_the_schema_of_the_file_is_printed() {
    let tieout = Tieout::new();
    let [source, target] = stores();
    for (name, script) in [("source.db", &source), ("target.db", &target)] {
        crate::sqlite::database(tieout.folder.path(), name, script);
    }
    let draft = tieout.run(["init", "source.db", "target.db"]).exits(0).stdout;
    for rule in ["null_is", "trim", "tolerance", "source_expr", "zero_date", "epoch", "[groups.", "[defaults]"] {
        assert!(draft.contains(rule), "{rule} is not in the draft:\n{draft}");
    }
    let schema = tieout.run(["init", "--json-schema"]).exits(0).stdout;
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    assert_eq!(schema["title"], "tieout.toml");
    assert!(schema["definitions"]["WrittenColumn"]["properties"]["tolerance"].is_object(), "{schema:#}");
    tieout.run(["init", "--json-schema", "source.db"]).exits(2);
    tieout.run(["init", "source.db"]).exits(2);
}
