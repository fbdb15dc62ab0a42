//! Tries again what failed for the moment, after waits that grow; and gives up on what is silent for too long.

use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use crate::config::Options;
use crate::error::{Error, Result};
use crate::model::{Progress, RetryPlan, Silent};

/// The plan of retries, and who is told of them.
#[derive(Clone)]
pub(super) struct Retry {
    plan: RetryPlan,
    progress: Arc<dyn Progress>,
    /// Whether the words of a store may be told.
    tells_words: bool,
    /// From 0 to 1, another one at each call.
    chance: fn() -> f64,
}

impl Retry {
    /// As the options say.
    pub fn new(options: &Options, progress: Arc<dyn Progress>) -> Self {
        Self { plan: options.retry, progress, tells_words: options.values.shows_all(), chance: drawn }
    }

    /// No retries, and nobody is told.
    pub fn never() -> Self {
        let plan = RetryPlan { times: 0, ..RetryPlan::default() };
        Self { plan, progress: Arc::new(Silent), tells_words: true, chance: drawn }
    }

    /// The same for the first contact with a store, where the plan may ask for no patience.
    pub fn at_first_contact(&self) -> Self {
        let times = if self.plan.first_contact { self.plan.times } else { 0 };
        Self { plan: RetryPlan { times, ..self.plan }, ..self.clone() }
    }

    /// Attempts `what` until it succeeds, fails for good, or has failed too often.
    pub async fn of<T, F: Future<Output = Result<T>>>(&self, what: &str, mut attempt: impl FnMut() -> F) -> Result<T> {
        let mut retry = 0;
        loop {
            match self.in_time(attempt()).await {
                Err(error) if error.is_transient() && self.again(what, retry, &error).await => retry += 1,
                outcome => return outcome,
            }
        }
    }

    /// After a failure: waits as long as the plan says before the retry of this number, which counts from 0. `false` where there is
    /// none any more.
    pub async fn again(&self, what: &str, retry: u32, error: &Error) -> bool {
        let Some(wait) = self.plan.wait(retry, (self.chance)()) else { return false };
        let said = error.restated(error.kind());
        let said = if self.tells_words { said } else { said.without_words() };
        let (number, times, seconds) = (retry + 1, self.plan.times, wait.as_secs_f64());
        self.progress.note(&format!("{what}: {said}; retry {number} of {times} in {seconds:.1} s"));
        tokio::time::sleep(wait).await;
        true
    }

    /// The outcome of a question to a store, or an error once it has been waited for too long.
    pub async fn in_time<T>(&self, question: impl Future<Output = Result<T>>) -> Result<T> {
        let limit = self.plan.silence_max;
        tokio::time::timeout(limit, question).await.unwrap_or_else(|_| Err(silent(limit)))
    }

    /// How long a store may be silent.
    pub fn silence_max(&self) -> Duration {
        self.plan.silence_max
    }
}

/// The error of a store that does not answer any more.
pub(super) fn silent(limit: Duration) -> Error {
    let limit = humantime::format_duration(limit);
    Error::store(format!("the store has sent nothing for {limit}, although its connection looks open"))
        .hint(
            "look for a firewall that drops idle connections, and for locks; where statements take that long, raise silence_max \
             in [retry] of the config",
        )
        .transient(true)
}

/// From 0 to 1, another one at each call.
pub(super) fn drawn() -> f64 {
    (RandomState::new().build_hasher().finish() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Mutex;

    use super::*;
    use crate::model::Side;

    #[derive(Default)]
    struct Told(Mutex<Vec<String>>);

    impl Progress for Told {
        fn table_started(&self, _: Side, _: &str, _: Option<u64>) {}
        fn rows(&self, _: Side, _: &str, _: u64) {}
        fn table_finished(&self, _: Side, _: &str) {}
        fn stage(&self, _: &str, _: &str) {}
        fn note(&self, message: &str) {
            self.0.lock().unwrap().push(message.to_owned());
        }
    }

    fn retry(times: u32, told: Arc<Told>) -> Retry {
        let first_wait = Duration::from_millis(2);
        let silence_max = Duration::from_millis(200);
        let plan = RetryPlan { times, first_wait, silence_max, ..RetryPlan::default() };
        Retry { plan, progress: told, tells_words: true, chance: || 0.0 }
    }

    async fn attempts(times: u32, fails: u32, transient: bool) -> (Result<u32>, u32, Vec<String>) {
        let (told, made) = (Arc::new(Told::default()), Cell::new(0));
        let outcome = retry(times, told.clone())
            .of("db1", || {
                made.set(made.get() + 1);
                let this = made.get();
                async move { if this > fails { Ok(this) } else { Err(Error::store("it broke").transient(transient)) } }
            })
            .await;
        let told = told.0.lock().unwrap().clone();
        (outcome, made.get(), told)
    }

    #[tokio::test]
    async fn what_failed_for_the_moment_is_tried_again_and_told() {
        let (outcome, made, told) = attempts(3, 2, true).await;
        assert_eq!((outcome.unwrap(), made), (3, 3));
        assert_eq!(told, ["db1: it broke; retry 1 of 3 in 0.0 s", "db1: it broke; retry 2 of 3 in 0.0 s"]);
    }

    #[tokio::test]
    async fn what_fails_for_good_or_too_often_is_given_up() {
        let (outcome, made, told) = attempts(3, 9, false).await;
        assert!(outcome.is_err() && made == 1 && told.is_empty());
        let (outcome, made, told) = attempts(3, 9, true).await;
        assert!(outcome.is_err() && made == 4 && told.len() == 3);
        let (outcome, made, _) = attempts(0, 1, true).await;
        assert!(outcome.is_err() && made == 1);
    }

    #[tokio::test]
    async fn a_question_without_an_answer_is_given_up() {
        let outcome: Result<()> = retry(0, Arc::default()).of("db1", std::future::pending).await;
        let error = outcome.unwrap_err();
        assert!(error.is_transient() && error.to_string().contains("nothing for 200ms"), "{error}");
    }

    #[tokio::test]
    async fn only_a_plan_that_says_so_is_patient_at_the_first_contact() {
        let mut retry = retry(4, Arc::default());
        assert_eq!(retry.at_first_contact().plan.times, 0);
        retry.plan.first_contact = true;
        assert_eq!(retry.at_first_contact().plan.times, 4);
    }

    #[test]
    fn chance_lies_between_nothing_and_one() {
        assert!((0..100).all(|_| (0.0..1.0).contains(&drawn())));
    }
}
