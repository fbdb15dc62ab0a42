//! What a botched migration did to the target: which rows are hit, and the truth about it.

use std::ops::Range;

use serde::Serialize;
use tieout::model::Class;

use super::shop::Shop;

/// Everything that is wrong with the target.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Damage {
    /// Each mishap, in the order of the tables.
    pub mishaps: Vec<Mishap>,
}

/// One thing that went wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mishap {
    /// The table it hit.
    pub table: &'static str,
    /// The class of the differences it made.
    pub class: Class,
    /// The column, where rows are corrupt.
    pub column: Option<&'static str>,
    /// How it came about.
    pub story: &'static str,
    /// The number of keys it hit.
    pub count: u64,
    /// Those keys, as differences.csv writes them.
    pub keys: Vec<String>,
}

impl Damage {
    /// How many keys of a table are in each class.
    #[cfg(test)]
    pub fn counts(&self, table: &str) -> tieout::model::Counts {
        let mut counts = tieout::model::Counts::default();
        for mishap in self.mishaps.iter().filter(|mishap| mishap.table == table) {
            mishap.keys.iter().for_each(|_| counts.add(mishap.class));
        }
        counts
    }
}

impl Mishap {
    /// A mishap that has not hit a row yet.
    pub fn new(table: &'static str, class: Class, column: Option<&'static str>, story: &'static str) -> Self {
        Self { table, class, column, story, count: 0, keys: Vec::new() }
    }

    /// Hits a row.
    pub fn hit(&mut self, key: impl Into<String>) {
        self.count += 1;
        self.keys.push(key.into());
    }
}

/// Which rows are hit, by their positions from 0. No row is hit twice, so that every class can be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hits {
    /// Customers of an import that wrote an empty string for NULL.
    pub emptied_notes: Range<u64>,
    /// Customers that only the target has, as many.
    pub test_customers: u64,
    /// Orders that were lost.
    pub lost_orders: Range<u64>,
    /// Order lines that were loaded twice.
    pub doubled_lines: Range<u64>,
    /// Order lines whose price was rounded.
    pub rounded_lines: Range<u64>,
    /// Payments whose time was taken for local time.
    pub shifted_payments: Range<u64>,
}

impl Hits {
    /// The rows that are hit in a shop: a part of it, and at least one of each sort.
    pub fn of(shop: &Shop) -> Self {
        Self {
            // Every fourth customer has a note, so a batch that begins right behind one hits at least one NULL.
            emptied_notes: batch(shop.customers / 8 * 4 + 1, shop.customers / 100),
            test_customers: (shop.customers / 5_000).max(1),
            lost_orders: batch(shop.orders * 2 / 5, shop.orders / 100),
            doubled_lines: batch(shop.order_lines / 4, shop.order_lines / 400),
            rounded_lines: batch(shop.order_lines * 3 / 4, shop.order_lines / 500),
            shifted_payments: batch(shop.payments / 2, shop.payments / 100),
        }
    }
}

fn batch(start: u64, length: u64) -> Range<u64> {
    start..start + length.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_batch_lies_within_its_table_and_none_is_empty() {
        for rows in [100, 101, 999, 200_000, 1_234_567] {
            let shop = Shop::of_rows(rows);
            let hits = Hits::of(&shop);
            for (batch, rows) in [
                (&hits.emptied_notes, shop.customers),
                (&hits.lost_orders, shop.orders),
                (&hits.doubled_lines, shop.order_lines),
                (&hits.rounded_lines, shop.order_lines),
                (&hits.shifted_payments, shop.payments),
            ] {
                assert!(batch.start < batch.end && batch.end <= rows, "{batch:?} of {rows}");
            }
            assert!(hits.doubled_lines.end <= hits.rounded_lines.start);
            assert!(hits.test_customers > 0);
        }
    }

    #[test]
    fn the_usual_shop_loses_500_orders() {
        let hits = Hits::of(&Shop::of_rows(200_000));
        assert_eq!(hits.lost_orders.end - hits.lost_orders.start, 500);
    }
}
