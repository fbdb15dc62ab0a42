//! One error type for the whole library: what went wrong, where, why, and what to do next.

use std::fmt;

/// The result of anything in tieout that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Stands for the words of a store that may hold values.
const WITHHELD: &str = "its own words are withheld, because they may hold values (see [values] in the config)";

/// What sort of failure this is. The kind decides the exit code, nothing else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Wrong usage or configuration: nothing was compared (exit code 2).
    Usage,
    /// A store could not be reached, read or understood (exit code 3).
    Store,
    /// A snapshot, manifest or tree on disk is damaged or could not be written (exit code 3).
    Snapshot,
    /// The comparison itself failed, for example for lack of memory (exit code 3).
    Compare,
    /// A result could not be written (exit code 3).
    Output,
    /// The user asked to stop (exit code 3: something was not compared).
    Interrupted,
}

/// A failure: what, where, cause and hint. Holds no password: URLs are redacted before they get here.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    what: String,
    place: Option<String>,
    hint: Option<String>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    transient: bool,
    /// Whether somebody ended what was going on.
    ended_by_hand: bool,
}

impl Error {
    /// A failure of `kind`; `what` is one sentence without a full stop.
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), place: None, hint: None, cause: None, transient: false, ended_by_hand: false }
    }

    /// Wrong usage or configuration.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, what)
    }

    /// A store failed.
    pub fn store(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Store, what)
    }

    /// A snapshot is damaged or cannot be written.
    pub fn snapshot(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Snapshot, what)
    }

    /// The comparison failed.
    pub fn compare(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Compare, what)
    }

    /// A result cannot be written.
    pub fn output(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Output, what)
    }

    /// The user asked to stop.
    pub fn interrupted() -> Self {
        Self::new(ErrorKind::Interrupted, "interrupted before the comparison was complete")
            .hint("nothing was proven; run the same command again")
    }

    /// Where it happened: a file, a URL without its password, a table.
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.place.get_or_insert_with(|| place.to_string());
        self
    }

    /// What the user can do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// The error beneath this one.
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Says whether it may go away by itself: a connection that broke, a server that starts again or has no place to spare. A
    /// wrong password, a missing right or table does not. Whoever makes the error knows.
    pub fn transient(mut self, transient: bool) -> Self {
        self.transient = transient;
        self
    }

    /// Whether it is worth trying again.
    pub fn is_transient(&self) -> bool {
        self.transient
    }

    /// Whether an administrator may have ended this very session: where the server goes on, that is a wish to be heeded.
    pub fn ended_by_hand(mut self, ended: bool) -> Self {
        self.ended_by_hand = ended;
        self
    }

    /// Whether an administrator may have ended the session.
    pub fn is_ended_by_hand(&self) -> bool {
        self.ended_by_hand
    }

    /// The same failure without the words of what failed beneath it: a store may quote values or the condition of
    /// `--where` in them. What the operating system says of a file or a connection stays.
    pub fn without_words(mut self) -> Self {
        let Some(cause) = self.cause.take() else { return self };
        let of_system = cause.downcast_ref::<std::io::Error>().is_some_and(|e| e.raw_os_error().is_some());
        self.cause = Some(if of_system { cause } else { WITHHELD.into() });
        self
    }

    /// The same failure once more, its causes as text, for whoever has it by reference only.
    pub fn restated(&self, kind: ErrorKind) -> Self {
        let causes = self.causes();
        Self {
            kind,
            what: self.what.clone(),
            place: self.place.clone(),
            hint: self.hint.clone(),
            cause: (!causes.is_empty()).then(|| causes.join(": ").into()),
            transient: self.transient,
            ended_by_hand: self.ended_by_hand,
        }
    }

    /// What failed beneath, from the outermost cause to the innermost, each said once.
    fn causes(&self) -> Vec<String> {
        let mut causes: Vec<String> = Vec::new();
        let mut cause = self.cause.as_deref().map(|c| c as &dyn std::error::Error);
        while let Some(error) = cause {
            // Servers quote the statement over several lines; an error has one.
            let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            // Libraries often repeat the inner message in the outer one; say it once.
            if !causes.last().is_some_and(|last| last.contains(&text)) {
                causes.push(text);
            }
            cause = error.source();
        }
        causes
    }

    /// What sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The advice that goes with the error, if there is any.
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Error {
    /// One line: what, where and why; the hint is printed apart by the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(place) = &self.place {
            write!(f, " ({place})")?;
        }
        self.causes().iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_where_and_why_on_one_line() {
        let cause = std::io::Error::other("connection refused");
        let error = Error::store("cannot connect").at("postgres://db1/shop").because(cause).hint("start it");
        assert_eq!(error.to_string(), "cannot connect (postgres://db1/shop): connection refused");
        assert_eq!(error.advice(), Some("start it"));
    }

    #[test]
    fn the_words_of_a_store_can_be_withheld_those_of_the_system_stay() {
        let error = Error::store("cannot read").at("db1").because("invalid input: \"secret\"").without_words();
        assert!(error.to_string().starts_with("cannot read (db1): its own words are withheld"), "{error}");
        let gone = std::io::Error::from_raw_os_error(2);
        let error = Error::store("cannot read").because(gone).without_words();
        assert!(error.to_string().contains("No such file"), "{error}");
        let nested = Error::store("outer").because(Error::store("a file of \"secret\""));
        assert!(!nested.without_words().to_string().contains("secret"));
    }

    #[test]
    fn an_error_that_is_restated_keeps_its_parts_apart() {
        let error = Error::store("cannot read").at("db1").because("invalid \"secret\"").hint("mend it");
        let again = error.restated(ErrorKind::Compare);
        assert_eq!((again.to_string(), again.advice()), (error.to_string(), Some("mend it")));
        assert!(!again.without_words().to_string().contains("secret"));
    }
}
