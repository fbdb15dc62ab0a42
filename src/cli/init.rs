//! `tieout init SOURCE TARGET`: a config drafted from both schemas.

use tieout::config::draft::draft;
use tieout::config::file::{Overrides, plan_without_file};
use tieout::error::Result;
use tieout::model::Pair;

use super::args::InitArguments;
use super::interrupt::or_interrupted;
use super::terminal;

/// Prints the config; no row is read.
pub async fn execute(arguments: InitArguments) -> Result<u8> {
    let plan = plan_without_file(Pair::new(arguments.source, arguments.target), &Overrides::default())?;
    let (identities, outcomes) = or_interrupted(tieout::run::draft(&plan)).await?;
    terminal::print(&draft(&plan.stores, &identities, &outcomes))?;
    Ok(0)
}
