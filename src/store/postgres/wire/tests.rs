use std::collections::VecDeque;

use super::*;

/// A server that has said all it will say, in pieces of the given sizes.
struct Said(VecDeque<Vec<u8>>);

impl Read for Said {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(mut piece) = self.0.pop_front() else { return Ok(0) };
        let length = piece.len().min(buffer.len());
        buffer[..length].copy_from_slice(&piece[..length]);
        if length < piece.len() {
            self.0.push_front(piece.split_off(length));
        }
        Ok(length)
    }
}

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

fn wire(said: &[u8], size: usize) -> Wire {
    let pieces = said.chunks(size).map(<[u8]>::to_vec).collect();
    Wire { socket: Box::new(Said(pieces)), buffer: vec![0; 16], start: 0, end: 0 }
}

/// The answer to a COPY of these rows, up to and with the server's closing word.
fn copied(rows: &[&[u8]], tag: &str) -> Vec<u8> {
    let mut said = message(b'H', &[1, 0, 0]);
    for row in rows {
        said.extend(message(COPY_DATA, row));
    }
    said.extend(message(b'c', &[]));
    said.extend(message(b'C', format!("{tag}\0").as_bytes()));
    said.extend(message(b'Z', b"T"));
    said
}

fn read(said: &[u8], size: usize) -> (Result<u64, WireError>, Vec<Vec<u8>>) {
    let mut rows = Vec::new();
    let outcome = wire(said, size).copy_out(
        "COPY",
        || false,
        |row| {
            rows.push(row.to_vec());
            Ok(())
        },
    );
    (outcome, rows)
}

#[test]
fn rows_come_out_whole_whatever_the_pieces_they_arrive_in() {
    let wide = vec![7; 5000];
    let expected: [&[u8]; 4] = [b"one", b"", &wide, b"four"];
    let said = copied(&expected, "COPY 4");
    for size in [1, 3, 16, 100, 10_000] {
        let (outcome, rows) = read(&said, size);
        assert_eq!(outcome.unwrap(), 4);
        assert_eq!(rows, expected);
    }
}

#[test]
fn a_stream_that_is_cut_anywhere_is_an_error() {
    let said = copied(&[b"one", b"two"], "COPY 2");
    for end in 0..said.len() {
        assert!(read(&said[..end], 8).0.is_err(), "cut at {end}");
    }
}

#[test]
fn a_refusal_in_the_middle_keeps_its_code_and_the_connection() {
    let mut said = message(b'H', &[1, 0, 0]);
    said.extend(message(COPY_DATA, b"one"));
    said.extend(message(b'E', b"SERROR\0C57014\0Mcanceling statement\0\0"));
    said.extend(message(b'Z', b"E"));
    match read(&said, 9).0 {
        Err(WireError::Refused { code, message }) => {
            assert_eq!((code.as_str(), message.as_str()), ("57014", "canceling statement"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_copy_without_a_count_or_with_a_senseless_length_is_an_error() {
    assert!(read(&copied(&[b"one"], "SELECT"), 9).0.is_err());
    assert!(read(&[COPY_DATA, 0, 0, 0, 1, 9, 9, 9], 9).0.is_err());
    assert!(read(&[b'Z', 0xFF, 0xFF, 0xFF, 0xFF, 0], 9).0.is_err());
}

#[test]
fn nobody_who_has_stopped_listening_waits_for_a_silent_server() {
    struct Silent;
    impl Read for Silent {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }
    impl Write for Silent {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut wire = Wire { socket: Box::new(Silent), buffer: vec![0; 16], start: 0, end: 0 };
    assert!(matches!(wire.copy_out("COPY", || true, |_| Ok(())), Err(WireError::Stopped)));
}
