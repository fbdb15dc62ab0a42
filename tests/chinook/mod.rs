//! The Chinook database as its authors publish it for PostgreSQL, MySQL and SQLite: widely taken for the same data three
//! times, and it is not. Each dialect is loaded once for all tests.

mod damage;
mod findings;
mod snapshots;

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::servers::{MariaDb, Postgres, folder, unique};

/// The dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Postgres,
    Mysql,
    Sqlite,
}

/// The tables, in PostgreSQL's and in the others' spelling.
pub const TABLES: [(&str, &str); 11] = [
    ("album", "Album"),
    ("artist", "Artist"),
    ("customer", "Customer"),
    ("employee", "Employee"),
    ("genre", "Genre"),
    ("invoice", "Invoice"),
    ("invoice_line", "InvoiceLine"),
    ("media_type", "MediaType"),
    ("playlist", "Playlist"),
    ("playlist_track", "PlaylistTrack"),
    ("track", "Track"),
];

/// The tracks whose name has backslashes, which MySQL takes for escapes and drops.
pub const TRACKS: [(&str, &str); 4] = [
    ("3435", r"Cavalleria Rusticana \ Act \ Intermezzo Sinfonico"),
    ("3448", r"Lamentations of Jeremiah, First Set \ Incipit Lamentatio"),
    (
        "3485",
        r#"Symphony No. 3 Op. 36 for Orchestra and Soprano "Symfonia Piesni Zalosnych" \ Lento E Largo - Tranquillissimo"#,
    ),
    ("3499", r"Pini Di Roma (Pinien Von Rom) \ I Pini Della Via Appia"),
];

/// The invoices of the customer in Edinburgh, whose city has a trailing blank where the dialect kept it.
pub const INVOICES: [&str; 7] = ["20", "141", "152", "207", "336", "359", "381"];

/// Mends the cells that the dialects do not agree on, in the spelling of MySQL and SQLite.
const MEND: &str = r"
UPDATE Customer SET City = 'Edinburgh' WHERE CustomerId = 54;
UPDATE Invoice SET BillingCity = 'Edinburgh' WHERE CustomerId = 54;
";

/// The database of a dialect as published: a URL or a path.
pub fn published(dialect: Dialect) -> String {
    static DATABASES: [OnceLock<String>; 3] = [const { OnceLock::new() }; 3];
    DATABASES[dialect as usize].get_or_init(|| load(dialect, "chinook")).clone()
}

/// The database of a dialect after its cells have been mended.
pub fn mended(dialect: Dialect) -> String {
    static DATABASES: [OnceLock<String>; 3] = [const { OnceLock::new() }; 3];
    let mended = || match dialect {
        // PostgreSQL drops the blank as it reads N'Edinburgh ', and takes the backslashes literally: nothing to mend.
        Dialect::Postgres => published(dialect),
        _ => {
            let database = load(dialect, "chinook_mended");
            run(dialect, &database, MEND);
            if dialect == Dialect::Mysql {
                run(dialect, &database, &mend_tracks());
            }
            database
        }
    };
    DATABASES[dialect as usize].get_or_init(mended).clone()
}

/// A mended database of one's own, to be damaged. Foreign keys do not get in the way.
pub fn scratch(dialect: Dialect, what: &str) -> String {
    match dialect {
        Dialect::Postgres => {
            let postgres = Postgres::shared();
            let copy = postgres.copy(name_in(&published(dialect)), what);
            postgres.run(&copy, DROP_FOREIGN_KEYS);
            postgres.url(&copy)
        }
        Dialect::Mysql => {
            let database = load(dialect, what);
            let drops = MariaDb::shared().run(name_in(&database), LIST_FOREIGN_KEYS);
            run(dialect, &database, &format!("{MEND}{}{drops}", mend_tracks()));
            database
        }
        Dialect::Sqlite => {
            let copy = folder().join(unique(what));
            std::fs::copy(mended(dialect), &copy).expect("a copy");
            copy.to_str().expect("a path in UTF-8").to_owned()
        }
    }
}

/// Runs a script in a database that this module handed out. Scripts are written in the spelling of MySQL and SQLite.
pub fn run(dialect: Dialect, database: &str, script: &str) {
    match dialect {
        Dialect::Postgres => drop(Postgres::shared().run(name_in(database), &snake_case(script))),
        Dialect::Mysql => {
            drop(MariaDb::shared().run(name_in(database), &format!("SET FOREIGN_KEY_CHECKS = 0;\n{script}")))
        }
        Dialect::Sqlite => crate::sqlite::run(database.as_ref(), script),
    }
}

const DROP_FOREIGN_KEYS: &str = "DO $$ DECLARE c record; BEGIN
    FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype = 'f' LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname);
    END LOOP; END $$;";

const LIST_FOREIGN_KEYS: &str =
    "SELECT CONCAT('ALTER TABLE `', table_name, '` DROP FOREIGN KEY `', constraint_name, '`;')
    FROM information_schema.table_constraints WHERE constraint_type = 'FOREIGN KEY' AND table_schema = DATABASE();";

fn load(dialect: Dialect, what: &str) -> String {
    match dialect {
        Dialect::Postgres => {
            let postgres = Postgres::shared();
            postgres.url(&postgres.database(what, &script("Chinook_PostgreSql.sql")))
        }
        Dialect::Mysql => {
            let mariadb = MariaDb::shared();
            mariadb.url(&mariadb.database(what, &script("Chinook_MySql.sql")))
        }
        Dialect::Sqlite => {
            // One transaction: the authors' script commits each statement by itself.
            let script = format!("BEGIN;\n{}\nCOMMIT;", script("Chinook_Sqlite.sql"));
            let file = crate::sqlite::database(folder(), &unique(what), &script);
            file.to_str().expect("a path in UTF-8").to_owned()
        }
    }
}

/// The authors' script without the statements that choose the database: ours have names of their own.
fn script(file: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/chinook").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let chooses = |line: &str| {
        let line = line.to_ascii_lowercase();
        ["drop database", "create database", "use `", "\\c "].iter().any(|start| line.starts_with(start))
    };
    text.lines().filter(|line| !chooses(line)).flat_map(|line| [line, "\n"]).collect()
}

fn mend_tracks() -> String {
    let mend = |(id, name): &(&str, &str)| {
        format!("UPDATE Track SET Name = '{}' WHERE TrackId = {id};\n", name.replace('\\', r"\\"))
    };
    TRACKS.iter().map(mend).collect()
}

/// `AlbumId` → `album_id`, outside of quotes.
fn snake_case(script: &str) -> String {
    let mut out = String::new();
    let (mut quoted, mut before) = (false, ' ');
    for c in script.chars() {
        quoted ^= c == '\'';
        if !quoted && c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            out.push('_');
        }
        out.push(if quoted { c } else { c.to_ascii_lowercase() });
        before = c;
    }
    out
}

fn name_in(url: &str) -> &str {
    url.rsplit('/').next().expect("a URL has a path")
}
