//! Time zones by their IANA name.

use chrono_tz::Tz;

use super::nearest::did_you_mean;
use crate::error::{Error, Result};

/// The zone of this IANA name, for example `Europe/Berlin`.
pub fn parse_zone(name: &str) -> Result<Tz> {
    name.parse().map_err(|_| {
        let near = did_you_mean(name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
        Error::usage(format!("unknown time zone {name:?}{near}"))
            .hint("zones have IANA names, for example \"UTC\" or \"Europe/Berlin\"")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_zone_names_the_zone_that_was_meant() {
        assert_eq!(parse_zone("Europe/Berlin").unwrap(), Tz::Europe__Berlin);
        let error = parse_zone("Europe/Berln").unwrap_err().to_string();
        assert!(error.contains("\"Europe/Berlin\""), "{error}");
        assert!(parse_zone("Berlin").unwrap_err().to_string().contains("\"Europe/Berlin\""));
    }
}
