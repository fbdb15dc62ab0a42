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
    /// The kind of cause that the report should give it.
    pub cause: &'static str,
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
        // A row may be corrupt in two columns.
        let mut keys = std::collections::BTreeSet::new();
        for mishap in self.mishaps.iter().filter(|mishap| mishap.table == table) {
            mishap.keys.iter().filter(|key| keys.insert((mishap.class, *key))).for_each(|_| counts.add(mishap.class));
        }
        counts
    }
}

impl Mishap {
    /// A mishap that has not hit a row yet.
    pub fn new(
        table: &'static str,
        class: Class,
        column: Option<&'static str>,
        cause: &'static str,
        story: &'static str,
    ) -> Self {
        Self { table, class, column, story, cause, count: 0, keys: Vec::new() }
    }

    /// A column of corrupt rows that has not hit a row yet.
    pub fn corrupt(table: &'static str, column: &'static str, cause: &'static str, story: &'static str) -> Self {
        Self::new(table, Class::Corrupt, Some(column), cause, story)
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
    /// Customers whose names were encoded twice.
    pub garbled_names: Range<u64>,
    /// Customers whose addresses were written in capitals.
    pub capital_emails: Range<u64>,
    /// Customers whose countries were padded.
    pub padded_countries: Range<u64>,
    /// Customers whose times lost their clock.
    pub dated_customers: Range<u64>,
    /// Customers whose loyalty was taken for cents.
    pub loyalty_in_cents: Range<u64>,
    /// Customers whose name and address were exchanged.
    pub swapped_names: Range<u64>,
    /// Customers whose names came from a file system that takes letters and accents apart.
    pub decomposed_names: Range<u64>,
    /// Customers whose notes went through a character set of three bytes.
    pub notes_without_emoji: Range<u64>,
    /// Customers of an import that wrote an empty string for NULL.
    pub emptied_notes: Range<u64>,
    /// Customers that only the target has, as many.
    pub test_customers: u64,
    /// Orders that were lost.
    pub lost_orders: Range<u64>,
    /// Orders that took the default for their status.
    pub new_orders: Range<u64>,
    /// Orders whose total was booked on the other side.
    pub turned_orders: Range<u64>,
    /// Order lines that were loaded twice.
    pub doubled_lines: Range<u64>,
    /// Order lines whose price was rounded.
    pub rounded_lines: Range<u64>,
    /// Order lines whose quantity was counted once too often.
    pub counted_lines: Range<u64>,
    /// Payments whose amount went through a narrower column.
    pub capped_payments: Range<u64>,
    /// Payments whose time was taken for local time.
    pub shifted_payments: Range<u64>,
}

impl Hits {
    /// The rows that are hit in a shop: a part of it, and at least one of each sort.
    pub fn of(shop: &Shop) -> Self {
        let customers = |part: u64| batch(shop.customers * part / 16, (shop.customers / 100).max(6));
        Self {
            garbled_names: customers(0),
            capital_emails: customers(1),
            padded_countries: customers(2),
            dated_customers: customers(3),
            loyalty_in_cents: customers(4),
            swapped_names: customers(5),
            decomposed_names: customers(6),
            // Few customers have a note, and few notes an emoji.
            notes_without_emoji: batch(shop.customers * 10 / 16, shop.customers / 4),
            new_orders: batch(shop.orders / 8, (shop.orders / 100).max(4)),
            turned_orders: batch(shop.orders * 3 / 4, shop.orders / 100),
            counted_lines: batch(shop.order_lines / 2, shop.order_lines / 500),
            capped_payments: batch(shop.payments / 8, shop.payments / 5),
            // Every fourth customer has a note, so a batch that begins right behind one hits at least one NULL.
            emptied_notes: batch(shop.customers / 8 * 4 + 1, shop.customers / 100),
            test_customers: (shop.customers / 5_000).max(3),
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
        for rows in [1_000, 1_001, 1_999, 200_000, 1_234_567] {
            let shop = Shop::of_rows(rows);
            let hits = Hits::of(&shop);
            let of_customers = [
                &hits.garbled_names,
                &hits.capital_emails,
                &hits.padded_countries,
                &hits.dated_customers,
                &hits.loyalty_in_cents,
                &hits.swapped_names,
                &hits.decomposed_names,
                &hits.emptied_notes,
                &hits.notes_without_emoji,
            ];
            for pair in of_customers.windows(2) {
                assert!(pair[0].end <= pair[1].start, "{pair:?} of {rows}");
            }
            let of_customers = of_customers.map(|batch| (batch, shop.customers));
            assert!(of_customers.iter().all(|(batch, rows)| batch.end <= *rows));
            for (batch, rows) in [
                (&hits.new_orders, shop.orders),
                (&hits.turned_orders, shop.orders),
                (&hits.counted_lines, shop.order_lines),
                (&hits.capped_payments, shop.payments),
                (&hits.emptied_notes, shop.customers),
                (&hits.lost_orders, shop.orders),
                (&hits.doubled_lines, shop.order_lines),
                (&hits.rounded_lines, shop.order_lines),
                (&hits.shifted_payments, shop.payments),
            ] {
                assert!(batch.start < batch.end && batch.end <= rows, "{batch:?} of {rows}");
            }
            assert!(hits.doubled_lines.end <= hits.counted_lines.start);
            assert!(hits.counted_lines.end <= hits.rounded_lines.start);
            assert!(hits.new_orders.end <= hits.lost_orders.start && hits.lost_orders.end <= hits.turned_orders.start);
            assert!(hits.capped_payments.end <= hits.shifted_payments.start);
            assert!(hits.test_customers > 0);
        }
    }

    #[test]
    fn the_usual_shop_loses_500_orders() {
        let hits = Hits::of(&Shop::of_rows(200_000));
        assert_eq!(hits.lost_orders.end - hits.lost_orders.start, 500);
    }
}
