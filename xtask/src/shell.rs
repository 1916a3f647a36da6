//! Running other programs: the only place where xtask starts a process.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

use crate::talk;

/// Returns the folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Returns the folder that cargo builds into.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let metadata = metadata(&root().join("Cargo.toml"))?;
    let folder = metadata["target_directory"]
        .as_str()
        .context("find the target folder")?;
    Ok(folder.into())
}

/// Returns what cargo says about the packages of one workspace.
pub(crate) fn metadata(manifest: &Path) -> Result<serde_json::Value> {
    let arguments = [
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
        "--manifest-path",
    ];
    let text = capture(cargo(&arguments).arg(manifest))?;
    serde_json::from_str(&text).context("parse what cargo metadata says")
}

/// Returns a command that will run in the workspace's root folder.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

/// Returns `cargo` with these arguments, of the toolchain that runs xtask.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = program(cargo);
    command.args(arguments);
    command
}

/// Returns `cargo` of another toolchain with these arguments.
pub(crate) fn cargo_of(toolchain: &str, arguments: &[&str]) -> Command {
    let mut command = program("rustup");
    // rustup hands the outer toolchain down in these; the inner one must win.
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    command.args(["run", toolchain, "cargo"]).args(arguments);
    command
}

/// Runs a command with our own terminal; fails when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    talk::note(format_args!("$ {}", spelled(command)));
    let status = command
        .status()
        .with_context(|| format!("start {}", spelled(command)))?;
    if !status.success() {
        bail!("`{}` failed: {status}", spelled(command));
    }
    Ok(())
}

/// Runs a command to its end and returns what it printed, whether or not it succeeded.
pub(crate) fn collect(command: &mut Command) -> Result<Output> {
    command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("start {}", spelled(command)))
}

/// Runs a command and returns its standard output; fails, with its errors, when it fails.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = collect(command)?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed: {}\n{errors}", spelled(command), output.status);
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("read the output of {}", spelled(command)))
}

/// Returns whether a command starts and succeeds; prints nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Returns whether cargo knows this subcommand, for instance `nextest`.
pub(crate) fn has_cargo_command(name: &str) -> bool {
    succeeds(&mut cargo(&[name, "--version"]))
}

/// Returns whether this process may do what only root may.
pub(crate) fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        uids.and_then(|uids| uids.split_whitespace().nth(1)) == Some("0")
    })
}

fn spelled(command: &Command) -> String {
    let name = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    let words = std::iter::once(name).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
