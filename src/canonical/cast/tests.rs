use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::*;

use super::*;
use crate::canonical::batch_schema;

type F16 = <Float16Type as ArrowPrimitiveType>::Native;

fn field(data_type: &DataType) -> Field {
    Field::new("c", data_type.clone(), true)
}

/// The canonical type and array of an array, which must have no misfits.
fn cast(array: impl Array + 'static) -> (CanonicalType, ArrayRef) {
    let array: ArrayRef = Arc::new(array);
    let canonical = canonical_type(array.data_type(), &field(array.data_type()));
    let (converted, misfits) = to_canonical(&array, &canonical).unwrap();
    assert!(misfits.is_empty(), "{misfits:?}");
    if !matches!(canonical, CanonicalType::Opaque { .. }) {
        assert_eq!(*converted.data_type(), canonical.arrow());
    }
    (canonical, converted)
}

fn misfits_of(array: impl Array + 'static) -> (ArrayRef, CastMisfits) {
    let array: ArrayRef = Arc::new(array);
    let canonical = canonical_type(array.data_type(), &field(array.data_type()));
    to_canonical(&array, &canonical).unwrap()
}

fn texts(array: impl Array + 'static) -> Vec<Option<String>> {
    let (_, converted) = cast(array);
    converted.as_string::<i32>().iter().map(|text| text.map(str::to_string)).collect()
}

#[test]
fn integers_of_every_width_keep_their_values() {
    let int64 = |array: ArrayRef| {
        let canonical = canonical_type(array.data_type(), &field(array.data_type()));
        assert_eq!(canonical, CanonicalType::Int64);
        to_canonical(&array, &canonical).unwrap().0.as_primitive::<Int64Type>().iter().collect::<Vec<_>>()
    };
    assert_eq!(int64(Arc::new(Int8Array::from(vec![Some(-128), None]))), [Some(-128), None]);
    assert_eq!(int64(Arc::new(UInt8Array::from(vec![255]))), [Some(255)]);
    assert_eq!(int64(Arc::new(UInt16Array::from(vec![65_535]))), [Some(65_535)]);
    assert_eq!(int64(Arc::new(UInt32Array::from(vec![u32::MAX]))), [Some(4_294_967_295)]);
    assert_eq!(int64(Arc::new(Int32Array::from(vec![i32::MIN]))), [Some(-2_147_483_648)]);
}

#[test]
fn the_largest_unsigned_integer_is_not_minus_one() {
    let (canonical, array) = cast(UInt64Array::from(vec![u64::MAX]));
    assert_eq!(canonical, CanonicalType::UInt64);
    assert_eq!(array.as_primitive::<UInt64Type>().value(0), u64::MAX);
}

#[test]
fn a_column_that_is_canonical_already_is_passed_on_untouched() {
    let array: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let (same, _) = to_canonical(&array, &CanonicalType::Text).unwrap();
    assert!(Arc::ptr_eq(&array, &same));
}

#[test]
fn decimals_of_every_width_keep_their_values() {
    let (canonical, array) =
        cast(Decimal32Array::from(vec![Some(-12_345), None]).with_data_type(DataType::Decimal32(7, 2)));
    assert_eq!(canonical, CanonicalType::Decimal { precision: 7, scale: 2 });
    assert_eq!(array.as_primitive::<Decimal128Type>().iter().collect::<Vec<_>>(), [Some(-12_345), None]);
    let (_, array) = cast(Decimal64Array::from(vec![1]).with_data_type(DataType::Decimal64(18, 0)));
    assert_eq!(array.as_primitive::<Decimal128Type>().value(0), 1);
    let wide = i256::from_i128(i128::MAX).wrapping_mul(i256::from_i128(1_000));
    let (canonical, array) = cast(Decimal256Array::from(vec![wide]).with_data_type(DataType::Decimal256(60, 5)));
    assert_eq!(canonical, CanonicalType::Decimal { precision: 60, scale: 5 });
    assert_eq!(array.as_primitive::<Decimal256Type>().value(0), wide);
    let (_, array) = cast(Decimal256Array::from(vec![i256::from_i128(7)]).with_data_type(DataType::Decimal256(20, 5)));
    assert_eq!(array.as_primitive::<Decimal128Type>().value(0), 7);
}

#[test]
fn a_negative_scale_becomes_digits() {
    let (canonical, array) =
        cast(Decimal128Array::from(vec![Some(12), None]).with_data_type(DataType::Decimal128(5, -3)));
    assert_eq!(canonical, CanonicalType::Decimal { precision: 8, scale: 0 });
    assert_eq!(array.as_primitive::<Decimal128Type>().iter().collect::<Vec<_>>(), [Some(12_000), None]);
    let (canonical, array) = cast(Decimal128Array::from(vec![12]).with_data_type(DataType::Decimal128(38, -10)));
    assert_eq!(canonical, CanonicalType::Decimal { precision: 48, scale: 0 });
    assert_eq!(array.as_primitive::<Decimal256Type>().value(0), i256::from_i128(120_000_000_000));
    let (canonical, array) =
        cast(Decimal256Array::from(vec![i256::from_i128(12)]).with_data_type(DataType::Decimal256(76, -3)));
    assert_eq!(canonical, CanonicalType::Number);
    assert_eq!(array.as_string::<i32>().value(0), "12E3");
}

#[test]
fn a_decimal_beyond_its_own_precision_is_a_misfit() {
    let huge = i256::from_i128(i128::MAX).wrapping_mul(i256::from_i128(10));
    let (array, misfits) =
        misfits_of(Decimal256Array::from(vec![Some(huge), None]).with_data_type(DataType::Decimal256(20, 2)));
    assert_eq!(array.null_count(), 2);
    assert_eq!(misfits, [(0, format!("{huge}E-2"))]);
}

#[test]
fn floats_keep_their_bits() {
    let (canonical, array) = cast(Float16Array::from(vec![F16::from_f32(1.5), F16::from_bits(1)]));
    assert_eq!(canonical, CanonicalType::Float32);
    assert_eq!(array.as_primitive::<Float32Type>().values(), &[1.5, 5.960_464_5e-8]);
    let (_, array) = cast(Float64Array::from(vec![5e-324]));
    assert_eq!(array.as_primitive::<Float64Type>().value(0), 5e-324);
}

#[test]
fn text_and_bytes_of_every_layout_are_text_and_bytes() {
    assert_eq!(
        texts(LargeStringArray::from(vec![Some(""), None, Some("ü")])),
        [Some("".into()), None, Some("ü".into())]
    );
    assert_eq!(
        texts(StringViewArray::from(vec!["a string longer than twelve"])),
        [Some("a string longer than twelve".into())]
    );
    assert_eq!(texts(NullArray::new(2)), [None, None]);
    let dictionary: DictionaryArray<Int8Type> = vec![Some("a"), None, Some("a"), Some("b")].into_iter().collect();
    assert_eq!(texts(dictionary), [Some("a".into()), None, Some("a".into()), Some("b".into())]);
    let bytes: [ArrayRef; 3] = [
        Arc::new(LargeBinaryArray::from(vec![&b"\x00\xff"[..]])),
        Arc::new(BinaryViewArray::from(vec![&b"\x00\xff"[..]])),
        Arc::new(FixedSizeBinaryArray::try_from_iter([[0u8, 255]].iter()).unwrap()),
    ];
    for array in bytes {
        let canonical = canonical_type(array.data_type(), &field(array.data_type()));
        assert_eq!(canonical, CanonicalType::Binary);
        assert_eq!(to_canonical(&array, &canonical).unwrap().0.as_binary::<i32>().value(0), b"\x00\xff");
    }
}

#[test]
fn a_null_in_the_values_of_a_dictionary_is_null() {
    let keys = Int32Array::from(vec![0, 1]);
    let values = Arc::new(StringArray::from(vec![None, Some("x")]));
    assert_eq!(texts(DictionaryArray::new(keys, values)), [None, Some("x".into())]);
}

#[test]
fn extension_types_decide_between_bytes_and_uuid_and_between_text_and_json() {
    let named = |data_type: &DataType, name: &str| {
        let metadata = [("ARROW:extension:name".to_string(), name.to_string())].into_iter().collect();
        canonical_type(data_type, &field(data_type).with_metadata(metadata))
    };
    let sixteen = DataType::FixedSizeBinary(16);
    assert_eq!(named(&sixteen, "arrow.uuid"), CanonicalType::Uuid);
    assert_eq!(canonical_type(&sixteen, &field(&sixteen)), CanonicalType::Binary);
    assert_eq!(named(&DataType::LargeUtf8, "arrow.json"), CanonicalType::Json);
    assert_eq!(named(&DataType::Utf8, "someone.else"), CanonicalType::Text);
}

#[test]
fn days_times_and_timestamps_keep_their_values() {
    let (canonical, array) = cast(Date64Array::from(vec![Some(-86_400_000), None]));
    assert_eq!(canonical, CanonicalType::Date);
    assert_eq!(array.as_primitive::<Date32Type>().iter().collect::<Vec<_>>(), [Some(-1), None]);
    let (_, array) = cast(Time32SecondArray::from(vec![86_399]));
    assert_eq!(array.as_primitive::<Time64MicrosecondType>().value(0), 86_399_000_000);
    let (canonical, array) = cast(Time32MillisecondArray::from(vec![1]));
    assert_eq!(canonical, CanonicalType::Time(Precision::Micro));
    assert_eq!(array.as_primitive::<Time64MicrosecondType>().value(0), 1_000);
    assert_eq!(cast(Time64NanosecondArray::from(vec![1])).0, CanonicalType::Time(Precision::Nano));
    let (canonical, array) = cast(TimestampSecondArray::from(vec![253_402_300_799]));
    assert_eq!(canonical, CanonicalType::Timestamp(Precision::Micro));
    assert_eq!(array.as_primitive::<TimestampMicrosecondType>().value(0), 253_402_300_799_000_000);
    assert_eq!(cast(TimestampNanosecondArray::from(vec![1])).0, CanonicalType::Timestamp(Precision::Nano));
}

#[test]
fn every_zone_is_an_instant_and_its_number_stays() {
    let (canonical, array) = cast(TimestampMillisecondArray::from(vec![1]).with_timezone("America/New_York"));
    assert_eq!(canonical, CanonicalType::Instant(Precision::Micro));
    assert_eq!(array.as_primitive::<TimestampMicrosecondType>().value(0), 1_000);
    let (_, array) = cast(TimestampMicrosecondArray::from(vec![5]).with_timezone("+05:30"));
    assert_eq!(array.as_primitive::<TimestampMicrosecondType>().value(0), 5);
    let (canonical, array) = cast(TimestampNanosecondArray::from(vec![5]).with_timezone("+00:00"));
    assert_eq!(canonical, CanonicalType::Instant(Precision::Nano));
    assert_eq!(array.as_primitive::<TimestampNanosecondType>().value(0), 5);
}

#[test]
fn a_time_that_would_overflow_is_a_misfit_and_not_null() {
    let (array, misfits) = misfits_of(TimestampSecondArray::from(vec![Some(1), None, Some(i64::MAX)]));
    assert_eq!(array.null_count(), 2);
    assert_eq!(misfits, [(2, "292277026596-12-04 15:30:07".to_string())]);
    let far = TimestampMillisecondArray::from(vec![9_224_318_015_999_001]).with_timezone("UTC");
    assert_eq!(misfits_of(far).1, [(0, "294276-12-31 23:59:59.001Z".to_string())]);
    let (_, misfits) = misfits_of(Date64Array::from(vec![1, i64::MAX / 86_400_000 * 86_400_000]));
    assert_eq!(misfits.len(), 2);
}

#[test]
fn the_text_of_a_list_tells_a_comma_from_a_separator_and_null_from_a_word() {
    let mut list = ListBuilder::new(StringBuilder::new());
    for items in
        [vec![Some("a, b")], vec![Some("a"), Some("b")], vec![None], vec![Some("NULL")], vec![Some("")], vec![]]
    {
        items.into_iter().for_each(|item| list.values().append_option(item));
        list.append(true);
    }
    list.append(false);
    let texts = texts(list.finish());
    let distinct: std::collections::HashSet<_> = texts.iter().collect();
    assert_eq!(distinct.len(), 7, "{texts:?}");
    assert_eq!(texts[6], None);
}

#[test]
fn a_list_is_the_same_type_however_its_writer_named_the_items() {
    let item = |name: &str, nullable| Arc::new(Field::new(name, DataType::Int32, nullable));
    let of = |data_type: DataType| canonical_type(&data_type, &field(&data_type));
    let plain = of(DataType::List(item("item", true)));
    assert_eq!(plain, CanonicalType::Array { item: Box::new(CanonicalType::Int64) });
    assert_eq!(of(DataType::List(item("element", false))), plain);
    assert_eq!(of(DataType::LargeList(item("array", true))), plain);
    let values = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let list = ListArray::new(item("element", false), OffsetBuffer::new(vec![0, 2, 3].into()), values, None);
    assert_eq!(texts(list), [Some(r#"["1","2"]"#.into()), Some(r#"["3"]"#.into())]);
}

#[test]
fn structs_and_maps_have_a_text_too() {
    let fields = Fields::from(vec![Field::new("n", DataType::Int32, true), Field::new("s", DataType::LargeUtf8, true)]);
    let columns: Vec<ArrayRef> =
        vec![Arc::new(Int32Array::from(vec![Some(1), None])), Arc::new(LargeStringArray::from(vec!["x", "y"]))];
    let nulls = NullBuffer::from(vec![true, true]);
    let shown = texts(StructArray::new(fields, columns, Some(nulls)));
    assert_eq!(shown[0].as_deref(), Some(r#"{"fields":["1","x"]}"#));
    assert_eq!(shown[1].as_deref(), Some(r#"{"fields":[null,"y"]}"#));
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    map.keys().append_value("k");
    map.values().append_value(1);
    map.append(true).unwrap();
    assert_eq!(texts(map.finish()), [Some(r#"{"entries":[["k","1"]]}"#.into())]);
}

#[test]
fn lists_of_every_layout_and_depth_are_arrays_and_slices_keep_their_values() {
    let rows = || [Some(vec![Some(1), None]), None, Some(vec![Some(3), Some(4)])];
    let expected = [Some(r#"["1",null]"#.to_string()), None, Some(r#"["3","4"]"#.to_string())];
    assert_eq!(texts(ListArray::from_iter_primitive::<Int32Type, _, _>(rows())), expected);
    assert_eq!(texts(LargeListArray::from_iter_primitive::<Int32Type, _, _>(rows())), expected);
    let fixed = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(rows(), 2);
    assert_eq!(texts(fixed.slice(1, 2)), expected[1..]);
    assert_eq!(texts(fixed), expected);
    assert_eq!(texts(ListArray::from_iter_primitive::<Int32Type, _, _>(rows()).slice(2, 1)), expected[2..]);
    let mut lists = ListBuilder::new(ListBuilder::new(Int32Builder::new()));
    lists.values().values().append_value(1);
    lists.values().append(true);
    lists.values().append(false);
    lists.append(true);
    let (canonical, array) = cast(lists.finish());
    assert_eq!(canonical, CanonicalType::Array { item: Box::new(CanonicalType::Int64) });
    assert_eq!(array.as_string::<i32>().value(0), r#"[["1"],null]"#);
}

#[test]
fn intervals_and_durations_of_every_unit_keep_their_values() {
    let text = |text: &str| Some(text.to_string());
    assert_eq!(texts(IntervalYearMonthArray::from(vec![Some(14), None])), [text("1 year 2 mons"), None]);
    let day_time = IntervalDayTime { days: -2, milliseconds: 1_500 };
    assert_eq!(texts(IntervalDayTimeArray::from(vec![day_time])), [text("-2 days 00:00:01.5")]);
    let fine = |nanoseconds| IntervalMonthDayNano { months: 1, days: 30, nanoseconds };
    assert_eq!(texts(IntervalMonthDayNanoArray::from(vec![fine(1_000)])), [text("1 mon 30 days 00:00:00.000001")]);
    assert_eq!(misfits_of(IntervalMonthDayNanoArray::from(vec![fine(1)])).1.len(), 1);
    assert_eq!(texts(DurationMillisecondArray::from(vec![-1])), [text("-00:00:00.001")]);
    assert_eq!(misfits_of(DurationSecondArray::from(vec![i64::MAX])).1.len(), 1);
}

#[test]
fn our_own_struct_of_sqlite_values_is_not_recognised_here() {
    let data_type = DataType::Struct(crate::canonical::types::loose_fields());
    assert!(matches!(canonical_type(&data_type, &field(&data_type)), CanonicalType::Struct { .. }));
}

#[test]
fn a_batch_is_cast_by_position_and_gathers_its_misfits() {
    let columns =
        [("n", CanonicalType::Int64), ("t", CanonicalType::Timestamp(Precision::Micro)), ("d", CanonicalType::Date)];
    let pairs = || columns.iter().map(|(name, canonical)| (*name, canonical));
    let batch = |seconds: Vec<i64>, millis: Vec<i64>| {
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from(vec![1; seconds.len()])),
            Arc::new(TimestampSecondArray::from(seconds)),
            Arc::new(Date64Array::from(millis)),
        ];
        let names = ["other", "names", "here"];
        RecordBatch::try_from_iter(names.into_iter().zip(arrays)).unwrap()
    };
    let schema = batch_schema(pairs());
    let clean = batch_to_canonical(&batch(vec![1, 2], vec![0, 0]), pairs(), &schema).unwrap();
    assert_eq!(clean.schema(), schema);
    assert_eq!(clean.column(3).null_count(), 2);
    let dirty = batch_to_canonical(&batch(vec![1, i64::MIN, 3], vec![0, 1, 2]), pairs(), &schema).unwrap();
    let misfits = crate::canonical::Misfits::of(&dirty).unwrap();
    assert_eq!(misfits.get("t", 1), Some("292277022658-01-27 08:29:52 BC"));
    assert_eq!(misfits.get("d", 1), Some("1 ms since 1970-01-01"));
    assert_eq!(misfits.get("d", 2), Some("2 ms since 1970-01-01"));
    assert_eq!(misfits.get("d", 0), None);
}

#[test]
fn misfits_the_reader_found_make_their_value_null() {
    let columns = [("n", CanonicalType::Int64)];
    let pairs = || columns.iter().map(|(name, canonical)| (*name, canonical));
    let batch = RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef)]).unwrap();
    let extra = vec![ExtraMisfit { column: 0, row: 1, text: "two and a bit".into() }];
    let cast = batch_with_misfits(&batch, pairs(), &batch_schema(pairs()), extra).unwrap();
    assert!(cast.column(0).is_null(1) && cast.column(0).is_valid(0));
    assert_eq!(cast.column(1).as_string::<i32>().value(1), r#"{"n":"two and a bit"}"#);
}

#[test]
fn a_batch_with_other_columns_than_described_is_an_error() {
    let columns = [("n", CanonicalType::Int64)];
    let pairs = || columns.iter().map(|(name, canonical)| (*name, canonical));
    let schema = batch_schema(pairs());
    let text = RecordBatch::try_from_iter([("n", Arc::new(StringArray::from(vec!["1"])) as ArrayRef)]).unwrap();
    let error = batch_to_canonical(&text, pairs(), &schema).unwrap_err();
    assert!(error.to_string().contains("column n"), "{error}");
    let two =
        RecordBatch::try_from_iter(["a", "b"].map(|n| (n, Arc::new(Int64Array::from(vec![1])) as ArrayRef))).unwrap();
    assert!(batch_to_canonical(&two, pairs(), &schema).is_err());
}
