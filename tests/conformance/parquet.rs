//! Parquet files from literals: by Arrow's types, or leaf by leaf after a Parquet schema.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float32Array, Float64Array, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow::compute::{CastOptions, cast_with_options, concat};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::display::FormatOptions;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, Int96};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::cases::{Leaf, ParquetTable};
use super::sheets::{Sheet, all_rows};

/// The file of a sheet.
pub fn sheet(sheet: &Sheet) -> Vec<u8> {
    let (names, types): (Vec<_>, Vec<_>) = sheet.columns.iter().cloned().unzip();
    arrow_file(&names, &types, &all_rows(sheet), WriterProperties::builder().build(), usize::MAX)
}

/// The file of a situation.
pub fn table(table: &ParquetTable) -> Vec<u8> {
    if !table.message.is_empty() {
        return message_file(&table.message, &table.leaves);
    }
    let compression = match table.compression.as_str() {
        "" => Compression::UNCOMPRESSED,
        "zstd" => Compression::ZSTD(ZstdLevel::default()),
        "snappy" => Compression::SNAPPY,
        other => panic!("no compression {other}"),
    };
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_dictionary_enabled(table.dictionary)
        .set_max_row_group_row_count(table.row_group_rows)
        .build();
    let value = |value: &String| (value != "NULL").then(|| value.clone());
    let rows: Vec<Vec<Option<String>>> = table.rows.iter().map(|row| row.iter().map(value).collect()).collect();
    arrow_file(&table.names, &table.types, &rows, properties, table.row_group_rows.unwrap_or(usize::MAX))
}

fn arrow_file(
    names: &[String],
    types: &[String],
    rows: &[Vec<Option<String>>],
    properties: WriterProperties,
    rows_per_group: usize,
) -> Vec<u8> {
    let fields: Vec<Field> = names.iter().zip(types).map(|(name, written)| field(name, written)).collect();
    let arrays = types.iter().enumerate().map(|(at, written)| column(written, rows, at)).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("a batch");
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), Some(properties)).expect("a writer");
    let mut row = 0;
    while row < batch.num_rows() {
        let rows = rows_per_group.min(batch.num_rows() - row);
        writer.write(&batch.slice(row, rows)).expect("rows");
        row += rows;
    }
    writer.close().expect("a file");
    file
}

fn field(name: &str, written: &str) -> Field {
    let extension = match written {
        "Uuid" => "arrow.uuid",
        "Json" => "arrow.json",
        _ => return Field::new(name, data_type(written), true),
    };
    let metadata = HashMap::from([("ARROW:extension:name".to_owned(), extension.to_owned())]);
    Field::new(name, data_type(written), true).with_metadata(metadata)
}

fn data_type(written: &str) -> DataType {
    match written {
        "Uuid" => DataType::FixedSizeBinary(16),
        "Json" => DataType::Utf8,
        other => other.parse().unwrap_or_else(|e| panic!("{other}: {e}")),
    }
}

/// A column; stretches of NULL are made at once.
fn column(written: &str, rows: &[Vec<Option<String>>], at: usize) -> ArrayRef {
    let data_type = data_type(written);
    if data_type == DataType::Int64 {
        let number = |row: &Vec<Option<String>>| row[at].as_ref().map(|v| v.parse::<i64>().expect("a whole number"));
        return Arc::new(rows.iter().map(number).collect::<Int64Array>());
    }
    let mut pieces: Vec<ArrayRef> = Vec::new();
    let mut empty = 0;
    for row in rows {
        match &row[at] {
            None => empty += 1,
            Some(text) => {
                if empty > 0 {
                    pieces.push(new_null_array(&data_type, empty));
                    empty = 0;
                }
                pieces.push(value(&data_type, written, text));
            }
        }
    }
    pieces.push(new_null_array(&data_type, empty));
    concat(&pieces.iter().map(|piece| piece.as_ref()).collect::<Vec<&dyn Array>>()).expect("one column")
}

/// One value: `hex:…` for bytes and floats bit by bit, `int:…` for the number behind a time, JSON for nested types, else
/// the text that Arrow reads as the type.
fn value(data_type: &DataType, written: &str, text: &str) -> ArrayRef {
    if let Some(hex) = text.strip_prefix("hex:") {
        let bytes = hex::decode(hex).expect("hex");
        return match data_type {
            DataType::Float32 => {
                Arc::new(Float32Array::from(vec![f32::from_be_bytes(bytes.try_into().expect("4 bytes"))]))
            }
            DataType::Float64 => {
                Arc::new(Float64Array::from(vec![f64::from_be_bytes(bytes.try_into().expect("8 bytes"))]))
            }
            _ => cast(&(Arc::new(arrow::array::BinaryArray::from_vec(vec![&bytes])) as ArrayRef), data_type),
        };
    }
    if let Some(number) = text.strip_prefix("int:") {
        let number: i64 = number.parse().expect("a whole number");
        let number: ArrayRef = Arc::new(Int64Array::from(vec![number]));
        return match data_type {
            DataType::Date32 => cast(&cast(&number, &DataType::Int32), data_type),
            _ => cast(&number, data_type),
        };
    }
    if written == "Uuid" {
        return value(data_type, "", &format!("hex:{}", text.replace('-', "")));
    }
    if data_type.is_nested() {
        let schema = Arc::new(Schema::new(vec![Field::new("v", data_type.clone(), true)]));
        let mut reader = arrow::json::ReaderBuilder::new(schema).build_decoder().expect("a reader");
        reader.decode(format!("{{\"v\": {text}}}").as_bytes()).expect("JSON");
        return reader.flush().expect("a value").expect("a value").column(0).clone();
    }
    cast(&(Arc::new(StringArray::from(vec![text])) as ArrayRef), data_type)
}

fn cast(array: &ArrayRef, data_type: &DataType) -> ArrayRef {
    let options = CastOptions { safe: false, format_options: FormatOptions::default() };
    cast_with_options(array, data_type, &options).unwrap_or_else(|e| panic!("{data_type}: {e}"))
}

/// One row group; each leaf's values as its physical type has them, bytes in hex.
fn message_file(message: &str, leaves: &[Leaf]) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(message).expect("a Parquet schema"));
    let properties = WriterProperties::builder().set_dictionary_enabled(false).build();
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema, Arc::new(properties)).expect("a writer");
    let mut group = writer.next_row_group().expect("a row group");
    for leaf in leaves {
        write_leaf(&mut group, leaf);
    }
    group.close().expect("a row group");
    writer.close().expect("a file");
    file
}

fn write_leaf<W: std::io::Write + Send>(group: &mut SerializedRowGroupWriter<'_, W>, leaf: &Leaf) {
    let mut column = group.next_column().expect("a column").expect("as many leaves as the schema has");
    let (definition, repetition) = (leaf.definition.as_deref(), leaf.repetition.as_deref());
    let bytes = |text: &String| hex::decode(text).expect("hex");
    macro_rules! write {
        ($writer:expr, $parse:expr) => {{
            let values: Vec<_> = leaf.values.iter().map($parse).collect();
            let stated: Vec<_> = leaf.statistics.iter().flatten().map($parse).collect();
            let (min, max) = (stated.first(), stated.last());
            $writer.write_batch_with_statistics(&values, definition, repetition, min, max, None).expect("values");
        }};
    }
    match column.untyped() {
        ColumnWriter::Int32ColumnWriter(writer) => write!(writer, |v| v.parse().expect("a number")),
        ColumnWriter::Int64ColumnWriter(writer) => write!(writer, |v| v.parse().expect("a number")),
        ColumnWriter::FloatColumnWriter(writer) => write!(writer, |v| v.parse().expect("a number")),
        ColumnWriter::DoubleColumnWriter(writer) => write!(writer, |v| v.parse().expect("a number")),
        ColumnWriter::BoolColumnWriter(writer) => write!(writer, |v| v.parse().expect("true or false")),
        ColumnWriter::ByteArrayColumnWriter(writer) => write!(writer, |v| bytes(v).into()),
        ColumnWriter::FixedLenByteArrayColumnWriter(writer) => write!(writer, |v| ByteArray::from(bytes(v)).into()),
        ColumnWriter::Int96ColumnWriter(writer) => write!(writer, |v| {
            let words: Vec<u32> =
                bytes(v).chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().expect("4 bytes"))).collect();
            let mut value = Int96::new();
            value.set_data(words[0], words[1], words[2]);
            value
        }),
    }
    column.close().expect("a column");
}
