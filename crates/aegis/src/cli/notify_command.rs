//! `aegis notify test`: whether notifications arrive, tried once by each way that is configured.
//!
//! It needs no daemon, and does what the daemon does: by the same configuration and the same code.

use std::path::{Path, PathBuf};

use aegis_enforce::privileges;
use aegis_ui::{Outcome, shown};
use clap::Subcommand;
use serde::Serialize;

use super::{block_on, print};
use crate::{
    config::{FILE_DEFAULT, RawConfig, notify},
    daemon::{Clock, send},
};

/// What about notifications.
#[derive(Debug, Subcommand)]
pub(super) enum NotifyCommand {
    /// Send a test notification by each way that is configured, and say what became of it (exit code
    /// 1: one did not arrive, or there is no way)
    Test {
        /// Configuration file [default: the one of the daemon, if there is one]
        #[arg(long, value_name = "FILE", env = "AEGIS_CONFIG")]
        config: Option<PathBuf>,
    },
}

/// What became of one message.
#[derive(Serialize)]
struct Tried {
    way: &'static str,
    sent: bool,
    said: String,
}

/// Runs `aegis notify`.
pub(super) fn run(command: NotifyCommand, is_json: bool) -> anyhow::Result<Outcome> {
    let NotifyCommand::Test { config } = command;
    let default = Path::new(FILE_DEFAULT);
    let path = config
        .as_deref()
        .or_else(|| default.exists().then_some(default));
    let raw = path.map(RawConfig::read).transpose()?.unwrap_or_default();
    let config = notify(&raw.notify)?;
    // As the daemon does: with more, a program might take a letter that it will not take from that.
    if let Err(error) = privileges::reduce(&[]) {
        tracing::warn!(%error, "Privileges that are not needed could not be given up");
    }
    let tried = match config {
        Some(config) => block_on(async {
            let message = config.test(Clock.now());
            let mut tried = Vec::new();
            for way in &config.ways {
                let sent = send(way, &config.tls, &message, Clock.now()).await;
                tried.push(Tried {
                    way: way.name(),
                    sent: sent.is_ok(),
                    said: sent.unwrap_or_else(|it| it.said),
                });
            }
            tried
        }),
        None => Vec::new(),
    };
    let text = if is_json {
        serde_json::to_string(&tried)? + "\n"
    } else {
        table(&tried)
    };
    print(&text)?;
    Ok(if !tried.is_empty() && tried.iter().all(|it| it.sent) {
        Outcome::Done
    } else {
        Outcome::Negative
    })
}

fn table(tried: &[Tried]) -> String {
    if tried.is_empty() {
        let keys = "notify.webhook, notify.ntfy, notify.mail_to";
        return format!("Nobody is told anything: none of {keys} is configured\n");
    }
    let line = |it: &Tried| {
        let sent = if it.sent { "sent" } else { "not sent" };
        format!("{}: {sent}: {}\n", it.way, shown(&it.said))
    };
    tried.iter().map(line).collect()
}
