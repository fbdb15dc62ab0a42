//! What the signals of a run said, for its summary.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Signal;

/// What was heard in the course of a run.
#[derive(Debug, Default)]
pub struct Watched {
    signals: BTreeMap<String, Said>,
    slowed: Duration,
    slowest: Option<f64>,
}

#[derive(Debug, Default)]
struct Said {
    max: f64,
    asked: u64,
    over: u64,
    highest: f64,
    unread: u64,
    trouble: String,
}

impl Watched {
    /// Notes what a signal said, or why it could not be read.
    pub fn heard(&mut self, signal: &Signal, said: Result<f64, String>) {
        let entry = self.signals.entry(signal.kind.name().to_owned()).or_default();
        entry.max = signal.max;
        entry.asked += 1;
        match said {
            Ok(value) => {
                entry.highest = entry.highest.max(value);
                entry.over += u64::from(value > signal.max);
            }
            Err(trouble) => {
                entry.unread += 1;
                entry.trouble = trouble;
            }
        }
    }

    /// Notes that for so long no more than `rate` rows a second were let through because of a signal.
    pub fn slowed(&mut self, rate: f64, time: Duration) {
        self.slowed += time;
        self.slowest = Some(self.slowest.map_or(rate, |slowest| slowest.min(rate)));
    }

    /// What the user should know, a sentence each; nothing where all went well.
    pub fn findings(&self) -> Vec<String> {
        let mut findings = Vec::new();
        for (name, said) in &self.signals {
            let Said { max, asked, over, highest, unread, trouble } = said;
            if *unread > 0 {
                findings.push(format!(
                    "signal {name} could not be read {unread} of {asked} times, which counts as over its limit: {trouble}"
                ));
            }
            if *over > 0 {
                findings.push(format!(
                    "signal {name} was over its limit of {max} {over} of {asked} times, at most {}",
                    (highest * 100.0).round() / 100.0
                ));
            }
        }
        if let Some(slowest) = self.slowest {
            findings.push(format!(
                "slowed down by signals for {:.0} s, at the slowest to {slowest:.0} rows a second",
                self.slowed.as_secs_f64()
            ));
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::throttle::SignalKind;

    #[test]
    fn what_went_well_is_not_worth_a_word_and_all_else_is() {
        let mut watched = Watched::default();
        let signal = Signal { kind: SignalKind::ThreadsRunning, max: 8.0 };
        watched.heard(&signal, Ok(8.0));
        assert!(watched.findings().is_empty());
        watched.heard(&signal, Ok(12.0));
        watched.heard(&signal, Err("no answer".into()));
        watched.slowed(1000.0, Duration::from_secs(4));
        assert_eq!(
            watched.findings(),
            [
                "signal threads_running could not be read 1 of 3 times, which counts as over its limit: no answer",
                "signal threads_running was over its limit of 8 1 of 3 times, at most 12",
                "slowed down by signals for 4 s, at the slowest to 1000 rows a second"
            ]
        );
    }
}
