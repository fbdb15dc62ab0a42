//! SQLite databases for tests.

use std::path::{Path, PathBuf};

/// Creates a database file by a script and returns its path.
pub fn database(folder: &Path, name: &str, script: &str) -> PathBuf {
    let file = folder.join(name);
    run(&file, script);
    file
}

/// Runs a script in a database file.
pub fn run(file: &Path, script: &str) {
    let connection = rusqlite::Connection::open(file).expect("SQLite opens");
    // The bundled SQLite enforces foreign keys from the start, which the common one does not.
    connection.execute_batch("PRAGMA foreign_keys = OFF").expect("SQLite takes the pragma");
    connection.execute_batch(script).expect("SQLite runs the script");
}
