//! What of the data reports disclose: the one place through which every value passes on its way into a report, be it a
//! key, a cell or the example of a cause. Today all of them pass as they are; a policy that masks, hashes or hides
//! values of some columns has its place here and nowhere else.

use std::borrow::Cow;

use crate::model::{Change, FoundExample};

/// What is disclosed of a table's values.
#[derive(Debug, Clone, Default)]
pub struct Disclosure;

impl Disclosure {
    /// A change, as files and samples may have it.
    pub fn change<'a>(&self, change: &'a Change) -> Cow<'a, Change> {
        Cow::Borrowed(change)
    }

    /// The example of a cause; `column` is the column of its values, by its place in the plan.
    pub fn example<'a>(&self, _column: Option<usize>, example: &'a FoundExample) -> Cow<'a, FoundExample> {
        Cow::Borrowed(example)
    }
}
