//! What signals said in, a rate out: additive increase, multiplicative decrease. Knows neither stores nor clocks.

/// What remains of the rate when a signal is over its limit.
const DECREASE: f64 = 0.5;
/// What is added with every reading that is within all limits, as a share of the full rate.
const INCREASE: f64 = 0.1;

/// What the signals said, taken together: the worst of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Heard {
    /// All are within their limits.
    Within,
    /// One is over its limit.
    Over,
    /// One could not be read: it may be anything.
    Nothing,
}

/// Finds the rate, in rows a second, at which all signals stay within their limits.
#[derive(Debug)]
pub struct Controller {
    floor: f64,
    /// `None`: as fast as it goes.
    rate: Option<f64>,
    /// The most that was seen to pass.
    fastest: f64,
}

impl Controller {
    /// One that starts without a limit and never goes below `floor` rows a second.
    pub fn new(floor: f64) -> Self {
        Self { floor, rate: None, fastest: 0.0 }
    }

    /// The rate after what was heard. `cap` is the most that may pass at all, `measured` what did pass since the last time.
    /// `None`: as fast as the cap lets it.
    pub fn step(&mut self, heard: Heard, measured: f64, cap: Option<f64>) -> Option<f64> {
        self.fastest = self.fastest.max(measured);
        let full = cap.unwrap_or(self.fastest).max(self.floor);
        self.rate = match (heard, self.rate) {
            // Fails closed: what is not known to be well is not to be made worse.
            (Heard::Nothing, _) => Some(self.floor),
            (Heard::Over, rate) => {
                // A rate that nobody reaches brakes nobody: what passes is halved.
                let now = rate.unwrap_or(full).min(measured.max(self.floor));
                Some((now * DECREASE).max(self.floor))
            }
            (Heard::Within, None) => None,
            (Heard::Within, Some(rate)) => {
                let next = rate + full * INCREASE;
                (next < full).then_some(next)
            }
        };
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_halves_what_passes_and_climbs_back_step_by_step() {
        let mut controller = Controller::new(100.0);
        assert_eq!(controller.step(Heard::Within, 8000.0, None), None);
        assert_eq!(controller.step(Heard::Over, 8000.0, None), Some(4000.0));
        assert_eq!(controller.step(Heard::Over, 4000.0, None), Some(2000.0));
        assert_eq!(controller.step(Heard::Within, 2000.0, None), Some(2800.0));
        let steps: Vec<_> = (0..10).map_while(|_| controller.step(Heard::Within, 2800.0, None)).collect();
        assert_eq!(steps.len(), 6, "{steps:?}");
    }

    #[test]
    fn a_signal_that_cannot_be_read_slows_to_the_floor_at_once() {
        let mut controller = Controller::new(100.0);
        assert_eq!(controller.step(Heard::Nothing, 1e6, Some(5000.0)), Some(100.0));
        assert_eq!(controller.step(Heard::Within, 100.0, Some(5000.0)), Some(600.0));
    }

    #[test]
    fn a_rate_that_nobody_reaches_is_not_what_is_halved() {
        let mut controller = Controller::new(10.0);
        assert_eq!(controller.step(Heard::Over, 300.0, Some(1e6)), Some(150.0));
    }

    fn heard() -> impl Strategy<Value = Heard> {
        prop::sample::select(vec![Heard::Within, Heard::Over, Heard::Nothing])
    }

    proptest! {
        #[test]
        fn whatever_it_hears_it_stays_above_its_floor_and_never_speeds_up_on_bad_news(
            floor in 1.0f64..1000.0,
            cap in prop::option::of(1000.0f64..1e6),
            heard in prop::collection::vec((heard(), 0.0f64..1e6), 1..60),
        ) {
            let mut controller = Controller::new(floor);
            let mut before: Option<f64> = None;
            for (heard, measured) in heard {
                let rate = controller.step(heard, measured, cap);
                if let Some(rate) = rate {
                    prop_assert!(rate >= floor && cap.is_none_or(|cap| rate <= cap.max(floor)));
                }
                let as_number = |rate: Option<f64>| rate.unwrap_or(f64::INFINITY);
                match heard {
                    Heard::Within => prop_assert!(as_number(rate) >= as_number(before)),
                    Heard::Over => prop_assert!(as_number(rate) <= as_number(before)),
                    Heard::Nothing => prop_assert_eq!(rate, Some(floor)),
                }
                before = rate;
            }
        }

        #[test]
        fn good_news_brings_it_back_to_full_speed_in_ten_readings(
            floor in 1.0f64..1000.0, cap in prop::option::of(1000.0f64..1e6), bad in prop::collection::vec(heard(), 0..30),
        ) {
            let mut controller = Controller::new(floor);
            for heard in bad {
                controller.step(heard, 5000.0, cap);
            }
            let last = (0..11).map(|_| controller.step(Heard::Within, 5000.0, cap)).last();
            prop_assert_eq!(last, Some(None));
        }
    }
}
