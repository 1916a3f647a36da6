//! The lab: the main job as one command.

use aegis_ui::Outcome;
use clap::Args;

/// How the lab is to be.
#[derive(Args, Debug)]
pub struct LabArgs {}

/// Runs the lab.
pub fn run(_args: LabArgs, _is_json: bool) -> anyhow::Result<Outcome> {
    Ok(Outcome::Done)
}
