use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::*;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::RowSelector;
use parquet::data_type::{FixedLenByteArray, FixedLenByteArrayType, Int96, Int96Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::*;
use crate::canonical::{CanonicalType, Misfits, Precision};
use crate::model::TableName;

fn write(path: &Path, batch: &RecordBatch, rows_per_group: usize) {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(rows_per_group)).build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

fn table_of(path: &Path) -> Table {
    let columns = ParquetFile::open(path).unwrap().columns().to_vec();
    Table { name: TableName::bare("t"), columns, keys: Vec::new(), rows_estimate: None, schema: None }
}

fn read(path: &Path, first: usize, end: usize, selection: Option<RowSelection>) -> Result<Vec<RecordBatch>> {
    read_row_groups(path, first, end, &table_of(path), selection)?.collect()
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("t.parquet");
    (root, path)
}

fn numbers(rows: i64) -> RecordBatch {
    let ids: Int64Array = (0..rows).collect();
    let texts: StringArray = (0..rows).map(|i| (i % 3 != 0).then(|| format!("text {i}"))).collect();
    RecordBatch::try_from_iter([("id", Arc::new(ids) as ArrayRef), ("s", Arc::new(texts) as ArrayRef)]).unwrap()
}

fn ids(batches: &[RecordBatch]) -> Vec<i64> {
    batches.iter().flat_map(|b| b.column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
}

#[test]
fn row_groups_are_read_by_range_and_by_selection() {
    let (_root, path) = file();
    write(&path, &numbers(25_000), 6_000);
    assert_eq!(ParquetFile::open(&path).unwrap().row_groups(), [6_000, 6_000, 6_000, 6_000, 1_000]);
    let all = read(&path, 0, 5, None).unwrap();
    assert!(all.iter().all(|batch| batch.num_rows() <= ROWS_PER_BATCH));
    assert_eq!(ids(&all), (0..25_000).collect::<Vec<_>>());
    assert_eq!(ids(&read(&path, 1, 3, None).unwrap()), (6_000..18_000).collect::<Vec<_>>());
    assert!(read(&path, 2, 2, None).unwrap().is_empty());
    let selection = RowSelection::from(vec![RowSelector::skip(5), RowSelector::select(2), RowSelector::skip(11_993)]);
    assert_eq!(ids(&read(&path, 1, 3, Some(selection)).unwrap()), [6_005, 6_006]);
}

#[test]
fn row_groups_that_are_not_there_are_an_error() {
    let (_root, path) = file();
    write(&path, &numbers(10), 10);
    let error = read(&path, 0, 2, None).unwrap_err();
    assert!(error.to_string().contains("has 1 row groups") && error.to_string().contains("t.parquet"), "{error}");
}

#[test]
fn a_file_with_other_columns_than_described_is_an_error() {
    let (_root, path) = file();
    write(&path, &numbers(10), 10);
    let mut table = table_of(&path);
    table.columns[1].canonical = CanonicalType::Int64;
    let Err(error) = read_row_groups(&path, 0, 1, &table, None) else { panic!("must fail") };
    assert!(error.to_string().contains("does not have the columns"), "{error}");
}

#[test]
fn a_truncated_or_damaged_file_is_an_error_with_file_and_hint() {
    let (_root, path) = file();
    write(&path, &numbers(10_000), 10_000);
    let table = table_of(&path);
    let whole = std::fs::read(&path).unwrap();
    for cut in [0, 3, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let error = ParquetFile::open(&path).unwrap_err();
        assert!(error.to_string().contains("t.parquet") && error.advice().unwrap().contains("again"), "{error}");
    }
    // Overwritten pages: whatever the decoder makes of them, it is no silent success.
    let mut damaged = whole.clone();
    damaged[4..2_000].fill(0xff);
    std::fs::write(&path, &damaged).unwrap();
    let outcome: Result<Vec<_>> = read_row_groups(&path, 0, 1, &table, None).and_then(Iterator::collect);
    let error = outcome.unwrap_err();
    assert!(error.to_string().contains("t.parquet") && error.advice().is_some(), "{error}");
}

#[test]
fn dictionaries_large_text_and_views_are_read_as_plain_columns() {
    let (_root, path) = file();
    let dictionary: DictionaryArray<Int32Type> = vec![Some("a"), None, Some("a")].into_iter().collect();
    let with_metadata = |name: &str, array: &ArrayRef| {
        let metadata = [("comment".to_string(), "theirs".to_string())].into_iter().collect();
        Field::new(name, array.data_type().clone(), true).with_metadata(metadata)
    };
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(dictionary),
        Arc::new(LargeStringArray::from(vec!["x", "y", "z"])),
        Arc::new(StringViewArray::from(vec!["x", "y", "z"])),
        Arc::new(BinaryViewArray::from(vec![&b"\xff"[..], b"", b"b"])),
        Arc::new(UInt64Array::from(vec![u64::MAX, 0, 1])),
        Arc::new(Decimal32Array::from(vec![1, 2, 3]).with_data_type(DataType::Decimal32(7, 2))),
        Arc::new(TimestampSecondArray::from(vec![1, 2, 3])),
    ];
    let fields: Vec<Field> =
        arrays.iter().enumerate().map(|(i, array)| with_metadata(&format!("c{i}"), array)).collect();
    write(&path, &RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap(), 10);
    let table = table_of(&path);
    let canonical: Vec<_> = table.columns.iter().map(|c| c.canonical.clone()).collect();
    let decimal = CanonicalType::Decimal { precision: 7, scale: 2 };
    use CanonicalType::{Binary, Text, Timestamp, UInt64};
    assert_eq!(canonical, [Text, Text, Text, Binary, UInt64, decimal, Timestamp(Precision::Micro)]);
    let batches = read(&path, 0, 1, None).unwrap();
    assert_eq!(batches[0].column(0).as_string::<i32>().iter().collect::<Vec<_>>(), [Some("a"), None, Some("a")]);
    assert_eq!(batches[0].column(4).as_primitive::<UInt64Type>().value(0), u64::MAX);
    assert_eq!(batches[0].column(6).as_primitive::<TimestampMicrosecondType>().value(0), 1_000_000);
}

/// Writes a file of one group through the low-level writer, for types that Arrow does not write.
fn write_columns(path: &Path, schema: &str, write: impl FnOnce(&mut SerializedFileWriter<File>)) {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, Default::default()).unwrap();
    write(&mut writer);
    writer.close().unwrap();
}

fn int96(days_since_1970: i64, nanos: u64) -> Int96 {
    let mut value = Int96::new();
    value.set_data(nanos as u32, (nanos >> 32) as u32, (days_since_1970 + 2_440_588) as u32);
    value
}

/// 3000-01-01.
const YEAR_3000: i64 = 376_200;

#[test]
fn int96_reaches_the_year_3000_without_overflow() {
    let (_root, path) = file();
    write_columns(&path, "message m { required int64 id; optional int96 at; }", |file| {
        let mut group = file.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<parquet::data_type::Int64Type>().write_batch(&[1, 2, 3, 4], None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let values = [int96(YEAR_3000, 1_000), int96(-719_162, 0), int96(YEAR_3000, 1_234_567_891)];
        column.typed::<Int96Type>().write_batch(&values, Some(&[1, 1, 0, 1]), None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
    });
    let column = &table_of(&path).columns[1];
    assert_eq!(
        (column.canonical.clone(), column.native.as_str()),
        (CanonicalType::Timestamp(Precision::Micro), "int96")
    );
    let batches = read(&path, 0, 1, None).unwrap();
    let at = batches[0].column(1).as_primitive::<TimestampMicrosecondType>();
    assert_eq!(at.value(0), YEAR_3000 * 86_400_000_000 + 1);
    assert_eq!(at.value(1), -719_162 * 86_400_000_000);
    // The last one has nanoseconds that microseconds cannot hold: kept as a misfit, not cut off.
    assert!(at.is_null(2) && at.is_null(3));
    let misfits = Misfits::of(&batches[0]).unwrap();
    assert_eq!(misfits.get("at", 3), Some("3000-01-01 00:00:01.234567891"));
    assert_eq!(misfits.get("at", 2), None);
    let selection = RowSelection::from(vec![RowSelector::skip(3), RowSelector::select(1)]);
    let selected = read(&path, 0, 1, Some(selection)).unwrap();
    assert_eq!(ids(&selected), [4]);
    assert_eq!(Misfits::of(&selected[0]).unwrap().get("at", 0), Some("3000-01-01 00:00:01.234567891"));
}

#[test]
fn int96_within_a_list_does_not_overflow_either() {
    let write = |path: &Path, nanos: u64| {
        let schema = "message m { optional group l (LIST) { repeated group list { optional int96 element; } } }";
        write_columns(path, schema, |file| {
            let mut group = file.next_row_group().unwrap();
            let mut column = group.next_column().unwrap().unwrap();
            let values = [int96(YEAR_3000, nanos), int96(0, 0)];
            column.typed::<Int96Type>().write_batch(&values, Some(&[3, 3]), Some(&[0, 1])).unwrap();
            column.close().unwrap();
            group.close().unwrap();
        });
    };
    let (_root, path) = file();
    write(&path, 5_000);
    let batches = read(&path, 0, 1, None).unwrap();
    assert_eq!(
        batches[0].column(0).as_string::<i32>().value(0),
        r#"["3000-01-01 00:00:00.000005","1970-01-01 00:00:00"]"#
    );
    write(&path, 5_001);
    assert!(read(&path, 0, 1, None).unwrap_err().to_string().contains("column l"));
}

#[test]
fn an_interval_keeps_its_months() {
    let (_root, path) = file();
    write_columns(&path, "message m { required fixed_len_byte_array(12) i (INTERVAL); }", |file| {
        let mut group = file.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let interval = |months: u32, days: u32, millis: u32| {
            FixedLenByteArray::from([months, days, millis].map(u32::to_le_bytes).concat())
        };
        let values = [interval(0, 2, 3), interval(1, 2, 3)];
        column.typed::<FixedLenByteArrayType>().write_batch(&values, None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
    });
    let batches = read(&path, 0, 1, None).unwrap();
    assert!(batches[0].column(0).is_valid(0) && batches[0].column(0).is_null(1));
    assert_eq!(Misfits::of(&batches[0]).unwrap().get("i", 1), Some("1 mon 2 days 00:00:00.003"));
}

#[test]
fn parquets_own_types_decide_what_a_column_is() {
    let (_root, path) = file();
    let schema = "message m {
        required fixed_len_byte_array(16) u (UUID);
        optional fixed_len_byte_array(16) f;
        required binary j (JSON);
        required binary e (ENUM);
        required binary s (STRING);
        required binary b;
        required int32 d (DECIMAL(5,2));
        required binary w (DECIMAL(40,3));
        required int32 u8 (INTEGER(8,false));
        required int64 u64 (INTEGER(64,false));
        required int64 utc (TIMESTAMP(MILLIS,true));
        required int64 naive (TIMESTAMP(NANOS,false));
        required int32 t (TIME(MILLIS,true));
        required int32 day (DATE);
        required boolean yes;
    }";
    write_columns(&path, schema, |_| {});
    let table = table_of(&path);
    let decimal = |precision, scale| CanonicalType::Decimal { precision, scale };
    use CanonicalType::*;
    let expected = [
        ("u", "uuid", Uuid),
        ("f", "FixedSizeBinary(16)", Binary),
        ("j", "json", Json),
        ("e", "enum", Text),
        ("s", "string", Text),
        ("b", "byte_array", Binary),
        ("d", "decimal(5,2)", decimal(5, 2)),
        ("w", "decimal(40,3)", decimal(40, 3)),
        ("u8", "uint8", Int64),
        ("u64", "uint64", UInt64),
        ("utc", "timestamp(millis, utc)", Instant(Precision::Micro)),
        ("naive", "timestamp(nanos)", Timestamp(Precision::Nano)),
        ("t", "time(millis, utc)", Time(Precision::Micro)),
        ("day", "date", Date),
        ("yes", "boolean", Boolean),
    ];
    for (column, (name, native, canonical)) in table.columns.iter().zip(expected) {
        assert_eq!((column.name.as_str(), column.native.as_str(), &column.canonical), (name, native, &canonical));
        assert_eq!(column.nullable, name == "f");
    }
    assert!(read(&path, 0, 0, None).unwrap().is_empty());
}

#[test]
fn a_geometry_is_read_as_such_and_identifiers_within_lists_are_no_bytes() {
    use parquet::basic::{LogicalType, Type as Physical};
    use parquet::schema::types::Type;
    let (_root, path) = file();
    let geometry = Type::primitive_type_builder("g", Physical::BYTE_ARRAY)
        .with_logical_type(Some(LogicalType::geometry(None)))
        .build()
        .unwrap();
    let list = "message m { optional group l (LIST) { repeated group list { optional fixed_len_byte_array(16) element (UUID); } } }";
    let list = parse_message_type(list).unwrap().get_fields()[0].clone();
    let schema = Type::group_type_builder("m").with_fields(vec![Arc::new(geometry), list]).build().unwrap();
    let writer = SerializedFileWriter::new(File::create(&path).unwrap(), Arc::new(schema), Default::default()).unwrap();
    writer.close().unwrap();
    let columns = table_of(&path).columns;
    assert_eq!((columns[0].native.as_str(), &columns[0].canonical), ("geometry", &CanonicalType::Geometry));
    assert_eq!(columns[1].canonical, CanonicalType::Array { item: Box::new(CanonicalType::Uuid) });
}

#[test]
fn a_column_name_that_repeats_or_is_ours_is_an_error() {
    let (_root, path) = file();
    write_columns(&path, "message m { required int32 a; required int32 a; }", |_| {});
    assert!(ParquetFile::open(&path).unwrap_err().to_string().contains("columns 1 and 2 are both called \"a\""));
    write_columns(&path, "message m { required int32 __tieout_misfits; }", |_| {});
    assert!(ParquetFile::open(&path).unwrap_err().to_string().contains("__tieout_misfits"));
}

#[test]
fn wide_rows_come_in_small_batches() {
    let (_root, path) = file();
    let texts: StringArray = (0..20).map(|i| Some(format!("{i}").repeat(1 << 19))).collect();
    write(&path, &RecordBatch::try_from_iter([("s", Arc::new(texts) as ArrayRef)]).unwrap(), 20);
    let batches = read(&path, 0, 1, None).unwrap();
    assert!(batches.len() >= 3, "{}", batches.len());
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 20);
}
