//! Parquet's physical and logical types against PostgreSQL, and nested ones against each other.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Int32Array, Int32Builder, Int64Array, ListBuilder, MapBuilder, RecordBatch, StringArray,
    StringBuilder, StructArray,
};
use arrow::datatypes::{DataType, Field, Fields};
use parquet::arrow::ArrowWriter;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::assert_each_changed_cell;
use crate::binary::Tieout;
use crate::result::Line;
use crate::servers::Postgres;

/// A value as Parquet stores it.
#[derive(Debug, Clone)]
enum Raw {
    Word(i32),
    Long(i64),
    Moment([u32; 3]),
    Bytes(&'static [u8]),
    Fixed(Vec<u8>),
}

use Raw::{Bytes, Fixed, Long, Moment, Word};

/// A column: name, type and value in PostgreSQL, Parquet type with `c` for the name, equal and other value.
#[derive(Debug)]
struct Case(&'static str, [&'static str; 2], &'static str, [Raw; 2], &'static str);

fn interval(months: u32, days: u32, millis: u32) -> Raw {
    Fixed([months, days, millis].map(u32::to_le_bytes).concat())
}

/// Midnight of the first day of the year 3000, or the microsecond after it: nanoseconds of the day, Julian day.
fn year_3000(nanos: u32) -> Raw {
    Moment([nanos, 0, 2_816_788])
}

#[rustfmt::skip] // one line a case
fn cases() -> Vec<Case> {
    vec![
        Case("d32", ["numeric(9,2)", "-1.10"], "int32 c (DECIMAL(9,2))", [Word(-110), Word(-111)], "decimal(9,2)"),
        Case("d64", ["numeric(18,4)", "1.1"], "int64 c (DECIMAL(18,4))", [Long(11_000), Long(11_001)], "decimal(18,4)"),
        Case("d_fixed", ["numeric(20,2)", "-1.10"], "fixed_len_byte_array(9) c (DECIMAL(20,2))", [Fixed((-110i128).to_be_bytes()[7..].to_vec()), Fixed(110i128.to_be_bytes()[7..].to_vec())], "decimal(20,2)"),
        Case("d_bytes", ["numeric(40,3)", "1.100"], "binary c (DECIMAL(40,3))", [Bytes(&[0x04, 0x4c]), Bytes(&[0x04, 0x4d])], "decimal(40,3)"),
        Case("u64", ["numeric(20,0)", "18446744073709551615"], "int64 c (INTEGER(64,false))", [Long(-1), Long(i64::MAX)], "integer"),
        Case("u32", ["bigint", "4294967295"], "int32 c (INTEGER(32,false))", [Word(-1), Word(1)], "integer"),
        Case("t_millis", ["time", "'12:00:00.001'"], "int32 c (TIME(MILLIS,true))", [Word(43_200_001), Word(43_200_000)], "time"),
        Case("t_micros", ["time", "'12:00:00.000001'"], "int64 c (TIME(MICROS,true))", [Long(43_200_000_001), Long(43_200_000_002)], "time"),
        Case("t_nanos", ["time", "'12:00:00.000001'"], "int64 c (TIME(NANOS,false))", [Long(43_200_000_001_000), Long(43_200_000_001_001)], "time"),
        Case("ts_millis", ["timestamp", "'1969-12-31 23:59:59.999'"], "int64 c (TIMESTAMP(MILLIS,false))", [Long(-1), Long(1)], "timestamp"),
        Case("ts_micros", ["timestamptz", "'1970-01-01 00:00:00.000001+00'"], "int64 c (TIMESTAMP(MICROS,true))", [Long(1), Long(2)], "instant"),
        Case("ts_nanos", ["timestamptz", "'1970-01-01 00:00:00.000001+00'"], "int64 c (TIMESTAMP(NANOS,true))", [Long(1_000), Long(1_001)], "instant"),
        Case("ts_last", ["timestamp", "'294247-01-10 04:00:54.775807'"], "int64 c (TIMESTAMP(MICROS,false))", [Long(i64::MAX), Long(i64::MAX - 1)], "timestamp"),
        Case("ts_beyond", ["timestamp", "'294276-12-31 23:59:59.001'"], "int64 c (TIMESTAMP(MILLIS,false))", [Long(9_224_318_015_999_001), Long(9_224_318_015_999_000)], "timestamp"),
        Case("instant_beyond", ["timestamptz", "'294276-12-31 23:59:59.001+00'"], "int64 c (TIMESTAMP(MILLIS,true))", [Long(9_224_318_015_999_001), Long(9_224_318_015_999_000)], "instant"),
        Case("int96", ["timestamp", "'3000-01-01 00:00:00'"], "int96 c", [year_3000(0), year_3000(1)], "timestamp"),
        Case("day", ["date", "'0044-03-15 BC'"], "int32 c (DATE)", [Word(-735160), Word(0)], "date"),
        Case("enum", ["text", "'grün'"], "binary c (ENUM)", [Bytes("grün".as_bytes()), Bytes(b"rot")], "text"),
        Case("json", ["jsonb", r#"'{"a": 1.0}'"#], "binary c (JSON)", [Bytes(br#"{"a":1}"#), Bytes(br#"{"a":2}"#)], "json"),
        Case("bson", ["bytea", "'\\x05000000'"], "binary c (BSON)", [Bytes(&[5, 0, 0, 0]), Bytes(&[5, 0, 0, 1])], "binary"),
        Case("uuid", ["uuid", "'00000000-0000-0000-0000-000000000001'"], "fixed_len_byte_array(16) c (UUID)", [Fixed(1u128.to_be_bytes().to_vec()), Fixed(2u128.to_be_bytes().to_vec())], "uuid"),
        Case("half", ["real", "1.5"], "fixed_len_byte_array(2) c (FLOAT16)", [Fixed(vec![0x00, 0x3e]), Fixed(vec![0x01, 0x3e])], "float32"),
        Case("month", ["interval", "'1 mon'"], "fixed_len_byte_array(12) c (INTERVAL)", [interval(1, 0, 0), interval(0, 30, 0)], "interval"),
        Case("days", ["interval", "'2 days 00:00:01.5'"], "fixed_len_byte_array(12) c (INTERVAL)", [interval(0, 2, 1_500), interval(2, 0, 1_500)], "interval"),
        Case("wkb", ["bytea", "'\\x00'"], "binary c", [Bytes(&[0]), Bytes(&[])], "binary"),
    ]
}

/// Writes a file column by column.
fn write(path: &Path, schema: &str, columns: &mut dyn Iterator<Item = Vec<Raw>>) {
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let mut file =
        SerializedFileWriter::new(File::create(path).expect("a file"), schema, Arc::default()).expect("a writer");
    let mut group = file.next_row_group().expect("a row group");
    while let Some(mut column) = group.next_column().expect("a column") {
        let values = columns.next().expect("values for each column");
        macro_rules! all {
            ($kind:path, $make:expr) => {
                values
                    .iter()
                    .map(|value| if let $kind(value) = value { $make(value.clone()) } else { panic!("{value:?}") })
                    .collect::<Vec<_>>()
            };
        }
        let moment = |words: [u32; 3]| {
            let mut moment = Int96::new();
            moment.set_data(words[0], words[1], words[2]);
            moment
        };
        let written = match column.untyped() {
            ColumnWriter::Int32ColumnWriter(writer) => writer.write_batch(&all!(Word, |v| v), None, None),
            ColumnWriter::Int64ColumnWriter(writer) => writer.write_batch(&all!(Long, |v| v), None, None),
            ColumnWriter::Int96ColumnWriter(writer) => writer.write_batch(&all!(Moment, moment), None, None),
            ColumnWriter::ByteArrayColumnWriter(writer) => {
                writer.write_batch(&all!(Bytes, |v: &[u8]| ByteArray::from(v.to_vec())), None, None)
            }
            ColumnWriter::FixedLenByteArrayColumnWriter(writer) => {
                writer.write_batch(&all!(Fixed, |v: Vec<u8>| FixedLenByteArray::from(v)), None, None)
            }
            _ => panic!("no such column is written here"),
        };
        written.expect("values are written");
        column.close().expect("a column ends");
    }
    group.close().expect("a row group ends");
    file.close().expect("a file ends");
}

fn in_postgres(script: &str) -> String {
    let postgres = Postgres::shared();
    postgres.url(&postgres.database("types_parquet", script))
}

#[test]
fn physical_and_logical_types_hold_what_postgresql_holds() {
    let tieout = Tieout::new();
    let cases = cases();
    let declared: Vec<String> = cases.iter().map(|Case(name, source, ..)| format!("c_{name} {}", source[0])).collect();
    let values: Vec<String> =
        cases.iter().map(|Case(_, source, ..)| format!("CAST({} AS {})", source[1], source[0])).collect();
    let rows = format!("SELECT i, {} FROM generate_series(0, {}) i", values.join(", "), cases.len());
    let source = in_postgres(&format!(
        "CREATE TABLE things (id int PRIMARY KEY, {}); INSERT INTO things {rows};",
        declared.join(", ")
    ));
    let schema: Vec<String> = cases
        .iter()
        .map(|Case(name, _, native, ..)| format!("required {};", native.replacen(" c", &format!(" c_{name}"), 1)))
        .collect();
    let ids = (0..=cases.len()).map(|id| Long(id as i64)).collect();
    let column = |(at, Case(.., [equal, other], _)): (usize, &Case)| {
        (0..=cases.len()).map(|id| if id == at + 1 { other.clone() } else { equal.clone() }).collect()
    };
    let mut columns = std::iter::once(ids).chain(cases.iter().enumerate().map(column));
    write(
        &tieout.path("things.parquet"),
        &format!("message m {{ required int64 id; {} }}", schema.join(" ")),
        &mut columns,
    );
    let names: Vec<(&str, &str)> = cases.iter().map(|Case(name, _, _, _, label)| (*name, *label)).collect();
    for kind in ["full", "lean"] {
        let more = ["--key", "id", "--snapshot", kind];
        let report = tieout.diff(&source, "things.parquet", &more).exits(1).report();
        assert_each_changed_cell(&report, &names, &cases);
    }
}

/// A list of two items in each row: the old layout of two levels, which knows no NULL, and the present one of three.
fn lists(path: &Path, levels: u8, rows: &[[i32; 2]]) {
    let (list, defined) = match levels {
        2 => ("optional group l (LIST) { repeated int32 element; }", 2),
        _ => ("optional group l (LIST) { repeated group list { optional int32 element; } }", 3),
    };
    let schema = parse_message_type(&format!("message m {{ required int64 id; {list} }}")).expect("a schema");
    let mut file = SerializedFileWriter::new(File::create(path).expect("a file"), Arc::new(schema), Arc::default())
        .expect("a writer");
    let mut group = file.next_row_group().expect("a row group");
    let mut column = group.next_column().expect("a column").expect("the first");
    let ids: Vec<i64> = (0..rows.len() as i64).collect();
    let ColumnWriter::Int64ColumnWriter(writer) = column.untyped() else { panic!("int64") };
    writer.write_batch(&ids, None, None).expect("ids");
    column.close().expect("a column ends");
    let mut column = group.next_column().expect("a column").expect("the second");
    let ColumnWriter::Int32ColumnWriter(writer) = column.untyped() else { panic!("int32") };
    let items = rows.concat();
    let repeated: Vec<i16> = (0..items.len()).map(|at| (at % 2) as i16).collect();
    writer.write_batch(&items, Some(&vec![defined; items.len()]), Some(&repeated)).expect("items");
    column.close().expect("a column ends");
    group.close().expect("a row group ends");
    file.close().expect("a file ends");
}

#[test]
fn lists_of_two_levels_and_of_three_are_the_same_arrays() {
    let tieout = Tieout::new();
    let rows = [[1, 2], [3, 4], [5, 6]];
    for (folder, levels) in [("two", 2), ("three", 3)] {
        lists(&tieout.write(&format!("{folder}/two.parquet"), ""), levels, &rows);
    }
    tieout.diff("two/two.parquet", "three/two.parquet", &["--key", "id"]).exits(0).report().assert_match("two");
    let url = in_postgres(
        "CREATE TABLE two (id int PRIMARY KEY, l int[]); INSERT INTO two VALUES (0, '{1,2}'), (1, '{4,3}'), (2, '{5,NULL}');",
    );
    for kind in ["full", "lean"] {
        let report = tieout.diff("two/two.parquet", &url, &["--key", "id", "--snapshot", kind]).exits(1).report();
        report.assert_lines(
            "two",
            &[Line::cell(&["1"], "l", "[3,4]", "[4,3]"), Line::cell(&["2"], "l", "[5,6]", "[5,null]")],
        );
    }
    let report = tieout.diff("two/two.parquet", &url, &["--key", "l"]).exits(1).report();
    assert_eq!(report.counts("two"), [2, 2, 0, 0]);
}

#[test]
fn identifiers_within_a_list_are_identifiers() {
    let tieout = Tieout::new();
    let schema = "message m { required int64 id; optional group l (LIST) { repeated group list { optional fixed_len_byte_array(16) element (UUID); } } }";
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let mut file =
        SerializedFileWriter::new(File::create(tieout.path("t.parquet")).expect("a file"), schema, Arc::default())
            .expect("a writer");
    let mut group = file.next_row_group().expect("a row group");
    let mut column = group.next_column().expect("a column").expect("the first");
    column.typed::<parquet::data_type::Int64Type>().write_batch(&[1, 2, 3], None, None).expect("ids");
    column.close().expect("a column ends");
    let mut column = group.next_column().expect("a column").expect("the second");
    let ids = [1u128, 2, 3].map(|id| FixedLenByteArray::from(id.to_be_bytes().to_vec()));
    // One identifier; one and a NULL; one; no list at all would be 0, an empty one 1.
    let levels: (&[i16], &[i16]) = (&[3, 3, 2, 3], &[0, 0, 1, 0]);
    column
        .typed::<parquet::data_type::FixedLenByteArrayType>()
        .write_batch(&ids, Some(levels.0), Some(levels.1))
        .expect("identifiers");
    column.close().expect("a column ends");
    group.close().expect("a row group ends");
    file.close().expect("a file ends");
    let url = in_postgres(
        "CREATE TABLE t (id int PRIMARY KEY, l uuid[]);
        INSERT INTO t VALUES (1, ARRAY['00000000-0000-0000-0000-000000000001'::uuid]),
            (2, ARRAY['00000000-0000-0000-0000-000000000002'::uuid, NULL]), (3, ARRAY['00000000-0000-0000-0000-000000000004'::uuid]);",
    );
    let report = tieout.diff("t.parquet", &url, &["--key", "id"]).exits(1).report();
    let shown = |last: u8| format!(r#"["00000000-0000-0000-0000-00000000000{last}"]"#);
    report.assert_lines("t", &[Line::cell(&["3"], "l", &shown(3), &shown(4))]);
}

fn save(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    let mut writer = ArrowWriter::try_new(File::create(path).expect("a file"), batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("rows");
    writer.close().expect("a file ends");
}

fn maps(path: &Path, rows: &[&[(&str, i32)]]) {
    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for row in rows {
        for (key, value) in *row {
            maps.keys().append_value(key);
            maps.values().append_value(*value);
        }
        maps.append(true).expect("a map");
    }
    let ids: Int64Array = (0..rows.len() as i64).collect();
    save(path, vec![("id", Arc::new(ids)), ("m", Arc::new(maps.finish()))]);
}

#[test]
fn the_entries_of_maps_have_no_order_and_a_repeated_key_equals_nothing() {
    let tieout = Tieout::new();
    maps(&tieout.write("a/t.parquet", ""), &[&[("x", 1), ("y", 2)], &[("x", 1)], &[("x", 1), ("x", 2)], &[]]);
    maps(&tieout.write("b/t.parquet", ""), &[&[("y", 2), ("x", 1)], &[("x", 2)], &[("x", 2)], &[]]);
    for kind in ["full", "lean"] {
        let report = tieout.diff("a/t.parquet", "b/t.parquet", &["--key", "id", "--snapshot", kind]).exits(1).report();
        let rows: Vec<String> = report.lines("t").into_iter().map(|line| line.key.concat()).collect();
        assert_eq!(rows, ["1", "2"]);
    }
    let url = in_postgres(
        r#"CREATE TABLE t (id int PRIMARY KEY, m jsonb);
        INSERT INTO t VALUES (0, '{"x": 1, "y": 2}'), (1, '{"x": 2.0}'), (2, '{"x": 3}'), (3, '{}');"#,
    );
    let report = tieout.diff("b/t.parquet", &url, &["--key", "id"]).exits(1).report();
    report.assert_lines("t", &[Line::cell(&["2"], "m", "{\"x\":2}", "{\"x\": 3}")]);
}

#[test]
fn structs_meet_composite_types_and_documents_by_the_names_of_their_fields() {
    let tieout = Tieout::new();
    let fields = Fields::from(vec![Field::new("n", DataType::Int32, true), Field::new("label", DataType::Utf8, true)]);
    let structs = |n: Vec<Option<i32>>, labels: Vec<&str>| {
        let columns: Vec<ArrayRef> = vec![Arc::new(Int32Array::from(n)), Arc::new(StringArray::from(labels))];
        StructArray::new(fields.clone(), columns, None)
    };
    let one = structs(vec![Some(1), None, Some(3)], vec!["a,b", "", "c"]);
    let mut lists = ListBuilder::new(Int32Builder::new());
    for items in [vec![Some(1), None], vec![], vec![Some(3)]] {
        items.into_iter().for_each(|item| lists.values().append_option(item));
        lists.append(true);
    }
    let lists: ArrayRef = Arc::new(lists.finish());
    let ids: Int64Array = (0..one.len() as i64).collect();
    let columns: Vec<(&str, ArrayRef)> =
        vec![("id", Arc::new(ids)), ("pair", Arc::new(one.clone())), ("document", Arc::new(one)), ("list", lists)];
    save(&tieout.path("t.parquet"), columns);
    let url = in_postgres(
        r#"CREATE TYPE pair AS (label text, n bigint);
        CREATE TABLE t (id int PRIMARY KEY, pair pair, document jsonb, list int[]);
        INSERT INTO t VALUES (0, '("a,b",1)', '{"n": 1, "label": "a,b"}', '{1,NULL}'),
            (1, '("",)', '{"label": "", "n": null}', '{}'), (2, '(c,4)', '{"label": "c", "n": "3"}', NULL);"#,
    );
    for kind in ["full", "lean"] {
        let report = tieout.diff("t.parquet", &url, &["--key", "id", "--snapshot", kind]).exits(1).report();
        report.assert_lines(
            "t",
            &[
                Line::cell(&["2"], "document", r#"{"n":3,"label":"c"}"#, r#"{"n": "3", "label": "c"}"#),
                Line::cell(&["2"], "list", "[3]", "\\N"),
                Line::cell(&["2"], "pair", r#"{"n":3,"label":"c"}"#, r#"{"label":"c","n":4}"#),
            ],
        );
    }
}
