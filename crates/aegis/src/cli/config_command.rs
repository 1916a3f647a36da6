//! `aegis config`: is a file right, what does it mean, what are the defaults.

use aegis_api::{Client, Reloaded};
use aegis_enforce::InstanceName;
use aegis_ui::Outcome;
use clap::Subcommand;
use serde::Serialize;

use super::{RunArgs, block_on, failed, print, surroundings};
use crate::config::{Difference, RawConfig, default_file, differences, resolve};

/// What can be done with a configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Say whether file, environment and flags are right together
    Check(RunArgs),
    /// Print every key as file, environment and flags set it together
    Show(RunArgs),
    /// Print the keys that differ from their defaults
    Diff(RunArgs),
    /// Have the daemon read its configuration anew: what can change does, the rest is told
    Reload,
    /// Print the default configuration file, with what every key means
    Default,
}

#[derive(Serialize)]
struct Checked {
    ok: bool,
}

#[derive(Serialize)]
struct Changed<'a> {
    key: &'a str,
    value: Option<&'a str>,
    default: Option<&'a str>,
}

/// Runs `aegis config`; `daemon` is the one that reads its configuration anew.
pub(super) fn run(
    command: ConfigCommand,
    instance: Option<InstanceName>,
    is_json: bool,
    daemon: &Client,
) -> anyhow::Result<Outcome> {
    match command {
        ConfigCommand::Reload => reload(daemon, is_json),
        ConfigCommand::Diff(args) => {
            let raw = args.raw(instance)?;
            resolve(raw.clone(), &surroundings())?;
            diff(&differences(&RawConfig::default(), &raw), is_json)
        }
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

fn diff(differences: &[Difference], is_json: bool) -> anyhow::Result<Outcome> {
    if is_json {
        let changed = differences.iter().map(|it| Changed {
            key: &it.key,
            value: it.to.as_deref(),
            default: it.from.as_deref(),
        });
        return print_json(&changed.collect::<Vec<_>>());
    }
    let line = |it: &Difference| {
        let default = it.from.as_deref().unwrap_or("unset");
        let value = it.to.as_deref().unwrap_or("unset");
        format!("{} = {value}  # {default} by default\n", it.key)
    };
    print(&differences.iter().map(line).collect::<String>())
}

fn reload(daemon: &Client, is_json: bool) -> anyhow::Result<Outcome> {
    let reloaded = match block_on(daemon.reload_config()) {
        Ok(reloaded) => reloaded,
        Err(error) => {
            failed(&anyhow::Error::msg(error.to_string()), is_json);
            return Ok(Outcome::of(&error));
        }
    };
    if is_json {
        return print_json(&reloaded);
    }
    let Reloaded {
        applied,
        needs_restart,
    } = reloaded;
    let mut text = String::new();
    if !applied.is_empty() {
        text.push_str(&format!("Changed: {}\n", applied.join(", ")));
    }
    if !needs_restart.is_empty() {
        let left = needs_restart.join(", ");
        text.push_str(&format!("Left as it was until the next start: {left}\n"));
    }
    if text.is_empty() {
        text.push_str("Nothing has changed\n");
    }
    print(&text)
}

fn print_json(value: &impl Serialize) -> anyhow::Result<Outcome> {
    print(&(serde_json::to_string(value)? + "\n"))
}
