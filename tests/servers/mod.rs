//! Throw-away database servers: our own clusters, on free ports of 127.0.0.1, in directories that are removed again.
//!
//! A server is started and stopped by a supervising shell that holds a pipe from this process on its standard input.
//! However this process ends (also by `kill -9`), the pipe closes, the shell's `read` returns, the server is stopped and
//! its directory removed. Nothing depends on destructors, which statics never run.

mod mariadb;
mod postgres;

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

pub use mariadb::MariaDb;
pub use postgres::Postgres;

/// The password of every test user. It needs escaping in a URL, and stands in no other text: a search for it finds leaks.
pub const PASSWORD: &str = "Zq7/never:shown@x";
/// [`PASSWORD`] as a URL spells it.
pub const PASSWORD_IN_URL: &str = "Zq7%2Fnever%3Ashown%40x";
/// The user that owns the test databases.
pub const USER: &str = "app";

/// A running server and the shell that watches over it.
pub struct Supervised {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// The process id of the server.
    pub pid: u32,
    lifeline: Option<ChildStdin>,
    shell: Child,
}

impl Supervised {
    /// Runs a script of this folder with the given arguments, the port last, until it says `ready`.
    fn start(script: &str, arguments: &[&str]) -> Self {
        let port = free_port();
        let mut shell = Command::new("sh")
            .arg("-c")
            .arg(script)
            .arg("tieout-test-server")
            .args(arguments)
            .arg(port.to_string())
            .env("TIEOUT_TEST_PASSWORD", PASSWORD)
            .current_dir("/")
            // Apart from this process's group: Ctrl-C at the terminal must not end the shell before it has cleaned up.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh starts");
        let lifeline = shell.stdin.take();
        let mut answer = String::new();
        BufReader::new(shell.stdout.take().expect("stdout is a pipe"))
            .read_line(&mut answer)
            .expect("the shell answers");
        let Some(pid) = answer.strip_prefix("ready ").and_then(|pid| pid.trim().parse().ok()) else {
            drop(lifeline);
            let mut trouble = String::new();
            shell.stderr.take().expect("stderr is a pipe").read_to_string(&mut trouble).expect("stderr is text");
            panic!("a throw-away server did not start:\n{trouble}");
        };
        Self { port, pid, lifeline, shell }
    }

    /// The command line of the server, to start it again with.
    pub fn command_line(&self) -> Vec<String> {
        let line = std::fs::read(format!("/proc/{}/cmdline", self.pid)).expect("/proc");
        String::from_utf8_lossy(&line).split_terminator('\0').map(str::to_owned).collect()
    }

    /// `kill -9` to the server and all processes it has started, as a power cut would.
    pub fn kill(&self) {
        let mut pids = children_of(self.pid);
        pids.push(self.pid);
        let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
        Command::new("kill").arg("-9").args(&pids).status().expect("kill runs");
    }
}

impl Drop for Supervised {
    /// For servers that are no statics: ends the shell's input, then waits until it has cleaned up.
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let _ = self.shell.wait();
    }
}

/// A folder for files that several tests share. It goes when this process goes, in the manner of the servers.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<(PathBuf, Child)> = OnceLock::new();
    let make = || {
        let script = r#"set -e; dir=$(mktemp -d "${TMPDIR:-/tmp}/tieout-files.XXXXXX"); trap 'rm -rf "$dir"' EXIT
            trap 'exit 1' INT TERM HUP; echo "$dir"; while read -r _; do :; done"#;
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = shell.spawn().expect("sh starts");
        let mut folder = String::new();
        BufReader::new(shell.stdout.take().expect("a pipe")).read_line(&mut folder).expect("the shell answers");
        // The child keeps its end of the pipe open for as long as this process lives.
        (PathBuf::from(folder.trim_end()), shell)
    };
    &FOLDER.get_or_init(make).0
}

/// A name no other test of this process uses.
pub fn unique(what: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{what}_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A port on 127.0.0.1 on which nobody listens.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// The newest of the programs of this name in `folders` (patterns), then on the PATH.
fn program(name: &str, folders: &[&str]) -> PathBuf {
    let packaged =
        folders.iter().flat_map(|folder| glob::glob(&format!("{folder}/{name}")).expect("a pattern").flatten());
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&on_path).map(|folder| folder.join(name)).collect();
    packaged
        .max_by_key(|path| version_in(path))
        .or_else(|| on_path.into_iter().find(|path| path.is_file()))
        .unwrap_or_else(|| panic!("`{name}` is not installed: run `ci/test`, which installs what the tests need"))
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

fn version_in(path: &Path) -> u32 {
    path.components().filter_map(|c| c.as_os_str().to_str()?.parse().ok()).next_back().unwrap_or(0)
}

fn children_of(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").expect("/proc");
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses and may hold blanks; the parent follows the state after it.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
