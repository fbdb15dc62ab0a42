//! `report.html`: the result for people, in one file that needs no network and no other file. A small script of its own
//! filters and sorts; without it everything can be read all the same. The page's security policy lets nothing else run.
//!
//! [`page`] says what the whole shows, [`causes`] what went wrong, [`table`] what the section of one table shows: [`map`] its
//! key space, [`differences`] its sample, [`schema`] its schema findings, [`trend`] its earlier runs; [`value`] shows a value;
//! the templates in `reports/templates/` lay it out and escape every value. Whatever the damage, the file stays below
//! [`HTML_BYTES_MAX`]: tables that need attention go first, each section shrinks until it fits its share, and what is
//! left out is said to be left out.

mod causes;
mod differences;
mod map;
mod page;
mod schema;
mod table;
mod trend;
mod value;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;
use sha2::{Digest, Sha256};

use self::causes::{CauseView, of_run};
use self::page::{Page, Row, left_out};
use self::table::{Detail, Section};
use super::kept::Kept;
use super::sample::TableSample;
use super::words::plural;
use crate::error::{Error, Result};
use crate::model::{Summary, TableResult};

/// The size `report.html` never reaches.
pub const HTML_BYTES_MAX: usize = 5_000_000;
/// Bytes of the list of all tables: enough for ten thousand.
const ROWS_BYTES_MAX: usize = 2_900_000;
/// Bytes of the list and the sections of single tables; the sections get what the list leaves over.
const TABLES_BYTES_MAX: usize = 4_600_000;
/// The share of a section that it gets however many tables need one.
const SECTION_BYTES_MIN: usize = 8_000;
/// Among how many sections at most the rest is divided evenly.
const SHARERS_MAX: usize = 20;

/// Causes of the run that are shown without being asked for.
const CAUSES_AT_ONCE_MAX: usize = 10;
/// The script of the page, the only one that its security policy lets run.
const SCRIPT: &str = include_str!("../../reports/templates/script.js");

/// What the report is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct HtmlReport<'a> {
    /// The result.
    pub summary: &'a Summary,
    /// Samples of tables' differences, by the tables' names.
    pub samples: &'a BTreeMap<String, TableSample>,
    /// What else is shown.
    pub kept: &'a Kept,
}

/// The report of a run.
pub fn report_html(report: &HtmlReport<'_>) -> Result<Vec<u8>> {
    let summary = report.summary;
    let templates = Templates::new()?;
    let order = order(&summary.tables);
    let rows = |linked: &dyn Fn(usize) -> bool| -> Result<Vec<String>> {
        let mut room = ROWS_BYTES_MAX;
        let mut rows = Vec::new();
        for (position, &index) in order.iter().enumerate() {
            let row = templates.render("row.html", &Row::new(&summary.tables[index], index, linked(position)))?;
            match room.checked_sub(row.len()) {
                Some(left) => room = left,
                None => break,
            }
            rows.push(row);
        }
        Ok(rows)
    };
    let (mut causes, causes_left_out): (Vec<CauseView>, _) = of_run(summary);
    let causes_bytes = templates
        .render_value(
            "causes.html",
            context! { causes => Value::from(Serde(&causes)), causes_left_out => &causes_left_out },
        )?
        .len();
    // Rows are longest with a link each; which of them get one is known once the sections are there.
    let rows_bytes: usize = rows(&|_| true)?.iter().map(String::len).sum();
    let sections = sections(&templates, report, &order, TABLES_BYTES_MAX.saturating_sub(rows_bytes + causes_bytes))?;
    let rows = rows(&|position| position < sections.len())?;
    let left_out = |shown: usize| left_out(order[shown..].iter().map(|i| &summary.tables[*i]));
    let (rows_left_out, sections_left_out) = (left_out(rows.len()), left_out(sections.len()));
    let more_causes = causes.split_off(causes.len().min(CAUSES_AT_ONCE_MAX));
    let more_causes_label = plural(more_causes.len() as u64, "more cause");
    let page = context! {
        page => Value::from(Serde(Page::new(summary, &report.kept.repeat))),
        causes => Value::from(Serde(causes)),
        causes_left_out => if more_causes.is_empty() { causes_left_out.clone() } else { None },
        more_causes => Value::from(Serde(more_causes)),
        more_causes_label,
        more_causes_left_out => causes_left_out,
        rows => safe(rows),
        rows_left_out,
        sections => safe(sections),
        sections_left_out,
        script => Value::from_safe_string(SCRIPT.to_owned()),
        script_hash => Value::from_safe_string(STANDARD.encode(Sha256::digest(SCRIPT))),
    };
    Ok(templates.render_value("report.html", page)?.into_bytes())
}

/// The tables in the order of the report: what differs, what is undecided, what differs within the limits, the rest.
fn order(tables: &[TableResult]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..tables.len()).collect();
    order.sort_by_key(|i| (Reverse(tables[*i].verdict), !table::needs_attention(&tables[*i]), *i));
    order
}

/// The sections of as many tables as there is room for (in bytes), in the given order.
fn sections(templates: &Templates, report: &HtmlReport<'_>, order: &[usize], mut room: usize) -> Result<Vec<String>> {
    let summary = report.summary;
    let mut sections = Vec::new();
    let mut attention_left = order.iter().filter(|i| table::needs_attention(&summary.tables[**i])).count();
    for (position, &index) in order.iter().enumerate() {
        // Tables that match share what those that need attention leave over.
        let sharers = if attention_left > 0 { attention_left } else { order.len() - position };
        attention_left = attention_left.saturating_sub(1);
        // Each has its least; of what is beyond that, the first ones, which matter most, get the greater part.
        let beyond = room.saturating_sub(sharers * SECTION_BYTES_MIN);
        let share = (SECTION_BYTES_MIN + beyond / sharers.min(SHARERS_MAX)).min(room);
        let mut fitting = None;
        for detail in Detail::LEVELS {
            let section = Section::new(report, index, detail);
            let html = templates.render("table.html", &section)?;
            let fits = html.len() <= share || (detail == Detail::LEAST && html.len() <= room);
            if fits {
                fitting = Some(html);
                break;
            }
        }
        let Some(html) = fitting else {
            break;
        };
        room -= html.len();
        sections.push(html);
    }
    Ok(sections)
}

/// What templates have rendered and therefore escaped already.
fn safe(rendered: Vec<String>) -> Vec<Value> {
    rendered.into_iter().map(Value::from_safe_string).collect()
}

/// The templates of the report. Names end in `.html`, so that everything is escaped.
struct Templates(Environment<'static>);

impl Templates {
    fn new() -> Result<Self> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(unrenderable)?;
        environment.set_syntax(syntax);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, source) in [
            ("report.html", include_str!("../../reports/templates/report.html")),
            ("causes.html", include_str!("../../reports/templates/causes.html")),
            ("differences.html", include_str!("../../reports/templates/differences.html")),
            ("map.html", include_str!("../../reports/templates/map.html")),
            ("row.html", include_str!("../../reports/templates/row.html")),
            ("schema.html", include_str!("../../reports/templates/schema.html")),
            ("table.html", include_str!("../../reports/templates/table.html")),
            ("trend.html", include_str!("../../reports/templates/trend.html")),
            ("value.html", include_str!("../../reports/templates/value.html")),
            ("style.css", include_str!("../../reports/templates/style.css")),
        ] {
            environment.add_template(name, source).map_err(unrenderable)?;
        }
        Ok(Self(environment))
    }

    fn render(&self, name: &str, context: &impl Serialize) -> Result<String> {
        self.render_value(name, Value::from(Serde(context)))
    }

    fn render_value(&self, name: &str, context: Value) -> Result<String> {
        self.0.get_template(name).and_then(|template| template.render(context)).map_err(unrenderable)
    }
}

fn unrenderable(cause: minijinja::Error) -> Error {
    Error::output("cannot render report.html")
        .because(cause.to_string())
        .hint("this is a fault in tieout; summary.json holds the result")
}

#[cfg(test)]
mod tests;
