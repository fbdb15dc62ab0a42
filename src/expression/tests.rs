use arrow::array::AsArray;
use arrow::datatypes::{Decimal128Type, Int64Type};

use super::*;
use crate::canonical::{BatchBuilder, ColumnBuilder, LooseHint, LooseValue};
use crate::model::{Column, TableName};

fn column(name: &str, native: &str, canonical: CanonicalType) -> Column {
    Column { name: name.into(), native: native.into(), canonical, nullable: true }
}

fn table(columns: Vec<Column>) -> Table {
    Table { name: TableName::bare("t"), columns, keys: vec![], rows_estimate: None, schema: None }
}

/// A table as SQLite has it: a whole number `Cents`, a text `name`.
fn sqlite() -> Table {
    table(vec![
        column("Cents", "INTEGER", CanonicalType::Loose(LooseHint::Number)),
        column("name", "TEXT", CanonicalType::Loose(LooseHint::Text)),
    ])
}

fn batch(table: &Table, rows: &[[Option<LooseValue<'_>>; 2]]) -> RecordBatch {
    let mut builder = BatchBuilder::new(table.columns.iter().map(|c| (c.name.as_str(), &c.canonical)));
    for row in rows {
        for (at, value) in row.iter().enumerate() {
            let ColumnBuilder::Loose(loose) = builder.column(at) else { panic!("a loose column") };
            loose.append(*value);
        }
        builder.end_row();
    }
    builder.finish().unwrap()
}

#[test]
fn a_unit_is_changed_exactly_and_columns_are_named_as_the_store_names_them() {
    let table = sqlite();
    let expression = compile("price", "Cents / 100.00", &table).unwrap();
    assert!(matches!(expression.canonical(), CanonicalType::Decimal { .. }), "{:?}", expression.canonical());
    let batch = batch(&table, &[[Some(LooseValue::Integer(1999)), None], [None, None]]);
    let (values, misfits) = expression.compute(&batch, &Misfits::default()).unwrap();
    let values = values.as_primitive::<Decimal128Type>();
    assert_eq!(values.value_as_string(0).trim_end_matches('0'), "19.99");
    assert!(values.is_null(1) && !misfits.has("price"), "NULL in, NULL out");
    assert!(compile("price", "cents / 100", &table).unwrap_err().advice().unwrap().contains("Cents"));
}

#[test]
fn what_does_not_fit_the_plain_type_or_fails_is_a_misfit_and_never_null() {
    let table = sqlite();
    let expression = compile("x", "100 / Cents", &table).unwrap();
    let rows = [LooseValue::Integer(5), LooseValue::Text("5"), LooseValue::Integer(0)].map(|value| [Some(value), None]);
    let (values, misfits) = expression.compute(&batch(&table, &rows), &Misfits::default()).unwrap();
    assert_eq!(values.as_primitive::<Int64Type>().value(0), 20);
    assert_eq!(misfits.get("x", 0), None);
    assert_eq!(misfits.get("x", 1), Some("no value (Cents = 5)"));
    assert_eq!(misfits.get("x", 2), Some("no value (Cents = 0)"));
    assert!(values.is_null(1) && values.is_null(2));
}

#[test]
fn a_misfit_that_is_read_makes_a_misfit() {
    let table = sqlite();
    let expression = compile("x", "coalesce(name, 'none')", &table).unwrap();
    let mut misfits = Misfits::default();
    misfits.insert("name", 0, "\\xff".into());
    let (_, own) = expression.compute(&batch(&table, &[[None, None], [None, None]]), &misfits).unwrap();
    assert_eq!((own.get("x", 0), own.get("x", 1)), (Some("no value (name = \\xff)"), None));
}

#[test]
fn a_code_table_and_a_constant_are_expressions() {
    let table = sqlite();
    let code = compile("x", "CASE Cents WHEN 1 THEN 'open' WHEN 2 THEN 'closed' END", &table).unwrap();
    let rows = [1, 2, 3].map(|value| [Some(LooseValue::Integer(value)), None]);
    let (values, _) = code.compute(&batch(&table, &rows), &Misfits::default()).unwrap();
    let texts: Vec<_> = values.as_string::<i32>().iter().collect();
    assert_eq!(texts, [Some("open"), Some("closed"), None]);
    let constant = compile("x", "'EUR'", &table).unwrap();
    let (values, _) = constant.compute(&batch(&table, &rows), &Misfits::default()).unwrap();
    assert_eq!(values.as_string::<i32>().value(2), "EUR");
    assert_eq!(constant.reads().count(), 0);
}

#[test]
fn what_is_no_expression_over_the_columns_is_wrong_usage() {
    for wrong in
        ["Cents +", "Prices", "now()", "random()", "sum(Cents)", "SELECT 1", "no_such_function(Cents)", "name + 1 +"]
    {
        let error = compile("x", wrong, &sqlite()).unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::Usage, "{wrong}");
    }
}
