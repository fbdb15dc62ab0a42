//! `docs/types.md` says what the stores' types are read as: it is true.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use tieout::canonical::CanonicalType;

use crate::binary::Tieout;
use crate::servers::{MariaDb, Postgres};

/// The native types of a store and what they are read as, as documented.
fn documented(store: &str) -> Vec<(String, String)> {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/types.md")).expect("the document");
    let (_, rest) = text.split_once("<!-- natives -->").expect("a beginning");
    let (table, _) = rest.split_once("<!-- /natives -->").expect("an end");
    let rows = table.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        (cells.first() == Some(&store)).then(|| (cells[1].to_owned(), cells[2].to_owned()))
    });
    let natives = |(natives, label): (String, String)| {
        let names: Vec<String> = natives.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        names.into_iter().map(move |native| (native, label.clone())).collect::<Vec<_>>()
    };
    let found: Vec<_> = rows.flat_map(natives).collect();
    assert!(found.len() > 9, "{store}: {found:?}");
    found
}

fn table(types: &[(String, String)]) -> String {
    let columns: Vec<String> = types.iter().enumerate().map(|(at, (native, _))| format!("c{at} {native}")).collect();
    format!("CREATE TABLE t ({});", columns.join(", "))
}

#[track_caller]
fn assert_read_as(tieout: &Tieout, store: &str, types: &[(String, String)]) {
    tieout.run(["snapshot", store, "--out", "snap"]).exits(0);
    let manifest: PathBuf =
        tieout.files("snap").into_iter().find(|f| f.ends_with("manifest.json")).expect("a manifest");
    let manifest = std::fs::read(manifest).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    let columns = manifest["table"]["columns"].as_array().expect("columns");
    assert_eq!(columns.len(), types.len());
    let mut wrong = Vec::new();
    for (column, (native, documented)) in columns.iter().zip(types) {
        let canonical: CanonicalType = serde_json::from_value(column["canonical"].clone()).expect("a canonical type");
        let label = match &canonical {
            CanonicalType::Loose(hint) => format!("{} ({})", canonical.label(), format!("{hint:?}").to_lowercase()),
            canonical => canonical.label(),
        };
        if label != *documented {
            wrong.push(format!("{native} is read as {label}, not {documented}"));
        }
    }
    assert!(wrong.is_empty(), "docs/types.md: {wrong:#?}");
}

#[test]
fn postgresqls_types_are_read_as_documented() {
    let types = documented("PostgreSQL");
    let postgres = Postgres::shared();
    let url = postgres.url(&postgres.database("documented", &table(&types)));
    assert_read_as(&Tieout::new(), &url, &types);
}

#[test]
fn mariadbs_types_are_read_as_documented() {
    let types = documented("MariaDB");
    let mariadb = MariaDb::shared();
    let url = mariadb.url(&mariadb.database("documented", &table(&types)));
    assert_read_as(&Tieout::new(), &url, &types);
}

#[test]
fn sqlites_types_are_read_as_documented() {
    let (tieout, types) = (Tieout::new(), documented("SQLite"));
    crate::sqlite::database(tieout.folder.path(), "t.db", &table(&types));
    assert_read_as(&tieout, "t.db", &types);
}

#[test]
fn parquets_types_are_read_as_documented() {
    let (tieout, types) = (Tieout::new(), documented("Parquet"));
    let column = |(at, (native, _)): (usize, &(String, String))| {
        let (physical, logical) = native.split_once(' ').unwrap_or((native, ""));
        format!("required {physical} c{at} {logical};")
    };
    let schema: String = types.iter().enumerate().map(column).collect();
    let schema = parse_message_type(&format!("message m {{ {schema} }}")).expect("a schema");
    let file = std::fs::File::create(tieout.path("t.parquet")).expect("a file");
    let writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::default()).expect("a writer");
    writer.close().expect("a file ends");
    assert_read_as(&tieout, "t.parquet", &types);
}
