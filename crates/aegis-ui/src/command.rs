//! The commands of shell and console, one enum for both, checked before anything is sent.

mod audit;
mod feed;
mod file;
mod history;
mod key;
mod network;
mod organisation;
mod parse;
mod report;
mod safety;
mod trust;

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use aegis_api::{
    AllowRequest, BlockDuration, BlockRequest, Client, Description, Evidence, Indicator,
    PublishRequest, Severity, ThreatType, UnblockRequest,
};
use clap::{Args, Subcommand, ValueEnum};

pub use self::{
    audit::AuditCommand,
    feed::{FEED_KINDS, FeedAddArgs, FeedCommand, FeedRefreshArgs},
    file::{FileArg, FileCommand, GetArgs, ShareArgs},
    history::{ByArg, HistoryArgs},
    key::{KeyCommand, KeyUserArg, ScopeArg},
    network::{JoinArgs, TicketArgs},
    organisation::{OrgCommand, RoleArg},
    parse::parse_duration_secs,
    report::{ReportArgs, WithdrawArgs},
    safety::{AllowArg, EnforceArgs, RegionArgs, SummaryArgs, SummaryBy},
    trust::{PeerArg, TrustArgs, TrustCommand},
};

use crate::Format;

/// The threat type of a block that names none: what operators mostly block by hand.
pub const DEFAULT_THREAT_TYPE: &str = "brute_force";

/// The severity of a block that names none: over every node's default `min_severity`.
pub const DEFAULT_SEVERITY: &str = "7";

/// For how long something is blocked where nobody says how long.
pub const DEFAULT_DURATION: &str = "1h";

/// What options that every command takes are listed under in help.
pub const GLOBAL_HEADING: &str = "Global options";

/// What can be asked of a running node.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum Command {
    /// Show what the node is, where it stands, and whether the kernel does what it wants
    Status,
    /// Show what was counted: packets, alerts, network
    Stats,
    /// List what is blocked
    List,
    /// Block an address or prefix here, and tell the other nodes
    Block(BlockArgs),
    /// End a block here; neither others' alerts nor feeds bring it back, this host's detectors may
    Unblock(UnblockArgs),
    /// Tell the other nodes about an address or prefix without blocking it here
    Publish(PublishArgs),
    /// Say whether an address or prefix is blocked (exit code 0: yes, 1: no)
    Check {
        /// Address or prefix
        ip: Indicator,
    },
    /// Report that something on this host saw an attack (exit code 1: a guard refused)
    Report(ReportArgs),
    /// Take back what a source on this host reported (exit code 1: it had reported nothing)
    Withdraw(WithdrawArgs),
    /// Explain why an address or prefix is blocked, or is not
    Why {
        /// Address or prefix
        ip: Indicator,
    },
    /// Ask the other nodes what they think of an address or prefix
    Ask {
        /// Address or prefix
        ip: Indicator,
    },
    /// Never block an address or prefix; without one, list those that are never blocked
    Allow(AllowArgs),
    /// Drop packets of blocked sources from now on, for good or until nobody confirms
    Enforce(EnforceArgs),
    /// Keep what `enforce --confirm` put on trial; only a login made since then can
    Confirm,
    /// Drop nothing from now on, and go on watching
    Observe,
    /// Block all of a country or autonomous system; without one, list those that are blocked
    #[command(visible_aliases = ["block-country", "block-asn"])]
    BlockRegion(RegionArgs),
    /// Sum up what was blocked, or would have been, and who of them is one of yours
    Summary(SummaryArgs),
    /// List the other nodes: how far each is trusted, what it was right and wrong about
    Peers,
    /// Explain how far a peer is trusted and why, or change it
    Trust(TrustArgs),
    /// Check the audit log, which tells who changed what
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Tell what was seen and done, about an address or at all, newest first
    History(HistoryArgs),
    /// Subscribe to feeds: lists that others publish of what they hold to be bad
    #[command(subcommand)]
    Feed(FeedCommand),
    /// Share files with the other nodes, and fetch theirs
    #[command(subcommand)]
    File(FileCommand),
    /// Work with organisations: keys that vouch for nodes
    #[command(subcommand)]
    Org(OrgCommand),
    /// Print a ticket: one word with which another node joins this one
    Ticket(TicketArgs),
    /// Join the node that printed a ticket, and wait until both hold the same
    Join(JoinArgs),
    /// Print a link to the node's page in a browser, which lets in whoever has it, once
    Page,
    /// Give out keys, with which others use this node over the network, and take them back
    #[command(subcommand)]
    Key(KeyCommand),
}

/// What `block` takes.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub struct BlockArgs {
    /// What to block and for how long.
    #[command(flatten)]
    pub alert: AlertArgs,
    /// Do not tell the other nodes
    #[arg(long)]
    pub local: bool,
}

/// What `publish` takes.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub struct PublishArgs {
    /// What to publish.
    #[command(flatten)]
    pub alert: AlertArgs,
}

/// What an alert says.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub struct AlertArgs {
    /// Address or prefix
    pub ip: Indicator,
    /// How long: seconds, or 90s, 15m, 2h, 1d (1 second to 24 hours)
    #[arg(default_value = DEFAULT_DURATION, value_parser = parse::block_duration)]
    pub duration: BlockDuration,
    /// Kind of attack: syn_flood, brute_force, port_scan …
    #[arg(value_name = "TYPE", default_value = DEFAULT_THREAT_TYPE)]
    pub threat_type: ThreatType,
    /// How bad, 1 to 10; nodes block from their own `min_severity` on (5 by default)
    #[arg(default_value = DEFAULT_SEVERITY, value_parser = parse::severity)]
    pub severity: Severity,
    /// Whether the source address is proven [default: verified]
    #[arg(long, value_name = "KIND")]
    pub evidence: Option<EvidenceArg>,
    /// Words for the operators of other nodes, at most 512 bytes
    #[arg(long, value_name = "TEXT")]
    pub description: Option<Description>,
    /// Tell the members of an organisation alone: its ID, a part of it, or its name
    #[arg(long, value_name = "ORG")]
    pub to: Option<String>,
    /// Show the exact bytes that would be sent to other nodes, and do nothing
    #[arg(long)]
    pub preview: bool,
    /// Do it even if it is the address of a configured peer or bootstrap node
    #[arg(long)]
    pub force: bool,
}

/// The two kinds of evidence.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum EvidenceArg {
    /// The address may be forged
    Spoofable,
    /// The return path is proven
    Verified,
}

/// What `unblock` takes.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub struct UnblockArgs {
    /// Address or prefix
    pub ip: Indicator,
    /// Also take back this node's own alerts about it, on every node
    #[arg(long)]
    pub withdraw: bool,
}

/// What `allow` takes.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub struct AllowArgs {
    /// Address, prefix or host name; leave it out to list the allowlist
    #[arg(value_name = "IP|NAME", id = "ip")]
    pub what: Option<AllowArg>,
    /// List the host names that are allowed, with what they stand for
    #[arg(long, conflicts_with = "ip")]
    pub names: bool,
    /// List whom nobody can have blocked, with the reason
    #[arg(long, conflicts_with_all = ["ip", "names"])]
    pub protected: bool,
    /// Take it off the allowlist instead
    #[arg(long, requires = "ip", conflicts_with_all = ["allow_for", "comment"])]
    pub remove: bool,
    /// How long: seconds, or 90s, 15m, 2h, 1d; for ever if not given
    #[arg(long = "for", id = "allow_for", value_name = "DURATION", requires = "ip",
          value_parser = parse::allow_duration)]
    pub allow_for: Option<NonZeroU32>,
    /// Why, at most 512 bytes
    #[arg(long, value_name = "TEXT", requires = "ip")]
    pub comment: Option<Description>,
}

/// What every command takes that speaks to a node.
#[derive(Args, Clone, Debug, Default, Eq, PartialEq)]
pub struct ClientArgs {
    /// Answer in JSON, one line for each command
    #[arg(long, global = true, help_heading = GLOBAL_HEADING)]
    pub json: bool,
    /// Control socket of the node to talk to
    #[arg(
        long,
        global = true,
        help_heading = GLOBAL_HEADING,
        value_name = "PATH",
        env = "AEGIS_SOCKET",
        hide_env_values = true
    )]
    pub socket: Option<PathBuf>,
}

impl ClientArgs {
    /// Returns a client for the socket given, or else for `default`.
    pub fn client(&self, default: &Path) -> Client {
        Client::new(self.socket.as_deref().unwrap_or(default))
    }

    /// Returns how answers are to look.
    pub fn format(&self) -> Format {
        if self.json {
            Format::Json
        } else {
            Format::Text
        }
    }
}

impl From<EvidenceArg> for Evidence {
    fn from(evidence: EvidenceArg) -> Self {
        match evidence {
            EvidenceArg::Spoofable => Self::Spoofable,
            EvidenceArg::Verified => Self::Verified,
        }
    }
}

impl From<BlockArgs> for BlockRequest {
    fn from(BlockArgs { alert, local }: BlockArgs) -> Self {
        Self {
            indicator: alert.ip,
            duration_secs: alert.duration,
            threat_type: alert.threat_type,
            severity: alert.severity,
            evidence: alert.evidence.map(Evidence::from),
            description: alert.description,
            to: None, // found out by whoever can ask
            publish: !local,
            force: alert.force,
        }
    }
}

impl From<PublishArgs> for PublishRequest {
    fn from(PublishArgs { alert }: PublishArgs) -> Self {
        Self {
            indicator: alert.ip,
            duration_secs: alert.duration,
            threat_type: alert.threat_type,
            severity: alert.severity,
            evidence: alert.evidence.map(Evidence::from),
            description: alert.description,
            to: None,
            force: alert.force,
        }
    }
}

impl From<UnblockArgs> for UnblockRequest {
    fn from(UnblockArgs { ip, withdraw }: UnblockArgs) -> Self {
        Self {
            indicator: ip,
            withdraw,
        }
    }
}

impl AllowArgs {
    /// Returns the entry to add for `indicator`.
    pub(crate) fn request(self, indicator: Indicator) -> AllowRequest {
        AllowRequest {
            indicator,
            duration_secs: self.allow_for,
            comment: self.comment,
        }
    }
}

#[cfg(test)]
mod tests;
