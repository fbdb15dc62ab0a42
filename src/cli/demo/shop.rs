//! The shop of the demo: customers, orders, their lines and payments. Every row follows from its number alone, so that
//! two builds give the same bytes and any row can be made again without the ones before it.

use chrono::DateTime;
use uuid::Builder;

/// Seconds from 1970 to 2023-01-01, when the shop opened, and the four years it has been open.
const OPENED: i64 = 1_672_531_200;
const OPEN_SECONDS: u64 = 4 * 365 * 86_400;

/// Every so manieth order has a comment of more than [`COMMENT_CHARS`] characters.
pub const LONG_COMMENT_EVERY: u64 = 250;
/// The most characters that a damaged target keeps of a comment.
pub const COMMENT_CHARS: usize = 40;

const FIRST_NAMES: [&str; 16] = [
    "Ada",
    "Björn",
    "Chloé",
    "Dmitri",
    "Elif",
    "Farid",
    "Grace",
    "Hiroshi",
    "Ingrid",
    "José",
    "Katarzyna",
    "Łukasz",
    "Mei",
    "Ngozi",
    "Olga",
    "Zoë",
];
const LAST_NAMES: [&str; 16] = [
    "Andersson",
    "Brown",
    "Côté",
    "Diaz",
    "Eriksen",
    "Fischer",
    "García",
    "Haddad",
    "Ivanova",
    "Jensen",
    "Kowalski",
    "Müller",
    "Nguyen",
    "O'Neill",
    "Şahin",
    "Tanaka",
];
const COUNTRIES: [&str; 12] = ["DE", "FR", "GB", "US", "PL", "SE", "JP", "TR", "BR", "NG", "CA", "ES"];
const NOTES: [&str; 6] = [
    "prefers mail 📧",
    "VAT id checked",
    "call before delivery 📞",
    "pays by invoice",
    "left at the neighbour's before",
    "loyal since the start 🎉",
];
const STATUSES: [&str; 5] = ["new", "paid", "shipped", "delivered", "returned"];
const COMMENTS: [&str; 5] =
    ["gift wrap, please", "ring twice", "leave it with the porter", "second floor, left", "no plastic bags, thanks"];
const LONG_COMMENTS: [&str; 3] = [
    "please deliver after 18:00, the bell is broken – knock instead",
    "birthday present for my sister: no invoice in the parcel, s'il vous plaît",
    "the last parcel was left in the rain; please put it behind the blue door",
];
const METHODS: [&str; 4] = ["card", "invoice", "transfer", "wallet"];
const PRODUCTS: [&str; 8] = ["MUG", "TEE", "BAG", "PEN", "CAP", "BOOK", "LAMP", "SOCK"];
/// Cents of a price: never none, so that rounding always shows.
const PRICE_ENDINGS: [i64; 6] = [99, 95, 90, 49, 50, 25];

/// How many rows each table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shop {
    /// Customers.
    pub customers: u64,
    /// Orders.
    pub orders: u64,
    /// Lines of orders.
    pub order_lines: u64,
    /// Payments.
    pub payments: u64,
}

/// A customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    /// The key.
    pub id: i64,
    /// First and last name.
    pub name: String,
    /// Unique.
    pub email: String,
    /// ISO 3166.
    pub country: &'static str,
    /// UTC.
    pub created_at: String,
    /// A share in per cent, as a decimal.
    pub loyalty: String,
    /// Mostly NULL.
    pub note: Option<&'static str>,
}

/// An order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The key.
    pub id: i64,
    /// Who ordered.
    pub customer_id: i64,
    /// Where it stands.
    pub status: &'static str,
    /// The sum of its lines, in cents.
    pub total: i64,
    /// Seconds since 1970.
    pub ordered_at: i64,
    /// Often NULL, rarely long.
    pub comment: Option<&'static str>,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderLine {
    /// The order.
    pub order_id: i64,
    /// The position in it, from 1.
    pub line_no: i64,
    /// What.
    pub sku: String,
    /// How many.
    pub quantity: i64,
    /// In cents.
    pub unit_price: i64,
}

/// A payment.
#[derive(Debug, Clone, PartialEq)]
pub struct Payment {
    /// The key, a UUID as text.
    pub id: String,
    /// What it pays.
    pub order_id: i64,
    /// How.
    pub method: &'static str,
    /// In cents.
    pub amount: i64,
    /// Seconds since 1970.
    pub paid_at: i64,
}

impl Shop {
    /// A shop of `rows` rows in all.
    pub fn of_rows(rows: u64) -> Self {
        let (customers, orders, payments) = (rows / 10, rows / 4, rows * 3 / 20);
        Self { customers, orders, payments, order_lines: rows - customers - orders - payments }
    }

    /// The customer at a position from 0.
    pub fn customer(&self, at: u64) -> Customer {
        let mut dice = Dice::new(1, at);
        let (first, last) = (dice.pick(&FIRST_NAMES), dice.pick(&LAST_NAMES));
        let created_at = OPENED + dice.below(OPEN_SECONDS) as i64;
        Customer {
            id: number(at),
            name: format!("{first} {last}"),
            email: format!("{}.{}@example.com", first.chars().next().map_or('x', plain), at + 1),
            country: dice.pick(&COUNTRIES),
            created_at: timestamp(created_at),
            loyalty: money(dice.below(2_000) as i64),
            note: at.is_multiple_of(4).then(|| dice.pick(&NOTES)),
        }
    }

    /// The order at a position from 0.
    pub fn order(&self, at: u64) -> Order {
        let mut dice = Dice::new(2, at);
        let comment = match at % LONG_COMMENT_EVERY {
            7 => Some(dice.pick(&LONG_COMMENTS)),
            _ if dice.below(3) == 0 => Some(dice.pick(&COMMENTS)),
            _ => None,
        };
        Order {
            id: number(at),
            customer_id: number(dice.below(self.customers)),
            status: dice.pick(&STATUSES),
            total: self.lines(at).map(|line| line.quantity * line.unit_price).sum(),
            ordered_at: OPENED + dice.below(OPEN_SECONDS) as i64,
            comment,
        }
    }

    /// The lines of the order at a position from 0.
    pub fn lines(&self, at: u64) -> impl Iterator<Item = OrderLine> {
        (1..=self.line_count(at)).map(move |line_no| {
            let mut dice = Dice::new(3, at << 20 | line_no);
            OrderLine {
                order_id: number(at),
                line_no: line_no as i64,
                sku: format!("{}-{:04}", dice.pick(&PRODUCTS), dice.below(10_000)),
                quantity: 1 + dice.below(5) as i64,
                unit_price: dice.below(180) as i64 * 100 + dice.pick(&PRICE_ENDINGS),
            }
        })
    }

    /// The payment at a position from 0.
    pub fn payment(&self, at: u64) -> Payment {
        let mut dice = Dice::new(4, at);
        let order = self.order(at * self.orders / self.payments);
        let random = (u128::from(dice.next()) << 64 | u128::from(dice.next())).to_be_bytes();
        Payment {
            id: Builder::from_random_bytes(random).into_uuid().to_string(),
            order_id: order.id,
            method: dice.pick(&METHODS),
            amount: order.total,
            paid_at: order.ordered_at + dice.below(3 * 86_400) as i64,
        }
    }

    /// Orders have one, two or three lines; the last one takes what is left.
    fn line_count(&self, at: u64) -> u64 {
        let before = |at: u64| at / 3 * 6 + [0, 1, 3][(at % 3) as usize];
        if at + 1 == self.orders { self.order_lines - before(at) } else { 1 + at % 3 }
    }
}

/// Cents as a decimal with two digits.
pub fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Seconds since 1970 as the text of a UTC timestamp.
pub fn timestamp(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default().format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Keys count from 1.
fn number(at: u64) -> i64 {
    at as i64 + 1
}

/// A mail address is plain.
fn plain(initial: char) -> char {
    match initial {
        'Ł' => 'l',
        letter => letter.to_ascii_lowercase(),
    }
}

/// Throws that depend on table and row only: splitmix64.
struct Dice(u64);

impl Dice {
    fn new(table: u64, row: u64) -> Self {
        // One step between the two, so that neighbouring rows of neighbouring tables share no throws.
        let mut dice = Self(0x7469_656F_7574 ^ table << 56);
        Self(dice.next().wrapping_add(row.wrapping_mul(0xD1B5_4A32_D192_ED03)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_shop_has_exactly_the_rows_that_were_asked_for() {
        for rows in [100, 101, 999, 12_345, 200_000] {
            let shop = Shop::of_rows(rows);
            let lines: u64 = (0..shop.orders).map(|at| shop.lines(at).count() as u64).sum();
            assert_eq!(lines, shop.order_lines, "{rows}");
            assert_eq!(shop.customers + shop.orders + shop.order_lines + shop.payments, rows);
        }
    }

    #[test]
    fn keys_are_unique_and_every_order_can_be_paid() {
        let shop = Shop::of_rows(20_000);
        let ids: HashSet<_> = (0..shop.payments).map(|at| shop.payment(at).id).collect();
        assert_eq!(ids.len() as u64, shop.payments);
        assert!((0..shop.payments).all(|at| (1..=shop.orders as i64).contains(&shop.payment(at).order_id)));
    }

    #[test]
    fn comments_are_long_exactly_where_they_should_be() {
        let shop = Shop::of_rows(20_000);
        for at in 0..shop.orders {
            let chars = shop.order(at).comment.map_or(0, |comment| comment.chars().count());
            assert_eq!(chars > COMMENT_CHARS, at % LONG_COMMENT_EVERY == 7, "{at}");
        }
    }

    #[test]
    fn no_price_is_a_whole_number() {
        let shop = Shop::of_rows(5_000);
        assert!((0..shop.orders).flat_map(|at| shop.lines(at)).all(|line| line.unit_price % 100 != 0));
    }

    #[test]
    fn money_and_time_have_their_usual_form() {
        assert_eq!((money(5), money(12_399)), ("0.05".into(), "123.99".into()));
        assert_eq!(timestamp(OPENED), "2023-01-01 00:00:00");
    }
}
