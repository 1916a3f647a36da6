//! Manual pages: one for each command of each program, written into a directory by the package.

use std::path::Path;

use aegis_ui::Outcome;
use anyhow::Context as _;
use clap::CommandFactory as _;

use super::{Cli, quiet};
use crate::foreground::Foreground;

/// Writes the manual pages of both programs into `directory`.
pub(super) fn write(directory: &Path) -> anyhow::Result<Outcome> {
    for program in [Cli::command(), Foreground::command()] {
        clap_mangen::generate_to(quiet(program), directory)
            .with_context(|| format!("write manual pages into {}", directory.display()))?;
    }
    Ok(Outcome::Done)
}
