//! Lists, structs and maps as the carriers of [`crate::canonical::nested`].

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType;
use serde_json::{Value, json};

use super::opaque::plain;
use super::{canonical_type, strict_cast, to_canonical};
use crate::canonical::CanonicalType;
use crate::canonical::display::display;
use crate::canonical::nested::array_of;
use crate::error::{Error, Result};

/// The canonical type of a list, struct or map, by those of what it holds.
pub(super) fn canonical(data_type: &DataType) -> CanonicalType {
    match data_type {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => array_of(canonical_type(item.data_type(), item)),
        DataType::Struct(fields) => CanonicalType::Struct {
            fields: fields.iter().map(|f| (f.name().clone(), canonical_type(f.data_type(), f))).collect(),
        },
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                let of = |at: usize| Box::new(canonical_type(fields[at].data_type(), &fields[at]));
                CanonicalType::Map { key: of(0), value: of(1) }
            }
            _ => CanonicalType::Opaque { native: format!("arrow {}", plain(data_type)) },
        },
        other => CanonicalType::Opaque { native: format!("arrow {}", plain(other)) },
    }
}

/// Each value as its carrier.
pub(super) fn carriers(array: &ArrayRef, canonical: &CanonicalType) -> Result<ArrayRef> {
    let plain = plain(array.data_type());
    let array = if *array.data_type() == plain { Arc::clone(array) } else { strict_cast(array, &plain)? };
    let values = Values::of(&array, canonical)?;
    let mut texts = StringBuilder::new();
    for row in 0..array.len() {
        match values.value(row) {
            Value::Null => texts.append_null(),
            value => texts.append_value(value.to_string()),
        }
    }
    Ok(Arc::new(texts.finish()))
}

/// The values of an array, taken apart down to its leaves.
struct Values {
    array: ArrayRef,
    parts: Parts,
}

enum Parts {
    Leaf(CanonicalType, HashMap<usize, String>),
    List(OffsetBuffer<i32>, Box<Values>),
    FixedSizeList(usize, Box<Values>),
    Struct(Vec<Values>),
    Map(OffsetBuffer<i32>, Box<(Values, Values)>),
}

impl Values {
    fn of(array: &ArrayRef, canonical: &CanonicalType) -> Result<Self> {
        let unexpected =
            || Error::store(format!("cannot read a column of type {} as {}", array.data_type(), canonical.label()));
        let parts = match (array.data_type(), canonical) {
            // The items of a list of lists are items of the same array, in one more dimension.
            (DataType::List(item), CanonicalType::Array { item: leaf }) => {
                let list = array.as_list::<i32>();
                let inner = if is_list(item.data_type()) { canonical } else { leaf };
                Parts::List(list.offsets().clone(), Box::new(Self::of(list.values(), inner)?))
            }
            (DataType::FixedSizeList(item, _), CanonicalType::Array { item: leaf }) => {
                let list = array.as_fixed_size_list();
                let size = usize::try_from(list.value_length()).map_err(|_| unexpected())?;
                let inner = if is_list(item.data_type()) { canonical } else { leaf };
                Parts::FixedSizeList(size, Box::new(Self::of(list.values(), inner)?))
            }
            (DataType::Struct(_), CanonicalType::Struct { fields }) => {
                let columns = array.as_struct().columns();
                if columns.len() != fields.len() {
                    return Err(unexpected());
                }
                let parts = columns.iter().zip(fields).map(|(column, (_, canonical))| Self::of(column, canonical));
                Parts::Struct(parts.collect::<Result<_>>()?)
            }
            (DataType::Map(..), CanonicalType::Map { key, value }) => {
                let map = array.as_map();
                let parts = (Self::of(map.keys(), key)?, Self::of(map.values(), value)?);
                Parts::Map(map.offsets().clone(), Box::new(parts))
            }
            (_, CanonicalType::Array { .. } | CanonicalType::Struct { .. } | CanonicalType::Map { .. }) => {
                return Err(unexpected());
            }
            (_, leaf) => {
                let (array, misfits) = to_canonical(array, leaf)?;
                return Ok(Self { array, parts: Parts::Leaf(leaf.clone(), misfits.into_iter().collect()) });
            }
        };
        Ok(Self { array: Arc::clone(array), parts })
    }

    fn value(&self, row: usize) -> Value {
        if let Parts::Leaf(canonical, misfits) = &self.parts {
            let text = misfits.get(&row).cloned().or_else(|| display(&self.array, canonical, row));
            return text.map_or(Value::Null, Value::String);
        }
        if self.array.is_null(row) {
            return Value::Null;
        }
        let between = |offsets: &OffsetBuffer<i32>| offsets[row] as usize..offsets[row + 1] as usize;
        match &self.parts {
            Parts::List(offsets, items) => Value::Array(between(offsets).map(|at| items.value(at)).collect()),
            Parts::FixedSizeList(size, items) => {
                // The values of a slice begin where the slice does.
                Value::Array((row * size..(row + 1) * size).map(|at| items.value(at)).collect())
            }
            Parts::Struct(fields) => {
                json!({ "fields": fields.iter().map(|field| field.value(row)).collect::<Vec<_>>() })
            }
            Parts::Map(offsets, parts) => {
                let entry = |at| json!([parts.0.value(at), parts.1.value(at)]);
                json!({ "entries": between(offsets).map(entry).collect::<Vec<_>>() })
            }
            Parts::Leaf(..) => Value::Null,
        }
    }
}

fn is_list(data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(_) | DataType::FixedSizeList(..))
}
