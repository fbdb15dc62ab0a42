//! Causes as the page shows them: what went wrong, how many rows it explains, an example, the rule that would accept it.

use serde::Serialize;

use super::page::{line, name};
use super::value::Shown;
use crate::model::{Cause, Pair, Summary, TableResult};
use crate::report::marking::{Excerpt, mark};
use crate::report::words::{number, plural};

/// Causes shown of the run.
const RUN_CAUSES_SHOWN_MAX: usize = 50;

/// One cause.
#[derive(Debug, Serialize)]
pub struct CauseView {
    /// The table, among the causes of the run.
    table: Option<String>,
    column: Option<String>,
    kind: String,
    rows: String,
    noun: &'static str,
    share: Option<String>,
    sentence: String,
    rule: Option<String>,
    key: Vec<Shown>,
    last_key: Option<Vec<Shown>>,
    /// The two values, where the cause is one of a column.
    values: Option<[Shown; 2]>,
}

/// The causes of the run, and how many are left out.
pub fn of_run(summary: &Summary) -> (Vec<CauseView>, Option<String>) {
    let all: usize = summary.tables.iter().map(|table| table.causes.len()).sum();
    let shown = summary.causes.iter().take(RUN_CAUSES_SHOWN_MAX);
    let views: Vec<_> = shown.map(|cause| CauseView::new(cause, Some(&cause.table))).collect();
    let left_out = left_out(all, views.len());
    (views, left_out)
}

/// The causes of a table, at most `max`, and how many are left out.
pub fn of_table(table: &TableResult, max: usize) -> (Vec<CauseView>, Option<String>) {
    let views: Vec<_> = table.causes.iter().take(max).map(|cause| CauseView::new(cause, None)).collect();
    let left_out = left_out(table.causes.len(), views.len());
    (views, left_out)
}

fn left_out(all: usize, shown: usize) -> Option<String> {
    (all > shown).then(|| plural((all - shown) as u64, "more cause"))
}

impl CauseView {
    fn new(cause: &Cause, table: Option<&str>) -> Self {
        let key = |key: &Vec<Option<String>>| -> Vec<Shown> {
            key.iter().map(|part| Shown::plain(part.as_deref().map(Excerpt::plain).as_ref())).collect()
        };
        let example = &cause.example;
        Self {
            table: table.map(name),
            column: cause.column.as_deref().map(name),
            kind: name(&cause.kind),
            rows: format!("{}{}", if cause.exact { "" } else { "at least " }, number(cause.rows)),
            noun: match (cause.column.is_some(), cause.rows) {
                (true, 1) => "row",
                (true, _) => "rows",
                (false, 1) => "key",
                (false, _) => "keys",
            },
            share: cause.share.map(|share| match share * 100.0 {
                percent if percent < 0.01 => "< 0.01 %".to_owned(),
                percent if percent < 10.0 => format!("{percent:.2} %"),
                percent => format!("{percent:.1} %"),
            }),
            sentence: line(&cause.sentence),
            rule: cause.rule.as_deref().map(line),
            key: key(&example.key),
            last_key: example.last_key.as_ref().map(key),
            values: cause.column.is_some().then(|| values(Pair::new(&example.source, &example.target))),
        }
    }
}

fn values(values: Pair<&Option<String>>) -> [Shown; 2] {
    let excerpts = match (values.source, values.target) {
        (Some(source), Some(target)) => mark(Pair::new(source, target)).map(|marked| Some(Excerpt::around(marked))),
        _ => values.map(|value| value.as_deref().map(Excerpt::differing)),
    };
    [Shown::marked(excerpts.source.as_ref()), Shown::marked(excerpts.target.as_ref())]
}
