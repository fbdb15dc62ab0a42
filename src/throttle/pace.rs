//! Where the readers of a side wait.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::batch_size::BatchSize;
use super::bucket::Bucket;
use super::latency::Latency;
use super::{Caps, LoadPlan};
use crate::error::{Error, Result};

/// How often somebody who waits looks whether the rate has changed, or nobody wants the rows any more.
const LOOK_UP: Duration = Duration::from_millis(100);

/// The pace of all readers of one side together.
pub struct Pace {
    batch_rows_max: u64,
    batch_seconds: f64,
    /// Whether there is a rate to wait for; without one a batch costs no lock.
    is_limited: AtomicBool,
    state: Mutex<State>,
    rows_read: AtomicU64,
    stopped: OnceLock<Stopped>,
    told: Notify,
}

struct State {
    caps: Caps,
    /// The rate that the signals allow.
    throttle: Option<f64>,
    rows: Bucket,
    bytes: Bucket,
    latencies: HashMap<String, Arc<Mutex<Latency>>>,
}

struct Stopped {
    what: String,
    hint: String,
}

impl Pace {
    /// The pace that a plan sets; the caps are those of its peak where it has one, until [`Self::set`] says which hold.
    pub fn new(plan: &LoadPlan) -> Arc<Self> {
        let caps = plan.peak.as_ref().map_or(plan.caps, |peak| peak.caps);
        let now = Instant::now();
        Arc::new(Self {
            batch_rows_max: plan.batch_rows_max.max(1),
            batch_seconds: plan.batch_seconds,
            is_limited: AtomicBool::new(caps != Caps::default()),
            state: Mutex::new(State {
                caps,
                throttle: None,
                rows: Bucket::new(caps.rows_per_second, now),
                bytes: Bucket::new(caps.bytes_per_second, now),
                latencies: HashMap::new(),
            }),
            rows_read: AtomicU64::new(0),
            stopped: OnceLock::new(),
            told: Notify::new(),
        })
    }

    /// The stream of one reader; those of one `table` share what is usual for it.
    pub fn stream(self: &Arc<Self>, table: &str) -> Stream {
        let latency = self.state().latencies.entry(table.to_owned()).or_default().clone();
        let size = BatchSize::new(self.batch_rows_max, self.batch_seconds);
        Stream {
            pace: self.clone(),
            latency,
            batch_rows: AtomicU64::new(size.rows()),
            turn: Mutex::new(Turn { size, begun: Instant::now(), is_first: true }),
        }
    }

    /// Sets the caps of the hour and the rate that the signals allow.
    pub fn set(&self, caps: Caps, throttle: Option<f64>) {
        let now = Instant::now();
        let mut state = self.state();
        (state.caps, state.throttle) = (caps, throttle);
        let (rows, bytes) = (state.rows_per_second(), caps.bytes_per_second);
        state.rows.set_rate(rows, now);
        state.bytes.set_rate(bytes, now);
        self.is_limited.store(rows.is_some() || bytes.is_some(), Ordering::Release);
    }

    /// How many rows have passed since the pace was set up.
    pub fn rows_read(&self) -> u64 {
        self.rows_read.load(Ordering::Relaxed)
    }

    /// How many times as long a row takes as in its table's first minutes: the worst of the tables that are being read. `None`
    /// while that is not known.
    pub fn latency_factor(&self) -> Option<f64> {
        let latencies: Vec<_> = self.state().latencies.values().cloned().collect();
        let now = Instant::now();
        latencies.iter().filter_map(|latency| locked(latency).factor(now)).max_by(f64::total_cmp)
    }

    /// Lets nothing more pass: every reader, also one that waits, fails with this. The first reason counts.
    pub fn stop(&self, what: impl Into<String>, hint: impl Into<String>) {
        let _ = self.stopped.set(Stopped { what: what.into(), hint: hint.into() });
        self.told.notify_waiters();
    }

    /// Why nothing passes any more.
    pub fn stopped(&self) -> Option<Error> {
        self.stopped.get().map(Stopped::error)
    }

    /// Waits until nothing passes any more, and says why.
    pub async fn until_stopped(&self) -> Error {
        loop {
            let told = self.told.notified();
            tokio::pin!(told);
            // From here on it is told, also of what happens before the look at the reason.
            told.as_mut().enable();
            if let Some(error) = self.stopped() {
                return error;
            }
            told.await;
        }
    }

    /// Takes what a batch has; `None` where nothing limits.
    fn take(&self, rows: u64, bytes: impl FnOnce() -> u64) -> Option<Ticket> {
        self.rows_read.fetch_add(rows, Ordering::Relaxed);
        if !self.is_limited.load(Ordering::Acquire) {
            return None;
        }
        let now = Instant::now();
        let mut state = self.state();
        // Counting bytes costs more than counting rows.
        let bytes = if state.caps.bytes_per_second.is_some() { bytes() } else { 0 };
        Some(Ticket { rows: state.rows.take(rows as f64, now), bytes: state.bytes.take(bytes as f64, now) })
    }

    /// How long the holder of a ticket still has to wait, at most until the next look up; `None` once it may pass.
    fn wait(&self, ticket: &Ticket) -> Option<Duration> {
        let now = Instant::now();
        let mut state = self.state();
        let waits = [state.rows.wait(ticket.rows, now), state.bytes.wait(ticket.bytes, now)];
        waits.into_iter().flatten().max().map(|wait| wait.min(LOOK_UP))
    }

    fn rate(&self) -> Option<f64> {
        if self.is_limited.load(Ordering::Acquire) { self.state().rows_per_second() } else { None }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

impl State {
    fn rows_per_second(&self) -> Option<f64> {
        match (self.caps.rows_per_second, self.throttle) {
            (Some(cap), Some(throttle)) => Some(cap.min(throttle)),
            (cap, throttle) => cap.or(throttle),
        }
    }
}

impl Stopped {
    fn error(&self) -> Error {
        Error::store(self.what.clone()).hint(self.hint.clone())
    }
}

/// When a batch may pass.
struct Ticket {
    rows: f64,
    bytes: f64,
}

/// The batches of one reader, one after the other.
pub struct Stream {
    pace: Arc<Pace>,
    latency: Arc<Mutex<Latency>>,
    batch_rows: AtomicU64,
    turn: Mutex<Turn>,
}

struct Turn {
    size: BatchSize,
    /// When the batch began to be read.
    begun: Instant,
    /// The first batch of a statement waits for its plan, too.
    is_first: bool,
}

impl Stream {
    /// How many rows the next batch should have.
    pub fn batch_rows(&self) -> usize {
        self.batch_rows.load(Ordering::Relaxed) as usize
    }

    /// How many rows a batch may have at most that is handed on in one go; `None` where nothing limits.
    pub fn piece_rows(&self) -> Option<usize> {
        self.pace.is_limited.load(Ordering::Acquire).then(|| self.batch_rows())
    }

    /// Waits until a batch may be handed on; `given_up` says that nobody wants it any more.
    ///
    /// # Errors
    /// Where nothing may pass any more.
    pub async fn pass(&self, rows: u64, bytes: impl FnOnce() -> u64, given_up: impl Fn() -> bool) -> Result<()> {
        let ticket = self.arrived(rows, bytes)?;
        while let Some(wait) = ticket.as_ref().and_then(|ticket| self.pace.wait(ticket)) {
            tokio::time::sleep(wait).await;
            self.look_up(&given_up)?;
        }
        Ok(())
    }

    /// As [`Self::pass`], on a thread that may block.
    ///
    /// # Errors
    /// Where nothing may pass any more.
    pub fn pass_blocking(&self, rows: u64, bytes: impl FnOnce() -> u64, given_up: impl Fn() -> bool) -> Result<()> {
        let ticket = self.arrived(rows, bytes)?;
        while let Some(wait) = ticket.as_ref().and_then(|ticket| self.pace.wait(ticket)) {
            std::thread::sleep(wait);
            self.look_up(&given_up)?;
        }
        Ok(())
    }

    /// The next batch begins to be read.
    pub fn next_batch(&self) {
        locked(&self.turn).begun = Instant::now();
    }

    fn arrived(&self, rows: u64, bytes: impl FnOnce() -> u64) -> Result<Option<Ticket>> {
        if let Some(error) = self.pace.stopped() {
            return Err(error);
        }
        let now = Instant::now();
        let mut turn = locked(&self.turn);
        let seconds = now.saturating_duration_since(turn.begun).as_secs_f64();
        turn.size.learn(rows, seconds, self.pace.rate());
        self.batch_rows.store(turn.size.rows(), Ordering::Relaxed);
        if !std::mem::take(&mut turn.is_first) {
            locked(&self.latency).learn(rows, seconds, now);
        }
        Ok(self.pace.take(rows, bytes))
    }

    fn look_up(&self, given_up: &impl Fn() -> bool) -> Result<()> {
        match self.pace.stopped() {
            Some(error) => Err(error),
            None if given_up() => Err(Error::interrupted()),
            None => Ok(()),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(rows_per_second: Option<f64>, bytes_per_second: Option<f64>) -> Arc<Pace> {
        Pace::new(&LoadPlan { caps: Caps { rows_per_second, bytes_per_second }, ..LoadPlan::default() })
    }

    #[test]
    fn several_readers_together_keep_to_the_cap() {
        let (pace, begun) = (pace(Some(10_000.0), None), Instant::now());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let stream = pace.stream("t");
                    (0..10).for_each(|_| stream.pass_blocking(100, || 0, || false).unwrap());
                });
            }
        });
        assert!(begun.elapsed() >= Duration::from_millis(350), "{:?}", begun.elapsed());
        assert_eq!(pace.rows_read(), 4000);
    }

    #[tokio::test]
    async fn bytes_are_capped_as_rows_are_and_both_hold() {
        let (pace, begun) = (pace(Some(1e9), Some(1e6)), Instant::now());
        let stream = pace.stream("t");
        for _ in 0..5 {
            stream.pass(1, || 100_000, || false).await.unwrap();
        }
        assert!(begun.elapsed() >= Duration::from_millis(450), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn whoever_waits_is_told_that_it_is_over() {
        let pace = pace(Some(1.0), None);
        let stream = pace.stream("t");
        let stopping = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            pace.stop("the deadline has passed", "give it more time");
        };
        let (waited, (), said) = tokio::join!(stream.pass(1000, || 0, || false), stopping, pace.until_stopped());
        assert_eq!(waited.unwrap_err().to_string(), "the deadline has passed");
        assert_eq!(said.advice(), Some("give it more time"));
        assert!(pace.stream("u").pass(1, || 0, || false).await.is_err(), "nothing passes any more");
    }

    #[tokio::test]
    async fn a_reader_whose_receiver_has_gone_does_not_wait_for_its_turn() {
        let stream = pace(Some(1.0), None).stream("t");
        let error = stream.pass(1_000_000, || 0, || true).await.unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::Interrupted);
    }

    #[tokio::test]
    async fn a_rate_that_is_lifted_frees_those_who_wait() {
        let pace = pace(Some(1.0), None);
        let stream = pace.stream("t");
        let lifting = async { pace.set(Caps::default(), None) };
        let (waited, ()) = tokio::join!(stream.pass(1_000_000, || 0, || false), lifting);
        waited.unwrap();
    }

    #[test]
    fn what_limits_nothing_counts_no_bytes() {
        let stream = pace(None, None).stream("t");
        stream.pass_blocking(10, || panic!("nobody asked"), || false).unwrap();
    }
}
