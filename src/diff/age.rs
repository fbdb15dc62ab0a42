//! Which rows are too young to be compared: those that were changed last after the cut-off of their side.

use arrow::array::RecordBatch;
use chrono::DateTime;

use crate::canonical::Misfits;
use crate::canonical::row::{RowField, encode_field};
use crate::canonical::time::{Moment, push_instant};
use crate::error::{Error, Result};
use crate::expression::row_field;
use crate::model::{Side, TablePlan};

/// The cut-off of one side.
pub(super) struct Age {
    field: RowField,
    /// Encodings of instants are in the order of time.
    cut_off: Vec<u8>,
}

impl Age {
    /// The cut-off that the plan has for a side; `None` where rows of any age are compared.
    pub fn of(plan: &TablePlan, side: Side) -> Result<Option<Self>> {
        let Some((age, cut_offs)) = plan.age.as_ref().and_then(|age| Some((age, age.cut_offs.as_ref()?))) else {
            return Ok(None);
        };
        let field = row_field(plan.tables.get(side), age.columns.get(side))?;
        let instant = DateTime::parse_from_rfc3339(cut_offs.get(side))
            .map_err(|e| Error::compare("the cut-off of young rows is no instant").because(e))?;
        let mut cut_off = Vec::new();
        push_instant(&mut cut_off, Moment { seconds: instant.timestamp(), nanos: instant.timestamp_subsec_nanos() });
        Ok(Some(Self { field, cut_off }))
    }

    /// Which rows of a batch are younger. What is no instant (NULL, a text that is no time) is old, so that it is compared.
    pub fn young(&self, batch: &RecordBatch, misfits: &Misfits) -> Result<Vec<bool>> {
        let encoded = encode_field(&self.field, batch.column(self.field.position), misfits)?;
        let is_young = |row: usize| {
            let value = encoded.value(row);
            value.first() == self.cut_off.first() && value > self.cut_off.as_slice()
        };
        Ok((0..batch.num_rows()).map(is_young).collect())
    }
}
