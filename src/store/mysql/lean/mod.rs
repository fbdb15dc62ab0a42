//! The lean lane: an unencrypted session of our own that decodes rows where they arrived.
//!
//! A driver hands over rows as objects, which costs more than all else a client does with them. Here the bytes of the
//! socket are split into packets in one buffer, and their values go from there into Arrow: nothing is allocated for a
//! value or a row. `mysql_common` knows the packets of the login; statements and results are simple enough to be spoken
//! here. Whatever the lane does not know (another way to log in, an encrypted session), the driver does.

mod login;
mod packets;
mod row;

use std::io;
use std::path::Path;

use mysql_common::io::ParseBuf;
use mysql_common::packets::StmtPacket;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

pub(super) use self::login::Login;
use self::packets::Packets;
use self::row::{Damage, Width, counted, length};
use super::decode::Wire;
use super::read::Rows;
use super::trouble::Trouble;
use crate::error::Result;
use crate::store::keep_alive::keep_alive;

const QUERY: u8 = 0x03;
const PREPARE: u8 = 0x16;
const EXECUTE: u8 = 0x17;
const CLOSE: u8 = 0x19;

const OK: u8 = 0x00;
const NULL: u8 = 0xfb;
const END: u8 = 0xfe;
const REFUSED: u8 = 0xff;
/// A longer packet that begins with [`END`] is a row of text.
const END_BYTES_MAX: usize = 8;
/// A packet of this length goes on in the next one.
const PACKET_BYTES_MAX: usize = 0xff_ffff;

type Answer<T> = std::result::Result<T, Trouble>;

/// A session. It is of no use after an error other than a refusal, and closes when it is dropped.
pub(super) struct Lean {
    connection: Box<dyn Connection>,
    packets: Packets,
}

/// What bytes come over.
trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

impl Lean {
    /// Opens a session over TCP.
    pub async fn over_tcp(host: &str, port: u16, login: &Login) -> Answer<Self> {
        let stream = TcpStream::connect((host, port)).await?;
        // A lone small packet would wait for the answer to the one before.
        stream.set_nodelay(true)?;
        keep_alive(&stream)?;
        Self::over(Box::new(stream), login).await
    }

    /// Opens a session over a socket of the file system.
    pub async fn over_socket(path: &Path, login: &Login) -> Answer<Self> {
        Self::over(Box::new(UnixStream::connect(path).await?), login).await
    }

    async fn over(connection: Box<dyn Connection>, login: &Login) -> Answer<Self> {
        let mut lean = Self { connection, packets: Packets::new() };
        login::log_in(&mut lean, login).await?;
        Ok(lean)
    }

    /// Runs a statement that returns no rows.
    pub async fn run(&mut self, sql: &str) -> Answer<()> {
        self.ask(sql).await.map(|_| ())
    }

    /// The rows of a question, every value as text.
    pub async fn ask(&mut self, sql: &str) -> Answer<Vec<Vec<Option<String>>>> {
        self.command(QUERY, sql.as_bytes()).await?;
        let Some(columns) = self.columns().await? else { return Ok(Vec::new()) };
        let mut rows = Vec::new();
        loop {
            let packet = self.packet().await?;
            if is_end(packet) {
                return Ok(rows);
            }
            rows.push(text_row(packet, columns.len()).ok_or_else(|| Trouble::garbled("a row of text"))?);
        }
    }

    /// Runs a statement to its end and sends its rows. The outer error is ours, the inner one the server's.
    ///
    /// The end is proven: rows begin with 0x00, and only the server's end packet (0xfe) ends the loop. A connection that
    /// closes before it is an error.
    pub async fn send_rows(&mut self, sql: &str, rows: &mut Rows<'_>) -> Result<Answer<()>> {
        let statement = match self.prepare(sql).await {
            Ok(statement) => statement,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let outcome = self.execute(statement, rows).await?;
        if matches!(outcome, Ok(()) | Err(Trouble::Refused { .. }))
            && let Err(trouble) = self.command(CLOSE, &statement.to_le_bytes()).await
        {
            return Ok(Err(trouble));
        }
        Ok(outcome)
    }

    /// Prepares a statement and returns its number.
    async fn prepare(&mut self, sql: &str) -> Answer<u32> {
        self.command(PREPARE, sql.as_bytes()).await?;
        let answer: StmtPacket =
            ParseBuf(self.packet().await?).parse(()).map_err(|_| Trouble::garbled("the answer to a preparation"))?;
        // Definitions of parameters (which a condition should not have) and of columns, each with an end of its own.
        for definitions in [answer.num_params(), answer.num_columns()] {
            if definitions > 0 {
                while !is_end(self.packet().await?) {}
            }
        }
        Ok(answer.statement_id())
    }

    async fn execute(&mut self, statement: u32, rows: &mut Rows<'_>) -> Result<Answer<()>> {
        // No cursor, once, without parameters.
        let mut arguments = statement.to_le_bytes().to_vec();
        arguments.extend_from_slice(&[0, 1, 0, 0, 0]);
        let widths = match self.result(&arguments).await {
            Ok(widths) => widths,
            Err(trouble) => return Ok(Err(trouble)),
        };
        if widths.len() != rows.wires.len() {
            return Ok(Err(Trouble::garbled("another number of columns")));
        }
        let columns: Vec<(Width, Wire)> = widths.into_iter().zip(rows.wires.iter().copied()).collect();
        loop {
            // All that has arrived, then more of it.
            loop {
                let packet = match self.packets.next() {
                    Ok(Some(packet)) => packet,
                    Ok(None) => break,
                    Err(trouble) => return Ok(Err(trouble)),
                };
                match packet.first() {
                    Some(&OK) => match row::append(packet, &columns, &mut rows.batch) {
                        Ok(()) => {}
                        Err(Damage::Row) => return Ok(Err(Trouble::garbled("a row that is damaged"))),
                        Err(Damage::Value(index)) => return Err(rows.unexpected(index)),
                    },
                    Some(&REFUSED) => return Ok(Err(Trouble::refused(packet))),
                    _ if is_end(packet) => return Ok(Ok(())),
                    _ => return Ok(Err(Trouble::garbled("a packet that is no row"))),
                }
                if rows.batch.is_full() {
                    rows.send().await?;
                }
            }
            if let Err(trouble) = self.receive().await {
                return Ok(Err(trouble));
            }
        }
    }

    async fn result(&mut self, arguments: &[u8]) -> Answer<Vec<Width>> {
        self.command(EXECUTE, arguments).await?;
        self.columns().await?.ok_or_else(|| Trouble::garbled("no rows"))
    }

    /// The columns of a result; `None` where the answer is not rows.
    async fn columns(&mut self) -> Answer<Option<Vec<Width>>> {
        let packet = self.packet().await?;
        let count = match packet.first() {
            Some(&OK) => return Ok(None),
            _ => match length(packet) {
                Some((count, [])) => count,
                _ => return Err(Trouble::garbled("no result")),
            },
        };
        let mut columns = Vec::new();
        loop {
            let packet = self.packet().await?;
            if is_end(packet) {
                break;
            }
            columns.push(Width::of(packet)?);
        }
        if columns.len() as u64 == count {
            Ok(Some(columns))
        } else {
            Err(Trouble::garbled("another number of columns"))
        }
    }

    /// Sends a command.
    async fn command(&mut self, command: u8, arguments: &[u8]) -> Answer<()> {
        self.packets.restart()?;
        let content = [&[command], arguments].concat();
        self.send(&content).await
    }

    /// Sends a packet, or as many as its length takes.
    async fn send(&mut self, content: &[u8]) -> Answer<()> {
        let mut bytes = Vec::with_capacity(content.len() + 4);
        let mut rest = content;
        loop {
            let (chunk, behind) = rest.split_at(rest.len().min(PACKET_BYTES_MAX));
            let number = self.packets.next_number();
            bytes.extend_from_slice(&(chunk.len() as u32 | u32::from(number) << 24).to_le_bytes());
            bytes.extend_from_slice(chunk);
            rest = behind;
            if chunk.len() < PACKET_BYTES_MAX {
                break;
            }
        }
        self.connection.write_all(&bytes).await?;
        Ok(())
    }

    /// The next packet. A refusal is an error.
    async fn packet(&mut self) -> Answer<&[u8]> {
        let found = loop {
            match self.packets.find()? {
                Some(found) => break found,
                None => self.receive().await?,
            }
        };
        let packet = self.packets.at(found);
        if packet.first() == Some(&REFUSED) { Err(Trouble::refused(packet)) } else { Ok(packet) }
    }

    /// Waits for more bytes.
    async fn receive(&mut self) -> Answer<()> {
        match self.connection.read(self.packets.space()).await? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection").into()),
            bytes => {
                self.packets.filled(bytes);
                Ok(())
            }
        }
    }
}

fn is_end(packet: &[u8]) -> bool {
    packet.first() == Some(&END) && packet.len() <= END_BYTES_MAX
}

fn text_row(packet: &[u8], columns: usize) -> Option<Vec<Option<String>>> {
    let (mut row, mut rest) = (Vec::with_capacity(columns), packet);
    for _ in 0..columns {
        if let Some((&NULL, behind)) = rest.split_first() {
            row.push(None);
            rest = behind;
        } else {
            let (value, behind) = counted(rest)?;
            row.push(Some(String::from_utf8_lossy(value).into_owned()));
            rest = behind;
        }
    }
    rest.is_empty().then_some(row)
}

#[cfg(test)]
mod tests;
