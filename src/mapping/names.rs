//! Which name meets which: exactly; failing that without regard to case; failing that without case and underscores.

use std::collections::BTreeMap;

use crate::model::INEXACT_NAME;

/// How a name met its counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// Letter for letter.
    Exact,
    /// But for upper and lower case.
    Case,
    /// But for case and underscores.
    Underscores,
}

impl Nearness {
    /// From the nearest to the farthest.
    pub const ALL: [Nearness; 3] = [Nearness::Exact, Nearness::Case, Nearness::Underscores];

    /// What is to be told of a match that is not exact; `target` is the counterpart's name.
    pub fn finding(self, target: &str) -> Option<String> {
        let disregarded = match self {
            Nearness::Exact => return None,
            Nearness::Case => "case",
            Nearness::Underscores => "case and underscores",
        };
        Some(format!("{INEXACT_NAME}{target} in the target (matched without regard to {disregarded})"))
    }

    /// The name without what is disregarded.
    pub fn fold(self, name: &str) -> String {
        match self {
            Nearness::Exact => name.to_owned(),
            Nearness::Case => name.to_lowercase(),
            Nearness::Underscores => name.to_lowercase().replace('_', ""),
        }
    }
}

/// Names of the source and the positions of their counterparts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matches {
    /// For each source name the target's position, and how near the names are.
    pub counterparts: Vec<Option<(usize, Nearness)>>,
    /// Positions of target names that no source name met.
    pub left_over: Vec<usize>,
}

/// Two candidates for one name: the candidates on both sides, for the error that lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguous {
    /// Candidates in the source.
    pub source: Vec<String>,
    /// Candidates in the target.
    pub target: Vec<String>,
}

/// Matches names in three passes, each over the names that the one before left open.
pub fn match_names(source: &[&str], target: &[&str]) -> Result<Matches, Ambiguous> {
    let mut counterparts: Vec<Option<(usize, Nearness)>> = vec![None; source.len()];
    let mut taken = vec![false; target.len()];
    for nearness in Nearness::ALL {
        // BTreeMap: the first ambiguity reported is the same in every run.
        let mut groups: BTreeMap<String, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (at, name) in source.iter().enumerate().filter(|(at, _)| counterparts[*at].is_none()) {
            groups.entry(nearness.fold(name)).or_default().0.push(at);
        }
        for (at, name) in target.iter().enumerate().filter(|(at, _)| !taken[*at]) {
            groups.entry(nearness.fold(name)).or_default().1.push(at);
        }
        for (sources, targets) in groups.into_values() {
            match (sources.as_slice(), targets.as_slice()) {
                ([], _) | (_, []) => {}
                ([one], [other]) => {
                    counterparts[*one] = Some((*other, nearness));
                    taken[*other] = true;
                }
                _ => {
                    let names = |at: &[usize], all: &[&str]| at.iter().map(|i| all[*i].to_owned()).collect();
                    return Err(Ambiguous { source: names(&sources, source), target: names(&targets, target) });
                }
            }
        }
    }
    let left_over = (0..target.len()).filter(|at| !taken[*at]).collect();
    Ok(Matches { counterparts, left_over })
}

/// The known name that is nearest to `wanted`, if any is near: for hints.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= 1 + name.chars().count() / 3)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_meet_exactly_then_without_case_then_without_underscores() {
        let matches = match_names(&["id", "Title", "album_id", "extra"], &["AlbumId", "id", "TITLE", "other"]).unwrap();
        assert_eq!(
            matches.counterparts,
            [Some((1, Nearness::Exact)), Some((2, Nearness::Case)), Some((0, Nearness::Underscores)), None]
        );
        assert_eq!(matches.left_over, [3]);
    }

    #[test]
    fn an_exact_name_wins_over_a_near_one() {
        let matches = match_names(&["order"], &["Order", "order"]).unwrap();
        assert_eq!(matches.counterparts, [Some((1, Nearness::Exact))]);
        assert_eq!(matches.left_over, [0]);
    }

    #[test]
    fn two_candidates_are_an_error_that_lists_both() {
        let error = match_names(&["ORDER"], &["Order", "order"]).unwrap_err();
        assert_eq!(error.target, ["Order", "order"]);
        let error = match_names(&["a_b", "ab"], &["AB_"]).unwrap_err();
        assert_eq!(error.source, ["a_b", "ab"]);
    }

    #[test]
    fn the_nearest_name_is_offered_only_if_it_is_near() {
        assert_eq!(nearest("custmer", ["orders", "customer"]), Some("customer"));
        assert_eq!(nearest("zzz", ["orders", "customer"]), None);
    }
}
