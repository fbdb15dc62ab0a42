//! The snapshots of one store in the course of a run: the first serves all tables, unless it is lost. Then those tables that were not
//! read to their end begin again in the next one, all of their parts: two snapshots are never mixed in one side of a table.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, Semaphore};

use super::retry::Retry;
use crate::error::{Error, Result};
use crate::model::{TableName, TableRead};
use crate::store::{Store, StoreSnapshot};

/// Tables of one side that may be open at the same time.
const TABLES_OPEN_MAX: usize = 4;

/// A snapshot of a store, and the places for those who read it.
#[derive(Clone)]
pub(super) struct View {
    pub snapshot: Arc<dyn StoreSnapshot>,
    pub workers: Arc<Semaphore>,
    pub tables: Arc<Semaphore>,
    pub workers_max: usize,
    /// 0 for the first snapshot of the run, one more for each that came after.
    pub generation: u64,
}

/// Opens the next snapshot of a store where one was lost.
pub(super) struct Renewal {
    store: Arc<dyn Store>,
    workers: usize,
    newest: Mutex<View>,
    /// Whether the store could not be opened any more: then no table waits for it again.
    given_up: AtomicBool,
    shapes: HashMap<TableName, Vec<String>>,
}

impl View {
    /// The snapshot of this number.
    pub async fn open(store: &dyn Store, workers: usize, generation: u64) -> Result<Self> {
        let snapshot = store.open(workers).await?;
        let workers_max = snapshot.workers_max().clamp(1, workers.max(1));
        Ok(Self {
            snapshot,
            workers: Arc::new(Semaphore::new(workers_max)),
            tables: Arc::new(Semaphore::new(TABLES_OPEN_MAX)),
            workers_max,
            generation,
        })
    }
}

impl Renewal {
    /// Opens the first snapshot. `shapes` are those of the tables before they were described.
    pub async fn begin(
        store: Arc<dyn Store>,
        workers: usize,
        shapes: HashMap<TableName, Vec<String>>,
        retry: &Retry,
    ) -> Result<(Self, View)> {
        let place = store.identity().url.clone();
        let view = retry.of(&place, || View::open(store.as_ref(), workers, 0)).await?;
        Ok((Self { store, workers, newest: Mutex::new(view.clone()), given_up: AtomicBool::new(false), shapes }, view))
    }

    /// The newest snapshot.
    pub async fn newest(&self) -> View {
        self.newest.lock().await.clone()
    }

    /// Lets no other snapshot follow.
    pub fn give_up(&self) {
        self.given_up.store(true, Ordering::SeqCst);
    }

    /// Whether there is no use in asking for another snapshot.
    pub fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::SeqCst)
    }

    /// The snapshot to go on with after something went wrong in that of this generation: a newer one where there is one, the same
    /// where it still holds, else the next, which is opened here.
    pub async fn after(&self, generation: u64, retry: &Retry) -> Result<View> {
        let mut newest = self.newest.lock().await;
        if newest.generation == generation && !newest.snapshot.holds().await {
            let place = &self.store.identity().url;
            let open = || View::open(self.store.as_ref(), self.workers, generation + 1);
            let opened = if self.is_given_up() { open().await } else { retry.of(place, open).await };
            self.given_up.store(opened.is_err(), Ordering::SeqCst);
            *newest = opened?;
        }
        Ok(newest.clone())
    }

    /// Fails where one of the tables was altered since it was described: what was read of it may not be what was planned, or not
    /// of one moment, because no snapshot holds a table's shape.
    pub async fn check_shapes(&self, reads: &[TableRead], retry: &Retry) -> Result<()> {
        let known = reads.iter().map(|read| &read.table.name).filter(|name| self.shapes.contains_key(name));
        let names: Vec<TableName> = known.cloned().collect();
        if names.is_empty() {
            return Ok(());
        }
        let mut now = retry.of(&self.store.identity().url, || self.store.shapes(&names)).await?;
        for name in &names {
            let after = now.remove(name).unwrap_or_default();
            if let Some(change) = change(&self.shapes[name], &after) {
                return Err(Error::store(format!("table {name} was altered while it was read: {change}"))
                    .hint("run again when the change is through; nothing of this table counts as compared"));
            }
        }
        Ok(())
    }
}

/// In what the shape of a table differs from before, in words.
fn change(before: &[String], after: &[String]) -> Option<String> {
    if before == after {
        return None;
    }
    let only = |these: &[String], those: &[String]| these.iter().find(|one| !those.contains(one)).cloned();
    Some(match (only(before, after), only(after, before)) {
        _ if after.is_empty() => "it is gone".into(),
        (Some(was), Some(is)) => format!("{was} became {is}"),
        (Some(was), None) => format!("{was} is gone"),
        (None, Some(is)) => format!("{is} is new"),
        (None, None) => "its columns are in another order".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_said() {
        let shape = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let before = shape(&["column a int", "column b text"]);
        let of = |words: &[&str]| change(&before, &shape(words));
        assert_eq!(of(&["column a int", "column b text"]), None);
        assert_eq!(of(&["column a bigint", "column b text"]).unwrap(), "column a int became column a bigint");
        assert_eq!(of(&["column a int"]).unwrap(), "column b text is gone");
        assert_eq!(of(&["column a int", "column b text", "column c date"]).unwrap(), "column c date is new");
        assert_eq!(of(&["column b text", "column a int"]).unwrap(), "its columns are in another order");
        assert_eq!(of(&[]).unwrap(), "it is gone");
    }
}
