//! MariaDB servers for tests.

use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::{PASSWORD, PASSWORD_IN_URL, Supervised, USER, is_root, program, unique};

const FOLDERS: &[&str] = &["/usr/sbin", "/usr/bin"];

/// A server that was started again, and ends with this.
pub struct Again(Child);

impl Drop for Again {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A MariaDB server.
pub struct MariaDb {
    /// The running server.
    pub server: Supervised,
}

impl MariaDb {
    /// The server all tests share, started by the first that asks.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<MariaDb> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A server of one's own, for a test that kills it.
    pub fn start() -> Self {
        Self::with("", "")
    }

    /// A server that keeps a binary log under this number.
    pub fn with_binary_log(server_id: u32) -> Self {
        Self::with("", &format!("--log-bin=binlog --server-id={server_id} --sync-binlog=0"))
    }

    /// A server that offers encrypted sessions.
    pub fn with_tls() -> Self {
        Self::with(program("openssl", FOLDERS).to_str().expect("a path in UTF-8"), "")
    }

    fn with(openssl: &str, options: &str) -> Self {
        let programs = ["mariadb-install-db", "mariadbd", "mariadb"].map(|name| program(name, FOLDERS));
        let [install, server, client] = programs.each_ref().map(|path| path.to_str().expect("a path in UTF-8"));
        Self { server: Supervised::start(include_str!("mariadb.sh"), &[install, server, client, openssl, options]) }
    }

    /// Starts a server of one's own again after it was killed, by the command line it had.
    pub fn start_again(&self, command_line: &[String]) -> Again {
        let mut command = match is_root() {
            true => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=mysql", "--regid=mysql", "--clear-groups", "--"]).arg(&command_line[0]);
                command
            }
            false => Command::new(&command_line[0]),
        };
        command.args(&command_line[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let again = Again(command.spawn().expect("the server starts"));
        let begin = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.server.port)).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(60), "the server did not start again");
            std::thread::sleep(Duration::from_millis(50));
        }
        again
    }

    /// Creates a database and fills it by a script.
    pub fn database(&self, what: &str, script: &str) -> String {
        let name = unique(what);
        self.run("mysql", &format!("CREATE DATABASE {name}"));
        self.run(&name, script);
        name
    }

    /// The URL of a database, as tieout takes it, password included.
    pub fn url(&self, database: &str) -> String {
        self.url_as(USER, self.server.port, database)
    }

    /// The same for another user, or through another port.
    pub fn url_as(&self, user: &str, port: u16, database: &str) -> String {
        format!("mysql://{user}:{PASSWORD_IN_URL}@127.0.0.1:{port}/{database}")
    }

    /// Runs a script; panics where it fails. Returns what it printed.
    pub fn run(&self, database: &str, script: &str) -> String {
        let mut child = Command::new(program("mariadb", FOLDERS))
            .args(["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", &format!("--port={}", self.server.port)])
            .args([
                "--skip-ssl",
                "--default-character-set=utf8mb4",
                "--batch",
                "--skip-column-names",
                &format!("--user={USER}"),
                database,
            ])
            .env("MYSQL_PWD", PASSWORD)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("mariadb starts");
        std::io::Write::write_all(&mut child.stdin.take().expect("stdin is a pipe"), script.as_bytes())
            .expect("mariadb reads");
        let output = child.wait_with_output().expect("mariadb ends");
        assert!(output.status.success(), "mariadb: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("mariadb prints UTF-8")
    }
}
