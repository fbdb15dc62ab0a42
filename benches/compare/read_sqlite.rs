//! Steps through every row of the table `orders` of SQLite files and touches every value: the raw read.
//! Usage: `read_sqlite FILE…`, a thread for each file.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use std::hint::black_box;
use std::thread;

fn main() {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let rows: Vec<usize> = thread::scope(|scope| {
        let threads: Vec<_> =
            files.iter().map(|file| scope.spawn(move || read(file).expect("an SQLite file"))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread that ends")).collect()
    });
    println!("{rows:?}");
}

fn read(file: &str) -> rusqlite::Result<usize> {
    let connection =
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    let mut statement = connection.prepare("SELECT * FROM orders")?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut count = 0;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        for column in 0..columns {
            bytes += match row.get_ref(column)? {
                ValueRef::Null => 0,
                ValueRef::Integer(value) => black_box(value).leading_zeros() as usize,
                ValueRef::Real(value) => usize::from(black_box(value) > 0.0),
                ValueRef::Text(value) | ValueRef::Blob(value) => black_box(value).len(),
            };
        }
    }
    black_box(bytes);
    Ok(count)
}
