//! `aegis config`: is a file right, what does it mean, what are the defaults.

use aegis_enforce::InstanceName;
use aegis_ui::Outcome;
use clap::Subcommand;
use serde::Serialize;

use super::{RunArgs, print, surroundings};
use crate::config::{RawConfig, default_file, resolve};

/// What can be done with a configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Say whether file, environment and flags are right together
    Check(RunArgs),
    /// Print every key as file, environment and flags set it together
    Show(RunArgs),
    /// Print the default configuration file, with what every key means
    Default,
}

#[derive(Serialize)]
struct Checked {
    ok: bool,
}

/// Runs `aegis config`.
pub(super) fn run(
    command: ConfigCommand,
    instance: Option<InstanceName>,
    is_json: bool,
) -> anyhow::Result<Outcome> {
    match command {
        ConfigCommand::Default if is_json => print_json(&RawConfig::default()),
        ConfigCommand::Default => print(&default_file()),
        ConfigCommand::Check(args) => {
            resolve(args.raw(instance)?, &surroundings())?;
            if is_json {
                print_json(&Checked { ok: true })
            } else {
                print("The configuration is right\n")
            }
        }
        ConfigCommand::Show(args) => {
            let raw = args.raw(instance)?;
            resolve(raw.clone(), &surroundings())?;
            if is_json {
                print_json(&raw)
            } else {
                print(&toml::to_string(&raw)?)
            }
        }
    }
}

fn print_json(value: &impl Serialize) -> anyhow::Result<Outcome> {
    print(&(serde_json::to_string(value)? + "\n"))
}
