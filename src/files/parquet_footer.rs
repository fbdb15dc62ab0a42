//! A Parquet file's footer: its columns as canonical types, and its row groups.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, IntervalUnit, Schema, SchemaRef, TimeUnit};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::file::metadata::{PageIndexPolicy, ParquetStatisticsPolicy};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor, Type};

use super::native::native;
use super::{COPY_AGAIN, check_column_names};
use crate::canonical::cast::canonical_type;
use crate::error::{Error, Result};
use crate::model::Column;

/// Where Arrow fields keep the name of their extension type.
const EXTENSION_TYPE_NAME_KEY: &str = "ARROW:extension:name";

/// A Parquet file whose footer has been read and understood.
#[derive(Debug, Clone)]
pub struct ParquetFile {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    columns: Vec<Column>,
    row_groups: Vec<u64>,
}

impl ParquetFile {
    /// Reads the footer of a file.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::store("cannot read a file").at(path.display()).because(e))?;
        // Pages that hold no selected row can be passed over where the file says how long they are. Statistics are
        // never used: they may be wrong, and nothing here prunes by values.
        let options = ArrowReaderOptions::new()
            .with_offset_index_policy(PageIndexPolicy::Optional)
            .with_column_stats_policy(ParquetStatisticsPolicy::SkipAll);
        let damaged = |e| Error::store("cannot read a Parquet file").at(path.display()).because(e).hint(COPY_AGAIN);
        let inferred = ArrowReaderMetadata::load(&file, options).map_err(damaged)?;
        let metadata = with_types(&inferred, lossless).map_err(damaged)?;
        let row_groups = row_groups(&metadata).map_err(|e| e.at(path.display()).hint(COPY_AGAIN))?;
        let columns = columns(&metadata);
        check_column_names(&columns).map_err(|e| e.at(path.display()))?;
        Ok(Self { path: path.to_path_buf(), metadata, columns, row_groups })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The columns of the file.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The number of rows of each row group.
    pub fn row_groups(&self) -> &[u64] {
        &self.row_groups
    }

    /// The number of rows of the file.
    pub fn rows(&self) -> u64 {
        self.row_groups.iter().sum()
    }

    pub(super) fn metadata(&self) -> &ArrowReaderMetadata {
        &self.metadata
    }
}

fn row_groups(metadata: &ArrowReaderMetadata) -> Result<Vec<u64>> {
    let groups = metadata.metadata().row_groups();
    let rows: Vec<u64> = groups.iter().map_while(|group| u64::try_from(group.num_rows()).ok()).collect();
    let total: u64 = rows.iter().sum();
    let stated = metadata.metadata().file_metadata().num_rows();
    if rows.len() != groups.len() || u64::try_from(stated) != Ok(total) {
        return Err(Error::store(format!(
            "the footer of a Parquet file contradicts itself: it states {stated} rows, its row groups hold {total}"
        )));
    }
    Ok(rows)
}

fn columns(metadata: &ArrowReaderMetadata) -> Vec<Column> {
    let roots = metadata.parquet_schema().root_schema().get_fields();
    let mut leaves = Leaves { schema: metadata.parquet_schema(), next: 0, choose: with_extension };
    let describe = |(field, root): (&FieldRef, &Arc<Type>)| {
        let meant = leaves.field(field);
        Column {
            name: field.name().clone(),
            native: native(root, field.data_type()),
            canonical: canonical_type(meant.data_type(), &meant),
            nullable: field.is_nullable(),
        }
    };
    metadata.schema().fields().iter().zip(roots).map(describe).collect()
}

/// The field of a leaf with the extension type that the Parquet type stands for: without it a UUID is but 16 bytes, and
/// JSON text.
fn with_extension(field: &FieldRef, column: &ColumnDescriptor) -> FieldRef {
    let name = match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Uuid), _) => "arrow.uuid",
        (Some(LogicalType::Json), _) | (None, ConvertedType::JSON) => "arrow.json",
        (Some(LogicalType::Geometry(_) | LogicalType::Geography(_)), _) => "geoarrow.wkb",
        _ => return Arc::clone(field),
    };
    let mut metadata = field.metadata().clone();
    metadata.insert(EXTENSION_TYPE_NAME_KEY.to_string(), name.to_string());
    Arc::new(field.as_ref().clone().with_metadata(metadata))
}

/// The same footer, its leaf columns read as other Arrow types where `choose` says so.
pub(super) fn with_types(
    metadata: &ArrowReaderMetadata,
    choose: impl Fn(&DataType, &ColumnDescriptor) -> DataType,
) -> parquet::errors::Result<ArrowReaderMetadata> {
    let choose = |field: &FieldRef, column: &ColumnDescriptor| {
        let data_type = choose(field.data_type(), column);
        if data_type == *field.data_type() {
            return Arc::clone(field);
        }
        Arc::new(field.as_ref().clone().with_data_type(data_type))
    };
    let mut leaves = Leaves { schema: metadata.parquet_schema(), next: 0, choose };
    let fields: Vec<FieldRef> = metadata.schema().fields().iter().map(|field| leaves.field(field)).collect();
    let schema: SchemaRef = Arc::new(Schema::new_with_metadata(fields, metadata.schema().metadata().clone()));
    if schema == *metadata.schema() {
        return Ok(metadata.clone());
    }
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), ArrowReaderOptions::new().with_schema(schema))
}

/// The Arrow type that holds all, or most, of a leaf column, and needs no conversion after reading.
///
/// INT96 counts from the year -5,877,641 on; read as nanoseconds, as by default, it wraps around in 2262. INTERVAL has
/// three parts and no Arrow type that parquet-rs reads all of them into. [`super::remainder`] finds what these two lose.
fn lossless(data_type: &DataType, column: &ColumnDescriptor) -> DataType {
    match data_type {
        DataType::Timestamp(_, zone) if column.physical_type() == PhysicalType::INT96 => {
            DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
        }
        DataType::Interval(_) => DataType::Interval(IntervalUnit::DayTime),
        DataType::Dictionary(_, values) => lossless(values, column),
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView if is_enum(column) => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        other => other.clone(),
    }
}

/// Enumerations are UTF-8 text by the Parquet standard, which parquet-rs reads as bytes.
fn is_enum(column: &ColumnDescriptor) -> bool {
    column.logical_type_ref() == Some(&LogicalType::Enum) || column.converted_type() == ConvertedType::ENUM
}

/// Walks an Arrow schema beside the Parquet leaf columns, which stand in the same order.
struct Leaves<'a, F> {
    schema: &'a SchemaDescriptor,
    next: usize,
    choose: F,
}

impl<F: Fn(&FieldRef, &ColumnDescriptor) -> FieldRef> Leaves<'_, F> {
    fn field(&mut self, field: &FieldRef) -> FieldRef {
        let data_type = match field.data_type() {
            DataType::List(item) => DataType::List(self.field(item)),
            DataType::LargeList(item) => DataType::LargeList(self.field(item)),
            DataType::ListView(item) => DataType::ListView(self.field(item)),
            DataType::LargeListView(item) => DataType::LargeListView(self.field(item)),
            DataType::FixedSizeList(item, size) => DataType::FixedSizeList(self.field(item), *size),
            DataType::Map(entries, sorted) => DataType::Map(self.field(entries), *sorted),
            DataType::Struct(fields) => DataType::Struct(fields.iter().map(|field| self.field(field)).collect()),
            _ => {
                let chosen = self.schema.columns().get(self.next).map(|column| (self.choose)(field, column));
                self.next += 1;
                return chosen.unwrap_or_else(|| Arc::clone(field));
            }
        };
        if data_type == *field.data_type() {
            return Arc::clone(field);
        }
        Arc::new(field.as_ref().clone().with_data_type(data_type))
    }
}
