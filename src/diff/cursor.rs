//! Walks the rows of the changed keys of one side, key by key.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, RecordBatch};
use arrow::datatypes::{SchemaRef, UInt64Type};
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

use super::age::Age;
use super::engine::failed;
use crate::canonical::display::{display, sort_of_value};
use crate::canonical::row::{RowField, encode_field};
use crate::canonical::{EncodedColumn, Misfits, batch_schema};
use crate::error::{Error, Result};
use crate::expression::row_field;
use crate::model::{Pair, Side, TablePlan};

/// The columns before a row's own: copies on both sides, key, and the halves of the digest.
const COLUMNS_BEFORE: usize = 5;

/// The rows of one key on one side.
pub(super) struct Group {
    /// The key's bytes.
    pub key: Vec<u8>,
    /// How often each side has the key.
    pub copies: Pair<u64>,
    /// Whether any of its rows is too young to be compared.
    pub is_young: bool,
    /// Its rows in digest order; only one, to be shown, where the copies differ, for then no cells are compared.
    pub rows: Vec<Row>,
}

/// A row within its batch.
#[derive(Clone)]
pub(super) struct Row {
    batch: Arc<Decoded>,
    row: usize,
}

/// A batch with everything that is needed to compare and show its rows.
struct Decoded {
    /// For each column of the plan that is compared, its values.
    columns: Vec<Option<ArrayRef>>,
    /// For each column of the plan that is computed, its misfits.
    computed: Vec<Option<Misfits>>,
    misfits: Misfits,
    keys: BinaryArray,
    copies: Pair<Vec<u64>>,
    digests: Vec<u128>,
    /// Where rows have a least age, whether each is too young.
    young: Option<Vec<bool>>,
    /// For each column of the plan that is compared and no part of the key, its encodings.
    values: Vec<Option<EncodedColumn>>,
    fields: Arc<Vec<Option<RowField>>>,
}

impl Row {
    /// The digest.
    pub fn digest(&self) -> u128 {
        self.batch.digests[self.row]
    }

    /// Whether it is too young to be compared.
    fn is_young(&self) -> bool {
        self.batch.young.as_ref().is_some_and(|young| young[self.row])
    }

    /// The encoding of a compared column's value, by the column's place in the plan.
    pub fn encoding(&self, column: usize) -> &[u8] {
        self.batch.values[column].as_ref().map_or(&[], |encoded| encoded.value(self.row))
    }

    /// The value of a column as text; `None` is NULL.
    pub fn text(&self, column: usize) -> Option<String> {
        let field = self.batch.fields[column].as_ref()?;
        let misfits = self.batch.computed[column].as_ref().unwrap_or(&self.batch.misfits);
        match misfits.get(&field.name, self.row) {
            Some(misfit) => Some(misfit.to_owned()),
            None => display(self.batch.columns[column].as_ref()?, &field.canonical, self.row),
        }
    }

    /// The values of all compared columns as text.
    fn texts(&self) -> Vec<Option<String>> {
        (0..self.batch.fields.len()).map(|column| self.text(column)).collect()
    }

    /// What sort of value it is, where the text alone does not tell two values apart.
    pub fn sort_of_value(&self, column: usize) -> String {
        match (&self.batch.fields[column], &self.batch.columns[column]) {
            (Some(field), Some(array)) => sort_of_value(array, &field.canonical, self.row),
            _ => String::new(),
        }
    }
}

/// Reads groups in key order.
pub(super) struct Cursor {
    stream: SendableRecordBatchStream,
    schema: SchemaRef,
    fields: Arc<Vec<Option<RowField>>>,
    value_columns: Vec<usize>,
    age: Option<Age>,
    current: Option<(Arc<Decoded>, usize)>,
}

impl Cursor {
    pub fn new(stream: SendableRecordBatchStream, plan: &TablePlan, side: Side) -> Result<Self> {
        let table = plan.tables.get(side);
        let field = |at: usize| plan.digest_column(at, side).map(|column| row_field(table, &column)).transpose();
        let fields = (0..plan.columns.len()).map(field).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            stream,
            schema: batch_schema(table.columns.iter().map(|c| (c.name.as_str(), &c.canonical))),
            fields: Arc::new(fields),
            value_columns: plan.value_columns(),
            age: Age::of(plan, side)?,
            current: None,
        })
    }

    /// The key of the next group.
    pub async fn peek(&mut self) -> Result<Option<&[u8]>> {
        loop {
            match &self.current {
                Some((batch, row)) if *row < batch.keys.len() => break,
                _ => match self.stream.next().await {
                    Some(batch) => self.current = Some((Arc::new(self.decode(batch.map_err(failed)?)?), 0)),
                    None => return Ok(None),
                },
            }
        }
        Ok(self.current.as_ref().map(|(batch, row)| batch.keys.value(*row)))
    }

    /// The next group with all its rows.
    pub async fn next_group(&mut self) -> Result<Option<Group>> {
        let Some(key) = self.peek().await?.map(<[u8]>::to_vec) else { return Ok(None) };
        let mut group = Group { key, copies: Pair::default(), is_young: false, rows: Vec::new() };
        while let Some(key) = self.peek().await? {
            if key != group.key.as_slice() {
                break;
            }
            let Some((batch, row)) = &mut self.current else { break };
            group.copies = batch.copies.as_ref().map(|copies| copies[*row]);
            let next = Row { batch: batch.clone(), row: *row };
            *row += 1;
            group.is_young |= next.is_young();
            match group.rows.first() {
                Some(shown) if group.copies.source != group.copies.target => {
                    if next.texts() < shown.texts() {
                        group.rows[0] = next;
                    }
                }
                _ => group.rows.push(next),
            }
        }
        // Equal rows may still be written differently (-0.0 and 0.0): the order in which they were read must not show.
        if group.rows.len() > 1 {
            group.rows.sort_by_cached_key(|row| (row.digest(), row.texts()));
        }
        Ok(Some(group))
    }

    fn decode(&self, batch: RecordBatch) -> Result<Decoded> {
        let wrong = || Error::compare("the diff's query returned unexpected columns");
        let number = |at: usize| -> Result<Vec<u64>> {
            Ok(batch.column(at).as_primitive_opt::<UInt64Type>().ok_or_else(wrong)?.values().to_vec())
        };
        let keys = batch.column(2).as_binary_opt::<i32>().ok_or_else(wrong)?.clone();
        let digests =
            number(3)?.into_iter().zip(number(4)?).map(|(high, low)| u128::from(high) << 64 | u128::from(low));
        let columns = batch.columns()[COLUMNS_BEFORE..].to_vec();
        let record = RecordBatch::try_new(self.schema.clone(), columns).map_err(|e| wrong().because(e))?;
        let misfits = Misfits::of(&record)?;
        let young = self.age.as_ref().map(|age| age.young(&record, &misfits)).transpose()?;
        let (mut values, mut columns, mut computed) = (Vec::new(), Vec::new(), Vec::new());
        for (at, field) in self.fields.iter().enumerate() {
            let (array, own) = match field {
                Some(field) => match &field.computed {
                    Some(one) => one.compute(&record, &misfits).map(|(array, own)| (Some(array), Some(own)))?,
                    None => (Some(record.column(field.position).clone()), None),
                },
                None => (None, None),
            };
            values.push(match (field, &array) {
                (Some(field), Some(array)) if self.value_columns.contains(&at) => {
                    Some(encode_field(field, array, own.as_ref().unwrap_or(&misfits))?)
                }
                _ => None,
            });
            columns.push(array);
            computed.push(own);
        }
        Ok(Decoded {
            columns,
            computed,
            misfits,
            keys,
            copies: Pair::new(number(0)?, number(1)?),
            digests: digests.collect(),
            young,
            values,
            fields: self.fields.clone(),
        })
    }
}
