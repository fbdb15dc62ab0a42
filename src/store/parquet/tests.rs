use std::fs::File;

use ::parquet::arrow::ArrowWriter;
use ::parquet::file::properties::WriterProperties;
use arrow::array::*;
use arrow::datatypes::{DataType, Int64Type};

use super::*;
use crate::canonical::CanonicalType;
use crate::error::ErrorKind;
use crate::model::StoreKind;

/// Writes files of numbers, each file with its range and rows for each row group.
fn store_of(files: &[(std::ops::Range<i64>, usize)]) -> (tempfile::TempDir, ParquetStore, Vec<PathBuf>) {
    let root = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (i, (numbers, rows_per_group)) in files.iter().enumerate() {
        let path = root.path().join(format!("t-{i}.parquet"));
        let ids: Int64Array = numbers.clone().collect();
        write(&path, vec![("id", Arc::new(ids))], *rows_per_group);
        paths.push(path);
    }
    let store = store_at(&root, &paths);
    (root, store, paths)
}

fn store_at(root: &tempfile::TempDir, paths: &[PathBuf]) -> ParquetStore {
    let identity = StoreIdentity { kind: StoreKind::Parquet, url: root.path().display().to_string() };
    ParquetStore::new(identity, vec![FileTable { name: TableName::bare("t"), files: paths.to_vec() }])
}

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>, rows_per_group: usize) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(rows_per_group)).build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

async fn reading(store: &ParquetStore) -> TableRead {
    TableRead { table: store.describe(&TableName::bare("t")).await.unwrap(), filter: None }
}

async fn ids(snapshot: &dyn StoreSnapshot, read: &TableRead, part: &Part) -> Result<Vec<i64>> {
    let (sink, mut receiver) = BatchSink::channel(1);
    let send = async {
        let sink = sink;
        snapshot.read(read, part, &sink).await
    };
    let receive = async {
        let mut ids = Vec::new();
        while let Some(batch) = receiver.recv().await {
            ids.extend_from_slice(batch.column(0).as_primitive::<Int64Type>().values());
        }
        Ok(ids)
    };
    tokio::try_join!(send, receive).map(|(_, ids)| ids)
}

#[tokio::test]
async fn parts_cover_every_row_once_and_never_cross_a_file() {
    let (_root, store, paths) = store_of(&[(0..25_000, 1_000), (25_000..26_000, 400), (26_000..26_000, 10)]);
    let read = reading(&store).await;
    assert_eq!(read.table.rows_estimate, Some(26_000));
    let snapshot = store.open(3).await.unwrap();
    assert_eq!(snapshot.workers_max(), 3);
    assert_eq!(snapshot.count(&read).await.unwrap(), Some(26_000));
    for wanted in [1, 2, 4, 1_000] {
        let parts = snapshot.parts(&read, wanted).await.unwrap();
        let mut all = Vec::new();
        for part in &parts {
            all.extend(ids(&*snapshot, &read, part).await.unwrap());
        }
        assert_eq!(all, (0..26_000).collect::<Vec<_>>());
        assert!(parts.len() >= wanted.min(28) && parts.len() <= wanted + 3, "{} of {wanted}", parts.len());
    }
    assert_eq!(ids(&*snapshot, &read, &Part::Whole).await.unwrap().len(), 26_000);
    let coordinates = snapshot.coordinates();
    assert_eq!(coordinates.len(), 3);
    assert_eq!(coordinates[0].0, paths[0].display().to_string());
    assert!(coordinates[0].1.starts_with("sha256 "));
}

#[tokio::test]
async fn a_table_without_rows_has_one_empty_part() {
    let (_root, store, paths) = store_of(&[(0..0, 10)]);
    let read = reading(&store).await;
    let snapshot = store.open(1).await.unwrap();
    let parts = snapshot.parts(&read, 8).await.unwrap();
    assert_eq!(parts, [Part::RowGroups { file: paths[0].clone(), first: 0, end: 0 }]);
    assert!(ids(&*snapshot, &read, &parts[0]).await.unwrap().is_empty());
    assert_eq!(snapshot.count(&read).await.unwrap(), Some(0));
}

#[tokio::test]
async fn files_that_mean_the_same_types_are_one_table() {
    let (root, _, _) = store_of(&[]);
    let paths = [root.path().join("a.parquet"), root.path().join("b.parquet")];
    write(
        &paths[0],
        vec![("id", Arc::new(Int32Array::from(vec![1]))), ("s", Arc::new(StringArray::from(vec!["x"])))],
        10,
    );
    let narrow = Arc::new(Int64Array::from(vec![2]));
    write(&paths[1], vec![("id", narrow), ("s", Arc::new(LargeStringArray::from(vec![None::<&str>])))], 10);
    let store = store_at(&root, &paths);
    let table = store.describe(&TableName::bare("t")).await.unwrap();
    assert_eq!(table.columns[0].canonical, CanonicalType::Int64);
    assert!(table.columns[1].nullable);
}

#[tokio::test]
async fn files_of_different_columns_are_an_error_that_names_both() {
    let (root, _, _) = store_of(&[]);
    let paths = [root.path().join("a.parquet"), root.path().join("b.parquet")];
    let decimal = |scale| Arc::new(Decimal128Array::from(vec![1]).with_data_type(DataType::Decimal128(10, scale)));
    write(&paths[0], vec![("id", decimal(2))], 10);
    for (columns, said) in [
        (vec![("id", decimal(3) as ArrayRef)], "but \"id\" of type decimal(10,3) in"),
        (vec![("other", decimal(2) as ArrayRef)], "but \"other\" of type decimal(10,2) in"),
        (vec![("id", decimal(2) as ArrayRef), ("more", decimal(2))], "column 2 is missing in"),
    ] {
        write(&paths[1], columns, 10);
        let error = store_at(&root, &paths).describe(&TableName::bare("t")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
        let text = error.to_string();
        assert!(text.contains(said) && text.contains("a.parquet") && text.contains("b.parquet"), "{text}");
    }
}

#[tokio::test]
async fn a_condition_is_wrong_usage() {
    let (_root, store, _) = store_of(&[(0..3, 10)]);
    let read = TableRead { filter: Some("id > 0".into()), ..reading(&store).await };
    let snapshot = store.open(1).await.unwrap();
    assert_eq!(snapshot.parts(&read, 1).await.unwrap_err().kind(), ErrorKind::Usage);
    assert!(snapshot.count(&read).await.is_err());
}

#[tokio::test]
async fn a_file_that_is_replaced_while_it_is_read_is_an_error() {
    let (_root, store, paths) = store_of(&[(0..3, 10)]);
    let read = reading(&store).await;
    let snapshot = store.open(1).await.unwrap();
    let parts = snapshot.parts(&read, 1).await.unwrap();
    write(&paths[0], vec![("id", Arc::new(Int64Array::from(vec![1, 2, 3, 4])))], 10);
    let error = ids(&*snapshot, &read, &parts[0]).await.unwrap_err();
    assert!(error.to_string().contains("changed while it was read"), "{error}");
}

#[tokio::test]
async fn a_receiver_that_gives_up_ends_the_reading() {
    let (_root, store, _) = store_of(&[(0..100_000, 100_000)]);
    let read = reading(&store).await;
    let snapshot = store.open(1).await.unwrap();
    let (sink, receiver) = BatchSink::channel(1);
    drop(receiver);
    let error = snapshot.read(&read, &Part::Whole, &sink).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}

#[tokio::test]
async fn a_table_that_is_not_there_is_an_error() {
    let (_root, store, _) = store_of(&[(0..1, 10)]);
    assert!(store.describe(&TableName::bare("u")).await.unwrap_err().to_string().contains("no table u"));
}
