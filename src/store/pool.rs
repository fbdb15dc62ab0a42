//! The connections of one snapshot: lent to one reader at a time. One that failed is gone; only a store that can hand its
//! snapshot on puts another in its place, because any other connection would see another moment.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};

/// Connections that share one snapshot.
pub(super) struct Pool<T> {
    shared: Arc<Mutex<Shared<T>>>,
    size: usize,
}

struct Shared<T> {
    idle: Vec<T>,
    /// As many permits as there are connections that have not failed; closed once there are none.
    permits: Arc<Semaphore>,
    /// Connections that have not failed.
    alive: usize,
    /// Whether the snapshot was ended.
    closed: bool,
}

/// A connection on loan. A reader that succeeded gives it back; one that failed drops it, and it is gone.
pub(super) struct Lease<T> {
    /// `None` once it has been given back.
    connection: Option<T>,
    shared: Arc<Mutex<Shared<T>>>,
    permit: Option<OwnedSemaphorePermit>,
}

impl<T> Pool<T> {
    /// A pool of these connections.
    pub fn new(connections: Vec<T>) -> Self {
        let size = connections.len();
        let shared = Shared { permits: Arc::new(Semaphore::new(size)), idle: connections, alive: size, closed: false };
        Self { shared: Arc::new(Mutex::new(shared)), size }
    }

    /// The number of connections at the start.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Closes all connections that are idle, and those on loan once they come back. None is lent any more.
    pub fn close(&self) {
        let mut shared = locked(&self.shared);
        shared.closed = true;
        shared.permits.close();
        shared.idle.clear();
    }

    /// The number of connections that have not failed.
    pub fn alive(&self) -> usize {
        locked(&self.shared).alive
    }

    /// A connection that is not on loan, if there is one: to see whether it is still good.
    pub fn take_idle(&self) -> Option<Lease<T>> {
        let permits = locked(&self.shared).permits.clone();
        let permit = permits.try_acquire_owned().ok()?;
        let connection = locked(&self.shared).idle.pop()?;
        Some(Lease { connection: Some(connection), shared: self.shared.clone(), permit: Some(permit) })
    }

    /// Puts a connection in the place of one that failed.
    pub fn put(&self, connection: T) {
        let mut shared = locked(&self.shared);
        if shared.closed {
            return;
        }
        if shared.permits.is_closed() {
            shared.permits = Arc::new(Semaphore::new(0));
        }
        shared.idle.push(connection);
        shared.alive += 1;
        shared.permits.add_permits(1);
    }

    /// Borrows a connection; waits while all are on loan, fails once all are lost.
    pub async fn take(&self) -> Result<Lease<T>> {
        let permits = locked(&self.shared).permits.clone();
        let permit = permits.acquire_owned().await.map_err(|_| lost())?;
        let connection = locked(&self.shared).idle.pop().ok_or_else(lost)?;
        Ok(Lease { connection: Some(connection), shared: self.shared.clone(), permit: Some(permit) })
    }
}

impl<T> Lease<T> {
    /// Returns the connection for the next reader.
    pub fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            let mut shared = locked(&self.shared);
            // Looked at under the lock, so that nothing is left in a pool that is being closed.
            if !shared.closed {
                shared.idle.push(connection);
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
        let mut shared = locked(&self.shared);
        shared.alive -= 1;
        if shared.alive == 0 {
            shared.permits.close();
        }
    }
}

fn locked<T>(shared: &Mutex<Shared<T>>) -> MutexGuard<'_, Shared<T>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
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
        .transient(true)
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
    async fn a_pool_that_was_closed_keeps_no_connection_and_takes_none() {
        let connection = Arc::new(());
        let pool = Pool::new(vec![connection.clone(), connection.clone()]);
        let lease = pool.take().await.unwrap();
        pool.close();
        lease.give_back();
        pool.put(connection.clone());
        assert_eq!(Arc::strong_count(&connection), 1);
        assert!(pool.take().await.is_err());
    }

    #[tokio::test]
    async fn a_connection_in_the_place_of_one_that_failed_is_lent_even_after_the_last_was_lost() {
        let pool = Pool::new(vec![1]);
        drop(pool.take().await.unwrap());
        assert_eq!(pool.alive(), 0);
        assert!(pool.take().await.is_err());
        pool.put(2);
        assert_eq!((*pool.take().await.unwrap(), pool.alive()), (2, 1));
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
