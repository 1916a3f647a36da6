//! `cargo xtask interop`: the field's own programs read what a node hands out, and it reads what they write.
//!
//! OASIS' validator and client for STIX and TAXII, its reference server, MISP's library and ExaBGP come from the
//! Python package index into a virtual environment in the target folder; `xtask/interop/check.py` has the checks.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};

use crate::{node::Node, shell, talk};

/// The programs, with the versions whose checks pass.
const REQUIREMENTS: &str = "xtask/interop/requirements.txt";

/// What `cargo xtask interop` may be told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Fails, rather than skips, where the programs cannot be had.
    #[arg(long)]
    required: bool,
}

/// Runs the checks; fails where one does.
pub(crate) fn run(args: &Args) -> Result<()> {
    let python = match install() {
        Ok(python) => python,
        Err(error) if args.required => return Err(error),
        Err(error) => {
            talk::warn(format_args!("other programs are not tried: {error:#}"));
            return Ok(());
        }
    };
    let node = Node::start("interop")?;
    let (url, secret) = node.api("read")?;
    let scratch = node.directory.join("scratch");
    fs::create_dir(&scratch).context("make a directory")?;
    let mut command = shell::program(python);
    node.lead(&mut command);
    command
        .arg(shell::root().join("xtask/interop/check.py"))
        .env("AEGIS_PROGRAM", &node.program)
        .env("AEGIS_URL", url)
        .env("AEGIS_KEY", secret)
        .env("AEGIS_SCRATCH", scratch)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let checked = shell::run(&mut command);
    checked.with_context(|| format!("the node's last words:\n{}", node.last_words()))
}

/// Returns the Python that has the programs, installed where they are not yet in these versions.
fn install() -> Result<PathBuf> {
    let place = shell::target_folder()?.join("interop");
    let python = place.join("bin/python");
    let wanted =
        fs::read_to_string(shell::root().join(REQUIREMENTS)).context("read what it takes")?;
    let installed = place.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|it| it == wanted) {
        return Ok(python);
    }
    shell::run(shell::program("python3").args(["-m", "venv"]).arg(&place))
        .context("make a virtual environment (Debian: python3-venv)")?;
    let pip = ["install", "--quiet", "--requirement", REQUIREMENTS];
    shell::run(shell::program(place.join("bin/pip")).args(pip)).context("install the programs")?;
    fs::write(installed, wanted).context("note what is installed")?;
    Ok(python)
}
