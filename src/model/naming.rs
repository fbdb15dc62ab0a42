//! Which table or column a name means that somebody wrote in a config.

/// How near a written name is to what it means; the nearest is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// A pattern of this many letters (`*` and `?`) covers it.
    Pattern(usize),
    /// The same but for case and underscores.
    Underscores,
    /// The same but for case.
    Case,
    /// Letter for letter.
    Exact,
}

/// How a written name, or a pattern with `*` and `?`, fits one of the names that something has.
pub fn fit<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<Fit> {
    names.into_iter().filter_map(|name| fit_one(written, name)).max()
}

/// The position of the written name that fits best; of two that fit alike, the first.
pub fn best_fit<'a>(written: impl IntoIterator<Item = &'a str>, names: &[&str]) -> Option<usize> {
    let fits = written.into_iter().enumerate();
    let fits = fits.filter_map(|(at, written)| fit(written, names.iter().copied()).map(|fit| (fit, at)));
    fits.max_by_key(|(fit, at)| (*fit, std::cmp::Reverse(*at))).map(|(_, at)| at)
}

/// Whether this is a pattern rather than a name.
pub fn is_pattern(written: &str) -> bool {
    written.contains(['*', '?'])
}

/// Whether a pattern covers a name, whatever the case; one that is malformed covers none.
pub(super) fn covers(pattern: &str, name: &str) -> bool {
    let options = glob::MatchOptions { case_sensitive: false, ..glob::MatchOptions::new() };
    glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches_with(name, options))
}

/// All names a table goes by: as it is reported, and as the stores have it, with and without the schema.
pub fn names_of_table<'a>(name: &'a str, source: Option<&'a str>, target: Option<&'a str>) -> Vec<&'a str> {
    let mut names = vec![name];
    for stored in [source, target].into_iter().flatten() {
        names.push(stored);
        names.extend(stored.rsplit_once('.').map(|(_, bare)| bare));
    }
    names
}

fn fit_one(written: &str, name: &str) -> Option<Fit> {
    if is_pattern(written) {
        let letters = written.chars().filter(|c| !matches!(c, '*' | '?')).count();
        return covers(written, name).then_some(Fit::Pattern(letters));
    }
    if written == name {
        return Some(Fit::Exact);
    }
    let (written, name) = (written.to_lowercase(), name.to_lowercase());
    if written == name {
        return Some(Fit::Case);
    }
    (written.replace('_', "") == name.replace('_', "")).then_some(Fit::Underscores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_wins_and_patterns_come_last() {
        let names = names_of_table("order_items", Some("public.order_items"), Some("OrderItems"));
        assert_eq!(best_fit(["*", "order*", "orderitems"], &names), Some(2));
        assert_eq!(best_fit(["*", "order*"], &names), Some(1));
        assert_eq!(best_fit(["public.order_items"], &names), Some(0));
        assert_eq!(best_fit(["orders", "item*"], &names), None);
    }
}
