//! An input that is hashed while it is read.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// Hands on the bytes of another input and keeps their SHA-256: it costs no second reading of the file, and it is the
/// hash of the very bytes that were compared.
pub struct HashedInput<R> {
    input: R,
    hash: Sha256,
}

impl<R> HashedInput<R> {
    /// Hashes what will be read of `input`.
    pub fn new(input: R) -> Self {
        Self { input, hash: Sha256::new() }
    }

    /// The SHA-256 of everything that was read, in hexadecimal.
    pub fn sha256(self) -> String {
        hex::encode(self.hash.finalize())
    }
}

impl<R: Read> Read for HashedInput<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_all_pieces_that_were_read() {
        let mut input = HashedInput::new(&b"abc"[..]);
        let mut piece = [0; 2];
        while input.read(&mut piece).unwrap() > 0 {}
        assert_eq!(input.sha256(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
