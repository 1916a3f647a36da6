//! `cargo xtask schemathesis`: made-up requests to a running node, its answers held against the committed document.
//!
//! The node observes, talks to nobody, and lives in a directory of its own that goes with it. schemathesis
//! comes from the Python package index into a virtual environment in the target folder.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{node::Node, shell, talk};

/// The version whose checks the document passes.
const VERSION: &str = "4.32.5";

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
    let node = Node::start("schemathesis")?;
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
    let (url, secret) = node.api("admin")?;
    let mut command = shell::program(tool);
    command
        .current_dir(&node.directory) // it keeps notes where it runs
        .arg("--config-file")
        .arg(shell::root().join("xtask/schemathesis.toml"))
        .arg("run")
        .arg(shell::root().join("docs/openapi.json"))
        .args(["--url", &url, "--no-color", "--workers", "1"])
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
