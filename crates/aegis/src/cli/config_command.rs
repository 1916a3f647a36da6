//! `aegis config`: is a file right, what does it mean, what are the defaults.

use aegis_ui::Outcome;
use clap::Subcommand;

use super::{RunArgs, print, surroundings};
use crate::config::{RawConfig, default_file};

/// What can be done with a configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Say whether file, environment and flags are right together
    Check(RunArgs),
    /// Print what file, environment and flags mean together
    Show(RunArgs),
    /// Print the documented default file
    Default,
}

/// Runs `aegis config`.
pub(super) fn run(command: ConfigCommand, is_json: bool) -> anyhow::Result<Outcome> {
    match command {
        ConfigCommand::Default => print(&default_file()),
        ConfigCommand::Check(args) => {
            args.resolve(None, &surroundings())?;
            print(if is_json {
                "{\"ok\":true}\n"
            } else {
                "The configuration is right\n"
            })
        }
        ConfigCommand::Show(args) => {
            let written = match &args.config {
                Some(path) => RawConfig::read(path)?,
                None => RawConfig::default(),
            };
            let raw = args.clone().over(written);
            args.resolve(None, &surroundings())?;
            let text = if is_json {
                serde_json::to_string(&raw)? + "\n"
            } else {
                toml::to_string(&raw)?
            };
            print(&text)
        }
    }
}
