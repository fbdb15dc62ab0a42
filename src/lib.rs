//! tieout proves that two data stores hold the same data, or shows exactly where they do not.
//!
//! The rooms read as the pipeline: [`config`] → [`mapping`] → [`snapshot`] (fed by [`store`]) → [`tree`] → [`diff`] →
//! [`verdict`] → [`report`]; [`run`] is the only one that knows the order. They hand over nouns of [`model`]. Imports go
//! down this list only, and the stages do not import each other; a test checks it.
#![deny(missing_docs)]

pub mod run;
pub mod config;
pub mod store;
pub mod mapping;
pub mod snapshot;
pub mod tree;
pub mod diff;
pub mod verdict;
pub mod report;
pub mod model;
pub mod files;
pub mod canonical;
pub mod error;
