//! Splits a CSV file into records and fields, and remembers which fields were quoted.
//!
//! The `csv` crate cannot tell `""` from an empty field without quotes, and NULL depends on it, so this is our own
//! splitter: RFC 4180 with `,` and `"`, records ending in `\n` or `\r\n`, over one reused buffer. What RFC 4180 does not
//! allow is a fault, never a guess: a guess would shift columns without a word.

use std::io::Read;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr3};

/// A record longer than this is taken for a quote that was never closed, before it fills the memory.
pub const RECORD_BYTES_MAX: usize = 256 << 20;
/// The size of the buffer; it grows only for records that are longer.
pub const BUFFER_BYTES: usize = 1 << 20;

const BOM_UTF8: &[u8] = b"\xEF\xBB\xBF";

/// What is wrong with a CSV file.
#[derive(Debug)]
pub enum Fault {
    /// The file cannot be read.
    Unreadable(std::io::Error),
    /// The file is in UTF-16.
    Utf16,
    /// Bytes that are no UTF-8, at this offset in the file.
    NotUtf8(u64),
    /// The file ends within a quoted field.
    OpenQuote,
    /// Text between a closing quote and the next comma.
    TextAfterQuote,
    /// A quote within a field that is not quoted.
    BareQuote,
    /// A record longer than [`RECORD_BYTES_MAX`].
    TooLong,
}

/// A field of the current record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its place in the text of the block, without the quotes around it.
    start: usize,
    end: usize,
    style: Style,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Quoted,
    /// Quoted, with doubled quotes inside.
    Doubled,
}

impl Field {
    /// Whether the field was quoted.
    pub fn is_quoted(self) -> bool {
        self.style != Style::Plain
    }
}

/// Reads a CSV file block by block; a block holds the records that lie whole in the buffer.
pub struct Records<R> {
    input: R,
    buffer: Vec<u8>,
    /// What has been read but not yet handed out as a record.
    unread: Range<usize>,
    fields: Vec<Field>,
    at_end: bool,
    started: bool,
    /// The offset in the file of the buffer's first byte.
    offset: u64,
    /// The line on which the next record starts.
    line: u64,
}

/// Some records that follow one another. Their text is checked once, as a whole: field by field, the check would cost
/// more than the splitting.
pub struct Block<'a> {
    /// All of the buffer that is UTF-8.
    text: &'a str,
    /// The offset in the file of bytes that are not, where they end the text.
    not_utf8: Option<u64>,
    /// Whether the file ends with the text.
    at_end: bool,
    fields: &'a mut Vec<Field>,
    /// The current record.
    record: Range<usize>,
    /// The line on which it starts.
    line: u64,
    /// Of [`Records`]: where the next record starts in the buffer, and on which line.
    next: &'a mut usize,
    next_line: &'a mut u64,
}

impl<R: Read> Records<R> {
    /// Reads from `input` in pieces of `buffer_bytes`.
    pub fn new(input: R, buffer_bytes: usize) -> Self {
        Self {
            input,
            buffer: vec![0; buffer_bytes.max(4)],
            unread: 0..0,
            fields: Vec::new(),
            at_end: false,
            started: false,
            offset: 0,
            line: 1,
        }
    }

    /// The records from here on, as far as the buffer goes; `None` at the end of the file. A block may be empty: then
    /// its first record is longer than the buffer, which has grown for the next block.
    pub fn block(&mut self) -> Result<Option<Block<'_>>, Fault> {
        if !self.at_end {
            self.refill()?;
        }
        if !self.started {
            self.start()?;
        }
        if self.unread.is_empty() && self.at_end {
            return Ok(None);
        }
        let bytes = &self.buffer[self.unread.clone()];
        let offset = self.offset + self.unread.start as u64;
        let (text, not_utf8) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(e) => {
                // The bytes before the fault are whole characters, so this never fails.
                let text = std::str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or_default();
                // A character that the end of the buffer cuts in two is completed by the next block.
                let fault = e.error_len().is_some() || self.at_end;
                (text, fault.then_some(offset + text.len() as u64))
            }
        };
        Ok(Some(Block {
            at_end: self.at_end && not_utf8.is_none(),
            text,
            not_utf8,
            fields: &mut self.fields,
            record: 0..0,
            line: self.line,
            next: &mut self.unread.start,
            next_line: &mut self.line,
        }))
    }

    /// The line on which the next record starts, counted from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The number of bytes of the file up to the end of the last record.
    pub fn bytes_read(&self) -> u64 {
        self.offset + self.unread.start as u64
    }

    /// The input, which has been read to its end once there are no more blocks.
    pub fn into_input(self) -> R {
        self.input
    }

    /// The byte order mark belongs to the file, not to the first field.
    fn start(&mut self) -> Result<(), Fault> {
        self.started = true;
        let head = &self.buffer[self.unread.clone()];
        if head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") {
            return Err(Fault::Utf16);
        }
        if head.starts_with(BOM_UTF8) {
            self.unread.start += BOM_UTF8.len();
        }
        Ok(())
    }

    /// Moves what is unread to the front and fills the buffer, which doubles when a record fills it.
    fn refill(&mut self) -> Result<(), Fault> {
        self.buffer.copy_within(self.unread.clone(), 0);
        self.offset += self.unread.start as u64;
        let mut filled = self.unread.len();
        if filled == self.buffer.len() {
            if filled >= RECORD_BYTES_MAX {
                return Err(Fault::TooLong);
            }
            self.buffer.resize((filled * 2).min(RECORD_BYTES_MAX), 0);
        }
        // Full buffers keep the number of times that a long record is split anew small.
        while filled < self.buffer.len() {
            match self.input.read(&mut self.buffer[filled..]) {
                Ok(0) => {
                    self.at_end = true;
                    break;
                }
                Ok(read) => filled += read,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Fault::Unreadable(e)),
            }
        }
        self.unread = 0..filled;
        Ok(())
    }
}

impl Block<'_> {
    /// Goes to the next record; false at the end of the block.
    pub fn advance(&mut self) -> Result<bool, Fault> {
        self.line = *self.next_line;
        let bytes = self.text.as_bytes();
        let start = self.record.end;
        if start == bytes.len() && self.not_utf8.is_none() {
            return Ok(false);
        }
        match split(bytes, start, self.at_end, self.fields) {
            Split::Record { end, quoted } => {
                self.record = start..end;
                *self.next += end - start;
                *self.next_line += if quoted { lines(&bytes[start..end]) } else { 1 };
                Ok(true)
            }
            Split::Incomplete => match self.not_utf8 {
                None => Ok(false),
                Some(offset) => {
                    self.line += memchr_iter(b'\n', &bytes[start..]).count() as u64;
                    Err(Fault::NotUtf8(offset))
                }
            },
            Split::Fault(fault) => Err(fault),
        }
    }

    /// The line on which the current record starts, counted from 1; after a fault, the line to look at.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The length of the current record in bytes.
    pub fn record_bytes(&self) -> usize {
        self.record.len()
    }

    /// The fields of the current record.
    pub fn fields(&self) -> &[Field] {
        self.fields
    }

    /// The text of a field of the current record; `scratch` is used where quotes have to be undoubled.
    pub fn text<'a>(&'a self, field: Field, scratch: &'a mut String) -> &'a str {
        // A field begins and ends beside an ASCII byte, so this never fails.
        let text = self.text.get(field.start..field.end).unwrap_or_default();
        if field.style != Style::Doubled {
            return text;
        }
        scratch.clear();
        scratch.extend(text.split_inclusive("\"\"").map(|piece| piece.strip_suffix('"').unwrap_or(piece)));
        scratch
    }
}

/// The number of lines of a record.
fn lines(record: &[u8]) -> u64 {
    memchr_iter(b'\n', record).count() as u64 + u64::from(!record.ends_with(b"\n"))
}

enum Split {
    /// A record that ends here, its line end included; whether any of its fields is quoted.
    Record {
        end: usize,
        quoted: bool,
    },
    /// The record does not end within the bytes.
    Incomplete,
    Fault(Fault),
}

/// Splits the record that begins at `start` in `bytes`; `at_end` says that nothing follows them.
fn split(bytes: &[u8], start: usize, at_end: bool, fields: &mut Vec<Field>) -> Split {
    fields.clear();
    let mut at = start;
    let mut quoted = false;
    loop {
        if bytes.get(at) == Some(&b'"') {
            quoted = true;
            let Some((end, doubled)) = closing_quote(bytes, at + 1, at_end) else {
                return if at_end { Split::Fault(Fault::OpenQuote) } else { Split::Incomplete };
            };
            fields.push(Field { start: at + 1, end, style: if doubled { Style::Doubled } else { Style::Quoted } });
            let after = end + 1;
            match (bytes.get(after), bytes.get(after + 1)) {
                (Some(b','), _) => at = after + 1,
                (Some(b'\n'), _) => return Split::Record { end: after + 1, quoted },
                (Some(b'\r'), Some(b'\n')) => return Split::Record { end: after + 2, quoted },
                (None, _) | (Some(b'\r'), None) => {
                    return if at_end { Split::Record { end: bytes.len(), quoted } } else { Split::Incomplete };
                }
                _ => return Split::Fault(Fault::TextAfterQuote),
            }
        } else {
            let found = memchr3(b',', b'\n', b'"', &bytes[at..]).map(|i| at + i);
            let (end, record_end) = match found.map(|i| (i, bytes[i])) {
                Some((_, b'"')) => return Split::Fault(Fault::BareQuote),
                Some((i, b',')) => (i, None),
                Some((i, _)) => (i, Some(i + 1)),
                None if at_end => (bytes.len(), Some(bytes.len())),
                None => return Split::Incomplete,
            };
            let carriage_return = record_end.is_some() && end > at && bytes[end - 1] == b'\r';
            fields.push(Field { start: at, end: end - usize::from(carriage_return), style: Style::Plain });
            match record_end {
                Some(end) => return Split::Record { end, quoted },
                None => at = end + 1,
            }
        }
    }
}

/// The position of the quote that closes the field, and whether there are doubled ones before it.
fn closing_quote(bytes: &[u8], start: usize, at_end: bool) -> Option<(usize, bool)> {
    let mut from = start;
    let mut doubled = false;
    loop {
        let quote = from + memchr(b'"', bytes.get(from..)?)?;
        match bytes.get(quote + 1) {
            Some(b'"') => {
                doubled = true;
                from = quote + 2;
            }
            // The next byte decides whether this quote is one of two.
            None if !at_end => return None,
            _ => return Some((quote, doubled)),
        }
    }
}

#[cfg(test)]
mod tests;
