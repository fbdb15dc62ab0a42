//! Ctrl-C and SIGTERM: the work is dropped, which ends snapshots and removes temporary files.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tieout::error::{Error, ErrorKind, Result};
use tokio::sync::Notify;

use super::errors;

/// How long work may take to notice that it was dropped.
const PATIENCE: Duration = Duration::from_secs(5);

/// Does `work` to its end, or until the user asks to stop.
pub async fn or_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let asked = Arc::new(Notify::new());
    let watcher = tokio::spawn(watch(asked.clone()));
    let result = tokio::select! {
        biased;
        result = work => result,
        () = asked.notified() => Err(Error::interrupted()),
    };
    if !matches!(&result, Err(error) if error.kind() == ErrorKind::Interrupted) {
        watcher.abort();
    }
    result
}

/// Waits for the first signal and passes it on. Whoever asks twice, or in vain, gets the end at once.
async fn watch(asked: Arc<Notify>) {
    if signal().await.is_err() {
        return;
    }
    asked.notify_one();
    std::thread::spawn(|| {
        std::thread::sleep(PATIENCE);
        leave();
    });
    if signal().await.is_ok() {
        leave();
    }
}

fn leave() -> ! {
    let _ = errors::report(&Error::interrupted());
    std::process::exit(errors::exit_code(ErrorKind::Interrupted).into());
}

#[cfg(unix)]
async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_ends_gives_its_own_result() {
        assert_eq!(or_interrupted(async { Ok(7) }).await.unwrap(), 7);
        assert!(or_interrupted(async { Err::<(), _>(Error::store("x")) }).await.is_err());
    }
}
