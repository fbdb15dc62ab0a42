//! The clock: for the names of runs and the times in their reports, nowhere else.

use chrono::{NaiveDate, SecondsFormat, Utc};

/// Now, RFC 3339 in UTC.
pub(super) fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Now, fit for the name of a directory: `20261123T041500Z`.
pub(super) fn stamp() -> String {
    Utc::now().format("%Y%m%dT%H%M%SZ").to_string()
}

/// The day it is, in UTC.
pub(super) fn today() -> NaiveDate {
    Utc::now().date_naive()
}
