//! The rows of one COPY, from its bytes to canonical batches.

use super::copy::CopyStream;
use super::value;
use crate::canonical::{BatchBuilder, CanonicalType};
use crate::error::{Error, Result};
use crate::model::Table;
use arrow::array::RecordBatch;

/// Takes the stream of one COPY and makes batches of it.
pub struct RowDecoder {
    types: Vec<CanonicalType>,
    builder: BatchBuilder,
    copy: CopyStream,
    /// Where the rows come from, for errors.
    place: String,
}

impl RowDecoder {
    /// A decoder for the columns of `table`, in their order.
    pub fn new(table: &Table, place: String) -> Self {
        Self {
            types: table.columns.iter().map(|c| c.canonical.clone()).collect(),
            builder: BatchBuilder::new(table.columns.iter().map(|c| (c.name.as_str(), &c.canonical))),
            copy: CopyStream::default(),
            place,
        }
    }

    /// How many rows the next batches have.
    pub fn set_batch_rows(&mut self, rows: usize) {
        self.builder.set_rows_max(rows);
    }

    /// Takes the next bytes; returns a batch once one is full.
    pub fn push(&mut self, piece: &[u8]) -> Result<Option<RecordBatch>> {
        let (types, builder) = (&self.types, &mut self.builder);
        let pushed = self.copy.push(piece, types.len(), |fields| {
            for (index, (canonical, field)) in types.iter().zip(fields).enumerate() {
                value::append(builder, index, canonical, field)?;
            }
            builder.end_row();
            Ok(())
        });
        pushed.map_err(|e| e.at(self.place.clone()))?;
        if self.builder.is_full() { self.builder.finish().map(Some) } else { Ok(None) }
    }

    /// The rest, once the stream has ended; fails where it ended early.
    pub fn finish(mut self) -> Result<Option<RecordBatch>> {
        if !self.copy.is_complete() {
            return Err(Error::store("the server's stream ended before its end mark")
                .at(self.place)
                .hint("run again; nothing of this table counts as compared")
                .transient(true));
        }
        if self.builder.rows() > 0 { self.builder.finish().map(Some) } else { Ok(None) }
    }
}
