//! Splits a CSV file into records and fields, and remembers which fields were quoted.
//!
//! The `csv` crate cannot tell `""` from an empty field without quotes, and NULL depends on it, so this is our own
//! splitter: RFC 4180 with `,` and `"`, records ending in `\n` or `\r\n`, over one reused buffer. What RFC 4180 does not
//! allow is a fault, never a guess: a guess would shift columns without a word.

use std::io::Read;

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

/// Reads the records of a CSV file one after the other.
pub struct Records<R> {
    input: R,
    buffer: Vec<u8>,
    /// The current record; after it, what has been read ahead.
    record: std::ops::Range<usize>,
    filled: usize,
    fields: Vec<Field>,
    at_end: bool,
    started: bool,
    /// The offset in the file of the buffer's first byte.
    offset: u64,
    /// The line on which the current record starts, and the number of line ends within it.
    line: u64,
    lines: u64,
}

impl<R: Read> Records<R> {
    /// Reads from `input` in pieces of `buffer_bytes`.
    pub fn new(input: R, buffer_bytes: usize) -> Self {
        Self {
            input,
            buffer: vec![0; buffer_bytes.max(4)],
            record: 0..0,
            filled: 0,
            fields: Vec::new(),
            at_end: false,
            started: false,
            offset: 0,
            line: 0,
            lines: 1,
        }
    }

    /// Goes to the next record; false at the end of the file.
    pub fn advance(&mut self) -> Result<bool, Fault> {
        if !self.started {
            self.start()?;
        }
        self.line += self.lines;
        self.lines = 1;
        self.record = self.record.end..self.record.end;
        loop {
            let rest = &self.buffer[self.record.end..self.filled];
            if rest.is_empty() && self.at_end {
                self.fields.clear();
                return Ok(false);
            }
            match split(rest, self.at_end, &mut self.fields) {
                Split::Record(length) => {
                    self.record.end += length;
                    return self.check_text().map(|()| true);
                }
                Split::Incomplete => self.refill()?,
                Split::Fault(fault) => return Err(fault),
            }
        }
    }

    /// The line on which the current record starts, counted from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The number of bytes of the file up to the end of the current record.
    pub fn bytes_read(&self) -> u64 {
        self.offset + self.record.end as u64
    }

    /// The fields of the current record.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Whether a field was quoted.
    pub fn is_quoted(&self, field: Field) -> bool {
        field.style != Style::Plain
    }

    /// The text of a field of the current record; `scratch` is used where quotes have to be undoubled.
    pub fn text<'a>(&'a self, field: Field, scratch: &'a mut String) -> &'a str {
        let bytes = &self.buffer[self.record.start + field.start..self.record.start + field.end];
        // check_text has seen the whole record, and a field begins and ends beside an ASCII byte, so this never fails.
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        if field.style != Style::Doubled {
            return text;
        }
        scratch.clear();
        scratch.extend(text.split_inclusive("\"\"").map(|piece| piece.strip_suffix('"').unwrap_or(piece)));
        scratch
    }

    fn check_text(&mut self) -> Result<(), Fault> {
        let record = &self.buffer[self.record.clone()];
        if let Err(e) = std::str::from_utf8(record) {
            let before = &record[..e.valid_up_to()];
            self.line += memchr_iter(b'\n', before).count() as u64;
            return Err(Fault::NotUtf8(self.offset + (self.record.start + e.valid_up_to()) as u64));
        }
        if self.fields.iter().any(|field| field.style != Style::Plain) {
            let ended = record.ends_with(b"\n");
            self.lines = memchr_iter(b'\n', record).count() as u64 + u64::from(!ended);
        }
        Ok(())
    }

    /// The byte order mark belongs to the file, not to the first field.
    fn start(&mut self) -> Result<(), Fault> {
        self.started = true;
        self.refill()?;
        let head = &self.buffer[..self.filled];
        if head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") {
            self.line = 1;
            return Err(Fault::Utf16);
        }
        if head.starts_with(BOM_UTF8) {
            self.record = 0..BOM_UTF8.len();
        }
        Ok(())
    }

    /// Moves the record that is being read to the front and fills the buffer, which doubles when the record fills it.
    fn refill(&mut self) -> Result<(), Fault> {
        let keep = self.record.end;
        self.buffer.copy_within(keep..self.filled, 0);
        self.filled -= keep;
        self.offset += keep as u64;
        self.record = 0..0;
        if self.filled == self.buffer.len() {
            if self.filled >= RECORD_BYTES_MAX {
                return Err(Fault::TooLong);
            }
            self.buffer.resize((self.filled * 2).min(RECORD_BYTES_MAX), 0);
        }
        // Full buffers keep the number of times that a long record is split anew small.
        while self.filled < self.buffer.len() {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Ok(0) => {
                    self.at_end = true;
                    break;
                }
                Ok(read) => self.filled += read,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Fault::Unreadable(e)),
            }
        }
        Ok(())
    }
}

enum Split {
    /// A record of this many bytes, its end included.
    Record(usize),
    /// The record does not end within the bytes.
    Incomplete,
    Fault(Fault),
}

/// Splits the record at the beginning of `bytes`; `at_end` says that nothing follows them.
fn split(bytes: &[u8], at_end: bool, fields: &mut Vec<Field>) -> Split {
    fields.clear();
    let mut at = 0;
    loop {
        if bytes.get(at) == Some(&b'"') {
            let Some((end, doubled)) = closing_quote(bytes, at + 1, at_end) else {
                return if at_end { Split::Fault(Fault::OpenQuote) } else { Split::Incomplete };
            };
            fields.push(Field { start: at + 1, end, style: if doubled { Style::Doubled } else { Style::Quoted } });
            let after = end + 1;
            match (bytes.get(after), bytes.get(after + 1)) {
                (Some(b','), _) => at = after + 1,
                (Some(b'\n'), _) => return Split::Record(after + 1),
                (Some(b'\r'), Some(b'\n')) => return Split::Record(after + 2),
                (None, _) | (Some(b'\r'), None) => {
                    return if at_end { Split::Record(bytes.len()) } else { Split::Incomplete };
                }
                _ => return Split::Fault(Fault::TextAfterQuote),
            }
        } else {
            let found = memchr3(b',', b'\n', b'"', &bytes[at..]).map(|i| at + i);
            let (end, done) = match found.map(|i| (i, bytes[i])) {
                Some((_, b'"')) => return Split::Fault(Fault::BareQuote),
                Some((i, b',')) => (i, None),
                Some((i, _)) => (i, Some(i + 1)),
                None if at_end => (bytes.len(), Some(bytes.len())),
                None => return Split::Incomplete,
            };
            let carriage_return = done.is_some() && end > at && bytes[end - 1] == b'\r';
            fields.push(Field { start: at, end: end - usize::from(carriage_return), style: Style::Plain });
            match done {
                Some(length) => return Split::Record(length),
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
