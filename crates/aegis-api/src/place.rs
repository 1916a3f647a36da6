//! How the node is placed in the network.

use serde::{Deserialize, Serialize};

/// Whether others can connect to this node.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reachability {
    /// Not known yet.
    Unknown,
    /// From everywhere.
    Public,
    /// Only from its own network, or over a relay.
    Private,
}

/// How a connected peer is reached.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// Without anybody between.
    Direct,
    /// Over another node, which sees nothing but sizes and times.
    Relayed,
}

/// How the node is placed in the network.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Place {
    /// Whether others can connect to this node.
    pub reachability: Reachability,
    /// Where others reach it from everywhere, as multiaddr texts.
    pub external: Vec<String>,
    /// The peer IDs of the relays over which it can be reached.
    pub relays: Vec<String>,
    /// Where others see it, as multiaddr texts, which need not mean that they reach it.
    pub seen_at: Vec<String>,
    /// Of those, where somebody tried to reach it in vain.
    pub in_vain: Vec<String>,
    /// Nodes that can be reached over this one.
    pub reservations: u64,
    /// Connections that this node relays now.
    pub circuits: u64,
    /// Peers that are reached over a relay.
    pub relayed: u64,
    /// Connections with peers that this node made.
    pub outbound: u64,
    /// Below so many peers more are looked for.
    pub low: u64,
    /// Strangers are dialled up to so many peers, and so many are left after parting.
    pub target: u64,
    /// Above so many peers the least useful are parted from.
    pub high: u64,
    /// Peers that were parted from because there were too many.
    pub trimmed: u64,
}
