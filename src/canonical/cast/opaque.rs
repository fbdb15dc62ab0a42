//! Types tieout does not compare by value (unions, run-length encodings, …), as text, and nested types in plain words.
//!
//! The text has to tell all values of one type apart: strings are quoted, so that `["a, b"]` is not `["a", "b"]`, and
//! NULL is a word that no quoted string can be.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringBuilder};
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::util::display::{ArrayFormatter, DurationFormat, FormatOptions};

use super::strict_cast;
use crate::error::{Error, Result};

/// The type without what is only a way of writing it down: names inside lists and maps (writers disagree on `item`,
/// `element` and `array`), nullability, offset widths, dictionaries, and the display zone of instants.
pub(super) fn plain(data_type: &DataType) -> DataType {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item) | DataType::LargeListView(item) => {
            DataType::List(plain_field(item, "item", true))
        }
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(plain_field(item, "item", true), *size),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| plain_field(field, field.name(), true)).collect())
        }
        DataType::Map(entries, sorted) => DataType::Map(plain_entries(entries), *sorted),
        DataType::Dictionary(_, values) => plain(values),
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, Some("+00:00".into())),
        other => other.clone(),
    }
}

fn plain_field(field: &Field, name: &str, nullable: bool) -> FieldRef {
    Arc::new(Field::new(name, plain(field.data_type()), nullable))
}

fn plain_entries(entries: &Field) -> FieldRef {
    let data_type = match entries.data_type() {
        DataType::Struct(fields) if fields.len() == 2 => DataType::Struct(
            [plain_field(&fields[0], "key", false), plain_field(&fields[1], "value", true)].into_iter().collect(),
        ),
        other => other.clone(),
    };
    Arc::new(Field::new("entries", data_type, false))
}

/// Each value as text.
pub(super) fn texts(array: &ArrayRef) -> Result<ArrayRef> {
    let plain = plain(array.data_type());
    let array = if *array.data_type() == plain { Arc::clone(array) } else { strict_cast(array, &plain)? };
    let unreadable = |e| Error::store(format!("cannot show a value of type {plain} as text")).because(e);
    let options = FormatOptions::new()
        .with_display_error(false)
        .with_null("NULL")
        .with_quoted_strings(true)
        .with_duration_format(DurationFormat::ISO8601);
    let formatter = ArrayFormatter::try_new(&array, &options).map_err(unreadable)?;
    let mut texts = StringBuilder::new();
    let mut text = String::new();
    for row in 0..array.len() {
        if array.is_null(row) {
            texts.append_null();
            continue;
        }
        text.clear();
        formatter.value(row).write(&mut text).map_err(unreadable)?;
        texts.append_value(&text);
    }
    Ok(Arc::new(texts.finish()))
}
