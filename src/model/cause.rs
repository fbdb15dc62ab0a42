//! Causes: what one thing went wrong behind many changes.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::Pair;

/// How a value loses digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rounding {
    /// The digits are cut off.
    Truncate,
    /// To the nearest, a half away from zero.
    HalfUp,
    /// To the nearest, a half to the even neighbour.
    HalfEven,
}

/// The finest unit of time that is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimeUnit {
    /// Decimals of a second, 0 to 8: 0 are whole seconds, 3 milliseconds, 6 microseconds.
    Decimals(u8),
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days.
    Day,
}

/// A Unicode normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnicodeForm {
    /// Canonically equivalent.
    Nfc,
    /// Equivalent only in compatibility.
    Nfkc,
}

/// The code page that UTF-8 was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodePage {
    /// ISO 8859-1.
    Latin1,
    /// Windows-1252.
    Cp1252,
}

/// What became of characters that take four bytes in UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FourByteLoss {
    /// `?` or U+FFFD stands for them.
    Replaced,
    /// They are left out.
    Dropped,
    /// The text ends before the first of them.
    CutBefore,
}

/// How the bytes of a UUID were moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UuidOrder {
    /// The time fields swapped, as MySQL's `UUID_TO_BIN(id, 1)` does.
    TimeSwapped,
    /// The first three fields little-endian, as Microsoft's GUID keeps them.
    Guid,
    /// All bytes in reverse.
    Reversed,
}

/// How keys lie in the order of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spread {
    /// Every key of the side that has them.
    All,
    /// Next to each other up to the last key.
    Tail,
    /// Next to each other.
    Block,
    /// Here and there, or not known to be next to each other.
    Scattered,
}

/// What happened. The order of the variants of one cell is the order of specificity: of two that explain as many rows, the
/// first is the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CauseKind {
    /// The same characters as a value of another sort: the text `1` against the number 1.
    TypeChanged,
    /// NULL became the empty text.
    NullToEmpty,
    /// The empty text became NULL.
    EmptyToNull,
    /// NULL became 0.
    NullToZero,
    /// 0 became NULL.
    ZeroToNull,
    /// NaN became NULL.
    NanToNull,
    /// A zero date (`0000-00-00`) became something else, or something else became a zero date.
    ZeroDate,
    /// Infinity became the end of a range.
    InfinityToMax,
    /// A value beyond a limit of the target's type became the limit.
    Clamped,
    /// Two columns exchanged their values; the position of the other one.
    Swapped(usize),
    /// Shifted by a whole number of quarters of an hour, as between two zones.
    TimeZone {
        /// How much later the target is.
        minutes: i16,
    },
    /// Off by a day.
    OneDay {
        /// Whether the target is the later one.
        later: bool,
    },
    /// Finer units of a time were lost.
    TimePrecision {
        /// What is left.
        unit: TimeUnit,
        /// How.
        rounding: Rounding,
    },
    /// Both at once.
    TimeZoneAndPrecision {
        /// How much later the target is.
        minutes: i16,
        /// What is left.
        unit: TimeUnit,
        /// How.
        rounding: Rounding,
    },
    /// Decimals were lost.
    Scale {
        /// Decimals that are left.
        scale: u8,
        /// How.
        rounding: Rounding,
    },
    /// The number went through single precision.
    SinglePrecision,
    /// The number went through double precision.
    DoublePrecision,
    /// An integer wrapped around at so many bits: 8, 16, 24, 32 or 64. Of several widths the greatest is the likeliest.
    Wrapped(Reverse<u8>),
    /// The sign was turned.
    SignFlipped,
    /// Multiplied by a constant.
    Factor {
        /// The multiplier.
        times: u32,
        /// The divisor.
        by: u32,
    },
    /// True became false, and false true.
    Inverted,
    /// The bytes of a UUID in another order.
    UuidBytes(UuidOrder),
    /// A byte order mark came or went.
    ByteOrderMark,
    /// Trailing blanks came or went.
    TrailingBlanks,
    /// White space at the ends came or went.
    WhiteSpace,
    /// Line ends of another kind.
    LineEnds,
    /// Upper against lower case.
    Case,
    /// Another Unicode form.
    Unicode(UnicodeForm),
    /// UTF-8 was read as a code page.
    DoubleEncoded(CodePage),
    /// Characters of four bytes were written as two of three bytes.
    Cesu8,
    /// Characters of four bytes were lost.
    FourByte(FourByteLoss),
    /// Characters that are not ASCII became `?` or U+FFFD.
    Unmappable,
    /// Leading zeros came or went.
    LeadingZeros,
    /// Zero bytes at the end came or went.
    TrailingZeroBytes,
    /// The target is the beginning of the source.
    Cut,
    /// Shifted by a constant time that is no difference between two zones.
    TimeOffset {
        /// How much later the target is.
        nanoseconds: i128,
    },
    /// Off by a constant.
    Difference {
        /// The difference, target less source, without its decimal point.
        unscaled: i128,
        /// Digits after the point.
        scale: u8,
    },
    /// One and the same value for NULL; the hash of that value.
    Filled(u64),
    /// One and the same value for different ones; the hash of that value.
    Constant(u64),
    /// A value became NULL.
    BecameNull,
    /// None of these.
    Other,
    /// Keys that only the source has.
    Missing(Spread),
    /// Keys that only the target has.
    Unexpected(Spread),
    /// Keys that one side has more often.
    Duplicate(Spread),
}

impl CauseKind {
    /// The word for programs.
    pub fn id(&self) -> &'static str {
        use CauseKind as K;
        match self {
            K::TypeChanged => "type_changed",
            K::NullToEmpty => "null_to_empty",
            K::EmptyToNull => "empty_to_null",
            K::NullToZero => "null_to_zero",
            K::ZeroToNull => "zero_to_null",
            K::NanToNull => "nan_to_null",
            K::ZeroDate => "zero_date",
            K::InfinityToMax => "infinity_to_max",
            K::Clamped => "clamped",
            K::Swapped(_) => "column_swapped",
            K::TimeZone { .. } => "time_zone",
            K::OneDay { .. } => "one_day",
            K::TimePrecision { .. } => "time_precision",
            K::TimeZoneAndPrecision { .. } => "time_zone_and_precision",
            K::Scale { .. } => "scale",
            K::SinglePrecision => "single_precision",
            K::DoublePrecision => "double_precision",
            K::Wrapped(_) => "unsigned_wrap",
            K::SignFlipped => "sign_flipped",
            K::Factor { .. } => "factor",
            K::Inverted => "boolean_inverted",
            K::UuidBytes(_) => "uuid_byte_order",
            K::ByteOrderMark => "byte_order_mark",
            K::TrailingBlanks => "trailing_blanks",
            K::WhiteSpace => "white_space",
            K::LineEnds => "line_ends",
            K::Case => "case",
            K::Unicode(_) => "unicode_form",
            K::DoubleEncoded(_) => "double_encoding",
            K::Cesu8 => "cesu8",
            K::FourByte(_) => "four_byte_lost",
            K::Unmappable => "characters_replaced",
            K::LeadingZeros => "leading_zeros",
            K::TrailingZeroBytes => "trailing_zero_bytes",
            K::Cut => "cut",
            K::TimeOffset { .. } => "time_offset",
            K::Difference { .. } => "constant_difference",
            K::Filled(_) | K::Constant(_) => "default_filled_in",
            K::BecameNull => "became_null",
            K::Other => "other",
            K::Missing(spread) => ["missing_all", "missing_tail", "missing_block", "missing_scattered"][spread.place()],
            K::Unexpected(spread) => {
                ["unexpected_all", "unexpected_tail", "unexpected_block", "unexpected_scattered"][spread.place()]
            }
            K::Duplicate(spread) => {
                ["duplicate_all", "duplicate_tail", "duplicate_block", "duplicate_scattered"][spread.place()]
            }
        }
    }
}

impl Spread {
    fn place(self) -> usize {
        self as usize
    }
}

/// A cause as the changes gave it, with values as they are: the reports decide what of them is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundCause {
    /// What happened.
    pub kind: CauseKind,
    /// The position of the column pair in the table's plan; `None` for keys.
    pub column: Option<usize>,
    /// The changed keys it explains.
    pub keys: u64,
    /// The differing cells it explains; 0 for keys.
    pub cells: u64,
    /// Whether `keys` is the whole number; else there may be more among those without a known cause.
    pub is_exact: bool,
    /// The first of them in key order.
    pub example: FoundExample,
    /// The last key, where the cause is a stretch of keys.
    pub last_key: Option<Vec<Option<String>>>,
    /// The shortest and the longest target in characters, where the cause is a cut.
    pub lengths: Option<(u64, u64)>,
    /// How many stretches of neighbouring keys `keys` falls into, where they are scattered.
    pub stretches: u64,
}

/// The first change that a cause explains.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FoundExample {
    /// The key.
    pub key: Vec<Option<String>>,
    /// The two values, for a cell; long ones are cut.
    pub values: Pair<Option<String>>,
    /// How often each side has the key.
    pub copies: Pair<u64>,
}

/// The causes that a change belongs to, by their place in the list of the table's causes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributed {
    /// Of a key that is missing, unexpected or duplicate.
    pub key: Option<usize>,
    /// Of the cells of a corrupt row that were asked about, in their order.
    pub cells: Vec<Option<usize>>,
}

/// A cause as reports show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// The table, by its name in reports.
    pub table: String,
    /// What happened, in a word: [`CauseKind::id`].
    pub kind: String,
    /// The column, by the source's name; `null` where whole keys are missing, unexpected or duplicate.
    pub column: Option<String>,
    /// The changed keys (rows) that it explains.
    pub rows: u64,
    /// The differing cells that it explains; 0 where it is about whole keys.
    pub cells: u64,
    /// Whether `rows` and `cells` are the whole number; else they are the least.
    pub exact: bool,
    /// The share of the table's rows, 0 to 1; `null` where the rows are not known.
    pub share: Option<f64>,
    /// What happened, in a sentence.
    pub sentence: String,
    /// The rule of the config that would accept it; `null` where there is none.
    pub rule: Option<String>,
    /// The first row it explains.
    pub example: CauseExample,
}

/// The first row that a cause explains, as reports show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseExample {
    /// The key; NULL is `null`.
    pub key: Vec<Option<String>>,
    /// The last key of a stretch of keys.
    pub last_key: Option<Vec<Option<String>>>,
    /// The value in the source; NULL is `null`.
    pub source: Option<String>,
    /// The value in the target.
    pub target: Option<String>,
}
