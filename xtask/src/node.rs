//! A node to check things against: it observes, talks to nobody, and lives in a directory of its own that goes
//! with it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::shell;

/// How often is looked whether the node answers, and how far apart.
const LOOKS: (u32, Duration) = (600, Duration::from_millis(50));

/// A node that runs until this is dropped.
pub(crate) struct Node {
    pub(crate) program: PathBuf,
    /// A directory of its own, which goes with it.
    pub(crate) directory: PathBuf,
    child: Child,
}

impl Node {
    /// Builds the program and starts it; `purpose` is in the name of its directory.
    pub(crate) fn start(purpose: &str) -> Result<Self> {
        let package = ["build", "--quiet", "--package", "aegis", "--bin", "aegis"];
        shell::run(&mut shell::cargo(&package))?;
        let program = &shell::target_folder()?.join("debug/aegis");
        let name = format!("aegis-{purpose}-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).context("make a directory")?;
        let config = "observe = true\nbpffs = \"/proc/none\"\n\
                      [p2p]\nlisten = [\"/ip4/127.0.0.1/tcp/0\"]\nmdns = false\n\
                      [api]\nenabled = true\nlisten = \"127.0.0.1:0\"\n";
        fs::write(directory.join("aegis.toml"), config).context("write a configuration")?;
        let log = File::create(directory.join("log")).context("make a log")?;
        let mut command = Self::command(program, &directory);
        let child = command.arg("run").stdout(Stdio::null()).stderr(log).spawn();
        let mut node = Self {
            program: program.to_owned(),
            child: child.context("start a node")?,
            directory,
        };
        for _ in 0..LOOKS.0 {
            if node.ask(&["status"]).is_ok() {
                return Ok(node);
            }
            let ended = node.child.try_wait().context("look at the node")?;
            ensure!(ended.is_none(), "the node ended: {}", node.last_words());
            thread::sleep(LOOKS.1);
        }
        bail!("the node does not answer: {}", node.last_words())
    }

    /// Has a command find the node.
    pub(crate) fn lead(&self, command: &mut Command) {
        Self::lead_to(&self.directory, command);
    }

    fn lead_to(directory: &Path, command: &mut Command) {
        command
            .env("AEGIS_CONFIG", directory.join("aegis.toml"))
            .env("AEGIS_STATE_DIR", directory.join("state"))
            .env("AEGIS_RUNTIME_DIR", directory.join("run"));
    }

    fn command(program: &Path, directory: &Path) -> Command {
        let mut command = shell::program(program);
        Self::lead_to(directory, &mut command);
        command.stdin(Stdio::null());
        command
    }

    /// Returns where its HTTP API is, and the secret of a key of this scope.
    pub(crate) fn api(&self, scope: &str) -> Result<(String, String)> {
        let created = self.ask(&["key", "create", "xtask", "--scope", scope])?;
        let secret = created["secret"].as_str().context("a key has a secret")?;
        let status = self.ask(&["status"])?;
        let url = status["api"].as_str().context("the node serves HTTP")?;
        Ok((url.to_owned(), secret.to_owned()))
    }

    fn ask(&self, words: &[&str]) -> Result<Value> {
        let mut command = Self::command(&self.program, &self.directory);
        let said = shell::capture(command.args(words).arg("--json"))?;
        serde_json::from_str(&said).context("read an answer")
    }

    /// Returns the end of its log.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Best effort: these fail only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
