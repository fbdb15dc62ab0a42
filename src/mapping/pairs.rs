//! The table of type pairs: as what a pair of columns is compared.
//!
//! Rows are looked up in either order. A pair that is not in the table shares no type and is `incomparable`. Pairs of a
//! wider and a narrower type are compared exactly, as the wider one, so that rounded or truncated values are corrupt.

use chrono_tz::Tz;

use crate::canonical::rules::{ReadAs, Rules};
use crate::canonical::{CanonicalType, Encoding, LooseHint, Reading, nested};
use crate::model::{Capacity, Column, Comparison, Pair};

/// The kinds of canonical types, without their parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Boolean,
    Integer,
    Decimal,
    Float32,
    Float64,
    Text,
    Binary,
    Date,
    Time,
    Timestamp,
    Instant,
    Uuid,
    Json,
    Interval,
    Bits,
    /// MySQL's BIT(n).
    BitField,
    Inet,
    Mac,
    Set,
    Geometry,
    Array,
    Struct,
    Map,
    Range,
    /// A field of a CSV file.
    Untyped,
    /// An SQLite value.
    Loose,
    Opaque,
}

/// What a row of the table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Both sides are read as this.
    As(Encoding),
    /// As this, if the zone of the side without one is known.
    InZone(Encoding),
    /// As what the SQLite column was declared to be.
    AsDeclared,
    /// Only where both have the same native type.
    SameNative,
    /// As nested values, where their parts can be compared.
    SameShape,
    /// As JSON, where the nested type's values are documents.
    Document,
}

use Kind as K;
use Rule::{As, AsDeclared, Document, InZone, SameNative, SameShape};

/// The table.
const PAIRS: &[(Kind, Kind, Rule)] = &[
    // numbers
    (K::Integer, K::Integer, As(Encoding::Number)),
    (K::Integer, K::Decimal, As(Encoding::Number)),
    (K::Decimal, K::Decimal, As(Encoding::Number)),
    (K::Integer, K::Float32, As(Encoding::Number)),
    (K::Integer, K::Float64, As(Encoding::Number)),
    (K::Decimal, K::Float32, As(Encoding::Number)),
    (K::Decimal, K::Float64, As(Encoding::Number)),
    (K::Float32, K::Float32, As(Encoding::Float32)),
    (K::Float32, K::Float64, As(Encoding::Float32)),
    (K::Float64, K::Float64, As(Encoding::Float64)),
    // truth values: engines without a boolean keep them as integers
    (K::Boolean, K::Boolean, As(Encoding::Boolean)),
    (K::Boolean, K::Integer, As(Encoding::Boolean)),
    // text and bytes
    (K::Text, K::Text, As(Encoding::Text)),
    (K::Binary, K::Binary, As(Encoding::Binary)),
    // time
    (K::Date, K::Date, As(Encoding::Date)),
    (K::Date, K::Timestamp, As(Encoding::Timestamp)),
    (K::Date, K::Instant, InZone(Encoding::Instant)),
    (K::Time, K::Time, As(Encoding::Time)),
    (K::Timestamp, K::Timestamp, As(Encoding::Timestamp)),
    (K::Timestamp, K::Instant, InZone(Encoding::Instant)),
    (K::Instant, K::Instant, As(Encoding::Instant)),
    // uuids: engines without the type keep them as text or as 16 bytes
    (K::Uuid, K::Uuid, As(Encoding::Uuid)),
    (K::Uuid, K::Text, As(Encoding::Uuid)),
    (K::Uuid, K::Binary, As(Encoding::Uuid)),
    // JSON: engines without the type keep it as text
    (K::Json, K::Json, As(Encoding::Json)),
    (K::Json, K::Text, As(Encoding::Json)),
    // intervals, field by field; MySQL keeps them as times
    (K::Interval, K::Interval, As(Encoding::Interval)),
    (K::Interval, K::Time, As(Encoding::Interval)),
    // bits: MySQL's are a number, too, and a truth value where there is one
    (K::Bits, K::Bits, As(Encoding::Bits)),
    (K::Bits, K::BitField, As(Encoding::Bits)),
    (K::Bits, K::Text, As(Encoding::Bits)),
    (K::Bits, K::Boolean, As(Encoding::Boolean)),
    (K::BitField, K::BitField, As(Encoding::Number)),
    (K::BitField, K::Integer, As(Encoding::Number)),
    (K::BitField, K::Decimal, As(Encoding::Number)),
    (K::BitField, K::Float32, As(Encoding::Number)),
    (K::BitField, K::Float64, As(Encoding::Number)),
    (K::BitField, K::Boolean, As(Encoding::Boolean)),
    // addresses: against text, the text that PostgreSQL writes
    (K::Inet, K::Inet, As(Encoding::Inet)),
    (K::Inet, K::Text, As(Encoding::Text)),
    (K::Mac, K::Mac, As(Encoding::Mac)),
    (K::Mac, K::Text, As(Encoding::Text)),
    // sets of labels: against text, the text that MySQL writes
    (K::Set, K::Set, As(Encoding::Set)),
    (K::Set, K::Text, As(Encoding::Text)),
    // geometries: engines without the type keep WKB
    (K::Geometry, K::Geometry, As(Encoding::Geometry)),
    (K::Geometry, K::Binary, As(Encoding::Geometry)),
    // nested types: engines without them keep JSON
    (K::Array, K::Array, SameShape),
    (K::Array, K::Json, Document),
    (K::Struct, K::Struct, SameShape),
    (K::Struct, K::Json, Document),
    (K::Map, K::Map, SameShape),
    (K::Map, K::Json, Document),
    (K::Range, K::Range, SameShape),
    // a CSV field takes the type of the other side
    (K::Untyped, K::Untyped, As(Encoding::Text)),
    (K::Untyped, K::Text, As(Encoding::Text)),
    (K::Untyped, K::Boolean, As(Encoding::Boolean)),
    (K::Untyped, K::Integer, As(Encoding::Number)),
    (K::Untyped, K::Decimal, As(Encoding::Number)),
    (K::Untyped, K::Float32, As(Encoding::Float32)),
    (K::Untyped, K::Float64, As(Encoding::Float64)),
    (K::Untyped, K::Date, As(Encoding::Date)),
    (K::Untyped, K::Time, As(Encoding::Time)),
    (K::Untyped, K::Timestamp, As(Encoding::Timestamp)),
    (K::Untyped, K::Instant, As(Encoding::Instant)),
    (K::Untyped, K::Uuid, As(Encoding::Uuid)),
    (K::Untyped, K::Json, As(Encoding::Json)),
    (K::Untyped, K::Interval, As(Encoding::Interval)),
    (K::Untyped, K::Bits, As(Encoding::Bits)),
    (K::Untyped, K::BitField, As(Encoding::Number)),
    (K::Untyped, K::Inet, As(Encoding::Inet)),
    (K::Untyped, K::Mac, As(Encoding::Mac)),
    (K::Untyped, K::Set, As(Encoding::Set)),
    // so does an SQLite value; times in SQLite name no zone
    (K::Loose, K::Loose, As(Encoding::Loose)),
    (K::Loose, K::Untyped, AsDeclared),
    (K::Loose, K::Text, As(Encoding::Text)),
    (K::Loose, K::Binary, As(Encoding::Binary)),
    (K::Loose, K::Boolean, As(Encoding::Boolean)),
    (K::Loose, K::Integer, As(Encoding::Number)),
    (K::Loose, K::Decimal, As(Encoding::Number)),
    (K::Loose, K::Float32, As(Encoding::Float32)),
    (K::Loose, K::Float64, As(Encoding::Float64)),
    (K::Loose, K::Date, As(Encoding::Date)),
    (K::Loose, K::Time, As(Encoding::Time)),
    (K::Loose, K::Timestamp, As(Encoding::Timestamp)),
    (K::Loose, K::Instant, InZone(Encoding::Instant)),
    (K::Loose, K::Uuid, As(Encoding::Uuid)),
    (K::Loose, K::Json, As(Encoding::Json)),
    (K::Loose, K::Interval, As(Encoding::Interval)),
    (K::Loose, K::Bits, As(Encoding::Bits)),
    (K::Loose, K::BitField, As(Encoding::Number)),
    (K::Loose, K::Inet, As(Encoding::Inet)),
    (K::Loose, K::Mac, As(Encoding::Mac)),
    (K::Loose, K::Set, As(Encoding::Set)),
    (K::Loose, K::Geometry, As(Encoding::Geometry)),
    (K::Loose, K::Array, Document),
    (K::Loose, K::Struct, Document),
    (K::Loose, K::Map, Document),
    // what tieout does not know is compared as its store's text, if both stores call it the same
    (K::Opaque, K::Opaque, SameNative),
];

/// What the table says about a pair of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shared {
    /// They share a type; the findings tell what one side cannot hold.
    Type(Comparison, Vec<String>),
    /// They share none; the text says why and what to do.
    Nothing(String),
}

/// Looks a pair of columns up. `zones` are the zones of each side's times without a zone, where they are known.
pub fn shared_type(columns: Pair<&Column>, zones: Pair<Option<Tz>>) -> Shared {
    shared_type_under(columns, zones, &Rules::default(), Untold::Text)
}

/// What columns hold that do not say it themselves: fields of CSV files, SQLite values, texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untold {
    /// What they are.
    Text,
    /// Numbers: a rule says so by what it asks.
    Numbers,
    /// Numbers, unless both are SQLite values, each of which says it for itself.
    Distances,
    /// Times.
    Times,
}

/// As [`shared_type`], where rules may have a say in how a column is read.
pub fn shared_type_under(columns: Pair<&Column>, zones: Pair<Option<Tz>>, rules: &Rules, untold: Untold) -> Shared {
    let kinds = columns.map(|c| kind(&c.canonical));
    let kinds = kinds_under(kinds, columns, rules, untold);
    let rule = PAIRS.iter().find(|(one, other, _)| {
        (*one, *other) == (kinds.source, kinds.target) || (*one, *other) == (kinds.target, kinds.source)
    });
    let natives = format!("{} against {}", columns.source.native, columns.target.native);
    let encoding = match rule.map(|(_, _, rule)| *rule) {
        Some(As(encoding)) => encoding,
        Some(InZone(encoding)) => {
            for side in crate::model::Side::BOTH {
                if *kinds.get(side) != Kind::Instant && zones.get(side).is_none() {
                    return Shared::Nothing(format!(
                        "{natives}: the {side}'s times name no zone; tell it with --time-zone or time_zone"
                    ));
                }
            }
            encoding
        }
        Some(AsDeclared) => match (declared(&columns.source.canonical), declared(&columns.target.canonical)) {
            (Some(encoding), _) | (_, Some(encoding)) => encoding,
            _ => return Shared::Nothing(format!("{natives}: no shared type")),
        },
        Some(SameShape) if nested::comparable(&columns.source.canonical, &columns.target.canonical) => Encoding::Nested,
        Some(Document) if has_documents(&columns.source.canonical) || has_documents(&columns.target.canonical) => {
            Encoding::Json
        }
        Some(SameNative) if columns.source.canonical == columns.target.canonical => Encoding::Opaque,
        _ => return Shared::Nothing(format!("{natives}: no shared type")),
    };
    let readings = Pair::from_fn(|side| Reading {
        encoding,
        time_zone: if encoding == Encoding::Instant { *zones.get(side) } else { None },
    });
    Shared::Type(Comparison { label: label(encoding, columns), readings }, lossy(columns).into_iter().collect())
}

/// Whether a column holds nested values that are documents.
fn has_documents(canonical: &CanonicalType) -> bool {
    let nested = matches!(kind(canonical), Kind::Array | Kind::Struct | Kind::Map);
    nested && nested::has_documents(canonical)
}

/// The kinds of a pair as its rules read it.
fn kinds_under(kinds: Pair<Kind>, columns: Pair<&Column>, rules: &Rules, untold: Untold) -> Pair<Kind> {
    let is_text = |kind: Kind| matches!(kind, Kind::Text | Kind::Untyped | Kind::Loose);
    let kinds = kinds.map(|kind| match &rules.reading {
        Some(ReadAs::Json) if is_text(kind) => Kind::Json,
        Some(ReadAs::Uuid | ReadAs::UuidSwapped) if is_text(kind) || kind == Kind::Binary => Kind::Uuid,
        Some(ReadAs::Bool(_)) if is_text(kind) || kind == Kind::Integer => Kind::Boolean,
        Some(ReadAs::Set(_)) if is_text(kind) || matches!(kind, Kind::Set | Kind::Opaque) => Kind::Text,
        Some(ReadAs::Hex | ReadAs::Base64) if is_text(kind) => Kind::Binary,
        _ if rules.epoch.is_some() && (is_text(kind) || matches!(kind, Kind::Integer | Kind::Decimal)) => Kind::Instant,
        // A float is rounded as the decimal that it is written as.
        _ if rules.scale.is_some() && matches!(kind, Kind::Float32 | Kind::Float64) => Kind::Decimal,
        _ => kind,
    });
    if !(is_text(kinds.source) && is_text(kinds.target)) || rules.reading.is_some() {
        return kinds;
    }
    let hinted = |column: &Column| match column.canonical {
        CanonicalType::Loose(LooseHint::Date) => Some(Kind::Date),
        CanonicalType::Loose(LooseHint::Time) => Some(Kind::Time),
        _ => None,
    };
    match untold {
        Untold::Times => Pair::from_fn(|side| {
            hinted(columns.get(side)).or(hinted(columns.get(side.other()))).unwrap_or(Kind::Timestamp)
        }),
        Untold::Numbers => Pair::new(Kind::Decimal, Kind::Decimal),
        Untold::Distances if kinds != Pair::new(Kind::Loose, Kind::Loose) => Pair::new(Kind::Decimal, Kind::Decimal),
        Untold::Distances | Untold::Text => kinds,
    }
}

fn kind(canonical: &CanonicalType) -> Kind {
    match canonical {
        CanonicalType::Boolean => Kind::Boolean,
        CanonicalType::Int64 | CanonicalType::UInt64 => Kind::Integer,
        CanonicalType::Decimal { .. } | CanonicalType::Number => Kind::Decimal,
        CanonicalType::Float32 => Kind::Float32,
        CanonicalType::Float64 => Kind::Float64,
        CanonicalType::Text | CanonicalType::Char => Kind::Text,
        CanonicalType::Binary => Kind::Binary,
        CanonicalType::Date => Kind::Date,
        CanonicalType::Time(_) => Kind::Time,
        CanonicalType::Timestamp(_) => Kind::Timestamp,
        CanonicalType::Instant(_) => Kind::Instant,
        CanonicalType::Uuid => Kind::Uuid,
        CanonicalType::Json => Kind::Json,
        CanonicalType::Interval => Kind::Interval,
        CanonicalType::Bits => Kind::Bits,
        CanonicalType::BitField { .. } => Kind::BitField,
        CanonicalType::Inet => Kind::Inet,
        CanonicalType::Mac => Kind::Mac,
        CanonicalType::Set => Kind::Set,
        CanonicalType::Geometry => Kind::Geometry,
        CanonicalType::Array { .. } => Kind::Array,
        CanonicalType::Struct { .. } => Kind::Struct,
        CanonicalType::Map { .. } => Kind::Map,
        CanonicalType::Range { .. } => Kind::Range,
        CanonicalType::Loose(_) => Kind::Loose,
        CanonicalType::Untyped => Kind::Untyped,
        CanonicalType::Opaque { .. } => Kind::Opaque,
    }
}

fn declared(canonical: &CanonicalType) -> Option<Encoding> {
    let CanonicalType::Loose(hint) = canonical else { return None };
    match hint {
        LooseHint::Number => Some(Encoding::Number),
        LooseHint::Float => Some(Encoding::Float64),
        LooseHint::Text => Some(Encoding::Text),
        LooseHint::Boolean => Some(Encoding::Boolean),
        LooseHint::Date => Some(Encoding::Date),
        LooseHint::Time => Some(Encoding::Time),
        LooseHint::Timestamp => Some(Encoding::Timestamp),
        LooseHint::Uuid => Some(Encoding::Uuid),
        LooseHint::Json => Some(Encoding::Json),
        // How a CSV file writes bytes cannot be known.
        LooseHint::Binary => None,
    }
}

/// The words of reports for the type that is compared: for decimals the width that holds both sides.
fn label(encoding: Encoding, columns: Pair<&Column>) -> String {
    match encoding {
        Encoding::Number => number_label(columns.map(|c| &c.canonical)),
        Encoding::Float32 => "float32".into(),
        Encoding::Float64 => "float64".into(),
        Encoding::Boolean => "boolean".into(),
        Encoding::Text => "text".into(),
        Encoding::Binary => "binary".into(),
        Encoding::Date => "date".into(),
        Encoding::Time => "time".into(),
        Encoding::Timestamp => "timestamp".into(),
        Encoding::Instant => "instant".into(),
        Encoding::Uuid => "uuid".into(),
        Encoding::Json => "json".into(),
        Encoding::Interval => "interval".into(),
        Encoding::Bits => "bits".into(),
        Encoding::Inet => "inet".into(),
        Encoding::Mac => "mac".into(),
        Encoding::Set => "set".into(),
        Encoding::Geometry => "geometry".into(),
        Encoding::Nested => columns.source.canonical.label(),
        Encoding::Loose => "sqlite value".into(),
        Encoding::Opaque => format!("text of {}", columns.source.native),
    }
}

fn number_label(types: Pair<&CanonicalType>) -> String {
    let unbounded =
        |t: &CanonicalType| matches!(t, CanonicalType::Number | CanonicalType::Float32 | CanonicalType::Float64);
    let integer =
        |t: &CanonicalType| matches!(t, CanonicalType::Int64 | CanonicalType::UInt64 | CanonicalType::BitField { .. });
    if unbounded(types.source) || unbounded(types.target) {
        return "decimal".into();
    }
    // An SQLite value or a CSV field has no digits of its own: the other side's count.
    let (before, scale) = [types.source, types.target].into_iter().filter_map(digits).fold((0, 0), |sum, d| {
        let (before, scale): (u32, u32) = sum;
        (before.max(d.0), scale.max(d.1))
    });
    if scale == 0 && (integer(types.source) || integer(types.target)) {
        "integer".into()
    } else if before + scale == 0 {
        "decimal".into()
    } else {
        format!("decimal({},{scale})", before + scale)
    }
}

/// Digits before and after the point that a type holds, where it has bounds.
fn digits(canonical: &CanonicalType) -> Option<(u32, u32)> {
    match canonical {
        CanonicalType::BitField { .. } => Some((20, 0)),
        CanonicalType::Int64 => Some((19, 0)),
        CanonicalType::UInt64 => Some((20, 0)),
        CanonicalType::Decimal { precision, scale } => {
            let scale = u32::from(scale.unsigned_abs());
            Some((u32::from(*precision) - scale.min(u32::from(*precision)), scale))
        }
        _ => None,
    }
}

/// What one side of a comparable pair cannot hold, whichever side it is.
fn lossy(columns: Pair<&Column>) -> Option<String> {
    let Pair { source, target } = columns.map(Capacity::of);
    let lossy = source.loses_precision_in(&target) || target.loses_precision_in(&source);
    lossy.then(|| format!("lossy: {} against {}", columns.source.native, columns.target.native))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(native: &str, canonical: CanonicalType) -> Column {
        Column { name: "c".into(), native: native.into(), canonical, nullable: true }
    }

    fn shared(source: Column, target: Column) -> Shared {
        shared_type(Pair::new(&source, &target), Pair::default())
    }

    #[test]
    fn decimals_are_compared_in_a_width_that_holds_both() {
        let one = column("numeric(10,2)", CanonicalType::Decimal { precision: 10, scale: 2 });
        let other = column("decimal(12,4)", CanonicalType::Decimal { precision: 12, scale: 4 });
        let Shared::Type(comparison, findings) = shared(one, other) else { panic!("comparable") };
        assert_eq!(comparison.label, "decimal(12,4)");
        assert_eq!(findings, ["lossy: numeric(10,2) against decimal(12,4)"]);
    }

    #[test]
    fn a_time_without_a_zone_meets_an_instant_only_in_a_known_zone() {
        use crate::canonical::Precision::Micro;
        let naive = column("datetime(6)", CanonicalType::Timestamp(Micro));
        let instant = column("timestamp with time zone", CanonicalType::Instant(Micro));
        assert!(matches!(shared(naive.clone(), instant.clone()), Shared::Nothing(why) if why.contains("--time-zone")));
        let zones = Pair::new(Some(Tz::UTC), None);
        assert!(matches!(shared_type(Pair::new(&naive, &instant), zones), Shared::Type(..)));
    }

    #[test]
    fn a_column_that_keeps_whole_seconds_is_lossy_against_one_that_keeps_fractions() {
        use crate::canonical::Precision::Micro;
        let fine = column("timestamp without time zone", CanonicalType::Timestamp(Micro));
        let coarse = column("datetime", CanonicalType::Timestamp(Micro));
        let Shared::Type(_, findings) = shared(fine, coarse) else { panic!("comparable") };
        assert_eq!(findings, ["lossy: timestamp without time zone against datetime"]);
    }

    #[test]
    fn text_and_numbers_share_no_type() {
        let text = column("text", CanonicalType::Text);
        let number = column("integer", CanonicalType::Int64);
        assert!(matches!(shared(text, number), Shared::Nothing(_)));
    }

    /// A kind in words: `BitField` is `bit field`.
    fn word(kind: Kind) -> String {
        let name = format!("{kind:?}");
        let letters = name.char_indices().map(|(at, letter)| match letter {
            letter if letter.is_ascii_uppercase() && at > 0 => format!(" {}", letter.to_ascii_lowercase()),
            letter => letter.to_ascii_lowercase().to_string(),
        });
        letters.collect()
    }

    fn words(rule: Rule) -> String {
        match rule {
            As(encoding) => format!("{encoding:?}").to_lowercase(),
            InZone(encoding) => format!("{encoding:?}, in the zone given for the times without one").to_lowercase(),
            AsDeclared => "what the SQLite column was declared as".into(),
            SameNative => "the store's text, where both are the very same native type".into(),
            SameShape => "part by part, where the leaves are of the same families".into(),
            Document => "json, where the nested type's values are documents".into(),
        }
    }

    /// With `TIEOUT_BLESS` set, the document is written anew.
    #[test]
    fn the_table_of_pairs_in_the_documentation_is_this_one() {
        let mut rows: Vec<(Kind, Vec<String>, Rule)> = Vec::new();
        for (one, other, rule) in PAIRS {
            match rows.last_mut() {
                Some((kind, others, last)) if (*kind, *last) == (*one, *rule) => others.push(word(*other)),
                _ => rows.push((*one, vec![word(*other)], *rule)),
            }
        }
        let row = |(one, others, rule): &(Kind, Vec<String>, Rule)| {
            format!("| {} | {} | {} |\n", word(*one), others.join(", "), words(*rule))
        };
        let table: String = rows.iter().map(row).collect();
        let table =
            format!("<!-- pairs -->\n| one side | other side | compared as |\n|---|---|---|\n{table}<!-- /pairs -->");
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/types.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let (start, end) = (text.find("<!-- pairs -->").unwrap(), text.find("<!-- /pairs -->").unwrap());
        let end = end + "<!-- /pairs -->".len();
        if std::env::var_os("TIEOUT_BLESS").is_some() {
            std::fs::write(&path, format!("{}{table}{}", &text[..start], &text[end..])).unwrap();
            return;
        }
        assert_eq!(text[start..end], table, "docs/types.md is stale: run this test with TIEOUT_BLESS=1");
    }

    #[test]
    fn no_pair_is_listed_twice() {
        for (at, (one, other, _)) in PAIRS.iter().enumerate() {
            let again = PAIRS[at + 1..].iter().any(|(a, b, _)| (a, b) == (one, other) || (b, a) == (one, other));
            assert!(!again, "{one:?} and {other:?}");
        }
    }
}
