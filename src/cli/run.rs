//! `tieout run [CONFIG]`: every table pair of a config file.

use tieout::config::file::load;
use tieout::error::Result;

use super::args::RunArguments;
use super::compare::compare;

/// Compares as the config says.
pub async fn execute(arguments: RunArguments) -> Result<u8> {
    let options = arguments.options;
    let plan = load(&arguments.config, &options.overrides())?;
    compare(&plan, arguments.resume.as_deref(), &options.outputs()).await
}
