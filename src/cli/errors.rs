//! Errors for people, and the exit codes of INTERFACE.md.

use std::io::Write;
use std::process::ExitCode;

use tieout::error::{Error, ErrorKind};
use tieout::report::visible::plain;

use super::args::Talk;
use super::{events, terminal};

/// Prints an error and its hint on stderr, and gives the exit code of its kind.
pub fn report(error: &Error) -> ExitCode {
    let text = described(error, terminal::has_colour(&std::io::stderr()));
    // Nobody is left to tell when stderr is closed too.
    let _ = std::io::stderr().write_all(text.as_bytes());
    ExitCode::from(exit_code(error.kind()))
}

/// Prints the first of several errors, and how many there are besides: one trouble, such as a full disk, often fails
/// every table, and one message says it best. `place` tells where all are.
pub fn report_first(errors: &[Error], place: &str) {
    let Some((first, others)) = errors.split_first() else { return };
    report(first);
    let more = match others.len() {
        0 => return,
        1 => "1 more failure".to_owned(),
        count => format!("{count} more failures"),
    };
    // Nobody is left to tell when stderr is closed too.
    let _ = writeln!(std::io::stderr(), "and {more}: the reasons are in {place}");
}

/// As [`report`], as an event where the command says everything in events.
pub fn report_as(error: &Error, talk: Talk) -> ExitCode {
    if !talk.events() {
        return report(error);
    }
    events::error(error);
    ExitCode::from(exit_code(error.kind()))
}

/// The exit code of a kind of error.
pub fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Usage => 2,
        ErrorKind::Store | ErrorKind::Snapshot | ErrorKind::Compare | ErrorKind::Output | ErrorKind::Interrupted => 3,
    }
}

fn described(error: &Error, colour: bool) -> String {
    let paint = |code: &str, word: &str| if colour { format!("\x1b[{code}m{word}\x1b[0m") } else { word.to_owned() };
    let head = match error.kind() {
        ErrorKind::Interrupted => String::new(),
        _ => format!("{} ", paint("1;31", "error:")),
    };
    let hint = error.advice().map(|hint| format!("{} {}\n", paint("1;36", "hint:"), visible(hint))).unwrap_or_default();
    format!("{head}{}\n{hint}", visible(&error.to_string()))
}

/// What a store says may hold escape sequences and signs that turn the direction of writing; a terminal must not obey them.
fn visible(text: &str) -> String {
    // Blanks may stand where they like in a message: only what steers is replaced, word for word.
    text.split('\n')
        .map(|line| line.split(' ').map(|word| plain(word).into_owned()).collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_its_place_cause_and_hint() {
        let error = Error::store("cannot connect").at("postgres://db1/shop").because("refused").hint("start it");
        assert_eq!(described(&error, false), "error: cannot connect (postgres://db1/shop): refused\nhint: start it\n");
        assert!(described(&error, true).starts_with("\x1b[1;31merror:\x1b[0m "));
    }

    #[test]
    fn only_wrong_usage_exits_with_2() {
        assert_eq!(exit_code(Error::usage("x").kind()), 2);
        let others = [Error::store("x"), Error::snapshot("x"), Error::compare("x"), Error::output("x")];
        assert!(others.iter().all(|error| exit_code(error.kind()) == 3));
        assert_eq!(exit_code(Error::interrupted().kind()), 3);
    }

    #[test]
    fn an_interruption_begins_with_that_word() {
        assert!(described(&Error::interrupted(), false).starts_with("interrupted "));
    }

    #[test]
    fn a_terminal_does_not_obey_what_a_store_says() {
        assert_eq!(
            described(&Error::store("a  \x1b[2Jb \u{202e}c\u{9b}"), false),
            "error: a  <ESC>[2Jb <U+202E>c<U+009B>\n"
        );
    }
}
