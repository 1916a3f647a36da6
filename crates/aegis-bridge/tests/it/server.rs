//! A real `redis-server` on a socket in a directory of its own.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use tempfile::TempDir;

/// How often is looked, and how often at most: 20 seconds.
const INTERVAL: Duration = Duration::from_millis(10);
const LOOKS_MAX: u32 = 2_000;

/// A server, killed with this value.
pub(crate) struct Server {
    process: Option<Child>,
    directory: TempDir,
}

impl Server {
    /// Starts a server; `None` where this host has none, which is told.
    pub(crate) fn start() -> Option<Self> {
        let found = Command::new("redis-server")
            .arg("--version")
            .stdout(Stdio::null())
            .status();
        if found.is_err() {
            let why = "there is no redis-server";
            let is_required = std::env::var_os("AEGIS_REQUIRE_KERNEL").is_some_and(|it| it == "1");
            assert!(!is_required, "{why}");
            eprintln!("SKIPPED: {why}");
            return None;
        }
        let mut server = Self {
            process: None,
            directory: tempfile::tempdir().unwrap(),
        };
        server.revive();
        Some(server)
    }

    /// Starts it anew, with nothing in it.
    pub(crate) fn revive(&mut self) {
        let process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--dir"])
            .arg(self.directory.path())
            .arg("--unixsocket")
            .arg(self.socket())
            .stdout(Stdio::null())
            .spawn();
        self.process = Some(process.unwrap());
        until("the server answers", || self.try_connect());
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Sends it a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.as_ref().unwrap().id().to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill -s \"$1\" \"$2\"", "kill", name, &id])
            .status();
        assert!(sent.unwrap().success(), "SIG{name}");
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Returns the members of a sorted set with their scores, in the order of those.
    pub(crate) fn members(&self, key: &str) -> Vec<(String, f64)> {
        let mut connection = self.try_connect().unwrap();
        let mut command = redis::cmd("ZRANGE");
        let command = command.arg(key).arg(0).arg(-1).arg("WITHSCORES");
        command.query(&mut connection).unwrap()
    }

    /// Returns the names of all that is kept.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut connection = self.try_connect().unwrap();
        redis::cmd("KEYS").arg("*").query(&mut connection).unwrap()
    }

    fn try_connect(&self) -> Option<redis::Connection> {
        redis::Client::open(self.url()).ok()?.get_connection().ok()
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("redis.sock")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // Both fail only where it has ended already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Looks until there is something to return.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS_MAX {
        if let Some(found) = look() {
            return found;
        }
        thread::sleep(INTERVAL);
    }
    panic!("waited in vain: {what}")
}
