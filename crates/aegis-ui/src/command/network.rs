//! What `ticket` and `join` take.

use std::{num::NonZeroU32, time::Duration};

use aegis_api::InvitationId;
use clap::Args;

use super::{RoleArg, parse};

/// How long a ticket holds unless told otherwise: long enough to set up the other node.
const DEFAULT_VALIDITY: &str = "24h";

/// For how long whoever comes by a ticket is a member unless told otherwise.
const DEFAULT_MEMBERSHIP: &str = "365d";

/// What `ticket` takes.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct TicketArgs {
    /// Make whoever joins by it a member of this organisation: its ID, a part of it, or its name
    #[arg(long = "org", value_name = "ORG")]
    pub organisation: Option<String>,
    /// What the member may do
    #[arg(long, default_value = "member", requires = "organisation")]
    pub role: RoleArg,
    /// How long it is a member: seconds, or 90s, 15m, 2h, 30d (ten years at most)
    #[arg(long, value_name = "DURATION", default_value = DEFAULT_MEMBERSHIP,
          value_parser = parse::validity, requires = "organisation")]
    pub membership: u64,
    /// How long the ticket lets in: seconds, or 90s, 15m, 2h, 30d (366 days at most)
    #[arg(long, value_name = "DURATION", default_value = DEFAULT_VALIDITY,
          value_parser = parse::ticket_validity)]
    pub valid: NonZeroU32,
    /// How many nodes it lets in, 1 to 1000
    #[arg(long, value_name = "N", default_value = "1", value_parser = parse::uses)]
    pub uses: NonZeroU32,
    /// Where else the node can be reached, as /dns/node.example/tcp/9001; may be given several times
    #[arg(long = "address", value_name = "ADDR")]
    pub addresses: Vec<String>,
    /// List whom tickets of this node let in, instead
    #[arg(long, conflicts_with_all = ["organisation", "revoke", "addresses"])]
    pub list: bool,
    /// Have a ticket let nobody in any more, instead: its ID from the list
    #[arg(long, value_name = "ID", conflicts_with_all = ["organisation", "addresses"])]
    pub revoke: Option<InvitationId>,
}

/// What `join` takes.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct JoinArgs {
    /// Ticket, a file that holds one, or `-` for standard input
    pub ticket: String,
    /// How long to wait until both nodes hold the same; this one goes on by itself
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse::wait)]
    pub wait: Duration,
}
