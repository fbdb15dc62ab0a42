//! PostgreSQL clusters for tests.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::{PASSWORD, PASSWORD_IN_URL, Supervised, USER, is_root, program, unique};

const FOLDERS: &[&str] = &["/usr/lib/postgresql/*/bin"];

/// A PostgreSQL cluster.
pub struct Postgres {
    /// The running server.
    pub server: Supervised,
}

impl Postgres {
    /// The cluster all tests share, started by the first that asks.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A cluster of one's own, for a test that kills it.
    pub fn start() -> Self {
        Self::with("")
    }

    /// A standby that replays what the cluster on this port writes.
    pub fn standby_of(primary: &Self) -> Self {
        Self::with(&primary.server.port.to_string())
    }

    fn with(primary: &str) -> Self {
        let postgres = program("postgres", FOLDERS);
        let folder = postgres.parent().expect("a program lies in a folder").to_str().expect("a path in UTF-8");
        Self { server: Supervised::start(include_str!("postgres.sh"), &[folder, primary]) }
    }

    /// Starts a cluster of one's own again after it was killed. The supervising shell stops it, by its directory.
    pub fn start_again(&self) {
        let socket = format!(".s.PGSQL.{}", self.server.port);
        let pattern = std::env::temp_dir().join("tieout-postgres.*").join(socket);
        let found = glob::glob(pattern.to_str().expect("a path in UTF-8")).expect("a pattern").flatten().next();
        let folder = found.and_then(|socket| socket.parent().map(PathBuf::from)).expect("the folder of the cluster");
        let pg_ctl = program("pg_ctl", FOLDERS);
        // The processes that were killed hold the shared memory until the last of them is gone.
        for attempt in 0.. {
            let mut command = Command::new(if is_root() { "runuser".into() } else { pg_ctl.clone() });
            if is_root() {
                command.args(["-u", "postgres", "--"]).arg(&pg_ctl);
            }
            command.arg("start").arg("--pgdata").arg(folder.join("data")).arg("--log").arg(folder.join("log"));
            command.args(["--wait", "--silent"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            if command.status().expect("pg_ctl starts").success() {
                return;
            }
            let said = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(attempt < 30, "the cluster did not start again: {said}");
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
    }

    /// Creates a database and fills it by a script.
    pub fn database(&self, what: &str, script: &str) -> String {
        let name = unique(what);
        self.run("postgres", &format!("CREATE DATABASE {name}"));
        self.run(&name, script);
        name
    }

    /// Creates a copy of a database.
    pub fn copy(&self, original: &str, what: &str) -> String {
        let name = unique(what);
        self.run("postgres", &format!("CREATE DATABASE {name} TEMPLATE {original}"));
        name
    }

    /// The URL of a database, as tieout takes it, password included.
    pub fn url(&self, database: &str) -> String {
        self.url_at(self.server.port, database)
    }

    /// The same through another port, for example a [`crate::valve::Valve`]'s.
    pub fn url_at(&self, port: u16, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD_IN_URL}@127.0.0.1:{port}/{database}")
    }

    /// Runs a script; panics where it fails. Returns what it printed.
    pub fn run(&self, database: &str, script: &str) -> String {
        self.run_as(USER, database, script)
    }

    /// The same as another user, for example the superuser `postgres`.
    pub fn run_as(&self, user: &str, database: &str, script: &str) -> String {
        let mut child = self.psql(database).args(["-U", user]).spawn().expect("psql starts");
        std::io::Write::write_all(&mut child.stdin.take().expect("stdin is a pipe"), script.as_bytes())
            .expect("psql reads");
        let output = child.wait_with_output().expect("psql ends");
        assert!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("psql prints UTF-8")
    }

    /// A client that takes statements from a pipe and prints bare values.
    pub fn psql(&self, database: &str) -> Command {
        let psql: PathBuf = program("psql", FOLDERS);
        let mut command = Command::new(psql);
        command
            .args(["-h", "127.0.0.1", "-p", &self.server.port.to_string(), "-U", USER, "-d", database])
            .args(["-qXtA", "-v", "ON_ERROR_STOP=1"])
            .env("PGPASSWORD", PASSWORD)
            .env("PGOPTIONS", "-c client_min_messages=warning")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}
