//! What is written about samples: `1%`, `0.1%@95%`, and what belongs together.

use std::hash::{BuildHasher, Hasher, RandomState};

use super::Mode;
use crate::error::{Error, Result};
use crate::model::{SampleSize, Sampling};

/// What was written, of the file or of the command line.
#[derive(Debug, Clone, Default)]
pub(super) struct WrittenSampling {
    pub mode: Option<Mode>,
    pub sample: Option<String>,
    pub sample_for: Option<String>,
    pub seed: Option<u64>,
    pub escalate: Option<bool>,
}

impl WrittenSampling {
    /// Takes from `lower` what is not written here. A size in one form replaces one in the other.
    pub fn over(mut self, lower: Self) -> Self {
        // A full comparison that is asked for here takes nothing of a sample from there.
        if self.mode == Some(Mode::Full) {
            return self;
        }
        if self.sample.is_none() && self.sample_for.is_none() {
            (self.sample, self.sample_for) = (lower.sample, lower.sample_for);
        }
        Self {
            mode: self.mode.or(lower.mode),
            seed: self.seed.or(lower.seed),
            escalate: self.escalate.or(lower.escalate),
            ..self
        }
    }

    /// The sample that is meant; `None` compares in full. A seed that is not given is drawn.
    pub fn meant(&self) -> Result<Option<Sampling>> {
        if self.mode != Some(Mode::Sample) {
            let given = [
                ("sample", self.sample.is_some()),
                ("sample-for", self.sample_for.is_some()),
                ("seed", self.seed.is_some()),
                ("escalate", self.escalate == Some(true)),
            ];
            return match given.iter().find(|(_, given)| *given) {
                Some((name, _)) => Err(Error::usage(format!("{name} says how to sample, but the mode is full"))
                    .hint("ask for a sample with --mode sample (in the config: mode = \"sample\")")),
                None => Ok(None),
            };
        }
        let size = match (&self.sample, &self.sample_for) {
            (Some(share), None) => parse_share(share)?,
            (None, Some(proof)) => parse_proof(proof)?,
            (Some(_), Some(_)) => {
                return Err(Error::usage("sample and sample-for both say how much to sample").hint("give one of them"));
            }
            (None, None) => {
                return Err(Error::usage("mode sample needs to know how much")
                    .hint("give a share, --sample 1%, or what it is to prove, --sample-for 0.1%@95%"));
            }
        };
        let seed = self.seed.unwrap_or_else(drawn_seed);
        Ok(Some(Sampling { size, seed, escalate: self.escalate == Some(true) }))
    }
}

/// A share such as `1%` or `0.01`.
pub(super) fn parse_share(text: &str) -> Result<SampleSize> {
    match share(text).filter(|share| *share > 0.0 && *share <= 1.0) {
        Some(share) => Ok(SampleSize::Share(share, text.trim().to_owned())),
        None => Err(Error::usage(format!("{text:?} is no share"))
            .hint("write a percentage above 0% and up to 100%, for example 1%")),
    }
}

/// A bound and a confidence such as `0.1%@95%`.
pub(super) fn parse_proof(text: &str) -> Result<SampleSize> {
    let inside = |text: &str| share(text).filter(|share| *share > 0.0 && *share < 1.0);
    let parsed = text.split_once('@').and_then(|(bound, confidence)| Some((inside(bound)?, inside(confidence)?)));
    match parsed {
        Some((bound, confidence)) => Ok(SampleSize::Proof { bound, confidence, written: text.trim().to_owned() }),
        None => Err(Error::usage(format!("{text:?} is no bound with a confidence"))
            .hint("write the share that may not be exceeded and the confidence, for example 0.1%@95%")),
    }
}

fn share(text: &str) -> Option<f64> {
    let text = text.trim();
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    match text.strip_suffix('%') {
        Some(percent) => Some(number(percent)? / 100.0),
        None => number(text),
    }
}

/// Short enough for every reader of JSON to keep it whole.
fn drawn_seed() -> u64 {
    RandomState::new().build_hasher().finish() >> 11
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_proofs_are_read_as_they_are_written() {
        assert_eq!(parse_share("1%").unwrap(), SampleSize::Share(0.01, "1%".into()));
        assert_eq!(parse_share("0.5").unwrap(), SampleSize::Share(0.5, "0.5".into()));
        let proof = SampleSize::Proof { bound: 0.001, confidence: 0.95, written: "0.1%@95%".into() };
        assert_eq!(parse_proof("0.1%@95%").unwrap(), proof);
        for text in ["", "0%", "101%", "-1%", "x", "NaN", "1%%", "5"] {
            assert!(parse_share(text).is_err(), "{text:?}");
        }
        for text in ["0.1%", "0.1%@", "0@95%", "1%@100%", "1%@95"] {
            assert!(parse_proof(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_command_line_goes_before_the_file_and_full_before_a_sample() {
        let file = WrittenSampling {
            mode: Some(Mode::Sample),
            sample: Some("1%".into()),
            seed: Some(3),
            escalate: Some(true),
            ..Default::default()
        };
        let line = WrittenSampling { sample_for: Some("1%@99%".into()), ..Default::default() };
        let meant = line.over(file.clone()).meant().unwrap().unwrap();
        assert_eq!((meant.size.written(), meant.seed, meant.escalate), ("1%@99%", 3, true));
        let full = WrittenSampling { mode: Some(Mode::Full), ..Default::default() };
        assert_eq!(full.over(file).meant().unwrap(), None);
    }

    #[test]
    fn a_drawn_seed_is_kept_by_every_reader_of_json() {
        let asked = WrittenSampling { mode: Some(Mode::Sample), sample: Some("1%".into()), ..Default::default() };
        assert!(asked.meant().unwrap().unwrap().seed < 1 << 53);
    }
}
