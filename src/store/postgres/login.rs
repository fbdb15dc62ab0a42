//! Introduces tieout to a server: the start of a session, and the password in whatever way the server asks for it.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{self, ChannelBinding, ScramSha256};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

use super::wire::{Wire, WireError, garbled, refused};

/// How long a server may take for its part of the introduction.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who asks for what.
#[derive(Clone)]
pub(super) struct Login {
    pub user: String,
    pub database: Option<String>,
    pub password: Option<String>,
    /// Settings of the session, as the server takes them: `-c name=value …`.
    pub options: Option<String>,
    pub application_name: String,
}

/// Takes a fresh connection to where it can be used.
pub(super) fn log_in(wire: &mut Wire, login: &Login) -> Result<(), WireError> {
    // What sqlx sends, so that a value's text is the same whichever of the two reads it.
    let mut parameters = vec![
        ("user", login.user.as_str()),
        ("DateStyle", "ISO, MDY"),
        ("client_encoding", "UTF8"),
        ("TimeZone", "UTC"),
        ("extra_float_digits", "2"),
        ("application_name", &login.application_name),
    ];
    parameters.extend(login.database.as_deref().map(|database| ("database", database)));
    parameters.extend(login.options.as_deref().map(|options| ("options", options)));
    let mut request = BytesMut::new();
    frontend::startup_message(parameters, &mut request)?;
    wire.send(&request)?;
    let begun = Instant::now();
    let late = || begun.elapsed() > PATIENCE;
    loop {
        match wire.message(late)? {
            Message::AuthenticationOk
            | Message::BackendKeyData(_)
            | Message::ParameterStatus(_)
            | Message::NoticeResponse(_) => {}
            Message::ReadyForQuery(_) => return Ok(()),
            Message::AuthenticationCleartextPassword => send_password(wire, password(login)?.as_bytes())?,
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(login.user.as_bytes(), password(login)?.as_bytes(), body.salt());
                send_password(wire, hash.as_bytes())?;
            }
            Message::AuthenticationSasl(body) => scram(wire, &body, password(login)?, late)?,
            Message::ErrorResponse(refusal) => return Err(refused(&refusal)?),
            _ => return Err(garbled("a way to log in that is not understood")),
        }
    }
}

fn password(login: &Login) -> Result<&str, WireError> {
    login.password.as_deref().ok_or_else(|| garbled("a question for a password where none is known"))
}

fn send_password(wire: &mut Wire, password: &[u8]) -> Result<(), WireError> {
    let mut request = BytesMut::new();
    frontend::password_message(password, &mut request)?;
    wire.send(&request)
}

fn scram(
    wire: &mut Wire,
    body: &AuthenticationSaslBody,
    password: &str,
    late: impl Fn() -> bool + Copy,
) -> Result<(), WireError> {
    use fallible_iterator::FallibleIterator;
    if !body.mechanisms().any(|mechanism| Ok(mechanism == sasl::SCRAM_SHA_256))? {
        return Err(garbled("a way to log in that is not understood"));
    }
    let mut scram = ScramSha256::new(password.as_bytes(), ChannelBinding::unsupported());
    let mut request = BytesMut::new();
    frontend::sasl_initial_response(sasl::SCRAM_SHA_256, scram.message(), &mut request)?;
    wire.send(&request)?;
    loop {
        match wire.message(late)? {
            Message::AuthenticationSaslContinue(body) => {
                scram.update(body.data())?;
                let mut request = BytesMut::new();
                frontend::sasl_response(scram.message(), &mut request)?;
                wire.send(&request)?;
            }
            // The server proves that it knows the password, too.
            Message::AuthenticationSaslFinal(body) => return Ok(scram.finish(body.data())?),
            Message::ErrorResponse(refusal) => return Err(refused(&refusal)?),
            _ => return Err(garbled("a way to log in that is not understood")),
        }
    }
}
