//! A place of the test's own, and the daemon in it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use aegis_api::Client;
use tempfile::TempDir;
use tokio::time::sleep;

/// No BPF file system can be here, so a node observes without the kernel, even as root; and little
/// history, so that old entries go all the time.
const CONFIG: &str = "bpffs = \"/proc/none\"\n[history]\nentries_max = 1000\n";

/// How often is looked whether the daemon answers, and how often at most: half a minute.
const INTERVAL: Duration = Duration::from_millis(5);
const LOOKS_MAX: u32 = 6_000;

/// Directories that go with the test.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("aegis-").tempdir();
        let directory = directory.expect("a directory can be made");
        fs::write(directory.path().join("aegis.toml"), CONFIG).expect("a file can be written");
        Self(directory)
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.0.path().join("run/default.sock"))
    }

    /// Returns the path of another socket beside the daemon's.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.0.path().join("run").join(name)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.0.path().join("state/aegis.db")
    }
}

/// A daemon; dropping it kills it.
pub(crate) struct Daemon {
    process: Child,
    log: PathBuf,
}

impl Daemon {
    pub(crate) fn start(place: &Place) -> Self {
        let path: &Path = place.0.path();
        let log = path.join("log");
        let process = Command::new(env!("CARGO_BIN_EXE_aegis"))
            .args(["run", "--observe", "--no-p2p", "--log", "warn"])
            .env_clear()
            .env("AEGIS_CONFIG", path.join("aegis.toml"))
            .env("AEGIS_STATE_DIR", path.join("state"))
            .env("AEGIS_RUNTIME_DIR", path.join("run"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("a file can be made"))
            .spawn();
        Self {
            process: process.expect("the program starts"),
            log,
        }
    }

    /// Waits until it answers.
    pub(crate) async fn answers(&mut self, client: &Client) {
        for _ in 0..LOOKS_MAX {
            if client.status().await.is_ok() {
                return;
            }
            let ended = self.process.try_wait().expect("a child of ours");
            let said = || fs::read_to_string(&self.log).unwrap_or_default();
            assert!(
                ended.is_none(),
                "it does not start again: {ended:?}\n{}",
                said()
            );
            sleep(INTERVAL).await;
        }
        panic!("it does not answer");
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("a child of ours");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
