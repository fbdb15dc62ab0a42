//! Which known name a mistyped one probably means.

/// The known names that look most like `name`, best first, at most three.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    const ALIKE: f64 = 0.8;
    let asked = name.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|candidate| (likeness(&asked, &candidate.to_lowercase()), candidate))
        .filter(|(score, _)| *score >= ALIKE)
        .collect();
    scored.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(other.1)));
    scored.dedup_by(|one, other| one.1 == other.1);
    scored.truncate(3);
    scored.into_iter().map(|(_, candidate)| candidate).collect()
}

/// `; did you mean "a" or "b"?`, or nothing where no known name is near.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near: Vec<String> = nearest(name, known).into_iter().map(|candidate| format!("{candidate:?}")).collect();
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) }
}

/// Names with a prefix (`Europe/Berlin`, `public.orders`) are often asked for without it.
fn likeness(asked: &str, candidate: &str) -> f64 {
    let last = candidate.rsplit(['/', '.']).next().unwrap_or(candidate);
    strsim::jaro_winkler(asked, candidate).max(strsim::jaro_winkler(asked, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_name_that_was_meant() {
        let known = ["tables", "target", "time_zone", "memory"];
        assert_eq!(nearest("tabels", known).first(), Some(&"tables"));
        assert_eq!(did_you_mean("memroy", known), "; did you mean \"memory\"?");
    }

    #[test]
    fn a_name_without_its_prefix_finds_the_full_name() {
        assert_eq!(nearest("Berlin", ["Europe/Berlin", "Asia/Tokyo"]), ["Europe/Berlin"]);
    }

    #[test]
    fn nothing_is_suggested_where_nothing_is_alike() {
        assert_eq!(did_you_mean("zzz", ["orders", "customers"]), "");
    }
}
