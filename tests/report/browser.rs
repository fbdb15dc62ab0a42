//! Headless Chromium, driven by `tests/browser/check.mjs` through Playwright.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// What the browser saw of a page in which nothing is wrong; a `large` one is not judged by axe-core.
#[track_caller]
pub fn seen(report: &Path, pictures: &Path, large: bool) -> Value {
    let output = Command::new("node")
        .arg(folder().join("check.mjs"))
        .args([report, pictures])
        .args(large.then_some("large"))
        .output()
        .expect("node starts: ci/test installs what the tests need");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the page could not be driven:\n{stderr}");
    let said: Value = serde_json::from_slice(&output.stdout).expect("check.mjs prints JSON");
    assert_eq!(said["faults"], serde_json::json!([]), "of {}", report.display());
    said["seen"].clone()
}

/// The folder with the script; what it needs is there.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
        if !folder.join("node_modules/.package-lock.json").is_file() {
            let npm = Command::new("npm").args(["ci", "--ignore-scripts"]).current_dir(&folder).output();
            let npm = npm.expect("npm starts: ci/test installs what the tests need");
            assert!(npm.status.success(), "npm ci failed:\n{}", String::from_utf8_lossy(&npm.stderr));
        }
        folder
    })
}
