//! The differences of one table as they stream in: `differences.csv` for people and spreadsheets, `differences.parquet`
//! for programs, and a bounded sample for `report.html`. Memory stays bounded however many changes there are.

use std::fs::File;
use std::path::Path;

use super::cells::{cell, key_text};
use super::changes_parquet::ParquetChanges;
use super::key_map::KeyMapper;
use super::partial::PartialFile;
use super::sample::{SampledChange, Sampler, TableSample};
use crate::error::Result;
use crate::model::{Change, ChangeSink, Class};

/// The header of `differences.csv`.
const CSV_HEADER: [&str; 5] = ["class", "key", "column", "source", "target"];
/// Bytes collected before a write.
const CSV_BUFFER_BYTES: usize = 256 << 10;

/// Writes the changes of one table. Dropped before [`Self::finish`], it leaves no file behind.
pub struct TableChanges {
    // In this order, so that the writers let go of their files before these are removed.
    csv: csv::Writer<File>,
    parquet: ParquetChanges,
    csv_file: PartialFile,
    parquet_file: PartialFile,
    sample: Sampler,
    map: KeyMapper,
    any: bool,
}

impl TableChanges {
    /// Begins `differences.csv` and `differences.parquet` in `dir`, the folder of the table. `key_names` are the source's
    /// names of the key columns; for a table without a key, of the columns that make up the whole-row key. `map` is empty yet.
    pub fn create(dir: &Path, key_names: &[String], map: KeyMapper) -> Result<Self> {
        let (csv_file, file) = PartialFile::create(dir, "differences.csv")?;
        let mut csv = csv::WriterBuilder::new()
            .terminator(csv::Terminator::Any(b'\n'))
            .buffer_capacity(CSV_BUFFER_BYTES)
            .from_writer(file);
        csv.write_record(CSV_HEADER).map_err(|e| csv_file.error(e))?;
        let (parquet_file, file) = PartialFile::create(dir, "differences.parquet")?;
        let parquet = ParquetChanges::new(file).map_err(|e| parquet_file.error(e))?;
        Ok(Self { csv, parquet, csv_file, parquet_file, sample: Sampler::new(key_names), map, any: false })
    }

    /// Closes both files, gives them their names and returns the sample.
    pub fn finish(self) -> Result<TableSample> {
        let file = self.csv.into_inner().map_err(|e| self.csv_file.error(e.into_error()))?;
        let parquet = self.parquet.finish().map_err(|e| self.parquet_file.error(e))?;
        self.csv_file.finish(file, self.any)?;
        self.parquet_file.finish(parquet, self.any)?;
        Ok(TableSample { map: self.map.finish(), ..self.sample.finish() })
    }

    /// Takes the next change; gives back what of it is kept in the sample, if it is.
    pub fn take(&mut self, change: &Change) -> Result<Option<&SampledChange>> {
        self.any = true;
        let key = key_text(&change.key)?;
        self.csv_lines(change, key.as_deref())?;
        self.parquet.change(change, key.as_deref()).map_err(|e| self.parquet_file.error(e))?;
        self.map.change(change);
        Ok(self.sample.change(change))
    }

    fn csv_lines(&mut self, change: &Change, key: Option<&str>) -> Result<()> {
        let mut line = |column: &str, source: &str, target: &str| {
            self.csv
                .write_record([change.class.name(), &cell(key), column, source, target])
                .map_err(|e| self.csv_file.error(e))
        };
        match change.class {
            Class::Missing | Class::Unexpected => line("", "", ""),
            Class::Duplicate => line("", &change.copies.source.to_string(), &change.copies.target.to_string()),
            // A row that is known to differ is never left out, even where no cell could be named.
            Class::Corrupt if change.cells.is_empty() => line("", "", ""),
            Class::Corrupt => change.cells.iter().try_for_each(|c| {
                let values = c.values.as_ref().map(|v| cell(v.as_deref()));
                line(&cell(Some(&c.name)), &values.source, &values.target)
            }),
        }
    }
}

impl ChangeSink for TableChanges {
    fn range(&mut self, range: usize) {
        self.map.range(range);
    }

    fn change(&mut self, change: &Change) -> Result<()> {
        self.take(change).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::model::{CellChange, Pair};

    fn key(values: &[Option<&str>]) -> Vec<Option<String>> {
        values.iter().map(|v| v.map(str::to_owned)).collect()
    }

    fn change(class: Class, key_values: &[Option<&str>], copies: (u64, u64)) -> Change {
        Change { class, key: key(key_values), copies: Pair::new(copies.0, copies.1), cells: vec![], neighbours: None }
    }

    fn corrupt(key_values: &[Option<&str>], cells: &[(&str, Option<&str>, Option<&str>)]) -> Change {
        let cells = cells.iter().enumerate().map(|(column, (name, source, target))| CellChange {
            column,
            name: (*name).to_owned(),
            values: Pair::new(source.map(str::to_owned), target.map(str::to_owned)),
        });
        Change { cells: cells.collect(), ..change(Class::Corrupt, key_values, (1, 1)) }
    }

    fn written(changes: &[Change]) -> (String, Vec<u8>, TableSample) {
        let dir = tempfile::tempdir().unwrap();
        let mut table = TableChanges::create(dir.path(), &["id".to_owned()], KeyMapper::default()).unwrap();
        changes.iter().for_each(|c| table.change(c).unwrap());
        let sample = table.finish().unwrap();
        let read = |name| fs::read(dir.path().join(name)).unwrap();
        (String::from_utf8(read("differences.csv")).unwrap(), read("differences.parquet"), sample)
    }

    #[test]
    fn each_class_has_its_lines() {
        let changes = [
            change(Class::Missing, &[Some("1")], (1, 0)),
            change(Class::Unexpected, &[Some("2")], (0, 3)),
            change(Class::Duplicate, &[Some("3")], (1, 2)),
            corrupt(&[Some("4")], &[("amount", Some("1.10"), Some("1.1000001")), ("note", None, Some(""))]),
            corrupt(&[Some("5")], &[]),
        ];
        assert_eq!(
            written(&changes).0,
            "class,key,column,source,target\n\
             missing,1,,,\n\
             unexpected,2,,,\n\
             duplicate,3,,1,2\n\
             corrupt,4,amount,1.10,1.1000001\n\
             corrupt,4,note,\\N,\n\
             corrupt,5,,,\n"
        );
    }

    #[test]
    fn keys_and_cells_are_written_so_that_they_can_be_read_back() {
        let changes = [
            change(Class::Missing, &[None], (1, 0)),
            change(Class::Missing, &[Some("\\N")], (1, 0)),
            change(Class::Missing, &[Some("=cmd|'/C calc'!A0")], (1, 0)),
            change(Class::Missing, &[Some("a\"b,"), None], (1, 0)),
            corrupt(
                &[Some("x\ny")],
                &[("\"><img src=x onerror=alert(1)>", Some("<script>alert(1)</script>"), Some("-5"))],
            ),
        ];
        assert_eq!(
            written(&changes).0,
            "class,key,column,source,target\n\
             missing,\\N,,,\n\
             missing,\\\\N,,,\n\
             missing,'=cmd|'/C calc'!A0,,,\n\
             missing,\"[\"\"a\\\"\"b,\"\",null]\",,,\n\
             corrupt,\"x\ny\",\"\"\"><img src=x onerror=alert(1)>\",<script>alert(1)</script>,-5\n"
        );
    }

    #[test]
    fn the_same_changes_give_the_same_bytes() {
        let changes: Vec<_> = (0..20_000)
            .map(|i| corrupt(&[Some(&i.to_string())], &[("a", Some("x"), None), ("b", Some("y"), Some("z"))]))
            .collect();
        let (first, second) = (written(&changes), written(&changes));
        assert!(first == second);
    }

    #[test]
    fn what_is_not_finished_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let mut table = TableChanges::create(dir.path(), &[], KeyMapper::default()).unwrap();
        table.change(&change(Class::Missing, &[Some("1")], (1, 0))).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        drop(table);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_an_output_error_that_names_the_file() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/full", dir.path().join(".differences.csv.partial")).unwrap();
        let mut table = TableChanges::create(dir.path(), &[], KeyMapper::default()).unwrap();
        table.change(&change(Class::Missing, &[Some("1")], (1, 0))).unwrap();
        let error = table.finish().unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::Output);
        assert!(
            error.to_string().contains("differences.csv") && error.to_string().contains("No space left"),
            "{error}"
        );
        assert!(error.advice().unwrap().contains("--out"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
