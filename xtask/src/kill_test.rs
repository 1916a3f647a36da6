//! `cargo xtask kill-test`: kills a daemon at random moments, as often as it is told.
//!
//! The ordinary tests do the same fifty times.

use anyhow::Result;

use crate::{shell, talk};

/// What `cargo xtask kill-test` may be told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How often.
    #[arg(long, default_value_t = 1000)]
    kills: u32,
    /// Repeats the choices of another run, which printed this number.
    #[arg(long)]
    seed: Option<u64>,
}

/// Kills and checks.
pub(crate) fn run(args: &Args) -> Result<()> {
    talk::say(format_args!("{} kills", args.kills));
    let arguments = [
        "test",
        "--release",
        "--package",
        "aegis",
        "--test",
        "killed",
        "--",
        "--nocapture",
    ];
    let mut command = shell::cargo(&arguments);
    command.env("AEGIS_KILLS", args.kills.to_string());
    if let Some(seed) = args.seed {
        command.env("AEGIS_KILL_SEED", seed.to_string());
    }
    shell::run(&mut command)
}
