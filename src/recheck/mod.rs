//! The recheck: tells a difference from a change that is still on its way, by reading the keys that differ again.
//!
//! # What is read
//!
//! The two stores are never read at the same instant, and a change reaches them one after the other: written to both by an
//! application, or replicated. So a key that differs between two snapshots may be lost, or *in flight*. All keys that
//! differ are read again, in rounds, each store in a fresh transaction, the waits between the rounds at least
//! `recheck.after` (and a random part of it longer, so that a writer with a rhythm of its own is not met at the same beat
//! each time):
//!
//! ```text
//!        S0 T0  ──after──  S1 T1  ──after──  S2 T2  …  ──after──  Sn Tn  T' S'
//! ```
//!
//! `S` is a reading of the source, `T` one of the target; every `T` lies between two readings of the source, the last one
//! (`T'`) too. A reading of a key is the number of its rows and the sum of their digests ([`crate::model::RangeDigest`]):
//! repeated keys, rows that came and rows that went are states like any other.
//!
//! # What is concluded
//!
//! - **resolved**: in some round, `S` and `T` are the same. The target held what the source held at a moment after the
//!   first snapshot.
//! - **stable**: `S` was the same in all of at least `times + 1` readings up to `S'`, `T` was the same in all up to `T'`, and the two
//!   differ. Only these are differences.
//! - **hot**: neither, after [`ROUNDS_FACTOR`] times as many rounds. Nothing is known of the key but that it moves: undecided.
//!
//! A key that changes on either side begins anew: it has to stand still for the whole time from then on.
//!
//! # Why that is right
//!
//! Let every change reach the second store within `L < times · after`, whichever store it reaches first.
//!
//! *No change in flight is called stable.* Let a key be called stable with the states `s` and `t ≠ s`. The source has shown `s`
//! since the reading that began the count, at the moment `a`, and `S'` shows that it still did so after `T'`. `T'` is read at least `times · after`
//! after `a`, so after `a + L`: whatever made the source's state `s` had arrived by then. Had the target's `t` been made by
//! a later change that was written to the target first, it was there at `a` already (the target showed `t` all the time), and
//! would have reached the source by `a + L`, where `S'` would have shown it. So nothing that is on its way explains `s ≠ t`.
//!
//! *No loss is called resolved.* Resolved is only what was seen to be the same on both sides. A lost change that a later change
//! has overwritten on both sides is no difference any more, then or ever.
//!
//! *No loss is overlooked.* A key that agreed in the first snapshots is not read again: what it shows is that the target
//! held at its snapshot what the source held at its own. A change after that moment is not what this run has
//! verified, which is why the summary says up to which moment it has. A lost key that nobody touches any more stands still and becomes stable; one that is touched all the
//! time ends hot, which is undecided, never a match.
//!
//! *What rests on assumptions.* A change that takes longer than `times · after` looks like a lost one: choose the two with the
//! worst lag in mind. A key that changes and changes back between two readings looks still (a row that is there for an instant only, say), and
//! the change back may be in flight when the key is called stable; the shorter `after`, the rarer that is, and a counter or a
//! time of change among the compared columns rules it out for all but rows that come and go.
//!
//! # Bounds
//!
//! What is kept of a key is its bytes, its text and two states: [`Watch::bytes_of`]. The caller bounds the sum and leaves a
//! table that exceeds it unchecked, which is undecided.

mod watch;

pub use watch::{Fate, Hot, Step, Watch};

/// A key that keeps changing is given up after this many times the rounds that a key needs that stands still.
pub const ROUNDS_FACTOR: u32 = 4;
