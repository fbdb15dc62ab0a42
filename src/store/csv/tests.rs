use arrow::array::{Array, AsArray, RecordBatch};

use super::*;
use crate::canonical::ROWS_PER_BATCH;
use crate::error::ErrorKind;
use crate::model::StoreKind;

struct Case {
    root: tempfile::TempDir,
    files: Vec<PathBuf>,
}

impl Case {
    fn new(texts: &[&[u8]]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let write = |(i, text): (usize, &&[u8])| {
            let path = root.path().join(format!("t-{i}.csv"));
            std::fs::write(&path, text).unwrap();
            path
        };
        let files = texts.iter().enumerate().map(write).collect();
        Self { root, files }
    }

    fn store(&self) -> CsvStore {
        let identity = StoreIdentity { kind: StoreKind::Csv, url: self.root.path().display().to_string() };
        CsvStore::new(identity, vec![FileTable { name: TableName::bare("t"), files: self.files.clone() }])
    }

    async fn table(&self) -> Result<Table> {
        self.store().describe(&TableName::bare("t")).await
    }

    async fn batches(&self) -> Result<Vec<RecordBatch>> {
        let read = TableRead { table: self.table().await?, filter: None };
        let snapshot = self.store().open(2).await?;
        let mut batches = Vec::new();
        for part in snapshot.parts(&read, 4).await? {
            let (sink, mut receiver) = BatchSink::channel(2);
            let receive = async {
                while let Some(batch) = receiver.recv().await {
                    batches.push(batch);
                }
                Ok(())
            };
            let send = async {
                let sink = sink;
                snapshot.read(&read, &part, &sink).await
            };
            tokio::try_join!(send, receive)?;
        }
        assert_eq!(snapshot.coordinates().len(), self.files.len());
        Ok(batches)
    }

    /// Every row; `None` is NULL.
    async fn rows(&self) -> Result<Vec<Vec<Option<String>>>> {
        let mut rows = Vec::new();
        for batch in self.batches().await? {
            for row in 0..batch.num_rows() {
                let cell = |column: usize| {
                    let array = batch.column(column).as_string::<i32>();
                    array.is_valid(row).then(|| array.value(row).to_string())
                };
                rows.push((0..batch.num_columns() - 1).map(cell).collect());
            }
        }
        Ok(rows)
    }
}

async fn rows(text: &str) -> Vec<Vec<Option<String>>> {
    Case::new(&[text.as_bytes()]).rows().await.unwrap()
}

/// The error of reading a file, which must name the file and say what to do.
async fn error(text: impl AsRef<[u8]>) -> String {
    let error = Case::new(&[text.as_ref()]).rows().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("t-0.csv"), "{error}");
    assert!(error.advice().is_some(), "{error}");
    error.to_string()
}

fn row<const N: usize>(cells: [Option<&str>; N]) -> Vec<Option<String>> {
    cells.iter().map(|cell| cell.map(str::to_string)).collect()
}

#[tokio::test]
async fn a_null_is_not_an_empty_string() {
    let found = rows("a,b,c,d\n,\"\",\\N,\"\\N\"\n").await;
    assert_eq!(found, [row([None, Some(""), None, Some("\\N")])]);
}

#[tokio::test]
async fn every_column_is_untyped_and_nullable() {
    let table = Case::new(&[b"\xEF\xBB\xBFid,\"full name\"\r\n00123,x\r\n"]).table().await.unwrap();
    assert_eq!(table.columns.len(), 2);
    assert_eq!(table.columns[0].name, "id");
    assert_eq!(table.columns[1].name, "full name");
    assert!(table.columns.iter().all(|c| c.canonical == CanonicalType::Untyped && c.nullable));
    assert!(table.keys.is_empty());
    assert_eq!(
        rows("id\n00123\n1.23E+15\n NaN \n").await,
        [row([Some("00123")]), row([Some("1.23E+15")]), row([Some(" NaN ")])]
    );
}

#[tokio::test]
async fn a_quoted_line_break_does_not_end_a_record() {
    let found = rows("a,b\r\n\"x\ny\",\"\"\"q\"\", z\"\r\n1,2").await;
    assert_eq!(found, [row([Some("x\ny"), Some("\"q\", z")]), row([Some("1"), Some("2")])]);
}

#[tokio::test]
async fn an_empty_line_is_a_null_row_only_where_there_is_one_column() {
    assert_eq!(rows("a\n1\n\n2\n\n").await, [row([Some("1")]), row([None]), row([Some("2")]), row([None])]);
    assert_eq!(rows("a,b\n1,2\n\n\r\n\n").await, [row([Some("1"), Some("2")])]);
    let message = error("a,b\n1,2\n\n3,4\n").await;
    assert!(message.contains("has 1 field, its header has 2") && message.contains("line 3"), "{message}");
}

#[tokio::test]
async fn a_file_without_rows_has_no_rows() {
    assert!(rows("a,b\n").await.is_empty());
    assert!(rows("a,b").await.is_empty());
}

#[tokio::test]
async fn ragged_records_are_errors_that_say_how_many_fields_there_are() {
    let message = error("a,b\n1,2\n\"x\ny\",2,3\n").await;
    assert!(message.contains("has 3 fields, its header has 2") && message.contains("line 3"), "{message}");
    let message = error("a,b,c\n1,2\n").await;
    assert!(message.contains("has 2 fields, its header has 3") && message.contains("line 2"), "{message}");
}

#[tokio::test]
async fn files_that_do_not_keep_to_the_dialect_are_errors() {
    assert!(error("a,b\n1,\"2").await.contains("ends within a quoted field"));
    assert!(error("a,b\n\"1\"x,2\n").await.contains("text follows a closing quote"));
    assert!(error("a,b\n\"a\\\"b\",2\n").await.contains("text follows a closing quote"));
    assert!(error("a,b\n5\" pipe,2\n").await.contains("unquoted field"));
    let message = error(b"a,b\n1,2\nx,caf\xe9\n").await;
    assert!(message.contains("offset 13") && message.contains("line 3"), "{message}");
    assert!(error(b"\xff\xfea\0,\0b\0\n\0").await.contains("UTF-16"));
    assert!(error(b"a\0,\0b\0\n\0").await.contains("UTF-16"));
}

#[tokio::test]
async fn headers_that_name_no_columns_are_errors() {
    assert!(error("").await.contains("is empty"));
    assert!(error("\u{feff}").await.contains("is empty"));
    assert!(error("\n1,2\n").await.contains("empty line"));
    assert!(error("a,b,a\n1,2,3\n").await.contains("columns 1 and 3 of a CSV file are both called \"a\""));
    assert!(error(",a\n0,1\n").await.contains("column 1 of a CSV file has no name"));
    assert!(error("a,b\r1,2\r").await.contains("carriage return"));
    assert!(error("__tieout_misfits\n1\n").await.contains("__tieout_misfits"));
}

#[tokio::test]
async fn many_rows_come_in_batches_and_none_is_lost() {
    let mut text = String::from("id,note\n");
    for id in 0..25_001 {
        text.push_str(&format!("{id},\"note\n{id}\"\n"));
    }
    let batches = Case::new(&[text.as_bytes()]).batches().await.unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [ROWS_PER_BATCH, ROWS_PER_BATCH, 5_001]);
    let last = &batches[2];
    assert_eq!(last.column(1).as_string::<i32>().value(5_000), "note\n25000");
}

#[tokio::test]
async fn a_field_larger_than_the_buffer_is_read_whole() {
    let long = "x,\"\n".repeat(1 << 20);
    let text = format!("a,b\n1,\"{}\"\n2,y\n", long.replace('"', "\"\""));
    let found = rows(&text).await;
    assert_eq!(found[0][1].as_deref(), Some(long.as_str()));
    assert_eq!(found[1], row([Some("2"), Some("y")]));
}

#[tokio::test]
async fn the_files_of_a_table_need_the_same_header() {
    let case = Case::new(&[b"a,b\n1,2\n", b"a,b\n3,4"]);
    assert_eq!(case.rows().await.unwrap(), [row([Some("1"), Some("2")]), row([Some("3"), Some("4")])]);
    let error = Case::new(&[b"a,b\n", b"a,c\n"]).table().await.unwrap_err().to_string();
    assert!(error.contains("column 2 is \"b\" in") && error.contains("t-0.csv, but \"c\" in"), "{error}");
    let error = Case::new(&[b"a,b\n", b"a\n"]).table().await.unwrap_err().to_string();
    assert!(error.contains("but missing in"), "{error}");
}

#[tokio::test]
async fn a_condition_is_wrong_usage() {
    let case = Case::new(&[b"a\n1\n"]);
    let read = TableRead { table: case.table().await.unwrap(), filter: Some("a > 0".into()) };
    let snapshot = case.store().open(1).await.unwrap();
    let error = snapshot.parts(&read, 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.to_string().contains("--where") && error.advice().is_some());
    assert!(snapshot.count(&read).await.is_err());
}

#[tokio::test]
async fn a_file_that_changes_between_snapshot_and_reading_is_an_error() {
    let case = Case::new(&[b"a\n1\n"]);
    let read = TableRead { table: case.table().await.unwrap(), filter: None };
    let snapshot = case.store().open(1).await.unwrap();
    assert_eq!(snapshot.count(&read).await.unwrap(), None);
    std::fs::write(&case.files[0], "a\n1\n2\n").unwrap();
    let (sink, _receiver) = BatchSink::channel(4);
    let error = snapshot.read(&read, &Part::File(case.files[0].clone()), &sink).await.unwrap_err();
    assert!(error.to_string().contains("changed while it was read"), "{error}");
}
