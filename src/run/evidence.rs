//! What a run's result stands on, written down: the plan of each table beside its snapshots, and the manifest of the run,
//! which lists every file with its hash.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::directory::{RunDirectory, folder};
use super::signature::SigningKey;
use crate::config::Options;
use crate::error::{Error, Result};
use crate::files;
use crate::model::{
    MANIFEST_FILE, Manifest, ManifestPart, Pair, RUN_FORMAT, RunFile, RunManifest, RunStore, RunTable, SIGNATURE_FILE,
    StoreResult, Summary, TablePlan, TableResult,
};
use crate::report;

/// The plan of a table, beside its snapshots.
pub(super) const PLAN_FILE: &str = "plan.json";
/// The result, whose presence says that the run is finished.
pub(super) const SUMMARY_FILE: &str = "summary.json";

/// What the result of a table stands on.
pub(super) struct TableProof {
    pub roots: Option<Pair<String>>,
    pub snapshots: bool,
}

/// What the result of a run stands on.
pub(super) struct RunProof<'a> {
    pub options: &'a Options,
    pub repeat: String,
    pub coordinates: Pair<BTreeMap<String, String>>,
    pub tables: BTreeMap<String, TableProof>,
    /// Files whose hashes are known already.
    pub hashed: &'a [RunFile],
    /// A folder that goes once all is written, and belongs to no finished run.
    pub left_out: Option<&'a str>,
}

/// Writes the plan of a table into the folder of its snapshots, so that the comparison can be repeated from them alone.
pub(super) fn write_plan(table: &TablePlan, folder: &Path) -> Result<()> {
    let path = folder.join(PLAN_FILE);
    let bytes =
        serde_json::to_vec_pretty(table).map_err(|e| Error::output("cannot write a plan as JSON").because(e))?;
    fs::write(&path, bytes).map_err(|e| {
        Error::output("cannot write the plan of a table")
            .at(path.display())
            .because(e)
            .hint("free space there, or choose another directory with --out")
    })
}

/// Writes the manifest, its signature, and last the summary: a run directory without one is not finished.
pub(super) fn finish(
    summary: &Summary,
    proof: RunProof<'_>,
    key: Option<&SigningKey>,
    directory: &RunDirectory,
) -> Result<()> {
    let summary_bytes = report::summary_json(summary)?;
    let mut paths = beneath(directory.path())?;
    if let Some(folder) = proof.left_out {
        paths.retain(|path| path.split('/').next() != Some(folder));
    }
    let mut files = files_of(directory.path(), paths, proof.hashed)?;
    files.push(RunFile {
        path: SUMMARY_FILE.into(),
        bytes: summary_bytes.len() as u64,
        sha256: hex::encode(Sha256::digest(&summary_bytes)),
    });
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let manifest = sealed(manifest(summary, proof, files))?;
    directory.write(MANIFEST_FILE, &manifest)?;
    if let Some(key) = key {
        directory.write(SIGNATURE_FILE, &key.sign(&manifest)?)?;
    }
    directory.write(SUMMARY_FILE, &summary_bytes)
}

/// The manifest as bytes, with its seal.
pub(super) fn sealed(mut manifest: RunManifest) -> Result<Vec<u8>> {
    manifest.seal = String::new();
    manifest.seal = hex::encode(Sha256::digest(json(&manifest)?));
    json(&manifest)
}

fn json(manifest: &RunManifest) -> Result<Vec<u8>> {
    let written = serde_json::to_vec_pretty(manifest);
    let mut bytes = written.map_err(|e| Error::output("cannot write the manifest as JSON").because(e))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn manifest(summary: &Summary, proof: RunProof<'_>, files: Vec<RunFile>) -> RunManifest {
    let RunProof { options, repeat, coordinates, mut tables, hashed: _, left_out: _ } = proof;
    let store = |store: &StoreResult, coordinates| RunStore {
        identity: store.identity.clone(),
        consistency: store.consistency.clone(),
        coordinates,
    };
    let mut table = |result: &TableResult| {
        let proof = tables.remove(&result.name).unwrap_or(TableProof { roots: None, snapshots: false });
        RunTable {
            name: result.name.clone(),
            folder: folder(&result.name),
            verdict: result.verdict,
            rows: result.rows,
            counts: result.counts,
            roots: proof.roots,
            snapshots: proof.snapshots,
        }
    };
    let hash_key = options.values.hash_key.as_ref().filter(|_| !options.values.shows_all());
    RunManifest {
        format: RUN_FORMAT.into(),
        run: summary.run.id.clone(),
        started: summary.run.started.clone(),
        finished: summary.run.finished.clone(),
        version: summary.run.version.clone(),
        config_sha256: options.config_sha256.clone(),
        repeat,
        values: options.values.clone(),
        hash_key: hash_key.map(|key| key.fingerprint()),
        keep_snapshots: options.keep_snapshots,
        source: store(&summary.source, coordinates.source),
        target: store(&summary.target, coordinates.target),
        verdict: summary.verdict,
        exit_code: summary.exit_code,
        tables: summary.tables.iter().map(&mut table).collect(),
        files,
        seal: String::new(),
    }
}

/// The files of some folders of a run directory, such as `tables/orders`.
pub(super) fn files_in(run: &Path, folders: &[(&str, String)]) -> Result<Vec<RunFile>> {
    let mut paths = Vec::new();
    for (kind, name) in folders {
        let folder = run.join(kind).join(name);
        if folder.is_dir() {
            walk(&folder, &format!("{kind}/{name}/"), &mut paths)?;
        }
    }
    paths.sort();
    files_of(run, paths, &[])
}

/// These files of a run directory with their hashes. Those that a snapshot's manifest has from its writing, or that are known, are
/// not computed again.
fn files_of(run: &Path, paths: Vec<String>, hashed: &[RunFile]) -> Result<Vec<RunFile>> {
    let known = hashed.iter().map(|file| (file.path.clone(), (file.bytes, file.sha256.clone())));
    let mut known: BTreeMap<String, (u64, String)> = known.collect();
    for path in paths.iter().filter(|path| path.ends_with(MANIFEST_FILE)) {
        let Some((folder, _)) = path.rsplit_once('/') else { continue };
        let text = fs::read(run.join(path)).map_err(|e| unreadable(&run.join(path), e))?;
        let Ok(manifest) = serde_json::from_slice::<Manifest>(&text) else { continue };
        for file in manifest.parts.iter().flat_map(ManifestPart::files) {
            if let Some(sha256) = &file.sha256 {
                known.insert(format!("{folder}/{}", file.path), (file.bytes, sha256.clone()));
            }
        }
    }
    let hashed = |path: String| {
        let file = run.join(&path);
        let bytes = fs::metadata(&file).map_err(|e| unreadable(&file, e))?.len();
        let sha256 = match known.remove(&path) {
            Some((expected, sha256)) if expected == bytes => sha256,
            _ => files::sha256_of(&file)?,
        };
        Ok(RunFile { path, bytes, sha256 })
    };
    paths.into_iter().map(hashed).collect()
}

/// The paths of all files beneath a run directory but its manifest and signature, sorted.
pub(super) fn beneath(run: &Path) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    walk(run, "", &mut paths)?;
    paths.retain(|path| path != MANIFEST_FILE && path != SIGNATURE_FILE);
    paths.sort();
    Ok(paths)
}

fn walk(directory: &Path, prefix: &str, paths: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(directory).map_err(|e| unreadable(directory, e))? {
        let entry = entry.map_err(|e| unreadable(directory, e))?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        // A link is not followed: it is a file that does not belong here.
        if entry.file_type().map_err(|e| unreadable(&entry.path(), e))?.is_dir() {
            walk(&entry.path(), &format!("{path}/"), paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

fn unreadable(path: &Path, cause: std::io::Error) -> Error {
    Error::snapshot("cannot read a run directory").at(path.display()).because(cause).hint("check its permissions")
}
