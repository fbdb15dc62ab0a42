//! Type pairs across live engines: what denotes the same value is equal, and each value changed is corrupt, exactly there.

mod across;
mod lanes;
mod loose;
mod zones;
