//! Random tables and random damage.

use proptest::prelude::*;
use tieout::model::Side;

/// A value; NULL is `None` around it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Int(i64),
    Text(String),
    Float(f64),
    Bool(bool),
    /// With two decimals.
    Decimal(i64),
    /// Microseconds since 1970.
    Timestamp(i64),
    Bytes(Vec<u8>),
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Type {
    Int,
    Text,
    Float,
    Bool,
    Decimal,
    Timestamp,
    Bytes,
}

pub type Row = Vec<Option<Value>>;

/// Two tables with the same columns `c0`, `c1`, … of which the first `key` are the key (none: whole rows).
#[derive(Debug, Clone)]
pub struct Case {
    pub types: Vec<Type>,
    pub key: usize,
    pub source: Vec<Row>,
    pub target: Vec<Row>,
}

impl Case {
    pub fn rows(&self, side: Side) -> &[Row] {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }

    /// Two equal tables with a number and a text.
    pub fn plain(rows: usize) -> Self {
        let row = |id: usize| vec![Some(Value::Int(id as i64 * 3 - 500)), Some(Value::Text(format!("row {id}")))];
        let source: Vec<Row> = (0..rows).map(row).collect();
        Self { types: vec![Type::Int, Type::Text], key: 1, target: source.clone(), source }
    }
}

/// What happens to the target.
#[derive(Debug, Clone)]
enum Damage {
    Delete(usize),
    Add(usize),
    Double(usize),
    Change { row: usize, column: usize, with: usize },
    Swap(usize, usize),
}

pub fn case() -> impl Strategy<Value = Case> {
    (prop::collection::vec(column_type(), 1..5), 0usize..3)
        .prop_flat_map(|(types, key)| {
            let key = key.min(types.len());
            let rows = prop::collection::vec(row(types.clone()), 0..60);
            // Values for added rows and changed cells come from a pool of the same kinds.
            let pool = prop::collection::vec(row(types.clone()), 1..12);
            (Just(types), Just(key), rows, pool, prop::collection::vec(damage(), 0..8))
        })
        .prop_map(|(types, key, source, pool, damages)| {
            let mut target = source.clone();
            for damage in damages {
                apply(&damage, &mut target, &pool);
            }
            Case { types, key, source, target }
        })
}

fn apply(damage: &Damage, target: &mut Vec<Row>, pool: &[Row]) {
    let rows = target.len();
    match damage {
        Damage::Add(at) => target.push(pool[at % pool.len()].clone()),
        _ if rows == 0 => {}
        Damage::Delete(at) => drop(target.remove(at % rows)),
        Damage::Double(at) => target.push(target[at % rows].clone()),
        Damage::Change { row, column, with } => {
            let columns = target[0].len();
            target[row % rows][column % columns] = pool[with % pool.len()][column % columns].clone();
        }
        Damage::Swap(one, other) => target.swap(one % rows, other % rows),
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let any = any::<prop::sample::Index>().prop_map(|index| index.index(1 << 20));
    prop_oneof![
        any.clone().prop_map(Damage::Delete),
        any.clone().prop_map(Damage::Add),
        any.clone().prop_map(Damage::Double),
        (any.clone(), any.clone(), any.clone()).prop_map(|(row, column, with)| Damage::Change { row, column, with }),
        (any.clone(), any).prop_map(|(one, other)| Damage::Swap(one, other)),
    ]
}

fn column_type() -> impl Strategy<Value = Type> {
    prop::sample::select(vec![
        Type::Int,
        Type::Text,
        Type::Float,
        Type::Bool,
        Type::Decimal,
        Type::Timestamp,
        Type::Bytes,
    ])
}

fn row(types: Vec<Type>) -> impl Strategy<Value = Row> {
    types.into_iter().map(|t| prop::option::weighted(0.85, value(t))).collect::<Vec<_>>()
}

/// Few distinct values, so that keys repeat and damage meets what is there; among them the awkward ones.
fn value(of: Type) -> BoxedStrategy<Value> {
    match of {
        Type::Int => {
            prop_oneof![4 => -9i64..40, 1 => any::<i64>(), 1 => Just(i64::MIN), 1 => Just(9_007_199_254_740_993)]
                .prop_map(Value::Int)
                .boxed()
        }
        Type::Text => prop_oneof![
            4 => "[a-c]{0,2}",
            1 => prop::sample::select(vec![
                "", " ", "a ", "a|b", "a,b", "\u{0}", "\u{0}\u{ff}", "é", "e\u{301}", "\\N", "NULL", "=1+1", "\"x\"", "a\nb", "😀",
            ]).prop_map(String::from),
            1 => any::<String>(),
        ]
        .prop_map(Value::Text)
        .boxed(),
        Type::Float => prop_oneof![
            4 => (-4i32..4).prop_map(|n| f64::from(n) / 4.0),
            1 => prop::sample::select(vec![
                0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, 0.1 + 0.2, 0.3, f64::from_bits(0x7ff8_0000_0000_0001),
            ]),
            1 => any::<f64>(),
        ]
        .prop_map(Value::Float)
        .boxed(),
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Decimal => prop_oneof![4 => -300i64..300, 1 => any::<i64>()].prop_map(Value::Decimal).boxed(),
        Type::Timestamp => {
            prop_oneof![3 => -3i64..9, 1 => -62_000_000_000_000_000i64..250_000_000_000_000_000].prop_map(Value::Timestamp).boxed()
        }
        Type::Bytes => prop::collection::vec(prop::sample::select(vec![0u8, 1, 255]), 0..4).prop_map(Value::Bytes).boxed(),
    }
}
