//! The binomial distribution, exact to about twelve digits at any size.
//!
//! The probabilities are those of C. Loader, "Fast and Accurate Computation of Binomial Probabilities" (2000), which R uses as well:
//! the terms that cancel are never formed. Tails are sums of them from the end towards the smaller ones.

use std::f64::consts::PI;

/// P(X ≤ x) of `n` draws with the probability `p`.
pub fn at_most(x: u64, n: u64, p: f64) -> f64 {
    if x >= n || p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    if (x as f64) <= n as f64 * p { downwards(x, n, p) } else { 1.0 - upwards(x + 1, n, p) }
}

/// P(X ≥ x) of `n` draws with the probability `p`.
pub fn at_least(x: u64, n: u64, p: f64) -> f64 {
    if x == 0 {
        return 1.0;
    }
    if x > n || p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    if (x as f64) >= n as f64 * p { upwards(x, n, p) } else { 1.0 - downwards(x - 1, n, p) }
}

/// The probability under which at most `x` of `n` is as rare as `alpha`: the upper limit of Clopper and Pearson.
pub fn upper_limit(x: u64, n: u64, alpha: f64) -> f64 {
    if x >= n {
        return 1.0;
    }
    // The upper end of the last interval, so that rounding never makes the limit too low.
    bisect(|p| at_most(x, n, p) > alpha).1
}

/// The probability under which at least `x` of `n` is as rare as `alpha`: the lower limit of Clopper and Pearson.
pub fn lower_limit(x: u64, n: u64, alpha: f64) -> f64 {
    if x == 0 {
        return 0.0;
    }
    bisect(|p| at_least(x, n, p) <= alpha).0
}

/// Where `holds` ends, between two neighbouring numbers.
fn bisect(holds: impl Fn(f64) -> bool) -> (f64, f64) {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if holds(middle) { low = middle } else { high = middle }
    }
    (low, high)
}

fn downwards(x: u64, n: u64, p: f64) -> f64 {
    let (mut term, mut k) = (probability(x, n, p), x as f64);
    let (mut sum, odds, n) = (term, (1.0 - p) / p, n as f64);
    while k > 0.0 && term > sum * 1e-18 {
        term *= k / (n - k + 1.0) * odds;
        k -= 1.0;
        sum += term;
    }
    sum.min(1.0)
}

fn upwards(x: u64, n: u64, p: f64) -> f64 {
    let (mut term, mut k) = (probability(x, n, p), x as f64);
    let (mut sum, odds, n) = (term, p / (1.0 - p), n as f64);
    while k < n && term > sum * 1e-18 {
        term *= (n - k) / (k + 1.0) * odds;
        k += 1.0;
        sum += term;
    }
    sum.min(1.0)
}

/// P(X = x), for 0 < p < 1.
fn probability(x: u64, n: u64, p: f64) -> f64 {
    let (k, total) = (x as f64, n as f64);
    if x == 0 {
        return (total * (-p).ln_1p()).exp();
    }
    if x == n {
        return (total * p.ln()).exp();
    }
    let exponent = stirling_error(n)
        - stirling_error(x)
        - stirling_error(n - x)
        - deviance(k, total * p)
        - deviance(total - k, total * (1.0 - p));
    let scale = (2.0 * PI).ln() + k.ln() + (-k / total).ln_1p();
    (exponent - 0.5 * scale).exp()
}

/// ln n! less Stirling's formula for it.
fn stirling_error(n: u64) -> f64 {
    let x = n as f64;
    if n <= 15 {
        let factorial: f64 = (2..=n).map(|k| (k as f64).ln()).sum();
        return factorial - (x + 0.5) * x.ln() + x - 0.5 * (2.0 * PI).ln();
    }
    let square = x * x;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / x
}

/// x ln(x / mean) + mean − x, without cancellation where the two are near.
fn deviance(x: f64, mean: f64) -> f64 {
    if (x - mean).abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() + mean - x;
    }
    let ratio = (x - mean) / (x + mean);
    let mut sum = (x - mean) * ratio;
    let mut term = 2.0 * x * ratio;
    for j in 1..1000 {
        term *= ratio * ratio;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() <= 1e-11 * other.abs().max(1e-300)
    }

    #[test]
    fn the_probabilities_are_those_of_pascals_triangle() {
        let mut row = vec![1.0_f64];
        for n in 1..=60_u64 {
            row = (0..=n as usize)
                .map(|k| row.get(k).copied().unwrap_or(0.0) + k.checked_sub(1).map_or(0.0, |k| row[k]))
                .collect();
            for p in [0.001, 0.3, 0.5, 0.97] {
                let mut sum = 0.0;
                for (k, ways) in row.iter().enumerate() {
                    let expected = ways * f64::powi(p, k as i32) * f64::powi(1.0 - p, n as i32 - k as i32);
                    assert!(near(probability(k as u64, n, p), expected), "{k} of {n} at {p}");
                    sum += expected;
                    assert!((at_most(k as u64, n, p) - sum).abs() < 1e-12);
                    assert!((at_least(k as u64 + 1, n, p) - (1.0 - sum)).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn the_limits_are_those_of_the_tables() {
        // R: binom.test(3, 20)$conf.int, binom.test(0, 100, alternative = "less"), binom.test(50, 1000).
        let rounded = |x: f64| (x * 1e7).round() / 1e7;
        assert_eq!(rounded(lower_limit(3, 20, 0.025)), 0.032_070_9);
        assert_eq!(rounded(upper_limit(3, 20, 0.025)), 0.378_926_8);
        assert_eq!(rounded(upper_limit(0, 100, 0.05)), rounded(1.0 - 0.05_f64.powf(0.01)));
        assert_eq!((lower_limit(0, 9, 0.05), upper_limit(9, 9, 0.05)), (0.0, 1.0));
    }

    #[test]
    fn large_numbers_are_no_trouble() {
        // The median of a binomial distribution lies at its mean.
        let half = at_most(500_000_000, 1_000_000_000, 0.5);
        assert!((half - 0.5).abs() < 1e-4, "{half}");
        assert!(at_most(0, 1 << 40, 1e-12) > 0.3 && at_least(1 << 39, 1 << 40, 0.4) < 1e-300);
    }
}
