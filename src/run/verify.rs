//! Checks a finished run offline: that every file is the one its manifest lists, that nothing was added or taken away,
//! that the manifest is whole and signed as it should be, and if asked to that the snapshots still give the same result.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::evidence::{SUMMARY_FILE, beneath, sealed};
use super::signature::{PublicKey, fault};
use super::verify_repeat::{Repeated, repeat};
use crate::error::{Error, Result};
use crate::files;
use crate::model::{HashKey, MANIFEST_FILE, RUN_FORMAT, RunFile, RunManifest, SIGNATURE_FILE, Summary};

/// What is to be checked beside the files.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// The file of the public key that must have signed the run.
    pub key: Option<PathBuf>,
    /// Whether the comparison is repeated from the snapshots.
    pub repeat: bool,
    /// The key of hashed values, for a repetition.
    pub hash_key: Option<HashKey>,
    /// Threads of a repetition.
    pub workers: usize,
    /// The most memory a repetition's diff may take before it spills to disk.
    pub memory_bytes_max: u64,
}

/// Something that is not as the run left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, by its path within the run directory.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
}

/// Whether the run is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signed {
    /// No.
    No,
    /// By this public key, which nobody has vouched for.
    By(String),
    /// By the key that was given.
    AsGiven,
}

/// What the check came to.
#[derive(Debug)]
pub struct Verified {
    /// The run's manifest.
    pub manifest: RunManifest,
    /// What is not as the run left it; nothing, if all is.
    pub findings: Vec<Finding>,
    /// Whether it is signed, and well.
    pub signed: Signed,
    /// The tables that were compared again with the same result.
    pub repeated: Vec<String>,
    /// What kept something from being checked.
    pub failures: Vec<Error>,
}

impl Verified {
    /// 1 where something differs, 3 where something could not be checked, else 0.
    pub fn exit_code(&self) -> u8 {
        match (self.findings.is_empty(), self.failures.is_empty()) {
            (false, _) => 1,
            (true, false) => 3,
            (true, true) => 0,
        }
    }
}

/// Checks the run in a directory. Fails only where there is no manifest to check it by, or a key cannot be read.
pub async fn verify(run: &Path, options: &VerifyOptions) -> Result<Verified> {
    let key = options.key.as_deref().map(PublicKey::read).transpose()?;
    let (bytes, manifest) = read_manifest(run)?;
    let mut verified =
        Verified { manifest, findings: Vec::new(), signed: Signed::No, repeated: Vec::new(), failures: Vec::new() };
    verified.check_manifest(&bytes);
    verified.check_signature(run, &bytes, key.as_ref())?;
    verified.check_files(run)?;
    verified.check_summary(run);
    if options.repeat {
        // What was tampered with proves nothing, however often it is compared.
        if verified.findings.is_empty() {
            let Repeated { same, findings, failures } = repeat(run, &verified.manifest, options).await?;
            verified.repeated = same;
            verified.findings.extend(findings);
            verified.failures.extend(failures);
        } else {
            verified.failures.push(
                Error::snapshot("the comparison was not repeated, because files are not as the run left them")
                    .at(run.display())
                    .hint("restore the run directory from a copy"),
            );
        }
    }
    Ok(verified)
}

fn read_manifest(run: &Path) -> Result<(Vec<u8>, RunManifest)> {
    let path = run.join(MANIFEST_FILE);
    let hint =
        "name the directory of a finished run, for example reports/latest; without its manifest nothing can be checked";
    let bytes = fs::read(&path)
        .map_err(|e| Error::snapshot("cannot read the manifest of a run").at(path.display()).because(e).hint(hint))?;
    let wrong = |e: serde_json::Error| {
        let restore = "restore the run directory from a copy; without its manifest nothing can be checked";
        Error::snapshot("the manifest of a run is not well formed").at(path.display()).because(e).hint(restore)
    };
    // The version first: another version may have other fields.
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(wrong)?;
    match value.get("format").and_then(|format| format.as_str()) {
        Some(RUN_FORMAT) => Ok((bytes, serde_json::from_value(value).map_err(wrong)?)),
        other => Err(Error::snapshot(format!("no manifest of a run, but {}", other.unwrap_or("of no format")))
            .at(path.display())
            .hint(hint)),
    }
}

impl Verified {
    fn found(&mut self, path: &str, what: impl Into<String>) {
        self.findings.push(Finding { path: path.to_owned(), what: what.into() });
    }

    fn check_manifest(&mut self, bytes: &[u8]) {
        // Written anew it must be the same bytes: another content has another seal, another form is no form of ours.
        match sealed(self.manifest.clone()) {
            Ok(again) if again == bytes => {}
            _ => self.found(MANIFEST_FILE, "was changed: its seal does not fit"),
        }
    }

    fn check_signature(&mut self, run: &Path, manifest: &[u8], key: Option<&PublicKey>) -> Result<()> {
        let path = run.join(SIGNATURE_FILE);
        let signature = match fs::read(&path) {
            Ok(signature) => signature,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                if key.is_some() {
                    self.found(SIGNATURE_FILE, "is missing: the run is not signed, or its signature was taken away");
                }
                return Ok(());
            }
            Err(e) => return Err(Error::snapshot("cannot read the signature of a run").at(path.display()).because(e)),
        };
        match fault(&signature, manifest, key) {
            Some(fault) => self.found(SIGNATURE_FILE, fault),
            None if key.is_some() => self.signed = Signed::AsGiven,
            None => {
                let signature: Option<crate::model::RunSignature> = serde_json::from_slice(&signature).ok();
                self.signed = Signed::By(signature.map(|s| s.public_key).unwrap_or_default());
            }
        }
        Ok(())
    }

    fn check_files(&mut self, run: &Path) -> Result<()> {
        let files = self.manifest.files.clone();
        for file in &files {
            match check_file(run, file) {
                Ok(None) => {}
                Ok(Some(what)) => self.found(&file.path, what),
                Err(error) => self.failures.push(error),
            }
        }
        let listed: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
        for path in beneath(run)?.iter().filter(|path| !listed.contains(path.as_str())) {
            self.found(path, "was added: the manifest does not list it");
        }
        Ok(())
    }

    /// The summary that people read must be the result that the manifest states.
    fn check_summary(&mut self, run: &Path) {
        let listed = self.manifest.files.iter().any(|file| file.path == SUMMARY_FILE);
        let summary = fs::read(run.join(SUMMARY_FILE)).ok();
        let summary = summary.and_then(|bytes| serde_json::from_slice::<Summary>(&bytes).ok());
        let Some(summary) = summary else {
            if !listed || self.findings.is_empty() {
                self.found(SUMMARY_FILE, "is no summary of a run");
            }
            return;
        };
        let manifest = &self.manifest;
        let same = summary.run.id == manifest.run
            && (summary.verdict, summary.exit_code) == (manifest.verdict, manifest.exit_code)
            && summary.tables.len() == manifest.tables.len()
            && summary.tables.iter().zip(&manifest.tables).all(|(one, other)| {
                (&one.name, one.verdict, one.rows, one.counts) == (&other.name, other.verdict, other.rows, other.counts)
            });
        if !same {
            self.found(SUMMARY_FILE, "states another result than manifest.json");
        }
    }
}

/// What is wrong with a listed file, if anything is.
fn check_file(run: &Path, file: &RunFile) -> Result<Option<String>> {
    let relative = Path::new(&file.path);
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Ok(Some("is no path within the run directory".into()));
    }
    let path = run.join(relative);
    let metadata = match fs::symlink_metadata(&path) {
        Ok(metadata) => metadata,
        Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(Some("is missing".into()));
        }
        Err(e) => return Err(Error::snapshot("cannot read a file of the run").at(path.display()).because(e)),
    };
    if !metadata.is_file() {
        return Ok(Some("is no plain file any more".into()));
    }
    if metadata.len() != file.bytes {
        return Ok(Some(format!("was changed: it has {} bytes, the manifest says {}", metadata.len(), file.bytes)));
    }
    let found = files::sha256_of(&path).map_err(|e| e.hint("check its permissions"))?;
    Ok((found != file.sha256)
        .then(|| format!("was changed: its SHA-256 is {found}, the manifest says {}", file.sha256)))
}
