//! What may go wrong between a server and us, the same for both lanes.

use std::{fmt, io};

use mysql_common::constants::CapabilityFlags;
use mysql_common::io::ParseBuf;
use mysql_common::packets::ErrPacket;

use crate::error::Error;
use crate::store::connect::transient_mysql;

/// Why a statement was not answered.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The server refused it; the session lives on.
    Refused {
        /// The server's own number for it.
        number: u16,
        /// SQLSTATE.
        state: String,
        /// The server's own words.
        message: String,
    },
    /// The connection was lost.
    Lost(io::Error),
    /// What came is not the protocol.
    Garbled(String),
    /// Anything else, in the driver's words.
    Driver(String),
}

impl Trouble {
    /// A refusal as the server sent it.
    pub fn refused(packet: &[u8]) -> Self {
        match ParseBuf(packet).parse::<ErrPacket>(CapabilityFlags::CLIENT_PROTOCOL_41) {
            Ok(ErrPacket::Error(refusal)) => Trouble::Refused {
                number: refusal.error_code(),
                state: refusal.sql_state_ref().map(|state| state.as_str().into_owned()).unwrap_or_default(),
                message: refusal.message_str().into_owned(),
            },
            _ => Trouble::garbled("a refusal that is cut short"),
        }
    }

    /// Something else than the protocol.
    pub fn garbled(what: &str) -> Self {
        Trouble::Garbled(what.to_string())
    }

    /// The server's number for an error.
    pub fn number(&self) -> Option<u16> {
        match self {
            Trouble::Refused { number, .. } => Some(*number),
            _ => None,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Refused { number, state, message } if state.is_empty() => write!(f, "{number}: {message}"),
            Trouble::Refused { number, state, message } => write!(f, "{number} ({state}): {message}"),
            Trouble::Lost(failure) => write!(f, "error communicating with database: {failure}"),
            Trouble::Garbled(what) => write!(f, "encountered unexpected or invalid data: {what}"),
            Trouble::Driver(words) => f.write_str(words),
        }
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(failure) => Trouble::Lost(failure),
            sqlx::Error::Protocol(what) => Trouble::Garbled(what),
            sqlx::Error::Database(refusal) => {
                let state = refusal.code().unwrap_or_default().into_owned();
                match number_of(refusal.as_ref()) {
                    Some(number) => Trouble::Refused { number, state, message: refusal.message().to_string() },
                    None => Trouble::Driver(refusal.to_string()),
                }
            }
            other => Trouble::Driver(other.to_string()),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(failure: io::Error) -> Self {
        Trouble::Lost(failure)
    }
}

/// What the server or the driver reports as an error of ours, with advice for the usual causes.
pub(super) fn failed(what: &str, place: &str, trouble: impl Into<Trouble>) -> Error {
    let trouble = trouble.into();
    let hint = match (&trouble, trouble.number()) {
        (_, Some(1142 | 1143 | 1227 | 1370)) => "grant the user SELECT on the tables to be compared",
        (_, Some(1412)) => "the table was altered after the snapshot began: run again when the change is through",
        (_, Some(1146 | 1051)) => "the table is gone, or the user may not see it",
        (_, Some(1054 | 1064)) => "check the condition (--where): it must be SQL of this server",
        (_, Some(1205 | 1213 | 3572)) => {
            "another session keeps the table locked: run again when it has finished, or raise lock_timeout in [load]"
        }
        (_, Some(1969 | 3024 | 1317)) => {
            "somebody killed the statement, or it took longer than statement_timeout in [load] allows: ask who, then run again"
        }
        (Trouble::Lost(_), _) => {
            "the connection was lost in the middle, so the rows are incomplete; see the server's log, then run again"
        }
        (Trouble::Garbled(_), _) => {
            "what the server sent is not understood; please report it with the server's version"
        }
        _ => "see the server's log, then run again",
    };
    let transient = match &trouble {
        Trouble::Lost(_) | Trouble::Garbled(_) => true,
        Trouble::Refused { number, state, .. } => transient_mysql(*number) || state.starts_with("08"),
        Trouble::Driver(_) => false,
    };
    Error::store(what).at(place).because(trouble.to_string()).hint(hint).transient(transient)
}

/// The server's number for an error of the driver's.
pub(super) fn number(error: &sqlx::Error) -> Option<u16> {
    number_of(error.as_database_error()?)
}

fn number_of(refusal: &dyn sqlx::error::DatabaseError) -> Option<u16> {
    refusal.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>().map(|e| e.number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_number_state_and_words() {
        let trouble = Trouble::refused(b"\xff\x1e\x04#42S22Unknown column 'a' in 'where clause'");
        assert_eq!(trouble.number(), Some(1054));
        let error = failed("the rows cannot be read", "t in db", trouble);
        assert_eq!(
            error.to_string(),
            "the rows cannot be read (t in db): 1054 (42S22): Unknown column 'a' in 'where clause'"
        );
        assert!(error.advice().unwrap().contains("--where") && !error.is_transient());
    }

    #[test]
    fn a_refusal_that_is_cut_short_is_no_refusal() {
        for packet in [&b"\xff"[..], b"\xff\x1e", b"\xff\x1e\x04", b"\xff\x1e\x04#42"] {
            assert!(matches!(Trouble::refused(packet), Trouble::Garbled(_)));
        }
    }

    #[test]
    fn a_lost_connection_says_that_rows_are_missing() {
        let error = failed("the rows cannot be read", "t", io::Error::from(io::ErrorKind::UnexpectedEof));
        assert!(error.advice().unwrap().contains("incomplete") && error.is_transient());
    }
}
