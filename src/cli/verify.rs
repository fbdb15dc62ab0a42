//! `tieout verify RUN`: whether a finished run is as it was written, and whether its result comes out again.

use tieout::config::Options;
use tieout::config::file::hash_key_of_process;
use tieout::error::Result;
use tieout::report::visible::plain;
use tieout::run::{Signed, Verified, VerifyOptions, verify};

use super::args::VerifyArguments;
use super::interrupt::or_interrupted;
use super::{errors, terminal};

/// Checks the run and says what is not as it should be.
pub async fn execute(arguments: VerifyArguments) -> Result<u8> {
    let defaults = Options::default();
    let options = VerifyOptions {
        key: arguments.key,
        repeat: arguments.repeat,
        hash_key: hash_key_of_process()?,
        workers: arguments.workers.unwrap_or(defaults.workers),
        memory_bytes_max: arguments.memory.unwrap_or(defaults.memory_bytes_max),
    };
    let verified = or_interrupted(verify(&arguments.run, &options)).await?;
    for failure in &verified.failures {
        errors::report(failure);
    }
    let text = told(&verified, options.repeat);
    if !arguments.quiet || !verified.findings.is_empty() {
        terminal::print(&text)?;
    }
    Ok(verified.exit_code())
}

fn told(verified: &Verified, repeat: bool) -> String {
    let manifest = &verified.manifest;
    let mut text = String::new();
    for finding in &verified.findings {
        text += &format!("{} {}\n", plain(&finding.path), plain(&finding.what));
    }
    text += &match (verified.findings.len(), verified.failures.len()) {
        (0, 0) => format!("run {}: all {} files are as the run left them", plain(&manifest.run), manifest.files.len()),
        (0, failures) => format!("run {}: {failures} checks could not be made", plain(&manifest.run)),
        (1, _) => format!("run {}: 1 thing is NOT as the run left it", plain(&manifest.run)),
        (findings, _) => format!("run {}: {findings} things are NOT as the run left them", plain(&manifest.run)),
    };
    text += &match &verified.signed {
        Signed::No => "; it is not signed".to_owned(),
        Signed::By(key) => format!("; signed by {}, a key that nobody has vouched for (verify --key)", plain(key)),
        Signed::AsGiven => "; signed by the key that was given".to_owned(),
    };
    if repeat && verified.findings.is_empty() && verified.failures.is_empty() {
        let tables = verified.repeated.len();
        let plural = if tables == 1 { "" } else { "s" };
        text += &format!(
            "\ncompared again from the snapshots: {tables} table{plural} with the same roots, counts and bytes"
        );
    }
    text.push('\n');
    text
}
