//! Reads the header and the rows of a CSV file.

use std::fs::File;
use std::path::Path;

use super::records::{BUFFER_BYTES, Block, Fault, Field, Records};
use crate::canonical::{BatchBuilder, CanonicalType};
use crate::error::{Error, Result};
use crate::files::{COPY_AGAIN, FileStamp, HashedInput};
use crate::model::Table;
use crate::store::BatchSink;

/// The names in the header of a file.
pub(super) fn header(file: &Path) -> Result<Vec<String>> {
    header_of(&mut open(file, 64 << 10)?, file)
}

/// Reads every record of a file, sends them as batches, and returns the SHA-256 of what was read. The header has to be
/// that of `table`.
pub(super) fn rows(file: &Path, table: &Table, sink: &BatchSink) -> Result<String> {
    let mut records = open(file, BUFFER_BYTES)?;
    let names = header_of(&mut records, file)?;
    if !names.iter().eq(table.columns.iter().map(|column| &column.name)) {
        return Err(Error::store(format!(
            "a CSV file does not have the header table {} was described with",
            table.name
        ))
        .at(file.display())
        .hint("wait until nothing writes to the file any more, and run the same command again"));
    }
    let untyped = CanonicalType::Untyped;
    let mut batch = BatchBuilder::new(names.iter().map(|name| (name.as_str(), &untyped)));
    batch.set_rows_max(sink.batch_rows());
    let mut scratch = String::new();
    let mut blank_line = None;
    while let Some(mut block) = next_block(&mut records, file)? {
        while advance(&mut block, file)? {
            if names.len() > 1 && is_blank(&block) {
                // Some editors and scripts leave empty lines behind the last record; between records they are ragged.
                blank_line.get_or_insert(block.line());
                continue;
            }
            if let Some(line) = blank_line {
                return Err(ragged(file, line, names.len(), 1));
            }
            if block.fields().len() != names.len() {
                return Err(ragged(file, block.line(), names.len(), block.fields().len()));
            }
            append(&mut batch, &block, &mut scratch);
            if batch.is_full() {
                sink.send_blocking(batch.finish()?)?;
                batch.set_rows_max(sink.batch_rows());
            }
        }
    }
    if batch.rows() > 0 {
        sink.send_blocking(batch.finish()?)?;
    }
    let bytes = FileStamp::of(file)?.bytes;
    if records.bytes_read() != bytes {
        return Err(Error::store(format!("a CSV file ended after {} bytes of {bytes}", records.bytes_read()))
            .at(file.display())
            .hint(COPY_AGAIN));
    }
    Ok(records.into_input().sha256())
}

/// Appends the current record of a block as a row.
fn append(batch: &mut BatchBuilder, block: &Block<'_>, scratch: &mut String) {
    for (position, &field) in block.fields().iter().enumerate() {
        match value(block, field, scratch) {
            None => batch.column(position).null(),
            Some(text) => {
                batch.column(position).text(text);
            }
        }
    }
    batch.add_bytes(block.record_bytes());
    batch.end_row();
}

/// The value of a field, by the rules for NULL of this room's front page.
fn value<'a>(block: &'a Block<'_>, field: Field, scratch: &'a mut String) -> Option<&'a str> {
    let text = block.text(field, scratch);
    let null = !field.is_quoted() && (text.is_empty() || text == "\\N");
    (!null).then_some(text)
}

fn is_blank(block: &Block<'_>) -> bool {
    match block.fields() {
        [field] => !field.is_quoted() && block.text(*field, &mut String::new()).is_empty(),
        _ => false,
    }
}

type FileRecords = Records<HashedInput<File>>;

fn open(file: &Path, buffer_bytes: usize) -> Result<FileRecords> {
    let input = File::open(file).map_err(|e| Error::store("cannot read a file").at(file.display()).because(e))?;
    Ok(Records::new(HashedInput::new(input), buffer_bytes))
}

fn header_of(records: &mut FileRecords, file: &Path) -> Result<Vec<String>> {
    while let Some(mut block) = next_block(records, file)? {
        if advance(&mut block, file)? {
            return names_in(&block, file);
        }
    }
    Err(Error::store("a CSV file is empty")
        .at(file.display())
        .hint("the first line must name the columns, also in a file without rows"))
}

/// The names in the record of the header.
fn names_in(header: &Block<'_>, file: &Path) -> Result<Vec<String>> {
    let at = |line: u64| format!("{}, line {line}", file.display());
    if is_blank(header) {
        return Err(Error::store("the header of a CSV file is an empty line")
            .at(at(1))
            .hint("the first line must name the columns"));
    }
    let mut scratch = String::new();
    let names: Vec<String> = header.fields().iter().map(|&f| header.text(f, &mut scratch).to_string()).collect();
    for (position, name) in names.iter().enumerate() {
        if name.contains('\0') {
            return Err(fault(Fault::Utf16, file, 1));
        }
        if name.contains('\r') && !header.fields()[position].is_quoted() {
            return Err(Error::store("the header of a CSV file holds a bare carriage return")
                .at(at(1))
                .hint("end the lines with a line feed, for example with dos2unix -c mac"));
        }
        if name.is_empty() {
            return Err(Error::store(format!("column {} of a CSV file has no name", position + 1))
                .at(at(1))
                .hint("give every column a name in the first line (pandas: to_csv(index=False))"));
        }
        if let Some(first) = names[..position].iter().position(|other| other == name) {
            let (first, second) = (first + 1, position + 1);
            return Err(Error::store(format!("columns {first} and {second} of a CSV file are both called {name:?}"))
                .at(at(1))
                .hint("give every column a name of its own"));
        }
    }
    Ok(names)
}

fn next_block<'a>(records: &'a mut FileRecords, file: &Path) -> Result<Option<Block<'a>>> {
    let line = records.line();
    records.block().map_err(|e| fault(e, file, line))
}

fn advance(block: &mut Block<'_>, file: &Path) -> Result<bool> {
    block.advance().map_err(|e| fault(e, file, block.line()))
}

fn ragged(file: &Path, line: u64, expected: usize, found: usize) -> Error {
    let field = if found == 1 { "field" } else { "fields" };
    Error::store(format!("a record of a CSV file has {found} {field}, its header has {expected}"))
        .at(format!("{}, line {line}", file.display()))
        .hint("fields that hold a comma, a quote or a line break must be quoted with \", quotes inside them doubled")
}

fn fault(fault: Fault, file: &Path, line: u64) -> Error {
    let at_line = |what: &str| Error::store(what).at(format!("{}, line {line}", file.display()));
    match fault {
        Fault::Unreadable(e) => Error::store("cannot read a file").at(file.display()).because(e),
        Fault::Utf16 => Error::store("a CSV file is not in UTF-8, but in UTF-16")
            .at(file.display())
            .hint("convert it, for example: iconv -f UTF-16 -t UTF-8 file.csv > utf8.csv"),
        Fault::NotUtf8(offset) => Error::store(format!("a CSV file is not in UTF-8: see the byte at offset {offset}"))
            .at(format!("{}, line {line}", file.display()))
            .hint("convert it, for example: iconv -f WINDOWS-1252 -t UTF-8 file.csv > utf8.csv"),
        Fault::OpenQuote => at_line("a CSV file ends within a quoted field; its record begins here")
            .hint("the file was cut off, or a quote is not closed; copy the file again from its origin"),
        Fault::TextAfterQuote => at_line("text follows a closing quote in the record of a CSV file that begins here")
            .hint("quotes inside a quoted field must be doubled (\"\"), not written with a backslash"),
        Fault::BareQuote => at_line("a quote stands within an unquoted field of a CSV file")
            .hint("quote the whole field and double the quotes inside it, as in \"5\"\" pipe\""),
        Fault::TooLong => at_line("a record of a CSV file is longer than 256 MiB; it begins here")
            .hint("most likely a quote is not closed"),
    }
}
