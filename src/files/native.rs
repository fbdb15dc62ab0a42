//! A Parquet column's type in Parquet's own words.

use arrow::datatypes::DataType;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as PhysicalType};
use parquet::schema::types::Type;

/// For example `int64`, `decimal(12,2)`, `timestamp(micros, utc)`; a nested type in Arrow's words.
pub(super) fn native(column: &Type, data_type: &DataType) -> String {
    if !column.is_primitive() {
        return data_type.to_string();
    }
    let info = column.get_basic_info();
    match info.logical_type_ref() {
        Some(LogicalType::String) => "string".into(),
        Some(LogicalType::Decimal(decimal)) => format!("decimal({},{})", decimal.precision, decimal.scale),
        Some(LogicalType::Date) => "date".into(),
        Some(LogicalType::Time(time)) => {
            format!("time({}{})", unit(&time.unit), utc(time.is_adjusted_to_u_t_c))
        }
        Some(LogicalType::Timestamp(timestamp)) => {
            format!("timestamp({}{})", unit(&timestamp.unit), utc(timestamp.is_adjusted_to_u_t_c))
        }
        Some(LogicalType::Integer(integer)) => {
            format!("{}int{}", if integer.is_signed { "" } else { "u" }, integer.bit_width)
        }
        Some(LogicalType::Enum) => "enum".into(),
        Some(LogicalType::Uuid) => "uuid".into(),
        Some(LogicalType::Json) => "json".into(),
        Some(LogicalType::Bson) => "bson".into(),
        Some(LogicalType::Float16) => "float16".into(),
        Some(LogicalType::Geometry(_)) => "geometry".into(),
        Some(LogicalType::Geography(_)) => "geography".into(),
        Some(LogicalType::Unknown) => "null".into(),
        _ if info.converted_type() != ConvertedType::NONE => info.converted_type().to_string().to_lowercase(),
        _ if is_fixed(column) => data_type.to_string(),
        _ => column.get_physical_type().to_string().to_lowercase(),
    }
}

fn is_fixed(column: &Type) -> bool {
    column.get_physical_type() == PhysicalType::FIXED_LEN_BYTE_ARRAY
}

fn unit(unit: &TimeUnit) -> &'static str {
    match unit {
        TimeUnit::MILLIS => "millis",
        TimeUnit::MICROS => "micros",
        TimeUnit::NANOS => "nanos",
    }
}

fn utc(adjusted: bool) -> &'static str {
    if adjusted { ", utc" } else { "" }
}
