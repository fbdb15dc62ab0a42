//! The configuration: the file as written, then the plan as meant. After this room nothing is optional any more.

pub mod draft;
pub mod file;
pub mod meaning;
pub mod plan;

pub use plan::{ColumnRequest, Keep, KeepSnapshots, Options, PatternRequest, RunPlan, StorePlan, TableRequest};
