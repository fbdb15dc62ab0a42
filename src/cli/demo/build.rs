//! Writes the two stores: the shop as it is, and the shop as a botched migration left it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, Statement, ToSql, params};
use tempfile::TempPath;
use tieout::error::{Error, Result};
use tieout::model::{Class, Pair, Side};

use super::damage::{Damage, Hits, Mishap};
use super::shop::{COMMENT_CHARS, Shop, money, timestamp};

/// Marks a database as the demo's own (SQLite's `application_id`): only such a file is ever overwritten.
const APPLICATION_ID: u32 = 0x7469_6564;
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
        let story = "an import wrote an empty string where there was NULL";
        let mut emptied = Mishap::new("customers", Class::Corrupt, Some("note"), story);
        let mut added =
            Mishap::new("customers", Class::Unexpected, None, "accounts of the migration's tests were never removed");
        for at in 0..self.shop.customers + self.hits.test_customers {
            let mut row = self.shop.customer(at);
            let is_test = at >= self.shop.customers;
            if is_test {
                (row.name, row.email, row.note) =
                    (format!("Test {}", row.id), format!("test.{}@example.com", row.id), Some("created by a test"));
                added.hit(row.id.to_string());
            }
            let put = |statement: &mut Statement<'_>, note: Option<&str>| {
                self.put(
                    statement,
                    params![row.id, row.name, row.email, row.country, row.created_at, row.loyalty, note],
                )
            };
            let mut note = row.note;
            if !is_test {
                put(&mut insert.source, row.note)?;
                if self.hits.emptied_notes.contains(&at) && note.is_none() {
                    note = Some("");
                    emptied.hit(row.id.to_string());
                }
            }
            put(&mut insert.target, note)?;
        }
        Ok(vec![emptied, added])
    }

    fn orders(&self) -> Result<Vec<Mishap>> {
        let mut insert = self.prepare("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)")?;
        let mut lost = Mishap::new("orders", Class::Missing, None, "a batch was lost");
        let story = "comments were cut off after 40 characters";
        let mut cut = Mishap::new("orders", Class::Corrupt, Some("comment"), story);
        for at in 0..self.shop.orders {
            let row = self.shop.order(at);
            let (total, ordered_at) = (money(row.total), timestamp(row.ordered_at));
            let put = |statement: &mut Statement<'_>, comment: Option<&str>| {
                self.put(statement, params![row.id, row.customer_id, row.status, total, ordered_at, comment])
            };
            put(&mut insert.source, row.comment)?;
            if self.hits.lost_orders.contains(&at) {
                lost.hit(row.id.to_string());
                continue;
            }
            let kept = row.comment.map(|comment| comment.chars().take(COMMENT_CHARS).collect::<String>());
            if kept.as_deref() != row.comment {
                cut.hit(row.id.to_string());
            }
            put(&mut insert.target, kept.as_deref())?;
        }
        Ok(vec![lost, cut])
    }

    fn order_lines(&self) -> Result<Vec<Mishap>> {
        let mut insert = self.prepare("INSERT INTO order_lines VALUES (?, ?, ?, ?, ?)")?;
        let mut doubled = Mishap::new(
            "order_lines",
            Class::Duplicate,
            None,
            "a batch was loaded twice: the target has no primary key",
        );
        let story = "prices went through a column for whole numbers";
        let mut rounded = Mishap::new("order_lines", Class::Corrupt, Some("unit_price"), story);
        let lines = (0..self.shop.orders).flat_map(|order| self.shop.lines(order));
        for (row, at) in lines.zip(0..) {
            let key = || format!("[\"{}\",\"{}\"]", row.order_id, row.line_no);
            let put = |statement: &mut Statement<'_>, price: String| {
                self.put(statement, params![row.order_id, row.line_no, row.sku, row.quantity, price])
            };
            put(&mut insert.source, money(row.unit_price))?;
            if self.hits.rounded_lines.contains(&at) {
                rounded.hit(key());
                put(&mut insert.target, money((row.unit_price + 50) / 100 * 100))?;
                continue;
            }
            put(&mut insert.target, money(row.unit_price))?;
            if self.hits.doubled_lines.contains(&at) {
                doubled.hit(key());
                put(&mut insert.target, money(row.unit_price))?;
            }
        }
        Ok(vec![doubled, rounded])
    }

    fn payments(&self) -> Result<Vec<Mishap>> {
        let mut insert = self.prepare("INSERT INTO payments VALUES (?, ?, ?, ?, ?)")?;
        let story = "one worker took UTC for local time: an hour late";
        let mut shifted = Mishap::new("payments", Class::Corrupt, Some("paid_at"), story);
        for at in 0..self.shop.payments {
            let row = self.shop.payment(at);
            let put = |statement: &mut Statement<'_>, paid_at: i64| {
                self.put(statement, params![row.id, row.order_id, row.method, money(row.amount), timestamp(paid_at)])
            };
            put(&mut insert.source, row.paid_at)?;
            if self.hits.shifted_payments.contains(&at) {
                shifted.hit(row.id.as_str());
                put(&mut insert.target, row.paid_at + 3600)?;
            } else {
                put(&mut insert.target, row.paid_at)?;
            }
        }
        Ok(vec![shifted])
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
        let orders = Counts { missing: 50, corrupt: 19, ..Counts::default() };
        assert_eq!(damage.counts("orders"), orders);
        let lines = Counts { duplicate: 25, corrupt: 20, ..Counts::default() };
        assert_eq!(damage.counts("order_lines"), lines);
        assert_eq!(count(&paths.target, "SELECT count(*) FROM customers WHERE note = ''"), damage.mishaps[0].count);
        assert_eq!(count(&paths.source, "SELECT count(*) FROM customers WHERE note = ''"), 0);
    }

    #[test]
    fn the_smallest_demo_has_every_sort_of_damage() {
        let dir = tempfile::tempdir().unwrap();
        let damage = build(dir.path(), crate::cli::demo::ROWS_MIN).unwrap();
        assert_eq!(damage.mishaps.len(), 7);
        for mishap in &damage.mishaps {
            assert!(mishap.count > 0 && mishap.count == mishap.keys.len() as u64, "{mishap:?}");
        }
    }

    #[test]
    fn building_again_overwrites_its_own_files_and_no_others() {
        let dir = tempfile::tempdir().unwrap();
        build(dir.path(), 100).unwrap();
        build(dir.path(), 200).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
        std::fs::write(path(dir.path(), Side::Target), b"SQLite format 3\0 but somebody else's").unwrap();
        let error = build(dir.path(), 100).unwrap_err();
        assert_eq!(error.kind(), tieout::error::ErrorKind::Usage);
        assert!(error.to_string().contains("target.db"), "{error}");
    }

    #[test]
    fn a_build_that_is_stopped_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let error = super::build(dir.path(), 100, &AtomicBool::new(true)).unwrap_err();
        assert_eq!(error.kind(), tieout::error::ErrorKind::Interrupted);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
