//! How a node is placed in the network: what of it changes seldom, as the service reports it.

use std::collections::BTreeMap;

use aegis_core::NodeId;

use crate::{Address, crowd::Marks};

/// Whether others can connect to this node.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Reachability {
    /// Not known yet.
    #[default]
    Unknown,
    /// From everywhere.
    Public,
    /// Only from its own network, or over a relay.
    Private,
}

impl Reachability {
    /// Returns the word that logs and reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

/// How a connected peer is reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Route {
    /// Where, or over which relay.
    pub address: Address,
    /// Whether over a relay.
    pub is_relayed: bool,
    /// Whether this node made the connection.
    pub is_dialled: bool,
}

/// How a node is placed in the network.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Surroundings {
    /// Whether others can connect to this node.
    pub reachability: Reachability,
    /// Where others reach it from everywhere.
    pub external: Vec<Address>,
    /// The relays over which it can be reached.
    pub relays: Vec<NodeId>,
    /// Where others reach it over those.
    pub relayed_at: Vec<Address>,
    /// Where others see it, what most of them say first, which need not mean that they reach it.
    pub seen_at: Vec<Address>,
    /// Of those, where somebody tried to reach it in vain.
    pub in_vain: Vec<Address>,
    /// Nodes that can be reached over this one.
    pub reservations: usize,
    /// Connections that this node relays.
    pub circuits: usize,
    /// How many peers it wants.
    pub marks: Marks,
    /// Peers that it parted from because there were too many.
    pub trimmed: u64,
    /// Connected peers.
    pub routes: BTreeMap<NodeId, Route>,
}
