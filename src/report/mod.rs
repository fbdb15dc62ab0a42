//! The reports of a run: each renders a finished [`crate::model::Summary`] to bytes, or streams changes to files.
//!
//! | what | for whom | where |
//! |---|---|---|
//! | `summary.json` | programs | [`summary_json`] |
//! | `junit.xml` | CI | [`junit_xml`] |
//! | `report.html` | people | [`report_html`], `reports/templates/` |
//! | `report.json`, `tables/<name>/sample.json` | `tieout report`, which draws `report.html` again | [`Kept`], [`TableSample`] |
//! | `tables/<name>/differences.csv`, `.parquet` | both | [`TableChanges`] |
//! | `tables/<name>/hot.csv` | both | [`write_hot`] |
//! | Markdown | the page of a job | [`summary_markdown`] |
//! | the table on the terminal | whoever ran it | [`summary_table`], [`history_table`], [`ruling_table`] |
//! | what `tieout schema` prints | programs, people | [`schema_json`], [`schema_table`] |
//!
//! Rules of the room:
//! - No value reaches a report unescaped: HTML through autoescaping templates, CSV through [`cells`], a terminal and XML
//!   through [`visible`]. Names and error messages are values too.
//! - The same result gives the same bytes: no clock, no order from a hash map, no number of workers.
//! - Memory and `report.html` stay bounded however great the damage; what is left out is said to be left out.
//! - Values come here as the policy of values lets them be seen (`model/values.rs`); nothing here knows the others.
//! - Nothing here looks at a store, prints, or decides a verdict.

mod causes;
pub mod cells;
mod changes;
mod changes_parquet;
#[cfg(test)]
mod example;
mod history;
mod hot;
mod html;
mod json;
mod junit;
mod kept;
mod key_map;
mod markdown;
mod marking;
mod moving;
mod partial;
mod proof;
mod ruling;
mod sample;
mod schema;
mod terminal;
mod trend;
pub mod visible;
mod words;

pub use causes::{RUN_CAUSES_MAX, causes, run_causes};
pub use changes::TableChanges;
pub use history::history_table;
pub use hot::write_hot;
pub use html::{HTML_BYTES_MAX, HtmlReport, report_html};
pub use json::summary_json;
pub use junit::junit_xml;
pub use kept::{KEPT_FILE, Kept, SAMPLE_FILE, kept_json, read_kept, read_sample, sample_json};
pub use key_map::KeyMapper;
pub use markdown::summary_markdown;
pub use marking::Excerpt;
pub use ruling::ruling_table;
pub use sample::{SampledCell, SampledChange, TableSample};
pub use schema::{schema_json, schema_table};
pub use terminal::summary_table;
pub use trend::TrendPoint;
pub use words::shell;
