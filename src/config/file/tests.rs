//! Cases of config files, read with an environment of our own.

use std::path::PathBuf;

use super::*;
use crate::config::ColumnRequest;
use crate::error::ErrorKind;

const FULL: &str = r#"
out = "nightly"
workers = 3
memory = "1GiB"
time_zone = "Europe/Berlin"
mode = "full"
snapshot = "full"

[source]
url = "postgres://app:${PGPASSWORD}@db1/shop"
[target]
url = "b.db"
time_zone = "UTC"

[[tables]]
source = "orders"
target = "Orders"
key = ["id"]
ignore = ["updated_at"]
where = "id > 1"
target_where = "Id > 1"
[[tables.columns]]
source = "created"
target = "created_at"
time_zone = "Asia/Tokyo"

[[tables]]
source = "customers"
"#;

fn plan_with(text: &str, overrides: &Overrides) -> Result<RunPlan> {
    let environment = |name: &str| (name == "PGPASSWORD").then(|| "s3cret".into());
    plan_of_text(Path::new("tieout.toml"), text, &environment, overrides)
}

fn plan(text: &str) -> Result<RunPlan> {
    plan_with(text, &Overrides::default())
}

fn with_stores(rest: &str) -> String {
    format!("{rest}\n[source]\nurl = \"a.db\"\n[target]\nurl = \"b.db\"\n")
}

#[test]
fn everything_a_config_can_say_reaches_the_plan() {
    let plan = plan(FULL).unwrap();
    assert_eq!(plan.stores.source.url, "postgres://app:s3cret@db1/shop");
    assert_eq!(plan.stores.source.time_zone, Some(Tz::Europe__Berlin));
    assert_eq!(plan.stores.target.time_zone, Some(Tz::UTC));
    assert_eq!(plan.options.out, PathBuf::from("nightly"));
    assert_eq!((plan.options.workers, plan.options.memory_bytes_max), (3, 1 << 30));
    let tables = plan.tables.unwrap();
    assert_eq!(
        tables[0],
        TableRequest {
            names: Pair::new("orders".into(), "Orders".into()),
            key: Some(vec!["id".into()]),
            ignore: vec!["updated_at".into()],
            filters: Pair::new(Some("id > 1".into()), Some("Id > 1".into())),
            columns: vec![ColumnRequest {
                source: "created".into(),
                target: Some("created_at".into()),
                strict: true,
                time_zone: Some(Tz::Asia__Tokyo),
                ..ColumnRequest::default()
            }],
            ..TableRequest::default()
        }
    );
    assert_eq!(tables[1].names, Pair::new("customers".into(), "customers".into()));
    assert_eq!(tables[1].key, None);
}

#[test]
fn a_config_of_two_urls_compares_all_tables() {
    let plan = plan(&with_stores("")).unwrap();
    assert!(plan.tables.is_none());
    assert_eq!(plan.options.out, Options::default().out);
    assert_eq!(plan.stores.source.time_zone, None);
}

#[test]
fn the_command_line_goes_before_the_file() {
    let overrides = Overrides {
        tables: vec!["orders".parse().unwrap()],
        key: Some(vec!["number".into()]),
        ignore: Some(vec![]),
        filter: Some("day = 1".into()),
        time_zone: Some(Tz::America__New_York),
        workers: Some(7),
        memory_bytes_max: Some(64 << 20),
        out: Some("elsewhere".into()),
        ..Overrides::default()
    };
    let plan = plan_with(FULL, &overrides).unwrap();
    let tables = plan.tables.unwrap();
    assert_eq!(tables.len(), 1);
    assert_eq!(tables[0].key.as_deref().unwrap(), ["number"]);
    assert!(tables[0].ignore.is_empty());
    assert_eq!(tables[0].filters, Pair::new(Some("day = 1".into()), Some("day = 1".into())));
    assert_eq!(tables[0].columns[0].time_zone, Some(Tz::Asia__Tokyo), "a column's own zone is the most particular");
    assert_eq!(plan.stores.target.time_zone, Some(Tz::America__New_York));
    assert_eq!((plan.options.workers, plan.options.memory_bytes_max), (7, 64 << 20));
    assert_eq!(plan.options.out, PathBuf::from("elsewhere"));
}

#[test]
fn a_table_the_config_does_not_list_is_wrong_usage() {
    let overrides = Overrides { tables: vec!["custmers".parse().unwrap()], ..Overrides::default() };
    let error = plan_with(FULL, &overrides).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.advice().unwrap().contains("\"customers\""));
}

#[test]
fn a_table_is_asked_for_by_name_where_the_config_lists_none() {
    let overrides = Overrides { tables: vec!["orders=Orders".parse().unwrap()], ..Overrides::default() };
    let plan = plan_with(&with_stores(""), &overrides).unwrap();
    assert_eq!(plan.tables.unwrap()[0].names, Pair::new("orders".into(), "Orders".into()));
}

#[test]
fn half_of_a_sample_is_refused_and_placed() {
    for line in ["mode = \"sample\"", "sample = \"1%\"", "seed = 4", "mode = \"sample\"\nsample = \"x\""] {
        let error = plan(&with_stores(line)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        let shown = error.to_string();
        assert!(shown.contains("tieout.toml"), "{shown}");
    }
    let plan = plan(&with_stores("mode = \"sample\"\nsample_for = \"0.1%@95%\"\nseed = 4\nescalate = true")).unwrap();
    let sampling = plan.options.sampling.unwrap();
    assert_eq!((sampling.size.written(), sampling.seed, sampling.escalate), ("0.1%@95%", 4, true));
}

#[test]
fn what_is_tried_again_is_read_and_a_file_is_patient_at_the_first_contact() {
    let retry =
        plan(&with_stores("retry = { times = 2, first_wait = \"250ms\", wait_max = \"1m\", silence_max = \"1h\" }"));
    let retry = retry.unwrap().options.retry;
    assert_eq!((retry.times, retry.first_wait.as_millis(), retry.wait_max.as_secs()), (2, 250, 60));
    assert_eq!((retry.silence_max.as_secs(), retry.first_contact), (3600, true));
    let default = plan(&with_stores("")).unwrap().options;
    assert!(default.retry.times > 0 && default.retry.first_contact && default.resumable);
    assert!(!Options::default().retry.first_contact && !Options::default().resumable);
}

#[test]
fn an_unknown_mode_is_refused() {
    assert!(plan(&with_stores("mode = \"ful\"")).unwrap_err().to_string().contains("did you mean \"full\"?"));
}

#[test]
fn values_that_make_no_sense_are_wrong_usage_and_placed() {
    for (text, said) in [
        (with_stores("workers = 0"), "between 1 and"),
        (with_stores("workers = 100000"), "between 1 and"),
        (with_stores("memory = \"1MiB\""), "64MiB"),
        (with_stores("retry = { times = 5000 }"), "between 0 and 1000"),
        (with_stores("retry = { first_wait = \"soon\" }"), "is no time"),
        (with_stores("retry = { silence_max = \"0s\" }"), "is no time"),
        (with_stores("memory = \"lots\""), "no size"),
        (with_stores("out = \"\""), "\"out\" is empty"),
        (with_stores("time_zone = \"Europe/Berln\""), "\"Europe/Berlin\""),
        (with_stores("") + "[[tables]]\nsource = \" \"", "\"source\" is empty"),
        (with_stores("") + "[[tables]]\nsource = \"t\"\nkey = [\"id\", \"id\"]", "listed twice"),
        (with_stores("") + "[[tables]]\nsource = \"t\"\n[[tables]]\nsource = \"t\"\ntarget = \"t\"", "listed twice"),
        (
            with_stores("")
                + "[[tables]]\nsource = \"t\"\n[[tables.columns]]\nsource = \"c\"\n[[tables.columns]]\nsource = \"c\"",
            "listed twice",
        ),
        ("[source]\nurl = \"\"\n[target]\nurl = \"b\"".into(), "\"url\" is empty"),
    ] {
        let error = plan(&text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{text}");
        let shown = error.to_string();
        assert!(shown.contains(said) && shown.contains("(tieout.toml:"), "{shown}");
    }
}

#[test]
fn an_empty_key_asks_for_whole_rows() {
    let plan = plan(&(with_stores("") + "[[tables]]\nsource = \"t\"\nkey = []")).unwrap();
    assert_eq!(plan.tables.unwrap()[0].key, Some(vec![]));
}

#[test]
fn a_config_that_is_not_there_is_wrong_usage_with_advice() {
    let error = load(Path::new("/nowhere/tieout.toml"), &Overrides::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.advice().unwrap().contains("tieout init"));
}

#[test]
fn no_error_of_a_config_shows_a_password() {
    let url = "url = \"postgres://app:${PGPASSWORD}@db1/shop\"";
    for text in [
        format!("[source]\n{url}\n"),
        format!("[source]\n{url}\nurls = 1\n[target]\nurl = \"b\""),
        format!("[source]\n{url}\ntime_zone = \"${{PGPASSWORD}}x y\"\n[target]\nurl = \"b\"\n[[tables]]\nsource=1"),
        format!("time_zone = \"x${{PGPASSWORD}}\"\n[source]\n{url}\n[target]\n{url}"),
        format!("mode = \"${{PGPASSWORD}}\"\n[source]\n{url}\n[target]\n{url}"),
        format!("memory = \"${{PGPASSWORD}}\"\n[source]\n{url}\n[target]\n{url}"),
        format!("workers = [\"${{PGPASSWORD}}\"]\n[source]\n{url}\n[target]\n{url}"),
    ] {
        let error = plan(&text).unwrap_err();
        let shown = format!("{error} {error:?} {}", error.advice().unwrap_or_default());
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
