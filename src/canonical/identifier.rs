//! UUIDs: from text in every usual spelling, from 16 bytes, and their encoding.

const UUID: u8 = 0x38;

/// Appends a UUID in the byte order of its text form.
pub fn push(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(UUID);
    out.extend_from_slice(bytes);
}

/// Reads a UUID in upper or lower case, with or without hyphens or braces.
pub fn parse(text: &str) -> Option<[u8; 16]> {
    uuid::Uuid::try_parse(text).ok().map(|id| *id.as_bytes())
}
