//! What a sample proves, in words: the share that was compared, and what may differ in the rest. Never a bare match.

use super::words::{number, plural};
use crate::model::{SampleResult, SampleUnit, Summary, TableResult};

/// What the sample of a table proves; `None` where the table was compared in full from the start.
pub fn of_table(table: &TableResult) -> Option<String> {
    let sample = table.sample.as_ref()?;
    let compared = format!(
        "sample of {} of {}{}",
        number(sample.chosen),
        plural(sample.total, sample.unit.noun()),
        match sample.unit {
            SampleUnit::Ranges => " of the key",
            SampleUnit::Rows => ", by the hash of their key",
        }
    );
    if sample.escalated {
        return Some(format!("{compared}: it differed, so the table was compared in full"));
    }
    if table.rows.source.is_none() || table.rows.target.is_none() || table.rows.source.max(table.rows.target) == Some(0)
    {
        return Some(format!("{compared}: it proves nothing"));
    }
    Some(format!("{compared}: {}", proven(sample)))
}

fn proven(sample: &SampleResult) -> String {
    let unit = sample.unit.noun();
    if sample.chosen >= sample.total && sample.upper_99 * sample.total as f64 <= sample.differing as f64 + 0.5 {
        let differing = if sample.differing == 0 {
            "none differs".to_owned()
        } else {
            format!("{} differ", number(sample.differing))
        };
        return format!("{differing}, and there are no others");
    }
    if sample.differing == 0 {
        return format!(
            "none differs; with 95 % confidence at most {} of all {unit}s differ (with 99 %: {})",
            percent(sample.upper_95, f64::ceil),
            percent(sample.upper_99, f64::ceil)
        );
    }
    format!(
        "{} of them differ; of all {unit}s about {} differ, with 95 % confidence between {} and {}",
        number(sample.differing),
        percent(sample.estimate, f64::round),
        percent(sample.interval[0], f64::floor),
        percent(sample.interval[1], f64::ceil)
    )
}

/// That a run compared a sample, which, and by which seed; `None` for a full run.
pub fn of_run(summary: &Summary) -> Option<String> {
    let run = &summary.run;
    if run.mode != "sample" {
        return None;
    }
    let share = match run.sample.as_deref() {
        Some(proof) if proof.contains('@') => format!("A sample that is to prove {proof} of each table"),
        Some(share) => format!("A sample of {share} of each table"),
        None => "A sample of each table".to_owned(),
    };
    let seed = run.seed.map(|seed| format!(" (seed {seed})")).unwrap_or_default();
    let full =
        summary.tables.iter().filter(|table| table.sample.as_ref().is_some_and(|sample| sample.escalated)).count();
    let rest = match full {
        0 => "what was not chosen was not compared".to_owned(),
        _ => format!(
            "what was not chosen was not compared, but for {} compared in full because the sample differed",
            plural(full as u64, "table")
        ),
    };
    Some(format!("{share} was compared{seed}: {rest}."))
}

/// A share in percent with three digits, rounded as told.
fn percent(share: f64, rounded: fn(f64) -> f64) -> String {
    let percent = share * 100.0;
    if percent <= 0.0 {
        return "0 %".to_owned();
    }
    let digits = (2 - percent.log10().floor() as i32).clamp(0, 9);
    let scale = 10_f64.powi(digits);
    // What stands behind the ninth digit is the noise of the conversion.
    let value = rounded((percent * scale * 1e6).round() / 1e6) / scale;
    let text = format!("{value:.*}", digits as usize);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} %")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Pair;
    use crate::report::example;

    fn sampled(differing: u64) -> TableResult {
        let mut table = example::table("orders");
        table.sample = Some(SampleResult {
            unit: SampleUnit::Ranges,
            chosen: 22,
            total: 1953,
            differing,
            upper_95: 0.139_119,
            upper_99: 0.205,
            estimate: 0.1,
            interval: [0.012_39, 0.316_91],
            rows_read: Pair::new(11_264, 11_264),
            escalated: false,
        });
        table
    }

    #[test]
    fn nothing_found_is_a_bound_and_something_found_an_interval() {
        assert_eq!(
            of_table(&sampled(0)).unwrap(),
            "sample of 22 of 1,953 ranges of the key: none differs; with 95 % confidence at most 14 % of all ranges \
             differ (with 99 %: 20.5 %)"
        );
        assert_eq!(
            of_table(&sampled(2)).unwrap(),
            "sample of 22 of 1,953 ranges of the key: 2 of them differ; of all ranges about 10 % differ, with 95 % \
             confidence between 1.23 % and 31.7 %"
        );
        let mut full = sampled(2);
        full.sample.as_mut().unwrap().escalated = true;
        assert!(of_table(&full).unwrap().ends_with("so the table was compared in full"));
        let mut empty = sampled(0);
        empty.rows = Pair::new(Some(0), Some(0));
        assert!(of_table(&empty).unwrap().ends_with("it proves nothing"));
    }

    #[test]
    fn a_sampled_run_names_its_share_and_a_full_one_has_none() {
        let mut summary = example::matching();
        assert_eq!(of_run(&summary), None);
        summary.run.mode = "sample".into();
        summary.run.sample = Some("1%".into());
        summary.run.seed = Some(7);
        let text = of_run(&summary).unwrap();
        assert_eq!(text, "A sample of 1% of each table was compared (seed 7): what was not chosen was not compared.");
    }

    #[test]
    fn shares_are_never_rounded_to_the_better_side() {
        assert_eq!(percent(0.002_981, f64::ceil), "0.299 %");
        assert_eq!(percent(0.000_000_123, f64::floor), "0.0000123 %");
        assert_eq!((percent(0.0, f64::ceil), percent(1.0, f64::ceil)), ("0 %".into(), "100 %".into()));
    }
}
