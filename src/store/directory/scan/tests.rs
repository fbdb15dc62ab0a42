use std::fs::{File, create_dir_all};

use ::parquet::arrow::ArrowWriter;
use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};

use super::*;
use crate::error::ErrorKind;
use crate::model::TableRead;
use crate::store::{BatchSink, Part};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn csv(&self, name: &str) -> &Self {
        let path = self.0.path().join(name);
        create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "id,s\n1,x\n2,\n").unwrap();
        self
    }

    fn parquet(&self, name: &str) -> &Self {
        let path = self.0.path().join(name);
        create_dir_all(path.parent().unwrap()).unwrap();
        let batch =
            RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from(vec![1, 2, 3])) as ArrayRef)]).unwrap();
        let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        self
    }

    fn open(&self, name: &str) -> Result<Arc<dyn Store>> {
        open(&self.path(name))
    }

    fn error(&self, name: &str) -> String {
        let Err(error) = self.open(name) else { panic!("{name} must not open") };
        assert!(error.advice().is_some(), "{error}");
        error.to_string()
    }
}

async fn names(store: &Arc<dyn Store>) -> Vec<String> {
    store.tables().await.unwrap().iter().map(|name| name.to_string()).collect()
}

async fn rows(store: &Arc<dyn Store>, table: &str) -> usize {
    let read = TableRead { table: store.describe(&TableName::bare(table)).await.unwrap(), filter: None };
    let snapshot = store.open(2).await.unwrap();
    let mut rows = 0;
    for part in snapshot.parts(&read, 2).await.unwrap() {
        assert!(matches!(part, Part::RowGroups { .. } | Part::File(_)));
        let (sink, mut receiver) = BatchSink::channel(100);
        snapshot.read(&read, &part, &sink).await.unwrap();
        drop(sink);
        while let Some(batch) = receiver.recv().await {
            rows += batch.num_rows();
        }
    }
    if let Some(count) = snapshot.count(&read).await.unwrap() {
        assert_eq!(count, rows as u64);
    }
    rows
}

#[tokio::test]
async fn a_file_is_a_store_of_one_table() {
    let folder = Folder::new();
    folder.csv("orders.csv").parquet("items.PARQUET");
    let store = folder.open("orders.csv").unwrap();
    assert_eq!(store.identity(), &StoreIdentity { kind: StoreKind::Csv, url: folder.path("orders.csv") });
    assert_eq!(names(&store).await, ["orders"]);
    assert_eq!(rows(&store, "orders").await, 2);
    let store = folder.open("items.PARQUET").unwrap();
    assert_eq!(store.identity().kind, StoreKind::Parquet);
    assert_eq!(rows(&store, "items").await, 3);
}

#[tokio::test]
async fn a_directory_has_a_table_for_each_file_and_each_sub_directory() {
    let folder = Folder::new();
    folder
        .csv("d/customers.csv")
        .parquet("d/items.parquet")
        .parquet("d/orders/p-1.parquet")
        .parquet("d/orders/p-2.parquet");
    folder.csv("d/notes/1.csv").csv("d/notes/_SUCCESS.csv").csv("d/notes/.2.csv.crc");
    folder.csv("d/.hidden.csv").csv("d/_temporary/x.csv").csv("d/README.md").csv("d/docs/page.html");
    create_dir_all(folder.path("d/empty")).unwrap();
    let store = folder.open("d").unwrap();
    assert_eq!(store.identity().kind, StoreKind::Directory);
    assert_eq!(names(&store).await, ["customers", "items", "notes", "orders"]);
    for (table, expected) in [("customers", 2), ("items", 3), ("notes", 2), ("orders", 6)] {
        assert_eq!(rows(&store, table).await, expected, "{table}");
    }
}

#[tokio::test]
async fn the_coordinates_of_a_directory_are_those_of_the_files_that_were_read() {
    let folder = Folder::new();
    folder.csv("a.csv").parquet("b.parquet").csv("c.csv");
    let store = folder.open("").unwrap();
    let snapshot = store.open(1).await.unwrap();
    for (table, name) in [("a", "a.csv"), ("b", "b.parquet")] {
        let read = TableRead { table: store.describe(&TableName::bare(table)).await.unwrap(), filter: None };
        let (sink, mut receiver) = BatchSink::channel(9);
        snapshot.read(&read, &Part::Whole, &sink).await.unwrap();
        assert_eq!(receiver.recv().await.unwrap().num_columns(), if table == "a" { 3 } else { 2 });
        assert!(snapshot.coordinates().iter().any(|(file, _)| file.ends_with(name)));
    }
    assert_eq!(snapshot.coordinates().len(), 2);
}

#[tokio::test]
async fn a_glob_is_one_table() {
    let folder = Folder::new();
    folder.parquet("d/orders-1.parquet").parquet("d/orders-2.parquet").csv("d/notes_1.csv").csv("d/orders-3.txt");
    let store = folder.open("d/orders-*").unwrap();
    assert_eq!(store.identity(), &StoreIdentity { kind: StoreKind::Parquet, url: folder.path("d/orders-*") });
    assert_eq!(names(&store).await, ["orders"]);
    assert_eq!(rows(&store, "orders").await, 6);
    let store = folder.open("d/*.csv").unwrap();
    assert_eq!(store.identity().kind, StoreKind::Csv);
    assert_eq!(names(&store).await, ["d"]);
    assert!(folder.error("d/*").contains("different formats"));
    assert!(folder.error("d/[").contains("is no glob"));
}

#[tokio::test]
async fn a_glob_without_a_match_and_an_empty_directory_have_no_tables() {
    let folder = Folder::new();
    for path in ["", "*.csv", "nowhere/*.parquet"] {
        let store = folder.open(path).unwrap();
        assert!(names(&store).await.is_empty(), "{path}");
        assert!(store.open(1).await.unwrap().coordinates().is_empty());
    }
    assert_eq!(folder.open("*.parquet").unwrap().identity().kind, StoreKind::Parquet);
}

#[test]
fn a_glob_is_named_after_its_fixed_beginning() {
    for (pattern, name) in [
        ("orders-*.parquet", "orders"),
        ("dir/*.parquet", "dir"),
        ("dir/orders_20??.csv", "orders_20"),
        ("dir/*/orders.csv", "orders"),
        ("a/b.-_*.csv", "b"),
        ("a/x/*/*.csv", "x"),
        ("/data/**/[0-9].csv", "data"),
    ] {
        assert_eq!(glob_name(pattern), name, "{pattern}");
    }
}

#[tokio::test]
async fn a_name_with_brackets_that_exists_is_no_glob() {
    let folder = Folder::new();
    folder.csv("data[1].csv");
    assert_eq!(names(&folder.open("data[1].csv").unwrap()).await, ["data[1]"]);
}

#[tokio::test]
async fn a_directory_called_parquet_is_one_table() {
    let folder = Folder::new();
    folder.parquet("d/orders.parquet/part-0.parquet").parquet("d/orders.parquet/part-1.parquet");
    let store = folder.open("d/orders.parquet").unwrap();
    assert_eq!(store.identity().kind, StoreKind::Parquet);
    assert_eq!(names(&store).await, ["orders"]);
    assert_eq!(rows(&folder.open("d").unwrap(), "orders").await, 6);
}

#[test]
fn two_tables_of_one_name_are_an_error_that_names_both() {
    let folder = Folder::new();
    folder.csv("orders.csv").parquet("orders.parquet");
    let message = folder.error("");
    assert!(message.contains("orders.csv") && message.contains("orders.parquet"), "{message}");
}

#[test]
fn directories_that_are_no_simple_tables_are_errors() {
    let folder = Folder::new();
    folder.csv("mixed/t/a.csv").parquet("mixed/t/b.parquet");
    assert!(folder.error("mixed").contains("different formats"));
    folder.parquet("hive/t/year=2024/a.parquet");
    assert!(folder.error("hive").contains("directories of its own"));
    assert!(folder.error("hive/t").contains("directories of its own"));
    folder.parquet("deep/t/a.parquet").parquet("deep/t/more/b.parquet");
    assert!(folder.error("deep").contains("directories of its own"));
    folder.parquet("lake/t/a.parquet").csv("lake/t/_delta_log/0.json");
    assert!(folder.error("lake").contains("Delta Lake"));
    assert!(folder.error("lake/t").contains("Delta Lake"));
}

#[test]
fn a_directory_that_tieout_wrote_is_a_snapshot() {
    let folder = Folder::new();
    folder.csv("s/manifest.json");
    // Whatever the snapshot room says of this broken one, it is not taken for a directory of files.
    assert!(folder.open("s").is_err());
}

#[test]
fn what_is_no_file_of_ours_is_refused() {
    let folder = Folder::new();
    folder.csv("a.csv.gz");
    let Err(error) = folder.open("a.csv.gz") else { panic!("must not open") };
    assert_eq!(error.kind(), ErrorKind::Usage);
    let Err(error) = folder.open("gone.csv") else { panic!("must not open") };
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("gone.csv"), "{error}");
}

#[tokio::test]
async fn null_and_empty_text_survive_the_way_through_a_directory() {
    let folder = Folder::new();
    std::fs::write(folder.path("t.csv"), "a,b\n,\"\"\n").unwrap();
    let store = folder.open("").unwrap();
    let read = TableRead { table: store.describe(&TableName::bare("t")).await.unwrap(), filter: None };
    let snapshot = store.open(1).await.unwrap();
    let (sink, mut receiver) = BatchSink::channel(9);
    snapshot.read(&read, &Part::Whole, &sink).await.unwrap();
    let batch = receiver.recv().await.unwrap();
    assert!(batch.column(0).as_string::<i32>().iter().all(|v| v.is_none()));
    assert_eq!(batch.column(1).as_string::<i32>().value(0), "");
}
