//! tieout proves that two data stores hold the same data, or shows exactly where they do not.
//!
//! The rooms read as the pipeline: [`config`] → [`mapping`] → [`schema`] → [`snapshot`] (fed by [`store`]) → [`tree`] → [`diff`] → [`recheck`] →
//! [`verdict`] → [`report`] → [`history`] → [`gate`]; [`run`] is the only one that knows the order. They hand over nouns of [`model`]. Imports go
//! down this list only, and the stages do not import each other; a test checks it.
#![deny(missing_docs)]

pub mod canonical;
pub mod causes;
pub mod config;
pub mod diff;
pub mod error;
pub mod expression;
pub mod files;
pub mod gate;
pub mod history;
pub mod mapping;
pub mod model;
pub mod recheck;
pub mod report;
pub mod run;
mod sampling;
pub mod schema;
pub mod snapshot;
pub mod store;
pub mod throttle;
pub mod tree;
pub mod verdict;
