//! What a target is known by to have what its source has: where it replicates from it, the source's coordinate.

use std::collections::BTreeMap;

/// A coordinate of the source that a target is to pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// A standby of PostgreSQL has replayed the write-ahead log up to this LSN.
    Replayed(String),
    /// Subscribers of PostgreSQL have confirmed to these replication slots that they hold all that was committed before the LSN.
    Confirmed {
        /// The LSN.
        lsn: String,
        /// The slots, by name.
        slots: Vec<String>,
    },
    /// A replica of MySQL or MariaDB has applied these transactions.
    Applied(String),
}

impl Mark {
    /// The coordinate.
    pub fn coordinate(&self) -> &str {
        match self {
            Mark::Replayed(lsn) | Mark::Confirmed { lsn, .. } => lsn,
            Mark::Applied(gtid) => gtid,
        }
    }

    /// How it is known that it was passed, in words for the report.
    pub fn described(&self) -> String {
        match self {
            Mark::Replayed(_) => "the standby has replayed the source's write-ahead log".into(),
            Mark::Confirmed { slots, .. } => {
                format!("the subscriber has confirmed to the replication slot {}", slots.join(", "))
            }
            Mark::Applied(_) => "the replica has applied the source's transactions (GTID)".into(),
        }
    }
}

/// Where in its history a source's snapshot stands, by name.
pub type Coordinates = BTreeMap<String, String>;

/// The LSN at which the record ends after which the next one begins at `lsn`. Right behind the header of a page (24 bytes, or 40 at
/// the beginning of a segment) nothing can end: there the last record ends where the page before it does.
pub(super) fn end_of_last_record(lsn: &str) -> Option<String> {
    const PAGE_BYTES: u64 = 8192;
    let (high, low) = lsn.split_once('/')?;
    let at = u64::from_str_radix(high, 16).ok()? << 32 | u64::from_str_radix(low, 16).ok()?;
    let at = if matches!(at % PAGE_BYTES, 24 | 40) { at - at % PAGE_BYTES } else { at };
    Some(format!("{:X}/{:X}", at >> 32, at & 0xFFFF_FFFF))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_behind_the_header_of_a_page_the_last_record_ends_with_the_page_before() {
        assert_eq!(end_of_last_record("0/3000060").unwrap(), "0/3000060");
        assert_eq!(end_of_last_record("1/4002018").unwrap(), "1/4002000");
        assert_eq!(end_of_last_record("1/4000028").unwrap(), "1/4000000");
        assert_eq!(end_of_last_record(""), None);
    }
}
