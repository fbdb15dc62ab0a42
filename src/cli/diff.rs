//! `tieout diff SOURCE TARGET`: a comparison without a config file.

use tieout::config::file::plan_without_file;
use tieout::error::Result;
use tieout::model::Pair;

use super::args::DiffArguments;
use super::compare::compare;

/// Compares two stores.
pub async fn execute(arguments: DiffArguments) -> Result<u8> {
    let options = arguments.options;
    let plan = plan_without_file(Pair::new(arguments.source, arguments.target), &options.overrides())?;
    compare(&plan, None, &options.outputs()).await
}
