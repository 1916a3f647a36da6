//! `aegis join` where no daemon runs: the ticket is kept, and the next one joins by it.

use std::{fs::DirBuilder, os::unix::fs::DirBuilderExt as _};

use aegis_enforce::InstanceName;
use aegis_net::Ticket;
use aegis_ui::{JoinArgs, Outcome};
use anyhow::Context as _;
use clap::{Args as _, FromArgMatches as _};
use serde::Serialize;

use super::{RunArgs, print, surroundings};
use crate::{config::ConfigError, daemon::Clock, tickets::Tickets};

#[derive(Serialize)]
struct Kept {
    peer: String,
    organisation: Option<String>,
    kept_in: String,
}

/// Keeps a ticket for the next daemon of this instance.
pub(super) fn keep(
    args: &JoinArgs,
    instance: Option<InstanceName>,
    is_json: bool,
) -> anyhow::Result<Outcome> {
    let word = aegis_ui::read_ticket(&args.ticket).map_err(anyhow::Error::msg)?;
    let wrong = |problem: String| ConfigError::Field {
        field: "ticket".to_owned(),
        problem,
    };
    let ticket: Ticket = word.parse().map_err(|it| wrong(format!("{it}")))?;
    let parts = ticket.parts();
    if Clock.now() >= parts.expires_at {
        anyhow::bail!("ticket: it let nodes in until {}", parts.expires_at);
    }
    // What variables say counts here as it does for the daemon.
    let command = RunArgs::augment_args(clap::Command::new("aegis"));
    let run = RunArgs::from_arg_matches(&command.try_get_matches_from(["aegis"])?)?;
    let config = run.resolve(instance, &surroundings())?;
    let p2p = config.p2p.as_ref();
    let p2p = p2p.ok_or_else(|| wrong("this node talks to nobody (p2p.enabled)".to_owned()))?;
    if let (Some(own), Some(other)) = (p2p.secret, parts.secret)
        && own != other
    {
        return Err(wrong("it is of another closed network than p2p.secret".to_owned()).into());
    }
    let dir = &config.state_dir;
    let mut builder = DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(dir);
    made.with_context(|| format!("cannot create {}", dir.display()))?;
    let (_, joined) = Tickets::change(dir, |it| it.join(&ticket))?;
    joined?;
    let kept = Kept {
        peer: parts.peer.to_string(),
        organisation: parts.organisation.map(|(it, _)| it.to_string()),
        kept_in: dir.display().to_string(),
    };
    if is_json {
        return print(&(serde_json::to_string(&kept)? + "\n"));
    }
    let Kept { peer, kept_in, .. } = kept;
    print(&format!(
        "No daemon runs; the next one joins {peer}\n  as is kept in {kept_in}\n"
    ))
}
