//! Reads a run directory as INTERFACE.md describes it.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// What a run wrote.
#[derive(Debug)]
pub struct Report {
    /// The run directory.
    pub folder: PathBuf,
    /// `summary.json`.
    pub summary: Value,
}

/// A line of `differences.csv`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// The class.
    pub class: String,
    /// The key: one text a column, a NULL as `\N`.
    pub key: Vec<String>,
    /// The column of a corrupt cell.
    pub column: String,
    /// The value or the copies in the source.
    pub source: String,
    /// The value or the copies in the target.
    pub target: String,
}

impl Report {
    /// Reads the summary of a run directory.
    pub fn read(folder: &Path) -> std::io::Result<Self> {
        let summary = std::fs::read_to_string(folder.join("summary.json"))?;
        Ok(Self { folder: folder.to_owned(), summary: serde_json::from_str(&summary)? })
    }

    /// The verdict on the whole.
    pub fn verdict(&self) -> &str {
        self.summary["verdict"].as_str().expect("a verdict")
    }

    /// The names of all tables, as listed.
    pub fn tables(&self) -> Vec<&str> {
        self.tables_json().iter().map(|table| table["name"].as_str().expect("a name")).collect()
    }

    /// The entry of a table.
    #[track_caller]
    pub fn table(&self, name: &str) -> &Value {
        let found = self.tables_json().iter().find(|table| table["name"] == name);
        found.unwrap_or_else(|| panic!("no table {name} among {:?}", self.tables()))
    }

    /// The entry of a column of a table, by its source name.
    #[track_caller]
    pub fn column(&self, table: &str, name: &str) -> &Value {
        let columns = self.table(table)["columns"].as_array().expect("columns");
        columns
            .iter()
            .find(|column| column["name"] == name)
            .unwrap_or_else(|| panic!("no column {name} in {columns:#?}"))
    }

    /// Missing, unexpected, duplicate and corrupt keys of a table.
    #[track_caller]
    pub fn counts(&self, table: &str) -> [u64; 4] {
        let table = self.table(table);
        ["missing", "unexpected", "duplicate", "corrupt"].map(|class| table[class].as_u64().expect("a count"))
    }

    /// The rows read of a table, source and target.
    #[track_caller]
    pub fn rows(&self, table: &str) -> [Option<u64>; 2] {
        ["source", "target"].map(|side| self.table(table)["rows"][side].as_u64())
    }

    /// The bytes of a table's `differences.csv`.
    #[track_caller]
    pub fn csv(&self, table: &str) -> String {
        let file = self.folder.join("tables").join(table).join("differences.csv");
        std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
    }

    /// The lines of a table's `differences.csv`, in their order.
    #[track_caller]
    pub fn lines(&self, table: &str) -> Vec<Line> {
        let text = self.csv(table);
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
        assert_eq!(reader.headers().expect("a header"), vec!["class", "key", "column", "source", "target"]);
        let key_columns = self.table(table)["key"].as_array().expect("key columns").len();
        reader.records().map(|record| Line::of(&record.expect("a record"), key_columns)).collect()
    }

    /// Fails unless a table matches: verdict, counts and an empty list of differences.
    #[track_caller]
    pub fn assert_match(&self, table: &str) {
        assert_eq!(self.table(table)["verdict"], "match", "{:#}", self.table(table));
        assert_eq!(self.counts(table), [0; 4], "{table}");
        let file = self.folder.join("tables").join(table).join("differences.csv");
        if file.exists() {
            assert_eq!(self.lines(table), [], "{table}");
        }
    }

    /// Fails unless a table differs in exactly these lines, whatever their order here; counts included.
    #[track_caller]
    pub fn assert_lines(&self, table: &str, expected: &[Line]) {
        let (mut found, mut expected) = (self.lines(table), expected.to_vec());
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "the lines of {table}");
        let counts = ["missing", "unexpected", "duplicate", "corrupt"].map(|class| {
            let mut keys: Vec<_> = expected.iter().filter(|line| line.class == class).map(|line| &line.key).collect();
            keys.dedup();
            keys.len() as u64
        });
        assert_eq!(self.counts(table), counts, "the counts of {table}");
        let verdict = if expected.is_empty() { "match" } else { "differ" };
        assert_eq!(self.table(table)["verdict"], verdict, "{:#}", self.table(table));
    }

    /// All findings of a table and its columns, one a line.
    #[track_caller]
    pub fn findings(&self, table: &str) -> String {
        let table = self.table(table);
        let of_columns = table["columns"].as_array().into_iter().flatten().map(|column| &column["findings"]);
        let all = std::iter::once(&table["findings"]).chain(of_columns).filter_map(Value::as_array).flatten();
        all.map(|finding| format!("{}\n", finding.as_str().expect("a finding is text"))).collect()
    }

    fn tables_json(&self) -> &[Value] {
        self.summary["tables"].as_array().expect("tables")
    }
}

impl Line {
    /// A differing cell.
    pub fn cell(key: &[&str], column: &str, source: &str, target: &str) -> Self {
        Self::new("corrupt", key, column, source, target)
    }

    /// A key that is missing in the target.
    pub fn missing(key: &[&str]) -> Self {
        Self::new("missing", key, "", "", "")
    }

    /// A key that only the target has.
    pub fn unexpected(key: &[&str]) -> Self {
        Self::new("unexpected", key, "", "", "")
    }

    /// A key with its copies on both sides.
    pub fn duplicate(key: &[&str], source: u64, target: u64) -> Self {
        Self::new("duplicate", key, "", &source.to_string(), &target.to_string())
    }

    fn new(class: &str, key: &[&str], column: &str, source: &str, target: &str) -> Self {
        let key = key.iter().map(|part| (*part).to_owned()).collect();
        Self { class: class.into(), key, column: column.into(), source: source.into(), target: target.into() }
    }

    fn of(record: &csv::StringRecord, key_columns: usize) -> Self {
        let key = match key_columns {
            0 if !record[1].starts_with('[') => vec![record[1].to_owned()],
            1 => vec![record[1].to_owned()],
            _ => key_parts(&record[1]),
        };
        let mut line = Self::new(&record[0], &[], &record[2], &record[3], &record[4]);
        line.key = key;
        if matches!(&record[0], "missing" | "unexpected") {
            // INTERFACE.md does not say what stands in the cells of these lines.
            (line.source, line.target) = (String::new(), String::new());
        }
        line
    }
}

fn key_parts(json: &str) -> Vec<String> {
    let parts: Vec<Value> =
        serde_json::from_str(json).unwrap_or_else(|e| panic!("the key {json} is no JSON array: {e}"));
    let text = |part: Value| match part {
        Value::Null => "\\N".to_owned(),
        Value::String(text) => text,
        other => other.to_string(),
    };
    parts.into_iter().map(text).collect()
}
