//! Decodes Parquet files with parquet-rs and does nothing else: the floor of any comparison that reads all rows.
//! Usage: `decode_parquet FILE…`, a thread for each file.

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::thread;

fn main() {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let rows: Vec<usize> = thread::scope(|scope| {
        let threads: Vec<_> =
            files.iter().map(|file| scope.spawn(move || decode(file).expect("a Parquet file"))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread that ends")).collect()
    });
    println!("{rows:?}");
}

fn decode(file: &str) -> Result<usize, Box<dyn Error>> {
    let mut rows = 0;
    for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(file)?)?.with_batch_size(8192).build()? {
        rows += black_box(batch?).num_rows();
    }
    Ok(rows)
}
