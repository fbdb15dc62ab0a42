//! Runs the built binary and holds what came of it.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::result::Report;
use crate::servers::{PASSWORD, PASSWORD_IN_URL};

/// No run of a test may take longer; one that does hangs.
const SECONDS_MAX: u64 = 180;

/// The binary and a folder of its own to run in. Reports go to `reports` there, as they do by default.
pub struct Tieout {
    /// The folder.
    pub folder: TempDir,
}

/// A run under way.
pub struct Running<'a> {
    tieout: &'a Tieout,
    child: Child,
    streams: [JoinHandle<Vec<u8>>; 2],
    begin: Instant,
}

/// A finished run.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
    reports: PathBuf,
}

impl Tieout {
    /// In a new folder.
    pub fn new() -> Self {
        Self { folder: TempDir::new().expect("a folder") }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(&file, content).expect("a file");
        file
    }

    /// `tieout` with these arguments, not yet started.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(self.folder.path());
        // What a job that runs the tests has set is not meant for the runs of the tests.
        command.env_remove("GITHUB_STEP_SUMMARY").env_remove("TIEOUT_HASH_KEY");
        command
    }

    /// Runs `tieout` with these arguments to its end.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Outcome {
        self.start(self.command(arguments)).end()
    }

    /// `tieout diff SOURCE TARGET` with more arguments.
    pub fn diff(&self, source: impl AsRef<OsStr>, target: impl AsRef<OsStr>, more: &[&str]) -> Outcome {
        let arguments = ["diff".as_ref(), source.as_ref(), target.as_ref()];
        self.run(arguments.into_iter().chain(more.iter().map(OsStr::new)))
    }

    /// Starts a command.
    pub fn start(&self, mut command: Command) -> Running<'_> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("the command starts");
        let streams = [
            collect(child.stdout.take().expect("stdout is a pipe")),
            collect(child.stderr.take().expect("stderr is a pipe")),
        ];
        Running { tieout: self, child, streams, begin: Instant::now() }
    }

    /// The run directory of the newest run.
    pub fn latest(&self) -> PathBuf {
        self.path("reports/latest")
    }

    /// All files beneath a path of the folder.
    pub fn files(&self, name: &str) -> Vec<PathBuf> {
        files_beneath(&self.path(name))
    }
}

impl Running<'_> {
    /// Sends a signal, for example `INT`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status();
        assert!(status.expect("sh starts").success(), "kill -{name} failed: the run had already ended");
    }

    /// The process's command line as everyone on the machine can see it.
    pub fn title(&self) -> String {
        let line = std::fs::read(format!("/proc/{}/cmdline", self.child.id())).expect("/proc");
        String::from_utf8_lossy(&line).replace('\0', " ")
    }

    /// Whether it is still running.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_none()
    }

    /// Waits for its end. No password may have got anywhere.
    pub fn end(mut self) -> Outcome {
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                break Some(status);
            }
            if self.begin.elapsed() > Duration::from_secs(SECONDS_MAX) {
                let _ = self.child.kill();
                let _ = self.child.wait();
                break None;
            }
            thread::sleep(Duration::from_millis(5));
        };
        let [stdout, stderr] = self
            .streams
            .map(|stream| String::from_utf8(stream.join().expect("a stream ends")).expect("tieout prints UTF-8"));
        assert!(status.is_some(), "tieout hung for {SECONDS_MAX} seconds:\n{stdout}\n{stderr}");
        let reports = self.tieout.path("reports");
        let outcome = Outcome { code: status.and_then(|status| status.code()), stdout, stderr, reports };
        outcome.assert_no_password();
        outcome
    }
}

impl Outcome {
    /// Fails unless the exit code is `code`.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "exit code\n{self}");
        self
    }

    /// Fails unless the run failed with `code` and said so in exactly one message: what, where, what to do.
    #[track_caller]
    pub fn fails(self, code: i32) -> Self {
        let outcome = self.exits(code);
        assert_eq!(outcome.lines_with("error:").len(), 1, "one error, not more and not less\n{outcome}");
        assert_eq!(outcome.lines_with("hint:").len(), 1, "one hint\n{outcome}");
        assert!(!outcome.stderr.contains("panicked"), "a panic\n{outcome}");
        outcome.assert_nothing_looks_equal();
        outcome
    }

    /// Fails unless the error message, hint included, contains each of these texts.
    #[track_caller]
    pub fn saying(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "`{text}` is not in the message\n{self}");
        }
        self
    }

    /// What the newest run wrote.
    #[track_caller]
    pub fn report(&self) -> Report {
        Report::read(&self.reports.join("latest")).unwrap_or_else(|e| panic!("no report: {e}\n{self}"))
    }

    /// Fails where any summary claims a match.
    #[track_caller]
    pub fn assert_nothing_looks_equal(&self) {
        for file in files_beneath(&self.reports) {
            if file.ends_with("summary.json") {
                let summary = std::fs::read_to_string(&file).expect("a summary");
                let summary: serde_json::Value = serde_json::from_str(&summary).expect("a summary is JSON");
                assert_ne!(summary["verdict"], "match", "{} looks finished\n{self}", file.display());
                assert_eq!(summary["exit_code"], self.code.expect("an exit code"), "{}", file.display());
            }
        }
    }

    fn lines_with(&self, text: &str) -> Vec<&str> {
        self.stderr.lines().filter(|line| line.contains(text)).collect()
    }

    #[track_caller]
    fn assert_no_password(&self) {
        let mut places = vec![("stdout".to_owned(), self.stdout.clone().into_bytes())];
        places.push(("stderr".to_owned(), self.stderr.clone().into_bytes()));
        for file in files_beneath(&self.reports) {
            places.push((file.display().to_string(), std::fs::read(&file).unwrap_or_default()));
        }
        for (place, bytes) in places {
            for password in [PASSWORD, PASSWORD_IN_URL] {
                let found = memchr::memmem::find(&bytes, password.as_bytes()).is_some();
                assert!(!found, "the password is in {place}");
            }
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit code {:?}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// The binary under test: the one of this build, or another that is to be tried (`tests/conformance/mutate.sh`).
fn program() -> PathBuf {
    std::env::var_os("TIEOUT_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_tieout").into(), PathBuf::from)
}

/// All files beneath a folder, in name order; none where there is no folder. Symbolic links are not followed.
pub fn files_beneath(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(|entry| entry.file_name());
    let mut files = Vec::new();
    for entry in entries {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files.extend(files_beneath(&entry.path())),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}

fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        bytes
    })
}
