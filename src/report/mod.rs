//! The reports of a run: each renders a finished [`crate::model::Summary`] to bytes, or streams changes to files.
//!
//! | what | for whom | where |
//! |---|---|---|
//! | `summary.json` | programs | [`summary_json`] |
//! | `junit.xml` | CI | [`junit_xml`] |
//! | `report.html` | people | [`report_html`], `reports/templates/` |
//! | `tables/<name>/differences.csv`, `.parquet` | both | [`TableChanges`] |
//! | the table on the terminal | whoever ran it | [`summary_table`] |
//! | what `tieout schema` prints | programs, people | [`schema_json`], [`schema_table`] |
//!
//! Rules of the room:
//! - No value reaches a report unescaped: HTML through autoescaping templates, CSV through [`cells`], a terminal and XML
//!   through [`visible`]. Names and error messages are values too.
//! - The same result gives the same bytes: no clock, no order from a hash map, no number of workers.
//! - Memory and `report.html` stay bounded however great the damage; what is left out is said to be left out.
//! - Nothing here looks at a store, prints, or decides a verdict.

mod causes;
pub mod cells;
mod changes;
mod changes_parquet;
mod disclosure;
#[cfg(test)]
mod example;
mod html;
mod json;
mod junit;
mod marking;
mod partial;
mod proof;
mod sample;
mod schema;
mod terminal;
pub mod visible;
mod words;

pub use causes::{RUN_CAUSES_MAX, causes, run_causes};
pub use changes::TableChanges;
pub use disclosure::Disclosure;
pub use html::{HTML_BYTES_MAX, report_html};
pub use json::summary_json;
pub use junit::junit_xml;
pub use marking::Excerpt;
pub use sample::{SampledCell, SampledChange, TableSample};
pub use schema::{schema_json, schema_table};
pub use terminal::summary_table;
