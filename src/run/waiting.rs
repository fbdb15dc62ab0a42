//! The tables of a run that are being read, all at once, while they are compared one after the other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::task::JoinHandle;

use super::choose::Choice;
use super::directory::RunDirectory;
use super::job::Job;
use super::reading::{Reader, Taken};
use crate::config::Options;
use crate::error::{Error, Result};
use crate::model::{Pair, Progress, TableOutcome};

/// Both sides of a table once they have been read, or why not.
pub(super) struct Read {
    pub taken: Pair<Result<Taken>>,
    pub seconds: f64,
    /// How often it was tried again to read something of it.
    pub retries: u64,
}

/// The tables that are being read, in the order of the plan.
pub(super) struct Waiting(VecDeque<Pair<Handle>>);

type Handle = AbortOnDrop<(Result<Taken>, f64, u64)>;

impl Waiting {
    /// Waits for the next table of the plan.
    pub async fn next_table(&mut self) -> Read {
        let gone = || Err(Error::store("the reader of this table stopped"));
        let Some(mut handles) = self.0.pop_front() else {
            return Read { taken: Pair::new(gone(), gone()), seconds: 0.0, retries: 0 };
        };
        let (source, source_seconds, of_source) = handles.source.wait().await.unwrap_or_else(|e| (Err(e), 0.0, 0));
        let (target, target_seconds, of_target) = handles.target.wait().await.unwrap_or_else(|e| (Err(e), 0.0, 0));
        let seconds = source_seconds.max(target_seconds);
        Read { taken: Pair::new(source, target), seconds, retries: of_source + of_target }
    }
}

/// Starts to read all tables of the plan.
pub(super) fn start(
    tables: &[TableOutcome],
    choices: &[Option<Arc<Choice>>],
    readers: &Pair<Reader>,
    directory: &RunDirectory,
    options: &Options,
    progress: Arc<dyn Progress>,
) -> Waiting {
    let mut waiting = VecDeque::new();
    for (outcome, choice) in tables.iter().zip(choices) {
        let TableOutcome::Compare(plan) = outcome else { continue };
        waiting.push_back(Pair::from_fn(|side| {
            let seal = options.resumable.then(|| directory.seal(&plan.name, side));
            let job = Job { seal, ..Job::of(plan, side, options, choice.clone()) };
            let (reader, progress) = (readers.get(side).clone(), progress.clone());
            let directory = directory.snapshot(&plan.name, side);
            AbortOnDrop(tokio::spawn(async move {
                let begun = Instant::now();
                let taken = reader.read(&job, &directory, progress).await;
                (taken, begun.elapsed().as_secs_f64(), job.retries.load(Ordering::Relaxed))
            }))
        }));
    }
    Waiting(waiting)
}

/// A task that ends with its handle, so that a run that is dropped reads no further.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> AbortOnDrop<T> {
    async fn wait(&mut self) -> Result<T> {
        (&mut self.0).await.map_err(|e| Error::store("the reader of this table stopped").because(e))
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
