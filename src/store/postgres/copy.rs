//! The stream of `COPY … TO STDOUT (FORMAT binary)`: header, rows, trailer.
//!
//! The trailer (a field count of -1) is the proof that the stream was not cut short: a stream without it is an error.

use crate::error::{Error, Result};

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// Splits the stream into rows, whatever the sizes of the pieces in which it arrives.
#[derive(Debug, Default)]
pub(super) struct CopyStream {
    pending: Vec<u8>,
    header_read: bool,
    finished: bool,
    /// Where the fields of a row lie: found once, when the row is found to be whole.
    places: Vec<Place>,
}

/// Where a field lies among the bytes it came with; the length of NULL is negative.
type Place = (usize, i32);

/// The fields of one row, in order: `None` is NULL.
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    places: std::slice::Iter<'a, Place>,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        let (start, length) = self.places.next()?;
        Some(usize::try_from(*length).ok().and_then(|length| self.bytes.get(*start..start + length)))
    }
}

impl CopyStream {
    /// Takes the next piece and hands every row that is whole to `row`; `columns` is the number of fields each must have.
    pub fn push(&mut self, piece: &[u8], columns: usize, mut row: impl FnMut(Fields<'_>) -> Result<()>) -> Result<()> {
        // Nearly always a piece is exactly one row; only a rest that was cut off has to be copied.
        let joined;
        let mut bytes = if self.pending.is_empty() {
            piece
        } else {
            self.pending.extend_from_slice(piece);
            joined = std::mem::take(&mut self.pending);
            &joined
        };
        if !self.header_read {
            let Some(rest) = after_header(bytes)? else {
                self.pending = bytes.to_vec();
                return Ok(());
            };
            (self.header_read, bytes) = (true, rest);
        }
        while !bytes.is_empty() {
            if self.finished {
                return Err(damaged());
            }
            let Some(end) = row_end(bytes, columns, &mut self.places)? else { break };
            if end == 2 {
                self.finished = true;
            } else {
                row(Fields { bytes, places: self.places.iter() })?;
            }
            bytes = &bytes[end..];
        }
        if !bytes.is_empty() {
            self.pending = bytes.to_vec();
        }
        Ok(())
    }

    /// Whether the trailer has come and nothing is left over.
    pub fn is_complete(&self) -> bool {
        self.finished && self.pending.is_empty()
    }
}

fn after_header(bytes: &[u8]) -> Result<Option<&[u8]>> {
    if bytes.len() < 19 {
        return Ok(None);
    }
    if &bytes[..11] != SIGNATURE {
        return Err(damaged());
    }
    let extension = u32::from_be_bytes([bytes[15], bytes[16], bytes[17], bytes[18]]) as usize;
    Ok(bytes.get(19 + extension..))
}

/// Where the row at the start of `bytes` ends, and where its fields lie; `None` where more bytes are needed; 2 for the
/// trailer.
fn row_end(bytes: &[u8], columns: usize, places: &mut Vec<Place>) -> Result<Option<usize>> {
    let Some(count) = bytes.first_chunk::<2>() else { return Ok(None) };
    match i16::from_be_bytes(*count) {
        -1 => return Ok(Some(2)),
        count if usize::try_from(count) == Ok(columns) => {}
        _ => return Err(damaged()),
    }
    let mut at = 2;
    places.clear();
    for _ in 0..columns {
        let Some(length) = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()) else { return Ok(None) };
        let length = i32::from_be_bytes(*length);
        places.push((at + 4, length));
        at += 4 + length.max(0) as usize;
    }
    Ok((at <= bytes.len()).then_some(at))
}

fn damaged() -> Error {
    Error::store("the server sent a COPY stream that is not well formed")
        .hint("check what stands between here and the server (a proxy?), then run again")
        .transient(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stream(rows: &[Vec<Option<Vec<u8>>>]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend_from_slice(&[0; 8]);
        for row in rows {
            bytes.extend_from_slice(&(row.len() as i16).to_be_bytes());
            for field in row {
                match field {
                    Some(field) => {
                        bytes.extend_from_slice(&(field.len() as i32).to_be_bytes());
                        bytes.extend_from_slice(field);
                    }
                    None => bytes.extend_from_slice(&(-1i32).to_be_bytes()),
                }
            }
        }
        bytes.extend_from_slice(&(-1i16).to_be_bytes());
        bytes
    }

    fn read(pieces: &[&[u8]], columns: usize) -> (Vec<Vec<Option<Vec<u8>>>>, bool) {
        let (mut copy, mut rows) = (CopyStream::default(), Vec::new());
        for piece in pieces {
            copy.push(piece, columns, |fields| {
                rows.push(fields.map(|field| field.map(<[u8]>::to_vec)).collect());
                Ok(())
            })
            .unwrap();
        }
        (rows, copy.is_complete())
    }

    proptest! {
        #[test]
        fn rows_come_out_whatever_the_pieces(
            rows in prop::collection::vec(prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..9)), 2), 0..6),
            size in 1usize..40,
        ) {
            let bytes = stream(&rows);
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(read(&pieces, 2), (rows, true));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), columns in 0usize..4) {
            let mut all = SIGNATURE.to_vec();
            all.extend_from_slice(&[0; 8]);
            all.extend_from_slice(&bytes);
            let _ = CopyStream::default().push(&all, columns, |fields| {
                fields.for_each(drop);
                Ok(())
            });
        }
    }

    #[test]
    fn a_stream_without_its_trailer_is_not_complete() {
        let bytes = stream(&[vec![Some(b"a".to_vec())]]);
        assert!(!read(&[&bytes[..bytes.len() - 2]], 1).1);
        assert!(read(&[&bytes], 1).1);
    }
}
