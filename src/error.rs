//! One error type for the whole library: what went wrong, where, why, and what to do next.

use std::fmt;

/// The result of anything in tieout that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

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
}

impl Error {
    /// A failure of `kind`; `what` is one sentence without a full stop.
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), place: None, hint: None, cause: None }
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
        let mut last = String::new();
        let mut cause = self.cause.as_deref().map(|c| c as &dyn std::error::Error);
        while let Some(error) = cause {
            // Servers quote the statement over several lines; an error has one.
            let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            // Libraries often repeat the inner message in the outer one; say it once.
            if !last.contains(&text) {
                write!(f, ": {text}")?;
                last = text;
            }
            cause = error.source();
        }
        Ok(())
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
}
