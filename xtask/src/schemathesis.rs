//! `cargo xtask schemathesis`: made-up requests to a running node, its answers held against the committed document.
//!
//! The node observes, talks to nobody, and lives in a directory of its own that goes with it. schemathesis
//! comes from the Python package index into a virtual environment in the target folder.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::{shell, talk};

/// The version whose checks the document passes.
const VERSION: &str = "4.32.5";

/// How often is looked whether the node answers, and how far apart.
const LOOKS: (u32, Duration) = (600, Duration::from_millis(50));

/// What `cargo xtask schemathesis` may be told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Made-up requests for each operation at most, beside those at the edges of its schemas.
    #[arg(long, default_value_t = 8)]
    examples: u32,
    /// Where choices begin; the same number makes the same requests.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Fails, rather than skips, where schemathesis cannot be had.
    #[arg(long)]
    required: bool,
}

/// Runs schemathesis; fails where it finds something.
pub(crate) fn run(args: &Args) -> Result<()> {
    let tool = match install() {
        Ok(tool) => tool,
        Err(error) if args.required => return Err(error),
        Err(error) => {
            talk::warn(format_args!("the HTTP API is not checked: {error:#}"));
            return Ok(());
        }
    };
    let package = ["build", "--quiet", "--package", "aegis", "--bin", "aegis"];
    shell::run(&mut shell::cargo(&package))?;
    let node = Node::start(&shell::target_folder()?.join("debug/aegis"))?;
    let checked = shell::run(&mut checks(args, &tool, &node)?);
    checked.with_context(|| format!("the node's last words:\n{}", node.last_words()))
}

/// Returns the program, installed where it is not yet.
fn install() -> Result<PathBuf> {
    let place = shell::target_folder()?.join("schemathesis").join(VERSION);
    let tool = place.join("bin/schemathesis");
    if shell::succeeds(shell::program(&tool).arg("--version")) {
        return Ok(tool);
    }
    shell::run(shell::program("python3").args(["-m", "venv"]).arg(&place))
        .context("make a virtual environment (Debian: python3-venv)")?;
    let package = format!("schemathesis=={VERSION}");
    shell::run(shell::program(place.join("bin/pip")).args(["install", "--quiet", &package]))
        .context("install schemathesis")?;
    Ok(tool)
}

/// Returns the command that checks a node.
fn checks(args: &Args, tool: &Path, node: &Node) -> Result<Command> {
    let created = node.ask(&["key", "create", "schemathesis", "--scope", "admin"])?;
    let secret = created["secret"].as_str().context("a key has a secret")?;
    let status = node.ask(&["status"])?;
    let url = status["api"].as_str().context("the node serves HTTP")?;
    let mut command = shell::program(tool);
    command
        .current_dir(&node.directory) // it keeps notes where it runs
        .arg("--config-file")
        .arg(shell::root().join("xtask/schemathesis.toml"))
        .arg("run")
        .arg(shell::root().join("docs/openapi.json"))
        .args(["--url", url, "--no-color", "--workers", "1"])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", &args.examples.to_string()])
        .args([
            "--seed",
            &args.seed.to_string(),
            "--generation-database",
            "none",
        ])
        .arg("--continue-on-failure")
        // A key may ask 200 times a second.
        .args(["--rate-limit", "150/s", "--request-timeout", "20"])
        .env("AEGIS_API_KEY", secret)
        .env(
            "HYPOTHESIS_STORAGE_DIRECTORY",
            node.directory.join("hypothesis"),
        );
    Ok(command)
}

/// A node that runs until this is dropped.
struct Node {
    program: PathBuf,
    directory: PathBuf,
    child: Child,
}

impl Node {
    fn start(program: &Path) -> Result<Self> {
        let name = format!("aegis-schemathesis-{}", std::process::id());
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

    fn command(program: &Path, directory: &Path) -> Command {
        let mut command = shell::program(program);
        command
            .env("AEGIS_CONFIG", directory.join("aegis.toml"))
            .env("AEGIS_STATE_DIR", directory.join("state"))
            .env("AEGIS_RUNTIME_DIR", directory.join("run"))
            .stdin(Stdio::null());
        command
    }

    fn ask(&self, words: &[&str]) -> Result<Value> {
        let mut command = Self::command(&self.program, &self.directory);
        let said = shell::capture(command.args(words).arg("--json"))?;
        serde_json::from_str(&said).context("read an answer")
    }

    /// Returns the end of its log.
    fn last_words(&self) -> String {
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
