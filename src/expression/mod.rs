//! Columns that a config computes: an SQL expression over the other columns of its side, evaluated batch by batch.
//!
//! DataFusion parses and evaluates it, and gives its type. An expression sees each column as the plain type that its
//! store declares (`plain`). Nothing that an expression does with a value can stop a run, and nothing is made NULL in
//! silence: where a value that it reads is a misfit, or does not fit the plain type, or where it fails (a division by
//! zero, a text that is no number), its result is a misfit of that row, which equals no value.

mod plain;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::{concat, nullif};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, Volatility};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::canonical::display::display;
use crate::canonical::row::RowField;
use crate::canonical::{CanonicalType, Computed, Misfits, cast};
use crate::error::{Error, Result};
use crate::model::{DigestColumn, Table};

/// An expression over the columns of one table.
#[derive(Debug)]
pub struct Expression {
    /// The name that its values go by.
    name: String,
    /// The columns it reads: their places in the table, names and canonical types.
    inputs: Vec<(usize, String, CanonicalType)>,
    /// Their plain types.
    schema: SchemaRef,
    evaluated: Arc<dyn PhysicalExpr>,
    canonical: CanonicalType,
}

/// Reads an expression over the columns of `table`; its values go by `name`. Fails where it is no expression, names a
/// column that does not exist, or may give another value each time.
pub fn compile(name: &str, sql: &str, table: &Table) -> Result<Expression> {
    let refused = |e: DataFusionError| {
        Error::usage(format!("the expression {sql:?} cannot be used")).because(e.strip_backtrace())
    };
    let mut config = SessionConfig::new();
    let parser = &mut config.options_mut().sql_parser;
    // A column is named as its store names it, and 0.1 is a tenth.
    parser.enable_ident_normalization = false;
    parser.parse_float_as_decimal = true;
    let context = SessionContext::new_with_config(config);

    let fields: Vec<Field> =
        table.columns.iter().map(|column| Field::new(&column.name, plain::data_type(column), true)).collect();
    let all = DFSchema::try_from(Schema::new(fields.clone())).map_err(refused)?;
    let parsed = context.parse_sql_expr(sql, &all).map_err(|e| known_columns(refused(e), table))?;
    refuse_what_changes(&parsed, sql)?;
    let read = parsed.column_refs();
    let places: Vec<usize> =
        (0..fields.len()).filter(|at| read.iter().any(|column| column.name == *fields[*at].name())).collect();
    let schema = Arc::new(Schema::new(places.iter().map(|at| fields[*at].clone()).collect::<Vec<_>>()));
    let some = DFSchema::try_from(schema.as_ref().clone()).map_err(refused)?;
    // Some functions (coalesce) exist only until they are simplified.
    let simplifier = ExprSimplifier::new(SimplifyContext::builder().with_schema(Arc::new(some.clone())).build());
    let evaluated = simplifier
        .coerce(parsed, &some)
        .and_then(|coerced| simplifier.simplify(coerced))
        .and_then(|simple| context.create_physical_expr(simple, &some))
        .map_err(|e| known_columns(refused(e), table))?;
    let data_type = evaluated.data_type(&schema).map_err(refused)?;
    let canonical = cast::canonical_type(&data_type, &Field::new(name, data_type.clone(), true));
    let inputs = places.into_iter().map(|at| (at, table.columns[at].name.clone(), table.columns[at].canonical.clone()));
    Ok(Expression { name: name.to_owned(), inputs: inputs.collect(), schema, evaluated, canonical })
}

/// The field of a row encoder for a column of a digest layout: one of the table's, or one that is computed.
pub fn row_field(table: &Table, column: &DigestColumn) -> Result<RowField> {
    let (position, canonical, computed): (_, _, Option<Arc<dyn Computed>>) = match &column.expression {
        Some(sql) => {
            let expression = compile(&column.name, sql, table)?;
            (0, expression.canonical.clone(), Some(Arc::new(expression)))
        }
        None => {
            let position = table
                .position(&column.name)
                .ok_or_else(|| Error::snapshot(format!("table {} has no column {}", table.name, column.name)))?;
            (position, table.columns[position].canonical.clone(), None)
        }
    };
    let (name, reading, rules) = (column.name.clone(), column.reading, column.rules.clone());
    Ok(RowField { position, name, canonical, reading, rules, computed })
}

impl Expression {
    /// The type of its values.
    pub fn canonical(&self) -> &CanonicalType {
        &self.canonical
    }

    /// The names of the columns that it reads.
    pub fn reads(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().map(|(_, name, _)| name.as_str())
    }

    fn evaluate(&self, columns: &[ArrayRef], rows: usize) -> std::result::Result<ArrayRef, DataFusionError> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns.to_vec(), &options)?;
        self.evaluated.evaluate(&batch)?.into_array(rows)
    }

    /// The values row by row, where they cannot be had at once: those that fail are NULL, and `failed` tells which.
    fn one_by_one(&self, columns: &[ArrayRef], rows: usize, failed: &mut [bool]) -> Result<ArrayRef> {
        let data_type = self.evaluated.data_type(&self.schema).unwrap_or(DataType::Null);
        let mut pieces = Vec::with_capacity(rows);
        for (row, failed) in failed.iter_mut().enumerate() {
            let one: Vec<ArrayRef> = columns.iter().map(|column| column.slice(row, 1)).collect();
            pieces.push(match self.evaluate(&one, 1) {
                Ok(value) => value,
                Err(_) => {
                    *failed = true;
                    arrow::array::new_null_array(&data_type, 1)
                }
            });
        }
        let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
        concat(&pieces)
            .map_err(|e| Error::compare(format!("column {}: its values do not fit together", self.name)).because(e))
    }

    /// What a row's result is called where there is none: the values it would have been computed from.
    fn misfit(&self, batch: &RecordBatch, misfits: &Misfits, row: usize) -> String {
        let value = |(at, name, canonical): &(usize, String, CanonicalType)| {
            let text = match misfits.get(name, row) {
                Some(misfit) => Some(misfit.to_owned()),
                None => display(batch.column(*at), canonical, row),
            };
            format!("{name} = {}", text.as_deref().unwrap_or("NULL"))
        };
        let values: Vec<String> = self.inputs.iter().map(value).collect();
        format!("no value ({})", values.join(", "))
    }
}

impl Computed for Expression {
    fn compute(&self, batch: &RecordBatch, misfits: &Misfits) -> Result<(ArrayRef, Misfits)> {
        let rows = batch.num_rows();
        let mut failed = vec![false; rows];
        let mut columns = Vec::with_capacity(self.inputs.len());
        for ((at, name, canonical), field) in self.inputs.iter().zip(self.schema.fields()) {
            let mut reject = |row: usize| failed[row] = true;
            if misfits.has(name) {
                (0..rows).filter(|row| misfits.get(name, *row).is_some()).for_each(&mut reject);
            }
            columns.push(plain::array(batch.column(*at), canonical, field.data_type(), &mut reject)?);
        }
        let values = match self.evaluate(&columns, rows) {
            Ok(values) => values,
            Err(_) => self.one_by_one(&columns, rows, &mut failed)?,
        };
        let (values, unfit) = cast::to_canonical(&values, &self.canonical)?;
        unfit.into_iter().for_each(|(row, _)| failed[row] = true);
        let mut own = Misfits::default();
        if !failed.contains(&true) {
            return Ok((values, own));
        }
        for row in (0..rows).filter(|row| failed[*row]) {
            own.insert(&self.name, row, self.misfit(batch, misfits, row));
        }
        let values = nullif(&values, &BooleanArray::from(failed))
            .map_err(|e| Error::compare(format!("column {}: values cannot be set aside", self.name)).because(e))?;
        Ok((values, own))
    }
}

/// An expression must give the same value in every reading: its digests are compared across readings.
fn refuse_what_changes(expression: &Expr, sql: &str) -> Result<()> {
    let mut changing = None;
    let _ = expression.apply(|node| {
        if let Expr::ScalarFunction(function) = node
            && function.func.signature().volatility != Volatility::Immutable
        {
            changing = Some(function.func.name().to_owned());
        }
        Ok(TreeNodeRecursion::Continue)
    });
    match changing {
        Some(name) => {
            Err(Error::usage(format!("the expression {sql:?} may give another value each time it is computed"))
                .hint(format!("leave out {name}()")))
        }
        None => Ok(()),
    }
}

fn known_columns(error: Error, table: &Table) -> Error {
    let mut names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    names.truncate(20);
    error.hint(format!(
        "it is SQL as DataFusion knows it, over the columns {} (in double quotes where a name is no plain word)",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests;
