//! How gently a store is read: rates, windows of the day, a deadline, and what makes a run slow down.
//!
//! [`Pace`] stands behind all readers of a side: whoever has read a batch waits there until it may be handed on, and a reader that
//! waits lets the server block on its socket. What may pass follows from the [`Caps`] of the hour ([`Windows`]) and from the
//! [`Controller`], which takes what signals said and gives a rate. All but the waiting is pure: times are arguments. Whoever asks
//! the signals (`run`) asks them elsewhere.

mod batch_size;
mod bucket;
mod controller;
mod deadline;
mod latency;
mod pace;
mod plan;
mod watched;
mod windows;

pub use batch_size::BATCH_ROWS_START;
pub use controller::{Controller, Heard};
pub use deadline::Deadline;
pub use pace::{Pace, Stream};
pub use plan::{Caps, LoadPlan, Peak, SessionLimits, Signal, SignalKind};
pub use watched::Watched;
pub use windows::Windows;
