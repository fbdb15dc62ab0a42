//! `tieout schema SOURCE TARGET`: what the schemas lose, without reading a row.

use tieout::config::RunPlan;
use tieout::config::file::{Overrides, load, plan_without_file};
use tieout::error::{Error, Result};
use tieout::model::{Pair, Severity};
use tieout::report::{schema_json, schema_table};
use tieout::run::schema;

use super::args::SchemaArguments;
use super::bars::Display;
use super::interrupt::or_interrupted;
use super::{errors, terminal};

/// Compares the schemas and prints the findings; gives the exit code.
pub async fn execute(arguments: SchemaArguments) -> Result<u8> {
    let plan = plan(&arguments)?;
    let display = Display::new(arguments.talk);
    let done = or_interrupted(schema(&plan, arguments.severity, display.progress())).await;
    display.finish();
    let done = done?;
    errors::report_first(&done.failures, "the findings");
    if arguments.json {
        terminal::print_bytes(&schema_json(&done.report)?)?;
    } else if !arguments.talk.quiet {
        let least = if arguments.talk.verbose { Severity::Note } else { Severity::Different.min(arguments.severity) };
        let text = schema_table(&done.report, least, terminal::has_colour(&std::io::stdout()));
        terminal::print(&text)?;
    }
    Ok(done.report.exit_code)
}

fn plan(arguments: &SchemaArguments) -> Result<RunPlan> {
    let overrides =
        Overrides { tables: arguments.tables.clone(), ignore: arguments.ignore.clone(), ..Overrides::default() };
    match (&arguments.config, &arguments.source, &arguments.target) {
        (Some(config), ..) => load(config, &overrides),
        (None, Some(source), Some(target)) => plan_without_file(Pair::new(source.clone(), target.clone()), &overrides),
        _ => Err(Error::usage("two stores are needed").hint("tieout schema SOURCE TARGET, or --config FILE")),
    }
}
