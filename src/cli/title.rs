//! Keeps passwords out of the list of processes: a password in an argument is moved to the environment, where other users
//! cannot see it, by starting this program anew in the same process.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use tieout::store::connect::redact;

/// The arguments as they were given, handed from the first start to the second.
const HANDED_ON: &str = "TIEOUT_ARGUMENTS";

/// The arguments of this program. Where one of them holds a password, starts the program anew with a title that does not;
/// where that is not possible, goes on as it is.
pub fn arguments() -> Vec<OsString> {
    if let Some(whole) = handed_on() {
        return whole;
    }
    let given: Vec<OsString> = std::env::args_os().collect();
    let Some(texts) = given.iter().map(|one| one.to_str().map(str::to_owned)).collect::<Option<Vec<String>>>() else {
        return given;
    };
    let titles: Vec<String> = texts.iter().map(|one| redact(one)).collect();
    if titles != texts
        && let (Ok(program), Ok(handed_on)) =
            (std::env::current_exe(), serde_json::to_string(&(std::process::id(), &texts)))
    {
        // Returns only if it fails.
        let _ = Command::new(program).arg0(&titles[0]).args(&titles[1..]).env(HANDED_ON, handed_on).exec();
    }
    given
}

fn handed_on() -> Option<Vec<OsString>> {
    let text = std::env::var(HANDED_ON).ok()?;
    let (process, arguments): (u32, Vec<String>) = serde_json::from_str(&text).ok()?;
    // A program that this one starts inherits the variable, but has arguments of its own.
    (process == std::process::id()).then_some(())?;
    Some(arguments.into_iter().map(OsString::from).collect())
}
