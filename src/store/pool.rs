//! The connections of one snapshot: lent to one reader at a time, and never replaced, because a new connection would
//! see another moment.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};

/// Connections that share one snapshot.
pub(super) struct Pool<T> {
    idle: Arc<Mutex<Vec<T>>>,
    permits: Arc<Semaphore>,
    size: usize,
    /// Connections that have not failed.
    alive: Arc<AtomicUsize>,
}

/// A connection on loan. A reader that succeeded gives it back; one that failed drops it, and it is gone.
pub(super) struct Lease<T> {
    /// `None` once it has been given back.
    connection: Option<T>,
    idle: Arc<Mutex<Vec<T>>>,
    permit: Option<OwnedSemaphorePermit>,
    permits: Arc<Semaphore>,
    alive: Arc<AtomicUsize>,
}

impl<T> Pool<T> {
    /// A pool of these connections.
    pub fn new(connections: Vec<T>) -> Self {
        let size = connections.len();
        Self {
            permits: Arc::new(Semaphore::new(size)),
            idle: Arc::new(Mutex::new(connections)),
            size,
            alive: Arc::new(AtomicUsize::new(size)),
        }
    }

    /// The number of connections at the start.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Closes all connections that are idle, and those on loan once they come back. None is lent any more.
    pub fn close(&self) {
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Borrows a connection; waits while all are on loan, fails once all are lost.
    pub async fn take(&self) -> Result<Lease<T>> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| lost())?;
        let connection = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().ok_or_else(lost)?;
        Ok(Lease {
            connection: Some(connection),
            idle: self.idle.clone(),
            permit: Some(permit),
            permits: self.permits.clone(),
            alive: self.alive.clone(),
        })
    }
}

impl<T> Lease<T> {
    /// Returns the connection for the next reader.
    pub fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            // Looked at under the lock, so that nothing is left in a pool that is being closed.
            if !self.permits.is_closed() {
                idle.push(connection);
            }
        }
    }
}

impl<T> Drop for Lease<T> {
    /// A lost connection takes its permit with it, so that readers wait for those that are left; the last one closes.
    fn drop(&mut self) {
        if self.connection.is_none() {
            return;
        }
        if let Some(permit) = self.permit.take() {
            permit.forget();
        }
        if self.alive.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.permits.close();
        }
    }
}

impl<T> Deref for Lease<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.connection.as_ref().unwrap_or_else(|| unreachable!("a lease holds its connection until it is given back"))
    }
}

impl<T> DerefMut for Lease<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.connection.as_mut().unwrap_or_else(|| unreachable!("a lease holds its connection until it is given back"))
    }
}

fn lost() -> Error {
    Error::store("every connection of the snapshot has failed")
        .hint("a new connection would see another moment: run again, so that a new snapshot is taken")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_that_was_given_back_is_lent_again() {
        let pool = Pool::new(vec![7]);
        pool.take().await.unwrap().give_back();
        assert_eq!(*pool.take().await.unwrap(), 7);
        assert_eq!(pool.size(), 1);
    }

    #[tokio::test]
    async fn a_connection_that_failed_is_not_lent_again() {
        let pool = Pool::new(vec![1, 2]);
        drop(pool.take().await.unwrap());
        pool.take().await.unwrap().give_back();
        drop(pool.take().await.unwrap());
        let error = pool.take().await.err().unwrap();
        assert_eq!(error.to_string(), "every connection of the snapshot has failed");
    }

    #[tokio::test]
    async fn a_pool_that_was_closed_keeps_no_connection() {
        let connection = Arc::new(());
        let pool = Pool::new(vec![connection.clone(), connection.clone()]);
        let lease = pool.take().await.unwrap();
        pool.close();
        lease.give_back();
        assert_eq!(Arc::strong_count(&connection), 1);
        assert!(pool.take().await.is_err());
    }

    #[tokio::test]
    async fn a_reader_waits_while_all_connections_are_on_loan() {
        let pool = Arc::new(Pool::new(vec![1]));
        let lease = pool.take().await.unwrap();
        let waiting = tokio::spawn({
            let pool = pool.clone();
            async move { pool.take().await.map(|lease| *lease) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        lease.give_back();
        assert_eq!(waiting.await.unwrap().unwrap(), 1);
    }
}
