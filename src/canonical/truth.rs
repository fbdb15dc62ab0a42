//! Truth values: their encoding and their text.

const FALSE: u8 = 0x20;
const TRUE: u8 = 0x21;

/// Appends a truth value.
pub(super) fn push(out: &mut Vec<u8>, value: bool) {
    out.push(byte(value));
}

/// The encoding of a truth value.
pub(super) fn byte(value: bool) -> u8 {
    if value { TRUE } else { FALSE }
}

/// `t`, `true`, `1` and `f`, `false`, `0`, in any case: what PostgreSQL's COPY, MySQL and most exports write.
pub(super) fn parse(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "t" | "true" | "1" => Some(true),
        "f" | "false" | "0" => Some(false),
        _ => None,
    }
}
