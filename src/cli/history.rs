//! `tieout history`: the runs that are on record. And where the history of a config is.

use std::path::{Path, PathBuf};

use tieout::config::file::{HISTORY_FILE, load_without_secrets};
use tieout::error::{Error, Result};
use tieout::report::history_table;

use super::args::HistoryArguments;
use super::terminal;

/// Lists the runs.
pub fn execute(arguments: HistoryArguments) -> Result<u8> {
    let path = path(arguments.config.as_deref(), arguments.history)?;
    if !path.exists() {
        return Err(Error::usage("there is no history")
            .at(path.display())
            .hint("`tieout run` records every run; `tieout diff` does with --history FILE"));
    }
    let runs = tieout::run::runs(&path)?;
    if arguments.json {
        let mut text = serde_json::to_string_pretty(&runs)
            .map_err(|e| Error::output("cannot write the history as JSON").because(e))?;
        text.push('\n');
        terminal::print(&text)?;
    } else {
        terminal::print(&history_table(&runs))?;
    }
    Ok(0)
}

/// The history that was named, or that of the config, or that of `tieout.toml`, or the one in `reports`.
fn path(config: Option<&Path>, history: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(history) = history {
        return Ok(history);
    }
    let usual = Path::new("tieout.toml");
    let of_config = match config {
        Some(config) => load_without_secrets(config)?.options.history,
        None if usual.exists() => load_without_secrets(usual)?.options.history,
        None => None,
    };
    Ok(of_config.unwrap_or_else(|| Path::new("reports").join(HISTORY_FILE)))
}
