//! Keeps the readers to their pace while a run goes on: looks at the clock, asks the signals, and ends what has to end.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{Local, Utc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::reading::Reader;
use crate::config::RunPlan;
use crate::error::{Error, Result};
use crate::model::{Pair, Progress, Side};
use crate::store::{Probe, StoreSnapshot};
use crate::throttle::{Controller, Heard, LoadPlan, Pace, SignalKind, Watched};

/// How gently one side is read, and who is told.
pub(super) struct Gently {
    pub load: LoadPlan,
    pub side: Side,
    pub progress: Arc<dyn Progress>,
}

/// How often it is looked which window of the week it is.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(1);

/// Watches over one side for as long as it is held.
pub(super) struct Keeper {
    watched: Arc<Mutex<Watched>>,
    task: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Sets the pace as it is to be now, and from then on whenever clock or signals say so.
    pub async fn begin(
        plan: &LoadPlan,
        probe: Option<Box<dyn Probe>>,
        snapshot: Arc<dyn StoreSnapshot>,
        pace: Arc<Pace>,
        side: Side,
        progress: Arc<dyn Progress>,
    ) -> Self {
        let watched = Arc::<Mutex<Watched>>::default();
        if !plan.is_watched() {
            return Self { watched, task: None };
        }
        let opened = tokio::time::Instant::now();
        let mut watch = Watch {
            controller: Controller::new(plan.floor_rows_per_second as f64),
            plan: plan.clone(),
            probe,
            pace,
            side,
            progress,
            watched: watched.clone(),
            looked: Instant::now(),
            rows_before: 0,
            noted: String::new(),
        };
        // Before the first row: a store that is in trouble already is not to be made to feel it.
        watch.look().await;
        let task = tokio::spawn(async move {
            let age_max = watch.plan.snapshot_age_max;
            let too_old = async {
                match age_max {
                    Some(age) => tokio::time::sleep_until(opened + age).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = watch.keep_looking() => {}
                () = too_old => {
                    let age = humantime::format_duration(age_max.unwrap_or_default());
                    let what = format!("the snapshot of the {side} was given up at the age of {age} (snapshot_age_max)");
                    watch.progress.note(&what);
                    watch.pace.stop(what, "read in smaller portions (--table), at a higher rate, or allow a greater age");
                    snapshot.end().await;
                }
            }
        });
        Self { watched, task: Some(task) }
    }

    /// What the user should know of the signals.
    pub fn findings(&self) -> Vec<String> {
        locked(&self.watched).findings()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.iter().for_each(JoinHandle::abort);
    }
}

struct Watch {
    plan: LoadPlan,
    probe: Option<Box<dyn Probe>>,
    pace: Arc<Pace>,
    side: Side,
    progress: Arc<dyn Progress>,
    controller: Controller,
    watched: Arc<Mutex<Watched>>,
    looked: Instant,
    rows_before: u64,
    /// What was last said about signals.
    noted: String,
}

impl Watch {
    async fn keep_looking(&mut self) {
        let every = if self.plan.signals.is_empty() { LOOK_AT_CLOCK } else { self.plan.ask_every };
        loop {
            tokio::time::sleep(every).await;
            self.look().await;
        }
    }

    /// Asks all signals and sets the pace by what they say.
    async fn look(&mut self) {
        let (mut worst, mut words) = (Heard::Within, Vec::new());
        for signal in self.plan.signals.clone() {
            let said = match &signal.kind {
                // Until it is known what is usual, nothing is unusual.
                SignalKind::BatchLatency => match self.pace.latency_factor() {
                    Some(factor) => Ok(factor),
                    None => continue,
                },
                kind => self.ask(kind).await.map_err(|e| e.to_string()),
            };
            let name = signal.kind.name();
            match &said {
                Ok(value) if *value > signal.max => {
                    worst = worst.max(Heard::Over);
                    words.push(format!("{name} is over its limit of {}", signal.max));
                }
                Ok(_) => {}
                Err(trouble) => {
                    worst = worst.max(Heard::Nothing);
                    words.push(format!("{name} cannot be read: {trouble}"));
                }
            }
            locked(&self.watched).heard(&signal, said);
        }
        let (now, rows) = (Instant::now(), self.pace.rows_read());
        let elapsed = now - self.looked;
        let measured = (rows - self.rows_before) as f64 / elapsed.as_secs_f64().max(0.001);
        (self.looked, self.rows_before) = (now, rows);
        let caps = self.plan.caps_at(Utc::now());
        let rate = self.controller.step(worst, measured, caps.rows_per_second);
        self.pace.set(caps, rate);
        if let Some(rate) = rate {
            locked(&self.watched).slowed(rate, elapsed);
        }
        self.note(&words.join("; "), rate.is_some());
    }

    async fn ask(&mut self, kind: &SignalKind) -> Result<f64> {
        let Some(probe) = &mut self.probe else {
            return Err(Error::store(format!("signal {} cannot be asked of files", kind.name())));
        };
        match timeout(self.plan.ask_every, probe.ask(kind)).await {
            Ok(answer) => answer,
            Err(_) => {
                let time = humantime::format_duration(self.plan.ask_every);
                Err(Error::store(format!("signal {} gave no answer within {time}", kind.name())))
            }
        }
    }

    /// Says what changed, once.
    fn note(&mut self, words: &str, is_slowed: bool) {
        if words == self.noted {
            return;
        }
        match (words.is_empty(), is_slowed) {
            (false, _) => self.progress.note(&format!("the {} is read more slowly: {words}", self.side)),
            (true, true) => self
                .progress
                .note(&format!("the {} is read faster again: all signals are within their limits", self.side)),
            (true, false) => {}
        }
        self.noted = words.to_owned();
    }
}

/// When the run has to be over.
#[derive(Clone)]
pub(super) struct Due {
    at: Option<tokio::time::Instant>,
    written: String,
}

impl Due {
    /// As planned, counted from now.
    pub fn of(plan: &RunPlan) -> Self {
        let Some((deadline, zone)) = &plan.options.deadline else { return Self { at: None, written: String::new() } };
        let left = match zone {
            Some(zone) => deadline.from(Utc::now(), zone),
            None => deadline.from(Utc::now(), &Local),
        };
        Self { at: tokio::time::Instant::now().checked_add(left), written: deadline.written().to_owned() }
    }

    /// The outcome of some work, unless the deadline comes before it.
    pub async fn before<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let Some(at) = self.at else { return Ok(work.await) };
        if tokio::time::Instant::now() >= at {
            return Err(self.passed());
        }
        tokio::time::timeout_at(at, work).await.map_err(|_| self.passed())
    }

    /// Lets the readers stop when the deadline comes, for as long as the handle is held.
    pub fn stops(&self, readers: &Pair<Reader>, progress: Arc<dyn Progress>) -> Option<Stopper> {
        let (at, due, readers) = (self.at?, self.clone(), readers.clone());
        Some(Stopper(tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            progress.note(&format!("{}: what is not compared is undecided", due.what()));
            Side::BOTH.into_iter().for_each(|side| readers.get(side).stop(due.what(), HINT));
            tokio::join!(readers.source.snapshot().end(), readers.target.snapshot().end());
        })))
    }

    fn what(&self) -> String {
        format!("the deadline ({}) passed before the comparison was complete", self.written)
    }

    fn passed(&self) -> Error {
        Error::store(self.what()).hint(HINT)
    }
}

const HINT: &str = "begin earlier, allow a higher rate or a later deadline, or compare fewer tables or a sample";

/// Waits for the deadline.
pub(super) struct Stopper(JoinHandle<()>);

impl Drop for Stopper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn locked(watched: &Mutex<Watched>) -> MutexGuard<'_, Watched> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}
