//! Takes a run up again that was killed, or that ended with tables it could not read: what it takes for that lies in `.resume/` of
//! the run directory while the run is under way, and afterwards as long as a table is missing.
//!
//! ```text
//! .resume/lock                 locked by the process that works on the run; the lock ends with the process, however that ends
//! .resume/run.json             which run this is: hash of the plan, version, stores and how far their histories had come
//! .resume/tables/<name>.json   a finished table: its result, and the hash of every file that belongs to it
//! .resume/sides/<name>.<side>  a side that was read whole: the hash of its manifest
//! ```
//!
//! **What is taken over.** A table that was compared to its end: both sides were read within one snapshot each, whose coordinates
//! stand in the summary of a run that was taken up. Its record is written last, flushed and renamed, and each of its files must
//! still have its hash: what a power cut took away is found, and the table read again. A side that was read whole is taken over
//! where its store proves to stand at the same place (`sides`). Everything else starts again.
//!
//! **What is refused.** Another plan (whatever could change a finding), another version, another store, a store that has gone back
//! in its history (a backup that was restored), a waiver that has run out since, and a run that another process works on. A refusal
//! changes nothing.

mod coordinates;
mod find;
mod journal;
mod sealed;
mod sides;

pub(super) use find::find;
pub(super) use journal::{Journal, Kept, TakenUp, plan_hash};
pub(super) use sides::{is_sealed, may_stand, seal, still_stands};

/// The folder within a run directory.
pub(super) const FOLDER: &str = ".resume";
/// The folder of the records of finished tables within it, and that of sides.
pub(super) const TABLES: &str = "tables";
pub(super) const SIDES: &str = "sides";
pub(super) const STATE_FILE: &str = "run.json";
pub(super) const LOCK_FILE: &str = "lock";
