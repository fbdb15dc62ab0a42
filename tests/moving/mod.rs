//! Honest about moving data: what is in flight is no difference, what is lost is one, and what keeps moving is undecided.

mod ages;
mod dual_writes;
mod fences;
mod rechecks;
mod writer;
