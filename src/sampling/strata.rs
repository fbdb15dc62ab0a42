//! What one draw from each stratum proves of all strata.
//!
//! `total` units lie in `drawn` strata whose sizes differ by one at most, and one unit of each is drawn. How the differing units are
//! spread over the strata is not known, so each bound holds for the spread that hides them best:
//!
//! - Nothing seen: the chance is the product of the strata's hypergeometric chances `(size − differing) / size`. It is largest where what
//!   remains is spread evenly, which gives it in closed form. A simple hypergeometric bound would be too low: drawing one of each
//!   stratum misses differences that are spread evenly a little more often than drawing anywhere.
//! - Something seen: the count is a sum of independent draws with unequal chances. W. Hoeffding, "On the Distribution of the Number of
//!   Successes in Independent Trials" (1956), theorem 4: below its mean less one and above its mean plus one its tails are no heavier than
//!   those of the binomial distribution with the same mean. So the limits of Clopper and Pearson hold, moved to where the theorem does.

use super::binomial;

/// The most of `total` units that may differ when `seen` of `drawn` do, except with the probability `alpha`.
pub fn upper(total: u64, drawn: u64, seen: u64, alpha: f64) -> u64 {
    if drawn == 0 {
        return total;
    }
    if seen == 0 {
        return upper_of_none(total, drawn, alpha);
    }
    let limit = binomial::upper_limit(seen, drawn, alpha).max((seen + 1) as f64 / drawn as f64);
    let most = (total.div_ceil(drawn) as f64 * drawn as f64 * limit).floor();
    // Of what was drawn, all but those seen are known to be equal.
    (most as u64).clamp(seen, total - (drawn - seen))
}

/// The least of `total` units that differ when `seen` of `drawn` do, except with the probability `alpha`.
pub fn lower(total: u64, drawn: u64, seen: u64, alpha: f64) -> u64 {
    if seen == 0 {
        return 0;
    }
    let limit = binomial::lower_limit(seen, drawn, alpha).min((seen - 1) as f64 / drawn as f64);
    (((total / drawn) as f64 * drawn as f64 * limit).ceil() as u64).clamp(seen, total)
}

fn upper_of_none(total: u64, drawn: u64, alpha: f64) -> u64 {
    let (mut low, mut high) = (0, total);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if chance_of_none(total, drawn, middle) > alpha { low = middle } else { high = middle - 1 }
    }
    low
}

/// The best chance that none of `differing` units is drawn.
fn chance_of_none(total: u64, drawn: u64, differing: u64) -> f64 {
    let even = |units: u64| {
        let (size, larger) = (units / drawn, units % drawn);
        match size {
            0 if larger < drawn => f64::NEG_INFINITY,
            _ => larger as f64 * ((size + 1) as f64).ln() + (drawn - larger) as f64 * (size as f64).ln(),
        }
    };
    (even(total - differing) - even(total)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The best chance over all spreads, by trying them.
    fn tried(sizes: &[u64], differing: u64) -> f64 {
        let Some((size, rest)) = sizes.split_first() else { return if differing == 0 { 1.0 } else { 0.0 } };
        (0..=differing.min(*size))
            .map(|here| (size - here) as f64 / *size as f64 * tried(rest, differing - here))
            .fold(0.0, f64::max)
    }

    #[test]
    fn no_spread_of_the_differences_hides_them_better() {
        for (total, sizes) in
            [(7, vec![2, 2, 3]), (9, vec![3, 3, 3]), (3, vec![1, 1, 1]), (6, vec![6]), (8, vec![1, 1, 2, 2, 2])]
        {
            for differing in 0..=total {
                let (formula, best) = (chance_of_none(total, sizes.len() as u64, differing), tried(&sizes, differing));
                assert!((formula - best).abs() < 1e-12, "{differing} of {total}: {formula}, {best}");
            }
        }
    }

    #[test]
    fn the_bounds_of_a_full_choice_are_the_truth() {
        for seen in 0..=10 {
            assert_eq!((lower(10, 10, seen, 0.025), upper(10, 10, seen, 0.05)), (seen, seen));
        }
        assert_eq!(upper(100, 0, 0, 0.05), 100);
    }

    #[test]
    fn nothing_seen_is_the_rule_of_three() {
        let most = upper(100_000, 1000, 0, 0.05);
        assert!((290..=300).contains(&most), "{most}");
        assert!(upper(100_000, 1000, 0, 0.01) > most);
    }
}
