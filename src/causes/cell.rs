//! One differing cell: every hypothesis that holds for it.

use super::time::{Family as TimeFamily, is_zero_date};
use super::{number, text, time};
use crate::canonical::{CanonicalType, Encoding, LooseHint};
use crate::model::{CauseKind, CellChange, Pair, TablePlan};

/// Target values longer than this are no defaults.
const CONSTANT_BYTES_MAX: usize = 256;

/// Which hypotheses are tried on the values of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Number,
    Boolean,
    Time(TimeFamily),
    Text,
    Binary,
    Uuid,
    /// SQLite values without a telling declaration: numbers where both are, else text.
    Any,
}

impl Family {
    /// The family of a column of the plan.
    pub fn of(plan: &TablePlan, column: usize) -> Self {
        let Some(compared) = plan.columns.get(column).and_then(|column| column.compared.as_ref()) else {
            return Family::Any;
        };
        let zones = compared.comparison.readings.as_ref().map(|reading| reading.time_zone);
        match compared.comparison.encoding() {
            Encoding::Number | Encoding::Float32 | Encoding::Float64 => Family::Number,
            Encoding::Boolean => Family::Boolean,
            Encoding::Text
            | Encoding::Json
            | Encoding::Interval
            | Encoding::Bits
            | Encoding::Inet
            | Encoding::Mac
            | Encoding::Set
            | Encoding::Nested
            | Encoding::Opaque => Family::Text,
            Encoding::Binary | Encoding::Geometry => Family::Binary,
            Encoding::Date => Family::Time(TimeFamily::Date),
            Encoding::Time => Family::Time(TimeFamily::Time),
            Encoding::Timestamp | Encoding::Instant => Family::Time(TimeFamily::Moment(zones)),
            Encoding::Uuid => Family::Uuid,
            Encoding::Loose => {
                let at = compared.positions.source;
                match plan.tables.source.columns.get(at).map(|column| &column.canonical) {
                    Some(CanonicalType::Loose(hint)) => Self::hinted(*hint),
                    _ => Family::Any,
                }
            }
        }
    }

    fn hinted(hint: LooseHint) -> Self {
        match hint {
            LooseHint::Number | LooseHint::Float => Family::Number,
            LooseHint::Boolean => Family::Boolean,
            LooseHint::Date => Family::Time(TimeFamily::Date),
            LooseHint::Time => Family::Time(TimeFamily::Time),
            LooseHint::Timestamp => Family::Time(TimeFamily::Moment(Pair::default())),
            LooseHint::Uuid => Family::Uuid,
            LooseHint::Binary => Family::Binary,
            LooseHint::Text | LooseHint::Json => Family::Any,
        }
    }
}

/// Replaces `out` by the hypotheses that hold for a cell, in the order of specificity. Whether two columns were swapped
/// is seen only in the row.
pub(super) fn kinds(cell: &CellChange, family: Family, out: &mut Vec<CauseKind>) {
    match (&cell.values.source, &cell.values.target) {
        (Some(source), Some(target)) => {
            of_values(source, target, family, out);
            if target.len() <= CONSTANT_BYTES_MAX {
                out.push(CauseKind::Constant(xxhash_rust::xxh3::xxh3_64(target.as_bytes())));
            }
        }
        (None, Some(target)) => {
            out.extend(match target.as_str() {
                "" => Some(CauseKind::NullToEmpty),
                _ if is_zero(target) => Some(CauseKind::NullToZero),
                _ if is_zero_date(target) => Some(CauseKind::ZeroDate),
                _ => None,
            });
            if target.len() <= CONSTANT_BYTES_MAX {
                let hash = xxhash_rust::xxh3::xxh3_64(target.as_bytes());
                out.extend([CauseKind::Filled(hash), CauseKind::Constant(hash)]);
            }
        }
        (Some(source), None) => {
            out.extend(match source.as_str() {
                "" => Some(CauseKind::EmptyToNull),
                _ if is_zero(source) => Some(CauseKind::ZeroToNull),
                _ if source.eq_ignore_ascii_case("nan") && family != Family::Text => Some(CauseKind::NanToNull),
                _ if is_zero_date(source) => Some(CauseKind::ZeroDate),
                _ => None,
            });
            out.push(CauseKind::BecameNull);
        }
        (None, None) => {}
    }
    out.sort_unstable();
    out.dedup();
}

fn of_values(source: &str, target: &str, family: Family, out: &mut Vec<CauseKind>) {
    if is_another_sort(source, target) {
        return out.push(CauseKind::TypeChanged);
    }
    match family {
        Family::Number => number::kinds(source, target, out),
        Family::Boolean => {
            if truth(source).zip(truth(target)).is_some_and(|(source, target)| source != target) {
                out.push(CauseKind::Inverted);
            }
        }
        Family::Time(of_time) => time::kinds(source, target, of_time, out),
        Family::Text => text::kinds(source, target, out),
        Family::Binary => text::kinds_of_bytes(source, target, out),
        Family::Uuid => text::uuids(source, target, out),
        Family::Any => {
            text::kinds(source, target, out);
            if out.is_empty() {
                number::kinds(source, target, out);
            }
        }
    }
}

fn is_zero(text: &str) -> bool {
    text.starts_with(['0', '-']) && text.parse::<f64>() == Ok(0.0)
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "1" | "t" => Some(true),
        "false" | "0" | "f" => Some(false),
        _ => None,
    }
}

/// The diff adds the sort of the values where their texts are the same: `1 (text)`, `1 (integer)`.
fn is_another_sort(source: &str, target: &str) -> bool {
    let (Some((one, one_sort)), Some((other, other_sort))) = (source.rsplit_once(" ("), target.rsplit_once(" ("))
    else {
        return false;
    };
    let is_sort = |sort: &str| {
        sort.strip_suffix(')').is_some_and(|sort| {
            matches!(
                sort.split('(').next(),
                Some(
                    "text"
                        | "char"
                        | "integer"
                        | "real"
                        | "blob"
                        | "decimal"
                        | "float64"
                        | "float32"
                        | "binary"
                        | "untyped text"
                        | "sqlite value"
                        | "unsigned integer"
                        | "boolean"
                        | "uuid"
                )
            )
        })
    };
    one == other && one_sort != other_sort && is_sort(one_sort) && is_sort(other_sort)
}

#[cfg(test)]
mod tests {
    use super::*;
    use CauseKind as K;

    fn first(source: Option<&str>, target: Option<&str>, family: Family) -> Option<K> {
        let values = Pair::new(source.map(str::to_owned), target.map(str::to_owned));
        let mut out = Vec::new();
        kinds(&CellChange { column: 0, name: "c".into(), values }, family, &mut out);
        out.first().copied()
    }

    #[test]
    fn null_is_told_from_what_it_was_taken_for() {
        assert_eq!(first(None, Some(""), Family::Text), Some(K::NullToEmpty));
        assert_eq!(first(Some(""), None, Family::Text), Some(K::EmptyToNull));
        assert_eq!(first(None, Some("0"), Family::Number), Some(K::NullToZero));
        assert_eq!(first(None, Some("0.00"), Family::Number), Some(K::NullToZero));
        assert_eq!(first(Some("0"), None, Family::Number), Some(K::ZeroToNull));
        assert_eq!(first(Some("NaN"), None, Family::Number), Some(K::NanToNull));
        assert_eq!(first(Some("0000-00-00"), None, Family::Time(TimeFamily::Date)), Some(K::ZeroDate));
        assert_eq!(first(Some("x"), None, Family::Text), Some(K::BecameNull));
        assert!(matches!(first(None, Some("x"), Family::Text), Some(K::Filled(_))));
        assert!(matches!(first(None, Some(" "), Family::Text), Some(K::Filled(_))));
        assert!(matches!(first(None, Some("0.01"), Family::Number), Some(K::Filled(_))));
    }

    #[test]
    fn truth_is_inverted() {
        assert_eq!(first(Some("true"), Some("false"), Family::Boolean), Some(K::Inverted));
        assert_eq!(first(Some("0"), Some("1"), Family::Boolean), Some(K::Inverted));
        assert_ne!(first(Some("1"), Some("2"), Family::Boolean), Some(K::Inverted));
    }

    #[test]
    fn a_value_of_another_sort_is_told() {
        assert_eq!(first(Some("1 (text)"), Some("1 (integer)"), Family::Any), Some(K::TypeChanged));
        assert_ne!(first(Some("1 (text)"), Some("2 (integer)"), Family::Any), Some(K::TypeChanged));
        assert_ne!(first(Some("1 (one)"), Some("1 (two)"), Family::Any), Some(K::TypeChanged));
    }
}
