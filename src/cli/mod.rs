//! The command line: arguments, one file a command, and the terminal. The only place that prints and exits.
//!
//! Results go to stdout, everything else (progress, notes, errors) to stderr.

mod args;
mod bars;
mod compare;
mod demo;
mod diff;
mod errors;
mod events;
mod gate;
mod help;
mod history;
mod init;
mod interrupt;
mod lines;
mod markdown;
mod report;
mod run;
mod schema;
mod snapshot;
mod terminal;
mod title;
mod verify;

use std::process::ExitCode;
use std::time::Duration;

use tieout::error::{Error, Result};

use self::args::{Arguments, Command};

/// Parses the arguments, runs the command and gives its exit code.
pub fn main() -> ExitCode {
    let arguments = match args::parse(title::arguments()) {
        Ok(arguments) => arguments,
        Err(shown) => return shown.print(),
    };
    let talk = arguments.talk();
    match execute(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => errors::report_as(&error, talk),
    }
}

fn execute(arguments: Arguments) -> Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::compare("cannot start the threads of a run").because(e))?;
    let code = runtime.block_on(async {
        match arguments.command {
            Command::Diff(arguments) => diff::execute(*arguments).await,
            Command::Run(arguments) => run::execute(*arguments).await,
            Command::Init(arguments) => init::execute(arguments).await,
            Command::Report(arguments) => report::execute(&arguments),
            Command::Demo(arguments) => demo::execute(arguments).await,
            Command::Schema(arguments) => schema::execute(arguments).await,
            Command::Verify(arguments) => verify::execute(arguments).await,
            Command::Snapshot(arguments) => snapshot::execute(arguments).await,
            Command::Gate(arguments) => gate::execute(arguments),
            Command::History(arguments) => history::execute(arguments),
        }
    });
    // After an interruption a reader may still sit in a file or a database; it is not waited for long.
    runtime.shutdown_timeout(Duration::from_secs(2));
    code
}
