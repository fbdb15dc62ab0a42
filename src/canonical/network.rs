//! Addresses of networks and of network cards.
//!
//! | bytes | value |
//! |---|---|
//! | `3A`, `04` or `06`, address, prefix length | IPv4 or IPv6 address or network; a lone address has all its bits as prefix |
//! | `3B`, count of bytes (6 or 8), bytes | MAC address |

use std::net::IpAddr;

const INET: u8 = 0x3A;
const MAC: u8 = 0x3B;

/// Appends an address, with a prefix length or without. False, and nothing appended, where `text` is none.
pub(super) fn push_inet(out: &mut Vec<u8>, text: &str) -> bool {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix {
        None => Some(bits),
        Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok(),
        Some(_) => None,
    };
    let Some(prefix) = prefix.filter(|prefix: &u8| *prefix <= bits) else { return false };
    out.push(INET);
    match address {
        IpAddr::V4(address) => {
            out.push(4);
            out.extend_from_slice(&address.octets());
        }
        IpAddr::V6(address) => {
            out.push(6);
            out.extend_from_slice(&address.octets());
        }
    }
    out.push(prefix);
    true
}

/// Appends a MAC address: two hexadecimal digits a byte, with colons, hyphens or dots anywhere between the bytes, or
/// without. False, and nothing appended, where `text` is none.
pub(super) fn push_mac(out: &mut Vec<u8>, text: &str) -> bool {
    let separators: Vec<u8> = text.bytes().filter(|b| matches!(b, b':' | b'-' | b'.')).collect();
    let uniform = separators.windows(2).all(|pair| pair[0] == pair[1]);
    let parts = text.split([':', '-', '.']);
    if !uniform || parts.clone().any(|part| part.is_empty() || part.len() % 2 == 1) {
        return false;
    }
    match hex::decode(parts.collect::<String>()) {
        Ok(bytes) if matches!(bytes.len(), 6 | 8) => {
            out.extend_from_slice(&[MAC, bytes.len() as u8]);
            out.extend_from_slice(&bytes);
            true
        }
        _ => false,
    }
}

/// An address as PostgreSQL writes it: the prefix length only where it is a network's (`always`) or not all bits.
pub fn inet_text(address: IpAddr, prefix: u8, always: bool) -> String {
    let host = match address {
        IpAddr::V6(v6) => match v6.segments() {
            // An IPv4 address in its old disguise, which Rust shows in hexadecimal.
            [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
                let [[a, b], [c, d]] = [high, low].map(u16::to_be_bytes);
                format!("::{a}.{b}.{c}.{d}")
            }
            _ => v6.to_string(),
        },
        IpAddr::V4(v4) => v4.to_string(),
    };
    let all = if address.is_ipv4() { 32 } else { 128 };
    if always || prefix != all { format!("{host}/{prefix}") } else { host }
}

/// A MAC address as PostgreSQL writes it.
pub fn mac_text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn inet(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(push_inet(&mut out, text), "{text}");
        out
    }

    fn mac(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(push_mac(&mut out, text), "{text}");
        out
    }

    #[test]
    fn an_address_is_the_same_in_every_spelling() {
        assert_eq!(inet("::1"), inet("0:0:0:0:0:0:0:1"));
        assert_eq!(inet("10.0.0.1"), inet("10.0.0.1/32"));
        assert_ne!(inet("10.0.0.1/24"), inet("10.0.0.1"));
        assert_ne!(inet("::ffff:1.2.3.4"), inet("1.2.3.4"));
        assert_eq!(mac("08:00:2b:01:02:03"), mac("08002B010203"));
        assert_eq!(mac("08:00:2b:01:02:03"), mac("0800.2b01.0203"));
        assert_ne!(mac("08:00:2b:01:02:03"), mac("08:00:2b:01:02:03:00:00"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in ["", "10.0.0", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/+1", "::1/129", "10.0.0.01", "a"] {
            assert!(!push_inet(&mut Vec::new(), wrong), "{wrong}");
        }
        for wrong in ["", "08:00", "08:00:2b:01:02:0g", "0:8:0:0:2:b", "08:00-2b:01:02:03", "08::00:2b:01:02:03"] {
            assert!(!push_mac(&mut Vec::new(), wrong), "{wrong}");
        }
    }

    #[test]
    fn addresses_are_shown_as_postgresql_shows_them() {
        let shown = |text: &str, prefix, always| inet_text(text.parse().unwrap(), prefix, always);
        assert_eq!(shown("10.0.0.1", 32, false), "10.0.0.1");
        assert_eq!(shown("10.0.0.1", 32, true), "10.0.0.1/32");
        assert_eq!(shown("10.0.0.0", 8, false), "10.0.0.0/8");
        assert_eq!(shown("::102:304", 128, false), "::1.2.3.4");
        assert_eq!(shown("::ffff:102:304", 128, false), "::ffff:1.2.3.4");
        assert_eq!(shown("::1", 128, false), "::1");
        assert_eq!(mac_text(&[8, 0, 0x2b, 1, 2, 3]), "08:00:2b:01:02:03");
    }

    proptest! {
        #[test]
        fn addresses_share_their_bytes_only_if_they_are_equal(
            one in (any::<bool>(), 0u32..3, 30u8..33), other in (any::<bool>(), 0u32..3, 30u8..33),
        ) {
            let text = |(six, host, prefix): (bool, u32, u8)| {
                let address = std::net::Ipv4Addr::from(host);
                let address = if six { IpAddr::V6(address.to_ipv6_compatible()) } else { IpAddr::V4(address) };
                inet_text(address, prefix, true)
            };
            prop_assert_eq!(inet(&text(one)) == inet(&text(other)), one == other);
        }
    }
}
