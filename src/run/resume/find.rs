//! Which run is meant: by its directory, its id, or `latest`.

use std::path::{Path, PathBuf};

use super::FOLDER;
use super::journal::RunState;
use crate::error::{Error, Result};

/// The directory of the run that is to be taken up. `latest` is the newest in `out` whose plan has the hash `plan` and that can be
/// taken up.
pub(in crate::run) fn find(run: &str, out: &Path, plan: &str) -> Result<PathBuf> {
    if run == "latest" {
        return latest(out, plan);
    }
    let found = [PathBuf::from(run), out.join(run)].into_iter().find(|path| path.is_dir());
    let path = found.ok_or_else(|| {
        Error::usage("there is no such run to take up")
            .at(out.join(run).display())
            .hint("give the directory of a run, its id, or latest; --out says where run directories are")
    })?;
    // A link such as OUT/latest would stay behind when the run gets its end.
    path.canonicalize().map_err(|e| Error::usage("the run directory cannot be read").at(path.display()).because(e))
}

fn latest(out: &Path, plan: &str) -> Result<PathBuf> {
    let entries = std::fs::read_dir(out).into_iter().flatten().flatten().map(|entry| entry.path());
    let fits = |path: &PathBuf| {
        !path.is_symlink() && RunState::read(&path.join(FOLDER)).is_some_and(|state| state.is_of(plan))
    };
    let newest = entries.filter(fits).max_by_key(|path| path.file_name().map(std::ffi::OsStr::to_owned));
    newest.ok_or_else(|| {
        Error::usage("there is no run of this config that could be taken up")
            .at(out.display())
            .hint("run without --resume; or name the run, to hear why it cannot be taken up")
    })
}
