//! The whole of `report.html`: escaping, bounds, the same bytes twice.

use super::*;
use crate::model::{Class, Verdict};
use crate::report::example::{self, HOSTILE_NAME, HOSTILE_VALUE};
use crate::report::sample::Sampler;

const COMMAND: &str = "tieout diff 'postgres://app@db1.example.com:5432/shop' mysql://app@db2.example.com:3306/shop";

fn html(summary: &Summary, samples: &BTreeMap<String, TableSample>) -> String {
    rendered(summary, samples, COMMAND)
}

fn rendered(summary: &Summary, samples: &BTreeMap<String, TableSample>, repeat: &str) -> String {
    let kept = Kept { repeat: repeat.into(), ..Kept::default() };
    String::from_utf8(report_html(&HtmlReport { summary, samples, kept: &kept }).unwrap()).unwrap()
}

#[test]
fn the_verdict_is_in_words() {
    let differ = html(&example::summary(), &example::samples());
    assert!(differ.contains("The two stores do NOT hold the same data."));
    assert!(differ.contains("<h1>The cutover must NOT go ahead</h1>"));
    assert!(html(&example::matching(), &BTreeMap::new()).contains("<h1>The cutover may go ahead</h1>"));
    let mut undecided = example::matching();
    undecided.verdict = Verdict::Undecided;
    assert!(html(&undecided, &BTreeMap::new()).contains("<h1>NOT PROVEN: the cutover must not go ahead yet</h1>"));
}

#[test]
fn names_and_values_are_escaped_everywhere() {
    let mut summary = example::summary();
    for table in &mut summary.tables {
        table.reason = Some(HOSTILE_NAME.into());
        table.findings.push(HOSTILE_VALUE.into());
        table.key.push(HOSTILE_NAME.into());
        table.source = Some(HOSTILE_VALUE.into());
    }
    summary.tables[0].name = HOSTILE_NAME.into();
    summary.source.identity.url = HOSTILE_VALUE.into();
    summary.target.consistency = Some(HOSTILE_NAME.into());
    summary.target.load = vec![HOSTILE_VALUE.into()];
    summary.run.id = HOSTILE_VALUE.into();
    let html = rendered(&summary, &example::samples(), HOSTILE_VALUE);
    assert_eq!(html.matches("<script").count(), 1, "the page's own");
    assert!(!html.contains("<img"));
    assert!(html.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;"));
    assert!(html.contains("&quot;&gt;&lt;img src=x onerror=alert(1)&gt;"));
    assert!(!html.contains('\u{1b}') && !html.contains('\u{202e}'));
}

#[test]
fn the_file_needs_nothing_but_itself() {
    let html = html(&example::summary(), &example::samples());
    let hash = STANDARD.encode(Sha256::digest(SCRIPT));
    let policy = format!("default-src 'none'; script-src 'sha256-{hash}'; style-src 'unsafe-inline'; img-src data:");
    assert!(html.contains(&policy) && html.contains(&format!("<script>{SCRIPT}</script>")));
    for foreign in
        ["<script ", " onclick", "<link", "<img", "<iframe", " src=\"", "url(", "@import", "href=\"http", "javascript:"]
    {
        assert!(!html.contains(foreign), "{foreign}");
    }
}

#[test]
fn null_the_empty_text_and_what_differs_are_marked() {
    let html = html(&example::summary(), &example::samples());
    assert!(html.contains(r#"<mark><span class="null">NULL</span></mark>"#));
    assert!(html.contains(r#"<mark><span class="null" title="the empty text">&#39;&#39;</span></mark>"#));
    assert!(html.contains(r#"1249.<mark>50</mark>"#) && html.contains(r#"1249.<mark>05</mark>"#));
    assert!(html.contains(r#"<mark><span class="blank" title="U+0020, blank">·</span></mark>"#));
    assert!(html.contains("U+0410 in the source, U+0041 in the target"));
}

#[test]
fn tables_that_match_are_collapsed_and_the_others_are_not() {
    let html = html(&example::summary(), &example::samples());
    let section = |name: &str| {
        let start = html.find(&format!("\">{name} <span class=\"badge")).unwrap();
        html[..start].rfind("<section").map(|at| html[at..start].contains("<details class=\"folded\">")).unwrap()
    };
    assert!(section("artists") && !section("orders") && !section("events"));
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    assert_eq!(html(&example::summary(), &example::samples()), html(&example::summary(), &example::samples()));
}

#[test]
fn ten_thousand_damaged_tables_stay_below_the_limit() {
    let mut summary = example::matching();
    let hostile = "'\u{1}".repeat(60);
    let mut samples = BTreeMap::new();
    summary.tables.clear();
    for i in 0..10_000 {
        let mut table = example::table(&format!("{i:05}{hostile}"));
        table.verdict = [Verdict::Match, Verdict::Differ, Verdict::Undecided][i % 3];
        table.counts.corrupt = (i % 3 == 1).into();
        table.reason = Some(hostile.repeat(30));
        if i < 200 {
            let mut sampler = Sampler::new(&[]);
            for id in 0..60 {
                let cells = [(hostile.as_str(), Some(hostile.as_str()), None)];
                sampler.change(&example::change(Class::Corrupt, &[Some(&id.to_string())], (1, 1), &cells));
            }
            samples.insert(table.name.clone(), sampler.finish());
        }
        summary.tables.push(table);
    }
    summary.verdict = Verdict::Differ;
    let html = html(&summary, &samples);
    assert!(html.len() < HTML_BYTES_MAX, "{}", html.len());
    assert!(html.contains("are not listed here") && html.contains("are not shown in detail"));
}

#[test]
fn ten_thousand_ordinary_tables_are_all_listed() {
    let mut summary = example::matching();
    summary.tables = (0..10_000).map(|i| example::table(&format!("table_{i:05}"))).collect();
    let html = html(&summary, &BTreeMap::new());
    assert!(html.len() < HTML_BYTES_MAX && html.contains("table_09999"), "{}", html.len());
    assert!(!html.contains("are not listed here"));
}

#[test]
fn one_table_with_the_worst_damage_is_still_shown_with_a_sample() {
    let mut summary = example::matching();
    let table = &mut summary.tables[0];
    table.columns = (0..1_600).map(|i| example::column(&format!("column_{i}"), "text")).collect();
    table.columns.iter_mut().for_each(|c| c.corrupt = 9);
    table.verdict = Verdict::Differ;
    table.counts.corrupt = 1_000_000;
    summary.verdict = Verdict::Differ;
    let mut sampler = Sampler::new(&["id".into()]);
    let names: Vec<String> = (0..1_600).map(|i| format!("column_{i}")).collect();
    let value = "\u{202e}'<&".repeat(5_000);
    for id in 0..60 {
        let cells: Vec<_> = names.iter().map(|n| (n.as_str(), Some(value.as_str()), None)).collect();
        sampler.change(&example::change(Class::Corrupt, &[Some(&id.to_string())], (1, 1), &cells));
    }
    let html = html(&summary, &BTreeMap::from([("albums".to_owned(), sampler.finish())]));
    assert!(html.len() < HTML_BYTES_MAX, "{}", html.len());
    assert!(html.contains("class=\"lines\"") && html.contains("more columns in summary.json"));
}
