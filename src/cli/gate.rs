//! `tieout gate`: whether a cutover, or the end of a rollback window, may go ahead.

use std::time::Duration;

use tieout::config::file::load_without_secrets;
use tieout::error::{Error, Result};
use tieout::model::Demands;
use tieout::report::ruling_table;

use super::args::GateArguments;
use super::terminal;

/// Rules by the history; the exit code is the ruling.
pub fn execute(arguments: GateArguments) -> Result<u8> {
    let plan = load_without_secrets(&arguments.config)?;
    let history = arguments.history.or_else(|| plan.options.history.clone());
    let history =
        history.ok_or_else(|| Error::usage("the config names no history").hint("name one with --history FILE"))?;
    let mut demands = arguments.phase.map_or(Demands::PLAIN, Demands::of);
    demands.window = arguments.window.unwrap_or(demands.window);
    demands.every = arguments.every.unwrap_or(demands.every);
    check(&demands)?;
    let ruling = tieout::run::gate(&plan, &history, &demands)?;
    if arguments.json {
        let mut text = serde_json::to_string_pretty(&ruling)
            .map_err(|e| Error::output("cannot write the ruling as JSON").because(e))?;
        text.push('\n');
        terminal::print(&text)?;
    } else {
        terminal::print(&ruling_table(&ruling, terminal::has_colour(&std::io::stdout()), terminal::width()))?;
    }
    Ok(ruling.exit_code)
}

/// A window of whole periods: a shorter one at its end could be demanded of nobody.
fn check(demands: &Demands) -> Result<()> {
    let (window, every) = (demands.window.as_secs(), demands.every.as_secs());
    let parts = |duration: &Duration| duration.subsec_nanos() > 0;
    if every == 0 || window == 0 || parts(&demands.every) || parts(&demands.window) {
        return Err(
            Error::usage("--window and --every must be whole seconds, one at least").hint("write 7d, 24h or 90m")
        );
    }
    if !window.is_multiple_of(every) {
        return Err(Error::usage("the window is no whole number of periods")
            .hint("choose --window and --every so that the one is a multiple of the other, for example 7d and 24h"));
    }
    if window / every > 10_000 {
        return Err(Error::usage("the window has more than 10,000 periods").hint("choose a longer --every"));
    }
    Ok(())
}
