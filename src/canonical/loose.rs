//! Builds the columns of SQLite: for each value its storage class and itself.

use arrow::array::{
    Array, ArrayBuilder, ArrayRef, ArrowPrimitiveType, BinaryBuilder, Float64Builder, GenericByteBuilder, Int64Builder,
    NullBufferBuilder, PrimitiveBuilder, StringBuilder, StructArray, new_null_array,
};
use arrow::datatypes::ByteArrayType;

use super::batch::{finish_bytes, finish_primitive};
use super::types::loose_fields;
use crate::error::{Error, Result};

/// The four arrays behind a [`super::CanonicalType::Loose`] column.
///
/// Nearly every column holds values of one class. So a value is appended to the array of its class alone; the NULLs of
/// the rows between follow when that class comes again, or at the end.
pub struct LooseBuilder {
    integer: Int64Builder,
    real: Float64Builder,
    text: StringBuilder,
    blob: BinaryBuilder,
    valid: NullBufferBuilder,
    absent: Absent,
}

/// A value of one of SQLite's storage classes, NULL apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LooseValue<'a> {
    /// INTEGER
    Integer(i64),
    /// REAL
    Real(f64),
    /// TEXT
    Text(&'a str),
    /// BLOB
    Blob(&'a [u8]),
}

impl Default for LooseBuilder {
    fn default() -> Self {
        Self {
            integer: Int64Builder::new(),
            real: Float64Builder::new(),
            text: StringBuilder::new(),
            blob: BinaryBuilder::new(),
            valid: NullBufferBuilder::new(0),
            absent: Absent::default(),
        }
    }
}

impl LooseBuilder {
    /// Appends a value, or NULL.
    pub fn append(&mut self, value: Option<LooseValue<'_>>) {
        match value {
            None => self.null(),
            Some(LooseValue::Integer(value)) => self.integer(value),
            Some(LooseValue::Real(value)) => self.real(value),
            Some(LooseValue::Text(value)) => self.text(value),
            Some(LooseValue::Blob(value)) => self.blob(value),
        }
    }

    /// Appends NULL.
    #[inline]
    pub fn null(&mut self) {
        self.valid.append_null();
    }

    /// Appends an INTEGER.
    #[inline]
    pub fn integer(&mut self, value: i64) {
        fill_primitive(&mut self.integer, self.valid.len());
        self.integer.append_value(value);
        self.valid.append_non_null();
    }

    /// Appends a REAL.
    #[inline]
    pub fn real(&mut self, value: f64) {
        fill_primitive(&mut self.real, self.valid.len());
        self.real.append_value(value);
        self.valid.append_non_null();
    }

    /// Appends a TEXT.
    #[inline]
    pub fn text(&mut self, value: &str) {
        fill_bytes(&mut self.text, self.valid.len());
        self.text.append_value(value);
        self.valid.append_non_null();
    }

    /// Appends a BLOB.
    #[inline]
    pub fn blob(&mut self, value: &[u8]) {
        fill_bytes(&mut self.blob, self.valid.len());
        self.blob.append_value(value);
        self.valid.append_non_null();
    }

    /// The values so far as an array; the builder starts anew.
    pub(super) fn finish(&mut self) -> Result<StructArray> {
        let rows = self.valid.len();
        let absent = &mut self.absent;
        let arrays: Vec<ArrayRef> = vec![
            primitive(&mut self.integer, rows).unwrap_or_else(|| absent.array(0, rows)),
            primitive(&mut self.real, rows).unwrap_or_else(|| absent.array(1, rows)),
            bytes(&mut self.text, rows).unwrap_or_else(|| absent.array(2, rows)),
            bytes(&mut self.blob, rows).unwrap_or_else(|| absent.array(3, rows)),
        ];
        StructArray::try_new(loose_fields(), arrays, self.valid.finish())
            .map_err(|e| Error::store("a reader built a damaged SQLite column").because(e))
    }
}

/// The arrays of the classes that did not occur. They are shared among the batches: they hold nothing but NULL.
#[derive(Default)]
struct Absent([Option<ArrayRef>; 4]);

impl Absent {
    fn array(&mut self, class: usize, rows: usize) -> ArrayRef {
        match &self.0[class] {
            Some(known) if known.len() == rows => known.clone(),
            _ => {
                let made = new_null_array(loose_fields()[class].data_type(), rows);
                self.0[class] = Some(made.clone());
                made
            }
        }
    }
}

#[inline]
fn fill_primitive<T: ArrowPrimitiveType>(builder: &mut PrimitiveBuilder<T>, rows: usize) {
    let behind = rows - builder.len();
    if behind > 0 {
        builder.append_nulls(behind);
    }
}

#[inline]
fn fill_bytes<T: ByteArrayType>(builder: &mut GenericByteBuilder<T>, rows: usize) {
    let behind = rows - builder.len();
    if behind > 0 {
        builder.append_nulls(behind);
    }
}

/// The finished array of a class; `None` where the class did not occur.
fn primitive<T: ArrowPrimitiveType>(builder: &mut PrimitiveBuilder<T>, rows: usize) -> Option<ArrayRef> {
    (!builder.is_empty()).then(|| {
        fill_primitive(builder, rows);
        finish_primitive(builder, &T::DATA_TYPE)
    })
}

fn bytes<T: ByteArrayType>(builder: &mut GenericByteBuilder<T>, rows: usize) -> Option<ArrayRef> {
    (!builder.is_empty()).then(|| {
        fill_bytes(builder, rows);
        finish_bytes(builder)
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::{Float64Type, Int64Type};
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    enum Owned {
        Null,
        Integer(i64),
        Real(f64),
        Text(String),
        Blob(Vec<u8>),
    }

    impl Owned {
        fn value(&self) -> Option<LooseValue<'_>> {
            Some(match self {
                Owned::Null => return None,
                Owned::Integer(v) => LooseValue::Integer(*v),
                Owned::Real(v) => LooseValue::Real(*v),
                Owned::Text(v) => LooseValue::Text(v),
                Owned::Blob(v) => LooseValue::Blob(v),
            })
        }
    }

    /// The values of an array, which must hold exactly one for each row that is not NULL.
    fn values(array: &StructArray) -> Vec<Owned> {
        let (integer, real) =
            (array.column(0).as_primitive::<Int64Type>(), array.column(1).as_primitive::<Float64Type>());
        let (text, blob) = (array.column(2).as_string::<i32>(), array.column(3).as_binary::<i32>());
        let value = |row: usize| {
            let set = array.columns().iter().filter(|class| class.is_valid(row)).count();
            assert_eq!(set, usize::from(array.is_valid(row)));
            match row {
                _ if integer.is_valid(row) => Owned::Integer(integer.value(row)),
                _ if real.is_valid(row) => Owned::Real(real.value(row)),
                _ if text.is_valid(row) => Owned::Text(text.value(row).to_string()),
                _ if blob.is_valid(row) => Owned::Blob(blob.value(row).to_vec()),
                _ => Owned::Null,
            }
        };
        (0..array.len()).map(value).collect()
    }

    fn any_value() -> impl Strategy<Value = Owned> {
        prop_oneof![
            Just(Owned::Null),
            any::<i64>().prop_map(Owned::Integer),
            (-1e9f64..1e9).prop_map(Owned::Real),
            ".{0,4}".prop_map(Owned::Text),
            proptest::collection::vec(any::<u8>(), 0..4).prop_map(Owned::Blob),
        ]
    }

    proptest! {
        #[test]
        fn whatever_the_mixture_of_classes_every_value_stands_in_its_row(
            batches in proptest::collection::vec(proptest::collection::vec(any_value(), 0..30), 1..4),
        ) {
            let mut builder = LooseBuilder::default();
            for batch in batches {
                batch.iter().for_each(|value| builder.append(value.value()));
                prop_assert_eq!(values(&builder.finish().unwrap()), batch);
            }
        }
    }
}
