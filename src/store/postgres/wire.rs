//! A connection of its own for what fills the wire: rows by COPY, read in large pieces and handed over without a copy.
//!
//! sqlx hands every row over as a message of its own through an asynchronous stream, read from the socket in pieces of
//! 8 KiB; that took more than a tenth of a run. The messages here are `postgres-protocol`'s; only the rows of a COPY do not
//! become messages. Blocking: to be used on a thread that may wait. Without TLS: `worker` decides who may use it.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::backend::{ErrorResponseBody, Message};
use postgres_protocol::message::frontend;

use super::login::{self, Login};
use crate::error::Error;
use crate::store::keep_alive::keep_alive;

/// How much is asked of the socket at once.
const READ_BYTES: usize = 256 << 10;
/// After a row that was wider, the buffer shrinks to this again.
const BUFFER_BYTES_MAX: usize = 4 << 20;
/// How often a wait for the server looks whether anybody still listens.
const LOOK_UP: Duration = Duration::from_millis(500);
const CONNECT_WAIT: Duration = Duration::from_secs(30);

/// The type of a message of COPY data, and the length of what stands before its bytes.
const COPY_DATA: u8 = b'd';
const HEADER_BYTES: usize = 5;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Tcp(String, u16),
    Socket(PathBuf),
}

/// Why something failed.
#[derive(Debug)]
pub(super) enum WireError {
    /// The connection broke.
    Io(io::Error),
    /// The server said no: SQLSTATE and message.
    Refused { code: String, message: String },
    /// The server said what makes no sense here.
    Garbled(String),
    /// Nobody listens any more.
    Stopped,
    /// What the caller made of a row.
    Caller(Error),
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        WireError::Io(error)
    }
}

trait Socket: Read + Write + Send {}
impl<T: Read + Write + Send> Socket for T {}

/// An open connection.
pub(super) struct Wire {
    socket: Box<dyn Socket>,
    buffer: Vec<u8>,
    /// What of the buffer has been received and not yet taken.
    start: usize,
    end: usize,
}

impl Wire {
    /// Connects and logs in.
    pub fn connect(address: &Address, login: &Login) -> Result<Self, WireError> {
        let socket: Box<dyn Socket> = match address {
            Address::Tcp(host, port) => {
                let mut outcome = Err(io::Error::from(io::ErrorKind::NotFound));
                for address in (host.as_str(), *port).to_socket_addrs()? {
                    outcome = TcpStream::connect_timeout(&address, CONNECT_WAIT);
                    if outcome.is_ok() {
                        break;
                    }
                }
                let stream = outcome?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(LOOK_UP))?;
                keep_alive(&stream)?;
                Box::new(stream)
            }
            Address::Socket(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(LOOK_UP))?;
                Box::new(stream)
            }
        };
        let mut wire = Wire { socket, buffer: vec![0; READ_BYTES], start: 0, end: 0 };
        login::log_in(&mut wire, login)?;
        Ok(wire)
    }

    /// Runs a statement whose rows are of no interest. `stopped` is asked now and then while the server is silent.
    pub fn execute(&mut self, sql: &str, stopped: impl Fn() -> bool + Copy) -> Result<(), WireError> {
        self.query(sql)?;
        let mut outcome = Ok(());
        loop {
            match self.message(stopped)? {
                Message::ReadyForQuery(_) => return outcome,
                Message::ErrorResponse(refusal) => outcome = Err(refused(&refusal)?),
                _ => {}
            }
        }
    }

    /// Runs a COPY to standard output and hands the bytes of each message to `data`. Returns how many rows the server
    /// says it sent. `stopped` is asked now and then while the server is silent.
    ///
    /// After a refusal the connection can be used again; after any other error it cannot.
    pub fn copy_out(
        &mut self,
        sql: &str,
        stopped: impl Fn() -> bool,
        mut data: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<u64, WireError> {
        self.query(sql)?;
        let (mut outcome, mut done) = (Ok(None), false);
        loop {
            self.copy_data(&mut data)?;
            match self.message(&stopped)? {
                Message::CopyData(body) => data(body.data()).map_err(WireError::Caller)?,
                Message::CopyOutResponse(_) => {}
                Message::CopyDone => done = true,
                Message::CommandComplete(body) => outcome = Ok(rows_sent(body.tag()?)),
                Message::ErrorResponse(refusal) => outcome = Err(refused(&refusal)?),
                Message::NoticeResponse(_) | Message::ParameterStatus(_) => {}
                Message::ReadyForQuery(_) => break,
                _ => return Err(garbled("an answer that does not belong to a COPY")),
            }
        }
        self.shrink();
        match outcome? {
            Some(rows) if done => Ok(rows),
            _ => Err(garbled("a COPY that ended without its end")),
        }
    }

    /// Hands over the COPY data that have been received whole, straight out of the buffer.
    fn copy_data(&mut self, data: &mut impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), WireError> {
        while let Some([COPY_DATA, a, b, c, d]) = self.buffer[self.start..self.end].first_chunk::<HEADER_BYTES>() {
            let end = self.start + 1 + u32::from_be_bytes([*a, *b, *c, *d]) as usize;
            if end > self.end || end < self.start + HEADER_BYTES {
                break;
            }
            data(&self.buffer[self.start + HEADER_BYTES..end]).map_err(WireError::Caller)?;
            self.start = end;
        }
        Ok(())
    }

    fn query(&mut self, sql: &str) -> Result<(), WireError> {
        let mut request = BytesMut::new();
        frontend::query(sql, &mut request)?;
        self.send(&request)
    }

    /// Sends a request.
    pub fn send(&mut self, request: &[u8]) -> Result<(), WireError> {
        self.socket.write_all(request)?;
        Ok(self.socket.flush()?)
    }

    /// The next message.
    pub fn message(&mut self, stopped: impl Fn() -> bool) -> Result<Message, WireError> {
        loop {
            let received = &self.buffer[self.start..self.end];
            let length = received
                .first_chunk::<HEADER_BYTES>()
                .map(|[_, a, b, c, d]| 1 + u32::from_be_bytes([*a, *b, *c, *d]) as usize);
            match length {
                Some(length) if length < HEADER_BYTES => return Err(garbled("a message of no length")),
                Some(length) if length <= received.len() => {
                    let mut whole = BytesMut::from(&received[..length]);
                    self.start += length;
                    return Message::parse(&mut whole)?.ok_or_else(|| garbled("half a message"));
                }
                wanted => self.receive(wanted.unwrap_or(HEADER_BYTES), &stopped)?,
            }
        }
    }

    /// Receives more, into a buffer that has room for a message of `wanted` bytes.
    fn receive(&mut self, wanted: usize, stopped: &impl Fn() -> bool) -> Result<(), WireError> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        // A length that makes no sense must not ask for its memory at once: the buffer grows as the bytes come.
        if self.end == self.buffer.len() && wanted > self.end {
            self.buffer.resize((self.end * 2).min(wanted.max(READ_BYTES)), 0);
        }
        loop {
            match self.socket.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(received) => {
                    self.end += received;
                    return Ok(());
                }
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    if stopped() {
                        return Err(WireError::Stopped);
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    fn shrink(&mut self) {
        if self.buffer.len() > BUFFER_BYTES_MAX && self.end - self.start < READ_BYTES {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            self.buffer.truncate(READ_BYTES);
            self.buffer.shrink_to_fit();
        }
    }
}

/// The number behind `COPY ` in the server's closing word.
fn rows_sent(tag: &str) -> Option<u64> {
    tag.strip_prefix("COPY ")?.parse().ok()
}

/// What the server refused.
pub(super) fn refused(body: &ErrorResponseBody) -> Result<WireError, WireError> {
    use fallible_iterator::FallibleIterator;
    let (mut code, mut message) = (String::new(), String::new());
    let mut fields = body.fields();
    while let Some(field) = fields.next()? {
        let value = String::from_utf8_lossy(field.value_bytes()).into_owned();
        match field.type_() {
            b'C' => code = value,
            b'M' => message = value,
            _ => {}
        }
    }
    Ok(WireError::Refused { code, message })
}

/// The error for an answer that makes no sense.
pub(super) fn garbled(what: &str) -> WireError {
    WireError::Garbled(what.to_owned())
}

#[cfg(test)]
mod tests;
