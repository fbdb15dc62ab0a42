//! Finds the tables behind a path: a file, a glob, or a directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{DirectoryStore, FileTable};
use crate::error::{Error, Result};
use crate::files::{Listing, expand, has_wildcards, list};
use crate::model::{StoreIdentity, StoreKind, TableName};
use crate::store::connect::redact;
use crate::store::csv::CsvStore;
use crate::store::parquet::ParquetStore;
use crate::store::{Store, snapshot_dir};

/// A file format that tieout reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Format {
    Parquet,
    Csv,
}

impl Format {
    fn of(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "parquet" => Some(Self::Parquet),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }

    fn kind(self) -> StoreKind {
        match self {
            Self::Parquet => StoreKind::Parquet,
            Self::Csv => StoreKind::Csv,
        }
    }
}

/// Opens a `.parquet` or `.csv` file (one table, named after it), a glob of such files (one table, named after the
/// pattern's fixed beginning), a directory (one table for each file and each sub-directory), or a snapshot of tieout's.
pub fn open(path: &str) -> Result<Arc<dyn Store>> {
    let as_path = Path::new(path);
    if as_path.is_dir() {
        return open_directory(path, as_path);
    }
    if has_wildcards(path) && !as_path.exists() {
        return open_glob(path);
    }
    let name = file_name(as_path);
    let Some(format) = Format::of(&name) else {
        return Err(Error::usage("this is neither a Parquet nor a CSV file")
            .at(redact(path))
            .hint("names of files must end in .parquet or .csv; compressed CSV files have to be unpacked first"));
    };
    if let Err(e) = std::fs::metadata(as_path) {
        return Err(Error::store("cannot read a file").at(redact(path)).because(e).hint("check the path"));
    }
    let table = FileTable { name: TableName::bare(stem(&name)), files: vec![as_path.to_path_buf()] };
    Ok(single(path, format, table))
}

fn single(url: &str, format: Format, table: FileTable) -> Arc<dyn Store> {
    let identity = StoreIdentity { kind: format.kind(), url: redact(url) };
    match format {
        Format::Parquet => Arc::new(ParquetStore::new(identity, vec![table])),
        Format::Csv => Arc::new(CsvStore::new(identity, vec![table])),
    }
}

fn open_glob(pattern: &str) -> Result<Arc<dyn Store>> {
    let wants_hidden = file_name(Path::new(pattern)).starts_with(['.', '_']);
    let matched = expand(pattern)?.into_iter().filter(|path| wants_hidden || !is_hidden(&file_name(path)));
    let files: Vec<(Format, PathBuf)> =
        matched.filter_map(|path| Some((Format::of(&file_name(&path))?, path))).collect();
    let Some(format) = one_format(&files).map_err(|e| e.at(redact(pattern)))? else {
        let kind = Format::of(pattern).map_or(StoreKind::Directory, Format::kind);
        let identity = StoreIdentity { kind, url: redact(pattern) };
        return Ok(Arc::new(DirectoryStore::new(identity, Vec::new(), Vec::new())));
    };
    let name = TableName::bare(glob_name(pattern));
    Ok(single(pattern, format, FileTable { name, files: files.into_iter().map(|(_, path)| path).collect() }))
}

/// The fixed beginning of the last component that has one: `orders-*.parquet` is `orders`, `dir/*.parquet` is `dir`.
fn glob_name(pattern: &str) -> String {
    let fixed = |component: std::path::Component<'_>| {
        let text = component.as_os_str().to_string_lossy();
        let name = match text.find(['*', '?', '[']) {
            Some(wildcard) => text[..wildcard].to_string(),
            None => stem(&text),
        };
        let name = name.trim_end_matches(['-', '_', '.']);
        (!name.is_empty() && name != "/").then(|| name.to_string())
    };
    let here = || std::env::current_dir().ok().map(|directory| file_name(&directory));
    Path::new(pattern).components().rev().find_map(fixed).or_else(here).unwrap_or_else(|| "files".into())
}

fn open_directory(url: &str, directory: &Path) -> Result<Arc<dyn Store>> {
    if snapshot_dir::is_snapshot(directory) {
        return snapshot_dir::open(directory);
    }
    let listing = list(directory)?;
    refuse_table_formats(directory, &listing)?;
    // What Spark and others call orders.parquet is often a directory of parts: one table, as the name says.
    if let Some(format) = Format::of(&file_name(directory)) {
        let table = table_of_parts(directory)?;
        let identity = StoreIdentity { kind: format.kind(), url: redact(url) };
        return match table {
            Some((format, table)) => Ok(single(url, format, table)),
            None => Ok(Arc::new(DirectoryStore::new(identity, Vec::new(), Vec::new()))),
        };
    }
    let mut tables: BTreeMap<TableName, (Format, FileTable, PathBuf)> = BTreeMap::new();
    let mut add = |format: Format, table: FileTable, place: PathBuf| {
        let name = table.name.clone();
        match tables.insert(name.clone(), (format, table, place.clone())) {
            None => Ok(()),
            Some((_, _, other)) => Err(Error::store(format!(
                "two tables would be called {name}: {} and {}",
                other.display(),
                place.display()
            ))
            .hint("rename one of them, or give the path of the one to be compared")),
        }
    };
    for name in listing.files.iter().filter(|name| !is_hidden(name)) {
        if let Some(format) = Format::of(name) {
            let path = directory.join(name);
            add(format, FileTable { name: TableName::bare(stem(name)), files: vec![path.clone()] }, path)?;
        }
    }
    for name in listing.directories.iter().filter(|name| !is_hidden(name)) {
        let path = directory.join(name);
        if name.contains('=') {
            return Err(nested(directory));
        }
        if let Some((format, table)) = table_of_parts(&path)? {
            add(format, table, path)?;
        }
    }
    let of = |format: Format| tables.values().filter(|t| t.0 == format).map(|t| t.1.clone()).collect();
    let identity = StoreIdentity { kind: StoreKind::Directory, url: redact(url) };
    Ok(Arc::new(DirectoryStore::new(identity, of(Format::Parquet), of(Format::Csv))))
}

/// The table that a directory's files are parts of; `None` if there are none.
fn table_of_parts(directory: &Path) -> Result<Option<(Format, FileTable)>> {
    let listing = list(directory)?;
    refuse_table_formats(directory, &listing)?;
    let files: Vec<(Format, PathBuf)> = listing
        .files
        .iter()
        .filter(|name| !is_hidden(name))
        .filter_map(|name| Some((Format::of(name)?, directory.join(name))))
        .collect();
    let directories = listing.directories.iter().filter(|name| !is_hidden(name)).count();
    let only_directories = listing.files.iter().all(|name| is_hidden(name));
    if directories > 0 && (only_directories || !files.is_empty()) {
        return Err(nested(directory));
    }
    let Some(format) = one_format(&files).map_err(|e| e.at(directory.display()))? else { return Ok(None) };
    let name = file_name(directory);
    let name = if Format::of(&name).is_some() { stem(&name) } else { name };
    let files = files.into_iter().map(|(_, path)| path).collect();
    Ok(Some((format, FileTable { name: TableName::bare(name), files })))
}

fn nested(directory: &Path) -> Error {
    Error::store("a table's directory holds directories of its own, and those are not read")
        .at(directory.display())
        .hint(
            "partitions (name=value directories) are not supported yet; \
         a glob such as table/*/*.parquet reads their files, without the partition's column",
        )
}

fn one_format(files: &[(Format, PathBuf)]) -> Result<Option<Format>> {
    let Some((format, first)) = files.first() else { return Ok(None) };
    match files.iter().find(|(other, _)| other != format) {
        None => Ok(Some(*format)),
        Some((_, other)) => Err(Error::store(format!(
            "the files of one table have different formats: {} and {}",
            first.display(),
            other.display()
        ))
        .hint("keep Parquet and CSV files of one table apart")),
    }
}

/// The Parquet files of a Delta or Hudi table are not its rows: some of them have been deleted or replaced since.
fn refuse_table_formats(directory: &Path, listing: &Listing) -> Result<()> {
    for (mark, format) in [("_delta_log", "Delta Lake"), (".hoodie", "Hudi")] {
        if listing.directories.iter().any(|name| name == mark) {
            return Err(Error::store(format!("this is a {format} table, not a directory of plain files"))
                .at(directory.display())
                .hint("export the version to be compared to Parquet files of its own"));
        }
    }
    Ok(())
}

fn is_hidden(name: &str) -> bool {
    name.starts_with(['.', '_'])
}

fn file_name(path: &Path) -> String {
    match path.file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => {
            path.canonicalize().ok().and_then(|p| Some(p.file_name()?.to_string_lossy().into())).unwrap_or_default()
        }
    }
}

fn stem(name: &str) -> String {
    match Format::of(name) {
        Some(_) => name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_string(),
        None => name.to_string(),
    }
}

#[cfg(test)]
mod tests;
