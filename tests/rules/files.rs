//! Rules over CSV files, whose fields are text that takes the other side's type.

use super::{of_v, run};
use crate::binary::Tieout;

#[track_caller]
fn holds(rules: &str, source: &[&str], target: &[&str], code: i32) -> crate::result::Report {
    let tieout = Tieout::new();
    let of = |values: &[&str]| {
        let lines = values.iter().enumerate().map(|(at, value)| format!("{at},{value}\n"));
        format!("id,v\n{}", lines.collect::<String>())
    };
    tieout.write("source/t.csv", of(source));
    tieout.write("target/t.csv", of(target));
    run(&tieout, "source", "target", &of_v(rules), code)
}

#[test]
fn a_rule_for_numbers_reads_both_files_as_numbers() {
    assert_eq!(holds("", &["1.0"], &["1.00"], 1).column("t", "v")["compared_as"], "text");
    let report = holds("scale = 1", &["1.04", "2e1", "x"], &["1.00", "20", "x"], 0);
    assert_eq!(report.column("t", "v")["compared_as"], "decimal (scale 1 half_up)");
    assert_eq!(holds("scale = 1", &["1.04", "y"], &["1.05", "x"], 1).counts("t"), [0, 0, 0, 2]);
}

#[test]
fn a_rule_for_times_reads_both_files_as_times() {
    holds("precision = \"s\"", &["2024-01-01 12:00:00.4"], &["2024-01-01T12:00:00"], 0);
    holds("precision = \"s\"", &["2024-01-01 12:00:00.5"], &["2024-01-01T12:00:00"], 1);
    holds("zero_date = \"null\"", &["0000-00-00 00:00:00"], &[""], 0);
    holds("zero_date = \"null\"", &["0000-01-00"], &[""], 1);
}

#[test]
fn null_and_the_empty_text_are_one_where_a_rule_says_so() {
    holds("null_is = \"\"", &["\"\""], &[""], 0);
    holds("", &["\"\""], &[""], 1);
    holds("null_is = \"\"", &["\" \""], &[""], 1);
}

#[test]
fn both_files_may_count_from_1970() {
    holds("epoch = \"s\"", &["1700000000"], &["2023-11-14T22:13:20Z"], 0);
    holds("epoch = \"s\"", &["1700000000"], &["2023-11-14 22:13:20"], 1);
    holds("epoch = \"s\"\ntime_zone = \"UTC\"", &["1700000000"], &["2023-11-14 22:13:20"], 0);
    holds("epoch = \"s\"\ntime_zone = \"UTC\"", &["1700000000"], &["2023-11-14T22:13:21Z"], 1);
}

#[test]
fn a_rule_for_all_columns_makes_no_number_of_a_text() {
    let all = "[[tables]]\nsource = \"t\"\nkey = [\"id\"]\n[[tables.columns]]\nsource = \"*\"\nscale = 2\n";
    let tieout = Tieout::new();
    tieout.write("source/t.csv", "id,v\n1,007\n");
    tieout.write("target/t.csv", "id,v\n1,7\n");
    assert_eq!(run(&tieout, "source", "target", all, 1).counts("t"), [0, 0, 0, 1]);
    run(&tieout, "source", "target", &all.replace("\"*\"", "\"v\""), 0).assert_match("t");
}
