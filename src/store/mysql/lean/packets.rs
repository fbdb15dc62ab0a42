//! Packets out of the bytes of a connection, without a copy for all but the largest.
//!
//! A packet is a length (three bytes), a number (one byte, counting up) and so many bytes. What is longer than 16 MiB
//! goes on in the packets that follow, up to the first that is shorter. Nothing is read here: the connection puts bytes
//! into [`Packets::space`] and takes packets out.

use std::ops::Range;

use super::super::trouble::Trouble;

/// Bytes that are asked for at once. The server sends pieces of 16 KiB and more; while we decode, several arrive.
const BUFFER_BYTES: usize = 256 << 10;
/// A packet of this length goes on in the next one.
const LENGTH_MAX: usize = 0xff_ffff;
/// What a large packet leaves allocated for the next one: rows of a few megabytes come in numbers.
const KEPT_BYTES_MAX: usize = 4 << 20;

/// Splits bytes into packets, whatever the sizes of the pieces in which they arrive.
pub(super) struct Packets {
    buffer: Vec<u8>,
    /// What has arrived and was not taken yet.
    start: usize,
    end: usize,
    /// A packet that does not fit into the buffer, or spans several.
    joined: Vec<u8>,
    /// Bytes of it that are still to come before the next header.
    missing: usize,
    /// Whether it goes on after that.
    goes_on: bool,
    /// Whether it has been handed out.
    is_whole: bool,
    /// The number the next packet must have.
    number: u8,
}

/// Where a packet lies, until more bytes are received or the next one is looked for.
pub(super) enum Found {
    /// Among the bytes received.
    InBuffer(Range<usize>),
    /// In a place of its own, because it is large.
    Joined,
}

impl Packets {
    pub fn new() -> Self {
        Self {
            buffer: vec![0; BUFFER_BYTES],
            start: 0,
            end: 0,
            joined: Vec::new(),
            missing: 0,
            goes_on: false,
            is_whole: false,
            number: 0,
        }
    }

    /// The number of the next packet in either direction; counts on.
    pub fn next_number(&mut self) -> u8 {
        let number = self.number;
        self.number = number.wrapping_add(1);
        number
    }

    /// Begins a new exchange. Fails where an answer to the last one is left over: it would be taken for the next one's.
    pub fn restart(&mut self) -> Result<(), Trouble> {
        if self.start < self.end || self.missing > 0 {
            return Err(Trouble::garbled("more than an answer"));
        }
        self.number = 0;
        Ok(())
    }

    /// Where the next bytes belong; never empty.
    pub fn space(&mut self) -> &mut [u8] {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        &mut self.buffer[self.end..]
    }

    /// So many bytes have been put into [`Self::space`].
    pub fn filled(&mut self, bytes: usize) {
        self.end = (self.end + bytes).min(self.buffer.len());
    }

    /// The next packet; `None` where more bytes are needed.
    pub fn next(&mut self) -> Result<Option<&[u8]>, Trouble> {
        Ok(match self.find()? {
            Some(found) => Some(self.at(found)),
            None => None,
        })
    }

    /// The packet that was found last.
    pub fn at(&self, found: Found) -> &[u8] {
        match found {
            Found::InBuffer(range) => &self.buffer[range],
            Found::Joined => &self.joined,
        }
    }

    /// Where the next packet lies; `None` where more bytes are needed.
    #[inline]
    pub fn find(&mut self) -> Result<Option<Found>, Trouble> {
        if self.is_whole {
            self.forget();
        }
        loop {
            if self.missing > 0 {
                let bytes = self.missing.min(self.end - self.start);
                self.joined.extend_from_slice(&self.buffer[self.start..self.start + bytes]);
                self.start += bytes;
                self.missing -= bytes;
                if self.missing > 0 {
                    return Ok(None);
                }
                if !self.goes_on {
                    self.is_whole = true;
                    return Ok(Some(Found::Joined));
                }
            }
            let Some([a, b, c, number]) = self.buffer[self.start..self.end].first_chunk() else { return Ok(None) };
            let length = usize::from(*a) | usize::from(*b) << 8 | usize::from(*c) << 16;
            if *number != self.number {
                return Err(Trouble::garbled("packets out of order"));
            }
            let fits = length + 4 <= self.buffer.len() && !self.goes_on;
            if fits && self.end - self.start < length + 4 {
                return Ok(None);
            }
            self.number = self.number.wrapping_add(1);
            self.start += 4;
            if fits {
                let range = self.start..self.start + length;
                self.start = range.end;
                return Ok(Some(Found::InBuffer(range)));
            }
            self.goes_on = length == LENGTH_MAX;
            self.missing = length;
            if length == 0 {
                self.is_whole = true;
                return Ok(Some(Found::Joined));
            }
            self.joined.reserve(length);
        }
    }

    #[cold]
    fn forget(&mut self) {
        self.is_whole = false;
        self.joined.clear();
        self.joined.shrink_to(KEPT_BYTES_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Packets of these contents, numbered from 0.
    fn sent(contents: &[Vec<u8>]) -> Vec<u8> {
        let (mut bytes, mut number) = (Vec::new(), 0u8);
        for content in contents {
            let mut chunks: Vec<&[u8]> = content.chunks(LENGTH_MAX).collect();
            if content.len().is_multiple_of(LENGTH_MAX) {
                chunks.push(&[]);
            }
            for chunk in chunks {
                bytes.extend_from_slice(&(chunk.len() as u32 | u32::from(number) << 24).to_le_bytes());
                bytes.extend_from_slice(chunk);
                number = number.wrapping_add(1);
            }
        }
        bytes
    }

    /// What comes out when the bytes arrive in pieces of these sizes, over and over.
    fn received(bytes: &[u8], pieces: &[usize]) -> Result<Vec<Vec<u8>>, Trouble> {
        let (mut packets, mut found, mut rest) = (Packets::new(), Vec::new(), bytes);
        for size in pieces.iter().cycle() {
            while let Some(packet) = packets.next()? {
                found.push(packet.to_vec());
            }
            if rest.is_empty() {
                break;
            }
            let space = packets.space();
            let size = rest.len().min(*size).min(space.len());
            space[..size].copy_from_slice(&rest[..size]);
            packets.filled(size);
            rest = &rest[size..];
        }
        Ok(found)
    }

    #[test]
    fn a_packet_of_several_is_joined() {
        for length in [BUFFER_BYTES - 5, BUFFER_BYTES - 4, BUFFER_BYTES, LENGTH_MAX - 1, LENGTH_MAX, LENGTH_MAX + 1] {
            let contents = vec![vec![1; 10], vec![7; length], Vec::new(), vec![2; 10]];
            assert_eq!(received(&sent(&contents), &[100_000]).unwrap(), contents, "{length}");
        }
        let contents = vec![vec![9; 2 * LENGTH_MAX], vec![8; 2 * LENGTH_MAX + 3]];
        assert_eq!(received(&sent(&contents), &[BUFFER_BYTES]).unwrap(), contents);
    }

    #[test]
    fn a_large_packet_leaves_little_behind() {
        let bytes = sent(&[vec![1; 40 << 20], vec![2]]);
        let (mut packets, mut rest) = (Packets::new(), &bytes[..]);
        let mut lengths = Vec::new();
        loop {
            while let Some(packet) = packets.next().unwrap() {
                lengths.push(packet.len());
            }
            if rest.is_empty() {
                break;
            }
            let space = packets.space();
            let size = rest.len().min(space.len());
            space[..size].copy_from_slice(&rest[..size]);
            packets.filled(size);
            rest = &rest[size..];
        }
        assert_eq!(lengths, [40 << 20, 1]);
        assert!(packets.joined.capacity() <= KEPT_BYTES_MAX);
    }

    #[test]
    fn a_packet_that_is_cut_short_never_comes_out() {
        let bytes = sent(&[vec![1; 50], vec![2; 300_000]]);
        for cut in [0, 3, 53, 54, 57, 58, 100, 300_000, bytes.len() - 1] {
            let whole = usize::from(cut >= 54);
            assert_eq!(received(&bytes[..cut], &[1000]).unwrap().len(), whole, "{cut}");
        }
    }

    #[test]
    fn a_packet_out_of_order_is_refused() {
        let mut bytes = sent(&[vec![1; 5], vec![2; 5]]);
        bytes[12] = 7;
        assert!(matches!(received(&bytes, &[100]), Err(Trouble::Garbled(_))));
    }

    #[test]
    fn what_is_left_over_is_no_answer_to_the_next_question() {
        let mut packets = Packets::new();
        packets.space()[..9].copy_from_slice(&[1, 0, 0, 0, 5, 1, 0, 0, 1]);
        packets.filled(9);
        assert!(packets.next().unwrap().is_some());
        assert!(packets.restart().is_err());
    }

    proptest! {
        #[test]
        fn packets_come_out_as_they_were_sent(
            contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..600),
            pieces in prop::collection::vec(1usize..5000, 1..20),
        ) {
            prop_assert_eq!(received(&sent(&contents), &pieces).unwrap(), contents);
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..3000), piece in 1usize..2000) {
            let _ = received(&bytes, &[piece]);
        }
    }
}
