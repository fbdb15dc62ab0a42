//! Whether a store is the one it was, and has not gone back in its own history: by the coordinates of its snapshots.

use std::collections::{BTreeMap, HashMap};

/// What a store calls one of its moments: by name, for example `lsn`.
pub(super) type Coordinates = BTreeMap<String, String>;

/// What must be the same.
const IDENTITY: [&str; 6] = ["system_identifier", "timeline", "database", "server_uuid", "server_uid", "path"];

/// Why what was read `then` and what will be read `now` cannot stand in one run; `None` where they can.
pub(super) fn objection(then: &Coordinates, now: &Coordinates) -> Option<String> {
    for name in IDENTITY {
        let (was, is) = (then.get(name), now.get(name));
        if was.is_some() && was != is {
            let word = |value: Option<&String>| value.map_or("unknown", String::as_str).to_owned();
            return Some(format!("it is another store: its {name} was {}, and is {}", word(was), word(is)));
        }
    }
    for (name, was) in then {
        let name = name.strip_suffix("_soon_after").unwrap_or(name);
        let Some(reached) = position(name) else { continue };
        let is = now.get(name).or_else(|| now.get(&format!("{name}_soon_after")));
        match is.map(|is| (is, reached(was, is))) {
            Some((_, Some(true))) => {}
            Some((is, Some(false))) => {
                return Some(format!("it has gone back in its history: its {name} was {was}, and is {is}"));
            }
            Some((is, None)) if is == was => {}
            _ => {
                let is = is.map_or("unknown", String::as_str);
                return Some(format!("whether it has gone back cannot be told: its {name} was {was}, and is {is}"));
            }
        }
    }
    None
}

type Reached = fn(&str, &str) -> Option<bool>;

/// How two values of a coordinate are compared: whether the second has come as far as the first; `None` where it cannot be told.
fn position(name: &str) -> Option<Reached> {
    Some(match name {
        "lsn" => |was, is| Some(lsn(is)? >= lsn(was)?),
        "gtid_current_pos" => |was, is| {
            let is = mariadb(is)?;
            Some(mariadb(was)?.iter().all(|(domain, number)| is.get(domain).is_some_and(|reached| reached >= number)))
        },
        "gtid_executed" => |was, is| {
            let is = mysql(is)?;
            let reached = |source: &String, (from, to): &(u64, u64)| {
                is.get(source).is_some_and(|all| all.iter().any(|(first, last)| first <= from && to <= last))
            };
            Some(mysql(was)?.iter().all(|(source, all)| all.iter().all(|interval| reached(source, interval))))
        },
        "binlog" => |was, is| Some(binlog(is)? >= binlog(was)?),
        "file_change_counter" => |was, is| Some(is.parse::<u32>().ok()? >= was.parse::<u32>().ok()?),
        _ => return None,
    })
}

/// `16/B374D848`.
fn lsn(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    Some(u64::from_str_radix(high, 16).ok()? << 32 | u64::from(u32::from_str_radix(low, 16).ok()?))
}

/// `0-1-270,2-5-9`: the last number of each domain.
fn mariadb(text: &str) -> Option<HashMap<u32, u64>> {
    let gtid = |one: &str| {
        let mut parts = one.trim().split('-');
        let (domain, _server, number) = (parts.next()?, parts.next()?, parts.next()?);
        Some((domain.parse().ok()?, number.parse().ok()?))
    };
    text.split(',').filter(|one| !one.trim().is_empty()).map(gtid).collect()
}

/// `3E11FA47-…:1-5:11,…`: the intervals of each source, a tag counting as part of its name.
fn mysql(text: &str) -> Option<HashMap<String, Vec<(u64, u64)>>> {
    let mut all: HashMap<String, Vec<(u64, u64)>> = HashMap::new();
    for of_source in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        let mut parts = of_source.split(':');
        let uuid = parts.next()?.to_ascii_lowercase();
        let mut name = uuid.clone();
        for part in parts {
            if part.starts_with(|c: char| !c.is_ascii_digit()) {
                name = format!("{uuid}:{part}");
                continue;
            }
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            all.entry(name.clone()).or_default().push((from.parse().ok()?, to.parse().ok()?));
        }
    }
    Some(all)
}

/// `mariadb-bin.000012:4711`.
fn binlog(text: &str) -> Option<(u64, u64)> {
    let (file, at) = text.rsplit_once(':')?;
    Some((file.rsplit_once('.')?.1.parse().ok()?, at.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Coordinates {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn goes_on(name: &str, was: &str, is: &str) -> bool {
        objection(&of(&[(name, was)]), &of(&[(name, is)])).is_none()
    }

    #[test]
    fn a_store_that_went_on_is_taken_and_one_that_went_back_is_not() {
        for (name, earlier, later) in [
            ("lsn", "0/FFFFFFFF", "1/0"),
            ("lsn", "16/B374D848", "16/B374D849"),
            ("gtid_current_pos", "0-1-99", "0-1-100,1-7-3"),
            ("gtid_current_pos", "0-1-99,2-1-5", "0-2-100,2-1-5"),
            ("gtid_executed", "3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5", "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-9"),
            ("gtid_executed", "a:1-3:7,b:2", "a:1-9,\nb:1-2,c:1"),
            ("gtid_executed", "a:x:1-3", "a:1-2:x:1-4"),
            ("binlog", "mariadb-bin.000009:90", "mariadb-bin.000010:4"),
            ("file_change_counter", "9", "10"),
        ] {
            assert!(goes_on(name, earlier, earlier) && goes_on(name, earlier, later), "{name} {earlier} {later}");
            assert!(!goes_on(name, later, earlier), "{name} {later} {earlier}");
        }
        // A domain or a source that is gone is history that is gone.
        assert!(!goes_on("gtid_current_pos", "0-1-9,1-1-9", "0-1-10"));
        assert!(!goes_on("gtid_executed", "a:1-5,b:1", "a:1-9"));
        assert!(!goes_on("gtid_executed", "a:1-9", "a:1-4:6-12"));
    }

    #[test]
    fn what_cannot_be_told_is_refused_unless_it_is_the_same() {
        assert!(goes_on("lsn", "?", "?") && !goes_on("lsn", "?", "0/1"));
        assert!(objection(&of(&[("lsn", "0/1")]), &of(&[])).unwrap().contains("unknown"));
        assert!(objection(&of(&[("gtid_executed_soon_after", "a:1")]), &of(&[("gtid_executed", "a:1-2")])).is_none());
    }

    #[test]
    fn another_store_is_refused() {
        let was = of(&[("system_identifier", "7"), ("lsn", "0/5")]);
        let other = objection(&was, &of(&[("system_identifier", "8"), ("lsn", "0/9")])).unwrap();
        assert_eq!(other, "it is another store: its system_identifier was 7, and is 8");
        assert!(objection(&was, &of(&[("lsn", "0/9")])).is_some());
        // What a store has learnt to say since is no objection.
        assert!(objection(&of(&[("lsn", "0/5")]), &of(&[("system_identifier", "8"), ("lsn", "0/9")])).is_none());
    }
}
