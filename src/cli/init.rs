//! `tieout init SOURCE TARGET`: a config drafted from both schemas.

use tieout::config::draft::draft;
use tieout::config::file::{Overrides, json_schema, plan_without_file};
use tieout::error::Result;
use tieout::model::Pair;

use super::args::InitArguments;
use super::interrupt::or_interrupted;
use super::terminal;

/// Prints the config, or the schema of all configs; no row is read.
pub async fn execute(arguments: InitArguments) -> Result<u8> {
    let (Some(source), Some(target)) = (arguments.source, arguments.target) else {
        terminal::print(&json_schema())?;
        return Ok(0);
    };
    let plan = plan_without_file(Pair::new(source, target), &Overrides::default())?;
    let (identities, outcomes) = or_interrupted(tieout::run::draft(&plan)).await?;
    terminal::print(&draft(&plan.stores, &identities, &outcomes))?;
    Ok(0)
}
