//! Writes the two stores: the shop as it is, and the shop as a botched migration left it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, Statement, ToSql, params};
use tempfile::TempPath;
use tieout::error::{Error, Result};
use tieout::model::{Class, Pair, Side};
use unicode_normalization::{UnicodeNormalization, is_nfd};

use super::damage::{Damage, Hits, Mishap};
use super::shop::{COMMENT_CHARS, Customer, Order, OrderLine, Shop, money, timestamp};

/// Marks a database as the demo's own (SQLite's `application_id`): only such a file is ever overwritten.
const APPLICATION_ID: u32 = 0x7469_6564;
/// In cents, the most that a damaged target holds of an amount.
const AMOUNT_MAX: i64 = 99_999;
/// Where SQLite keeps it in the file.
const APPLICATION_ID_OFFSET: usize = 68;

const SOURCE_TABLES: &str = "
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(80) NOT NULL, email VARCHAR(120) NOT NULL,
        country CHAR(2) NOT NULL, created_at TIMESTAMP NOT NULL, loyalty DECIMAL(8,2) NOT NULL, note TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, status VARCHAR(20) NOT NULL,
        total DECIMAL(12,2) NOT NULL, ordered_at TIMESTAMP NOT NULL, comment TEXT);
    CREATE TABLE order_lines (order_id INTEGER NOT NULL, line_no INTEGER NOT NULL, sku VARCHAR(20) NOT NULL,
        quantity INTEGER NOT NULL, unit_price DECIMAL(10,2) NOT NULL, PRIMARY KEY (order_id, line_no));
    CREATE TABLE payments (id TEXT NOT NULL PRIMARY KEY, order_id INTEGER NOT NULL, method VARCHAR(20) NOT NULL,
        amount DECIMAL(12,2) NOT NULL, paid_at TIMESTAMP NOT NULL);";

/// Builds `source.db` and `target.db` in `dir` and tells what is wrong with the target. Once `stop` is set, the build
/// ends as interrupted and leaves nothing behind.
pub fn build(dir: &Path, rows: u64, stop: &AtomicBool) -> Result<Damage> {
    std::fs::create_dir_all(dir).map_err(|e| unusable(dir, e))?;
    let paths = Pair::from_fn(|side| path(dir, side));
    for path in [&paths.source, &paths.target] {
        refuse_a_stranger(path)?;
    }
    let drafts = Pair::new(Draft::create(dir, Side::Source)?, Draft::create(dir, Side::Target)?);
    let shop = Shop::of_rows(rows);
    let connections = drafts.as_ref().map(|draft| &draft.connection);
    let damage = Filling { shop, hits: Hits::of(&shop), connections, dir, stop }.fill()?;
    drafts.source.finish(&paths.source)?;
    drafts.target.finish(&paths.target)?;
    Ok(damage)
}

/// Where the store of a side is.
pub fn path(dir: &Path, side: Side) -> PathBuf {
    dir.join(format!("{side}.db"))
}

/// A database under a passing name: it gets its own name when it is complete.
struct Draft {
    connection: Connection,
    path: TempPath,
}

impl Draft {
    fn create(dir: &Path, side: Side) -> Result<Self> {
        let file = draft_file().prefix(&format!(".{side}-")).suffix(".db").tempfile_in(dir);
        let path = file.map_err(|e| unusable(dir, e))?.into_temp_path();
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(&path)?;
            // A draft that is not finished is thrown away, so it needs neither a journal nor a sync.
            connection.execute_batch(&format!(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
                 PRAGMA application_id = {APPLICATION_ID}; BEGIN;"
            ))?;
            connection.execute_batch(&match side {
                Side::Source => SOURCE_TABLES.to_owned(),
                // The botched migration forgot this key, so nothing kept lines from being loaded twice.
                Side::Target => SOURCE_TABLES.replace(", PRIMARY KEY (order_id, line_no)", ""),
            })?;
            Ok(connection)
        };
        Ok(Self { connection: open().map_err(|e| unwritable(dir, e))?, path })
    }

    fn finish(self, path: &Path) -> Result<()> {
        self.connection.execute_batch("COMMIT").map_err(|e| unwritable(path, e))?;
        self.connection.close().map_err(|(_, e)| unwritable(path, e))?;
        self.path.persist(path).map_err(|e| unwritable(path, e.error))
    }
}

/// Both stores while they are being filled.
struct Filling<'a> {
    shop: Shop,
    hits: Hits,
    connections: Pair<&'a Connection>,
    dir: &'a Path,
    stop: &'a AtomicBool,
}

impl<'a> Filling<'a> {
    fn fill(&self) -> Result<Damage> {
        let tables = [self.customers()?, self.orders()?, self.order_lines()?, self.payments()?];
        Ok(Damage { mishaps: tables.into_iter().flatten().collect() })
    }

    fn customers(&self) -> Result<Vec<Mishap>> {
        let mut insert = self.prepare("INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?)")?;
        let corrupt = |column, cause, story| Mishap::corrupt("customers", column, cause, story);
        let mut emptied = corrupt("note", "null_to_empty", "an import wrote an empty string where there was NULL");
        let story = "accounts of the migration's tests were never removed";
        let mut added = Mishap::new("customers", Class::Unexpected, None, "unexpected_tail", story);
        let mut garbled = corrupt("name", "double_encoding", "UTF-8 was taken for Latin-1 and encoded again");
        let mut capital = corrupt("email", "case", "an export wrote addresses in capitals");
        let mut padded = corrupt("country", "trailing_blanks", "a column of fixed width padded its values");
        let mut dated = corrupt("created_at", "time_precision", "times went through a column for days");
        let mut in_cents = corrupt("loyalty", "factor", "a script took the amounts for cents");
        let story = "two columns were exchanged in a mapping";
        let mut swapped = [corrupt("name", "column_swapped", story), corrupt("email", "column_swapped", story)];
        let mut decomposed = corrupt("name", "unicode_form", "a file system took letters and accents apart");
        let mut without_emoji = corrupt("note", "four_byte_lost", "a character set of three bytes lost the emoji");
        let hits = &self.hits;
        for at in 0..self.shop.customers + hits.test_customers {
            let mut row = self.shop.customer(at);
            let is_test = at >= self.shop.customers;
            if is_test {
                (row.name, row.email, row.note) =
                    (format!("Test {}", row.id), format!("test.{}@example.com", row.id), Some("created by a test"));
                added.hit(row.id.to_string());
            }
            let put = |statement: &mut Statement<'_>, row: &Customer, country: &str, note: Option<&str>| {
                let Customer { id, name, email, created_at, loyalty, .. } = row;
                self.put(statement, params![id, name, email, country, created_at, loyalty, note])
            };
            let (mut country, mut note) = (row.country.to_owned(), row.note.map(str::to_owned));
            if !is_test {
                put(&mut insert.source, &row, row.country, row.note)?;
                let id = row.id.to_string();
                if hits.emptied_notes.contains(&at) && note.is_none() {
                    note = Some(String::new());
                    emptied.hit(id);
                } else if hits.garbled_names.contains(&at) && !row.name.is_ascii() {
                    row.name = encoded_twice(&row.name);
                    garbled.hit(id);
                } else if hits.capital_emails.contains(&at) {
                    row.email = row.email.to_uppercase();
                    capital.hit(id);
                } else if hits.padded_countries.contains(&at) {
                    country.push_str("  ");
                    padded.hit(id);
                } else if hits.dated_customers.contains(&at) && !row.created_at.ends_with("00:00:00") {
                    row.created_at.replace_range("2023-01-01 ".len().., "00:00:00");
                    dated.hit(id);
                } else if hits.loyalty_in_cents.contains(&at) && row.loyalty != "0.00" {
                    row.loyalty = row.loyalty.replace('.', "").trim_start_matches('0').to_owned();
                    in_cents.hit(id);
                } else if hits.swapped_names.contains(&at) {
                    std::mem::swap(&mut row.name, &mut row.email);
                    swapped.iter_mut().for_each(|column| column.hit(id.as_str()));
                } else if hits.decomposed_names.contains(&at) && !is_nfd(&row.name) {
                    row.name = row.name.nfd().collect();
                    decomposed.hit(id);
                } else if hits.notes_without_emoji.contains(&at)
                    && let Some(text) = &mut note
                    && text.chars().any(|c| c.len_utf8() == 4)
                {
                    *text = text.chars().map(|c| if c.len_utf8() == 4 { '?' } else { c }).collect();
                    without_emoji.hit(id);
                }
            }
            put(&mut insert.target, &row, &country, note.as_deref())?;
        }
        let [name, email] = swapped;
        Ok(vec![emptied, added, garbled, capital, padded, dated, in_cents, name, email, decomposed, without_emoji])
    }

    fn orders(&self) -> Result<Vec<Mishap>> {
        let mut insert = self.prepare("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)")?;
        let mut lost = Mishap::new("orders", Class::Missing, None, "missing_block", "a batch was lost");
        let corrupt = |column, cause, story| Mishap::corrupt("orders", column, cause, story);
        let mut cut = corrupt("comment", "cut", "comments were cut off after 40 characters");
        let mut new = corrupt("status", "default_filled_in", "a column was left out and took its default");
        let mut turned = corrupt("total", "sign_flipped", "amounts were booked on the other side");
        for at in 0..self.shop.orders {
            let mut row = self.shop.order(at);
            let ordered_at = timestamp(row.ordered_at);
            let put = |statement: &mut Statement<'_>, row: &Order, comment: Option<&str>| {
                let total = signed_money(row.total);
                self.put(statement, params![row.id, row.customer_id, row.status, total, ordered_at, comment])
            };
            put(&mut insert.source, &row, row.comment)?;
            if self.hits.lost_orders.contains(&at) {
                lost.hit(row.id.to_string());
                continue;
            }
            let kept = row.comment.map(|comment| comment.chars().take(COMMENT_CHARS).collect::<String>());
            if kept.as_deref() != row.comment {
                cut.hit(row.id.to_string());
            } else if self.hits.new_orders.contains(&at) && row.status != "new" {
                row.status = "new";
                new.hit(row.id.to_string());
            } else if self.hits.turned_orders.contains(&at) {
                row.total = -row.total;
                turned.hit(row.id.to_string());
            }
            put(&mut insert.target, &row, kept.as_deref())?;
        }
        Ok(vec![lost, cut, new, turned])
    }

    fn order_lines(&self) -> Result<Vec<Mishap>> {
        let mut insert = self.prepare("INSERT INTO order_lines VALUES (?, ?, ?, ?, ?)")?;
        let mut doubled = Mishap::new(
            "order_lines",
            Class::Duplicate,
            None,
            "duplicate_block",
            "a batch was loaded twice: the target has no primary key",
        );
        let story = "prices went through a column for whole numbers";
        let mut rounded = Mishap::corrupt("order_lines", "unit_price", "scale", story);
        let story = "a loop counted one too many";
        let mut counted = Mishap::corrupt("order_lines", "quantity", "constant_difference", story);
        let lines = (0..self.shop.orders).flat_map(|order| self.shop.lines(order));
        for (row, at) in lines.zip(0..) {
            let key = || format!("[\"{}\",\"{}\"]", row.order_id, row.line_no);
            let put = |statement: &mut Statement<'_>, row: &OrderLine| {
                let price = money(row.unit_price);
                self.put(statement, params![row.order_id, row.line_no, row.sku, row.quantity, price])
            };
            put(&mut insert.source, &row)?;
            if self.hits.rounded_lines.contains(&at) {
                rounded.hit(key());
                put(&mut insert.target, &OrderLine { unit_price: (row.unit_price + 50) / 100 * 100, ..row })?;
                continue;
            }
            if self.hits.counted_lines.contains(&at) {
                counted.hit(key());
                put(&mut insert.target, &OrderLine { quantity: row.quantity + 1, ..row })?;
                continue;
            }
            put(&mut insert.target, &row)?;
            if self.hits.doubled_lines.contains(&at) {
                doubled.hit(key());
                put(&mut insert.target, &row)?;
            }
        }
        Ok(vec![doubled, rounded, counted])
    }

    fn payments(&self) -> Result<Vec<Mishap>> {
        let mut insert = self.prepare("INSERT INTO payments VALUES (?, ?, ?, ?, ?)")?;
        let story = "one worker took UTC for local time: an hour late";
        let mut shifted = Mishap::corrupt("payments", "paid_at", "time_zone", story);
        let story = "amounts went through a column that ends at 999.99";
        let mut capped = Mishap::corrupt("payments", "amount", "clamped", story);
        for at in 0..self.shop.payments {
            let row = self.shop.payment(at);
            let put = |statement: &mut Statement<'_>, amount: i64, paid_at: i64| {
                self.put(statement, params![row.id, row.order_id, row.method, money(amount), timestamp(paid_at)])
            };
            put(&mut insert.source, row.amount, row.paid_at)?;
            if self.hits.shifted_payments.contains(&at) {
                shifted.hit(row.id.as_str());
                put(&mut insert.target, row.amount, row.paid_at + 3600)?;
            } else if self.hits.capped_payments.contains(&at) && row.amount > AMOUNT_MAX {
                capped.hit(row.id.as_str());
                put(&mut insert.target, AMOUNT_MAX, row.paid_at)?;
            } else {
                put(&mut insert.target, row.amount, row.paid_at)?;
            }
        }
        Ok(vec![shifted, capped])
    }

    fn prepare(&self, sql: &str) -> Result<Pair<Statement<'a>>> {
        self.connections.try_map(|connection| connection.prepare(sql)).map_err(|e| unwritable(self.dir, e))
    }

    fn put(&self, statement: &mut Statement<'_>, values: &[&dyn ToSql]) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Error::interrupted());
        }
        statement.execute(values).map(|_| ()).map_err(|e| unwritable(self.dir, e))
    }
}

/// The text as it becomes where its bytes are taken for Latin-1 and encoded in UTF-8 once more.
fn encoded_twice(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

/// Cents as a decimal, also below zero.
fn signed_money(cents: i64) -> String {
    if cents < 0 { format!("-{}", money(-cents)) } else { money(cents) }
}

/// Readable like any other file: nothing in the demo is secret.
fn draft_file<'a>() -> tempfile::Builder<'a, 'a> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    builder
}

/// A file of the same name that the demo did not write belongs to the user.
fn refuse_a_stranger(path: &Path) -> Result<()> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(unwritable(path, e)),
    };
    let mut header = [0; APPLICATION_ID_OFFSET + 4];
    let is_own = file.read_exact(&mut header).is_ok()
        && header.starts_with(b"SQLite format 3\0")
        && header[APPLICATION_ID_OFFSET..] == APPLICATION_ID.to_be_bytes();
    if is_own {
        return Ok(());
    }
    Err(Error::usage("there is a file already that is not the demo's own")
        .at(path.display())
        .hint("choose another directory with --dir"))
}

/// The directory was a wrong choice: nothing has been done yet.
fn unusable(dir: &Path, cause: std::io::Error) -> Error {
    Error::usage("the demo's directory cannot be written")
        .at(dir.display())
        .because(cause)
        .hint("choose another directory with --dir")
}

fn unwritable(path: &Path, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::output("cannot write the demo's stores")
        .at(path.display())
        .because(cause)
        .hint("choose another directory with --dir")
}

#[cfg(test)]
mod tests {
    use tieout::model::Counts;

    use super::*;

    fn build(dir: &Path, rows: u64) -> Result<Damage> {
        super::build(dir, rows, &AtomicBool::new(false))
    }

    fn count(path: &Path, sql: &str) -> u64 {
        let count: i64 = Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap();
        count.try_into().unwrap()
    }

    #[test]
    fn two_builds_give_the_same_bytes() {
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let damages = dirs.each_ref().map(|dir| build(dir.path(), 2_000).unwrap());
        assert_eq!(damages[0], damages[1]);
        for side in Side::BOTH {
            let bytes = dirs.each_ref().map(|dir| std::fs::read(path(dir.path(), side)).unwrap());
            assert!(bytes[0] == bytes[1], "{side}");
        }
    }

    #[test]
    fn the_stores_hold_the_rows_and_the_damage_that_was_told() {
        let dir = tempfile::tempdir().unwrap();
        let damage = build(dir.path(), 20_000).unwrap();
        let (shop, paths) = (Shop::of_rows(20_000), Pair::from_fn(|side| path(dir.path(), side)));
        for (table, rows) in [
            ("customers", shop.customers),
            ("orders", shop.orders),
            ("order_lines", shop.order_lines),
            ("payments", shop.payments),
        ] {
            let counts = damage.counts(table);
            let sql = format!("SELECT count(*) FROM {table}");
            assert_eq!(count(&paths.source, &sql), rows, "{table}");
            let there = rows - counts.missing + counts.unexpected + counts.duplicate;
            assert_eq!(count(&paths.target, &sql), there, "{table}");
        }
        // One of the 20 long comments was lost with its order.
        let comments = damage.mishaps.iter().find(|mishap| mishap.column == Some("comment")).unwrap();
        assert_eq!(comments.count, 19);
        assert_eq!(damage.counts("orders").missing, 50);
        let lines = Counts { duplicate: 25, corrupt: 40, ..Counts::default() };
        assert_eq!(damage.counts("order_lines"), lines);
        assert_eq!(count(&paths.target, "SELECT count(*) FROM customers WHERE note = ''"), damage.mishaps[0].count);
        assert_eq!(count(&paths.source, "SELECT count(*) FROM customers WHERE note = ''"), 0);
    }

    #[test]
    fn the_smallest_demo_has_every_sort_of_damage() {
        let dir = tempfile::tempdir().unwrap();
        let damage = build(dir.path(), crate::cli::demo::ROWS_MIN).unwrap();
        assert_eq!(damage.mishaps.len(), 20);
        for mishap in &damage.mishaps {
            assert!(mishap.count > 0 && mishap.count == mishap.keys.len() as u64, "{mishap:?}");
        }
    }

    #[test]
    fn building_again_overwrites_its_own_files_and_no_others() {
        let dir = tempfile::tempdir().unwrap();
        build(dir.path(), 1_000).unwrap();
        build(dir.path(), 2_000).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
        std::fs::write(path(dir.path(), Side::Target), b"SQLite format 3\0 but somebody else's").unwrap();
        let error = build(dir.path(), 1_000).unwrap_err();
        assert_eq!(error.kind(), tieout::error::ErrorKind::Usage);
        assert!(error.to_string().contains("target.db"), "{error}");
    }

    #[test]
    fn a_build_that_is_stopped_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let error = super::build(dir.path(), 1_000, &AtomicBool::new(true)).unwrap_err();
        assert_eq!(error.kind(), tieout::error::ErrorKind::Interrupted);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
