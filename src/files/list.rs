//! What a directory holds, and what a glob matches.

use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

use crate::error::{Error, Result};

/// The names of the entries of a directory, each list in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Files, and links to files.
    pub files: Vec<String>,
    /// Directories, and links to directories.
    pub directories: Vec<String>,
}

/// Lists one directory, hidden entries included.
pub fn list(directory: &Path) -> Result<Listing> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let unreadable = |e: object_store::Error| {
        Error::store("cannot list a directory").at(directory.display()).because(e).hint("check its permissions")
    };
    let store = LocalFileSystem::new_with_prefix(directory).map_err(unreadable)?;
    // Local listing is done by the time the future is polled, or on another thread: nothing waits for this one.
    let listed = futures::executor::block_on(store.list_with_delimiter(None)).map_err(unreadable)?;
    let name = |path: &object_store::path::Path| path.filename().map(str::to_string);
    let mut listing = Listing {
        files: listed.objects.iter().filter_map(|object| name(&object.location)).collect(),
        directories: listed.common_prefixes.iter().filter_map(name).collect(),
    };
    listing.files.sort();
    listing.directories.sort();
    check_complete(directory, &listing)?;
    Ok(listing)
}

/// object_store passes over broken links and names such as `part#1`, silently. A file that is passed over would be rows
/// that nobody compared, so it is an error.
fn check_complete(directory: &Path, listing: &Listing) -> Result<()> {
    let unreadable = |e| Error::store("cannot list a directory").at(directory.display()).because(e);
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let known = name.to_str().is_some_and(|name| {
            let has = |names: &[String]| names.binary_search_by(|other| other.as_str().cmp(name)).is_ok();
            has(&listing.files) || has(&listing.directories)
        });
        if !known {
            return Err(Error::store("an entry of a directory cannot be read as a file")
                .at(directory.join(&name).display())
                .hint("it is a broken link, or its name has a # before digits: remove or rename it"));
        }
    }
    Ok(())
}

/// Whether a path holds any of the wildcards `*`, `?` and `[`.
pub fn has_wildcards(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The files that a glob matches, in order. Wildcards do not match a leading dot, nor `/`; `**` matches any number of
/// directories.
pub fn expand(pattern: &str) -> Result<Vec<PathBuf>> {
    let mut base = PathBuf::new();
    let mut rest = Vec::new();
    for component in Path::new(pattern).components() {
        match component {
            Component::Normal(name) => {
                let name = name.to_string_lossy();
                if rest.is_empty() && !has_wildcards(&name) {
                    base.push(&*name);
                } else {
                    let wildcard = Pattern::new(&name).map_err(|e| {
                        Error::usage("this is no glob")
                            .because(e)
                            .hint("wildcards are *, ?, [abc] and **; a literal bracket is written [[]")
                    })?;
                    rest.push(wildcard);
                }
            }
            other => base.push(other),
        }
    }
    let mut found = Vec::new();
    if base.as_os_str().is_empty() || base.is_dir() {
        descend(&base, &rest, &mut found)?;
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn descend(directory: &Path, patterns: &[Pattern], found: &mut Vec<PathBuf>) -> Result<()> {
    let Some((first, rest)) = patterns.split_first() else { return Ok(()) };
    let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::default() };
    let listing = list(directory)?;
    if first.as_str() == "**" {
        descend(directory, rest, found)?;
        for name in listing.directories.iter().filter(|name| !name.starts_with('.')) {
            descend(&directory.join(name), patterns, found)?;
        }
    } else if rest.is_empty() {
        found.extend(listing.files.iter().filter(|name| first.matches_with(name, options)).map(|n| directory.join(n)));
    } else {
        for name in listing.directories.iter().filter(|name| first.matches_with(name, options)) {
            descend(&directory.join(name), rest, found)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: PathBuf) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "a\n").unwrap();
    }

    #[test]
    fn a_listing_names_files_and_directories_however_odd_their_names_are() {
        let root = tempfile::tempdir().unwrap();
        let odd = ["a b~[1]%20.csv", "ü&{x}.csv", "plain.csv", ".hidden.csv", "no-number#x.csv", "100%.csv"];
        for name in odd {
            touch(root.path().join(name));
        }
        touch(root.path().join("sub dir%/x.csv"));
        std::fs::create_dir(root.path().join("empty")).unwrap();
        let listing = list(root.path()).unwrap();
        let mut expected: Vec<String> = odd.iter().map(|n| n.to_string()).collect();
        expected.sort();
        assert_eq!(listing.files, expected);
        assert_eq!(listing.directories, ["empty", "sub dir%"]);
    }

    #[test]
    fn a_file_that_object_store_would_pass_over_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        touch(root.path().join("part#1"));
        let error = list(root.path()).unwrap_err();
        assert!(error.to_string().contains("part#1"), "{error}");
        assert!(error.advice().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_broken_link_is_an_error_and_a_good_one_a_file() {
        let root = tempfile::tempdir().unwrap();
        touch(root.path().join("real.csv"));
        std::os::unix::fs::symlink("real.csv", root.path().join("link.csv")).unwrap();
        assert_eq!(list(root.path()).unwrap().files, ["link.csv", "real.csv"]);
        std::os::unix::fs::symlink("gone.csv", root.path().join("broken.csv")).unwrap();
        assert!(list(root.path()).unwrap_err().to_string().contains("broken.csv"));
    }

    #[test]
    fn a_glob_matches_names_within_their_directories() {
        let root = tempfile::tempdir().unwrap();
        for name in ["a-1.csv", "a-2.csv", "b-1.csv", ".a-3.csv", "x/a-4.csv", "y/a-5.csv", "y/z/a-6.csv"] {
            touch(root.path().join(name));
        }
        let names = |pattern: &str| -> Vec<String> {
            let pattern = format!("{}/{pattern}", root.path().display());
            let found = expand(&pattern).unwrap();
            found.iter().map(|p| p.strip_prefix(root.path()).unwrap().display().to_string()).collect()
        };
        assert_eq!(names("a-*.csv"), ["a-1.csv", "a-2.csv"]);
        assert_eq!(names("?-1.csv"), ["a-1.csv", "b-1.csv"]);
        assert_eq!(names("[xy]/*.csv"), ["x/a-4.csv", "y/a-5.csv"]);
        assert_eq!(names("*/a-4.csv"), ["x/a-4.csv"]);
        assert_eq!(names("y/**/*.csv"), ["y/a-5.csv", "y/z/a-6.csv"]);
        assert!(names("c-*.csv").is_empty());
        assert!(names("nowhere/*.csv").is_empty());
    }

    #[test]
    fn a_pattern_that_is_no_glob_is_wrong_usage() {
        assert_eq!(expand("/tmp/[a.csv").unwrap_err().kind(), crate::error::ErrorKind::Usage);
    }

    #[tokio::test]
    async fn a_directory_can_be_listed_from_within_a_runtime() {
        let root = tempfile::tempdir().unwrap();
        touch(root.path().join("a.csv"));
        assert_eq!(list(root.path()).unwrap().files, ["a.csv"]);
    }
}
