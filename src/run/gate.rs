//! The gate over the history: no store is opened.

use std::path::Path;

use chrono::Utc;

use crate::config::{RunPlan, meaning};
use crate::error::Result;
use crate::gate::{self, Asked};
use crate::history;
use crate::model::{Demands, Ruling, RunRecord};

/// Rules whether the cutover may go ahead, by the history in the file `history`.
pub fn gate(plan: &RunPlan, history: &Path, demands: &Demands) -> Result<Ruling> {
    let tables = plan.tables.as_ref().map(|tables| {
        let named = tables.iter().map(|request| {
            let names = meaning::names_of(request).into_iter().map(Into::into).collect();
            (request.names.source.clone(), names)
        });
        named.collect::<Vec<(String, Vec<String>)>>()
    });
    let asked = Asked {
        stores: meaning::stores(plan),
        tables: tables.map(|mut tables| {
            // The same pair may be asked for under several conditions.
            tables.dedup();
            tables
        }),
        allowances: meaning::allowances(plan),
        config: meaning::hash(plan),
    };
    Ok(gate::rule(&asked, demands, &history::read(history)?, Utc::now()))
}

/// All runs of a history, in the order in which they were started.
pub fn runs(history: &Path) -> Result<Vec<RunRecord>> {
    history::read(history)
}
